"""Laboratory units: their spellings, and exact conversion between those of one dimension.

Every unit of immune monitoring that converts at all converts by a power of ten, so a conversion
shifts the decimal point of the number as written and is exact both ways.
"""

import html
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final


class UnitError(ValueError):
    """Two units have no conversion into each other, or one of them is not known."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its dimension and its size as a power of ten of that dimension's base.

    Args:
        symbol: The house spelling, `cells/µL`.
        dimension: What is measured, `cells per volume`; only equal dimensions convert.
        exponent: 6 for cells/µL, because one cell/µL is 10⁶ cells per litre.
    """

    symbol: str
    dimension: str
    exponent: int


def find_unit(text: str) -> Unit | None:
    """The unit that a spelling stands for, or None where no table has it.

    Upper and lower case count where two units differ by nothing else (`G/L` is 10⁹ per litre,
    `g/L` is grams per litre). An annotation at the end, `g/dL{RBC}`, does not count.

    >>> find_unit("x 10⁹/L").symbol, find_unit("THOU/uL").symbol, find_unit("furlongs")
    ('10*9/L', '10*3/uL', None)
    """
    return None if len(text) > _LONGEST else _understood(text)


def unit_symbol(text: str) -> str:
    """The house spelling of a unit; an unknown unit stays as written, without outer blanks."""
    unit = find_unit(text)
    return unit.symbol if unit else text.strip()


def unit_label(unit: str) -> str:
    """A unit as a figure and a sentence show it, its power of ten raised.

    >>> unit_label("10*9/L"), unit_label("cells/µL")
    ('10⁹/L', 'cells/µL')
    """
    return _POWER.sub(lambda power: f"10{power[1].translate(_RAISED)}", unit)


def shift_between(source: str, target: str) -> int | None:
    """The power of ten that turns a number in `source` into `target`; None without a conversion."""
    from_unit, to_unit = find_unit(source), find_unit(target)
    if from_unit is None or to_unit is None or from_unit.dimension != to_unit.dimension:
        return None
    return from_unit.exponent - to_unit.exponent


def convert(number: Decimal, source: str, target: str) -> Decimal:
    """A number in another unit, exactly.

    Raises:
        UnitError: One unit is unknown, or they measure different things (% and AB/C).

    >>> convert(Decimal("0.57"), "10*9/L", "cells/µL")
    Decimal('570')
    """
    shift = shift_between(source, target)
    if shift is None:
        raise UnitError(f"no conversion from {source!r} to {target!r}")
    return shifted(number, shift)


def shifted(number: Decimal, shift: int) -> Decimal:
    """A number times ten to the power `shift`, written without an exponent where it is whole."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise UnitError(f"{number} is not a finite number")
    zeros = max(exponent + shift, 0)
    return Decimal((sign, digits + (0,) * zeros, exponent + shift - zeros))


_LONGEST: Final = 60
"""A longer text is no unit."""

_DAMAGE: Final = (
    ("Âµ", "µ"),
    ("Î¼", "µ"),
    ("Â²", "²"),
    ("Â³", "³"),
    ("â\u0081¹", "⁹"),
    ("Ã—", "×"),
    ("Â", ""),
)
"""What UTF-8 becomes that is read as Windows-1252 or Latin-1."""

_POWER: Final = re.compile(r"\b10\*(\d+)")
_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_CODE_POINT: Final = re.compile(r"<U\+([0-9A-Fa-f]{4})>")
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}$")
_COUNT: Final = re.compile(r"^[x*]?10(?:[*ex]|exp)?(3|6|9|12)(?:\{?cells?\}?)?(?=/)", re.IGNORECASE)
"""A power of ten of cells; its operator is often lost, as in `x 109 cells/L`."""

_CUBIC: Final = re.compile(r"/(?:mm\*?3|cu\.?mm|cmm|mcl)$", re.IGNORECASE)
_HUNDRED: Final = re.compile(r"/100\.?ml$", re.IGNORECASE)
_LITRE: Final = re.compile(r"(?<=/)([dcmunpf]?)l$")


@lru_cache(maxsize=1000)
def _understood(text: str) -> Unit | None:
    spelling = _plain(text)
    return _listed(spelling) or _listed(_plain(_ANNOTATION.sub("", spelling)))


def _plain(text: str) -> str:
    """A spelling without what never changes its meaning: blanks, superscripts, kinds of µ."""
    folded = unicodedata.normalize("NFKC", _repaired(text).strip().replace("^", "*"))
    plain = "".join(folded.split()).replace("μ", "u").replace("×", "x").replace("**", "*")
    plain = _HUNDRED.sub("/dL", _CUBIC.sub("/uL", _COUNT.sub(r"10*\1", plain)))
    return _LITRE.sub(r"\1L", plain)


def _repaired(text: str) -> str:
    """A text without the damage of a wrong encoding or of a page's markup."""
    for damage, letter in _DAMAGE:
        text = text.replace(damage, letter)
    return html.unescape(_CODE_POINT.sub(lambda code: chr(int(code[1], 16)), text))


def _listed(spelling: str) -> Unit | None:
    exact, folded = _spellings()
    return exact.get(spelling) or folded.get(spelling.casefold())


@cache
def _spellings() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """Two tables from spelling to unit: as written, and by folded case where that is one unit."""
    table = tomllib.loads(files("immunotrack").joinpath("data/units.toml").read_text("utf-8"))
    exact: dict[str, Unit] = {}
    folded: dict[str, Unit | None] = {}
    for entry in table["unit"]:
        unit = Unit(entry["symbol"], entry["dimension"], entry["exponent"])
        for spelling in (entry["symbol"], *entry["spellings"]):
            key = _plain(spelling)
            if exact.setdefault(key, unit) != unit:
                raise ValueError(f"data/units.toml: {spelling!r} stands for two units")
            if folded.setdefault(key.casefold(), unit) != unit:
                folded[key.casefold()] = None
    return exact, {spelling: unit for spelling, unit in folded.items() if unit is not None}
