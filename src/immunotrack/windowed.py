"""Results taken by sampling window, each result accounted for."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.flags import flag_rule, off_scale_rule
from immunotrack.problems import Problem
from immunotrack.table import (
    NUMBER,
    SCHEMA,
    TEXT,
    WHOLE,
    conform,
    frame_of,
    in_standard_units,
    plain_rows,
)
from immunotrack.values import Bound, bounds, from_bounds
from immunotrack.windows import (
    Aggregate,
    Window,
    WindowSet,
    choose_window_set,
    set_problems,
    window_problem,
)

Row = Mapping[str, Any]


class Windowed(NamedTuple):
    """The result of taking a series by window.

    Args:
        chosen: One row a patient, analyte and window: the contract's columns in the analyte's own
            unit, then `window`, `from_day`, `to_day`, `aggregate`, `n`. `line` is the chosen
            sample's; 0 where the value is computed from several.
        audit: One row a result: `patient_id analyte day reported line window used why`.
        problems: Overlaps, gaps, empty windows, windows past death, units that do not convert.
    """

    chosen: Any
    audit: Any
    problems: list[Problem]


_CHOSEN: Final = SCHEMA | {
    "window": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "aggregate": TEXT,
    "n": WHOLE,
}
_AUDIT: Final = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "day": NUMBER,
    "reported": TEXT,
    "line": WHOLE,
    "window": TEXT,
    "used": nw.Boolean(),
    "why": TEXT,
}


def window(
    frame: IntoDataFrame, windows: WindowSet | str = "monneret-2020", until: float | None = None
) -> Windowed:
    """One value for each window, by the set's rule, and an account of every result.

    A censored result counts as the interval it allows: the highest of `<5` and 3 is `<5`, of
    `>1000` and 1200 is `>=1200`.

    Args:
        frame: A flagged measurements table with `day` (see `immunotrack.flag`).
        windows: A set, the name of a preset, or the path of a TOML file.
        until: The day of death; a window that goes on after it is reported.

    Raises:
        InvalidInput: There is no such preset, or its file has errors.
    """
    chosen_set = windows if isinstance(windows, WindowSet) else choose_window_set(windows)
    table = in_standard_units(conform(frame))
    rows = plain_rows(table)
    problems = set_problems(chosen_set, until)
    series: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        series.setdefault((row["patient_id"], row["analyte"]), []).append(row)
    parts = [
        _taken(own, chosen_set) if chosen_set.applies_to(analyte) else _not_taken(own)
        for (_, analyte), own in series.items()
    ]
    chosen = [row for part in parts for row in part.chosen]
    audit = [row for part in parts for row in part.audit]
    problems += [problem for part in parts for problem in part.problems]
    return Windowed(
        _flagged(frame_of(chosen, _CHOSEN, table.implementation)),
        frame_of(audit, _AUDIT, table.implementation).to_native(),
        problems,
    )


class _Taken(NamedTuple):
    """What the windows make of one series."""

    chosen: list[dict[str, Any]]
    audit: list[dict[str, Any]]
    problems: list[Problem]


def _not_taken(series: Sequence[Row]) -> _Taken:
    why = "not an analyte of these windows"
    return _Taken([], [_account(row, "", used=False, why=why) for row in series], [])


def _taken(series: Sequence[Row], windows: WindowSet) -> _Taken:
    """What the windows choose of one patient's analyte, and the account of all of it."""
    taken = _Taken([], [], [])
    inside: dict[str, list[Row]] = {entry.label: [] for entry in windows.windows}
    for row in series:
        said = row["value"] is not None or row["comparator"] != ""
        held = windows.window_of(row["day"])
        if said and held is not None:
            inside[held.label].append(row)
        else:
            why = "in no window" if said else "no number"
            taken.audit.append(_account(row, "", used=False, why=why))
    parts = [
        _of_window(inside[entry.label], entry, windows, series[0]) for entry in windows.windows
    ]
    return _Taken(
        [row for part in parts for row in part.chosen],
        taken.audit + [row for part in parts for row in part.audit],
        [problem for part in parts for problem in part.problems],
    )


