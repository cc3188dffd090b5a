"""Whether results, doses, birth and death of a patient can be true together."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from narwhals.typing import IntoDataFrame

from immunotrack.analytes import find_analyte
from immunotrack.clocks import Clock, day_of_death
from immunotrack.flags import NOISE
from immunotrack.problems import Problem, Severity, ordered
from immunotrack.series import (
    Member,
    Row,
    in_order,
    on_one_scale,
    series_of,
    shown_result,
)
from immunotrack.table import conform, conform_events, plain_rows
from immunotrack.values import Bound, bounds

TOLERANCE: Final = 0.10
"""How far, of the whole, a sum or a product may lie from the count it should give."""

JUMP: Final = 1000
"""A factor between two consecutive results that a wrong unit explains better than the patient."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock
_DATE: Final = Clock("date", anchor=_EPOCH)
_DAY: Final = Clock("day")

_NAMES: Final = {"cd3": "CD3", "cd4": "CD4", "cd8": "CD8", "cd19": "CD19", "nk": "NK"}


def plausibility(
    frame: IntoDataFrame, events: IntoDataFrame | None = None, tolerance: float = TOLERANCE
) -> list[Problem]:
    """Every contradiction between results, doses, birth and death, as warnings.

    Within a sample (same patient, same time): CD4 + CD8 above CD3; CD3 + CD19 + NK, and CD4 % of
    the lymphocytes, further than the tolerance from the count. Along a series: a factor of 1000, a
    change of unit. Results and doses after death, doses before birth. A censored value is told
    only where everything it allows is wrong.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`).
        events: An events table; its days and those of the results count from one anchor.
        tolerance: A part of the count, 0.10 for 10 %.

    Raises:
        ValueError: The tolerance is not from 0 to below 1.
    """
    if not 0 <= tolerance < 1:
        raise ValueError("tolerance must be from 0 to below 1")
    rows = plain_rows(conform(frame))
    happened = [] if events is None else plain_rows(conform_events(events))
    found = [problem for sample in _samples(rows) for problem in _of_sample(sample, tolerance)]
    for members in series_of(rows).values():
        found += _jumps(members)
        found += _unit_changes([row for _, row in members])
    return ordered([*found, *_out_of_life(rows, happened)])


def beyond(found: Iterable[Problem], said: Iterable[Problem]) -> list[Problem]:
    """The problems found here that nobody has said yet, of the same code and lines."""
    known = {place for problem in said for place in _places(problem)}
    return [problem for problem in found if not known.issuperset(_places(problem))]


def _places(problem: Problem) -> set[tuple[str, str, int | None]]:
    lines = problem.lines or (problem.line,)
    return {(problem.code, problem.source, line) for line in lines}


def _warning(code: str, row: Row, message: str, fix: str, value: str) -> Problem:
    return Problem(
        code=code,
        severity=Severity.WARNING,
        source=row["source"] or "table",
        line=row["line"] or None,
        value=value,
        message=message,
        fix=fix,
    )


Sample = Mapping[str, Row]
"""The results of one sample that have one value each, by analyte; `cd4 %` is the percentage."""


def _samples(rows: Sequence[Row]) -> Iterator[Sample]:
    """The samples: what one patient has at one time, or on one day where there is no time."""
    samples: dict[tuple[object, ...], dict[str, list[Row]]] = {}
    for row in rows:
        when = (row["time"],) if row["time"] is not None else (row["day"], row["clock"])
        if when[0] is not None and (row["value"] is not None or row["comparator"]):
            sample = samples.setdefault((row["patient_id"], *when), {})
            sample.setdefault(_measurand(row), []).append(row)
    for sample in samples.values():
        yield {name: given[0] for name, given in sample.items() if _is_one(given)}


def _is_one(rows: Sequence[Row]) -> bool:
    return len({(row["comparator"], row["value"], row["unit"]) for row in rows}) == 1


_PERCENT: Final = re.compile(
    r"%|\b(?:percent(?:age)?|pct)\b|/100 ?(?:cells|lymphocytes|lymphs?)\b|\bof lymphocytes\b",
    re.IGNORECASE,
)


def _measurand(row: Row) -> str:
    """What a row measures: its analyte, or `cd4 %` whether its name or its unit says so."""
    name, unit = row["analyte"], row["unit"]
    if name == "cd4" and unit == "%":
        return "cd4 %"
    bare = find_analyte(_PERCENT.sub("", name)) if _PERCENT.search(name) else None
    named = bare is not None and bare.key == "cd4" and unit in {"", "%"}
    return "cd4 %" if named else name


class _Sum(NamedTuple):
    """Counts that together are another count, or part of it."""

    code: str
    parts: tuple[str, ...]
    whole: str
    exhaustive: bool


