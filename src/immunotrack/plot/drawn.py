"""What a timeline draws, as data: decided here, drawn elsewhere, and written out by `--data`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.analytes import Analyte, analytes
from immunotrack.annotated import table_csv
from immunotrack.clocks import Clock, choose_clock, unplaced_events, with_days
from immunotrack.problems import InvalidInput, Problem, Severity, shown
from immunotrack.ranges import ReferenceRange, builtin_range_sets
from immunotrack.table import (
    NUMBER,
    TEXT,
    WHOLE,
    analyte_key,
    conform,
    frame_of,
    in_standard_units,
    plain_rows,
)
from immunotrack.windows import WindowSet, window

Row = Mapping[str, Any]

DRAWN: Final = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "series": TEXT,
    "day": NUMBER,
    "comparator": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "range_source": TEXT,
    "flag": TEXT,
    "off_scale": TEXT,
    "origin": TEXT,
    "reported": TEXT,
    "window": TEXT,
    "why": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The columns of what is drawn. `series` is `value` (a sample on the line), `window` (a sample or
aggregate that stands for a window) or `sample` (drawn faintly: what a window chose from); `why`
says what a window did with a sample."""

MOST_PANELS: Final = 9
"""How many panels are drawn where the user does not choose."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One analyte of one patient.

    Args:
        line: The rows joined by a line, in order of their days.
        faint: The samples behind the line, where it shows windows.
        limits: Decision limits, in the panel's unit.
        counts: The quantity starts at zero.
        spans: First and last day of each window, for an analyte taken by window.
    """

    analyte: str
    heading: str
    unit: str
    line: list[Row]
    faint: list[Row]
    limits: list[ReferenceRange]
    spans: list[tuple[float, float]]
    counts: bool
    log: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that one figure shows.

    Args:
        lanes: Events by lane, in the order in which they are drawn.
        first_dose: The day of the first dose, if there is one within the time axis.
        dose_name: Of what.
        days: First and last day of the time axis.
        assumptions: What is supposed beyond the source, for the footnote.
        illustrative: Some value drawn is illustrative; a figure says so on its face.
        table: The rows drawn (see `DRAWN`).
        problems: What was left out, and what is odd about the windows.
    """

    title: str
    clock: Clock
    panels: list[Panel]
    lanes: dict[str, list[Row]]
    first_dose: float | None
    dose_name: str
    days: tuple[float, float]
    windows: WindowSet | None
    assumptions: Sequence[str]
    illustrative: bool
    table: list[Row]
    problems: list[Problem]

    def csv(self) -> bytes:
        """The rows drawn, as CSV."""
        return table_csv(frame_of(self.table, DRAWN, "polars").to_native())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a figure is asked to show; an empty wish shows what there is.

    Args:
        analytes: Names of the panels, in order.
        lanes: Names of the lanes, in order.
        log: Names of the analytes with a logarithmic axis.
        clock: What the source calls its days.
        assumptions: Sentences for the footnote.
    """

    title: str = ""
    analytes: Sequence[str] = ()
    lanes: Sequence[str] = ()
    log: Sequence[str] = ()
    windows: WindowSet | None = None
    clock: str = ""
    assumptions: Sequence[str] = ()


