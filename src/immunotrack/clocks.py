"""What day 0 is. A day without the name of its clock means nothing, so every axis carries it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import narwhals as nw

from immunotrack.problems import Problem
from immunotrack.questions import lookup
from immunotrack.table import NUMBER, plain_rows
from immunotrack.times import STUDY_DAY, continuous_day

FIRST_DOSE: Final = "days after first dose"
"""What the windows of a plan call a clock that counts from the first dose, whatever its drug."""

_FIRST_DOSE: Final = re.compile(r"days after first .+ dose", re.IGNORECASE)
_DEATH: Final = re.compile(r"\b(death|dead|died|deceased)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clock:
    """The days of one patient.

    Args:
        name: The label of a time axis, `Days after ICU admission`.
        alias: Another name of the same clock, `days after first dose`.
        anchor: The moment of day 0, where days follow from dates; None where the source counts.
        skips_zero: The source counts CDISC study days; here their day 1 is day 0.
        zero: The counted day that is day 0.
        shows: What the clock is read in; the arithmetic is always in days.
    """

    name: str
    anchor: datetime | None = None
    alias: str = ""
    skips_zero: bool = False
    zero: float = 0.0
    shows: Literal["day", "study day", "hour"] = "day"

    def is_called(self, name: str) -> bool:
        """Whether a name is one of this clock's; a bare "Day" may be any clock."""
        own = {self.name.casefold(), self.alias.casefold()}
        return name.casefold() in own or self.name == "Day"

    def day(self, time: datetime | None, day: float | None) -> float | None:
        """The day of a moment on this clock; None where it has none."""
        if self.anchor is not None:
            return None if time is None else (time - self.anchor) / timedelta(days=1)
        if day is None:
            return None
        return (continuous_day(day) if self.skips_zero else day) - self.zero

    def window_day(self, time: datetime | None, day: float | None) -> float | None:
        """The whole day of a moment, as windows of days on this clock count it."""
        shown = self.reading(time, day) if self.shows == "study day" else self.day(time, day)
        return None if shown is None else math.floor(shown)

    def reading(self, time: datetime | None, day: float | None) -> float | None:
        """What the clock shows at a moment: days, hours, or study days, of which none is 0.

        >>> start = datetime(2020, 3, 2)
        >>> Clock("Study day", start, shows="study day").reading(datetime(2020, 3, 1, 20), None)
        -1.0
        """
        passed = self.day(time, day)
        if passed is None or self.shows == "day":
            return passed
        if self.shows == "hour":
            return passed * 24
        whole = math.floor(passed)
        return float(whole + (whole >= 0))


Moments = Sequence[Mapping[str, Any]]
"""Rows with `time`, `day` and `clock`, None where there is none."""


def moments(table: nw.DataFrame[Any]) -> Moments:
    """When each result of a measurements table was taken."""
    return plain_rows(table.select("time", "day", "clock"))


def choose_clock(results: Moments, events: Sequence[Mapping[str, Any]], name: str = "") -> Clock:
    """The clock that a patient's results and events share.

    Days that the source counts win, but for study days of dated results: these skip a day at 0.
    Dates are counted from the first dose; where no dose is dated from the reference start that
    study days tell, and without these from the day of the first result.

    Args:
        name: What the source calls its days, where the results do not say.
    """
    names = {row["clock"] for row in results} - {"", None}
    name = names.pop() if len(names) == 1 else name
    dated = [row["time"] for row in results if row["time"] is not None]
    counted = all(row["day"] is not None for row in results)
    by_date = name == STUDY_DAY and len(dated) == len(results)
    if not dated or (counted and not by_date):
        return _counted(name)
    doses = [
        (event["start_time"], event["name"])
        for event in events
        if event["kind"] == "dose" and event["start_time"] is not None
    ]
    if doses:
        first, drug = min(doses)
        return Clock(f"Days after first {drug} dose", midnight(first), alias=FIRST_DOSE)
    start = reference_start(results) if name == STUDY_DAY else None
    if start is not None:
        return Clock("Days after reference start", start, alias="days after study day 1")
    return Clock("Days after first result", midnight(min(dated)))


def reference_start(results: Moments) -> datetime | None:
    """The date of study day 1 on which all dated study days agree; None where they do not."""
    starts = {
        midnight(row["time"]) - timedelta(days=continuous_day(row["day"]))
        for row in results
        if row["time"] is not None and row["day"] is not None
    }
    return starts.pop() if len(starts) == 1 else None


def _counted(name: str) -> Clock:
    """The clock of days that the source counts."""
    if name == STUDY_DAY:
        return Clock("Days after reference start (study day 1)", skips_zero=True)
    return Clock(name or "Day", alias=FIRST_DOSE if _FIRST_DOSE.fullmatch(name) else "")


def midnight(time: datetime) -> datetime:
    """The start of a moment's day."""
    return datetime(time.year, time.month, time.day)  # noqa: DTZ001 - local wall clock


def with_days(table: nw.DataFrame[Any], clock: Clock) -> nw.DataFrame[Any]:
    """The table with `day` on the clock."""
    if clock.anchor is None and not clock.skips_zero and not clock.zero:
        return table
    if clock.anchor is None:
        return lookup(table, ["day"], {"day": NUMBER}, lambda day: (clock.day(None, day),))
    return lookup(table, ["time"], {"day": NUMBER}, lambda at: (clock.day(at, None),))


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
