"""Compound files (the container of .xls), read within the bounds of the file."""

import struct
from collections.abc import Sequence
from typing import Final

from immunotrack.readers.scan import refused

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST: Final = 0xFFFFFFFA
"""Sector numbers from here on are marks."""

_TABLE, _CHAIN_END, _FREE = 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF
_SECTOR: Final = 4096
_STREAM, _ROOT = 2, 5


def streams(data: bytes, source: str, *wanted: str) -> dict[str, bytes]:
    """The streams of a compound file by their names in capitals; those not wanted are empty.

    Raises:
        InvalidInput: It is damaged.
    """
    try:
        return _Compound(data).streams(wanted)
    except (struct.error, ValueError, IndexError):
        raise refused(source, "it is damaged") from None


class _Compound:
    def __init__(self, data: bytes) -> None:
        self.data = data
        shift, mini = struct.unpack_from("<HH", data, 30)
        if shift not in {9, 12} or mini != 6:
            raise ValueError
        self.size = 1 << shift
        self.directory, self.cutoff, self.mini = (
            struct.unpack_from("<I", data, place)[0] for place in (48, 56, 60)
        )
        self.table = self.sector_table()

    def sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        found = self.data[start : start + self.size]
        if not found:
            raise ValueError
        return found.ljust(self.size, b"\0")

    def sector_table(self) -> list[int]:
        """For each sector the one that follows it."""
        used = list(struct.unpack_from("<109I", self.data, 76))
        (number,) = struct.unpack_from("<I", self.data, 68)
        for _ in range(len(self.data) // self.size):
            if number >= _LAST:
                break
            *more, number = _numbers(self.sector(number))
            used += more
        return [n for place in used if place < _LAST for n in _numbers(self.sector(place))]

    def chain(self, first: int) -> bytes:
        """The sectors that follow each other from this one."""
        pieces = []
        while first < _LAST:
            pieces.append(self.sector(first))
            first = self.table[first]
            if len(pieces) > len(self.data) // self.size:
                raise ValueError
        return b"".join(pieces)

    def streams(self, wanted: Sequence[str]) -> dict[str, bytes]:
        directory = self.chain(self.directory)
        entries = [directory[n : n + 128] for n in range(0, len(directory), 128)]
        small = b""
        found: dict[str, bytes] = {}
        for entry in entries:
            length, kind = struct.unpack_from("<HB", entry, 64)
            first, size = struct.unpack_from("<II", entry, 116)
            name = entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").upper()
            if kind == _ROOT and not small:
                small = self.chain(first)
            elif kind == _STREAM and name not in found:
                found[name] = self.stream(first, size, small) if name in wanted else b""
        return found

    def stream(self, first: int, size: int, small: bytes) -> bytes:
        """The content of a stream; a short one lies within the root's own."""
        if size >= self.cutoff:
            return self.chain(first)[:size]
        table = _numbers(self.chain(self.mini))
        pieces: list[bytes] = []
        while first < _LAST and len(pieces) * 64 < size:
            pieces.append(small[64 * first : 64 * first + 64])
            first = table[first]
        return b"".join(pieces)[:size]


def _numbers(sector: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(sector) // 4}I", sector)


def packed(stream: bytes, source: str) -> bytes:
    """A compound file that holds a workbook and nothing else.

    Raises:
        InvalidInput: It is too large for a file of this kind.
    """
    content = stream.ljust(_SECTOR, b"\0")
    used = -(-len(content) // _SECTOR)
    tables = -(-(used + 2) // (_SECTOR // 4 - 1))
    if tables > 109:
        raise refused(source, "it is too large for its kind")
    after = [*range(1, used), _CHAIN_END, _CHAIN_END, _CHAIN_END, *[_TABLE] * tables]
    places = [*range(used + 2, used + 2 + tables)]
    header = struct.pack(
        "<8s16x5H6x9I",
        MAGIC,
        *(0x3E, 4, 0xFFFE, 12, 6),
        *(1, tables, used + 1, 0, _SECTOR, _CHAIN_END, 0, _CHAIN_END, 0),
    ) + struct.pack("<109I", *places, *[_FREE] * (109 - tables))
    directory = _entry("Root Entry", _ROOT, used, 64, 1) + _entry(
        "Workbook", _STREAM, 0, len(content), _FREE
    )
    table = struct.pack(f"<{len(after)}I", *after).ljust(tables * _SECTOR, b"\xff")
    parts = [header, content, b"\0", directory, table]
    return b"".join(part + bytes(-len(part) % _SECTOR) for part in parts)


def _entry(name: str, kind: int, first: int, size: int, child: int) -> bytes:
    """An entry of the directory."""
    text = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBB3I36xIQ", text, len(text) + 2, kind, 1, _FREE, _FREE, child, first, size
    )
