"""From a cohort to its heat strips: a page after page of patients, the strongest response first."""

from collections.abc import Sequence

from immunotrack.numbers import grouped
from immunotrack.plot.drawn import printable
from immunotrack.plot.ground import Gallery, Ground
from immunotrack.plot.leaf import GRIDS, Mark, Sheet, Strip, StripRow
from immunotrack.plot.notes import KEPT
from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.summaries import (
    STRIP,
    Pattern,
    Responses,
    by_window,
    patterns,
    strip_rows,
    summary_frame,
)
from immunotrack.windows import WindowSet


def compose_strip(ground: Ground, size: str, responses: Responses) -> Gallery:
    """The pages of heat strips, one strip an analyte.

    Raises:
        InvalidInput: There are more windows than a page has room for.
    """
    windows = ground.windows()
    if len(windows.windows) > GRIDS[size].windows:
        raise InvalidInput([_too_many(windows, size)])
    taken = by_window(ground.cohort, windows)
    found = {key: patterns(taken, key, responses) for key in ground.keys}
    sheets = [
        sheet
        for own in found.values()
        if own
        for sheet in _sheets(ground, own, windows, responses.measure, size)
    ]
    clock = ground.cohort.clock
    rows = [row for own in found.values() for row in strip_rows(own, clock)]
    return ground.gallery(sheets, summary_frame(rows, STRIP))


def _too_many(windows: WindowSet, size: str) -> Problem:
    most = GRIDS[size].windows
    return Problem(
        code="unknown-option",
        source="figure",
        message=f"{counted(len(windows.windows), 'window')} have no room on a page of size {size}, "
        f"which has {most}",
        fix="Take longer windows with --every, or --size screen.",
    )


def _sheets(
    ground: Ground,
    own: Sequence[Pattern],
    windows: WindowSet,
    measure: str,
    size: str,
) -> list[Sheet]:
    heading = ground.panel(own[0].analyte).heading
    capacity = GRIDS[size].rows
    rows = [_row(ground, one) for one in own]
    flags = {cell["flag"] for one in own for cell in one.cells if cell is not None}
    around = ground.around(heading, _note(ground, windows, measure))
    return [
        Sheet(
            leaf=Strip(
                around=around,
                rows=rows[first : first + capacity],
                columns=[printable(entry.label) for entry in windows.windows],
                axis=ground.shared.clock.name,
                measure=measure,
                capacity=min(capacity, len(rows)),
                flags=sorted(flags),
            ),
            marks=_marks(heading, rows, first, first + capacity),
        )
        for first in range(0, len(rows), capacity)
    ]


def _row(ground: Ground, one: Pattern) -> StripRow:
    response = "" if one.response is None else f"× {grouped(float(f'{one.response:.3g}'))}"
    return StripRow(
        patient=printable(one.patient),
        group=printable(one.group),
        flags=[None if cell is None else cell["flag"] for cell in one.cells],
        response=response,
        highlighted=one.patient == ground.wanted.highlight,
    )


def _marks(heading: str, rows: Sequence[StripRow], first: int, end: int) -> list[Mark]:
    """A bookmark for the analyte, and one for each group that begins on a page."""
    marks = [Mark(title=heading)] if first == 0 else []
    for place in range(first, min(end, len(rows))):
        group = rows[place].group
        if group and (place == 0 or rows[place - 1].group != group):
            marks.append(Mark(title=group, level=1))
    return marks


def _note(ground: Ground, windows: WindowSet, measure: str) -> str:
    kept = KEPT[windows.aggregate]
    spans = "visit" if ground.cohort.visits else f"window of {windows.name}"
    return (
        f"One cell a {spans} ({kept}); empty: no result. Sorted by {measure}, patients without it "
        "last."
    )
