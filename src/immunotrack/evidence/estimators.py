"""Estimators of τ², the variance of true effects between studies.

DerSimonian & Laird 1986 (doi:10.1016/0197-2456(86)90046-2), Paule & Mandel 1982
(doi:10.6028/jres.087.022); maximum likelihood and its restricted form as in Viechtbauer 2005
(doi:10.3102/10769986030003261). None is ever negative.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from scipy.optimize import brentq

from immunotrack.evidence.weighted import Numbers, contrast, q_at, weighted

Model = Literal["common", "DL", "PM", "REML", "ML"]
"""A common effect for all studies, or random effects by the estimator of τ²."""


def solved(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that changes its sign between two numbers is zero, to all its digits."""
    return float(brentq(function, low, high, xtol=1e-300, rtol=1e-15, maxiter=2000))


def tau2_where_q_is(effects: Numbers, variances: Numbers, q: float) -> float:
    """The τ² at which the generalised Q has a value; 0 where it is smaller for every τ².

    Q is never more than the sum of squares around the plain mean over τ², so that the search,
    which goes twice as far, is not cut off.
    """
    if q_at(effects, variances, 0.0) <= q:
        return 0.0
    farthest = 2 * float(((effects - effects.mean()) ** 2).sum()) / q
    return solved(lambda tau2: q_at(effects, variances, tau2) - q, 0.0, farthest)


def _common(effects: Numbers, variances: Numbers) -> float:
    del effects, variances
    return 0.0


def _dersimonian_laird(effects: Numbers, variances: Numbers) -> float:
    excess = q_at(effects, variances, 0.0) - (len(effects) - 1)
    return max(0.0, excess / contrast(1 / variances))


def _paule_mandel(effects: Numbers, variances: Numbers) -> float:
    return tau2_where_q_is(effects, variances, len(effects) - 1)


def _restricted(effects: Numbers, variances: Numbers) -> float:
    return _most_likely(effects, variances, restricted=True)


def _likelihood(effects: Numbers, variances: Numbers) -> float:
    return _most_likely(effects, variances, restricted=False)


_STEPS: Final = 400
"""Places on the way from no heterogeneity to the most, where the likelihood's slope is asked."""


def _most_likely(effects: Numbers, variances: Numbers, *, restricted: bool) -> float:
    """The τ² of the highest likelihood: of all its peaks, and of 0."""

    def likelihood(tau2: float) -> float:
        mean = weighted(effects, variances, tau2)
        loss = np.log(variances + tau2).sum() + mean.q - 2 * np.log(mean.se) * restricted
        return float(-loss)

    def slope(tau2: float) -> float:
        return float(_slopes(effects, variances, np.array([tau2]), restricted=restricted)[0])

    k = len(effects)
    farthest = 2 * (float(np.ptp(effects)) ** 2 + float(variances.max()) / k) * k / (k - 1)
    grid = np.array([0.0, *np.geomspace(farthest * 1e-12, farthest, _STEPS)])
    slopes = _slopes(effects, variances, grid, restricted=restricted)
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    peaks = [solved(slope, float(grid[n]), float(grid[n + 1])) for n in turns]
    return max([0.0, *peaks], key=likelihood)


def _slopes(effects: Numbers, variances: Numbers, tau2: Numbers, *, restricted: bool) -> Numbers:
    """Twice the slope of the log-likelihood at each of several τ²."""
    inverse = 1 / (variances[:, np.newaxis] + tau2)
    total = inverse.sum(axis=0)
    means = effects[0] + ((effects - effects[0]) @ inverse) / total
    distances = (effects[:, np.newaxis] - means) ** 2
    squares = inverse**2
    found: Numbers = (squares * distances).sum(axis=0) - total
    return found + squares.sum(axis=0) / total if restricted else found


TAU2: Final[dict[Model, Callable[[Numbers, Numbers], float]]] = {
    "common": _common,
    "DL": _dersimonian_laird,
    "PM": _paule_mandel,
    "REML": _restricted,
    "ML": _likelihood,
}
"""The estimators, each of effects and their variances, of two studies or more."""
