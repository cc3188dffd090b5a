"""What was read from one source: results, events, every problem, and what became of each row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import narwhals as nw
import polars as pl

from immunotrack.problems import Problem
from immunotrack.ranges import RangeSet
from immunotrack.readers.case import CaseFile
from immunotrack.readers.counts import Counts
from immunotrack.readers.events import Events, events_frame
from immunotrack.readers.grid import Grid
from immunotrack.readers.results import RESULTS
from immunotrack.table import SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that was read from one source.

    Args:
        name: As the user gave it.
        grids: The cells of the files of results, as they are.
        others: Those of the other files, of events and of persons.
        flag_columns: What each file calls the laboratory's own flag.
        by_visit: A row of a file may hold results of several visits.
        patients: Everybody whom the files name, also those without a result.
        results: The contract's columns, then `row`, `problem` and `fate`.
        events: The events of all files.
        told: How each file was understood, for the user.
        case: The case, where the source is one.
        ranges: The range sets of the case.
    """

    name: str
    grids: list[Grid]
    results: pl.DataFrame
    events: Events
    problems: list[Problem]
    told: list[str]
    others: list[Grid] = field(default_factory=list)
    flag_columns: dict[str, str] = field(default_factory=dict)
    by_visit: bool = False
    patients: Sequence[str] = ()
    case: CaseFile | None = None
    ranges: list[str | RangeSet] = field(default_factory=list)

    @property
    def header(self) -> list[str]:
        """The columns of all files of results, each name as often as the file with most has it."""
        return joint_header([grid.header for grid in self.grids])

    @property
    def rows(self) -> list[list[str]]:
        """The rows of all files of results, under `header`."""
        if len(self.grids) == 1:
            return self.grids[0].rows
        header = self.header
        return list(chain.from_iterable(_under(header, grid) for grid in self.grids))

    @property
    def lines(self) -> list[int]:
        """The line of each of `rows`."""
        return list(chain.from_iterable(grid.lines for grid in self.grids))

    @property
    def counts(self) -> Counts:
        """What became of the rows of results."""
        fates = self.fates()
        number = Counter(fate for fate, _ in fates)
        aside = Counter(why.split()[0] for fate, why in fates if fate == "aside")
        return Counts(number["used"], number["merged"], aside, number["error"])

    @property
    def counted(self) -> str:
        """What became of all rows, in words."""
        told = self.counts.said("row")
        events = self.events.counts
        return f"{told}; {events.said('event')}" if events.read else told

    def fates(self) -> list[tuple[str, str]]:
        """For each of `rows` what became of it, and why it was set aside."""
        worst = pl.col("fate").replace_strict(
            {"error": 0, "used": 1, "merged": 2, "aside": 3}, return_dtype=pl.Int8
        )
        first = self.results.sort(worst).group_by("row", maintain_order=True).first()
        known = {
            row: (fate, problem) for row, fate, problem in first["row", "fate", "problem"].rows()
        }
        rows = sum(len(grid.rows) for grid in self.grids)
        return [known.get(row, ("aside", "empty-result")) for row in range(rows)]

    @property
    def used(self) -> pl.DataFrame:
        """The results that count, in the contract's columns."""
        return self.results.filter(pl.col("fate") == "used").select(*SCHEMA)


def origins(used: pl.DataFrame) -> pl.DataFrame:
    """The number of results of each analyte and origin: `analyte`, `origin`, `count`."""
    return used.group_by("analyte", "origin").len("count")


def joint_header(headers: Sequence[Sequence[str]]) -> list[str]:
    """The columns of several files, each name as often as the file with most has it."""
    names: list[str] = []
    for header in headers:
        names += (Counter(header) - Counter(names)).elements()
    return names


def places_under(header: Sequence[str], own: Sequence[str]) -> list[int | None]:
    """Where the columns of a joint header are among a file's own; None where it has none."""
    free: dict[str, list[int]] = {}
    for place, name in enumerate(own):
        free.setdefault(name, []).append(place)
    return [free[name].pop(0) if free.get(name) else None for name in header]


def _under(header: Sequence[str], grid: Grid) -> list[list[str]]:
    """The rows of a grid under a joint header, empty where the grid has no such column."""
    places = places_under(header, grid.header)
    return [["" if place is None else row[place] for place in places] for row in grid.rows]


def no_results() -> pl.DataFrame:
    """The results of a source that has none."""
    frame = nw.from_dict({key: [] for key in RESULTS}, schema=RESULTS, backend="polars")
    empty: pl.DataFrame = frame.to_native()
    return empty


def no_events() -> Events:
    """The events of a source that has none."""
    return Events(events_frame([]), [])
