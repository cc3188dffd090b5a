"""Lots of any large file, whatever it is written in."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np
import polars as pl

from immunotrack.bulk.blocks import Place
from immunotrack.bulk.delimited_lots import delimited_lots, delimited_lots_of, delimited_rows_again
from immunotrack.bulk.json_lots import json_lots, json_lots_of, json_rows_again
from immunotrack.bulk.jsonfile import JsonFile
from immunotrack.bulk.lot import Lot
from immunotrack.bulk.textfile import TextFile

LargeFile = TextFile | JsonFile
"""A large file whose start was read."""


def lots(file: LargeFile) -> Iterator[Lot]:
    """The rows of a file, lot by lot.

    Raises:
        InvalidInput: The file cannot be read.
        Changed: It has another encoding than its start.
    """
    return json_lots(file) if isinstance(file, JsonFile) else delimited_lots(file)


def lots_of(raw: BinaryIO, file: LargeFile, line: int) -> Iterator[Lot]:
    """The rows of a part of a file that begins and ends with a row, lot by lot.

    Args:
        line: The physical line on which the part starts.

    Raises:
        InvalidInput: They cannot be read.
        Changed: They have another encoding than the file's start.
    """
    if isinstance(file, JsonFile):
        return json_lots_of(raw, file, line)
    return delimited_lots_of(raw, file, line)


def rows_again(
    file: LargeFile, wanted: Mapping[int, tuple[Place, np.ndarray]]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """The cells of some rows of neat lots that were read before, by the number of their lot.

    Args:
        wanted: Where each lot is and which of its rows are meant, by its number, in the order of
            the file.

    Raises:
        InvalidInput: The file cannot be read.
    """
    again = json_rows_again if isinstance(file, JsonFile) else delimited_rows_again
    return again(file, wanted)  # type: ignore[arg-type]
