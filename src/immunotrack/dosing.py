"""What was given against what was planned, dose by dose."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from narwhals.typing import IntoDataFrameT

from immunotrack.anchors import everybody
from immunotrack.clocks import Clock
from immunotrack.course_ends import Clocks, Cut, Cuts, clock_of, course_end, stated_cut
from immunotrack.doses import amount_in, find_dose_unit
from immunotrack.schedule import Plan, PlannedDose
from immunotrack.table import (
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    conform_events,
    frame_of,
    is_span,
    plain_rows,
)

Row = Mapping[str, Any]

AGAINST: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "name": TEXT,
    "status": TEXT,
    "planned_day": NUMBER,
    "planned_amount": NUMBER,
    "planned_unit": TEXT,
    "assumed": TEXT,
    "given_day": NUMBER,
    "given_time": TIME,
    "given_to_day": NUMBER,
    "given_amount": NUMBER,
    "given_unit": TEXT,
    "difference_days": NUMBER,
    "clock": TEXT,
    "basis": TEXT,
    "note": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The columns of `given_against_planned`.

name: of what was given. status: `given`, also every dose where there is no plan; `missed`; `not
due`, after death or stop; `undetermined`, planned for the very day of these, or where repeated or
undated doses leave it open; `extra`, given and not planned; `repeated`, a span that stands for
several doses; `undated`, given and without a day. assumed: why the planned day is an assumption.
given_to_day: where a span ends. difference_days: given minus planned, in whole days where the plan
has whole days. clock: what all days count from. basis: of the event.
"""


