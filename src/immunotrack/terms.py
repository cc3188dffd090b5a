"""Which words of a file are terms that may be told, and which might name a person or a date."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from immunotrack.analytes import find_analyte
from immunotrack.pseudonyms import Key
from immunotrack.units import find_unit

_LONGEST: Final = 60
_MONTHS: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE: Final = re.compile(
    r"\d{4}|\d{1,4}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,4}"
    rf"|\b(?:{_MONTHS})[a-z]*\W*\d|\d\W*(?:{_MONTHS})",
    re.IGNORECASE,
)
"""A year, a date in digits, or a month with a number beside it."""

_SHORT_ID: Final = 3
"""A shorter id is part of too many words to be looked for inside them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Tells terms from what must not be told.

    Args:
        ids: Of all patients.
        key: What names the texts that are not told, so that two of them stay two.
    """

    ids: Collection[str]
    key: Key

    def analyte(self, name: str) -> str:
        """The name of an analyte; one of the catalogue is always told."""
        return name if find_analyte(name) else self.term("analyte", name)

    def unit(self, unit: str) -> str:
        """A unit; one that converts is always told."""
        return unit if find_unit(unit) else self.term("unit", unit)

    def term(self, kind: str, text: str) -> str:
        """A text as it is, or a word in its place."""
        return text if self.tellable(text) else self.key.name(kind, text)

    def tellable(self, text: str) -> bool:
        """Whether a text holds neither an id nor what may be a date, and is no prose."""
        if len(text) > _LONGEST or "\n" in text or _DATE.search(text):
            return False
        plain = text.casefold()
        known = (identifier.casefold() for identifier in self.ids if identifier)
        return not any(plain == one or (len(one) >= _SHORT_ID and one in plain) for one in known)
