"""The mean of effects weighted by the inverse of their variances, and Cochran's Q around it."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]


class Weighted(NamedTuple):
    """A weighted mean of effects.

    Args:
        se: Its standard error.
        q: The weighted sum of squared distances from it.
        weights: Shares of the studies, which add up to 1.
    """

    estimate: float
    se: float
    q: float
    weights: Numbers


def weighted(effects: Numbers, variances: Numbers, tau2: float = 0.0) -> Weighted:
    """The mean of effects of which each varies by its own variance and by that between studies."""
    inverse = 1 / (variances + tau2)
    total = inverse.sum()
    shares = inverse / total
    start = effects[0]
    estimate = start + shares @ (effects - start)
    q = inverse @ (effects - estimate) ** 2
    return Weighted(float(estimate), float(total**-0.5), float(q), shares)


def q_at(effects: Numbers, variances: Numbers, tau2: float) -> float:
    """The generalised Q statistic; it falls as the variance between studies grows."""
    return weighted(effects, variances, tau2).q


def contrast(weights: Numbers) -> float:
    """The total of weights less the sum of their squares over it, without cancellation.

    >>> contrast(np.array([1.0, 3.0]))
    1.5
    """
    pairs = weights[1:] @ np.cumsum(weights)[:-1]
    return float(2 * pairs / weights.sum())
