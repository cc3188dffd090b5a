"""Which column of a header is which of ours: by its usual names, or as the user says."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from immunotrack.analytes import find_analyte
from immunotrack.problems import Problem, shown
from immunotrack.table import analyte_key

Table = Literal["results", "events"]

_OPTIONAL = frozenset({"week", "visit", "clock", "own_flag", "status", "issued", "specimen"})
"""Columns that a file does well without: where two could be one of these, none is taken."""


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
def range_names() -> frozenset[str]:
    """What a column is called that holds a reference range as text, plain."""
    return frozenset(map(plain_header, _known()["unread"]["range"]))


@cache
def sexes() -> dict[str, str]:
    """What a cell of a sex column may say, to `male`, `female` or empty."""
    known = _known()["sex"]
    return {word: "" if sex == "unknown" else sex for sex, words in known.items() for word in words}


def header_score(header: Sequence[str]) -> int:
    """How many cells of a line are names of columns that we know, or of analytes."""
    return sum(
        plain_header(name) in _names() or find_analyte(split_unit(name)[0]) is not None
        for name in header
        if len(name) <= 100
    )


@cache
def _names() -> frozenset[str]:
    """Every name of a column that is known without --map, plain."""
    known = _known()
    roles = [role for table in ("results", "events") for role in known[table].values()]
    names = [name for role in roles for name in (*role["names"], *role["weak"])]
    return frozenset(map(plain_header, [*names, *known["unread"]["range"]])) - {""}


def find_roles(
    table: Table, source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> tuple[dict[str, int], dict[int, tuple[str, str]], list[Problem]]:
    """Our columns; the columns that `columns` calls an analyte, with its visit; what is wrong."""
    roles, measured, problems = _stated(table, source, header, columns, line)
    taken = {*roles.values(), *measured}
    free = {n: plain_header(name) for n, name in enumerate(header) if n not in taken}
    for role in _known()[table]:
        found = [] if role in roles else _usual(table, role, free)
        if len(found) > 1 and role in _OPTIONAL:
            continue
        if len(found) > 1:
            problems.append(_two_columns(source, header, line, role, found))
        if found:
            roles[role] = found[0]
    return {role: roles[role] for role in _known()[table] if role in roles}, measured, problems


def _stated(
    table: Table, source: str, header: Sequence[str], columns: Mapping[str, str], line: int
) -> tuple[dict[str, int], dict[int, tuple[str, str]], list[Problem]]:
    """As `_roles`, of the columns that the user or a standard names."""
    roles: dict[str, int] = {}
    measured: dict[int, tuple[str, str]] = {}
    problems: list[Problem] = []
    for ours, theirs in columns.items():
        role = _role_named(table, ours)
        analyte = find_analyte(ours) if role is None else None
        index = None if "*" in theirs else column_of(header, theirs)
        if role is None and "*" in theirs and _visits(header, theirs):
            measured |= {n: (analyte_key(ours), visit) for n, visit in _visits(header, theirs)}
        elif index is not None and role is not None:
            roles[role] = index
        elif index is not None and analyte is not None:
            measured[index] = (analyte.key, "")
        else:
            problems.append(_bad_map(table, source, header, line, ours, theirs, index))
    return roles, measured, problems


def has_column(header: Sequence[str], name: str) -> bool:
    """Whether a header has a column that a user names, or one that a name with `*` fits."""
    if "*" in name:
        return bool(_visits(header, name))
    return column_of(header, name) is not None


def _usual(table: Table, role: str, free: Mapping[int, str]) -> list[int]:
    """The columns with a usual name of a role, weak names only where there is no other.

    Args:
        free: The place of each column that may be taken, to its plain name.
    """
    tiers = ([n for n, own in free.items() if own in tier] for tier in _tiers(table, role))
    return next(filter(None, tiers), [])


@cache
def _tiers(table: Table, role: str) -> tuple[frozenset[str], ...]:
    """The usual names of a role, and its weak ones, plain."""
    known = _known()[table][role]
    return tuple(frozenset(map(plain_header, known[tier])) for tier in ("names", "weak"))


def _role_named(table: Table, name: str) -> str | None:
    """The role that a name on the left of --map stands for."""
    if name in _known()[table]:
        return name
    plain = plain_header(name)
    for role, known in _known()[table].items():
        if plain in {plain_header(word) for word in (role, *known["names"])}:
            return str(role)
    return None


def _visits(header: Sequence[str], pattern: str) -> list[tuple[int, str]]:
    """The columns that a name with one `*` fits, with what stands at its place."""
    before, _, after = pattern.partition("*")
    like = re.compile(f"{re.escape(before)}(.+){re.escape(after)}", re.IGNORECASE)
    matches = [(n, like.fullmatch(name.strip())) for n, name in enumerate(header)]
    return [(n, match[1].strip()) for n, match in matches if match]


def column_of(header: Sequence[str], name: str) -> int | None:
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


def missing_columns(
    source: str,
    header: Sequence[str],
    line: int,
    needed: Sequence[str],
    roles: Mapping[str, int],
    also: str = "",
    *,
    named_by_map: bool = True,
) -> list[Problem]:
    """The problem of each role that is needed and has no column."""
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


def split_unit(name: str) -> tuple[str, str]:
    """A header as analyte name and unit: `CD4 (/µL)`, `NK [cells/µL]`; the unit may be empty."""
    plain = name.strip()
    if find_analyte(name) or not plain.endswith((")", "]")):
        return name, ""
    opening = [n for n, sign in enumerate(plain[:-2]) if sign in "(["]
    stems = [(plain[:n].rstrip(), plain[n + 1 : -1]) for n in opening[:_BRACKETS]]
    whole = [pair for pair in stems if pair[0].count("(") == pair[0].count(")")]
    known = [pair for pair in whole if find_analyte(pair[0])]
    return known[-1] if known else stems[0] if stems else (name, "")


_BRACKETS: Final = 5
"""A header with more opening brackets is no name with a unit."""
