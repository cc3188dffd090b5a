"""From a patient's tables to everything that one figure shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from narwhals.typing import IntoDataFrame

from immunotrack.clocks import (
    Clock,
    choose_clock,
    day_of_death,
    moments,
    unplaced_events,
    with_days,
)
from immunotrack.flags import LETTERS
from immunotrack.plot.drawn import Panel, Row, Timeline, Wish, not_drawn, printable
from immunotrack.plot.marks import Scene, find_marks
from immunotrack.plot.series import refuse_absent, series
from immunotrack.problems import Problem
from immunotrack.records import EVENT_KINDS
from immunotrack.table import conform, in_standard_units
from immunotrack.windows import WindowSet


def compose(frame: IntoDataFrame, events: Sequence[Row], wish: Wish) -> Timeline:
    """Decide what a figure shows of one patient.

    Args:
        frame: The flagged measurements of one patient (see `immunotrack.flag`).
        events: Rows of the patient's events table.

    Raises:
        InvalidInput: An analyte or lane that was asked for is not there.
    """
    results = conform(frame)
    clock = choose_clock(moments(results), events, wish.clock)
    placed = _placed(events, clock)
    strip = wish.asked.view == "strip"
    windows = None if strip else wish.windows
    shown = series(
        in_standard_units(with_days(results, clock)),
        wanted=wish.analytes,
        log=wish.log,
        windows=windows,
        died=day_of_death(events, clock),
        view=wish.asked.view,
    )
    lanes = _lanes(placed, wish.lanes)
    days = _days(shown.panels, lanes)
    scene = Scene(results.to_native(), events, clock, shown.panels, lanes, days)
    marks = find_marks(scene, wish.asked)
    first = next((event for event in placed if _is_dose_within(event, days)), None)
    drawn = [row for panel in shown.panels for row in (*panel.faint, *panel.line)]
    return Timeline(
        title=printable(wish.title),
        clock=replace(clock, name=printable(clock.name)),
        panels=[replace(panel, marks=marks.of(panel.analyte)) for panel in shown.panels],
        lanes=lanes,
        first_dose=None if first is None else first["day"],
        dose_name="" if first is None else first["name"],
        days=days,
        windows=windows,
        assumptions=wish.assumptions,
        illustrative=any(row["origin"] == "illustrative" for row in drawn),
        table=[*(map(_as_pattern, shown.table) if strip else shown.table), *marks.rows],
        problems=[*shown.problems, *_problems(scene, wish), *marks.problems],
        view=wish.asked.view,
        doses=marks.by_lane,
        notes=marks.notes,
    )


def _problems(scene: Scene, wish: Wish) -> list[Problem]:
    """What has no place on the figure."""
    return [
        *unplaced_events(scene.events, scene.clock),
        *_other_clock(wish.windows, scene.clock),
        *(_without_values(wish) if wish.asked.view == "strip" else ()),
        *_outside(scene.lanes, scene.days),
    ]


def _as_pattern(row: Row) -> Row:
    """A sample as a strip draws it."""
    if row["series"] != "value":
        return row
    return {**row, "series": "pattern", "mark": LETTERS[row["flag"]]}


def _without_values(wish: Wish) -> list[Problem]:
    """What was asked of an axis of values, which a strip has not."""
    told = []
    if wish.windows is not None:
        told.append(not_drawn("a strip shows every sample, and no windows", "Take --view panels."))
    if wish.log:
        told.append(not_drawn("a strip has no axis for --log", "Take --view panels."))
    return told


def _placed(events: Sequence[Row], clock: Clock) -> list[Row]:
    """The events that have a day on the clock, in order, with legible words."""
    words = ("name", "lane", "result", "dose_unit")
    placed: list[Row] = [
        {**event, "day": day, "last": clock.day(event["end_time"], event["end_day"])}
        | {word: printable(event[word]) for word in words}
        for event in events
        if (day := clock.day(event["start_time"], event["start_day"])) is not None
    ]
    return sorted(placed, key=lambda event: float(event["day"]))


def _is_dose_within(event: Row, days: tuple[float, float]) -> bool:
    return event["kind"] == "dose" and bool(days[0] <= event["day"] <= days[1])


def _lanes(events: Sequence[Row], wanted: Sequence[str]) -> dict[str, list[Row]]:
    """The events by lane: those asked for, in that order, or all, doses first and outcomes last."""
    lanes: dict[str, list[Row]] = {}
    for event in sorted(events, key=lambda event: EVENT_KINDS.index(event["kind"])):
        own = event["name"] if event["kind"] == "dose" else event["kind"].capitalize()
        lanes.setdefault(event["lane"] or own, []).append(event)
    refuse_absent(set(wanted) - set(lanes), "lanes", list(lanes))
    chosen = {lane: lanes[lane] for lane in wanted} if wanted else lanes
    return {lane: sorted(rows, key=lambda event: event["day"]) for lane, rows in chosen.items()}


def _days(panels: Sequence[Panel], lanes: Mapping[str, Sequence[Row]]) -> tuple[float, float]:
    """First and last day of the time axis: every sample, dose and outcome, with some air."""
    days = [row["day"] for panel in panels for row in (*panel.line, *panel.faint)]
    events = [event for rows in lanes.values() for event in rows]
    kinds = {"dose", "outcome"} if days else {*EVENT_KINDS}
    days += [event["day"] for event in events if event["kind"] in kinds]
    if not days:
        return 0.0, 1.0
    first, last = min(days), max(days)
    air = max((last - first) * 0.04, 0.5 if last > first else 1.0)
    return first - (air if first != 0 else air / 2), last + air


def _other_clock(windows: WindowSet | None, clock: Clock) -> list[Problem]:
    """Windows that count from something else than the figure does."""
    if windows is None or clock.is_called(windows.clock):
        return []
    return [
        not_drawn(
            f"the windows {windows.name} count {windows.clock}, the figure counts {clock.name}",
            "Use windows that count from the same day.",
            code="mixed-clock",
        )
    ]


def _outside(lanes: Mapping[str, Sequence[Row]], days: tuple[float, float]) -> list[Problem]:
    """The events that lie outside the time axis."""
    hidden = [
        event
        for rows in lanes.values()
        for event in rows
        if event["day"] > days[1] or _ends(event, days) < days[0]
    ]
    names = ", ".join(f"{event['name']} (day {event['day']:g})" for event in hidden)
    return [not_drawn(f"{len(hidden)} events lie outside the time axis: {names}")] if hidden else []


def _ends(event: Row, days: tuple[float, float]) -> float:
    if event["open_end"]:
        return days[1]
    return float(event["day"] if event["last"] is None else event["last"])
