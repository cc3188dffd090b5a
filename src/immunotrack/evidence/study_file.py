"""A delimited file of studies as a table of its cells."""

from pathlib import Path

from immunotrack.evidence.headers import roles
from immunotrack.evidence.rows import StudyTable, decimal_of
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.formats import format_of
from immunotrack.readers.grid import DecimalSign, Options


def read_study_file(path: Path, *, decimal: DecimalSign = "auto", encoding: str = "") -> StudyTable:
    """The rows of a delimited file of studies.

    Args:
        decimal: The decimal sign of its numbers; `auto` finds it where they allow one only.
        encoding: Empty to find it.

    Raises:
        InvalidInput: The file cannot be read, or has no row.
    """
    kind = format_of(path)
    if kind != "delimited":
        problem = Problem(
            code="unreadable",
            source=str(path),
            message=f"studies are read from delimited text, and the file is {kind}",
            fix="Save the table as CSV.",
        )
        raise InvalidInput([problem], unreadable=True)
    known = {name: name for name in roles()}
    grid = read_grid(path, options=Options(columns=known, encoding=encoding))
    cells = (cell for row in grid.rows for cell in row)
    return StudyTable(
        source=grid.source,
        header=grid.header,
        header_line=grid.header_line,
        rows=grid.rows,
        lines=grid.lines,
        decimal=decimal_of(cells) if decimal == "auto" else decimal,
        problems=grid.problems,
        faulty=frozenset({*grid.faults, *grid.aside}),
    )
