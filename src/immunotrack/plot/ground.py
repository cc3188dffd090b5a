"""What all figures of a cohort share: which analytes, in which unit, on which days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import polars as pl

from immunotrack.clocks import Clock
from immunotrack.cohort import Cohort, Member
from immunotrack.plot.drawn import Panel, Row, Timeline, printable
from immunotrack.plot.leaf import Around, Sheet
from immunotrack.plot.notes import footnote
from immunotrack.plot.series import choose_analytes, in_one_unit, log_keys, panel_of
from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.settings import choice_problem
from immunotrack.visits import natural_key
from immunotrack.windows import WindowSet, even_windows, visit_windows

FigureName = Literal["multiples", "overlay", "strip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a user chose to see of a cohort.

    Args:
        analytes: In order; by default those of the catalogue that there are.
        windows: A set; None for windows of `every` days, or for the visits.
        every: In days; None for a number that gives a dozen windows or fewer.
        highlight: A patient.
        own_axis: Each small panel has a value axis of its own.
    """

    figure: FigureName = "multiples"
    analytes: Sequence[str] = ()
    windows: WindowSet | None = None
    every: int | None = None
    highlight: str = ""
    log: Sequence[str] = ()
    title: str = ""
    own_axis: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The pages of a figure, and what they show as a table.

    Args:
        table: What is drawn.
        problems: What is not.
        drawn, patients: How many patients are drawn, of how many.
        clock: What they are aligned on, in words.
    """

    sheets: Sequence[Sheet]
    table: pl.DataFrame
    problems: list[Problem]
    drawn: int
    patients: int
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all pages share.

    Args:
        rows: The results that have a number and a place, by analyte, in one unit each.
        members: Those who have such a result, by group and id.
        logs: The analytes with a logarithmic axis.
        shared: The time axis, and one row for every kind of mark, for legend and footnote.
    """

    cohort: Cohort
    wanted: Wanted
    rows: Mapping[str, Sequence[Row]]
    members: Sequence[Member]
    logs: frozenset[str]
    shared: Timeline
    problems: list[Problem] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The analytes, in order."""
        return list(self.rows)

    @property
    def illustrative(self) -> bool:
        """Whether some value is illustrative."""
        return self.shared.illustrative

    def panel(self, key: str, rows: Sequence[Row] | None = None) -> Panel:
        """The panel of an analyte with some rows, or with what its axis must show."""
        unit = self.rows[key][0]["unit"]
        return panel_of(
            key, unit, extremes(self.rows[key]) if rows is None else rows, log=key in self.logs
        )

    def gallery(self, sheets: Sequence[Sheet], table: pl.DataFrame) -> Gallery:
        """These pages and their table, with what is not drawn."""
        return Gallery(
            sheets=sheets,
            table=table,
            problems=self.problems,
            drawn=len(self.members),
            patients=len(self.cohort.members),
            clock=self.cohort.clock,
        )

    def windows(self) -> WindowSet:
        """The windows that were chosen, those of the visits, or as many as can be told apart."""
        if self.wanted.windows is not None:
            return self.wanted.windows
        if self.cohort.visits:
            return visit_windows(self.cohort.visits)
        days = [row["day"] for rows in self.rows.values() for row in rows]
        first, last = min(days), max(days)
        usual = next((n for n in _USUAL if (last - first) / n <= _MOST_WINDOWS), _USUAL[-1])
        return even_windows(first, last, self.wanted.every or usual, self.cohort.clock)

    def around(self, subtitle: str = "", *sentences: str) -> Around:
        """What stands around a page: title, and the footnote with further sentences."""
        number, everybody = len(self.members), len(self.cohort.members)
        people = (
            counted(number, "patient")
            if number == everybody
            else f"{number} of {everybody} patients"
        )
        said = [*sentences, footnote(self.shared), *self._assumed(), *self._left_out()]
        return Around(
            title=printable(self.wanted.title) or people,
            subtitle=subtitle,
            foot=" ".join(text for text in said if text),
            illustrative=self.illustrative,
        )

    def _assumed(self) -> list[str]:
        """Whose first dose, which is drawn and may be day 0, is not stated."""
        number, everybody = sum(one.assumed for one in self.members), len(self.members)
        if not number:
            return []
        whose = "" if number == everybody else f" of {number} of {everybody} patients"
        return [f"The first dose{whose} is assumed."]

    def _left_out(self) -> list[str]:
        lost = len(self.cohort.members) - len(self.members)
        return [f"{counted(lost, 'patient')} without such a result on this clock."] if lost else []


_USUAL: Final = (1, 2, 7, 14, 28, 56, 91, 182, 364, 728)
_MOST_WINDOWS: Final = 12


def ground_of(cohort: Cohort, wanted: Wanted) -> Ground:
    """What the figures of a cohort are drawn from.

    Raises:
        InvalidInput: Something that was asked for is not there, or there is nothing to draw.
    """
    everything = cohort.rows
    drawable = [row for row in everything if row["value"] is not None and row["day"] is not None]
    keys, problems = choose_analytes(drawable, wanted.analytes)
    if not keys:
        raise InvalidInput([*cohort.problems, _nothing(cohort)])
    rows, mixed = in_one_unit(drawable, keys)
    there = {row["patient_id"] for own in rows.values() for row in own}
    order = {group: place for place, group in enumerate(cohort.groups)}
    members = sorted(
        (one for one in cohort.members if one.patient in there),
        key=lambda one: (order[one.group], natural_key(one.patient)),
    )
    if wanted.highlight and wanted.highlight not in there:
        some = [one.patient for one in members[:20]]
        raise InvalidInput([choice_problem("--highlight", wanted.highlight, some)])
    logs = frozenset(log_keys(wanted.log, keys))
    shared = _shared(cohort, rows, members, logs)
    return Ground(
        cohort=cohort,
        wanted=wanted,
        rows=rows,
        members=members,
        logs=logs,
        shared=shared,
        problems=[*cohort.problems, *problems, *mixed],
    )


def _nothing(cohort: Cohort) -> Problem:
    return Problem(
        code="not-drawn",
        source="cohort",
        message=f"there is nothing to draw: no result has a number and a place on {cohort.anchor}",
        fix="Choose another clock with --clock.",
    )


def extremes(rows: Sequence[Row]) -> list[Row]:
    """The rows that an axis for all of them must show: the outermost values and limits."""
    found = []
    for name in ("value", "low", "high"):
        said = [row for row in rows if row[name] is not None]
        if said:
            found += [min(said, key=lambda row: row[name]), max(said, key=lambda row: row[name])]
    positive = [row for row in rows if row["value"] > 0]
    return found + ([min(positive, key=lambda row: row["value"])] if positive else [])


def _shared(
    cohort: Cohort,
    rows: Mapping[str, Sequence[Row]],
    members: Sequence[Member],
    logs: frozenset[str],
) -> Timeline:
    """The time axis, and a row for every kind of mark."""
    doses = [one.first_dose for one in members if one.first_dose is not None]
    every = [row for own in rows.values() for row in own]
    return Timeline(
        title="",
        clock=Clock(printable(cohort.clock)),
        panels=[
            panel_of(key, own[0]["unit"], _kinds(own), log=key in logs) for key, own in rows.items()
        ],
        lanes={},
        first_dose=min(doses, default=None),
        dose_name=printable(cohort.dose),
        days=_days(cohort, [row["day"] for row in every]),
        windows=None,
        assumptions=(),
        illustrative=any(row["origin"] == "illustrative" for row in every),
        table=[],
        problems=[],
    )


def _kinds(rows: Sequence[Row]) -> list[Row]:
    """One row of each kind that a legend or a footnote tells apart."""
    kinds: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        shape = (row["low"] is None, row["high"] is None, row["age_years"] is None)
        kinds.setdefault((row["flag"], row["comparator"], row["range_source"], *shape), row)
    return list(kinds.values())


def _days(cohort: Cohort, days: Sequence[float]) -> tuple[float, float]:
    """First and last day of the time axis, with some air; every visit in full."""
    if cohort.visits:
        return -0.5, len(cohort.visits) - 0.5
    first, last = min(days), max(days)
    air = max((last - first) * 0.04, 0.5)
    return first - air, last + air
