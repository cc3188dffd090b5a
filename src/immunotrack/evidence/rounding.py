"""What a printed effect says on the scale of analysis, and what rounding leaves open of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from immunotrack.evidence.confidence import confidence
from immunotrack.evidence.printed import PrintedEffect


class Span(NamedTuple):
    """The lowest and the highest number that rounding allows."""

    low: float
    high: float

    def meets(self, other: "Span") -> bool:
        """Whether some number lies in both."""
        return self.low <= other.high and other.low <= self.high


def span_of(printed: Decimal) -> Span:
    """The numbers that are printed so: half a unit of the last digit to each side.

    >>> span_of(Decimal("0.40"))
    Span(low=0.395, high=0.405)
    """
    half = Decimal(5).scaleb(int(printed.as_tuple().exponent) - 1)
    return Span(float(printed - half), float(printed + half))


@dataclass(frozen=True, slots=True)
class Implied:
    """What a printed effect implies on the scale of analysis, its interval taken for Wald's.

    Args:
        estimate, estimates: As printed, and what rounding allows.
        low, high: What rounding allows of the limits.
        middles: Where rounding allows the middle of the interval.
        se, ses: The standard error of the interval as printed, and what rounding allows.
    """

    estimate: float
    estimates: Span
    low: Span
    high: Span
    middles: Span
    se: float
    ses: Span

    @property
    def is_midpoint(self) -> bool:
        """Whether the estimate can be the middle of its interval."""
        return self.estimates.meets(self.middles)


def implied(effect: PrintedEffect, level: float) -> Implied | None:
    """What a printed effect implies; None where no number is printed."""
    if effect.numbers is None:
        return None
    scale: Callable[[float], float] = math.log if effect.is_ratio else float
    spans = [Span(*(scale(end) for end in span_of(number))) for number in effect.numbers]
    estimate, low, high = (scale(float(number)) for number in effect.numbers)
    critical = confidence(0.0, 1.0, level).critical
    estimates, lows, highs = spans
    return Implied(
        estimate=estimate,
        estimates=estimates,
        low=lows,
        high=highs,
        middles=Span((lows.low + highs.low) / 2, (lows.high + highs.high) / 2),
        se=(high - low) / (2 * critical),
        ses=Span(
            max(highs.low - lows.high, 0.0) / (2 * critical),
            (highs.high - lows.low) / (2 * critical),
        ),
    )
