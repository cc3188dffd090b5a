"""Records of delimited text: cells and physical lines, each stray quotation mark contained."""

import csv
import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Final, NamedTuple

LONGEST_CELL: Final = 2**20
"""A cell of more characters is no cell."""

_BLOCK: Final = 2**20
"""So many characters are cut into lines at once."""

_WASTE: Final = 2**26
_PATIENCE: Final = 100
"""After so many characters read in vain for stray quotation marks, a record has fewer lines."""


class Record(NamedTuple):
    """A record of a delimited text.

    Args:
        line: The physical line on which it starts, counted from 1.
        opening: The text of that line, as it is.
        cells: One or more; of its first line only, where there is a fault.
        height: The number of its physical lines.
        fault: `stray-quote` where a quotation mark opens a cell that does not end, `too-large`
            where a cell is longer than `LONGEST_CELL`; or empty.
    """

    line: int
    opening: str
    cells: list[str]
    height: int = 1
    fault: str = ""


class Records(Iterator[Record]):
    """The records of a text in order; blank lines are none. Read them within `long_cells`.

    A quotation mark that opens a cell and is not closed as RFC 4180 has it is stray: its line is
    a record with a fault, and the next line starts a new record.

    Args:
        first: The physical line to begin with, counted from 1.
        even: A quotation mark is stray too if its cell takes in further lines and the record has
            then another number of cells than the first one.
        width: The number of cells of the first record of all, if that is not the first one here.
    """

    def __init__(
        self, text: str, delimiter: str, first: int = 1, *, even: bool = True, width: int = 0
    ) -> None:
        self._lines = _Lines(text)
        for _ in islice(self._lines, first - 1):
            self._lines.taken.clear()
        self._delimiter = delimiter
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._line = first
        self._even = even
        self._width = width

    def __next__(self) -> Record:
        while True:
            self._lines.taken.clear()
            line = next(self._lines)
            record = self._quoted() if '"' in line else self._plain(line)
            self._line += record.height
            if len(record.cells) > 1 or record.cells[0].strip():
                self._width = self._width or len(record.cells)
                return record

    def _plain(self, line: str) -> Record:
        cells = line.rstrip("\r\n").split(self._delimiter)
        if len(line) > LONGEST_CELL and max(map(len, cells)) > LONGEST_CELL:
            return Record(self._line, line, cells, fault="too-large")
        return Record(self._line, line, cells)

    def _quoted(self) -> Record:
        """The record whose first line was just taken, and which may go on."""
        self._lines.give_back(0)
        try:
            cells = next(self._reader)
        except csv.Error as error:
            too_long = "field limit" in str(error) and self._closes()
            return self._too_large() if too_long else self._lone()
        height = len(self._lines.taken)
        if self._even and height > 1 and self._width not in {0, len(cells)}:
            return self._lone()
        return Record(self._line, self._lines.taken[0], cells, height)

    def _closes(self) -> bool:
        """Whether a cell that is too long may have an end: on its line, or at a later mark."""
        first, last = self._lines.taken[0], self._lines.taken[-1]
        return first is last or '"' in last or self._lines.quote_follows()

    def _lone(self) -> Record:
        """The first of the lines that were taken, by itself."""
        self._lines.give_back(1)
        line = self._lines.taken[0]
        try:
            next(csv.reader([line], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            if "limit" in str(error):
                return self._too_large()
            whole = self._plain(line)
            return whole if whole.fault else whole._replace(fault="stray-quote")
        cells = next(csv.reader([line], delimiter=self._delimiter))
        return Record(self._line, line, cells)

    def _too_large(self) -> Record:
        self._lines.give_back(1)
        line = self._lines.taken[0]
        return Record(self._line, line, [line], fault="too-large")


class _Lines(Iterator[str]):
    """The physical lines of a text with their ends; those of the last record can be given back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = _physical(text)
        self._back: list[str] = []
        self._place = 0
        self._wasted = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        if self._wasted > _WASTE and len(self.taken) > _PATIENCE:
            raise StopIteration
        line = self._back.pop() if self._back else next(self._rest)
        self._place += len(line)
        self.taken.append(line)
        return line

    def give_back(self, kept: int) -> None:
        """Give back all lines that were taken, but for the first `kept` ones."""
        back = self.taken[kept:]
        length = sum(map(len, back))
        self._back += reversed(back)
        self._place -= length
        self._wasted += length if kept else 0
        del self.taken[kept:]

    def quote_follows(self) -> bool:
        """Whether a quotation mark stands in a line that was not taken."""
        return self._text.find('"', self._place) >= 0


def _physical(text: str) -> Iterator[str]:
    """The lines of a text with their ends: line feed, carriage return, or both."""
    end = "\n" if "\n" in text else "\r"
    start = 0
    while start < len(text):
        stop = text.find(end, start + _BLOCK) + 1 or len(text)
        yield from io.StringIO(text[start:stop], newline="")
        start = stop


_ONE_AT_A_TIME: Final = Lock()
"""The limit of the csv module is the same for all threads."""


@contextmanager
def long_cells() -> Iterator[None]:
    """Let a cell be as long as `LONGEST_CELL`, and the collector of garbage rest: there is none."""
    with _ONE_AT_A_TIME:
        collecting = gc.isenabled()
        limit = csv.field_size_limit(LONGEST_CELL)
        gc.disable()
        try:
            yield
        finally:
            csv.field_size_limit(limit)
            if collecting:
                gc.enable()
