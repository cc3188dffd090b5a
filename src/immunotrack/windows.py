"""Sampling windows as data: stretches of days, and the rule by which a stretch has one value."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from immunotrack.analytes import find_analyte
from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.settings import (
    Entry,
    choice_problem,
    load_builtin,
    parse_toml,
    read_text,
    validated,
)

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


def set_problems(windows: WindowSet, until: float | None = None) -> list[Problem]:
    """What is odd about the windows themselves: overlaps, gaps, days past death."""
    problems = []
    reach, *others = sorted(windows.windows, key=lambda entry: entry.first)
    for entry in others:
        if entry.first <= reach.last:
            message = f"{reach.label} and {entry.label} share days; the first holds them"
            problems.append(window_problem("window-overlap", windows, message))
        elif entry.first - reach.last > 1:
            message = (
                f"days {reach.last + 1:g} to {entry.first - 1:g}, between {reach.label} and "
                f"{entry.label}, belong to no window"
            )
            problems.append(window_problem("window-gap", windows, message))
        reach = max(reach, entry, key=lambda one: one.last)
    late = [
        entry for entry in windows.windows if until is not None and until < entry.last < math.inf
    ]
    return problems + [
        window_problem(
            "window-past-death",
            windows,
            f"{entry.label} goes on to day {entry.last:g}, after death on day {until:g}",
        )
        for entry in late
    ]


def window_problem(code: str, windows: WindowSet, message: str) -> Problem:
    """A warning about windows."""
    return Problem(
        code=code, severity=Severity.WARNING, source=f"windows {windows.name}", message=message
    )


def even_windows(first: float, last: float, every: int, clock: str) -> WindowSet:
    """Windows around multiples of a number of days, each patient's median in each of them.

    A day belongs to the nearest multiple, but none after day 0 belongs to day 0: what comes after
    the anchor is never taken together with what comes before it.

    >>> windows = even_windows(-9, 16, 7, "days after first dose").windows
    >>> [(entry.label, entry.from_day, entry.to_day) for entry in windows]
    [('−7', -10, -4), ('0', -3, 0), ('7', 1, 10), ('14', 11, 17)]
    """
    before, after = (every - 1) // 2, every // 2
    windows = [
        Window(
            label=f"{place * every}".replace("-", "\u2212"),
            from_day=1 if place == 1 else place * every - before,
            to_day=0 if place == 0 else place * every + after,
            at_day=place * every,
        )
        for place in range(_place(first, every), _place(last, every) + 1)
    ]
    return WindowSet(
        name=f"{every} days", clock=clock, aggregate="median", source="--every", window=windows
    )


def _place(day: float, every: int) -> int:
    """Of which multiple of a number of days a day is."""
    whole = math.floor(day)
    nearest = (whole + (every - 1) // 2) // every
    return max(nearest, 1) if whole > 0 else min(nearest, 0)


def visit_windows(visits: Sequence[str]) -> WindowSet:
    """A window for each visit; the place of a visit stands for its day."""
    windows = [
        Window(label=visit, from_day=place, to_day=place, at_day=place)
        for place, visit in enumerate(visits)
    ]
    return WindowSet(
        name="visits", clock="visits", aggregate="median", source="the results", window=windows
    )


class _WindowFile(Entry):
    sets: list[WindowSet] = Field(alias="set", min_length=1)


@cache
def window_presets() -> dict[str, WindowSet]:
    """The window sets that come with immunotrack, by name."""
    table = load_builtin("data/windows.toml", _WindowFile)
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
