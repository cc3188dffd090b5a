"""The lane strip: doses, treatments, infections, tests and outcomes on the figure's time axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Row, Timeline
from immunotrack.plot.style import (
    BAR,
    DOSE,
    FAINT,
    FONT,
    INFECTION,
    INK,
    RULE,
    STRIPE,
    Ruler,
    Size,
)

WIDEST_LABEL: Final = 0.3
"""The most that the name of a lane may take of the page's width."""


@dataclass(slots=True)
class Lane:
    """One row of the strip while it is drawn.

    Args:
        y: Of its middle, in heights of a plain lane from the top.
        half: Half the height of its stripe.
        mm_per_day: The scale of the time axis.
        beyond: Room for text right of the axis, in days.
        taken: Stretches of the row that hold text already, in days.
    """

    ax: Axes
    ruler: Ruler
    size: Size
    y: float
    half: float
    mm_per_day: float
    days: tuple[float, float]
    beyond: float
    taken: list[tuple[float, float]] = field(default_factory=list)

    def days_wide(self, text: str) -> float:
        """The width of a text in days."""
        return self.ruler.width(text, self.size.small) / self.mm_per_day

    def free(self, start: float, end: float) -> bool:
        """Whether a stretch is inside the axis and holds no text yet."""
        inside = self.days[0] <= start and end <= self.days[1] + self.beyond
        return inside and all(end <= one or start >= other for one, other in self.taken)

    def write(self, x: float, text: str, *, align: str, colour: str = INK, down: float = 0) -> None:
        """Write a text in the row and remember where."""
        wide = self.days_wide(text)
        start = {"left": x, "right": x - wide, "center": x - wide / 2}[align]
        self.taken.append((start, start + wide))
        self.ax.text(
            x,
            self.y + down,
            text,
            ha=align,
            va="center_baseline",
            fontsize=self.size.small,
            color=colour,
            fontfamily=FONT,
            parse_math=False,
            zorder=5,
            gid="event-label",
        )


def lane_label(name: str, events: Sequence[Row]) -> str:
    """The name of a lane, with the unit of its doses where they share one."""
    units = _dose_units(events)
    return f"{name}, {units.pop()}" if len(units) == 1 else name


def _dose_units(events: Sequence[Row]) -> set[str]:
    return {event["dose_unit"] for event in events if event["kind"] == "dose"} - {""}


