"""The figure of a patient in pieces that a page can arrange: each panel, each lane, the days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from immunotrack.plot.drawn import Panel, Row, Timeline
from immunotrack.plot.lanes import (
    WIDEST_LABEL,
    draw_lanes,
    lane_height,
    lane_label,
    room_beyond,
    strip_height,
)
from immunotrack.plot.panels import draw_panel, range_text
from immunotrack.plot.style import MM_PER_INCH, Ruler, Size
from immunotrack.report.spots import Identity, Spot, event_label, result_label
from immunotrack.report.svg import Styles, markup, svg_of

POINTS_PER_MM: Final = 72 / MM_PER_INCH
_PANEL_WIDE, _PANEL_HIGH = 300.0, 168.0
STRIPS: Final = {"wide": 860.0, "middle": 560.0, "narrow": 330.0}
"""How wide the strip of lanes is, in points: for a desk, a lap and a hand."""

ONE_STRIP: Final = {"every": 620.0}
"""For all of them, where there are many patients to draw."""

_REACH: Final = 7.0
"""How far around a point it can be pointed at."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One piece, with its heading and what the page writes beside it.

    Args:
        key: An analyte, or the name of a lane.
    """

    key: str
    heading: str
    aside: str
    svg: str


def _size(width: float) -> Size:
    """The sizes of type and marks on a screen, for a width in points."""
    millimetres = width / POINTS_PER_MM
    return Size(millimetres, 1000, 3, 60, 6.4, 12, 9.5, 8.5, 5.4, 1.2, 72)


def panel_panes(
    timeline: Timeline, known: Mapping[Identity, Row], styles: Styles, prefix: str
) -> list[Pane]:
    """A pane for each panel."""
    return [
        Pane(
            panel.analyte,
            panel.heading,
            f"{panel.unit} · {range_text(panel)}",
            _panel(panel, timeline, known, styles, f"{prefix}{number}"),
        )
        for number, panel in enumerate(timeline.panels)
    ]


def _panel(
    panel: Panel,
    timeline: Timeline,
    known: Mapping[Identity, Row],
    styles: Styles,
    prefix: str,
) -> str:
    size = _size(_PANEL_WIDE)
    figure = _figure(_PANEL_WIDE, _PANEL_HIGH)
    ax = figure.add_axes((0.1, 0.12, 0.88, 0.82))
    draw_panel(ax, panel, timeline, size)
    _fit_ticks(ax, Ruler(figure), size)
    _name_arrows(ax)
    rows = [*panel.line, *_left_out(panel)]
    spots = [
        Spot(*_place(ax, row["day"], row["value"]), 0, result_label(row, known)) for row in rows
    ]
    label = f"{panel.heading}, {panel.unit}, {len(panel.line)} values over time"
    return _interactive(svg_of(figure, styles, prefix), ax, timeline, spots, label)


def _left_out(panel: Panel) -> list[Row]:
    """The faint samples that no mark of the line stands on."""
    shown = {(row["day"], row["value"]) for row in panel.line}
    return [row for row in panel.faint if (row["day"], row["value"]) not in shown]


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    return figure


def _fit_ticks(ax: Axes, ruler: Ruler, size: Size) -> None:
    """Leave as much room left of the axes as the widest number of the axis needs."""
    low, high = ax.get_ylim()
    texts = [
        ax.yaxis.get_major_formatter()(tick) for tick in ax.get_yticks() if low <= tick <= high
    ]
    widest = max((ruler.width(text, size.small) for text in texts), default=0.0) * POINTS_PER_MM
    left = (widest + 7) / _PANEL_WIDE
    ax.set_position((left, 0.12, 0.985 - left, 0.82))
    ax.patch.set_visible(False)


def _name_arrows(ax: Axes) -> None:
    """Give the arrow of a note the note's own name, by which a page finds it."""
    for note in ax.texts:
        arrow = note.arrow_patch if isinstance(note, Annotation) else None
        if arrow is not None:
            arrow.set_gid(note.get_gid())


def lane_panes(
    timeline: Timeline, styles: Styles, prefix: str, widths: Mapping[str, float]
) -> dict[str, list[Pane]]:
    """A pane for each lane, and first one for the days, for each width of the strip in points."""
    if not timeline.lanes:
        return {}
    return {
        name: list(_strip(timeline, styles, f"{prefix}{name[0]}", width))
        for name, width in widths.items()
    }


