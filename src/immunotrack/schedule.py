"""A dosing plan as data: its parts, and the day and amount of every dose."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, takewhile
from typing import Final, NamedTuple

from immunotrack.regimens import Placing

MOST_DOSES: Final = 1000
"""No plan has more."""


class PlannedDose(NamedTuple):
    """One dose of a plan.

    Args:
        assumed: Why its day is an assumption; empty where the plan states it.
    """

    day: float
    amount: float
    unit: str
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a plan: an amount, and when.

    Args:
        days: The days that are stated; without any, doses are repeated.
        every: Days between two doses; 0 for `per_week`.
        per_week: Doses a week, where their days are not stated.
        first_day, after_days: When it begins: on a day, or so long after the dose before it.
        for_days: How long; None where `most` ends it.
        most: The largest number of doses.
    """

    amount: float
    unit: str
    days: tuple[int, ...] = ()
    every: int = 0
    per_week: int = 0
    first_day: int | None = None
    after_days: float | None = None
    for_days: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A dosing plan.

    Args:
        text: As it was written.
        most: The largest number of doses in all.
        start_day: The first day, where the text states none; None for an assumed day 0.
    """

    text: str
    phases: tuple[Phase, ...]
    placing: Placing = field(repr=False)
    most: int | None = None
    start_day: float | None = None

    @property
    def states_start(self) -> bool:
        """Whether the text says on which day the first dose is."""
        return bool(self.phases[0].days) or self.phases[0].first_day is not None

    def starting(self, day: float) -> "Plan":
        """The plan with its first day, for a text that states none."""
        return replace(self, start_day=day)

    def doses(self) -> list[PlannedDose]:
        """Every planned dose in order, those on assumed days marked.

        >>> from immunotrack.plan_text import parse_plan
        >>> plan = parse_plan("3 µg/kg on day 24, then 10 µg/kg twice a week for 1 week")
        >>> [(dose.day, dose.amount, dose.assumed != "") for dose in plan.doses()]
        [(24.0, 3.0, False), (26.0, 10.0, True), (29.0, 10.0, True)]
        """
        found: list[PlannedDose] = []
        for phase in self.phases:
            found += self.expanded(phase, found[-1] if found else None)
        return found[: self.most]

    def expanded(self, phase: Phase, last: PlannedDose | None) -> list[PlannedDose]:
        """The doses of one part, after the last one of the part before it."""
        if phase.days:
            return [PlannedDose(float(day), phase.amount, phase.unit) for day in phase.days]
        start, unstated = self._start(phase, last)
        offsets = takewhile(
            lambda offset: phase.for_days is None or offset < phase.for_days,
            self._offsets(phase),
        )
        most = MOST_DOSES + 1 if phase.most is None else phase.most
        week = "days of the week not stated" if phase.per_week else ""
        return [
            PlannedDose(
                start + offset,
                phase.amount,
                phase.unit,
                "; ".join(filter(None, [unstated, week if offset else ""])),
            )
            for _, offset in zip(range(most), offsets, strict=False)
        ]

    def _start(self, phase: Phase, last: PlannedDose | None) -> tuple[float, str]:
        """The first day of a part, and why it is an assumption."""
        if phase.first_day is not None:
            return float(phase.first_day), ""
        if last is None:
            assumed = "" if self.start_day is not None else "first day not stated: day 0"
            return float(self.start_day or 0), assumed
        if phase.after_days is not None:
            return last.day + phase.after_days, last.assumed
        gap = self.placing.gap_days
        return last.day + gap, f"first day not stated: {gap} days after the dose before"

    def _offsets(self, phase: Phase) -> Iterator[int]:
        """The days of a repeated dose, from its first day on, without end."""
        if phase.every:
            return count(0, phase.every)
        days = self.placing.week_days[phase.per_week]
        return (7 * week + day for week in count() for day in days)
