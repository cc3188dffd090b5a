"""The course of one analyte in one patient: its results in order, placed among the doses."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.anchors import (
    Rows,
    by_patient,
    counts_study_days,
    is_dated,
    patient_clock,
)
from immunotrack.clocks import Clock, midnight
from immunotrack.flags import flag
from immunotrack.intervals import Interval, Side, interval
from immunotrack.ranges import RangeSet
from immunotrack.table import conform, in_standard_units, is_span, plain_rows
from immunotrack.values import result_text

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """A moment in days, in which alone two of them are compared.

    Args:
        day: On an axis that is the same for all of a patient.
        whole: Its hour is not known: a date without a time of day, or a counted whole day.
        time, counted: As the source has it, for a clock to read.
    """

    day: float
    whole: bool
    time: datetime | None
    counted: float | None

    def unordered(self, other: "Point") -> bool:
        """Whether both are on one day and the hour of one is not known."""
        return math.floor(self.day) == math.floor(other.day) and (self.whole or other.whole)

    def after(self, other: "Point") -> bool:
        """Whether this comes later; a sample and a dose of one day are taken in this order."""
        return not self.unordered(other) and self.day > other.day

    def later_by(self, other: "Point", hours: float) -> bool | None:
        """Whether this comes at least so many hours after the other; None if it may."""
        passed = (self.day - other.day) * 24
        if passed - 24 * other.whole >= hours:
            return True
        most = passed + 24 * self.whole
        unsure = most > hours or (most == hours and not self.whole and not other.whole)
        return None if unsure else False


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time of one event.

    Args:
        end: Like the start where the event is a point; None where its end is not stated.
    """

    name: str
    start: Point
    end: Point | None

    def holds(self, at: Point) -> bool:
        """Whether the event may be going on at a moment; one of its first or last day is in it."""
        return not self.start.after(at) and (self.end is None or not at.after(self.end))


