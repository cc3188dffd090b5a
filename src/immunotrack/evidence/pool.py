"""Studies pooled: their effects, the pooled one, subgroups, and what was done to get there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.evidence.confidence import Confidence, IntervalMethod, confidence
from immunotrack.evidence.effects import Effect, LeftOut, Measure, Study, effect_of
from immunotrack.evidence.headers import scales
from immunotrack.evidence.influence import Without, leave_one_out
from immunotrack.evidence.mantel_haenszel import NotPooled
from immunotrack.evidence.method import How, pool_by
from immunotrack.evidence.pooled import Method, Pooled
from immunotrack.evidence.rows import StudyTable, decimal_of
from immunotrack.evidence.studies import Studies, made_studies, read_studies
from immunotrack.evidence.subgroups import Difference, Group, difference, subgroups
from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import choice_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of studies; every number is on the scale of analysis.

    Args:
        how: The choices that it was made by.
        label: What the effects are called: `MD`, `HR`, `difference`.
        ratio: Whether they are logarithms of ratios.
        effects: Of the studies that are pooled, in their order.
        left_out: The studies that say nothing of the effect.
        groups: The subgroups, where there are any; `difference` is their test.
        notes: What was done to the studies' numbers, chosen, or could not be had.
        problems: The warnings of the table.
    """

    how: How
    label: str
    ratio: bool
    effects: tuple[Effect, ...]
    left_out: tuple[LeftOut, ...]
    overall: Pooled
    groups: tuple[Group, ...] = ()
    difference: Difference | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def interval_of(self, effect: Effect) -> Confidence:
        """A study's own interval, Wald's, at the level of the pool."""
        return confidence(effect.estimate, effect.variance**0.5, self.how.level)

    def leave_one_out(self) -> tuple[Without, ...]:
        """The pool without each of its studies in turn."""
        return leave_one_out(self.how, self.effects)


def pool(
    studies: IntoDataFrame | StudyTable | Sequence[Study],
    *,
    measure: Measure,
    model: Method,
    interval: IntervalMethod,
    subgroup: str = "",
    scale: str = "",
    level: float = 0.95,
    correction: float = 0.5,
) -> Pool:
    """Pool the studies of a table, of which each row is one.

    Args:
        studies: A frame with the columns that the README lists, or studies made already.
        measure: MD or SMD of means, RR, OR or RD of events, `generic` of published estimates.
        model: `common`, `DL`, `PM`, `REML`, `ML`; of events also `MH`, `Peto`.
        interval: `wald`, `HK` or `HK-modified`.
        subgroup: The column of the subgroups; of studies made already, anything but "" takes
            their own.
        scale: Of published estimates: `difference`, `ratio` or `log-ratio`, where no column
            `measure` says it. Of a ratio the logarithm is pooled.
        level: The confidence of all intervals.
        correction: What is added to each cell of a two-by-two table of which one is 0.

    Raises:
        InvalidInput: With every row that is no study and the reason, or a choice that is none.

    >>> import pandas as pd
    >>> trials = {"study": ["A", "B"], "events treated": [2, 3], "n treated": [50, 40],
    ...     "events control": [6, 5], "n control": [50, 42]}
    >>> found = pool(pd.DataFrame(trials), measure="RR", model="MH", interval="wald")
    >>> round(found.overall.estimate, 3), found.overall.k
    (-0.763, 2)
    """
    how = How(measure=measure, model=model, interval=interval, level=level, correction=correction)
    if scale and scale not in scales():
        raise InvalidInput([choice_problem("scale", scale, scales())])
    read = _read(studies, how, subgroup, scale)
    if any(problem.is_error for problem in read.problems):
        raise InvalidInput(read.problems)
    return _pooled(how, read, grouped=bool(subgroup))


def _read(
    studies: IntoDataFrame | StudyTable | Sequence[Study], how: How, by: str, scale: str
) -> Studies:
    if isinstance(studies, StudyTable):
        return read_studies(studies, how.measure, by, scale)
    if isinstance(studies, Sequence):
        return made_studies(studies, how.measure, scale)
    return read_studies(_table_of(studies), how.measure, by, scale)


def _table_of(frame: IntoDataFrame) -> StudyTable:
    """A frame as a table of its cells, None where one is missing."""
    given = nw.from_native(frame, eager_only=True)
    columns = [
        [None if missing else cell for cell, missing in zip(own, own.is_null(), strict=True)]
        for own in given.iter_columns()
    ]
    texts = (cell for column in columns for cell in column if isinstance(cell, str))
    return StudyTable(
        source="table",
        header=list(map(str, given.columns)),
        rows=list(zip(*columns, strict=True)),
        decimal=decimal_of(texts),
    )


def _pooled(how: How, read: Studies, *, grouped: bool) -> Pool:
    """The pool of studies that are known to be sound."""
    peto = how.model == "Peto"
    found = [effect_of(study, how.measure, how.correction, peto=peto) for study in read.studies]
    effects = tuple(each for each in found if isinstance(each, Effect))
    left_out = tuple(each for each in found if isinstance(each, LeftOut))
    try:
        overall = pool_by(how, effects)
    except NotPooled as error:
        raise InvalidInput([_not_pooled(read.studies, str(error))]) from None
    groups = subgroups(how, effects) if grouped else ()
    return Pool(
        how=how,
        label=read.label,
        ratio=read.ratio,
        effects=effects,
        left_out=left_out,
        overall=overall,
        groups=groups,
        difference=difference(how, effects, groups) if grouped else None,
        notes=(*read.told, *_notes(how, effects, left_out, overall)),
        problems=tuple(read.problems),
    )


def _not_pooled(studies: Sequence[Study], message: str) -> Problem:
    source = studies[0].source if studies else "studies"
    fix = "Choose another measure or model, or say in words that the trials saw no event."
    return Problem(code="not-pooled", source=source or "studies", message=message, fix=fix)


_FORMULAS: Final = {
    "SMD": "SMD is Hedges' g with the exact correction for small samples",
    "RR": "risk ratios are pooled as logarithms",
    "OR": "odds ratios are pooled as logarithms",
}


def _notes(
    how: How, effects: Sequence[Effect], left_out: Sequence[LeftOut], overall: Pooled
) -> Iterator[str]:
    """What a reader has to know beside the numbers."""
    if how.measure in _FORMULAS:
        yield _FORMULAS[how.measure]
    done: dict[str, list[str]] = {}
    for effect in effects:
        for note in effect.notes:
            done.setdefault(note, []).append(effect.study.name)
    for note, names in done.items():
        yield f"{', '.join(names)}: {note}"
    for each in left_out:
        yield f"{each.study.name} is left out: {each.why}"
    yield from overall.notes
