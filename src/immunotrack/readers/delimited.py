"""Delimited text files: comma, semicolon, tab or bar; every cell as text, nothing inferred."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from immunotrack.problems import InvalidInput, Problem, Severity, ordered
from immunotrack.readers.files import LONGEST_LINE, read_bytes
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import plain_header
from immunotrack.readers.inflated import unzipped
from immunotrack.readers.record import LONGEST_CELL, Record, Records, long_cells
from immunotrack.readers.start import Start, find_start
from immunotrack.readers.text import decode


def read_grid(path: Path, name: str = "", options: Options | None = None) -> Grid:
    """The cells of a delimited file with a header.

    Args:
        name: What messages call the file; its path as given, if empty.

    A quotation mark that opens a cell and is not closed as RFC 4180 has it (or is closed in a row
    of another width) is stray: its line is a row with a fault, and the next line starts a new row.

    Raises:
        InvalidInput: The file cannot be read, is empty, holds a header only, or a cell that is
            too long.
    """
    source, options = name or str(path), options or Options()
    data = unzipped(read_bytes(path, source, line=LONGEST_LINE), source)
    text, encoding, problems = decode(data, source, options.encoding)
    with long_cells():
        start = find_start(text, {plain_header(column) for column in options.columns.values()})
        if start is None:
            raise _refused(source, "empty-file", "the file is empty", "Export it again.")
        grid = _grid(text, source, start)
    if not grid.rows:
        raise _refused(source, "no-rows", "the file has a header and no row", "Export it again.")
    told = [encoding] * (encoding != "UTF-8") + start.told
    return replace(grid, problems=ordered([*problems, *grid.problems]), told="; ".join(told))


def _refused(
    source: str, code: str, message: str, fix: str, line: int | None = None
) -> InvalidInput:
    problem = Problem(code=code, source=source, line=line, message=message, fix=fix)
    return InvalidInput([problem], unreadable=True)


def _grid(text: str, source: str, start: Start) -> Grid:
    """The grid of a text, with every problem but those of its encoding."""
    records = Records(text, start.delimiter, start.line)
    table = DelimitedTable(source, next(records), start.delimiter)
    comments = _comments(text, start, table.width)
    skipped = set(comments)
    for record in records:
        if record.line not in skipped:
            table.add(record)
    grid = table.grid
    again = [grid.lines[row] for row, code in grid.aside.items() if code == "repeated-header"]
    problems = [*grid.problems, *table.ragged_rows()]
    problems += lines_above(source, start.above) + comment_lines(source, comments)
    problems += header_lines(source, again)
    return replace(grid, problems=problems)


def _comments(text: str, start: Start, width: int) -> list[int]:
    """The lines below the header that begin with # and are no rows."""
    if "\n#" not in text and "\r#" not in text:
        return []
    rows = marked = 0
    found = []
    for record in islice(Records(text, start.delimiter, start.line), 1, None):
        whole = len(record.cells) == width and filled_cells(record.cells[1:])
        rows += whole
        marked += whole and record.cells[0].startswith("#")
        if record.opening.startswith("#"):
            found.append((record.line, whole))
    if marked and marked * 2 >= rows:
        return []
    return [line for line, whole in found if not whole or marked == 1]


class DelimitedTable:
    """The grid of a delimited text while it grows."""

    def __init__(self, source: str, header: Record, delimiter: str) -> None:
        self.grid = Grid(
            source=source, header=header.cells, header_line=header.line, lines=[], rows=[]
        )
        self.width = len(header.cells)
        self._names = plain_names(header.cells)
        self._delimiter = delimiter
        self.ragged: dict[int, int] = {}
        self._refuse_too_large(header)
        if header.fault:
            raise InvalidInput([_stray(source, header)], unreadable=True)

    def add(self, record: Record) -> None:
        """Add a record as a row, with what is wrong with it as a whole."""
        cells = record.cells
        first = cells[0].strip()
        if record.height > 1 or record.fault or len(cells) != self.width:
            self._judge(record)
            cells = (cells + [""] * (self.width - len(cells)))[: self.width]
        elif not first or first.endswith(self._names[0]):
            self._judge(record)
        self.grid.lines.append(record.line)
        self.grid.rows.append(cells)

    def _judge(self, record: Record) -> None:
        """Note what is wrong with a record that is about to be added."""
        self._refuse_too_large(record)
        grid, cells, row = self.grid, record.cells, len(self.grid.rows)
        if record.fault:
            grid.faults[row] = record.fault
            grid.problems.append(_stray(grid.source, record))
        elif not filled_cells(cells):
            grid.aside[row] = "empty-row"
            grid.problems.append(blank_row(grid.source, record.line))
        elif len(cells) < self.width or filled_cells(cells[self.width :]):
            grid.faults[row] = "ragged-row"
            self.ragged[row] = len(cells)
        elif plain_names(cells[: self.width]) == self._names:
            grid.aside[row] = "repeated-header"
        elif record.height > 1 and self._rows_inside(cells):
            grid.problems.append(_row_like(grid.source, record))

    def _refuse_too_large(self, record: Record) -> None:
        if record.fault == "too-large":
            raise _refused(
                self.grid.source,
                "too-large",
                f"a cell is longer than {LONGEST_CELL // 2**20} MiB",
                "Close the quotation mark that opens it, or check that it is the "
                "laboratory's export.",
                record.line,
            )

    def _rows_inside(self, cells: list[str]) -> bool:
        """Whether a cell of several lines has lines with as many delimiters as a row."""
        inner = (line for cell in cells for line in cell.splitlines()[1:-1])
        count = self.width - 1
        return count > 1 and any(line.count(self._delimiter) == count for line in inner)

    def ragged_rows(self) -> list[Problem]:
        """The rows with more or fewer cells than the header."""
        grid = self.grid
        rows = len(grid.rows) - len(grid.aside)
        usual = usual_width(Counter(self.ragged.values()), self.width, rows, self._delimiter)
        return [
            ragged_row(grid.source, grid.lines[row], count, self.width, usual)
            for row, count in self.ragged.items()
        ]


