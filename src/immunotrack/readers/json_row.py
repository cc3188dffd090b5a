"""A JSON object as a row of a table: its cells, and what is wrong with it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from immunotrack.problems import Problem
from immunotrack.readers.delimited import blank_row, filled_cells
from immunotrack.readers.grid import NumberCell
from immunotrack.readers.json_text import Broken, decode


@dataclass(frozen=True, slots=True)
class JsonRow:
    """An object of the file as a row.

    Args:
        cells: Text by key; a number is a `NumberCell` with its digits as written.
        note: The code of what is wrong with the row as a whole, or empty.
        is_aside: The row holds nothing; with another note it is wrong.
        problems: What is wrong with it, but for `words`.
        words: The keys whose value is true or false.
    """

    cells: dict[str, str] = field(default_factory=dict)
    note: str = ""
    is_aside: bool = False
    problems: Sequence[Problem] = ()
    words: Sequence[str] = ()


def json_row(text: str, source: str, line: int) -> JsonRow:
    """A line as a row; what is wrong with it is told, and nothing raised."""
    if not text.strip():
        return JsonRow(note="empty-row", is_aside=True, problems=[blank_row(source, line)])
    try:
        value, _ = decode(text)
    except Broken as broken:
        message = f"{broken.message}, at column {broken.column}"
        return _broken(text, source, line, message)
    if isinstance(value, dict):
        return _row(value, source, line)
    return _broken(text, source, line, _in_place(value))


def item_row(value: object, source: str, line: int) -> JsonRow:
    """An item of an array as a row, as `json_row` has it."""
    if isinstance(value, dict):
        return _row(value, source, line)
    return _broken(_cell(value), source, line, _in_place(value), "Write the row as one object")


def _in_place(value: object) -> str:
    return f"{'a list' if isinstance(value, list) else 'a single value'} in place of an object"


def _broken(
    text: str,
    source: str,
    line: int,
    message: str,
    advice: str = "Write the row as one object on one line",
) -> JsonRow:
    problem = Problem(
        code="broken-line",
        source=source,
        line=line,
        value=text.strip(),
        message=message,
        fix=f'{advice}: {{"patient": "P1", …}}.',
    )
    return JsonRow(note=problem.code, problems=[problem])


def _row(value: dict[str, object], source: str, line: int) -> JsonRow:
    cells = {key: _cell(cell) for key, cell in value.items()}
    nested = [key for key, cell in value.items() if isinstance(cell, dict | list)]
    words = [key for key, cell in value.items() if isinstance(cell, bool)]
    if nested:
        problems = [_nested(source, line, key, cells[key]) for key in nested]
        return JsonRow(cells, problems[0].code, problems=problems, words=words)
    if not filled_cells(list(cells.values())):
        return JsonRow(cells, "empty-row", is_aside=True, problems=[blank_row(source, line)])
    return JsonRow(cells, words=words)


def _nested(source: str, line: int, key: str, cell: str) -> Problem:
    return Problem(
        code="nested-value",
        source=source,
        line=line,
        column=key,
        value=cell,
        message="a list or an object is no cell",
        fix="Write a text or a number, each under a key of its own, or leave the key out.",
    )


def _cell(value: object) -> str:
    """A value as a cell: a text and a number as they are, null as nothing, others as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else _written(value)


def _written(value: object) -> str:
    """A value as JSON, its numbers as they were."""
    if isinstance(value, NumberCell):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        members = (f"{_written(key)}: {_written(item)}" for key, item in value.items())
        return f"{{{', '.join(members)}}}"
    return json.dumps(value, ensure_ascii=False)
