"""The axis of a block of a forest plot: how far it goes, and its ticks."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from immunotrack.numbers import grouped
from immunotrack.plot.forest_lines import POOLED, Block
from immunotrack.plot.panels import style_ticks
from immunotrack.plot.style import RULE, Ruler, Size

_REACH: Final = 1.5
"""How far beyond the estimates an axis goes at most, in typical widths of an interval."""

_FARTHER: Final = 3
"""How many times as far it goes for an interval of pooled effects."""

_AIR: Final = 0.04
"""The part of the axis that is left free at each end."""


def axis_limits(block: Block) -> tuple[float, float]:
    """The ends of the axis: every estimate in sight, and intervals unless one is far wider.

    >>> from immunotrack.plot.forest_lines import Line
    >>> narrow = [Line(kind="study", label="", estimate=1, low=0, high=2)] * 3
    >>> wide = Line(kind="study", label="", estimate=1, low=-900, high=900)
    >>> low, high = axis_limits(Block(lines=[*narrow, wide], measure="MD", axis="", log=False))
    >>> round(low, 2), round(high, 2)
    (-3.28, 4.28)
    """
    scale, back = _scales(log=block.log)
    estimates = [line.estimate for line in block.lines if line.estimate is not None]
    places = [scale(number) for number in (block.null, *estimates)]
    first, last = min(places), max(places)
    reach = _REACH * max(last - first, _typical(block))
    low, high = first, last
    for line in block.lines:
        farthest = reach * (_FARTHER if line.kind in POOLED else 1)
        if line.low is not None and line.high is not None:
            low = min(low, max(scale(line.low), first - farthest))
            high = max(high, min(scale(line.high), last + farthest))
    air = (high - low or 1.0) * _AIR
    return back(low - air), back(high + air)


def _typical(block: Block) -> float:
    """The typical width of an interval along the axis."""
    scale, _ = _scales(log=block.log)
    places = [
        replace(line, low=scale(line.low), high=scale(line.high))
        for line in block.lines
        if line.low is not None and line.high is not None
    ]
    return replace(block, lines=places).typical_width


def _scales(*, log: bool) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """From a number to its place along the axis, and back."""
    if not log:
        return float, float
    return (lambda x: math.log10(x) if x > 0 else -math.inf), (lambda x: float(10**x))


def draw_axis(ax: Axes, block: Block, size: Size, ruler: Ruler, width: float) -> Axes:
    """Limits, ticks that do not run into each other, and the line of no effect.

    Args:
        width: Of the axis, in mm.
    """
    low, high = axis_limits(block)
    if block.log:
        ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=0.6, color=RULE)
    ax.yaxis.set_major_locator(NullLocator())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_locator(FixedLocator(_ticks(block, (low, high), size, ruler, width)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))
    style_ticks(ax, size)
    ax.axvline(block.null, color=RULE, linewidth=size.line * 0.8, zorder=1, gid="no-effect")
    return ax


def _ticks(
    block: Block, limits: tuple[float, float], size: Size, ruler: Ruler, width: float
) -> list[float]:
    """The most ticks of round numbers whose labels have room beside each other."""
    scale, _ = _scales(log=block.log)
    low, high = (scale(limit) for limit in limits)
    for ticks in _tick_choices(block, limits):
        shown = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
        placed = [
            ((scale(tick) - low) / (high - low) * width, ruler.width(grouped(tick), size.small))
            for tick in shown
        ]
        apart = all(
            right - left >= (one + other) / 2 + _APART
            for (left, one), (right, other) in pairwise(placed)
        )
        if apart and len(shown) <= _MOST_TICKS:
            return shown
    return [block.null]


_MOST_TICKS: Final = 7
_APART: Final = 1.5
"""Between the labels of two ticks, in mm."""


def _tick_choices(block: Block, limits: tuple[float, float]) -> list[list[float]]:
    """Ticks to try, most of them first."""
    if not block.log:
        return [list(MaxNLocator(most).tick_values(*limits)) for most in (6, 5, 4, 3, 2)]
    first, last = (math.floor(math.log10(limit)) for limit in limits)
    decades = range(first, last + 1)
    choices = [
        [float(f"{digit}e{decade}") for decade in decades for digit in digits]
        for digits in ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
    ]
    steps = [[float(f"1e{decade}") for decade in decades if decade % step == 0] for step in _STEPS]
    return [*choices, *steps]


_STEPS: Final = (2, 3, 5, 10, 20, 50)
"""Every how many decades a tick stands where there are many."""
