"""A large file flagged as it streams by: its rows, every problem, and what became of each row."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.annotated import added_header
from immunotrack.bulk.ahead import ahead
from immunotrack.bulk.blocks import Place
from immunotrack.bulk.company import Company, Parted, parted
from immunotrack.bulk.judged import Dictionary, Judge, Outcome
from immunotrack.bulk.listing import (
    MOST_SHOWN,
    Listing,
    entries_of,
    lot_entries,
    lot_errors,
)
from immunotrack.bulk.lot import Lot
from immunotrack.bulk.lots import LargeFile, lots
from immunotrack.bulk.segments import Segments, added_rows
from immunotrack.bulk.spill import Spill
from immunotrack.bulk.textfile import Facts
from immunotrack.problems import Problem, ordered

_WINDOW: Final = 3
"""The new kinds of rows of so many lots are judged at once; of fewer at first, to start sooner."""

_MOST_KINDS: Final = 400_000
"""No more kinds of rows are remembered."""


@dataclass(slots=True)
class _Step:
    """A lot on its way.

    Args:
        first: The number of its first row in the file.
        compared: As `Likeness.compared` has it, and `id`, the kind of the row, null where new.
        dictionary: Where the kind is found.
    """

    lot: Lot
    first: int
    compared: pl.DataFrame
    dictionary: Dictionary


@dataclass(frozen=True, slots=True)
class _Written:
    """What is written of a lot."""

    rows: memoryview
    listed: pl.DataFrame | None
    kept: Parted


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept on disk of a reading.

    Args:
        folder: Is there and empty.
        writing: Whether the rows are written.
        listing: Whether the list of problems is written.
        plain: The rows are read by a program, and not defused.
    """

    folder: Path
    writing: bool = True
    listing: bool = False
    plain: bool = False


@dataclass(slots=True)
class Pass:
    """One reading of a file."""

    file: LargeFile
    judge: Judge
    kept: Kept
    facts: Facts = field(default_factory=Facts)
    outcome: Outcome = field(default_factory=Outcome)
    errors: list[Problem] = field(default_factory=list)
    firsts: dict[int, int] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    dictionary: Dictionary = field(init=False)
    rows: Segments = field(init=False)
    listed: Listing = field(init=False)
    company: Company = field(init=False)
    odd: Spill = field(init=False)

    def __post_init__(self) -> None:
        self.dictionary = Dictionary(self.judge)
        header = added_header(self.file.header.cells)
        self.rows = Segments(self.kept.folder / "rows", header)
        self.listed = Listing.at(self.kept.folder / "list")
        self.company = Company(self.kept.folder)
        self.odd = Spill(self.kept.folder / "odd")

    def run(self, head: Sequence[Problem]) -> None:
        """Read the file.

        Args:
            head: The problems of its header and of what stands above.
        """
        self.listed.write(-1, entries_of([(p.line or 0, p) for p in ordered(head)], {}))
        self.tell(head)
        with ThreadPoolExecutor(2) as pool:
            for window, writing in ahead(self._judged(pool)):
                for step, written in zip(window, writing, strict=True):
                    self._keep(step, written.result())

    def _judged(
        self, pool: Executor
    ) -> Iterator[tuple[Sequence[_Step], Sequence[Future[_Written]]]]:
        """Some lots at a time whose kinds of rows are known, and what will be written of each."""
        for window in ahead(self._windows()):
            self._forget()
            self._ask(window)
            yield window, [pool.submit(self._written, step) for step in window]

    def _windows(self) -> Iterator[list[_Step]]:
        """Some lots at a time, compared with what is known so far."""
        steps = self._steps()
        sizes = chain(range(1, _WINDOW), repeat(_WINDOW))
        while window := list(islice(steps, next(sizes))):
            yield window

    def _steps(self) -> Iterator[_Step]:
        first = 0
        for lot in lots(self.file):
            self.firsts[lot.number] = first
            compared = self.judge.likeness.compared(lot.cells)
            yield _Step(lot, first, self.dictionary.known(compared), self.dictionary)
            first += len(lot.cells)

    def _forget(self) -> None:
        """Begin a new dictionary where the old one has grown too large."""
        old = self.dictionary
        if len(old.problems) > _MOST_KINDS:
            self.dictionary = Dictionary(
                self.judge, evidence=old.evidence, codes=old.codes, units=old.units
            )

    def _ask(self, window: Sequence[_Step]) -> None:
        """Judge the kinds of rows that are new."""
        for step in window:
            self._find(step)
        new = [
            step.lot.cells[at].with_columns(step.compared["key"][at])
            for step in window
            if len(at := step.compared["id"].is_null().arg_true())
        ]
        if new:
            self.dictionary.ask(pl.concat(new).unique("key", keep="first", maintain_order=True))
        for step in window:
            self._find(step)

    def _find(self, step: _Step) -> None:
        """Look up the kinds that were not known, or not here, when the lot was compared."""
        compared = step.compared
        if step.dictionary is not self.dictionary:
            compared = compared.with_columns(id=pl.lit(None, pl.UInt32))
        at = compared["id"].is_null().arg_true()
        found = self.dictionary.known(compared.select("key")[at])["id"]
        step.compared = compared.with_columns(compared["id"].scatter(at, found))
        step.dictionary = self.dictionary

    def _written(self, step: _Step) -> _Written:
        """The rows of a lot with what is said of them, the list of their problems, their keys."""
        kinds, cells = step.dictionary.said, step.lot.cells
        ids = step.compared["id"]
        said = (kinds[name].gather(ids) for name in ("head", "said"))
        rows = added_rows(cells, *said) if self.kept.writing else memoryview(b"")
        listed = lot_entries(step.lot, ids, step.dictionary) if self.kept.listing else None
        return _Written(rows, listed, parted(step.first, step.dictionary.placed(step.compared)))

    def _keep(self, step: _Step, written: _Written) -> None:
        """Write a lot and count it."""
        self.rows.write(step.lot.number, written.rows)
        if written.listed is not None:
            self.listed.write(step.lot.number, written.listed)
        self.company.add(written.kept)
        if step.lot.place is None:
            self.odd.add(step.lot.number, step.lot.cells)
        else:
            self.places[step.lot.number] = step.lot.place
        self.facts.add(step.lot.facts)
        step.dictionary.count(step.compared["id"], self.outcome)
        self.tell(step.lot.problems)
        if len(self.errors) < MOST_SHOWN:
            self.errors += lot_errors(step.lot, step.compared["id"], step.dictionary)

    def tell(self, problems: Sequence[Problem]) -> None:
        """Count problems."""
        for problem in problems:
            self.outcome.tell(problem, problem.rows)

    def said_before(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Rows with what was said of each by itself, `head` and `said`; they count no longer."""
        compared = self.dictionary.known(self.judge.likeness.compared(cells))
        step = _Step(Lot(0, cells, [], Facts(), None), 0, compared, self.dictionary)
        self._ask([step])
        ids = step.compared["id"]
        self.dictionary.count(ids, self.outcome, -1)
        kinds = self.dictionary.said
        return cells.with_columns(kinds["head"].gather(ids), kinds["said"].gather(ids))
