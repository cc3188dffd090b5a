"""Pooled effects of trials as their source prints them, as data."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from immunotrack.analytes import analytes, same_name
from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import Entry, Number, choice_problem, load_builtin
from immunotrack.table import NUMBER, TEXT, WHOLE, analyte_key
from immunotrack.units import convert, shift_between

Measure = Literal["MD", "RR"]

MEASURES: Final[dict[Measure, str]] = {"MD": "Mean difference", "RR": "Risk ratio"}


class Population(Entry):
    """Whom a pooled effect is about.

    Args:
        trials: How many trials its rows rest on; None where that is not known.
        parts: The populations that it combines.
    """

    name: str
    title: str
    trials: int | None = None
    trials_source: str = ""
    parts: list[str] = []


class Outcome(Entry):
    """What was compared between the groups.

    Args:
        analyte: A key of the catalogue, where an analyte is meant.
        better: On which side of no difference the treatment helps.
    """

    name: str
    title: str
    analyte: str = ""
    better: Literal["higher", "lower"]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.analyte and self.analyte not in analytes():
            raise ValueError(f"no analyte {self.analyte}")
        return self


class PrintedEffect(Entry):
    """One pooled effect, treated against control, or the statement that there was none.

    Args:
        timepoint: As printed; empty where none is.
        pooled_as: The timepoint under which a combined effect holds this one.
        day: The timepoint in days, from the first dose as is assumed.
        estimate, low, high: The effect and its confidence interval as printed; all None where the
            source gives no number.
        p_below: The bound of a printed p value, `p < 0.0001`.
        unit: As printed; empty where none is.
        assumed_unit: The unit that is assumed where none is printed.
        says: What the source says of it in words.
    """

    population: str
    outcome: str
    timepoint: str = ""
    pooled_as: str = ""
    day: int | None = None
    measure: Measure
    estimate: Number | None = None
    low: Number | None = None
    high: Number | None = None
    p_below: Number | None = None
    unit: str = ""
    assumed_unit: str = ""
    says: Literal["significant", "not significant"]
    quote: str

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        numbers = (self.low, self.estimate, self.high)
        given = [number for number in numbers if number is not None]
        if len(given) not in {0, 3}:
            raise ValueError("give estimate, low and high, or none of them")
        if given != sorted(given) or (given and given[0] == given[-1]):
            raise ValueError("the interval must have a width and hold its estimate")
        if self.is_ratio and any(number <= 0 for number in given):
            raise ValueError("a ratio must be above 0")
        return self

    @property
    def is_ratio(self) -> bool:
        """Whether no difference is 1, and the analysis is one of logarithms."""
        return self.measure == "RR"

    @property
    def numbers(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Estimate, lower and upper limit as printed; None where there are none."""
        if self.estimate is None or self.low is None or self.high is None:
            return None
        return self.estimate, self.low, self.high

    @property
    def printed(self) -> str:
        """Estimate and interval with the digits of the source: `0.40 [0.05, 0.76]`."""
        if self.numbers is None:
            return NOT_REPORTED
        estimate, low, high = self.numbers
        return f"{estimate} [{low}, {high}]"

    def in_unit(self, unit: str) -> tuple[Decimal, Decimal, Decimal] | None:
        """Estimate and interval in another unit, exactly; None without numbers or a conversion."""
        own = self.unit or self.assumed_unit
        if self.numbers is None or shift_between(own, unit) is None:
            return None
        estimate, low, high = (convert(number, own, unit) for number in self.numbers)
        return estimate, low, high


NOT_REPORTED: Final = "not reported"


