"""The bytes of a large text file, in blocks that end where a line ends."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.files import LONGEST_LINE, changed, too_long_line
from immunotrack.readers.inflated import GZIP
from immunotrack.settings import unreadable

SIZE: Final = 8 * 2**20
"""So many bytes are read at once; memory follows from it, and not from the file."""


class Place(NamedTuple):
    """Where some whole lines of a file are.

    Args:
        offset: The bytes before them.
        size: Their own bytes.
        line: The physical line of the first one, counted from 1.
    """

    offset: int
    size: int
    line: int


CUT_SHORT: Final = "the compressed data are cut short"
DAMAGED: Final = "the compressed data are damaged"


class Block(NamedTuple):
    """Whole lines of a file.

    Args:
        number: Counted from 0.
        line: The physical line of its first one, counted from 1.
        offset: The bytes before it.
        data: Ends with a line feed.
        last: Nothing comes after it.
    """

    number: int
    line: int
    offset: int
    data: bytes
    last: bool

    @property
    def is_start(self) -> bool:
        """Whether the file starts with it."""
        return self.number == 0 and self.line == 1

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.offset, len(self.data), self.line)


def count_of(data: bytes, sign: bytes) -> int:
    """How often a byte is among some; other threads go on meanwhile, as `bytes.count` lets none."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord(sign)))


def line_feeds(data: bytes) -> int:
    """How many physical lines end in some bytes that only a line feed ends."""
    return count_of(data, b"\n")


def line_ends(data: bytes) -> int:
    """How many physical lines end in some bytes: at a line feed, a carriage return, or both."""
    feeds = line_feeds(data)
    returns = data.count(b"\r") if b"\r" in data else 0
    return feeds + returns - data.count(b"\r\n") if returns else feeds


def ends_of_feeds(data: bytes) -> np.ndarray:
    """Where each physical line ends that only a line feed ends, behind it."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1


def ends_of(data: bytes) -> np.ndarray:
    """Where each physical line ends, behind its line feed or carriage return."""
    if b"\r" not in data:
        return ends_of_feeds(data)
    codes = np.frombuffer(data, np.uint8)
    ending = codes == ord("\n")
    ending[:-1] |= (codes[:-1] == ord("\r")) & ~ending[1:]
    return np.flatnonzero(ending) + 1


class Blocks(Iterator[Block]):
    """The blocks of an open file in order; lines that belong to the next one can be given back.

    Args:
        size: So many bytes are read at once.
        ends: How many physical lines end in some bytes.
        line: The physical line on which the file starts, where it is a part of one.
    """

    def __init__(
        self,
        file: BinaryIO,
        source: str,
        size: int,
        ends: Callable[[bytes], int] = line_ends,
        line: int = 1,
    ) -> None:
        self._file = file
        self._source = source
        self._size = size
        self._ends = ends
        self._rest = b""
        self._ahead = self._read()
        self._number = 0
        self._line = line
        self._offset = 0

    def __next__(self) -> Block:
        data = self._rest + self._ahead
        self._ahead = self._read()
        while self._ahead and b"\n" not in data:
            self._refuse_long(data)
            data, self._ahead = data + self._ahead, self._read()
        if not data:
            raise StopIteration
        if not self._ahead and not data.endswith(b"\n"):
            data += b"\n"
        cut = data.rindex(b"\n") + 1
        self._rest = data[cut:]
        self._refuse_long(self._rest)
        last = not self._ahead and not self._rest
        block = Block(self._number, self._line, self._offset, data[:cut], last)
        self._number += 1
        self._offset += cut
        self._line += self._ends(block.data)
        return block

    def give_back(self, data: bytes) -> None:
        """Let the next block begin with the last lines of this one."""
        self._line -= self._ends(data)
        self._offset -= len(data)
        self._rest = data + self._rest

    def _refuse_long(self, data: bytes) -> None:
        if len(data) > LONGEST_LINE:
            raise too_long_line(self._source, self._line + self._ends(data))

    def _read(self) -> bytes:
        return self._file.read(self._size)


def read_again(
    file: BinaryIO,
    number: int,
    place: Place,
    rows: np.ndarray,
    ends: Callable[[bytes], np.ndarray],
) -> Block:
    """Some lines of a block that was read before.

    Args:
        rows: The number of each in the block, in order.
        ends: Where each line of some bytes ends.
    """
    file.seek(place.offset)
    data = file.read(place.size)
    whole = data if data.endswith(b"\n") else data + b"\n"
    after = ends(whole)
    starts = np.concatenate([[0], after[:-1]])[rows]
    lines = [whole[start:end] for start, end in zip(starts, after[rows], strict=True)]
    return Block(number, place.line, place.offset, b"".join(lines), last=True)


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed by gzip, by its first bytes."""
    with path.open("rb") as raw:
        return raw.read(len(GZIP)) == GZIP


@contextmanager
def opened(path: Path, source: str) -> Iterator[BinaryIO]:
    """The bytes of a file, inflated where it is a gzip file.

    Raises:
        InvalidInput: It cannot be opened, is damaged, or changed while it was read.
    """
    try:
        with path.open("rb") as raw:
            before = os.fstat(raw.fileno())
            zipped = raw.peek(2)[:2] == GZIP
            with gzip.open(raw) if zipped else raw as file:
                yield file  # type: ignore[misc]
            after = path.stat()
    except EOFError:
        raise _damaged(source, CUT_SHORT) from None
    except (zlib.error, gzip.BadGzipFile):
        raise _damaged(source, DAMAGED) from None
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise changed(source)


def _damaged(source: str, message: str) -> InvalidInput:
    fix = "Export or copy the file again."
    problem = Problem(code="unreadable", source=source, message=message, fix=fix)
    return InvalidInput([problem], unreadable=True)


def moved(error: InvalidInput, lines: int) -> InvalidInput:
    """An error about a block as one about the file."""
    problems = [
        problem if problem.line is None else replace(problem, line=problem.line + lines)
        for problem in error.problems
    ]
    return InvalidInput(problems, unreadable=error.unreadable)
