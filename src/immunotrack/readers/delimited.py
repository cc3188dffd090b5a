"""Delimited text files: comma, semicolon, tab or bar; every cell as text, nothing inferred."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.grid import Grid
from immunotrack.settings import unreadable

DELIMITERS: Final = (",", ";", "\t", "|")


def read_grid(path: Path, name: str = "") -> Grid:
    """The cells of a delimited file with a header.

    Args:
        name: What messages call the file; its path as given, if empty.

    A record is taken to start a stray quotation mark, and its lines are read again one by one,
    where one of its cells swallows what looks like further rows.

    Raises:
        InvalidInput: The file cannot be read, is empty, or holds a header only.
    """
    source = name or str(path)
    lines = list(io.StringIO(_text(path), newline=""))
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise _refused(source, "empty-file", "the file is empty", "Export it again.")
    delimiter = max(DELIMITERS, key=lines[first].count)
    records = _records(lines, first, delimiter)
    start, header, _ = next(records)
    grid = Grid(
        source=source,
        header=[name.strip() for name in header],
        header_line=start + 1,
        lines=[],
        rows=[],
        faults={},
        problems=[],
    )
    for number, cells, stray in records:
        _add(grid, number + 1, cells, stray)
    if not grid.rows:
        raise _refused(source, "no-rows", "the file has a header and no row", "Export it again.")
    return grid


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(
            code="unreadable",
            source=str(path),
            line=line,
            message=f"the byte 0x{data[error.start]:02x} is not UTF-8 text",
            fix="Save the file as UTF-8.",
        )
        raise InvalidInput([problem], unreadable=True) from None


def _refused(source: str, code: str, message: str, fix: str) -> InvalidInput:
    return InvalidInput(
        [Problem(code=code, source=source, message=message, fix=fix)], unreadable=True
    )


def _records(lines: list[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str], int]]:
    """Each record: the index of its first line, its cells, how many lines a stray quote took."""
    start, width = first, 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter)
        begun, stray = start, 0
        while not stray:
            record = begun
            try:
                cells = next(reader, None)
                begun = start + reader.line_num
            except csv.Error:  # a cell beyond the csv module's limit: a quote that never closes
                cells, begun = [], len(lines)
            if cells is None:
                return
            if begun - record > 1 and _swallows(lines, record, begun, cells, delimiter, width):
                stray = begun - record - 1
                cells = lines[record].rstrip("\r\n").split(delimiter)
            width = width or len(cells)
            if cells:
                yield record, cells, stray
        start = record + 1


def _swallows(
    lines: list[str], start: int, end: int, cells: list[str], delimiter: str, width: int
) -> bool:
    """Whether a record of several lines looks like rows run together by a quotation mark."""
    if not cells:
        return True
    unclosed = end == len(lines) and "".join(lines[start:end]).count('"') % 2 == 1
    return unclosed or any(
        line.count(delimiter) >= max(width - 1, 1)
        for cell in cells
        for line in cell.splitlines()[1:]
    )


def _add(grid: Grid, line: int, cells: list[str], stray: int) -> None:
    width = len(grid.header)
    if not any(cell.strip() for cell in cells):
        return
    extra = len(cells) - width
    fault = None
    if stray:
        fault = Problem(
            code="stray-quote",
            source=grid.source,
            line=line,
            message=f"a quotation mark opens a cell here and takes in {stray} of the next lines, "
            "which are read as rows of their own",
            fix="Delete the quotation mark, or close it in the same cell.",
        )
    elif extra < 0 or any(cell.strip() for cell in cells[width:]):
        fault = Problem(
            code="ragged-row",
            source=grid.source,
            line=line,
            message=f"{len(cells)} cells where the header has {width}",
            fix="Quote a cell that holds the delimiter, or add the missing cells.",
        )
    if fault:
        grid.faults[len(grid.rows)] = fault.code
        grid.problems.append(fault)
    grid.lines.append(line)
    grid.rows.append((cells + [""] * max(-extra, 0))[:width])
