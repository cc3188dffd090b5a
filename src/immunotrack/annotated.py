"""The input's own rows, unchanged and in order, with our columns beside them."""

import csv
import io
from collections.abc import Sequence
from typing import Final

import polars as pl

from immunotrack.flags import flag
from immunotrack.outputs import defused
from immunotrack.ranges import RangeSet
from immunotrack.readers import Source
from immunotrack.table import LIMITS

ADDED: Final = (
    "analyte",
    "comparator",
    "value",
    "unit",
    "value_std",
    "unit_std",
    "low",
    "high",
    "range_source",
    "flag",
    "off_scale",
    "line",
    "problem",
)
"""The columns that `immunotrack flag` adds, in order."""


def flagged_results(source: Source, ranges: Sequence[str | RangeSet] = ()) -> pl.DataFrame:
    """Every result of a source with its flag; a row with an error has neither range nor flag.

    Returns:
        The contract's columns, then `row`, `problem` and `valid`, in the input's order.
    """
    flagged = flag(source.results.filter("valid"), (*ranges, *source.ranges))
    refused = source.results.filter(~pl.col("valid")).with_columns(
        *(pl.lit(None, pl.Float64).alias(limit) for limit in LIMITS), range_source=pl.lit("")
    )
    return pl.concat([flagged, refused]).sort("row", maintain_order=True)


def annotated_csv(source: Source, flagged: pl.DataFrame) -> bytes:
    """The input's rows as CSV, each with `ADDED` behind it.

    A long file gives one row a row; a wide one gives one a result, and a row without results one.
    An added column whose name the input has already is prefixed `immunotrack_`.
    """
    names = [f"own {number}" for number in range(len(source.grid.header))]
    own = pl.DataFrame(source.grid.rows, schema=names, orient="row").with_row_index("row")
    lines = pl.Series("own_line", source.grid.lines, dtype=pl.Int64)
    added = flagged.select("row", *(_cell(name, flagged) for name in ADDED if name != "line"))
    rows = (
        own.with_columns(lines.cast(pl.String).alias("line"), row=pl.col("row").cast(pl.Int64))
        .join(added, on="row", how="left", maintain_order="left")
        .select(*names, *ADDED)
    )
    buffer = io.BytesIO()
    buffer.write(_header(source.grid.header))
    _without_empty(rows).write_csv(buffer, include_header=False)
    return buffer.getvalue()


def table_csv(frame: pl.DataFrame) -> bytes:
    """A table of ours as CSV; whole numbers without a decimal point, text defused."""
    buffer = io.BytesIO()
    _without_empty(frame.select(_cell(name, frame) for name in frame.columns)).write_csv(buffer)
    return buffer.getvalue()


def _without_empty(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with null for empty text, which Polars would write as two quotation marks."""
    return rows.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in rows.columns
    )


def _header(own: Sequence[str]) -> bytes:
    added = []
    for name in ADDED:
        unique = name
        while unique in own or unique in added:
            unique = f"immunotrack_{unique}"
        added.append(unique)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([*own, *added])
    return text.getvalue().encode()


def _cell(name: str, frame: pl.DataFrame) -> pl.Expr:
    """A column as text for a CSV file."""
    column = pl.col(name)
    if frame.schema[name] == pl.String:
        risky = column.str.contains(r"^[=+\-@\t\r]")
        return (
            pl.when(risky)
            .then(column.map_elements(defused, pl.String))
            .otherwise(column)
            .alias(name)
        )
    if frame.schema[name] == pl.Float64:
        whole = (column == column.floor()) & (column.abs() < 1e15)
        return (
            pl.when(whole)
            .then(column.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(column.cast(pl.String))
            .alias(name)
        )
    return column.cast(pl.String).alias(name)
