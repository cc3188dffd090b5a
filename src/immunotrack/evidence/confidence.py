"""Confidence intervals of a pooled effect: Wald's, and those of Hartung and Knapp."""

from typing import Final, Literal, NamedTuple, get_args

from scipy.special import ndtr, ndtri, stdtr, stdtrit

IntervalMethod = Literal["wald", "HK", "HK-modified"]
"""Wald; Hartung-Knapp (doi:10.1002/sim.1009); and the same, never narrower than Wald's (Röver,
Knapp & Friede 2015, doi:10.1186/s12874-015-0091-1)."""

INTERVAL_METHODS: Final[tuple[IntervalMethod, ...]] = get_args(IntervalMethod)


class Confidence(NamedTuple):
    """An estimate's standard error and interval, and the p-value of the hypothesis that it is 0.

    Args:
        critical: How many standard errors the interval goes to each side.
        p_value: None where the standard error is 0.
    """

    se: float
    low: float
    high: float
    p_value: float | None
    critical: float


def confidence(estimate: float, se: float, level: float, df: int | None = None) -> Confidence:
    """The interval of an estimate by the normal distribution, or by t where there are df."""
    tail = (1 - level) / 2
    critical = -float(ndtri(tail) if df is None else stdtrit(df, tail))
    if se > 0:
        ratio = -abs(estimate) / se
        p_value = float(2 * (ndtr(ratio) if df is None else stdtr(df, ratio)))
    else:
        p_value = None
    return Confidence(se, estimate - critical * se, estimate + critical * se, p_value, critical)


def scale_of(q: float, df: int, interval: IntervalMethod) -> float:
    """By how much an interval method multiplies the standard error.

    Args:
        q: The generalised Q at the model's τ².
        df: The studies but one.

    >>> [scale_of(0.5, 2, method) for method in INTERVAL_METHODS]
    [1.0, 0.5, 1.0]
    """
    if interval == "wald":
        return 1.0
    scale = float((q / df) ** 0.5)
    return max(1.0, scale) if interval == "HK-modified" else scale
