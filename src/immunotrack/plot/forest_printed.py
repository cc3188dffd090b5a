"""The forest plot of pooled effects as their source prints them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from immunotrack.evidence.printed import MEASURES, NOT_REPORTED, EffectSet, PrintedEffect
from immunotrack.plot.forest_lines import Block, Forest, Line
from immunotrack.units import unit_label


def printed_forest(effects: Sequence[PrintedEffect], source: EffectSet) -> Forest:
    """The effects by measure, outcome and population; nothing is there that is not printed."""
    blocks = [
        _block([effect for effect in effects if effect.measure == measure], source)
        for measure in MEASURES
        if any(effect.measure == measure for effect in effects)
    ]
    return Forest(title=source.title, blocks=blocks, notes=list(_notes(effects, source)))


def _block(effects: Sequence[PrintedEffect], source: EffectSet) -> Block:
    first = effects[0]
    return Block(
        title="Outcome",
        lines=list(_lines(effects, source)),
        measure=first.measure,
        axis=_axis(effects),
        log=first.is_ratio,
        favours=favours(_better(effects, source), source.treatment, source.control),
        level_percent=source.level_percent,
    )


def _lines(effects: Sequence[PrintedEffect], source: EffectSet) -> Iterator[Line]:
    """A heading for each outcome and timepoint, and a line for each population."""
    for (outcome, when), group in groupby(effects, key=_moment):
        title = next(entry.title for entry in source.outcomes if entry.name == outcome)
        yield Line(kind="heading", label=f"{title}, {when}" if when else title)
        for effect in group:
            yield _line(effect, source, when)


def _moment(effect: PrintedEffect) -> tuple[str, str]:
    return effect.outcome, effect.pooled_as or effect.timepoint


def _line(effect: PrintedEffect, source: EffectSet, when: str) -> Line:
    population = source.population(effect)
    own = f" ({effect.timepoint})" if effect.timepoint != when else ""
    estimate, low, high = effect.numbers or (None, None, None)
    return Line(
        kind="total" if population.parts else "study",
        label=population.title + own,
        estimate=None if estimate is None else float(estimate),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        said="" if effect.numbers else NOT_REPORTED,
        level=1,
    )


def _axis(effects: Sequence[PrintedEffect]) -> str:
    """The measure with the units that its numbers are in, and whether these are assumed."""
    measure = MEASURES[effects[0].measure]
    units = {
        unit_label(effect.unit or effect.assumed_unit): not effect.unit
        for effect in effects
        if effect.numbers and (effect.unit or effect.assumed_unit)
    }
    told = [f"{unit} (unit assumed)" if assumed else unit for unit, assumed in units.items()]
    return ", ".join([measure, *told]) + (" (log scale)" if effects[0].is_ratio else "")


def _better(effects: Sequence[PrintedEffect], source: EffectSet) -> str:
    """On which side the treatment helps, where that is the same for every number."""
    sides = {source.outcome(effect).better for effect in effects if effect.numbers}
    return sides.pop() if len(sides) == 1 else ""


def favours(better: str, treatment: str, control: str) -> tuple[str, str]:
    """What the left and the right side of no effect mean.

    >>> favours("lower", "rhIL-7", "control")
    ('← favours rhIL-7', 'favours control →')
    """
    if not better:
        return "", ""
    left, right = (treatment, control) if better == "lower" else (control, treatment)
    return f"← favours {left}", f"favours {right} →"


_ALIKE: Final = "Weights and heterogeneity are not printed: all squares are alike."


def _notes(effects: Sequence[PrintedEffect], source: EffectSet) -> Iterator[str]:
    populations = {effect.population: source.population(effect) for effect in effects}
    combined = any(entry.parts for entry in populations.values())
    yield (
        f"{source.treatment} against {source.control}; effects pooled over trials, with "
        f"{source.level_percent} % confidence intervals, as printed"
        + ("; diamonds: populations combined." if combined else ".")
    )
    yield f"Neither the model nor the kind of interval is named. {_ALIKE}"
    if any(effect.assumed_unit and not effect.unit for effect in effects):
        yield f"Unit assumed: {source.assumed_unit_reason}."
    for effect in effects:
        if effect.pooled_as:
            yield (
                f"{source.population(effect).title}, {effect.timepoint}: pooled as "
                f"{effect.pooled_as}."
            )
    for entry in populations.values():
        if entry.trials is not None:
            yield f"{entry.title}: {entry.trials} trials, {entry.trials_source}."
    yield f"Source: {source.source}."
