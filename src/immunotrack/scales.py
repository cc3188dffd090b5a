"""Severity scales as data: which grade a count has, from which value to which.

The limits, with their wording and source, stand in `data/grading.toml`: CTCAE version 5.0 (U.S.
National Cancer Institute, 2017) and the DAIDS table, corrected version 2.1 (U.S. National Institute
of Allergy and Infectious Diseases, 2017).
"""

import math
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from immunotrack.problems import InvalidInput
from immunotrack.settings import Entry, Number, choice_problem, load_builtin
from immunotrack.units import shift_between, shifted
from immunotrack.values import Bound


class Mark(NamedTuple):
    """A grade with its direction, `low` or `high`; grade 0 has none."""

    direction: str
    grade: int

    def __str__(self) -> str:
        return f"{self.direction} {self.grade}".strip()

    def towards(self, direction: str) -> int:
        """The grade in one direction; a high count has grade 0 of a low term."""
        return self.grade if self.direction == direction else 0


WITHIN: Final = Mark("", 0)


class Band(NamedTuple):
    """A stretch of values and the grade they have; two where only the lower limit would tell."""

    lower: Bound
    upper: Bound
    marks: tuple[Mark, ...]

    def meets(self, lower: Bound, upper: Bound) -> bool:
        """Whether the band shares a value with a stretch."""
        return max(self.lower, lower) <= min(self.upper, upper)


def _next(upper: Bound) -> Bound:
    """The lower end of what follows an upper end without a gap."""
    return Bound(upper.value, upper.open + 1)


class GradeStep(Entry):
    """One grade of a term, as its source words it; grade 5, death, has no limits.

    Args:
        at_least, at_most: Limits that have the grade.
        above, below: Limits that do not; `LLN` is the lower limit of the range that applies.
    """

    grade: int = Field(ge=1, le=4)
    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | Literal["LLN"] | None = None
    source: str

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        given = {"lower": (self.at_least, self.above), "upper": (self.at_most, self.below)}
        if any(None not in pair for pair in given.values()):
            raise ValueError("a grade has one lower and one upper limit")
        return self

    def band(self, direction: str, shift: int, lln: float) -> Band:
        """The values that have the grade.

        Args:
            shift: The power of ten from the term's unit to that of the result.
            lln: In the unit of the result.
        """
        marks = (Mark(direction, self.grade),)
        lower = _end(self.at_least, shift, 0) or _end(self.above, shift, 1) or Bound(-math.inf)
        if self.below == "LLN":
            return Band(lower, Bound(lln, -1), marks)
        upper = _end(self.at_most, shift, 0) or _end(self.below, shift, -1) or Bound(math.inf)
        return Band(lower, upper, marks)


def _end(limit: Decimal | None, shift: int, is_open: int) -> Bound | None:
    return None if limit is None else Bound(float(shifted(limit, shift)), is_open)


class GradeTerm(Entry):
    """What the scale calls the event, and its grades.

    Args:
        over_age_years: The term is for persons who are older than this.
    """

    name: str
    analyte: str
    direction: Literal["low", "high"]
    unit: str
    over_age_years: Number | None = None
    steps: list[GradeStep] = Field(alias="grade", min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        found = self.bands(0, math.inf)
        outer = found[0].lower if self.direction == "low" else found[-1].upper
        gaps = [one for one, other in pairwise(found) if _next(one.upper) != other.lower]
        if gaps or math.isfinite(outer.value):
            raise ValueError("the grades of a term leave no gap, and the worst has no end")
        return self

    @property
    def by_limit(self) -> list[GradeStep]:
        """The grades that need the lower limit of a range."""
        return [step for step in self.steps if step.below == "LLN"]

    def bands(self, shift: int, lln: float | None) -> list[Band]:
        """The values of each grade, lowest first; without a lower limit none that needs it."""
        known = [step for step in self.steps if lln is not None or step.below != "LLN"]
        return sorted(step.band(self.direction, shift, lln or 0.0) for step in known)


class GradeScale(Entry):
    """A published scale; it has at most one low and one high term of an analyte."""

    name: str
    title: str
    version: str
    source: str
    note: str
    terms: list[GradeTerm] = Field(alias="term", min_length=1)

    def terms_of(self, analyte: str) -> list[GradeTerm]:
        """The terms of an analyte, low before high."""
        found = [term for term in self.terms if term.analyte == analyte]
        return sorted(found, key=lambda term: term.direction != "low")

    def term_name(self, analyte: str, direction: str) -> str:
        """What the scale calls a low or a high grade; empty for grade 0."""
        found = (term.name for term in self.terms_of(analyte) if term.direction == direction)
        return next(found, "")

    @property
    def uses_limit(self) -> bool:
        """Whether a grade of the scale needs the lower limit of a range."""
        return any(term.by_limit for term in self.terms)

    def bands(self, analyte: str, unit: str, lln: float | None = None) -> list[Band]:
        """All values of an analyte by their grade, in a unit, lowest first.

        Empty where the scale has no such analyte or the unit does not convert.
        """
        bands: dict[str, list[Band]] = {"low": [], "high": []}
        unsure: list[Mark] = []
        for term in self.terms_of(analyte):
            shift = shift_between(term.unit, unit)
            if shift is None:
                return []
            bands[term.direction] = term.bands(shift, lln)
            unsure += [Mark("low", step.grade) for step in term.by_limit if lln is None]
        if not any(bands.values()):
            return []
        lower = max((_next(band.upper) for band in bands["low"]), default=Bound(-math.inf))
        first = min((band.lower for band in bands["high"]), default=Bound(math.inf, 1))
        within = Band(lower, Bound(first.value, first.open - 1), (*unsure, WITHIN))
        return [*bands["low"], within, *bands["high"]]


class _ScaleFile(Entry):
    scales: list[GradeScale] = Field(alias="scale", min_length=1)


@cache
def grade_scales() -> dict[str, GradeScale]:
    """The scales that come with immunotrack, by name."""
    table = load_builtin("data/grading.toml", _ScaleFile)
    return {scale.name: scale for scale in table.scales}


def choose_grade_scale(name: str, option: str = "--scale") -> GradeScale:
    """A scale by its name.

    Args:
        option: Where the name was given.

    Raises:
        InvalidInput: There is no such scale.
    """
    known = grade_scales()
    if name not in known:
        raise InvalidInput([choice_problem(option, name, list(known))])
    return known[name]
