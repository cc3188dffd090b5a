"""The ranges that a report used, each with its source and the results that it decided."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from immunotrack.numbers import grouped
from immunotrack.ranges import RangeSet, ReferenceRange, applied_range, choose_range_sets
from immunotrack.report.document import Chapter, UsedRange

_KEY = ("analyte", "range_source", "low", "high", "unit")


def used_ranges(
    flagged: pl.DataFrame, chosen: Sequence[str | RangeSet], chapters: Iterable[Chapter]
) -> list[UsedRange]:
    """Every range that decided a flag, then the decision limits that the figures show."""
    sets = choose_range_sets(chosen)
    ranged = flagged.filter(pl.col("range_source") != "")
    groups = ranged.group_by(_KEY, maintain_order=True).agg(
        pl.len(), pl.col("sex").first(), pl.col("age_years").first()
    )
    found = [_used(row, sets) for row in groups.sort("analyte", maintain_order=True).to_dicts()]
    limits = {
        (limit.analyte, str(limit.limit)): limit
        for chapter in chapters
        for panel in chapter.timeline.panels
        for limit in panel.limits
    }
    return found + [_decision(limit) for limit in limits.values()]


def _used(row: dict[str, Any], sets: Sequence[RangeSet]) -> UsedRange:
    named = [entry for entry in sets if entry.name == row["range_source"]]
    about = {
        "analyte": row["analyte"],
        "limits": f"{range_words(row['low'], row['high'])} {row['unit']}".strip(),
        "range_source": row["range_source"],
        "results": row["len"],
    }
    applied = applied_range(named, row["analyte"], row["unit"], row["sex"], row["age_years"])
    if applied is None:
        source = "given with the results" if row["range_source"] == "file" else ""
        return UsedRange(**about, source=named[0].source if named else source)
    entry = applied.entry
    return UsedRange(**about, **_said(entry, named[0].source))


def _decision(limit: ReferenceRange) -> UsedRange:
    return UsedRange(
        analyte=limit.analyte,
        limits=f"{grouped(float(limit.limit or 0))} {limit.unit}",
        range_source="",
        results=0,
        **_said(limit, ""),
    )


def _said(entry: ReferenceRange, source: str) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "population": entry.population,
        "assumed": entry.assumed,
        "source": entry.source or source,
        "url": entry.url,
    }


def range_words(low: float | None, high: float | None) -> str:
    """A range in words; empty where it has no limit.

    >>> range_words(400, 1500), range_words(15000, None), range_words(None, 2.5)
    ('400–1\u2009500', '≥ 15\u2009000', '≤ 2.5')
    """
    if low is not None and high is not None:
        return f"{grouped(low)}–{grouped(high)}"
    if low is not None:
        return f"≥ {grouped(low)}"
    return "" if high is None else f"≤ {grouped(high)}"
