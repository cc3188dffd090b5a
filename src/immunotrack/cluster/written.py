"""What Spark found, written: rows as a folder of files, the list of problems as one file."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from immunotrack.cluster.flagged import Flagged
from immunotrack.cluster.session import Frame, Session, asking, place
from immunotrack.cluster.stream import Batch
from immunotrack.flagged_table import is_table, typed_rows
from immunotrack.outputs import csv_line, move_whole, unwritable
from immunotrack.problem_list import COLUMNS
from immunotrack.problems import InvalidInput, Problem

_ROWS: Final = "told IS NULL AND place IS NULL"
_TYPES: Final[dict[type[pl.DataType], str]] = {pl.Float64: "double", pl.Int64: "bigint"}


def refuse_target(target: str) -> None:
    """Refuse a folder that is there already, on this machine.

    Raises:
        InvalidInput: It is.
    """
    if not is_remote(target) and Path(target).exists():
        raise InvalidInput([_there(target)])


def is_remote(target: str) -> bool:
    """Whether an output is a URL, which only Spark can write."""
    return "://" in target


def write_rows(spark: Session, found: Flagged, target: str) -> None:
    """Write the rows as a folder of CSV or, by its suffix, of Parquet files.

    On this machine it is moved to its place when it is complete; elsewhere Spark sees to that.

    Raises:
        InvalidInput: It cannot be written.
    """
    rows = _table(found) if is_table(Path(target)) else found.frame.where(_ROWS).select("text")
    if not place(spark, target).startswith("file:"):
        _save(rows, target, target)
        return
    there = Path(target).resolve()
    try:
        with TemporaryDirectory(prefix=".immunotrack-", dir=there.parent) as folder:
            _save(rows, place(spark, f"{folder}/rows"), target)
            rows_of = Path(folder) / "rows"
            for beside in rows_of.glob("[!p]*"):
                beside.unlink()
            rows_of.rename(there)
    except OSError as error:
        raise InvalidInput([unwritable(target, error)]) from None


def _save(rows: Frame, at: str, target: str) -> None:
    with asking(target):
        if rows.columns == ["text"]:
            rows.write.text(at)
        else:
            rows.write.parquet(at)


@dataclass(frozen=True, slots=True)
class _Typed:
    """Rows of CSV as columns."""

    header: str

    def rows(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The columns of some rows."""
        for batch in batches:
            found = self.typed(pl.DataFrame(batch)["text"].to_list())
            yield from found.to_arrow().to_batches()

    def typed(self, rows: list[str]) -> pl.DataFrame:
        """The columns of rows, those that are added as numbers where they are numbers."""
        text = io.BytesIO("\n".join([self.header, *rows, ""]).encode())
        return typed_rows(pl.scan_csv(text, infer_schema=False)).collect()


def _table(found: Flagged) -> Frame:
    typing = _Typed(found.header)
    names = typing.typed([]).schema
    columns = (
        f"`{name.replace('`', '``')}` {_TYPES.get(type(dtype), 'string')}"
        for name, dtype in names.items()
    )
    rows = found.frame.where(f"{_ROWS} AND line > 0").select("text")
    return rows.mapInArrow(typing.rows, ", ".join(columns))


def write_list(found: Flagged, path: Path) -> None:
    """Write the list of problems as one file, in the order of files and lines.

    Raises:
        InvalidInput: It cannot be written.
    """
    columns = ("file", "line", "place", "text")
    entries = found.frame.where("place IS NOT NULL").select(*columns).orderBy(*columns)
    told = found.entries.select(columns).sort(columns).rows()
    try:
        with TemporaryDirectory(prefix=".immunotrack-", dir=path.resolve().parent) as folder:
            whole = Path(folder) / "list"
            with whole.open("w", encoding="utf-8", newline="") as file, asking(str(path)):
                file.write(f"{csv_line(COLUMNS)}\n")
                for *_, text in merge(map(tuple, entries.toLocalIterator()), told):
                    file.write(f"{text}\n")
            move_whole(whole, path)
    except OSError as error:
        raise InvalidInput([unwritable(str(path), error)]) from None


def _there(target: str) -> Problem:
    return Problem(
        code="unwritable",
        source=target,
        message="it is there already, and Spark writes a folder of its own",
        fix="Name another one, or delete it.",
    )
