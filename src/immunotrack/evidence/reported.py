"""What one row reports of its study: events or means in two arms, or an estimate."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from scipy.special import ndtri

from immunotrack.evidence.arms import (
    Estimate,
    Events,
    Fault,
    Means,
    count_faults,
    events_faults,
    size_faults,
    spread_faults,
)
from immunotrack.evidence.rows import Row
from immunotrack.evidence.summaries import STATISTICS, Summary, mean_of, sd_of
from immunotrack.problems import Severity

ARMS: Final = ("treated", "control")
_LOPSIDED: Final = 0.2
"""An estimate is off the middle of its interval by less than this share of half its width."""


def events_of(row: Row, arm: str, level: float) -> Events | None:
    """The events of an arm; None where the row's problems say why not."""
    del level
    numbers = _numbers(row, arm, ("n", "events"))
    if numbers is None:
        return None
    if row.refuse_all(events_faults(numbers["events"], numbers["n"]), arm):
        return None
    return Events(int(numbers["events"]), int(numbers["n"]))


def _numbers(row: Row, arm: str, needed: tuple[str, ...]) -> dict[str, float] | None:
    """Numbers of an arm that are all needed."""
    before = len(row.problems)
    found = {name: row.number(f"{name}_{arm}") for name in needed}
    known = {name: number for name, number in found.items() if number is not None}
    if len(known) < len(needed) and len(row.problems) == before:
        absent = " and ".join(name for name in needed if name not in known)
        row.refuse("incomplete-study", "", f"the {arm} arm has no {absent}")
    return known if len(known) == len(needed) and len(row.problems) == before else None


def means_of(row: Row, arm: str, level: float) -> Means | None:
    """The mean and SD of an arm, or what gives them; None where the row's problems say why not."""
    counted = _numbers(row, arm, ("n",))
    before = len(row.problems)
    summary = Summary(*(row.number(f"{name}_{arm}") for name in STATISTICS))
    row.refuse_all(_summary_faults(summary), arm)
    if counted is None or row.refuse_all(count_faults("n", counted["n"], 2), arm):
        return None
    if len(row.problems) > before:
        return None
    n = int(counted["n"])
    mean, sd = mean_of(summary, n), sd_of(summary, n, level)
    if mean is None:
        fix = "Give it, or the median with quartiles or range."
        row.refuse("incomplete-study", "", f"the {arm} arm has no mean", fix)
    if sd is None:
        fix = "Give it, or a standard error, a confidence interval, quartiles or the range."
        row.refuse("incomplete-study", "", f"the {arm} arm has no standard deviation", fix)
    if mean is None or sd is None:
        return None
    if row.refuse_all([*size_faults("sd", sd.value), *spread_faults("sd", sd.value)], arm):
        return None
    return Means(mean.value, sd.value, n, " and ".join(how for _, how in (mean, sd) if how))


def _summary_faults(summary: Summary) -> Iterator[Fault]:
    for statistic in ("sd", "se"):
        number = getattr(summary, statistic)
        if number is not None:
            yield from spread_faults(statistic, number)
    yield from interval_faults("mean", summary.mean, summary.ci_low, summary.ci_high)
    ranked = ("min", "q1", "median", "q3", "max")
    known = [(name, getattr(summary, name)) for name in ranked]
    known = [(name, number) for name, number in known if number is not None]
    for (lower, low), (upper, high) in pairwise(known):
        if low > high:
            message = f"{lower} {low:g} is above {upper} {high:g}"
            yield Fault("disordered-summary", lower, message, "Check which column is which.")


def interval_faults(
    name: str, estimate: float | None, low: float | None, high: float | None
) -> Iterator[Fault]:
    """A confidence interval that has one end, no width, or does not hold its estimate."""
    if low is None and high is None:
        return
    if low is None or high is None:
        side = "ci_low" if low is None else "ci_high"
        other = "ci_high" if low is None else "ci_low"
        yield Fault("incomplete-study", other, f"the interval has no {side}", "Give both ends.")
    elif not low < high:
        message = f"the interval from {low:g} to {high:g} has no width"
        yield Fault("interval-estimate", "ci_low", message, "Write the lower end as ci_low.")
    elif estimate is not None and not low <= estimate <= high:
        message = f"the interval from {low:g} to {high:g} does not hold the {name} {estimate:g}"
        yield Fault("interval-estimate", name, message, "Check the three numbers.")


def published_of(row: Row, scale: str, level: float) -> Estimate | None:
    """The estimate of a row on the scale of analysis; None where its problems say why not.

    Args:
        scale: `difference`, `ratio` or `log-ratio`; of a ratio the logarithm is taken.
    """
    before = len(row.problems)
    names = ("estimate", "se", "se_log", "ci_low", "ci_high")
    estimate, se, se_log, low, high = (row.number(name) for name in names)
    row.refuse_all(interval_faults("estimate", estimate, low, high))
    for name, number in (("se", se), ("se_log", se_log)):
        if number is not None:
            row.refuse_all(spread_faults(name, number))
    if estimate is None and len(row.problems) == before:
        row.refuse("incomplete-study", "", "the row has no estimate")
    if scale == "ratio":
        row.refuse_all(_ratio_faults(estimate=estimate, ci_low=low, ci_high=high))
        se = None
    error = se_log if scale == "ratio" or se is None else se
    if estimate is None or len(row.problems) > before:
        return None
    convert: Callable[[float], float] = math.log if scale == "ratio" else float
    logged = ["logarithm of the ratio"] * (scale == "ratio")
    if error is not None:
        return Estimate(convert(estimate), error, "; ".join(logged))
    if low is None or high is None:
        _refuse_spreadless(row, scale)
        return None
    ends = convert(low), convert(high)
    _ask_middle(row, convert(estimate), ends)
    width = (ends[1] - ends[0]) / (-2 * float(ndtri((1 - level) / 2)))
    if row.refuse_all(spread_faults("ci_low", width)):
        return None
    how = "; ".join([*logged, f"standard error from the {100 * level:g} % interval"])
    return Estimate(convert(estimate), width, how)


def _ratio_faults(**numbers: float | None) -> Iterator[Fault]:
    for name, number in numbers.items():
        if number is not None and number <= 0:
            fix = "Write log ratios with --scale log-ratio, or differences with --scale difference."
            yield Fault("bad-ratio", name, f"a ratio is above 0, not {number:g}", fix)


def _refuse_spreadless(row: Row, scale: str) -> None:
    if scale == "ratio" and row.has("se"):
        message = "a standard error beside a ratio does not say whether it is that of its logarithm"
        row.refuse("incomplete-study", "se", message, "Give the interval, or the column se_log.")
    else:
        message = "the estimate has neither a standard error nor an interval"
        row.refuse("incomplete-study", "", message)


def _ask_middle(row: Row, estimate: float, ends: tuple[float, float]) -> None:
    """Warn of an estimate that is not in the middle of its interval."""
    half = (ends[1] - ends[0]) / 2
    if abs(estimate - sum(ends) / 2) > _LOPSIDED * half:
        row.refuse(
            "lopsided-interval",
            "estimate",
            "the estimate is not in the middle of its interval",
            "Check the numbers and the scale: of a ratio the logarithm lies in the middle.",
            Severity.WARNING,
        )
