"""One block of a forest plot on its page: heading, lines, and what stands below the axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from immunotrack.plot.forest_axis import draw_axis
from immunotrack.plot.forest_columns import GAP, STEP, WEIGHT, Columns, shortened, weight_text
from immunotrack.plot.forest_lines import POOLED, Block, Line
from immunotrack.plot.forest_marks import draw_lines
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import INK, RULE, Size, line_height

_UNDER_HEAD: Final = 1.2
_TICKS: Final = 2.0
_UNDER_BLOCK: Final = 1.5
"""Air and ticks, in mm."""

_ABOVE_HEADING: Final = 0.4
"""The air above a heading that is not the first line, and above the axis, in heights of a line."""

_OVER: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
"""Behind words that may reach over the line of no effect."""


def block_height(
    block: Block, cells: Sequence[float], size: Size, points: float, row: float
) -> float:
    """The height of a block in mm.

    Args:
        cells: Its columns that have room.
        points: The size of the text of its lines, of which each is `row` mm high.
    """
    head = _head_rows(block, cells) * line_height(points) + _UNDER_HEAD
    below = _TICKS + (2 + any(block.favours)) * line_height(size.small) + _UNDER_BLOCK
    return head + _lines_height(block, row) + below


def _head_rows(block: Block, cells: Sequence[float]) -> int:
    """How many lines the heading has: two where columns with groups are drawn."""
    return 2 if cells and any(column.group for column in block.columns) else 1


def _lines_height(block: Block, row: float) -> float:
    return row * (len(block.lines) + _ABOVE_HEADING * (sum(_has_air(block)) + 1))


def _has_air(block: Block) -> list[bool]:
    """Which lines have air above them: headings, and what is pooled over subgroups."""
    return [
        number > 0
        and (
            line.kind == "heading"
            or (line.kind == "total" and line.level < block.lines[number - 1].level)
        )
        for number, line in enumerate(block.lines)
    ]


@dataclass(slots=True)
class BlockOnPage:
    """A block while it is drawn at the page's cursor; see `block_height`."""

    page: Page
    block: Block
    columns: Columns
    cells: Sequence[float]
    points: float
    row: float

    def draw(self) -> None:
        """Head, lines and axis; the cursor ends below them."""
        self._head()
        top, height = self.page.top, _lines_height(self.block, self.row)
        placed = self._placed()
        left, width = self.columns.axis
        ax = self.page.axes(left, top, width, height)
        ax.set_ylim(height, 0)
        ax.patch.set_visible(False)
        draw_axis(ax, self.block, self.page.size, self.page.ruler, width)
        draw_lines(ax, self.block, placed, self.page.size, self.row)
        for line, middle in placed:
            self._line(line, top + middle)
        self.page.top = top + height
        self._below(left + width * _share(self.block, *ax.get_xlim()))

    def _placed(self) -> list[tuple[Line, float]]:
        """The lines with the place of their middles, in mm below the head."""
        y, placed = 0.0, []
        for line, air in zip(self.block.lines, _has_air(self.block), strict=True):
            y += self.row * (_ABOVE_HEADING if air else 0)
            placed.append((line, y + self.row / 2))
            y += self.row
        return placed

    def _text(self, x: float, y: float, text: str, align: str = "right", **style: object) -> None:
        given = {"fontsize": self.points, "va": "center_baseline", "ha": align}
        if text:
            self.page.text(x, y, text, **(given | style))

    def _head(self) -> None:
        """The headings of the columns, over a rule."""
        page, columns, high = self.page, self.columns, line_height(self.points)
        rows = _head_rows(self.block, self.cells)
        y = page.top + high * (rows - 0.5)
        title = shortened(self.block.title, page.ruler, self.points, columns.label, bold=True)
        self._text(MARGIN, y, title, "left", fontweight="bold", gid="block")
        for column, end in zip(self.block.columns, self.cells, strict=False):
            self._text(end, y, column.name, gid="column")
        self._groups(y - high)
        if columns.weight is not None and self.block.weighted:
            self._text(columns.weight, y, WEIGHT, gid="column")
        self._text(columns.numbers[2], y, self.block.head, gid="column")
        page.top += rows * high + _UNDER_HEAD / 2
        page.rule(MARGIN, page.size.width - MARGIN)
        page.top += _UNDER_HEAD / 2

    def _groups(self, y: float) -> None:
        """The names of groups of columns, each over the middle of its columns."""
        starts = [MARGIN + self.columns.label, *self.cells]
        groups = [column.group for column in self.block.columns[: len(self.cells)]]
        for group in dict.fromkeys(name for name in groups if name):
            own = [n for n, name in enumerate(groups) if name == group]
            middle = (starts[own[0]] + GAP * self.points + starts[own[-1] + 1]) / 2
            self._text(middle, y, group, "center", gid="column")

    def _line(self, line: Line, y: float) -> None:
        """The words and numbers of one line."""
        left = MARGIN + line.level * STEP * self.points
        if line.kind in {"note", "heading"}:
            self._words(line, left, y)
            return
        columns, bold = self.columns, line.kind in POOLED
        room = MARGIN + columns.label - left
        label = shortened(line.label, self.page.ruler, self.points, room, bold=bold)
        weight = "bold" if bold else "normal"
        self._text(left, y, label, "left", fontweight=weight, gid="label")
        for cell, end in zip(line.cells, self.cells, strict=False):
            self._text(end, y, cell, gid="cell")
        if columns.weight is not None:
            self._text(columns.weight, y, weight_text(line), gid="weight")
        for text, end in zip(self.block.numbers(line), columns.numbers, strict=True):
            self._text(end, y, text, gid="number")
        self._text(columns.numbers[2], y, line.said, color=RULE, gid="said")

    def _words(self, line: Line, left: float, y: float) -> None:
        """A heading, which is cut where it is too long, or a line of a note."""
        if line.kind == "note":
            small = min(self.points, self.page.size.small)
            self._text(
                left, y, line.label, "left", fontsize=small, color=RULE, bbox=_OVER, gid="note"
            )
        else:
            room = sum(self.columns.axis) - left
            text = self.page.ruler.fitted(line.label, self.points, room, bold=True)
            self._text(left, y, text, "left", fontweight="bold", bbox=_OVER, gid="heading")

    def _below(self, null: float) -> None:
        """What the sides of no effect mean, and the label of the axis."""
        page, small = self.page, self.page.size.small
        high, right = line_height(small), self.page.size.width - MARGIN
        page.top += _TICKS + high
        style = {"fontsize": small, "va": "top"}
        if any(self.block.favours):
            rooms = (null - 1 - MARGIN, right - null - 1)
            left, other = (
                page.ruler.fitted(text, small, room)
                for text, room in zip(self.block.favours, rooms, strict=True)
            )
            self._text(null - 1, page.top, left, "right", **style, gid="favours")
            self._text(null + 1, page.top, other, "left", **style, gid="favours")
            page.top += high
        label = page.ruler.fitted(self.block.axis, small, right - MARGIN)
        half = page.ruler.width(label, small) / 2
        start, width = self.columns.axis
        middle = min(max(start + width / 2, MARGIN + half), right - half)
        self._text(middle, page.top, label, "center", **style, color=INK, gid="axis-label")
        page.top += high + _UNDER_BLOCK


def _share(block: Block, low: float, high: float) -> float:
    """Where no effect is on the axis, from 0 at its left end to 1 at its right."""
    if block.log:
        return -math.log(low) / (math.log(high) - math.log(low))
    return -low / (high - low)
