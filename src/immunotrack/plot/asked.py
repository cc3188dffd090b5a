"""What a figure is asked to show beyond its default, checked before anything is read or drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypedDict

from immunotrack.plans import choose_plan
from immunotrack.problems import InvalidInput, Problem
from immunotrack.regimens import regimens
from immunotrack.scales import GradeScale, choose_grade_scale
from immunotrack.schedule import Plan
from immunotrack.settings import choice_problem
from immunotrack.variation import Variation, choose_variation

View = Literal["panels", "strip"]

SHOWS: Final = ("grades", "baseline", "response", "changes", "missed", "uncertainty")
"""What `--show` takes."""

_NEEDED_BY: Final = {
    "--grade-scale": ("grades",),
    "--variation": ("changes", "uncertainty"),
    "--plan": ("missed",),
}


class Showing(TypedDict, total=False):
    """What a figure shows on request.

    Args:
        show: Names of `SHOWS`, as a sequence or with commas: severity grades as a background, the
            baseline, peak with recovery and relapse, changes beyond the reference change value,
            doses missed or beyond a plan, analytical uncertainty.
        grade_scale: `ctcae-v5` or `daids-v2.1`.
        variation: A TOML file or entries of your own, before the built-in ones.
        plan: A published plan by its name or a plan in words, or several; `IL-7=iliad7-uk` says of
            which dose it is.
        view: `panels`, or `strip` for one letter a sample.
    """

    show: Sequence[str] | str
    grade_scale: str
    variation: str | Path | Sequence[Variation] | None
    plan: Sequence[str] | str
    view: View


@dataclass(frozen=True, slots=True)
class DosePlan:
    """A plan and what it is for.

    Args:
        dose: The name of the dose; empty for the only one there is.
        label: What the footnote calls the plan.
    """

    dose: str
    label: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that can be met, as far as it depends on no patient."""

    names: Sequence[str] = ()
    scale: GradeScale | None = None
    variation: Sequence[Variation] = ()
    plans: Sequence[DosePlan] = ()
    view: View = "panels"


def ask(
    show: Sequence[str] | str = (),
    *,
    grade_scale: str = "",
    variation: str | Path | Sequence[Variation] | None = None,
    plan: Sequence[str] | str = (),
    view: View = "panels",
) -> Asked:
    """A checked request; see `Showing` for what each means.

    Raises:
        InvalidInput: A name, a scale, a plan or a file is none, or is not asked for by `show`.

    >>> ask("grades, baseline").names
    ['grades', 'baseline']
    """
    names = _listed(show)
    plans = [plan] if isinstance(plan, str) and plan else list(plan)
    given = {"--grade-scale": grade_scale, "--variation": variation, "--plan": plans}
    problems = [*_name_problems(names), *_unasked(names, [key for key in given if given[key]])]
    if view not in {"panels", "strip"}:
        problems.append(choice_problem("--view", view, ["panels", "strip"]))
    if "missed" in names and not plans:
        fix = "Give --plan 'twice a week …' or one of: " + ", ".join(regimens()) + "."
        problems.append(_wrong("--show", "missed needs the plan that was to be kept", fix))
    if problems:
        raise InvalidInput(problems)
    return Asked(
        names=names,
        scale=choose_grade_scale(grade_scale or "ctcae-v5", "--grade-scale")
        if "grades" in names
        else None,
        variation=choose_variation(variation) if {"changes", "uncertainty"} & {*names} else (),
        plans=[_dose_plan(text) for text in plans],
        view=view,
    )


def _listed(names: Sequence[str] | str) -> list[str]:
    """Names without doubles, given one by one or with commas between them."""
    texts = [names] if isinstance(names, str) else names
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def _name_problems(names: Sequence[str]) -> Iterator[Problem]:
    return (choice_problem("--show", name, [*SHOWS]) for name in names if name not in SHOWS)


def _unasked(names: Sequence[str], given: Sequence[str]) -> Iterator[Problem]:
    """Options for something that is not to be shown."""
    for option in given:
        if not {*_NEEDED_BY[option]} & {*names}:
            needed = " or ".join(_NEEDED_BY[option])
            fix = f"Add --show {_NEEDED_BY[option][0]}."
            yield _wrong(option, f"it is for --show {needed}", fix)


def _wrong(source: str, message: str, fix: str) -> Problem:
    return Problem(code="unknown-option", source=source, message=message, fix=fix)


def _dose_plan(text: str) -> DosePlan:
    """The plan of `IL-7=iliad7-uk`, or of `iliad7-uk` alone."""
    dose, equals, plan = text.rpartition("=")
    named = regimens().get(plan.strip())
    label = f"{named.name} ({named.plan})" if named else plan.strip()
    return DosePlan(dose.strip() if equals else "", label, choose_plan(plan.strip()))
