"""What a command asks of each patient of a source, which may be too large to hold."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from immunotrack.cli.engine import Engine, ask_spark
from immunotrack.cli.large import large_source, tell_held
from immunotrack.cli.sources import read_with_events, say_illustrative
from immunotrack.cli.told import INVALID_ROWS, say, tell_counted, tell_reading, warned_rows

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.bulk import Bulk, LargeAnswers, Work
    from immunotrack.problems import Problem
    from immunotrack.readers import Options, Source
    from immunotrack.readers.events import Events


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked of every patient.

    Args:
        table: The answers.
        name: Of the source, as the user gave it.
        errors: The first ones at least.
        total: The number of errors.
        warnings: Rows by the code of the warning.
        counted: What became of the rows, in words.
        origins: `analyte`, `origin` and `count` of the results that count.
    """

    table: "pl.DataFrame"
    name: str
    errors: "list[Problem]"
    total: int
    warnings: Counter[str]
    counted: str
    origins: "pl.DataFrame"

    def tell(self) -> None:
        """The errors, the warnings by their code, and what became of the rows."""
        tell_counted(self.errors, self.total, self.warnings, f"immunotrack check {self.name}")
        say(self.counted)

    def tell_illustrative(self) -> None:
        """How many values of the analytes that were asked about are illustrative, if any."""
        asked = self.table["analyte"].unique().to_list()
        say_illustrative(self.origins.filter(self.origins["analyte"].is_in(asked)))

    def refuse_errors(self) -> None:
        """Leave with the exit code of invalid rows, if there are any.

        Raises:
            typer.Exit: There are.
        """
        if self.total:
            raise typer.Exit(INVALID_ROWS)


@dataclass(frozen=True, slots=True)
class PatientQuestion:
    """What is asked of each patient of a source.

    Args:
        source: As the user gave it.
        events: A file of events, if there is one.
        output: Where the answers go, if that is a file.
        work: Takes what was read of some or all patients, gives rows with `patient_id`.
        first: The column by whose values the answers are sorted, before the patient.
    """

    source: list[str]
    events: Path | None
    output: Path | None
    work: "Work"
    first: str = ""


def ask(question: PatientQuestion, reading: "Options", engine: Engine) -> Answers:
    """Ask something of each patient, and say on stderr how the source is understood."""
    from immunotrack.readers.source import origins

    source, events = question.source, question.events
    if engine.is_spark:
        happened = _events(events, reading)
        found = ask_spark(engine, source, reading, _with_events(question.work, happened))
        return _large(found, happened, source[0], question.first)
    with large_source(source, reading, question.output) as large:
        if large is not None:
            return _streamed(*large, question, reading)
    tell_held(source)
    whole = read_with_events(source, events, reading)
    tell_reading(whole.told)
    table = question.work(whole)
    errors = [problem for problem in whole.problems if problem.is_error]
    warnings = warned_rows(whole.problems)
    counts = origins(whole.used)
    return Answers(table, whole.name, errors, len(errors), warnings, whole.counted, counts)


def _streamed(
    large: "Bulk", folder: Path, question: PatientQuestion, reading: "Options"
) -> Answers:
    """As `ask`, of a file that is too large to hold."""
    from immunotrack.bulk import answers

    happened = _events(question.events, reading)
    found = answers(large, _with_events(question.work, happened), folder)
    return _large(found, happened, large.file.source, question.first)


def _events(path: Path | None, reading: "Options") -> "Events":
    from immunotrack.readers import read_events_file
    from immunotrack.readers.source import no_events

    return no_events() if path is None else read_events_file(path, str(path), reading)


def _with_events(work: "Work", events: "Events") -> "Work":
    """The work, of patients with these events."""

    def asked(part: "Source") -> "pl.DataFrame":
        return work(replace(part, events=events))

    return asked


def _large(found: "LargeAnswers", events: "Events", name: str, first: str) -> Answers:
    """The answers of a source that was not held."""
    for problem in events.problems:
        found.outcome.tell(problem, problem.rows)
    tell_reading(found.told)
    errors = [*found.errors, *(problem for problem in events.problems if problem.is_error)]
    told = found.outcome.counts.said("row")
    return Answers(
        found.asked.table(first),
        name,
        errors,
        found.outcome.errors,
        found.outcome.warnings,
        f"{told}; {events.counts.said('event')}" if events.counts.read else told,
        found.asked.counts(),
    )
