"""`immunotrack change`: each result against the one before it, and against the limit beside it."""

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli import options, rows
from immunotrack.cli.sources import (
    analyte_keys,
    of_analytes,
    refuse_inputs,
    say_illustrative,
)
from immunotrack.cli.told import INVALID_ROWS, names, pairs, say, tell_briefly, tell_reading

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.change import Direction
    from immunotrack.readers import Options


class Form(StrEnum):
    """How a reference change value follows from the variation."""

    symmetric = "symmetric"
    log_normal = "log-normal"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("change")(change)


@options.with_reading
def change(
    source: options.Sources,
    form: Annotated[
        Form, typer.Option(help="Of the reference change value; log-normal for skewed results.")
    ] = Form.symmetric,
    probability: Annotated[
        float, typer.Option(metavar="P", help="That chance alone changes a result by less.")
    ] = 0.95,
    variation: Annotated[
        str,
        typer.Option(
            metavar="FILE.toml", help="Your laboratory's variation, before the published one."
        ),
    ] = "",
    good: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[ANALYTE=]up|down",
            help="Which direction is good; adds B or W. Repeatable.",
        ),
    ] = None,
    significant: Annotated[
        bool, typer.Option("--significant", help="Results with a significant change only.")
    ] = False,
    analytes: options.Analytes = None,
    ranges: options.Ranges = None,
    json: rows.Json = False,
    output: rows.Output = None,
    *,
    reading: "Options",
) -> None:
    """Tell which changes from result to result matter.

    One row a result, with its change since the one before it: U or D where the change exceeds the
    reference change value, which needs the variation within a person and of the assay; the note
    says where one is not known. A value within the assay's uncertainty of a limit is not
    distinguishable from it.
    """
    from immunotrack.change import significant_changes
    from immunotrack.flags import flag
    from immunotrack.readers import read_source
    from immunotrack.readers.source import origins

    if not 0 < probability < 1:
        raise typer.BadParameter("it must lie between 0 and 1", param_hint="--probability")
    refuse_inputs([output], source, [*(ranges or []), variation])
    found = read_source(source, reading)
    tell_reading(found.told)
    flagged = flag(found.used, (*(ranges or []), *found.ranges))
    wanted = of_analytes(flagged, names(analytes or []))
    table = significant_changes(
        wanted, variation or None, form.value, probability, _directions(good or [], wanted)
    ).select(_SHOWN)
    given = table.filter(table["change_flag"] != "") if significant else table
    rows.write(given, output, json=json, show=_cells)
    tell_briefly(found.problems, found.name)
    say(found.counted)
    _summarise(table, variation)
    say_illustrative(origins(wanted))
    if any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)


_SHOWN: Final = (
    "patient_id",
    "time",
    "day",
    "clock",
    "analyte",
    "comparator",
    "value",
    "unit",
    "low",
    "high",
    "range_source",
    "flag",
    "previous_comparator",
    "previous_value",
    "previous_time",
    "previous_day",
    "change_percent",
    "rcv_up_percent",
    "rcv_down_percent",
    "change_flag",
    "better_worse",
    "near_limit",
    "change_note",
    "origin",
    "source",
    "line",
)
"""The columns of a result."""


def _directions(given: list[str], table: "pl.DataFrame") -> "dict[str, Direction]":
    """`--good` options by analyte; one without an analyte is for all others.

    Raises:
        typer.BadParameter: A direction is neither up nor down, or two are for the same.
        InvalidInput: An analyte is not there.
    """
    general = [text for text in given if "=" not in text]
    own = pairs([text for text in given if "=" in text], "--good", "ANALYTE=up")
    keys = analyte_keys(table, list(own), "--good")
    if len(general) > 1 or len(set(keys)) < len(keys):
        raise typer.BadParameter("two directions for the same", param_hint="--good")
    found = {name: _direction(way) for way in general for name in table["analyte"].unique()}
    return found | {key: _direction(way) for key, way in zip(keys, own.values(), strict=True)}


def _direction(way: str) -> "Direction":
    if way == "up":
        return "up"
    if way == "down":
        return "down"
    raise typer.BadParameter(f"{way!r} is neither up nor down", param_hint="--good")


def _summarise(table: "pl.DataFrame", variation: str) -> None:
    """How many changes matter, and of which analytes the variation is not known."""
    from immunotrack.problems import counted
    from immunotrack.variation import builtin_variation, choose_variation

    flags = Counter(table["change_flag"].to_list())
    near = (table["near_limit"] != "").sum()
    say(
        f"{counted(len(table), 'result')}: significant rise (U) {flags['U']}, fall (D) "
        f"{flags['D']}; not distinguishable from a limit {near}"
    )
    missing = table["change_note"].str.extract("(no (?:[a-z-]+ )?variation known)")
    lacking: dict[str, dict[str, None]] = {}
    for note, name in zip(missing, table["analyte"], strict=True):
        if note:
            lacking.setdefault(note, {})[name] = None
    for note, analytes in lacking.items():
        say(f"{note}: {', '.join(analytes)} (--variation FILE.toml gives it)")
    there = table["analyte"].unique().to_list()
    for entry in choose_variation(variation or None):
        if entry not in builtin_variation() and not any(entry.is_of(name) for name in there):
            say(f"--variation: {entry.analyte} is not among the results")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One result as the terminal shows it."""
    from immunotrack.numbers import digits

    def result(value: str, comparator: str) -> str:
        number = row[value]
        return "" if number is None else f"{row[comparator]}{digits(number)}"

    sides = {"low": "lower", "high": "upper", "low high": "lower, upper"}
    limits = row["rcv_down_percent"], row["rcv_up_percent"]
    near = sides.get(row["near_limit"], "")
    return {
        "patient": row["patient_id"],
        "day": "" if row["day"] is None else f"{row['day']:.6g}",
        "time": "" if row["day"] is not None else row["time"],
        "days": rows.days(row["clock"]),
        "analyte": row["analyte"],
        "value": result("value", "comparator"),
        "unit": row["unit"],
        "before": result("previous_value", "previous_comparator"),
        "change": _percent(row["change_percent"]),
        "by chance": "" if None in limits else " to ".join(map(_percent, limits)),
        "flag": " ".join(filter(None, (row["change_flag"], row["better_worse"]))),
        "range": row["flag"],
        "limit": f"indistinguishable from {near}" if near else "",
        "origin": row["origin"],
        "note": row["change_note"],
    }


def _percent(number: float | None) -> str:
    return "" if number is None else f"{number:+.1f} %"
