"""One panel: the reference band, the samples, the windows and the first dose, on one Axes."""

import math
from collections.abc import Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Panel, Row, Timeline, stretches
from immunotrack.plot.marking import draw_marks
from immunotrack.plot.style import (
    BAND,
    CRITICAL,
    FAINT,
    FONT,
    INK,
    MARKS,
    RULE,
    TREATED,
    Size,
    day_locator,
    dose_arrow,
    thinner,
)


def draw_panel(
    ax: Axes,
    panel: Panel,
    timeline: Timeline,
    size: Size,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw a panel; heading and range are the page's business.

    The artists carry a gid: `band`, `decision-limit`, `treatment`, `dose`, `window`, `sample`,
    `line`, and `value` or `censored` for the points; further ones see `draw_marks`.

    Args:
        limits: Of the value axis, where several panels share one.
    """
    ax.set_xlim(timeline.days)
    ax.set_ylim(limits or y_limits(panel))
    style_axes(ax, size, log=panel.log)
    _treatment(ax, timeline, size)
    draw_marks(ax, panel, size)
    _bands(ax, panel, timeline)
    _windows(ax, panel, timeline, size)
    draw_points(ax, panel.faint, size, faint=True)
    for stretch, _, _ in stretches(panel.line, timeline.days):
        run = [row for row in stretch if _visible(ax, row["value"])]
        days, values = [row["day"] for row in run], [row["value"] for row in run]
        width = size.line * thinner(len(panel.line))
        ax.plot(days, values, color=INK, linewidth=width, zorder=3, gid="line")
    draw_points(ax, panel.line, size, faint=False)
    return ax


def _bar_ends(panel: Panel) -> list[float]:
    """The ends of the uncertainty bars; what a bar of a count has below zero needs no room."""
    bars = [row for row in panel.marks if row["series"] == "uncertainty"]
    ends = [row[end] for row in bars for end in ("from_value", "to_value")]
    return [max(end, 0.0) for end in ends] if panel.counts else ends


def y_limits(panel: Panel) -> tuple[float, float]:
    """The axis: from zero for a count, and with every edge of the band in sight."""
    values = [row["value"] for row in (*panel.line, *panel.faint)]
    edges = [row[side] for row in panel.line for side in ("low", "high") if row[side] is not None]
    edges += _bar_ends(panel)
    edges += [float(limit.limit) for limit in panel.limits if limit.limit is not None]
    everything = [*values, *edges] or [1.0]
    top = max(everything)
    if panel.log:
        positive = [value for value in everything if value > 0] or [1.0]
        return min(positive) / 1.6, max(positive) * 1.6
    bottom = min(everything)
    if panel.counts or (bottom >= 0 and bottom < 0.35 * top):
        bottom = min(0.0, bottom)
    air = (top - bottom or abs(top) or 1.0) * 0.12
    return (bottom if bottom == 0 else bottom - air), top + air


def value_ticks(panel: Panel, size: Size) -> list[float]:
    """The ticks of the value axis of a panel, without drawing it."""
    bottom, top = y_limits(panel)
    ticks = _value_locator(size, log=panel.log).tick_values(bottom, top)
    return [float(tick) for tick in ticks if bottom <= tick <= top]


def range_text(panel: Panel) -> str:
    """The latest range of a panel in words: `ref 1 100–3 200`, `ref ≥ 15 000`."""
    found = list(dict.fromkeys((row["low"], row["high"]) for row in panel.line))
    changed = ", changed" if len(found) > 1 else ""
    return limits_text(*(found[-1] if found else (None, None))) + changed


def limits_text(low: float | None, high: float | None) -> str:
    """A range in words."""
    if low is not None and high is not None:
        return f"ref {grouped(low)}–{grouped(high)}"
    if low is not None:
        return f"ref ≥ {grouped(low)}"
    return "no ref range" if high is None else f"ref ≤ {grouped(high)}"


def style_ticks(ax: Axes, size: Size) -> None:
    """Thin short ticks with small labels."""
    ax.tick_params(
        width=0.6,
        length=2.2,
        color=RULE,
        labelcolor=INK,
        labelsize=size.small,
        labelfontfamily=FONT,
        pad=1.5,
    )


def style_axes(ax: Axes, size: Size, *, log: bool = False) -> None:
    """Thin spines at the left and the bottom, few ticks, numbers with a thin space."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.6, color=RULE)
    style_ticks(ax, size)
    if log:
        ax.set_yscale("log")
    ax.yaxis.set_major_locator(_value_locator(size, log=log))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))
    ax.xaxis.set_major_locator(day_locator(5 if size.columns == 2 else 7))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))


