"""Readers: from a file or folder to the measurements table, the events and every problem."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.analytes import RangeSet
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.case import CaseFile, case_folders, load_case_file
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.events import Events, events_frame, read_events
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import events_layout, results_layout
from immunotrack.readers.results import read_results
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
        case: The case, where the source is one.
    """

    name: str
    grid: Grid
    results: pl.DataFrame
    events: pl.DataFrame
    problems: list[Problem]
    told: str
    case: CaseFile | None = None
    ranges: list[str | RangeSet] = field(default_factory=list)

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


def read_events_file(path: str, options: Options | None = None) -> Events:
    """Read a delimited file of treatment events.

    Raises:
        InvalidInput: Nothing can be read; rows that are wrong are in `problems` instead.
    """
    grid = read_grid(Path(path))
    layout = events_layout(grid.source, grid.header, {}, grid.header_line)
    return read_events(grid, layout, options or Options())


def _read_delimited(path: Path, name: str, options: Options) -> Source:
    grid = read_grid(path)
    layout = results_layout(grid.source, grid.header, options.columns, grid.header_line)
    results = read_results(grid, layout, options)
    return Source(
        name=name,
        grid=grid,
        results=results.table,
        events=events_frame([]),
        problems=results.problems,
        told=layout.told(grid.header),
    )


def _is_case(path: Path) -> bool:
    return (path / "case.toml").is_file()


def _read_case(path: Path, name: str, options: Options) -> Source:
    case = load_case_file(path)
    source = _read_delimited(path / "measurements.csv", name, options)
    events = read_events_file(str(path / "events.csv"), options)
    who = {patient.patient_id: patient for patient in case.patients}
    described = pl.DataFrame(
        {
            "patient_id": list(who),
            "sex": [patient.sex or "" for patient in who.values()],
            "age_years": [
                None if patient.age_years is None else float(patient.age_years)
                for patient in who.values()
            ],
        },
        schema={"patient_id": pl.String, "sex": pl.String, "age_years": pl.Float64},
    )
    results = source.results.drop("sex", "age_years").join(
        described, on="patient_id", how="left", maintain_order="left"
    )
    return Source(
        name=name,
        grid=source.grid,
        results=results.with_columns(pl.col("sex").fill_null("")).select(source.results.columns),
        events=events.table,
        problems=[*source.problems, *events.problems],
        told=source.told,
        case=case,
        ranges=[*case.sets, *case.ranges],
    )


READERS: Final[dict[str, tuple[Callable[[Path], bool], Callable[[Path, str, Options], Source]]]] = {
    "case": (_is_case, _read_case),
    "delimited": (Path.is_file, _read_delimited),
}
"""Name of a format to what recognises it and what reads it, the most particular first."""
