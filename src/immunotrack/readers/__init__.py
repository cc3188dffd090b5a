"""Readers: from a file or folder to the measurements table, the events and every problem."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.ranges import RangeSet
from immunotrack.readers.case import CaseFile, case_folders, load_case_file
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.events import Events, events_frame, read_events
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import events_layout, results_layout, unread_ranges
from immunotrack.readers.results import RESULTS, read_results
from immunotrack.settings import choice_problem

__all__ = ["READERS", "Options", "Source", "case_folders", "read_events_file", "read_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that was read from one source.

    Args:
        name: As the user gave it.
        grid: The cells of the file of results, as they are.
        results: The contract's columns, then `row`, `problem` and `valid`.
        events: See `immunotrack.table.EVENT_SCHEMA`.
        told: How the columns were understood, for the user.
        clock: What the file calls its days, if it has any.
        case: The case, where the source is one.
    """

    name: str
    grid: Grid
    results: pl.DataFrame
    events: pl.DataFrame
    problems: list[Problem]
    told: str
    clock: str = ""
    case: CaseFile | None = None
    ranges: list[str | RangeSet] = field(default_factory=list)

    @property
    def counts(self) -> str:
        """How many rows were read, and what became of them, in words; the numbers add up."""
        wrong = self.results.filter(~pl.col("valid"))["row"].n_unique()
        found = self.results["row"].n_unique()
        read = len(self.grid.rows)
        empty = f", {read - found} without a result" if read > found else ""
        return f"{counted(read, 'row')} read: {found - wrong} used, {wrong} with errors{empty}"

    @property
    def valid(self) -> pl.DataFrame:
        """The rows without an error, in the contract's columns."""
        return self.results.filter("valid").drop("row", "problem", "valid")


def read_source(source: str, options: Options | None = None) -> Source:
    """Read a delimited file, a case's folder, or a case by its name.

    Raises:
        InvalidInput: Nothing can be read; rows that are wrong are in `problems` instead.
    """
    path, options = Path(source), options or Options()
    if not path.exists() and source in case_folders():
        path = case_folders()[source]
    for fits, reader in READERS.values():
        if fits(path):
            return reader(path, source, options)
    if path.is_dir():
        problem = Problem(
            code="unreadable",
            source=source,
            message="a folder without a case.toml",
            fix="Name a file of results, or a folder that holds case.toml.",
        )
        raise InvalidInput([problem], unreadable=True)
    if not path.exists() and not path.suffix:
        cases = choice_problem("SOURCE", source, ["a file", *case_folders()])
        raise InvalidInput([cases], unreadable=True)
    return _read_delimited(path, source, options)


def read_events_file(path: Path, name: str, options: Options | None = None) -> Events:
    """Read a delimited file of treatment events.

    Args:
        name: What messages call the file.

    Raises:
        InvalidInput: Nothing can be read; rows that are wrong are in `problems` instead.
    """
    grid = read_grid(path, name)
    layout = events_layout(grid.source, grid.header, {}, grid.header_line)
    return read_events(grid, layout, options or Options())


def _read_delimited(path: Path, name: str, options: Options) -> Source:
    grid = read_grid(path, name)
    layout = results_layout(grid.source, grid.header, options.columns, grid.header_line)
    results = read_results(grid, layout, options)
    return Source(
        name=name,
        grid=grid,
        results=results.table,
        events=events_frame([]),
        problems=[
            *unread_ranges(grid.source, grid.header, layout, grid.header_line),
            *results.problems,
        ],
        told=layout.told(grid.header),
        clock=layout.clock(grid.header),
    )


def _is_case(path: Path) -> bool:
    return (path / "case.toml").is_file()


def _read_case(path: Path, name: str, options: Options) -> Source:
    """A case; one without `measurements.csv` has events only."""
    case = load_case_file(path)
    measured = path / "measurements.csv"
    source = (
        _read_delimited(measured, f"{name}/measurements.csv", options)
        if measured.exists()
        else _without_results(f"{name}/measurements.csv")
    )
    events = read_events_file(path / "events.csv", f"{name}/events.csv", options)
    return replace(
        source,
        name=name,
        results=_described(source.results, case),
        events=events.table,
        problems=[*source.problems, *events.problems],
        case=case,
        ranges=[*case.sets, *case.ranges],
    )


def _without_results(name: str) -> Source:
    grid = Grid(source=name, header=[], header_line=0, lines=[], rows=[], faults={}, problems=[])
    frame = nw.from_dict({key: [] for key in RESULTS}, schema=RESULTS, backend="polars")
    return Source(
        name=name,
        grid=grid,
        results=frame.to_native(),
        events=events_frame([]),
        problems=[],
        told="no results",
    )


def _described(results: pl.DataFrame, case: CaseFile) -> pl.DataFrame:
    """The results with sex and age as the case states them."""
    who = pl.DataFrame(
        [(p.patient_id, p.sex or "", p.age_years) for p in case.patients],
        schema={"patient_id": pl.String, "sex": pl.String, "age_years": pl.Float64},
        orient="row",
    )
    plain = results.drop("sex", "age_years")
    joined = plain.join(who, on="patient_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("sex").fill_null("")).select(results.columns)


READERS: Final[dict[str, tuple[Callable[[Path], bool], Callable[[Path, str, Options], Source]]]] = {
    "case": (_is_case, _read_case),
    "delimited": (Path.is_file, _read_delimited),
}
"""Name of a format to what recognises it and what reads it, the most particular first."""
