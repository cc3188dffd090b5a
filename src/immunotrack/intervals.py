"""Intervals: all the values that a result, or a number computed from results, may have."""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from immunotrack.flags import NOISE
from immunotrack.values import Bound, bounds, from_bounds

Compare = Literal["<", "<=", ">", ">="]

Side = Literal["below", "in", "above"]


class Interval(NamedTuple):
    """The lowest and the highest value that is possible; a known number has both alike."""

    low: Bound
    high: Bound

    @property
    def exact(self) -> float | None:
        """The number, where only one is possible."""
        return self.low.value if self.low == self.high else None

    @property
    def result(self) -> tuple[str, float | None]:
        """Comparator and value, as a laboratory would write them."""
        return from_bounds(self.low, self.high)

    def __str__(self) -> str:
        """The number, `<5`, `>1000`, or `3 to 5`."""
        if self.exact is not None:
            return _digits(self.exact)
        if math.isinf(self.high.value):
            if self.low in {Bound(0.0), Bound(-math.inf)}:
                return "any number"
            return f"{'>' if self.low.open else '>='}{_digits(self.low.value)}"
        if self.low == Bound(0.0):
            return f"{'<' if self.high.open else '<='}{_digits(self.high.value)}"
        return f"{_digits(self.low.value)} to {_digits(self.high.value)}"

    @property
    def told(self) -> tuple[str, float | None]:
        """As `result`, but `IND` without a number where two ends say more than a comparator can."""
        if self.exact is None and math.isfinite(self.high.value) and self.low.value > 0:
            return "IND", None
        return self.result if self != UNKNOWN else ("IND", None)

    def minus(self, other: "Interval") -> "Interval":
        """What can be between a value of this and one of the other."""
        return Interval(_less(self.low, other.high), _less(self.high, other.low))

    def over(self, other: "Interval") -> "Interval | None":
        """How many times the other, which is not negative, this can be; None by exact zero."""
        if other.high.value <= 0 or self.low.value < 0:
            return None
        return Interval(_ratio(self.low, other.high), _ratio(self.high, other.low))

    def percent(self, base: "Interval") -> "Interval | None":
        """By how many percent of the base this can be above it; None where that is zero."""
        times = self.over(base)
        if times is None:
            return None
        if self.exact is not None and base.exact is not None:
            number = float(100 * (_exactly(self.exact) / _exactly(base.exact) - 1))
            return Interval(Bound(number), Bound(number))
        return Interval(*(Bound(100 * (end.value - 1), end.open) for end in times))

    def compared(self, compare: Compare, threshold: float) -> bool | None:
        """Whether every value, or none, is on that side of a threshold; None if it is open.

        >>> Interval(*bounds("<", 5.0)).compared("<", 5.0)
        True
        >>> Interval(*bounds(">", 3.0)).compared("<", 5.0) is None
        True
        """
        low, high = (_snapped(end, threshold) for end in self)
        if compare in {">", ">="}:
            above = low >= Bound(threshold, 0 if compare == ">=" else 1)
            below = high < Bound(threshold) if compare == ">=" else high <= Bound(threshold)
            return True if above else False if below else None
        opposite: Compare = ">=" if compare == "<" else ">"
        found = self.compared(opposite, threshold)
        return None if found is None else not found

    def sides(self, lowest: float | None, highest: float | None) -> frozenset[Side]:
        """On which sides of a closed range the value may be; none where there is no range."""
        if lowest is None and highest is None:
            return frozenset()
        under = False if lowest is None else self.compared("<", lowest)
        over = False if highest is None else self.compared(">", highest)
        found: set[Side] = set()
        if under is not False:
            found.add("below")
        if over is not False:
            found.add("above")
        if under is not True and over is not True:
            found.add("in")
        return frozenset(found)


UNKNOWN: Final = Interval(Bound(0.0), Bound(math.inf))
"""Not detected, below a limit that is not known."""


def interval(comparator: str, value: float | None) -> Interval:
    """The values that a result allows."""
    return Interval(*bounds(comparator, value))


def highest(intervals: Sequence[Interval]) -> Interval:
    """What the highest of several values can be."""
    return _extreme(intervals, max)


def lowest(intervals: Sequence[Interval]) -> Interval:
    """What the lowest of several values can be."""
    return _extreme(intervals, min)


def mean(intervals: Sequence[Interval]) -> Interval:
    """What the mean of several values can be."""
    lower, upper = zip(*intervals, strict=True)
    return Interval(_mean(lower), _mean(upper))


