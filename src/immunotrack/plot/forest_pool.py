"""The forest plot of a pool of studies, from the rows of its table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from immunotrack.evidence.pool import Pool
from immunotrack.evidence.pool_rows import pool_rows
from immunotrack.evidence.pooled import Pooled
from immunotrack.evidence.sentences import heterogeneity_of, method_of, probability
from immunotrack.plot.drawn import printable
from immunotrack.plot.forest_lines import Block, Column, Forest, Line, decimals_for, signed

Row = Mapping[str, Any]

_MEASURES: Final = {
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "RR": "Risk ratio",
    "OR": "Odds ratio",
    "RD": "Risk difference",
}
_ARMS: Final = ("treated", "control")
_MORE: Final = ("← less with treatment", "more with treatment →")
"""What the sides of no effect mean where nobody says which is the better one."""


def pool_forest(
    found: Pool, *, title: str = "", axis: str = "", favours: tuple[str, str] | None = None
) -> Forest:
    """Every study of a pool with its weight, the subgroups, the whole, and how it was pooled.

    Args:
        axis: The label of the axis, with its unit; by default the measure.
        favours: Whom the left and the right side of no effect favour.
    """
    rows = pool_rows(found)
    columns = _columns(rows)
    block = Block(
        title="Study",
        lines=list(_lines(found, rows, columns)),
        measure=printable(found.label),
        axis=printable(axis or _MEASURES.get(found.label, found.label))
        + (" (log scale)" if found.ratio else ""),
        log=found.ratio,
        favours=_sides(found, favours),
        columns=[column for _, column, _ in columns],
        level_percent=100 * found.how.level,
    )
    return Forest(title=printable(title), blocks=[block], notes=list(_notes(found)))


def _sides(found: Pool, favours: tuple[str, str] | None) -> tuple[str, str]:
    if favours is not None:
        left, right = map(printable, favours)
        return f"← favours {left}", f"favours {right} →"
    return ("", "") if found.how.measure == "generic" else _MORE


_Shown = tuple[str, Column, int]
"""A column of the table with its heading and its decimals."""


def _columns(rows: Sequence[Row]) -> list[_Shown]:
    """What the arms report: events or means, each arm with its patients."""
    names = {"events": "events", "mean": "mean", "sd": "SD", "n": "n"}
    return [
        (f"{name}_{arm}", Column(title, arm), _decimals(rows, name, arm))
        for arm in _ARMS
        for name, title in names.items()
        if any(row[f"{name}_{arm}"] is not None for row in rows)
    ]


def _decimals(rows: Sequence[Row], name: str, arm: str) -> int:
    """Means and their spreads have as many decimals as the spreads need, counts have none."""
    if name in {"events", "n"}:
        return 0
    spreads = sorted(row[f"sd_{arm}"] for row in rows if row[f"sd_{arm}"] is not None)
    return decimals_for(spreads[len(spreads) // 2])


def _lines(found: Pool, rows: Sequence[Row], columns: Sequence[_Shown]) -> Iterator[Line]:
    """The lines in the order of the table, each subgroup under its name."""
    group = None
    for row in rows:
        grouped = bool(found.groups) and row["row"] in {"study", "subgroup"}
        if grouped and row["group"] != group:
            group = row["group"]
            yield Line(kind="heading", label=printable(group))
        if row["row"] in {"study", "left out"}:
            yield _study(row, columns, level=int(grouped))
        elif row["row"] == "subgroup":
            yield from _subtotal(found, row)
    if found.overall.k > 1:
        yield from _total(found, next(row for row in rows if row["row"] == "overall"))


def _study(row: Row, columns: Sequence[_Shown], *, level: int) -> Line:
    return Line(
        kind="study",
        label=printable(row["name"]),
        estimate=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
        weight=row["weight_percent"],
        cells=[
            "" if row[name] is None else signed(row[name], decimals)
            for name, _, decimals in columns
        ],
        said="left out" if row["row"] == "left out" else "",
        level=level,
    )


def _subtotal(found: Pool, row: Row) -> Iterator[Line]:
    """A subgroup's pooled effect and heterogeneity, or that it cannot be pooled."""
    group = next(group for group in found.groups if group.name == row["group"])
    yield Line(
        kind="subtotal",
        label="Subtotal",
        estimate=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
        weight=100 * sum(found.overall.weights[place] for place in group.members),
        said="" if group.pooled else "cannot be pooled",
        level=1,
    )
    if group.pooled is not None:
        yield from _heterogeneity(group.pooled, level=1)


def _total(found: Pool, row: Row) -> Iterator[Line]:
    """The pooled effect of all studies, where another one would lie, and how much they differ."""
    yield Line(
        kind="total",
        label="All studies",
        estimate=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
        weight=100.0,
    )
    if row["prediction_low"] is not None:
        yield Line(
            kind="prediction",
            label=f"{100 * found.how.level:g} % prediction interval",
            low=row["prediction_low"],
            high=row["prediction_high"],
        )
    yield from _heterogeneity(found.overall, level=0)
    if found.difference is not None:
        test = found.difference
        yield Line(
            kind="note",
            label=f"Difference of subgroups: Q {test.q:.2f} on {test.df} df, "
            f"{probability(test.p_value)}",
        )


def _heterogeneity(pooled: Pooled, *, level: int) -> Iterator[Line]:
    if text := heterogeneity_of(pooled):
        yield Line(kind="note", label=_raised(_sentence(text)).rstrip("."), level=level)


def _raised(text: str) -> str:
    """Statistics with their squares as a figure shows them."""
    for plain, shown in (("tau2", "τ²"), ("I2 ", "I² "), ("H2 ", "H² ")):
        text = text.replace(plain, shown)
    return text


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _notes(found: Pool) -> Iterator[str]:
    """How it was pooled, what the marks mean, and what was done to the numbers."""
    yield _sentence(method_of(found.overall))
    shown = "Squares: studies, their area by weight"
    pooled = ["diamonds: pooled effects"] * (found.overall.k > 1 or bool(found.groups))
    heads = "an arrow head: the interval goes on"
    yield f"{'; '.join([shown, *pooled, heads])}."
    yield "Intervals of single studies are Wald's."
    for note in found.notes:
        if note.startswith(_OF_THE_FILE):
            continue
        yield _raised(_sentence(printable(note)))


_OF_THE_FILE: Final = "columns not read"
"""What is told of the file alone, and has no place below a figure."""
