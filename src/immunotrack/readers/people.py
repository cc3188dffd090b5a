"""Who the patients are: CDISC DM, OMOP PERSON and DEATH, FHIR Patients."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from immunotrack.problems import Problem, Severity
from immunotrack.readers.fhir.headers import PERSONS_HEADER
from immunotrack.readers.grid import Grid
from immunotrack.readers.headers import sexes
from immunotrack.readers.omop import DEATHS, PERSONS, sex_of
from immunotrack.readers.sdtm import DEMOGRAPHICS
from immunotrack.readers.standards import there
from immunotrack.times import DateOrder, parse_time
from immunotrack.values import Kind, parse_result

FACTS: Final = ("sex", "birth_date", "age_years", "reference_start")
_FHIR: Final = {name: [name.upper()] for name in PERSONS_HEADER}


def person_columns(header: Sequence[str]) -> dict[str, str]:
    """Our columns to those of a table of persons; empty where a header is none of these."""
    names = {name.strip().upper() for name in header}
    if {"USUBJID", "RFSTDTC"} <= names:
        return there(header, DEMOGRAPHICS)
    if "PERSON_ID" in names and {"DEATH_DATE", "DEATH_DATETIME"} & names:
        return there(header, DEATHS)
    if "PERSON_ID" in names and {"GENDER_CONCEPT_ID", "YEAR_OF_BIRTH"} & names:
        return there(header, PERSONS)
    return there(header, _FHIR) if tuple(header) == tuple(PERSONS_HEADER) else {}


@dataclass(frozen=True, slots=True)
class People:
    """What tables of persons say.

    Args:
        facts: As text, `patient_id` and `FACTS`, one row a patient.
        problems: Facts that cannot be used, and those that contradict each other.
    """

    facts: pl.DataFrame
    problems: list[Problem]


def read_people(grids: Sequence[Grid], dates: DateOrder) -> People:
    """The persons of some tables; where two speak of one patient, the first statement stays."""
    people: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for grid in grids:
        columns = person_columns(grid.header)
        for line, row in _rows(grid):
            known = people.setdefault(row["patient_id"], dict.fromkeys(FACTS, ""))
            for name in FACTS:
                given = row.get(name, "").strip()
                fault = _fault(name, given, known[name], dates) if given else None
                if fault:
                    problems.append(_told(fault, grid, line, columns[name], given))
                known[name] = known[name] or ("" if fault else given)
    rows = [(patient, *facts.values()) for patient, facts in people.items()]
    schema = dict.fromkeys(("patient_id", *FACTS), pl.String)
    return People(pl.DataFrame(rows, schema=schema, orient="row"), problems)


_Fault = tuple[str, str]
"""The code and the message of a problem."""


def _fault(name: str, given: str, known: str, dates: DateOrder) -> _Fault | None:
    """What is wrong with a statement about a person."""
    if name == "sex" and given.casefold() not in sexes():
        return "bad-sex", "neither male nor female: read as not known"
    if name == "age_years" and parse_result(given).kind is not Kind.NUMBER:
        return "bad-age", "not an age in years: read as not known"
    if name in {"birth_date", "reference_start"} and parse_time(given, dates).time is None:
        partial = re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", given) is not None
        code = "partial-date" if partial else "bad-date"
        return code, "not a date with its day: read as not known"
    if known and known != given:
        return "conflicting-person", "not what stands of this person earlier, which is used"
    return None


def _told(fault: _Fault, grid: Grid, line: int, column: str, given: str) -> Problem:
    code, message = fault
    return Problem(
        code=code,
        severity=Severity.WARNING,
        source=grid.source,
        line=line,
        column=column,
        value=given,
        message=message,
        fix="Correct it in the table of persons.",
    )


def deaths(grid: Grid) -> Grid:
    """The deaths of a table of persons, as a grid of events."""
    found = [
        (line, [row["patient_id"], "outcome", "death", row["death"]])
        for line, row in _rows(grid)
        if row.get("death", "").strip()
    ]
    return Grid(
        source=grid.source,
        header=["patient_id", "kind", "name", "start"],
        header_line=grid.header_line,
        lines=[line for line, _ in found],
        rows=[row for _, row in found],
    )


def _rows(grid: Grid) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the facts of each person, but for those that are set aside."""
    columns = person_columns(grid.header)
    places = {ours: grid.header.index(theirs) for ours, theirs in columns.items()}
    for number, (line, cells) in enumerate(zip(grid.lines, grid.rows, strict=True)):
        if number not in grid.aside and number not in grid.faults:
            row = {ours: str(cells[place]) for ours, place in places.items()}
            yield line, row | {"sex": sex_of(row.get("sex", ""))}
