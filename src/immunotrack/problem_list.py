"""The problem list of a source, for a spreadsheet and for programs."""

import json
from collections.abc import Sequence
from typing import Final

from immunotrack.narrative import Answer
from immunotrack.outputs import csv_line, defused
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
    for problem in problems:
        for line in problem.lines or (problem.line,):
            cells = problem.as_row() | {"line": line, "row": rows.get((problem.source, line), "")}
            texts = ("" if cells[name] is None else str(cells[name]) for name in COLUMNS)
            written.append(csv_line(map(defused, texts)))
    return "".join(f"{line}\n" for line in written).encode()


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
