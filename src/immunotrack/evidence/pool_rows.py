"""A pool as rows of a table: its studies, its subgroups, the whole, and the whole without each."""

import math
from collections.abc import Iterator
from typing import Any, Final

from immunotrack.evidence.arms import Events, Means
from immunotrack.evidence.effects import Effect, Study
from immunotrack.evidence.pool import Pool
from immunotrack.evidence.pooled import Pooled
from immunotrack.table import NUMBER, TEXT, frame_of

_ARMS: Final = ("treated", "control")
COLUMNS: Final[dict[str, Any]] = {
    "row": TEXT,
    "name": TEXT,
    "group": TEXT,
    "measure": TEXT,
    "model": TEXT,
    "interval": TEXT,
    "level": NUMBER,
    "k": NUMBER,
    **{f"{name}_{arm}": NUMBER for arm in _ARMS for name in ("events", "n", "mean", "sd")},
    "estimate": NUMBER,
    "ci_low": NUMBER,
    "ci_high": NUMBER,
    "prediction_low": NUMBER,
    "prediction_high": NUMBER,
    "se": NUMBER,
    "p_value": NUMBER,
    "weight_percent": NUMBER,
    **dict.fromkeys(("tau2", "tau2_low", "tau2_high", "q", "q_df", "q_p"), NUMBER),
    **dict.fromkeys(("i2", "i2_low", "i2_high", "h2", "h2_low", "h2_high"), NUMBER),
    "note": TEXT,
}
"""The columns of the table.

`row` is `study`, `left out`, `subgroup`, `overall`, `difference` (the test of the subgroups) or
`without` (the overall effect without the study that is named). Estimates and their limits are
ratios or differences; `se` and `tau2` stay on the scale of analysis, `i2` is in percent.
"""

_SHOWN: Final = ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")
_KEPT: Final = tuple(name for name in COLUMNS if name in Pooled.__slots__ and name not in _SHOWN)


def pool_rows(found: Pool, *, without: bool = False) -> list[dict[str, Any]]:
    """The rows of a pool, subgroup by subgroup where there are any.

    Args:
        without: Whether to add the overall effect without each study.
    """
    rows = list(_members(found))
    rows += [_left_out(each.study, each.why) for each in found.left_out]
    rows.append(_pooled(found, found.overall, "overall", "overall"))
    if found.difference is not None:
        test = found.difference
        numbers = {"q": test.q, "q_df": test.df, "q_p": test.p_value}
        rows.append(_row("difference", "difference of subgroups", **numbers))
    if without:
        for each in found.leave_one_out():
            name = f"without {each.name}"
            rows.append(
                _row("without", name, note=each.why)
                if each.pooled is None
                else _pooled(found, each.pooled, "without", name)
            )
    return rows


def pool_frame(
    found: Pool,
    backend: Any = "polars",  # noqa: ANN401 - a name or an Implementation of narwhals
    *,
    without: bool = False,
) -> Any:  # noqa: ANN401 - the backend's frame
    """The rows of a pool as a frame."""
    return frame_of(pool_rows(found, without=without), COLUMNS, backend).to_native()


def shown(found: Pool, number: float | None) -> float | None:
    """A number of the scale of analysis as a reader sees it: a ratio where that is its logarithm.

    None where there is none; a ratio too large for any number is infinite.
    """
    if number is None or not found.ratio:
        return number
    try:
        return math.exp(number)
    except OverflowError:
        return math.inf


def _row(row: str, name: str, **known: Any) -> dict[str, Any]:  # noqa: ANN401 - cells
    empty = {column: "" if kind == TEXT else None for column, kind in COLUMNS.items()}
    return {**empty, "row": row, "name": name, **known}


def _members(found: Pool) -> Iterator[dict[str, Any]]:
    """The studies, each subgroup's followed by its pooled effect."""
    if not found.groups:
        for place in range(len(found.effects)):
            yield _study(found, place)
    for group in found.groups:
        for place in group.members:
            yield _study(found, place)
        if group.pooled is None:
            yield _row("subgroup", group.name, group=group.name, note=group.why)
        else:
            yield _pooled(found, group.pooled, "subgroup", group.name) | {"group": group.name}


def _study(found: Pool, place: int) -> dict[str, Any]:
    effect: Effect = found.effects[place]
    sure = found.interval_of(effect)
    return _row(
        "study",
        effect.study.name,
        group=effect.study.group,
        measure=found.label,
        level=found.how.level,
        estimate=shown(found, effect.estimate),
        ci_low=shown(found, sure.low),
        ci_high=shown(found, sure.high),
        se=sure.se,
        p_value=sure.p_value,
        weight_percent=100 * found.overall.weights[place],
        note="; ".join(effect.notes),
        **_arms(effect.study),
    )


def _arms(study: Study) -> dict[str, Any]:
    """What a study reports of its arms."""
    cells: dict[str, Any] = {}
    for arm, data in zip(_ARMS, (study.treated, study.control), strict=True):
        match data:
            case Events():
                cells |= {f"events_{arm}": data.events, f"n_{arm}": data.n}
            case Means():
                cells |= {f"n_{arm}": data.n, f"mean_{arm}": data.mean, f"sd_{arm}": data.sd}
    return cells


def _left_out(study: Study, why: str) -> dict[str, Any]:
    return _row("left out", study.name, group=study.group, note=why, **_arms(study))


def _pooled(found: Pool, pooled: Pooled, row: str, name: str) -> dict[str, Any]:
    numbers = {column: getattr(pooled, column) for column in _KEPT}
    estimates = {column: shown(found, getattr(pooled, column)) for column in _SHOWN}
    note = "; ".join(pooled.notes)
    return _row(row, name, measure=found.label, note=note, **numbers, **estimates)
