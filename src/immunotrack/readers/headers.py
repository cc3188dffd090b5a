"""Which column of a file is which of ours, and whether the file is long or wide."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from immunotrack.analytes import find_analyte
from immunotrack.problems import InvalidInput, Problem, Severity, shown
from immunotrack.units import unit_symbol

Table = Literal["results", "events"]


@dataclass(frozen=True, slots=True)
class WideColumn:
    """A column of a wide file: the results of one analyte.

    Args:
        index: The column's place in the header.
        unit: As the header gives it, else the catalogue's.
        unit_assumed: The header gives none.
    """

    index: int
    analyte: str
    unit: str
    unit_assumed: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a grid holds what.

    Args:
        roles: Our column name to the place of the file's column.
        wide: The analyte columns of a wide file; empty for a long one.
        unread: The places of the columns that are none of these.
    """

    roles: dict[str, int]
    wide: tuple[WideColumn, ...] = ()
    unread: tuple[int, ...] = ()

    def told(self, header: Sequence[str]) -> str:
        """The mapping in words: `long; patient_id=PID, time=DATE`."""
        pairs = [f"{said(role)}={header[index].strip()}" for role, index in self.roles.items()]
        for column in self.wide:
            assumed = " (assumed)" if column.unit_assumed else ""
            name = header[column.index].strip()
            pairs.append(f"{column.analyte}={name} in {column.unit}{assumed}")
        unread = ", ".join(header[index].strip() or "(no name)" for index in self.unread)
        return f"{'wide' if self.wide else 'long'}; {', '.join(pairs)}" + (
            f"; not read: {unread}" if unread else ""
        )

    def clock(self, header: Sequence[str]) -> str:
        """What the file calls its days: the header of that column; empty without one."""
        if "day" not in self.roles:
            return ""
        name = " ".join(header[self.roles["day"]].replace("_", " ").split())
        return "Day" if plain_header(name) in {"day", "days", "d"} else name[:1].upper() + name[1:]


def results_layout(
    source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> Layout:
    """The layout of a file of results.

    Raises:
        InvalidInput: A needed column is missing or there twice, or `columns` names what is not
            there; every such problem is listed.
    """
    roles, chosen, problems = _roles("results", source, header, columns, line)
    wide: tuple[WideColumn, ...] = ()
    if "analyte" not in roles or "reported" not in roles:
        wide = tuple(_wide_columns(header, chosen, set(roles.values())))
    needed = ["patient_id"]
    if not wide:
        needed += ["analyte", "reported"]
    problems += _missing(source, header, line, needed, roles)
    if "time" not in roles and "day" not in roles:
        problems += _missing(source, header, line, ["time"], roles, also=" or day")
    problems += _doubled(source, line, wide)
    problems += _both(source, header, line, chosen, roles)
    if problems:
        raise InvalidInput(problems, unreadable=True)
    used = {role: roles[role] for role in roles if not wide or role not in _LONG_ONLY}
    read = {*used.values(), *(column.index for column in wide)}
    unread = tuple(index for index in range(len(header)) if index not in read)
    return Layout(used, wide, unread)


def unread_ranges(source: str, header: Sequence[str], layout: Layout, line: int) -> list[Problem]:
    """The columns that look like a reference range and are not read, as warnings."""
    words = {plain_header(name) for name in _known()["unread"]["range"]}
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
    chosen: Mapping[str, int],
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
        for key, index in chosen.items()
    ]


_LONG_ONLY = frozenset({"analyte", "reported", "unit", "low", "high", "loinc", "detection_limit"})


