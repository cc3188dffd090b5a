"""`immunotrack screen`: which patients meet an entry rule, and by which results."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli import options, rows
from immunotrack.cli.answers import PatientQuestion, ask
from immunotrack.cli.engine import Engine, with_engine
from immunotrack.cli.sources import refuse_inputs
from immunotrack.cli.told import FINDINGS, names, say

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


class Finding(StrEnum):
    """An answer that --fail-on can name."""

    met = "met"
    not_met = "not-met"
    undetermined = "undetermined"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("screen")(screen)


@with_engine
@options.with_reading
def screen(
    source: options.Sources,
    rule: Annotated[
        list[str],
        typer.Option(
            metavar="NAME_OR_FILE",
            help="The rule, such as laterre-2020 or iliad7-us, or your own TOML file. Repeatable.",
            show_default=False,
        ),
    ],
    events: options.Events = None,
    ranges: options.Ranges = None,
    output: rows.Output = None,
    json: rows.Json = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ANSWER,ANSWER",
            help="Exit with 1 on an answer: met, not-met, undetermined.",
            show_default=False,
        ),
    ] = None,
    *,
    reading: "Options",
    engine: Engine,
) -> None:
    """Screen patients by an entry rule.

    One row a patient and rule, also for a patient without a usable result: met, not met or
    undetermined, and the results that decided it. Of several sets of results that meet a rule the
    last before the first dose is shown; first_met_day is the first.
    """
    from immunotrack.decisions import choose_rules
    from immunotrack.screening import screen as screen_patients

    wanted = _answers(fail_on or [])
    refuse_inputs([output], source, [*(ranges or []), *rule, events])
    choose_rules(rule)

    def screened(found: "Source") -> "pl.DataFrame":
        return screen_patients(
            found.used,
            found.events.table,
            rule,
            patients=found.patients,
            ranges=[*(ranges or []), *found.ranges],
        )

    found = ask(PatientQuestion(source, events, output, screened, "rule"), reading, engine)
    rows.write(found.table, output, json=json, show=_cells)
    found.tell()
    _summarise(found.table)
    found.tell_illustrative()
    found.refuse_errors()
    if wanted & set(found.table["answer"]):
        raise typer.Exit(FINDINGS)


def _answers(fail_on: list[str]) -> set[str]:
    """The answers that --fail-on names, as a table has them.

    Raises:
        typer.BadParameter: One is not known.
    """
    known = [entry.value for entry in Finding]
    unknown = [name for name in names(fail_on) if name not in known]
    if unknown:
        message = f"{', '.join(unknown)}: choose from {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="--fail-on")
    return {name.replace("-", " ") for name in names(fail_on)}


def _summarise(told: "pl.DataFrame") -> None:
    """How many patients there are by answer, for each rule, and what a rule takes for granted."""
    from collections import Counter

    from immunotrack.problems import counted

    for key, asked in told.group_by("rule", "criterion", "assumed", maintain_order=True):
        name, criterion, assumed = map(str, key)
        answers = Counter(asked["answer"].to_list())
        counts = ", ".join(
            f"{answer} {answers[answer]}" for answer in ("met", "not met", "undetermined")
        )
        beyond = f" (not in its source: {assumed})" if assumed else ""
        say(f"{name}: {criterion}{beyond}")
        say(f"{name}: {counted(len(asked), 'patient')}: {counts}")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One answer as the terminal shows it."""
    results, days, lines = (row[name].split("; ") for name in ("results", "days", "lines"))
    decided = [
        f"{result} (day {float(day):.4g}, line {line})" if day and line else result
        for result, day, line in zip(results, days, lines, strict=True)
    ]
    first = row["first_met_day"]
    return {
        "patient": row["patient_id"],
        "rule": row["rule"],
        "answer": row["answer"],
        "decided by": "; ".join(decided),
        "unit": row["unit"],
        "first met": "" if first is None else f"day {first:.4g}",
        "days": rows.days(row["clock"]),
        "origin": row["origin"],
        "why": row["why"],
    }