def _of_window(rows: Sequence[Row], entry: Window, windows: WindowSet, like: Row) -> _Taken:
    """What one window makes of the results of one patient's analyte that fall into it."""
    analyte, aggregate = like["analyte"], windows.aggregate_of(entry)
    units = _units(rows)
    if not rows:
        message = f"{entry.label} holds no result of {analyte}"
        return _Taken([], [], [window_problem("window-empty", windows, message)])
    if len(units) > 1:
        message = f"{entry.label} holds {analyte} in {' and '.join(units)}"
        audit = [_account(row, entry.label, used=False, why="units differ") for row in rows]
        return _Taken([], audit, [window_problem("mixed-units", windows, message)])
    value, picked = _aggregated(rows, aggregate, entry)
    about = {"window": entry.label, "aggregate": aggregate, "n": len(rows)}
    span = {"from_day": entry.from_day, "to_day": entry.to_day}
    return _Taken([value | about | span], _accounts(rows, picked, entry.label, aggregate), [])


def _units(rows: Sequence[Row]) -> list[str]:
    """The units of the results that have a number; nothing found needs none."""
    return list(dict.fromkeys(row["unit"] for row in rows if row["value"] is not None))


def _aggregated(
    rows: Sequence[Row], aggregate: Aggregate, window: Window
) -> tuple[dict[str, Any], Row | None]:
    """The row that stands for a window, and the sample it is (None where it is computed)."""
    ordered = sorted(rows, key=lambda row: row["day"])
    if len(ordered) == 1:
        return dict(ordered[0]), ordered[0]
    if aggregate in _PICK:
        target = window.at_day or 0
        picked = _PICK[aggregate](ordered, target)
        return dict(picked), picked
    ends = [bounds(row["comparator"], row["value"]) for row in ordered]
    lowest, highest = (_COMBINE[aggregate]([pair[side] for pair in ends]) for side in (0, 1))
    comparator, value = from_bounds(lowest, highest)
    combined = {"comparator": comparator, "value": value, "value_std": value}
    attaining = [row for row in ordered if (row["comparator"], row["value"]) == (comparator, value)]
    if aggregate in {"max", "min"} and attaining:
        return dict(attaining[0]), attaining[0]
    day = statistics.fmean(row["day"] for row in ordered)
    made = {"reported": "", "time": None, "day": day, "line": 0}
    numbered = [row for row in ordered if row["value"] is not None] or ordered
    return dict(numbered[-1]) | combined | made, None


def _fmean(ends: Sequence[Bound]) -> Bound:
    return Bound(statistics.fmean(end.value for end in ends), _openness(ends))


def _median(ends: Sequence[Bound]) -> Bound:
    ranked = sorted(ends)
    middle = ranked[(len(ranked) - 1) // 2 : len(ranked) // 2 + 1]
    return _fmean(middle)


def _openness(ends: Sequence[Bound]) -> int:
    return next((end.open for end in ends if end.open), 0)


_COMBINE: Final[dict[str, Callable[[Sequence[Bound]], Bound]]] = {
    "max": max,
    "min": min,
    "mean": _fmean,
    "median": _median,
}
_PICK: Final[dict[str, Callable[[Sequence[Any], int], Any]]] = {
    "first": lambda rows, _: rows[0],
    "last": lambda rows, _: rows[-1],
    "nearest": lambda rows, day: min(rows, key=lambda row: abs(row["day"] - day)),
}
_LEFT: Final = {
    "max": "not the highest of its window",
    "min": "not the lowest of its window",
    "first": "not the first of its window",
    "last": "not the last of its window",
    "nearest": "not the nearest of its window",
}


def _accounts(
    rows: Sequence[Row], picked: Row | None, label: str, aggregate: str
) -> list[dict[str, Any]]:
    if picked is None:
        return [
            _account(row, label, used=True, why=f"one of {len(rows)} in the {aggregate}")
            for row in rows
        ]
    return [
        _account(row, label, used=True, why=f"{aggregate} of {len(rows)}")
        if row is picked
        else _account(row, label, used=False, why=_LEFT[aggregate])
        for row in rows
    ]


def _account(row: Row, label: str, *, used: bool, why: str) -> dict[str, Any]:
    return {name: row[name] for name in _AUDIT if name in row} | {
        "window": label,
        "used": used,
        "why": why,
    }


def _flagged(table: nw.DataFrame[Any]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    return table.with_columns(flag=flag_rule(), off_scale=off_scale_rule()).to_native()
