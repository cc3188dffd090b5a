"""A table on sheets: columns as wide as they need, rows that wrap, headings on every page."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from immunotrack.plot.style import HIGH, INK, LOW, RULE, line_height
from immunotrack.report.measure import Measure
from immunotrack.report.sheet import INNER, MARGIN, Sheet, Sheets
from immunotrack.report.tables import Table

_POINTS: Final = 6.5
_GAP: Final = 1.8
_LEAST: Final = 9.0
_LINE: Final = line_height(_POINTS)
_PAD: Final = 0.9
_MOST_LINES: Final = 80
"""A cell of more lines than this would not fit a page."""

_COLOURS: Final = {
    "flag-L": LOW,
    "flag-LL": LOW,
    "flag-H": HIGH,
    "flag-HH": HIGH,
    "missed": HIGH,
    "error": HIGH,
}
_BREAK: Final = re.compile(r" +|(?<=[-/_])(?=\S{11})")
"""Where a text may go on in the next line; a date and other short words stay whole."""

_COLOURED: Final = {"Flag", "Status", "Severity"}


def write_table(sheets: Sheets, table: Table) -> None:
    """A table with its title and note, over as many pages as it needs."""
    sheet = sheets.need(26)
    sheet.text(MARGIN, sheet.top, table.title, 10, fontweight="bold")
    sheet.top += line_height(10) + 0.6
    if table.note:
        sheets.paragraph(table.note, 7, color=RULE)
        sheets.space(0.8)
    widths = _widths(table, sheets.measure)
    lefts = [MARGIN, *(MARGIN + end + _GAP * (n + 1) for n, end in enumerate(accumulate(widths)))]
    head = _wrapped(table.columns, widths, sheets.measure, head=True)
    _write_head(sheets.need(20), table, head, lefts, widths)
    for number, row in enumerate(table.rows):
        lines = _wrapped(row, widths, sheets.measure)
        high = max(map(len, lines)) * _LINE + 2 * _PAD
        if not sheets.sheet.room(high):
            _write_head(sheets.turn(), table, head, lefts, widths)
        mark = table.marks[number] if table.marks else ""
        _write_row(sheets.sheet, table, lines, lefts, widths, mark)
    sheets.space(1.2)
    for text in table.after:
        sheets.paragraph(text, 7, color=RULE)
        sheets.space(0.6)
    sheets.space(4)


def _widths(table: Table, measure: Measure) -> list[float]:
    """The width of each column in mm: what it needs, or a fair part of what there is."""
    room = INNER - _GAP * (len(table.columns) - 1)
    wanted = [_wanted(table, place, measure) for place in range(len(table.columns))]
    if sum(wanted) <= room:
        spare = room - sum(wanted)
        return [width + spare / len(wanted) for width in wanted]
    narrow = [max(_LEAST, _longest_word(table, place, measure)) for place in range(len(wanted))]
    least = [
        want if _right(table, place) else min(want, low)
        for place, (want, low) in enumerate(zip(wanted, narrow, strict=True))
    ]
    if sum(least) >= room:
        return [width * room / sum(least) for width in least]
    further = [want - low for want, low in zip(wanted, least, strict=True)]
    part = (room - sum(least)) / sum(further)
    return [low + more * part for low, more in zip(least, further, strict=True)]


def _wanted(table: Table, place: int, measure: Measure) -> float:
    """The width of the longest cell, and of the heading, which goes over two lines for numbers."""
    cells = {row[place] for row in table.rows}
    longest = sorted(cells, key=len)[-8:]
    widths = [measure.width(cell[:200], _POINTS, bold=place == 0) for cell in longest]
    head = table.columns[place]
    parts = head.split(" ") if _right(table, place) else [head]
    heads = [measure.width(part, _POINTS, bold=True) for part in parts]
    return max(*widths, *heads) + 0.3


def _longest_word(table: Table, place: int, measure: Measure) -> float:
    words = {word for row in table.rows for word in _BREAK.split(row[place])}
    longest = sorted(words, key=len)[-4:]
    head = max(table.columns[place].split(), key=len)
    widths = [measure.width(word[:60], _POINTS, bold=place == 0) for word in longest]
    most = INNER * 0.3
    return min(max([measure.width(head, _POINTS, bold=True), *widths]) + 0.3, most)


def _wrapped(
    cells: Sequence[str], widths: Sequence[float], measure: Measure, *, head: bool = False
) -> list[list[str]]:
    """Each cell in lines; the first cell of a row, and a heading, are bold."""
    return [
        measure.lines(cell, _POINTS, width, bold=head or place == 0)[:_MOST_LINES] or [""]
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def _write_head(
    sheet: Sheet,
    table: Table,
    head: Sequence[Sequence[str]],
    lefts: Sequence[float],
    widths: Sequence[float],
) -> None:
    high = max(map(len, head)) * _LINE
    for place, lines in enumerate(head):
        style = {"fontweight": "bold", "color": RULE}
        shift = high - len(lines) * _LINE
        _write_cell(sheet, lines, lefts[place], widths[place], style, shift, _right(table, place))
    sheet.top += high + _PAD
    sheet.rule(sheet.top, colour=RULE, width=0.6)


def _right(table: Table, place: int) -> bool:
    return table.columns[place] in table.numeric


def _write_row(
    sheet: Sheet,
    table: Table,
    lines: Sequence[Sequence[str]],
    lefts: Sequence[float],
    widths: Sequence[float],
    mark: str,
) -> None:
    for place, cell in enumerate(lines):
        coloured = table.columns[place] in _COLOURED
        style = {"color": _COLOURS.get(mark, INK) if coloured else INK}
        if place == 0:
            style["fontweight"] = "bold"
        _write_cell(sheet, cell, lefts[place], widths[place], style, _PAD, _right(table, place))
    sheet.top += max(map(len, lines)) * _LINE + 2 * _PAD
    sheet.rule(sheet.top)


def _write_cell(
    sheet: Sheet,
    lines: Sequence[str],
    left: float,
    width: float,
    style: dict[str, str],
    down: float,
    right: bool,  # noqa: FBT001 - of a column
) -> None:
    x, align = (left + width, "right") if right else (left, "left")
    for number, line in enumerate(lines):
        if line:
            sheet.text(x, sheet.top + down + number * _LINE, line, _POINTS, ha=align, **style)
