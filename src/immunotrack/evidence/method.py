"""How studies are pooled: measure, model and interval; and what such a choice makes of effects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from immunotrack.evidence.confidence import INTERVAL_METHODS, IntervalMethod
from immunotrack.evidence.effects import MEASURES, Effect, Measure
from immunotrack.evidence.estimators import Model
from immunotrack.evidence.mantel_haenszel import NotPooled, pool_mantel_haenszel
from immunotrack.evidence.pooled import Method, Pooled, pool_effects
from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import choice_problem

METHODS: Final[tuple[Method, ...]] = (*get_args(Model), "MH", "Peto")


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """The choices by which studies are pooled.

    Args:
        level: The confidence of all intervals, 0.95 for 95 %.
        correction: What is added to each cell of a two-by-two table of which one is 0.

    Raises:
        InvalidInput: A choice is none, or does not go with another.
    """

    measure: Measure
    model: Method
    interval: IntervalMethod
    level: float = 0.95
    correction: float = 0.5

    def __post_init__(self) -> None:
        known = {"measure": MEASURES, "model": METHODS, "interval": INTERVAL_METHODS}
        problems = [
            choice_problem(name, str(getattr(self, name)), list(choices))
            for name, choices in known.items()
            if getattr(self, name) not in choices
        ]
        if problems or (problems := list(self._conflicts())):
            raise InvalidInput(problems)

    def _conflicts(self) -> Iterator[Problem]:
        if not 0 < self.level < 1:
            yield _refused("level", "a level lies between 0 and 1", "Write 0.95 for 95 %.")
        if not 0 < self.correction <= 1:
            yield _refused("correction", "a correction is above 0 and not above 1", "Write 0.5.")
        fits = {"MH": ("RR", "OR", "RD"), "Peto": ("OR",)}.get(self.model, MEASURES)
        if self.measure not in fits:
            message = f"{self.model} pools {' or '.join(fits)}, not {self.measure}"
            yield _refused("model", message, "Choose another model.")
        if self.model in {"MH", "Peto"} and self.interval != "wald":
            message = f"{self.model} has Wald's interval alone, not {self.interval}"
            yield _refused("interval", message, "Write wald.")


def _refused(option: str, message: str, fix: str) -> Problem:
    return Problem(code="unknown-option", source=option, message=message, fix=fix)


def pool_by(how: How, effects: Sequence[Effect]) -> Pooled:
    """The pooled effect of studies.

    Raises:
        NotPooled: There is none, or the method cannot pool them.
    """
    if not effects:
        raise NotPooled("no study says anything of the effect")
    if how.model == "MH":
        return pool_mantel_haenszel(effects, how.measure, how.level)
    estimates = [each.estimate for each in effects]
    variances = [each.variance for each in effects]
    model: Model = "common" if how.model == "Peto" else how.model
    found = pool_effects(estimates, variances, model=model, interval=how.interval, level=how.level)
    return replace(found, model=how.model)
