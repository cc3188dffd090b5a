"""Severity grades of low and high counts, by a published scale.

The scales are CTCAE version 5.0 (U.S. National Cancer Institute, 2017) and the DAIDS table,
corrected version 2.1 (U.S. National Institute of Allergy and Infectious Diseases, 2017); see
`scales`. Their limits are moved into the unit of the result, never the result into theirs; two
numbers closer than `flags.NOISE` are one. Grade 0 means that no grade of
the scale applies, for certain: under CTCAE a count that is not below the lower limit nor beyond a
fixed limit. Which scale fits a patient is the user's choice.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final, NamedTuple

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.flags import NOISE, flag
from immunotrack.ranges import RangeSet
from immunotrack.scales import WITHIN, Band, GradeScale, GradeTerm, Mark, choose_grade_scale
from immunotrack.table import (
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    conform_events,
    frame_of,
    lookup,
    plain_rows,
)
from immunotrack.times import age_in_years
from immunotrack.values import Bound, bounds

Row = Mapping[str, Any]
_NONE: Final = -math.inf
"""Stands for a missing number in a key, as a null key has no answer."""


class Grading(NamedTuple):
    """What a scale says of one result, as the columns that `grade` adds.

    Args:
        allows: Every grade that the result leaves open: `low 3, low 2`.
        note: Why there is no grade, or what is odd about it.
    """

    scale: str = ""
    grade: int | None = None
    term: str = ""
    direction: str = ""
    allows: str = ""
    note: str = ""


GRADING: Final[dict[str, Any]] = {
    "grade_scale": TEXT,
    "grade": NUMBER,
    "grade_term": TEXT,
    "grade_direction": TEXT,
    "grade_allows": TEXT,
    "grade_note": TEXT,
}
"""The columns that `grade` adds; `grade` ends as a whole number."""


def grade(
    frame: IntoDataFrameT, scale: str = "ctcae-v5", ranges: Sequence[str | RangeSet] | str = ()
) -> IntoDataFrameT:
    """The flagged table with the grade of each result, where it has one for certain.

    A result has at most one direction. `grade` is null, and `grade_note` says why, where a censored
    result allows several grades, where only the lower limit of a range would tell and there is
    none, and where a term is for an age that is not known. An analyte that the scale does not grade
    has an empty `grade_scale`.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`) of any eager frame.
        scale: `ctcae-v5` or `daids-v2.1`; nobody checks that it fits the patient, but for the age.
        ranges: As for `immunotrack.flag`: where the lower limit comes from.

    Raises:
        InvalidInput: The scale or a range set is unknown, or a row is impossible.

    >>> import polars as pl
    >>> table = pl.DataFrame({"analyte": ["ALC"] * 2, "value": [0.7, 0.9], "unit": ["G/L"] * 2})
    >>> grade(table, ranges="none").select("grade", "grade_note").rows()
    [(2, ''), (None, 'no lower limit')]
    """
    chosen = choose_grade_scale(scale)
    given = nw.from_native(flag(frame, ranges), eager_only=True)
    keyed = _keyed(given.drop(*GRADING, strict=False), chosen)
    found = lookup(keyed, _KEYS, GRADING, partial(_grading, chosen))
    return _whole(found.drop(*_MADE), nw.maybe_get_index(given))  # type: ignore[no-any-return]


_MADE: Final = ("grade_value", "grade_lln", "grade_age")
_KEYS: Final = ("analyte", "unit", "comparator", *_MADE)


def _keyed(table: nw.DataFrame[Any], scale: GradeScale) -> nw.DataFrame[Any]:
    """The table with what a grade depends on, without nulls."""
    ages = {"grade_birth": NUMBER}
    asked = any(term.over_age_years is not None for term in scale.terms)
    table = lookup(table, ["birth_date", "time"], ages, lambda *at: (_age(*at),))
    age = nw.coalesce("grade_birth", "age_years").fill_null(_NONE)
    return table.with_columns(
        grade_value=nw.col("value").fill_null(_NONE),
        grade_lln=nw.col("low").fill_null(_NONE),
        grade_age=age if asked else nw.lit(_NONE),
    ).drop("grade_birth")


def _age(birth: datetime | None, at: datetime | None) -> float | None:
    """Completed years, and a half more but for the birthday itself; None without both dates."""
    if birth is None or at is None or birth != birth or at != at:  # noqa: PLR0124 - pandas' NaT
        return None
    birthday = (birth.month, birth.day) == (at.month, at.day)
    return age_in_years(birth, at) + (0.0 if birthday else 0.5)


def _whole(table: nw.DataFrame[Any], index: Any | None = None) -> Any:  # noqa: ANN401 - any frame
    """The native frame with grades as whole numbers that may be missing."""
    if not table.implementation.is_pandas():
        return table.with_columns(nw.col("grade").cast(WHOLE)).to_native()
    native = table.to_native().astype({"grade": "Int64"})
    return native if index is None else native.set_axis(index, axis=0)


def _grading(
    scale: GradeScale, analyte: str, unit: str, comparator: str, *numbers: float
) -> Grading:
    """What a scale says of one result.

    Args:
        numbers: Value, lower limit and age; `_NONE` where missing.
    """
    value, lln, age = (None if number == _NONE else number for number in numbers)
    terms = scale.terms_of(analyte)
    if not terms:
        return Grading(note="not an analyte of the scale")
    if value is None and not comparator:
        return Grading(scale.name, note="no number")
    over = _over(terms)
    if young := _too_young(age, over):
        return Grading(scale.name, note=young)
    bands = scale.bands(analyte, unit, lln)
    unknown = _unknown_age(age, over) if bands else _unknown_unit(unit)
    if unknown:
        every = [WITHIN, *(Mark(term.direction, s.grade) for term in terms for s in term.steps)]
        return Grading(scale.name, allows=_listed(every), note=unknown)
    return _compared(scale, analyte, bands, (comparator, value, lln))


def grade_bands(scale: GradeScale, row: Row) -> tuple[list[Band], str]:
    """The values of each grade beside a result of a flagged table, or why none is known."""
    terms = scale.terms_of(row["analyte"])
    if not terms:
        return [], "not an analyte of the scale"
    born = _age(row["birth_date"], row["time"])
    age, over = row["age_years"] if born is None else born, _over(terms)
    bands = scale.bands(row["analyte"], row["unit"], row["low"])
    unknown = _unknown_age(age, over) if bands else _unknown_unit(row["unit"])
    why = _too_young(age, over) or unknown
    return ([], why) if why else (bands, "")


def _over(terms: Sequence[GradeTerm]) -> Decimal | int:
    """The age that a person is older than, for the terms to apply."""
    return max(term.over_age_years or 0 for term in terms)


def _too_young(age: float | None, over: Decimal | int) -> str:
    return "" if age is None or age >= over else f"the scale is for over {over} years"


def _unknown_unit(unit: str) -> str:
    return f"no conversion from {unit}" if unit else "no unit"


def _unknown_age(age: float | None, over: Decimal | int) -> str:
    if over and age is None:
        return "no age"
    return f"not known to be over {over} years" if over and age == over else ""


def _compared(
    scale: GradeScale,
    analyte: str,
    bands: Sequence[Band],
    result: tuple[str, float | None, float | None],
) -> Grading:
    """The grade of all that a result allows, if that is one."""
    comparator, value, lln = result
    lower, upper = bounds(comparator, None if value is None else _settled(value, bands))
    met = [band for band in bands if band.meets(lower, upper)]
    marks = list(dict.fromkeys(mark for band in met for mark in band.marks))
    if len(marks) != 1:
        why = "no lower limit" if len(met) == 1 else _open(marks, comparator)
        return Grading(scale.name, allows=_listed(marks), note=why)
    direction, found = marks[0]
    over_limit = scale.uses_limit and lln is not None and lower >= Bound(lln)
    note = "not below the lower limit" if direction == "low" and over_limit else ""
    term = scale.term_name(analyte, direction)
    return Grading(scale.name, found, term, direction, _listed(marks), note)


def _settled(value: float, bands: Sequence[Band]) -> float:
    """The value, or the limit that it differs from by rounding noise only."""
    limits = (end.value for band in bands for end in band[:2] if math.isfinite(end.value))
    return next((limit for limit in limits if abs(value - limit) <= abs(limit) * NOISE), value)


def _open(marks: Sequence[Mark], comparator: str) -> str:
    """Why a result has several grades, or none."""
    if not marks:
        return "allows no value"
    if comparator:
        return f"censored: {_said(mark.grade for mark in marks)}"
    return f"{' and '.join(map(str, marks))} both apply"


def _said(grades: Iterable[int]) -> str:
    """Grades in words.

    >>> _said([3, 2]), _said([0, 1, 2, 2])
    ('grade 2 or 3', 'grade 0, 1 or 2')
    """
    *first, last = map(str, sorted(set(grades)))
    return f"grade {', '.join(first)} or {last}" if first else f"grade {last}"


def _listed(marks: Iterable[Mark]) -> str:
    """Marks as `grade_allows` has them, from the lowest values to the highest."""
    ranked = sorted(marks, key=lambda mark: mark.towards("high") - mark.towards("low"))
    return ", ".join(map(str, ranked))


@cache
def _marks(listed: str) -> tuple[Mark, ...]:
    """The marks of `grade_allows`."""
    parted = (mark.rpartition(" ") for mark in listed.split(", ") if mark)
    return tuple(Mark(direction, int(grade)) for direction, _, grade in parted)


WORST: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "grade_scale": TEXT,
    "grade": NUMBER,
    "grade_term": TEXT,
    "grade_direction": TEXT,
    "time": TIME,
    "day": NUMBER,
    "clock": TEXT,
    "n_graded": WHOLE,
    "n_not_graded": WHOLE,
    "grade_note": TEXT,
    "origin": TEXT,
}
"""The columns of `worst_grades`; `time` and `day` are those of the first result of the grade."""


def worst_grades(frame: IntoDataFrameT) -> IntoDataFrameT:
    """The worst grade of each patient and analyte, in either direction, and when it came first.

    It is null where a result that leaves its grade open may be worse than every other; `grade_note`
    then says which grades are left.

    Args:
        frame: A table that `grade` has graded.

    Raises:
        ValueError: It is not graded.
    """
    table, rows = _graded(frame)
    series = _grouped(rows, lambda row: (row["patient_id"], row["analyte"], row["grade_scale"]))
    worst = [
        _worst(found) | dict(zip(("patient_id", "analyte", "grade_scale"), key, strict=True))
        for key, found in series.items()
    ]
    return _whole(frame_of(worst, WORST, table.implementation))  # type: ignore[no-any-return]


def _graded(frame: IntoDataFrame) -> tuple[nw.DataFrame[Any], list[dict[str, Any]]]:
    """A graded table, and its rows that the scale is about."""
    table = nw.from_native(frame, eager_only=True)
    missing = [name for name in GRADING if name not in table.columns]
    if missing:
        raise ValueError(f"the table has no column {missing[0]}: grade it first")
    return table, plain_rows(table.filter(nw.col("grade_scale") != ""))


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _worst(rows: Sequence[Row]) -> dict[str, Any]:
    """What is known of the worst grade of a series."""
    graded = [row for row in rows if row["grade"] is not None]
    facts = dict.fromkeys(WORST) | dict.fromkeys(("grade_term", "grade_direction"), "")
    facts |= {"n_graded": len(graded), "n_not_graded": len(rows) - len(graded)}
    facts |= {
        name: "; ".join(sorted({row[name] for row in rows if row[name]}))
        for name in ("clock", "origin")
    }
    left = _worst_left([_marks(row["grade_allows"]) for row in rows], lambda mark: mark.grade)
    if len(left) != 1:
        why = f"undetermined: {_said(left)}" if left else rows[0]["grade_note"]
        return facts | {"grade_note": why}
    worst = sorted((row for row in graded if row["grade"] == left[0]), key=_moment)
    shown = ("grade", "grade_term", "grade_direction", "time", "day")
    return (
        facts | {name: worst[0][name] for name in shown} | {"grade_note": _also(graded, worst[0])}
    )


def _worst_left(allowed: Iterable[Sequence[Mark]], of: Callable[[Mark], int]) -> list[int]:
    """Which grades the worst of several results may be, by what each of them allows."""
    grades = [{of(mark) for mark in marks} for marks in allowed if marks]
    least = max((min(found) for found in grades), default=0)
    return sorted({grade for found in grades for grade in found if grade >= least})


def _moment(row: Row) -> tuple[Any, ...]:
    """Where a result stands in time; one without a time or day comes after those with one."""
    time, day = row["time"], row["day"]
    return time is None, time or 0, day is None, day or 0


def _also(graded: Sequence[Row], worst: Row) -> str:
    """The worst grade of the other direction, which must not go unsaid."""
    others = [row for row in graded if row["grade_direction"] not in {"", worst["grade_direction"]}]
    if not worst["grade_direction"] or not others:
        return ""
    other = max(others, key=lambda row: row["grade"])
    return f"also {other['grade_term']}: grade {other['grade']}"


SHIFT: Final[dict[str, Any]] = {
    "analyte": TEXT,
    "grade_scale": TEXT,
    "grade_term": TEXT,
    "baseline": TEXT,
    **{f"worst_{grade}": WHOLE for grade in (0, 1, 2, 3, 4, "none")},
}
"""The columns of `grade_shift`: a row a baseline grade, a column a worst grade; `none`: unknown."""


class _Anchor(NamedTuple):
    """Where baseline ends, on the column `axis`.

    Args:
        closed: A result at the anchor itself is still before treatment.
    """

    axis: str
    at: Any
    closed: bool

    def is_before(self, row: Row) -> bool:
        position = row[self.axis]
        return bool(position < self.at or (self.closed and position == self.at))


def grade_shift(
    frame: IntoDataFrameT,
    *,
    baseline_day: float | None = None,
    events: IntoDataFrame | None = None,
) -> IntoDataFrameT:
    """How many patients went from which grade before treatment to which worst grade after.

    Counted for each term of the scale; a grade of the other direction is grade 0 here. The baseline
    is the last result before treatment that has a grade, the worst is that of all later results.
    Either is `none` where there is no such result, where results leave it open, and for a patient
    of whom one result, or the first dose, has no place in time.

    Args:
        frame: A table that `grade` has graded.
        baseline_day: Results up to this `day`, itself included, are before treatment.
        events: In place of a day: results earlier than the patient's first dose are before
            treatment, by time where all have one, by day otherwise. A dose without a time of day
            is given at midnight. A dose that names no patient is everybody's.

    Raises:
        ValueError: The table is not graded, or both or neither of day and events are given.
    """
    if (baseline_day is None) == (events is None):
        raise ValueError("give baseline_day or events, one of them")
    table, rows = _graded(frame)
    doses = (
        []
        if events is None
        else [event for event in plain_rows(conform_events(events)) if event["kind"] == "dose"]
    )
    series = _grouped(rows, lambda row: (row["analyte"], row["grade_scale"]))
    shifts = []
    for (analyte, scale), found in series.items():
        patients = _grouped(found, lambda row: row["patient_id"])
        numbered = {
            patient: [row for row in results if row["grade_allows"]]
            for patient, results in patients.items()
        }
        parted = [
            _parted(results, _anchor(baseline_day, results, _doses_of(doses, patient)))
            for patient, results in numbered.items()
        ]
        for term in choose_grade_scale(scale).terms_of(analyte):
            shifts += _term_shift(term, parted, {"analyte": analyte, "grade_scale": scale})
    return frame_of(shifts, SHIFT, table.implementation).to_native()  # type: ignore[no-any-return]


def _doses_of(doses: Sequence[Row], patient: str) -> list[Row]:
    return [dose for dose in doses if dose["patient_id"] in {patient, ""}]


def _anchor(day: float | None, rows: Sequence[Row], doses: Sequence[Row]) -> _Anchor | None:
    """The end of baseline of one patient, on an axis that holds all results and doses."""
    if day is not None:
        return _Anchor("day", day, closed=True) if _placed(rows, "day") else None
    for axis in ("time", "day"):
        if doses and _placed(rows, axis) and _placed(doses, f"start_{axis}"):
            return _Anchor(axis, min(dose[f"start_{axis}"] for dose in doses), closed=False)
    return None


def _placed(rows: Sequence[Row], column: str) -> bool:
    return all(row[column] is not None for row in rows)


class _Parted(NamedTuple):
    """What the results of one patient allow, before treatment and after it, in their order."""

    before: list[tuple[Mark, ...]]
    after: list[tuple[Mark, ...]]


def _parted(rows: Sequence[Row], anchor: _Anchor | None) -> _Parted:
    parted = _Parted([], [])
    if anchor is None:
        return parted
    for row in sorted(rows, key=lambda row: row[anchor.axis]):
        side = parted.before if anchor.is_before(row) else parted.after
        side.append(_marks(row["grade_allows"]))
    return parted


def _term_shift(
    term: GradeTerm, patients: Sequence[_Parted], about: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of one term: every baseline grade it has, and `none`."""
    counts = Counter(
        (_baseline(patient.before, term.direction), _only(patient.after, term.direction))
        for patient in patients
    )
    worsts = [name.removeprefix("worst_") for name in SHIFT if name.startswith("worst_")]
    grades = [str(grade) for grade in sorted({0, *(step.grade for step in term.steps)})]
    return [
        {**about, "grade_term": term.name, "baseline": baseline}
        | {f"worst_{worst}": counts[baseline, worst] for worst in worsts}
        for baseline in (*grades, "none")
    ]


def _baseline(before: Sequence[Sequence[Mark]], direction: str) -> str:
    """The grade of the last result that has one."""
    alone = (_only([marks], direction) for marks in reversed(before))
    return next((grade for grade in alone if grade != "none"), "none")


def _only(allowed: Sequence[Sequence[Mark]], direction: str) -> str:
    """The worst grade of several results in one direction, if only one is left."""
    left = _worst_left(allowed, lambda mark: mark.towards(direction))
    return str(left[0]) if len(left) == 1 else "none"
