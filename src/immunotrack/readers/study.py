"""One source from several files: results, doses and persons found by their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.problems import InvalidInput, Problem, Severity, counted, ordered
from immunotrack.readers.adam import treatments
from immunotrack.readers.cells import Part, read_part, unused_units
from immunotrack.readers.events import Events, all_events, read_events
from immunotrack.readers.fhir.headers import EVENTS_HEADER, PERSONS_HEADER, RESULTS_HEADER
from immunotrack.readers.files import told_name
from immunotrack.readers.formats import SUFFIXES, check_options, read_grids
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import has_column
from immunotrack.readers.omop import drug_events
from immunotrack.readers.people import deaths, person_columns, read_people
from immunotrack.readers.results import read_results
from immunotrack.readers.sdtm import EXPOSURE
from immunotrack.readers.source import Source
from immunotrack.readers.standards import there
from immunotrack.settings import unreadable


@dataclass(slots=True)
class Found:
    """The grids of a source by what they hold, while its files are read."""

    parts: list[Part] = field(default_factory=list)
    events: list[Events] = field(default_factory=list)
    people: list[Grid] = field(default_factory=list)
    others: list[Grid] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """A file to read.

    Args:
        name: What messages call it.
        named: The user named it, and not a folder that holds it.
    """

    path: Path
    name: str
    named: bool = True


def read_study(files: Sequence[File], name: str, options: Options) -> Source:
    """Read files as one source.

    Raises:
        InvalidInput: No file holds results, one that the user named cannot be used, or an option
            has no use.
    """
    check_options([file.path for file in files], options)
    found = Found()
    read = [(file, grid) for file in files for grid in _grids(file, options, found)]
    grids = _once([grid for _, grid in read])
    for (file, _), grid in zip(read, grids, strict=True):
        how = options_for(grid.header, [other.header for other in grids], options)
        _sort(grid, file, how, found)
    if not found.parts:
        told = any(problem.is_error for problem in found.problems)
        why = [] if told else [nothing_in(name)]
        raise InvalidInput([*found.problems, *why], unreadable=True)
    if unused := unused_units(found.parts, options.units):
        raise InvalidInput(unused, unreadable=True)
    people = read_people(found.people, options.dates)
    results = read_results(found.parts, people.facts, options)
    events = all_events(found.events)
    return Source(
        name=name,
        grids=[part.grid for part in found.parts],
        results=results.table,
        events=events,
        problems=ordered([*found.problems, *people.problems, *results.problems, *events.problems]),
        told=told_alike(found.parts),
        others=found.others,
        flag_columns=flag_columns(found.parts),
        by_visit=any(wide.visit for part in found.parts for wide in part.layout.wide),
        patients=_everybody(found.parts, results.table, people.facts),
    )


def flag_columns(parts: Sequence[Part]) -> dict[str, str]:
    """The column of the laboratory's own flag in each file that has one."""
    return {
        part.grid.source: part.grid.header[part.layout.roles["own_flag"]]
        for part in parts
        if "own_flag" in part.layout.roles
    }


def _everybody(parts: Sequence[Part], *tables: pl.DataFrame) -> tuple[str, ...]:
    """Everybody whom tables name, or a row of a wide file that has no result."""
    named = [patient for table in tables for patient in table["patient_id"].to_list()]
    named += [
        str(row[part.layout.roles["patient_id"]])
        for part in parts
        if part.layout.wide
        for number, row in enumerate(part.grid.rows)
        if number not in part.grid.faults and number not in part.grid.aside
    ]
    return tuple(dict.fromkeys(patient for patient in named if patient.strip()))


def _grids(file: File, options: Options, found: Found) -> list[Grid]:
    """The grids of a file; one of a folder that cannot be read is told with the others."""
    try:
        return read_grids(file.path, file.name, options)
    except InvalidInput as error:
        if file.named:
            raise
        empty = all(problem.code in _EMPTY for problem in error.problems if problem.is_error)
        found.problems += [not_understood(file.name, error)] if empty else error.problems
        return []


_EMPTY: Final = frozenset({"no-rows", "empty-file"})
"""Why a file of a folder holds nothing, which is no error of the folder."""


def _once(grids: Sequence[Grid]) -> list[Grid]:
    """The grids with each FHIR resource counted once."""
    given = [grid for grid in grids if _is_fhir(grid)]
    if not given:
        return list(grids)
    from immunotrack.readers.fhir.repeats import merge_repeated

    observed = iter(merge_repeated(given))
    return [next(observed) if _is_fhir(grid) else grid for grid in grids]


