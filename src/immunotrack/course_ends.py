"""Where the course of a patient ends before its plan does: by death, or by a stop."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from narwhals.typing import IntoDataFrameT

from immunotrack.anchors import everybody
from immunotrack.clocks import Clock, day_of_death
from immunotrack.table import conform_events, plain_rows

Row = Mapping[str, Any]


class Cut(NamedTuple):
    """The end of a course before its plan's end.

    Args:
        why: `death`, `stop: lymphocytes above 2.5 x the upper limit`.
    """

    day: float
    why: str


Cuts = float | Cut | Mapping[str, float | Cut] | None
Clocks = Clock | Mapping[str, Clock | None] | None


def clock_of(given: Clocks, patient: str) -> Clock | None:
    """The clock of a patient.

    Raises:
        ValueError: It shows hours, or days without a 0.
    """
    clock = given.get(patient) if isinstance(given, Mapping) else given or Clock("Day")
    if clock is not None and clock.shows != "day":
        raise ValueError(f"a plan counts days from a day 0, and {clock.name} shows none")
    return clock


def stated_cut(given: Cuts, patient: str) -> Cut | None:
    """The end that the caller states for a patient."""
    if isinstance(given, Mapping):
        given = given.get(patient)
    return given if given is None or isinstance(given, Cut) else Cut(given, "death or stop")


def course_end(happened: Sequence[Row], clock: Clock | None, stated: Cut | None) -> Cut | None:
    """The earlier of the death among the events and a stated end; of one day the death."""
    if clock is None:
        return None
    died = day_of_death(happened, clock)
    if died is None:
        return stated
    return stated if stated is not None and stated.day < died else Cut(died, "death")


def course_ends(
    events: IntoDataFrameT, clock: Clocks = None, stops: Cuts = None, patients: Sequence[str] = ()
) -> dict[str, Cut]:
    """The end of each patient's course: death among the events, or a stated stop if earlier.

    Args:
        events, clock, patients: As for `dosing.given_against_planned`.
        stops: As `death_or_stop_day` there.
    """
    rows = plain_rows(conform_events(events))
    found = {}
    for patient, (_, happened) in everybody([{"patient_id": p} for p in patients], rows).items():
        cut = course_end(happened, clock_of(clock, patient), stated_cut(stops, patient))
        if cut is not None:
            found[patient] = cut
    return found
