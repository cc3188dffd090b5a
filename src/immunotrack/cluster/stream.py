"""The bytes of a file as Spark's workers get them: piece by piece, each of whole lines."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np

Batch = Any
"""A batch of rows in Arrow's format, as Spark hands it to a function."""

Keys = tuple[int, ...]

_OFFSET: Final = np.int32


class Stream(io.RawIOBase):
    """Pieces of bytes, read as one file.

    Args:
        pieces: None of them is empty.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever takes bytes
        """Fill a buffer, as far as the piece in hand goes; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def pieces(batches: Iterator[Batch]) -> Iterator[tuple[Keys, int, bytes]]:
    """The neighbouring bytes of one place, with the place and the number of their rows.

    Args:
        batches: Whole numbers that tell the place, and the bytes as the last column.
    """
    for batch in batches:
        *keys, values = batch.columns
        if not len(values):
            continue
        places = np.stack([key.to_numpy() for key in keys])
        changes = np.flatnonzero((places[:, 1:] != places[:, :-1]).any(axis=0)) + 1
        ends = _ends(values)
        for start, end in pairwise([0, *changes.tolist(), len(values)]):
            data = values.buffers()[2][int(ends[start]) : int(ends[end])].to_pybytes()
            yield tuple(places[:, start].tolist()), end - start, data


def _ends(values: Any) -> np.ndarray:  # noqa: ANN401 - an array of Arrow
    """Where each value starts in the bytes of all, and where the last one ends."""
    ends = np.frombuffer(values.buffers()[1], _OFFSET)
    return ends[values.offset : values.offset + len(values) + 1]