def _is_fhir(grid: Grid) -> bool:
    own = grid.header[: len(RESULTS_HEADER)] == list(RESULTS_HEADER)
    return own or tuple(grid.header) in {tuple(EVENTS_HEADER), tuple(PERSONS_HEADER)}


def options_for(
    header: Sequence[str], headers: Sequence[Sequence[str]], options: Options
) -> Options:
    """The options without the columns that this header lacks and another one has."""
    if not options.columns:
        return options
    columns = {
        ours: theirs
        for ours, theirs in options.columns.items()
        if has_column(header, theirs) or not any(has_column(other, theirs) for other in headers)
    }
    return replace(options, columns=columns)


def _sort(grid: Grid, file: File, options: Options, found: Found) -> None:
    """Put a grid where it belongs, by its columns."""
    if person_columns(grid.header):
        found.people.append(grid)
        found.others.append(grid)
        found.problems += grid.problems
        found.events.append(read_events(deaths(grid), {}, options))
        return
    if is_events(grid.header):
        found.others.append(grid)
        found.events.append(read_events(*event_columns(grid), options))
        return
    try:
        part = read_part(grid, options)
    except InvalidInput as error:
        if file.named and file.name == grid.source:
            raise
        found.problems.append(not_understood(grid.source, error))
        return
    found.parts.append(part)
    if part.layout.standard == "ADaM":
        found.events.append(read_events(treatments(grid), {}, options))


def is_events(header: Sequence[str]) -> bool:
    """Whether a file holds events, by the names of its columns."""
    names = {name.strip().casefold() for name in header}
    ours = {"kind", "name", "start"} <= names and "analyte" not in names
    return ours or "extrt" in names or _is_drug_exposure(header)


def _is_drug_exposure(header: Sequence[str]) -> bool:
    names = {name.strip().upper() for name in header}
    return "PERSON_ID" in names and any(name.startswith("DRUG_EXPOSURE_START") for name in names)


def event_columns(grid: Grid) -> tuple[Grid, dict[str, str]]:
    """A grid of events, and our column names to its own where these are a standard's."""
    if _is_drug_exposure(grid.header):
        return drug_events(grid), {}
    names = {name.strip().upper() for name in grid.header}
    return grid, there(grid.header, EXPOSURE) if "EXTRT" in names else {}


def not_understood(source: str, error: InvalidInput) -> Problem:
    """The warning that a file of a folder is not read, by the error of reading it."""
    first = next(problem for problem in error.problems if problem.is_error)
    return Problem(
        code="not-read",
        severity=Severity.WARNING,
        source=source,
        line=first.line,
        message=f"no results, events or persons: {first.message}",
        fix=first.fix,
    )


def nothing_in(name: str) -> Problem:
    """The error of a source of which no file is read."""
    return Problem(
        code="unreadable",
        source=name,
        message="no file of results in it",
        fix="Name a file of results, or a folder that holds some.",
    )


def told_alike(parts: Sequence[Part]) -> list[str]:
    """How the files were understood; those that were understood alike are told together."""
    alike: dict[str, list[str]] = {}
    for part in parts:
        alike.setdefault(part.told, []).append(part.grid.source)
    return [
        f"{names[0] if len(names) == 1 else f'{len(names)} files'}: {told}"
        for told, names in alike.items()
    ]


def files_of(path: Path, name: str) -> tuple[list[File], list[Problem]]:
    """The files of a folder that are read, by name, and the one problem that lists the others.

    Links and folders inside are not followed.

    Raises:
        InvalidInput: The folder cannot be listed.
    """
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    plain = [entry for entry in entries if entry.is_file() and not entry.is_symlink()]
    read = [entry for entry in plain if entry.suffix.lower() in SUFFIXES]
    others = len(entries) - len(read)
    problems = [
        Problem(
            code="not-read",
            severity=Severity.WARNING,
            source=told_name(name),
            message=f"{counted(others, 'item')} of the folder not read: links, folders and files "
            "of no known format",
            fix="Name a file of results by itself to have it read.",
        )
    ]
    folder = name.rstrip("/")
    files = [File(entry, told_name(f"{folder}/{entry.name}"), named=False) for entry in read]
    if not files:
        return [], [replace(nothing_in(name), severity=Severity.WARNING, code="not-read")]
    return files, problems if others else []
