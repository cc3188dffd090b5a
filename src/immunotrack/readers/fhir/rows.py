"""The rows of resources before they are a grid: cells by name, and what is wrong with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from immunotrack.problems import Problem, Severity
from immunotrack.readers.fhir.bundle import unreadable
from immunotrack.readers.fhir.element import WrongShape
from immunotrack.readers.grid import Grid


@dataclass(slots=True)
class Row:
    """One row.

    Args:
        fault: Which element is not what FHIR has in its place; empty where all are.
        aside: The code of the reason why the row is not used; empty where it is.
        warnings: Code and message of what is said of the row if it is used.
    """

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    aside: str = ""
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def fill(self, *columns: Callable[[], dict[str, str]]) -> None:
        """Add cells; an element of the wrong shape leaves its own cells empty."""
        for column in columns:
            try:
                self.cells |= column()
            except WrongShape as wrong:
                self.fault = self.fault or str(wrong)

    def set_aside(self, reason: Callable[[], str]) -> None:
        """Give the reason why the row is not used, if there is one."""
        try:
            self.aside = reason()
        except WrongShape as wrong:
            self.fault = self.fault or str(wrong)


def grid_of(source: str, header: Sequence[str], rows: Sequence[Row]) -> Grid:
    """The grid of some rows; a warning that several rows share is told once."""
    faulty = [(index, row) for index, row in enumerate(rows) if row.fault]
    used = [row for row in rows if not row.fault and not row.aside]
    return Grid(
        source=source,
        header=list(header),
        header_line=0,
        lines=[row.line for row in rows],
        rows=[[row.cells.get(name, "") for name in header] for row in rows],
        faults={index: "unreadable" for index, _ in faulty},
        aside={i: row.aside for i, row in enumerate(rows) if row.aside and not row.fault},
        problems=[
            *(unreadable(source, row.line, row.fault) for _, row in faulty),
            *_shared(source, used),
        ],
    )


def _shared(source: str, rows: Sequence[Row]) -> list[Problem]:
    told: dict[tuple[str, str], Problem] = {}
    for row in rows:
        for code, message in row.warnings:
            known = told.get((code, message))
            told[code, message] = (
                replace(known, rows=known.rows + 1)
                if known
                else warning(source, code, message, row.line)
            )
    return list(told.values())


def warning(source: str, code: str, message: str, line: int, rows: int = 1) -> Problem:
    """A warning of a row, or of several that share it."""
    return Problem(
        code=code,
        severity=Severity.WARNING,
        source=source,
        line=line,
        message=message,
        rows=rows,
    )
