"""`immunotrack response`: the read-out of every series, and the rules of trials."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from immunotrack.cli import options
from immunotrack.cli.told import (
    INVALID_ROWS,
    names,
    say,
    tell_briefly,
    tell_reading,
    write_stdout,
)

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


class Baseline(StrEnum):
    """Which value is the baseline."""

    last = "last"
    mean = "mean"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("response")(response)


@options.with_reading
def response(
    source: options.Sources,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME_OR_FILE",
            help="Ask a rule instead, such as iris7-entry, or your own TOML file. Repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        Baseline, typer.Option(help="The last value before the first dose, or their mean.")
    ] = Baseline.last,
    clock: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="What days count from: source, first-dose, study-day, hours, event:NAME.",
        ),
    ] = "",
    until_day: Annotated[
        float | None, typer.Option(metavar="N", help="Leave later results out.", show_default=False)
    ] = None,
    analytes: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Of these analytes only.")
    ] = None,
    ranges: options.Ranges = None,
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Doses, drugs, infections … as CSV.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
    ] = None,
    *,
    reading: "Options",
) -> None:
    """Read the response to treatment off: one row a patient and analyte.

    Baseline, nadir, peak, change, recovery and relapse, area, slope and doses; `why` says what
    could not be computed. With --rule one row a patient and rule: met, not met or undetermined.
    """
    from immunotrack.outputs import not_onto
    from immunotrack.readers import input_files, read_events_file, read_source
    from immunotrack.responses import response as read_response
    from immunotrack.verdicts import decide

    if rule and (clock or until_day is not None or baseline is not Baseline.last):
        message = "a rule has its own clock, days and baseline"
        raise typer.BadParameter(message, param_hint="--clock, --until-day, --baseline")
    if output is not None:
        settings = [*(ranges or []), *(rule or [])]
        read = [*input_files(source), *([events] if events else []), *map(Path, settings)]
        not_onto(output, read)
    found = read_source(source, reading)
    tell_reading(found.told)
    problems, happened = list(found.problems), found.events.table
    if events is not None:
        more = read_events_file(events, str(events), reading)
        problems += more.problems
        happened = happened.vstack(more.table)
    sets = [*(ranges or []), *found.ranges]
    if rule:
        told = decide(found.used, happened, rule, ranges=sets)
    else:
        told = read_response(
            found.used,
            happened,
            baseline=baseline.value,
            clock=clock,
            until_day=until_day,
            ranges=sets,
        )
    told = _of_analytes(told, names(analytes or []))
    _write(told, output, json=json)
    tell_briefly(problems, found.name)
    say(found.counted)
    _summarise(told, found, ruled=bool(rule))
    if any(problem.is_error for problem in problems):
        raise typer.Exit(INVALID_ROWS)


def _of_analytes(told: "pl.DataFrame", wanted: list[str]) -> "pl.DataFrame":
    """The rows of some analytes.

    Raises:
        InvalidInput: One is not there.
    """
    from immunotrack.problems import InvalidInput
    from immunotrack.settings import choice_problem
    from immunotrack.table import analyte_key

    there = told["analyte"].unique(maintain_order=True).to_list()
    for name in wanted:
        if analyte_key(name) not in there:
            raise InvalidInput([choice_problem("--analytes", name, there)])
    keys = [analyte_key(name) for name in wanted]
    return told.filter(told["analyte"].is_in(keys)) if keys else told


def _write(told: "pl.DataFrame", output: Path | None, *, json: bool) -> None:
    """The rows into a file, as JSON, on a terminal, or into a pipe."""
    from immunotrack.annotated import table_csv
    from immunotrack.outputs import write_whole

    if output is not None:
        write_whole(output, table_csv(told))
    if json:
        write_stdout(_json(told))
    elif output is None and sys.stdout.isatty():
        _show(told)
    elif output is None:
        write_stdout(table_csv(told))


def _json(told: "pl.DataFrame") -> bytes:
    import json

    return (json.dumps(told.to_dicts(), ensure_ascii=False, indent=2) + "\n").encode()


def _summarise(told: "pl.DataFrame", found: "Source", *, ruled: bool) -> None:
    """How many series, or answers, there are, and whose values are illustrative."""
    from collections import Counter

    from immunotrack.problems import counted

    patients = counted(told["patient_id"].n_unique(), "patient")
    if ruled:
        answers = Counter(told["answer"].to_list())
        counts = ", ".join(f"{answer} {number}" for answer, number in sorted(answers.items()))
        say(f"{counted(len(told), 'answer')} for {patients}: {counts}")
    else:
        say(f"{len(told)} series of {patients}")
    used = found.used.filter(found.used["analyte"].is_in(told["analyte"].unique().to_list()))
    if illustrative := (used["origin"] == "illustrative").sum():
        say(f"{illustrative} of {counted(len(used), 'value')} are illustrative, not measured")


def _show(told: "pl.DataFrame") -> None:
    """The rows as a readable table on a terminal; columns without content are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    make = _verdict_cells if "answer" in told.columns else _cells
    rows = [make(row) for row in told.iter_rows(named=True)]
    shown = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        table.add_column(name, no_wrap=name not in _WORDY, justify=_JUSTIFIED.get(name, "left"))
    for row in rows:
        table.add_row(*(Text(row[name]) for name in shown))
    Console().print(table)


_WORDY: Final = {"why", "decided by", "criterion"}
_JUSTIFIED: Final[dict[str, Literal["right"]]] = dict.fromkeys(
    ("baseline", "peak", "last", "fold"), "right"
)


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One read-out as the terminal shows it."""
    fold = row["fold_peak"]
    return {
        "patient": row["patient_id"],
        "analyte": row["analyte"],
        "unit": row["unit"],
        "baseline": _valued(row, "baseline"),
        "peak": _valued(row, "peak"),
        "fold": "" if fold is None else f"{fold:.3g}",
        "last": _valued(row, "last"),
        "in range": _between(row, "recovered"),
        "relapse": _between(row, "relapsed"),
        "in range again": _between(row, "recovered_again"),
        "days": row["clock"],
        "origin": row["origin"],
        "why": row["why"],
    }


def _moment(row: dict[str, Any], name: str) -> str:
    """A day, or an hour, as the first clock shows it."""
    unit = "day" if f"{name}_day" in row else "hour"
    value = row[f"{name}_{unit}"]
    return "" if value is None else f"{unit} {value:.4g}"


def _valued(row: dict[str, Any], name: str) -> str:
    """A value with its comparator and its day."""
    from immunotrack.numbers import grouped

    value, at = row[name], _moment(row, name)
    if value is None:
        return ""
    return f"{row[f'{name}_comparator']}{grouped(value)}" + (f" ({at})" if at else "")


def _between(row: dict[str, Any], name: str) -> str:
    """Between which visits something came about."""
    after, by = _moment(row, f"{name}_after"), _moment(row, f"{name}_by")
    if not by:
        return f"not by {after}" if after else ""
    return f"{after} to {by.split()[-1]}"


def _verdict_cells(row: dict[str, Any]) -> dict[str, str]:
    """One verdict as the terminal shows it."""
    return {
        "patient": row["patient_id"],
        "rule": row["rule"],
        "answer": row["answer"],
        "decided by": row["decided_by"],
        "unit": row["unit"],
        "days": row["clock"],
        "origin": row["origin"],
        "criterion": row["criterion"],
        "why": row["why"],
    }
