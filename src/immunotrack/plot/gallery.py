"""The figure of a cohort: its numbered pages, behind contents where there are several."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from immunotrack.cohort import Cohort
from immunotrack.plot.compose_multiples import compose_multiples
from immunotrack.plot.compose_overlay import compose_overlay
from immunotrack.plot.compose_strip import compose_strip
from immunotrack.plot.ground import Gallery, Wanted, ground_of
from immunotrack.plot.leaf import GRIDS, Around, Contents, Mark, Sheet
from immunotrack.summaries import Responses


def compose_gallery(cohort: Cohort, wanted: Wanted, size: str, responses: Responses) -> Gallery:
    """The pages of a figure, in order, and the table behind it.

    Args:
        responses: For the order of a heat strip.

    Raises:
        InvalidInput: Something that was asked for is not there, or has no room.
    """
    ground = ground_of(cohort, wanted)
    if wanted.figure == "multiples":
        found = compose_multiples(ground, size)
    elif wanted.figure == "overlay":
        found = compose_overlay(ground, size)
    else:
        found = compose_strip(ground, size, responses)
    return replace(found, sheets=_numbered(found.sheets, size))


def _numbered(sheets: Sequence[Sheet], size: str) -> list[Sheet]:
    """The pages with their numbers, behind the contents; a single page is left as it is."""
    if len(sheets) == 1:
        return list(sheets)
    grid = GRIDS[size]
    marks = [(mark, number) for number, sheet in enumerate(sheets) for mark in sheet.marks]
    room = grid.lines * grid.columns
    before = ceil(len(marks) / room)
    chapters = {mark.level for mark, _ in marks} != {0}
    entries = [
        (mark.title, 0 if chapters and not mark.level else number + before + 1)
        for mark, number in marks
    ]
    around = Around(title="Contents", subtitle=sheets[0].leaf.around.title)
    contents = [
        Sheet(
            leaf=Contents(around=around, entries=entries[first : first + room]),
            marks=[Mark(title="Contents")] if first == 0 else [],
        )
        for first in range(0, len(entries), room)
    ]
    every = [*contents, *sheets]
    return [_with_number(sheet, f"{n} / {len(every)}") for n, sheet in enumerate(every, start=1)]


def _with_number(sheet: Sheet, number: str) -> Sheet:
    around = replace(sheet.leaf.around, number=number)
    return replace(sheet, leaf=replace(sheet.leaf, around=around))