def events_layout(
    source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> Layout:
    """The layout of a file of events; `kind` may be missing where there is a dose.

    Raises:
        InvalidInput: A needed column is missing or there twice.
    """
    roles, _, problems = _roles("events", source, header, columns, line)
    needed = ["name", "start"] if "dose" in roles else ["kind", "name", "start"]
    problems += _missing(source, header, line, needed, roles, named_by_map=False)
    if problems:
        raise InvalidInput(problems, unreadable=True)
    return Layout(roles)


def said(role: str) -> str:
    """What users call a column of ours: the text of a result is their value."""
    return "value" if role == "reported" else role


def plain_header(name: str) -> str:
    """A header without what never tells two apart."""
    return re.sub(r"[\W_]", "", name.casefold())


@cache
def _known() -> dict[str, Any]:
    text = files("immunotrack").joinpath("data/columns.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def sexes() -> dict[str, str]:
    """What a cell of a sex column may say, to `male`, `female` or empty."""
    known = _known()["sex"]
    return {word: "" if sex == "unknown" else sex for sex, words in known.items() for word in words}


def _roles(
    table: Table, source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> tuple[dict[str, int], dict[str, int], list[Problem]]:
    """Our columns, the analytes named by `columns`, and what is wrong."""
    roles: dict[str, int] = {}
    analytes: dict[str, int] = {}
    problems: list[Problem] = []
    for ours, theirs in columns.items():
        role = _role_named(table, ours)
        analyte = find_analyte(ours)
        index = _column(header, theirs)
        if index is None or (role is None and analyte is None):
            problems.append(_bad_map(table, source, header, line, ours, theirs, index))
        elif role is not None:
            roles[role] = index
        elif analyte is not None:
            analytes[analyte.key] = index
    taken = {*roles.values(), *analytes.values()}
    for role, known in _known()[table].items():
        if role in roles:
            continue
        for tier in (known["names"], known["weak"]):
            plain = {plain_header(name) for name in tier}
            found = [
                n for n, name in enumerate(header) if n not in taken and plain_header(name) in plain
            ]
            if len(found) > 1:
                problems.append(_two_columns(source, header, line, role, found))
            if found:
                roles[role] = found[0]
                break
    return {role: roles[role] for role in _known()[table] if role in roles}, analytes, problems


def _role_named(table: Table, name: str) -> str | None:
    """The role that a name on the left of --map stands for."""
    plain = plain_header(name)
    for role, known in _known()[table].items():
        if plain in {plain_header(word) for word in (role, *known["names"])}:
            return str(role)
    return None


def _column(header: Sequence[str], name: str) -> int | None:
    """The place of a column named by a user: as written, else the only one like it."""
    if header.count(name) == 1:
        return header.index(name)
    alike = [n for n, own in enumerate(header) if plain_header(own) == plain_header(name)]
    return alike[0] if len(alike) == 1 else None


def _bad_map(
    table: Table,
    source: str,
    header: Sequence[str],
    line: int,
    ours: str,
    theirs: str,
    index: int | None,
) -> Problem:
    if index is None:
        times = header.count(theirs)
        message = "there is no such column" if times < 2 else f"{times} columns have this name"
        return Problem(
            code="unknown-column" if times < 2 else "doubled-column",
            source=source,
            line=line,
            column=theirs,
            message=f"--map {ours}={theirs}: {message}",
            fix=f"The file has: {', '.join(name.strip() for name in header)}.",
        )
    return Problem(
        code="unknown-column",
        source=source,
        line=line,
        column=theirs,
        message=f"--map {ours}={theirs}: {shown(ours)} is none of our columns and no analyte",
        fix=f"Ours are: {', '.join(map(said, _known()[table]))}.",
    )


def _two_columns(
    source: str, header: Sequence[str], line: int, role: str, found: Sequence[int]
) -> Problem:
    names = " and ".join(header[n] for n in found)
    return Problem(
        code="doubled-column",
        source=source,
        line=line,
        message=f"{names} can both be {said(role)}",
        fix=f"Say which one: --map {said(role)}={header[found[0]]}."
        if len({header[n] for n in found}) > 1
        else "Rename one of them.",
    )


def _missing(
    source: str,
    header: Sequence[str],
    line: int,
    needed: Sequence[str],
    roles: Mapping[str, int],
    also: str = "",
    *,
    named_by_map: bool = True,
) -> list[Problem]:
    there = ", ".join(name.strip() for name in header)
    return [
        Problem(
            code="missing-column",
            source=source,
            line=line,
            message=f"no column for {said(role)}{also}; the file has: {there}",
            fix=f"Name it with --map {said(role)}=YOUR_COLUMN."
            if named_by_map
            else f"Call a column {role}.",
        )
        for role in needed
        if role not in roles
    ]


def _wide_columns(
    header: Sequence[str], chosen: Mapping[str, int], taken: set[int]
) -> list[WideColumn]:
    """The columns that are named for an analyte, with `(unit)` or `[unit]` behind it or not."""
    by_index = {index: key for key, index in chosen.items()}
    found = []
    for index, name in enumerate(header):
        stem, unit = _split_unit(name)
        analyte = find_analyte(by_index.get(index, stem))
        if analyte is not None and (index not in taken or index in by_index):
            found.append(
                WideColumn(index, analyte.key, unit_symbol(unit) or analyte.unit, not unit)
            )
    return found


def _split_unit(name: str) -> tuple[str, str]:
    """A header as analyte name and unit: `CD4 (/µL)`, `NK [cells/µL]`; the unit may be empty."""
    if find_analyte(name):
        return name, ""
    match = re.fullmatch(r"\s*(.*?)\s*[(\[](.+)[)\]]\s*", name)
    return (match[1], match[2]) if match else (name, "")


def _doubled(source: str, line: int, wide: Sequence[WideColumn]) -> list[Problem]:
    keys = [column.analyte for column in wide]
    return [
        Problem(
            code="doubled-column",
            source=source,
            line=line,
            message=f"{keys.count(key)} columns hold {key}",
            fix="Rename all but one of them.",
        )
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]
