"""A large file patient by patient: what is asked of all rows of a patient, a share at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import Final

import polars as pl

from immunotrack.bulk.blocks import is_gzip
from immunotrack.bulk.decoding import Changed
from immunotrack.bulk.flagged import MOST_ATTEMPTS, Bulk, first_part, head_problems
from immunotrack.bulk.judged import Judge, Outcome
from immunotrack.bulk.listing import first_errors
from immunotrack.bulk.lots import LargeFile, lots
from immunotrack.bulk.spill import Spill
from immunotrack.bulk.textfile import Facts
from immunotrack.problems import Problem
from immunotrack.readers import Source
from immunotrack.readers.cells import SignEvidence
from immunotrack.readers.grid import DecimalSign
from immunotrack.readers.source import origins

Work = Callable[[Source], pl.DataFrame]
"""What is asked of some patients: takes what was read of them, gives rows with `patient_id`."""

_SHARE: Final = 3 * 2**20
"""About so many bytes of the file, some 80 000 rows, are read as one share."""

_INFLATED: Final = 12
"""A gzip file of results is about so many times as large when it is inflated."""

_HELD: Final = 2**27
"""So many bytes of cells are put into their shares at once."""


@dataclass(slots=True)
class Asked:
    """What was asked of the patients of some shares.

    Args:
        tables: The answers, one table a share.
        order: `patient_id`, `unused` and `row`: a patient's place among all, as in a small file.
        origins: `analyte`, `origin`, `count` of the results that count.
    """

    tables: list[pl.DataFrame] = field(default_factory=list)
    order: list[pl.DataFrame] = field(default_factory=list)
    origins: list[pl.DataFrame] = field(default_factory=list)

    def add(self, source: Source, rows: pl.Series, table: pl.DataFrame) -> None:
        """Add a share.

        Args:
            rows: The place of each of its rows among all.
            table: The answers of its patients.
        """
        results = source.results.with_columns(place=rows.gather(source.results["row"]))
        is_used = pl.col("fate") == "used"
        used = pl.col("place").filter(is_used).min()
        places = results.group_by("patient_id").agg(
            unused=used.is_null(), row=pl.coalesce(used, pl.col("place").min())
        )
        self.tables.append(table)
        self.order.append(places)
        self.origins.append(origins(results.filter(is_used)))

    def join(self, other: "Asked") -> None:
        """Add other shares."""
        self.tables += other.tables
        self.order += other.order
        self.origins += other.origins

    def table(self, first: str) -> pl.DataFrame:
        """All answers in the order that a small file of them gives.

        Args:
            first: A column by whose values they are sorted before the patient; may be absent.
        """
        rows = pl.concat(self.tables).join(
            pl.concat(self.order), on="patient_id", how="left", maintain_order="left"
        )
        order = [pl.col("unused"), pl.col("row")]
        if first in rows.columns:
            names = self.tables[0][first].unique(maintain_order=True).to_list()
            places = pl.col(first).replace_strict(names, range(len(names)), return_dtype=pl.Int64)
            order.insert(0, places)
        return rows.sort(order, maintain_order=True).drop("unused", "row")

    def counts(self) -> pl.DataFrame:
        """The number of results of each analyte and origin: `analyte`, `origin`, `count`."""
        return pl.concat(self.origins).group_by("analyte", "origin").agg(pl.col("count").sum())


@dataclass(slots=True)
class LargeAnswers:
    """What was asked of the patients of a large source.

    Args:
        told: How it was understood.
        outcome: How many rows there are of each kind.
        errors: The first ones.
    """

    told: list[str]
    asked: Asked = field(default_factory=Asked)
    outcome: Outcome = field(default_factory=Outcome)
    errors: list[Problem] = field(default_factory=list)


def answers(bulk: Bulk, work: Work, folder: Path) -> LargeAnswers:
    """Ask something of each patient of a large file.

    Args:
        folder: Is there and empty; the cells of the file are kept in it, patient by patient.

    Raises:
        InvalidInput: The file cannot be read to its end.
    """
    sorted_rows = _sorted(bulk, folder)
    sign: DecimalSign | None = None
    for _ in range(MOST_ATTEMPTS):
        found, evidence, used = _asked(bulk, sorted_rows, sign, work)
        if evidence.sign == used:
            break
        sign = evidence.sign
    return found


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A file whose rows are kept by patient.

    Args:
        problems: Those of rows as a whole.
    """

    file: LargeFile
    shares: Spill
    problems: list[Problem]
    facts: Facts


def _sorted(bulk: Bulk, folder: Path) -> _Sorted:
    """The rows of a file, those of a patient in one share."""
    file = bulk.file
    size = file.path.stat().st_size * (_INFLATED if is_gzip(file.path) else 1)
    count = max(1, size // _SHARE)
    for attempt in range(MOST_ATTEMPTS):
        if attempt:
            rmtree(folder / str(attempt - 1))
        found = _Sorted(file, Spill(folder / str(attempt)), [], Facts())
        try:
            for held in _held(found):
                _share(held, bulk.likeness.patient, count, found.shares)
        except Changed as changed:
            file = replace(file, premises=changed.premises)
            continue
        known = file.knowing(found.facts)
        if known == file:
            break
        file = known
    return found


def _held(found: _Sorted) -> Iterator[pl.DataFrame]:
    """The cells of some lots at a time, `row` being their number in the file."""
    held: list[pl.DataFrame] = []
    first = 0
    for lot in lots(found.file):
        held.append(lot.cells.drop("own").with_row_index("row", offset=first))
        first += len(lot.cells)
        found.problems.extend(lot.problems)
        found.facts.add(lot.facts)
        if sum(cells.estimated_size() for cells in held) > _HELD:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


def _share(cells: pl.DataFrame, patient: int, count: int, shares: Spill) -> None:
    """Put rows into the shares of their patients."""
    numbered = cells.with_columns(share=pl.col(str(patient)).hash() % count)
    for (share,), part in numbered.partition_by("share", as_dict=True, include_key=False).items():
        shares.add(int(str(share)), part)


def _asked(
    bulk: Bulk, rows: _Sorted, sign: DecimalSign | None, work: Work
) -> tuple[LargeAnswers, SignEvidence, DecimalSign | None]:
    """The answers, read with a decimal sign; that which all rows allow, and that which was used."""
    part = first_part(rows.file, bulk.options, sign)
    judge = Judge(rows.file, bulk.options, [], bulk.likeness, sign or part.evidence.sign)
    found, evidence = LargeAnswers([f"{rows.file.source}: {part.told}"]), SignEvidence()
    for problem in (*head_problems(rows.file, part), *rows.problems):
        found.outcome.tell(problem, problem.rows)
    errors = [problem for problem in rows.problems if problem.is_error]
    for number in rows.shares.numbers():
        cells = rows.shares.table(number)
        source, allowed = judge.read(cells)
        evidence &= allowed
        found.outcome.add_source(source)
        errors = first_errors([*errors, *(p for p in source.problems if p.is_error)])
        found.asked.add(source, cells["row"], work(source))
    found.errors = errors
    found.outcome.tell_lines(rows.facts)
    return found, evidence, judge.sign
