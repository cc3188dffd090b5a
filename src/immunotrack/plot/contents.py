"""A page of contents: what is on which page."""

from math import ceil
from typing import Final

from matplotlib.figure import Figure

from immunotrack.plot.leaf import GRIDS, Contents, page_url
from immunotrack.plot.page import MARGIN
from immunotrack.plot.sheet import SheetPage
from immunotrack.plot.style import INK, RULE, SizeName, line_height

_GAP: Final = 5.0
"""Between two columns, in mm."""


def draw_contents(leaf: Contents, size: SizeName) -> Figure:
    """A page of contents, in columns."""
    sheet = SheetPage(size, leaf.around, [])
    grid = GRIDS[size]
    step = min(sheet.room / grid.lines, line_height(sheet.size.small) * 1.25)
    columns = max(1, min(grid.columns, ceil(len(leaf.entries) / grid.lines)))
    width = (sheet.width - _GAP * (grid.columns - 1)) / grid.columns
    body = step * (grid.lines if columns > 1 else len(leaf.entries))
    page = sheet.open(body)
    top, small = page.top, sheet.size.small
    for number, (text, target) in enumerate(leaf.entries):
        column, row = divmod(number, grid.lines)
        left, at = MARGIN + column * (width + _GAP), top + row * step
        told = str(target) if target else ""
        room = width - sheet.ruler.width(told, small) - 3
        weight = "normal" if target else "bold"
        shown = sheet.ruler.fitted(text, small, room, bold=not target)
        colour = INK if target else RULE
        leads = page_url(target) if target else None
        style = {"fontsize": small, "color": colour, "fontweight": weight, "url": leads}
        page.text(left, at, shown, gid="entry", **style)
        page.text(left + width, at, told, ha="right", fontsize=small, url=leads, gid="target")
    return sheet.close(page, body)
