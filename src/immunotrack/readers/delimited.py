"""Delimited text files: comma, semicolon, tab or bar; every cell as text, nothing inferred."""

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.readers.grid import Grid
from immunotrack.settings import unreadable

DELIMITERS: Final = (",", ";", "\t", "|")


def read_grid(path: Path, name: str = "") -> Grid:
    """The cells of a delimited file with a header.

    Args:
        name: What messages call the file; its path as given, if empty.

    A quotation mark that opens a cell and is not closed as RFC 4180 has it (or is closed in a row
    of another width) is stray: its line is a row with a fault, and the next line starts a new row.

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
        header=header,
        header_line=start + 1,
        lines=[],
        rows=[],
        faults={},
        problems=[],
    )
    for number, cells, end in records:
        _add(grid, number, cells, end, lines)
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


_STRAY: Final = -1
"""In place of a record's end: a quotation mark opens a cell and is not closed."""


def _records(lines: list[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str], int]]:
    """Each record: the index of its first line, its cells, the index after its last line."""
    start, width = first, 0
    while start < len(lines):
        reader = csv.reader(
            map(lines.__getitem__, range(start, len(lines))), delimiter=delimiter, strict=True
        )
        end = start
        while True:
            record = end
            try:
                with _any_length():
                    cells = next(reader, None)
            except csv.Error:
                break
            if cells is None:
                return
            end = start + reader.line_num
            if end - record > 1 and width and len(cells) != width:
                break
            width = width or len(cells)
            yield record, cells, end
        yield record, *_lone(lines[record], record + 1, delimiter)
        start = record + 1


def _lone(line: str, end: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of one line by itself, and whether a quotation mark in it is stray."""
    with _any_length():
        try:
            return next(csv.reader([line], delimiter=delimiter, strict=True)), _STRAY
        except csv.Error as error:
            if "unexpected end" in str(error):
                return line.rstrip("\r\n").split(delimiter), _STRAY
        return next(csv.reader([line], delimiter=delimiter)), end


@contextmanager
def _any_length() -> Iterator[None]:
    """Let a cell be as long as it is; the csv module's own limit is put back."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _add(grid: Grid, start: int, cells: list[str], end: int, lines: list[str]) -> None:
    """Add a record to the grid, with what is wrong with it as a whole."""
    width = len(grid.header)
    blank = not any(cell.strip() for cell in cells)
    if blank and len(cells) < 2:
        return
    problem = _fault(grid, start, cells, end) or (_empty(grid, start) if blank else None)
    if problem:
        grid.faults[len(grid.rows)] = problem.code
        grid.problems.append(problem)
    elif end - start > 1 and _rows_inside(cells, lines[start:end], width):
        grid.problems.append(_row_like(grid, start, end - start))
    grid.lines.append(start + 1)
    grid.rows.append((cells + [""] * max(width - len(cells), 0))[:width])


def _fault(grid: Grid, start: int, cells: list[str], end: int) -> Problem | None:
    width = len(grid.header)
    if end == _STRAY:
        return Problem(
            code="stray-quote",
            source=grid.source,
            line=start + 1,
            message="a quotation mark opens a cell here and is not closed where the cell ends; "
            "the lines after it are read as rows of their own",
            fix="Delete the quotation mark, or close it at the end of the cell.",
        )
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return Problem(
            code="ragged-row",
            source=grid.source,
            line=start + 1,
            message=f"{len(cells)} cells where the header has {width}",
            fix="Quote a cell that holds the delimiter, or add the missing cells.",
        )
    return None


def _empty(grid: Grid, start: int) -> Problem:
    return Problem(
        code="empty-row",
        severity=Severity.WARNING,
        source=grid.source,
        line=start + 1,
        message="a row of empty cells holds no result",
    )


def _rows_inside(cells: list[str], lines: list[str], width: int) -> bool:
    """Whether a cell of several lines has lines with as many delimiters as a row."""
    delimiter = max(DELIMITERS, key=lines[0].count)
    inner = (line for cell in cells for line in cell.splitlines()[1:-1])
    return width > 2 and any(line.count(delimiter) == width - 1 for line in inner)


def _row_like(grid: Grid, start: int, count: int) -> Problem:
    return Problem(
        code="stray-quote",
        severity=Severity.WARNING,
        source=grid.source,
        line=start + 1,
        message=f"a quoted cell takes in {count - 1} of the next lines, and some look like rows",
        fix="If they are rows, delete the quotation marks around them.",
    )
