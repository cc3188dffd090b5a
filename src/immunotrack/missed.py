"""Planned samples that are not there."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrameT

from immunotrack.clocks import Clock
from immunotrack.series import series_of
from immunotrack.table import NUMBER, TEXT, conform, frame_of, plain_rows
from immunotrack.windows import Window, WindowSet, choose_window_set

Row = Mapping[str, Any]

SAMPLES: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "window": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "clock": TEXT,
    "status": TEXT,
    "next": nw.Boolean(),
    "note": TEXT,
}
"""The columns of `missed_samples`.

clock: of the windows. status: `missed`; `not due`, after the end; `undetermined`, where a result
without a day, the day of the end, or days of another clock leave it open; `no number`, a sample
without a usable result. next: the first missed one after the last sample that was taken.
"""


def missed_samples(
    frame: IntoDataFrameT,
    windows: WindowSet | str = "monneret-2020",
    until: float | Mapping[str, float] | None = None,
    clock: Mapping[str, Clock | None] | None = None,
) -> IntoDataFrameT:
    """The windows in which a patient has no result of an analyte, and why.

    Args:
        frame: A measurements table, with `day` on the clock of the windows if `clock` is not given.
        windows: A set, the name of a preset, or the path of a TOML file.
        until: The day of death, or of the end; for all patients or by patient.
        clock: What gives the results their day, by patient (see `anchors.patient_clocks`); where it
            is not called as that of the windows nothing is certain.

    Returns:
        A frame of the same kind with the columns of `SAMPLES`: a row for each patient, each
        analyte of the set that the table holds, and each window without a result, in their order.

    Raises:
        InvalidInput: There is no such preset, or its file has errors.
    """
    chosen = windows if isinstance(windows, WindowSet) else choose_window_set(windows)
    table = conform(frame)
    rows = plain_rows(table)
    analytes = [a for a in dict.fromkeys(row["analyte"] for row in rows) if chosen.applies_to(a)]
    found: list[dict[str, Any]] = []
    series = series_of(rows if clock is None else [_on(clock, row) for row in rows])
    for patient in dict.fromkeys(row["patient_id"] for row in rows):
        end = until.get(patient) if isinstance(until, Mapping) else until
        strange = "" if clock is None else _strange(clock.get(patient), chosen)
        for analyte in analytes:
            own = [row for _, row in series.get((patient, analyte), [])]
            about = {"patient_id": patient, "analyte": analyte, "clock": chosen.clock}
            told = _of_windows(own, chosen, end)
            if strange:
                told = [row | _OPEN | {"note": strange} for row in told]
            found += [about | row for row in told]
    native: Any = frame_of(found, SAMPLES, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


_OPEN: Final = {"status": "undetermined", "next": False}


def _on(clocks: Mapping[str, Clock | None], row: Row) -> dict[str, Any]:
    """A row with its day on the clock of its patient."""
    clock = clocks.get(row["patient_id"])
    return {**row, "day": clock and clock.window_day(row["time"], row["day"])}


def _strange(clock: Clock | None, chosen: WindowSet) -> str:
    """Why days say nothing of these windows; empty where they do."""
    if clock is None:
        return "there is no day 0 here"
    return "" if clock.is_called(chosen.clock) else f"days count otherwise: {clock.name}"


def _of_windows(rows: Sequence[Row], chosen: WindowSet, end: float | None) -> list[dict[str, Any]]:
    """The windows of one patient's analyte that have no result."""
    said = [row for row in rows if row["value"] is not None or row["comparator"]]
    undated = sum(row["day"] is None for row in said)
    last = max((row["day"] for row in said if row["day"] is not None), default=-math.inf)
    told = []
    for entry in sorted(chosen.windows, key=lambda window: window.first):
        if not any(entry.holds(row["day"]) for row in said):
            tried = any(entry.holds(row["day"]) for row in rows)
            status, note = _missing(entry, end, undated, tried=tried)
            told.append(
                {
                    "window": entry.label,
                    "from_day": entry.from_day,
                    "to_day": entry.to_day,
                    "status": status,
                    "next": False,
                    "note": note,
                }
            )
            first = status == "missed" and entry.first > last
            told[-1]["next"] = first and not any(row["next"] for row in told)
    return told


def _missing(entry: Window, end: float | None, undated: int, *, tried: bool) -> tuple[str, str]:
    """What a window without a result is, and why."""
    if tried:
        return "no number", "a sample without a usable result"
    if end is not None and entry.first > math.floor(end):
        return "not due", f"begins after the end on day {end:g}"
    if undated:
        return "undetermined", "the analyte has results without a day"
    if end is not None and entry.first == math.floor(end):
        return "undetermined", f"begins on the day of the end, day {end:g}"
    if end is not None and entry.last > math.floor(end):
        return "undetermined", f"goes on after the end on day {end:g}"
    return "missed", ""
