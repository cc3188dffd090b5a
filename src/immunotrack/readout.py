"""The read-out of one course: every number an immunologist takes from it, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Literal

from immunotrack.courses import Course, Point, Sample
from immunotrack.intervals import UNKNOWN, Interval, highest, lowest, mean, slope
from immunotrack.problems import counted
from immunotrack.recovery import Turn, days_in_range, recovery, start_side

Baseline = Literal["last", "mean"]

NO_DOSE: Final = "no dose is known"


@dataclass(slots=True)
class ReadOut:
    """What was found.

    Args:
        values: Numbers and words by their column; what is not there could not be computed.
        places: The moments, by the name of the value that they belong to.
        why: What could not be computed, and the reason.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Point] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    def say(self, name: str, reason: str) -> None:
        """Tell why something is not there, or how it is to be read."""
        self.why.append(f"{name}: {reason}")

    def put(self, name: str, found: Interval) -> None:
        """A value with its comparator."""
        comparator, value = found.result
        self.values |= {name: value, f"{name}_comparator": comparator}

    def put_exact(self, name: str, found: Interval | None, reason: str) -> None:
        """A number, or between which numbers it lies, or the reason why there is none."""
        if found is None:
            self.say(name, reason)
        elif found.exact is None:
            self.say(name, f"{found}, as a value is censored")
        else:
            self.values[name] = found.exact


def read_out(course: Course, baseline: Baseline, until_day: float | None) -> ReadOut:
    """Everything that is read off a course."""
    kept, outside = _within(course, until_day)
    found = ReadOut(_counts(course, kept) | {"n_outside_window": outside})
    if until_day is not None and course.clock is None:
        found.say("until_day", "not applied, as the clock has no day 0 here")
    _tell_left_out(found, course)
    if len(kept.units) > 1:
        found.say("all values", f"{' and '.join(kept.units)} do not convert into each other")
        return found
    base = _baseline(found, kept, baseline)
    _extremes(found, kept, base)
    path = [*kept.before_dose()[-1:], *kept.after_dose()]
    _range(found, path)
    _recovery(found, kept, path)
    _area(found, path, base)
    _slope(found, kept)
    return found


def _within(course: Course, until_day: float | None) -> tuple[Course, int]:
    """The course up to a day of its clock, and how many samples are later."""
    if until_day is None or course.clock is None:
        return course, 0
    days = [course.clock.window_day(s.at.time, s.at.counted) for s in course.samples]
    kept = tuple(
        sample
        for sample, day in zip(course.samples, days, strict=True)
        if day is None or day <= until_day
    )
    return replace(course, samples=kept), len(course.samples) - len(kept)


def _counts(course: Course, kept: Course) -> dict[str, Any]:
    return {
        "unit": "; ".join(kept.units),
        "origin": course.origin,
        "doses": len(course.doses) + course.unplaced,
        "n_results": len(course.rows),
        "n_censored": sum(sample.censored for sample in kept.samples),
        "n_without_number": course.wordless,
        "n_without_day": course.undated,
    }


def _tell_left_out(found: ReadOut, course: Course) -> None:
    if course.undated:
        found.say("day", f"{counted(course.undated, 'result')} without one")
    if course.unplaced:
        found.say("doses", f"{course.unplaced} without a place among the results")
    if course.spans:
        found.say("doses", f"{counted(course.spans, 'span')} of repeated doses, each counted as 1")
    if course.first_dose is not None:
        found.places["first_dose"] = course.first_dose


# --- baseline and what is measured against it


def _baseline(found: ReadOut, course: Course, how: Baseline) -> Interval | None:
    """The value before the first dose."""
    first, before = course.first_dose, course.before_dose()
    if first is None or not before:
        reason = NO_DOSE if first is None else "no result before the first dose"
        found.say("baseline", reason)
        return None
    used = before if how == "mean" else before[-1:]
    base = mean([sample.values for sample in used])
    found.put("baseline", base)
    found.values |= {"baseline_n": len(used), "baseline_flag": before[-1].row["flag"]}
    found.places["baseline"] = before[-1].at
    if before[-1].at.unordered(first):
        found.say("baseline", "of the day of the first dose, taken as before it")
    return base


def _extremes(found: ReadOut, course: Course, base: Interval | None) -> None:
    """Nadir, peak and last value, and the change to peak and last value."""
    after = course.after_dose()
    measured = after or (course.samples if course.first_dose is None else ())
    if measured:
        found.put("last", measured[-1].values)
        found.places["last"] = measured[-1].at
    if not after:
        nothing = "no result after the first dose"
        found.say("nadir, peak", NO_DOSE if course.first_dose is None else nothing)
        return
    _nadir(found, after)
    peak, at = _peak(found, after)
    if at is not None:
        found.places["peak"] = at
        found.values["doses_before_peak"] = course.doses_before(at)
    if base is None:
        found.say("change, fold, percent", "no baseline")
        return
    for name, value in (("peak", peak), ("last", after[-1].values)):
        _change(found, name, value, base)


