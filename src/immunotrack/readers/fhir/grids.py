"""FHIR resources, of DSTU2 to R5, as grids: results, events and persons."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.documents import Documents, read_documents
from immunotrack.readers.fhir.bundle import (
    LOOKED_UP,
    READ,
    Directory,
    Resource,
    find_resources,
)
from immunotrack.readers.fhir.events import event_rows, person_rows, set_alike_aside
from immunotrack.readers.fhir.headers import (
    EVENTS_HEADER,
    OWN_HEADER,
    PERSONS_HEADER,
    RESULTS_HEADER,
)
from immunotrack.readers.fhir.observations import observation_rows
from immunotrack.readers.fhir.repeats import REPEATED, SUPERSEDED, Verdict, find_repeats
from immunotrack.readers.fhir.rows import Row, grid_of, warning
from immunotrack.readers.grid import Grid, Options


def read_fhir(path: Path, source: str, options: Options) -> list[Grid]:
    """The results, the events and the persons of a file, each if it has any.

    Raises:
        InvalidInput: The file is no JSON, or none of its resources gives a row.
    """
    return fhir_grids(read_documents(path, source, options.encoding))


def fhir_grids(documents: Documents) -> list[Grid]:
    """As `read_fhir`, of documents that are read already.

    The problems of the file as a whole are those of its first grid.

    Raises:
        InvalidInput: No resource gives a row.
    """
    found = find_resources(documents)
    rows = _Rows(documents.source, found.resources)
    grids = rows.grids()
    problems = [*found.problems, *_not_read(documents.source, found.resources)]
    if not grids:
        raise InvalidInput([*problems, *_no_rows(documents.source, problems)], unreadable=True)
    kinds = Counter(resource.kind for resource in found.resources)
    told = f"FHIR: {_counts(kinds)}"
    first = replace(grids[0], problems=[*problems, *grids[0].problems])
    return [replace(grid, told=told) for grid in [first, *grids[1:]]]


class _Rows:
    """The rows of every resource of a file."""

    def __init__(self, source: str, resources: Sequence[Resource]) -> None:
        self._source = source
        self._rows: dict[str, list[Row]] = {name: [] for name in _TABLES}
        self._repeats: dict[str, list[Problem]] = {name: [] for name in _TABLES}
        verdicts = find_repeats(resources, Directory(list(resources)))
        used = [r for index, r in enumerate(resources) if index not in verdicts]
        directory = Directory(used)
        for index, resource in enumerate(resources):
            self._add(resource, directory, verdicts.get(index))
        set_alike_aside(self._rows["persons"])

    def _add(self, resource: Resource, directory: Directory, verdict: Verdict | None) -> None:
        for name, (kinds, _, build) in _TABLES.items():
            if resource.kind not in kinds:
                continue
            rows = build(resource, directory)
            if verdict is not None and rows:
                for row in rows:
                    row.aside = verdict.code
                told = _REPEATS[verdict.code].format(resource.kind, verdict.line)
                problem = warning(self._source, verdict.code, told, resource.line, len(rows))
                self._repeats[name].append(problem)
            self._rows[name].extend(rows)

    def grids(self) -> list[Grid]:
        """The grids that have rows."""
        built = [
            (name, grid_of(self._source, _with_own(header, self._rows[name]), self._rows[name]))
            for name, (_, header, _) in _TABLES.items()
            if self._rows[name]
        ]
        return [
            replace(grid, problems=[*grid.problems, *self._repeats[name]]) for name, grid in built
        ]


def _with_own(header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """A header with the columns of our own resources, where rows have any of them."""
    ours = any(name in row.cells for row in rows for name in OWN_HEADER)
    return [*header, *OWN_HEADER] if ours else list(header)


_TABLES: Final = {
    "results": (("Observation",), RESULTS_HEADER, observation_rows),
    "events": (
        ("MedicationAdministration", "Procedure", "Condition", "Patient"),
        EVENTS_HEADER,
        event_rows,
    ),
    "persons": (("Patient",), PERSONS_HEADER, person_rows),
}
"""Name of a grid to the kinds of resources that give its rows, its header, and what builds them."""

_REPEATS: Final = {
    REPEATED: "the same {} stands at line {} already, and is set aside here",
    SUPERSEDED: "another version of the same {}, at line {}, is used in its place",
}


def _not_read(source: str, resources: Sequence[Resource]) -> list[Problem]:
    """The warning of resources that no grid has."""
    known = {*READ, *LOOKED_UP}
    others = [r for r in resources if r.holder is None and r.kind not in known]
    if not others:
        return []
    counts = _counts(Counter(resource.kind for resource in others))
    message = f"resources that hold no results are not read: {counts}"
    return [warning(source, "not-read", message, others[0].line, len(others))]


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))


def _no_rows(source: str, problems: Sequence[Problem]) -> list[Problem]:
    if any(problem.is_error for problem in problems):
        return []
    message = "no Observation, no event and no Patient in the file"
    fix = "Name a file that holds results."
    return [Problem(code="no-rows", source=source, message=message, fix=fix)]