def given_against_planned(
    events: IntoDataFrameT,
    plan: Plan | None,
    tolerance_days: float = 1,
    death_or_stop_day: Cuts = None,
    name: str = "",
    clock: Clocks = None,
    patients: Sequence[str] = (),
) -> IntoDataFrameT:
    """Each planned dose of each patient with what became of it, and each dose beyond the plan.

    As many doses as possible are matched, each to one planned dose no further away than the
    tolerance; of several ways the one with the smallest differences in all. A dose counts by its
    whole day where it is planned for one. A planned dose after the end of the course is not due any
    more; the end is the patient's death among the events or what is given here, whichever is
    earlier. A dose of no patient is everybody's.

    Args:
        events: An events table; the doses are those of kind `dose`.
        plan: Its days and those of the events count from one anchor. None for what was given alone.
        death_or_stop_day: A day, a `Cut` that says which, or these by patient.
        name: Which doses, where the events have several.
        clock: What gives the doses their day, for all patients or by patient (see
            `anchors.patient_clocks`); without it the events need days.
        patients: Whom the plan is for, beside those who have an event.

    Returns:
        A frame of the same kind with the columns of `AGAINST`.

    Raises:
        ValueError: The tolerance is negative, the events hold doses of several names and there is a
            plan, or a clock shows no days, or days without a 0.
    """
    if not tolerance_days >= 0:
        raise ValueError("tolerance_days must not be negative")
    table = conform_events(events)
    rows = plain_rows(table)
    wanted = _wanted(rows, name, plan)
    planned = [] if plan is None else plan.doses()
    found: list[dict[str, Any]] = []
    people = everybody([{"patient_id": who} for who in patients], rows)
    for patient, (_, happened) in people.items():
        course = _course(happened, wanted, clock_of(clock, patient))
        cut = course_end(happened, course.clock, stated_cut(death_or_stop_day, patient))
        about = {"patient_id": patient, "clock": course.clock.name if course.clock else ""}
        if plan is None:
            told = [_as_given(dose) | {"status": _kind(dose, "given")} for dose in course.doses]
        else:
            told = _of_patient(planned, course, tolerance_days, cut)
        found += [_BLANK | {"name": _only(wanted) or name} | about | row for row in told]
    native: Any = frame_of(found, AGAINST, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


_BLANK: Final = {
    name: "" if dtype == TEXT else 0 if dtype == WHOLE else None for name, dtype in AGAINST.items()
}


class _Dose(NamedTuple):
    """What was given: on a day, or from one to another.

    Args:
        day: None where it has no place in time.
        to_day: The end of a span; infinity where it is not stated.
    """

    row: Row
    day: float | None
    to_day: float | None = None

    @property
    def span(self) -> str:
        """The days of repeated doses, in words."""
        open_end = self.to_day is None or math.isinf(self.to_day)
        return f"from day {self.day:g}" + ("" if open_end else f" to {self.to_day:g}")


class _Course(NamedTuple):
    """The doses of one patient in order, those without a day behind; without a clock none has."""

    doses: list[_Dose]
    clock: Clock | None


def _course(happened: Sequence[Row], wanted: Sequence[str], clock: Clock | None) -> _Course:
    doses = [
        _placed(row, clock) for row in happened if row["kind"] == "dose" and row["name"] in wanted
    ]
    last = math.inf
    doses.sort(key=lambda dose: last if dose.day is None else dose.day)
    return _Course(doses, clock)


def _placed(row: Row, clock: Clock | None) -> _Dose:
    """A dose with its days; one that ends on the day it begins is a single one."""
    day = None if clock is None else clock.day(row["start_time"], row["start_day"])
    if clock is None or day is None or not is_span(row):
        return _Dose(row, day)
    end = clock.day(row["end_time"], row["end_day"])
    single = end is not None and math.floor(end) == math.floor(day)
    return _Dose(row, day, None if single else math.inf if end is None else end)


def _wanted(rows: Sequence[Row], name: str, plan: Plan | None) -> list[str]:
    """The names of the doses to tell of.

    Raises:
        ValueError: There are several, a plan is for one, and none is asked for.
    """
    names = dose_names(rows)
    if plan is not None and not name and len(names) > 1:
        raise ValueError(f"the events hold doses of {' and '.join(names)}; choose one with name")
    return [one for one in names if not name or one.casefold() == name.casefold()]


def dose_names(rows: Sequence[Row]) -> list[str]:
    """The names of all doses among the rows of events."""
    return list(dict.fromkeys(row["name"] for row in rows if row["kind"] == "dose"))


def _only(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _of_patient(
    planned: Sequence[PlannedDose], course: _Course, tolerance: float, cut: Cut | None
) -> list[dict[str, Any]]:
    """What became of each planned dose, then what was given beside the plan, in order of days."""
    single = [dose for dose in course.doses if dose.to_day is None]
    days = [dose.day for dose in single if dose.day is not None]
    pairs = _matched([dose.day for dose in planned], days, tolerance)
    told = []
    for number, dose in enumerate(planned):
        what = _as_planned(dose)
        if number in pairs:
            given = single[pairs[number]]
            told.append(what | _as_given(given, cut, dose) | {"status": "given"})
        else:
            told.append(what | _not_given(dose, course, tolerance, cut))
    matched = [single[place] for place in pairs.values()]
    left = [dose for dose in course.doses if not any(dose is one for one in matched)]
    told += [_as_given(dose, cut) | {"status": _kind(dose, "extra")} for dose in left]
    return sorted(told, key=_day_of)


def _kind(dose: _Dose, single: str) -> str:
    """The status of a dose beside the plan."""
    return "undated" if dose.day is None else single if dose.to_day is None else "repeated"


def _day_of(row: Row) -> float:
    """The day at which a dose stands among the others: the planned one where there is one."""
    day = row["planned_day"] if "planned_day" in row else row["given_day"]
    return math.inf if day is None else float(day)


def _matched(planned: Sequence[float], given: Sequence[float], tolerance: float) -> dict[int, int]:
    """Which planned dose is which given one: most pairs first, then the smallest differences."""
    width = len(given) + 1
    best = [[(0, 0.0)] * width for _ in range(len(planned) + 1)]
    for row, due in enumerate(planned):
        for place, day in enumerate(given):
            ways = [best[row][place + 1], best[row + 1][place]]
            if abs(_off(day, due)) <= tolerance + 1e-9:
                pairs, cost = best[row][place]
                ways.append((pairs + 1, cost - abs(_off(day, due))))
            best[row + 1][place + 1] = max(ways)
    found: dict[int, int] = {}
    row, place = len(planned), len(given)
    while row and place:
        if best[row][place] == best[row - 1][place]:
            row -= 1
        elif best[row][place] == best[row][place - 1]:
            place -= 1
        else:
            row, place = row - 1, place - 1
            found[row] = place
    return found


def _off(day: float, due: float) -> float:
    """By how many days a dose is late; of a whole planned day the time of day does not count."""
    return (math.floor(day) if float(due).is_integer() else day) - due


def _as_planned(dose: PlannedDose) -> dict[str, Any]:
    return {
        "planned_day": dose.day,
        "planned_amount": dose.amount,
        "planned_unit": dose.unit,
        "assumed": dose.assumed,
    }


def _as_given(
    dose: _Dose, cut: Cut | None = None, planned: PlannedDose | None = None
) -> dict[str, Any]:
    """A dose that was given, and what is odd about it."""
    row, day, to_day = dose
    notes = [_amount_note(row, planned)] if planned else []
    if day is not None and cut is not None and math.floor(day) > math.floor(cut.day):
        notes.append(f"given after {cut.why} on day {cut.day:g}")
    if to_day is not None:
        notes.append(f"repeated doses {dose.span}")
    return {
        "given_day": day,
        "given_time": row["start_time"],
        "given_to_day": None if to_day is None or math.isinf(to_day) else to_day,
        "given_amount": row["dose"],
        "given_unit": row["dose_unit"],
        "difference_days": None if day is None or planned is None else _off(day, planned.day),
        "note": "; ".join(filter(None, notes)),
    } | {name: row[name] for name in ("name", "basis", "source", "line")}


def _amount_note(row: Row, planned: PlannedDose) -> str:
    if row["dose"] is None:
        return "the amount is not stated"
    units = find_dose_unit(row["dose_unit"]), find_dose_unit(planned.unit)
    said = f"{row['dose']:g} {row['dose_unit']} given, {planned.amount:g} {planned.unit} planned"
    if units[0] is None or units[1] is None or units[0].per_kg != units[1].per_kg:
        return said
    given = amount_in(Decimal(repr(row["dose"])), units[0], units[1])
    same = given is not None and math.isclose(given, planned.amount, rel_tol=1e-9)
    return "" if same else said


def _not_given(
    dose: PlannedDose, course: _Course, tolerance: float, cut: Cut | None
) -> dict[str, str]:
    """Why nothing was given for a planned dose, as far as that is known."""
    if course.clock is None:
        return {"status": "undetermined", "note": "there is no day 0 here"}
    if cut is not None and math.floor(dose.day) > math.floor(cut.day):
        told = f"course cut short: {cut.why} on day {cut.day:g}"
        return {"status": "not due", "note": told}
    if perhaps := _perhaps_given(dose, course, tolerance):
        return {"status": "undetermined", "note": perhaps}
    if cut is not None and math.floor(dose.day) == math.floor(cut.day):
        told = f"planned for the day of the end: {cut.why} on day {cut.day:g}"
        return {"status": "undetermined", "note": told}
    return {"status": "missed"}


def _perhaps_given(dose: PlannedDose, course: _Course, tolerance: float) -> str:
    """What may be the planned dose after all; empty where nothing may."""
    for one in course.doses:
        if one.day is None:
            return "a dose without a day may be it"
        first = math.floor(one.day) - tolerance
        if one.to_day is not None and first <= dose.day <= one.to_day + tolerance:
            return f"perhaps one of the repeated doses {one.span}"
    return ""
