"""Verdicts: the answers of every patient to rules, and which results decided them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.anchors import Rows, clock_names, event_rows
from immunotrack.courses import Course, Sample, courses
from immunotrack.decisions import Asked, Rule, choose_rules
from immunotrack.ranges import RangeSet
from immunotrack.ruling import Verdict, all_hold, verdict_on
from immunotrack.table import NUMBER, TEXT, conform, frame_of

Answer = Literal["met", "not met", "undetermined"]

_ANSWERS: Final[dict[bool | None, Answer]] = {True: "met", False: "not met", None: "undetermined"}

_COLUMNS: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "rule": TEXT,
    "analyte": TEXT,
    "answer": TEXT,
    "criterion": TEXT,
    "decided_by": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "unit": TEXT,
    "clock": TEXT,
    "baseline": NUMBER,
    "origin": TEXT,
    "assumed": TEXT,
    "why": TEXT,
    "source": TEXT,
}
"""What a verdict holds: `decided_by` are results and days, `from_day` and `to_day` their span."""


def decide(
    frame: IntoDataFrameT,
    events: IntoDataFrame | None = None,
    rule: Sequence[str | Rule] | str | Rule = (),
    *,
    ranges: Sequence[str | RangeSet] | str = (),
) -> IntoDataFrameT:
    """One row a patient and rule: met, not met or undetermined, and what decided it.

    A rule is undetermined where a censored or a missing result leaves it open. Of several sets of
    results that meet a rule the last before the first dose decides, or the first after it; the last
    where it must come after an event.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`), flagged or not.
        events: An events table.
        rule: Names of presets, paths of TOML files, or `Rule`s.
        ranges: Range sets, as for `immunotrack.flag`; they give the upper limits.

    Returns:
        A frame of the same kind.

    Raises:
        InvalidInput: There is no such rule, clock or range set, or a file has errors.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["ALC"], "value": [450.0], "unit": ["/µL"], "day": [2.0]})
    >>> decide(table, rule="iliad7-fr")[["answer", "decided_by"]].values.tolist()
    [['met', '450 on day 2']]
    """
    given = nw.from_native(frame, eager_only=True)
    rows = [_row(judged) for judged in judge(frame, events, rule, ranges=ranges)]
    table: Any = frame_of(rows, _COLUMNS, given.implementation).to_native()
    return table  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to one rule in one patient, with the results that it was asked of.

    Args:
        base: The course that the baseline is taken from, where another rule gives it.
    """

    asked: Asked
    course: Course
    base: Course | None
    verdict: Verdict

    @property
    def answer(self) -> Answer:
        """The verdict in words."""
        return _ANSWERS[self.verdict.holds]

    def day(self, sample: Sample) -> float | None:
        """The day, or hour, of a result on the clock of the rule."""
        clock = self.course.clock
        return clock.reading(sample.at.time, sample.at.counted) if clock else None

    def first_met(self) -> Sample | None:
        """The result by which a rule of counts was first met; None where that is not asked."""
        rule, samples = self.asked.rule, self.course.samples
        if not self.verdict.holds or rule.take != "some" or rule.slope:
            return None

        def met(last: int) -> bool:
            known = replace(self.course, samples=samples[: last + 1])
            return verdict_on(known, self.asked, self.base).holds is True

        return samples[bisect_left(range(len(samples)), x=True, key=met)]


def judge(
    frame: IntoDataFrame,
    events: IntoDataFrame | None = None,
    rule: Sequence[str | Rule] | str | Rule = (),
    *,
    patients: Sequence[str] = (),
    ranges: Sequence[str | RangeSet] | str = (),
) -> list[Judged]:
    """Every patient's answer to every rule, rule by rule; the arguments are those of `decide`.

    Args:
        patients: Further patients to answer for, who may have no result.

    Raises:
        InvalidInput: There is no such rule, clock or range set, or a file has errors.
    """
    happened = event_rows(events)
    chosen = choose_rules([rule] if isinstance(rule, str | Rule) else rule)
    people = list(dict.fromkeys([*conform(frame)["patient_id"].to_list(), *patients]))
    clocks = {one.clock for asked in chosen for one in asked.rules}
    keys = {one.key for asked in chosen for one in asked.rules}
    known = {
        (clock, course.patient, course.analyte): course
        for clock in clocks
        for course in courses(
            frame, happened, clock=_clock(clock, happened), ranges=ranges, analytes=keys
        )
    }
    return [_judged(patient, asked, known) for asked in chosen for patient in people]


_Known = Mapping[tuple[str, str, str], Course]
"""The courses by clock, patient and analyte."""


def _judged(patient: str, asked: Asked, known: _Known) -> Judged:
    course, base, *excluding = (
        None if one is None else known.get((one.clock, patient, one.key))
        for one in (asked.rule, asked.base, *asked.excluding)
    )
    verdict = verdict_on(course, asked, base)
    parts = [_not_met(other, one) for other, one in zip(excluding, asked.excluding, strict=True)]
    if course is None:
        course = Course(patient=patient, analyte=asked.rule.key)
    return Judged(asked, course, base, _with_exclusions(verdict, course, asked.rule, parts))


def _clock(name: str, events: Rows) -> str:
    """The clock of a rule, if there is one of that name.

    Raises:
        InvalidInput: It counts from an event that nobody has.
    """
    return next(iter(clock_names(name, events)), "")


def _row(judged: Judged) -> dict[str, Any]:
    rule, course, verdict = judged.asked.rule, judged.course, judged.verdict
    days = [judged.day(sample) for sample in verdict.by]
    known = [day for day in days if day is not None]
    return {
        "patient_id": course.patient,
        "rule": rule.name,
        "analyte": rule.key,
        "answer": judged.answer,
        "criterion": rule.criterion,
        "decided_by": "; ".join(_said(judged, sample) for sample in verdict.by),
        "from_day": min(known, default=None),
        "to_day": max(known, default=None),
        "unit": "; ".join(course.units),
        "clock": course.clock.name if course.clock else "",
        "baseline": verdict.base.exact if verdict.base is not None else None,
        "origin": course.origin,
        "assumed": rule.assumptions,
        "why": "; ".join(verdict.why),
        "source": rule.source,
    }


def _said(judged: Judged, sample: Sample) -> str:
    day, clock = judged.day(sample), judged.course.clock
    if day is None:
        return sample.text
    hours = clock is not None and clock.shows == "hour"
    return f"{sample.text} {'at hour' if hours else 'on day'} {day:.6g}"


# --- what excludes


def _not_met(course: Course | None, rule: Rule) -> Verdict:
    """Whether a rule that excludes does not."""
    verdict = verdict_on(course, Asked(rule), None)
    if verdict.holds is None:
        return Verdict(None, why=(f"{rule.name} may exclude: {'; '.join(verdict.why)}",))
    return Verdict(not verdict.holds, why=(f"excluded by {rule.name}",) * verdict.holds)


def _with_exclusions(
    verdict: Verdict, course: Course, rule: Rule, parts: Sequence[Verdict]
) -> Verdict:
    """The verdict, not met where something excludes the patient."""
    if verdict.holds is False:
        return verdict
    found = [each for word in rule.excluding_events for each in course.stretches_of(word)]
    names = dict.fromkeys(each.name for each in found)
    why = [f"excluded by {name}" for name in names] + [w for part in parts for w in part.why]
    if rule.excluding_events and not course.events:
        why.append("no event is known that could exclude")
    holds = all_hold([verdict.holds, *(part.holds for part in parts), *[False] * bool(found)])
    return replace(verdict, holds=holds, why=(*verdict.why, *why))
