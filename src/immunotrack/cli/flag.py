"""`immunotrack flag`: every result against the range that applies."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from immunotrack.cli import options
from immunotrack.cli.told import (
    FINDINGS,
    INVALID_ROWS,
    names,
    say,
    tell_briefly,
    tell_reading,
    write_stdout,
)

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from immunotrack.readers import Options


class Finding(StrEnum):
    """What can make the command fail."""

    low = "low"
    high = "high"
    critical = "critical"


_FLAGS = {"low": {"L", "LL"}, "high": {"H", "HH"}, "critical": {"LL", "HH"}}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("flag")(flag)


@options.with_reading
def flag(
    source: options.Sources,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
    ] = None,
    ranges: options.Ranges = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="low,high,critical", help="Exit with 1 if any result has such a flag."
        ),
    ] = None,
    report: options.Report = None,
    *,
    reading: "Options",
) -> None:
    """Flag every result: the input's rows, unchanged, with range, source and flag beside them.

    N in range, L and H below and above, LL and HH beyond a critical limit, IND where a censored
    result allows more than one; empty where no range applies.
    """
    from immunotrack.annotated import annotated_csv, flag_differences, flagged_results
    from immunotrack.outputs import not_both, not_onto, write_whole
    from immunotrack.problem_list import problems_csv
    from immunotrack.readers import input_files, read_source

    wanted = _findings(fail_on or [])
    for written in (output, report):
        if written is not None:
            not_onto(written, [*input_files(source), *map(Path, ranges or [])])
    if output is not None and report is not None:
        not_both(output, report)
    found = read_source(source, reading)
    tell_reading(found.told)
    flagged = flagged_results(found, ranges or [])
    problems = [*found.problems, *flag_differences(found, flagged)]
    if report is not None:
        write_whole(report, problems_csv(found, problems))
    if output is not None:
        write_whole(output, annotated_csv(found, flagged))
    elif sys.stdout.isatty():
        _show(flagged)
    else:
        write_stdout(annotated_csv(found, flagged))
    tell_briefly(problems, found.name)
    say(found.counted)
    _summarise(flagged, ranges or [])
    if any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)
    if wanted & set(flagged["flag"]):
        raise typer.Exit(FINDINGS)


def _findings(fail_on: list[str]) -> set[str]:
    known = [entry.value for entry in Finding]
    unknown = [name for name in names(fail_on) if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: choose from {', '.join(known)}", param_hint="--fail-on"
        )
    return {flag for name in names(fail_on) for flag in _FLAGS[name]}


def _summarise(flagged: "pl.DataFrame", chosen: list[str]) -> None:
    """How many results count, by flag and by range, and which chosen set had no use."""
    from immunotrack.problems import counted
    from immunotrack.ranges import choose_range_sets

    flagged = flagged.filter(flagged["fate"] == "used")
    counts = dict(flagged.group_by("flag").len().iter_rows())
    by_flag = ", ".join(
        f"{name or 'no flag'} {counts[name]}"
        for name in ("LL", "L", "N", "H", "HH", "IND", "")
        if name in counts
    )
    ranged = flagged.filter(flagged["range_source"] != "")
    sources = sorted(ranged.group_by("range_source").len().iter_rows())
    by_range = ", ".join(f"{name} {number}" for name, number in sources)
    told = counted(len(flagged), "result")
    say(f"{told}: {by_flag or 'none'}; ranges: {by_range or 'none applies'}")
    used = {name for name, _ in sources}
    for entry in choose_range_sets([*chosen, "none"]):
        if entry.name not in used:
            say(f"--ranges: {entry.name} applies to no result")


def _show(flagged: "pl.DataFrame") -> None:
    """The results as a readable table on a terminal; columns without content are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [_cells(row) for row in flagged.iter_rows(named=True)]
    names = [name for name in _COLUMNS if any(row[name] for row in rows)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        whole = name not in {"from", "problem"}
        table.add_column(name, no_wrap=whole, overflow="ellipsis", justify=_COLUMNS[name])
    for row in rows:
        style = _STYLES.get(row["flag"], "")
        table.add_row(*(Text(row[name], style=style if name == "flag" else "") for name in names))
    Console().print(table)


_COLUMNS: Final[dict[str, Literal["left", "right"]]] = {
    "patient": "left",
    "when": "left",
    "analyte": "left",
    "result": "right",
    "unit": "left",
    "range": "left",
    "from": "left",
    "flag": "left",
    "problem": "left",
}
_STYLES: Final = {"L": "blue", "LL": "bold blue", "H": "red", "HH": "bold red"}


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One result as the terminal shows it."""
    from immunotrack.numbers import grouped
    from immunotrack.problems import printable

    low, high = ("" if row[side] is None else grouped(row[side]) for side in ("low", "high"))
    day = "" if row["day"] is None else f"day {row['day']:g}"
    cells = {
        "patient": row["patient_id"],
        "when": day or _when(row["time"]),
        "analyte": row["analyte"],
        "result": row["reported"],
        "unit": row["unit"],
        "range": f"{low}–{high}" if low and high else f"≥ {low}" if low else high and f"≤ {high}",
        "from": row["range_source"],
        "flag": row["flag"],
        "problem": row["problem"],
    }
    return {name: printable(cell) for name, cell in cells.items()}


def _when(time: "datetime | None") -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
