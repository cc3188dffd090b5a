"""NDJSON tables: every line is a row, and every cell the value that a plain JSON reader gives."""

import json

import campaign
import mutators
import oracle
import tables

from immunotrack.readers.documents import text_lines, text_of
from immunotrack.readers.grid import Grid, NumberCell, Options
from immunotrack.readers.json_rows import read_json_rows


def objects(rows: list[list[str]], end: str = "\n", **how: object) -> str:
    """A table as objects, a cell that is a number as one, an empty cell as nothing."""
    header, *below = rows
    found = [
        {name: number(cell) for name, cell in zip(header, row, strict=True) if cell}
        for row in below
    ]
    return "".join(json.dumps(row, **how) + end for row in found)


def number(cell: str) -> object:
    """A cell as JSON has it."""
    try:
        return json.loads(cell)
    except ValueError:
        return cell


SEEDS = [
    objects(tables.LONG),
    objects(tables.LONG, "\r\n", ensure_ascii=False, separators=(",", ":")),
    objects(tables.WIDE, "\n\n"),
    objects(tables.EVENTS, indent=None),
    objects(tables.LONG)
    + '{"a": true, "b": null, "c": [1.50, {"d": "x"}]}\n{"a": 1e3, "a": 2}\n[]\n',
]


def check(data: bytes) -> None:
    """Read bytes as such a table."""
    path = campaign.as_file(data, "input.ndjson")
    grids = oracle.accepted(lambda: read_json_rows(path, "input.ndjson", Options()))
    if grids:
        oracle.check_grid(grids[0])
        check_rows(list(text_lines(text_of(data, "input.ndjson"))), grids[0])
    if campaign.one_file() or campaign.sampled(data):
        oracle.read_whole(path, Options(format="ndjson"))


def check_rows(lines: list[str], grid: Grid) -> None:
    """Each line is a row; one that any JSON reader takes as an object has its values."""
    oracle.must(grid.lines == [*range(1, len(lines) + 1)], f"lines are lost: {len(lines)}")
    for place, (line, cells) in enumerate(zip(lines, grid.rows, strict=True)):
        try:
            found = json.loads(line, parse_float=NumberCell, parse_int=NumberCell)
        except (ValueError, RecursionError):
            oracle.must(place in grid.faults or not line.strip(), f"broken, not told: {line!r}")
            continue
        if not isinstance(found, dict):
            oracle.must(place in grid.faults, f"no object, not told: {line!r}")
        elif place not in grid.faults:
            check_cells(found, dict(zip(grid.header, cells, strict=True)))


def check_cells(found: dict[str, object], cells: dict[str, str]) -> None:
    """The cells of a row are the values of its object, numbers as they were written."""
    for key, value in found.items():
        if any("\ud800" <= letter <= "\udfff" for letter in f"{key}{value}"):
            continue
        plain = "" if value is None else str(value).lower() if isinstance(value, bool) else value
        oracle.must(cells[key] == plain, f"another cell: {value!r} is {cells[key]!r}")
        oracle.must(type(cells[key]) is type(plain), f"a number that is text: {value!r}")


if __name__ == "__main__":
    campaign.run("json_rows", (seed.encode() for seed in SEEDS), check, mutators.text)
