"""What a panel shows on request: grades behind it, lines, bars and marks on it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from immunotrack.plot.drawn import Panel, Row
from immunotrack.plot.style import (
    CHANGE,
    FONT,
    GRADE,
    GRADE_ALPHA,
    RECOVERY,
    RELAPSE,
    RULE,
    Size,
    thinner,
)


def draw_marks(ax: Axes, panel: Panel, size: Size) -> None:
    """Draw what was asked for; the axis has its limits already.

    The artists carry a gid: `grade-band`, `grade-label`, `baseline`, `peak`, `recovery`, `relapse`,
    `change` and `uncertainty`.
    """
    limits = ax.get_ylim()
    fine = thinner(len(panel.samples))
    pen = replace(size, line=size.line * fine, marker=size.marker * fine)
    for row in panel.marks:
        _DRAW[row["series"]](ax, row, pen if row["series"] in _AT_SAMPLES else size)
    _label_grades(ax, [row for row in panel.marks if row["series"] == "grade"], size)
    ax.set_ylim(limits)


_AT_SAMPLES: Final = {"change", "uncertainty"}
"""What is drawn finer where there are many samples."""


def _grade(ax: Axes, row: Row, _: Size) -> None:
    low, high = _visible(ax, row)
    if low < high:
        ax.add_patch(
            Rectangle(
                (row["day"], low),
                row["to_day"] - row["day"],
                high - low,
                facecolor=GRADE,
                alpha=GRADE_ALPHA[row["mark"]],
                linewidth=0,
                zorder=0.5,
                gid="grade-band",
            )
        )


def _visible(ax: Axes, row: Row) -> tuple[float, float]:
    """The part of a band that is within the axis; the ends cross where there is none."""
    bottom, top = ax.get_ylim()
    low = bottom if row["from_value"] is None else max(bottom, row["from_value"])
    high = top if row["to_value"] is None else min(top, row["to_value"])
    return low, high


def _label_grades(ax: Axes, rows: Sequence[Row], size: Size) -> None:
    """The grades right of the panel, each beside its last band or as near as there is room."""
    last = max((row["to_day"] for row in rows), default=0.0)
    seen = [row for row in rows if row["to_day"] == last]
    bands = sorted((_visible(ax, row), row["mark"]) for row in seen)
    shown = [(ends, mark) for ends, mark in bands if ends[0] < ends[1]]
    width, height = (side / ax.figure.dpi * 72 for side in (ax.bbox.width, ax.bbox.height))
    middles = [sum(_height(ax, end) for end in ends) / 2 for ends, _ in shown]
    places = spread(middles, size.small * 1.25 / height)
    beyond = 1 + size.small * 0.5 / width
    for middle, place, (_, mark) in zip(middles, places, shown, strict=True):
        leader = Line2D([1, beyond], [middle, place], transform=ax.transAxes, clip_on=False)
        leader.set(color=RULE, linewidth=0.4)
        ax.add_line(leader)
        ax.text(
            beyond,
            place,
            mark,
            transform=ax.transAxes,
            ha="left",
            va="center",
            fontsize=size.small,
            fontfamily=FONT,
            color=RULE,
            parse_math=False,
            gid="grade-label",
        )


def _height(ax: Axes, value: float) -> float:
    """Where a value lies on the axis, from 0 at its bottom to 1."""
    display = ax.transData.transform((ax.get_xlim()[0], value))
    return float(ax.transAxes.inverted().transform(display)[1])


def spread(wanted: Sequence[float], apart: float) -> list[float]:
    """Rising places at least so far apart, from 0 up, each group about the middle of its wishes.

    >>> [round(place, 2) for place in spread([0.1, 0.2, 0.9], 0.2)]
    [0.05, 0.25, 0.9]
    """
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _start(groups[-1], apart) < _end(groups[-2], apart) + apart:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_start(group, apart) + apart * n for group in groups for n in range(len(group))]


def _start(group: Sequence[float], apart: float) -> float:
    return max(0.0, sum(group) / len(group) - apart * (len(group) - 1) / 2)


def _end(group: Sequence[float], apart: float) -> float:
    return _start(group, apart) + apart * (len(group) - 1)


def _baseline(ax: Axes, row: Row, size: Size) -> None:
    ax.plot(
        [row["day"], row["to_day"]],
        [row["value"]] * 2,
        color=RECOVERY,
        linewidth=size.line * 0.9,
        linestyle=(0, (1.5, 1.2)),
        zorder=1.8,
        gid="baseline",
    )


def _peak(ax: Axes, row: Row, size: Size) -> None:
    """A star above the sample."""
    above = ScaledTranslation(0, size.marker * 1.35 / 72, ax.figure.dpi_scale_trans)
    ax.plot(
        [row["day"]],
        [row["value"]],
        transform=ax.transData + above,
        linestyle="none",
        marker="*",
        markersize=size.marker * 1.5,
        markerfacecolor=RECOVERY,
        markeredgewidth=0,
        zorder=5,
        clip_on=False,
        gid="peak",
    )


def _turn(ax: Axes, row: Row, size: Size) -> None:
    """A bar with ends from the last sample on one side of a limit to the first on the other."""
    recovered = row["series"] == "recovery"
    colour = RECOVERY if recovered else RELAPSE
    days, level = (row["day"], row["to_day"]), row[row["mark"]]
    ax.plot(
        days,
        [level] * 2,
        color=colour,
        linewidth=size.line * 2.2,
        linestyle="-" if recovered else (0, (1, 0.7)),
        solid_capstyle="butt",
        dash_capstyle="butt",
        zorder=3.4,
        gid=row["series"],
    )
    ax.plot(
        days,
        [level] * 2,
        linestyle="none",
        marker="|",
        color=colour,
        markersize=size.marker * 1.3,
        markeredgewidth=size.line * 1.3,
        zorder=3.4,
        gid=f"{row['series']}-end",
    )


def _change(ax: Axes, row: Row, size: Size) -> None:
    """A broad stroke from one sample to the next, behind the line."""
    ax.plot(
        [row["day"], row["to_day"]],
        [row["from_value"], row["to_value"]],
        color=CHANGE,
        linewidth=size.line * 4.5,
        solid_capstyle="round",
        zorder=2.2,
        gid="change",
    )


def _uncertainty(ax: Axes, row: Row, size: Size) -> None:
    ends = [row["from_value"], row["to_value"]]
    if ax.get_yscale() == "log" and ends[0] <= 0:
        ends[0] = ax.get_ylim()[0]
    bar = Line2D(
        [row["day"]] * 2,
        ends,
        color=RULE,
        linewidth=size.line,
        marker="_",
        markersize=size.marker * 0.9,
        markeredgewidth=size.line * 0.8,
        zorder=3.2,
        gid="uncertainty",
    )
    ax.add_line(bar)


_DRAW: Final[dict[str, Callable[[Axes, Row, Size], None]]] = {
    "grade": _grade,
    "baseline": _baseline,
    "peak": _peak,
    "recovery": _turn,
    "relapse": _turn,
    "change": _change,
    "uncertainty": _uncertainty,
}
"""How each series of `DRAWN` is drawn; a new mark has its entry here."""
