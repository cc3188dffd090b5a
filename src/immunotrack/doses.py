"""The units of a dose: an amount, or an amount for each kilogram of body weight."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from immunotrack.units import shifted


@dataclass(frozen=True, slots=True)
class DoseUnit:
    """A unit of dose.

    Args:
        symbol: The house spelling, `µg/kg`.
        dimension: Only equal dimensions convert; `mass`, or `IU` of one drug.
        exponent: The power of ten of grams, or of IU.
        per_kg: For each kilogram of body weight.
    """

    symbol: str
    dimension: str
    exponent: int
    per_kg: bool

    @property
    def amount_symbol(self) -> str:
        """The unit without body weight."""
        return self.symbol.removesuffix("/kg")

    def shift_to(self, other: "DoseUnit") -> int | None:
        """The power of ten from amounts in this unit to the other, body weight apart."""
        return self.exponent - other.exponent if self.dimension == other.dimension else None


_AMOUNTS: Final = {
    "ng": ("mass", -9, "ng"),
    "µg": ("mass", -6, "[µμu]g|mcg"),
    "mg": ("mass", -3, "mg"),
    "g": ("mass", 0, "g"),
    "IU": ("IU", 0, "i\\.?u\\.?"),
    "MIU": ("IU", 6, "miu"),
}
_UNITS: Final = tuple(
    (DoseUnit(symbol + behind, dimension, exponent, per_kg=bool(behind)), spelling + pattern)
    for symbol, (dimension, exponent, spellings) in _AMOUNTS.items()
    for spelling in [f"(?:{spellings})"]
    for behind, pattern in (("/kg", r"\s?/\s?kg"), ("", ""))
)

DOSE_UNIT: Final = "|".join(pattern for _, pattern in _UNITS)
"""A pattern of every spelling, to be matched in any case of letters."""


def find_dose_unit(text: str) -> DoseUnit | None:
    """The unit that a spelling stands for; None if it is none of ours.

    >>> find_dose_unit("mcg / kg").symbol, find_dose_unit("mg/m²")
    ('µg/kg', None)
    """
    plain = text.strip()
    return next((u for u, pattern in _UNITS if re.fullmatch(pattern, plain, re.IGNORECASE)), None)


def amount_in(amount: Decimal, unit: DoseUnit, other: DoseUnit) -> Decimal | None:
    """An amount in another unit, body weight apart; None without a conversion."""
    shift = unit.shift_to(other)
    return None if shift is None else shifted(amount, shift)
