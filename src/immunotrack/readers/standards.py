"""The standards that give columns fixed names: CDISC SDTM and ADaM, OMOP, and our own table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from immunotrack.outputs import defused
from immunotrack.readers.fhir.headers import OWN_HEADER, RESULTS_HEADER
from immunotrack.readers.layout import Naming
from immunotrack.table import LIMITS, SCHEMA

Cells = pl.DataFrame
"""Text by our column names, one row for each row of the file."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A way to name and fill the columns of a file.

    Args:
        naming: What the columns are, where a header is of this standard; else None.
        prepared: The cells, from those under our names and those under the file's (upper case).
    """

    naming: Callable[[Sequence[str]], Naming | None]
    prepared: Callable[[Cells, Cells], Cells]


def there(header: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of each of our columns the first of its names that a header has, in the header's spelling."""
    own = {name.strip().upper(): name for name in header}
    found = {ours: [own[name] for name in names if name in own] for ours, names in wanted.items()}
    return {ours: names[0] for ours, names in found.items() if names}


def filled(column: str) -> pl.Expr:
    """Whether a cell holds more than blanks."""
    return pl.col(column).str.strip_chars() != ""


def first_filled(*columns: pl.Expr) -> pl.Expr:
    """The first of some texts that holds more than blanks; empty where none does."""
    texts = [pl.when(text.str.strip_chars() != "").then(text) for text in columns]
    return pl.coalesce(*texts, pl.lit(""))


def optional(raw: Cells, name: str) -> pl.Series:
    """A column of the file, empty throughout where the file has none of that name."""
    return raw[name] if name in raw.columns else pl.Series([""] * len(raw), dtype=pl.String)


LONG: Final = tuple(name for name in SCHEMA if name not in {"source", "line"})
"""The columns of a table that `immunotrack convert` writes, in order."""

TEXTS: Final = (
    *("patient_id", "clock", "visit", "analyte", "reported", "unit", "range_source", "origin"),
)
"""The columns of a written table whose text is the source's own."""


def escaped(cell: str) -> str:
    """A text as a written table has it, so that no spreadsheet runs it.

    >>> escaped("=1+1"), escaped("'=1+1"), escaped("'tis"), escaped("-5")
    ("'=1+1", "''=1+1", "'tis", '-5')
    """
    return f"'{cell}" if _is_risky(cell.lstrip("'")) else cell


def unescaped(cell: str) -> str:
    """The text that `escaped` was given; every text comes back.

    >>> unescaped("'=1+1"), unescaped("''=1+1"), unescaped("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if cell.startswith("'") and _is_risky(cell.lstrip("'")) else cell


def _is_risky(cell: str) -> bool:
    return defused(cell) != cell


def as_written(cells: Cells) -> Cells:
    """The cells of a table that we wrote, with the texts and limits that it was made from.

    Limits of a range set are left out: the set is applied anew. A row needs no time.
    """
    marked = [name for name in TEXTS if cells[name].str.starts_with("'").any()]
    texts = cells.with_columns(pl.col(name).map_elements(unescaped, pl.String) for name in marked)
    return without_set_limits(texts).with_columns(timeless=pl.lit(value=True))


def without_set_limits(cells: Cells) -> Cells:
    """The cells without the limits that a range set supplied, which is applied anew."""
    own = pl.col("range_source").is_in(["", "file"])
    return cells.with_columns(
        pl.when(own).then(pl.col(name)).otherwise(pl.lit("")).alias(name) for name in LIMITS
    )


OWN: Final = ("patient_id", "analyte", "reported", "comparator", "value", "unit")
"""Columns by which a table that immunotrack wrote is known."""


def _own_naming(header: Sequence[str]) -> Naming | None:
    if not set(OWN) <= set(header):
        return None
    names = {name: name for name in header if name in _OWN_ROLES}
    return Naming(names | {"number": "value"}, standard="immunotrack table")


_OWN_ROLES: Final = (
    *("patient_id", "time", "day", "clock", "visit", "analyte", "reported", "comparator", "unit"),
    *("low", "high", "critical_low", "critical_high", "range_source", "sex", "age_years"),
    *("birth_date", "origin"),
)


def _own_prepared(cells: Cells, raw: Cells) -> Cells:
    """Only what has exactly our columns is known to be as we wrote it."""
    written = [name.lower() for name in raw.columns[: len(LONG)]] == list(LONG)
    known = as_written(cells) if written else without_set_limits(cells)
    return known.with_columns(decimal=pl.lit("point"))


OWN_TABLE: Final = Standard(_own_naming, _own_prepared)


def _fhir_naming(header: Sequence[str]) -> Naming | None:
    if list(header[: len(RESULTS_HEADER)]) != RESULTS_HEADER:
        return None
    own = {name: name for name in OWN_HEADER if name in header}
    return Naming({"own_flag": "interpretation"} | own, standard="FHIR")


def _fhir_prepared(cells: Cells, _raw: Cells) -> Cells:
    """An Observation needs no time of its own; limits of a range set are left out."""
    return without_set_limits(cells).with_columns(timeless=pl.lit(value=True))


FHIR_ROWS: Final = Standard(_fhir_naming, _fhir_prepared)
