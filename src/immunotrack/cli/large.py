"""What commands do with a file that is too large to hold."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from immunotrack.cli.told import (
    FINDINGS,
    INVALID_ROWS,
    say,
    summarise,
    tell_counted,
    tell_reading,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from immunotrack.bulk import Bulk, Flagged, Outcome
    from immunotrack.problems import Problem
    from immunotrack.readers import Options


LARGE: Final = 32 * 2**20
"""A file of more bytes streams by."""


@contextmanager
def large_source(
    source: list[str], reading: "Options", written: Path | None
) -> "Iterator[tuple[Bulk, Path] | None]":
    """The one large file that a source is, and a folder for what is kept on disk; or None.

    Args:
        written: What the command writes, if anything.
    """
    path = Path(source[0])
    if len(set(source)) > 1 or not path.is_file() or path.stat().st_size < LARGE:
        yield None
        return
    from immunotrack.bulk import large_file

    with large_file(path, source[0], reading, written) as large:
        yield large


def tell_held(source: list[str]) -> None:
    """Say before it is read that a large source is held in memory."""
    from immunotrack.readers import input_files

    files = [path for path in input_files(source) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    if size >= LARGE:
        name = source[0] if len(source) == 1 else f"{len(files)} files"
        say(f"{name}: {size / 1e6:.0f} MB are held in memory; {_STREAMS}")


_STREAMS: Final = (
    "one delimited, NDJSON or Parquet file with a row a result streams by, without --deidentify, "
    "--fill-down, and for check without --json, --plausibility and --events"
)


def flag_large(
    large: "Bulk",
    folder: Path,
    ranges: list[str],
    output: Path | None,
    report: Path | None,
    wanted: set[str],
    parted_by: list[str],
) -> None:
    """`immunotrack flag` for a large file.

    Args:
        folder: For what is kept on disk.
        wanted: The flags with which the command fails.
        parted_by: The columns that tell the parts of the output apart, if it has any.
    """
    from immunotrack.flagged_table import is_table, write_large

    plain = output is not None and is_table(output)
    found = large.flagged(ranges, folder, listing=report is not None, plain=plain)
    tell_reading([found.told])
    _write_list(found, report)
    if output is not None:
        write_large(found.rows.path, output, parted_by, large.likeness.patient)
    if output is None and sys.stdout.isatty():
        say("the rows are too many to show: write them with -o FILE.csv")
    elif output is None:
        found.rows.copied(sys.stdout.buffer)
    tell_outcome(found.outcome, found.errors, report)
    summarise(found.outcome.flags, found.outcome.sources, ranges)
    leave(found.outcome, wanted)


def check_large(large: "Bulk", folder: Path, report: Path | None) -> None:
    """`immunotrack check` for a large file."""
    found = large.flagged([], folder, writing=False, listing=report is not None)
    tell_reading([found.told])
    _write_list(found, report)
    tell_outcome(found.outcome, found.errors, report)
    leave(found.outcome, set())


def _write_list(found: "Flagged", report: Path | None) -> None:
    """Move the list of problems to its place."""
    from immunotrack.outputs import move_whole

    if report is not None:
        move_whole(found.listed.path, report)


def tell_outcome(outcome: "Outcome", errors: "Sequence[Problem]", report: Path | None) -> None:
    """The first errors, the numbers of all problems, and what became of the rows."""
    full = "--report FILE.csv" if report is None else str(report)
    tell_counted(errors, outcome.errors, outcome.warnings, full)
    say(outcome.counts.said("row"))


def leave(outcome: "Outcome", wanted: set[str]) -> None:
    """Exit as the rows of a source demand.

    Args:
        wanted: The flags with which the command fails.
    """
    if outcome.errors:
        raise typer.Exit(INVALID_ROWS)
    if wanted & outcome.all_flags:
        raise typer.Exit(FINDINGS)