_APART: Final = 1e-6
"""Samples within so small a part of a day have no slope between them."""


def slope(points: Sequence[tuple[float, Interval]]) -> Interval | None:
    """What the least-squares slope over days and values can be; None where there is none.

    >>> str(slope([(1.0, interval("", 9000.0)), (6.0, interval("<", 8000.0))]))
    '-1800 to -200'
    """
    days = [_exactly(day) for day, _ in points]
    if not days or max(days) - min(days) < _APART:
        return None
    middle = sum(days, Fraction(0)) / len(days)
    spread = sum(((day - middle) * (day - middle) for day in days), Fraction(0))
    weights = [(day - middle) / spread for day in days]
    ends = [
        sorted(values, reverse=weight < 0)
        for weight, (_, values) in zip(weights, points, strict=True)
    ]
    low, high = zip(*ends, strict=True)
    return Interval(_weighted(weights, low, 1), _weighted(weights, high, -1))


def _weighted(weights: Sequence[Fraction], ends: Sequence[Bound], inside: Literal[1, -1]) -> Bound:
    """A sum of ends, which is open where one of them is; endless on the outside where one is."""
    counting = [(weight, end) for weight, end in zip(weights, ends, strict=True) if weight]
    opened = inside if any(end.open for _, end in counting) else 0
    if any(math.isinf(end.value) for _, end in counting):
        return Bound(-inside * math.inf)
    return Bound(float(sum(weight * _exactly(end.value) for weight, end in counting)), opened)


def quantile(intervals: Sequence[Interval], part: Fraction) -> Interval:
    """What a quantile of several values can be, interpolated as R and NumPy do (type 7).

    Each end is the quantile of the ends on its side: no value between them is made up.

    Args:
        part: From 0 to 1; a half is the median.

    >>> counts = [interval("<", 5.0), interval("", 8.0), interval("", 9.0)]
    >>> str(quantile(counts, Fraction(1, 2))), str(quantile(counts, Fraction(1, 4)))
    ('8', '4 to 6.5')
    """
    lower, upper = zip(*intervals, strict=True)
    return Interval(_quantile(sorted(lower), part), _quantile(sorted(upper), part))


def _quantile(ranked: Sequence[Bound], part: Fraction) -> Bound:
    place = part * (len(ranked) - 1)
    share = place - math.floor(place)
    one, *others = ranked[math.floor(place) : math.floor(place) + 1 + bool(share)]
    if not others or one == others[0]:
        return one
    other = others[0]
    opened = one.open or other.open
    if math.isinf(other.value):
        return Bound(math.inf, opened)
    between = _exactly(one.value) + share * (_exactly(other.value) - _exactly(one.value))
    return Bound(float(between), opened)


def _extreme(intervals: Sequence[Interval], choose: Callable[[Iterable[Bound]], Bound]) -> Interval:
    return Interval(choose(each.low for each in intervals), choose(each.high for each in intervals))


def _mean(ends: Sequence[Bound]) -> Bound:
    opened = next((end.open for end in ends if end.open), 0)
    if any(math.isinf(end.value) for end in ends):
        return Bound(math.inf, opened)
    return Bound(float(sum(_exactly(end.value) for end in ends) / len(ends)), opened)


def _digits(number: float) -> str:
    """A number for a sentence: a whole one in full, another to 6 digits."""
    return f"{int(number)}" if number.is_integer() else f"{number:.6g}"


def _exactly(number: float) -> Fraction:
    """A number as its shortest decimal digits say it."""
    return Fraction(repr(number))


def _less(one: Bound, other: Bound) -> Bound:
    opened = one.open or -other.open
    if math.isinf(one.value) or math.isinf(other.value):
        return Bound(one.value - other.value, opened)
    return Bound(float(_exactly(one.value) - _exactly(other.value)), opened)


def _ratio(one: Bound, other: Bound) -> Bound:
    opened = one.open or -other.open
    if math.isinf(other.value):
        return Bound(0.0)
    if math.isinf(one.value) or other.value <= 0:
        return Bound(math.inf)
    return Bound(float(_exactly(one.value) / _exactly(other.value)), opened)


def _snapped(end: Bound, threshold: float) -> Bound:
    """An end of an interval on a threshold, where rounding alone parts them."""
    near = abs(end.value - threshold) <= abs(threshold) * NOISE
    return Bound(threshold, end.open) if near else end
