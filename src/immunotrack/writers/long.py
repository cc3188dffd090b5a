"""The measurements table as CSV: a row a result, the columns of the contract."""

import polars as pl

from immunotrack.readers.standards import LONG, TEXTS, escaped
from immunotrack.table import NUMBER, SCHEMA, TIME
from immunotrack.writers.text import csv_bytes, number_text, time_text


def long_bytes(table: pl.DataFrame, _suffix: str = ".csv") -> bytes:
    """A flagged table as a CSV file, without `source` and `line`.

    A time at midnight is written as a date. Text that a spreadsheet would run has an apostrophe
    before it, which reading the file takes away again.
    """
    columns = [_texts(name, table[name]) for name in LONG]
    return csv_bytes(LONG, zip(*columns, strict=True))


def _texts(name: str, column: pl.Series) -> list[str]:
    if SCHEMA[name] == NUMBER:
        return [number_text(number) for number in column]
    if SCHEMA[name] == TIME:
        return [time_text(time) for time in column]
    return [escaped(text) if name in TEXTS else text for text in column]
