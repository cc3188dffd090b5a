"""`immunotrack flag`: every result against the range that applies."""

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli import options
from immunotrack.cli.engine import Engine, flag_on_spark, with_engine
from immunotrack.cli.hiding import Hiding, with_hiding
from immunotrack.cli.large import flag_large, large_source, tell_held
from immunotrack.cli.rows import on_terminal
from immunotrack.cli.sources import refuse_inputs
from immunotrack.cli.told import (
    FINDINGS,
    INVALID_ROWS,
    names,
    say,
    summarise,
    tell_briefly,
    tell_reading,
    write_stdout,
)

if TYPE_CHECKING:
    from datetime import datetime

    from immunotrack.readers import Options, Source


class Finding(StrEnum):
    """What can make the command fail."""

    low = "low"
    high = "high"
    critical = "critical"


class Part(StrEnum):
    """What may tell the parts of a folder of Parquet files apart."""

    analyte = "analyte"
    unit = "unit"
    range_source = "range_source"
    flag = "flag"
    patients = "patients"


_FLAGS = {"low": {"L", "LL"}, "high": {"H", "HH"}, "critical": {"LL", "HH"}}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("flag")(flag)


@with_hiding
@with_engine
@options.with_reading
def flag(
    source: options.Sources,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE.csv|parquet", help="Write the rows here."),
    ] = None,
    ranges: options.Ranges = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="low,high,critical", help="Exit with 1 if any result has such a flag."
        ),
    ] = None,
    report: options.Report = None,
    partition_by: Annotated[
        list[Part] | None,
        typer.Option(
            help="Write a folder FILE.parquet with a part for each text of a column that is added, "
            "or 64 parts by patient. Repeatable."
        ),
    ] = None,
    *,
    reading: "Options",
    engine: Engine,
    hiding: Hiding,
) -> None:
    """Flag every result against the range that applies.

    The input's rows, unchanged, with range, source and flag beside them: N in range, L and H below
    and above, LL and HH beyond a critical limit, IND where a censored result allows more than one;
    empty where no range applies.
    """
    from immunotrack.readers import read_source

    wanted = _findings(fail_on or [])
    target = None if output is None else Path(output)
    if engine.is_spark:
        hiding.refuse_engine("spark")
        if partition_by:
            raise typer.BadParameter("not with --engine spark", param_hint="--partition-by")
        flag_on_spark(engine, source, reading, ranges or [], output, report, wanted)
        return
    refuse_inputs([target, report], source, ranges or [])
    parted_by = _parted_by(partition_by or [], target, source)
    if hiding.key is None:
        with large_source(source, reading, target or report) as large:
            if large is not None:
                flag_large(*large, ranges or [], target, report, wanted, parted_by)
                return
    tell_held(source)
    found = hiding.hide(read_source(source, reading))
    _flag_held(found, ranges or [], target, report, wanted, parted_by)


def _flag_held(
    found: "Source",
    ranges: list[str],
    target: Path | None,
    report: Path | None,
    wanted: set[str],
    parted_by: list[str],
) -> None:
    """Flag what was read, write it and say what it is.

    Raises:
        Exit: With 4 where rows are invalid, with 1 where a flag is among those wanted.
    """
    from immunotrack.annotated import annotated_csv, flag_differences, flagged_results
    from immunotrack.flagged_table import write_flagged
    from immunotrack.outputs import write_whole
    from immunotrack.problem_list import problems_csv

    tell_reading(found.told)
    flagged = flagged_results(found, ranges)
    problems = [*found.problems, *flag_differences(found, flagged)]
    if report is not None:
        write_whole(report, problems_csv(found, problems))
    if target is not None:
        write_flagged(target, found, flagged, parted_by)
    elif sys.stdout.isatty():
        on_terminal([_cells(row) for row in flagged.iter_rows(named=True)], {"flag": _STYLES})
    else:
        write_stdout(annotated_csv(found, flagged))
    tell_briefly(problems, found.name)
    say(found.counted)
    counted = flagged.filter(flagged["fate"] == "used")
    summarise(Counter(counted["flag"]), Counter(counted["range_source"]), ranges)
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


def _parted_by(parts: list[Part], output: Path | None, source: list[str]) -> list[str]:
    """The columns that tell the parts of the output apart; none where it is one file."""
    from immunotrack.datasets import check_dataset
    from immunotrack.flagged_table import is_table
    from immunotrack.readers import input_files

    if not parts:
        return []
    if output is None or not is_table(output):
        raise typer.BadParameter("needs -o FILE.parquet", param_hint="--partition-by")
    check_dataset(output, input_files(source))
    return list(dict.fromkeys(parts))


_STYLES: Final = {"L": "blue", "LL": "bold blue", "H": "red", "HH": "bold red"}


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One result as the terminal shows it."""
    from immunotrack.numbers import grouped

    low, high = ("" if row[side] is None else grouped(row[side]) for side in ("low", "high"))
    day = "" if row["day"] is None else f"day {row['day']:g}"
    return {
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


def _when(time: "datetime | None") -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
