"""Severity grades of low and high counts, by a published scale.

The scales are CTCAE version 5.0 (U.S. National Cancer Institute, 2017) and the DAIDS table,
corrected version 2.1 (U.S. National Institute of Allergy and Infectious Diseases, 2017); see
`scales`. Their limits are moved into the unit of the result, never the result into theirs; two
numbers closer than `flags.NOISE` are one. Grade 0 means that no grade of
the scale applies, for certain: under CTCAE a count that is not below the lower limit nor beyond a
fixed limit. Which scale fits a patient is the user's choice.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

import narwhals as nw
from narwhals.typing import IntoDataFrameT

from immunotrack.flags import NOISE, flag
from immunotrack.questions import lookup
from immunotrack.ranges import RangeSet
from immunotrack.scales import WITHIN, Band, GradeScale, GradeTerm, Mark, choose_grade_scale
from immunotrack.table import NUMBER, TEXT, WHOLE
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
    return whole_grades(found.drop(*_MADE), nw.maybe_get_index(given))  # type: ignore[no-any-return]


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


def whole_grades(table: nw.DataFrame[Any], index: Any | None = None) -> Any:  # noqa: ANN401 - any frame
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
        return f"censored: {said_grades(mark.grade for mark in marks)}"
    return f"{' and '.join(map(str, marks))} both apply"


def said_grades(grades: Iterable[int]) -> str:
    """Grades in words.

    >>> said_grades([3, 2]), said_grades([0, 1, 2, 2])
    ('grade 2 or 3', 'grade 0, 1 or 2')
    """
    *first, last = map(str, sorted(set(grades)))
    return f"grade {', '.join(first)} or {last}" if first else f"grade {last}"


def _listed(marks: Iterable[Mark]) -> str:
    """Marks as `grade_allows` has them, from the lowest values to the highest."""
    ranked = sorted(marks, key=lambda mark: mark.towards("high") - mark.towards("low"))
    return ", ".join(map(str, ranked))
