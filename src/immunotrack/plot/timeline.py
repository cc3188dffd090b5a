"""The page: title, lane strip, panels, legend and footnote, laid out in mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from matplotlib.figure import Figure

from immunotrack.evidence.beside import beside_notes
from immunotrack.numbers import grouped
from immunotrack.plot.context import context_height, draw_context
from immunotrack.plot.drawn import Panel, Timeline
from immunotrack.plot.lanes import WIDEST_LABEL, draw_lanes, lane_label, room_beyond, strip_height
from immunotrack.plot.legend import Placed, draw_legend, legend_entries, legend_rows
from immunotrack.plot.notes import ILLUSTRATIVE, footnote
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.panels import draw_panel, range_text, value_ticks
from immunotrack.plot.strip import ARROW, LEAST_ROW, draw_strip, strip_note
from immunotrack.plot.style import (
    DOSE,
    FONT,
    INK,
    MM_PER_INCH,
    RULE,
    SIZES,
    Ruler,
    Size,
    SizeName,
    line_height,
)
from immunotrack.problems import InvalidInput, Problem, counted

LEAST_PANEL = 14.0
"""A panel lower than this, in mm, is not legible."""


def draw_timeline(timeline: Timeline, size: SizeName = "double") -> Figure:
    """The figure of one patient.

    Args:
        size: `double` (183 mm), `single` (89 mm) or `screen`; the journal sizes are at most 170 mm
            high.

    Raises:
        InvalidInput: There is nothing to draw, or more than the size has room for.
    """
    if not (timeline.panels or timeline.lanes):
        raise InvalidInput([_nothing(timeline)])
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
    page_size = SIZES[size]
    figure = Figure(figsize=(page_size.width / MM_PER_INCH, 1), dpi=page_size.dpi)
    ruler = Ruler(figure)
    texts = _texts(timeline, page_size, ruler)
    body = (_strip_body if timeline.view == "strip" else _panel_body)(timeline, page_size, ruler)
    fixed = _fixed_height(timeline, page_size, texts) + body.fixed
    row = min(body.row, (page_size.height - fixed) / body.rows) if body.rows else 0
    height = fixed + body.rows * row
    if (body.rows and row < body.least) or height > page_size.height + 0.01:
        raise InvalidInput([_too_many(timeline, size)])
    figure.set_size_inches(page_size.width / MM_PER_INCH, height / MM_PER_INCH)
    page = Page(figure, page_size, ruler, height)
    _title(page, timeline, texts.title)
    if timeline.lanes:
        _lanes(page, timeline)
    if timeline.panels and timeline.view == "strip":
        _strip(page, timeline, row)
    elif timeline.panels:
        _panels(page, timeline, body, row)
    draw_context(page, timeline)
    draw_legend(page, texts.legend)
    _foot(page, texts.foot)
    return figure


class _Texts(NamedTuple):
    """What stands above and below the panels, in lines."""

    title: list[str]
    legend: list[list[Placed]]
    foot: list[str]


def _texts(timeline: Timeline, size: Size, ruler: Ruler) -> _Texts:
    title = ruler.wrapped(timeline.title, size.title, size.width - 2 * MARGIN, bold=True)
    return _Texts(
        title=title[:3],
        legend=legend_rows(legend_entries(timeline), size, ruler),
        foot=_footnote(timeline, size, ruler),
    )


def _fixed_height(timeline: Timeline, size: Size, texts: _Texts) -> float:
    """The height of all but the panels or the strip, in mm."""
    return (
        2 * MARGIN
        + len(texts.title) * line_height(size.title)
        + (line_height(size.small) + 0.6 if timeline.illustrative else 0)
        + _lanes_height(timeline, size)
        + context_height(timeline, size)
        + len(texts.legend) * line_height(size.small) * 1.15
        + len(texts.foot) * line_height(size.small)
        + 1.0
    )


@dataclass(frozen=True, slots=True)
class _Body:
    """The rows of panels or of a strip, in mm.

    Args:
        fixed: What they need beside the height of their rows.
        row: The height of a row, if there is room.
        least: The height below which a row is not legible.
        heads: Of the panels, in their order.
    """

    rows: int
    fixed: float
    row: float
    least: float
    columns: int = 1
    heads: Sequence["_Head"] = ()


def _panel_body(timeline: Timeline, size: Size, ruler: Ruler) -> _Body:
    heads = [_heads(panel, timeline, size, ruler) for panel in timeline.panels]
    columns = min(size.columns, max(len(timeline.panels), 1))
    rows = ceil(len(timeline.panels) / columns)
    fixed = rows * (_head_height(heads, size) + _ticks_height(size))
    fixed += line_height(size.text) if rows else 0
    return _Body(rows, fixed, size.panel, LEAST_PANEL, columns, heads)


def _strip_body(timeline: Timeline, size: Size, _: Ruler) -> _Body:
    fixed = (ARROW + _ticks_height(size) + line_height(size.text)) if timeline.panels else 0
    return _Body(len(timeline.panels), fixed, line_height(size.text) * 1.25, LEAST_ROW)


def _nothing(timeline: Timeline) -> Problem:
    told = "; ".join(problem.message for problem in timeline.problems)
    return Problem(
        code="not-drawn",
        source="figure",
        message="there is nothing to draw" + (f": {told}" if told else ""),
    )


def _too_many(timeline: Timeline, size: str) -> Problem:
    panels, lanes = len(timeline.panels), len(timeline.lanes)
    kind = "row" if timeline.view == "strip" else "panel"
    return Problem(
        code="unknown-option",
        source="figure",
        message=f"{counted(panels, kind)} and {counted(lanes, 'lane')} have no room on a page "
        f"of size {size}",
        fix="Choose fewer with --analytes, give fewer events, or take --size screen.",
    )


def _title(page: Page, timeline: Timeline, lines: Sequence[str]) -> None:
    for line in lines:
        page.text(MARGIN, page.top, line, fontsize=page.size.title, fontweight="bold", gid="title")
        page.top += line_height(page.size.title)
    if timeline.illustrative:
        text = page.ruler.fitted(ILLUSTRATIVE, page.size.small, page.size.width - 2 * MARGIN)
        page.text(MARGIN, page.top, text, fontsize=page.size.small, color=DOSE, gid="illustrative")
        page.top += line_height(page.size.small) + 0.6


def _lanes_height(timeline: Timeline, size: Size) -> float:
    if not timeline.lanes:
        return 0
    return _lane_ticks_height(timeline, size) + strip_height(timeline) * size.lane + 2.5


def _lane_ticks_height(timeline: Timeline, size: Size) -> float:
    """The room above the lanes: the days, and the clock's name where no panel bears it."""
    return (1 if timeline.panels else 2) * line_height(size.small) + 2


