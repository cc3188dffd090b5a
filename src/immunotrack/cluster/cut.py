"""From the lines of files to rows of cells, in Spark's workers."""

import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO, Final

import polars as pl

from immunotrack.bulk.blocks import line_ends
from immunotrack.bulk.decoding import Changed
from immunotrack.bulk.delimited_lots import lots_of
from immunotrack.bulk.lot import Lot
from immunotrack.bulk.textfile import Facts, Premises, TextFile
from immunotrack.cluster.stream import Batch, Stream, pieces
from immunotrack.cluster.survey import Run
from immunotrack.problems import InvalidInput, Problem

PLACED: Final = "file int, line bigint, note string, own string, of binary, told binary"
"""What is known of a row beside its cells; `of` and `told` are objects of ours, in bytes."""

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
class Cutter:
    """Cuts the lines of files into rows.

    Args:
        texts: The files, in their order.
        read: The places of the columns that are read.
        files: The number of the file of each run.
        runs: By number.
    """

    texts: Sequence[TextFile]
    read: Sequence[int]
    files: Sequence[int]
    runs: Sequence[Run]

    @property
    def schema(self) -> str:
        """The columns of the rows: their cells by place, and `PLACED`."""
        return ", ".join([*(f"`{place}` string" for place in self.read), PLACED])

    def rows(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The rows of runs whose pieces come one after the other, then what each run tells."""
        for (number,), group in groupby(pieces(batches), itemgetter(0)):
            run = self.runs[number]
            told = Told(self.files[number], run.line)
            stream: BinaryIO = io.BufferedReader(Stream(_counted(group, told)))
            for rows in self._run(stream, run.line, told):
                yield from rows.to_arrow().to_batches()
            yield from self._telling(told).to_arrow().to_batches()

    def _run(self, stream: BinaryIO, line: int, told: Told) -> Iterator[pl.DataFrame]:
        file = self.texts[told.file]
        try:
            for lot in lots_of(stream, file, line):
                told.facts.add(lot.facts)
                _note_header(lot, told)
                yield self._rows(lot, told.file)
        except Changed as changed:
            told.premises = changed.premises
        except InvalidInput as error:
            told.problems = error.problems

    def _rows(self, lot: Lot, file: int) -> pl.DataFrame:
        """The rows of a lot, each with the problems of its line."""
        found: dict[int, list[Problem]] = {}
        for problem in lot.problems:
            if problem.code not in OF_FILE:
                found.setdefault(problem.line or 0, []).append(problem)
        of = pl.DataFrame(
            {"line": list(found), "of": [pickle.dumps(problems) for problems in found.values()]},
            schema={"line": pl.Int64, "of": pl.Binary},
        )
        rows = lot.cells.join(of, on="line", how="left", maintain_order="left")
        return self._ordered(
            rows.with_columns(file=pl.lit(file, pl.Int32), told=pl.lit(None, pl.Binary))
        )

    def _telling(self, told: Told) -> pl.DataFrame:
        """A row that holds what a run tells."""
        names = [str(place) for place in self.read]
        schema = dict.fromkeys([*names, "note", "own"], pl.String) | {
            "file": pl.Int32,
            "line": pl.Int64,
            "of": pl.Binary,
            "told": pl.Binary,
        }
        return self._ordered(pl.DataFrame([{"told": pickle.dumps(told)}], schema=schema))

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        names = [part.split()[0] for part in PLACED.split(", ")]
        return rows.select(*(str(place) for place in self.read), *names)


def _counted(group: Iterator[tuple[object, int, bytes]], told: Told) -> Iterator[bytes]:
    """The bytes of a run, their lines counted."""
    for _, _, data in group:
        told.lines += line_ends(data)
        yield data


def _note_header(lot: Lot, told: Told) -> None:
    """Keep the first header between the rows."""
    line, count = lot.facts.headers
    if count and not told.headers:
        own = lot.cells.filter(pl.col("line") == line)["own"]
        told.headers[line] = own.item()
