"""Files without the folders of the machine that they were read on, for a report to hand over."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from immunotrack.problems import Problem
from immunotrack.readers import Source


def without_folders(source: Source) -> Source:
    """The source with each file that has an absolute path told by the end of it."""
    names = short_names(_names(source))
    if not names:
        return source
    grids, others = (
        [replace(grid, source=names.get(grid.source, grid.source)) for grid in some]
        for some in (source.grids, source.others)
    )
    table, problems = _named(source.events.table, names), source.events.problems
    return replace(
        source,
        name=_said(source.name, names),
        grids=grids,
        others=others,
        flag_columns={names.get(file, file): flag for file, flag in source.flag_columns.items()},
        results=_named(source.results, names),
        events=replace(
            source.events, table=table, problems=[_told(problem, names) for problem in problems]
        ),
        problems=[_told(problem, names) for problem in source.problems],
        told=[_said(text, names) for text in source.told],
    )


def short_names(names: Iterable[str]) -> dict[str, str]:
    """The shortest end of each absolute path that no other name ends in.

    >>> short_names(["/home/ward/a/labs.csv", "/home/ward/b/labs.csv", "doses.csv"])
    {'/home/ward/a/labs.csv': 'a/labs.csv', '/home/ward/b/labs.csv': 'b/labs.csv'}
    """
    ends = {name: _ends(name) for name in names}
    count = Counter(end for own in ends.values() for end in own)
    return {
        name: next((end for end in own if count[end] == 1), own[-1])
        for name, own in ends.items()
        if Path(name).is_absolute()
    }


def _ends(name: str) -> list[str]:
    """The ends of a path, the shortest first, without its root."""
    path = Path(name)
    parts = path.parts[1:] if path.is_absolute() else path.parts
    return ["/".join(parts[place:]) for place in reversed(range(len(parts)))] or [""]


def _names(source: Source) -> list[str]:
    """Every name of a file that the source tells."""
    tables = (source.results, source.events.table)
    return [
        *(grid.source for grid in (*source.grids, *source.others)),
        *(name for table in tables for name in table["source"].unique(maintain_order=True)),
        *(problem.source for problem in (*source.problems, *source.events.problems)),
    ]


def _named(table: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    return table.with_columns(pl.col("source").replace(names))


def _told(problem: Problem, names: Mapping[str, str]) -> Problem:
    return replace(
        problem,
        source=names.get(problem.source, problem.source),
        message=_said(problem.message, names),
        fix=_said(problem.fix, names),
    )


def _said(text: str, names: Mapping[str, str]) -> str:
    """A sentence with the short names of the files in it."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
