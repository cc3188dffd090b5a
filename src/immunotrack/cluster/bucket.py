"""All rows of some patients, judged as the rows of a small file are, in Spark's workers."""

import pickle
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from immunotrack.bulk.company import placed_rows, together
from immunotrack.bulk.judged import Dictionary, Judge, Outcome, judged, one_source
from immunotrack.bulk.listing import ORDER, entries_of, first_errors, row_entries, row_errors
from immunotrack.bulk.shares import Asked, Work
from immunotrack.cluster.stream import Batch
from immunotrack.outputs import csv_cell
from immunotrack.problems import Problem
from immunotrack.readers.cells import SignEvidence

SCHEMA: Final = "file int, line bigint, place string, text string, told binary"
"""A row as it is written; or, where it has a `place`, an entry of the list; or what is told."""

_GROUP: Final = 50_000
"""About so many rows that must be judged together are judged at once."""

_FILE: Final = 2**40
"""No file has so many lines."""

_COLUMNS: Final = {
    "file": pl.Int32,
    "line": pl.Int64,
    "place": pl.String,
    "text": pl.String,
    "told": pl.Binary,
}


@dataclass(slots=True)
class Tally:
    """What is told of the rows of some patients.

    Args:
        errors: The first ones.
        evidence: Which decimal signs the numbers of each file allow.
        asked: What was asked of the patients.
    """

    outcome: Outcome = field(default_factory=Outcome)
    errors: list[Problem] = field(default_factory=list)
    evidence: dict[int, SignEvidence] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)


