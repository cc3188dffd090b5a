"""Two-by-two tables pooled by Mantel and Haenszel, without correction of any cell.

Variances: Robins, Breslow & Greenland 1986 (doi:10.2307/2531052) for the odds ratio, Greenland &
Robins 1985 (doi:10.2307/2530643) for the risk ratio, Sato, Greenland & Robins 1989 for the risk
difference.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from immunotrack.evidence.arms import Events
from immunotrack.evidence.confidence import confidence
from immunotrack.evidence.effects import Effect, Measure
from immunotrack.evidence.heterogeneity import i2_of_q
from immunotrack.evidence.pooled import Pooled
from immunotrack.evidence.weighted import Numbers


class NotPooled(ValueError):  # noqa: N818 - it is said of studies
    """Studies that a method cannot pool; the text says why."""


class _Tables(NamedTuple):
    """Cells of two-by-two tables: events and patients of the treated, then of the controls."""

    a: Numbers
    treated: Numbers
    c: Numbers
    control: Numbers

    @property
    def total(self) -> Numbers:
        return self.treated + self.control


class _Sum(NamedTuple):
    """A pooled effect on the scale of analysis, its variance, and the studies' weights."""

    estimate: float
    variance: float
    weights: Numbers


def pool_mantel_haenszel(effects: Sequence[Effect], measure: Measure, level: float) -> Pooled:
    """Pool events in two arms by Mantel-Haenszel, with Wald's interval.

    Cochran's Q is that of the studies' own effects, corrected where they need it, around it.

    Raises:
        NotPooled: One of the arms has no event, or nothing but events, in all the studies.
    """
    found = {"RR": _risk_ratio, "OR": _odds_ratio, "RD": _risk_difference}[measure](
        _tables(effects)
    )
    sure = confidence(found.estimate, found.variance**0.5, level)
    weights = found.weights / found.weights.sum()
    k, df = len(effects), len(effects) - 1
    q = sum((each.estimate - found.estimate) ** 2 / each.variance for each in effects)
    several = k > 1
    return Pooled(
        model="MH",
        interval="wald",
        level=level,
        k=k,
        estimate=found.estimate,
        se=sure.se,
        ci_low=sure.low,
        ci_high=sure.high,
        p_value=sure.p_value,
        q=q if several else None,
        q_df=df if several else None,
        q_p=float(chdtrc(df, q)) if several else None,
        i2=i2_of_q(q, df) if several else None,
        h2=q / df if several else None,
        weights=tuple(weights.tolist()),
        notes=(_NOTE if several else _ONE,),
    )


_NOTE = (
    "Mantel-Haenszel assumes a common effect: there is no tau2 and no prediction interval, and I2 "
    "and H2 follow from Q alone, without intervals"
)
_ONE = "one study: heterogeneity needs two"


def _tables(effects: Sequence[Effect]) -> _Tables:
    arms = [(each.study.treated, each.study.control) for each in effects]
    cells = [
        (treated.events, treated.n, control.events, control.n)
        for treated, control in arms
        if isinstance(treated, Events) and isinstance(control, Events)
    ]
    return _Tables(*np.array(cells, float).T)


def _risk_ratio(tables: _Tables) -> _Sum:
    a, treated, c, control = tables
    total = tables.total
    above, below = (a * control / total).sum(), c * treated / total
    if not (above and below.sum()):
        raise NotPooled("an arm without an event in any study has no risk ratio")
    spread = (treated * control * (a + c) / total**2 - a * c / total).sum()
    return _Sum(float(np.log(above / below.sum())), float(spread / (above * below.sum())), below)


def _odds_ratio(tables: _Tables) -> _Sum:
    a, treated, c, control = tables
    total, b, d = tables.total, treated - a, control - c
    agree, differ = (a + d) / total, (b + c) / total
    above, below = a * d / total, b * c / total
    r, s = above.sum(), below.sum()
    if not (r and s):
        raise NotPooled(
            "no odds ratio: no study has an event in one arm and a patient without in the other"
        )
    variance = (
        (agree * above).sum() / r**2
        + (agree * below + differ * above).sum() / (r * s)
        + (differ * below).sum() / s**2
    ) / 2
    return _Sum(float(np.log(r / s)), float(variance), below)


def _risk_difference(tables: _Tables) -> _Sum:
    a, treated, c, control = tables
    total = tables.total
    weights = treated * control / total
    share, other = treated / total, control / total
    estimate = float((a * other - c * share).sum() / weights.sum())
    slope = (c * share**2 - a * other**2 + share * other * (control - treated) / 2).sum()
    level = (a * (control - c) + c * (treated - a)) / total
    variance = (estimate * slope + level.sum() / 2) / weights.sum() ** 2
    if not variance > 0:
        raise NotPooled(
            "a risk difference without a patient with, or without, an event has no variance"
        )
    return _Sum(estimate, float(variance), weights)
