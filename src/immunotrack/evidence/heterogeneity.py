"""How much studies differ beyond chance: Q, and τ², I² and H² with their intervals."""

from dataclasses import dataclass

from scipy.special import chdtrc, chdtri

from immunotrack.evidence.estimators import TAU2, Model, tau2_where_q_is
from immunotrack.evidence.weighted import Numbers, contrast, q_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """The heterogeneity of two studies or more.

    The interval of τ² is Viechtbauer's Q-profile (doi:10.1002/sim.2514), that of I² and H² is the
    same interval on their scales: I² = τ² / (τ² + v) and H² = 1 + τ² / v with Higgins and
    Thompson's typical variance v. Under random effects I² and H² follow from the τ² of the model;
    under a common effect, which has no τ², they are max(0, (Q - df) / Q) and Q / df.

    Args:
        tau2: In squares of the effects' unit; 0 under a common effect, and then without interval.
        q: Cochran's Q.
        q_df: Its degrees of freedom, the studies but one.
        q_p: The probability of so large a Q if all studies have one effect.
        i2: In percent.
    """

    tau2: float
    tau2_low: float | None
    tau2_high: float | None
    q: float
    q_df: int
    q_p: float
    i2: float
    i2_low: float
    i2_high: float
    h2: float
    h2_low: float
    h2_high: float


def heterogeneity(
    effects: Numbers, variances: Numbers, model: Model, level: float
) -> Heterogeneity:
    """The heterogeneity of two studies or more, with τ² by the estimator of the model."""
    q, df = q_at(effects, variances, 0.0), len(effects) - 1
    tau2, typical = TAU2[model](effects, variances), typical_variance(variances)
    low, high = q_profile(effects, variances, level)
    common = model == "common"
    return Heterogeneity(
        tau2=tau2,
        tau2_low=None if common else low,
        tau2_high=None if common else high,
        q=q,
        q_df=df,
        q_p=float(chdtrc(df, q)),
        i2=i2_of_q(q, df) if common else _i2(tau2, typical),
        i2_low=_i2(low, typical),
        i2_high=_i2(high, typical),
        h2=q / df if common else _h2(tau2, typical),
        h2_low=_h2(low, typical),
        h2_high=_h2(high, typical),
    )


def q_profile(effects: Numbers, variances: Numbers, level: float) -> tuple[float, float]:
    """The values of τ² for which Q is no surprise; both 0 where it is too small for any."""
    df, tail = len(effects) - 1, (1 - level) / 2
    ends = (float(chdtri(df, tail)), float(chdtri(df, 1 - tail)))
    low, high = (tau2_where_q_is(effects, variances, q) for q in ends)
    return low, high


def typical_variance(variances: Numbers) -> float:
    """Higgins and Thompson's typical variance within studies (doi:10.1002/sim.1186)."""
    return (len(variances) - 1) / contrast(1 / variances)


def i2_of_q(q: float, df: int) -> float:
    """I² in percent from Q alone."""
    return max(0.0, 100 * (q - df) / q) if q > 0 else 0.0


def _i2(tau2: float, typical: float) -> float:
    return 100 * tau2 / (tau2 + typical)


def _h2(tau2: float, typical: float) -> float:
    return 1 + tau2 / typical
