"""From the lines of files to rows of cells, in Spark's workers."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO, Final

import polars as pl

from immunotrack.annotated import csv_texts
from immunotrack.bulk.decoding import Changed
from immunotrack.bulk.jsonfile import JsonFile
from immunotrack.bulk.likeness import Likeness
from immunotrack.bulk.lot import Lot, typed
from immunotrack.bulk.lots import LargeFile, lots_of
from immunotrack.bulk.textfile import Facts, Premises
from immunotrack.cluster.stream import Batch, Stream, pieces
from immunotrack.cluster.survey import Run
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.source import places_under

PLACED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "patient": pl.String,
    "file": pl.Int32,
    "line": pl.Int64,
    "note": pl.String,
    "own": pl.String,
    "under": pl.String,
    "of": pl.Binary,
    "told": pl.Binary,
}
"""What is known of a row beside its cells.

`own` is the row as its file has it, `under` as it stands under the columns of all files, where
these are others; `of` and `told` are objects of ours, in bytes.
"""

_SPARK: Final[dict[object, str]] = {
    pl.String: "string",
    pl.Boolean: "boolean",
    pl.Int32: "int",
    pl.Int64: "bigint",
    pl.Binary: "binary",
}

OF_FILE: Final = frozenset({"comment-line", "repeated-header"})
"""What is told once for a file, of which a run is only a part."""


@dataclass(slots=True)
class Told:
    """What a run of splits says of its file.

    Args:
        file: Its number.
        line: The physical line on which the run starts.
        facts: What its rows say of the file as a whole.
        headers: Line and text of the first header between them.
        lines: How many physical lines it has.
        premises: Those with which the file must be read again.
        problems: Why it cannot be read.
    """

    file: int
    line: int
    facts: Facts = field(default_factory=Facts)
    headers: dict[int, str] = field(default_factory=dict)
    lines: int = 0
    premises: Premises | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """A file that is cut into rows.

    Args:
        likeness: The columns that are read.
    """

    file: LargeFile
    likeness: Likeness

    def under(self, header: Sequence[str], cells: pl.DataFrame) -> pl.Series:
        """Its rows under the columns of all files, as CSV; null where these are its own."""
        own = self.file.header.cells
        if own == [*header]:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(cells))
        places = places_under(header, own)
        return csv_texts(
            cells.select(
                (pl.lit("") if place is None else pl.col(str(place))).alias(f"under {number}")
                for number, place in enumerate(places)
            )
        )


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts the lines of files into rows.

    Args:
        cuts: The files, by their number.
        header: The columns of all of them.
        files: The number of the file of each run.
        runs: By number.
    """

    cuts: Mapping[int, Cut]
    header: Sequence[str]
    files: Sequence[int]
    runs: Sequence[Run]

    @property
    def schema(self) -> str:
        """The columns of the rows, as Spark has it."""
        return ", ".join(f"`{name}` {_SPARK[kind]}" for name, kind in self._types.items())

    @property
    def _types(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The cells by their place, where files tell them which are numbers, and `PLACED`."""
        read = sorted({place for cut in self.cuts.values() for place in cut.likeness.read})
        cells = dict.fromkeys(map(str, read), pl.String)
        typing = any(isinstance(cut.file, JsonFile) for cut in self.cuts.values())
        return cells | dict.fromkeys(map(typed, cells) if typing else (), pl.Boolean) | PLACED

    def rows(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The rows of runs whose pieces come one after the other, then what each run tells."""
        for (number,), group in groupby(pieces(batches), itemgetter(0)):
            run = self.runs[number]
            told = Told(self.files[number], run.line)
            file = self.cuts[told.file].file
            stream: BinaryIO = io.BufferedReader(Stream(_counted(group, file, told)))
            for rows in self._run(stream, run.line, told):
                yield from rows.to_arrow().to_batches()
            telling = pl.DataFrame({"told": [pickle.dumps(told)]})
            yield from self._completed(telling).to_arrow().to_batches()

    def _run(self, stream: BinaryIO, line: int, told: Told) -> Iterator[pl.DataFrame]:
        cut = self.cuts[told.file]
        try:
            for lot in lots_of(stream, cut.file, line):
                told.facts.add(lot.facts)
                _note_header(lot, told)
                yield self._rows(lot, cut, told.file)
        except Changed as changed:
            told.premises = changed.premises
        except InvalidInput as error:
            told.problems = error.problems

    def _rows(self, lot: Lot, cut: Cut, number: int) -> pl.DataFrame:
        """The rows of a lot, each with the problems of its line."""
        rows = lot.cells.with_columns(
            pl.col(str(cut.likeness.patient)).alias("patient"),
            file=pl.lit(number, pl.Int32),
            under=cut.under(self.header, lot.cells),
        )
        of = _of_lines(lot.problems)
        return self._completed(rows.join(of, on="line", how="left", maintain_order="left"))

    def _completed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with all columns; a cell of which it is not known whether it is a number is none."""
        return rows.select(
            pl.col(name)
            if name in rows.columns
            else pl.lit(False if kind == pl.Boolean else None, kind).alias(name)
            for name, kind in self._types.items()
        )


def _of_lines(problems: Sequence[Problem]) -> pl.DataFrame:
    """The problems of lines as a whole: `line`, and `of`, a list of ours in bytes."""
    found: dict[int, list[Problem]] = {}
    for problem in problems:
        for line in problem.lines or (problem.line or 0,):
            if problem.code not in OF_FILE:
                found.setdefault(line, []).append(replace(problem, line=line, rows=1, lines=()))
    of = [pickle.dumps(told) for told in found.values()]
    return pl.DataFrame({"line": list(found), "of": of}, schema={"line": pl.Int64, "of": pl.Binary})


def _counted(
    group: Iterator[tuple[object, int, bytes]], file: LargeFile, told: Told
) -> Iterator[bytes]:
    """The bytes of a run, their lines counted."""
    for _, _, data in group:
        told.lines += file.count_lines(data)
        yield data


def _note_header(lot: Lot, told: Told) -> None:
    """Keep the first header between the rows."""
    line, count = lot.facts.headers
    if count and not told.headers:
        own = lot.cells.filter(pl.col("line") == line)["own"]
        told.headers[line] = own.item()
