"""Sampling windows: which samples stand for a stretch of days, by what rule, and which do not."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

import narwhals as nw
from narwhals.typing import IntoDataFrame
from pydantic import Field, model_validator

from immunotrack.analytes import find_analyte
from immunotrack.flags import flag_rule, off_scale_rule
from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.settings import Entry, choice_problem, parse_toml, read_text, validated
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

Aggregate = Literal["max", "min", "mean", "median", "first", "last", "nearest"]
"""`nearest` is the sample closest to the window's `at_day`; the earlier one of two."""


class Window(Entry):
    """One window of whole days, both ends in it.

    Args:
        from_day, to_day: On the set's clock; a missing end is open.
        at_day: The day that `nearest` looks for.
        aggregate: In place of the set's.
    """

    label: str
    from_day: int | None = None
    to_day: int | None = None
    at_day: int | None = None
    aggregate: Aggregate | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.first > self.last:
            raise ValueError("from_day must not be after to_day")
        return self

    @property
    def first(self) -> float:
        """The first day; minus infinity where the window has no lower end."""
        return -math.inf if self.from_day is None else self.from_day

    @property
    def last(self) -> float:
        """The last day; infinity where the window has no upper end."""
        return math.inf if self.to_day is None else self.to_day

    def holds(self, day: float | None) -> bool:
        """Whether a sample of this day, or part of a day, belongs to the window."""
        return day is not None and self.first <= math.floor(day) <= self.last


