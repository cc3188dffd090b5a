"""Blocks of a delimited file in which some lines are not plain rows; those are read with care."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from immunotrack.annotated import csv_texts
from immunotrack.bulk.blocks import Block, Blocks, ends_of
from immunotrack.bulk.plain_rows import PlainRows, lines_of
from immunotrack.bulk.textfile import Facts
from immunotrack.readers.delimited import DelimitedTable, filled_cells
from immunotrack.readers.record import Record, Records

_WINDOW: Final = 2**16
"""Within so many bytes a record usually ends."""

LONGEST_RECORD: Final = 2**24
"""A record of more bytes is not waited for."""


class OddRows:
    """Reads such blocks of an open file."""

    def __init__(self, plain: PlainRows, blocks: Blocks) -> None:
        self._file = plain.file
        self._plain = plain
        self._blocks = blocks

    def read(self, block: Block, text: bytes, table: DelimitedTable) -> tuple[pl.DataFrame, Facts]:
        """The rows of a block, of which lines that the next one completes are given back.

        Args:
            text: Its lines, each with a line feed.
            table: Where odd rows go.
        """
        lines = lines_of(text)
        mark = lines.str.contains('"', literal=True)
        count = lines.str.count_matches(self._file.delimiter, literal=True)
        at = mark.arg_true()
        neat = (count == self._file.width - 1).scatter(
            at, lines[at].str.contains(self._plain.quoted)
        )
        facts, ends = Facts(), ends_of(block.data)
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
        rows = self._plain_rows(own, text if kept.all() else None, kept)
        if places:
            rows = pl.concat([rows, self._apart(table, places)]).sort("line")
        return self._written(rows, block.line), facts

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
        short = len(block.data) - start < LONGEST_RECORD
        open_ended = record.fault == "stray-quote" or (record.height > 1 and after >= lines)
        return open_ended and short and not block.last

    def _hold(
        self, record: Record, table: DelimitedTable, facts: Facts, places: list[int], place: int
    ) -> None:
        """Add an odd record to the rows, unless it is a comment."""
        whole = len(record.cells) == self._file.width and filled_cells(record.cells[1:])
        facts.whole += whole
        facts.marked += whole and record.cells[0].startswith("#")
        comments = self._file.premises.comments
        if record.opening.startswith("#"):
            facts.hashed += 1
            if comments == "all" or (comments == "broken" and not whole):
                facts.add(Facts(comments=(record.line, 1)))
                return
        table.add(record)
        places.append(place)

    def _plain_rows(
        self, lines: pl.DataFrame, text: bytes | None, kept: np.ndarray
    ) -> pl.DataFrame:
        """The neat lines as rows; those with quotation marks have no text of their own yet.

        Args:
            lines: `own`, the lines, and `quoted`, whether they hold a quotation mark.
            text: All of them, if all are neat.
        """
        neat = lines if text else lines.filter(pl.Series(kept))
        data = text or neat["own"].str.join("\n").item().encode() + b"\n" if len(neat) else b""
        cells = self._plain.read(data) if data else pl.DataFrame(schema=self._plain.schema)
        as_is = ~neat["quoted"] & (self._file.delimiter == ",")
        own = pl.select(pl.when(as_is).then(neat["own"])).to_series().alias("own")
        at = pl.Series(np.flatnonzero(kept), dtype=pl.Int64)
        return cells.with_columns(line=at, note=pl.lit(""), own=own)

    def _apart(self, table: DelimitedTable, places: Sequence[int]) -> pl.DataFrame:
        """The odd rows."""
        odd = pl.DataFrame(table.grid.rows, schema=self._plain.schema, orient="row")
        notes = {**table.grid.faults, **table.grid.aside}
        return odd.with_columns(
            line=pl.Series(places, dtype=pl.Int64),
            note=pl.Series([notes.get(row, "") for row in range(len(odd))], dtype=pl.String),
            own=pl.lit(None, pl.String),
        )

    def _written(self, rows: pl.DataFrame, first: int) -> pl.DataFrame:
        """Rows with the text of each and its line in the file."""
        missing = rows["own"].is_null().arg_true()
        texts = csv_texts(rows.select(*self._plain.schema)[missing])
        return rows.with_columns(rows["own"].scatter(missing, texts), line=pl.col("line") + first)
