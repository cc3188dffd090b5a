"""What Spark reads: text files, Parquet files, or a table of its catalogue, as pieces of text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

import polars as pl

from immunotrack.cluster.session import Frame, Session, asking, place
from immunotrack.cluster.stream import Batch
from immunotrack.outputs import csv_line
from immunotrack.problems import InvalidInput, Problem, Severity, counted
from immunotrack.readers.files import told_name
from immunotrack.readers.parquet import as_texts

TABLE: Final = "table:"
"""What stands before the name of a table of the catalogue."""

_TEXT: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".psv", ".json", ".ndjson", ".jsonl"})
_PACKED: Final = ".gz"
_GLOB: Final = frozenset("*?[]{}\\")
"""Letters that Spark takes for a pattern."""

_OF_FILE: Final = ("xxhash64(_metadata.file_path)", "_metadata.file_block_start")
"""File and split of a row."""

_OF_TABLE: Final = ("0L", "-1L")
"""A table is one file, and each partition of it a split."""

_LINES: Final = "concat(cast(value AS binary), X'0A') AS value"
_PIECES: Final = "file bigint, split bigint, value binary"
"""Where a piece stands, and its bytes."""

Kind = Literal["text", "parquet", "table"]


class File(NamedTuple):
    """A file that Spark reads.

    Args:
        name: What messages call it.
        path: As Spark is given it.
    """

    name: str
    path: str


class Piece(NamedTuple):
    """Bytes of a file, whole lines.

    Args:
        file: The key of the file.
        split: Where in the file it stands.
    """

    file: int
    split: int
    value: bytes


_PIECE: Final = pl.DataFrame(schema={"file": pl.Int64, "split": pl.Int64, "value": pl.Binary})
FIRST: Final = 8192
"""So many rows tell how a file is understood."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a table, written as pieces of a CSV file.

    Args:
        source: What messages call it.
    """

    source: str

    def written(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The text of rows whose first two columns are `file` and `split`."""
        for batch in batches:
            rows = pl.DataFrame(batch)
            file, split = rows.columns[:2]
            rows = rows.with_columns(
                pl.when(pl.col(split) < 0).then(_partition()).otherwise(split).alias(split)
            )
            for part in rows.partition_by(file, split, maintain_order=True):
                texts = as_texts(part.drop(file, split).lazy(), self.source).collect()
                value = texts.write_csv(include_header=False).encode()
                place = part.select(file=file, split=split).head(1)
                yield from place.with_columns(value=pl.lit(value)).to_arrow().to_batches()


def _partition() -> int:
    """The number of the partition of a frame that is worked on; 0 where Spark does not work."""
    task = import_module("pyspark").TaskContext.get()
    return 0 if task is None else task.partitionId()


@dataclass(frozen=True, slots=True)
class Source:
    """What is read, and how.

    Args:
        name: As the user gave it.
        files: In the order of their names.
        columns: The names of the columns, where the text has no header.
        problems: What is not read.
        is_folder: It is one, and the files are all that there is in it.
    """

    spark: Session
    kind: Kind
    name: str
    files: tuple[File, ...]
    columns: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_folder: bool = False

    @property
    def header(self) -> bytes:
        """The line of the header, where it is not among the pieces."""
        return f"{csv_line(self.columns)}\n".encode() if self.columns else b""

    def pieces(self, files: Sequence[File]) -> Frame:
        """The text of files: `file` and `split`, whole numbers, tell where the bytes `value` stand.

        Those of one split follow each other in one partition.
        """
        rows = self._placed(files)
        return rows if self.kind == "text" else rows.mapInArrow(self._written, _PIECES)

    def first(self, file: File) -> list[Piece]:
        """The first pieces of a file, in its order."""
        rows = self._placed([file])
        if self.kind == "text":
            found = map(Piece._make, rows.take(FIRST))
        else:
            batches = rows.limit(FIRST).toArrow().to_batches()
            written = pl.concat([_PIECE, *map(pl.DataFrame, self._written(iter(batches)))])
            found = map(Piece._make, written.rows())
        return sorted(found, key=lambda piece: piece.split)

    def _placed(self, files: Sequence[File]) -> Frame:
        """Lines or rows, with the file and the split that each is of."""
        frame = self.frame([file.path for file in files])
        file, split = _OF_TABLE if self.kind == "table" else _OF_FILE
        if self.kind == "text":
            return frame.selectExpr(f"{file} AS file", f"{split} AS split", _LINES)
        return frame.selectExpr(f"{file} AS immunotrack_file", f"{split} AS immunotrack_split", "*")

    @property
    def _written(self) -> Callable[[Iterator[Batch]], Iterator[Batch]]:
        return _Rows(told_name(self.name)).written

    def frame(self, paths: list[str]) -> Frame:
        """The lines or the rows of files."""
        if self.kind == "table":
            return self.spark.table(self.name.removeprefix(TABLE))
        if self.kind == "text":
            return self.spark.read.text(paths, lineSep="\n")
        return self.spark.read.parquet(*paths)


