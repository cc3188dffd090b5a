"""One panel of an overlay: range, patients, medians and quartiles of each window and group."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from immunotrack.plot.drawn import Row
from immunotrack.plot.leaf import NO_RANGE, Laid, Overlay
from immunotrack.plot.multiples import name_places
from immunotrack.plot.panels import draw_limits, draw_points, style_axes, y_limits
from immunotrack.plot.style import (
    BAND,
    DOSE,
    GROUPS,
    INK,
    RULE,
    GroupStyle,
    Size,
    day_locator,
    thinner,
)

ONE: Final = GroupStyle(INK, "o", "-")
"""How the only group of a cohort without groups is drawn."""

_DODGE: Final = 0.012
"""By how much of the time axis the marks of two groups stand apart."""


def style_of(groups: Sequence[str], number: int) -> GroupStyle:
    """How a group is drawn."""
    return GROUPS[number] if len(groups) > 1 else ONE


def draw_panel(ax: Axes, leaf: Overlay, laid: Laid, size: Size) -> None:
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
