"""The grammar of a result as a laboratory writes it: `12.3`, `<5`, `H 256`, `1.1 x 10^9`."""

import math
import re
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from immunotrack.numerals import SIGNS, Sign, numeral
from immunotrack.words import phrase, words

Reading = Literal["plain", "auto", "point", "comma"]
"""How digits are read: `plain` as our own files have them (a decimal point, no groups of digits),
`point` or `comma` with that decimal sign, `auto` with either where only one makes sense."""

Only = Literal["", "point", "comma"]
"""The one decimal sign that will do, or empty."""


class Kind(StrEnum):
    """What a result text is."""

    EMPTY = "empty"
    NUMBER = "number"
    CENSORED = "censored"
    NOT_DETECTED = "not detected"
    TITRE = "titre"
    INTERVAL = "interval"
    ORDINAL = "ordinal"
    MISSING = "missing"
    FORMULA_ERROR = "formula error"
    AMBIGUOUS = "ambiguous"
    COMMA = "comma"
    TEXT = "text"


class Result(NamedTuple):
    """A result text, understood.

    Args:
        comparator: `<`, `<=`, `>`, `>=` or empty; it stays with the number for ever.
        number: The number as written; None for words and for a bare "not detected".
        percent: The text ends in a percent sign.
        decimal: The only decimal sign with which the text is a number; empty where either will do.
        mark: What the laboratory wrote beside the number: `H`, `*`, `Normal`.
        word: A result that is no number, in one notation: `1:80`, `0-1`, `Neg`, `Pos`, `2+`.
    """

    kind: Kind
    comparator: str = ""
    number: Decimal | None = None
    percent: bool = False
    decimal: Only = ""
    mark: str = ""
    word: str = ""


COMPARATORS: Final = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}

LARGEST: Final = 10**30
"""No result of a laboratory is as large; a larger number is refused as text."""

_SHORT: Final = 30
"""A number written out in so few characters is never too large or too small."""

_LONGEST: Final = 40
"""A longer text is no number: a double holds 17 digits."""

_WORDIEST: Final = 200
"""A longer text is a comment, and is not searched for words."""

_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_EITHER: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
"""A number that is another one where the point divides thousands."""

_CORE: Final = re.compile(r"[+\-−]?[.,]?[0-9](?:.*[0-9⁰¹²³⁴-⁹])?[.,]?", re.DOTALL)
"""From the first digit to the last; what stands around it is told apart from it."""

_DIVIDED: Final = re.compile(r"[+-]?[0-9]+(?:[.,'’ \u00a0\u2009\u202f][0-9]+)+")
_TITRE: Final = re.compile(r"1\s*[:/]\s*([0-9]{1,9})")
_INTERVAL: Final = re.compile(r"([0-9][0-9.,]*)\s*[-−–]\s*([0-9.,]*[0-9])")
_DEGREE: Final = re.compile(r"([1-9])\+|([1-4])\s*\+|(\+{1,9})")
_DASHES: Final = frozenset("-−–")
_COMPARED: Final = re.compile(r"([^<>=≤≥⩽⩾≦≧]*)([<>=≤≥⩽⩾≦≧]{1,2})")


def parse_result(text: str, decimal: Reading = "plain") -> Result:
    """What a result text says; a number is never guessed.

    Args:
        decimal: How digits are read; a text that is no number with the sign that is stated, and is
            one with the other, is that number, and `Result.decimal` says so.

    >>> parse_result("< 5").comparator, parse_result("H 256").number, parse_result("H 256").mark
    ('<', Decimal('256'), 'H')
    >>> parse_result("1,5").kind, parse_result("1,5", "auto").number
    (<Kind.COMMA: 'comma'>, Decimal('1.5'))
    >>> parse_result("1,060", "auto").kind, parse_result("pending").kind
    (<Kind.AMBIGUOUS: 'ambiguous'>, <Kind.MISSING: 'missing'>)
    """
    text = text.strip()
    if len(text) <= _SHORT and _PLAIN.fullmatch(text):
        point = "." in text
        either = point and _EITHER.fullmatch(text)
        if not either or decimal in {"plain", "point"}:
            only: Only = "point" if point and not either else ""
            return Result(Kind.NUMBER, "", Decimal(text), decimal=only)
    if not text:
        return Result(Kind.EMPTY)
    if degree := _degree(text):
        return Result(Kind.ORDINAL, word=degree)
    parts = _parts(text) if len(text) <= _LONGEST else None
    found = None if parts is None else _with_digits(parts, decimal)
    return found or _in_words(text)