def _value_locator(size: Size, *, log: bool) -> Locator:
    return LogLocator(numticks=5) if log else MaxNLocator(4 if size.columns == 2 else 5)


def _treatment(ax: Axes, timeline: Timeline, size: Size) -> None:
    """The first dose: an arrow at the top, and a tint from there on."""
    day = timeline.first_dose
    if day is None:
        return
    ax.axvspan(day, timeline.days[1], color=TREATED, linewidth=0, zorder=0, gid="treatment")
    ax.annotate(
        "",
        xy=(day, 0.90),
        xytext=(day, 1.035),
        xycoords=("data", "axes fraction"),
        arrowprops=dose_arrow(size),
        annotation_clip=False,
        zorder=6,
        gid="dose",
    )


def _bands(ax: Axes, panel: Panel, timeline: Timeline) -> None:
    """The range as a band, to the edge where it has no limit, stepping where it changes."""
    bottom, top = ax.get_ylim()
    for stretch, start, end in stretches(panel.line, timeline.days):
        low, high = stretch[0]["low"], stretch[0]["high"]
        if low is None and high is None:
            continue
        low, high = bottom if low is None else low, top if high is None else high
        ax.add_patch(
            Rectangle(
                (start, low),
                end - start,
                high - low,
                facecolor=BAND,
                alpha=0.75,
                linewidth=0,
                zorder=1,
                gid="band",
            )
        )
    draw_limits(ax, panel)
    ax.set_ylim(bottom, top)


def draw_limits(ax: Axes, panel: Panel) -> None:
    """The decision limits of a panel, dashed."""
    for limit in panel.limits:
        ax.axhline(
            float(limit.limit or 0),
            color=RULE,
            linewidth=0.5,
            linestyle=(0, (4, 3)),
            zorder=1.5,
            gid="decision-limit",
        )


def _windows(ax: Axes, panel: Panel, timeline: Timeline, size: Size) -> None:
    """Each window as a bracket along the time axis."""
    for first, last in panel.spans:
        start, end = max(first, timeline.days[0]), min(last, timeline.days[1])
        if start > end:
            continue
        ax.add_line(
            Line2D(
                [start, end],
                [0.018, 0.018],
                transform=ax.get_xaxis_transform(),
                color=FAINT,
                linewidth=size.line * 2,
                solid_capstyle="butt",
                zorder=2,
                gid="window",
            )
        )


def draw_points(ax: Axes, rows: Sequence[Row], size: Size, *, faint: bool) -> None:
    """The points by status; an open mark is a censored value, drawn at its limit.

    Many points are drawn smaller, so that they do not run into one blot.
    """
    marker = size.marker * thinner(len(rows))

    def kind(row: Row) -> tuple[str, bool]:
        return str(row["flag"]), bool(row["comparator"])

    for (flag, censored), group in groupby(sorted(rows, key=kind), key=kind):
        points = [row for row in group if _visible(ax, row["value"])]
        mark = MARKS[flag]
        critical = flag in CRITICAL
        ax.plot(
            [row["day"] for row in points],
            [row["value"] for row in points],
            linestyle="none",
            marker=mark.marker,
            markersize=marker * (0.62 if faint else 1.25 if critical else 1),
            markerfacecolor="white" if censored else mark.colour,
            markeredgecolor=INK if critical else mark.colour,
            markeredgewidth=size.line * (1 if censored or critical else 0.4),
            alpha=0.32 if faint else 1,
            zorder=2.5 if faint else 4,
            clip_on=False,
            gid="sample" if faint else "censored" if censored else "value",
        )


def _visible(ax: Axes, value: float) -> bool:
    return math.isfinite(value) and not (ax.get_yscale() == "log" and value <= 0)
