"""Studies from a table: every row a study, or the reasons why it is none."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from immunotrack.evidence.arms import Events, Means
from immunotrack.evidence.effects import NEEDS, RATIOS, Measure, Study
from immunotrack.evidence.headers import find_columns, scale_of, words_of
from immunotrack.evidence.mixing import made_problems, refuse_mixed, refuse_repeated
from immunotrack.evidence.reported import ARMS, events_of, means_of, published_of
from immunotrack.evidence.rows import Row, StudyTable, rows_of
from immunotrack.evidence.summaries import STATISTICS
from immunotrack.problems import InvalidInput, Problem

_ARM_READERS: Final[dict[str, Callable[[Row, str, float], Events | Means | None]]] = {
    "means": means_of,
    "events": events_of,
}


_NEEDED: Final[dict[str, list[tuple[str, ...]]]] = {
    "events": [(f"{name}_{arm}",) for arm in ARMS for name in ("events", "n")],
    "means": [names for arm in ARMS for names in ((f"n_{arm}",), (f"mean_{arm}", f"median_{arm}"))],
    "an estimate": [("estimate",), ("se", "se_log", "ci_low")],
}
"""The columns that a table needs, each of them one of several."""

_LOGGED: Final = frozenset({"ratio", "log-ratio"})
"""Scales of published estimates that are analysed as logarithms."""


class Studies(NamedTuple):
    """The studies of a table.

    Args:
        label: What the estimates are called: the measure, or what a table of estimates says.
        ratio: Whether they are analysed as logarithms of ratios.
        problems: All of them.
        told: How the table was understood, in words.
    """

    studies: list[Study]
    label: str
    ratio: bool
    problems: list[Problem]
    told: list[str]


def read_studies(table: StudyTable, measure: Measure, by: str = "", scale: str = "") -> Studies:
    """The studies of a table.

    Args:
        by: The column of the subgroups; empty for none.
        scale: Of published estimates, where the column `measure` does not say it.

    Raises:
        InvalidInput: A column is missing or there twice, or no row can be read.
    """
    columns, problems = find_columns(table.header, table.source, table.header_line)
    problems += _missing(table, columns, measure, scale)
    if by:
        place = _place_of(by, table.header)
        if place is None:
            problems.append(_no_column(table, by))
        else:
            columns["group"] = place
    if problems:
        raise InvalidInput([*table.problems, *problems], unreadable=True)
    rows = rows_of(table, columns)
    studies = [_study(row, measure, scale, by=bool(by)) for row in rows]
    refuse_repeated(rows)
    refuse_mixed(rows, measure)
    problems = [*table.problems, *(problem for row in rows for problem in row.problems)]
    label, kind = _labelled(rows, measure, scale)
    return Studies(
        [study for study in studies if study is not None],
        label,
        measure in RATIOS or kind in _LOGGED,
        problems,
        _told(table, columns, rows),
    )


def made_studies(studies: Sequence[Study], measure: Measure, scale: str) -> Studies:
    """Studies that were made already, asked whether they make one pool."""
    label = measure if measure != "generic" else _unlogged(scale) or "difference"
    problems = list(made_problems(studies, measure))
    return Studies(list(studies), label, measure in RATIOS or scale in _LOGGED, problems, [])


def _missing(
    table: StudyTable, columns: Mapping[str, int], measure: Measure, scale: str
) -> Iterator[Problem]:
    """The columns that no study of a measure can do without."""
    for names in [("study",), *_NEEDED[NEEDS[measure]]]:
        if not any(name in columns for name in names):
            yield Problem(
                code="missing-column",
                source=table.source,
                line=table.header_line,
                message=f"no column is {' or '.join(names)}",
                fix=f"The table has: {', '.join(map(str, table.header))}.",
            )
    if measure == "generic" and not (scale or "measure" in columns):
        yield Problem(
            code="missing-column",
            source=table.source,
            line=table.header_line,
            message="nothing says whether the estimates are differences or ratios",
            fix="Add a column measure (MD, RR, HR, …), or say --scale difference, ratio or "
            "log-ratio.",
        )


def _place_of(name: str, header: Sequence[str]) -> int | None:
    """The place of a column that a user names: as written, else the only one like it."""
    alike = [n for n, own in enumerate(header) if own == name] or [
        n for n, own in enumerate(header) if words_of(str(own)) == words_of(name)
    ]
    return alike[0] if len(alike) == 1 else None


def _no_column(table: StudyTable, by: str) -> Problem:
    return Problem(
        code="unknown-column",
        source=table.source,
        line=table.header_line,
        column=by,
        message="there is no such column, or more than one",
        fix=f"The table has: {', '.join(map(str, table.header))}.",
    )


def _study(row: Row, measure: Measure, scale: str, *, by: bool) -> Study | None:
    """The study of a row; None where its problems say why not."""
    if not row.text("study"):
        row.refuse("incomplete-study", "study", "the study has no name")
    if by and not row.text("group"):
        row.refuse("incomplete-study", "group", "the study has no subgroup")
    level = _level(row)
    kind = NEEDS[measure]
    if not _holds(row, kind):
        return None
    if measure == "generic":
        found = scale or scale_of(row.text("measure"))
        published = published_of(row, found, level) if _scaled(row, scale) else None
        arms: list[Events | Means | None] = [None, None]
    else:
        published = None
        arms = [_ARM_READERS[kind](row, arm, level) for arm in ARMS]
    if any(problem.is_error for problem in row.problems):
        return None
    return Study(
        name=row.text("study"),
        treated=arms[0],
        control=arms[1],
        published=published,
        group=row.text("group"),
        source=row.source,
        line=row.line,
    )


def _level(row: Row) -> float:
    """The confidence of a row's intervals: 95 % where it says nothing."""
    percent = row.number("ci_level")
    if percent is None:
        return 0.95
    if not 50 <= percent < 100:
        row.refuse("bad-number", "ci_level", "a level is a percentage from 50 on", "Write 95.")
        return 0.95
    return percent / 100


