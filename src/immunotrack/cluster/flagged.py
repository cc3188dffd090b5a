"""A source flagged by Spark: how its rows are spread, and what came of them."""

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from importlib import import_module
from operator import and_
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from immunotrack.annotated import ADDED, added_header
from immunotrack.bulk.flagged import MOST_ATTEMPTS
from immunotrack.bulk.jsonfile import JsonFile
from immunotrack.bulk.judged import Outcome
from immunotrack.bulk.listing import entries_of, first_errors
from immunotrack.bulk.shares import Asked, Work
from immunotrack.bulk.textfile import Facts
from immunotrack.cluster import bucket, survey
from immunotrack.cluster.bucket import Bucketer, Tally, listed_entries
from immunotrack.cluster.cut import Cut, Cutter, Told
from immunotrack.cluster.session import Frame, Session, asking
from immunotrack.cluster.source import Source, opened_source
from immunotrack.cluster.start import Started, Starts, started
from immunotrack.cluster.survey import Run, Split, Surveyor, keys_of_file, runs
from immunotrack.problems import InvalidInput, Problem
from immunotrack.ranges import choose_range_sets
from immunotrack.readers.cells import SignEvidence
from immunotrack.readers.delimited import comment_lines, header_lines
from immunotrack.readers.files import changed
from immunotrack.readers.grid import Options
from immunotrack.readers.source import joint_header
from immunotrack.readers.study import told_alike

ROWS: Final = 500_000
"""About so many rows, of whole patients, are held by one worker at once."""

ASKED: Final = 80_000
"""The same where something is asked of the patients, which takes more memory a row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to come of a source.

    Args:
        ranges: Names of sets and files.
        writing: The rows.
        listing: The list of problems.
        plain: What is added to rows is read by a program, and not defused.
        work: What is asked of the patients, in place of rows and list.
    """

    ranges: Sequence[str] = ()
    writing: bool = True
    listing: bool = False
    plain: bool = False
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Flagged:
    """What came of a source.

    Args:
        told: How it was understood.
        header: Of the rows, as CSV.
        frame: As `bucket.SCHEMA` has it, kept by Spark.
        entries: Those of the list that are told of the files; `file`, `line`, `place`, `text`.
        errors: The first ones.
        asked: What was asked of the patients.
    """

    told: list[str]
    header: str
    frame: Frame
    entries: pl.DataFrame
    outcome: Outcome
    errors: list[Problem]
    asked: Asked


@contextmanager
def flagged(spark: Session, name: str, options: Options, wanted: Wanted) -> Iterator[Flagged]:
    """A source flagged; what Spark keeps of it goes with this context.

    Raises:
        InvalidInput: It cannot be read to its end.
    """
    source = opened_source(spark, name, options.format)
    with TemporaryDirectory(prefix="immunotrack-") as folder:
        surveyed = _surveyed(started(source, options, Path(folder)))
        files = surveyed.starts.files
        job = _Job(spark, source, wanted, surveyed.runs)
        for _ in range(MOST_ATTEMPTS):
            reading = job.read(files)
            try:
                if (better := reading.better()) == files:
                    yield reading.finished(surveyed.starts.unread)
                    return
            finally:
                reading.frame.unpersist()
            files = better
    raise RuntimeError("the files are understood in another way each time")


@dataclass(frozen=True, slots=True)
class _Surveyed:
    """The files of a source that are read, and the runs of their splits."""

    starts: Starts
    runs: list[Run]


def _surveyed(starts: Starts) -> _Surveyed:
    """What is read of a source; without NDJSON it is refused before its splits are counted.

    Raises:
        InvalidInput: It cannot be read, or has not the columns that are needed.
    """
    is_open = any(isinstance(file.file, JsonFile) for file in starts.files)
    starts = starts if is_open else starts.known()
    counted = _counted(starts)
    found = runs(counted, first=1 if starts.source.kind == "text" else 2)
    if is_open:
        starts = starts.each(lambda file: _keyed(file, counted, found)).known()
    read = {file.key for file in starts.files}
    return _Surveyed(starts, [run for run in found if run.file in read])


def _counted(starts: Starts) -> list[Split]:
    """What each piece of the files adds to its split."""
    source, files = starts.source, starts.files
    whole = source.kind != "text"
    counting = Surveyor({file.key: file.file for file in files}, whole=whole).counted
    with asking(files[0].file.source):
        rows = source.pieces(source.files).mapInArrow(counting, survey.SCHEMA).collect()
    return [Split(*row) for row in rows]


def _keyed(file: Started, counted: Sequence[Split], found: Sequence[Run]) -> Started:
    """A file with the keys of all its lines, if it is NDJSON."""
    if not isinstance(file.file, JsonFile):
        return file
    return file.read_as(file.file.keyed(keys_of_file(file.key, counted, found)))


