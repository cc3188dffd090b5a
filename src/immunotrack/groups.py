"""Who belongs to which group: by a column of the persons, of the results, or of another file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.readers import Options, Source
from immunotrack.readers.files import told_name
from immunotrack.readers.formats import read_grids
from immunotrack.readers.grid import Grid
from immunotrack.readers.headers import column_of, find_roles
from immunotrack.readers.people import person_columns
from immunotrack.verdicts import decide

RULE: Final = "rule:"
"""What a group by the answer to a rule begins with: `rule:iris7-response`."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each patient.

    Args:
        by: What the groups are called: the name of the column, or the rule.
        of: Patient to group; a patient whose cell is empty is not in it.
        problems: Patients whose rows contradict each other.
    """

    by: str
    of: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one row says of one patient."""

    patient: str
    value: str
    source: str
    line: int


def group_by(
    source: Source, events: pl.DataFrame, by: str, persons: Path | None, options: Options
) -> Groups:
    """The groups by a column, or by the answer to a rule.

    Args:
        by: The name of a column, or `rule:NAME_OR_FILE`.
        persons: A file with a row a patient; without one the source's own persons and results.

    Raises:
        InvalidInput: No file has the column, or there is no such rule.
    """
    if by.startswith(RULE):
        return _by_answer(source, events, by.removeprefix(RULE))
    if persons is not None:
        grids = read_grids(persons, told_name(str(persons)), options)
    else:
        grids = [grid for grid in source.others if person_columns(grid.header)]
    own = [grid for grid in grids if column_of(grid.header, by) is not None]
    if own:
        return _settled(by, [one for grid in own for one in _said_of_persons(grid, by, options)])
    if persons is None and any(column_of(grid.header, by) is not None for grid in source.grids):
        return _settled(by, list(_said_of_results(source, by)))
    raise InvalidInput([_no_column(by, grids if persons else [*grids, *source.grids])])


def _by_answer(source: Source, events: pl.DataFrame, rule: str) -> Groups:
    found = decide(source.used, events, rule, ranges=source.ranges)
    name = Path(rule).stem
    rows = found.group_by("patient_id", maintain_order=True).first()
    pairs = rows["patient_id", "answer"].rows()
    return Groups(name, {patient: f"{name} {answer}" for patient, answer in pairs})


def _said_of_persons(grid: Grid, by: str, options: Options) -> Iterator[_Said]:
    """What a table of persons says.

    Raises:
        InvalidInput: It has no column of patients.
    """
    named = {k: v for k, v in options.columns.items() if column_of(grid.header, v) is not None}
    known = person_columns(grid.header)
    wanted = {"patient_id": known["patient_id"]} if known else named
    roles, _, _ = find_roles("results", grid.source, grid.header, wanted, grid.header_line)
    if "patient_id" not in roles:
        raise InvalidInput([_no_column("patient", [grid])])
    place = column_of(grid.header, by)
    for number, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
        if place is not None and number not in grid.aside and number not in grid.faults:
            yield _Said(str(cells[roles["patient_id"]]), str(cells[place]), grid.source, line)


def _said_of_results(source: Source, by: str) -> Iterator[_Said]:
    """What the rows of results say of their patients."""
    patients = dict(source.results["row", "patient_id"].rows())
    first = 0
    for grid in source.grids:
        place = column_of(grid.header, by)
        for number, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
            patient = patients.get(first + number, "")
            if place is not None and patient:
                yield _Said(patient, str(cells[place]), grid.source, line)
        first += len(grid.rows)


def _settled(by: str, said: Sequence[_Said]) -> Groups:
    """The first statement about each patient, and a warning of those that differ from it."""
    known: dict[str, str] = {}
    odd: dict[str, _Said] = {}
    for one in said:
        value = one.value.strip()
        if value and known.setdefault(one.patient, value) != value:
            odd.setdefault(one.patient, one)
    problems = [
        Problem(
            code="conflicting-person",
            severity=Severity.WARNING,
            source=one.source,
            line=one.line,
            column=by,
            value=one.value,
            message=f"not the group that stands of this person earlier, {known[one.patient]!r}, "
            "which is used",
            fix="Give each patient one group.",
        )
        for one in odd.values()
    ]
    labels = {
        patient: f"{by} {value}" if re.fullmatch(r"[\d.,+-]+", value) else value
        for patient, value in known.items()
    }
    return Groups(by, labels, problems)


def _no_column(name: str, grids: Sequence[Grid]) -> Problem:
    there = list(dict.fromkeys(column.strip() for grid in grids for column in grid.header))
    return Problem(
        code="unknown-column",
        source="--by",
        column=name,
        message="no table has such a column",
        fix=f"There are: {', '.join(there[:40])}." if there else "Give a table with --persons.",
    )
