"""Flagged rows as a folder of Parquet files, a part for each text of some columns (Hive style)."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zlib import crc32

import polars as pl
from polars.io.partition import FileProviderArgs

from immunotrack.annotated import added_name, unused_name

PATIENTS: Final = "patients"
"""The column that puts all rows of a patient into one of `_SHARES` parts."""

_SHARES: Final = 64
_NOTHING: Final = "__HIVE_DEFAULT_PARTITION__"
"""What stands for an empty cell in the name of a folder."""

PARTED_BY: Final = ("analyte", "unit", "range_source", "flag", PATIENTS)
"""The columns that may tell parts apart: all of few texts, as ids are no names of folders."""


def patient_part(column: str) -> pl.Expr:
    """The part of each patient: CRC-32 of the id in UTF-8, modulo 64, in two digits.

    >>> pl.DataFrame({"id": ["P1", "P2", None]}).select(patient_part("id"))["id"].to_list()
    ['17', '43', None]
    """
    return pl.col(column).map_batches(_part_of_each, return_dtype=pl.String, is_elementwise=True)


def _part_of_each(ids: pl.Series) -> pl.Series:
    parts = {text: f"{crc32(text.encode()) % _SHARES:02}" for text in ids.drop_nulls().unique()}
    return ids.replace_strict(parts, default=None, return_dtype=pl.String)


def with_patients(rows: pl.LazyFrame, patient: int) -> pl.LazyFrame:
    """Rows with the part of their patient behind them.

    Args:
        patient: The place of the column of ids.
    """
    names = rows.collect_schema().names()
    part = pl.when(pl.col(names[patient]).is_not_null()).then(names[patient]).otherwise(pl.lit(""))
    column = unused_name(PATIENTS, names)
    return rows.with_columns(part.alias(column)).with_columns(patient_part(column))


def write_parts(rows: pl.LazyFrame, folder: Path, by: Sequence[str]) -> None:
    """Write rows into a folder that is not there yet, without holding them.

    Args:
        by: The columns whose texts tell the parts apart, as they were added.

    Raises:
        OSError: A part cannot be written.
    """
    names = rows.collect_schema().names()
    keys = [added_name(name, names) for name in by]
    parts = pl.PartitionBy(folder, key=keys, include_key=False, file_path_provider=_Names())
    folder.mkdir()
    rows.sink_parquet(parts, mkdir=True)


class _Names:
    """Gives each file of a data set its path: `analyte=cd4/00000000.parquet`."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self, args: FileProviderArgs) -> str:
        keys = args.partition_keys.row(0, named=True)
        folders = [f"{quote(name, safe='')}={_encoded(text)}" for name, text in keys.items()]
        return "/".join([*folders, f"{next(self._numbers):08}.parquet"])


def _encoded(text: str | None) -> str:
    """A text as the name of a folder; all but ASCII letters, digits and `-_.~` are encoded."""
    return _NOTHING if text is None else quote(text, safe="")
