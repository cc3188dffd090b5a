"""What is said of rows that are alike, asked once by the reader and the flags of small files."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from typing import Final

import numpy as np
import polars as pl

from immunotrack.analytes import analytes
from immunotrack.annotated import (
    HEAD,
    added_cells,
    csv_texts,
    flag_differences,
    flagged_results,
)
from immunotrack.bulk.likeness import Likeness
from immunotrack.bulk.lot import row_texts
from immunotrack.bulk.lots import LargeFile
from immunotrack.bulk.textfile import Facts
from immunotrack.problem_list import listed, rank
from immunotrack.problems import Problem
from immunotrack.ranges import RangeSet
from immunotrack.readers.cells import Part, SignEvidence, read_part
from immunotrack.readers.counts import Counts
from immunotrack.readers.grid import DecimalSign, Grid, Options
from immunotrack.readers.people import read_people
from immunotrack.readers.results import read_results
from immunotrack.readers.source import Source, no_events
from immunotrack.readers.study import flag_columns

FAULTS: Final = frozenset({"ragged-row", "stray-quote", "broken-line", "nested-value"})
"""Notes of a row that make it unusable; any other one sets it aside."""

_NOBODY: Final = read_people([], "iso")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of some rows, in their order.

    Args:
        flagged: The contract's columns, `problem` and `fate`.
        texts: `head` and `said`, the cells that are added to a row before and behind its line.
        problems: Those of each row, without their lines.
        evidence: Which decimal signs their numbers allow.
    """

    flagged: pl.DataFrame
    texts: pl.DataFrame
    problems: list[list[Problem]]
    evidence: SignEvidence


@dataclass(frozen=True, slots=True)
class Judge:
    """How the rows of one file are judged.

    Args:
        sign: The decimal sign of the file.
        plain: What is added to rows is read by a program, and not defused.
    """

    file: LargeFile
    options: Options
    ranges: Sequence[str | RangeSet]
    likeness: Likeness
    sign: DecimalSign | None
    plain: bool = False

    def judge(self, cells: pl.DataFrame, *, alone: bool) -> Judgement:
        """What is said of some rows.

        Args:
            cells: Texts by place, and `note`.
            alone: No row is compared with another one; else they are in the order of the file,
                and `line` is where they stand.
        """
        lines = list(range(1, len(cells) + 1)) if alone else cells["line"].to_list()
        part = self.part(cells, lines)
        return judged([part], self.options, self.ranges, alone=alone, plain=self.plain)

    def read(self, cells: pl.DataFrame) -> tuple[Source, SignEvidence]:
        """Rows of whole patients as a small file of them is read, in the order of the file.

        Args:
            cells: Texts by place, `note` and `line`.
        """
        part = self.part(cells, cells["line"].to_list())
        return one_source([part], self.options, alone=False), part.evidence

    def part(self, cells: pl.DataFrame, lines: list[int]) -> Part:
        """Some rows as the reader of small files understands them.

        Args:
            cells: Texts by place, and `note`.
            lines: Where they stand.
        """
        return read_part(self._grid(cells, lines), self.options, self.sign)

    def _grid(self, cells: pl.DataFrame, lines: list[int]) -> Grid:
        """Some rows as a grid; what is not read stays empty."""
        rows = row_texts(cells, self.file.width, self.likeness.read)
        grid = self.file.grid(rows, lines)
        for row, note in enumerate(cells["note"]):
            if note:
                (grid.faults if note in FAULTS else grid.aside)[row] = note
        return grid


def judged(
    parts: Sequence[Part],
    options: Options,
    ranges: Sequence[str | RangeSet],
    *,
    alone: bool,
    plain: bool,
) -> Judgement:
    """What is said of the rows of some files.

    Args:
        alone: No row is compared with another one.
        plain: As `Judge` has it.
    """
    source = one_source(parts, options, alone=alone)
    flagged = flagged_results(source, ranges)
    problems = [*source.problems, *flag_differences(source, flagged)]
    texts = flagged.select(added_cells(flagged, (*HEAD, "problem"), plain=plain))
    return Judgement(
        flagged,
        pl.DataFrame({"head": csv_texts(texts.select(HEAD)), "said": texts["problem"]}),
        _by_row(problems, source.grids),
        reduce(and_, (part.evidence for part in parts)),
    )