def usual_width(widths: Counter[int], width: int, rows: int, delimiter: str) -> int:
    """The number of cells that at least half of the rows have, because cells hold commas; or 0.

    Args:
        widths: How many rows have each number of cells that is not the header's.
    """
    extra = Counter({count: number for count, number in widths.items() if count > width})
    usual, number = extra.most_common(1)[0] if extra else (0, 0)
    return usual if delimiter == "," and number * 2 >= rows else 0


def ragged_row(source: str, line: int, count: int, width: int, usual: int) -> Problem:
    """The problem of a row with more or fewer cells than the header."""
    return Problem(
        code="ragged-row",
        source=source,
        line=line,
        message=f"{count} cells where the header has {width}",
        fix="Quote a cell that holds the delimiter, or export with semicolons."
        if count == usual
        else "Quote a cell that holds the delimiter, or add the missing cells.",
    )


def plain_names(cells: list[str]) -> list[str]:
    """The cells of a header as they are compared; a mark of the encoding is none of the text."""
    return [cell.removeprefix("\ufeff").strip() for cell in cells]


def filled_cells(cells: list[str]) -> bool:
    """Whether a cell holds more than blanks."""
    return any(cell.strip() for cell in cells)


def _stray(source: str, record: Record) -> Problem:
    return Problem(
        code="stray-quote",
        source=source,
        line=record.line,
        message="a quotation mark opens a cell here and is not closed where the cell ends; "
        "the lines after it are read as rows of their own",
        fix="Delete the quotation mark, or close it at the end of the cell.",
    )


def blank_row(source: str, line: int) -> Problem:
    """The warning of a row whose cells are all empty."""
    return Problem(
        code="empty-row",
        severity=Severity.WARNING,
        source=source,
        line=line,
        message="a row of empty cells holds no result",
    )


def _row_like(source: str, record: Record) -> Problem:
    taken = f"a quoted cell takes in {record.height - 1} of the next lines"
    return Problem(
        code="stray-quote",
        severity=Severity.WARNING,
        source=source,
        line=record.line,
        message=f"{taken}, and some look like rows",
        fix="If they are rows, delete the quotation marks around them.",
    )


def lines_above(source: str, lines: Sequence[int]) -> list[Problem]:
    """The warning about the lines above the header, if there are any."""
    message = (
        f"lines {lines[0]} to {lines[-1]} stand above the header and are not rows"
        if len(lines) > 1
        else "the line stands above the header and is not a row"
    )
    fix = "If the header is among them, name its columns with --map."
    return _shared(source, "above-header", lines, message, fix)


def comment_lines(source: str, lines: Sequence[int]) -> list[Problem]:
    """The warning about the comments below the header, if there are any."""
    message = "the line begins with # and is read as a comment, not as a row"
    fix = "If it is a row, put its first cell in quotation marks."
    return _shared(source, "comment-line", lines, message, fix)


def header_lines(source: str, lines: Sequence[int]) -> list[Problem]:
    """The warning about the headers between the rows, if there are any."""
    message = "the header stands here again, between the rows"
    return _shared(source, "repeated-header", lines, message)


def _shared(
    source: str, code: str, lines: Sequence[int], message: str, fix: str = ""
) -> list[Problem]:
    """One warning for all the lines that it is about, or none."""
    if not lines:
        return []
    warning = Problem(
        code=code,
        severity=Severity.WARNING,
        source=source,
        line=lines[0],
        message=message,
        fix=fix,
        rows=len(lines),
    )
    return [warning]