@dataclass(frozen=True, slots=True)
class Sample:
    """One result, as all the values that it may have.

    Args:
        sides: On which sides of its reference range it may be; empty without a range.
        row: The row of the measurements table.
    """

    at: Point
    values: Interval
    sides: frozenset[Side]
    row: Row

    @property
    def censored(self) -> bool:
        """Whether the result is a bound."""
        return bool(self.row["comparator"])

    @property
    def text(self) -> str:
        """The result as a laboratory writes it, in the unit of the course."""
        value = self.row["value"]
        return "not detected" if value is None else result_text(self.row["comparator"], value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All of one analyte in one patient.

    Args:
        samples: With a number and a day, in their order.
        doses: Placed doses, in their order.
        clock: The clock that its days are read on, None where there is none.
        rows: All rows, used or not.
        results, events: All rows of the patient, of every analyte.
        stretches: When each event is, those without a place among the results left out.
        undated, wordless: Rows without a place in time, and rows that are no number.
        unplaced: Doses without a place among the results.
        spans: Doses that stand for repeated ones, from a start to an end.
    """

    patient: str
    analyte: str
    samples: tuple[Sample, ...] = ()
    doses: tuple[Point, ...] = ()
    clock: Clock | None = None
    rows: Rows = ()
    results: Rows = ()
    events: Rows = ()
    stretches: tuple[Stretch, ...] = ()
    undated: int = 0
    wordless: int = 0
    unplaced: int = 0
    spans: int = 0

    @property
    def first_dose(self) -> Point | None:
        """The earliest dose."""
        return self.doses[0] if self.doses else None

    @property
    def units(self) -> list[str]:
        """The units of the results that are numbers; that of the first where none is."""
        used = [s.row for s in self.samples if s.row["value"] is not None]
        return list(dict.fromkeys(row["unit"] for row in used or self.rows[:1]))

    @property
    def origin(self) -> str:
        """Where the values come from: `quoted`, or several with semicolons."""
        return "; ".join(sorted({row["origin"] for row in self.rows if row["origin"]}))

    def before_dose(self) -> list[Sample]:
        """The samples up to the first dose; one of its day counts where no hour tells."""
        first = self.first_dose
        return [] if first is None else [s for s in self.samples if not s.at.after(first)]

    def after_dose(self) -> list[Sample]:
        """The samples after the first dose."""
        first = self.first_dose
        return [] if first is None else [s for s in self.samples if s.at.after(first)]

    def stretches_of(self, word: str) -> list[Stretch]:
        """The events whose name has a word, the earliest first."""
        plain = word.casefold()
        named = [each for each in self.stretches if plain in each.name.casefold()]
        return sorted(named, key=lambda each: each.start.day)

    def doses_before(self, at: Point) -> int:
        """How many doses come before a moment; one of its day comes after it."""
        return sum(at.after(dose) for dose in self.doses)


@dataclass(slots=True)
class _Patient:
    """What all courses of a patient share."""

    results: Rows
    events: Rows
    dated: bool = field(init=False)
    epoch: datetime | None = field(init=False)
    study_days: bool = field(init=False)
    fractions: bool = field(init=False)

    def __post_init__(self) -> None:
        doses = self.dose_rows()
        self.dated = is_dated(self.results, doses)
        times = [row["time"] for row in self.results if row["time"] is not None]
        self.epoch = midnight(min(times)) if times else None
        self.study_days = counts_study_days(self.results)
        days = [row["day"] for row in self.results] + [dose["start_day"] for dose in doses]
        self.fractions = any(day is not None and day != math.floor(day) for day in days)

    def dose_rows(self) -> list[Row]:
        return [event for event in self.events if event["kind"] == "dose"]

    def stretches(self) -> tuple[Stretch, ...]:
        """When each event is."""
        starts = [
            (event, self.point(event["start_time"], event["start_day"])) for event in self.events
        ]
        return tuple(
            Stretch(event["name"], start, self._end(event, start))
            for event, start in starts
            if start is not None
        )

    def _end(self, event: Row, start: Point) -> Point | None:
        if event["open_end"]:
            return None
        return self.point(event["end_time"], event["end_day"]) or start

    def point(self, time: datetime | None, day: float | None) -> Point | None:
        if self.dated:
            if time is None or self.epoch is None:
                return None
            whole = time == midnight(time)
            return Point((time - self.epoch) / timedelta(days=1), whole, time, day)
        placed = Clock("", skips_zero=self.study_days).day(None, day)
        return None if placed is None else Point(placed, not self.fractions, time, day)


def courses(
    frame: IntoDataFrame,
    events: Rows,
    *,
    clock: str = "",
    ranges: Sequence[str | RangeSet] | str = (),
    analytes: Collection[str] | None = None,
) -> list[Course]:
    """Every patient's every analyte, in the order of the table.

    Args:
        frame: A measurements table, flagged or not; limits of a set that it has stay unless
            `ranges` are given.
        events: Rows of an events table.
        clock: A name of `anchors.NAMES`; empty for the clock of a figure.
        ranges: As for `immunotrack.flag`.
        analytes: Of these alone, by their keys.
    """
    flagged = _flagged(frame, ranges)
    rows = plain_rows(in_standard_units(conform(flagged)))
    found = []
    for patient, (results, happened) in by_patient(rows, events).items():
        shared = _Patient(results, happened)
        shown = patient_clock(clock, results, happened)
        series: dict[str, list[Row]] = {}
        for row in results:
            if analytes is None or row["analyte"] in analytes:
                series.setdefault(row["analyte"], []).append(row)
        found += [_course(patient, analyte, own, shared, shown) for analyte, own in series.items()]
    return found


def _flagged(frame: IntoDataFrame, ranges: Sequence[str | RangeSet] | str) -> IntoDataFrame:
    sources = nw.from_native(frame, eager_only=True)
    named = "range_source" in sources.columns and any(
        source not in {"", "file", None} for source in sources["range_source"].unique().to_list()
    )
    return frame if named and not ranges else flag(frame, ranges)


def _course(
    patient: str, analyte: str, rows: list[Row], shared: _Patient, clock: Clock | None
) -> Course:
    said = [row for row in rows if row["value"] is not None or row["comparator"]]
    placed = [(shared.point(row["time"], row["day"]), row) for row in said]
    samples = [_sample(at, row) for at, row in placed if at is not None]
    doses = shared.dose_rows()
    points = [shared.point(dose["start_time"], dose["start_day"]) for dose in doses]
    known = sorted((at for at in points if at is not None), key=lambda at: at.day)
    return Course(
        patient=patient,
        analyte=analyte,
        samples=tuple(sorted(samples, key=lambda sample: sample.at.day)),
        doses=tuple(known),
        clock=clock,
        rows=rows,
        results=shared.results,
        events=shared.events,
        stretches=shared.stretches(),
        undated=len(said) - len(samples),
        wordless=len(rows) - len(said),
        unplaced=len(points) - len(known),
        spans=sum(is_span(dose) for dose in doses),
    )


def _sample(at: Point, row: Row) -> Sample:
    values = interval(row["comparator"], row["value"])
    return Sample(at, values, values.sides(row["low"], row["high"]), row)
