"""All patients over each other, with the median and the quartiles of each window and group."""

from collections.abc import Sequence
from math import ceil, isfinite
from typing import Final

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Panel, Row
from immunotrack.plot.leaf import NO_RANGE, Laid, Overlay
from immunotrack.plot.legend import Entry, first_dose_text
from immunotrack.plot.multiples import name_places
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.panels import (
    draw_limits,
    draw_points,
    limits_text,
    style_axes,
    y_limits,
)
from immunotrack.plot.sheet import SheetPage
from immunotrack.plot.style import (
    BAND,
    DOSE,
    FAINT,
    GROUPS,
    INK,
    RULE,
    GroupStyle,
    Size,
    SizeName,
    day_locator,
    line_height,
    thinner,
)

ONE: Final = GroupStyle(INK, "o", "-")
"""How the only group of a cohort without groups is drawn."""

_GAP: Final = 5.0
"""Between two panels, in mm."""

_TICKS: Final = 1.6
"""The room for the days below an axis, in lines."""

_DODGE: Final = 0.012
"""By how much of the time axis the marks of two groups stand apart."""


def style_of(groups: Sequence[str], number: int) -> GroupStyle:
    """How a group is drawn."""
    return GROUPS[number] if len(groups) > 1 else ONE


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
        _panel(ax, leaf, laid, page.size)
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


def _panel(ax: Axes, leaf: Overlay, laid: Laid, size: Size) -> None:
    """Range, patients, quartiles and medians, and the patient who is highlighted."""
    ax.set_xlim(leaf.shared.days)
    ax.set_ylim(y_limits(laid.extremes))
    style_axes(ax, size, log=laid.panel.log)
    ax.tick_params(axis="x", pad=size.small * 0.45)
    ax.xaxis.set_major_locator(day_locator(7))
    if leaf.places:
        name_places(ax, leaf.places, 5)
    _band(ax, laid)
    draw_limits(ax, laid.panel)
    if leaf.shared.first_dose is not None:
        ax.axvline(leaf.shared.first_dose, color=DOSE, linewidth=size.line, zorder=1.6, gid="dose")
    _traces(ax, leaf, laid, size)
    for number, group in enumerate(leaf.groups):
        _medians(ax, leaf, laid.summary[group], number, size)
    if laid.panel.line:
        days, values = ([row[name] for row in laid.panel.line] for name in ("day", "value"))
        ax.plot(days, values, color=DOSE, linewidth=size.line, zorder=5, gid="highlight")
        draw_points(ax, laid.panel.line, size, faint=False)


def _band(ax: Axes, laid: Laid) -> None:
    """The range, where one holds for all results."""
    if laid.range in {None, NO_RANGE}:
        return
    bottom, top = ax.get_ylim()
    low, high = laid.range or NO_RANGE
    low, high = bottom if low is None else low, top if high is None else high
    ax.axhspan(low, high, color=BAND, alpha=0.75, lw=0, zorder=1, gid="band")


def _traces(ax: Axes, leaf: Overlay, laid: Laid, size: Size) -> None:
    """Every patient faintly; a single sample is a dot."""
    many = max(thinner(len(laid.traces)), 0.6)
    for number in range(len(leaf.groups)):
        own = [trace for trace in laid.traces if trace.group == number]
        colour = style_of(leaf.groups, number).colour if len(leaf.groups) > 1 else RULE
        lines = [list(zip(one.days, one.values, strict=True)) for one in own]
        alpha = max(0.14, min(0.45, 14 / max(len(own), 1)))
        ax.add_collection(
            LineCollection(
                lines,
                colors=colour,
                linewidths=size.line * 0.55 * many,
                alpha=alpha,
                zorder=2,
                gid="patient",
            ),
            autolim=False,
        )
        dots = [line[0] for line in lines if len(line) == 1]
        ax.plot(
            [x for x, _ in dots],
            [y for _, y in dots],
            linestyle="none",
            marker=".",
            markersize=size.marker * 0.5,
            color=colour,
            alpha=alpha,
            markeredgewidth=0,
            zorder=2,
            gid="patient",
        )


def _medians(ax: Axes, leaf: Overlay, rows: Sequence[Row], number: int, size: Size) -> None:
    """The median of each window with its quartiles; an open mark is a bound.

    Where censored values leave a median open, two lines show between which values it lies.
    """
    style = style_of(leaf.groups, number)
    first, last = ax.get_xlim()
    shift = (number - (len(leaf.groups) - 1) / 2) * _DODGE * (last - first)
    held = [(leaf.centres[row["window"]] + shift, row) for row in rows if row["n_patients"]]
    _quartiles(ax, held, style.colour, size.line * (3.2 if len(leaf.groups) == 1 else 1.4))
    placed = [(x, ends) for x, row in held if (ends := median_ends(row)) is not None]
    for side in (0, 1):
        ax.plot(
            [x for x, _ in placed],
            [ends[side] for _, ends in placed],
            color=style.colour,
            linestyle=style.dashes,
            linewidth=size.line * 1.5,
            zorder=4,
            gid="median-line",
        )
    for x, row in ((x, row) for x, row in held if row["median"] is not None):
        ax.plot(
            [x],
            [row["median"]],
            linestyle="none",
            marker=style.marker,
            markersize=size.marker,
            markerfacecolor="white" if row["median_comparator"] else style.colour,
            markeredgecolor=style.colour,
            markeredgewidth=size.line,
            zorder=4.5,
            clip_on=False,
            gid="median",
        )
    _undetermined(ax, held, style.colour, size)


def _quartiles(ax: Axes, held: Sequence[tuple[float, Row]], colour: str, width: float) -> None:
    """From the least that the first quartile can be to the most that the third can be."""
    for x, row in held:
        if row["q1_least"] is not None:
            top = ax.get_ylim()[1] if row["q3_most"] is None else row["q3_most"]
            ax.plot(
                [x, x],
                [row["q1_least"], top],
                solid_capstyle="butt",
                color=colour,
                linewidth=width,
                alpha=0.38,
                zorder=3,
                gid="quartiles",
            )


def median_ends(row: Row) -> tuple[float, float] | None:
    """Between which values a median is drawn: both alike where it is known; None where it is open.

    A median that is a bound is drawn at the bound.
    """
    if row["median"] is not None:
        return row["median"], row["median"]
    if row["median_least"] is None or row["median_most"] is None:
        return None
    return row["median_least"], row["median_most"]


def _undetermined(ax: Axes, held: Sequence[tuple[float, Row]], colour: str, size: Size) -> None:
    """Where a median is not known, a bar between its ends, or IND where one end is open."""
    for x, row in held:
        ends = median_ends(row)
        if ends is None:
            at = row["median_least"] or ax.get_ylim()[0]
            ax.text(
                x,
                at,
                "IND",
                fontsize=size.small,
                ha="center",
                va="bottom",
                color=INK,
                clip_on=True,
                zorder=6,
                gid="undetermined",
            )
        elif row["median"] is None:
            ax.plot(
                [x, x],
                ends,
                marker="_",
                markersize=size.marker,
                color=colour,
                linewidth=size.line * 2,
                zorder=4.5,
                gid="undetermined",
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
