"""The problems that concern the patients of a report, and nobody else's rows."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from immunotrack.problems import Problem
from immunotrack.readers import Source

Place = tuple[str, int]
"""A file and a line of it."""


def problems_of(
    problems: Sequence[Problem], source: Source, patients: Collection[str]
) -> list[Problem]:
    """The problems of some patients' rows, and those of the files as a whole.

    A report of one patient that is handed over must not hold a value of another; what concerns
    several rows is told of the patients' own rows only.
    """
    owners = _owners(source)
    if set(owners.values()) - {""} <= set(patients):
        return list(problems)
    mine = {place for place, patient in owners.items() if patient in patients}
    return [problem for one in problems for problem in _own(one, mine)]


def _owners(source: Source) -> dict[Place, str]:
    """Whose each line of results and events is."""
    tables = (source.results, source.events.table)
    return {
        (file, line): patient
        for table in tables
        for file, line, patient in table.select("source", "line", "patient_id").rows()
    }


def _own(problem: Problem, mine: Collection[Place]) -> Iterator[Problem]:
    if problem.line is None:
        yield problem
        return
    lines = [line for line in problem.lines or (problem.line,) if (problem.source, line) in mine]
    if lines:
        listed = tuple(lines) if problem.lines else ()
        yield replace(problem, line=lines[0], lines=listed, rows=len(lines))
