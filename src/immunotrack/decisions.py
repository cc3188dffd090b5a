"""Rules of decision as data: what a result, or several, must be, and when."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from immunotrack.analytes import find_analyte
from immunotrack.anchors import NAMES
from immunotrack.intervals import Compare
from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import (
    Entry,
    Number,
    choice_problem,
    load_builtin,
    parse_toml,
    read_text,
    validated,
)
from immunotrack.table import analyte_key
from immunotrack.units import shift_between

Measure = Literal["value", "percent rise", "times upper limit"]
When = Literal["any time", "before first dose", "after first dose"]

_OWN_BASELINES: Final = ("last", "mean")


class Rule(Entry):
    """One rule, with its source.

    Args:
        measure: What is compared: the value, its rise above the baseline in percent, or how many
            times the upper limit of its range it is.
        unit: Of `value`; `%` for a rise, none for the upper limit.
        take: `some`: at least `count` results must comply; `every`: all of them; `nearest`: the one
            closest to `at_day`, the earlier of two.
        hours_apart: At least between two results that count.
        consecutive: Every result between those that count complies, too.
        clock: What days count from: a name of `anchors.NAMES`, or `event:NAME`.
        counts_from: A word that the name of the clock must have, `admission`.
        from_day, to_day: The window, whole days, both in it.
        baseline: `last` or `mean` of the values before the first dose, or the name of a rule: the
            mean of the results that meet it.
        slope: The sign that the least-squares slope from `slope_from_day` to `to_day` must have.
        after_event: An event whose name has this word; the last result that counts must come
            `after_hours` after it or later.
        excluding: Names of rules; a patient who meets one of them does not meet this one.
        excluding_events: A patient with an event whose name has one of these words does not.
        excluding_during: Results of the time of such an event are not asked.
        assumed: Keys of this entry that its source does not give.
    """

    name: str = Field(min_length=1)
    title: str = ""
    analyte: str
    measure: Measure = "value"
    compare: Compare
    value: Number
    unit: str = ""
    take: Literal["some", "every", "nearest"] = "some"
    count: int = Field(default=1, ge=1)
    hours_apart: Number = Number(0)
    consecutive: bool = False
    when: When = "any time"
    clock: str = ""
    counts_from: str = ""
    from_day: int | None = None
    to_day: int | None = None
    at_day: int | None = None
    baseline: str = "last"
    slope: Literal["", "negative", "positive"] = ""
    slope_from_day: int | None = None
    after_event: str = ""
    after_hours: Number = Number(0)
    excluding: list[str] = []
    excluding_events: list[str] = []
    excluding_during: list[str] = []
    assumed: list[str] = []
    source: str
    url: str = ""
    quote: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for wrong, message in self._faults():
            if wrong:
                raise ValueError(message)
        return self

    def _faults(self) -> list[tuple[bool, str]]:
        """What must not be, and how it is told."""
        days = (self.from_day, self.to_day, self.at_day, self.slope_from_day)
        first, last = self.from_day, self.to_day
        known = find_analyte(self.analyte)
        unit = "%" if self.measure == "percent rise" else ""
        odd = (
            known is not None
            and self.measure == "value"
            and shift_between(self.unit, known.unit) is None
        )
        return [
            (
                any(day is not None for day in days) and not self.clock,
                "days need a clock",
            ),
            (
                bool(self.clock)
                and self.clock not in NAMES
                and not self.clock.startswith("event:"),
                f"the clock must be one of {', '.join(NAMES)}, or event:NAME",
            ),
            (
                first is not None and last is not None and first > last,
                "from_day must not be after to_day",
            ),
            (self.take == "nearest" and self.at_day is None, "nearest needs at_day"),
            (self.take != "some" and self.count > 1, "count goes with take = some"),
            (
                not all(word.strip() for word in (*self.excluding_events, *self.excluding_during)),
                "an event that excludes needs a word",
            ),
            (self.measure != "value" and self.unit != unit, f"the unit must be {unit!r}"),
            (odd, f"the unit does not convert into {known.unit if known else ''}"),
            (not set(self.assumed) <= set(type(self).model_fields), "assumed must name keys"),
        ]

    @property
    def key(self) -> str:
        """The analyte as the catalogue has it."""
        return analyte_key(self.analyte)

    @property
    def criterion(self) -> str:
        """The rule in words."""
        number = f"{self.compare} {self.value}"
        subject = {
            "value": f"{self.analyte} {number} {self.unit}".strip(),
            "percent rise": f"rise of {self.analyte} {number} %",
            "times upper limit": f"{self.analyte} {number} x upper limit",
        }[self.measure]
        parts = [subject, *self._counted(), *self._when(), *self._further()]
        return ", ".join(parts)

    def _counted(self) -> list[str]:
        if self.take == "every":
            return ["every result"]
        if self.take == "nearest":
            return [f"the result nearest to day {self.at_day}"]
        order = "consecutive " if self.consecutive else ""
        apart = f" at least {self.hours_apart} h apart" if self.hours_apart else ""
        return [f"{self.count} {order}results{apart}"] if self.count > 1 else []

    @property
    def window(self) -> list[str]:
        """The days in words, if the rule names any."""
        first, last = self.from_day, self.to_day
        if first is None and last is None:
            return []
        start = "" if first is None else f"from day {first}"
        end = "" if last is None else f"to day {last}"
        return [f"{start} {end} ({self.clock})".strip()]

    def _when(self) -> list[str]:
        return self.window + ([] if self.when == "any time" else [self.when])

    def _further(self) -> list[str]:
        event = f"{self.after_hours} h after {self.after_event} or later"
        told = [f"{self.slope} slope"] if self.slope else []
        told += [event] if self.after_event else []
        told += [f"not during {word}" for word in self.excluding_during]
        excluded = [*self.excluding_events, *self.excluding]
        return told + ([f"excluding {', '.join(excluded)}"] if excluded else [])

    @property
    def assumptions(self) -> str:
        """The keys that the source does not give, with what is assumed: `from_day 27`."""
        return "; ".join(f"{key} {getattr(self, key)}" for key in self.assumed)


class RuleFile(Entry):
    """The rules of one file; a rule may take its baseline from another one of them."""

    rules: list[Rule] = Field(alias="rule", min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        names = [rule.name for rule in self.rules]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"two rules have the name {twice[0]}")
        return self


@cache
def rule_presets() -> dict[str, Rule]:
    """The rules that come with immunotrack, by name."""
    table = load_builtin("data/decisions.toml", RuleFile)
    return {rule.name: rule for rule in table.rules}


class Asked(NamedTuple):
    """A rule to ask.

    Args:
        base: The rule whose results are the baseline, where that is what the rule names.
        excluding: The rules that exclude.
    """

    rule: Rule
    base: Rule | None = None
    excluding: tuple[Rule, ...] = ()

    @property
    def rules(self) -> list[Rule]:
        """All rules that have to be asked for an answer."""
        return [self.rule, *([self.base] if self.base else []), *self.excluding]


def choose_rules(chosen: Sequence[str | Rule]) -> list[Asked]:
    """Presets by their name, or all rules of a TOML file.

    Raises:
        InvalidInput: There is no such preset, or a file has errors.
    """
    presets = rule_presets()
    asked: list[Asked] = []
    for name in chosen:
        if isinstance(name, Rule):
            asked.append(_resolved(name, presets, name.name))
        elif name in presets:
            asked.append(_resolved(presets[name], presets, name))
        else:
            rules = _load(name)
            known = presets | {rule.name: rule for rule in rules}
            asked += [_resolved(rule, known, name) for rule in rules]
    return asked


def _load(name: str) -> list[Rule]:
    path = Path(name)
    if not path.suffix and not path.exists():
        raise InvalidInput([choice_problem("--rule", name, [*rule_presets(), "a .toml file"])])
    text = read_text(path)
    return validated(parse_toml(text, name), RuleFile, text, name).rules


def _resolved(rule: Rule, known: Mapping[str, Rule], source: str) -> Asked:
    """A rule with those that it names.

    Raises:
        InvalidInput: One is not there, or cannot be asked for this.
    """
    excluding = tuple(_that_excludes(name, known, source) for name in rule.excluding)
    return Asked(rule, _base(rule, known, source), excluding)


def _base(rule: Rule, known: Mapping[str, Rule], source: str) -> Rule | None:
    if rule.measure != "percent rise" or rule.baseline in _OWN_BASELINES:
        return None
    base = known.get(rule.baseline)
    if base is None or base.measure != "value" or base.key != rule.key:
        message = f"no rule of this name asks values of {rule.analyte}"
        fix = "Write last, mean, or the name of such a rule."
        raise InvalidInput(
            [_unnamed(source, "baseline", rule.baseline, message, fix)], unreadable=True
        )
    return base


def _that_excludes(name: str, known: Mapping[str, Rule], source: str) -> Rule:
    rule = known.get(name)
    if rule is None or rule.excluding or rule.measure == "percent rise":
        message = "no rule of this name asks values and excludes by no other rule"
        fix = "Write the name of such a rule, of this file or a preset."
        raise InvalidInput([_unnamed(source, "excluding", name, message, fix)], unreadable=True)
    return rule


def _unnamed(source: str, column: str, value: str, message: str, fix: str) -> Problem:
    return Problem(
        code="bad-entry", source=source, column=column, value=value, message=message, fix=fix
    )
