"""Effects of several studies pooled into one, with everything that is known of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np

from immunotrack.evidence.confidence import (
    INTERVAL_METHODS,
    Confidence,
    IntervalMethod,
    confidence,
    scale_of,
)
from immunotrack.evidence.estimators import TAU2, Model
from immunotrack.evidence.heterogeneity import Heterogeneity, heterogeneity
from immunotrack.evidence.weighted import weighted

Method = Literal[Model, "MH", "Peto"]
"""A model of effects, or Mantel-Haenszel or Peto for events in two arms."""

LARGEST_EFFECT: Final = 1e50
"""No effect is as large."""

LARGEST_VARIANCE: Final = 1e70
"""No variance is as large, nor as small as its reciprocal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """A pooled effect on the scale of analysis: the logarithm of a ratio, a difference as it is.

    What cannot be had is None, and a note says why.

    Args:
        model: How the effects were pooled.
        interval: How `ci_low` and `ci_high` were made.
        level: The confidence of every interval, 0.95 for 95 %.
        k: The number of studies.
        se: The standard error that the interval rests on.
        p_value: Of the hypothesis that the pooled effect is 0.
        tau2: The variance of true effects between studies, in squares of the effects' unit.
        q: Cochran's Q, with `q_df` degrees of freedom and its p-value `q_p`.
        i2: In percent; see `immunotrack.evidence.heterogeneity.Heterogeneity`.
        prediction_low: With `prediction_high`, where the true effect of another study lies. It
            has the distribution of the interval: normal beside Wald, else t with k - 1 degrees of
            freedom.
        weights: The shares of the studies in their order, which add up to 1.
        notes: What could not be had, and what to know of what could.
    """

    model: Method
    interval: IntervalMethod
    level: float
    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float | None
    tau2: float | None = None
    tau2_low: float | None = None
    tau2_high: float | None = None
    q: float | None = None
    q_df: int | None = None
    q_p: float | None = None
    i2: float | None = None
    i2_low: float | None = None
    i2_high: float | None = None
    h2: float | None = None
    h2_low: float | None = None
    h2_high: float | None = None
    prediction_low: float | None = None
    prediction_high: float | None = None
    weights: tuple[float, ...]
    notes: tuple[str, ...] = ()


def pool_effects(
    effects: Sequence[float],
    variances: Sequence[float],
    *,
    model: Model,
    interval: IntervalMethod,
    level: float = 0.95,
) -> Pooled:
    """Pool effects by the inverse of their variances.

    Args:
        effects: On the scale of analysis: logarithms of ratios, differences as they are.
        variances: Squares of their standard errors.

    Raises:
        ValueError: A number is not finite or beyond every sane size, a variance not
            positive, there is no study, or a choice is none.

    >>> found = pool_effects([0.1, 0.3], [0.01, 0.01], model="DL", interval="wald")
    >>> round(found.estimate, 3), round(found.tau2, 3), round(found.ci_high, 3)
    (0.2, 0.01, 0.396)
    """
    refuse_impossible(effects, variances, level)
    if model not in TAU2 or interval not in INTERVAL_METHODS:
        raise ValueError(f"no model {model!r} with an interval {interval!r} is known")
    if len(effects) == 1:
        return _alone(float(effects[0]), variances[0], model, interval, level)
    values, squares = np.array(effects, float), np.array(variances, float)
    found = heterogeneity(values, squares, model, level)
    mean = weighted(values, squares, found.tau2)
    df = len(effects) - 1
    scale = scale_of(mean.q, df, interval)
    sure = confidence(mean.estimate, mean.se * scale, level, None if interval == "wald" else df)
    low, high = (None, None) if model == "common" else _prediction(mean.estimate, sure, found.tau2)
    return Pooled(
        model=model,
        interval=interval,
        level=level,
        k=len(effects),
        estimate=mean.estimate,
        se=sure.se,
        ci_low=sure.low,
        ci_high=sure.high,
        p_value=sure.p_value,
        prediction_low=low,
        prediction_high=high,
        weights=tuple(mean.weights.tolist()),
        notes=tuple(_notes(model, interval, scale, found)),
        **asdict(found),
    )


def refuse_impossible(effects: Sequence[float], variances: Sequence[float], level: float) -> None:
    """Refuse numbers that no study can have.

    Raises:
        ValueError: See `pool_effects`.
    """
    if not effects or len(effects) != len(variances):
        raise ValueError(f"{len(effects)} effects and {len(variances)} variances cannot be pooled")
    if not all(abs(effect) <= LARGEST_EFFECT for effect in effects):
        raise ValueError(f"every effect must be a number of no more than {LARGEST_EFFECT:g}")
    least, most = 1 / LARGEST_VARIANCE, LARGEST_VARIANCE
    if not all(least <= variance <= most for variance in variances):
        raise ValueError(f"every variance must lie between {least:g} and {most:g}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, as 0.95 does, not {level!r}")


def _alone(
    effect: float, variance: float, model: Model, interval: IntervalMethod, level: float
) -> Pooled:
    """One study: its own numbers, and what they do not hold."""
    sure = confidence(effect, variance**0.5, level)
    notes = ["one study: its own numbers; heterogeneity and a prediction interval need two"]
    if interval != "wald":
        notes.append(f"the interval {interval} needs two studies, and Wald's is given")
    return Pooled(
        model=model,
        interval="wald",
        level=level,
        k=1,
        estimate=effect,
        se=sure.se,
        ci_low=sure.low,
        ci_high=sure.high,
        p_value=sure.p_value,
        weights=(1.0,),
        notes=tuple(notes),
    )


def _prediction(estimate: float, sure: Confidence, tau2: float) -> tuple[float, float]:
    """Where the true effect of another study lies."""
    reach = sure.critical * (sure.se**2 + tau2) ** 0.5
    return estimate - reach, estimate + reach


def _notes(model: Model, interval: IntervalMethod, scale: float, found: Heterogeneity) -> list[str]:
    """What to know of the numbers of two studies or more."""
    told = {
        "two studies: what is said of heterogeneity rests on one difference": found.q_df == 1,
        "a common effect is assumed: there is no tau2 to estimate and no prediction interval": (
            model == "common"
        ),
        "Hartung-Knapp is made for random effects, and a common effect is assumed": (
            model == "common" and interval != "wald"
        ),
        "the studies differ less than by chance, and the interval HK takes that for precision": (
            interval == "HK" and scale < 1
        ),
        "the studies agree so exactly that the interval HK has no width and no p-value": (
            scale == 0
        ),
        "the studies differ so little that the interval of tau2 holds nothing but 0": (
            found.tau2_high == 0
        ),
    }
    return [note for note, holds in told.items() if holds]
