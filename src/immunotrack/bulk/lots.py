"""Some rows of a large file as columns of text: what one block becomes."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from immunotrack.annotated import csv_texts
from immunotrack.bulk.blocks import Block, Blocks, Place, moved, opened, read_again
from immunotrack.bulk.json_lots import json_lots, json_lots_again
from immunotrack.bulk.jsonfile import JsonFile
from immunotrack.bulk.lot import Lot
from immunotrack.bulk.textfile import Facts, Premises, TextFile
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.delimited import (
    DelimitedTable,
    comment_lines,
    filled_cells,
    header_lines,
    plain_names,
    ragged_row,
)
from immunotrack.readers.record import Record, Records, long_cells
from immunotrack.readers.text import decode, mixed_text

_WINDOW: Final = 2**16
"""Within so many bytes a record usually ends."""

_SHORT: Final = 8
"""A cell of more bytes is seldom blank, and is asked when all others are."""

_LONGEST_RECORD: Final = 2**24
"""A record of more bytes is not waited for."""


class Changed(Exception):  # noqa: N818 - a signal, no error
    """The file is not as its start says; it is read again with other premises."""

    def __init__(self, premises: Premises) -> None:
        super().__init__()
        self.premises = premises


LargeFile = TextFile | JsonFile
"""A large file whose start was read."""


def lots(file: LargeFile) -> Iterator[Lot]:
    """The rows of a file, lot by lot.

    Raises:
        InvalidInput: The file cannot be read.
        Changed: It has another encoding than its start.
    """
    if isinstance(file, JsonFile):
        yield from json_lots(file)
        return
    with opened(file.path, file.source) as raw, long_cells():
        blocks = Blocks(raw, file.source, file.size)
        reader = _Reader(file, blocks)
        for block in blocks:
            rows = _below(block, file.first)
            if rows.data:
                yield reader.lot(rows)


def lots_again(file: LargeFile, places: Mapping[int, Place]) -> Iterator[Lot]:
    """Neat lots that were read before.

    Args:
        places: Where each is, by its number, in the order of the file.

    Raises:
        InvalidInput: The file cannot be read.
    """
    if isinstance(file, JsonFile):
        yield from json_lots_again(file, places)
        return
    with opened(file.path, file.source) as raw, long_cells():
        reader = _Reader(file, Blocks(raw, file.source, file.size))
        for number, place in places.items():
            yield reader.lot(read_again(raw, number, place))


def _below(block: Block, first: int) -> Block:
    """The block without what stands above the first row."""
    if block.line >= first:
        return block
    ends = _ends(block.data)
    above = min(first - block.line, len(ends))
    cut = int(ends[above - 1])
    return block._replace(line=block.line + above, offset=block.offset + cut, data=block.data[cut:])


def _ends(data: bytes) -> np.ndarray:
    """Where each physical line ends, behind its line feed or carriage return."""
    codes = np.frombuffer(data, np.uint8)
    ending = codes == ord("\n")
    if b"\r" in data:
        lone = (codes[:-1] == ord("\r")) & ~ending[1:]
        ending[:-1] |= lone
    return np.flatnonzero(ending) + 1


class _Reader:
    """Makes lots of blocks, one after the other."""

    def __init__(self, file: TextFile, blocks: Blocks) -> None:
        self._file = file
        self._premises = file.premises
        self._blocks = blocks
        self._names = plain_names(file.header.cells)
        self._schema = {str(place): pl.String for place in range(file.width)}
        self._sign = file.delimiter.encode()
        self._wide = False
        self._told: set[str] = set()
        self._quoted = _quoted_row(file.delimiter, file.width)

    def lot(self, block: Block) -> Lot:
        """The rows of a block; lines that the next one completes are given back."""
        place = block.place
        block = block._replace(data=self._decoded(block))
        plain = block.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cells = self._even(plain)
        table = DelimitedTable(self._file.source, self._file.header, self._file.delimiter)
        if cells is None:
            rows, facts = self._uneven(block, plain, table)
        else:
            lines = pl.int_range(block.line, block.line + len(cells), dtype=pl.Int64, eager=True)
            rows, facts = cells.with_columns(line=lines), Facts()
        lot = self._judged(block.number, rows, table, facts)
        return lot if cells is None else replace(lot, place=place)

    def _decoded(self, block: Block) -> bytes:
        """The data of a block as UTF-8.

        Raises:
            InvalidInput: They are no text.
            Changed: They are of another encoding than the blocks before.
        """
        data, codec = block.data, self._premises.codec
        if data.isascii() and b"\0" not in data:
            return data
        if self._file.stated:
            return self._text(block)[0].encode()
        if codec == "utf-8":
            return self._as_utf8(block)
        if not data.decode("utf-8", "ignore").isascii() and self._premises.assumed:
            raise _mixed(self._premises.assumed, codec)
        try:
            return data.decode(codec).encode()
        except UnicodeDecodeError:
            raise Changed(replace(self._premises, codec="iso8859-1")) from None

    def _as_utf8(self, block: Block) -> bytes:
        try:
            block.data.decode()
        except UnicodeDecodeError:
            pass
        else:
            if b"\0" not in block.data:
                self._wide = True
                return block.data
        _, encoding, assumed = self._text(block)
        problem = replace(assumed[0], line=(assumed[0].line or 1) + block.line - 1)
        codec = "cp1252" if encoding == "Windows-1252" else "iso8859-1"
        if self._wide:
            raise _mixed(problem, codec)
        raise Changed(replace(self._premises, codec=codec, assumed=problem))

    def _text(self, block: Block) -> tuple[str, str, list[Problem]]:
        try:
            return decode(block.data, self._file.source, self._file.stated)
        except InvalidInput as error:
            raise moved(error, block.line - 1) from None

    def _even(self, data: bytes) -> pl.DataFrame | None:
        """The cells where every line is a row as wide as the header and has no quotation mark."""
        marks = (self._file.width - 1) * data.count(b"\n")
        if b'"' in data or data.count(self._sign) != marks:
            return None
        try:
            cells = self._read(data)
        except pl.exceptions.ComputeError:
            return None
        if len(cells) * (self._file.width - 1) != marks:
            return None
        own = self._lines(data) if self._file.delimiter == "," else csv_texts(cells)
        return cells.with_columns(own=own, note=pl.lit(""))

    def _read(self, data: bytes) -> pl.DataFrame:
        return pl.read_csv(
            data,
            has_header=False,
            schema=self._schema,
            separator=self._file.delimiter,
            quote_char='"' if b'"' in data else None,
            empty_string_is_null=False,
        )

    @staticmethod
    def _lines(data: bytes) -> pl.Series:
        return pl.read_lines(io.BytesIO(data), name="own").to_series()

    def _uneven(
        self, block: Block, plain: bytes, table: DelimitedTable
    ) -> tuple[pl.DataFrame, Facts]:
        """The rows of a block in which some lines are not plain rows; those are read with care."""
        lines = self._lines(plain)
        mark = lines.str.contains('"', literal=True)
        count = lines.str.count_matches(self._file.delimiter, literal=True)
        at = mark.arg_true()
        neat = (count == self._file.width - 1).scatter(at, lines[at].str.contains(self._quoted))
        facts, ends = Facts(), _ends(block.data)
        places: list[int] = []
        kept = neat.to_numpy().copy()
        begins = 0
        for place in (~neat).arg_true().to_list():
            if place < begins:
                continue
            start = int(ends[place - 1]) if place else 0
            record = self._record(block, start)
            if record is None:
                continue
            begins = place + record.height
            kept[place:begins] = False
            if self._goes_on(block, start, begins, len(kept), record):
                self._blocks.give_back(block.data[start:])
                kept[place:] = False
                break
            self._hold(record._replace(line=block.line + place), table, facts, places, place)
        own = pl.DataFrame({"own": lines, "quoted": mark})
        return self._together(own, kept, block.line, table, places), facts

    def _record(self, block: Block, start: int) -> Record | None:
        """The record that starts at a byte; None where it is a blank line."""
        size = _WINDOW
        while True:
            text = block.data[start : start + size]
            whole = start + size >= len(block.data)
            text = text if whole else text[: text.rfind(b"\n") + 1]
            records = Records(text.decode(), self._file.delimiter, width=self._file.width)
            record = next(records, None)
            if record is None or record.line != 1:
                return None
            if whole or (text and not record.fault and record.height < text.count(b"\n")):
                return record
            size *= 16

    @staticmethod
    def _goes_on(block: Block, start: int, after: int, lines: int, record: Record) -> bool:
        """Whether a record may go on in the next block."""
        short = len(block.data) - start < _LONGEST_RECORD
        open_ended = record.fault == "stray-quote" or (record.height > 1 and after >= lines)
        return open_ended and short and not block.last

    def _hold(
        self, record: Record, table: DelimitedTable, facts: Facts, places: list[int], place: int
    ) -> None:
        """Add an odd record to the rows, unless it is a comment."""
        whole = len(record.cells) == self._file.width and filled_cells(record.cells[1:])
        facts.whole += whole
        facts.marked += whole and record.cells[0].startswith("#")
        comments = self._premises.comments
        if record.opening.startswith("#"):
            facts.hashed += 1
            if comments == "all" or (comments == "broken" and not whole):
                facts.add(Facts(comments=(record.line, 1)))
                return
        table.add(record)
        places.append(place)

    def _together(
        self,
        lines: pl.DataFrame,
        kept: np.ndarray,
        first: int,
        table: DelimitedTable,
        places: Sequence[int],
    ) -> pl.DataFrame:
        """The neat and the odd rows in the order of the file.

        Args:
            lines: `own`, the lines, and `quoted`, whether they hold a quotation mark.
        """
        neat = lines.filter(pl.Series(kept))
        data = neat["own"].str.join("\n").item().encode() + b"\n" if len(neat) else b""
        at = pl.Series(np.flatnonzero(kept), dtype=pl.Int64)
        cells = self._read(data) if data else pl.DataFrame(schema=self._schema)
        as_is = ~neat["quoted"] & (self._file.delimiter == ",")
        own = pl.select(pl.when(as_is).then(neat["own"])).to_series().alias("own")
        odd = pl.DataFrame(table.grid.rows, schema=self._schema, orient="row")
        notes = {**table.grid.faults, **table.grid.aside}
        odd = odd.with_columns(
            line=pl.Series(places, dtype=pl.Int64),
            note=pl.Series([notes.get(row, "") for row in range(len(odd))], dtype=pl.String),
            own=pl.lit(None, pl.String),
        )
        plain = cells.with_columns(line=at, note=pl.lit(""), own=own)
        both = pl.concat([plain, odd]).sort("line")
        missing = both["own"].is_null().arg_true()
        texts = csv_texts(both.select(*self._schema)[missing])
        return both.with_columns(both["own"].scatter(missing, texts), line=pl.col("line") + first)

    def _judged(self, number: int, rows: pl.DataFrame, table: DelimitedTable, facts: Facts) -> Lot:
        """The rows with what neat ones can still be: empty, a header again, or a comment."""
        rows, facts = self._without_comments(rows, table, facts)
        doubtful = self._doubtful(rows)
        checked = DelimitedTable(self._file.source, self._file.header, self._file.delimiter)
        for row in doubtful.iter_rows(named=True):
            cells = [row[name] for name in self._schema]
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
        ordered = rows.select(*self._schema, "line", "note", "own")
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
        blank = (pl.col(name).str.strip_chars() == "" for name in self._schema)
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
            pl.col(name).str.strip_chars() != "" for name in list(self._schema)[1:]
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


def _quoted_row(delimiter: str, width: int) -> str:
    """What a row with quotation marks looks like that every reader of CSV reads alike."""
    sign = re.escape(delimiter)
    cell = f'(?:"(?:[^"]|"")*"|[^"{sign}]*)'
    return f"^{cell}(?:{sign}{cell}){{{width - 1}}}$"


def _mixed(assumed: Problem, codec: str) -> InvalidInput:
    """The error of a file that has UTF-8 beside what was assumed to be of another encoding."""
    letter = next(letter for letter in assumed.value or "" if not letter.isascii())
    return mixed_text(assumed.source, assumed.line, letter.encode(codec)[0])
