"""The layout of a SAS transport file, checked record by record before a C library reads it."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np

from immunotrack.problems import InvalidInput, Problem

RECORD: Final = 80
_FIRST: Final = {
    b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!": 5,
    b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!": 8,
}
_NAMES: Final = {
    5: (b"MEMBER  ", b"DSCRPTR ", b"NAMESTR ", b"OBS     "),
    8: (b"MEMBV8  ", b"DSCPTV8 ", b"NAMSTV8 ", b"OBSV8   "),
}
_LONGEST: Final = {5: 32767, 8: 32767}
"""The longest text of a column that SAS itself writes, in bytes."""

_NAMESTR: Final = struct.Struct(">hhhh8s40s8shhh2s8shhi32s")
_LABELS: Final = {b"LABELV8 ": 3, b"LABELV9 ": 5}
"""What stands before long labels, and how many lengths precede each of them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One data set of a transport file.

    Args:
        data: A transport file that holds this data set alone.
        text: For each column whether it holds text.
        rows: How many rows it says it has; None where the format does not say.
    """

    name: str
    data: bytes
    text: tuple[bool, ...]
    rows: int | None


def members(data: bytes, source: str) -> list[Member]:
    """The data sets of a transport file, each as a file of its own.

    Raises:
        InvalidInput: The records do not follow each other as the format has them.
    """
    version = _FIRST.get(data[:48])
    if version is None:
        _refuse(
            source,
            "not a SAS transport file of version 5 or 8",
            "Export it with the XPORT engine, or as CSV.",
        )
    starts = list(_starts(data, _header(_NAMES[version][0])))
    if starts[:1] != [3 * RECORD]:
        _damaged(source)
    ends = [*starts[1:], len(data)]
    return [
        _Reading(data, source, version, start, end).member()
        for start, end in zip(starts, ends, strict=True)
    ]


def _header(name: bytes) -> bytes:
    return b"HEADER RECORD*******" + name + b"HEADER RECORD!!!!!!!"


def _starts(data: bytes, header: bytes) -> Iterator[int]:
    """Where a header stands at the beginning of a record."""
    place = data.find(header)
    while place >= 0:
        if place % RECORD == 0:
            yield place
        place = data.find(header, place + 1)


class _Reading:
    """One data set, read from its first record to its last."""

    def __init__(self, data: bytes, source: str, version: int, start: int, end: int) -> None:
        self.data, self.source, self.version = data, source, version
        self.start, self.place, self.end = start, start, end

    def member(self) -> Member:
        first, described, named, observed = _NAMES[self.version]
        size = self.number(self.header(first), 74, 78)
        self.header(described)
        name = self.take(2 * RECORD)[8 : 16 if self.version == 5 else 40]
        count = self.number(self.header(named), 53, 58)
        if size not in {136, 140} or not count:
            _damaged(self.source)
        lengths = self.columns(count, size)
        self.long_labels(count)
        said = self.header(observed)[48:].split()
        rows = int(said[0]) if self.version == 8 and said and said[0].isdigit() else None
        self.check_rows(sum(length for _, length in lengths), rows)
        self.check_numbers(lengths)
        return Member(
            name.decode("latin-1").strip(" \0"),
            self.data[: 3 * RECORD] + self.data[self.start : self.end],
            tuple(text for text, _ in lengths),
            rows,
        )

    def take(self, size: int) -> bytes:
        if self.place + size > self.end:
            _damaged(self.source)
        self.place += size
        return self.data[self.place - size : self.place]

    def header(self, name: bytes) -> bytes:
        record = self.take(RECORD)
        if not record.startswith(_header(name)):
            _damaged(self.source)
        return record

    def number(self, record: bytes, start: int, end: int) -> int:
        digits = record[start:end]
        if not digits.isdigit():
            _damaged(self.source)
        return int(digits)

    def to_record(self) -> None:
        """Go on to the next whole record."""
        self.take(-(self.place - self.start) % RECORD)

    def columns(self, count: int, size: int) -> list[tuple[bool, int]]:
        """For each column whether it is text, and its length in bytes."""
        found: list[tuple[bool, int]] = []
        names: set[bytes] = set()
        offset = 0
        for _ in range(count):
            fields = _NAMESTR.unpack(self.take(size)[: _NAMESTR.size])
            kind, length, short, place, long = (fields[i] for i in (0, 2, 4, 14, 15))
            largest = {1: 8, 2: _LONGEST[self.version]}.get(kind, 0)
            if not (2 if kind == 1 else 1) <= length <= largest or place != offset:
                _damaged(self.source)
            offset += length
            found.append((kind == 2, length))
            name = short if self.version == 5 else long
            names.add(name.partition(b"\0")[0].rstrip().upper())
        self.to_record()
        if len(names) < count or b"" in names:
            _damaged(self.source, "two columns have the same name, or one has none")
        return found

    def long_labels(self, count: int) -> None:
        """Pass over the labels that are too long for the description of a column."""
        record = self.data[self.place : self.place + RECORD]
        fields = next((n for key, n in _LABELS.items() if record.startswith(_header(key))), 0)
        if self.version == 5 or not fields:
            return
        many = self.take(RECORD)[48:].split()
        if not many or not many[0].isdigit() or int(many[0]) > count:
            _damaged(self.source)
        for _ in range(int(many[0])):
            column, name, *others = struct.unpack(f">{fields}H", self.take(2 * fields))
            if not 1 <= column <= count or name > 32 or max(others) > 256:
                _damaged(self.source)
            self.take(name + sum(others))
        self.to_record()

    def check_rows(self, width: int, rows: int | None) -> None:
        """Refuse a file that ends within a row, or before its last row."""
        held = (self.end - self.place) // width
        rest = self.data[self.place + held * width : self.end]
        if rest.strip(b" \0") or len(rest) >= RECORD or held < (rows or 0):
            _damaged(self.source, "the file ends within a row")
        if rows and self.data[self.place + rows * width : self.end].strip(b" \0"):
            _damaged(self.source, "the file holds more rows than it says")

    def check_numbers(self, columns: Sequence[tuple[bool, int]]) -> None:
        """Refuse a number whose first digit is zero: the library reads it as another one."""
        width = sum(length for _, length in columns)
        held = (self.end - self.place) // width
        body = np.frombuffer(self.data, np.uint8, held * width, self.place).reshape(held, width)
        offset = 0
        for text, length in columns:
            digits = body[:, offset + 1 : offset + length]
            offset += length
            if not text and ((digits[:, 0] < 16) & digits.any(axis=1)).any():
                _damaged(self.source, "a number is not as SAS writes it")


def _damaged(source: str, message: str = "") -> NoReturn:
    _refuse(
        source,
        message or "the records of this SAS transport file do not follow each other",
        "Export or copy it again, as a binary file.",
    )


def _refuse(source: str, message: str, fix: str) -> NoReturn:
    problem = Problem(code="unreadable", source=source, message=message, fix=fix)
    raise InvalidInput([problem], unreadable=True)
