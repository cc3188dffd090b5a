"""A pool in words: its effect, its heterogeneity, its subgroups, each with the method's name."""

from collections.abc import Iterator
from typing import Final

from immunotrack.evidence.pool import Pool
from immunotrack.evidence.pool_rows import shown
from immunotrack.evidence.pooled import Pooled

MODELS: Final = {
    "common": "common effect, inverse variance",
    "DL": "random effects, DerSimonian-Laird",
    "PM": "random effects, Paule-Mandel",
    "REML": "random effects, restricted maximum likelihood (REML)",
    "ML": "random effects, maximum likelihood (ML)",
    "MH": "common effect, Mantel-Haenszel",
    "Peto": "common effect, Peto",
}
INTERVALS: Final = {
    "wald": "Wald interval",
    "HK": "Hartung-Knapp interval",
    "HK-modified": "modified Hartung-Knapp interval (never narrower than Wald's)",
}


def sentences(found: Pool) -> Iterator[str]:
    """What a reader has to be told of a pool, one line each."""
    k = found.overall.k
    yield f"{effect_of(found, found.overall)} in {'1 study' if k == 1 else f'{k} studies'}"
    yield method_of(found.overall)
    heterogeneity = heterogeneity_of(found.overall)
    if heterogeneity:
        yield heterogeneity
    if found.overall.prediction_low is not None:
        ends = _interval(found, found.overall.prediction_low, found.overall.prediction_high)
        yield f"{_percent(found.overall)} prediction interval for another study's effect: {ends}"
    if found.difference is not None:
        test = found.difference
        yield (
            f"difference of {len(found.groups)} subgroups: "
            f"Q {test.q:.2f} on {test.df} df, {probability(test.p_value)}"
        )


def effect_of(found: Pool, pooled: Pooled) -> str:
    """A pooled effect with its interval: `RR 0.49 [0.34, 0.70], p = 0.0005`."""
    ends = _interval(found, pooled.ci_low, pooled.ci_high)
    tested = "" if pooled.p_value is None else f", {probability(pooled.p_value)}"
    return f"{found.label} {number(shown(found, pooled.estimate))} {ends}{tested}"


def method_of(pooled: Pooled) -> str:
    """Model, interval and level in words."""
    return f"{MODELS[pooled.model]}; {_percent(pooled)} {INTERVALS[pooled.interval]}"


def heterogeneity_of(pooled: Pooled) -> str:
    """What is known of the heterogeneity; empty for one study."""
    if pooled.q is None or pooled.q_p is None or pooled.i2 is None:
        return ""
    parts = [f"Q {pooled.q:.2f} on {pooled.q_df} df, {probability(pooled.q_p)}"]
    if pooled.tau2 is not None and pooled.tau2_high is not None:
        parts.append(f"tau2 {number(pooled.tau2)} {_ends(pooled.tau2_low, pooled.tau2_high)}")
    spread = "" if pooled.i2_high is None else f" [{pooled.i2_low:.0f} %, {pooled.i2_high:.0f} %]"
    parts.append(f"I2 {pooled.i2:.0f} %{spread}")
    if pooled.h2 is not None:
        spread = "" if pooled.h2_high is None else f" {_ends(pooled.h2_low, pooled.h2_high)}"
        parts.append(f"H2 {number(pooled.h2)}{spread}")
    return f"heterogeneity: {'; '.join(parts)}"


def number(value: float | None) -> str:
    """A number of a result to two decimals, a small one to two digits.

    >>> number(0.4894), number(12.0), number(0.0042), number(-1e9), number(0.0)
    ('0.49', '12.00', '0.0042', '-1e+09', '0.00')
    """
    if value is None:
        return ""
    if value == 0 or 0.1 <= abs(value) < 1e6:
        return f"{value:.2f}"
    return f"{value:.2g}"


def probability(value: float) -> str:
    """A p-value as papers print it.

    >>> probability(0.155), probability(0.00004), probability(0.0123)
    ('p = 0.155', 'p < 0.0001', 'p = 0.012')
    """
    if value < 0.0001:
        return "p < 0.0001"
    return f"p = {value:.4f}" if value < 0.001 else f"p = {value:.3f}"


def _percent(pooled: Pooled) -> str:
    return f"{100 * pooled.level:g} %"


def _interval(found: Pool, low: float | None, high: float | None) -> str:
    return _ends(shown(found, low), shown(found, high))


def _ends(low: float | None, high: float | None) -> str:
    return f"[{number(low)}, {number(high)}]"
