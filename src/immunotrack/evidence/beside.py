"""Pooled differences beside one patient's change: context, and no measure of the patient."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.anchors import event_rows
from immunotrack.courses import Course, Sample, courses
from immunotrack.evidence.printed import EffectSet, PrintedEffect, builtin_effects
from immunotrack.intervals import UNKNOWN
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of

MEANING: Final = "difference between groups; not a percentile, not a probability"
"""Said in every row that holds a pooled value beside a patient."""

SCHEMA: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "unit": TEXT,
    "origin": TEXT,
    "clock": TEXT,
    "baseline": NUMBER,
    "baseline_comparator": TEXT,
    "baseline_day": NUMBER,
    "value": NUMBER,
    "comparator": TEXT,
    "value_day": NUMBER,
    "change": NUMBER,
    "timepoint": TEXT,
    "pooled_as": TEXT,
    "from_day": WHOLE,
    "to_day": WHOLE,
    "population": TEXT,
    "pooled_difference": NUMBER,
    "pooled_low": NUMBER,
    "pooled_high": NUMBER,
    "level_percent": WHOLE,
    "pooled_unit_basis": TEXT,
    "meaning": TEXT,
    "why": TEXT,
    "source": TEXT,
}
"""One row a patient, analyte and pooled effect.

baseline: The last value before the first dose. value: The result nearest to the trial's day, the
earlier of two, within `from_day` to `to_day` after the first dose. change: The value less the
baseline, where no censored value leaves it open. pooled_difference, pooled_low, pooled_high:
Treated less control, with its interval, in the unit of the patient; `pooled_unit_basis` is
`assumed` where the source prints no unit. why: What could not be computed.
"""


def beside(
    frame: IntoDataFrameT, events: IntoDataFrame | None = None, source: EffectSet | None = None
) -> IntoDataFrameT:
    """Each patient's change from baseline beside the pooled difference at the matching time.

    A pooled difference is one between the means of treated and of control patients: what patients
    gain without treatment is taken off it, and is in the change of one patient.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`), flagged or not.
        events: An events table; the doses of the treatment count.
        source: The pooled effects; by default those that come with immunotrack.

    Returns:
        A frame of the same kind (see `SCHEMA`).

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["CD8"] * 2, "value": [168.0, 595.0], "unit": ["/µL"] * 2,
    ...                       "day": [0.0, 15.0]})
    >>> doses = pd.DataFrame({"kind": ["dose"], "name": ["IL-7"], "start_day": [0.0]})
    >>> beside(table, doses)[["change", "pooled_difference", "pooled_unit_basis"]].values.tolist()
    [[427.0, 400.0, 'assumed']]
    """
    known = source or builtin_effects()
    happened = [
        event
        for event in event_rows(events)
        if event["kind"] != "dose" or known.is_treatment(event["name"])
    ]
    found = courses(frame, happened, clock="first-dose")
    rows = [row for course in found for row in _rows(course, known)]
    backend = nw.from_native(frame, eager_only=True).implementation
    table: Any = frame_of(rows, SCHEMA, backend).to_native()
    return table  # type: ignore[no-any-return]


def _rows(course: Course, source: EffectSet) -> Iterator[dict[str, Any]]:
    """A row for every pooled difference of the analyte that has a number and a day."""
    for effect in source.effects:
        is_own = source.outcome(effect).analyte == course.analyte != ""
        if is_own and effect.numbers is not None and effect.day is not None:
            yield _row(course, effect, effect.day, source)


def _row(course: Course, effect: PrintedEffect, day: int, source: EffectSet) -> dict[str, Any]:
    days = day - source.window_days, day + source.window_days
    base = course.before_dose()[-1:]
    near = _nearest(course, day, days)
    why = list(_missing(course, base, near, source, days))
    row = _own(course, base, near) | _pooled(effect, course, source, why)
    if base and near and not why:
        row["change"] = _change(base[0], near[0], why)
    empty = {name: "" if kind == TEXT else None for name, kind in SCHEMA.items()}
    window = {"from_day": days[0], "to_day": days[1], "why": "; ".join(why)}
    return empty | row | window


def _own(course: Course, base: Sequence[Sample], near: Sequence[Sample]) -> dict[str, Any]:
    """What the patient's results say."""
    row: dict[str, Any] = {
        "patient_id": course.patient,
        "analyte": course.analyte,
        "unit": "; ".join(course.units),
        "origin": course.origin,
        "clock": course.clock.name if course.clock else "",
    }
    for name, comparator, samples in (
        ("baseline", "baseline_comparator", base),
        ("value", "comparator", near),
    ):
        for sample in samples:
            row |= {name: sample.row["value"], comparator: sample.row["comparator"]}
            row[f"{name}_day"] = _day(course, sample)
    return row


def _pooled(
    effect: PrintedEffect, course: Course, source: EffectSet, why: list[str]
) -> dict[str, Any]:
    """What the trials say, in the unit of the patient."""
    unit = "; ".join(course.units)
    numbers = effect.in_unit(unit)
    if numbers is None:
        why.append(f"pooled difference: no conversion into {unit or 'a result without unit'}")
    estimate, low, high = (None, None, None) if numbers is None else map(float, numbers)
    return {
        "timepoint": effect.timepoint,
        "pooled_as": effect.pooled_as,
        "population": effect.population,
        "pooled_difference": estimate,
        "pooled_low": low,
        "pooled_high": high,
        "level_percent": source.level_percent,
        "pooled_unit_basis": "printed" if effect.unit else "assumed",
        "meaning": MEANING,
        "source": source.source,
    }


def _day(course: Course, sample: Sample) -> float | None:
    """The whole day of a sample after the first dose; None where no clock counts from there."""
    clock = course.clock
    return None if clock is None else clock.window_day(sample.at.time, sample.at.counted)


def _nearest(course: Course, day: int, days: tuple[int, int]) -> list[Sample]:
    """The sample after the first dose that is nearest to a day within a window, if there is one."""
    placed = [(_day(course, sample), sample) for sample in course.after_dose()]
    within = [(at, sample) for at, sample in placed if at is not None and days[0] <= at <= days[1]]
    nearest = min(within, key=lambda one: (abs(one[0] - day), one[0]), default=None)
    return [] if nearest is None else [nearest[1]]


def _missing(
    course: Course,
    base: Sequence[Sample],
    near: Sequence[Sample],
    source: EffectSet,
    days: tuple[int, int],
) -> Iterator[str]:
    """Why there is no change."""
    if course.first_dose is None:
        yield f"no dose of {source.treatment} is known"
        return
    if len(course.units) > 1:
        yield f"{' and '.join(course.units)} do not convert into each other"
    if not base:
        yield "no result before the first dose"
    if not near:
        yield f"no result from day {days[0]} to {days[1]}"


def _change(base: Sample, near: Sample, why: list[str]) -> float | None:
    """The value less the baseline, where both are numbers."""
    if UNKNOWN in {base.values, near.values}:
        why.append("change: not detected, and no limit is known")
        return None
    change = near.values.minus(base.values)
    if change.exact is None:
        why.append(f"change: {change}, as a value is censored")
    return change.exact


def beside_notes(
    rows: Sequence[Mapping[str, Any]], source: EffectSet | None = None
) -> Iterator[str]:
    """What the pooled differences of some rows are and are not, and what is assumed of them."""
    known = source or builtin_effects()
    if not rows:
        return
    yield (
        f"Pooled differences with {known.level_percent} % intervals, {known.treatment} less "
        f"{known.control}: {MEANING}. A patient's change has the course without treatment in it."
    )
    if any(row["pooled_unit_basis"] == "assumed" for row in rows):
        yield f"Their unit is assumed: {known.assumed_unit_reason}."
    yield (
        "Their time is assumed to count from the first dose, as the patient's days beside them "
        f"do, which may be {known.window_days} days off."
    )
    pooled_as = {(row["population"], row["timepoint"]): row["pooled_as"] for row in rows}
    for (population, timepoint), other in pooled_as.items():
        if other:
            yield f"{population}: {timepoint} were pooled as {other}."
    yield f"Source: {known.source}."
