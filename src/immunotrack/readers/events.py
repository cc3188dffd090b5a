"""From a grid of text to treatment events; each row becomes a validated record or a problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from immunotrack.problems import Problem, ordered
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import Layout
from immunotrack.records import BASES, EVENT_KINDS, TreatmentEvent
from immunotrack.table import EVENT_SCHEMA, frame_of
from immunotrack.times import DateOrder, parse_time
from immunotrack.values import Kind, parse_result

OPEN_END: Final = "?"
"""What a file writes for the end of a span whose end is not stated."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a file.

    Args:
        table: See `immunotrack.table.EVENT_SCHEMA`; only valid rows.
        problems: In the order of the file.
    """

    table: pl.DataFrame
    problems: list[Problem]


def read_events(grid: Grid, layout: Layout, options: Options) -> Events:
    """The events of a grid."""
    problems = list(grid.problems)
    rows = []
    for number, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
        if number in grid.faults:
            continue
        row = {role: cells[index].strip() for role, index in layout.roles.items()}
        named = {role: grid.header[index] for role, index in layout.roles.items()}
        place = {"source": grid.source, "line": line}
        found, faults = _event(row, named, options.dates, place)
        problems += faults
        if found is not None:
            rows.append(found.model_dump() | {"patient_id": row.get("patient_id", "")} | place)
    return Events(events_frame(rows), ordered(problems))


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
    start = _moment(row, "start", dates, fault)
    if not row.get("start"):
        fault("missing-time", "start", "neither date nor day", "Write when it started.")
    open_end = row.get("end") == OPEN_END
    end = {} if open_end else _moment(row, "end", dates, fault)
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
    result = parse_result(text)
    if result.kind is Kind.NUMBER and result.number is not None:
        return {"day": float(result.number)}
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


def _dose(row: Mapping[str, str], fault: Callable[..., None]) -> float | None:
    text = row.get("dose", "")
    if not text:
        return None
    result = parse_result(text)
    if result.kind is not Kind.NUMBER or result.number is None or result.number < 0:
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
    return float(result.number)
