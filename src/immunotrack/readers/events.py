"""From a grid of text to treatment events; each row becomes a validated record or a problem."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
        row = _Row(
            cells={role: str(cells[index]).strip() for role, index in layout.roles.items()},
            named={role: grid.header[index] for role, index in layout.roles.items()},
            place={"source": grid.source, "line": line},
        )
        found = _event(row, options.dates)
        problems += row.faults
        if found is not None:
            whose = {"patient_id": row.cells.get("patient_id", "")}
            rows.append({**found.model_dump(), **whose, **row.place})
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


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of an events file, and what is wrong with it.

    Args:
        cells: Its texts by their roles.
        named: The columns' own names by their roles.
        place: Where it stands: `source` and `line`.
    """

    cells: Mapping[str, str]
    named: Mapping[str, str]
    place: Mapping[str, Any]
    faults: list[Problem] = field(default_factory=list)

    def fault(self, code: str, role: str, message: str, fix: str = "") -> None:
        """Say that a cell is wrong."""
        column, value = self.named.get(role, role), self.cells.get(role)
        self.faults.append(
            Problem(code=code, column=column, value=value, message=message, fix=fix, **self.place)
        )

    def choice(self, role: str, usual: str, known: Sequence[str], what: str) -> str:
        """A cell that holds one of some words."""
        word = self.cells.get(role) or usual
        if word not in known:
            self.fault("unknown-option", role, f"not {what}", f"Write one of: {', '.join(known)}.")
        return word

    def moment(self, role: str, dates: DateOrder) -> dict[str, datetime | float]:
        """A cell that holds a day or a date, as `{"day": 24.0}` or `{"time": …}`."""
        text = self.cells.get(role, "")
        if not text:
            return {}
        if (day := _plain_number(text)) is not None:
            return {"day": day}
        moment = parse_time(text, dates)
        if moment.time is not None:
            return {"time": moment.time}
        self.fault(
            moment.problem,
            role,
            "neither a day nor a date",
            "Write 24 or 2020-03-24, or name the order of the dates with --dates dmy, mdy or ymd.",
        )
        return {}

    def counted(self, role: str) -> dict[str, datetime | float]:
        """The day that stands beside a date, if it is a number."""
        day = _plain_number(self.cells.get(role, ""))
        return {} if day is None else {"day": day}

    def dose(self) -> dict[str, Any]:
        """The size of a dose and its unit."""
        text, unit = self.cells.get("dose", ""), self.cells.get("dose_unit", "")
        if not text:
            return {"dose": None, "dose_unit": ""}
        size = _plain_number(text)
        if size is None or size < 0:
            fix = "Write a number, and its unit in dose_unit."
            self.fault("not-a-number", "dose", "not the size of a dose", fix)
        elif not unit:
            fix = "Write it in dose_unit, such as µg/kg."
            self.fault("missing-unit", "dose", "a dose without a unit", fix)
        return {"dose": size, "dose_unit": unit}


def _event(row: _Row, dates: DateOrder) -> TreatmentEvent | None:
    """The event of a row, or None where the row has faults."""
    cells = row.cells
    usual = "" if "kind" in cells else "dose"
    given: dict[str, Any] = {
        "kind": row.choice("kind", usual, EVENT_KINDS, "a kind of event"),
        "basis": row.choice("basis", "stated", BASES, "a basis"),
    }
    if not cells.get("name"):
        row.fault("missing-analyte", "name", "no name of what was done")
    if cells.get("patient_id") == "":
        row.fault("missing-patient", "patient_id", "no patient", "Write whose it is in every row.")
    start = row.moment("start", dates) | row.counted("start_day")
    if not start and not cells.get("start"):
        row.fault("missing-time", "start", "neither date nor day", "Write when it started.")
    given["open_end"] = cells.get("end") == OPEN_END
    end = ({} if given["open_end"] else row.moment("end", dates)) | row.counted("end_day")
    given |= row.dose() | _placed(start, end)
    if row.faults:
        return None
    given |= {name: cells.get(name, "") for name in _WORDS}
    try:
        return TreatmentEvent.model_validate(given)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        code = "end-before-start" if "before it starts" in message else "bad-entry"
        row.fault(code, "end" if code == "end-before-start" else "name", message)
        return None


_WORDS: Final = ("name", "lane", "result", "note", "quote", "claim")


def _placed(start: Mapping[str, Any], end: Mapping[str, Any]) -> dict[str, Any]:
    """The start and end of an event; an end equal to its start leaves a point."""
    return {f"start_{k}": v for k, v in start.items()} | (
        {} if end == start else {f"end_{k}": v for k, v in end.items()}
    )


def _plain_number(text: str) -> float | None:
    """The number that a text is and no more."""
    result = parse_result(text)
    bare = result.kind is Kind.NUMBER and not result.percent and not result.mark
    return float(result.number) if bare and result.number is not None else None
