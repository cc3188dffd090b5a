"""A large NDJSON table: its keys, which are its columns, and how its text is decoded."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from immunotrack.bulk.blocks import (
    Block,
    Blocks,
    Place,
    ends_of_feeds,
    line_feeds,
    moved,
    opened,
    read_again,
)
from immunotrack.bulk.shapes import Shapes
from immunotrack.bulk.textfile import CODECS, HEAD, WIDE, Facts, Premises
from immunotrack.problems import InvalidInput
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.json_row import json_row
from immunotrack.readers.json_rows import json_text, new_keys, told_json
from immunotrack.readers.record import Record
from immunotrack.readers.start import Start

Keys = tuple[int, tuple[str, ...]]
"""The number of a line, and the keys that it has."""


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A large NDJSON table whose keys were read.

    Args:
        source: What messages call it.
        header: Its keys, on the line of the first object.
        stated: The encoding that the user states, or empty.
        encoding: Its name.
        size: So many bytes are read at once.
    """

    path: Path
    source: str
    stated: str
    encoding: str
    size: int
    header: Record = field(default_factory=lambda: Record(1, "", []))
    start: Start = field(default_factory=lambda: Start(1, ","))
    premises: Premises = field(default_factory=Premises)
    first: int = 1

    @property
    def width(self) -> int:
        """The number of its keys."""
        return len(self.header.cells)

    @staticmethod
    def count_lines(data: bytes) -> int:
        """How many lines end in some bytes of it."""
        return line_feeds(data)

    def knowing(self, _facts: Facts) -> "JsonFile":
        """The file itself: its rows say nothing of it as a whole."""
        return self

    def grid(self, rows: list[list[str]], lines: list[int], header_line: int = 0) -> Grid:
        """Some rows of the file as a grid."""
        return Grid(
            source=self.source,
            header=self.header.cells,
            header_line=header_line,
            lines=lines,
            rows=rows,
            told=told_json(self.encoding),
        )

    def lines(self) -> Iterator[tuple[Block, pl.DataFrame]]:
        """Its lines block by block: `line`, the number, and `own`, the text.

        Raises:
            InvalidInput: They cannot be read, or are no text.
        """
        with opened(self.path, self.source) as raw:
            yield from self.lines_of(raw)

    def lines_of(self, raw: BinaryIO, line: int = 1) -> Iterator[tuple[Block, pl.DataFrame]]:
        """As `lines`, of a part of the file that begins and ends with a line.

        Args:
            line: The line on which the part starts.
        """
        for block in Blocks(raw, self.source, self.size, self.count_lines, line):
            yield block, self.lines_in(block)

    def lines_again(
        self, wanted: Mapping[int, tuple[Place, np.ndarray]]
    ) -> Iterator[tuple[Block, pl.DataFrame]]:
        """As `lines`, of some lines of blocks that were read before.

        Args:
            wanted: Where each block is and which of its lines are meant, by its number, in the
                order of the file.
        """
        with opened(self.path, self.source) as raw:
            for number, (place, rows) in wanted.items():
                block = read_again(raw, number, place, rows, ends_of_feeds)
                numbers = pl.Series("line", place.line + rows, dtype=pl.UInt32)
                yield block, self.lines_in(block).with_columns(numbers)

    def keyed(self, found: Iterable[Keys]) -> "JsonFile":
        """The file with the keys of all its lines as its columns.

        Args:
            found: In the order of the lines; keys that are known need not be there again.

        Raises:
            InvalidInput: There are too many.
        """
        known: list[str] = []
        first = 1
        for line, keys in found:
            first = first if known else line
            new_keys(keys, self.source, line, known)
        return replace(self, header=Record(first, "", known))

    def lines_in(self, block: Block) -> pl.DataFrame:
        """The lines of a block, as `lines` has them.

        Raises:
            InvalidInput: They are no text.
        """
        own = pl.Series("own", self._text(block).split("\n")[:-1], dtype=pl.String)
        return own.to_frame().with_row_index("line", block.line)

    def _text(self, block: Block) -> str:
        mark = "\ufeff" if block.data.startswith(BOM_UTF8) and not block.is_start else ""
        try:
            return mark + json_text(block.data, self.source, self.stated, usual="utf-8")[0]
        except InvalidInput as error:
            raise moved(error, block.line - 1) from None


def json_file(path: Path, source: str, options: Options, size: int) -> JsonFile | None:
    """A large NDJSON table; None if only the reader of small files can read it.

    Args:
        size: So many bytes are read at once.

    Raises:
        InvalidInput: It cannot be read to its end, is no text, or has too many keys.
    """
    file = json_start(path, source, options, size)
    if file is None:
        return None
    shapes = Shapes()
    keyed = file.keyed(at for _, lines in file.lines() for at in keys_of(lines, shapes))
    return keyed if keyed.width else None


def json_start(path: Path, source: str, options: Options, size: int) -> JsonFile | None:
    """An NDJSON table whose keys are not known yet; None if it must be read as a whole.

    Args:
        size: So many bytes are read at once.

    Raises:
        InvalidInput: It cannot be opened or inflated, or is no text.
    """
    with opened(path, source) as raw:
        head = raw.read(HEAD)
    head = head[: head.rfind(b"\n") + 1]
    if options.fill_down or b"\0" in head[:WIDE]:
        return None
    encoding = json_text(head, source, options.encoding)[1] if options.encoding else ""
    if encoding and encoding not in CODECS:
        return None
    return JsonFile(path, source, options.encoding, encoding, size)


def keys_of(lines: pl.DataFrame, shapes: Shapes) -> list[Keys]:
    """The keys of some lines in their order, those of one shape once, where they stand first."""
    split = shapes.split(lines)
    found = [(int(some["line"][0]), shape.keys) for shape, some in split.alike]
    found += [(line, tuple(json_row(own, "", line).cells)) for line, own in split.odd.items()]
    return sorted(found)
