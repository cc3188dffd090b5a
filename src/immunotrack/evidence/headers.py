"""Which column of a table of studies is which: by the usual names, compared as words."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from immunotrack.problems import Problem


def words_of(name: str) -> str:
    """A header's words with one blank between them, in lower case.

    >>> words_of("CI_low (treated)"), words_of("n1i")
    ('ci low treated', 'n1i')
    """
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


@cache
def _known() -> dict[str, Any]:
    text = files("immunotrack").joinpath("data/study_columns.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def roles() -> dict[str, str]:
    """Every known name of a column, as words, to what it holds: `n_treated`, `ci_low`."""
    known = _known()
    found = {words_of(name): role for role, names in known["plain"].items() for name in names}
    for statistic, names in known["statistics"].items():
        for arm, arms in known["arms"].items():
            role, number = f"{statistic}_{arm}", known["numbered"][arm]
            for name in names:
                found |= {f"{name} {word}": role for word in arms}
                found |= {f"{word} {name}": role for word in arms}
                found |= dict.fromkeys((f"{name} {number}", f"{name}{number}"), role)
                found[f"{name}{number}i"] = role
    return found


def find_columns(
    header: Sequence[str], source: str, line: int | None
) -> tuple[dict[str, int], list[Problem]]:
    """What each known column holds, to its place; and two columns that hold the same."""
    places: dict[str, int] = {}
    problems = []
    for place, name in enumerate(header):
        role = roles().get(words_of(name))
        if role is None:
            continue
        if role in places:
            problems.append(_doubled(source, line, role, header[places[role]], name))
        places.setdefault(role, place)
    return places, problems


def _doubled(source: str, line: int | None, role: str, first: str, second: str) -> Problem:
    return Problem(
        code="doubled-column",
        source=source,
        line=line,
        message=f"{first} and {second} can both be {role}",
        fix="Rename or delete one of them.",
    )


def scale_of(name: str) -> str:
    """The scale of an effect that goes by this name: `difference`, `ratio`, `log-ratio`, or "".

    >>> scale_of("HR"), scale_of("log OR"), scale_of("MD"), scale_of("CD4")
    ('ratio', 'log-ratio', 'difference', '')
    """
    known: Mapping[str, list[str]] = _known()["scales"]
    said = words_of(name)
    return next((scale for scale, names in known.items() if said in names), "")


def scales() -> list[str]:
    """The scales that estimates can have."""
    return list(_known()["scales"])