@dataclass(frozen=True, slots=True)
class _Job:
    """What is done with the files, as often as it must be."""

    spark: Session
    source: Source
    wanted: Wanted
    runs: list[Run]

    def read(self, files: list[Started]) -> "_Reading":
        """Read and judge all rows.

        Raises:
            InvalidInput: They cannot be read, or changed meanwhile.
        """
        ranges = choose_range_sets([*self.wanted.ranges])
        judges = {file.number: file.judge(ranges, plain=self.wanted.plain) for file in files}
        numbers = {file.key: file.number for file in files}
        columns = joint_header([file.file.header.cells for file in files])
        cutter = Cutter(
            {number: Cut(judge.file, judge.likeness) for number, judge in judges.items()},
            columns,
            [numbers[run.file] for run in self.runs],
            self.runs,
        )
        names = (*ADDED, *["source"] * (len(files) > 1))
        header = added_header(columns, names).decode().removesuffix("\n")
        writing, work = self.wanted.writing, self.wanted.work
        judging = Bucketer(judges, header * writing, self.wanted.listing, work)
        held = ROWS if work is None else ASKED
        rows = self._runs().mapInArrow(cutter.rows, cutter.schema)
        together = rows.repartition(-(-sum(run.lines for run in self.runs) // held), "patient")
        kept = together.mapInArrow(judging.judged, bucket.SCHEMA)
        kept.persist(import_module("pyspark").StorageLevel.DISK_ONLY)
        with asking(files[0].file.source):
            told = kept.where("told IS NOT NULL").select("told").collect()
        every = [pickle.loads(row.told) for row in told]  # noqa: S301 - by our own workers
        reading = _Reading(files, kept, header, every)
        reading.check(self.runs)
        return reading

    def _runs(self) -> Frame:
        """The bytes of each run, one after the other in one partition: `run` and `value`."""
        of = [
            (run.file, split, number, len(run.splits) == 1)
            for number, run in enumerate(self.runs)
            for split in run.splits
        ]
        known = self.spark.createDataFrame(of, "file bigint, split bigint, run int, alone boolean")
        pieces = self.source.pieces(self.source.files).selectExpr(
            "*", "monotonically_increasing_id() AS pos"
        )
        numbered = pieces.join(known.hint("broadcast"), ["file", "split"])
        alone = numbered.where("alone").select("run", "value")
        joined = sum(len(run.splits) > 1 for run in self.runs)
        if not joined:
            return alone
        together = numbered.where("NOT alone").repartition(joined, "run")
        ordered = together.sortWithinPartitions("run", "split", "pos")
        return alone.unionAll(ordered.select("run", "value"))


class _Reading:
    """What one reading of all files tells.

    Args:
        every: A `Told` of each run, and a `Tally` of each part of the rows.
    """

    def __init__(
        self, files: list[Started], frame: Frame, header: str, every: Sequence[Told | Tally]
    ) -> None:
        self.files = files
        self.frame = frame
        self._header = header
        told = [one for one in every if isinstance(one, Told)]
        self._told = sorted(told, key=lambda one: (one.file, one.line))
        self._tallies = [one for one in every if isinstance(one, Tally)]

    def check(self, known: Sequence[Run]) -> None:
        """Refuse files that cannot be read to their end, or changed since they were surveyed.

        Raises:
            InvalidInput: They did.
        """
        if problems := [problem for one in self._told for problem in one.problems]:
            raise InvalidInput(problems, unreadable=True)
        for file in self.files:
            of = [(one.line, one.lines) for one in self._told if one.file == file.number]
            if of != sorted((run.line, run.lines) for run in known if run.file == file.key):
                raise changed(file.file.source)

    def better(self) -> list[Started]:
        """The files as the reading shows them; those that were read, if that was right."""
        return [self._better(file) for file in self.files]

    def _better(self, file: Started) -> Started:
        premises = [one.premises for one in self._told if one.file == file.number and one.premises]
        if premises:
            return file.read_as(replace(file.file, premises=premises[0]))
        evidence = [
            tally.evidence[file.number] for tally in self._tallies if file.number in tally.evidence
        ]
        sign = reduce(and_, evidence, SignEvidence()).sign
        asked = file.sign or file.part.evidence.sign
        known = file.read_as(file.file.knowing(self._facts(file)))
        return replace(known, sign=file.sign if sign == asked else sign)

    def _facts(self, file: Started) -> Facts:
        facts = Facts()
        for one in self._told:
            if one.file == file.number:
                facts.add(one.facts)
        return facts

    def finished(self, unread: Sequence[tuple[int, Problem]]) -> Flagged:
        """What came of the files.

        Args:
            unread: Why others are not read, by the number of the file.
        """
        outcome, errors, asked = Outcome(), [], Asked()
        for tally in self._tallies:
            outcome.join(tally.outcome)
            errors += tally.errors
            asked.join(tally.asked)
        entries = []
        for number, problem in unread:
            outcome.tell(problem, problem.rows)
            entries.append(listed_entries(number, entries_of([(problem.line or 0, problem)], {})))
        for file in self.files:
            placed, own = self._of_file(file, outcome.warnings)
            for _, problem in placed:
                outcome.tell(problem, problem.rows)
            errors += [problem for _, problem in placed if problem.is_error]
            entries.append(listed_entries(file.number, entries_of(placed, own)))
        return Flagged(
            told_alike([file.part for file in self.files]),
            self._header,
            self.frame,
            pl.concat(entries),
            outcome,
            first_errors(errors),
            asked,
        )

    def _of_file(
        self, file: Started, warnings: Counter[str]
    ) -> tuple[list[tuple[int, Problem]], dict[int, str]]:
        """What is told of a file as a whole, with its line, and the texts of those lines."""
        facts, source = self._facts(file), file.file.source
        found = file.head
        for tell, (line, number) in (
            (comment_lines, facts.comments),
            (header_lines, facts.headers),
        ):
            if number:
                found += tell(source, [line])
                warnings[found[-1].code] += number - 1
        own = [one.headers for one in self._told if one.file == file.number]
        texts = {line: text for headers in own for line, text in headers.items()}
        return [(problem.line or 0, problem) for problem in found], texts
