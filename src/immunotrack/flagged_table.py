"""Flagged rows as a Parquet file, for programs."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from immunotrack.annotated import added_name, annotated_csv
from immunotrack.datasets import hidden_folder, move_dataset, writing
from immunotrack.flagged_parts import PATIENTS, patient_part, with_patients, write_parts
from immunotrack.outputs import move_whole, write_whole
from immunotrack.readers import Source

_NUMBERS: Final = dict.fromkeys(("value", "value_std", "low", "high"), pl.Float64)
_TYPES: Final = _NUMBERS | {"line": pl.Int64}
"""The columns that are added and hold no text."""


def is_table(path: Path) -> bool:
    """Whether a file is to be a Parquet file, by its suffix."""
    return path.suffix.lower() == ".parquet"


def write_table(rows: Path, target: Path) -> None:
    """Write flagged rows, a CSV file, as Parquet without holding them: the same names and cells."""
    typed_rows(_texts(rows)).sink_parquet(target)


def _texts(rows: Path) -> pl.LazyFrame:
    return pl.scan_csv(rows, infer_schema=False, glob=False)


def typed_rows(texts: pl.LazyFrame) -> pl.LazyFrame:
    """Flagged rows, all of them texts: the same names and cells.

    The columns that are added hold numbers where they are numbers; all others hold text, and null
    where a cell is empty.
    """
    header = texts.collect_schema().names()
    return texts.with_columns(
        pl.col(added_name(name, header)).cast(dtype) for name, dtype in _TYPES.items()
    )


def write_flagged(
    output: Path, source: Source, flagged: pl.DataFrame, parted_by: Sequence[str] = ()
) -> None:
    """Write flagged results: CSV, or by its suffix a Parquet file, or a folder of them.

    Args:
        parted_by: Of a folder, the columns each of whose texts has a part of its own.

    Raises:
        InvalidInput: It cannot be written.
    """
    if not is_table(output):
        write_whole(output, annotated_csv(source, flagged))
        return
    parted = flagged.with_columns(patient_part("patient_id").alias(PATIENTS))
    also = [PATIENTS] if PATIENTS in parted_by else []
    data = annotated_csv(source, parted, plain=True, also=also)
    if not parted_by:
        write_whole(output, _table_bytes(data))
        return
    with writing(output), hidden_folder(output) as folder:
        rows = folder / "rows.csv"
        rows.write_bytes(data)
        write_parts(typed_rows(_texts(rows)), folder / "parts", parted_by)
        move_dataset(folder / "parts", output)


def write_large(rows: Path, output: Path, parted_by: Sequence[str], patient: int) -> None:
    """Move flagged rows, a CSV file beside the output, to their place, as `write_flagged` has it.

    Args:
        patient: The place of the column of ids.

    Raises:
        InvalidInput: They cannot be written.
    """
    made = rows.with_suffix(".parquet")
    if parted_by:
        texts = typed_rows(_texts(rows))
        parted = with_patients(texts, patient) if PATIENTS in parted_by else texts
        with writing(output):
            write_parts(parted, made, parted_by)
        move_dataset(made, output)
    elif is_table(output):
        write_table(rows, made)
        move_whole(made, output)
    else:
        move_whole(rows, output)


def _table_bytes(rows: bytes) -> bytes:
    """Flagged rows, as CSV, as the bytes of a Parquet file."""
    with TemporaryDirectory(prefix="immunotrack-") as folder:
        source, target = Path(folder) / "rows.csv", Path(folder) / "rows.parquet"
        source.write_bytes(rows)
        write_table(source, target)
        return target.read_bytes()
