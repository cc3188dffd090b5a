"""The marks of a forest plot on their axis: squares, diamonds, intervals and their heads."""

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from immunotrack.plot.forest_lines import POOLED, Block, Line
from immunotrack.plot.style import BAND, FAINT, INK, LOW, MM_PER_INCH, Size

Placed = tuple[Line, float]
"""A line with the place of its middle, in mm from the top of the axis."""


def draw_lines(ax: Axes, block: Block, placed: Sequence[Placed], size: Size, row: float) -> Axes:
    """Squares, diamonds and intervals, each at its place; `row` is the height of a line in mm.

    The artists carry a gid: `interval`, `study`, `pooled`, `prediction`, `beyond` for the heads of
    intervals that leave the axis, and `total` for the line through the total.
    """
    weights = [line.weight for line in block.lines if line.kind == "study" and line.weight]
    largest = max(weights, default=0.0)
    totals = [(line.estimate, y) for line, y in placed if line.kind == "total"]
    if len(totals) == 1 and totals[0][0] is not None:
        ax.plot(
            [totals[0][0]] * 2,
            [0, totals[0][1]],
            color=FAINT,
            linewidth=size.line * 0.8,
            linestyle=(0, (3, 2)),
            zorder=0.9,
            gid="total",
        )
    for line, y in placed:
        if line.kind in POOLED:
            _diamond(ax, line, y, size, row)
        elif line.kind == "prediction":
            _bar(ax, line, y, size, row)
        elif line.kind == "study" and line.estimate is not None:
            _whisker(ax, line, y, size, row)
            share = 1.0 if not largest else (line.weight or 0.0) / largest
            _square(ax, line.estimate, y, row * _SIDE * math.sqrt(share))
    return ax


_SIDE: Final = 0.56
"""The side of the largest square, in heights of a line."""

_LEAST_SIDE: Final = 0.6
"""No square is smaller, in mm: a trial of no weight is still a trial."""


def _square(ax: Axes, estimate: float, y: float, side: float) -> None:
    ax.plot(
        [estimate],
        [y],
        linestyle="none",
        marker="s",
        markersize=max(side, _LEAST_SIDE) * 72 / MM_PER_INCH,
        markerfacecolor=INK,
        markeredgewidth=0,
        zorder=4,
        gid="study",
    )


def _within(ax: Axes, line: Line) -> tuple[float, float, list[tuple[float, str]]]:
    """The ends of an interval on the axis, and the heads where it leaves the axis."""
    first, last = ax.get_xlim()
    low = first if line.low is None else line.low
    high = last if line.high is None else line.high
    heads = [(first, "<")] if low < first else []
    heads += [(last, ">")] if high > last else []
    return max(low, first), min(high, last), heads


def _whisker(ax: Axes, line: Line, y: float, size: Size, row: float) -> None:
    low, high, heads = _within(ax, line)
    ax.plot([low, high], [y, y], color=INK, linewidth=size.line, zorder=3, gid="interval")
    _heads(ax, heads, y, size, row, INK)


def _heads(
    ax: Axes, heads: Sequence[tuple[float, str]], y: float, size: Size, row: float, colour: str
) -> None:
    for x, marker in heads:
        ax.plot(
            [x],
            [y],
            linestyle="none",
            marker=marker,
            markersize=min(size.marker, row * 0.45 * 72 / MM_PER_INCH),
            markerfacecolor=colour,
            markeredgewidth=0,
            clip_on=False,
            zorder=5,
            gid="beyond",
        )


def _diamond(ax: Axes, line: Line, y: float, size: Size, row: float) -> None:
    """A diamond as wide as the interval; where it leaves the axis it is cut and has a head."""
    if line.estimate is None:
        return
    _, _, heads = _within(ax, line)
    half = row * 0.32
    low, high = _reached(ax, line)
    total = line.kind == "total"
    ax.add_patch(
        Polygon(
            [(low, y), (line.estimate, y - half), (high, y), (line.estimate, y + half)],
            closed=True,
            facecolor=LOW if total else BAND,
            edgecolor=LOW if total else INK,
            linewidth=size.line * 0.6,
            zorder=4,
            gid="pooled",
        )
    )
    _heads(ax, heads, y, size, row, LOW if total else INK)


def _reached(ax: Axes, line: Line) -> tuple[float, float]:
    """The ends of a diamond; one without end goes far beyond the axis, so that it can be drawn."""
    first, last = ax.get_xlim()
    low = first if line.low is None else line.low
    high = last if line.high is None else line.high
    if ax.get_xscale() == "log":
        return max(low, first**3 / last**2), min(high, last**3 / first**2)
    return max(low, first - 2 * (last - first)), min(high, last + 2 * (last - first))


def _bar(ax: Axes, line: Line, y: float, size: Size, row: float) -> None:
    """A prediction interval: a line with a stroke at each end that is on the axis."""
    if line.low is None or line.high is None:
        return
    low, high, heads = _within(ax, line)
    ax.plot([low, high], [y, y], color=LOW, linewidth=size.line * 1.4, zorder=3, gid="prediction")
    half = row * 0.2
    for end, seen in ((low, low == line.low), (high, high == line.high)):
        if seen:
            ax.plot([end, end], [y - half, y + half], color=LOW, linewidth=size.line, zorder=3)
    _heads(ax, heads, y, size, row, LOW)