def one_source(parts: Sequence[Part], options: Options, *, alone: bool) -> Source:
    """The rows of some files as one source."""
    results = read_results(parts, _NOBODY.facts, options, alone=alone)
    grids = [part.grid for part in parts]
    named = results.table["patient_id"].unique(maintain_order=True)
    return Source(
        name=grids[0].source,
        grids=grids,
        results=results.table,
        events=no_events(),
        problems=results.problems,
        told=[],
        flag_columns=flag_columns(parts),
        patients=tuple(named.filter(named.str.strip_chars() != "")),
    )


def _by_row(problems: Sequence[Problem], grids: Sequence[Grid]) -> list[list[Problem]]:
    """The problems of each row, in the order in which they are listed."""
    found: dict[tuple[str, int], list[Problem]] = defaultdict(list)
    for problem in problems:
        plain = replace(problem, line=None, rows=1, lines=())
        for line in problem.lines or (problem.line,):
            if line:
                found[problem.source, line].append(plain)
    places = [(grid.source, line) for grid in grids for line in grid.lines]
    return [sorted(found.get(place, ()), key=rank) for place in places]


_ENTRIES: Final = {
    "id": pl.UInt32,
    "warning": pl.Boolean,
    **dict.fromkeys(("code", "column", "value", "message", "before", "after"), pl.String),
}


def _entries(problems: Sequence[Sequence[Problem]], first: int) -> pl.DataFrame:
    """The problems of kinds of rows as rows of the list, but for their line and the row itself."""
    rows = [
        (number, *rank(problem), *listed(problem, MARK, "").split(MARK, 1))
        for number, found in enumerate(problems, first)
        for problem in found
    ]
    return pl.DataFrame(rows, schema=_ENTRIES, orient="row")


MARK: Final = "\0"
"""What no text file holds."""


@dataclass(slots=True)
class Dictionary:
    """Every kind of row met so far, and what is said of it.

    One thread asks while others look up: kinds are only added, and a table is replaced whole.

    Args:
        keys: `key`, and `id`, its place in the other tables.
        kinds: `head`, `said`, `analyte`, `unit`, `flag`, `range_source`, `fate`, `problem`,
            `moment`, `day`, `counts`, and the numbers of analyte and unit.
        problems: Of each kind.
        told: The kinds that have any.
        entries: Those problems as rows of the list of problems, in two pieces.
    """

    judge: Judge
    keys: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"key": pl.UInt128, "id": pl.UInt32})
    )
    kinds: pl.DataFrame | None = None
    problems: list[list[Problem]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    entries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ENTRIES))
    evidence: SignEvidence = field(default_factory=SignEvidence)
    codes: dict[str, int] = field(default_factory=dict)
    units: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def ask(self, cells: pl.DataFrame) -> None:
        """Judge kinds of rows that are not known yet: `key`, the texts by place, and `note`."""
        judged = self.judge.judge(self.judge.likeness.stand_ins(cells), alone=True)
        first = len(self.problems)
        ids = pl.int_range(first, first + len(cells), dtype=pl.UInt32, eager=True)
        self.keys = pl.concat([self.keys, pl.DataFrame({"key": cells["key"], "id": ids})])
        kinds = self._kinds(judged.flagged, judged.texts, cells["note"])
        self.kinds = kinds if self.kinds is None else pl.concat([self.kinds, kinds]).rechunk()
        self.problems += judged.problems
        self.told += [first + n for n, problems in enumerate(judged.problems) if problems]
        self.entries = pl.concat([self.entries, _entries(judged.problems, first)])
        self.evidence &= judged.evidence

    def _kinds(self, flagged: pl.DataFrame, texts: pl.DataFrame, notes: pl.Series) -> pl.DataFrame:
        measured = (pl.col("value").is_not_null() & (pl.col("unit") != "")).alias("measured")
        kinds = flagged.with_columns(texts["head"], texts["said"], measured, note=notes)
        for analyte, unit in kinds.filter("measured").select("analyte", "unit").unique().rows():
            if analyte in analytes():
                self.units[analyte].add(unit)
        return kinds.select(
            *("head", "said", "flag", "range_source", "fate", "problem", "day"),
            pl.col("time").cast(pl.Int64).alias("moment"),
            self._code("analyte"),
            pl.when("measured").then(self._code("unit")).otherwise(0).alias("unit"),
            counts=(pl.col("note") == "") & (pl.col("analyte") != ""),
        )

    def _code(self, name: str) -> pl.Expr:
        """A number for each text of a column."""
        codes = self.codes
        return (
            pl.col(name)
            .map_elements(lambda text: codes.setdefault(text, len(codes) + 1), pl.UInt32)
            .alias(name)
        )

    def known(self, compared: pl.DataFrame) -> pl.DataFrame:
        """Rows by their `key`, with the `id` of their kind; null where it is new."""
        return compared.join(self.keys, on="key", how="left", maintain_order="left")

    @property
    def said(self) -> pl.DataFrame:
        """Every kind met so far."""
        return pl.DataFrame() if self.kinds is None else self.kinds

    def placed(self, compared: pl.DataFrame) -> pl.DataFrame:
        """The keys of rows whose kind is known, with what only its judgement tells of them."""
        kinds, ids = self.said, compared["id"]
        told = kinds.select("analyte", "unit", "counts", "moment", "day")
        placed = {name: told[name].gather(ids) for name in ("analyte", "unit", "counts")}
        for name in ("moment", "day"):
            own = compared[name]
            if own.null_count():
                own = pl.select(pl.coalesce(own, told[name].gather(ids))).to_series()
            placed[name] = own.alias(name)
        return pl.DataFrame(placed).with_columns(compared["patient"], compared["seen"])

    def count(self, ids: pl.Series, outcome: "Outcome", sign: int = 1) -> None:
        """Count rows by what became of their kind, and their problems; or take them back."""
        kinds = self.said
        counts = np.bincount(ids.to_numpy(), minlength=len(kinds))
        met = kinds.select(
            "fate", "problem", "flag", "range_source", count=pl.Series(counts)
        ).filter(pl.col("count") > 0)
        outcome.add(met, sign)
        for kind in self.told[: bisect_left(self.told, len(kinds))]:
            if count := int(counts[kind]):
                for problem in self.problems[kind]:
                    outcome.tell(problem, sign * count)

    @property
    def is_mixed(self) -> bool:
        """Whether an analyte of the catalogue has more than one unit."""
        return any(len(units) > 1 for units in self.units.values())


