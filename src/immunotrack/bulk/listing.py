"""The list of all problems of a large file, in the order of its lines, and the first errors."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.bulk.judged import MARK, Dictionary
from immunotrack.bulk.lot import OF_LINES, Lot
from immunotrack.bulk.segments import Segments, csv_rows
from immunotrack.bulk.spill import Spill
from immunotrack.outputs import csv_cell, csv_line, defused
from immunotrack.problem_list import COLUMNS, listed, rank
from immunotrack.problems import Problem

MOST_SHOWN: Final = 100
"""So many errors are kept for the terminal."""

ORDER: Final = ("line", "warning", "code", "column", "value", "message")
"""What entries of the list are ordered by."""


class Listing:
    """The list, in segments: one for what stands above the rows (-1), and one a lot."""

    def __init__(self, segments: Segments) -> None:
        self.segments = segments

    @classmethod
    def at(cls, path: Path) -> "Listing":
        """An empty list."""
        return cls(Segments(path, f"{csv_line(COLUMNS)}\n".encode()))

    def write(self, lot: int, problems: pl.DataFrame) -> None:
        """Write the problems of a lot."""
        self.segments.write(lot, as_csv(problems))

    def changed(self, told: Spill, path: Path) -> "Listing":
        """The list with other problems for the lines of some lots.

        Args:
            told: By lot, tables as `entries` gives them; a line without a problem has no text.
        """

        def rewritten(lot: int) -> list[bytes]:
            new = told.take(lot)
            lines = set(new["line"])
            kept = [
                (cells, row)
                for cells, row in map(_parsed, csv_rows(self.segments.segment(lot)))
                if int(cells[1] or 0) not in lines or cells[4] in OF_LINES
            ]
            kept += map(_parsed, csv_rows(as_csv(new.filter(pl.col("text") != ""))))
            return [row for _, row in sorted(kept, key=_place)]

        return Listing(self.segments.replaced(told.numbers(), rewritten, path))


def lot_entries(lot: Lot, ids: pl.Series, dictionary: Dictionary) -> pl.DataFrame:
    """The problems of a lot, one row each, in the order of the list."""
    rows = lot.cells.select("line", "own").with_columns(ids)
    entries = [row_entries(rows, dictionary)]
    alone = [(p.line or 0, p) for p in lot.problems if not p.lines]
    own = dict(
        rows.filter(pl.col("line").is_in([n for n, _ in alone])).select("line", "own").rows()
    )
    entries.append(entries_of(alone, own))
    entries += [_shared(problem, rows) for problem in lot.problems if problem.lines]
    return pl.concat(entries).sort(ORDER)


def row_entries(rows: pl.DataFrame, dictionary: Dictionary) -> pl.DataFrame:
    """The problems of the kinds that some rows are, one row each; `id`, `line` and `own`."""
    return (
        rows.join(dictionary.entries, on="id", how="inner")
        .with_columns(
            text=pl.concat_str("before", pl.col("line").cast(pl.String), "after", _cell("own"))
        )
        .select(*ORDER, "text")
    )


def _shared(problem: Problem, rows: pl.DataFrame) -> pl.DataFrame:
    """The entries of a problem that many rows share."""
    before, after = listed(problem, MARK, "").split(MARK, 1)
    line = pl.col("line").cast(pl.String)
    places = pl.DataFrame({"line": problem.lines}, schema={"line": pl.Int64})
    ranked = dict(zip(ORDER[1:], map(pl.lit, rank(problem)), strict=True))
    return (
        rows.join(places, on="line", how="semi")
        .with_columns(
            text=pl.concat_str(pl.lit(before), line, pl.lit(after), _cell("own")), **ranked
        )
        .select(*ORDER, "text")
    )


def entries_of(problems: Sequence[tuple[int, Problem]], rows: Mapping[int, str]) -> pl.DataFrame:
    """Problems with their lines as rows of the list."""
    schema = dict(zip((*ORDER, "text"), (pl.Int64, pl.Boolean, *[pl.String] * 5), strict=True))
    found = [
        (
            line,
            *rank(problem),
            listed(problem, str(line or ""), csv_cell(defused(rows.get(line, "")))),
        )
        for line, problem in problems
    ]
    return pl.DataFrame(found, schema=schema, orient="row")


def as_csv(entries: pl.DataFrame) -> bytes:
    """Rows of the list as they are written."""
    return entries.select("text").write_csv(include_header=False, quote_style="never").encode()


def lot_errors(lot: Lot, ids: pl.Series, dictionary: Dictionary) -> list[Problem]:
    """The first errors of a lot, in the order of its lines."""
    found = row_errors(lot.cells.select("line").with_columns(ids), dictionary)
    found += [problem for problem in lot.problems if problem.is_error]
    return first_errors(found)


def row_errors(rows: pl.DataFrame, dictionary: Dictionary) -> list[Problem]:
    """The first errors of the kinds that some rows are; `line` and `id`, in the order of lines."""
    wrong = [kind for kind in dictionary.told if any(p.is_error for p in dictionary.problems[kind])]
    return [
        replace(problem, line=line)
        for line, kind in rows.filter(pl.col("id").is_in(wrong)).head(MOST_SHOWN).rows()
        for problem in dictionary.problems[kind]
        if problem.is_error
    ]


def first_errors(errors: Sequence[Problem]) -> list[Problem]:
    """The first of some errors, each once, in the order of their files and lines."""
    ranked = sorted(errors, key=_listed_at)
    return list(islice(dict.fromkeys(ranked), MOST_SHOWN))


def _listed_at(problem: Problem) -> tuple[object, ...]:
    return (problem.source, problem.line or 0, *rank(problem))


def _cell(name: str) -> pl.Expr:
    """A row as a cell of a row; the row has a comma in it, so that it is always quoted."""
    risky = pl.col(name).str.contains(r"^[=+\-@\t\r]")
    safe = pl.when(risky).then(pl.col(name).map_elements(defused, pl.String)).otherwise(name)
    quoted = safe.str.replace_all('"', '""', literal=True)
    return pl.concat_str(pl.lit('"'), quoted, pl.lit('"'))


def _parsed(row: bytes) -> tuple[list[str], bytes]:
    """The cells of a row of the list, and the row."""
    return next(csv.reader(io.StringIO(row.decode(), newline=""))), row


def _place(row: tuple[list[str], bytes]) -> tuple[object, ...]:
    """The place of a row in the list, as `problem_list.rank` has it."""
    _, line, column, value, code, severity, message, *_ = row[0]
    return (int(line or 0), severity != "error", code, column, value, message)
