"""All patients over each other, with the median and the quartiles of each window and group."""

from math import ceil, isfinite
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Panel
from immunotrack.plot.leaf import NO_RANGE, Laid, Overlay
from immunotrack.plot.legend import Entry, first_dose_text
from immunotrack.plot.overlay_panel import draw_panel, style_of
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.panels import (
    limits_text,
    y_limits,
)
from immunotrack.plot.sheet import SheetPage
from immunotrack.plot.style import (
    BAND,
    DOSE,
    FAINT,
    INK,
    RULE,
    Size,
    SizeName,
    line_height,
)

_GAP: Final = 5.0
"""Between two panels, in mm."""

_TICKS: Final = 1.6
"""The room for the days below an axis, in lines."""


def draw_overlay(leaf: Overlay, size: SizeName) -> Figure:
    """A page of overlays: one panel an analyte."""
    sheet = SheetPage(size, leaf.around, _legend(leaf))
    columns = min(leaf.wide, len(leaf.laid))
    rows = ceil(len(leaf.laid) / columns)
    below = _below(leaf, sheet.size)
    head = line_height(sheet.size.text) + 0.8
    height = min(sheet.size.panel * 1.5, sheet.room / rows - head - below - 1.0)
    body = rows * (head + height + below + 1.0)
    page = sheet.open(body)
    top = page.top
    axis = _axis_width(leaf, sheet)
    gutter = max(axis, _names_width(leaf, sheet))
    width = (sheet.width - columns * gutter - (columns - 1) * _GAP) / columns
    for number, laid in enumerate(leaf.laid):
        row, column = divmod(number, columns)
        left = MARGIN + (column + 1) * gutter + column * (width + _GAP)
        at = top + row * (head + height + below + 1.0)
        _head(page, laid, left, at, width)
        ax = page.axes(left, at + head, width, height)
        draw_panel(ax, leaf, laid, page.size)
        _unit(page, laid.panel, left - axis, at + head, height)
        _counts(page, leaf, laid, ax, (left, at + head + height, width))
    return sheet.close(page, body)


def _below(leaf: Overlay, size: Size) -> float:
    """The room for days, the name of the axis and the counts, in mm."""
    small = line_height(size.small)
    return small * _TICKS + line_height(size.text) + 1.5 + small * len(leaf.groups)


def _axis_width(leaf: Overlay, sheet: SheetPage) -> float:
    """The room for values and unit left of a panel, in mm."""
    widest = max(sheet.ruler.width(text, sheet.size.small) for text in _labels(leaf))
    return widest + line_height(sheet.size.text) + 2.4


def _names_width(leaf: Overlay, sheet: SheetPage) -> float:
    """The room for the names of the groups before their counts, in mm."""
    small = sheet.size.small
    names = max(sheet.ruler.width(_said(leaf, group), small) for group in leaf.groups)
    return min(names + 2.5, sheet.width * 0.27)


def _said(leaf: Overlay, group: str) -> str:
    """What stands before the counts of a group."""
    return group if len(leaf.groups) > 1 else "n"


def _labels(leaf: Overlay) -> list[str]:
    """The values that stand at the axes."""
    return [
        grouped(float(f"{tick:.6g}"))
        for laid in leaf.laid
        for tick in MaxNLocator(5).tick_values(*y_limits(laid.extremes))
    ]


def _head(page: Page, laid: Laid, left: float, top: float, width: float) -> None:
    """The analyte, and its range at the right where there is room."""
    size, panel = page.size, laid.panel
    name = page.ruler.fitted(panel.heading, size.text, width, bold=True)
    page.text(left, top, name, fontsize=size.text, fontweight="bold", gid="heading")
    told = "ref differs" if laid.range is None else limits_text(*laid.range)
    told += "" if laid.everywhere or laid.range is None else ", where one applies"
    beside = page.ruler.width(name, size.text, bold=True) + page.ruler.width(told, size.small)
    if beside + 2 <= width:
        style = {"fontsize": size.small, "color": RULE, "ha": "right", "gid": "range"}
        page.text(left + width, top + 0.25, told, **style)


def _unit(page: Page, panel: Panel, left: float, top: float, height: float) -> None:
    """The unit, upright at the axis."""
    size = page.size
    page.text(
        left + line_height(size.text) * 0.5,
        top + height / 2,
        page.ruler.fitted(panel.unit, size.text, height),
        rotation=90,
        ha="center",
        va="center",
        fontsize=size.text,
        gid="unit",
    )


def _counts(
    page: Page, leaf: Overlay, laid: Laid, ax: Axes, place: tuple[float, float, float]
) -> None:
    """The name of the axis, and below it how many patients each window has, group by group."""
    left, bottom, width = place
    size, small = page.size, page.size.small
    top = bottom + line_height(small) * _TICKS
    page.text(
        left + width / 2, top, leaf.shared.clock.name, ha="center", fontsize=size.text, gid="axis"
    )
    top += line_height(size.text) + 0.6
    first, last = ax.get_xlim()
    for number, group in enumerate(leaf.groups):
        style = style_of(leaf.groups, number)
        at = top + number * line_height(small)
        room = left - MARGIN - 1.0
        name = page.ruler.fitted(_said(leaf, group), small, room)
        page.text(left - 1.5, at, name, ha="right", fontsize=small, color=style.colour, gid="n")
        beyond = left - 1.0
        for row in laid.summary[group]:
            x = left + (leaf.centres[row["window"]] - first) / (last - first) * width
            text = str(row["n_patients"])
            half = page.ruler.width(text, small) / 2
            if row["n_patients"] and isfinite(x) and x - half > beyond:
                page.text(x, at, text, ha="center", fontsize=small, color=style.colour, gid="n")
                beyond = x + half + 0.6


def _legend(leaf: Overlay) -> list[Entry]:
    """A sample of every mark that is on the page."""
    entries: list[Entry] = []
    for number, group in enumerate(leaf.groups):
        style = style_of(leaf.groups, number)
        label = f"median, {group}" if len(leaf.groups) > 1 else "median"
        entries.append((label, _sample(style.marker, style.colour)))
    entries.append(("quartiles", Rectangle((0, 0), 1, 1, facecolor=FAINT)))
    if any(
        row["median_comparator"] not in {"", "IND"}
        for laid in leaf.laid
        for rows in laid.summary.values()
        for row in rows
    ):
        entries.append(("median that is a bound", _sample("o", INK, filled=False)))
    if any(
        row["median_comparator"] == "IND"
        for laid in leaf.laid
        for rows in laid.summary.values()
        for row in rows
    ):
        entries.append(("IND: the median lies between", _sample("_", INK)))
    entries.append(("a patient", Line2D([], [], color=FAINT)))
    if leaf.highlight and any(laid.panel.line for laid in leaf.laid):
        entries.append((leaf.highlight, Line2D([], [], color=DOSE)))
    if any(laid.range not in {None, NO_RANGE} for laid in leaf.laid):
        entries.append(("reference range", Rectangle((0, 0), 1, 1, facecolor=BAND)))
    if leaf.shared.first_dose is not None:
        entries.append((first_dose_text(leaf.shared), Line2D([], [], color=DOSE)))
    return entries


def _sample(marker: str, colour: str, *, filled: bool = True) -> Line2D:
    face = colour if filled else "white"
    artist = Line2D([], [], linestyle="none", marker=marker, markerfacecolor=face)
    artist.set_markeredgecolor(colour)
    return artist
