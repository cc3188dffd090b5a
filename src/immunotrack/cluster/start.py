"""The start of each file that Spark reads: its columns, and how its rows are judged."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Final

from immunotrack.bulk.blocks import SIZE, line_feeds
from immunotrack.bulk.flagged import STREAMED, bulk_of, first_part, head_problems, likeness_of
from immunotrack.bulk.jsonfile import json_start
from immunotrack.bulk.judged import Judge
from immunotrack.bulk.lots import LargeFile
from immunotrack.bulk.textfile import text_file
from immunotrack.cluster.session import asking, settings
from immunotrack.cluster.source import FIRST, File, Source, refused
from immunotrack.problems import InvalidInput, Problem
from immunotrack.ranges import RangeSet
from immunotrack.readers.cells import Part
from immunotrack.readers.formats import format_for, read_grids
from immunotrack.readers.grid import DecimalSign, Options
from immunotrack.readers.parquet import MAGIC
from immunotrack.readers.study import not_understood, nothing_in, options_for

_AT_ONCE: Final = dict.fromkeys(
    ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes"), str(SIZE)
)
"""So the first split of a file holds its first rows, and no more is read."""

_BROKEN: Final = frozenset({"unreadable", "too-large", "changed-file", "unknown-option"})
"""Why a file of a folder ends the reading; for any other reason it is left out, and told."""


@dataclass(frozen=True, slots=True)
class Started:
    """A file that Spark reads, known by its first rows.

    Args:
        number: In the order of the files of the source.
        key: What `file` is in its pieces.
        file: Its first rows, kept on this machine.
        options: How the user wants it read.
        whole: All of it is there.
        sign: Its decimal sign; None for that of its first rows.
    """

    number: int
    key: int
    file: LargeFile
    options: Options
    whole: bool
    sign: DecimalSign | None = None

    def read_as(self, file: LargeFile) -> "Started":
        """The same file with other premises."""
        return replace(self, file=file)

    def known(self, headers: Sequence[Sequence[str]]) -> "Started":
        """The file as its first rows show it to be.

        Args:
            headers: Those of all files of the source.

        Raises:
            InvalidInput: It has not the columns that are needed, or has to be read as a whole.
        """
        options = options_for(self.file.header.cells, headers, self.options)
        bulk = bulk_of(self.file, options) if self.file.width else None
        if bulk is None:
            raise _held(self.file.path, self.file.source, options, whole=self.whole)
        return replace(self, file=bulk.file, options=options)

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
        part = self.part
        sign = self.sign or part.evidence.sign
        return Judge(self.file, self.options, ranges, likeness_of(part), sign, plain)


@dataclass(frozen=True, slots=True)
class Starts:
    """The files of a source that are read.

    Args:
        unread: Why others are not, by their number; -1 for those that the source does not have.
    """

    source: Source
    files: list[Started]
    unread: list[tuple[int, Problem]]

    def each(self, become: Callable[[Started], Started]) -> "Starts":
        """What becomes of each file; one of a folder that holds no results is left out, and told.

        Raises:
            InvalidInput: One cannot be read, or none is left.
        """
        files, unread = [], [*self.unread]
        for file in self.files:
            with _leaving_out(self.source, file.number, unread):
                files.append(become(file))
        return _some(Starts(self.source, files, unread))

    def known(self) -> "Starts":
        """The files as their first rows show them to be, as `each` has it."""
        headers = [file.file.header.cells for file in self.files]
        return self.each(lambda file: file.known(headers))


def started(source: Source, options: Options, folder: Path) -> Starts:
    """The files of a source with their first rows; what these say is not known yet.

    Args:
        folder: Where they are kept.

    Raises:
        InvalidInput: One cannot be read, or has to be read as a whole; or none is left.
    """
    if options.format and options.format not in STREAMED:
        raise refused(source.name, f"a file of --format {options.format}")
    files: list[Started] = []
    unread = [(-1, problem) for problem in source.problems]
    for number, file in enumerate(source.files):
        with _leaving_out(source, number, unread):
            files.append(_started(source, options, folder, number, file))
    return _some(Starts(source, files, unread))


def _some(found: Starts) -> Starts:
    """What was found, if that is any file."""
    unread = sorted(found.unread, key=itemgetter(0))
    if not found.files:
        why = [problem for _, problem in unread]
        raise InvalidInput([*why, nothing_in(found.source.name)], unreadable=True)
    return replace(found, unread=unread)


@contextmanager
def _leaving_out(source: Source, number: int, unread: list[tuple[int, Problem]]) -> Iterator[None]:
    """Tell that a file of a folder is not read, where that is no error of the folder."""
    try:
        yield
    except InvalidInput as error:
        codes = {problem.code for problem in error.problems if problem.is_error}
        if not source.is_folder or codes & _BROKEN:
            raise
        unread.append((number, not_understood(source.files[number].name, error)))


def _started(source: Source, options: Options, folder: Path, number: int, file: File) -> Started:
    with asking(file.name), settings(source.spark, _AT_ONCE):
        first = source.first(file)
    if first and first[0].split and source.kind == "text":
        raise refused(file.name, "a file that Spark does not read from its start")
    text = b"".join([source.header, *(piece.value for piece in first)])
    if source.kind == "text" and text.startswith((MAGIC, b"\x1f\x8b", b"PK\x03\x04")):
        raise refused(file.name, "a file whose name does not say what is in it")
    path = folder / f"{number}{PurePosixPath(file.path).suffix}"
    path.write_bytes(text)
    how = options if source.kind == "text" else replace(options, encoding="")
    whole = line_feeds(text) < FIRST
    kind = format_for(path, how)
    opened = json_start if kind == "ndjson" else text_file
    found = opened(path, file.name, how, SIZE) if first and kind in STREAMED else None
    if found is None:
        raise _held(path, file.name, how, whole=whole)
    return Started(number, first[0].file, found, how, whole)


def _held(path: Path, name: str, options: Options, *, whole: bool) -> InvalidInput:
    """Why a file is not read that must be held as a whole.

    Args:
        path: Its first rows.
        whole: All of it is there, and the reader of small files says what is wrong with it.
    """
    if whole:
        try:
            read_grids(path, name, options)
        except InvalidInput as error:
            return error
    return refused(name, "a file that must be held as a whole")