def decimal_signs(text: str) -> frozenset[Sign]:
    """The decimal signs with which a text can be a number; both where it does not tell.

    >>> sorted(decimal_signs("2,5")), sorted(decimal_signs("1.015"))
    (['comma'], ['comma', 'point'])
    """
    only = parse_result(text, "auto").decimal
    return frozenset([only] if only else SIGNS)


def clean_result(text: str, decimal: Reading = "auto") -> str:
    """A result in one plain notation; empty where there is none that can be had without a guess.

    >>> clean_result("> 1.025,36"), clean_result("< 1/020"), clean_result("Négatif")
    ('>1025.36', '<1:020', 'Neg')
    """
    result = parse_result(text, decimal)
    return result.word if result.number is None else f"{result.comparator}{_digits(result.number)}"


def _digits(number: Decimal) -> str:
    """A number written out, without zeros at the end of its fraction."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _degree(text: str) -> str:
    """The plain notation of signs for more or less of something; empty if they are none."""
    if text in _DASHES:
        return "Neg"
    if text in words().doubtful:
        return "+/-"
    match = _DEGREE.fullmatch(text)
    return f"{match[1] or match[2] or len(match[3])}+" if match else ""


class _Parts(NamedTuple):
    """A text around its digits, taken apart."""

    comparator: str
    core: str
    percent: bool
    mark: str


def _parts(text: str) -> _Parts | None:
    """The parts of a text with digits; None if it holds a word that is no part of a result."""
    core = _CORE.search(text)
    if core is None:
        return None
    head, tail = _head(text[: core.start()], core[0]), _tail(text[core.end() :])
    if head is None or tail is None:
        return None
    return _Parts(head[0], core[0], tail[0], f"{head[1]} {tail[1]}".strip())


def _head(head: str, core: str) -> tuple[str, str] | None:
    """The comparator and the mark before the digits."""
    bare = head.strip()
    if not bare:
        return "", ""
    known = words().comparators
    if match := _COMPARED.fullmatch(bare):
        mark = match[1].strip()
        comparator = known.get(match[2])
        return (comparator, mark) if comparator and (not mark or _is_mark(mark)) else None
    if comparator := known.get(phrase(bare)):
        return comparator, ""
    glued = not head[-1].isspace() and (not core[0].isdigit() or _is_word(bare[-1], bare))
    return None if glued or not _is_mark(bare) else ("", bare)


def _tail(tail: str) -> tuple[bool, str] | None:
    """Whether a percent sign stands behind the digits, and the mark there."""
    bare = tail.strip()
    percent = bare.startswith("%")
    mark = bare.removeprefix("%").strip()
    if not mark:
        return percent, ""
    glued = not percent and not tail[0].isspace() and _is_word(mark[0], mark)
    return None if glued or not _is_mark(mark) else (percent, mark)


def _is_word(letter: str, mark: str) -> bool:
    """Whether a mark must be set apart from digits: `H5` is one with a mark, `Normal5` is not."""
    return letter.isalpha() and mark not in words().letters


def _is_mark(text: str) -> bool:
    """Whether a text is a laboratory's mark, or several with blanks between them."""
    return phrase(text) in words().marks or all(map(_is_single_mark, text.split()))


def _is_single_mark(text: str) -> bool:
    bare = text.removesuffix(":")
    if bare[:1] + bare[-1:] in {"()", "[]"}:
        bare = bare[1:-1]
    known = words()
    return bare in known.signs or bare in known.letters or phrase(bare) in known.marks


def _with_digits(parts: _Parts, decimal: Reading) -> Result | None:
    """The result whose parts these are; None if its digits are no number, titre or interval."""
    number = _chosen(parts.core, decimal)
    if number is None:
        return _of_two_numbers(parts, decimal)
    if isinstance(number, Kind):
        return Result(number)
    if abs(number) >= LARGEST or (number and not float(number)):
        return Result(Kind.TEXT)
    kind = Kind.CENSORED if parts.comparator else Kind.NUMBER
    only = _only_sign(parts.core)
    return Result(kind, parts.comparator, number, parts.percent, only, parts.mark)


