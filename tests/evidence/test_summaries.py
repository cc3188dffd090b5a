"""Mean and SD from what trials report instead: other people's figures, and hand arithmetic."""

import pytest

from immunotrack.evidence.summaries import Summary, mean_of, quartile_width, range_width, sd_of

RANGE = Summary(min=2, median=9, max=41)
QUARTILES = Summary(q1=6, median=9, q3=17)
BOTH = Summary(min=2, q1=6, median=9, q3=17, max=41)


@pytest.mark.parametrize(
    ("summary", "n", "mean", "sd"),
    [
        (RANGE, 7, 15.021544795358952, 14.29106691143328),
        (QUARTILES, 7, 10.889285714285714, 10.103962147784886),
        (BOTH, 7, 14.361220613598714, 12.197514529609084),
        (RANGE, 30, 11.972897250696676, 9.5575055212413016),
        (QUARTILES, 30, 10.782500000000001, 8.5626224066574625),
        (BOTH, 30, 12.3038216208361, 9.0600639639493821),
        (RANGE, 100, 10.403596372036779, 7.804399930371213),
        (QUARTILES, 100, 10.75975, 8.2742542328822122),
        (BOTH, 100, 11.420082492316839, 8.0393270816267126),
    ],
)
def test_medians_as_metafor_reads_them(summary, n, mean, sd):
    """Published figures of metafor 4.4: conv.fivenum without its skewness test, SD by Wan 2014."""
    assert mean_of(summary, n).value == pytest.approx(mean, rel=1e-12)
    assert sd_of(summary, n, 0.95).value == pytest.approx(sd, rel=1e-12)


@pytest.mark.parametrize(
    ("n", "expected"), [(5, 2.32593), (10, 3.07751), (25, 3.93063), (100, 5.01519)]
)
def test_the_range_of_normal_samples(n, expected):
    """Tippett's expected range of n standard normal values (d2), which Wan's formula is near."""
    assert range_width(n) == pytest.approx(expected, rel=0.02)


def test_quartiles_of_many():
    """Of many patients the quartiles lie 1.349 SDs apart, as the Cochrane Handbook has it."""
    assert quartile_width(10**6) == pytest.approx(1.34898, rel=1e-5)


def test_from_the_standard_error():
    """An SE of 0.5 among 16 patients: 0.5 · 4 = 2."""
    found = sd_of(Summary(mean=3, se=0.5), 16, 0.95)

    assert found == (2, "SD from the standard error")


def test_from_the_interval_of_a_mean():
    """The Handbook's example (6.5.2.2): 25 patients, 30.0 to 34.2; √25 · 4.2 / (2 · 2.0639)."""
    found = sd_of(Summary(mean=32.1, ci_low=30.0, ci_high=34.2), 25, 0.95)

    assert found.value == pytest.approx(5.0874, abs=1e-4)
    assert found.how == "SD from the 95 % interval of the mean"


def test_what_is_reported_itself_is_used():
    """A mean and SD beside a median and quartiles win, and nothing is called derived."""
    both = Summary(mean=1, sd=2, se=9, median=5, q1=4, q3=6)

    assert (mean_of(both, 10), sd_of(both, 10, 0.95)) == ((1, ""), (2, ""))


@pytest.mark.parametrize("summary", [Summary(), Summary(median=3), Summary(median=3, q1=1)])
def test_too_little_gives_nothing(summary):
    """A median alone, or one quartile, is no mean and no SD."""
    assert mean_of(summary, 20) is None
    assert sd_of(summary, 20, 0.95) is None