def _lanes(page: Page, timeline: Timeline) -> None:
    size = page.size
    left, width, beyond = _time_axis(timeline, size, page.ruler)
    top = page.top + _lane_ticks_height(timeline, size)
    height = strip_height(timeline) * size.lane
    ax = page.axes(left, top, width, height)
    draw_lanes(ax, timeline, size, page.ruler, width=width, beyond=beyond)
    page.top = top + height + 2.5


def _time_axis(timeline: Timeline, size: Size, ruler: Ruler) -> tuple[float, float, float]:
    """Left end and width of the axis that lanes and a strip share, and the room beyond, in mm."""
    labels = [lane_label(name, events) for name, events in timeline.lanes.items()]
    wide = [ruler.width(label, size.text) for label in labels]
    if timeline.view == "strip":
        wide += [ruler.width(panel.heading, size.small) for panel in timeline.panels]
    left = MARGIN + min(max(wide), size.width * WIDEST_LABEL) + 2.2
    beyond = room_beyond(timeline, size, ruler)
    return left, size.width - left - MARGIN - beyond, beyond


def _strip(page: Page, timeline: Timeline, row: float) -> None:
    left, width, _ = _time_axis(timeline, page.size, page.ruler)
    top, height = page.top + ARROW, len(timeline.panels) * row
    ax = page.axes(left, top, width, height)
    draw_strip(ax, timeline, page.size, page.ruler, row=row)
    page.top = top + height + _ticks_height(page.size) + line_height(page.size.text)


@dataclass(frozen=True, slots=True)
class _Head:
    """The heading of a panel.

    Args:
        fits: Name and range have room on one line.
        gutter: The room that the axis needs left of the panel, in mm.
    """

    name: str
    range: str
    fits: bool
    gutter: float


