"""A large delimited file: where its table starts, and what must be known of it as a whole."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from immunotrack.bulk.blocks import line_ends, opened
from immunotrack.problems import Problem
from immunotrack.readers.delimited import usual_width
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import plain_header
from immunotrack.readers.record import Record, Records, long_cells
from immunotrack.readers.start import Start, find_start
from immunotrack.readers.text import decode

Comments = Literal["none", "broken", "all"]
"""Which lines that begin with # are comments: no one, those that are no whole row, or all."""

HEAD: Final = 4 * 2**20
"""The table starts in so many bytes."""


WIDE: Final = 4096
"""UTF-16 shows within so many bytes, by its zeros."""


@dataclass(frozen=True, slots=True)
class Premises:
    """What is taken from the start of a file, and put right if the rest of it says otherwise.

    Args:
        codec: Of the text.
        assumed: The warning that the encoding was assumed.
        comments: Which lines that begin with # are comments.
        usual: The number of cells of a ragged row that most rows have; 0 without.
    """

    codec: str = "utf-8"
    assumed: Problem | None = None
    comments: Comments = "broken"
    usual: int = 0


@dataclass(slots=True)
class Facts:
    """What the rows of a file, or of a part of it, say about the file as a whole.

    Args:
        rows: Rows that are not set aside.
        whole: Records as wide as the header with more than a first cell.
        marked: Those of them whose first cell begins with #.
        hashed: Lines that begin with #.
        widths: How many rows have each number of cells that is not the header's.
        comments: The first line of the comments, and their number.
        headers: The first line of the repeated headers, and their number.
    """

    rows: int = 0
    whole: int = 0
    marked: int = 0
    hashed: int = 0
    widths: Counter[int] = field(default_factory=Counter)
    comments: tuple[int, int] = (0, 0)
    headers: tuple[int, int] = (0, 0)

    def add(self, other: "Facts") -> None:
        """Add the facts of later rows."""
        self.rows += other.rows
        self.whole += other.whole
        self.marked += other.marked
        self.hashed += other.hashed
        self.widths += other.widths
        self.comments = _both(self.comments, other.comments)
        self.headers = _both(self.headers, other.headers)

    def which_comments(self) -> Comments:
        """Which lines that begin with # are comments, by the rule of the reader of small files."""
        if self.marked and self.marked * 2 >= self.whole:
            return "none"
        return "all" if self.marked == 1 else "broken"


def _both(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return (one[0] or other[0], one[1] + other[1])


@dataclass(frozen=True, slots=True)
class TextFile:
    """A delimited file whose start was read.

    Args:
        source: What messages call it.
        header: The record of the header.
        first: The physical line of the first row.
        stated: The encoding that the user states, or empty.
        premises: What its start says, or a later part of it.
        size: So many bytes are read at once.
    """

    path: Path
    source: str
    start: Start
    header: Record
    first: int
    stated: str
    premises: Premises
    size: int

    @property
    def delimiter(self) -> str:
        """What stands between two cells."""
        return self.start.delimiter

    @property
    def width(self) -> int:
        """The number of cells of the header."""
        return len(self.header.cells)

    @staticmethod
    def count_lines(data: bytes) -> int:
        """How many physical lines end in some bytes of it."""
        return line_ends(data)

    def knowing(self, facts: Facts) -> "TextFile":
        """The file, known by what its rows say of it."""
        usual = usual_width(facts.widths, self.width, facts.rows, self.delimiter)
        premises = replace(self.premises, comments=facts.which_comments(), usual=usual)
        return replace(self, premises=premises)

    def grid(self, rows: list[list[str]], lines: list[int], header_line: int = 0) -> Grid:
        """Some rows of the file as a grid."""
        encoding = next(name for name, codec in CODECS.items() if codec == self.premises.codec)
        told = [encoding] * (encoding != "UTF-8") + self.start.told
        return Grid(
            source=self.source,
            header=self.header.cells,
            header_line=header_line,
            lines=lines,
            rows=rows,
            told="; ".join(told),
        )


CODECS: Final = {"UTF-8": "utf-8", "Windows-1252": "cp1252", "ISO 8859-1": "iso8859-1"}
"""The encodings of which one byte or a few are a character, and a line feed is one byte."""


def text_file(path: Path, source: str, options: Options, size: int) -> TextFile | None:
    """A large delimited file; None if only the reader of small files can read it.

    Args:
        size: So many bytes are read at once.

    Raises:
        InvalidInput: It cannot be opened or inflated, or is no text.
    """
    with opened(path, source) as file:
        head = file.read(HEAD)
    head = head[: head.rfind(b"\n") + 1]
    if not head or options.fill_down or b"\0" in head[:WIDE]:
        return None
    text, encoding, assumed = decode(head, source, options.encoding)
    if encoding not in CODECS:
        return None
    named = {plain_header(column) for column in options.columns.values()}
    found = _start(text, named)
    if found is None:
        return None
    start, header = found
    premises = Premises(CODECS[encoding], assumed[0] if assumed else None)
    first = header.line + header.height
    return TextFile(path, source, start, header, first, options.encoding, premises, size)


def _start(text: str, named: Collection[str]) -> tuple[Start, Record] | None:
    """The start of the table and its header; None if there is no sound one."""
    with long_cells():
        start = find_start(text, named)
        if start is None:
            return None
        header = next(Records(text, start.delimiter, start.line))
    return None if header.fault or len(header.cells) < 2 else (start, header)
