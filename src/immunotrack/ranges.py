"""Which values are usual: published and local ranges, in sets, with their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from immunotrack.analytes import Sex, find_analyte, same_name
from immunotrack.problems import InvalidInput
from immunotrack.settings import (
    Entry,
    Number,
    choice_problem,
    load_builtin,
    parse_toml,
    read_text,
    validated,
)
from immunotrack.units import shift_between, shifted, unit_symbol
from immunotrack.values import LARGEST


class ReferenceRange(Entry):
    """One published or local range, or one decision limit.

    Args:
        low: Lower limit, in range itself; None where the range has no lower side.
        high: Upper limit, in range itself; None where the range has no upper side.
        critical_low: Below this a result is critical (`LL`).
        critical_high: Above this a result is critical (`HH`).
        limit: The value of a decision limit, which has neither low nor high.
        sex: The range holds for this sex only; not applied where the sex is not known.
        age_from_years: Completed years from which the range holds.
        age_below_years: Completed years below which the range holds.
        adults: Not applied below 18 years; applied where no age is known.
        assumed: The source does not give it as the range it is used as; a figure says so.
    """

    analyte: str
    low: Number | None = None
    high: Number | None = None
    critical_low: Number | None = None
    critical_high: Number | None = None
    limit: Number | None = None
    unit: str
    kind: Literal["reference interval", "positivity cut-off", "decision limit"] = (
        "reference interval"
    )
    sex: Sex | None = None
    age_from_years: Number | None = None
    age_below_years: Number | None = None
    adults: bool = False
    assumed: bool = False
    population: str = ""
    method: str = ""
    meaning: str = ""
    note: str = ""
    source: str = ""
    url: str = ""
    quote: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        limits = (self.low, self.high, self.critical_low, self.critical_high)
        if self.kind == "decision limit":
            if self.limit is None or any(limit is not None for limit in limits):
                raise ValueError("a decision limit has `limit` and neither low nor high")
        elif self.limit is not None or all(limit is None for limit in limits):
            raise ValueError("a range has low, high or both, and no `limit`")
        if not all(abs(limit) < LARGEST for limit in (*limits, self.limit) if limit is not None):
            raise ValueError("a limit must be a number below 1e30")
        first, last = self.age_from_years, self.age_below_years
        if first is not None and last is not None and first >= last:
            raise ValueError("age_from_years must be below age_below_years")
        known = find_analyte(self.analyte)
        if known is not None and shift_between(self.unit, known.unit) is None:
            raise ValueError(f"the unit does not convert into {known.unit}")
        given = [
            limit
            for limit in (self.critical_low, self.low, self.high, self.critical_high)
            if limit is not None
        ]
        if given != sorted(given):
            raise ValueError("the limits must rise: critical_low, low, high, critical_high")
        return self

    def holds_for(self, sex: str, age_years: float | None) -> bool:
        """Whether the range is one for a patient of this sex (empty: unknown) and age."""
        if self.sex is not None and self.sex != sex:
            return False
        if age_years is None:
            return self.age_from_years is None and self.age_below_years is None
        years = int(age_years)
        return (
            not (self.adults and years < 18)
            and (self.age_from_years is None or years >= self.age_from_years)
            and (self.age_below_years is None or years < self.age_below_years)
        )

    def in_unit(self, number: Decimal | None, unit: str) -> Decimal | None:
        """A limit of this range in another unit; None without a conversion."""
        shift = 0 if unit_symbol(unit) == unit_symbol(self.unit) else shift_between(self.unit, unit)
        return None if number is None or shift is None else shifted(number, shift)

    def reaches(self, unit: str) -> bool:
        """Whether the range can be said in this unit."""
        return (
            unit_symbol(unit) == unit_symbol(self.unit)
            or shift_between(self.unit, unit) is not None
        )


class RangeSet(Entry):
    """Ranges that belong together: one laboratory, one publication.

    Args:
        name: What `range_source` says of a result it was applied to.
        default: Applied where neither the data nor the user names a range.
        ranges: The entries; the first that holds for a patient is used.
    """

    name: str
    title: str = ""
    source: str
    default: bool = False
    ranges: list[ReferenceRange] = Field(alias="range", min_length=1)

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in {"file", "none", ""}:
            raise ValueError("the name of a set must not be file, none or empty")
        return name

    def find(
        self, analyte: str, unit: str, sex: str, age_years: float | None
    ) -> ReferenceRange | None:
        """The first range of the set for an analyte that holds and can be said in the unit."""
        return next(
            (
                entry
                for entry in self.ranges
                if entry.kind != "decision limit"
                and same_name(entry.analyte, analyte)
                and entry.reaches(unit)
                and entry.holds_for(sex, age_years)
            ),
            None,
        )

    def decision_limits(self, analyte: str) -> list[ReferenceRange]:
        """The decision limits of an analyte, lowest first."""
        found = [r for r in self.ranges if r.kind == "decision limit" and r.analyte == analyte]
        return sorted(found, key=lambda entry: entry.limit or Decimal(0))


class _RangeFile(Entry):
    sets: list[RangeSet] = Field(alias="set", min_length=1)


@dataclass(frozen=True, slots=True)
class AppliedRange:
    """The range that applies to a result, in the unit of the result.

    Args:
        source: The name of the set it comes from.
        entry: The range as that set has it.
    """

    low: float | None
    high: float | None
    critical_low: float | None
    critical_high: float | None
    source: str
    entry: ReferenceRange


def applied_range(
    sets: Sequence[RangeSet], analyte: str, unit: str, sex: str = "", age_years: float | None = None
) -> AppliedRange | None:
    """The first range that holds, the sets taken in their order; None where there is none."""
    for ranges in sets:
        entry = ranges.find(analyte, unit, sex, age_years)
        if entry is not None:
            low, high, critical_low, critical_high = (
                None if limit is None else float(limit)
                for limit in (
                    entry.in_unit(number, unit)
                    for number in (entry.low, entry.high, entry.critical_low, entry.critical_high)
                )
            )
            return AppliedRange(low, high, critical_low, critical_high, ranges.name, entry)
    return None


@cache
def builtin_range_sets() -> dict[str, RangeSet]:
    """The range sets that come with immunotrack, by name, in their order of precedence."""
    table = load_builtin("data/ranges.toml", _RangeFile)
    return {ranges.name: ranges for ranges in table.sets}


def load_range_sets(path: Path) -> list[RangeSet]:
    """The range sets of a TOML file: `[[set]]` tables as in ours, or one set at the top level.

    An analyte may be written under any name of the catalogue; a name that the catalogue does not
    know is matched with the same name in the data.

    Raises:
        InvalidInput: The file cannot be read, or an entry is wrong; all of them are named.
    """
    text = read_text(path)
    data = parse_toml(text, str(path))
    if "set" not in data:
        data = {"name": path.stem, **data}
        table = [validated(data, RangeSet, text, str(path))]
    else:
        table = validated(data, _RangeFile, text, str(path)).sets
    return [_with_keys(ranges) for ranges in table]


def _with_keys(ranges: RangeSet) -> RangeSet:
    """The set with every known analyte under its key and every unit in its house spelling."""
    return ranges.model_copy(
        update={
            "ranges": [
                entry.model_copy(
                    update={
                        "analyte": found.key
                        if (found := find_analyte(entry.analyte))
                        else entry.analyte,
                        "unit": unit_symbol(entry.unit),
                    }
                )
                for entry in ranges.ranges
            ]
        }
    )


def choose_range_sets(chosen: Sequence[str | RangeSet] = ()) -> list[RangeSet]:
    """The sets to apply, in order: those chosen by name or file, then the default ones.

    Args:
        chosen: Sets, names of built-in sets or paths of TOML files; `none` leaves out the
            default ones.

    Raises:
        InvalidInput: A name is neither a set nor a file, or a file has errors.
    """
    builtin = builtin_range_sets()
    sets: list[RangeSet] = []
    for name in chosen:
        if isinstance(name, RangeSet):
            sets.append(name)
        elif name == "none":
            continue
        elif name in builtin:
            sets.append(builtin[name])
        elif Path(name).suffix or Path(name).exists():
            sets += load_range_sets(Path(name))
        else:
            raise InvalidInput(
                [choice_problem("--ranges", name, [*builtin, "none", "a .toml file"])]
            )
    if "none" not in chosen:
        sets += [ranges for ranges in builtin.values() if ranges.default and ranges not in sets]
    return sets
