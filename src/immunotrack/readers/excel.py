"""Workbooks (.xlsx, .xlsm, .xls, .ods): every sheet as a grid of text cells."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from immunotrack.extras import extra_package
from immunotrack.numbers import digits
from immunotrack.problems import InvalidInput, Problem, Severity, shown
from immunotrack.readers.archive import Archive
from immunotrack.readers.biff import scan_xls
from immunotrack.readers.compound import MAGIC
from immunotrack.readers.files import read_bytes
from immunotrack.readers.grid import Grid, NumberCell, Options
from immunotrack.readers.scan import Scan, refused
from immunotrack.readers.sheet_table import OtherCell, Score, Sheet, filled_cells, sheet_grid
from immunotrack.readers.sheet_xml import scan_ods, scan_xlsx

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_ZIP: Final = b"PK\x03\x04"
_KINDS: Final[dict[str, tuple[re.Pattern[str], Callable[[Archive, str], list[Scan]]]]] = {
    "xl/workbook.xml": (
        re.compile(r"(?i)(xl/.*\.(xml|rels)|_rels/\.rels|\[content_types\]\.xml)"),
        scan_xlsx,
    ),
    "content.xml": (re.compile(r"content\.xml|mimetype|META-INF/manifest\.xml"), scan_ods),
}
"""The member that tells a kind of workbook to the members that are needed, and their scanner."""


def read_workbook(
    path: Path, source: str, options: Options, score: Score = filled_cells
) -> list[Grid]:
    """Every sheet of a workbook that has a filled cell, or the one that the options name.

    An error value of a formula is its text (`#DIV/0!`), and a formula that was never calculated
    is the formula itself.

    Args:
        source: What messages call the file.
        score: How like a header the cells of a row are.

    Raises:
        InvalidInput: The file is no workbook, is damaged or protected, or has no such sheet, or
            no sheet with a header and a row below it.
    """
    library = extra_package("python_calamine", source)
    plain, scans = _scanned(read_bytes(path, source), source)
    sheets = _sheets(library, plain, scans, source, options.sheet)
    grids = [sheet_grid(sheet, score) for sheet in sheets]
    if not any(grid.rows for grid in grids):
        problems = [p for grid in grids for p in grid.problems if p.code in {"not-read", "no-rows"}]
        raise InvalidInput(
            [replace(problem, severity=Severity.ERROR) for problem in problems], unreadable=True
        )
    return grids


def _scanned(data: bytes, source: str) -> tuple[bytes, list[Scan]]:
    """A workbook that is safe to read, and what its reader would lose of each sheet."""
    if data.startswith(MAGIC):
        return scan_xls(data, source)
    if not data.startswith(_ZIP):
        raise _no_workbook(data, source)
    archive = Archive(data, source)
    names = {name.casefold() for name in archive.names}
    for mark, (needed, scan) in _KINDS.items():
        if mark in names:
            plain = archive.keep([name for name in archive.names if needed.fullmatch(name)])
            return plain, scan(archive, source)
    if "xl/workbook.bin" in names:
        raise refused(source, "it is a binary workbook (.xlsb), whose dates are not safe to read")
    raise refused(source, "it is a zip archive of something else")


def _no_workbook(data: bytes, source: str) -> InvalidInput:
    if not data:
        return _refused(source, "empty-file", "the file is empty", "Export it again.")
    if data.lstrip()[:1] == b"<":
        message = "the file is HTML or XML under the name of a workbook"
        fix = "Open it in a spreadsheet program and save it as .xlsx."
        return _refused(source, "unreadable", message, fix)
    message = "the file is no workbook"
    fix = "If it is text, name it .csv; else open it in a spreadsheet program and save it as .xlsx."
    return _refused(source, "unreadable", message, fix)


def _refused(source: str, code: str, message: str, fix: str) -> InvalidInput:
    return InvalidInput(
        [Problem(code=code, source=source, message=message, fix=fix)], unreadable=True
    )


def _sheets(
    library: ModuleType, data: bytes, scans: list[Scan], source: str, wanted: str
) -> list[Sheet]:
    """The sheets with a filled cell, or the one that is wanted."""
    with _guarded(source):
        book = library.load_workbook(io.BytesIO(data))
        about = list(book.sheets_metadata)
    names = [sheet.name for sheet in about]
    if len(scans) != len(names) or len(set(names)) < len(names):
        raise refused(source, "its list of sheets is damaged")
    filled = [place for place, scan in enumerate(scans) if scan.area]
    chosen = [_chosen(names, wanted, source)] if wanted else filled
    if not set(chosen) & set(filled):
        raise _refused(source, "empty-file", "the workbook has no filled cell", "Export it again.")
    sheets = []
    for place in chosen:
        hidden = "" if str(about[place].visible).endswith(".Visible") else " (hidden)"
        with _guarded(source):
            sheet = _read(book.get_sheet_by_index(place))
        title = source if len(filled) == 1 else f"{source}[{names[place]}]"
        sheets.append(_sheet(sheet, scans[place], title, names[place] + hidden))
    return sheets


@contextmanager
def _guarded(source: str) -> Iterator[None]:
    """Take whatever the reader raises for a damaged workbook."""
    try:
        yield
    except Exception:  # noqa: BLE001 - its errors have no common class
        raise refused(source, "it is damaged") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise refused(source, "it is damaged") from None


def _chosen(names: Sequence[str], wanted: str, source: str) -> int:
    """The place of a sheet by its name, in this case or else in another."""
    if wanted in names:
        return names.index(wanted)
    alike = [place for place, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    message = f"the workbook has no sheet {shown(wanted)}"
    raise _refused(source, "unknown-option", message, f"Write one of: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class _Cells:
    """What the reader gives of a sheet: cells from row `top` and column `left` on, from 0."""

    top: int
    left: int
    rows: list[list[str]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]]


def _read(sheet: "CalamineSheet") -> _Cells:
    top, left = sheet.start or (0, 0)
    rows = [[_WRITERS[type(cell)](cell) for cell in row] for row in sheet.to_python()]
    return _Cells(top, left, rows, sheet.merged_cell_ranges or [])


def _sheet(cells: _Cells, scan: Scan, source: str, told: str) -> Sheet:
    """A sheet with its lost cells put back, in rows of one length."""
    places = [*scan.lost, (cells.top, cells.left)] if cells.rows else [*scan.lost]
    top = min((row for row, _ in places), default=0)
    left = min((column for _, column in places), default=0)
    bottom = max([row for row, _ in scan.lost] + [cells.top + len(cells.rows) - 1])
    width = max((len(row) for row in cells.rows), default=0) + cells.left
    right = max([column for _, column in scan.lost] + [width - 1])
    rows = [[""] * (right - left + 1) for _ in range(bottom - top + 1)]
    for place, row in enumerate(cells.rows, start=cells.top - top):
        rows[place][cells.left - left : cells.left - left + len(row)] = row
    for (r, c), text in scan.lost.items():
        rows[r - top][c - left] = text
    for (r, c), value in scan.negative.items():
        _correct(rows, r - top, c - left, value)
    merged = [
        (first[0] - top, first[1] - left, min(last[1], right) - left)
        for first, last in cells.merged
        if first[0] == last[0] and first[1] >= left and top <= first[0] <= bottom
    ]
    return Sheet(source=source, told=told, first=top + 1, rows=rows, merged=merged)


def _correct(rows: list[list[str]], row: int, column: int, value: float) -> None:
    """A number below zero in place of the date that the reader makes of it."""
    if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
        cell = rows[row][column]
        if isinstance(cell, OtherCell) and not cell.startswith("-"):
            rows[row][column] = NumberCell(digits(value))


def _truth(value: bool) -> str:  # noqa: FBT001 - one of the kinds of cell
    return OtherCell("TRUE" if value else "FALSE")


def _moment(value: date | time) -> str:
    return OtherCell(value.isoformat())


def _duration(value: timedelta) -> str:
    """A duration in hours, minutes and seconds, as ISO 8601 has it: `PT49H30M`."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value, timedelta(minutes=1))
    parts = [(minutes // 60, "H"), (minutes % 60, "M"), (seconds.total_seconds(), "S")]
    told = "".join(f"{number:g}{unit}" for number, unit in parts if number)
    return OtherCell(f"{sign}PT{told or '0S'}")


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    bool: _truth,
    int: NumberCell,
    float: lambda value: NumberCell(digits(value)),
    datetime: _moment,
    date: _moment,
    time: _moment,
    timedelta: _duration,
}
