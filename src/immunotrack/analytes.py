"""The catalogue of what is measured: names, codes and units."""

import re
import unicodedata
from functools import cache
from typing import Literal

from pydantic import Field

from immunotrack.settings import (
    Entry,
    Number,
    load_builtin,
)

Sex = Literal["male", "female"]


class Analyte(Entry):
    """Something that is measured, with the names and codes it goes by.

    Args:
        key: Our own name, `cd4`.
        heading: The name over a panel of a figure.
        unit: The unit in which a series is compared and drawn.
        unit_label: The unit as an axis shows it, where the code is hard to read.
        dimensionless: A result without a unit has this analyte's unit.
        other_loinc: Codes of another measurand under a like name, with what they are.
        absurd_from: From here on, in `unit`, a value is most likely in another unit.
        absurd_below: Below this, but above zero, a value is most likely in another unit.
    """

    key: str
    name: str
    short: str
    heading: str
    unit: str
    unit_label: str = ""
    dimensionless: bool = False
    loinc: list[str] = []
    other_loinc: dict[str, str] = {}
    paramcd: str
    sdtm_domain: str
    aliases: list[str]
    absurd_from: Number | None = None
    absurd_below: Number | None = None
    notes: str = ""
    source: str

    @property
    def axis_unit(self) -> str:
        """The unit as an axis shows it."""
        return self.unit_label or self.unit


class _AnalyteFile(Entry):
    analytes: list[Analyte] = Field(alias="analyte")


@cache
def analytes() -> dict[str, Analyte]:
    """Every analyte of the catalogue, by its key."""
    table = load_builtin("data/analytes.toml", _AnalyteFile)
    return {analyte.key: analyte for analyte in table.analytes}


def find_analyte(name: str, loinc: str = "") -> Analyte | None:
    """The analyte of a name or a LOINC code, or None.

    A code of another measurand (a percentage, another specimen) is believed over a like name.

    >>> find_analyte("Lymphs Abs").key, find_analyte("CD4 %"), find_analyte("Lymphocytes", "736-9")
    ('lymphocytes', None, None)
    """
    by_code, others, by_name = _index()
    code = loinc.strip()
    if code in by_code:
        return by_code[code]
    return None if code in others else by_name.get(plain_name(name))


_NEGATIVE = re.compile(r"(cd\d+)[-−–](?=$|[\s)\]]|cd)")
"""A minus sign behind a marker: CD3- is another population than CD3, CD4-T-cells is none."""

_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma"}


def plain_name(name: str) -> str:
    """A name without what never tells two analytes apart: case, blanks, hyphens, brackets, #."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    folded = _NEGATIVE.sub(r"\1negative", folded)
    for letter, word in _GREEK.items():
        folded = folded.replace(letter, word)
    return re.sub(r"[^\w+%]|_", "", folded)


def same_name(one: str, other: str) -> bool:
    """Whether two names of an analyte are one and the same."""
    return one == other or plain_name(one) == plain_name(other)


@cache
def _index() -> tuple[dict[str, Analyte], frozenset[str], dict[str, Analyte]]:
    by_code: dict[str, Analyte] = {}
    by_name: dict[str, Analyte] = {}
    others: set[str] = set()
    for analyte in analytes().values():
        by_code |= dict.fromkeys(analyte.loinc, analyte)
        others |= set(analyte.other_loinc)
        for alias in (analyte.key, *analyte.aliases):
            if by_name.setdefault(plain_name(alias), analyte) is not analyte:
                raise ValueError(f"data/analytes.toml: the alias {alias!r} stands for two analytes")
    return by_code, frozenset(others), by_name
