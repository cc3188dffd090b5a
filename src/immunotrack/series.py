"""One patient's results of one analyte, in the order in which their samples were taken."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from immunotrack.values import Bound, bounds, result_text

Row = Mapping[str, Any]
Member = tuple[int, Row]
"""A row with its place in the table."""


class Ordered(NamedTuple):
    """A series in order.

    Args:
        moments: The results with a number, or at least a comparator, moment by moment.
        unplaced: Why each other row has no place among them.
    """

    moments: list[list[Member]]
    unplaced: dict[int, str]


def series_of(rows: Iterable[Row]) -> dict[tuple[str, str], list[Member]]:
    """The rows of each patient and analyte."""
    found: dict[tuple[str, str], list[Member]] = {}
    for place, row in enumerate(rows):
        found.setdefault((row["patient_id"], row["analyte"]), []).append((place, row))
    return found


def in_order(members: Sequence[Member]) -> Ordered:
    """A series by `time`, or by `day` where more results have one."""
    said = [member for member in members if _says_something(member[1])]
    dated, counted = (sum(row[name] is not None for _, row in said) for name in ("time", "day"))
    column = "time" if dated >= counted else "day"
    placed = [member for member in said if member[1][column] is not None]
    unplaced = {place: "no number" for place, _ in members}
    unplaced |= {place: "no place in time beside the others" for place, _ in said}
    if column == "day" and len({row["clock"] for _, row in placed}) > 1:
        unplaced |= {place: "days of several clocks" for place, _ in placed}
        placed = []
    for place, _ in placed:
        del unplaced[place]
    placed.sort(key=lambda member: member[1][column])
    moments = groupby(placed, key=lambda member: member[1][column])
    return Ordered([list(moment) for _, moment in moments], unplaced)


def _says_something(row: Row) -> bool:
    return row["value"] is not None or row["comparator"] != ""


def on_one_scale(*rows: Row) -> list[tuple[Bound, Bound]] | None:
    """What each of some results allows, in one unit; None where they have no unit in common."""
    if all(row["unit_std"] == rows[0]["unit_std"] != "" for row in rows):
        return [bounds(row["comparator"], row["value_std"]) for row in rows]
    if any(row["unit"] != rows[0]["unit"] for row in rows):
        return None
    return [bounds(row["comparator"], row["value"]) for row in rows]


def shown_result(row: Row) -> str:
    """A result as a message shows it, with its unit: `<5 cells/µL`."""
    if row["value"] is None:
        return "not detected"
    return f"{result_text(row['comparator'], row['value'])} {row['unit']}".rstrip()
