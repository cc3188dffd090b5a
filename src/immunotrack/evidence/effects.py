"""The effect of one trial: a difference of means or risks, or the logarithm of a ratio.

The formulas are those of R metafor's `escalc`: large-sample variances, and for the standardised
mean difference Hedges' g with the exact correction (Hedges 1981, doi:10.3102/10769986006002107).
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from scipy.special import poch

from immunotrack.evidence.arms import Estimate, Events, Means

Measure = Literal["MD", "SMD", "RR", "OR", "RD", "generic"]
"""Mean difference, standardised mean difference, risk ratio, odds ratio, risk difference, or
estimates as they are published."""

MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
RATIOS: Final = frozenset({"RR", "OR"})
"""Measures that are analysed as logarithms."""

NEEDS: Final[dict[Measure, str]] = {
    "MD": "means",
    "SMD": "means",
    "RR": "events",
    "OR": "events",
    "RD": "events",
    "generic": "an estimate",
}
"""What a study holds for each measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One trial: two arms alike, or the estimate that it published.

    Args:
        name: As it is shown; every study of a pool has its own.
        group: The subgroup that it belongs to.
        source: What messages call its file; `line` is its line there.

    Raises:
        ValueError: It has neither two arms of one kind nor an estimate, or both.
    """

    name: str
    treated: Events | Means | None = None
    control: Events | Means | None = None
    published: Estimate | None = None
    group: str = ""
    source: str = ""
    line: int | None = None

    def __post_init__(self) -> None:
        alike = type(self.treated) is type(self.control)
        if not alike or (self.treated is None) == (self.published is None):
            raise ValueError(f"{self.name}: a study has two arms of one kind, or an estimate")

    @property
    def kind(self) -> str:
        """What it holds: events, means, or an estimate."""
        return {Events: "events", Means: "means"}.get(type(self.treated), "an estimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a study adds to a pool, on the scale of analysis.

    Args:
        notes: What was done to its numbers.
    """

    study: Study
    estimate: float
    variance: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study that adds nothing to a pool, and why."""

    study: Study
    why: str


def effect_of(study: Study, measure: Measure, correction: float, *, peto: bool) -> Effect | LeftOut:
    """The effect of a study.

    Args:
        correction: What is added to each cell of a two-by-two table where one of them is 0; to the
            variance alone of a risk difference.
        peto: The odds ratio by Peto's method, which needs no correction.

    Raises:
        TypeError: The study holds data of another kind.
    """
    match study.treated, study.control, study.published:
        case Means() as treated, Means() as control, _ if measure in {"MD", "SMD"}:
            make = _mean_difference if measure == "MD" else _standardised
            return _effect(study, make(treated, control), _derived(treated, control))
        case Events() as treated, Events() as control, _ if measure in {"RR", "OR", "RD"}:
            if peto:
                return _peto(study, treated, control)
            return _of_events(study, treated, control, measure, correction)
        case _, _, Estimate() as given if measure == "generic":
            notes = (given.derived,) if given.derived else ()
            return _effect(study, (given.estimate, given.se**2), notes)
        case _:
            raise TypeError(f"{study.name} holds no data for the measure {measure}")


def _effect(study: Study, found: tuple[float, float], notes: tuple[str, ...] = ()) -> Effect:
    return Effect(study=study, estimate=found[0], variance=found[1], notes=notes)


def _derived(treated: Means, control: Means) -> tuple[str, ...]:
    """How means and SDs were had that were not reported, arm by arm where they differ."""
    if treated.derived == control.derived:
        return (treated.derived,) if treated.derived else ()
    told = {"treated": treated.derived, "control": control.derived}
    return tuple(f"{arm}: {how}" for arm, how in told.items() if how)


def _mean_difference(treated: Means, control: Means) -> tuple[float, float]:
    variance = treated.sd**2 / treated.n + control.sd**2 / control.n
    return treated.mean - control.mean, variance


def _standardised(treated: Means, control: Means) -> tuple[float, float]:
    df = treated.n + control.n - 2
    squares = (treated.n - 1) * treated.sd**2 + (control.n - 1) * control.sd**2
    g = hedges_correction(df) * (treated.mean - control.mean) / (squares / df) ** 0.5
    return g, 1 / treated.n + 1 / control.n + g**2 / (2 * (treated.n + control.n))


def hedges_correction(df: int) -> float:
    """The factor that takes the bias out of a standardised mean difference, exactly.

    >>> round(hedges_correction(10), 4)
    0.9227
    """
    return float(poch((df - 1) / 2, 0.5)) / math.sqrt(df / 2)


def _of_events(
    study: Study, treated: Events, control: Events, measure: Measure, correction: float
) -> Effect | LeftOut:
    cells = (treated.events, treated.without, control.events, control.without)
    none, every = cells[0] == cells[2] == 0, cells[1] == cells[3] == 0
    if measure in RATIOS and (none or every):
        who = "no patient" if none else "every patient"
        return LeftOut(study, f"{who} of either arm has an event: it says nothing of the {measure}")
    added = correction if 0 in cells else 0.0
    a, b, c, d = (cell + added for cell in cells)
    if measure == "RR":
        ratio = math.log(a / (a + b)) - math.log(c / (c + d))
        found = ratio, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    elif measure == "OR":
        found = math.log(a / b) - math.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
    else:
        risks = treated.events / treated.n - control.events / control.n
        found = risks, a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    where = "each cell, of which one is 0" if measure in RATIOS else "each cell for the variance"
    notes = (f"{correction:g} added to {where}",) if added else ()
    return _effect(study, found, notes)


def _peto(study: Study, treated: Events, control: Events) -> Effect | LeftOut:
    """The odds ratio by observed and expected events (Yusuf et al. 1985)."""
    total = treated.n + control.n
    events = treated.events + control.events
    share = treated.n / total
    if events in {0, total}:
        who = "no patient" if events == 0 else "every patient"
        return LeftOut(study, f"{who} of either arm has an event: it says nothing of the OR")
    variance = events * (total - events) * share * (1 - share) / (total - 1)
    return _effect(study, ((treated.events - events * share) / variance, 1 / variance))
