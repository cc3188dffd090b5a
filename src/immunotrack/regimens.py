"""Published dosing plans, and where doses fall that a plan does not place, as data."""

from collections.abc import Mapping
from functools import cache
from typing import Self

from pydantic import Field, field_validator, model_validator

from immunotrack.settings import Entry, load_builtin


class Placing(Entry):
    """Where doses fall that a plan does not place; each of them is marked as assumed.

    Args:
        gap_days: From the last dose of one part to the first of the next.
        week_days: For so many doses a week their days, 0 being the day of the week's first.
    """

    gap_days: int = Field(ge=1, le=28)
    week_days: dict[int, list[int]]
    source: str

    @field_validator("week_days", mode="before")
    @classmethod
    def _whole_keys(cls, given: object) -> object:
        """The keys as numbers, which TOML has as text."""
        if not isinstance(given, Mapping):
            return given
        return {int(key) if str(key).isdecimal() else key: days for key, days in given.items()}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for number, days in self.week_days.items():
            rising = days == sorted(set(days)) and set(days) <= set(range(7))
            if len(days) != number or not rising or days[0] != 0:
                raise ValueError(f"week_days: {number} needs {number} rising days, 0 to 6, from 0")
        return self


class Regimen(Entry):
    """A published plan.

    Args:
        plan: In the words that `parse_plan` understands.
    """

    name: str
    plan: str
    drug: str = ""
    route: str = ""
    registry: str = ""
    note: str = ""
    source: str
    quote: str


class _RegimenFile(Entry):
    placing: Placing
    regimens: list[Regimen] = Field(alias="plan")


@cache
def _builtin() -> _RegimenFile:
    return load_builtin("data/regimens.toml", _RegimenFile)


def regimens() -> Mapping[str, Regimen]:
    """The published plans that come with immunotrack, by name."""
    return {regimen.name: regimen for regimen in _builtin().regimens}


def usual_placing() -> Placing:
    """The assumption by which doses are placed where nothing else is asked for."""
    return _builtin().placing