_SUMS: Final = (
    _Sum("subset-sum", ("cd4", "cd8"), "cd3", exhaustive=False),
    _Sum("lymphosum", ("cd3", "cd19", "nk"), "lymphocytes", exhaustive=True),
)


def _of_sample(sample: Sample, tolerance: float) -> Iterator[Problem]:
    """The contradictions within one sample."""
    for rule in _SUMS:
        counted = {name: row for name, row in sample.items() if row["unit_std"]}
        parts = {name: counted[name] for name in rule.parts if name in counted}
        if parts and rule.whole in counted:
            yield from _of_sum(rule, parts, counted[rule.whole], tolerance)
    if sample.keys() >= {"cd4 %", "cd4", "lymphocytes"}:
        yield from _of_percentage(sample, tolerance)


def _of_sum(rule: _Sum, parts: Sample, whole: Row, tolerance: float) -> Iterator[Problem]:
    """Parts that are more than their whole, or all of them less where they make it up."""
    tolerance = tolerance if rule.exhaustive else 0.0
    spans = [bounds(row["comparator"], row["value_std"]) for row in parts.values()]
    low, high = (_total(span[side] for span in spans) for side in (0, 1))
    side = _side(low, high, bounds(whole["comparator"], whole["value_std"]), tolerance)
    complete = rule.exhaustive and len(parts) == len(rule.parts)
    if side == "above" or (side and complete):
        left = " + ".join(f"{_NAMES[name]} {shown_result(row)}" for name, row in parts.items())
        if len(parts) > 1:
            left = f"{left} = {_said(low, high)} {whole['unit_std']}"
        told = f"{_NAMES.get(rule.whole, rule.whole)} {shown_result(whole)}"
        yield _apart(rule.code, left, side, told, whole, tolerance)


def _of_percentage(sample: Sample, tolerance: float) -> Iterator[Problem]:
    """CD4 % of the lymphocytes against the CD4 count."""
    share, whole, count = (sample[name] for name in ("cd4 %", "lymphocytes", "cd4"))
    if not whole["unit_std"] or not count["unit_std"]:
        return
    parts = bounds(share["comparator"], share["value"])
    cells = bounds(whole["comparator"], whole["value_std"])
    low, high = (_share(part, all_) for part, all_ in zip(parts, cells, strict=True))
    span = bounds(count["comparator"], count["value_std"])
    if side := _side(low, high, span, tolerance):
        percent = shown_result({**share, "unit": "%"})
        left = (
            f"CD4 {percent} of lymphocytes {shown_result(whole)} = "
            f"{_said(low, high)} {count['unit_std']}"
        )
        told = f"CD4 {shown_result(count)}"
        yield _apart("percent-count", left, side, told, count, tolerance)


def _apart(code: str, left: str, side: str, right: str, row: Row, tolerance: float) -> Problem:
    """The problem of a sum or product that is above or below the count it should give."""
    more = f"more than {100 * tolerance:g} % {side}" if tolerance else side
    message, fix = f"{left}, {more} {right}", "Check the results of this sample and their units."
    return _warning(code, row, message, fix, row["reported"] or shown_result(row))


def _total(ends: Iterable[Bound]) -> Bound:
    given = list(ends)
    return Bound(math.fsum(end.value for end in given), next((e.open for e in given if e.open), 0))


def _share(part: Bound, whole: Bound) -> Bound:
    """A percentage of a count; of one without an upper end there is none, not even of 0 %."""
    product = math.inf if math.inf in {part.value, whole.value} else part.value * whole.value / 100
    return Bound(product, part.open or whole.open)


def _side(low: Bound, high: Bound, whole: tuple[Bound, Bound], tolerance: float) -> str:
    """Whether everything allowed lies above, or below, the whole and its tolerance."""
    least, most = whole
    if _exceeds(low, Bound(most.value * (1 + tolerance), most.open)):
        return "above"
    return "below" if _exceeds(Bound(least.value * (1 - tolerance), least.open), high) else ""


def _exceeds(low: Bound, high: Bound) -> bool:
    """Whether a lower end is beyond an upper end by more than rounding noise."""
    noise = NOISE * abs(high.value) if math.isfinite(high.value) else 0.0
    level = math.isclose(low.value, high.value, rel_tol=NOISE)
    return low.value > high.value + noise or (level and bool(low.open or high.open))


def _said(low: Bound, high: Bound) -> str:
    """An interval in words."""
    if low.value == high.value:
        return f"{low.value:.6g}"
    if math.isinf(high.value):
        return f"at least {low.value:.6g}"
    return f"{low.value:.6g} to {high.value:.6g}"