@dataclass(frozen=True, slots=True)
class Bucketer:
    """Judges rows, all those of a patient at once.

    Args:
        judges: One a file, by its number.
        header: The first row of each output file; empty where no rows are written.
        listing: Whether the list of problems is wanted.
        work: What is asked of the patients, in place of judging their rows.
    """

    judges: Mapping[int, Judge]
    header: str
    listing: bool
    work: Work | None = None

    @property
    def first(self) -> Judge:
        """That of the first file, for what all have in common."""
        return next(iter(self.judges.values()))

    def judged(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The rows, the entries of the list, and what is told, of the rows of a partition."""
        frames = [pl.DataFrame(batch) for batch in batches]
        if not frames:
            return
        every = pl.concat(frames)
        told = every.filter(pl.col("told").is_not_null()).select("told")
        bucket = _Bucket(self, every.filter(pl.col("told").is_null()).sort("file", "line"))
        found = bucket.found() if self.work is None else bucket.answered(self.work)
        yield from _completed(told).to_arrow().to_batches()
        for rows in found:
            yield from _completed(rows).to_arrow().to_batches()
        tally = pl.DataFrame({"told": [pickle.dumps(bucket.tally)]})
        yield from _completed(tally).to_arrow().to_batches()


class _Bucket:
    """The rows of a partition while they are judged."""

    def __init__(self, how: Bucketer, cells: pl.DataFrame) -> None:
        self._how = how
        self._cells = cells
        self._codes: dict[str, int] = {}
        self._units: dict[str, set[str]] = defaultdict(set)
        self._dictionaries: dict[int, Dictionary] = {}
        self.tally = Tally()

    def found(self) -> list[pl.DataFrame]:
        """Rows and entries, in no order."""
        if not len(self._cells):
            return []
        said = pl.concat(
            self._asked(number, rows) for number, rows in _by_file(self._cells.with_row_index())
        )
        company = together(said.select("series", "sample", "row", "unit"), mixed=True)
        alone = said.filter(~pl.col("row").is_in(company.implode()))
        entries = [entry for at in _by_file(alone) for entry in self._counted(*at)]
        rows = [alone]
        for group in _groups(said.filter(pl.col("row").is_in(company.implode()))):
            texts, more = self._settled(group)
            rows.append(texts.drop("group"))
            entries += more
        entries += self._of_rows()
        self.tally.errors = first_errors(self.tally.errors)
        return [*([self._written(rows)] if self._how.header else []), *entries]

    def answered(self, work: Work) -> list[pl.DataFrame]:
        """Nothing; the answers of the patients are told."""
        if not len(self._cells):
            return []
        parts = []
        for number, rows in _by_file(self._cells):
            part = self._how.judges[number].part(rows, rows["line"].to_list())
            self.tally.evidence[number] = part.evidence
            parts.append(part)
        source = one_source(parts, self._how.first.options, alone=False)
        self.tally.outcome.add_source(source)
        self.tally.errors = [problem for problem in source.problems if problem.is_error]
        places = self._cells.select(pl.col("file").cast(pl.Int64) * _FILE + pl.col("line"))
        self.tally.asked.add(source, places.to_series(), work(source))
        self._of_rows()
        self.tally.errors = first_errors(self.tally.errors)
        return []

    def _asked(self, number: int, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of one file with the kind that each is, what is said of it, and its sample."""
        judge = self._how.judges[number]
        asked = Dictionary(judge, codes=self._codes, units=self._units)
        compared = judge.likeness.compared(rows)
        new = rows.with_columns(compared["key"]).unique("key", keep="first", maintain_order=True)
        asked.ask(new)
        compared = asked.known(compared)
        self._dictionaries[number] = asked
        self.tally.evidence[number] = asked.evidence
        ids = compared["id"]
        return rows.with_columns(
            *placed_rows(rows["index"][0], asked.placed(compared)),
            ids,
            *(asked.said[name].gather(ids) for name in ("head", "said")),
        )

    def _counted(self, number: int, rows: pl.DataFrame) -> list[pl.DataFrame]:
        """Count rows of one file that stand alone; their entries of the list."""
        asked = self._dictionaries[number]
        asked.count(rows["id"], self.tally.outcome)
        self.tally.errors += row_errors(rows.select("line", "id"), asked)
        if not self._how.listing:
            return []
        return [listed_entries(number, row_entries(rows.select("line", "own", "id"), asked))]

    def _settled(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """Judge rows together, those of each file in its order."""
        rows = rows.sort("file", "line")
        parts = [
            self._how.judges[number].part(cells, cells["line"].to_list())
            for number, cells in _by_file(rows)
        ]
        first = self._how.first
        found = judged(parts, first.options, first.ranges, alone=False, plain=first.plain)
        self.tally.outcome.add(found.flagged.with_columns(count=pl.lit(1)))
        entries = self._told(rows, found.problems)
        return rows.with_columns(found.texts["head"], found.texts["said"]), entries

    def _of_rows(self) -> list[pl.DataFrame]:
        """What is said of rows as a whole."""
        rows = self._cells.filter(pl.col("of").is_not_null())
        return self._told(rows, [pickle.loads(of) for of in rows["of"]])  # noqa: S301 - our own

    def _told(
        self, rows: pl.DataFrame, problems: Sequence[Sequence[Problem]]
    ) -> list[pl.DataFrame]:
        """Count the problems of rows; their entries of the list."""
        placed: dict[int, list[tuple[int, Problem]]] = defaultdict(list)
        own: dict[int, dict[int, str]] = defaultdict(dict)
        texts = rows.select("file", "line", "own").rows()
        for (file, line, text), found in zip(texts, problems, strict=True):
            own[file][line] = text
            for problem in found:
                placed[file].append((line, problem))
                self.tally.outcome.tell(problem, 1)
                if problem.is_error:
                    self.tally.errors.append(replace(problem, line=line))
        if not self._how.listing:
            return []
        return [listed_entries(file, entries_of(told, own[file])) for file, told in placed.items()]

    def _written(self, rows: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Rows as they are written, below the header."""
        judges = self._how.judges
        several = len(judges) > 1
        names = {n: f",{csv_cell(judge.file.source)}" * several for n, judge in judges.items()}
        of_file = pl.col("file").replace_strict(names, return_dtype=pl.String)
        every = pl.concat(
            part.select("file", "line", "own", "under", "head", "said") for part in rows
        ).sort("file", "line")
        line = pl.col("line").cast(pl.String)
        said = [pl.coalesce("under", "own"), pl.col("head"), line, pl.col("said")]
        text = pl.concat_str(*(cell.fill_null("") for cell in said), separator=",")
        own = every.select("file", "line", text=text + of_file)
        header = {"file": [0], "line": [0], "text": [self._how.header]}
        return pl.concat([pl.DataFrame(header, schema=own.schema), own])


def _by_file(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows of each file, by its number."""
    for part in rows.partition_by("file", maintain_order=True):
        yield part["file"][0], part


def _groups(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows in groups of whole series."""
    count = -(-len(rows) // _GROUP)
    return rows.with_columns(group=pl.col("series") % max(count, 1)).partition_by("group")


def listed_entries(file: int, entries: pl.DataFrame) -> pl.DataFrame:
    """Entries of the list with their place in it."""
    return entries.select("line", "text", place=order_text()).with_columns(
        file=pl.lit(file, pl.Int32)
    )


def order_text() -> pl.Expr:
    """The order of the problems of one line as a text that is in the same order."""
    _, warning, *texts = ORDER
    first = pl.col(warning).cast(pl.Int8).cast(pl.String)
    return pl.concat_str(first, *texts, separator="\0")


def _completed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with all columns of `SCHEMA`, null where they have none."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _COLUMNS.items()
    )
