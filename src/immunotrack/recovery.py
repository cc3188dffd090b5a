"""Recovery: when a course reaches its reference range, as intervals between visits."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from immunotrack.courses import Point, Sample
from immunotrack.intervals import Side


class Turn(NamedTuple):
    """A change from one state to another, somewhere between two visits.

    Args:
        after: The last visit that is surely in the old state.
        by: The first visit that is surely in the new state; None where it is not seen.
        place: The index of `by` in the path.
    """

    after: Point
    by: Point | None
    place: int


class Recovery(NamedTuple):
    """What became of a value out of range; the later turns only where the earlier is seen."""

    recovered: Turn
    relapsed: Turn | None = None
    again: Turn | None = None


def start_side(path: Sequence[Sample]) -> tuple[Side | None, str]:
    """The side on which the first value of a path is out of range, or why there is none."""
    sides = path[0].sides
    if not sides:
        return None, "no reference range"
    if len(sides) > 1:
        told = " or ".join(side for side in ("below", "in", "above") if side in sides)
        return None, f"{path[0].text} at the start may be {told} range"
    side = next(iter(sides))
    return (None, "in range at the start") if side == "in" else (side, "")


def recovery(path: Sequence[Sample], side: Side) -> Recovery:
    """When values that start on one side of their range reach it, leave it and reach it again.

    A value beyond the other limit has passed the range; one that may be in it decides nothing.
    """

    def out(sample: Sample) -> bool:
        return sample.sides == {side}

    def back(sample: Sample) -> bool:
        return bool(sample.sides) and side not in sample.sides

    recovered = _turn(path, 0, out, back)
    if recovered.by is None:
        return Recovery(recovered)
    relapsed = _turn(path, recovered.place, back, out)
    if relapsed.by is None:
        return Recovery(recovered, relapsed)
    return Recovery(recovered, relapsed, _turn(path, relapsed.place, out, back))


def _turn(
    path: Sequence[Sample],
    start: int,
    old: Callable[[Sample], bool],
    new: Callable[[Sample], bool],
) -> Turn:
    after = path[start].at
    for index in range(start, len(path)):
        if new(path[index]):
            return Turn(after, path[index].at, index)
        if old(path[index]):
            after = path[index].at
    return Turn(after, None, len(path))


def days_in_range(path: Sequence[Sample], first_dose: Point) -> tuple[float, float] | None:
    """The fewest and the most days in range after a dose; None where a sample has no range.

    A limit is taken to be crossed at most once between two visits.
    """
    if len(path) < 2 or not all(sample.sides for sample in path):
        return None
    least = most = 0.0
    for one, other in pairwise(path):
        days = other.at.day - max(one.at.day, first_dose.day)
        if one.sides == other.sides == {"in"}:
            least += days
        if not _same_side(one, other):
            most += days
    return least, most


def _same_side(one: Sample, other: Sample) -> bool:
    """Whether both are surely beyond the same limit."""
    return len(one.sides) == 1 and one.sides == other.sides and "in" not in one.sides
