"""What the files of a workbook hold and its reader would lose, found before it reads them."""

from dataclasses import dataclass, field
from typing import Final

from immunotrack.problems import InvalidInput, Problem

LARGEST_AREA: Final = 2**25
"""The reader holds every cell between the first and the last, filled or not."""

MOST_LOST: Final = 2**20
"""More such cells than this are in no file that is worth reading."""

ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Error values by the numbers that binary workbooks have for them."""


@dataclass(slots=True)
class Scan:
    """One sheet: the area of its filled cells, and what the reader would lose.

    Args:
        source: What messages call the file.
        lost: Row and column, from 0, to the text of an error value, to a formula that was never
            calculated, or to a whole number of more digits than a double has.
        negative: Row and column to a number below zero, which is no date whatever its format.
    """

    source: str
    lost: dict[tuple[int, int], str] = field(default_factory=dict)
    negative: dict[tuple[int, int], float] = field(default_factory=dict)
    _rows: tuple[int, int] = (2**32, -1)
    _columns: tuple[int, int] = (2**32, -1)

    def fill(self, row: int, column: int, *, down: int = 1, right: int = 1) -> None:
        """Count a filled cell, or a block of them, into the area.

        Raises:
            InvalidInput: The area is larger than the reader can hold.
        """
        top, bottom = self._rows
        left, end = self._columns
        if top <= row and row + down - 1 <= bottom and left <= column <= column + right - 1 <= end:
            return
        self._rows = min(top, row), max(bottom, row + down - 1)
        self._columns = min(left, column), max(end, column + right - 1)
        if self.area > LARGEST_AREA:
            raise self._too_large("a sheet whose first and last cells are too far apart")

    @property
    def area(self) -> int:
        """How many cells the filled area has."""
        return max(0, self._rows[1] - self._rows[0] + 1) * max(
            0, self._columns[1] - self._columns[0] + 1
        )

    def number(self, row: int, column: int, value: float) -> None:
        """Count a cell that holds a number, and keep one below zero."""
        self.fill(row, column)
        if value < 0:
            self.negative[row, column] = value

    def lose(self, row: int, column: int, text: str, *, down: int = 1, right: int = 1) -> None:
        """Keep the text of a cell that the reader would give as empty or as another one."""
        self.fill(row, column, down=down, right=right)
        if len(self.lost) + down * right > MOST_LOST:
            raise self._too_large(
                f"a sheet with more than {MOST_LOST} error values or long numbers"
            )
        for r in range(row, row + down):
            for c in range(column, column + right):
                self.lost[r, c] = text

    def _too_large(self, message: str) -> InvalidInput:
        problem = Problem(
            code="too-large",
            source=self.source,
            message=message,
            fix="Delete stray cells below and beside the table, or save it as CSV.",
        )
        return InvalidInput([problem], unreadable=True)


def refused(source: str, message: str) -> InvalidInput:
    """A workbook that cannot be read as a whole."""
    problem = Problem(
        code="unreadable",
        source=source,
        message=f"the workbook cannot be read: {message}",
        fix="Open it in a spreadsheet program and save it again as .xlsx, without a password.",
    )
    return InvalidInput([problem], unreadable=True)
