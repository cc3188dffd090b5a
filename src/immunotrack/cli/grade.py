"""`immunotrack grade`: the severity grade of every result, the worst ones, and their shift."""

from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli import options, rows
from immunotrack.cli.sources import read_with_events, refuse_inputs, say_illustrative
from immunotrack.cli.told import INVALID_ROWS, say, tell_briefly, tell_reading

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("grade")(grade)


@options.with_reading
def grade(
    source: options.Sources,
    scale: Annotated[
        str,
        typer.Option(
            metavar="SCALE",
            help="ctcae-v5, or daids-v2.1 (over 5 years and not HIV infected). That it fits the "
            "patients is your choice.",
        ),
    ] = "ctcae-v5",
    output: rows.Output = None,
    worst: Annotated[
        bool, typer.Option("--worst", help="One row a patient and analyte: the worst grade.")
    ] = False,
    shift: Annotated[
        bool,
        typer.Option("--shift", help="How many patients went from which baseline to which worst."),
    ] = False,
    baseline_day: Annotated[
        float | None,
        typer.Option(
            metavar="DAY",
            help="For --shift: baseline ends with this day; otherwise before the first dose.",
        ),
    ] = None,
    ranges: options.Ranges = None,
    events: options.Events = None,
    json: rows.Json = False,
    *,
    reading: "Options",
) -> None:
    """Grade lymphocytes and CD4 by CTCAE or DAIDS.

    One row a result, with the lower limit that was used. No grade where a censored result allows
    several, or where the lower limit (LLN) would tell and there is none; the note says so. 0 means
    that no grade of the scale applies, for certain.
    """
    from immunotrack.grading import grade as graded_by
    from immunotrack.readers.source import origins
    from immunotrack.scales import choose_grade_scale
    from immunotrack.worst_grades import worst_grades

    _check(worst=worst, shift=shift, baseline_day=baseline_day)
    if events is not None and not shift:
        raise typer.BadParameter("it is for --shift", param_hint="--events")
    chosen = choose_grade_scale(scale)
    refuse_inputs([output], source, [*(ranges or []), events])
    found = read_with_events(source, events, reading)
    tell_reading(found.told)
    graded = graded_by(found.used, scale, (*(ranges or []), *found.ranges))
    if worst:
        table = worst_grades(graded)
    elif shift:
        table = _shift(graded, found, baseline_day)
    else:
        table = _results(graded, uses_limit=chosen.uses_limit)
    rows.write(table, output, json=json, show=_cells)
    tell_briefly(found.problems, found.name)
    say(found.counted)
    say(f"{chosen.title}, {chosen.version}. {chosen.note}.")
    _summarise(graded)
    say_illustrative(origins(graded.filter(graded["grade_scale"] != "")))
    if any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)


def _check(*, worst: bool, shift: bool, baseline_day: float | None) -> None:
    if worst and shift:
        raise typer.BadParameter("choose --worst or --shift", param_hint="--shift")
    if baseline_day is not None and not shift:
        raise typer.BadParameter("it is for --shift", param_hint="--baseline-day")
    if baseline_day is not None and not isfinite(baseline_day):
        raise typer.BadParameter("it is no day", param_hint="--baseline-day")


_RESULT: Final = (
    "patient_id",
    "time",
    "day",
    "clock",
    "visit",
    "analyte",
    "comparator",
    "value",
    "unit",
    "lln",
    "range_source",
    "grade",
    "grade_direction",
    "grade_term",
    "grade_scale",
    "grade_allows",
    "grade_note",
    "origin",
    "source",
    "line",
)
"""The columns of a result; the limit only where the scale uses it."""


def _results(graded: "pl.DataFrame", *, uses_limit: bool) -> "pl.DataFrame":
    """The results that have a scale."""
    import polars as pl

    limited = (pl.col("low").is_not_null()) & pl.lit(uses_limit)
    of_scale = graded.filter(pl.col("grade_scale") != "").with_columns(
        lln=pl.when(limited).then(pl.col("low")),
        range_source=pl.when(limited).then(pl.col("range_source")).otherwise(pl.lit("")),
    )
    return of_scale.select(_RESULT)


def _shift(graded: "pl.DataFrame", found: "Source", baseline_day: float | None) -> "pl.DataFrame":
    """The shift from before the day, or the first dose.

    Raises:
        typer.BadParameter: There is neither.
    """
    from immunotrack.grade_shift import grade_shift

    events = found.events.table
    if baseline_day is not None:
        return grade_shift(graded, baseline_day=baseline_day)
    if "dose" not in events["kind"]:
        raise typer.BadParameter(
            "no dose is known; give doses with --events, or the end of baseline with "
            "--baseline-day",
            param_hint="--shift",
        )
    return grade_shift(graded, events=events)


def _summarise(graded: "pl.DataFrame") -> None:
    """How many results have which grade, and why the others have none."""
    import polars as pl

    from immunotrack.problems import counted

    of_scale = graded.filter(pl.col("grade_scale") != "")
    known = of_scale.filter(pl.col("grade").is_not_null())
    grades = [
        f"grade {name}: {many}" for name, many in sorted(known.group_by("grade").len().rows())
    ]
    why = pl.col("grade_note").str.replace(":.*", "")
    reasons = of_scale.filter(pl.col("grade").is_null()).group_by(why).len().rows()
    grades += [f"none: {many} ({name})" for name, many in sorted(reasons)]
    say(f"{counted(len(of_scale), 'result')} of the scale: {', '.join(grades) or 'none'}")


_TITLES: Final = {
    "patient_id": "patient",
    "clock": "days",
    "range_source": "from",
    "grade_term": "term",
    "grade_note": "note",
}
_LEFT_OUT: Final = {
    "comparator",
    "grade_direction",
    "grade_scale",
    "grade_allows",
    "source",
    "line",
}
"""What a terminal calls a column, and which columns it has no room for."""


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """A row as the terminal shows it; the term only where no direction tells which it is."""
    left_out = _LEFT_OUT | ({"grade_term"} if "grade_direction" in row else set())
    return {
        _TITLES.get(name, name).replace("_", " "): _cell(row, name)
        for name in row
        if name not in left_out
    }


def _cell(row: dict[str, Any], name: str) -> str:
    from immunotrack.numbers import digits

    cell = row[name]
    text = "" if cell is None else digits(cell) if isinstance(cell, float) else str(cell)
    if name == "clock":
        return rows.days(text)
    if name == "grade":
        return f"{text} {row['grade_direction']}".strip()
    return f"{row.get('comparator', '')}{text}" if name == "value" else text
