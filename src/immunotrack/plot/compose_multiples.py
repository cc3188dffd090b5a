"""From a cohort to its small multiples: which patient is on which page."""

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from immunotrack.cohort import Member
from immunotrack.plot.drawn import DRAWN, Row, printable
from immunotrack.plot.ground import Gallery, Ground
from immunotrack.plot.leaf import GRIDS, Block, Mark, Multiples, Sheet
from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.summaries import summary_frame
from immunotrack.table import TEXT

MULTIPLES: Final = {"patient_id": TEXT, "group": TEXT, "clock": TEXT, **DRAWN}
"""The columns of what small multiples show: `series` is `value`, or `not drawn` with `why`."""


def compose_multiples(ground: Ground, size: str) -> Gallery:
    """The pages of small multiples.

    Raises:
        InvalidInput: There are more analytes than a page has room for.
    """
    across, capacity = _capacity(len(ground.keys), size)
    one_axis = not ground.wanted.own_axis
    extremes = [ground.panel(key) if one_axis else None for key in ground.keys]
    rows = _by_patient(ground)
    blocks = [_block(ground, one, rows) for one in ground.members]
    axes = "" if one_axis else "Each panel has a value axis of its own."
    around = ground.around(_subtitle(ground), axes)
    sheets = [
        Sheet(
            leaf=Multiples(
                around=around,
                blocks=blocks[first : first + capacity],
                shared=ground.shared,
                extremes=extremes,
                across=across,
                capacity=capacity,
                places=ground.cohort.visits,
            ),
            marks=_marks(blocks, first, first + capacity),
        )
        for first in range(0, len(blocks), capacity)
    ]
    table = summary_frame(_table(ground, rows), MULTIPLES)
    return ground.gallery(sheets, table)


def _capacity(analytes: int, size: str) -> tuple[int, int]:
    """How many panels stand side by side, and how many patients a page has.

    Raises:
        InvalidInput: A page has no room for one patient.
    """
    grid = GRIDS[size]
    per_row = max(1, grid.across // analytes)
    deep = ceil(analytes / grid.across)
    if deep > grid.down:
        problem = Problem(
            code="unknown-option",
            source="figure",
            message=f"{counted(analytes, 'analyte')} have no room on a page of size {size}",
            fix="Choose fewer with --analytes, or take --size screen.",
        )
        raise InvalidInput([problem])
    return grid.across, per_row * (grid.down // deep)


def _subtitle(ground: Ground) -> str:
    """The analyte and its unit, where there is one only."""
    return ground.panel(ground.keys[0]).named if len(ground.keys) == 1 else ""


_Series = dict[tuple[str, str], list[Row]]


def _by_patient(ground: Ground) -> _Series:
    found: _Series = {}
    for key, rows in ground.rows.items():
        for row in rows:
            found.setdefault((row["patient_id"], key), []).append(row)
    return found


def _block(ground: Ground, one: Member, rows: _Series) -> Block:
    own = [rows.get((one.patient, key), []) for key in ground.keys]
    return Block(
        patient=printable(one.patient),
        group=printable(one.group),
        panels=[
            ground.panel(key, found) if found else None
            for key, found in zip(ground.keys, own, strict=True)
        ],
        first_dose=one.first_dose,
        highlighted=one.patient == ground.wanted.highlight,
    )


def _marks(blocks: Sequence[Block], first: int, end: int) -> list[Mark]:
    """A bookmark for each patient of a page, below its group where there are groups."""
    marks = []
    for place in range(first, min(end, len(blocks))):
        group = blocks[place].group
        if group and (place == 0 or blocks[place - 1].group != group):
            marks.append(Mark(title=group))
        marks.append(Mark(title=blocks[place].patient, level=int(bool(group))))
    return marks


def _table(ground: Ground, rows: _Series) -> list[dict[str, Any]]:
    """What is drawn, patient by patient, and then what is not and why."""
    told = [
        _told(ground, one, row, "value", "")
        for one in ground.members
        for key in ground.keys
        for row in sorted(rows.get((one.patient, key), []), key=lambda row: float(row["day"]))
    ]
    drawn = {
        (row["source"], row["line"], row["analyte"], row["visit"])
        for own in rows.values()
        for row in own
    }
    return told + [
        _told(ground, one, row, "not drawn", _reason(row))
        for one in ground.cohort.members
        for row in one.rows
        if row["analyte"] in ground.rows
        and (row["source"], row["line"], row["analyte"], row["visit"]) not in drawn
    ]


def _reason(row: Row) -> str:
    if row["value"] is None:
        return "no number"
    return "no place on this clock" if row["day"] is None else "another unit"


def _told(ground: Ground, one: Member, row: Row, series: str, why: str) -> dict[str, Any]:
    known = {name: row.get(name) for name in DRAWN}
    about = {"group": one.group, "clock": ground.cohort.clock, "window": ""}
    return {**known, **about, "series": series, "why": why}
