"""How much a result varies by itself, as data: within a person, and in the assay."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from immunotrack.analytes import find_analyte, same_name
from immunotrack.settings import Entry, load_builtin, load_settings

_RANGE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*[-–]\s*(\d{1,3}(?:\.\d{1,6})?)")
_BELOW: Final = re.compile(r"(?:below|<)\s*(\d{1,3}(?:\.\d{1,6})?)")


class Cv(Entry):
    """A coefficient of variation in percent, as its source prints it.

    Args:
        percent: The number to reckon with; the upper end of a range or of a bound.
        printed: The words of the source where it gives no single number, else empty.
    """

    percent: Annotated[Decimal, Field(gt=0, lt=1000)]
    printed: str = ""

    @property
    def said(self) -> str:
        """The CV in words: `5 %`, or `at most 3.2 % (printed 1.9-3.2)`."""
        number = f"{self.percent.normalize():f} %"
        return f"at most {number} (printed {self.printed})" if self.printed else number


def _as_printed(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    """A number, `1.9-3.2` or `below 10` as a CV.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, Cv):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Cv(percent=_sane(Decimal(str(value))))
    text = value.strip() if isinstance(value, str) else ""
    if ends := _RANGE.fullmatch(text):
        first, last = map(Decimal, ends.groups())
        if first < last:
            return Cv(percent=_sane(last), printed=text)
    if below := _BELOW.fullmatch(text):
        return Cv(percent=_sane(Decimal(below[1])), printed=text)
    raise ValueError('it must be a number of percent, "1.9-3.2" or "below 10"')


def _sane(percent: Decimal) -> Decimal:
    if not percent.is_finite() or not 0 < percent < 1000:
        raise ValueError("a CV must be above 0 and below 1000 %")
    return percent


PrintedCv = Annotated[Cv, BeforeValidator(_as_printed)]


class Variation(Entry):
    """What one source says of the variation of one analyte.

    Args:
        analyte: A key or name of the catalogue, or any other name.
        cv_within_subject_percent: CVI; None where the source does not give it.
        cv_analytical_percent: CVA; None where the source does not give it.
    """

    analyte: str
    cv_within_subject_percent: PrintedCv | None = None
    cv_analytical_percent: PrintedCv | None = None
    note: str = ""
    source: str
    url: str = ""
    quote: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.cv_within_subject_percent is None and self.cv_analytical_percent is None:
            raise ValueError("give cv_within_subject_percent, cv_analytical_percent or both")
        return self

    def is_of(self, analyte: str) -> bool:
        """Whether this is the variation of an analyte, under its key or any other name."""
        known = find_analyte(self.analyte)
        return same_name(known.key if known else self.analyte, analyte)


class KnownVariation(NamedTuple):
    """The two CVs of an analyte; None where no entry gives one."""

    within: Cv | None
    analytical: Cv | None


class _VariationFile(Entry):
    entries: list[Variation] = Field(alias="variation", min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for place, entry in enumerate(self.entries):
            for name in ("cv_within_subject_percent", "cv_analytical_percent"):
                others = [other for other in self.entries[:place] if other.is_of(_key(entry))]
                if getattr(entry, name) and any(getattr(other, name) for other in others):
                    raise ValueError(f"two entries give {name} of {entry.analyte}")
        return self


def _key(entry: Variation) -> str:
    known = find_analyte(entry.analyte)
    return known.key if known else entry.analyte


@cache
def builtin_variation() -> tuple[Variation, ...]:
    """The entries that come with immunotrack."""
    return tuple(load_builtin("data/variation.toml", _VariationFile).entries)


def choose_variation(chosen: str | Path | Sequence[Variation] | None = None) -> list[Variation]:
    """The entries to use: those of a TOML file or given ones, then the built-in ones.

    Raises:
        InvalidInput: The file cannot be read, or an entry is wrong; all of them are named.
    """
    if isinstance(chosen, str | Path):
        chosen = load_settings(Path(chosen), _VariationFile).entries
    return [*(chosen or ()), *builtin_variation()]


def known_variation(entries: Sequence[Variation], analyte: str) -> KnownVariation:
    """The CVs of an analyte, each from the first entry that gives it.

    >>> known_variation(choose_variation(), "mhla_dr").analytical.said
    'at most 3.2 % (printed 1.9-3.2)'
    """
    within, analytical = _deciding(entries, analyte)
    return KnownVariation(
        within.cv_within_subject_percent if within else None,
        analytical.cv_analytical_percent if analytical else None,
    )


def variation_sources(entries: Sequence[Variation], analyte: str) -> tuple[str, str]:
    """Where the two CVs of an analyte stand; empty for one that is not known."""
    within, analytical = _deciding(entries, analyte)
    return within.source if within else "", analytical.source if analytical else ""


def _deciding(
    entries: Sequence[Variation], analyte: str
) -> tuple[Variation | None, Variation | None]:
    """The first entry that gives the one CV of an analyte, and the first that gives the other."""
    own = [entry for entry in entries if entry.is_of(analyte)]
    return (
        next((entry for entry in own if entry.cv_within_subject_percent is not None), None),
        next((entry for entry in own if entry.cv_analytical_percent is not None), None),
    )
