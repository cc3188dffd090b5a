"""The table within a sheet: where its header stands, and which of its rows are rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import Final

from immunotrack.problems import Problem, Severity, counted
from immunotrack.readers.grid import Grid, NumberCell

Score = Callable[[Sequence[str]], int]

_SEARCHED: Final = 100
"""A header stands within so many filled rows from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The cells of a sheet as text.

    Args:
        source: What messages call the sheet.
        told: Its name, and whether it is hidden.
        first: The number that its first row has in the spreadsheet program.
        rows: All of one length.
        merged: Row, first and last column of each merged block of one row, from 0 in `rows`.
    """

    source: str
    told: str
    first: int
    rows: list[list[str]]
    merged: list[tuple[int, int, int]]


def filled_cells(header: Sequence[str]) -> int:
    """How many cells are not empty: how like a header a row is, where no names are known."""
    return sum(bool(cell.strip()) for cell in header)


def sheet_grid(sheet: Sheet, score: Score = filled_cells) -> Grid:
    """The table of a sheet.

    The header is the first row of at least two cells, all of them text, that has more than two
    thirds of the highest score of any such row; where no row has a score, that is about as wide
    as rows usually are. A row above it with cells merged over several columns names these columns
    together with the header. A sheet without a header has no row.

    Args:
        score: How many cells of a row are known names.
    """
    place = _header_place(sheet, score)
    if place is None:
        return _not_read(sheet)
    top = place - 1 if _is_group(sheet, place - 1, place) else place
    if top == place and _is_whole_group(sheet, place):
        place += 1
    return _Table(sheet, top, place).grid()


def _header_place(sheet: Sheet, score: Score) -> int | None:
    """The row of the header, by the names in it or else by its width."""
    filled = [place for place, row in enumerate(sheet.rows) if filled_cells(row)][:_SEARCHED]
    likely = [
        place
        for place in filled
        if filled_cells(sheet.rows[place]) > 1 and _is_text(sheet.rows[place])
    ]
    scores = {place: score(sheet.rows[place]) for place in likely}
    best = max(scores.values(), default=0)
    if score is filled_cells or not best:
        return _as_wide_as_usual(sheet, filled, likely)
    return next(place for place in likely if 3 * scores[place] > 2 * best)


def _as_wide_as_usual(sheet: Sheet, filled: list[int], likely: list[int]) -> int | None:
    """The first row with more than two thirds of the cells of a usual row, or as many to its end.

    A merged cell counts once for each column.
    """
    counts = {place: filled_cells(sheet.rows[place]) for place in filled}
    for place, left, right in sheet.merged:
        if place in counts:
            counts[place] += right - left
    ends = {place: _end(sheet.rows[place]) for place in filled}
    usual = median_high(counts.values()) if counts else 0
    end = median_high(ends.values()) if ends else 0
    return next(
        (n for n in likely if 3 * counts[n] - 2 * usual > (-1 if ends[n] >= end else 0)), None
    )


def _end(row: list[str]) -> int:
    """The last column with a filled cell."""
    return max(column for column, cell in enumerate(row) if cell.strip())


def _is_text(row: Sequence[str]) -> bool:
    """Whether no cell of a row is held as a number, a date or another thing than text."""
    return not any(isinstance(cell, NumberCell | OtherCell) for cell in row)


class OtherCell(str):
    """A cell that its file holds as a date, a time or a truth value."""

    __slots__ = ()


def _is_group(sheet: Sheet, top: int, place: int) -> bool:
    """Whether a row names several columns of the header below it at once.

    A title is merged over columns too: it starts at the first column and stands alone.
    """
    if top < 0 or place >= len(sheet.rows) or not _is_text(sheet.rows[top] + sheet.rows[place]):
        return False
    below = [column for column, cell in enumerate(sheet.rows[place]) if cell.strip()]
    spans = [(left, right) for row, left, right in sheet.merged if row == top]
    alone = filled_cells(sheet.rows[top]) == 1
    return any(
        sum(left <= column <= right for column in below) > 1
        and not (alone and left <= min(below))
        and sheet.rows[top][left].strip()
        for left, right in spans
    )


def _is_whole_group(sheet: Sheet, top: int) -> bool:
    """Whether the row below a header names nothing but what is merged in it: it is no row."""
    if not _is_group(sheet, top, top + 1):
        return False
    under = {
        column
        for row, left, right in sheet.merged
        if row == top and left < right
        for column in range(left, right + 1)
    }
    below = sheet.rows[top + 1]
    return all(column in under for column, cell in enumerate(below) if cell.strip())


def _not_read(sheet: Sheet) -> Grid:
    problem = Problem(
        code="not-read",
        severity=Severity.WARNING,
        source=sheet.source,
        message="no row of the sheet is a header: text in at least two cells",
        fix="Give the table a row of column names.",
    )
    return Grid(
        source=sheet.source,
        header=[],
        header_line=0,
        lines=[],
        rows=[],
        problems=[problem],
        told=f"{sheet.told}; not read",
    )


class _Table:
    """The rows of a sheet from its header on, those columns left out that are wholly empty."""

    def __init__(self, sheet: Sheet, top: int, place: int) -> None:
        self.sheet, self.top, self.place = sheet, top, place
        self.body = _without_end(sheet.rows[place + 1 :])
        names = self.names()
        self.width = 1 + max(column for column, name in enumerate(names) if name)
        used = [
            column
            for column in range(self.width)
            if names[column] or any(row[column].strip() for row in self.body)
        ]
        self.used = used
        self.header = [names[column] for column in used]
        self.problems: list[Problem] = []
        self.faults: dict[int, str] = {}
        self.aside: dict[int, str] = {}

    def names(self) -> list[str]:
        """The names of the columns; a name over several stands before that of each."""
        names = list(self.sheet.rows[self.place])
        if self.top == self.place:
            return names
        above = list(self.sheet.rows[self.top])
        for row, left, right in self.sheet.merged:
            if row == self.top:
                above[left : right + 1] = [above[left]] * (right + 1 - left)
        return [
            " ".join(part for part in pair if part.strip())
            for pair in zip(above, names, strict=True)
        ]

    def grid(self) -> Grid:
        self.tell_above()
        for index, row in enumerate(self.body):
            self.check(index, row)
        self.tell_repeated()
        self.tell_empty()
        lines = f"row {self.line(self.place)}"
        if self.top < self.place:
            lines = f"rows {self.line(self.top)} and {self.line(self.place)}"
        return Grid(
            source=self.sheet.source,
            header=self.header,
            header_line=self.line(self.place),
            lines=[self.line(self.place + 1 + index) for index in range(len(self.body))],
            rows=[[row[column] for column in self.used] for row in self.body],
            faults=self.faults,
            aside=self.aside,
            problems=self.problems,
            told=f"{self.sheet.told}; header at {lines}",
        )

    def line(self, place: int) -> int:
        return self.sheet.first + place

    def check(self, index: int, row: list[str]) -> None:
        if any(cell.strip() for cell in row[self.width :]):
            self.faults[index] = "ragged-row"
            self.problems.append(self.ragged(index, row))
        elif not filled_cells(row):
            self.aside[index] = "empty-row"
        elif row in (self.sheet.rows[self.place], self.sheet.rows[self.top]):
            self.aside[index] = "repeated-header"

    def ragged(self, index: int, row: list[str]) -> Problem:
        return Problem(
            code="ragged-row",
            source=self.sheet.source,
            line=self.line(self.place + 1 + index),
            message=f"{counted(filled_cells(row[self.width :]), 'cell')} beyond the last column "
            "of the header",
            fix="Give each column a name, or delete what stands beside the table.",
        )

    def tell_above(self) -> None:
        above = [place for place in range(self.top) if filled_cells(self.sheet.rows[place])]
        if above:
            self.problems.append(
                Problem(
                    code="above-header",
                    severity=Severity.WARNING,
                    source=self.sheet.source,
                    line=self.line(above[0]),
                    message="text above the header is not read",
                    rows=len(above),
                )
            )

    def tell_repeated(self) -> None:
        again = [index for index, code in self.aside.items() if code == "repeated-header"]
        if again:
            self.problems.append(
                Problem(
                    code="repeated-header",
                    severity=Severity.WARNING,
                    source=self.sheet.source,
                    line=self.line(self.place + 1 + again[0]),
                    message="the header stands again between the rows",
                    rows=len(again),
                )
            )

    def tell_empty(self) -> None:
        if not self.body:
            self.problems.append(
                Problem(
                    code="no-rows",
                    severity=Severity.WARNING,
                    source=self.sheet.source,
                    message="the sheet has a header and no row",
                    fix="Export it again.",
                )
            )


def _without_end(rows: Iterable[list[str]]) -> list[list[str]]:
    """The rows up to the last that is not empty."""
    kept = list(rows)
    while kept and not filled_cells(kept[-1]):
        kept.pop()
    return kept
