"""Workbooks of Excel 5 to 2003 (.xls), scanned record by record and packed again."""

import struct
from collections.abc import Iterator
from typing import Final

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.compound import packed, streams
from immunotrack.readers.scan import ERRORS, LARGEST_AREA, Scan, refused

_SHEET, _PASSWORD, _STRINGS, _CONTINUED, _START, _END = 0x85, 0x2F, 0xFC, 0x3C, 0x809, 0x0A
_NUMBER, _PACKED, _MANY, _BOOL_OR_ERROR, _FORMULA = 0x203, 0x27E, 0xBD, 0x205, 0x06
_AREA, _FORMULA_TEXT = 0x200, 0x207
_CELLS: Final = frozenset({_NUMBER, _PACKED, _BOOL_OR_ERROR, _FORMULA, 0xFD, 0x204, 0xD6})


def scan_xls(data: bytes, source: str) -> tuple[bytes, list[Scan]]:
    """The workbook alone, without the sizes that it claims, and every sheet in its order.

    Raises:
        InvalidInput: It is damaged, protected, or too large.
    """
    found = streams(data, source, "WORKBOOK", "BOOK")
    if "ENCRYPTEDPACKAGE" in found:
        raise refused(source, "it is protected by a password")
    stream = bytearray(found.get("WORKBOOK") or found.get("BOOK") or b"")
    if stream[:2] != _START.to_bytes(2, "little"):
        raise refused(source, "it is no workbook of Excel 5 or later")
    places = _places(stream, source)
    scans: dict[int, Scan] = {}
    end = 0
    for place in sorted(places):
        if not end <= place < len(stream):
            raise refused(source, "its list of sheets is damaged")
        scans[place] = Scan(source)
        end = _scan_sheet(stream, place, scans[place])
    if sum(scan.area for scan in scans.values()) > 2 * LARGEST_AREA:
        raise _too_large(source)
    return packed(bytes(stream), source), [scans[place] for place in places]


def _places(stream: bytearray, source: str) -> list[int]:
    """Where the sheets begin, as the part before the sheets says."""
    places: list[int] = []
    texts = claimed = 0
    counting = False
    for kind, place, size in _records(stream, 0):
        if kind == _PASSWORD:
            raise refused(source, "it is protected by a password")
        if kind == _SHEET:
            places.append(int.from_bytes(stream[place : place + 4], "little"))
        if kind == _STRINGS:
            claimed = int.from_bytes(stream[place + 4 : place + 8], "little")
        counting = kind == _STRINGS or (counting and kind == _CONTINUED)
        texts += size if counting else 0
        if kind == _END:
            break
    if 3 * claimed > texts:
        raise refused(source, "its list of texts is damaged")
    return places


def _records(stream: bytearray, place: int) -> Iterator[tuple[int, int, int]]:
    """The kind of each record, and the place and size of its content."""
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, place + 4, min(size, len(stream) - place - 4)
        place += 4 + size


def _scan_sheet(stream: bytearray, start: int, scan: Scan) -> int:
    """Scan one sheet, and say where it ends."""
    depth = end = 0
    for kind, place, size in _records(stream, start):
        end = place + size
        depth += (kind == _START) - (kind == _END)
        if kind == _END and depth < 1:
            break
        if kind == _AREA:
            stream[place:end] = bytes(size)
        elif kind == _FORMULA_TEXT:
            scan.fill(0, 0)
        elif kind in _CELLS and size >= 8:
            _cell(scan, kind, bytes(stream[place:end]))
        elif kind == _MANY and size >= 6:
            _numbers(scan, bytes(stream[place:end]))
    return end


def _cell(scan: Scan, kind: int, body: bytes) -> None:
    row, column = struct.unpack_from("<HH", body)
    formula = kind == _FORMULA and body[12:14] == b"\xff\xff"
    if kind == _BOOL_OR_ERROR and body[7]:
        scan.lose(row, column, ERRORS.get(body[6], "#ERROR!"))
    elif formula and body[6] == 2:
        scan.lose(row, column, ERRORS.get(body[8], "#ERROR!"))
    elif kind == _PACKED and len(body) >= 10:
        scan.number(row, column, _unpacked(body[6:10]))
    elif kind in {_NUMBER, _FORMULA} and not formula and len(body) >= 14:
        scan.number(row, column, struct.unpack_from("<d", body, 6)[0])
    else:
        scan.fill(row, column)


def _numbers(scan: Scan, body: bytes) -> None:
    """The cells of a record that holds several numbers of one row."""
    row, column = struct.unpack_from("<HH", body)
    cells = struct.iter_unpack("<2x4s", body[4 : len(body) // 6 * 6 - 2])
    for place, (number,) in enumerate(cells, start=column):
        scan.number(row, place, _unpacked(number))


def _unpacked(number: bytes) -> float:
    """A number in four bytes: the upper half of a double, or an integer; perhaps hundredths."""
    (bits,) = struct.unpack("<i", number)
    value: float = bits >> 2
    if not bits & 2:
        (value,) = struct.unpack("<d", bytes(4) + (bits & ~3).to_bytes(4, "little", signed=True))
    return value / 100 if bits & 1 else value


def _too_large(source: str) -> InvalidInput:
    problem = Problem(
        code="too-large",
        source=source,
        message="sheets whose first and last cells are too far apart",
        fix="Delete stray cells below and beside the tables, or save them as CSV.",
    )
    return InvalidInput([problem], unreadable=True)
