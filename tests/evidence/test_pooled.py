"""Pooling of effects: what has a law, and what one, two and equal studies can give."""

import math
import re
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from immunotrack.evidence.estimators import Model
from immunotrack.evidence.pooled import LARGEST_EFFECT, LARGEST_VARIANCE, pool_effects

MODELS = get_args(Model)
QUICK = settings(max_examples=30, deadline=None)

effects = st.floats(-5, 5).map(lambda number: round(number, 3))
variances = st.floats(0.01, 4).map(lambda number: round(number, 3))
samples = st.lists(st.tuples(effects, variances), min_size=2, max_size=7)
models = st.sampled_from(MODELS)


def pooled(sample, model, interval="wald", **given):
    """The pool of pairs of effect and variance."""
    values, squares = zip(*sample, strict=True)
    return pool_effects(values, squares, model=model, interval=interval, **given)


def close(number):
    """Equal but for rounding."""
    return pytest.approx(number, rel=1e-7, abs=1e-7)


def test_two_studies_by_hand():
    """Equal weights; Q = 2 · 0.1² / 0.01 = 2; tau2 = (2 - 1) / (200 - 100) = 0.01."""
    found = pool_effects([0.1, 0.3], [0.01, 0.01], model="DL", interval="wald")

    assert found.weights == pytest.approx((0.5, 0.5))
    assert (found.estimate, found.q, found.tau2) == pytest.approx((0.2, 2.0, 0.01))
    assert (found.se, found.i2, found.h2) == pytest.approx((0.1, 50.0, 2.0))
    assert found.notes == ("two studies: what is said of heterogeneity rests on one difference",)


