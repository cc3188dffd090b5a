"""Doses against their plan, in the lane of the doses: missed ones, and given ones beyond it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from immunotrack.clocks import Clock
from immunotrack.dosing import given_against_planned
from immunotrack.plot.asked import DosePlan
from immunotrack.plot.drawn import Row, drawn_row, not_drawn, printable
from immunotrack.plot.found import Found
from immunotrack.problems import InvalidInput, Problem, counted, shown
from immunotrack.schedule import Plan
from immunotrack.table import EVENT_SCHEMA, frame_of, plain_rows

MARKED = {"missed": "missed dose", "undetermined": "undetermined dose", "extra": "extra dose"}
"""The states of a dose that are marked, and what the rows drawn call them."""


def find_missed(
    lanes: Mapping[str, Sequence[Row]],
    events: Sequence[Row],
    clock: Clock,
    days: tuple[float, float],
    plans: Sequence[DosePlan],
) -> tuple[Found, list[Problem]]:
    """What became of the doses of each plan, by lane.

    Raises:
        InvalidInput: A plan names no dose where there are several, or one that is not there.
    """
    found = Found()
    problems = []
    for plan in plans:
        place = _lane_of(lanes, plan)
        if place is None:
            found.why.append("no dose of this patient is on the figure")
            continue
        lane, dose = place
        if spans := sum(event["name"] == dose and _is_span(event) for event in lanes[lane]):
            found.why.append(f"{lane}: {counted(spans, 'span')} of doses, whose days are not known")
            continue
        against = _against(events, clock, dose, plan.plan)
        rows = [_marked(row, dose) for row in against if row["status"] in MARKED]
        inside = [row for row in rows if days[0] <= row["day"] <= days[1]]
        found.add(lane, inside, "every dose that was due was given, and none beside the plan")
        found.notes.append(_note(dose, plan, against))
        if outside := len(rows) - len(inside):
            problems.append(not_drawn(f"{outside} doses of the plan lie outside the time axis"))
    return found, problems


def _lane_of(lanes: Mapping[str, Sequence[Row]], plan: DosePlan) -> tuple[str, str] | None:
    """The lane that holds the doses of a plan, and their name; None without any dose.

    Raises:
        InvalidInput: It is not clear which doses are meant, or there are no such.
    """
    doses: dict[str, str] = {}
    for lane, rows in lanes.items():
        for event in rows:
            if event["kind"] == "dose":
                doses.setdefault(event["name"], lane)
    if not doses:
        return None
    wanted = plan.dose.casefold()
    meant = [name for name in doses if not wanted or name.casefold() == wanted]
    if len(meant) == 1:
        return doses[meant[0]], meant[0]
    message = f"there is no dose of {shown(plan.dose)}" if plan.dose else "it may be of several"
    fix = f"Write --plan '{next(iter(doses))}=…'; there are: {', '.join(doses)}."
    raise InvalidInput([Problem(code="unknown-option", source="--plan", message=message, fix=fix)])


def _is_span(event: Row) -> bool:
    return event["kind"] == "dose" and (event["open_end"] or event["last"] is not None)


def _against(events: Sequence[Row], clock: Clock, dose: str, plan: Plan) -> list[dict[str, Any]]:
    """Each dose with what became of it; a plan without a first day begins with the first dose."""
    own = [{**event, "patient_id": "", "name": printable(event["name"])} for event in events]
    given = [
        day
        for event in own
        if event["kind"] == "dose" and event["name"] == dose
        if (day := clock.day(event["start_time"], event["start_day"])) is not None
    ]
    kept = plan if plan.states_start else plan.starting(min(given))
    table = frame_of(own, EVENT_SCHEMA, "polars").to_native()
    return plain_rows(nw.from_native(given_against_planned(table, kept, name=dose, clock=clock)))


def _marked(row: Mapping[str, Any], dose: str) -> Row:
    """A dose that is marked, on its planned day where it was not given."""
    which = "given" if row["status"] == "extra" else "planned"
    about = {
        "analyte": dose,
        "day": row[f"{which}_day"],
        "value": row[f"{which}_amount"],
        "unit": row[f"{which}_unit"],
        "source": row["source"],
        "line": row["line"] or None,
    }
    assumed = f"assumed day: {row['assumed']}" if row["assumed"] else ""
    why = "; ".join(filter(None, [row["status"], row["note"], assumed]))
    return drawn_row(MARKED[row["status"]], about, why=why)


def _note(dose: str, plan: DosePlan, against: Sequence[Mapping[str, Any]]) -> str:
    """The plan, what became of its doses, and what is assumed of it."""
    counts = Counter(row["status"] for row in against)
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    start = "" if plan.plan.states_start else "; its first day is taken as that of the first dose"
    assumed = any(row["assumed"] for row in against)
    days = "; the days that it does not state are assumed" if assumed else ""
    return f"Plan of {dose}: {plan.label}{start}{days}. Within 1 day of it: {told}."
