"""What day 0 is. A day without the name of its clock means nothing, so every axis carries it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import narwhals as nw

from immunotrack.problems import Problem
from immunotrack.table import NUMBER, lookup

_DEATH: Final = re.compile(r"\b(death|dead|died|deceased)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clock:
    """The days of one patient.

    Args:
        name: The label of a time axis, `Days after ICU admission`.
        alias: Another name of the same clock, `days after first dose`.
        anchor: The moment of day 0, where days follow from dates; None where the source counts.
    """

    name: str
    anchor: datetime | None = None
    alias: str = ""

    def is_called(self, name: str) -> bool:
        """Whether a name is one of this clock's; a bare "Day" may be any clock."""
        own = {self.name.casefold(), self.alias.casefold()}
        return name.casefold() in own or self.name == "Day"

    def day(self, time: datetime | None, day: float | None) -> float | None:
        """The day of a moment on this clock; None where it has none."""
        if self.anchor is None:
            return day
        return None if time is None else (time - self.anchor) / timedelta(days=1)


def choose_clock(
    table: nw.DataFrame[Any], events: Sequence[Mapping[str, Any]], name: str = ""
) -> Clock:
    """The clock that a patient's results and events share.

    Days that the source counts win. Dates are counted from the first dose, and from the day of the
    first result where no dose is dated.

    Args:
        name: What the source calls its days.
    """
    if not table["day"].is_null().any() or table["time"].is_null().all():
        return Clock(name or "Day")
    doses = [
        (event["start_time"], event["name"])
        for event in events
        if event["kind"] == "dose" and event["start_time"] is not None
    ]
    if doses:
        first, drug = min(doses)
        return Clock(
            f"Days after first {drug} dose", _midnight(first), alias="days after first dose"
        )
    return Clock("Days after first result", _midnight(table["time"].drop_nulls().min()))


def _midnight(time: datetime) -> datetime:
    return datetime(time.year, time.month, time.day)  # noqa: DTZ001 - local wall clock


def with_days(table: nw.DataFrame[Any], clock: Clock) -> nw.DataFrame[Any]:
    """The table with `day` on the clock."""
    if clock.anchor is None:
        return table
    counted = lookup(table, ["time"], {"counted": NUMBER}, lambda time: (clock.day(time, None),))
    return counted.with_columns(day=nw.col("counted")).drop("counted")


def unplaced_events(events: Sequence[Mapping[str, Any]], clock: Clock) -> list[Problem]:
    """The events that have no day on the clock, as problems."""
    place = "day" if clock.anchor is None else "date"
    return [
        Problem(
            code="mixed-clock",
            source=event["source"],
            line=event["line"] or None,
            column="start",
            message=f"the results are placed by {place} and this event has none",
            fix=f"Give the event a {place}.",
        )
        for event in events
        if clock.day(event["start_time"], event["start_day"]) is None
    ]


def day_of_death(events: Sequence[Mapping[str, Any]], clock: Clock) -> float | None:
    """The day of the outcome that is a death; None where there is none on the clock."""
    days = (
        clock.day(event["start_time"], event["start_day"])
        for event in events
        if event["kind"] == "outcome" and _DEATH.search(event["name"])
    )
    return next((day for day in days if day is not None), None)
