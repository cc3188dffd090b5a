"""The mean and standard deviation of an arm from what a trial reports in their place.

The standard deviation from a standard error or from the confidence interval of a mean follows the
Cochrane Handbook 6.5.2.2; from quartiles or the range Wan et al. 2014
(doi:10.1186/1471-2288-14-135), and the mean from them Luo et al. 2018
(doi:10.1177/0962280216669183). The latter two assume a normal distribution.
"""

from typing import Final, NamedTuple

from scipy.special import ndtri, stdtrit

STATISTICS: Final = ("mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max")


class Summary(NamedTuple):
    """What a trial reports of a number in one arm; None where it does not."""

    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    min: float | None = None
    max: float | None = None


class Derived(NamedTuple):
    """A number, and how it was had; the latter is empty where it is reported itself."""

    value: float
    how: str


def mean_of(summary: Summary, n: int) -> Derived | None:
    """The mean of an arm; None where nothing reported gives it."""
    if summary.mean is not None:
        return Derived(summary.mean, "")
    middle = summary.median
    if middle is None:
        return None
    quartiles, span = _pair(summary.q1, summary.q3), _pair(summary.min, summary.max)
    power = n**0.75
    if quartiles and span:
        ends, sides = 2.2 / (2.2 + power), 0.7 - 0.72 / n**0.55
        value = ends * _half(span) + sides * _half(quartiles) + (1 - ends - sides) * middle
        return Derived(value, "mean from median, quartiles and range (Luo 2018)")
    if quartiles:
        share = 0.7 + 0.39 / n
        value = share * _half(quartiles) + (1 - share) * middle
        return Derived(value, "mean from median and quartiles (Luo 2018)")
    if span:
        share = 4 / (4 + power)
        value = share * _half(span) + (1 - share) * middle
        return Derived(value, "mean from median and range (Luo 2018)")
    return None


def sd_of(summary: Summary, n: int, level: float) -> Derived | None:
    """The standard deviation of an arm; None where nothing reported gives it.

    Args:
        level: The confidence of the reported interval, 0.95 for 95 %.
    """
    if summary.sd is not None:
        return Derived(summary.sd, "")
    if summary.se is not None:
        return Derived(summary.se * n**0.5, "SD from the standard error")
    if interval := _pair(summary.ci_low, summary.ci_high):
        reach = -float(stdtrit(n - 1, (1 - level) / 2))
        how = f"SD from the {100 * level:g} % interval of the mean"
        return Derived(n**0.5 * _width(interval) / (2 * reach), how)
    quartiles, span = _pair(summary.q1, summary.q3), _pair(summary.min, summary.max)
    found = {
        "quartiles": quartiles and _width(quartiles) / quartile_width(n),
        "range": span and _width(span) / range_width(n),
    }
    known = {name: value for name, value in found.items() if value is not None}
    if not known:
        return None
    return Derived(sum(known.values()) / len(known), f"SD from {' and '.join(known)} (Wan 2014)")


def quartile_width(n: int) -> float:
    """How many standard deviations lie between the quartiles of `n` patients, by Wan 2014."""
    return 2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25)))


def range_width(n: int) -> float:
    """How many standard deviations lie between the lowest and highest of `n`, by Wan 2014."""
    return 2 * float(ndtri((n - 0.375) / (n + 0.25)))


def _pair(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _half(ends: tuple[float, float]) -> float:
    return (ends[0] + ends[1]) / 2


def _width(ends: tuple[float, float]) -> float:
    return ends[1] - ends[0]
