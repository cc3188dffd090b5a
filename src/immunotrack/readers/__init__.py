"""Readers: from files or a folder to the measurements table, the events and every problem."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from immunotrack.problems import InvalidInput, Problem, ordered
from immunotrack.readers.case import CaseFile, case_folders, load_case_file
from immunotrack.readers.cells import STANDARDS
from immunotrack.readers.events import Events, all_events, read_events
from immunotrack.readers.files import told_name
from immunotrack.readers.formats import FORMATS, check_options, read_grids
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.source import Source, no_events, no_results
from immunotrack.readers.study import File, event_columns, files_of, read_study
from immunotrack.settings import choice_problem

__all__ = [
    "FORMAT_NAMES",
    "Options",
    "Source",
    "case_folders",
    "input_files",
    "read_events_file",
    "read_source",
    "source_grids",
]

FORMAT_NAMES = tuple(dict.fromkeys((*FORMATS, *STANDARDS)))
"""What `--format` takes: how a file is written, or whose column names it has."""


def read_source(source: str | Sequence[str], options: Options | None = None) -> Source:
    """Read files of results, a folder of them, a case's folder, or a case by its name.

    Raises:
        InvalidInput: Nothing can be read; rows that are wrong are in `problems` instead.
    """
    names = [source] if isinstance(source, str) else list(source)
    options = options or Options()
    if options.format and options.format not in FORMAT_NAMES:
        raise InvalidInput([choice_problem("--format", options.format, list(FORMAT_NAMES))])
    folder = _case_folder(names[0]) if len(names) == 1 else None
    if folder is not None:
        return _read_case(folder, told_name(names[0]), options)
    files, problems = [], []
    for name in dict.fromkeys(names):
        inside, unread = _files(name)
        files += inside
        problems += unread
    files = list({file.path.absolute(): file for file in reversed(files)}.values())[::-1]
    found = read_study(files, " ".join(map(told_name, names)), options)
    return replace(found, problems=ordered([*problems, *found.problems]))


def source_grids(source: Sequence[str], options: Options) -> list[Grid]:
    """The cells of all files of a source, without a meaning.

    Raises:
        InvalidInput: A file cannot be read, or an option has no use.
    """
    files = [file for name in source for file in _files(name)[0]]
    check_options([file.path for file in files], options)
    return [grid for file in files for grid in read_grids(file.path, file.name, options)]


def input_files(source: Sequence[str]) -> list[Path]:
    """Every file that is read for a source."""
    found = []
    for name in source:
        folder = _case_folder(name)
        if folder is not None:
            found += sorted(folder.iterdir())
        elif Path(name).is_dir():
            found += [file.path for file in files_of(Path(name), name)[0]]
        else:
            found.append(Path(name))
    return found


def read_events_file(path: Path, name: str, options: Options | None = None) -> Events:
    """Read a file of treatment events.

    Args:
        name: What messages call the file.

    Raises:
        InvalidInput: Nothing can be read; rows that are wrong are in `problems` instead.
    """
    how = replace(options or Options(), format="")
    grids = read_grids(path, told_name(name), how)
    return all_events([read_events(*event_columns(grid), how) for grid in grids])


def _case_folder(name: str) -> Path | None:
    """The folder of a case, by its path or its name; None where it is none."""
    path = Path(name)
    if not path.exists() and name in case_folders():
        return case_folders()[name]
    return path if (path / "case.toml").is_file() else None


def _files(name: str) -> tuple[list[File], list[Problem]]:
    """The files that one source stands for.

    Raises:
        InvalidInput: It is neither a file, nor a folder, nor a case.
    """
    path = Path(name)
    if path.is_dir():
        return files_of(path, name)
    if not path.exists() and not path.suffix:
        cases = choice_problem("SOURCE", name, ["a file", *case_folders()])
        raise InvalidInput([cases], unreadable=True)
    return [File(path, told_name(name))], []


def _read_case(path: Path, name: str, options: Options) -> Source:
    """A case; one without `measurements.csv` has events only."""
    case = load_case_file(path)
    measured = path / "measurements.csv"
    said = f"{name}/measurements.csv"
    source = (
        read_study([File(measured, said)], said, options)
        if measured.exists()
        else _without_results(name)
    )
    events = read_events_file(path / "events.csv", f"{name}/events.csv", options)
    return replace(
        source,
        name=name,
        results=_described(source.results, case),
        events=events,
        problems=ordered([*source.problems, *events.problems]),
        case=case,
        ranges=[*case.sets, *case.ranges],
    )


def _without_results(name: str) -> Source:
    return Source(
        name=name,
        grids=[],
        results=no_results(),
        events=no_events(),
        problems=[],
        told=[f"{name}: no results"],
    )


def _described(results: pl.DataFrame, case: CaseFile) -> pl.DataFrame:
    """The results with the clock, and with sex and age, as the case states them."""
    who = pl.DataFrame(
        [(p.patient_id, p.sex or "", p.age_years) for p in case.patients],
        schema={"patient_id": pl.String, "sex": pl.String, "age_years": pl.Float64},
        orient="row",
    )
    plain = results.drop("sex", "age_years")
    joined = plain.join(who, on="patient_id", how="left", maintain_order="left")
    clock = pl.when(pl.col("day").is_not_null()).then(pl.lit(case.clock.name)).otherwise(pl.lit(""))
    return joined.with_columns(pl.col("sex").fill_null(""), clock=clock).select(results.columns)
