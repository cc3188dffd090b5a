"""Workbooks: each filled cell of a sheet's XML is in a row, in the header or above it."""

import io
import struct
import zipfile
from xml.etree import ElementTree as ET

import campaign
import mutators
import openpyxl
import oracle
import tables

from immunotrack.readers.compound import packed
from immunotrack.readers.excel import read_workbook
from immunotrack.readers.grid import Grid, Options

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def xlsx(*sheets: list[list[str]]) -> bytes:
    """A workbook with numbers as numbers."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append([_typed(cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _typed(cell: str) -> str | float | None:
    try:
        return float(cell) if not cell.startswith("0") or cell == "0" else cell
    except ValueError:
        return cell or None


def titled() -> bytes:
    """A workbook with a title, merged cells, an error, a date format and a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Results of today"])
    sheet.append([])
    sheet.append(["id", "date", "CD4", None, "CRP"])
    sheet.append([None, None, "count", "%", "mg/L"])
    sheet.append(["007", 43900, 350, 0.3, "<5"])
    sheet.append([None, 43901.5, -1, "#DIV/0!", "=1/0"])
    sheet.merge_cells("C3:D3")
    sheet["B5"].number_format = sheet["B6"].number_format = "yyyy-mm-dd"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    """An OpenDocument workbook."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            if not _is_number(c)
            else f'<table:table-cell office:value-type="float" office:value="{c}">'
            f"<text:p>{c}</text:p></table:table-cell>"
            for c in (cell.replace("<", "&lt;") for cell in row)
        )
        + "</table:table-row>"
        for row in rows
    )
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0"'
        f' xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0">'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="S">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return file.getvalue()


def _is_number(cell: str) -> bool:
    return isinstance(_typed(cell), float)


def xls(rows: list[list[str]]) -> bytes:
    """A workbook of Excel 97, of texts, numbers and an error value."""
    body = b"".join(
        _label(r, c, cell) if not _is_number(cell) else _number(r, c, float(cell))
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
        if cell
    )
    sheet = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6)) + body
    sheet += _record(0x205, struct.pack("<HHHBB", len(rows), 0, 0, 0x07, 1)) + _record(0x0A)
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6))
    place = len(start) + 4 + 6 + 2 + 1 + 4
    start += _record(0x85, struct.pack("<IHBB", place, 0, 1, 0) + b"S") + _record(0x0A)
    return packed(start + sheet, "seed")


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _label(row: int, column: int, cell: str) -> bytes:
    text = cell.encode("utf-16-le")
    return _record(0x204, struct.pack("<HHHHB", row, column, 0, len(text) // 2, 1) + text)


def _number(row: int, column: int, value: float) -> bytes:
    return _record(0x203, struct.pack("<HHHd", row, column, 0, value))


SEEDS = [
    xlsx(tables.LONG),
    xlsx(tables.WIDE, tables.EVENTS),
    titled(),
    ods(tables.LONG),
    ods(tables.WIDE),
    xls(tables.LONG),
    xls(tables.WIDE),
]


def check(data: bytes) -> None:
    """Read bytes as a workbook."""
    path = campaign.as_file(data, "input.xlsx")
    grids = oracle.accepted(lambda: read_workbook(path, "input.xlsx", Options()))
    for grid in grids or []:
        oracle.check_grid(grid)
        oracle.check_numbers(grid)
    if grids and data.startswith(b"PK") and len(grids) == 1:
        check_sheet(data, grids[0])
    if campaign.one_file() or (campaign.sampled(data) and grids):
        oracle.read_whole(path, Options(fill_down=len(data) % 2 == 0))


def check_sheet(data: bytes, grid: Grid) -> None:
    """Of a workbook of one sheet every row that has a cell is accounted for."""
    filled = filled_rows(data)
    if filled is None or not grid.header:
        return
    heads = {grid.header_line, grid.header_line - 1, grid.header_line + 1}
    below = {row for row in filled if row > grid.header_line}
    lost = below - {*grid.lines} - heads
    oracle.must(not lost, f"rows of the sheet are lost: {sorted(lost)[:5]} of {sorted(filled)[:9]}")
    above = {row for row in filled if row < grid.header_line} - heads
    told = sum(problem.rows for problem in grid.problems if problem.code == "above-header")
    oracle.must(told >= len(above), f"rows above the header are not told: {len(above)}, {told}")


def filled_rows(data: bytes) -> set[int] | None:
    """The rows with a number, an error or a text in a cell, by the XML alone; None if unsure."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if "worksheets/sheet" in name]
        if len(names) != 1:
            return None
        try:
            root = ET.fromstring(archive.read(names[0]))
        except ET.ParseError:
            return None
    rows: set[int] = set()
    number = 0
    for row in root.iter(f"{_MAIN}row"):
        number = int(row.get("r", number + 1))
        for cell in row.iter(f"{_MAIN}c"):
            place = "".join(c for c in cell.get("r", "") if c.isdigit())
            value = cell.findtext(f"{_MAIN}v", "").strip()
            if value and cell.get("t", "n") in {"n", "e", "str"}:
                rows.add(int(place) if place else number)
    return rows


if __name__ == "__main__":

    def mutate(data: bytes, chance: object) -> bytes:
        """A change that fits the kind of workbook."""
        return (mutators.members if data.startswith(b"PK") else mutators.sectors)(data, chance)

    campaign.run("excel", SEEDS, check, mutate)
