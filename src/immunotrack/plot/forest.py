"""The forest plot: a page of blocks, each with its labels, numbers, axis and intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from matplotlib.figure import Figure

from immunotrack.plot.forest_block import BlockOnPage, block_height
from immunotrack.plot.forest_columns import STEP, Columns, columns_of, in_parts
from immunotrack.plot.forest_lines import Block, Forest, Line
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import MM_PER_INCH, RULE, SIZES, Ruler, Size, SizeName, line_height
from immunotrack.problems import InvalidInput, Problem, counted


def draw_forest(forest: Forest, size: SizeName = "double") -> Figure:
    """The forest plot of some effects.

    Args:
        size: `double` (183 mm), `single` (89 mm) or `screen`; the journal sizes are at most 170 mm
            high, and lines are set closer and smaller, but not below 5 points, to fit.

    Raises:
        InvalidInput: There are more lines than the size has room for, or none at all.
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
    if not any(forest.lines()):
        raise InvalidInput([_nothing()])
    page_size = SIZES[size]
    figure = Figure(figsize=(page_size.width / MM_PER_INCH, 1), dpi=page_size.dpi)
    ruler = Ruler(figure)
    layout = next(_fitting(forest, page_size, ruler), None)
    if layout is None:
        raise InvalidInput([_too_many(forest, size)])
    figure.set_size_inches(page_size.width / MM_PER_INCH, layout.height / MM_PER_INCH)
    layout.draw(Page(figure, page_size, ruler, layout.height))
    return figure


def _nothing() -> Problem:
    return Problem(code="not-drawn", source="figure", message="there is nothing to draw")


def _too_many(forest: Forest, size: str) -> Problem:
    lines = len(list(forest.lines()))
    return Problem(
        code="unknown-option",
        source="figure",
        message=f"{counted(lines, 'line')} have no room on a page of size {size}",
        fix="Take --size screen, or draw fewer." if size != "screen" else "Draw fewer.",
    )


_SPACINGS: Final = (1.25, 1.1, 0.95)
"""The height of a line in heights of its text, to try in this order."""

_LEAST_POINTS: Final = 5.0


def _fitting(forest: Forest, size: Size, ruler: Ruler) -> Iterator["_Layout"]:
    """The layouts that the page has room for, the most generous first."""
    for points in dict.fromkeys((size.text, size.small, min(size.small, _LEAST_POINTS))):
        closest = _layout(forest, size, ruler, points)
        for spacing in _SPACINGS:
            layout = closest.spaced(line_height(points) * spacing, size)
            if layout.height <= size.height:
                yield layout


@dataclass(frozen=True, slots=True)
class _Layout:
    """A forest plot with every measure decided.

    Args:
        points: The size of the text of its lines.
        row: The height of a line, in mm.
        height: Of the page, in mm.
    """

    forest: Forest
    columns: Columns
    points: float
    title: Sequence[str]
    foot: Sequence[str]
    row: float = 0.0
    height: float = 0.0

    def spaced(self, row: float, size: Size) -> "_Layout":
        """The same with lines of a height, and the page as high as they need."""
        heights = [
            block_height(block, cells, size, self.points, row)
            for block, cells in zip(self.forest.blocks, self.columns.cells, strict=True)
        ]
        title, foot = line_height(size.title), line_height(size.small)
        texts = len(self.title) * title + len(self.foot) * foot
        return replace(self, row=row, height=2 * MARGIN + texts + sum(heights) + _ABOVE_FOOT)

    def draw(self, page: Page) -> None:
        """Draw everything, from the top of the page to its end."""
        for line in self.title:
            page.text(
                MARGIN, page.top, line, fontsize=page.size.title, fontweight="bold", gid="title"
            )
            page.top += line_height(page.size.title)
        for block, cells in zip(self.forest.blocks, self.columns.cells, strict=True):
            BlockOnPage(page, block, self.columns, cells, self.points, self.row).draw()
        page.top += _ABOVE_FOOT
        for line in self.foot:
            page.text(MARGIN, page.top, line, fontsize=page.size.small, color=RULE, gid="footnote")
            page.top += line_height(page.size.small)


_ABOVE_FOOT: Final = 1.0


def _layout(forest: Forest, size: Size, ruler: Ruler, points: float) -> _Layout:
    """Everything but the height of a line, for a size of text."""
    width = size.width - 2 * MARGIN
    columns = columns_of(forest, size, ruler, points)
    small = min(points, size.small)
    blocks = [_notes_wrapped(block, columns, ruler, small) for block in forest.blocks]
    title = ruler.wrapped(forest.title, size.title, width, bold=True)[:3]
    foot = ruler.wrapped(" ".join(forest.notes), size.small, width)
    return _Layout(replace(forest, blocks=blocks), columns, points, title, foot)


def _notes_wrapped(block: Block, columns: Columns, ruler: Ruler, points: float) -> Block:
    """The block with each note in as many lines as it needs left of the weights."""
    width = sum(columns.axis) - MARGIN
    lines: list[Line] = []
    for line in block.lines:
        if line.kind == "note":
            told = in_parts(line.label, ruler, points, width - line.level * STEP * points)
            lines += [replace(line, label=text) for text in told]
        else:
            lines.append(line)
    return replace(block, lines=lines)
