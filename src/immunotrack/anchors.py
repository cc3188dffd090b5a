"""Anchors: the day 0 that a user asks for, and several of them side by side."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.clocks import FIRST_DOSE, Clock, choose_clock, midnight
from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.settings import choice_problem
from immunotrack.table import (
    NUMBER,
    TEXT,
    conform,
    conform_events,
    plain_rows,
)
from immunotrack.times import STUDY_DAY, continuous_day

Rows = Sequence[Mapping[str, Any]]
"""Rows of a measurements table, or of an events table, of one patient."""

NAMES: Final = ("source", "first-dose", "first-result", "study-day", "hours")
"""The clocks that can be asked for, beside `event:NAME`.

source: day 0 is what the source counts from, as it counts. first-dose, first-result: day 0 is the
day of the first dose, or of the first result of any analyte. study-day: that of CDISC; where the
source has none day 1 is the day of the first dose. hours: after the first dose. event:NAME: day 0
is the day of the first event of that name.
"""


def named_clock(name: str, results: Rows, events: Rows) -> Clock | None:
    """A clock of `NAMES`, or `event:NAME`, for one patient; None where there is none.

    Args:
        results: Rows with `time`, `day` and `clock`.
        events: Rows of the patient's events.
    """
    if name == "source" or (name == "study-day" and counts_study_days(results)):
        return _source_clock(results)
    if name.startswith("event:"):
        wanted = name.removeprefix("event:").strip().casefold()
        happened = [event for event in events if event["name"].casefold() == wanted]
        return _from_first(happened, results, "Days after {}")
    if name == "first-result":
        return _from_first(_as_events(results), results, "Days after first result")
    doses = [event for event in events if event["kind"] == "dose"]
    if name == "hours":
        return _hours(doses, results)
    if name == "first-dose":
        counted = _from_first(doses, results, "Days after first {} dose")
        return None if counted is None else replace(counted, alias=FIRST_DOSE)
    clock = _from_first(doses, results, STUDY_DAY)
    return None if clock is None else replace(clock, shows="study day")


def _source_clock(results: Rows) -> Clock | None:
    """The days as the source counts them."""
    if all(row["day"] is None for row in results):
        return None
    if counts_study_days(results):
        return Clock(STUDY_DAY, skips_zero=True, shows="study day")
    return Clock(_said_name(results) or "Day")


def is_dated(results: Rows, events: Rows) -> bool:
    """Whether dates, and not counted days, place the results among these events.

    Without results the events alone tell.
    """
    if not results:
        return any(event["start_time"] is not None for event in events)
    dated = any(row["time"] is not None for row in results) and all(
        row["time"] is not None or row["day"] is None for row in results
    )
    counted = any(row["day"] is not None for row in results)
    return dated and (not counted or any(event["start_time"] is not None for event in events))


def counts_study_days(results: Rows) -> bool:
    """Whether the days of these results are CDISC study days."""
    return _said_name(results) == STUDY_DAY


def _said_name(results: Rows) -> str:
    names = {row["clock"] for row in results if row["clock"]}
    return names.pop() if len(names) == 1 else ""


def _from_first(events: Rows, results: Rows, label: str) -> Clock | None:
    """The clock whose day 0 is the day of the earliest of these events."""
    first = _first(events, results)
    if first is None:
        return None
    start, day, name = first
    label = label.format(name)
    if start is not None:
        return Clock(label, midnight(start))
    return Clock(label, zero=math.floor(day), skips_zero=counts_study_days(results))


def _as_events(results: Rows) -> Rows:
    return [{"start_time": row["time"], "start_day": row["day"], "name": ""} for row in results]


def _hours(doses: Rows, results: Rows) -> Clock | None:
    """Hours from the first dose; from the start of its day, and saying so, if no hour is known."""
    first = _first(doses, results)
    if first is None:
        return None
    start, day, name = first
    exact = start != midnight(start) if start is not None else day != math.floor(day)
    label = (
        f"Hours after first {name} dose" if exact else f"Hours from the day of first {name} dose"
    )
    study = start is None and counts_study_days(results)
    return Clock(label, start, zero=day, skips_zero=study, shows="hour")


def _first(events: Rows, results: Rows) -> tuple[datetime | None, float, str] | None:
    """Date or counted day, and name, of the earliest event that the results can be placed by."""
    if is_dated(results, events):
        return min(
            (
                (event["start_time"], 0.0, event["name"])
                for event in events
                if event["start_time"] is not None
            ),
            default=None,
        )
    study = counts_study_days(results)
    days = [
        (None, continuous_day(event["start_day"]) if study else event["start_day"], event["name"])
        for event in events
        if event["start_day"] is not None
    ]
    return min(days, key=lambda one: one[1:], default=None)


def anchored(
    frame: IntoDataFrameT, events: IntoDataFrame | None = None, clock: str = "first-dose"
) -> IntoDataFrameT:
    """The table on another clock, or on several of them side by side.

    Each clock adds a column that bears its name: `day_source`, `day_first_dose`,
    `day_first_result`, `study_day`, `hours_first_dose`, `day_after_NAME`. The first one gives `day`
    and `clock` too, unless it counts hours. A sample before the anchor has a negative day; one
    without a place on a clock has none.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`).
        events: An events table; an event without a patient is everybody's.
        clock: Names of `NAMES`, or `event:NAME`, with commas between them.

    Raises:
        InvalidInput: There is no such clock, or no such event.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["CD4"] * 2, "value": [90.0, 300.0], "unit": ["/µL"] * 2,
    ...                       "day": [22.0, 30.0]})
    >>> doses = pd.DataFrame({"kind": ["dose"], "name": ["IL-7"], "start_day": [24.0]})
    >>> both = anchored(table, doses, "first-dose,source")
    >>> both[["day_first_dose", "day_source"]].values.tolist()
    [[-2.0, 22.0], [6.0, 30.0]]
    """
    known = conform(frame)
    rows = plain_rows(known)
    people = by_patient(rows, event_rows(events))
    chosen = clock_names(clock, event_rows(events))
    added: dict[str, list[Any]] = {}
    for place, name in enumerate(chosen):
        clocks = {one: named_clock(name, *people[one]) for one in people}
        read = [_reading(clocks[row["patient_id"]], row) for row in rows]
        added[column_of(name)] = read
        if place == 0 and name != "hours":
            labels = [found.name if (found := clocks[row["patient_id"]]) else "" for row in rows]
            added |= {"day": read, "clock": labels}
    columns = [
        nw.new_series(
            name, values, TEXT if name == "clock" else NUMBER, backend=known.implementation
        )
        for name, values in added.items()
    ]
    index = nw.maybe_get_index(nw.from_native(frame, eager_only=True))
    native: Any = known.with_columns(*columns).to_native()
    return native if index is None else native.set_axis(index, axis=0)  # type: ignore[no-any-return]


def _reading(clock: Clock | None, row: Mapping[str, Any]) -> float | None:
    return None if clock is None else clock.reading(row["time"], row["day"])


def clock_names(names: str, events: Rows) -> list[str]:
    """The clocks of a list with commas, each once.

    Raises:
        InvalidInput: There is no such clock or event, or two would have one column.
    """
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    happened = {event["name"].casefold(): f"event:{event['name']}" for event in events}
    for name in chosen:
        wanted = name.removeprefix("event:").strip().casefold()
        if name not in NAMES and not (name.startswith("event:") and wanted in happened):
            choices = [*NAMES, *list(happened.values())[:20]]
            raise InvalidInput([choice_problem("--clock", name, choices)])
    columns = {column_of(name): name for name in dict.fromkeys(chosen)}
    for name in chosen:
        if columns[column_of(name)] != name:
            message = f"{shown(columns[column_of(name)])} and {shown(name)} have one column"
            problem = Problem(code="doubled-column", source="--clock", message=message)
            raise InvalidInput([problem])
    return list(columns.values())


def column_of(name: str) -> str:
    """The column of a clock's readings."""
    known = {
        "source": "day_source",
        "first-dose": "day_first_dose",
        "first-result": "day_first_result",
        "study-day": "study_day",
        "hours": "hours_first_dose",
    }
    slug = re.sub(r"\W+", "_", name.removeprefix("event:").casefold()).strip("_")
    return known.get(name, f"day_after_{slug}")


def event_rows(events: IntoDataFrame | None) -> list[dict[str, Any]]:
    """The rows of an events table; none where there is no table."""
    return [] if events is None else plain_rows(conform_events(events))


def by_patient(results: Rows, events: Rows) -> dict[str, tuple[Rows, Rows]]:
    """The results and the events of each patient who has results; those of nobody are all's."""
    people = everybody(results, events)
    return {patient: own for patient, own in people.items() if own[0]}


def everybody(results: Rows, events: Rows) -> dict[str, tuple[Rows, Rows]]:
    """The results and the events of each patient who has either; events of nobody are all's."""
    known = [row["patient_id"] for row in results]
    known += [event["patient_id"] for event in events if event["patient_id"]]
    people: dict[str, tuple[list[Any], list[Any]]] = {
        who: ([], []) for who in known or [event["patient_id"] for event in events]
    }
    for row in results:
        people[row["patient_id"]][0].append(row)
    for event in events:
        for one in [event["patient_id"]] if event["patient_id"] else people:
            people[one][1].append(event)
    return dict(people)


def patient_clocks(
    frame: IntoDataFrame, events: IntoDataFrame | None = None, name: str = "", called: str = ""
) -> dict[str, Clock | None]:
    """The clock of each patient who has results or events; None where it has no day 0.

    Args:
        name: One of `NAMES` or `event:NAME`; empty for the clock of a figure.
        called: What the source calls its days, where the table does not say.

    Raises:
        InvalidInput: There is no such clock, or no such event.
    """
    happened = event_rows(events)
    chosen = next(iter(clock_names(name, happened)), "")
    people = everybody(plain_rows(conform(frame)), happened)
    return {who: patient_clock(chosen, *own, called) for who, own in people.items()}


def patient_clock(name: str, results: Rows, events: Rows, called: str = "") -> Clock | None:
    """A clock by name, or without one that of a figure (see `clocks.choose_clock`)."""
    if name:
        return named_clock(name, results, events)
    if not results and is_dated(results, events):
        return named_clock("first-dose", results, events)
    return choose_clock(results, events, called)
