"""The response to treatment: what is read off the course of an analyte after the first dose."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.anchors import clock_names, column_of, event_rows, patient_clock
from immunotrack.clocks import Clock
from immunotrack.courses import Course, courses
from immunotrack.ranges import RangeSet
from immunotrack.readout import Baseline, ReadOut, read_out
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of

_PLACE: Final = "place"
_COLUMNS: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "unit": TEXT,
    "clock": TEXT,
    "origin": TEXT,
    "first_dose_at": _PLACE,
    "doses": WHOLE,
    "doses_before_peak": NUMBER,
    "doses_before_recovery": NUMBER,
    "baseline": NUMBER,
    "baseline_comparator": TEXT,
    "baseline_flag": TEXT,
    "baseline_at": _PLACE,
    "baseline_n": WHOLE,
    "nadir": NUMBER,
    "nadir_comparator": TEXT,
    "nadir_at": _PLACE,
    "peak": NUMBER,
    "peak_comparator": TEXT,
    "peak_at": _PLACE,
    "last": NUMBER,
    "last_comparator": TEXT,
    "last_at": _PLACE,
    "change_peak": NUMBER,
    "fold_peak": NUMBER,
    "percent_peak": NUMBER,
    "change_last": NUMBER,
    "fold_last": NUMBER,
    "percent_last": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "range_source": TEXT,
    "recovered_after_at": _PLACE,
    "recovered_by_at": _PLACE,
    "relapsed_after_at": _PLACE,
    "relapsed_by_at": _PLACE,
    "recovered_again_after_at": _PLACE,
    "recovered_again_by_at": _PLACE,
    "days_in_range_least": NUMBER,
    "days_in_range_most": NUMBER,
    "area_above_baseline": NUMBER,
    "area_n": WHOLE,
    "slope_per_day": NUMBER,
    "slope_n": WHOLE,
    "n_results": WHOLE,
    "n_censored": WHOLE,
    "n_without_number": WHOLE,
    "n_without_day": WHOLE,
    "n_outside_window": WHOLE,
    "why": TEXT,
}
"""What a read-out holds; a place has a column for each clock, `peak_day_first_dose`."""


def response(
    frame: IntoDataFrameT,
    events: IntoDataFrame | None = None,
    *,
    baseline: Baseline = "last",
    clock: str = "",
    until_day: float | None = None,
    ranges: Sequence[str | RangeSet] | str = (),
) -> IntoDataFrameT:
    """One row a patient and analyte: baseline, nadir, peak, change, recovery, and what is not told.

    Values are in the analyte's own unit wherever there is a conversion. The column of a day has the
    clock in its name, where one is asked for: `peak_day_source`, `peak_hour_first_dose`; without
    one it is `peak_day`. What each counts from stands in `clock` and, for a further one, in
    `clock_source`. A sample of the day of the first dose comes before it where no hour tells.

    baseline: The last value before the first dose, or the mean of those before it. nadir, peak,
    last: after the first dose; `last` is the last value at all where no dose is known. change_,
    fold_, percent_: of the peak and of the last value against the baseline; whole numbers only
    where no censored value leaves them open. recovered_: in range, or past it, is first seen by one
    day, last surely not after another; without the second it is not seen. relapsed_: back on the
    side of the baseline. days_in_range_: after the first dose, fewest and most, a limit being
    crossed at most once between two visits. area_above_baseline: days times unit, by trapezoids
    between numeric values from the last one before the dose; what lies below does not count.
    slope_per_day: least squares over the numeric values after the first dose. doses: given ones; a
    span counts as one. why: what could not be computed, with its reason.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`), flagged or not.
        events: An events table; those of kind `dose` count.
        clock: Names of `anchors.NAMES`, with commas; empty for the clock of a figure.
        until_day: Later samples, on the first clock, are left out and counted.
        ranges: Range sets, as for `immunotrack.flag`.

    Returns:
        A frame of the same kind.

    Raises:
        InvalidInput: There is no such clock, or a range set has errors.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["ALC"] * 2, "value": [168.0, 595.0], "unit": ["/µL"] * 2,
    ...                       "day": [0.0, 35.0]})
    >>> doses = pd.DataFrame({"kind": ["dose"], "name": ["IL-7"], "start_day": [0.0]})
    >>> response(table, doses)[["baseline", "peak", "change_peak", "peak_day"]].values.tolist()
    [[168.0, 595.0, 427.0, 35.0]]
    """
    if baseline not in {"last", "mean"}:
        raise ValueError(f"baseline must be last or mean, not {baseline!r}")
    happened = event_rows(events)
    names = clock_names(clock, happened) or [""]
    schema = _schema(names)
    rows = [
        dict.fromkeys(schema) | _row(course, read_out(course, baseline, until_day), names)
        for course in courses(frame, happened, clock=names[0], ranges=ranges)
    ]
    backend = nw.from_native(frame, eager_only=True).implementation
    table: Any = frame_of(_without_gaps(rows, schema), schema, backend).to_native()
    return table  # type: ignore[no-any-return]


def _schema(names: Sequence[str]) -> dict[str, Any]:
    """The columns of a read-out on these clocks."""
    schema: dict[str, Any] = {}
    for column, kind in _COLUMNS.items():
        if kind == _PLACE:
            schema |= {_place_column(column, name): NUMBER for name in names}
        else:
            schema[column] = kind
        if column == "clock":
            schema |= {f"clock{_suffix(name)}": TEXT for name in names[1:]}
    return schema


def _place_column(place: str, name: str) -> str:
    """The column of a moment: `peak_day`; on a clock that was asked for `peak_day_source`."""
    unit = "hour" if name == "hours" else "day"
    return f"{place.removesuffix('at')}{unit}{_suffix(name) if name else ''}"


def _suffix(name: str) -> str:
    return "_" + column_of(name).removeprefix("day_").removeprefix("hours_")


def _row(course: Course, found: ReadOut, names: Sequence[str]) -> dict[str, Any]:
    """One read-out as a row, its moments on every clock."""
    row = {"patient_id": course.patient, "analyte": course.analyte} | found.values
    why = list(found.why)
    for name in names:
        clock = course.clock if name == names[0] else _clock(course, name)
        if clock is None:
            why.append(f"clock {name}: it has no day 0 here")
            continue
        row["clock" if name == names[0] else f"clock{_suffix(name)}"] = clock.name
        for place, at in found.places.items():
            shown = clock.reading(at.time, at.counted)
            row[_place_column(f"{place}_at", name)] = shown
    return row | {"why": "; ".join(why)}


def _clock(course: Course, name: str) -> Clock | None:
    return patient_clock(name, course.results, course.events)


def _without_gaps(
    rows: Sequence[dict[str, Any]], schema: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The rows with empty text, and a count of 0, for none."""
    empty = {name: {TEXT: "", WHOLE: 0}.get(kind) for name, kind in schema.items()}
    return [
        {name: empty[name] if value is None else value for name, value in row.items()}
        for row in rows
    ]
