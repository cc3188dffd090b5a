"""What a command asks of each patient of a source, which may be too large to hold."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from immunotrack.cli.large import large_source, tell_held
from immunotrack.cli.sources import origins, read_with_events, say_illustrative
from immunotrack.cli.told import INVALID_ROWS, say, tell_counted, tell_reading, warned_rows

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.bulk import Bulk
    from immunotrack.problems import Problem
    from immunotrack.readers import Options, Source


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


def ask(
    source: list[str],
    events: Path | None,
    reading: "Options",
    output: Path | None,
    work: "Callable[[Source], pl.DataFrame]",
    first: str = "",
) -> Answers:
    """Ask something of each patient, and say on stderr how the source is understood.

    Args:
        work: Takes what was read of some or all patients, gives rows with `patient_id`.
        first: The column by whose values the answers are sorted, before the patient.
    """
    with large_source(source, reading, output) as large:
        if large is not None:
            return _of_large(*large, events, reading, work, first)
    tell_held(source)
    found = read_with_events(source, events, reading)
    tell_reading(found.told)
    table = work(found)
    errors = [problem for problem in found.problems if problem.is_error]
    warnings = warned_rows(found.problems)
    counts = origins(found.used)
    return Answers(table, found.name, errors, len(errors), warnings, found.counted, counts)


def _of_large(
    large: "Bulk",
    folder: Path,
    events: Path | None,
    reading: "Options",
    work: "Callable[[Source], pl.DataFrame]",
    first: str,
) -> Answers:
    """As `ask`, of a file that is too large to hold."""
    import polars as pl

    from immunotrack.bulk import answers
    from immunotrack.readers import read_events_file
    from immunotrack.readers.source import no_events

    happened = no_events() if events is None else read_events_file(events, str(events), reading)
    found = answers(large, lambda part: work(replace(part, events=happened)), folder)
    for problem in happened.problems:
        found.outcome.tell(problem, problem.rows)
    tell_reading([found.told])
    errors = [*found.errors, *(problem for problem in happened.problems if problem.is_error)]
    told = found.outcome.counts.said("row")
    return Answers(
        found.table(first),
        large.file.source,
        errors,
        found.outcome.errors,
        found.outcome.warnings,
        f"{told}; {happened.counts.said('event')}" if happened.counts.read else told,
        pl.concat(found.origins).group_by("analyte", "origin").agg(pl.col("count").sum()),
    )
