"""The page: title, lane strip, panels, legend and footnote, laid out in mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from matplotlib.figure import Figure

from immunotrack.plot.drawn import Panel, Timeline
from immunotrack.plot.lanes import WIDEST_LABEL, draw_lanes, lane_label, room_beyond, strip_height
from immunotrack.plot.legend import draw_legend, legend_entries, legend_rows
from immunotrack.plot.notes import footnote
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.panels import draw_panel, range_text, y_limits
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

ILLUSTRATIVE = (
    "ILLUSTRATIVE VALUES: chosen to fit the text of the source, which prints none of them."
)
"""Said on every figure that draws an illustrative value; there is no way to leave it out."""

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
    legend = legend_entries(timeline)
    foot = _footnote(timeline, page_size, ruler)
    entries = legend_rows(legend, page_size, ruler)
    heads = [_heads(panel, timeline, page_size, ruler) for panel in timeline.panels]
    columns = min(page_size.columns, max(len(timeline.panels), 1))
    rows = ceil(len(timeline.panels) / columns)
    title_lines = ruler.wrapped(
        timeline.title, page_size.title, page_size.width - 2 * MARGIN, bold=True
    )[:3]
    fixed = (
        2 * MARGIN
        + len(title_lines) * line_height(page_size.title)
        + (line_height(page_size.small) + 0.6 if timeline.illustrative else 0)
        + _lanes_height(timeline, page_size)
        + rows * (_head_height(heads, page_size) + _ticks_height(page_size))
        + (line_height(page_size.text) if rows else 0)
        + len(entries) * line_height(page_size.small) * 1.15
        + len(foot) * line_height(page_size.small)
        + 1.0
    )
    panel_height = min(page_size.panel, (page_size.height - fixed) / rows) if rows else 0
    height = fixed + rows * panel_height
    if (rows and panel_height < LEAST_PANEL) or height > page_size.height + 0.01:
        raise InvalidInput([_too_many(timeline, size)])
    figure.set_size_inches(page_size.width / MM_PER_INCH, height / MM_PER_INCH)
    page = Page(figure, page_size, ruler, height)
    _title(page, timeline, title_lines)
    if timeline.lanes:
        _lanes(page, timeline)
    if timeline.panels:
        _panels(page, timeline, heads, columns, panel_height)
    draw_legend(page, entries)
    _foot(page, foot)
    return figure


def _nothing(timeline: Timeline) -> Problem:
    told = "; ".join(problem.message for problem in timeline.problems)
    return Problem(
        code="not-drawn",
        source="figure",
        message="there is nothing to draw" + (f": {told}" if told else ""),
    )


def _too_many(timeline: Timeline, size: str) -> Problem:
    panels, lanes = len(timeline.panels), len(timeline.lanes)
    return Problem(
        code="unknown-option",
        source="figure",
        message=f"{counted(panels, 'panel')} and {counted(lanes, 'lane')} have no room on a page "
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
    labels = [lane_label(name, events) for name, events in timeline.lanes.items()]
    widest = max(page.ruler.width(label, size.text) for label in labels)
    left = MARGIN + min(widest, size.width * WIDEST_LABEL) + 2.2
    top = page.top + _lane_ticks_height(timeline, size)
    beyond = room_beyond(timeline, size, page.ruler)
    width = size.width - left - MARGIN - beyond
    height = strip_height(timeline) * size.lane
    ax = page.axes(left, top, width, height)
    draw_lanes(ax, timeline, size, page.ruler, width=width, beyond=beyond)
    page.top = top + height + 2.5


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
    probe = Figure(figsize=(2, 2), dpi=size.dpi)
    ax = draw_panel(probe.add_axes((0.2, 0.2, 0.6, 0.6)), panel, timeline, size)
    ticks = [tick for tick in ax.get_yticks() if y_limits(panel)[0] <= tick <= y_limits(panel)[1]]
    formatter = ax.yaxis.get_major_formatter()
    widest = max((ruler.width(formatter(tick), size.small) for tick in ticks), default=0.0)
    gutter = widest + line_height(size.text) + 2.4
    columns = min(size.columns, len(timeline.panels))
    width = (size.width - 2 * MARGIN) / columns - gutter - 3
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


def _panels(
    page: Page, timeline: Timeline, heads: Sequence[_Head], columns: int, height: float
) -> None:
    size = page.size
    gutters = [max(head.gutter for head in heads[column::columns]) for column in range(columns)]
    width = (size.width - 2 * MARGIN - sum(gutters) - 3 * columns) / columns
    head_height = _head_height(heads, size)
    step = head_height + height + _ticks_height(size)
    start = page.top
    for number, (panel, head) in enumerate(zip(timeline.panels, heads, strict=True)):
        row, column = divmod(number, columns)
        left = MARGIN + sum(gutters[: column + 1]) + column * (width + 3)
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
    return ruler.wrapped(footnote(timeline), size.small, width)


def _foot(page: Page, lines: Sequence[str]) -> None:
    page.top += 1.0
    for line in lines:
        page.text(MARGIN, page.top, line, fontsize=page.size.small, color=RULE, gid="footnote")
        page.top += line_height(page.size.small)
