"""Where a grid holds what: its columns, the analytes of a wide file, and its clock."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from immunotrack.analytes import analytes, find_analyte
from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.readers.headers import (
    column_of,
    find_roles,
    missing_columns,
    plain_header,
    range_names,
    said,
    split_unit,
)
from immunotrack.table import analyte_key
from immunotrack.times import STUDY_DAY
from immunotrack.units import unit_symbol

_MOST_TOLD: Final = 20
"""How many columns that are not read are named."""


@dataclass(frozen=True, slots=True)
class WideColumn:
    """A column of a wide file: the results of one analyte.

    Args:
        index: The column's place in the header.
        unit: As the header or the user gives it, else the catalogue's; empty where none has one.
        unit_assumed: Nobody gives one.
        visit: Which visit of a file that has a column for each (`cd4_week_4`); empty without.
    """

    index: int
    analyte: str
    unit: str
    unit_assumed: bool
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a grid holds what.

    Args:
        roles: Our column name to the place of the file's column.
        wide: The analyte columns of a wide file; empty for a long one.
        unread: The places of the columns that are none of these.
        standard: The standard whose names the file uses, `SDTM LB`; empty for any other.
        days: What the standard calls its days; empty for the name of the column.
    """

    roles: dict[str, int]
    wide: tuple[WideColumn, ...] = ()
    unread: tuple[int, ...] = ()
    standard: str = ""
    days: str = ""

    def told(self, header: Sequence[str]) -> str:
        """The mapping in words: `long; patient_id=PID, time=DATE`."""
        if self.standard == "FHIR":
            return ""
        pairs = [f"{said(role)}={header[index].strip()}" for role, index in self.roles.items()]
        for column in self.wide:
            assumed = " (assumed)" if column.unit_assumed else ""
            name = header[column.index].strip()
            unit = f" in {column.unit}" if column.unit else ""
            pairs.append(f"{column.analyte}={name}{unit}{assumed}")
        names = [header[index].strip() or "(no name)" for index in self.unread]
        more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
        unread = ", ".join(names[:_MOST_TOLD]) + more
        shape = self.standard or ("wide" if self.wide else "long")
        return f"{shape}; {', '.join(pairs)}" + (f"; not read: {unread}" if unread else "")

    def clock(self, header: Sequence[str]) -> str:
        """What the file calls its days: the header of that column; empty without one."""
        if self.days:
            return self.days
        if "day" in self.roles:
            name = _spaced(header[self.roles["day"]])
            if plain_header(name) in {"studyday", "lbdy", "ady"}:
                return STUDY_DAY
            alike = plain_header(name) in {"day", "days", "d"}
            return "Day" if alike else name[:1].upper() + name[1:]
        return f"Days (7 × {_spaced(header[self.roles['week']])})" if "week" in self.roles else ""


@dataclass(frozen=True, slots=True)
class Naming:
    """How the columns of a file are named, where they are not called as usual.

    Args:
        columns: Our column name, or an analyte, to the file's column (`--map`).
        units: Analyte to the unit of its results, where the header gives none (`--unit`).
        standard: The standard whose names these are.
        days: What the standard calls its days.
        also: Further columns that the standard reads, in upper case.
    """

    columns: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    standard: str = ""
    days: str = ""
    also: frozenset[str] = frozenset()


def results_layout(source: str, header: Sequence[str], naming: Naming, line: int) -> Layout:
    """The layout of a file of results.

    Raises:
        InvalidInput: A needed column is missing or there twice, or `columns` names what is not
            there; every such problem is listed.
    """
    roles, chosen, problems = find_roles("results", source, header, naming.columns, line)
    wide: tuple[WideColumn, ...] = ()
    if "analyte" not in roles or not {"reported", "number"} & set(roles):
        by_visit = not {"time", "day", "week"} & set(roles)
        wide = tuple(_wide_columns(header, chosen, set(roles.values()), naming.units, by_visit))
    needed = ["patient_id"]
    if not wide:
        needed += ["analyte"] + ([] if "number" in roles else ["reported"])
    problems += missing_columns(source, header, line, needed, roles)
    placed = {"time", "day", "week", "visit"} & set(roles)
    if not placed and not (wide and all(column.visit for column in wide)):
        problems += missing_columns(source, header, line, ["time"], roles, also=" or day")
    problems += _doubled(source, line, wide)
    problems += _both(source, header, line, chosen, roles)
    if problems:
        raise InvalidInput(problems, unreadable=True)
    used = {role: roles[role] for role in roles if not wide or role not in _LONG_ONLY}
    read = {*used.values(), *(column.index for column in wide)}
    also = {n for n, name in enumerate(header) if name.strip().upper() in naming.also}
    unread = tuple(n for n in range(len(header)) if n not in read | also)
    return Layout(used, wide, unread, naming.standard, naming.days)


