"""Small multiples: a small panel for each patient and analyte, all on the same axes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Panel
from immunotrack.plot.leaf import Block, Multiples
from immunotrack.plot.legend import legend_entries
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.panels import draw_panel, style_axes, y_limits
from immunotrack.plot.sheet import SheetPage
from immunotrack.plot.style import DOSE, FAINT, INK, RULE, Ruler, Size, SizeName, line_height

_GAP: Final = 2.5
"""Between two panels, in mm."""

_FEW_TICKS: Final = 3
"""How many steps the value axis of a small panel has at most."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the cells of a page are.

    Args:
        columns: How many cells stand side by side; a patient's cells stay together.
        per_row: How many patients stand side by side.
        deep: How many rows of cells a patient has.
        gutters: The room left of each column, in mm.
        head: The height of the heading of a cell, in mm.
    """

    columns: int
    per_row: int
    deep: int
    gutters: Sequence[float]
    width: float
    head: float
    height: float

    @property
    def step(self) -> float:
        """From one row of cells to the next, in mm."""
        return self.head + self.height + _GAP

    def place(self, number: int, analyte: int) -> tuple[int, int]:
        """Row and column of a patient's analyte."""
        row, side = divmod(number, self.per_row)
        down, across = divmod(analyte, self.columns)
        return row * self.deep + down, side * (self.columns // self.per_row) + across


def draw_multiples(leaf: Multiples, size: SizeName) -> tuple[Figure, list[tuple[str, str]]]:
    """A page of small multiples, and the patients who could not be drawn with the kind of error."""
    sheet = SheetPage(size, leaf.around, legend_entries(leaf.shared))
    layout = _layout(leaf, sheet)
    rows = ceil(len(leaf.blocks) / layout.per_row) * layout.deep
    full = ceil(leaf.capacity / layout.per_row) * layout.deep if leaf.around.number else rows
    body = full * layout.step + _axis_height(sheet.size)
    page = sheet.open(body)
    top = page.top
    failed = []
    for number, block in enumerate(leaf.blocks):
        before = len(page.figure.axes)
        _heading(page, block, layout, layout.place(number, 0), top)
        try:
            _block(page, leaf, layout, number, top)
        except Exception as error:  # noqa: BLE001 - one patient never stops the others
            failed.append((block.patient, type(error).__name__))
            for ax in page.figure.axes[before:]:
                ax.remove()
            left, at = _corner(layout, *layout.place(number, 0), top)
            style = {"fontsize": page.size.small, "color": DOSE, "gid": "failed"}
            page.text(left, at + layout.head, "could not be drawn", **style)
    _axis_name(page, leaf, top + rows * layout.step)
    return sheet.close(page, body), failed


def _layout(leaf: Multiples, sheet: SheetPage) -> _Layout:
    """As many columns as a page has, each as wide as the others."""
    size, analytes = sheet.size, len(leaf.extremes)
    per_row = max(1, leaf.across // analytes)
    columns = min(per_row * analytes, leaf.across)
    gutters = [
        max(_gutter(panel, size, sheet.ruler) for panel in _of_column(leaf, column, columns))
        for column in range(columns)
    ]
    deep = ceil(analytes / columns) if per_row == 1 else 1
    lines = 1 + (analytes > 1)
    head = lines * line_height(size.small) + 1.4
    rows = ceil(leaf.capacity / per_row) * deep
    room = (sheet.room - _axis_height(size)) / rows - head - _GAP
    width = (sheet.width - sum(gutters) - _GAP * (columns - 1)) / columns
    return _Layout(columns, per_row, deep, gutters, width, head, min(room, size.panel * 0.62))


def _of_column(leaf: Multiples, column: int, columns: int) -> list[Panel]:
    """The panels whose ticks stand left of a column."""
    analytes = len(leaf.extremes)
    wanted = {column % analytes} if analytes <= columns else set(range(column, analytes, columns))
    found = []
    for place in wanted:
        shared = leaf.extremes[place]
        own = [block.panels[place] for block in leaf.blocks]
        found += [shared] if shared is not None else [panel for panel in own if panel is not None]
    return found


def _gutter(panel: Panel, size: Size, ruler: Ruler) -> float:
    """The room that the tick labels of a panel need, in mm."""
    limits = y_limits(panel)
    ticks = MaxNLocator(_FEW_TICKS).tick_values(*limits)
    shown = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
    if panel.log:
        shown = [*limits, *(10.0**power for power in range(-3, 7) if 10**power <= limits[1])]
    return max(ruler.width(grouped(float(f"{tick:.4g}")), size.small) for tick in shown) + 2.2


def _axis_height(size: Size) -> float:
    """The room for the days and the name of the axis, in mm."""
    return line_height(size.small) * 1.3 + line_height(size.text) + 1.0


def _block(page: Page, leaf: Multiples, layout: _Layout, number: int, top: float) -> None:
    """The panels of one patient."""
    block = leaf.blocks[number]
    timeline = replace(leaf.shared, first_dose=block.first_dose)
    for analyte, (panel, extremes) in enumerate(zip(block.panels, leaf.extremes, strict=True)):
        row, column = layout.place(number, analyte)
        left, at = _corner(layout, row, column, top)
        ax = page.axes(left, at + layout.head, layout.width, layout.height)
        if panel is None:
            _nothing(ax, leaf, page.size)
        else:
            limits = None if extremes is None else y_limits(extremes)
            draw_panel(ax, panel, timeline, page.size, limits)
        _few_ticks(ax, leaf, page.size, lowest=_is_lowest(leaf, layout, number, analyte))
        if len(block.panels) > 1:
            below = at + line_height(page.size.small)
            _name(page, leaf.shared.panels[analyte], left, below, layout.width)


def _is_lowest(leaf: Multiples, layout: _Layout, number: int, analyte: int) -> bool:
    """Whether no panel stands below this one."""
    across = layout.columns // layout.per_row
    return analyte + across >= len(leaf.extremes) and number + layout.per_row >= len(leaf.blocks)


def _corner(layout: _Layout, row: int, column: int, top: float) -> tuple[float, float]:
    """Left and top of a cell's axes and heading, in mm."""
    left = MARGIN + sum(layout.gutters[: column + 1]) + column * (layout.width + _GAP)
    return left, top + row * layout.step


def _heading(page: Page, block: Block, layout: _Layout, place: tuple[int, int], top: float) -> None:
    """The patient and its group, above its panels."""
    left, at = _corner(layout, *place, top)
    size = page.size
    across = 1 if layout.per_row > 1 and layout.columns == layout.per_row else 2
    width = layout.width * across if layout.columns > 1 else layout.width
    name = page.ruler.fitted(block.patient, size.small, width, bold=True)
    colour = DOSE if block.highlighted else INK
    page.text(left, at, name, fontsize=size.small, fontweight="bold", color=colour, gid="patient")
    beside = page.ruler.width(f"{name}  ", size.small, bold=True)
    group = page.ruler.fitted(block.group, size.small, width - beside)
    if group:
        page.text(left + beside, at, group, fontsize=size.small, color=RULE, gid="group")


def _name(page: Page, panel: Panel, left: float, top: float, width: float) -> None:
    """The analyte and its unit, above its panel."""
    small = page.size.small
    text = page.ruler.fitted(panel.named, small, width)
    page.text(left, top, text, fontsize=small, color=RULE, gid="heading")


def _few_ticks(ax: Axes, leaf: Multiples, size: Size, *, lowest: bool) -> None:
    """Fewer ticks than a large panel has, and days only below the lowest panel."""
    if ax.get_yscale() == "linear" and len(ax.get_yticks()):
        ax.yaxis.set_major_locator(MaxNLocator(_FEW_TICKS))
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 4, 5, 7, 10], integer=True))
    if leaf.places:
        name_places(ax, leaf.places, 2)
    ax.tick_params(axis="both", labelsize=size.small, length=1.4)
    ax.tick_params(axis="x", labelbottom=lowest)


def name_places(ax: Axes, places: Sequence[str], most: int) -> None:
    """Name some of the places of a time axis that is one of visits."""
    step = max(1, ceil(len(places) / most))
    chosen = range(0, len(places), step)
    ax.xaxis.set_major_locator(FixedLocator(list(chosen)))
    ax.xaxis.set_major_formatter(FixedFormatter([places[place] for place in chosen]))


def _nothing(ax: Axes, leaf: Multiples, size: Size) -> None:
    """Axes that say that there is no result."""
    ax.set_xlim(leaf.shared.days)
    style_axes(ax, size)
    ax.set_yticks([])
    ax.text(
        0.5,
        0.5,
        "no result",
        ha="center",
        va="center",
        transform=ax.transAxes,
        fontsize=size.small,
        color=FAINT,
        gid="no-result",
    )


def _axis_name(page: Page, leaf: Multiples, top: float) -> None:
    """The name of the time axis, once for the page."""
    page.text(
        page.size.width / 2,
        top + line_height(page.size.small) * 1.3,
        leaf.shared.clock.name,
        ha="center",
        fontsize=page.size.text,
        gid="axis",
    )
