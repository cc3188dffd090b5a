"""Subgroups of a pool, and whether they differ by more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc

from immunotrack.evidence.effects import Effect
from immunotrack.evidence.mantel_haenszel import NotPooled
from immunotrack.evidence.method import How, pool_by
from immunotrack.evidence.pooled import Pooled
from immunotrack.evidence.weighted import q_at


@dataclass(frozen=True, slots=True)
class Group:
    """One subgroup: pooled alone, with its own τ².

    Args:
        members: The places of its studies among the effects of the pool.
        pooled: None where the method cannot pool them; `why` says so.
    """

    name: str
    members: tuple[int, ...]
    pooled: Pooled | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The test of the hypothesis that all subgroups have one effect.

    Args:
        q: Of the subgroups' pooled effects, weighted by the inverse squares of Wald's standard
            errors, whatever interval is shown.
    """

    q: float
    df: int
    p_value: float


def subgroups(how: How, effects: Sequence[Effect]) -> tuple[Group, ...]:
    """The studies of each subgroup pooled, in the order in which the subgroups first appear."""
    names = dict.fromkeys(each.study.group for each in effects)
    return tuple(_group(how, effects, name) for name in names)


def _group(how: How, effects: Sequence[Effect], name: str) -> Group:
    members = tuple(n for n, each in enumerate(effects) if each.study.group == name)
    try:
        return Group(name, members, pool_by(how, [effects[n] for n in members]))
    except NotPooled as error:
        return Group(name, members, None, str(error))


def difference(how: How, effects: Sequence[Effect], groups: Sequence[Group]) -> Difference | None:
    """Whether subgroups differ; None with fewer than two that can be pooled."""
    plain = replace(how, interval="wald")
    pooled = [
        pool_by(plain, [effects[n] for n in group.members])
        for group in groups
        if group.pooled is not None
    ]
    if len(pooled) < 2:
        return None
    estimates = np.array([each.estimate for each in pooled])
    q, df = q_at(estimates, np.array([each.se**2 for each in pooled]), 0.0), len(pooled) - 1
    return Difference(q, df, float(chdtrc(df, q)))
