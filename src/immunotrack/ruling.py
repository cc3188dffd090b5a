"""What the results of one patient say of one rule, and which of them decide it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from immunotrack.courses import Course, Sample
from immunotrack.decisions import Asked, Rule
from immunotrack.intervals import Interval, mean, slope
from immunotrack.problems import counted
from immunotrack.readout import NO_DOSE
from immunotrack.units import shift_between, shifted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What results say of a rule.

    Args:
        holds: None where it is open.
        by: The results that decided it, or that leave it open.
        why: Reasons, for a verdict that is open or needs a word.
        base: The baseline that a rise is measured from.
        asked: How many results the rule was asked of.
        complying: How many of them surely comply by themselves.
    """

    holds: bool | None
    by: tuple[Sample, ...] = ()
    why: tuple[str, ...] = ()
    base: Interval | None = None
    asked: int = 0
    complying: int = 0


def verdict_on(course: Course | None, asked: Asked, base: Course | None) -> Verdict:
    """All parts of a rule together: one that fails decides, one that is open leaves it open."""
    rule = asked.rule
    if course is None:
        return Verdict(None, why=(f"no result of {rule.key}",))
    samples, reasons = _asked(course, rule)
    if not samples:
        return Verdict(None, why=reasons)
    baseline, missing = _baseline(course, asked, base)
    if missing:
        return Verdict(None, tuple(samples), (missing,))
    held = [_holds(sample, rule, baseline) for sample in samples]
    parts = [_taken(samples, held, rule)]
    if rule.slope:
        parts.append(_sloped(course, rule))
    if rule.after_event and parts[0].holds is not False:
        parts.append(_late(course, parts[0].by, rule))
    return Verdict(
        all_hold([part.holds for part in parts]),
        parts[0].by,
        (*reasons, *(why for part in parts for why in part.why)),
        baseline,
        asked=len(samples),
        complying=held.count(True),
    )


def all_hold(parts: Sequence[bool | None]) -> bool | None:
    """Whether all of some parts hold: one that fails decides, one that is open leaves it open."""
    if any(part is False for part in parts):
        return False
    return None if None in parts else True


def _asked(course: Course, rule: Rule) -> tuple[list[Sample], tuple[str, ...]]:
    """The results that a rule is asked of, and what is to be said of them."""
    if rule.when == "after first dose" and course.first_dose is None:
        return [], (NO_DOSE,)
    if rule.clock and course.clock is None:
        return [], (f"clock {rule.clock}: it has no day 0 here",)
    if course.clock is not None and not _counts_from(course.clock.name, rule.counts_from):
        return [], (f"days do not count from {rule.counts_from}, but: {course.clock.name}",)
    placed = {
        "any time": list(course.samples),
        "before first dose": course.before_dose() if course.doses else list(course.samples),
        "after first dose": course.after_dose(),
    }[rule.when]
    samples, left_out = _without_excluded(course, placed, rule)
    samples = [s for s in samples if _in_window(course, s, rule.from_day, rule.to_day)]
    if rule.at_day is not None and rule.take == "nearest":
        samples = _nearest(course, samples, rule.at_day)
    if not samples:
        nothing = f"no result {', '.join(rule.window) or 'with a number and a day'}"
        return [], (nothing, *left_out)
    undosed = rule.when == "before first dose" and course.first_dose is None
    bare = bool(rule.counts_from) and course.clock is not None and course.clock.name == "Day"
    said = [f"{NO_DOSE}, so every result is asked"] * undosed
    said += [f"days are taken to count from {rule.counts_from}"] * bare
    return samples, (*said, *left_out)


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


def _without_excluded(
    course: Course, samples: Sequence[Sample], rule: Rule
) -> tuple[list[Sample], list[str]]:
    """The results outside the events that exclude them, and how many are not."""
    kept, told = list(samples), []
    for word in rule.excluding_during:
        spans = course.stretches_of(word)
        outside = [s for s in kept if not any(span.holds(s.at) for span in spans)]
        if len(outside) < len(kept):
            told.append(f"left out during {word}: {counted(len(kept) - len(outside), 'result')}")
        kept = outside
    return kept, told


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
    order = -1 if rule.when == "before first dose" or rule.after_event else 1
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
    together = all_hold(holds)
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
    found = course.stretches_of(rule.after_event)
    if not found:
        return Verdict(None, why=(f"no event {rule.after_event} is known",))
    late = by[-1].at.later_by(found[0].start, float(rule.after_hours))
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
