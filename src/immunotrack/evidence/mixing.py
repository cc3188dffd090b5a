"""What keeps studies out of one pool: a name twice, another measure, outcome or unit."""

from collections import Counter
from collections.abc import Iterator, Sequence

from immunotrack.evidence.effects import NEEDS, Measure, Study
from immunotrack.evidence.headers import words_of
from immunotrack.evidence.rows import Row
from immunotrack.problems import Problem
from immunotrack.units import unit_symbol


def refuse_repeated(rows: Sequence[Row]) -> None:
    """Refuse rows with the name of a study that stands above them."""
    first: dict[str, Row] = {}
    for row in rows:
        name = " ".join(row.text("study").casefold().split())
        if name and name in first:
            where = first[name]
            place = f"line {where.line}" if where.line else where.place.removesuffix(": ")
            message = f"{place} has the same name"
            fix = "Give each row its own name, or combine the arms of one trial."
            row.refuse("repeated-study", "study", message, fix)
        first.setdefault(name, row)


def refuse_mixed(rows: Sequence[Row], measure: Measure) -> None:
    """Refuse rows of another measure, outcome or unit than the first that has one."""
    asked = ("measure", "outcome") if measure == "SMD" else ("measure", "outcome", "unit")
    for role in asked:
        plain = unit_symbol if role == "unit" else words_of
        said: str = measure if role == "measure" and measure != "generic" else ""
        for row in rows:
            own = row.text(role)
            if own and said and plain(own) != plain(said):
                message = f"the {role} is another one than {said!r}, and one pool has one"
                fix = "Pool each on its own."
                row.refuse("mixed-outcomes", role, message, fix)
            said = said or own


def made_problems(studies: Sequence[Study], measure: Measure) -> Iterator[Problem]:
    """Why studies that were made already make no pool."""
    names = Counter(study.name for study in studies)
    for name, number in names.items():
        if number > 1:
            message = f"{number} studies are called {name!r}"
            yield _problem("repeated-study", message, "Give each its own name.")
    for study in studies:
        if study.kind != NEEDS[measure]:
            message = f"{study.name} holds {study.kind} where the measure needs {NEEDS[measure]}"
            yield _problem("mixed-outcomes", message, "Pool one kind of outcome at a time.")


def _problem(code: str, message: str, fix: str) -> Problem:
    return Problem(code=code, source="studies", message=message, fix=fix)
