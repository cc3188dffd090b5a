"""Delimited text: every line is a row, a comment, above the header, or blank."""

import re
import zlib

import campaign
import mutators
import oracle
import tables

from immunotrack.readers.delimited import read_grid
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.start import find_start
from immunotrack.readers.text import decode

SEEDS = [
    tables.text(tables.LONG),
    tables.text(tables.LONG, ";", "\r\n"),
    tables.text(tables.WIDE, "\t"),
    tables.text(tables.VISITS, "|", "\r"),
    tables.text(tables.EVENTS),
    "sep=;\r\n" + tables.text(tables.WIDE, ";", "\r\n"),
    "Report of today\nMade by: lab\n\n" + tables.text(tables.LONG) + "# end\n\n",
    tables.text(tables.LONG) + "\n" + tables.text(tables.LONG),
    'id,date,test,result,note\n1,2020-01-01,CD4,5,"two\nlines, and ""marks"""\n#x,,,,\n2,,"a\n',
]
_NOTHING = ' \t\r\n,;|"\ufeff\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0'


def check(data: bytes) -> None:
    """Read bytes as delimited text, all lines accounted for."""
    path = campaign.as_file(data, "input.csv")
    grid = oracle.accepted(lambda: read_grid(path, "input.csv"))
    if grid is not None:
        oracle.check_grid(grid)
        text, _, _ = decode(data, "input.csv")
        check_cells(text, grid)
        check_lines(text, grid)
    if campaign.one_file() or campaign.sampled(data):
        oracle.read_whole(path, options_for(data))


def options_for(data: bytes) -> Options:
    """Options by chance, the same for the same input."""
    number = zlib.crc32(data, 1)
    return Options(
        dates=("iso", "dmy", "mdy", "ymd")[number % 4],
        decimal=("auto", "point", "comma", "auto")[number // 4 % 4],
        duplicates=("refuse", "first", "last", "max", "mean")[number // 16 % 5],
        fill_down=number % 3 == 0,
    )


def physical(text: str) -> list[str]:
    """The lines of a text, as editors count them."""
    return re.split(r"\r\n|\n|\r", text)


def check_lines(text: str, grid: Grid) -> None:
    """Every line with content is one of a row, or told as something else."""
    lines = physical(text)
    covered: set[int] = set()
    starts = [(grid.header_line, grid.header), *zip(grid.lines, grid.rows, strict=True)]
    for line, cells in starts:
        height = 1 + sum(len(physical(cell)) - 1 for cell in cells)
        span = set(range(line, line + height))
        oracle.must(not span & covered, f"in two rows: line {line}")
        covered |= span
    rest = [
        n for n, line in enumerate(lines, 1) if n not in covered and line.strip(_NOTHING).strip()
    ]
    told = {problem.code: problem for problem in grid.problems}
    above = [n for n in rest if n < grid.header_line]
    if above and re.match(r'"?sep=', lines[above[0] - 1], re.IGNORECASE) and above[0] == 1:
        above = above[1:]
    if above:
        oracle.must("above-header" in told, f"above the header and not told: line {above[0]}")
        oracle.must((told["above-header"].line or 0) <= above[0], "the first line above the header")
    below = [n for n in rest if n > grid.header_line]
    marked = [n for n in below if lines[n - 1].lstrip("\ufeff").startswith(("#", '"#'))]
    oracle.must(below == marked, f"a line is lost: {sorted({*below} - {*marked})[:3]}")
    count = told["comment-line"].rows if "comment-line" in told else 0
    oracle.must(len(below) == count, f"comments that are not told: {len(below)}, {count}")


def check_cells(text: str, grid: Grid) -> None:
    """A row on one line is that line cut at the delimiter; one with a stray mark is told."""
    lines = physical(text)
    start = find_start(text, set())
    sign = start.delimiter if start else ","
    header = cells_of(lines[grid.header_line - 1], sign)
    whole = not any(end in cell for cell in grid.header for end in "\r\n")
    oracle.must(header != (), f"a stray mark is not told: {grid.header}")
    oracle.must(header or not whole, f"a stray mark is not told: {grid.header}")
    oracle.must(header == (*grid.header,) or not whole, f"the header: {grid.header}, {header}")
    for row, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
        found = cells_of(lines[line - 1], sign)
        if found is None and any(end in cell for cell in cells for end in "\r\n"):
            continue
        if not found:
            oracle.must(row in grid.faults, f"a stray mark is not told: line {line}, {cells}")
            continue
        fitted = [*found, *[""] * len(cells)][: len(cells)]
        oracle.must(cells == fitted or row in grid.faults, f"cells: line {line}, {cells}, {fitted}")


def cells_of(line: str, sign: str) -> tuple[str, ...] | None:
    """The cells of a line as RFC 4180 has them.

    None where a quoted cell goes on in the next line; empty where a mark stands in its middle.
    """
    cells: list[str] = []
    place = 0
    while True:
        if line[place : place + 1] == '"':
            cell, place = _quoted(line, place + 1)
            if place < 0:
                return None
        else:
            end = line.find(sign, place)
            cell = line[place:] if end < 0 else line[place:end]
            place += len(cell)
        cells.append(cell)
        if place == len(line):
            return tuple(cells)
        if line[place] != sign:
            return ()
        place += 1


def _quoted(line: str, place: int) -> tuple[str, int]:
    """The content of a quoted cell and the place behind it; -1 where it has no end."""
    cell = ""
    while place < len(line):
        if line[place] != '"':
            cell += line[place]
            place += 1
        elif line[place + 1 : place + 2] == '"':
            cell += '"'
            place += 2
        else:
            return cell, place + 1
    return cell, -1


if __name__ == "__main__":
    campaign.run("delimited", (seed.encode() for seed in SEEDS), check, mutators.text)