class EffectSet(Entry):
    """The pooled effects of one source.

    Args:
        level_percent: The confidence level of every interval.
        treatment_names: What a patient's doses of the treatment may be called.
        window_days: How many days to each side of its day an effect is set beside a result.
        assumed_unit_reason: Why the assumed units are assumed.
    """

    name: str
    title: str
    source: str
    pmid: str
    treatment: str
    treatment_names: list[str]
    control: str
    level_percent: int = Field(gt=0, lt=100)
    window_days: int = Field(ge=0)
    assumed_unit_reason: str
    populations: list[Population] = Field(alias="population", min_length=1)
    outcomes: list[Outcome] = Field(alias="outcome", min_length=1)
    effects: list[PrintedEffect] = Field(alias="effect", min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        people = {entry.name for entry in self.populations}
        outcomes = {entry.name for entry in self.outcomes}
        used = {effect.population for effect in self.effects}
        used |= {part for entry in self.populations for part in entry.parts}
        wrong = sorted(used - people) + sorted({entry.outcome for entry in self.effects} - outcomes)
        if wrong:
            raise ValueError(f"no population or outcome {wrong[0]}")
        return self

    def population(self, effect: PrintedEffect) -> Population:
        """Whom an effect is about."""
        return next(entry for entry in self.populations if entry.name == effect.population)

    def outcome(self, effect: PrintedEffect) -> Outcome:
        """What an effect is of."""
        return next(entry for entry in self.outcomes if entry.name == effect.outcome)

    def is_treatment(self, name: str) -> bool:
        """Whether a dose of that name is one of the treatment."""
        return any(same_name(name, own) for own in self.treatment_names)

    def chosen(
        self, outcomes: Sequence[str] = (), populations: Sequence[str] = ()
    ) -> list[PrintedEffect]:
        """The effects of some outcomes and populations; of all where none is named.

        Args:
            outcomes: Names, or names of the analytes that are meant.

        Raises:
            InvalidInput: Names are not known, or nothing is printed of what is asked for.
        """
        problems: list[Problem] = []
        asked = {self._outcome_name(name, problems) for name in outcomes}
        people = {self._population_name(name, problems) for name in populations}
        found = [
            effect
            for effect in self.effects
            if effect.outcome in (asked or {effect.outcome})
            and effect.population in (people or {effect.population})
        ]
        if problems or not found:
            raise InvalidInput(problems or [_nothing_printed(outcomes, populations)])
        return found

    def _outcome_name(self, name: str, problems: list[Problem]) -> str:
        """The outcome that a name, or the name of an analyte, stands for; a problem without one."""
        for entry in self.outcomes:
            is_meant = bool(entry.analyte) and analyte_key(name) == entry.analyte
            if is_meant or name.casefold() == entry.name.casefold():
                return entry.name
        problems.append(choice_problem("--outcome", name, [each.name for each in self.outcomes]))
        return ""

    def _population_name(self, name: str, problems: list[Problem]) -> str:
        """The population that a name stands for; a problem without one."""
        for entry in self.populations:
            if name.casefold() == entry.name.casefold():
                return entry.name
        names = [entry.name for entry in self.populations]
        problems.append(choice_problem("--population", name, names))
        return ""


def _nothing_printed(outcomes: Sequence[str], populations: Sequence[str]) -> Problem:
    asked = f"{', '.join(outcomes)} in {', '.join(populations)}"
    return Problem(
        code="unknown-option",
        source="--outcome",
        message=f"no pooled effect is printed of {asked}",
        fix="Leave --population out to see all of them.",
    )


@cache
def builtin_effects() -> EffectSet:
    """The pooled effects that come with immunotrack."""
    return load_builtin("data/effects.toml", EffectSet)


SCHEMA: Final[dict[str, Any]] = {
    "population": TEXT,
    "outcome": TEXT,
    "analyte": TEXT,
    "timepoint": TEXT,
    "pooled_as": TEXT,
    "measure": TEXT,
    "printed": TEXT,
    "estimate": NUMBER,
    "ci_low": NUMBER,
    "ci_high": NUMBER,
    "level_percent": WHOLE,
    "p_printed": TEXT,
    "unit": TEXT,
    "unit_basis": TEXT,
    "says": TEXT,
    "quote": TEXT,
    "source": TEXT,
}
"""The columns of the effects as a table. `unit_basis` is `printed`, `assumed`, or empty where there
is no unit; `printed` has the digits of the source, or says that no number is reported."""


def effect_rows(effects: Sequence[PrintedEffect], source: EffectSet) -> list[dict[str, Any]]:
    """The effects as rows of a table (see `SCHEMA`)."""
    return [_row(effect, source) for effect in effects]


def _row(effect: PrintedEffect, source: EffectSet) -> dict[str, Any]:
    estimate, low, high = effect.numbers or (None, None, None)
    given = effect.model_dump(include={"population", "outcome", "timepoint", "pooled_as", "says"})
    return given | {
        "analyte": source.outcome(effect).analyte,
        "measure": effect.measure,
        "printed": effect.printed,
        "estimate": _number(estimate),
        "ci_low": _number(low),
        "ci_high": _number(high),
        "level_percent": source.level_percent,
        "p_printed": f"p < {effect.p_below}" if effect.p_below is not None else "",
        "unit": effect.unit or effect.assumed_unit,
        "unit_basis": "printed" if effect.unit else "assumed" if effect.assumed_unit else "",
        "quote": effect.quote,
        "source": source.source,
    }


def _number(printed: Decimal | None) -> float | None:
    return None if printed is None else float(printed)
