"""Flagged rows as a Parquet file, for programs."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from immunotrack.annotated import ADDED

_NUMBERS: Final = dict.fromkeys(("value", "value_std", "low", "high"), pl.Float64)
_TYPES: Final = _NUMBERS | {"line": pl.Int64}
"""The columns that are added and hold no text."""


def is_table(path: Path) -> bool:
    """Whether a file is to be a Parquet file, by its suffix."""
    return path.suffix.lower() == ".parquet"


def write_table(rows: Path, target: Path) -> None:
    """Write flagged rows, a CSV file, as Parquet without holding them: the same names and cells.

    The columns that are added hold numbers where they are numbers; all others hold text, and null
    where a cell is empty.
    """
    texts = pl.scan_csv(rows, infer_schema=False, glob=False)
    added = texts.collect_schema().names()[-len(ADDED) - 2 :]
    typed = {
        name: dtype
        for name in added
        if (dtype := _TYPES.get(name.removeprefix("immunotrack_"))) is not None
    }
    own = [name for name in typed if f"immunotrack_{name}" in typed]
    texts.with_columns(
        pl.col(name).cast(dtype) for name, dtype in typed.items() if name not in own
    ).sink_parquet(target)


def table_bytes(rows: bytes) -> bytes:
    """Flagged rows, as CSV, as the bytes of a Parquet file."""
    with TemporaryDirectory(prefix="immunotrack-") as folder:
        source, target = Path(folder) / "rows.csv", Path(folder) / "rows.parquet"
        source.write_bytes(rows)
        write_table(source, target)
        return target.read_bytes()