def _nadir(found: ReadOut, after: Sequence[Sample]) -> None:
    nadir = lowest([sample.values for sample in after])
    found.put("nadir", nadir)
    lower = [s for s in after if s.values.low <= nadir.high]
    _tell_open(found, "nadir", "lower", nadir, lower)
    at = _moment(after, lower, nadir)
    if at is not None:
        found.places["nadir"] = at


def _peak(found: ReadOut, after: Sequence[Sample]) -> tuple[Interval, Point | None]:
    peak = highest([sample.values for sample in after])
    found.put("peak", peak)
    higher = [s for s in after if s.values.high >= peak.low]
    _tell_open(found, "peak", "higher", peak, higher)
    return peak, _moment(after, higher, peak)


def _tell_open(
    found: ReadOut, name: str, way: str, value: Interval, candidates: Sequence[Sample]
) -> None:
    texts = list(dict.fromkeys(sample.text for sample in candidates if sample.censored))
    if value.exact is None and texts:
        found.say(name, f"censored value {' or '.join(texts)} may be {way}")


def _moment(
    samples: Sequence[Sample], candidates: Sequence[Sample], value: Interval
) -> Point | None:
    """When the highest or lowest was measured; the first of equals, none where it is open."""
    if value.exact is not None:
        return next(s.at for s in samples if s.values.exact == value.exact)
    return candidates[0].at if len(candidates) == 1 else None


def _change(found: ReadOut, name: str, value: Interval, base: Interval) -> None:
    """Absolute change, fold and percent of a value against the baseline."""
    if UNKNOWN in {value, base}:
        found.say(f"change, fold, percent of {name}", "not detected, and no limit is known")
        return
    zero = "the baseline is 0"
    found.put_exact(f"change_{name}", value.minus(base), "")
    found.put_exact(f"fold_{name}", value.over(base), zero)
    found.put_exact(f"percent_{name}", value.percent(base), zero)


# --- the reference range


def _range(found: ReadOut, path: Sequence[Sample]) -> None:
    """The limits that apply to the whole path."""
    names = ("low", "high", "range_source")
    limits = list(dict.fromkeys(tuple(s.row[name] for name in names) for s in path))
    if len(limits) == 1:
        found.values |= dict(zip(names, limits[0], strict=True))
    elif limits:
        found.say("low, high", "the range is not the same for all results")


def _recovery(found: ReadOut, course: Course, path: Sequence[Sample]) -> None:
    """When the reference range was reached, left again, and reached again; days in range."""
    first = course.first_dose
    if first is None or not path:
        found.say("recovery", NO_DOSE if first is None else "no result")
        return
    in_range = days_in_range(path, first)
    if in_range is not None:
        found.values |= dict(
            zip(("days_in_range_least", "days_in_range_most"), in_range, strict=True)
        )
    side, reason = start_side(path)
    if side is None:
        found.say("recovery", reason)
        return
    turns = recovery(path, side)
    if turns.recovered.by is not None:
        found.values["doses_before_recovery"] = course.doses_before(turns.recovered.by)
    _put_turn(found, "recovered", turns.recovered, "recovery")
    if turns.relapsed is not None and turns.relapsed.by is not None:
        _put_turn(found, "relapsed", turns.relapsed, "relapse")
    if turns.again is not None:
        _put_turn(found, "recovered_again", turns.again, "recovery after relapse")


def _put_turn(found: ReadOut, name: str, turn: Turn, told: str) -> None:
    found.places[f"{name}_after"] = turn.after
    if turn.by is None:
        found.say(told, "not seen")
    else:
        found.places[f"{name}_by"] = turn.by


# --- area and slope


def _numeric(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """Day and value of the samples with a number."""
    return [(s.at.day, s.values.exact) for s in samples if s.values.exact is not None]


def _area(found: ReadOut, path: Sequence[Sample], base: Interval | None) -> None:
    """The area above the baseline."""
    if base is None:
        return
    points = _numeric(path)
    if base.exact is None or len(points) < 2:
        reason = "the baseline is censored" if base.exact is None else "fewer than 2 numbers"
        found.say("area", reason)
        return
    heights = [(day, value - base.exact) for day, value in points]
    area = sum(_area_above_zero(one, other) for one, other in pairwise(heights))
    found.values |= {"area_above_baseline": area, "area_n": len(points)}


def _area_above_zero(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The part of a trapezoid that lies above zero; the line between its corners is straight."""
    (start, left), (end, right) = one, other
    days, top = end - start, max(left, right)
    if top <= 0:
        return 0.0
    if min(left, right) >= 0:
        return days * (left + right) / 2
    return days * top * top / (abs(left) + abs(right)) / 2


def _slope(found: ReadOut, course: Course) -> None:
    """The slope of the straight line through the values after the first dose."""
    if course.first_dose is None:
        return
    per_day, n = slope_per_day(course.after_dose())
    if per_day is None:
        found.say("slope", "fewer than 2 days with a number after the first dose")
    else:
        found.values |= {"slope_per_day": per_day, "slope_n": n}


def slope_per_day(samples: Sequence[Sample]) -> tuple[float | None, int]:
    """The least-squares slope over the samples with a number, and how many they are."""
    points = [(s.at.day, s.values) for s in samples if s.values.exact is not None]
    found = slope(points)
    return None if found is None else found.exact, len(points)
