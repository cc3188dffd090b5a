"""What immunotrack makes of result texts and units alone, without patients or dates."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.grid import DecimalSign, Grid, NumberCell, Options
from immunotrack.readers.headers import has_column
from immunotrack.readers.layout import notation_columns
from immunotrack.units import find_unit, unit_symbol
from immunotrack.values import Reading, clean_result, parse_result

COLUMNS: Final = (
    *("source", "line", "reported", "kind", "comparator", "value", "percent", "mark", "clean"),
    *("unit", "unit_read", "unit_known"),
)
"""The columns of the answer, all text."""


def read_notation(grids: Sequence[Grid], options: Options) -> pl.DataFrame:
    """How every result text and every unit of some grids is read.

    Args:
        options: `columns` may name the columns `value` and `unit`; `decimal` the decimal sign.

    Raises:
        InvalidInput: No grid has a column of results or units.
    """
    absent = [
        theirs
        for theirs in options.columns.values()
        if not any(has_column(grid.header, theirs) for grid in grids)
    ]
    rows = [row for grid in grids for row in _rows(grid, options)]
    if absent or not rows:
        source = grids[0].source if grids else ""
        problem = Problem(
            code="unknown-column" if absent else "missing-column",
            source=source,
            message=f"no column {', '.join(absent)}" if absent else "no column of results or units",
            fix="Name it with --map value=YOUR_COLUMN or --map unit=YOUR_COLUMN.",
        )
        raise InvalidInput([problem], unreadable=True)
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _rows(grid: Grid, options: Options) -> Iterator[tuple[str, ...]]:
    columns = notation_columns(grid.header, options.columns)
    if not columns:
        return
    for line, cells in zip(grid.lines, grid.rows, strict=True):
        reported, unit = (
            cells[columns[role]] if role in columns else "" for role in ("reported", "unit")
        )
        known = "" if not unit.strip() else "yes" if find_unit(unit) else "no"
        yield (
            *(grid.source, str(line)),
            *_read(reported, options.decimal),
            *(unit, unit_symbol(unit), known),
        )


def _read(reported: str, decimal: DecimalSign) -> tuple[str, ...]:
    sign: Reading = "plain" if type(reported) is NumberCell else decimal
    result = parse_result(reported, sign)
    return (
        str(reported),
        str(result.kind),
        result.comparator,
        "" if result.number is None else str(result.number),
        "yes" if result.percent else "",
        result.mark,
        clean_result(reported, sign),
    )
