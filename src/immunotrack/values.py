"""The grammar of a result as a laboratory writes it: `12.3`, `<5`, `>= 1000`, `not detected`."""

import math
import re
import tomllib
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What a result text is."""

    EMPTY = "empty"
    NUMBER = "number"
    CENSORED = "censored"
    NOT_DETECTED = "not detected"
    COMMA = "comma"
    TEXT = "text"


class Result(NamedTuple):
    """A result text, understood.

    Args:
        comparator: `<`, `<=`, `>`, `>=` or empty; it stays with the number for ever.
        number: The number as written; None for words and for a bare "not detected".
        percent: The text ends in a percent sign.
    """

    kind: Kind
    comparator: str = ""
    number: Decimal | None = None
    percent: bool = False


COMPARATORS: Final = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}

_SIGN = r"(?P<comparator><=|>=|≤|≥|<|>)?\s*"
_RESULT = re.compile(
    _SIGN
    + r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*(?P<percent>%)?"
)
_GROUPED = re.compile(_SIGN + r"[+-]?[0-9]+(?:[.,' \u00a0\u202f][0-9]+)+\s*%?")
LARGEST: Final = 10**30
"""No result of a laboratory is as large; a larger number is refused as text."""

_LONGEST: Final = 40
"""A longer text is no number: a double holds 17 digits."""


def parse_result(text: str) -> Result:
    """What a result text says; a number is never guessed.

    >>> parse_result("< 5")
    Result(kind=<Kind.CENSORED: 'censored'>, comparator='<', number=Decimal('5'), percent=False)
    >>> parse_result("1,5").kind, parse_result("pending").kind
    (<Kind.COMMA: 'comma'>, <Kind.TEXT: 'text'>)
    """
    text = text.strip()
    if not text:
        return Result(Kind.EMPTY)
    if len(text) > _LONGEST:
        return Result(Kind.TEXT)
    if match := _RESULT.fullmatch(text):
        comparator = COMPARATORS.get(match["comparator"] or "", "")
        kind = Kind.CENSORED if comparator else Kind.NUMBER
        number = Decimal(match["number"])
        if abs(number) >= LARGEST or (number and not float(number)):
            return Result(Kind.TEXT)
        return Result(kind, comparator, number, match["percent"] is not None)
    if " ".join(text.casefold().split()) in _not_detected():
        return Result(Kind.NOT_DETECTED, "<")
    return Result(Kind.COMMA if _GROUPED.fullmatch(text) else Kind.TEXT)


class RowResult(NamedTuple):
    """A result with what its row adds: the limit of detection stands in for the missing number.

    Args:
        unlimited: Not detected, and no limit of detection is known.
    """

    kind: str
    comparator: str
    value: float | None
    percent: bool
    unlimited: bool


def read_result(reported: str, detection_limit: float | None = None) -> RowResult:
    """A result text beside its limit of detection, as the columns that rules are asked of.

    >>> read_result("not detected", 0.5).value
    0.5
    """
    kind, comparator, number, percent = parse_result(reported)
    absent = kind is Kind.NOT_DETECTED
    value = detection_limit if absent else None if number is None else float(number)
    return RowResult(str(kind), comparator, value, percent, absent and value is None)


class Bound(NamedTuple):
    """One end of what a result allows; `open` is 1 or -1 where the end itself is not allowed.

    Two lower ends, or two upper ends, compare as they should: > 5 lies above >= 5.
    """

    value: float
    open: int = 0


def bounds(comparator: str, value: float | None) -> tuple[Bound, Bound]:
    """The lowest and the highest value that a result of a non-negative quantity allows.

    A missing value is a result below a limit that is not known: it allows anything from zero.

    >>> bounds("<", 5.0)
    (Bound(value=0.0, open=0), Bound(value=5.0, open=-1))
    """
    if value is None:
        return Bound(0.0), Bound(math.inf)
    if comparator in {"<", "<="}:
        return Bound(min(0.0, value)), Bound(value, -1 if comparator == "<" else 0)
    if comparator in {">", ">="}:
        return Bound(value, 1 if comparator == ">" else 0), Bound(math.inf)
    return Bound(value), Bound(value)


def from_bounds(lower: Bound, upper: Bound) -> tuple[str, float | None]:
    """The comparator and value that say as much of an interval as one result can.

    >>> from_bounds(Bound(3.0), Bound(5.0, -1)), from_bounds(Bound(3.0), Bound(3.0))
    (('<', 5.0), ('', 3.0))
    """
    if lower.value == upper.value and not lower.open and not upper.open:
        return "", upper.value
    if math.isfinite(upper.value):
        return "<" if upper.open else "<=", upper.value
    if lower > Bound(0.0):
        return ">" if lower.open else ">=", lower.value
    return "<", None


def result_text(comparator: str, number: float) -> str:
    """A number with its comparator as a result text; a whole number has no decimal point.

    >>> result_text("<", 5.0), result_text("", 0.57)
    ('<5', '0.57')
    """
    return f"{comparator}{int(number)}" if number.is_integer() else f"{comparator}{number!r}"


@cache
def _not_detected() -> frozenset[str]:
    table = tomllib.loads(files("immunotrack").joinpath("data/words.toml").read_text("utf-8"))
    return frozenset(table["not_detected"])
