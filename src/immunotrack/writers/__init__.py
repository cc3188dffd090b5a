"""Writers: from a flagged measurements table to the bytes of a file that reads back as the same."""

from collections.abc import Callable
from typing import Final

import polars as pl

from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.settings import choice_problem

__all__ = ["DEFAULTS", "SUFFIXES", "WRITERS", "choose_form"]


def _long(flagged: pl.DataFrame, suffix: str) -> bytes:
    from immunotrack.writers.long import long_bytes

    return long_bytes(flagged, suffix)


def _adlb(flagged: pl.DataFrame, suffix: str) -> bytes:
    from immunotrack.writers.adlb import adlb_bytes

    return adlb_bytes(flagged, suffix)


def _fhir(flagged: pl.DataFrame, suffix: str) -> bytes:
    from immunotrack.writers.fhir import fhir_bytes

    return fhir_bytes(flagged, suffix)


WRITERS: Final[dict[str, Callable[[pl.DataFrame, str], bytes]]] = {
    "long": _long,
    "adlb": _adlb,
    "fhir": _fhir,
}
"""Name of a form to what writes it: takes a table of `immunotrack.annotated.flagged_results` or
`immunotrack.flag`, and the suffix of the file, which has a default."""

SUFFIXES: Final = {
    "long": (".csv",),
    "adlb": (".xpt", ".csv", ".json", ".ndjson", ".dsjc"),
    "fhir": (".json", ".ndjson"),
}
"""Name of a form to the suffixes of its files."""

DEFAULTS: Final = {".csv": "long", ".xpt": "adlb", ".dsjc": "adlb"}
"""The form of a file of which only the suffix is known."""


def choose_form(suffix: str, form: str = "") -> str:
    """The form that a file is written in: the one that is named, or that its suffix stands for.

    Args:
        suffix: Of the file, `.csv`.

    Raises:
        InvalidInput: The form or the suffix is not known, they do not go together, or the suffix
            alone does not tell.
    """
    if form and form not in WRITERS:
        raise InvalidInput([choice_problem("--to", form, list(WRITERS))])
    able = [name for name, suffixes in SUFFIXES.items() if suffix in suffixes]
    if not able or (form and form not in able):
        raise InvalidInput([_unfit(suffix, form)])
    chosen = form or DEFAULTS.get(suffix, "")
    if not chosen:
        message = f"{suffix} may be {' or '.join(map(_said, able))}"
        fix = f"Add {' or '.join(f'--to {name}' for name in able)}."
        raise InvalidInput([Problem(code="unknown-option", source="-o", message=message, fix=fix)])
    return chosen


_KINDS: Final = {"adlb": "CDISC Dataset-JSON", "fhir": "FHIR"}


def _said(form: str) -> str:
    return f"{form} ({_KINDS[form]})"


def _unfit(suffix: str, form: str) -> Problem:
    """The problem of a suffix that a form, or any form, does not have."""
    known = SUFFIXES[form] if form else dict.fromkeys(s for own in SUFFIXES.values() for s in own)
    ending = f"a file that ends in {shown(suffix)}" if suffix else "a file without a suffix"
    return Problem(
        code="unknown-option",
        source="-o",
        message=f"{form} is not written to {ending}" if form else f"nothing is written to {ending}",
        fix=f"End its name in one of: {', '.join(known)}.",
    )
