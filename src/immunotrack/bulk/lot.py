"""Some rows of a large file as columns of text."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from immunotrack.bulk.blocks import Place
from immunotrack.bulk.textfile import Facts
from immunotrack.problems import Problem
from immunotrack.readers.grid import NumberCell

OF_LINES: Final = frozenset(
    {
        *("ragged-row", "stray-quote", "empty-row", "repeated-header", "comment-line"),
        *("broken-line", "nested-value", "truth-value", "assumed-encoding"),
    }
)
"""What is said of the lines of a file, whatever their cells mean."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Some rows of a file.

    Args:
        number: That of its block.
        cells: One text a column of the file, named by its place; `line`; `note`, the code of what
            is wrong with the row as a whole or empty; `own`, the row as a row of CSV; and where
            the file tells numbers from texts, `typed` for each column, true where it is a number.
        problems: Those of the rows as a whole.
        facts: What they say about the file.
        place: Where it is, if it is neat: each of its lines is a row that can be read by itself.
    """

    number: int
    cells: pl.DataFrame
    problems: list[Problem]
    facts: Facts
    place: Place | None


def typed(name: str) -> str:
    """The name of the column that says which cells of a column are numbers."""
    return f"{name} typed"


def row_texts(cells: pl.DataFrame, width: int, read: Collection[int]) -> list[list[str]]:
    """Rows as lists of cells; what is not read stays empty.

    Args:
        width: The number of cells of a row.
        read: The places of the columns that are read.
    """
    empty = [""] * len(cells)
    columns = [_texts(cells, str(n)) if n in read else empty for n in range(width)]
    return [list(row) for row in zip(*columns, strict=True)]


def _texts(cells: pl.DataFrame, name: str) -> list[str]:
    found = cells[name].to_list()
    if typed(name) not in cells.columns:
        return found
    marks = cells[typed(name)].to_list()
    return [NumberCell(cell) if mark else cell for cell, mark in zip(found, marks, strict=True)]
