"""SAS transport files: every observation is a row, and every number is the one in the file."""

import struct
from datetime import datetime, timedelta
from fractions import Fraction

import campaign
import mutators
import oracle
import tables

from immunotrack.readers.grid import Grid, NumberCell, Options
from immunotrack.readers.sas import read_transport
from immunotrack.transport import TransportColumn, transport_bytes


def xpt(rows: list[list[str]], name: str, version: int) -> bytes:
    """A table as a transport file, columns of numbers as numbers."""
    names = [column.upper().replace(" ", "_")[:8] for column in rows[0]]
    kinds = [_kind([row[n] for row in rows[1:]]) for n in range(len(names))]
    columns = [TransportColumn(n, n.lower(), kind) for n, kind in zip(names, kinds, strict=True)]
    body = [[_value(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows[1:]]
    return transport_bytes(columns, body, name=name, version=version)


def _kind(cells: list[str]) -> str:
    try:
        [float(cell) for cell in cells if cell]
    except ValueError:
        try:
            [datetime.fromisoformat(cell) for cell in cells if cell]
        except ValueError:
            return "text"
        return "datetime"
    return "number" if any(cells) else "text"


def _value(cell: str, kind: str) -> str | float | None:
    return (float(cell) if cell else None) if kind == "number" else cell


ODD = [
    ["USUBJID", "X"],
    *[[f"{n}", str(x)] for n, x in enumerate((0.1, -1, 1e-70, 7e74, 2**53, 1 / 3))],
]
SEEDS = [
    xpt(tables.LB, "LB", 5),
    xpt(tables.LB, "LB", 8),
    xpt(tables.ADLB, "ADLB", 5),
    xpt(tables.DM, "DM", 8),
    xpt(tables.EX, "EX", 5),
    xpt(ODD, "ODD", 5),
    xpt(tables.LB, "LB", 5) + xpt(tables.DM, "DM", 5)[240:],
]


def check(data: bytes) -> None:
    """Read bytes as a transport file."""
    path = campaign.as_file(data, "input.xpt")
    grids = oracle.accepted(lambda: read_transport(path, "input.xpt", Options()))
    for grid in grids or []:
        oracle.check_grid(grid)
        oracle.check_numbers(grid)
    if grids and len(grids) == 1 and data.count(b"HEADER RECORD*******OBS") == 1:
        check_observations(data, grids[0])
    if campaign.one_file() or (campaign.sampled(data) and grids):
        oracle.read_whole(path, Options())


def check_observations(data: bytes, grid: Grid) -> None:
    """The rows of a file of one data set, read by hand."""
    version = 8 if data.startswith(b"HEADER RECORD*******LIBV8") else 5
    first = data.index(b"NAMESTR " if version == 5 else b"NAMSTV8 ") - 20
    size = int(data[314:318])
    count = int(data[first + 54 : first + 58])
    columns = [
        (*struct.unpack(">hhh", data[p : p + 6]), data[p + 56 : p + 64])
        for p in range(first + 80, first + 80 + count * size, size)
    ]
    mark = data.rindex(b"HEADER RECORD*******OBS") + 80
    width = sum(length for _, _, length, _ in columns)
    rows = [data[p : p + width] for p in range(mark, len(data) - width + 1, width)]
    while rows and not rows[-1].strip(b" \0"):
        rows.pop()
    oracle.must(len(rows) <= len(grid.rows), f"rows are lost: {len(rows)}, {len(grid.rows)}")
    for row, cells in zip(rows, grid.rows, strict=False):
        place = 0
        for (kind, _, length, shown), cell in zip(columns, cells, strict=True):
            raw = row[place : place + length]
            place += length
            if kind == 1:
                check_number(raw, cell, shown)
            else:
                check_text(raw, cell)


def check_text(raw: bytes, cell: str) -> None:
    """A text without the blanks at its end."""
    plain = raw.rstrip(b" \0")
    readings = [plain.decode(name, "replace").rstrip() for name in ("utf-8", "cp1252")]
    oracle.must(
        b"\0" in plain or cell.rstrip() in readings, f"a text is another one: {cell!r} {raw!r}"
    )


def check_number(raw: bytes, cell: str, shown: bytes) -> None:
    """A number of IBM's, to 15 digits; or the date that it stands for."""
    raw = raw.ljust(8, b"\0")
    first, rest = raw[0], raw[1:]
    if not any(rest):
        missing = first in b"._" or 0x41 <= first <= 0x5A
        oracle.must(
            cell in ({""} if missing else {"0", "-0", ""}) or shown.strip(), f"zero: {cell}"
        )
        return
    value = Fraction(int.from_bytes(rest)) * Fraction(16) ** ((first & 0x7F) - 64 - 14)
    value = -value if first & 0x80 else value
    if type(cell) is NumberCell:
        if cell.endswith("inf"):
            return
        error = abs(Fraction(cell) - value)
        oracle.must(
            error <= abs(value) * Fraction(1, 10**14), f"a wrong number: {cell} {float(value)}"
        )
    elif cell:
        oracle.must(_moment(cell, value), f"a wrong moment: {cell} {float(value)}")


def _moment(cell: str, value: Fraction) -> bool:
    """Whether a text is the date, time or both that a number of days or seconds is."""
    start = datetime(1960, 1, 1)
    if ":" in cell and "T" not in cell:
        cell = f"1960-01-01T{cell}"
    since = datetime.fromisoformat(cell) - start
    if abs(value) > 10**12:
        return False
    exact = abs(Fraction(since.days * 86400 + since.seconds) + Fraction(since.microseconds, 10**6))
    near = abs(exact - abs(value)) <= Fraction(1, 10**5) + abs(value) * Fraction(1, 10**15)
    return near or Fraction(since / timedelta(days=1)) == value


if __name__ == "__main__":
    campaign.run("sas", SEEDS, check, mutators.records)
