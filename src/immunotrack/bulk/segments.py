"""An output file that is written in segments, of which some are replaced before it is complete."""

import io
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from immunotrack.bulk.ahead import ahead
from immunotrack.bulk.blocks import ends_of_feeds


class Segments:
    """Rows of CSV, one segment a lot.

    Args:
        path: Where they are kept until they are complete.
        header: What stands before them.
    """

    def __init__(self, path: Path, header: bytes) -> None:
        self.path = path
        self._header = header
        self._places: dict[int, tuple[int, int]] = {}
        self._end = len(header)
        path.write_bytes(header)

    def write(self, number: int, *data: bytes | memoryview) -> None:
        """Write the segment of a lot."""
        size = sum(map(len, data))
        self._places[number] = (self._end, size)
        self._end += size
        with self.path.open("ab") as file:
            file.writelines(data)

    def segment(self, number: int) -> bytes:
        """The segment of a lot; empty where there is none."""
        start, size = self._places.get(number, (0, 0))
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)

    def replaced(
        self,
        numbers: Collection[int],
        rewritten: Callable[[int], Sequence[bytes | memoryview]],
        path: Path,
    ) -> "Segments":
        """The same file with other segments in the place of some."""
        new = Segments(path, self._header)
        made = (
            (number, rewritten(number) if number in numbers else [self.segment(number)])
            for number in self._places
        )
        for number, data in ahead(made):
            new.write(number, *data)
        self.path.unlink()
        return new

    def copied(self, target: BinaryIO) -> None:
        """Copy the file into a pipe."""
        with self.path.open("rb") as file:
            shutil.copyfileobj(file, target)


def added_rows(cells: pl.DataFrame, head: pl.Series, said: pl.Series) -> memoryview:
    """Rows with what is added to them, as CSV."""
    frame = pl.DataFrame([cells["own"], head.alias("head"), cells["line"], said.alias("said")])
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, quote_style="never", batch_size=8192)
    return buffer.getbuffer()


def csv_rows(data: bytes) -> list[bytes]:
    """The rows of a text of CSV, each with its end."""
    ends = _ends(data).tolist()
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def with_rows(data: bytes, rows: Iterable[tuple[int, bytes]]) -> list[bytes | memoryview]:
    """A text of CSV with other rows in the place of some, in pieces.

    Args:
        rows: The number of each, and what it becomes, in order.
    """
    ends, text = _ends(data), memoryview(data)
    pieces: list[bytes | memoryview] = []
    after = 0
    for place, row in rows:
        start = int(ends[place - 1]) if place else 0
        pieces += [text[after:start], row]
        after = int(ends[place])
    return [*pieces, text[after:]]


def _ends(data: bytes) -> np.ndarray:
    """Where each row ends, behind its line feed; within quotation marks no row ends."""
    ends = ends_of_feeds(data)
    if b'"' in data:
        marks = np.flatnonzero(np.frombuffer(data, np.uint8) == ord('"'))
        ends = ends[np.searchsorted(marks, ends) % 2 == 0]
    return ends
