"""Options that are for all patients, or for one: `--weight 80kg`, `--weight P1=72.5kg`."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from immunotrack.course_ends import Cut
    from immunotrack.totals import Weight

WEIGHT_SOURCE: Final = "--weight"
"""Where a weight stands that only the command line has."""


def stops(given: list[str], patients: Mapping[str, Any]) -> "dict[str, Cut]":
    """`--stop` options by patient."""
    from immunotrack.course_ends import Cut

    return {
        patient: Cut(_number(text, "--stop", r"(-?\d+(?:\.\d+)?)", "a day, such as 30"), "stop")
        for patient, text in _by_patient(given, "--stop", patients).items()
    }


def weights(given: list[str], source: str, patients: Mapping[str, Any]) -> "dict[str, Weight]":
    """`--weight` options by patient."""
    from immunotrack.totals import Weight

    if source != WEIGHT_SOURCE and not given:
        raise typer.BadParameter("it is for --weight", param_hint="--weight-source")

    form = r"(\d+(?:\.\d+)?)\s*kg"
    numbers = {
        patient: _number(text, "--weight", form, "a weight, such as 80kg")
        for patient, text in _by_patient(given, "--weight", patients).items()
    }
    try:
        return {patient: Weight(kg, source) for patient, kg in numbers.items()}
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--weight") from None


def _number(text: str, option: str, form: str, what: str) -> float:
    match = re.fullmatch(form, text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not {what}", param_hint=option)
    return float(match[1])


def _by_patient(given: list[str], option: str, patients: Mapping[str, Any]) -> dict[str, str]:
    """`PATIENT=TEXT` options, and one without a patient for all others.

    Raises:
        InvalidInput: There is no such patient.
        typer.BadParameter: Two are for the same.
    """
    from immunotrack.problems import InvalidInput
    from immunotrack.settings import choice_problem

    found: dict[str, str] = {}
    for pair in given:
        patient, _, text = pair.rpartition("=")
        if patient and patient not in patients:
            raise InvalidInput([choice_problem(option, patient, list(patients)[:20])])
        if patient in found:
            raise typer.BadParameter(f"{pair!r} is a second one", param_hint=option)
        found[patient] = text.strip()
    everybody = found.pop("", None)
    others = {} if everybody is None else dict.fromkeys(patients, everybody)
    return others | found