@QUICK
@given(samples, models, st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(sample, model, random):
    """Permuting the studies permutes their weights and leaves the pool."""
    order = list(range(len(sample)))
    random.shuffle(order)

    one, other = pooled(sample, model), pooled([sample[n] for n in order], model)

    assert other.estimate == close(one.estimate)
    assert other.tau2 == close(one.tau2)
    assert other.weights == close(tuple(one.weights[n] for n in order))


@QUICK
@given(samples, models, st.sampled_from([1e-3, 0.5, 8, 1e3]))
def test_another_unit_scales_the_pool(sample, model, factor):
    """Effects in another unit: estimate and limits scale, tau2 by the square, I2 and p stay."""
    one = pooled(sample, model, "HK-modified")
    other = pooled([(y * factor, v * factor**2) for y, v in sample], model, "HK-modified")

    for name in ("estimate", "se", "ci_low", "ci_high"):
        assert getattr(other, name) / factor == close(getattr(one, name))
    assert other.tau2 / factor**2 == close(one.tau2)
    assert (other.i2, other.q, other.p_value) == close((one.i2, one.q, one.p_value))


@QUICK
@given(samples, models)
def test_the_other_sign_mirrors_the_pool(sample, model):
    """Treated and control exchanged: the estimate and its limits change their sign."""
    one, other = pooled(sample, model, "HK"), pooled([(-y, v) for y, v in sample], model, "HK")

    assert (other.estimate, other.ci_low) == close((-one.estimate, -one.ci_high))


alike = st.lists(st.tuples(st.floats(-1, 1), st.floats(1, 4)), min_size=2, max_size=7)
"""Studies that differ less than by chance, mostly."""


@QUICK
@given(alike)
def test_little_heterogeneity_is_a_common_effect(sample):
    """Where Q is below its degrees of freedom, DL and PM are the common effect, truncated at 0."""
    common = pooled(sample, "common")
    assume(common.q <= common.q_df)

    for model in ("DL", "PM"):
        found = pooled(sample, model)
        assert found.tau2 == 0
        assert (found.estimate, found.se) == (common.estimate, common.se)


@QUICK
@given(samples, models)
def test_the_modified_interval_is_never_narrower(sample, model):
    """HK-modified holds Wald's interval, always."""
    wald, modified = pooled(sample, model), pooled(sample, model, "HK-modified")

    assert modified.se >= wald.se
    assert modified.ci_low <= wald.ci_low
    assert modified.ci_high >= wald.ci_high


@QUICK
@given(samples, models)
def test_bounds_hold_their_estimates(sample, model):
    """The estimate lies among the effects; every interval holds what it is of."""
    found = pooled(sample, model, "HK")

    assert min(y for y, _ in sample) - 1e-9 <= found.estimate <= max(y for y, _ in sample) + 1e-9
    assert sum(found.weights) == pytest.approx(1)
    assert found.ci_low <= found.estimate <= found.ci_high
    assert 0 <= found.i2_low <= found.i2_high <= 100
    if found.prediction_low is not None:
        assert found.prediction_low <= found.ci_low
        assert found.prediction_high >= found.ci_high


@QUICK
@given(samples)
def test_paule_mandel_makes_q_its_degrees_of_freedom(sample):
    """At the tau2 of PM the generalised Q is k - 1, or less where tau2 is 0."""
    found = pooled(sample, "PM")
    again = pooled([(y, v + found.tau2) for y, v in sample], "common")

    assert again.q <= again.q_df + 1e-7
    assert found.tau2 == 0 or again.q == close(again.q_df)


@QUICK
@given(samples, st.sampled_from(["REML", "ML"]))
def test_no_tau2_is_more_likely(sample, model):
    """The likelihood at the estimate is not below that at any tau2 of a fine grid."""
    restricted = model == "REML"

    def likelihood(tau2):
        total = [v + tau2 for _, v in sample]
        weight = sum(1 / each for each in total)
        mean = sum(y / each for (y, _), each in zip(sample, total, strict=True)) / weight
        spread = sum((y - mean) ** 2 / each for (y, _), each in zip(sample, total, strict=True))
        return -sum(map(math.log, total)) - spread - math.log(weight) * restricted

    best = likelihood(pooled(sample, model).tau2)

    assert all(likelihood(n**2 / 400) <= best + 1e-9 for n in range(200))


@pytest.mark.parametrize(
    ("effects", "variances", "tau2"),
    [
        ((-0.1, 1.0, -0.6, -0.8, -0.1), (0.001, 2.246, 0.534, 0.042, 0.001), 0.1007619),
        ((-1.1, -0.8, 4.6, -1.3), (0.162, 0.005, 3.437, 0.368), 0),
    ],
)
def test_the_higher_of_two_peaks(effects, variances, tau2):
    """REML peaks at 0 and 0.1008, or at 0 and near 2; metafor's likelihood is higher at these."""
    found = pool_effects(effects, variances, model="REML", interval="wald")

    assert found.tau2 == pytest.approx(tau2, abs=1e-7)


@QUICK
@given(effects, variances, st.integers(2, 30), models)
def test_copies_of_one_study(effect, variance, k, model):
    """Copies of a study have its estimate, its variance over k, and no heterogeneity."""
    found = pooled([(effect, variance)] * k, model)

    assert found.estimate == pytest.approx(effect)
    assert found.se == pytest.approx((variance / k) ** 0.5)
    assert (found.q, found.tau2, found.i2) == (0, 0, 0)


def test_one_study_gives_its_own_numbers():
    """Wald's interval whatever was asked, and why there is no more."""
    found = pool_effects([0.5], [0.04], model="REML", interval="HK")

    assert (found.k, found.interval, found.weights) == (1, "wald", (1.0,))
    assert (found.estimate, found.se) == pytest.approx((0.5, 0.2))
    assert (found.ci_low, found.ci_high) == pytest.approx((0.5 - 0.392, 0.5 + 0.392), abs=1e-4)
    assert (found.tau2, found.q, found.i2, found.prediction_low) == (None, None, None, None)
    assert found.notes == (
        "one study: its own numbers; heterogeneity and a prediction interval need two",
        "the interval HK needs two studies, and Wald's is given",
    )


def test_two_studies_by_hartung_knapp():
    """One degree of freedom of t: 12.7062 standard errors of 0.1 to each side of 0.2."""
    found = pool_effects([0.1, 0.3], [0.01, 0.01], model="DL", interval="HK-modified")

    assert found.ci_high == pytest.approx(0.2 + 1.27062, abs=1e-5)
    assert found.tau2_high == pytest.approx(20.3547, rel=1e-4)


def test_studies_that_agree_exactly():
    """Hartung-Knapp's interval has no width, and its p-value is not made up."""
    found = pool_effects([0.2, 0.2], [0.01, 0.03], model="REML", interval="HK")

    assert (found.se, found.p_value, found.tau2_high) == (0, None, 0)
    assert found.notes[1:] == (
        "the studies differ less than by chance, and the interval HK takes that for precision",
        "the studies agree so exactly that the interval HK has no width and no p-value",
        "the studies differ so little that the interval of tau2 holds nothing but 0",
    )


def test_a_common_effect_says_what_it_has_not():
    """No interval of tau2, no prediction interval; Hartung-Knapp is not made for it."""
    found = pool_effects([0.1, 0.3, 0.2], [0.01] * 3, model="common", interval="HK")

    assert (found.tau2, found.tau2_low, found.prediction_low) == (0, None, None)
    assert found.notes[:2] == (
        "a common effect is assumed: there is no tau2 to estimate and no prediction interval",
        "Hartung-Knapp is made for random effects, and a common effect is assumed",
    )


@pytest.mark.parametrize(
    ("effects", "variances", "choices", "message"),
    [
        ([], [], {}, "0 effects and 0 variances cannot be pooled"),
        ([1], [1, 2], {}, "1 effects and 2 variances cannot be pooled"),
        ([math.nan], [1], {}, "every effect must be a number of no more than 1e+50"),
        ([1], [0], {}, "every variance must lie between 1e-70 and 1e+70"),
        ([1], [math.inf], {}, "every variance must lie between 1e-70 and 1e+70"),
        ([1], [1], {"level": 95}, "level must lie between 0 and 1, as 0.95 does, not 95"),
        ([1], [1], {"model": "HE"}, "no model 'HE' with an interval 'wald' is known"),
        ([1], [1], {"interval": "t"}, "no model 'DL' with an interval 't' is known"),
    ],
)
def test_impossible_numbers_are_refused(effects, variances, choices, message):
    """A programmer's mistake is a ValueError that says what is expected."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        pool_effects(effects, variances, **{"model": "DL", "interval": "wald", **choices})


@pytest.mark.parametrize("model", MODELS)
def test_numbers_of_every_size_are_pooled(model):
    """Effects and variances at the end of what is allowed overflow nowhere."""
    found = pool_effects(
        [LARGEST_EFFECT, -LARGEST_EFFECT, 1.0],
        [1 / LARGEST_VARIANCE, 1.0, LARGEST_VARIANCE],
        model=model,
        interval="HK",
    )

    assert math.isfinite(found.estimate)
    assert math.isfinite(found.ci_high)
