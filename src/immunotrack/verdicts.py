"""Verdicts: what the results of a patient say of a rule, and which results decided it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.anchors import Rows, clock_names, event_rows
from immunotrack.courses import Course, Sample, courses
from immunotrack.decisions import Asked, Rule, choose_rules
from immunotrack.intervals import Interval, mean, slope
from immunotrack.problems import counted
from immunotrack.ranges import RangeSet
from immunotrack.readout import NO_DOSE
from immunotrack.table import NUMBER, TEXT, conform, frame_of
from immunotrack.units import shift_between, shifted

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
    results that meet a rule the last before the first dose decides, or the first after it.

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
    happened = event_rows(events)
    chosen = choose_rules([rule] if isinstance(rule, str | Rule) else rule)
    given = nw.from_native(frame, eager_only=True)
    patients = list(dict.fromkeys(conform(frame)["patient_id"].to_list()))
    clocks = {rule.clock for asked in chosen for rule in asked if rule is not None}
    series = {
        clock: courses(frame, happened, clock=_clock(clock, happened), ranges=ranges)
        for clock in clocks
    }
    rows: list[dict[str, Any]] = []
    for asked in chosen:
        found, bases = (_of_rule(series, one) for one in asked)
        rows += [
            _row(patient, asked, found.get(patient), bases.get(patient)) for patient in patients
        ]
    table: Any = frame_of(rows, _COLUMNS, given.implementation).to_native()
    return table  # type: ignore[no-any-return]


def _clock(name: str, events: Rows) -> str:
    """The clock of a rule, if there is one of that name.

    Raises:
        InvalidInput: It counts from an event that nobody has.
    """
    return next(iter(clock_names(name, events)), "")


def _of_rule(series: Mapping[str, Sequence[Course]], rule: Rule | None) -> dict[str, Course]:
    """The course of the rule's analyte in each patient who has one."""
    if rule is None:
        return {}
    return {course.patient: course for course in series[rule.clock] if course.analyte == rule.key}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What results say of a rule.

    Args:
        holds: None where it is open.
        by: The results that decided it, or that leave it open.
        why: Reasons, for a verdict that is open or needs a word.
        base: The baseline that a rise is measured from.
    """

    holds: bool | None
    by: tuple[Sample, ...] = ()
    why: tuple[str, ...] = ()
    base: Interval | None = None


def _row(patient: str, asked: Asked, course: Course | None, base: Course | None) -> dict[str, Any]:
    rule = asked.rule
    if course is None:
        course = Course(patient=patient, analyte=rule.key)
        verdict = Verdict(None, why=(f"no result of {rule.key}",))
    else:
        verdict = _verdict(course, asked, base)
    days = [_day(course, sample) for sample in verdict.by]
    known = [day for day in days if day is not None]
    baseline = verdict.base.exact if verdict.base is not None else None
    return {
        "patient_id": patient,
        "rule": rule.name,
        "analyte": rule.key,
        "answer": _ANSWERS[verdict.holds],
        "criterion": rule.criterion,
        "decided_by": "; ".join(_said(course, sample) for sample in verdict.by),
        "from_day": min(known, default=None),
        "to_day": max(known, default=None),
        "unit": "; ".join(course.units),
        "clock": course.clock.name if course.clock else "",
        "baseline": baseline,
        "origin": course.origin,
        "assumed": rule.assumptions,
        "why": "; ".join(verdict.why),
        "source": rule.source,
    }


def _day(course: Course, sample: Sample) -> float | None:
    return course.clock.reading(sample.at.time, sample.at.counted) if course.clock else None


def _said(course: Course, sample: Sample) -> str:
    day = _day(course, sample)
    if day is None:
        return sample.text
    hours = course.clock is not None and course.clock.shows == "hour"
    return f"{sample.text} {'at hour' if hours else 'on day'} {day:.6g}"


def _verdict(course: Course, asked: Asked, base: Course | None) -> Verdict:
    """All parts of a rule together: one that fails decides, one that is open leaves it open."""
    rule = asked.rule
    samples, reason = _asked(course, rule)
    if not samples:
        return Verdict(None, why=(reason,))
    baseline, missing = _baseline(course, asked, base)
    if missing:
        return Verdict(None, tuple(samples), (missing,))
    parts = [_taken(samples, [_holds(s, rule, baseline) for s in samples], rule)]
    if rule.slope:
        parts.append(_sloped(course, rule))
    if rule.after_event and parts[0].holds is not False:
        parts.append(_late(course, parts[0].by, rule))
    return Verdict(
        _all_hold([part.holds for part in parts]),
        parts[0].by,
        tuple(why for why in (reason, *(w for part in parts for w in part.why)) if why),
        baseline,
    )


def _all_hold(parts: Sequence[bool | None]) -> bool | None:
    if any(part is False for part in parts):
        return False
    return None if None in parts else True


def _asked(course: Course, rule: Rule) -> tuple[list[Sample], str]:
    """The results that a rule is asked of, and what is to be said of them."""
    if rule.when == "after first dose" and course.first_dose is None:
        return [], NO_DOSE
    if rule.clock and course.clock is None:
        return [], f"clock {rule.clock}: it has no day 0 here"
    if course.clock is not None and not _counts_from(course.clock.name, rule.counts_from):
        return [], f"days do not count from {rule.counts_from}, but: {course.clock.name}"
    placed = {
        "any time": list(course.samples),
        "before first dose": course.before_dose() if course.doses else list(course.samples),
        "after first dose": course.after_dose(),
    }[rule.when]
    samples = [s for s in placed if _in_window(course, s, rule.from_day, rule.to_day)]
    if rule.at_day is not None and rule.take == "nearest":
        samples = _nearest(course, samples, rule.at_day)
    if not samples:
        return [], f"no result {', '.join(rule.window) or 'with a number and a day'}"
    undosed = rule.when == "before first dose" and course.first_dose is None
    bare = bool(rule.counts_from) and course.clock is not None and course.clock.name == "Day"
    said = [f"{NO_DOSE}, so every result is asked"] * undosed
    said += [f"days are taken to count from {rule.counts_from}"] * bare
    return samples, "; ".join(said)


def _counts_from(clock: str, word: str) -> bool:
    """Whether a clock's name has a word; a bare "Day" may be any clock."""
    return clock == "Day" or word.casefold() in clock.casefold()


