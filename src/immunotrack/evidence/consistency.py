"""Whether pooled effects can be true as they are printed: computed from their own digits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from immunotrack.evidence.confidence import confidence
from immunotrack.evidence.estimators import Model
from immunotrack.evidence.findings import Finding, interval_text, shown
from immunotrack.evidence.pooled import Pooled, pool_effects
from immunotrack.evidence.printed import EffectSet, PrintedEffect
from immunotrack.evidence.rounding import Implied, Span, implied
from immunotrack.evidence.sentences import probability

MODELS: Final[dict[Model, str]] = {
    "common": "by a common effect",
    "DL": "by DerSimonian-Laird",
    "PM": "by Paule-Mandel",
    "REML": "by REML",
}
"""The models under which a combined row is asked whether it follows from its parts."""


def consistency(source: EffectSet) -> list[Finding]:
    """Every question that the printed effects allow, in the order of the rows.

    The intervals are taken for Wald's at the level of the source, as no other is named; rounding of
    the printed digits is allowed for throughout.

    >>> from immunotrack.evidence.printed import builtin_effects
    >>> found = consistency(builtin_effects())
    >>> print([entry.sentence for entry in found if entry.check == "difference"][2])
    Chance can explain the difference between sepsis and COVID-19 (Q = 0.09, df = 1, p = 0.762).
    """
    asked = _Questions(source, source.level_percent / 100)
    return [
        *(finding for effect in source.effects for finding in asked.own(effect)),
        *(finding for effect in source.effects for finding in asked.combined(effect)),
        *asked.differences(),
        *(finding for effect in source.effects for finding in asked.hartung_knapp(effect)),
    ]


@dataclass(frozen=True, slots=True)
class _Questions:
    """The questions to the effects of one source, at its confidence level."""

    source: EffectSet
    level: float

    def said(self, effect: PrintedEffect) -> Implied | None:
        return implied(effect, self.level)

    def own(self, effect: PrintedEffect) -> Iterator[Finding]:
        """What a row says of itself: middle and standard error, and whether its words agree."""
        found = self.said(effect)
        if found is None:
            yield Finding(
                check="midpoint",
                effects=(effect,),
                verdict="cannot be asked",
                sentence="No number is printed.",
            )
            return
        yield _midpoint(effect, found)
        yield self._words(effect, found)

    def _words(self, effect: PrintedEffect, found: Implied) -> Finding:
        """Whether the interval leaves no effect out where the text says significant."""
        excluded = found.low.low > 0 or found.high.high < 0
        p_value = confidence(found.estimate, found.se, self.level).p_value
        agrees = excluded == (effect.says == "significant")
        about = _about_null(effect, excluded=excluded)
        told = f"The text says {effect.says}, and the interval {about}"
        if effect.p_below is not None and p_value is not None:
            smallest = confidence(found.estimate, found.ses.low, self.level).p_value or 0.0
            agrees = agrees and smallest < effect.p_below
            told += f"; the text says p < {effect.p_below}"
        return Finding(
            check="words",
            effects=(effect,),
            verdict="holds" if agrees else "does not hold",
            sentence=f"{told}; the standard error that it implies gives {_p_text(p_value)}.",
            p_value=p_value,
        )

    def _parts(self, effect: PrintedEffect) -> list[PrintedEffect]:
        """The rows that a combined row should follow from, as far as they are printed."""
        parts = self.source.population(effect).parts
        return [
            other
            for other in self.source.effects
            if other.population in parts and other.numbers and _moment(other) == _moment(effect)
        ]

    def combined(self, effect: PrintedEffect) -> Iterator[Finding]:
        """Whether a combined row can follow from its parts, under every model."""
        names = self.source.population(effect).parts
        if not names:
            return
        parts = self._parts(effect)
        absent = [name for name in names if name not in {part.population for part in parts}]
        if effect.numbers is not None and not absent:
            yield from (self._follows(effect, parts, model) for model in MODELS)
            return
        when = f" at {effect.timepoint}" if effect.timepoint else ""
        lacking = f" of {' or '.join(absent)}{when}" if effect.numbers is not None else ""
        yield Finding(
            check="combined",
            effects=(effect,),
            verdict="cannot be asked",
            sentence=f"No number{lacking} is printed.",
        )

    def _follows(
        self, effect: PrintedEffect, parts: Sequence[PrintedEffect], model: Model
    ) -> Finding:
        """Whether a combined row is the pool of its parts under one model."""
        found = [said for part in parts if (said := self.said(part)) is not None]
        pooled = self._pooled([(said.estimate, said.se) for said in found], model)
        numbers = [shown(effect, n) for n in (pooled.estimate, pooled.ci_low, pooled.ci_high)]
        estimate, low, high = numbers
        follows = self._reaches(effect, found, model)
        names = " and ".join(part.population for part in parts)
        given = f"Pooled {MODELS[model]}, {names} give {interval_text(estimate, low, high)}"
        answer = (
            f", and {effect.printed} can follow from them."
            if follows
            else f" and not {effect.printed}, by more than rounding; weights of the single trials "
            "may explain it and are not printed."
        )
        return Finding(
            check="combined",
            effects=(effect, *parts),
            verdict="can follow" if follows else "does not follow",
            sentence=given + answer,
            model=model,
            interval="wald",
            estimate=estimate,
            low=low,
            high=high,
            standard_error=pooled.se,
        )

    def _reaches(self, effect: PrintedEffect, parts: Sequence[Implied], model: Model) -> bool:
        """Whether the pool of the parts can be what is printed, within what rounding allows.

        Each estimate and standard error is taken at both ends of its rounding, in every
        combination.
        """
        whole = self.said(effect)
        corners = [
            self._pooled(corner, model)
            for corner in product(*(product(said.estimates, said.ses) for said in parts))
        ]
        return whole is not None and all(
            printed.meets(Span(min(numbers), max(numbers)))
            for printed, numbers in (
                (whole.estimates, [corner.estimate for corner in corners]),
                (whole.low, [corner.ci_low for corner in corners]),
                (whole.high, [corner.ci_high for corner in corners]),
            )
        )

    def _pooled(self, parts: Sequence[tuple[float, float]], model: Model) -> Pooled:
        """The pool of effects with their standard errors."""
        effects, errors = zip(*parts, strict=True)
        squares = [error**2 for error in errors]
        return pool_effects(effects, squares, model=model, interval="wald", level=self.level)

    def differences(self) -> Iterator[Finding]:
        """Whether populations differ, for each outcome and time that two of them have."""
        parts = {name for entry in self.source.populations for name in entry.parts}
        groups: dict[tuple[str, str], list[PrintedEffect]] = {}
        for effect in self.source.effects:
            if effect.population in parts and effect.numbers:
                groups.setdefault(_moment(effect), []).append(effect)
        yield from (self._difference(group) for group in groups.values() if len(group) > 1)

    def _difference(self, effects: Sequence[PrintedEffect]) -> Finding:
        found = [said for effect in effects if (said := self.said(effect)) is not None]
        pooled = self._pooled([(said.estimate, said.se) for said in found], "common")
        chance = pooled.q_p is not None and pooled.q_p >= 1 - self.level
        told = "Chance can explain" if chance else "Chance hardly explains"
        names = " and ".join(effect.population for effect in effects)
        q = f"Q = {pooled.q:.2f}, df = {pooled.q_df}, {_p_text(pooled.q_p)}"
        unlike = chance and len({effect.says for effect in effects}) > 1
        words = ", ".join(f"{effect.says} in {effect.population}" for effect in effects)
        return Finding(
            check="difference",
            effects=tuple(effects),
            verdict="computed",
            sentence=f"{told} the difference between {names} ({q})"
            + (f", although the text says {words}." if unlike else "."),
            model="common",
            q=pooled.q,
            p_value=pooled.q_p,
        )

    def hartung_knapp(self, effect: PrintedEffect) -> Iterator[Finding]:
        """How wide the interval is by Hartung and Knapp, where the number of trials is known.

        The modified form multiplies the standard error by 1 or more, and by 1 for two trials under
        random effects; by how much the plain form does is known to the trials alone.
        """
        trials, found = self.source.population(effect).trials, self.said(effect)
        if trials is None or trials < 2 or found is None:
            return
        sure = confidence(found.estimate, found.se, self.level, trials - 1)
        excluded = sure.low > 0 or sure.high < 0
        estimate, low, high = (shown(effect, n) for n in (found.estimate, sure.low, sure.high))
        yield Finding(
            check="interval",
            effects=(effect,),
            verdict="computed",
            sentence=f"With {trials} trials the modified Hartung-Knapp interval is at least "
            f"{interval_text(estimate, low, high)}, which "
            f"{_about_null(effect, excluded=excluded)}.",
            interval="HK-modified",
            estimate=estimate,
            low=low,
            high=high,
            standard_error=found.se,
            p_value=sure.p_value,
        )
        yield Finding(
            check="interval",
            effects=(effect,),
            verdict="cannot be asked",
            sentence="The plain Hartung-Knapp interval depends on how far the trials lie apart, "
            "which is not printed.",
            interval="HK",
        )


def _moment(effect: PrintedEffect) -> tuple[str, str]:
    """The outcome and the time under which effects are pooled."""
    return effect.outcome, effect.pooled_as or effect.timepoint


def _midpoint(effect: PrintedEffect, found: Implied) -> Finding:
    """Whether the estimate is the middle of its interval, and the standard error of that."""
    scale = " on the logarithmic scale" if effect.is_ratio else ""
    told = "is" if found.is_midpoint else "is not, by more than rounding,"
    return Finding(
        check="midpoint",
        effects=(effect,),
        verdict="holds" if found.is_midpoint else "does not hold",
        sentence=f"The estimate {told} the middle of its interval{scale}; as "
        f"Wald's it implies a standard error of {found.se:.3f} "
        f"({found.ses.low:.3f} to {found.ses.high:.3f} by rounding).",
        standard_error=found.se,
    )


def _about_null(effect: PrintedEffect, *, excluded: bool) -> str:
    null = 1 if effect.is_ratio else 0
    return f"leaves {null} out" if excluded else f"holds {null}"


def _p_text(p_value: float | None) -> str:
    return "no p" if p_value is None else probability(p_value)