def _holds(row: Row, kind: str) -> bool:
    """Whether a row holds what the measure needs, in both arms."""
    of = {"events": ("events",), "means": STATISTICS}
    there = {
        name: [arm for arm in ARMS if any(row.has(f"{each}_{arm}") for each in statistics)]
        for name, statistics in of.items()
    }
    there["an estimate"] = ["row"] if row.has("estimate") else []
    found = there[kind]
    others = [name for name, arms in there.items() if arms and name != kind]
    if not found and others:
        message = f"the row holds {' and '.join(others)} where the measure needs {kind}"
        row.refuse("mixed-outcomes", "", message, "Pool studies of one kind of outcome at a time.")
    elif not found:
        row.refuse("incomplete-study", "", f"the row does not hold {kind}")
    elif kind != "an estimate" and len(found) == 1:
        absent = next(arm for arm in ARMS if arm not in found)
        message = f"the {absent} arm has no {kind}"
        row.refuse("missing-arm", "", message, "Give both arms, or leave the study out.")
    else:
        return True
    return False


def _scaled(row: Row, scale: str) -> bool:
    """Whether it is known what a published estimate is."""
    said = row.text("measure")
    own = scale_of(said)
    if said and not own:
        message = "the measure is not known as a difference or a ratio"
        row.refuse("mixed-outcomes", "measure", message, "Write difference, ratio or log ratio.")
    elif scale and own and own != scale:
        message = f"the measure is a {own}, and the pool is of {scale}s"
        row.refuse("mixed-outcomes", "measure", message, "Pool one kind of estimate at a time.")
    elif not (scale or own):
        message = "nothing says whether the estimate is a difference or a ratio"
        row.refuse("incomplete-study", "measure", message, "Fill the cell, or say --scale.")
    else:
        return True
    return False


def _labelled(rows: Sequence[Row], measure: Measure, scale: str) -> tuple[str, str]:
    """What the estimates are called, and their scale."""
    if measure != "generic":
        return measure, ""
    said = next(filter(None, (row.text("measure") for row in rows)), "")
    found = scale or scale_of(said)
    return _unlogged(said or found), found


def _unlogged(name: str) -> str:
    """What an effect is called whose logarithm goes by this name: `log OR` is an OR.

    >>> _unlogged("log-ratio"), _unlogged("logHR"), _unlogged("MD")
    ('ratio', 'HR', 'MD')
    """
    return re.sub(r"(?i)^log[\s_-]*", "", name)


def _told(table: StudyTable, columns: Mapping[str, int], rows: Sequence[Row]) -> list[str]:
    """Which columns were not read, and what was taken for granted."""
    used = set(columns.values())
    unread = [str(name) for n, name in enumerate(table.header) if n not in used and str(name)]
    told = [f"columns not read: {', '.join(unread)}"] if unread else []
    intervals = [role for role in columns if role.startswith("ci_low")]
    assumed = any(row.has(role) and not row.has("ci_level") for row in rows for role in intervals)
    return told + ["intervals of studies without ci_level are taken as 95 %"] * assumed
