"""The lane strip: doses, treatments, infections, tests and outcomes on the figure's time axis."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Row, Timeline
from immunotrack.plot.lane import DOSE_RISE, Lane, dose_units, draw_lane, is_point
from immunotrack.plot.style import FONT, INK, PLANNED, RULE, STRIPE, Ruler, Size, day_locator

WIDEST_LABEL: Final = 0.3
"""The most that the name of a lane may take of the page's width."""


def lane_label(name: str, events: Sequence[Row]) -> str:
    """The name of a lane, with the unit of its doses where they share one."""
    units = dose_units(events)
    return f"{name}, {units.pop()}" if len(units) == 1 else name


def lane_height(events: Sequence[Row]) -> float:
    """The height of a lane, in plain lanes: doses have their size below them."""
    return 1.65 if any(event["kind"] == "dose" and is_point(event) for event in events) else 1.0


def strip_height(timeline: Timeline) -> float:
    """The height of all lanes, in plain lanes."""
    return sum(lane_height(events) for events in timeline.lanes.values())


def room_beyond(timeline: Timeline, size: Size, ruler: Ruler) -> float:
    """The room in mm that the names of last outcomes need right of the time axis."""
    last = [
        events[-1]["name"]
        for events in timeline.lanes.values()
        if events[-1]["kind"] == "outcome" and events[-1]["last"] is None
    ]
    widest = max((ruler.width(name, size.small) for name in last), default=0.0)
    return min(widest, size.width * 0.2)


def draw_lanes(
    ax: Axes, timeline: Timeline, size: Size, ruler: Ruler, *, width: float, beyond: float
) -> Axes:
    """Draw the lane strip.

    Args:
        width: Of the axes, in mm.
        beyond: Room for text right of the axes, in mm.

    The artists carry a gid: `lane`, `dose`, `event` and `event-label`; against a plan also
    `missed-dose`, `undetermined-dose` and `extra-dose`.
    """
    ax.set_xlim(timeline.days)
    ax.set_ylim(strip_height(timeline), 0)
    scale = width / (timeline.days[1] - timeline.days[0])
    top = 0.0
    for name, events in timeline.lanes.items():
        tall = lane_height(events)
        middle, half = top + tall / 2, tall / 2 - 0.12
        lane = Lane(ax, ruler, size, middle, half, scale, timeline.days, beyond / scale)
        label = ruler.fitted(lane_label(name, events), size.text, size.width * WIDEST_LABEL)
        _draw_stripe(lane, label)
        draw_lane(lane, events)
        _draw_planned(lane, timeline.doses.get(name, ()))
        top += tall
    _draw_axis(ax, timeline, size)
    return ax


def _draw_planned(lane: Lane, doses: Sequence[Row]) -> None:
    """What became of planned doses, at the height of the doses that were given."""
    for row in doses:
        mark = PLANNED[row["series"]]
        lane.ax.plot(
            [row["day"]],
            [lane.y - DOSE_RISE],
            linestyle="none",
            marker=mark.marker,
            markerfacecolor="none",
            markeredgecolor=mark.colour,
            markersize=lane.size.marker * (1.9 if mark.marker == "o" else 1.1),
            markeredgewidth=lane.size.line * 1.2,
            zorder=4.5,
            clip_on=False,
            gid=row["series"].replace(" ", "-"),
        )


def _draw_stripe(lane: Lane, label: str) -> None:
    """The ground of a lane, and its name left of it."""
    start, end = lane.days
    lane.ax.add_patch(
        Rectangle(
            (start, lane.y - lane.half),
            end - start,
            2 * lane.half,
            facecolor=STRIPE,
            linewidth=0,
            zorder=0,
        )
    )
    lane.ax.text(
        start - 1.8 / lane.mm_per_day,
        lane.y,
        label,
        ha="right",
        va="center_baseline",
        fontsize=lane.size.text,
        color=INK,
        fontfamily=FONT,
        parse_math=False,
        gid="lane",
    )


def _draw_axis(ax: Axes, timeline: Timeline, size: Size) -> None:
    """Days above the strip, with the clock's name where no panel bears it."""
    ax.spines[:].set_visible(False)
    ax.tick_params(left=False, labelleft=False, bottom=False, labelbottom=False)
    ax.tick_params(axis="x", top=True, labeltop=True, length=1.6, width=0.6, color=RULE, pad=1)
    ax.tick_params(axis="x", labelcolor=INK, labelsize=size.small, labelfontfamily=FONT)
    ax.xaxis.set_major_locator(day_locator(14 if size.columns > 2 else 8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))
    if not timeline.panels:
        title = ax.set_title(timeline.clock.name, loc="left", pad=3, parse_math=False)
        title.set(fontsize=size.small, fontfamily=FONT, color=INK)