def _strip(timeline: Timeline, styles: Styles, prefix: str, width: float) -> Iterator[Pane]:
    """The days, then each lane, cut from one drawing of the whole strip."""
    size = _size(width)
    ruler = Ruler(_figure(width, 10))
    labels = [lane_label(name, events) for name, events in timeline.lanes.items()]
    widest = max(ruler.width(label, size.text) for label in labels)
    room = (min(widest, size.width * WIDEST_LABEL) + 3, room_beyond(timeline, size, ruler) + 1)
    inner = size.width - sum(room)
    tall = size.lane * POINTS_PER_MM
    above, high = size.small * 1.9, strip_height(timeline) * tall
    figure = _figure(width, above + high)
    left, across = room[0] / size.width, inner / size.width
    ax = figure.add_axes((left, 0, across, high / (above + high)))
    draw_lanes(ax, timeline, size, Ruler(figure), width=inner, beyond=room[1])
    ax.patch.set_visible(False)
    ax.set_title("")
    drawn = svg_of(figure, styles, prefix)
    groups = _artists(drawn)
    days = [group for group in groups if group.get("data-g") == "x-axis"]
    yield Pane("", "", "", _cut(days, ax, timeline, [], (0, above)))
    top = above
    for label, (name, events) in zip(labels, timeline.lanes.items(), strict=True):
        bottom = top + lane_height(events) * tall
        own = [group for group in groups if top <= _height(group) < bottom and group not in days]
        spots = [_event_spot(ax, event, timeline, (top, bottom)) for event in events]
        yield Pane(name, label, "", _cut(own, ax, timeline, spots, (top, bottom), label))
        top = bottom


def _artists(drawn: ET.Element) -> list[ET.Element]:
    """The groups of the artists on the axes of a drawing."""
    inside = next(node for node in drawn.iter("g") if node.find("g[@data-g='x-axis']") is not None)
    return list(inside)


def _height(group: ET.Element) -> float:
    """How far from the top of the drawing a group begins; off it where it shows nothing."""
    for node in group.iter():
        if (path := node.get("d")) and node.get("id") is None:
            return float(path.split()[2])
        if (y := node.get("y")) is not None:
            return float(y)
    return -1.0


def _cut(
    groups: Sequence[ET.Element],
    ax: Axes,
    timeline: Timeline,
    spots: Sequence[Spot],
    between: tuple[float, float],
    label: str = "",
) -> str:
    """The part of a drawing between two heights as a drawing of its own."""
    top, bottom = between
    wide = ax.figure.bbox.width
    root = ET.Element("svg", {"viewBox": f"0 {top:.2f} {wide:.2f} {bottom - top:.2f}"})
    for group in groups:
        group.attrib.pop("clip-path", None)
        root.append(group)
    return _interactive(root, ax, timeline, spots, label and f"Lane {label}")


def _event_spot(ax: Axes, event: Row, timeline: Timeline, between: tuple[float, float]) -> Spot:
    left, right = (_place(ax, day, 0)[0] for day in timeline.days)
    start = _place(ax, event["day"], 0)[0]
    end = start if event["last"] is None else _place(ax, event["last"], 0)[0]
    start, end = (min(max(x, left), right) for x in (start, end))
    return Spot(start, sum(between) / 2, end - start, event_label(event))


def _place(ax: Axes, day: float, value: float) -> tuple[float, float]:
    """Where a day and a value are, in points from the figure's top left corner."""
    across, up = ax.transData.transform((day, value))
    return float(across), float(ax.figure.bbox.height - up)


def _interactive(
    root: ET.Element, ax: Axes, timeline: Timeline, spots: Sequence[Spot], label: str
) -> str:
    """The SVG with its spots above the marks, and the scale of its days for the page's script."""
    (x0, bottom), (x1, top) = ax.bbox.min, ax.bbox.max
    high = ax.figure.bbox.height
    box = (x0, x1, high - top, high - bottom)
    root.set("class", "pane")
    root.set("data-days", " ".join(f"{day:.6g}" for day in timeline.days))
    root.set("data-box", " ".join(f"{number:.2f}" for number in box))
    if label:
        root.set("role", "group")
        root.set("aria-label", label)
    else:
        root.set("aria-hidden", "true")
    if spots:
        root.append(_spots(spots))
    return markup(root)


def _spots(spots: Sequence[Spot]) -> ET.Element:
    """What can be pointed at; one of them is in the order of tabs, the arrow keys lead on."""
    group = ET.Element("g", {"class": "spots"})
    order = sorted(spots, key=lambda spot: (spot.x, spot.y))
    for number, spot in enumerate(order):
        about = {
            "class": "spot",
            "role": "img",
            "tabindex": "-1" if number else "0",
            "aria-label": spot.label,
        }
        left = {"x": f"{spot.x - _REACH:.2f}", "width": f"{spot.wide + 2 * _REACH:.2f}"}
        down = {"y": f"{spot.y - _REACH:.2f}", "height": f"{2 * _REACH:.2f}", "rx": "4"}
        ET.SubElement(group, "rect", {**about, **left, **down})
    return group
