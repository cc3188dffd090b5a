"""The rows of a large delimited file as lots: what one block becomes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

import numpy as np
import polars as pl

from immunotrack.bulk.blocks import Block, Blocks, Place, ends_of, line_ends, opened, read_again
from immunotrack.bulk.decoding import Decoding
from immunotrack.bulk.lot import Lot
from immunotrack.bulk.odd_rows import OddRows
from immunotrack.bulk.plain_rows import PlainRows
from immunotrack.bulk.textfile import Facts, TextFile
from immunotrack.problems import Problem
from immunotrack.readers.delimited import (
    DelimitedTable,
    comment_lines,
    header_lines,
    plain_names,
    ragged_row,
)
from immunotrack.readers.record import Record, long_cells

_SHORT: Final = 8
"""A cell of more bytes is seldom blank, and is asked when all others are."""


def delimited_lots(file: TextFile) -> Iterator[Lot]:
    """The rows of a file, lot by lot.

    Raises:
        InvalidInput: The file cannot be read.
        Changed: It has another encoding than its start.
    """
    with opened(file.path, file.source) as raw:
        yield from delimited_lots_of(raw, file)


def delimited_lots_of(raw: BinaryIO, file: TextFile, line: int = 1) -> Iterator[Lot]:
    """The rows of a file, or of a part of it that begins and ends with a record, lot by lot.

    Args:
        line: The physical line on which the part starts.

    Raises:
        InvalidInput: They cannot be read.
        Changed: They have another encoding than the file's start.
    """
    with long_cells():
        blocks = Blocks(raw, file.source, file.size, line=line)
        reader = _Reader(file, blocks)
        for block in blocks:
            rows = _below(block, file.first)
            if rows.data:
                yield reader.lot(rows)


def delimited_rows_again(
    file: TextFile, wanted: Mapping[int, tuple[Place, np.ndarray]]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """As `lots.rows_again`, of a delimited file."""
    with opened(file.path, file.source) as raw, long_cells():
        reader = _Reader(file, Blocks(raw, file.source, file.size))
        for number, (place, rows) in wanted.items():
            lot = reader.lot(read_again(raw, number, place, rows, ends_of))
            yield number, lot.cells.with_columns(line=pl.Series(place.line + rows))


def _below(block: Block, first: int) -> Block:
    """The block without what stands above the first row."""
    if block.line >= first:
        return block
    ends = ends_of(block.data)
    above = min(first - block.line, len(ends))
    cut = int(ends[above - 1])
    return block._replace(line=block.line + above, offset=block.offset + cut, data=block.data[cut:])


class _Reader:
    """Makes lots of blocks, one after the other."""

    def __init__(self, file: TextFile, blocks: Blocks) -> None:
        self._file = file
        self._premises = file.premises
        self._names = plain_names(file.header.cells)
        self._decoding = Decoding(file)
        self._plain = PlainRows(file)
        self._odd = OddRows(self._plain, blocks)
        self._told: set[str] = set()

    def lot(self, block: Block) -> Lot:
        """The rows of a block; lines that the next one completes are given back."""
        place = block.place
        block = block._replace(data=self._decoding.decoded(block))
        plain = block.data
        if b"\r" in plain:
            plain = plain.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cells = self._plain.even(plain)
        table = DelimitedTable(self._file.source, self._file.header, self._file.delimiter)
        if cells is None:
            rows, facts = self._odd.read(block, plain, table)
        else:
            lines = pl.int_range(block.line, block.line + len(cells), dtype=pl.Int64, eager=True)
            rows, facts = cells.with_columns(line=lines), Facts()
        lot = self._judged(block.number, rows, table, facts)
        neat = not table.grid.lines and len(lot.cells) == line_ends(plain)
        return replace(lot, place=place) if neat else lot

    def _judged(self, number: int, rows: pl.DataFrame, table: DelimitedTable, facts: Facts) -> Lot:
        """The rows with what neat ones can still be: empty, a header again, or a comment."""
        rows, facts = self._without_comments(rows, table, facts)
        doubtful = self._doubtful(rows)
        checked = DelimitedTable(self._file.source, self._file.header, self._file.delimiter)
        for row in doubtful.iter_rows(named=True):
            cells = [row[name] for name in self._plain.schema]
            checked.add(Record(row["line"], "", cells))
        if checked.grid.aside:
            at = doubtful["at"].to_list()
            noted = rows["note"].to_list()
            for place, code in checked.grid.aside.items():
                noted[at[place]] = code
            rows = rows.with_columns(note=pl.Series(noted, dtype=pl.String))
        facts.widths = Counter(table.ragged.values())
        again = [
            grid.lines[row]
            for grid in (table.grid, checked.grid)
            for row, code in grid.aside.items()
            if code == "repeated-header"
        ]
        facts.headers = (min(again), len(again)) if again else (0, 0)
        aside = len(table.grid.aside) + len(checked.grid.aside)
        facts.rows = len(rows) - aside
        problems = [*table.grid.problems, *checked.grid.problems, *self._ragged(table)]
        assumed = self._premises.assumed
        if assumed and rows["line"].is_in([assumed.line]).any():
            problems.append(assumed)
        ordered = rows.select(*self._plain.schema, "line", "note", "own")
        return Lot(number, ordered, [*problems, *self._shared(facts)], facts, None)

    def _shared(self, facts: Facts) -> list[Problem]:
        """What is told once for all rows of the file, at the first of them."""
        source = self._file.source
        found = {
            "comment-line": comment_lines(source, [facts.comments[0]] * (facts.comments[1] > 0)),
            "repeated-header": header_lines(source, [facts.headers[0]] * (facts.headers[1] > 0)),
        }
        new = [
            problem for code, told in found.items() if code not in self._told for problem in told
        ]
        self._told |= {problem.code for problem in new}
        return new

    def _doubtful(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that may be empty or a header, `at` being their places."""
        telling = next((n for n, name in enumerate(self._names) if name), 0)
        text = rows[str(telling)].str.strip_chars()
        some = rows.with_row_index("at").filter((text == "") | (text == self._names[telling]))
        blank = (pl.col(name).str.strip_chars() == "" for name in self._plain.schema)
        named = pl.col(str(telling)).str.strip_chars() == self._names[telling]
        return some.filter(pl.col("note") == "", pl.all_horizontal(blank) | named)

    def _ragged(self, table: DelimitedTable) -> list[Problem]:
        usual = self._premises.usual
        return [
            ragged_row(table.grid.source, table.grid.lines[row], count, table.width, usual)
            for row, count in table.ragged.items()
        ]

    def _without_comments(
        self, rows: pl.DataFrame, table: DelimitedTable, facts: Facts
    ) -> tuple[pl.DataFrame, Facts]:
        """The rows without the neat ones that are comments, and what they say of the file."""
        neat = ~pl.col("line").is_in(table.grid.lines) if table.grid.lines else pl.lit(value=True)
        rest = pl.any_horizontal(
            pl.col(name).str.strip_chars() != "" for name in list(self._plain.schema)[1:]
        )
        bare = rows.filter(
            (rows["1"].str.len_bytes() < _SHORT) | rows["1"].str.starts_with(" ")
        ).filter(neat, ~rest)
        facts.whole += len(rows) - len(table.grid.lines) - len(bare)
        marked = rows.filter(rows["0"].str.starts_with("#")).filter(neat, rest)
        if not len(marked):
            return rows, facts
        opening = marked.filter(pl.col("own").str.starts_with("#"))["line"].to_list()
        facts.marked += len(marked)
        facts.hashed += len(opening)
        if self._premises.comments != "all" or not opening:
            return rows, facts
        facts.add(Facts(comments=(opening[0], len(opening))))
        return rows.filter(~pl.col("line").is_in(opening)), facts
