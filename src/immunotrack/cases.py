"""A published case as a whole: its patients, and what its data say of its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import polars as pl

from immunotrack.annotated import flag_differences, flagged_results
from immunotrack.clocks import Clock, choose_clock, day_of_death, moments, with_days
from immunotrack.narrative import Answer, answer_problems, ask
from immunotrack.problems import InvalidInput, Problem, ordered
from immunotrack.readers import Source, case_folders, read_source
from immunotrack.readers.case import CaseFile
from immunotrack.records import Patient
from immunotrack.settings import choice_problem
from immunotrack.table import plain_rows
from immunotrack.windows import choose_window_set, set_problems


@dataclass(frozen=True, slots=True)
class Case:
    """A published case: who, from which source, and what is known.

    Args:
        file: The contents of its `case.toml`.
        patients: With their measurements and events.
        answers: What the data say of the text's statements.
    """

    file: CaseFile
    patients: tuple[Patient, ...]
    answers: tuple[Answer, ...]


def load_case(name: str | Path) -> Case:
    """A case that comes with immunotrack, by its name, or one in a folder.

    Raises:
        InvalidInput: There is no such case, or its files have errors.

    >>> case = load_case("monneret-2020")
    >>> len(case.patients[0].measurements), case.patients[0].events[8].name
    (74, 'antibiotics')
    """
    source = read_source(str(name))
    if source.case is None:
        raise InvalidInput([choice_problem("case", str(name), list(case_folders()))])
    errors = [problem for problem in source.problems if problem.is_error]
    if errors:
        raise InvalidInput(errors)
    patients = tuple(
        Patient.from_frame(source.used, source.events.table, entry.patient_id).model_copy(
            update={"sex": entry.sex, "age_years": entry.age_years}
        )
        for entry in source.case.patients
    )
    return Case(source.case, patients, tuple(narrative_answers(source)))


def narrative_answers(source: Source) -> list[Answer]:
    """What the data of a case say of its text; nothing for a plain file."""
    if source.case is None:
        return []
    flagged = nw.from_native(
        flagged_results(source).filter(pl.col("fate") == "used"), eager_only=True
    )
    events = source.events.table.to_dicts()
    clock = choose_clock(moments(flagged), events, source.case.clock.name)
    return ask(source.case.checks, plain_rows(with_days(flagged, clock)), events)


def all_problems(source: Source, answers: Sequence[Answer]) -> list[Problem]:
    """The problems of a source's rows, of its windows and of its narrative."""
    problems = list(source.problems)
    if (source.results["own_flag"] != "").any():
        problems += flag_differences(source, flagged_results(source))
    if source.case and source.case.windows:
        died = day_of_death(source.events.table.to_dicts(), Clock(source.case.clock.name))
        problems += set_problems(choose_window_set(source.case.windows), died)
    return [*ordered(problems), *answer_problems(answers, f"{source.name}/case.toml")]
