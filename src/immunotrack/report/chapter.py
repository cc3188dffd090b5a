"""One patient of a report: the results with all that is said of each, and what was given."""

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import polars as pl

from immunotrack.clocks import Clock
from immunotrack.dosing import given_against_planned
from immunotrack.plot.drawn import Row, Timeline
from immunotrack.schedule import Plan
from immunotrack.table import plain_rows
from immunotrack.times import age_in_years
from immunotrack.totals import dose_totals
from immunotrack.writers.text import time_text

RESULT: Final = (
    *("time", "day", "visit", "analyte", "reported", "comparator", "value", "unit"),
    *("low", "high", "critical_low", "critical_high", "range_source", "flag", "off_scale"),
    *("grade", "grade_direction", "grade_term", "grade_allows", "grade_note"),
    *("previous_comparator", "previous_value", "change_percent", "rcv_up_percent"),
    *("rcv_down_percent", "change_flag", "change_note", "near_limit"),
    *("origin", "source", "line"),
)
"""The columns of a result; then `window` and `window_why`, and `days_since_dose`."""

_EVENT: Final = (
    *("kind", "name", "lane", "dose", "dose_unit", "result", "basis", "open_end"),
    *("note", "quote", "claim", "source", "line"),
)


def results(rows: Sequence[Row], timeline: Timeline, doses: Sequence[Row]) -> list[dict[str, Any]]:
    """The results of a patient, by analyte and time, each with its window and last dose.

    Args:
        rows: Flagged, graded and compared with the ones before.
        doses: As `events` gives them.
    """
    taken = {_identity(row): row for row in timeline.table if row["series"] != "not drawn"}
    order = [panel.analyte for panel in timeline.panels]
    order += sorted({row["analyte"] for row in rows} - {*order})
    told = [_result(row, timeline.clock, taken.get(_identity(row), {}), doses) for row in rows]
    return sorted(told, key=lambda row: (order.index(row["analyte"]), _place(row)))


def _identity(row: Row) -> tuple[Any, ...]:
    return (row["source"], row["line"], row["analyte"], row["reported"])


def _place(row: Row) -> tuple[bool, float, str]:
    return row["day"] is None, row["day"] or 0.0, row["time"]


def _result(row: Row, clock: Clock, drawn: Row, doses: Sequence[Row]) -> dict[str, Any]:
    day = clock.day(row["time"], row["day"])
    return {name: row[name] for name in RESULT} | {
        "day": day,
        "time": time_text(row["time"]),
        "window": drawn.get("window") or "",
        "window_why": drawn.get("why") or "",
        "days_since_dose": _since(day, doses),
    }


def _since(day: float | None, doses: Sequence[Row]) -> float | None:
    """Days from the last dose that began before; 0 within one that went on."""
    before = [dose for dose in doses if day is not None and dose["day"] <= day]
    if day is None or not before:
        return None
    ends = [dose["day"] if dose["last"] is None else min(dose["last"], day) for dose in before]
    return float(day - max(ends))


def events(rows: Sequence[Row], clock: Clock) -> list[dict[str, Any]]:
    """The events of a patient with their days on a clock, in order."""
    told = [
        {name: row[name] for name in _EVENT}
        | {
            "time": time_text(row["start_time"]),
            "day": clock.day(row["start_time"], row["start_day"]),
            "last": clock.day(row["end_time"], row["end_day"]),
        }
        for row in rows
    ]
    return sorted(told, key=_place)


def age_words(rows: Sequence[Row], *, open_from: int | None) -> str:
    """The age in years over the results; both ends where they differ; empty if it is not known.

    Args:
        open_from: From this age on, no more is said than that.
    """
    ages = sorted({age for row in rows if (age := _age(row)) is not None})
    words = dict.fromkeys(_age_said(age, open_from) for age in (*ages[:1], *ages[-1:]))
    return " to ".join(words)


def _age(row: Row) -> int | None:
    if row["birth_date"] is not None and row["time"] is not None:
        return age_in_years(row["birth_date"], row["time"])
    return None if row["age_years"] is None else int(row["age_years"])


def _age_said(age: int, open_from: int | None) -> str:
    return f"{open_from}+" if open_from is not None and age >= open_from else str(age)


def against_plan(
    events: pl.DataFrame, plan: Plan, drug: str, clock: Clock, patient: str
) -> tuple[list[Row], list[Row]]:
    """The doses of a patient against a plan, and their totals.

    A plan that does not say when it begins starts on the day of the first dose.
    """
    days = [clock.day(at, day) for at, day in _starts(events, drug)]
    known = [day for day in days if day is not None]
    if known and not plan.states_start:
        plan = plan.starting(min(known))
    told = given_against_planned(events, plan, name=drug, clock=clock, patients=[patient])
    return _rows(told), _rows(dose_totals(told))


def _rows(table: pl.DataFrame) -> list[Row]:
    return list(plain_rows(nw.from_native(table, eager_only=True)))


def _starts(events: pl.DataFrame, drug: str) -> list[tuple[Any, ...]]:
    given = events.filter((pl.col("kind") == "dose") & (pl.col("name") == drug))
    return given.select("start_time", "start_day").rows()