def _chosen(core: str, decimal: Reading) -> Decimal | Kind | None:
    """The number that digits are in a reading, or why there is none; None if they are no number."""
    point, comma = (numeral(core, sign) for sign in SIGNS)
    if decimal == "plain":
        number = numeral(core, "point", grouped=False)
        other = point is not None or comma is not None or _is_divided(core)
        return Kind.COMMA if number is None and other else number
    if point is None and comma is None:
        return Kind.COMMA if _is_divided(core) else None
    if point is None or comma is None:
        return comma if point is None else point
    if decimal == "auto" and point != comma:
        return Kind.AMBIGUOUS
    return comma if decimal == "comma" else point


def _is_divided(core: str) -> bool:
    """Whether digits are divided as those of no number are: `1.2.3`."""
    return _DIVIDED.fullmatch(core) is not None


def _only_sign(core: str) -> Only:
    """The decimal sign with which alone digits are a number; empty if both will do."""
    signs = [sign for sign in SIGNS if numeral(core, sign) is not None]
    return signs[0] if len(signs) == 1 else ""


def _of_two_numbers(parts: _Parts, decimal: Reading) -> Result | None:
    """A titre or an interval."""
    if titre := _TITRE.fullmatch(parts.core):
        word = f"{parts.comparator}1:{titre[1]}"
        return Result(Kind.TITRE, parts.comparator, word=word)
    interval = None if parts.comparator else _INTERVAL.fullmatch(parts.core)
    ends = [_chosen(end, decimal) for end in interval.groups()] if interval else [None]
    if None in ends:
        return None
    known = [_digits(end) for end in ends if isinstance(end, Decimal)]
    return Result(Kind.INTERVAL, word="-".join(known) if len(known) == 2 else "")


def _in_words(text: str) -> Result:
    """What a text says that is no number."""
    known = words()
    if len(text) > _WORDIEST:
        return Result(Kind.TEXT)
    if text.casefold() in known.formula_errors:
        return Result(Kind.FORMULA_ERROR)
    said = phrase(text)
    if said in known.not_detected:
        return Result(Kind.NOT_DETECTED, "<", word="Neg")
    if said in known.missing_alone or known.placeholders.issuperset("".join(text.split())):
        return Result(Kind.MISSING)
    return _answered(said)


def _answered(said: str) -> Result:
    """Positive or negative among other words, or the reason why there is no result."""
    known = words()
    if not known.negative.isdisjoint(said.split()):
        return Result(Kind.ORDINAL, word="Neg")
    if not known.positive.isdisjoint(said.split()):
        return Result(Kind.ORDINAL, word="Pos")
    wordy = not any(letter.isdigit() for letter in said)
    return Result(Kind.MISSING if wordy and known.missing.search(said) else Kind.TEXT)


class RowResult(NamedTuple):
    """A result with what its row adds: the limit of detection stands in for the missing number.

    Args:
        unlimited: Not detected, and no limit of detection is known.
        mark: What the laboratory wrote beside the number.
        only_sign: The only decimal sign with which the text is a number.
    """

    kind: str
    comparator: str
    value: float | None
    percent: bool
    unlimited: bool
    mark: str = ""
    only_sign: Only = ""


def read_result(
    reported: str, detection_limit: float | None = None, decimal: Reading = "plain"
) -> RowResult:
    """A result text beside its limit of detection, as the columns that rules are asked of.

    The comparator of a titre, which has no value, is left out.

    >>> read_result("not detected", 0.5).value
    0.5
    """
    result = parse_result(reported, decimal)
    absent, number = result.kind is Kind.NOT_DETECTED, result.number
    value = detection_limit if absent else None if number is None else float(number)
    comparator = result.comparator if absent or number is not None else ""
    unlimited = absent and value is None
    return RowResult(
        str(result.kind),
        comparator,
        value,
        result.percent,
        unlimited,
        result.mark,
        result.decimal,
    )


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
