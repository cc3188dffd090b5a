"""Pooled differences below a patient's panels: numbers in a table, never marks on their axes.

A bar from the baseline over the pooled interval would look like a range to be in. The interval is
one of a difference between the means of two groups, and patients lie far outside it; so it is told
in words and numbers, with what it is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.evidence.beside import beside
from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Row, Timeline, not_drawn, printable
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import RULE, Ruler, Size, line_height
from immunotrack.problems import Problem
from immunotrack.table import plain_rows

HEADS: Final = ("Beside trials", "change from baseline", "pooled difference", "trials")
_GAP: Final = 3.0
_AIR: Final = 1.5
"""Between columns, and below the table, in mm."""


def with_context(timeline: Timeline, results: IntoDataFrame, events: IntoDataFrame) -> Timeline:
    """A timeline with the pooled differences that a change of its analytes stands beside.

    Args:
        results: The measurements of its patient.
        events: The events of its patient.
    """
    drawn = {panel.analyte for panel in timeline.panels}
    found = beside(results, events)
    rows = [
        row
        for row in plain_rows(nw.from_native(found, eager_only=True))
        if row["analyte"] in drawn and row["pooled_difference"] is not None
    ]
    shown = [row for row in rows if row["change"] is not None]
    missing = [row for row in rows if row["change"] is None]
    return replace(timeline, context=shown, problems=[*timeline.problems, *_without(missing, rows)])


def _without(missing: Sequence[Row], rows: Sequence[Row]) -> Iterator[Problem]:
    """The pooled differences that no change stands beside."""
    if not rows:
        yield not_drawn("no analyte that is drawn has a pooled effect")
    reasons: dict[str, list[str]] = {}
    for row in missing:
        reasons.setdefault(row["why"], []).append(
            f"{row['analyte']} at {row['timepoint']} in {row['population']}"
        )
    for why, effects in reasons.items():
        yield not_drawn(f"no change stands beside {', '.join(effects)}: {why}")


def context_height(timeline: Timeline, size: Size) -> float:
    """The height of the table in mm; 0 where there is none."""
    if not timeline.context:
        return 0
    return (len(timeline.context) + 1) * line_height(size.small) + _AIR


def draw_context(page: Page, timeline: Timeline) -> None:
    """Draw the table at the page's cursor."""
    if not timeline.context:
        return
    rows = [HEADS, *_cells(timeline)]
    lefts, room = _lefts(rows, page.size, page.ruler)
    for row in rows:
        name = page.ruler.fitted(row[0], page.size.small, room)
        for cell, left in zip((name, *row[1:]), lefts, strict=True):
            weight = "bold" if cell == HEADS[0] else "normal"
            style = {"fontsize": page.size.small, "fontweight": weight, "color": RULE}
            if cell:
                page.text(left, page.top, cell, **style, gid="context")
        page.top += line_height(page.size.small)
    page.top += _AIR


def _lefts(rows: Sequence[Sequence[str]], size: Size, ruler: Ruler) -> tuple[list[float], float]:
    """Where the columns start, and the room of the first, in mm; a number is never shortened."""
    widths = [
        max(ruler.width(cell, size.small, bold=cell == HEADS[0]) for cell in column)
        for column in zip(*rows, strict=True)
    ]
    numbers = sum(widths[1:]) + _GAP * (len(widths) - 1)
    widths[0] = min(widths[0], size.width - 2 * MARGIN - numbers)
    return [MARGIN + sum(widths[:n]) + n * _GAP for n in range(len(widths))], widths[0]


def _cells(timeline: Timeline) -> Iterator[tuple[str, ...]]:
    """The rows of the table, an analyte and its unit in the first of its rows."""
    headings = {panel.analyte: panel.heading for panel in timeline.panels}
    before = ""
    for row in timeline.context:
        name = f"{headings[row['analyte']]}, {printable(row['unit'])}"
        low, high = grouped(row["pooled_low"]), grouped(row["pooled_high"])
        yield (
            "" if row["analyte"] == before else name,
            f"{_signed(row['change'])} (day {row['value_day']:g})",
            f"{_signed(row['pooled_difference'])} [{low}, {high}]",
            f"{row['population']}, {row['timepoint']}",
        )
        before = row["analyte"]


def _signed(number: float) -> str:
    return f"+{grouped(number)}" if number > 0 else grouped(number)
