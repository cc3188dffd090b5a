"""Which dosing plan: a published one, one of a file, or one in words."""

from dataclasses import replace
from pathlib import Path

from immunotrack.plan_text import parse_plan
from immunotrack.problems import InvalidInput
from immunotrack.regimens import Placing, regimens
from immunotrack.schedule import Plan
from immunotrack.settings import Entry, choice_problem, load_settings


class PlanFile(Entry):
    """A plan of one's own, in a file.

    Args:
        plan: In the words that `parse_plan` understands.
        placing: Where doses fall that the plan does not place, if not as usual.
    """

    plan: str
    source: str
    placing: Placing | None = None


def choose_plan(name: str, placing: Placing | None = None) -> Plan:
    """A published plan by its name, the one of a TOML file, or that which a sentence describes.

    Raises:
        InvalidInput: It is none of these; every fault of the sentence is named.

    >>> len(choose_plan("iliad7-us").doses())
    7
    """
    known = regimens()
    if name in known:
        return parse_plan(known[name].plan, placing)
    if name.endswith(".toml"):
        return _of_file(name, placing)
    if not any(letter.isspace() for letter in name.strip()):
        choices = [*known, "a .toml file", "a plan in words"]
        raise InvalidInput([choice_problem("--plan", name, choices)])
    return parse_plan(name, placing)


def _of_file(name: str, placing: Placing | None) -> Plan:
    """The plan of a TOML file.

    Raises:
        InvalidInput: The file has errors, or its plan has.
    """
    read = load_settings(Path(name), PlanFile)
    try:
        return parse_plan(read.plan, placing or read.placing)
    except InvalidInput as error:
        faults = [replace(problem, source=name) for problem in error.problems]
        raise InvalidInput(faults, unreadable=True) from None
