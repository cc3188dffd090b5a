"""Parquet files of results: read as the CSV that they would be written as, row for row.

A row stands on the line that it would have there: the first one on line 2.
"""

from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.problems import InvalidInput, Problem

MAGIC: Final = b"PAR1"
"""The first bytes of a Parquet file."""


def parquet_rows(path: Path, source: str) -> pl.LazyFrame:
    """The rows of a Parquet file as texts; null is empty, and a moment is in ISO 8601.

    Raises:
        InvalidInput: It cannot be read, or a column holds neither text, numbers nor dates.
    """
    try:
        rows = pl.scan_parquet(path, glob=False)
        rows.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        raise _refused(source, "the Parquet file is damaged or cut short") from None
    return as_texts(rows, source)


def as_texts(rows: pl.LazyFrame, source: str) -> pl.LazyFrame:
    """Rows of a table as texts; null is empty, and a moment is in ISO 8601.

    Raises:
        InvalidInput: A column holds neither text, numbers nor dates.
    """
    schema = rows.collect_schema()
    nested = [name for name, dtype in schema.items() if dtype.is_nested() or dtype == pl.Binary]
    if nested:
        raise _refused(source, f"columns that are no single value: {', '.join(nested)}")
    return rows.select(_text(name, dtype) for name, dtype in schema.items())


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        whole = (column == column.floor()) & (column.abs() < 1e15)
        number = column.fill_nan(None)
        digits = number.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(digits).otherwise(number.cast(pl.String)).alias(name)
    if isinstance(dtype, pl.Datetime):
        return column.dt.replace_time_zone(None).dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
    return column.cast(pl.String)


def write_rows(path: Path, source: str, target: Path) -> None:
    """Write the rows of a Parquet file as CSV, without holding them.

    Raises:
        InvalidInput: It cannot be read to its end.
    """
    try:
        parquet_rows(path, source).sink_csv(target)
    except pl.exceptions.PolarsError:
        raise _refused(source, "the Parquet file is damaged or cut short") from None


def _refused(source: str, message: str) -> InvalidInput:
    problem = Problem(
        code="unreadable", source=source, message=message, fix="Write the file again."
    )
    return InvalidInput([problem], unreadable=True)
