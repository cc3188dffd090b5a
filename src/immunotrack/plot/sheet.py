"""A page of a cohort's figure: title above, legend, footnote and page number below a body."""

from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure

from immunotrack.plot.leaf import Around
from immunotrack.plot.legend import Entry, draw_legend, legend_rows
from immunotrack.plot.notes import ILLUSTRATIVE
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import (
    DOSE,
    MM_PER_INCH,
    RULE,
    SIZES,
    Ruler,
    SizeName,
    line_height,
)

_HIGHEST: Final = 240.0
"""No page is higher than this, in mm; a page on a screen is read without scrolling."""

_AIR: Final = 0.8
"""Above the legend, and between it and the footnote, in mm."""

_TITLE_LINES: Final = 2
_FOOT_LINES: Final = 6


class SheetPage:
    """A figure whose body is still to be drawn.

    Args:
        room: The most height that the body may have, in mm.
    """

    def __init__(self, size: SizeName, around: Around, legend: Sequence[Entry]) -> None:
        self.size = SIZES[size]
        self.figure = Figure(figsize=(self.size.width / MM_PER_INCH, 1), dpi=self.size.dpi)
        self.ruler = Ruler(self.figure)
        width = self.size.width - 2 * MARGIN
        self.width = width
        self._around = around
        wrapped = self.ruler.wrapped(around.title, self.size.title, width, bold=True)
        self._title = wrapped[:_TITLE_LINES]
        self._foot = self.ruler.wrapped(around.foot, self.size.small, width)[:_FOOT_LINES]
        self._legend = legend_rows(legend, self.size, self.ruler)
        small = line_height(self.size.small)
        self._head = (
            len(self._title) * line_height(self.size.title)
            + bool(around.subtitle) * (small + 0.8)
            + around.illustrative * (small + 0.6)
            + 0.8
        )
        self._below = (
            2 * _AIR
            + len(self._legend) * small * 1.15
            + len(self._foot) * small
            + bool(around.number) * small
        )
        highest = min(self.size.height, _HIGHEST)
        self.room = highest - 2 * MARGIN - self._head - self._below

    def open(self, body: float) -> Page:
        """The page with its title, the cursor at the top of a body of this height in mm."""
        height = 2 * MARGIN + self._head + body + self._below
        self.figure.set_size_inches(self.size.width / MM_PER_INCH, height / MM_PER_INCH)
        page = Page(self.figure, self.size, self.ruler, height)
        for line in self._title:
            style = {"fontsize": self.size.title, "fontweight": "bold", "gid": "title"}
            page.text(MARGIN, page.top, line, **style)
            page.top += line_height(self.size.title)
        small = {"fontsize": self.size.small}
        if self._around.subtitle:
            text = self.ruler.fitted(self._around.subtitle, self.size.small, self.width)
            page.text(MARGIN, page.top, text, color=RULE, gid="subtitle", **small)
            page.top += line_height(self.size.small) + 0.8
        if self._around.illustrative:
            text = self.ruler.fitted(ILLUSTRATIVE, self.size.small, self.width)
            page.text(MARGIN, page.top, text, color=DOSE, gid="illustrative", **small)
        page.top = MARGIN + self._head
        return page

    def close(self, page: Page, body: float) -> Figure:
        """Draw what stands below a body of this height."""
        page.top = MARGIN + self._head + body + _AIR
        draw_legend(page, self._legend)
        page.top += _AIR
        small = self.size.small
        for line in self._foot:
            page.text(MARGIN, page.top, line, fontsize=small, color=RULE, gid="footnote")
            page.top += line_height(small)
        if self._around.number:
            right = self.size.width - MARGIN
            style = {"fontsize": small, "color": RULE, "ha": "right", "gid": "page-number"}
            page.text(right, page.top, self._around.number, **style)
        return self.figure
