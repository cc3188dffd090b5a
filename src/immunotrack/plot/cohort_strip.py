"""A heat strip: a row for each patient, a cell for each window, with its letter and its colour."""

from collections.abc import Iterator
from typing import Final

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from immunotrack.flags import LETTERS
from immunotrack.plot.leaf import Strip
from immunotrack.plot.legend import tile_entries
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.sheet import SheetPage
from immunotrack.plot.style import CRITICAL, DOSE, INK, RULE, TILES, SizeName, line_height

_WIDEST: Final = 12.0
"""No cell is wider, in mm."""


def draw_cohort_strip(leaf: Strip, size: SizeName) -> Figure:
    """A page of a heat strip."""
    sheet = SheetPage(size, leaf.around, tile_entries(leaf.flags))
    head = _head_height(sheet, leaf)
    row = min((sheet.room - head) / max(leaf.capacity, 1), line_height(sheet.size.small) * 1.15)
    body = head + row * len(leaf.rows)
    page = sheet.open(body)
    top = page.top
    left, beyond = _gutters(sheet, leaf)
    cell = min((sheet.width - left - beyond) / len(leaf.columns), _WIDEST)
    _head(page, leaf, left, cell, top + head)
    ax = page.axes(MARGIN + left, top + head, cell * len(leaf.columns), row * len(leaf.rows))
    _cells(ax, leaf, page)
    for number, one in enumerate(leaf.rows):
        middle = top + head + (number + 0.5) * row
        _row_words(page, leaf, number, middle, (left, MARGIN + left + cell * len(leaf.columns)))
        if number and one.group != leaf.rows[number - 1].group:
            ax.axhline(number, color=INK, linewidth=0.8, gid="group-rule")
    return sheet.close(page, body)


def _gutters(sheet: SheetPage, leaf: Strip) -> tuple[float, float]:
    """The room for the patients left of the cells, and for response and group right of them."""
    small, width = sheet.size.small, sheet.ruler.width
    names = max(width(one.patient, small, bold=one.highlighted) for one in leaf.rows)
    said = max(width(one.response, small) for one in leaf.rows)
    groups = max(width(one.group, small) for one in leaf.rows)
    beyond = max(said, width(leaf.measure, small)) + groups + 5
    return min(names + 1.5, sheet.width * 0.28), min(beyond, sheet.width * 0.4)


def _head_height(sheet: SheetPage, leaf: Strip) -> float:
    """The room for the labels of the windows, which stand upright where they are long."""
    longest = max(sheet.ruler.width(label, sheet.size.small) for label in leaf.columns)
    return line_height(sheet.size.small) * 1.4 + min(longest, 22.0) + 1.0


def _head(page: Page, leaf: Strip, left: float, cell: float, bottom: float) -> None:
    """The labels of the windows, upright above their cells, and what they count."""
    small = page.size.small
    for number, label in enumerate(leaf.columns):
        page.text(
            MARGIN + left + (number + 0.5) * cell,
            bottom - 0.6,
            page.ruler.fitted(label, small, 22.0),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=small,
            gid="window",
        )
    right = MARGIN + left + cell * len(leaf.columns)
    page.text(MARGIN + left, page.top, leaf.axis, fontsize=small, color=RULE, gid="axis")
    if any(one.response for one in leaf.rows):
        style = {"fontsize": small, "color": RULE, "va": "bottom", "gid": "measure"}
        page.text(right + 1.2, bottom - 0.6, leaf.measure, **style)


def _row_words(
    page: Page, leaf: Strip, number: int, middle: float, edges: tuple[float, float]
) -> None:
    """The patient left of its cells, response and group right of them."""
    one, small = leaf.rows[number], page.size.small
    left, right = edges
    name = page.ruler.fitted(one.patient, small, left - 1.2, bold=one.highlighted)
    style = {"fontsize": small, "va": "center_baseline"}
    colour, weight = (DOSE, "bold") if one.highlighted else (INK, "normal")
    page.text(
        MARGIN + left - 1.0,
        middle,
        name,
        ha="right",
        color=colour,
        fontweight=weight,
        gid="patient",
        **style,
    )
    page.text(right + 1.2, middle, one.response, gid="response", **style)
    if one.group and (number == 0 or one.group != leaf.rows[number - 1].group):
        begins = (
            right
            + 2.4
            + max(
                page.ruler.width(leaf.measure, small),
                *(page.ruler.width(each.response, small) for each in leaf.rows),
            )
        )
        group = page.ruler.fitted(one.group, small, page.size.width - MARGIN - begins)
        page.text(begins, middle, group, color=RULE, gid="group", **style)


def _cells(ax: Axes, leaf: Strip, page: Page) -> None:
    """The cells, in units of windows and patients."""
    ax.set_xlim(0, len(leaf.columns))
    ax.set_ylim(len(leaf.rows), 0)
    ax.set_axis_off()
    placed = list(_placed(leaf))
    corners = [
        [(x + 0.04, y + 0.06), (x + 0.96, y + 0.06), (x + 0.96, y + 0.94), (x + 0.04, y + 0.94)]
        for x, y, _ in placed
    ]
    faces = [TILES[flag].ground for *_, flag in placed]
    edges = [TILES[flag].edge if flag in CRITICAL else TILES[flag].ground for *_, flag in placed]
    cells = PolyCollection(corners, facecolors=faces, edgecolors=edges, linewidths=0.3, gid="cell")
    ax.add_collection(cells)
    for x, y, flag in placed:
        ax.text(
            x + 0.5,
            y + 0.53,
            LETTERS[flag],
            ha="center",
            va="center_baseline",
            fontsize=page.size.small,
            color=TILES[flag].letter,
            gid="letter",
        )


def _placed(leaf: Strip) -> Iterator[tuple[int, int, str]]:
    """Column, row and status of each cell with a result."""
    for y, one in enumerate(leaf.rows):
        for x, flag in enumerate(one.flags):
            if flag is not None:
                yield x, y, flag
