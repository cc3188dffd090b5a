"""Rows of a graded table, in groups, and which grades the results of a group leave open."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.grading import GRADING
from immunotrack.scales import Mark
from immunotrack.table import plain_rows

Row = Mapping[str, Any]


def graded_rows(frame: IntoDataFrame) -> tuple[nw.DataFrame[Any], list[dict[str, Any]]]:
    """A graded table, and its rows that the scale is about."""
    table = nw.from_native(frame, eager_only=True)
    missing = [name for name in GRADING if name not in table.columns]
    if missing:
        raise ValueError(f"the table has no column {missing[0]}: grade it first")
    return table, plain_rows(table.filter(nw.col("grade_scale") != ""))


def grouped_rows(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Rows by what they have in common, in their order."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


@cache
def marks_of(listed: str) -> tuple[Mark, ...]:
    """The marks of `grade_allows`."""
    parted = (mark.rpartition(" ") for mark in listed.split(", ") if mark)
    return tuple(Mark(direction, int(grade)) for direction, _, grade in parted)


def worst_left(allowed: Iterable[Sequence[Mark]], of: Callable[[Mark], int]) -> list[int]:
    """Which grades the worst of several results may be, by what each of them allows."""
    grades = [{of(mark) for mark in marks} for marks in allowed if marks]
    least = max((min(found) for found in grades), default=0)
    return sorted({grade for found in grades for grade in found if grade >= least})
