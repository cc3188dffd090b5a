"""A number as people write it: its decimal sign, groups of three digits, powers of ten."""

import re
from decimal import Decimal
from typing import Final, Literal

Sign = Literal["point", "comma"]
"""What stands before the fraction."""

SIGNS: Final[tuple[Sign, Sign]] = ("point", "comma")

_BLANKS: Final = r" \u00a0\u2009\u202f'’"
"""What may stand between groups of three digits, besides the other decimal sign."""

_POWER: Final = (
    r"(?:[eE](?P<machine>[+-]?[0-9]{1,3})"
    r"|\s*[xX×*·⋅∙]\s*10\s*"
    r"(?:(?:\^|\*\*?|[eE]|exp)\s*(?P<raised>[+-]?[0-9]{1,3})"
    r"|(?P<signed>[+-][0-9]{1,3})"
    r"|(?P<upper>[⁺⁻]?[⁰¹²³⁴-⁹]{1,3})))?"
)
_SUPERSCRIPTS: Final = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


def _pattern(decimal: str, other: str) -> re.Pattern[str]:
    group = rf"[1-9][0-9]{{0,2}}(?P<gap>[{_BLANKS}{other}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}})*"
    whole = rf"(?P<whole>{group}|[0-9]+)(?:[{decimal}](?P<part>[0-9]*))?"
    return re.compile(rf"(?P<minus>[+−-]?)(?:{whole}|[{decimal}](?P<rest>[0-9]+)){_POWER}")


_PATTERNS: Final[dict[Sign, re.Pattern[str]]] = {
    "point": _pattern(".", ","),
    "comma": _pattern(",", "."),
}
_NO_DIGIT: Final = re.compile("[^0-9]")


def numeral(text: str, sign: Sign, *, grouped: bool = True) -> Decimal | None:
    """The number that a text is with this decimal sign, exactly; None if it is none.

    Digits may stand in full groups of three, divided alike; after a power in the notation of
    machines (`1.234E5`) a comma or point divides no groups. The power is applied.

    Args:
        grouped: Whether groups are allowed.

    >>> numeral("1.025,36", "comma"), numeral("1.025,36", "point"), numeral("1,1 x 10^3", "comma")
    (Decimal('1025.36'), None, Decimal('1.1E+3'))
    """
    match = _PATTERNS[sign].fullmatch(text)
    if match is None or (match["gap"] and (not grouped or match["machine"])):
        return None
    whole = _NO_DIGIT.sub("", match["whole"] or "0")
    part = match["part"] or match["rest"] or ""
    power = match["machine"] or match["raised"] or match["signed"] or match["upper"] or "0"
    minus = "-" if match["minus"] in {"-", "−"} else ""
    return Decimal(f"{minus}{whole}.{part}E{power.translate(_SUPERSCRIPTS)}")