def _heads(panel: Panel, timeline: Timeline, size: Size, ruler: Ruler) -> _Head:
    """The heading of a panel and the room its tick labels need left of it, in mm."""
    ticks = [ruler.width(grouped(tick), size.small) for tick in value_ticks(panel, size)]
    widest = max(ticks, default=0.0)
    gutter = widest + line_height(size.text) + 2.4
    columns = min(size.columns, len(timeline.panels))
    width = (size.width - 2 * MARGIN) / columns - gutter - _gap(timeline, size, ruler)
    name = ruler.fitted(panel.heading, size.text, width, bold=True)
    both = ruler.width(name, size.text, bold=True) + ruler.width(range_text(panel), size.small)
    return _Head(name, range_text(panel), both + 2 <= width, gutter)


def _one_line(heads: Sequence[_Head]) -> bool:
    return all(head.fits for head in heads)


def _head_height(heads: Sequence[_Head], size: Size) -> float:
    lines = line_height(size.text) + (0 if _one_line(heads) else line_height(size.small))
    return lines + size.marker * 0.45


def _ticks_height(size: Size) -> float:
    return line_height(size.small) + 1.2 + size.small * 0.45


def _gap(timeline: Timeline, size: Size, ruler: Ruler) -> float:
    """The room right of a panel, with that of the names of its grades, in mm."""
    graded = any(row["series"] == "grade" for row in timeline.marks)
    return 3 + (ruler.width("G4", size.small) if graded else 0)


def _panels(page: Page, timeline: Timeline, body: _Body, height: float) -> None:
    size, heads, columns = page.size, body.heads, body.columns
    gap = _gap(timeline, size, page.ruler)
    gutters = [max(head.gutter for head in heads[column::columns]) for column in range(columns)]
    width = (size.width - 2 * MARGIN - sum(gutters) - gap * columns) / columns
    head_height = _head_height(heads, size)
    step = head_height + height + _ticks_height(size)
    start = page.top
    for number, (panel, head) in enumerate(zip(timeline.panels, heads, strict=True)):
        row, column = divmod(number, columns)
        left = MARGIN + sum(gutters[: column + 1]) + column * (width + gap)
        top = start + row * step + head_height
        ax = draw_panel(page.axes(left, top, width, height), panel, timeline, size)
        unit_left = left - gutters[column] + line_height(size.text) * 0.5
        page.figure.text(
            unit_left / size.width,
            1 - (top + height / 2) / page.height,
            page.ruler.fitted(panel.unit, size.text, height + head_height),
            rotation=90,
            ha="center",
            va="center",
            fontsize=size.text,
            fontfamily=FONT,
            color=INK,
            parse_math=False,
            gid="unit",
        )
        _head(page, head, left, start + row * step, width if _one_line(heads) else 0)
        if number + columns >= len(timeline.panels):
            ax.set_xlabel(
                timeline.clock.name,
                fontsize=size.text,
                fontfamily=FONT,
                color=INK,
                labelpad=1.5,
                parse_math=False,
            )
    page.top = start + ceil(len(heads) / columns) * step + line_height(size.text)


def _head(page: Page, head: _Head, left: float, top: float, width: float) -> None:
    """Name and range; the range at the right end of `width`, or below the name without one."""
    size = page.size
    page.text(left, top, head.name, fontsize=size.text, fontweight="bold", gid="heading")
    style = {"fontsize": size.small, "color": RULE, "gid": "range"}
    if not width:
        page.text(left, top + line_height(size.text), head.range, **style)
    else:
        page.text(left + width, top + 0.25, head.range, ha="right", **style)


def _footnote(timeline: Timeline, size: Size, ruler: Ruler) -> list[str]:
    width = size.width - 2 * MARGIN
    text = " ".join([footnote(timeline), *beside_notes(timeline.context)])
    if timeline.view == "strip" and timeline.panels:
        axis = _time_axis(timeline, size, ruler)[1]
        text = f"{strip_note(timeline, size, ruler, axis)} {text}"
    return ruler.wrapped(text, size.small, width)


def _foot(page: Page, lines: Sequence[str]) -> None:
    page.top += 1.0
    for line in lines:
        page.text(MARGIN, page.top, line, fontsize=page.size.small, color=RULE, gid="footnote")
        page.top += line_height(page.size.small)
