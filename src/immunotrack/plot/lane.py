"""One lane: its bars, doses, tests and other marks, each with its name where there is room."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.path import Path

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Row
from immunotrack.plot.style import BAR, DOSE, FAINT, FONT, INFECTION, INK, STRIPE, Ruler, Size


@dataclass(slots=True)
class Lane:
    """One row of the strip while it is drawn.

    Args:
        y: Of its middle, in heights of a plain lane from the top.
        half: Half the height of its stripe.
        mm_per_day: The scale of the time axis.
        beyond: Room for text right of the axis, in days.
        taken: Stretches of the row that hold something already, in days.
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
        """Whether a stretch is inside the axis and holds nothing yet."""
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


def dose_units(events: Sequence[Row]) -> set[str]:
    """The units of the doses among some events."""
    return {event["dose_unit"] for event in events if event["kind"] == "dose"} - {""}


def is_point(event: Row) -> bool:
    """Whether an event is drawn as a mark and not as a bar."""
    return event["last"] is None and not event["open_end"]


def draw_lane(lane: Lane, events: Sequence[Row]) -> None:
    """Draw the events of one lane, bars first, then doses, then other marks."""
    seen = [event for event in events if _reaches(event, lane.days)]
    points = [event for event in seen if is_point(event)]
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


def _reaches(event: Row, days: tuple[float, float]) -> bool:
    last = (
        days[1] if event["open_end"] else event["day"] if event["last"] is None else event["last"]
    )
    return bool(event["day"] <= days[1] and last >= days[0])


def _half(lane: Lane) -> float:
    """Half the width of a mark, in days."""
    return lane.size.marker * 0.22 / lane.mm_per_day


def _draw_span(lane: Lane, event: Row, until: float) -> None:
    """A bar with its name.

    Where the end is not stated the bar is as long as its name and thins out: it says when the event
    began and no more.
    """
    text = (
        event["name"] if event["dose"] is None else f"{grouped(event['dose'])} {event['dose_unit']}"
    )
    start = max(event["day"], lane.days[0])
    if event["last"] is not None:
        end = min(event["last"], lane.days[1])
    else:
        end = min(start + lane.days_wide(text) + 2 * _pad(lane), until, lane.days[1])
        _draw_tail(lane, event, end, min(end + _TAIL / lane.mm_per_day, until, lane.days[1]))
    lane.ax.add_patch(
        Rectangle(
            (start, lane.y - lane.half),
            end - start,
            2 * lane.half,
            facecolor=_bar_colour(event),
            edgecolor=STRIPE,
            linewidth=lane.size.line * 0.7,
            zorder=2,
            gid="event",
            alpha=0.55 if event["basis"] == "assumed" else 1,
        )
    )
    lane.taken.append((start, end))
    _name_span(lane, text, (start, end), until, whole=event["dose"] is not None)


def _pad(lane: Lane) -> float:
    """The room on either side of a bar's name, in days."""
    return 0.8 / lane.mm_per_day


def _bar_colour(event: Row) -> str:
    return INFECTION if event["kind"] == "infection" else BAR


def _draw_tail(lane: Lane, event: Row, start: float, end: float) -> None:
    """The dots behind a bar whose end is not stated."""
    lane.taken.append((start, end))
    lane.ax.plot(
        [start, end],
        [lane.y, lane.y],
        color=_bar_colour(event),
        linewidth=lane.size.line * 1.6,
        linestyle=(0, (1, 1)),
        zorder=2,
        gid="event",
    )


def _name_span(
    lane: Lane, text: str, bar: tuple[float, float], until: float, *, whole: bool
) -> None:
    """The name of a bar in it, or right or left of it where it is too short.

    The size of a dose is written whole or not at all: a shortened number is another number.
    """
    (start, end), pad = bar, _pad(lane)
    named = lane.days_wide(text) + 2 * pad
    inside = (end - start - 2 * pad) * lane.mm_per_day
    if named <= end - start + _ROUNDING:
        lane.write(start + pad, text, align="left", colour="white")
    elif end + named <= until and lane.free(end + pad, end + named):
        lane.write(end + pad, text, align="left")
    elif lane.free(start - named, start - pad):
        lane.write(start - pad, text, align="right")
    elif not whole and (fitted := lane.ruler.fitted(text, lane.size.small, inside)):
        lane.write(start + pad, fitted, align="left", colour="white")


_ROUNDING: Final = 1e-9
_TAIL: Final = 4.0
"""The length of the dots behind a bar whose end is not stated, in mm."""


DOSE_RISE: Final = 0.36
"""How far above the middle of its lane a dose stands, in plain lanes."""


def _draw_doses(lane: Lane, doses: Sequence[Row]) -> None:
    """Triangles, filled where the day is stated, with the sizes below them.

    Sizes that are all one are written where there is room; where they differ and do not all have
    room, the different sizes are written once, so that no mark passes for another size.
    """
    for event in doses:
        lane.ax.plot(
            [event["day"]],
            [lane.y - DOSE_RISE],
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
    several_units = len(dose_units(doses)) > 1
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


_PLUS: Final = (
    *((-641, -85), (-84, -85), (-84, -642), (84, -642), (84, -85), (641, -85)),
    *((641, 85), (84, 85), (84, 642), (-84, 642), (-84, 85), (-641, 85)),
)
_MINUS: Final = ((-641, -85), (641, -85), (641, 85), (-641, 85))
_SIGNS: Final = {
    name: Path([*outline, outline[0]], closed=True)
    for name, outline in (("positive", _PLUS), ("negative", _MINUS))
}
"""The signs of results, in the outlines of the font's own; matplotlib parses mathematics slowly."""


def _draw_test(lane: Lane, event: Row) -> None:
    """A disc with + for a positive result, a ring with − for a negative one, else the result."""
    result = event["result"].casefold()
    sign = _SIGNS.get(result)
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
    if sign is not None:
        lane.ax.plot(
            [event["day"]],
            [lane.y],
            linestyle="none",
            marker=sign,
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
