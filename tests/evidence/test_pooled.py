"""Pooling of effects: what has a law, and what one, two and equal studies can give."""

import pytest

from immunotrack.evidence.pooled import pool_effects


def test_two_studies_by_hand():
    """Equal weights; Q = 2 · 0.1² / 0.01 = 2; tau2 = (2 - 1) / (200 - 100) = 0.01."""
    found = pool_effects([0.1, 0.3], [0.01, 0.01], model="DL", interval="wald")

    assert found.weights == pytest.approx((0.5, 0.5))
    assert (found.estimate, found.q, found.tau2) == pytest.approx((0.2, 2.0, 0.01))
    assert (found.se, found.i2, found.h2) == pytest.approx((0.1, 50.0, 2.0))