def notation_columns(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """The places of the columns `reported` and `unit`, as far as a header has them.

    Args:
        columns: Our column name to the header's, where it is not a usual one.
    """
    wanted = {
        name: theirs for name, theirs in columns.items() if column_of(header, theirs) is not None
    }
    roles, _, _ = find_roles("results", "", header, wanted, 0)
    return {name: roles[name] for name in ("reported", "unit") if name in roles}


def unread_ranges(source: str, header: Sequence[str], layout: Layout, line: int) -> list[Problem]:
    """The columns that look like a reference range and are not read, as warnings."""
    if {"low", "high"} & set(layout.roles):
        return []
    words = range_names()
    return [
        Problem(
            code="unread-column",
            severity=Severity.WARNING,
            source=source,
            line=line,
            column=header[index].strip(),
            message="the column looks like a reference range and is not read",
            fix="Give the limits as numbers in two columns, low and high.",
        )
        for index in layout.unread
        if plain_header(header[index]) in words
    ]


def _both(
    source: str,
    header: Sequence[str],
    line: int,
    chosen: Mapping[int, tuple[str, str]],
    roles: Mapping[str, int],
) -> list[Problem]:
    """The analytes given by --map in a file that names its analytes row by row."""
    if "analyte" not in roles:
        return []
    return [
        Problem(
            code="doubled-column",
            source=source,
            line=line,
            column=header[index].strip(),
            message=f"--map {key}={header[index].strip()}: the file names its analytes row by row, "
            f"in {header[roles['analyte']].strip()}",
            fix="Leave this --map out.",
        )
        for index, (key, _) in chosen.items()
    ]


_LONG_ONLY = frozenset(
    {
        *("analyte", "reported", "number", "comparator", "unit", "low", "high", "loinc"),
        *("detection_limit", "own_flag", "specimen", "range_source"),
    }
)


def events_layout(
    source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> Layout:
    """The layout of a file of events; `kind` may be missing where there is a dose.

    Raises:
        InvalidInput: A needed column is missing or there twice.
    """
    roles, _, problems = find_roles("events", source, header, columns, line)
    needed = ["name", "start"] if "dose" in roles else ["kind", "name", "start"]
    problems += missing_columns(source, header, line, needed, roles, named_by_map=False)
    if problems:
        raise InvalidInput(problems, unreadable=True)
    return Layout(roles)


def _spaced(name: str) -> str:
    return " ".join(name.replace("_", " ").split())


_VISIT = re.compile(
    r"(?P<stem>.+?)[\s_.\-]+(?P<visit>(?:d|day|j|jour|tag|dag|w|wk|week|semaine|woche|m|month|mois|"
    r"v|visit|visite|fu)[\s_.]*\d+|baseline|bl|screening|scr|\d{4}-\d{2}-\d{2})",
    re.IGNORECASE,
)
"""A column for one visit of one analyte: `CD4_week_4`, `NK D28`, `Lymphocytes 2020-03-01`."""


def _wide_columns(
    header: Sequence[str],
    chosen: Mapping[int, tuple[str, str]],
    taken: set[int],
    units: Mapping[str, str],
    by_visit: bool,  # noqa: FBT001 - whether a name may end in a visit
) -> Iterator[WideColumn]:
    """The columns that are named for an analyte, with `(unit)` or `[unit]` behind it or not."""
    stated = {analyte_key(name): unit for name, unit in units.items()}
    for index, name in enumerate(header):
        stem, unit = split_unit(name)
        key, visit = chosen.get(index) or _analyte_and_visit(stem, by_visit=by_visit)
        if key and (index not in taken or index in chosen):
            unit = unit_symbol(unit) or unit_symbol(stated.get(key, ""))
            known = analytes().get(key)
            assumed = known is not None and not unit
            yield WideColumn(index, key, known.unit if known and not unit else unit, assumed, visit)


def _analyte_and_visit(stem: str, *, by_visit: bool) -> tuple[str, str]:
    """The analyte and the visit that a header names; both may be empty."""
    if analyte := find_analyte(stem):
        return analyte.key, ""
    match = _VISIT.fullmatch(stem.strip()) if by_visit else None
    analyte = find_analyte(match["stem"]) if match else None
    return (analyte.key, match["visit"]) if match and analyte else ("", "")


def _doubled(source: str, line: int, wide: Sequence[WideColumn]) -> list[Problem]:
    held = Counter((column.analyte, column.visit) for column in wide)
    return [
        Problem(
            code="doubled-column",
            source=source,
            line=line,
            message=f"{count} columns hold {key}" + (f" of {visit}" if visit else ""),
            fix="Rename all but one of them.",
        )
        for (key, visit), count in held.items()
        if count > 1
    ]