def _jumps(members: Sequence[Member]) -> Iterator[Problem]:
    """The results that are a thousandfold of the one before them, or of which it is one."""
    for before, now in pairwise(in_order(members).moments):
        if len(before) == len(now) == 1:
            previous, row = before[0][1], now[0][1]
            factor = _factor(previous, row)
            if factor is not None:
                message = (
                    f"{shown_result(row)} after {shown_result(previous)}: a factor of {factor:.4g}"
                )
                fix = "Check the units of both."
                yield _warning("jump", row, message, fix, row["reported"] or shown_result(row))


def _factor(previous: Row, row: Row) -> float | None:
    """The least factor between two results, where it is as large as a jump."""
    ends = on_one_scale(previous, row)
    if ends is None:
        return None
    (first_low, first_high), (low, high) = ([end.value for end in pair] for pair in ends)
    ratios = [
        above / below
        for above, below in ((low, first_high), (first_low, high))
        if above > 0 and 0 < below < math.inf
    ]
    factor = max(ratios, default=0.0)
    return factor if factor >= JUMP * (1 - NOISE) else None


def _unit_changes(rows: Sequence[Row]) -> Iterator[Problem]:
    """Each further unit of a series, with all its rows of one file."""
    measured = [row for row in rows if row["value"] is not None and row["unit"]]
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in measured:
        if row["unit"] != measured[0]["unit"]:
            alike.setdefault((row["unit"], row["source"]), []).append(row)
    for (unit, source), same in alike.items():
        lines = tuple(row["line"] for row in same if row["line"])
        yield Problem(
            code="unit-changes",
            severity=Severity.WARNING,
            source=source or "table",
            line=lines[0] if lines else None,
            value=unit,
            message=f"{same[0]['analyte']} in {unit}, and in {measured[0]['unit']} before it",
            fix="Check that the units are right.",
            rows=len(same),
            lines=lines if len(lines) > 1 else (),
        )


class _Life(NamedTuple):
    """What is known of a patient's birth and death; of several deaths the last."""

    birth: datetime | None
    death_date: float | None
    death_day: float | None


def _out_of_life(rows: Sequence[Row], events: Sequence[Row]) -> Iterator[Problem]:
    """Results and doses after death, and doses before birth."""
    births = {row["patient_id"]: row["birth_date"] for row in rows if row["birth_date"] is not None}
    dead: dict[str, list[Row]] = {}
    for event in events:
        dead.setdefault(event["patient_id"], []).append(event)
    lives = {
        patient: _Life(births.get(patient), _death(own, _DATE), _death(own, _DAY))
        for patient, own in dead.items()
    }
    for row in rows:
        life = lives.get(row["patient_id"])
        if life is not None and (late := _after(row["time"], row["day"], life)):
            value = row["reported"] or shown_result(row)
            yield _warning("after-death", row, f"a result {late}", _FIX, value)
    for event in events:
        if event["kind"] in {"dose", "drug"}:
            yield from _of_dose(event, lives[event["patient_id"]])


_FIX: Final = "Correct one of the two dates."


def _of_dose(event: Row, life: _Life) -> Iterator[Problem]:
    start = event["start_time"]
    if late := _after(start, event["start_day"], life):
        yield _warning("after-death", event, f"a dose {late}", _FIX, event["name"])
    if start is not None and life.birth is not None and start.date() < life.birth.date():
        message = f"a dose on {start:%Y-%m-%d}, before the birth on {life.birth:%Y-%m-%d}"
        yield _warning("dose-before-birth", event, message, _FIX, event["name"])


def _death(events: Sequence[Row], clock: Clock) -> float | None:
    days = (day_of_death([event], clock) for event in events)
    return max((day for day in days if day is not None), default=None)


def _after(time: datetime | None, day: float | None, life: _Life) -> str:
    """When something is and when death was, where it is certainly later; else empty."""
    date = _DATE.day(time, None)
    if date is not None and life.death_date is not None:
        later, death = _surely_later(date, life.death_date), life.death_date
        return f"on {_calendar(date)}, after the death on {_calendar(death)}" if later else ""
    if day is not None and life.death_day is not None and _surely_later(day, life.death_day):
        return f"on day {day:g}, after the death on day {life.death_day:g}"
    return ""


def _surely_later(at: float, end: float) -> bool:
    """Whether a moment is later; on one day only where both have a time of day."""
    timed = not at.is_integer() and not end.is_integer()
    return math.floor(at) > math.floor(end) or (timed and at > end)


def _calendar(days: float) -> str:
    """A date, with its time of day where it has one."""
    moment = _EPOCH + timedelta(seconds=round(days * 86400))
    return f"{moment:%Y-%m-%d}" if days.is_integer() else f"{moment:%Y-%m-%d %H:%M}"
