"""A row of a table of studies: its cells by what they hold, and what is wrong with them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Final

from immunotrack.evidence.arms import Fault, size_faults
from immunotrack.problems import Problem, Severity
from immunotrack.values import Kind, Reading, decimal_signs, parse_result

_ABSENT: Final = frozenset({Kind.EMPTY, Kind.MISSING})
"""Text that says that there is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """A table of studies as it was given: text from a file, text and numbers from a frame.

    Args:
        source: What messages call it.
        header_line: The physical line of the header; None where there are no lines.
        lines: For each row its physical line; empty for a frame.
        decimal: How numbers in text are read.
        problems: What is wrong with the file before its rows are read; `faulty` are the rows that
            cannot be read because of it.
    """

    source: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    header_line: int | None = None
    lines: Sequence[int] = ()
    decimal: Reading = "plain"
    problems: Sequence[Problem] = ()
    faulty: frozenset[int] = frozenset()


@dataclass(slots=True, kw_only=True)
class Row:
    """One row, which gathers its problems while it is read.

    Args:
        place: In words where there is no line to name: `row 3: `.
        headers: What a column holds, to its name in the table.
        cells: What a column holds, to the row's cell.
    """

    source: str
    line: int | None
    place: str
    decimal: Reading
    headers: Mapping[str, str]
    cells: Mapping[str, object]
    problems: list[Problem] = field(default_factory=list)

    def text(self, role: str) -> str:
        """A cell as text, without blanks around it; empty where there is none."""
        cell = self.cells.get(role)
        missing = cell is None or (isinstance(cell, float) and math.isnan(cell))
        return "" if missing else str(cell).strip()

    def has(self, role: str) -> bool:
        """Whether a cell holds anything but words for a missing number."""
        return parse_result(self.text(role), self.decimal).kind not in _ABSENT

    def number(self, role: str) -> float | None:
        """The number of a cell; None where there is none, and a problem where it is no number."""
        if not self.has(role):
            return None
        cell = self.cells[role]
        if isinstance(cell, Real) and not isinstance(cell, bool):
            number = float(cell)
        else:
            result = parse_result(self.text(role), self.decimal)
            plain = result.kind is Kind.NUMBER and not (result.percent or result.mark)
            if not plain or result.number is None:
                self.refuse("bad-number", role, "the cell is no number", _number_fix(result.kind))
                return None
            number = float(result.number)
        faults = list(size_faults(role, number))
        self.refuse_all(faults)
        return None if faults else number

    def refuse(
        self,
        code: str,
        role: str,
        message: str,
        fix: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a problem of a cell, or of the row where the role is empty."""
        self.problems.append(
            Problem(
                code=code,
                severity=severity,
                source=self.source,
                line=self.line,
                column=self.headers.get(role),
                value=self.text(role) if role in self.headers else None,
                message=f"{self.place}{message}",
                fix=fix,
            )
        )

    def refuse_all(self, faults: Iterable[Fault], arm: str = "") -> bool:
        """Add the problems of numbers of an arm; whether there were any."""
        found = list(faults)
        for fault in found:
            role = f"{fault.statistic}_{arm}" if arm else fault.statistic
            self.refuse(fault.code, role, fault.message, fault.fix)
        return bool(found)


def _number_fix(kind: Kind) -> str:
    if kind in {Kind.COMMA, Kind.AMBIGUOUS}:
        return "Say which decimal sign the numbers have: --decimal point or --decimal comma."
    return "Write the number alone, or leave the cell empty."


def rows_of(table: StudyTable, columns: Mapping[str, int]) -> list[Row]:
    """The rows of a table that can be read, in its order."""
    headers = {role: str(table.header[place]) for role, place in columns.items()}
    return [
        Row(
            source=table.source,
            line=table.lines[n] if table.lines else None,
            place="" if table.lines else f"row {n + 1}: ",
            decimal=table.decimal,
            headers=headers,
            cells={role: cells[place] for role, place in columns.items()},
        )
        for n, cells in enumerate(table.rows)
        if n not in table.faulty
    ]


def decimal_of(texts: Iterable[str]) -> Reading:
    """The decimal sign that all numbers of a table allow: a point where none of them tells."""
    allowed = frozenset({"point", "comma"})
    for text in texts:
        if "," in text or "." in text:
            allowed &= decimal_signs(text)
    return "comma" if allowed == {"comma"} else "point" if allowed == {"point"} else "plain"
