"""From a grid of text to treatment events; each row becomes a validated record or a problem."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from immunotrack.problems import Problem, ordered
from immunotrack.readers.counts import MERGED, Counts
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.layout import events_layout
from immunotrack.records import BASES, EVENT_KINDS, TreatmentEvent
from immunotrack.table import EVENT_SCHEMA, frame_of
from immunotrack.times import DateOrder, parse_time
from immunotrack.values import Kind, parse_result

OPEN_END: Final = "?"
"""What a file writes for the end of a span whose end is not stated."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events of one or more files.

    Args:
        table: See `immunotrack.table.EVENT_SCHEMA`; only valid rows.
        problems: In the order of the file.
        counts: What became of the rows.
    """

    table: pl.DataFrame
    problems: list[Problem]
    counts: Counts = field(default_factory=Counts)


def read_events(grid: Grid, columns: Mapping[str, str], options: Options) -> Events:
    """The events of a grid.

    Args:
        columns: Our column names to the grid's, where these are not the usual ones.

    Raises:
        InvalidInput: A needed column is missing or there twice.
    """
    layout = events_layout(grid.source, grid.header, columns, grid.header_line)
    problems = list(grid.problems)
    rows = []
    for number, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
        if number in grid.faults or number in grid.aside:
            continue
        row = {role: str(cells[index]).strip() for role, index in layout.roles.items()}
        named = {role: grid.header[index] for role, index in layout.roles.items()}
        place = {"source": grid.source, "line": line}
        found, faults = _event(row, named, options.dates, place)
        problems += faults
        if found is not None:
            rows.append(found.model_dump() | {"patient_id": row.get("patient_id", "")} | place)
    aside = Counter(code for row, code in grid.aside.items() if row not in grid.faults)
    wrong = len(grid.rows) - len(rows) - aside.total()
    merged = sum(aside.pop(code, 0) for code in MERGED)
    counts = Counts(used=len(rows), merged=merged, aside=aside, wrong=wrong)
    return Events(events_frame(rows), ordered(problems), counts)


def all_events(several: Sequence[Events]) -> Events:
    """The events of several files as one."""
    return Events(
        pl.concat([events_frame([]), *(events.table for events in several)]),
        [problem for events in several for problem in events.problems],
        sum((events.counts for events in several), Counts()),
    )


def events_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Event rows as a table."""
    table: pl.DataFrame = frame_of(rows, EVENT_SCHEMA, "polars").to_native()
    return table


def _event(
    row: Mapping[str, str], named: Mapping[str, str], dates: DateOrder, place: Mapping[str, Any]
) -> tuple[TreatmentEvent | None, list[Problem]]:
    faults: list[Problem] = []

    def fault(code: str, role: str, message: str, fix: str = "") -> None:
        column, value = named.get(role, role), row.get(role)
        faults.append(
            Problem(code=code, column=column, value=value, message=message, fix=fix, **place)
        )

    kind = row.get("kind") or ("dose" if "kind" not in row else "")
    if kind not in EVENT_KINDS:
        fault(
            "unknown-option",
            "kind",
            "not a kind of event",
            f"Write one of: {', '.join(EVENT_KINDS)}.",
        )
    basis = row.get("basis") or "stated"
    if basis not in BASES:
        fault("unknown-option", "basis", "not a basis", f"Write one of: {', '.join(BASES)}.")
    if not row.get("name"):
        fault("missing-analyte", "name", "no name of what was done")
    if row.get("patient_id") == "":
        fault("missing-patient", "patient_id", "no patient", "Write whose it is in every row.")
    start = _moment(row, "start", dates, fault)
    start |= _counted(row, "start_day")
    if not start and not row.get("start"):
        fault("missing-time", "start", "neither date nor day", "Write when it started.")
    open_end = row.get("end") == OPEN_END
    end = {} if open_end else _moment(row, "end", dates, fault)
    end |= _counted(row, "end_day")
    dose = _dose(row, fault)
    if faults:
        return None, faults
    words = {name: row.get(name, "") for name in ("lane", "result", "note", "quote", "claim")}
    size = {"dose": dose, "dose_unit": "" if dose is None else row["dose_unit"]}
    given = {"kind": kind, "name": row["name"], "basis": basis, "open_end": open_end}
    try:
        return TreatmentEvent.model_validate(given | size | words | _placed(start, end)), []
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        code = "end-before-start" if "before it starts" in message else "bad-entry"
        fault(code, "end" if code == "end-before-start" else "name", message)
        return None, faults


def _placed(start: Mapping[str, Any], end: Mapping[str, Any]) -> dict[str, Any]:
    """The start and end of an event; an end equal to its start leaves a point."""
    return {f"start_{k}": v for k, v in start.items()} | (
        {} if end == start else {f"end_{k}": v for k, v in end.items()}
    )


def _moment(
    row: Mapping[str, str], role: str, dates: DateOrder, fault: Callable[..., None]
) -> dict[str, datetime | float]:
    """A cell that holds a day or a date, as `{"day": 24.0}` or `{"time": …}`."""
    text = row.get(role, "")
    if not text:
        return {}
    if (day := _plain_number(text)) is not None:
        return {"day": day}
    moment = parse_time(text, dates)
    if moment.time is not None:
        return {"time": moment.time}
    fault(
        moment.problem,
        role,
        "neither a day nor a date",
        "Write 24 or 2020-03-24, or name the order of the dates with --dates dmy, mdy or ymd.",
    )
    return {}


def _counted(row: Mapping[str, str], role: str) -> dict[str, datetime | float]:
    """The day that stands beside a date, if it is a number."""
    day = _plain_number(row.get(role, ""))
    return {} if day is None else {"day": day}


def _plain_number(text: str) -> float | None:
    """The number that a text is and no more."""
    result = parse_result(text)
    bare = result.kind is Kind.NUMBER and not result.percent and not result.mark
    return float(result.number) if bare and result.number is not None else None


def _dose(row: Mapping[str, str], fault: Callable[..., None]) -> float | None:
    text = row.get("dose", "")
    if not text:
        return None
    size = _plain_number(text)
    if size is None or size < 0:
        fault(
            "not-a-number",
            "dose",
            "not the size of a dose",
            "Write a number, and its unit in dose_unit.",
        )
        return None
    if not row.get("dose_unit"):
        fault(
            "missing-unit", "dose", "a dose without a unit", "Write it in dose_unit, such as µg/kg."
        )
    return size