def opened_source(spark: Session, name: str, form: str) -> Source:
    """What a name stands for.

    Args:
        name: A file, a folder of files, or `table:` and the name of a table.
        form: What the user says that it is, `--format`.

    Raises:
        InvalidInput: It is not there, or Spark cannot read it as immunotrack must.
    """
    with asking(told_name(name)):
        if name.startswith(TABLE):
            return _table(Source(spark, "table", name, (File(told_name(name), ""),)))
        found = _named(spark, name)
        packed = {PurePosixPath(file.path).suffix.lower() == ".parquet" for file in found.files}
        if len(packed) > 1:
            raise refused(name, "Parquet files beside text files")
        return (
            _table(replace(found, kind="parquet")) if packed.pop() or form == "parquet" else found
        )


def refused(name: str, why: str, fix: str = "Use --engine polars.") -> InvalidInput:
    """The error of a source that Spark is not to read."""
    problem = Problem(
        code="unreadable",
        source=told_name(name),
        message=f"{why}: this is not read with --engine spark",
        fix=fix,
    )
    return InvalidInput([problem], unreadable=True)


def _table(source: Source) -> Source:
    """The source with its columns.

    Raises:
        InvalidInput: A column holds no single values, or the files have different columns.
    """
    frame = source.frame([file.path for file in source.files])
    as_texts(pl.DataFrame(frame.limit(0).toArrow()).lazy(), told_name(source.name))
    for file in source.files[1:]:
        if source.frame([file.path]).schema != frame.schema:
            raise refused(source.name, f"files of different columns, {file.name} among them")
    return replace(source, columns=tuple(frame.columns))


def _named(spark: Session, name: str) -> Source:
    """The files of a name as texts, and what of a folder is not read.

    Raises:
        InvalidInput: There are none, or their folders hold values.
    """
    at = place(spark, name)
    if _GLOB & set(at):
        raise refused(name, "a name that Spark takes for a pattern")
    listed = spark.read.text(at)
    urls = [unquote(url) for url in listed.inputFiles()]
    if len(listed.columns) > 1:
        why = "a folder whose inner folders are named for values"
        raise refused(name, why, "Name one of them, or a table of the catalogue, table:NAME.")
    if len(urls) == 1 and PurePosixPath(urls[0]).name == PurePosixPath(at).name:
        return Source(spark, "text", name, (File(told_name(name), urls[0]),))
    read = sorted(url for url in urls if _suffix(url) in {*_TEXT, ".parquet"})
    if not read:
        raise refused(name, "no file of text or Parquet in it")
    folder = name.rstrip("/")
    files = (File(told_name(f"{folder}/{PurePosixPath(url).name}"), url) for url in read)
    problems = _unread(name, len(urls) - len(read))
    return Source(spark, "text", name, tuple(files), problems=problems, is_folder=True)


def _suffix(url: str) -> str:
    path = PurePosixPath(url.lower())
    return PurePosixPath(path.stem).suffix if path.suffix == _PACKED else path.suffix


def _unread(name: str, others: int) -> tuple[Problem, ...]:
    if not others:
        return ()
    problem = Problem(
        code="not-read",
        severity=Severity.WARNING,
        source=told_name(name),
        message=f"{counted(others, 'file')} of the folder not read: of no format that Spark reads",
        fix="Name a file of results by itself to have it read.",
    )
    return (problem,)
