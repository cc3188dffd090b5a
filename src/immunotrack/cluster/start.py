"""The start of each file that Spark reads: its columns, and how its rows are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from immunotrack.bulk import bulk_file
from immunotrack.bulk.blocks import SIZE
from immunotrack.bulk.flagged import STREAMED, first_part, head_problems
from immunotrack.bulk.judged import Judge
from immunotrack.bulk.likeness import Likeness
from immunotrack.bulk.textfile import TextFile
from immunotrack.cluster.session import asking, settings
from immunotrack.cluster.source import File, Source, refused
from immunotrack.problems import InvalidInput, Problem
from immunotrack.ranges import RangeSet
from immunotrack.readers.cells import Part
from immunotrack.readers.delimited import plain_names
from immunotrack.readers.grid import DecimalSign, Options
from immunotrack.readers.parquet import MAGIC

_AT_ONCE: Final = dict.fromkeys(
    ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes"), str(SIZE)
)
"""So the first split of a file holds its first rows, and no more is read."""


@dataclass(frozen=True, slots=True)
class Started:
    """A file that Spark reads, known by its first rows.

    Args:
        number: In the order of the files.
        key: What `file` is in its pieces.
        file: Its first rows, kept on this machine.
        options: How the user wants it read.
        likeness: The columns that are read.
        sign: Its decimal sign; None for that of its first rows.
    """

    number: int
    key: int
    file: TextFile
    options: Options
    likeness: Likeness
    sign: DecimalSign | None = None

    def read_as(self, file: TextFile) -> "Started":
        """The same file with other premises."""
        return replace(self, file=file)

    @property
    def part(self) -> Part:
        """The first rows as the reader of small files understands them."""
        return first_part(self.file, self.options, self.sign)

    @property
    def head(self) -> list[Problem]:
        """The problems of the header and of what stands above it."""
        return head_problems(self.file, self.part)

    def judge(self, ranges: Sequence[RangeSet], *, plain: bool) -> Judge:
        """How its rows are judged; `plain` as `Judge` has it."""
        sign = self.sign or self.part.evidence.sign
        return Judge(self.file, self.options, ranges, self.likeness, sign, plain)


def started(source: Source, options: Options, folder: Path) -> list[Started]:
    """The files of a source, each known by its first rows.

    Args:
        folder: Where those are kept.

    Raises:
        InvalidInput: One cannot be read, or has to be read as a whole.
    """
    if options.format and options.format not in STREAMED:
        raise refused(source.name, f"a file of --format {options.format}")
    found = [_started(source, options, folder, *at) for at in enumerate(source.files)]
    for other in found[1:]:
        if _names(other) != _names(found[0]):
            raise refused(source.name, f"files of different columns, {other.file.source} one")
    return found


def _names(file: Started) -> list[str]:
    return plain_names(file.file.header.cells)


def _started(source: Source, options: Options, folder: Path, number: int, file: File) -> Started:
    with asking(file.name), settings(source.spark, _AT_ONCE):
        first = source.first(file)
    if not first:
        raise _empty(file.name)
    if first[0].split and source.kind == "text":
        raise refused(file.name, "a file that Spark does not read from its start")
    text = b"".join([source.header, *(piece.value for piece in first)])
    if source.kind == "text" and text.startswith((MAGIC, b"\x1f\x8b", b"PK\x03\x04")):
        raise refused(file.name, "a file whose name does not say what is in it")
    path = folder / str(number)
    path.write_bytes(text)
    how = options if source.kind == "text" else replace(options, encoding="")
    bulk = bulk_file(path, file.name, how)
    if bulk is None or not isinstance(bulk.file, TextFile):
        raise refused(file.name, "a file that must be held as a whole")
    return Started(number, first[0].file, bulk.file, how, bulk.likeness)


def _empty(name: str) -> InvalidInput:
    problem = Problem(
        code="empty-file", source=name, message="the file is empty", fix="Export it again."
    )
    return InvalidInput([problem], unreadable=True)
