"""A cohort: the results of many patients on one clock, each patient in its group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.anchors import NAMES, Rows, by_patient, clock_names, event_rows, named_clock
from immunotrack.clocks import Clock
from immunotrack.problems import InvalidInput, Problem, Severity, counted
from immunotrack.settings import choice_problem
from immunotrack.table import SCHEMA, TEXT, conform, frame_of, in_standard_units, plain_rows
from immunotrack.visits import natural_key, visit_order, visit_places

CLOCKS: Final = (*(name for name in NAMES if name != "hours"), "visit")
"""What patients can be aligned on, beside `event:NAME`: a clock, or the visits in their order."""

NO_GROUP: Final = "group not known"

_LABELS: Final = {
    "source": "Day",
    "first-dose": "Days after first dose",
    "first-result": "Days after first result",
    "study-day": "Study day",
    "visit": "Visit",
}
"""What an axis is called where the clocks of the patients have several names."""


@dataclass(frozen=True, slots=True)
class Member:
    """One patient of a cohort.

    Args:
        rows: Rows of the measurements table in standard units, `day` on the cohort's clock; None
            where a row has no place on it.
        first_dose: On that clock; None where no dose is known there.
        placed: The patient has a day 0.
        assumed: The first dose is not stated but assumed.
    """

    patient: str
    group: str
    rows: Rows
    first_dose: float | None
    placed: bool
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Patients on one clock.

    Args:
        clock: The label of the time axis.
        anchor: What the patients are aligned on, as it was asked for.
        dose: What the first doses are doses of; empty where they differ.
        visits: The names of the places, where patients are aligned by visit.
        by: What the groups are called; empty without groups.
    """

    members: Sequence[Member]
    clock: str
    anchor: str
    dose: str = ""
    visits: Sequence[str] = ()
    by: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows, each with its patient's `group`."""
        return [{**row, "group": one.group} for one in self.members for row in one.rows]

    @property
    def groups(self) -> list[str]:
        """The groups, those with numbers in their order, patients without one last."""
        found = {one.group for one in self.members}
        return sorted(found, key=lambda name: (name == NO_GROUP, natural_key(name)))

    def table(self) -> nw.DataFrame[Any]:
        """The aligned results: the contract's columns, then `group`."""
        return frame_of(self.rows, SCHEMA | {"group": TEXT}, "polars")


def align(
    frame: IntoDataFrame,
    events: IntoDataFrame | None = None,
    *,
    clock: str = "",
    groups: Mapping[str, str] | None = None,
    by: str = "",
) -> Cohort:
    """Patients aligned on their first dose, or on another anchor.

    Args:
        frame: A flagged measurements table (see `immunotrack.flag`).
        events: An events table; one without a patient is everybody's.
        clock: One of `CLOCKS`, or `event:NAME`. Empty for the first dose where one is known, else
            the days of the source, the first result, or the visits, whichever there is.
        groups: Patient to group.
        by: What the groups are called.

    Raises:
        InvalidInput: There is no such clock or event.
    """
    rows = plain_rows(in_standard_units(conform(frame)))
    happened = event_rows(events)
    people = by_patient(rows, happened)
    anchor = _checked(clock, happened) if clock else _usual_clock(rows, happened)
    visits = visit_order(rows) if anchor == "visit" else []
    clocks = {one: None if visits else named_clock(anchor, *people[one]) for one in people}
    named = groups or {}
    fallback = NO_GROUP if groups is not None else ""
    members = [
        _member(one, named.get(one, fallback), *people[one], clocks[one], visit_places(visits))
        for one in people
    ]
    names = {clock.name for clock in clocks.values() if clock is not None}
    doses = {event["name"] for event in happened if event["kind"] == "dose"}
    return Cohort(
        members=members,
        clock=names.pop() if len(names) == 1 else _LABELS.get(anchor, f"Days after {anchor[6:]}"),
        anchor=anchor,
        dose=doses.pop() if len(doses) == 1 else "",
        visits=visits,
        by=by,
        problems=_unplaced(members, anchor),
    )


def _checked(clock: str, events: Rows) -> str:
    """A clock that patients can be aligned on.

    Raises:
        InvalidInput: There is no such one.
    """
    if clock == "visit":
        return clock
    if clock not in CLOCKS and not clock.startswith("event:"):
        raise InvalidInput([choice_problem("--clock", clock, [*CLOCKS, "event:NAME"])])
    return clock_names(clock, events)[0]


def _usual_clock(rows: Rows, events: Rows) -> str:
    if any(event["kind"] == "dose" for event in events):
        return "first-dose"
    if any(row["day"] is not None for row in rows):
        return "source"
    return "first-result" if any(row["time"] is not None for row in rows) else "visit"


def _member(
    patient: str,
    group: str,
    results: Rows,
    events: Rows,
    clock: Clock | None,
    places: Mapping[str, float],
) -> Member:
    """A patient with every result at its place."""

    def day(row: Mapping[str, Any]) -> float | None:
        if clock is None:
            return places.get(row["visit"])
        return clock.reading(row["time"], row["day"])

    doses = [
        (at, event["basis"] == "assumed")
        for event in events
        if event["kind"] == "dose" and clock is not None
        if (at := clock.reading(event["start_time"], event["start_day"])) is not None
    ]
    rows = [{**row, "day": day(row)} for row in results]
    first, assumed = min(doses, default=(None, False))
    return Member(
        patient, group, rows, first, placed=clock is not None or bool(places), assumed=assumed
    )


def _unplaced(members: Sequence[Member], anchor: str) -> list[Problem]:
    """The patients who have no day 0, in one warning."""
    lost = [one.patient for one in members if not one.placed]
    if not lost:
        return []
    some = ", ".join(lost[:20]) + (", …" if len(lost) > 20 else "")
    return [
        Problem(
            code="not-drawn",
            severity=Severity.WARNING,
            source="cohort",
            message=f"{counted(len(lost), 'patient')} of {len(members)} without a day 0 on the "
            f"clock {anchor}: {some}",
            fix="Choose another one with --clock.",
        )
    ]