def timeline(frame: IntoDataFrame, events: Sequence[Row], wish: Wish) -> Timeline:
    """Decide what a figure shows of one patient.

    Args:
        frame: The flagged measurements of one patient (see `immunotrack.flag`).
        events: Rows of the patient's events table.

    Raises:
        InvalidInput: An analyte or lane that was asked for is not there.
    """
    known = conform(frame)
    clock = choose_clock(known, events, wish.clock)
    table = in_standard_units(with_days(known, clock))
    rows = plain_rows(table)
    numeric = [row for row in rows if row["value"] is not None and row["day"] is not None]
    placed = [
        {**event, "day": day, "last": clock.day(event["end_time"], event["end_day"])}
        for event in events
        if (day := clock.day(event["start_time"], event["start_day"])) is not None
    ]
    keys, problems = _choose_analytes(numeric, wish.analytes)
    problems += unplaced_events(events, clock)
    logs = {analyte_key(name) for name in wish.log}
    problems += _absent(logs - set(keys), "--log", keys)
    died = next(
        (e["day"] for e in placed if e["kind"] == "outcome" and "death" in e["name"].casefold()),
        None,
    )
    windowed = _windowed(table, keys, wish.windows, died, problems)
    panels = [_panel(key, numeric, windowed, log=key in logs) for key in keys]
    lanes = _lanes(placed, wish.lanes)
    days = _days(panels, lanes)
    problems += _outside(lanes, days)
    doses = [e for e in placed if e["kind"] == "dose" and days[0] <= e["day"] <= days[1]]
    first = min(doses, key=lambda event: event["day"], default=None)
    drawn = [row for panel in panels for row in (*panel.faint, *panel.line)]
    return Timeline(
        title=wish.title or (f"Patient {rows[0]['patient_id']}" if rows else ""),
        clock=clock,
        panels=panels,
        lanes=lanes,
        first_dose=None if first is None else first["day"],
        dose_name="" if first is None else first["name"],
        days=days,
        windows=wish.windows,
        assumptions=wish.assumptions,
        illustrative=any(row["origin"] == "illustrative" for row in drawn),
        table=_told(rows, panels, windowed),
        problems=problems,
    )


def _choose_analytes(rows: Sequence[Row], wanted: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The analytes to draw, in order, and a note of those that are there and not drawn."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["analyte"]] = counts.get(row["analyte"], 0) + 1
    if wanted:
        keys = list(dict.fromkeys(analyte_key(name) for name in wanted))
        absent = _absent(set(keys) - set(counts), "--analytes", list(counts))
        if absent:
            raise InvalidInput(absent)
        return keys, []
    known = [key for key in analytes() if key in counts]
    others = sorted(set(counts) - set(known), key=lambda key: (-counts[key], key))
    keys = known[:MOST_PANELS] if known else others[: MOST_PANELS - 3]
    left = [key for key in (*known, *others) if key not in keys]
    if not left:
        return keys, []
    told = Problem(
        code="not-drawn",
        severity=Severity.WARNING,
        source="figure",
        message=f"{len(keys)} of {len(counts)} analytes are drawn; not drawn: {', '.join(left[:8])}"
        + ("…" if len(left) > 8 else ""),
        fix="Choose with --analytes.",
    )
    return keys, [told]


def _absent(names: set[str], option: str, there: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            code="unknown-option",
            source=option,
            message=f"{shown(name)} has no number for this patient",
            fix=f"There are: {', '.join(there[:30])}." if there else "",
        )
        for name in sorted(names)
    ]


@dataclass(frozen=True, slots=True)
class _ByWindow:
    chosen: Sequence[Row]
    audit: Sequence[Row]
    windows: WindowSet | None


def _windowed(
    table: nw.DataFrame[Any],
    keys: Sequence[str],
    windows: WindowSet | None,
    died: float | None,
    problems: list[Problem],
) -> _ByWindow:
    """What the windows make of the analytes that are drawn."""
    shown_rows = table.filter(nw.col("analyte").is_in(list(keys)))
    if windows is None or shown_rows.is_empty():
        return _ByWindow([], [], windows)
    result = window(shown_rows.to_native(), windows, died)
    problems += result.problems
    chosen, audit = (plain_rows(nw.from_native(part)) for part in (result.chosen, result.audit))
    return _ByWindow(chosen, audit, windows)


def _panel(key: str, rows: Sequence[Row], windowed: _ByWindow, *, log: bool) -> Panel:
    analyte = analytes().get(key)
    samples = sorted((row for row in rows if row["analyte"] == key), key=lambda row: row["day"])
    chosen = [row for row in windowed.chosen if row["analyte"] == key and row["value"] is not None]
    by_window = windowed.windows is not None and windowed.windows.applies_to(key)
    unit = samples[-1]["unit"]
    return Panel(
        analyte=key,
        heading=analyte.heading if analyte else key,
        unit=analyte.axis_unit if analyte and unit == analyte.unit else unit,
        line=sorted(chosen, key=lambda row: row["day"]) if by_window else samples,
        faint=samples if by_window else [],
        limits=_decision_limits(analyte, unit),
        spans=[(w.first, w.last) for w in windowed.windows.windows]
        if by_window and windowed.windows
        else [],
        counts=analyte is not None or unit.startswith("cells"),
        log=log,
    )


