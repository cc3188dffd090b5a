"""Intervals: what censored values leave open, and nothing more."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.intervals import highest, interval, lowest, mean, slope
from strategies import SIGNS

numbers = st.integers(0, 50).map(float)
results = st.tuples(st.sampled_from(SIGNS), numbers).map(lambda pair: interval(*pair))


def allowed(values):
    """Numbers that an interval allows: half steps around its ends."""
    steps = [half / 2 for half in range(240)]
    return [
        x
        for x in steps
        if (x > values.low.value or (x == values.low.value and not values.low.open))
        and (x < values.high.value or (x == values.high.value and not values.high.open))
    ]


@pytest.mark.parametrize(
    ("one", "other", "change", "fold", "percent"),
    [
        (("", 595.0), ("", 168.0), "427", "3.54167", "254.167"),
        (("", 0.45), ("", 0.3), "0.15", "1.5", "50"),
        (("", 1000.0), ("<", 50.0), "950 to 1000", ">20", ">1900"),
        (("<", 10.0), ("", 40.0), "-40 to -30", "<0.25", "-100 to -75"),
        ((">", 100.0), ("", 50.0), ">50", ">2", ">100"),
        (("", 3.0), ("", 0.0), "3", "None", "None"),
        (("", 0.0), ("", 4.0), "-4", "0", "-100"),
        (("<", None), ("", 4.0), ">=-4", "any number", ">=-100"),
    ],
)
def test_change_fold_and_percent(one, other, change, fold, percent):
    """595 - 168 = 427, 595 / 168 = 3.5417; 1000 to below 50 is more than 20 times, and so on."""
    value, base = interval(*one), interval(*other)

    assert str(value.minus(base)) == change
    assert str(value.over(base)) == fold
    assert str(value.percent(base)) == percent


@pytest.mark.parametrize(
    ("result", "sides"),
    [
        (("", 5.0), {"in"}),
        (("", 9.0), {"in"}),
        (("", 4.9), {"below"}),
        (("", 9.1), {"above"}),
        (("<", 5.0), {"below"}),
        (("<=", 5.0), {"below", "in"}),
        ((">", 9.0), {"above"}),
        ((">=", 9.0), {"in", "above"}),
        (("<", 10.0), {"below", "in", "above"}),
        (("", 4.999999999999999), {"in"}),
        (("<", None), {"below", "in", "above"}),
    ],
)
def test_sides_of_a_closed_range(result, sides):
    """A limit is in range itself; <5 lies below a lower limit of 5, <=5 may be on it."""
    assert interval(*result).sides(5.0, 9.0) == sides


def test_without_a_range_there_is_no_side():
    """No limit, nothing to say; one limit, one side."""
    assert interval("", 5.0).sides(None, None) == frozenset()
    assert interval("", 5.0).sides(None, 4.0) == {"above"}


@given(values=results, threshold=numbers, compare=st.sampled_from(["<", "<=", ">", ">="]))
def test_a_comparison_holds_for_every_allowed_value_or_is_open(values, threshold, compare):
    """True: for each value that is allowed; False: for none; None: both are among them."""
    holds = {
        {"<": x < threshold, "<=": x <= threshold, ">": x > threshold, ">=": x >= threshold}[
            compare
        ]
        for x in allowed(values)
    }
    expected = next(iter(holds)) if len(holds) == 1 else None
    found = values.compared(compare, threshold)

    assert not holds or found == expected


@given(several=st.lists(results, min_size=1, max_size=4))
def test_extremes_and_mean_lie_in_order(several):
    """The lowest is not above the mean, and the mean is not above the highest."""
    low, middle, high = lowest(several), mean(several), highest(several)

    assert low.low.value <= middle.low.value + 1e-9 <= high.low.value + 2e-9
    assert low.high.value <= middle.high.value + 1e-9
    assert middle.high.value <= high.high.value + 1e-9


@given(
    several=st.lists(st.tuples(st.integers(0, 9).map(float), results), min_size=1, max_size=4),
    pick=st.randoms(use_true_random=False),
)
def test_the_slope_of_any_allowed_values_is_allowed(several, pick):
    """As the standard library has it; of one day there is none."""
    found = slope(several)
    days = [day for day, _ in several]
    if len(set(days)) == 1:
        assert found is None
        return
    values = [pick.choice(allowed(one)[:6] or [one.low.value]) for _, one in several]
    line = statistics.linear_regression(days, values)

    assert found.low.value - 1e-9 <= line.slope <= found.high.value + 1e-9
    if all(one.exact is not None for _, one in several):
        exact = [one.exact for _, one in several]
        assert found.exact == pytest.approx(statistics.linear_regression(days, exact).slope)


@given(one=results, other=results)
def test_the_change_of_any_two_allowed_values_is_allowed(one, other):
    """No pair of values lies outside the interval of the difference."""
    change = one.minus(other)

    for x in allowed(one)[:6]:
        for y in allowed(other)[:6]:
            assert change.low.value - 1e-9 <= x - y <= change.high.value + 1e-9
