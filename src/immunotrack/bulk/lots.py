"""Lots of any large file, whatever it is written in."""

from collections.abc import Iterator, Mapping

from immunotrack.bulk.blocks import Place
from immunotrack.bulk.delimited_lots import delimited_lots, delimited_lots_again
from immunotrack.bulk.json_lots import json_lots, json_lots_again
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


def lots_again(file: LargeFile, places: Mapping[int, Place]) -> Iterator[Lot]:
    """Neat lots that were read before.

    Args:
        places: Where each is, by its number, in the order of the file.

    Raises:
        InvalidInput: The file cannot be read.
    """
    if isinstance(file, JsonFile):
        return json_lots_again(file, places)
    return delimited_lots_again(file, places)
