"""`immunotrack grade`: the severity grade of every result, the worst ones, and their shift."""

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli import options
from immunotrack.cli.told import INVALID_ROWS, say, tell_briefly, tell_reading, write_stdout

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
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
    ] = None,
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
    *,
    reading: "Options",
) -> None:
    """Grade lymphocytes and CD4: one row a result, with the lower limit that was used.

    No grade where a censored result allows several, or where the lower limit (LLN) would tell and
    there is none; the note says so. 0 means that no grade of the scale applies, for certain.
    """
    from immunotrack.annotated import table_csv
    from immunotrack.grading import grade as graded_by
    from immunotrack.outputs import not_onto, write_whole
    from immunotrack.readers import input_files, read_source
    from immunotrack.scales import choose_grade_scale

    _check(worst=worst, shift=shift, baseline_day=baseline_day)
    chosen = choose_grade_scale(scale)
    if output is not None:
        not_onto(output, [*input_files(source), *map(Path, ranges or [])])
    found = read_source(source, reading)
    tell_reading(found.told)
    graded = graded_by(found.used, scale, (*(ranges or []), *found.ranges))
    if worst:
        table = _worst(graded)
    elif shift:
        table = _shift(graded, found, baseline_day)
    else:
        table = _results(graded, uses_limit=chosen.uses_limit)
    if output is not None:
        write_whole(output, table_csv(table))
    elif sys.stdout.isatty():
        _show(table)
    else:
        write_stdout(table_csv(table))
    tell_briefly(found.problems, found.name)
    say(found.counted)
    say(f"{chosen.title}, {chosen.version}. {chosen.note}.")
    _summarise(graded)
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
    "source",
    "line",
)
"""The columns of a result; the limit only where the scale uses it."""


def _results(graded: "pl.DataFrame", *, uses_limit: bool) -> "pl.DataFrame":
    """The results that have a scale."""
    import polars as pl

    limited = (pl.col("low").is_not_null()) & pl.lit(uses_limit)
    rows = graded.filter(pl.col("grade_scale") != "").with_columns(
        lln=pl.when(limited).then(pl.col("low")),
        range_source=pl.when(limited).then(pl.col("range_source")).otherwise(pl.lit("")),
    )
    return _timed(rows).select(_RESULT)


def _worst(graded: "pl.DataFrame") -> "pl.DataFrame":
    from immunotrack.grading import worst_grades

    return _timed(worst_grades(graded))


def _shift(graded: "pl.DataFrame", found: "Source", baseline_day: float | None) -> "pl.DataFrame":
    """The shift from before the day, or the first dose.

    Raises:
        typer.BadParameter: There is neither.
    """
    from immunotrack.grading import grade_shift

    events = found.events.table
    if baseline_day is not None:
        return grade_shift(graded, baseline_day=baseline_day)
    if "dose" not in events["kind"]:
        raise typer.BadParameter(
            "the source has no dose; say where baseline ends with --baseline-day",
            param_hint="--shift",
        )
    return grade_shift(graded, events=events)


def _timed(table: "pl.DataFrame") -> "pl.DataFrame":
    """The table with its times as text."""
    import polars as pl

    from immunotrack.writers.text import time_text

    return table.with_columns(
        pl.Series("time", [time_text(time) for time in table["time"]], dtype=pl.String)
    )


def _summarise(graded: "pl.DataFrame") -> None:
    """How many results have which grade, and why the others have none."""
    import polars as pl

    from immunotrack.problems import counted

    rows = graded.filter(pl.col("grade_scale") != "")
    known = rows.filter(pl.col("grade").is_not_null())
    grades = [
        f"grade {name}: {many}" for name, many in sorted(known.group_by("grade").len().rows())
    ]
    why = pl.col("grade_note").str.replace(":.*", "")
    reasons = rows.filter(pl.col("grade").is_null()).group_by(why).len().rows()
    grades += [f"none: {many} ({name})" for name, many in sorted(reasons)]
    say(f"{counted(len(rows), 'result')} of the scale: {', '.join(grades) or 'none'}")


_TITLES: Final = {
    "patient_id": "patient",
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


def _show(table: "pl.DataFrame") -> None:
    """The rows as a readable table on a terminal; columns without content are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    left_out = _LEFT_OUT | ({"grade_term"} if "grade_direction" in table.columns else set())
    rows = [{name: _cell(row, name) for name in row} for row in table.iter_rows(named=True)]
    names = [name for name in table.columns if name not in left_out and any(r[name] for r in rows)]
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        numeric = table.schema[name].is_numeric() and name != "grade"
        shown.add_column(
            _TITLES.get(name, name).replace("_", " "),
            no_wrap=name not in {"grade_term", "grade_note", "range_source"},
            overflow="fold",
            justify="right" if numeric else "left",
        )
    for row in rows:
        shown.add_row(*(Text(row[name]) for name in names))
    Console().print(shown)


def _cell(row: dict[str, Any], name: str) -> str:
    from immunotrack.numbers import grouped

    cell = row[name]
    text = "" if cell is None else grouped(cell) if isinstance(cell, float) else str(cell)
    if name == "grade":
        return f"{text} {row['grade_direction']}".strip()
    return f"{row.get('comparator', '')}{text}" if name == "value" else text