def lane_height(events: Sequence[Row]) -> float:
    """The height of a lane, in plain lanes: doses have their size below them."""
    return 1.65 if any(event["kind"] == "dose" and _is_point(event) for event in events) else 1.0


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

    The artists carry a gid: `dose`, `event` and `event-label`.
    """
    ax.set_xlim(timeline.days)
    ax.set_ylim(strip_height(timeline), 0)
    scale = width / (timeline.days[1] - timeline.days[0])
    top = 0.0
    for name, events in timeline.lanes.items():
        tall = lane_height(events)
        lane = Lane(
            ax,
            ruler,
            size,
            top + tall / 2,
            tall / 2 - 0.12,
            scale,
            timeline.days,
            beyond / scale,
        )
        top += tall
        ax.add_patch(
            Rectangle(
                (timeline.days[0], lane.y - lane.half),
                timeline.days[1] - timeline.days[0],
                2 * lane.half,
                facecolor=STRIPE,
                linewidth=0,
                zorder=0,
            )
        )
        ax.text(
            -1.8 / width,
            lane.y,
            ruler.fitted(lane_label(name, events), size.text, size.width * WIDEST_LABEL),
            transform=ax.get_yaxis_transform(),
            ha="right",
            va="center_baseline",
            fontsize=size.text,
            color=INK,
            fontfamily=FONT,
            parse_math=False,
            gid="lane",
        )
        _draw_lane(lane, events)
    if not timeline.panels:
        ax.set_title(
            timeline.clock.name,
            fontsize=size.small,
            fontfamily=FONT,
            color=INK,
            loc="left",
            pad=3,
            parse_math=False,
        )
    ax.spines[:].set_visible(False)
    ax.tick_params(
        top=True,
        labeltop=True,
        bottom=False,
        labelbottom=False,
        left=False,
        labelleft=False,
        length=1.6,
        width=0.6,
        color=RULE,
        labelcolor=INK,
        labelsize=size.small,
        pad=1,
        labelfontfamily=FONT,
    )
    ax.xaxis.set_major_locator(
        MaxNLocator(
            14 if size.columns > 2 else 8, steps=[1, 2, 4, 8, 10], integer=True, min_n_ticks=1
        )
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))
    return ax


def _draw_lane(lane: Lane, events: Sequence[Row]) -> None:
    seen = [event for event in events if _reaches(event, lane.days)]
    points = [event for event in seen if _is_point(event)]
    spans = [event for event in seen if event not in points]
    for event in spans:
        later = [other["day"] for other in seen if other["day"] > event["day"]]
        _draw_span(lane, event, min(later, default=lane.days[1]))
    half = _half(lane)
    lane.taken += [(e["day"] - half, e["day"] + half) for e in points if e["kind"] != "dose"]
    _draw_doses(lane, [event for event in points if event["kind"] == "dose"])
    for event in points:
        if event["kind"] == "test result":
            _draw_test(lane, event)
        elif event["kind"] != "dose":
            _draw_point(lane, event)


def _is_point(event: Row) -> bool:
    return event["last"] is None and not event["open_end"]


def _reaches(event: Row, days: tuple[float, float]) -> bool:
    last = (
        days[1] if event["open_end"] else event["day"] if event["last"] is None else event["last"]
    )
    return bool(event["day"] <= days[1] and last >= days[0])


def _half(lane: Lane) -> float:
    """Half the width of a mark, in days."""
    return lane.size.marker * 0.22 / lane.mm_per_day


def _draw_span(lane: Lane, event: Row, until: float) -> None:
    """A bar with its name in it, or beside it where it is too short.

    Where the end is not stated the bar is as long as its name and thins out: it says when the event
    began and no more.
    """
    start = max(event["day"], lane.days[0])
    text = (
        event["name"] if event["dose"] is None else f"{grouped(event['dose'])} {event['dose_unit']}"
    )
    pad = 0.8 / lane.mm_per_day
    named = lane.days_wide(text) + 2 * pad
    colour = INFECTION if event["kind"] == "infection" else BAR
    if event["last"] is not None:
        end = min(event["last"], lane.days[1])
    else:
        end = min(start + named, until, lane.days[1])
        tail = min(end + _TAIL / lane.mm_per_day, until, lane.days[1])
        lane.ax.plot(
            [end, tail],
            [lane.y, lane.y],
            color=colour,
            linewidth=lane.size.line * 1.6,
            linestyle=(0, (1, 1)),
            zorder=2,
            gid="event",
        )
    lane.ax.add_patch(
        Rectangle(
            (start, lane.y - lane.half),
            end - start,
            2 * lane.half,
            facecolor=colour,
            edgecolor=STRIPE,
            linewidth=lane.size.line * 0.7,
            zorder=2,
            gid="event",
            alpha=0.55 if event["basis"] == "assumed" else 1,
        )
    )
    if named <= end - start + _ROUNDING:
        lane.write(start + pad, text, align="left", colour="white")
    elif end + named <= until and lane.free(end + pad, end + named):
        lane.write(end + pad, text, align="left")
    elif fitted := lane.ruler.fitted(
        text, lane.size.small, (end - start - 2 * pad) * lane.mm_per_day
    ):
        lane.write(start + pad, fitted, align="left", colour="white")


_ROUNDING: Final = 1e-9
_TAIL: Final = 4.0
"""The length of the dots behind a bar whose end is not stated, in mm."""


def _draw_doses(lane: Lane, doses: Sequence[Row]) -> None:
    """Triangles, filled where the day is stated, with the sizes below them.

    Sizes that are all one are written where there is room; where they differ and do not all have
    room, the different sizes are written once, so that no mark passes for another size.
    """
    for event in doses:
        lane.ax.plot(
            [event["day"]],
            [lane.y - 0.36],
            linestyle="none",
            marker="v",
            color=DOSE,
            markerfacecolor="white" if event["basis"] == "assumed" else DOSE,
            markersize=lane.size.marker * 0.95,
            markeredgewidth=lane.size.line,
            zorder=4,
            gid="dose",
            clip_on=False,
        )
    several_units = len(_dose_units(doses)) > 1
    sizes = [
        (event["day"], _dose_text(event, with_unit=several_units))
        for event in doses
        if event["dose"] is not None
    ]
    different = list(dict.fromkeys(text for _, text in sizes))
    if len(different) > 1 and not _all_fit(lane, sizes):
        sizes = [(sizes[0][0], ", ".join(different))]
    for day, text in sizes:
        words = lane.ruler.fitted(text, lane.size.small, lane.size.width * 0.4)
        half = lane.days_wide(words) / 2
        middle = max(day, lane.days[0] + half)
        if lane.free(middle - half, middle + half):
            lane.write(middle, words, align="center", colour=DOSE, down=0.36)


def _dose_text(event: Row, *, with_unit: bool) -> str:
    return f"{grouped(event['dose'])} {event['dose_unit']}" if with_unit else grouped(event["dose"])


def _all_fit(lane: Lane, sizes: Sequence[tuple[float, str]]) -> bool:
    ends = [(day, lane.days_wide(text) / 2) for day, text in sizes]
    return all(day + half <= other - wide for (day, half), (other, wide) in pairwise(ends))


def _draw_test(lane: Lane, event: Row) -> None:
    """A disc with + for a positive result, a ring with − for a negative one, else the result."""
    result = event["result"].casefold()
    sign = {"positive": "+", "negative": "−"}.get(result, "")
    positive = result == "positive"
    lane.ax.plot(
        [event["day"]],
        [lane.y],
        linestyle="none",
        marker="o",
        color=INK,
        markerfacecolor=INK if positive else "white",
        markersize=lane.size.marker * 1.25,
        markeredgewidth=lane.size.line * 0.8,
        zorder=4,
        gid="event",
        clip_on=False,
    )
    if sign:
        lane.ax.plot(
            [event["day"]],
            [lane.y],
            linestyle="none",
            marker=f"${sign}$",
            zorder=5,
            color="white" if positive else INK,
            markersize=lane.size.marker * 0.7,
            markeredgewidth=0,
            gid="event",
        )
    else:
        _write_beside(lane, event, event["result"] or event["name"], INK)


def _draw_point(lane: Lane, event: Row) -> None:
    marker = "X" if event["kind"] == "outcome" else "d"
    lane.ax.plot(
        [event["day"]],
        [lane.y],
        linestyle="none",
        marker=marker,
        color=INK if event["kind"] == "outcome" else FAINT,
        markersize=lane.size.marker * 1.1,
        markeredgewidth=0,
        zorder=4,
        gid="event",
        clip_on=False,
    )
    if event["dose"] is not None:
        _write_beside(lane, event, f"{grouped(event['dose'])} {event['dose_unit']}", INK)
    elif event["name"] != event["lane"]:
        _write_beside(lane, event, event["name"], INK)


def _write_beside(lane: Lane, event: Row, text: str, colour: str) -> None:
    """The text right of a mark, else left of it, shortened if it must be; else not at all."""
    gap = _half(lane) + 0.5 / lane.mm_per_day
    for words in (text, lane.ruler.fitted(text, lane.size.small, lane.size.width * 0.2)):
        wide = lane.days_wide(words)
        if lane.free(event["day"] + gap, event["day"] + gap + wide):
            lane.write(event["day"] + gap, words, align="left", colour=colour)
            return
        if lane.free(event["day"] - gap - wide, event["day"] - gap):
            lane.write(event["day"] - gap, words, align="right", colour=colour)
            return