class WindowSet(Entry):
    """Windows that belong together.

    Args:
        clock: What the days count from, for the reader.
        aggregate: How several results of one window become one.
        analytes: To which analytes the windows apply; empty for all.
    """

    name: str
    title: str = ""
    clock: str
    aggregate: Aggregate
    analytes: list[str] = []
    source: str
    note: str = ""
    windows: list[Window] = Field(alias="window", min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        labels = [window.label for window in self.windows]
        twice = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
        if twice:
            raise ValueError(f"two windows have the label {twice[0]}")
        for window in self.windows:
            if self.aggregate_of(window) == "nearest" and window.at_day is None:
                raise ValueError(f"the window {window.label} needs at_day for nearest")
        return self

    def aggregate_of(self, window: Window) -> Aggregate:
        """The rule of one window."""
        return window.aggregate or self.aggregate

    def applies_to(self, analyte: str) -> bool:
        """Whether the results of an analyte are taken by window."""
        keys = {found.key if (found := find_analyte(name)) else name for name in self.analytes}
        return not keys or analyte in keys

    def window_of(self, day: float | None) -> Window | None:
        """The window of a sample; the first where two hold it."""
        return next((window for window in self.windows if window.holds(day)), None)


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
    chosen: list[dict[str, Any]] = []
    audit: list[dict[str, Any]] = []
    problems = set_problems(chosen_set, until)
    for key in dict.fromkeys((row["patient_id"], row["analyte"]) for row in rows):
        series = [row for row in rows if (row["patient_id"], row["analyte"]) == key]
        if chosen_set.applies_to(key[1]):
            problems += _take(series, chosen_set, chosen, audit)
        else:
            audit += [
                _account(row, "", used=False, why="not an analyte of these windows")
                for row in series
            ]
    return Windowed(
        _flagged(frame_of(chosen, _CHOSEN, table.implementation)),
        frame_of(audit, _AUDIT, table.implementation).to_native(),
        problems,
    )


def _take(
    series: Sequence[Mapping[str, Any]],
    windows: WindowSet,
    chosen: list[dict[str, Any]],
    audit: list[dict[str, Any]],
) -> list[Problem]:
    """Add what the windows choose of one patient's analyte, and the account of all of it."""
    problems = []
    patient, analyte = series[0]["patient_id"], series[0]["analyte"]
    numbers = [row for row in series if row["value"] is not None or row["comparator"]]
    audit += [
        _account(row, "", used=False, why="no number") for row in series if row not in numbers
    ]
    inside: dict[str, list[Mapping[str, Any]]] = {entry.label: [] for entry in windows.windows}
    for row in numbers:
        held = windows.window_of(row["day"])
        if held is None:
            audit.append(_account(row, "", used=False, why="in no window"))
        else:
            inside[held.label].append(row)
    for entry in windows.windows:
        rows = inside[entry.label]
        if not rows:
            problems.append(
                _window_problem(
                    "window-empty", windows, f"{entry.label} holds no result of {analyte}"
                )
            )
        elif len(units := _units(rows)) > 1:
            problems.append(
                _window_problem(
                    "mixed-units",
                    windows,
                    f"{entry.label} holds {analyte} in {' and '.join(units)}",
                )
            )
            audit += [_account(row, entry.label, used=False, why="units differ") for row in rows]
        else:
            value, picked = _aggregated(rows, windows.aggregate_of(entry), entry)
            span = {"from_day": entry.from_day, "to_day": entry.to_day}
            chosen.append(
                value
                | span
                | {"patient_id": patient, "window": entry.label, "n": len(rows)}
                | {"aggregate": windows.aggregate_of(entry)}
            )
            audit += _accounts(rows, picked, entry.label, windows.aggregate_of(entry))
    return problems


def _units(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The units of the results that have a number; nothing found needs none."""
    return list(dict.fromkeys(row["unit"] for row in rows if row["value"] is not None))


def _aggregated(
    rows: Sequence[Mapping[str, Any]], aggregate: Aggregate, window: Window
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
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
    rows: Sequence[Mapping[str, Any]], picked: Mapping[str, Any] | None, label: str, aggregate: str
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


def _account(row: Mapping[str, Any], label: str, *, used: bool, why: str) -> dict[str, Any]:
    return {name: row[name] for name in _AUDIT if name in row} | {
        "window": label,
        "used": used,
        "why": why,
    }


def _flagged(table: nw.DataFrame[Any]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    return table.with_columns(flag=flag_rule(), off_scale=off_scale_rule()).to_native()


def set_problems(windows: WindowSet, until: float | None = None) -> list[Problem]:
    """What is odd about the windows themselves: overlaps, gaps, days past death."""
    problems = []
    reach, *others = sorted(windows.windows, key=lambda entry: entry.first)
    for entry in others:
        if entry.first <= reach.last:
            message = f"{reach.label} and {entry.label} share days; the first holds them"
            problems.append(_window_problem("window-overlap", windows, message))
        elif entry.first - reach.last > 1:
            message = (
                f"days {reach.last + 1:g} to {entry.first - 1:g}, between {reach.label} and "
                f"{entry.label}, belong to no window"
            )
            problems.append(_window_problem("window-gap", windows, message))
        reach = max(reach, entry, key=lambda one: one.last)
    late = [
        entry for entry in windows.windows if until is not None and until < entry.last < math.inf
    ]
    return problems + [
        _window_problem(
            "window-past-death",
            windows,
            f"{entry.label} goes on to day {entry.last:g}, after death on day {until:g}",
        )
        for entry in late
    ]


def _window_problem(code: str, windows: WindowSet, message: str) -> Problem:
    return Problem(
        code=code, severity=Severity.WARNING, source=f"windows {windows.name}", message=message
    )


class _WindowFile(Entry):
    sets: list[WindowSet] = Field(alias="set", min_length=1)


@cache
def window_presets() -> dict[str, WindowSet]:
    """The window sets that come with immunotrack, by name."""
    name = "data/windows.toml"
    text = files("immunotrack").joinpath(name).read_text("utf-8")
    table = validated(parse_toml(text, name), _WindowFile, text, name)
    return {windows.name: windows for windows in table.sets}


def choose_window_set(name: str) -> WindowSet:
    """A preset by its name, or the one set of a TOML file.

    Raises:
        InvalidInput: There is no such preset, or the file has errors.
    """
    presets = window_presets()
    if name in presets:
        return presets[name]
    path = Path(name)
    if not path.suffix and not path.exists():
        raise InvalidInput([choice_problem("--windows", name, [*presets, "a .toml file"])])
    text = read_text(path)
    data = parse_toml(text, name)
    if "set" in data:
        return validated(data, _WindowFile, text, name).sets[0]
    return validated({"name": path.stem, **data}, WindowSet, text, name)
