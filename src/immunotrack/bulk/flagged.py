"""A large file flagged without holding it: whether that can be done, and what came of it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from immunotrack.bulk.blocks import SIZE
from immunotrack.bulk.decoding import Changed
from immunotrack.bulk.flagging import Kept, Pass
from immunotrack.bulk.jsonfile import json_file
from immunotrack.bulk.judged import Judge, Outcome
from immunotrack.bulk.likeness import Likeness
from immunotrack.bulk.listing import first_errors
from immunotrack.bulk.lot import Lot, row_texts
from immunotrack.bulk.lots import LargeFile, lots
from immunotrack.bulk.segments import Segments
from immunotrack.bulk.settling import settle
from immunotrack.bulk.textfile import text_file
from immunotrack.datasets import hidden_folder
from immunotrack.problems import Problem, ordered
from immunotrack.ranges import RangeSet
from immunotrack.readers.cells import Part, read_part
from immunotrack.readers.counts import Counts
from immunotrack.readers.delimited import lines_above
from immunotrack.readers.files import told_name
from immunotrack.readers.formats import FORMATS, format_for
from immunotrack.readers.grid import DecimalSign, Options
from immunotrack.readers.layout import unread_ranges
from immunotrack.readers.parquet import write_rows
from immunotrack.readers.people import person_columns
from immunotrack.readers.study import is_events

_TRIED: Final = 5000
"""So many rows tell the decimal sign that is tried first."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """What came of a large file.

    Args:
        told: How it was understood.
        rows: The file with its flags.
        listed: Every problem of every row, as CSV.
        outcome: How many rows there are of each kind.
        errors: The first ones.
        counts: What became of the rows.
    """

    told: str
    rows: Segments
    listed: Segments
    outcome: Outcome
    errors: list[Problem]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Bulk:
    """A large file that can be flagged as it streams by.

    Args:
        likeness: The columns that are read.
    """

    file: LargeFile
    options: Options
    likeness: Likeness

    def flagged(
        self,
        ranges: Sequence[str | RangeSet],
        folder: Path,
        *,
        writing: bool = True,
        listing: bool = False,
        plain: bool = False,
    ) -> Flagged:
        """Flag the file; what is written is kept in a folder.

        Args:
            folder: Is there and empty.
            writing: Whether the rows are written.
            listing: Whether the list of problems is written.
            plain: The rows are read by a program, and not defused.

        Raises:
            InvalidInput: The file cannot be read to its end.
        """
        file, sign = self.file, None
        for attempt in range(MOST_ATTEMPTS):
            kept = Kept(folder / str(attempt), writing, listing, plain)
            kept.folder.mkdir()
            try:
                part, done = self._passed(file, ranges, sign, kept)
            except Changed as changed:
                file = replace(file, premises=changed.premises)
                continue
            found = done.dictionary.evidence.sign
            known = file.knowing(done.facts)
            if (known, found) == (file, done.judge.sign):
                break
            file, sign = known, found
            shutil.rmtree(kept.folder)
        settle(done)
        return self._finished(part, done)

    def _passed(
        self,
        file: LargeFile,
        ranges: Sequence[str | RangeSet],
        sign: DecimalSign | None,
        kept: Kept,
    ) -> tuple[Part, Pass]:
        """One pass over the file."""
        part = first_part(file, self.options, sign)
        sign = sign or part.evidence.sign
        judge = Judge(file, self.options, ranges, self.likeness, sign, kept.plain)
        done = Pass(file, judge, kept)
        done.run(head_problems(file, part))
        return part, done

    def _finished(self, part: Part, done: Pass) -> Flagged:
        outcome = done.outcome
        outcome.tell_lines(done.facts)
        return Flagged(
            f"{self.file.source}: {part.told}",
            done.rows,
            done.listed.segments,
            outcome,
            first_errors(done.errors),
            outcome.counts,
        )


def head_problems(file: LargeFile, part: Part) -> list[Problem]:
    """The problems of the header and of what stands above it."""
    assumed = file.premises.assumed
    found = unread_ranges(file.source, file.header.cells, part.layout, file.header.line)
    found += lines_above(file.source, file.start.above)
    if assumed and (assumed.line or 0) < file.first:
        found.append(assumed)
    return ordered(found)


MOST_ATTEMPTS: Final = 5
"""So often a file is read until it is as it was taken to be."""


def bulk_file(path: Path, name: str, options: Options, size: int = SIZE) -> Bulk | None:
    """A large file that can be flagged as it streams by; None where it must be read as a whole.

    Args:
        name: What messages call it.
        size: So many bytes are read at once.

    Raises:
        InvalidInput: It cannot be read, or has not the columns that are needed.
    """
    opened = json_file if format_for(path, options) == "ndjson" else text_file
    file: LargeFile | None = opened(path, name, options, size)
    return None if file is None else bulk_of(file, options)


def bulk_of(file: LargeFile, options: Options) -> Bulk | None:
    """As `bulk_file`, of a file whose start was read.

    Raises:
        InvalidInput: It cannot be read, or has not the columns that are needed.
    """
    if person_columns(file.header.cells) or is_events(file.header.cells):
        return None
    file, lot = _first_lot(file)
    if lot is None:
        return None
    part = first_part(file, options, None)
    if part.layout.wide or part.layout.standard == "ADaM":
        return None
    return Bulk(file.knowing(lot.facts), options, likeness_of(part))


def likeness_of(part: Part) -> Likeness:
    """The columns that are read of a file, by its first rows."""
    also = set(range(len(part.grid.header))) - set(part.layout.unread)
    return Likeness.of(part.layout.roles, also)


@contextmanager
def large_file(
    path: Path, name: str, options: Options, written: Path | None
) -> Iterator[tuple[Bulk, Path] | None]:
    """A large file, and an empty folder; None where it must be read as a whole.

    Args:
        name: As the user gave it.
        written: The output; the folder stands beside it, so that files need only be moved.

    Raises:
        InvalidInput: It cannot be read, has not the columns that are needed, or nothing can be
            written beside the output.
    """
    kind = format_for(path, options)
    if kind not in STREAMED:
        yield None
        return
    with hidden_folder(written) as folder:
        told = told_name(name)
        if kind == "parquet":
            write_rows(path, told, folder / "rows.csv")
            path = folder / "rows.csv"
            stated = "" if options.format in FORMATS else options.format
            options = replace(options, encoding="", format=stated)
        large_one = bulk_file(path, told, options)
        yield None if large_one is None else (large_one, folder)


STREAMED: Final = frozenset({"delimited", "ndjson", "parquet"})
"""The formats of which a large file need not be held."""


def _first_lot(file: LargeFile) -> tuple[LargeFile, Lot | None]:
    """The first rows of a file, which is then known by the encoding that they have."""
    for _ in range(MOST_ATTEMPTS):
        try:
            return file, next(lots(file), None)
        except Changed as changed:
            file = replace(file, premises=changed.premises)
    return file, None


def first_part(file: LargeFile, options: Options, sign: DecimalSign | None) -> Part:
    """The first rows of a file, as the reader of small files understands them."""
    lot = next(lots(file))
    cells = lot.cells.head(_TRIED)
    rows = row_texts(cells, file.width, range(file.width))
    grid = file.grid(rows, cells["line"].to_list(), file.header.line)
    return read_part(grid, options, sign)