def _nearest(course: Course, samples: Sequence[Sample], at_day: int) -> list[Sample]:
    """The sample closest to a day, the earlier of two; none if none has a day."""
    placed = [(day, s) for s in samples if (day := _whole_day(course, s)) is not None]
    return [min(placed, key=lambda one: abs(one[0] - at_day))[1]] if placed else []


def _in_window(course: Course, sample: Sample, first: int | None, last: int | None) -> bool:
    """Whether a sample is of these days; a missing end is open."""
    if first is None and last is None:
        return True
    day = _whole_day(course, sample)
    return day is not None and (first is None or day >= first) and (last is None or day <= last)


def _whole_day(course: Course, sample: Sample) -> float | None:
    clock = course.clock
    return clock.window_day(sample.at.time, sample.at.counted) if clock else None


def _baseline(course: Course, asked: Asked, base: Course | None) -> tuple[Interval | None, str]:
    """What a rise is measured from, or the reason why that is not known."""
    rule = asked.rule
    if rule.measure != "percent rise":
        return None, ""
    if asked.base is not None:
        found = _qualifying(base, asked.base)
        return (mean([s.values for s in found]), "") if found else (None, _unqualified(asked.base))
    before = course.before_dose()
    if not before:
        return None, "no result before the first dose"
    used = before if rule.baseline == "mean" else before[-1:]
    return mean([sample.values for sample in used]), ""


def _qualifying(course: Course | None, rule: Rule) -> tuple[Sample, ...]:
    """The results that surely meet the counts of a rule."""
    samples = _asked(course, rule)[0] if course is not None else []
    if not samples:
        return ()
    taken = _taken(samples, [_holds(s, rule, None) for s in samples], rule)
    return taken.by if taken.holds else ()


def _unqualified(rule: Rule) -> str:
    return f"the results that qualify for {rule.name} are not known"


# --- one result


def _holds(sample: Sample, rule: Rule, base: Interval | None) -> bool | None:
    """Whether one result complies; None where it is open."""
    measured: Interval | None = sample.values
    threshold = _threshold(sample, rule)
    if rule.measure == "percent rise":
        measured = None if base is None else sample.values.percent(base)
    if measured is None or threshold is None:
        return None
    return measured.compared(rule.compare, threshold)


def _threshold(sample: Sample, rule: Rule) -> float | None:
    """The number to compare with, in the unit of the result; None where there is none."""
    if rule.measure == "percent rise":
        return float(rule.value)
    if rule.measure == "times upper limit":
        high = sample.row["high"]
        return None if high is None else float(rule.value * Decimal(repr(high)))
    unit = sample.row["unit"]
    shift = 0 if unit == rule.unit else shift_between(rule.unit, unit)
    return None if shift is None else float(shifted(rule.value, shift))


