"""The problem list of a source, for a spreadsheet and for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from immunotrack.narrative import Answer
from immunotrack.outputs import csv_cell, csv_line, defused
from immunotrack.problems import Problem
from immunotrack.readers import Source

COLUMNS: Final = (
    *("source", "line", "column", "value", "code", "severity", "message", "fix", "row"),
)
"""The columns of the list; `row` is the row itself, as a line of CSV."""


def problems_csv(source: Source, problems: Sequence[Problem]) -> bytes:
    """The list as CSV, one line for each problem of each row; text is defused."""
    rows = _rows_of(source)
    written = [csv_line(COLUMNS)]
    for line, problem in by_line(problems):
        row = csv_cell(defused(rows.get((problem.source, line), "")))
        written.append(listed(problem, "" if line is None else str(line), row))
    return "".join(f"{line}\n" for line in written).encode()


def by_line(problems: Iterable[Problem]) -> list[tuple[int | None, Problem]]:
    """Each problem with each of its lines, in the order of files and lines."""
    placed = [(line, problem) for problem in problems for line in problem.lines or (problem.line,)]
    return sorted(placed, key=lambda at: (at[1].source, at[0] or 0, *rank(at[1])))


def rank(problem: Problem) -> tuple[bool, str, str, str, str]:
    """The order of the problems of one line."""
    said = (problem.code, problem.column or "", problem.value or "", problem.message)
    return (not problem.is_error, *said)


def listed(problem: Problem, line: str, row: str) -> str:
    """One line of the list; `line` and `row` are its cells as CSV has them."""
    cells = problem.as_row()
    texts = ("" if cells[name] is None else str(cells[name]) for name in COLUMNS[2:-1])
    return f"{csv_cell(defused(problem.source))},{line},{csv_line(map(defused, texts))},{row}"


def problems_json(source: Source, problems: Sequence[Problem], answers: Sequence[Answer]) -> str:
    """The list as a JSON document, with how the source was read and what became of its rows."""
    told = {
        "source": source.name,
        "read": source.told,
        "rows": source.counts.as_dict(),
        "events": source.events.counts.as_dict(),
        "problems": [problem.as_row() for problem in problems],
        "narrative": [
            {"claim": a.check.claim, "quote": a.check.quote, "holds": a.holds, "why": a.why}
            for a in answers
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _rows_of(source: Source) -> dict[tuple[str, int | None], str]:
    """Each row of the source's files as a line of CSV, by file and line."""
    rows: dict[tuple[str, int | None], str] = {}
    for grid in (*source.grids, *source.others):
        for line, cells in zip(grid.lines, grid.rows, strict=True):
            rows[grid.source, line] = csv_line(cells)
    return rows