@dataclass(slots=True)
class Outcome:
    """How many rows there are of each kind of outcome.

    Args:
        fates: By fate and by the code that says why.
        flags: Results that count, by flag.
        sources: Those of them with a range, by its set.
        all_flags: All flags there are.
        warnings: Rows by the code of the warning.
        errors: The number of errors.
    """

    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    all_flags: set[str] = field(default_factory=set)
    warnings: Counter[str] = field(default_factory=Counter)
    errors: int = 0

    def add(self, kinds: pl.DataFrame, sign: int = 1) -> None:
        """Count rows by `fate`, `problem`, `flag` and `range_source`, `count` of each."""
        alike = kinds.group_by("fate", "problem", "flag", "range_source").agg(pl.col("count").sum())
        for fate, problem, flag, source, count in alike.rows():
            why = problem.split()[0] if fate == "aside" else ""
            self.fates[fate, why] += sign * count
            if sign > 0:
                self.all_flags.add(flag)
            if fate == "used":
                self.flags[flag] += sign * count
                self.sources[source] += sign * count

    def join(self, other: "Outcome") -> None:
        """Add the outcome of other rows."""
        self.fates += other.fates
        self.flags += other.flags
        self.sources += other.sources
        self.all_flags |= other.all_flags
        self.warnings += other.warnings
        self.errors += other.errors

    @property
    def counts(self) -> Counts:
        """What became of the rows."""
        aside = Counter({why: n for (fate, why), n in self.fates.items() if fate == "aside" and n})
        used, merged, wrong = (self.fates[fate, ""] for fate in ("used", "merged", "error"))
        return Counts(used, merged, aside, wrong)

    def add_source(self, source: Source) -> None:
        """Count the rows of a source, and their problems."""
        self.add(source.results.with_columns(count=pl.lit(1)))
        for problem in source.problems:
            self.tell(problem, problem.rows)

    def tell_lines(self, facts: Facts) -> None:
        """Count what is told once of many lines of a file as often as there are such lines."""
        shared = {"comment-line": facts.comments, "repeated-header": facts.headers}
        for code, (_, number) in shared.items():
            if number:
                self.warnings[code] += number - 1

    def tell(self, problem: Problem, count: int) -> None:
        """Count a problem of so many rows; fewer than none are taken back."""
        if problem.is_error:
            self.errors += count
        else:
            self.warnings[problem.code] += count