def _decision_limits(analyte: Analyte | None, unit: str) -> list[ReferenceRange]:
    if analyte is None or unit != analyte.unit:
        return []
    sets = builtin_range_sets().values()
    return [limit for entry in sets for limit in entry.decision_limits(analyte.key)]


def _lanes(events: Sequence[Row], wanted: Sequence[str]) -> dict[str, list[Row]]:
    """The events by lane: those asked for, in that order, or all, doses first and outcomes last."""
    lanes: dict[str, list[Row]] = {}
    order = ("dose", "drug", "procedure", "infection", "test result", "state", "outcome")
    for event in sorted(events, key=lambda event: (order.index(event["kind"]), event["day"])):
        lane = event["lane"] or (
            event["name"] if event["kind"] == "dose" else event["kind"].capitalize()
        )
        lanes.setdefault(lane, []).append(event)
    absent = _absent(set(wanted) - set(lanes), "lanes", list(lanes))
    if absent:
        raise InvalidInput(absent)
    chosen = {lane: lanes[lane] for lane in wanted} if wanted else lanes
    return {lane: sorted(rows, key=lambda event: event["day"]) for lane, rows in chosen.items()}


def _days(panels: Sequence[Panel], lanes: Mapping[str, Sequence[Row]]) -> tuple[float, float]:
    """First and last day of the time axis: every sample, dose and outcome, with some air."""
    days = [row["day"] for panel in panels for row in (*panel.line, *panel.faint)]
    kinds = (
        {"dose", "outcome"}
        if days
        else {event["kind"] for rows in lanes.values() for event in rows}
    )
    days += [event["day"] for rows in lanes.values() for event in rows if event["kind"] in kinds]
    if not days:
        return 0.0, 1.0
    first, last = min(days), max(days)
    air = max((last - first) * 0.04, 0.5)
    return first - (air if first != 0 else air / 2), last + air


def _outside(lanes: Mapping[str, Sequence[Row]], days: tuple[float, float]) -> list[Problem]:
    hidden = [
        event
        for rows in lanes.values()
        for event in rows
        if event["day"] > days[1]
        or (event["last"] if event["last"] is not None else event["day"]) < days[0]
    ]
    if not hidden:
        return []
    return [
        Problem(
            code="not-drawn",
            severity=Severity.WARNING,
            source="figure",
            message=f"{len(hidden)} events lie outside the time axis: "
            + ", ".join(f"{event['name']} (day {event['day']:g})" for event in hidden[:5]),
        )
    ]


def _told(rows: Sequence[Row], panels: Sequence[Panel], windowed: _ByWindow) -> list[Row]:
    """What is drawn, row by row; with windows, also what each of them left out and why."""
    drawn = {panel.analyte for panel in panels}
    accounts = {(row["line"], row["analyte"], row["reported"]): row for row in windowed.audit}
    told = []
    for panel in panels:
        for row in panel.line:
            account = accounts.get((row["line"], row["analyte"], row["reported"]), {})
            series = "window" if panel.spans else "value"
            told.append(_drawn(row, series, row.get("window", ""), account.get("why", "")))
    for row in rows:
        found = accounts.get((row["line"], row["analyte"], row["reported"]))
        if row["analyte"] in drawn and found is not None and found["why"] != _NOT_WINDOWED:
            told.append(_drawn(row, "sample", found["window"], found["why"]))
        elif row["analyte"] in drawn and (row["value"] is None or row["day"] is None):
            told.append(_drawn(row, "not drawn", "", "no number"))
    return told


_NOT_WINDOWED: Final = "not an analyte of these windows"


def _drawn(row: Row, series: str, label: str, why: str) -> Row:
    return {
        **{name: row.get(name) for name in DRAWN},
        "series": series,
        "window": label,
        "why": why,
    }
