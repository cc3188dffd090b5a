"""The rows of a large NDJSON table as lots: lines of one shape at once, others one by one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np
import polars as pl

from immunotrack.annotated import csv_texts
from immunotrack.bulk.blocks import Block, Place, opened
from immunotrack.bulk.jsonfile import JsonFile
from immunotrack.bulk.lot import Lot, typed
from immunotrack.bulk.shapes import Shapes
from immunotrack.bulk.textfile import Facts
from immunotrack.readers.delimited import blank_row
from immunotrack.readers.files import changed
from immunotrack.readers.grid import NumberCell
from immunotrack.readers.json_row import JsonRow, json_row
from immunotrack.readers.json_rows import truth_values, words_of


def json_lots(file: JsonFile) -> Iterator[Lot]:
    """The rows of a file, lot by lot.

    Raises:
        InvalidInput: The file cannot be read, or has other keys than before.
    """
    with opened(file.path, file.source) as raw:
        yield from json_lots_of(raw, file)


def json_lots_of(raw: BinaryIO, file: JsonFile, line: int = 1) -> Iterator[Lot]:
    """The rows of a file, or of a part of it that begins and ends with a line, lot by lot.

    Args:
        line: The line on which the part starts.

    Raises:
        InvalidInput: They cannot be read, or have other keys than before.
    """
    shapes = Shapes()
    for block, lines in file.lines_of(raw, line):
        yield _lot(file, block, lines, shapes)


def json_rows_again(
    file: JsonFile, wanted: Mapping[int, tuple[Place, np.ndarray]]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """As `lots.rows_again`, of an NDJSON table."""
    shapes = Shapes()
    for block, lines in file.lines_again(wanted):
        yield block.number, _lot(file, block, lines, shapes).cells


def _lot(file: JsonFile, block: Block, lines: pl.DataFrame, shapes: Shapes) -> Lot:
    header, source = file.header.cells, file.source
    split = shapes.split(lines)
    odd = {line: json_row(own, source, line) for line, own in split.odd.items()}
    keys = {key for row in odd.values() for key in row.cells}
    if not keys.union(*(shape.keys for shape, _ in split.alike)) <= set(header):
        raise changed(source)
    parts = [_apart(odd, header)] if odd else []
    words = words_of(odd.items())
    for shape, some in split.alike:
        alike = shape.alike(some, header)
        parts.append(_noted(alike.cells, some["line"]))
        for key, found in alike.words.items():
            words.setdefault(key, []).extend(found)
    rows = pl.concat(parts).sort("line")
    problems = [problem for row in odd.values() for problem in row.problems]
    problems += [blank_row(source, line) for line in _blank(rows, odd)]
    problems += truth_values(source, words)
    texts = csv_texts(rows.select(str(place) for place in range(file.width)))
    cells = rows.with_columns(texts.alias("own"))
    return Lot(block.number, cells, problems, Facts(), block.place)


def _noted(cells: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    """The cells of lines of one shape with their numbers, and which of them are empty."""
    texts = [name for name in cells.columns if name.isdecimal()]
    blank = pl.all_horizontal(pl.col(name).str.strip_chars() == "" for name in texts)
    note = pl.when(blank).then(pl.lit("empty-row")).otherwise(pl.lit(""))
    return cells.with_columns(lines.cast(pl.Int64), note=note)


def _apart(odd: dict[int, JsonRow], header: Sequence[str]) -> pl.DataFrame:
    """The rows of lines that were read one by one."""
    columns: dict[str, list[object]] = {}
    for place, key in enumerate(header):
        cells = [row.cells.get(key, "") for row in odd.values()]
        columns[str(place)] = [str(cell) for cell in cells]
        columns[typed(str(place))] = [isinstance(cell, NumberCell) for cell in cells]
    columns["line"] = list(odd)
    columns["note"] = [row.note for row in odd.values()]
    return pl.DataFrame(columns, schema_overrides={"line": pl.Int64})


def _blank(rows: pl.DataFrame, odd: dict[int, JsonRow]) -> list[int]:
    """The lines without content of which it was not told yet."""
    empty = rows.filter(pl.col("note") == "empty-row")["line"]
    return [line for line in empty.to_list() if line not in odd]