def _open(sample: Sample, rule: Rule) -> str:
    """Why one result leaves a rule open."""
    if sample.censored:
        return f"censored value {sample.text} may be on either side"
    if rule.measure == "times upper limit" and sample.row["high"] is None:
        return "no upper limit"
    if rule.measure == "percent rise":
        return "the baseline is 0 or censored"
    return f"{sample.row['unit'] or 'no unit'} does not convert into {rule.unit}"


# --- several results


def _taken(samples: Sequence[Sample], holds: Sequence[bool | None], rule: Rule) -> Verdict:
    """What the results say together."""
    if rule.take != "some":
        return _every(samples, holds, rule)
    order = -1 if rule.when == "before first dose" else 1
    ordered = list(zip(samples, holds, strict=True))[::order]
    sure = _counted(ordered, rule, (True,))
    if sure:
        return Verdict(holds=True, by=sure[::order])
    possible = _counted(ordered, rule, (True, None))
    if possible:
        why = _reasons(samples, holds, rule) or ("the hours between the results are not known",)
        return Verdict(None, possible[::order], why)
    if not _counted(ordered, rule, (True, None, False)):
        return Verdict(None, tuple(samples), ("there are too few results",))
    return Verdict(holds=False, by=tuple(samples))


def _every(samples: Sequence[Sample], holds: Sequence[bool | None], rule: Rule) -> Verdict:
    """Whether all results comply."""
    together = _all_hold(holds)
    failed = tuple(s for s, held in zip(samples, holds, strict=True) if held is False)
    why = _reasons(samples, holds, rule) if together is None else ()
    return Verdict(together, failed or tuple(samples), why)


def _reasons(
    samples: Sequence[Sample], holds: Sequence[bool | None], rule: Rule
) -> tuple[str, ...]:
    pairs = zip(samples, holds, strict=True)
    return tuple(dict.fromkeys(_open(sample, rule) for sample, held in pairs if held is None))


def _counted(
    ordered: Sequence[tuple[Sample, bool | None]], rule: Rule, allowed: Sequence[bool | None]
) -> tuple[Sample, ...]:
    """The first results that may count, as many as the rule needs; none if there are fewer.

    Args:
        allowed: What a result may say; hours apart must be sure where all of it must be.
    """
    found: list[Sample] = []
    for sample, held in ordered:
        if held not in allowed:
            found = [] if rule.consecutive else found
        elif not found or _apart(found[-1], sample, rule, sure=None not in allowed):
            found.append(sample)
        if len(found) == rule.count:
            return tuple(found)
    return ()


def _apart(one: Sample, other: Sample, rule: Rule, *, sure: bool) -> bool:
    """Whether enough hours surely, or else possibly, lie between two results."""
    first, second = sorted((one.at, other.at), key=lambda at: at.day)
    apart = second.later_by(first, float(rule.hours_apart))
    return not rule.hours_apart or apart is True or (apart is None and not sure)


# --- the other parts of a rule


def _late(course: Course, by: Sequence[Sample], rule: Rule) -> Verdict:
    """Whether the last result that counts is late enough after an event."""
    word = rule.after_event.casefold()
    moments = [at for name, at in course.moments.items() if word in name.casefold()]
    if not moments:
        return Verdict(None, why=(f"no event {rule.after_event} is known",))
    start = min(moments, key=lambda at: at.day)
    late = by[-1].at.later_by(start, float(rule.after_hours))
    told = f"{rule.after_hours} h after {rule.after_event}"
    reason = {True: (), False: (f"before {told}",), None: (f"perhaps before {told}",)}[late]
    return Verdict(late, why=reason)


def _sloped(course: Course, rule: Rule) -> Verdict:
    """Whether the results rise or fall."""
    first = rule.from_day if rule.slope_from_day is None else rule.slope_from_day
    samples = [s for s in course.samples if _in_window(course, s, first, rule.to_day)]
    found = slope([(sample.at.day, sample.values) for sample in samples])
    many = counted(len(samples), "result")
    if found is None or len(course.units) > 1:
        return Verdict(None, why=(f"slope: not known from {many}",))
    holds = found.compared("<" if rule.slope == "negative" else ">", 0.0)
    return Verdict(holds, why=(f"slope: {found} a day, {many}",))
