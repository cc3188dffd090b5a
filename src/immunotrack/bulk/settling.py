"""What rows of a large file say of each other, put in the place of what was said of each alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from immunotrack.bulk.flagging import Pass
from immunotrack.bulk.listing import entries_of, first_errors
from immunotrack.bulk.lots import rows_again
from immunotrack.bulk.segments import Segments, added_rows, csv_rows, with_rows
from immunotrack.bulk.spill import Spill
from immunotrack.problems import Problem

_GROUP: Final = 50_000
"""About so many rows that must be judged together are judged at once."""


def settle(done: Pass) -> None:
    """Judge together what belongs together: rows of one sample, and series in two units."""
    Settling(done).run()


@dataclass(slots=True)
class Settling:
    """The rows of a reading that must be judged together.

    Args:
        rows: What is written of them, by lot.
        told: Their problems, by lot.
    """

    done: Pass
    rows: Spill = field(init=False)
    told: Spill = field(init=False)

    def __post_init__(self) -> None:
        self.rows = Spill(self.done.kept.folder / "changed")
        self.told = Spill(self.done.kept.folder / "told")

    def run(self) -> None:
        """Judge all groups, and put what is said in the place of what was said."""
        done, folder = self.done, self.done.kept.folder
        groups = self._groups()
        if not groups:
            return
        gathered = self._gathered(groups)
        for number in gathered.numbers():
            self._judge(gathered.take(number))
        if done.kept.writing:
            done.rows = _changed_rows(done.rows, self.rows, folder / "rows again")
        if done.kept.listing:
            done.listed = done.listed.changed(self.told, folder / "list again")

    def _groups(self) -> list[np.ndarray]:
        """The numbers of the rows that must be judged together, some series at a time."""
        groups: list[np.ndarray] = []
        for found in self.done.company.companions(mixed=self.done.dictionary.is_mixed):
            if groups and len(groups[-1]) + len(found) <= _GROUP:
                groups[-1] = np.concatenate([groups[-1], found])
            else:
                groups.append(found)
        return groups

    def _gathered(self, groups: Sequence[np.ndarray]) -> Spill:
        """The cells of rows by the number of their group, with what was said of each alone."""
        group = np.repeat(np.arange(len(groups)), [len(part) for part in groups])
        row = np.concatenate(groups).astype(np.int64)
        numbers, firsts = (np.array(part) for part in zip(*self.done.firsts.items(), strict=True))
        at = np.searchsorted(firsts, row, side="right") - 1
        rows = pl.DataFrame(
            {"place": row - firsts[at], "lot": numbers[at], "row": row, "group": group}
        ).sort("row")
        wanted = {int(part["lot"][0]): part for part in rows.partition_by("lot")}
        spill = Spill(self.done.kept.folder / "gathered")
        found = (cells.hstack(wanted[number]) for number, cells in self._again(wanted))
        for cells in _joint(found):
            said = self.done.said_before(cells)
            for (name,), part in said.partition_by("group", as_dict=True).items():
                spill.add(int(str(name)), part.drop("group"))
        return spill

    def _again(self, wanted: Mapping[int, pl.DataFrame]) -> Iterator[tuple[int, pl.DataFrame]]:
        """The cells of rows by their `place` in each lot: odd lots were kept, others are read."""
        for number in self.done.odd.numbers():
            if number in wanted:
                yield number, self.done.odd.take(number)[wanted[number]["place"]]
        yield from rows_again(
            self.done.file,
            {
                number: (self.done.places[number], part["place"].to_numpy())
                for number, part in wanted.items()
                if number in self.done.places
            },
        )

    def _judge(self, cells: pl.DataFrame) -> None:
        """Judge one group of rows."""
        done = self.done
        cells = cells.sort("row")
        judged = done.judge.judge(cells, alone=False)
        done.outcome.add(judged.flagged.with_columns(count=pl.lit(1)))
        after = cells.with_columns(new_head=judged.texts["head"], new_said=judged.texts["said"])
        for problems in judged.problems:
            done.tell(problems)
        placed = [
            (line, problem)
            for line, problems in zip(cells["line"], judged.problems, strict=True)
            for problem in problems
        ]
        errors = [replace(problem, line=line) for line, problem in placed if problem.is_error]
        done.errors = first_errors([*done.errors, *first_errors(errors)])
        changed = after.filter(
            pl.col("head").ne_missing(pl.col("new_head"))
            | pl.col("said").ne_missing(pl.col("new_said"))
        )
        for (lot,), part in changed.partition_by("lot", as_dict=True).items():
            text = part.select("place", "own", "line", "new_head", "new_said")
            self.rows.add(int(str(lot)), text)
        if done.kept.listing:
            self._list(cells, placed)

    def _list(self, cells: pl.DataFrame, placed: Sequence[tuple[int, Problem]]) -> None:
        """Keep the problems of one group for the list, and the lines that have none left."""
        own = dict(cells.select("line", "own").rows())
        entries = entries_of(placed, own)
        empty = entries_of([], {})
        silent = cells.filter(~pl.col("line").is_in(entries["line"].to_list())).select("line")
        every = pl.concat([entries, pl.concat([empty, silent], how="diagonal")])
        lots = cells.select("line", "lot")
        both = every.with_columns(pl.col("text").fill_null("")).join(lots, on="line", how="left")
        for (lot,), part in both.sort("line").partition_by("lot", as_dict=True).items():
            self.told.add(int(str(lot)), part.drop("lot"))


def _joint(tables: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Small tables as larger ones of about `_GROUP` rows."""
    held: list[pl.DataFrame] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= _GROUP:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


def _changed_rows(segments: Segments, changed: Spill, path: Path) -> Segments:
    """The file with other rows in the place of some."""

    def rewritten(lot: int) -> list[bytes | memoryview]:
        part = changed.take(lot).sort("place")
        written = csv_rows(bytes(added_rows(part, part["new_head"], part["new_said"])))
        return with_rows(segments.segment(lot), zip(part["place"], written, strict=True))

    return segments.replaced(changed.numbers(), rewritten, path) if changed.numbers() else segments
