"""CDISC ADaM: analysis data sets of laboratory results (BDS, ADLB).

Names as in the ADaM Implementation Guide 1.3. A row with a DTYPE is derived from other rows and is
no measurement. The unit stands in brackets behind the parameter where there is no AVALU.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

import narwhals as nw
import polars as pl

from immunotrack.numbers import digits
from immunotrack.questions import lookup
from immunotrack.readers.grid import Grid
from immunotrack.readers.layout import Naming
from immunotrack.readers.sdtm import name_of
from immunotrack.readers.standards import (
    Cells,
    Standard,
    as_written,
    first_filled,
    optional,
    there,
)
from immunotrack.table import TEXT
from immunotrack.times import STUDY_DAY
from immunotrack.units import find_unit

_NAMES: Final = {
    "patient_id": ["USUBJID", "SUBJID"],
    "time": ["ADTM", "ADT"],
    "day": ["ADY"],
    "visit": ["AVISIT"],
    "analyte": ["PARAMCD", "PARAM"],
    "reported": ["AVAL", "AVALC"],
    "low": ["ANRLO"],
    "high": ["ANRHI"],
    "own_flag": ["ANRIND"],
    "sex": ["SEX"],
    "age_years": ["AGE"],
    "birth_date": ["BRTHDT", "BRTHDTC"],
}


_ALSO: Final = frozenset(
    {*("PARAM", "PARAMCD", "AVALC", "AVALU", "DTYPE", "ADT"), *("TRTSDT", "TRTEDT", "TRT01A")}
)

SPONSOR: Final = {
    "analyte": "ITANL",
    "reported": "ITRES",
    "comparator": "ITCOMP",
    "day": "ITDAY",
    "clock": "ITCLOCK",
    "range_source": "ITRANGE",
    "critical_low": "ITCRITLO",
    "critical_high": "ITCRITHI",
    "birth_date": "ITBRTHTM",
    "origin": "ITORIGIN",
}
"""Columns of ours that ADaM has no place for, and the variables that `immunotrack convert` uses."""

EXACT: Final = "ITEXACT"
"""The variable of what a SAS transport file cannot hold or show: blanks at the end of a text, and
the digits of a number beyond the fifteenth; a JSON object of texts, by the name of the cell."""

_OWN: Final = {
    **{name: [variable] for name, variable in SPONSOR.items()},
    "patient_id": ["USUBJID"],
    "time": ["ADTM"],
    "visit": ["AVISIT"],
    "number": ["AVAL"],
    "unit": ["AVALU"],
    "low": ["ANRLO"],
    "high": ["ANRHI"],
    "own_flag": ["ANRIND"],
    "sex": ["SEX"],
    "age_years": ["AGE"],
}


def _naming(header: Sequence[str]) -> Naming | None:
    names = {name.strip().upper() for name in header}
    if _is_ours(names):
        return Naming(there(header, _OWN), standard="ADaM", days=STUDY_DAY)
    if not ({"PARAMCD", "PARAM"} & names and {"AVAL", "AVALC"} & names):
        return None
    return Naming(there(header, _NAMES), standard="ADaM", days=STUDY_DAY, also=_ALSO)


def _is_ours(names: Sequence[str] | set[str]) -> bool:
    """Whether a header, in upper case, is that of a data set that we wrote."""
    return {name for variables in _OWN.values() for name in variables} <= set(names)


def _own_prepared(cells: Cells, raw: Cells) -> Cells:
    """A data set of ours: what ADaM rounds, splits or leaves out stands beside it."""
    whole = cells.with_columns(
        time=first_filled(pl.col("time"), pl.lit(optional(raw, "ADT"))),
        day=first_filled(pl.col("day"), pl.lit(optional(raw, "ADY"))),
        birth_date=first_filled(pl.col("birth_date"), pl.lit(optional(raw, "BRTHDT"))),
        decimal=pl.lit("point"),
    )
    return as_written(_exact(whole, optional(raw, EXACT)))


def _exact(cells: Cells, texts: pl.Series) -> Cells:
    """The cells with all their signs, where the text beside them has more and agrees."""
    told = {row: _told(text) for row, text in enumerate(texts) if text}
    columns: dict[str, list[str]] = {}
    for row, exact in told.items():
        for name, text in exact.items():
            if name not in cells.columns:
                continue
            column = columns.setdefault(name, cells[name].to_list())
            column[row] = text if _agrees(text, column[row]) else column[row]
    return cells.with_columns(
        pl.Series(name, column, dtype=pl.String) for name, column in columns.items()
    )


def _told(text: str) -> dict[str, str]:
    """The texts of a JSON object; empty where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in items if isinstance(value, str)}


def _agrees(exact: str, cell: str) -> bool:
    """Whether a text says no more than the rest of a cell: it was not changed since."""
    if exact.rstrip(" ") == cell:
        return True
    try:
        return digits(float(exact)) == cell
    except ValueError:
        return False


def _prepared(cells: Cells, raw: Cells) -> Cells:
    if _is_ours(raw.columns):
        return _own_prepared(cells, raw)
    texts = cells.with_columns(
        label=optional(raw, "PARAM"),
        code=optional(raw, "PARAMCD"),
        text=optional(raw, "AVALC"),
        stated=optional(raw, "AVALU"),
        derived=optional(raw, "DTYPE").str.strip_chars() != "",
        reference_start=optional(raw, "TRTSDT"),
    )
    answers = {"parameter": TEXT, "bracketed": TEXT}
    named: Cells = lookup(
        nw.from_native(texts, eager_only=True),
        ["code", "label"],
        answers,
        lambda code, label: (parameter_of(code, label), unit_of(label)),
    ).to_native()
    censored = pl.col("text").str.contains(r"^\s*[<>≤≥]")
    return named.with_columns(
        time=first_filled(pl.col("time"), pl.lit(optional(raw, "ADT"))),
        analyte=pl.col("parameter"),
        unit=first_filled(pl.col("stated"), pl.col("bracketed")),
        reported=pl.when(censored)
        .then(pl.col("text"))
        .otherwise(first_filled(pl.col("reported"), pl.col("text"))),
        aside=pl.when(pl.col("derived") & (pl.col("aside") == ""))
        .then(pl.lit("derived-row"))
        .otherwise(pl.col("aside")),
        decimal=pl.lit("point"),
    ).drop("label", "code", "text", "stated", "derived", "parameter", "bracketed")


def unit_of(label: str) -> str:
    """The unit in brackets at the end of a parameter's name; empty where there is none.

    >>> unit_of("Leukocytes (10^9/L)"), unit_of("Lymphocytes (absolute)")
    ('10^9/L', '')
    """
    match = re.search(r"\(([^()]+)\)\s*$", label)
    known = match is not None and (find_unit(match[1]) is not None or "/" in match[1])
    return match[1].strip() if match and known else ""


def parameter_of(code: str, label: str) -> str:
    """What was measured: the parameter's code, or its name where only that is one of ours."""
    return name_of(code, re.sub(r"\s*\([^()]*\)\s*$", "", label) if unit_of(label) else label)


PARAMETERS: Final = Standard(_naming, _prepared)


def treatments(grid: Grid) -> Grid:
    """The treatment of each subject of a data set, as a grid of events; empty without its dates."""
    names = there(grid.header, _TREATMENT)
    rows: dict[tuple[str, ...], int] = {}
    if {"patient_id", "name", "start"} <= set(names):
        places = [grid.header.index(names[ours]) if ours in names else None for ours in _TREATMENT]
        for line, cells in zip(grid.lines, grid.rows, strict=True):
            row = tuple("" if place is None else str(cells[place]) for place in places)
            rows.setdefault(row, line)
    given = {row: line for row, line in rows.items() if row[1].strip() and row[2].strip()}
    return Grid(
        source=grid.source,
        header=[*_TREATMENT, "kind"],
        header_line=grid.header_line,
        lines=list(given.values()),
        rows=[[*row, "drug"] for row in given],
    )


_TREATMENT: Final = {
    "patient_id": ["USUBJID", "SUBJID"],
    "name": ["TRT01A", "TRTA", "TRT01P"],
    "start": ["TRTSDT", "TRTSDTM"],
    "end": ["TRTEDT", "TRTEDTM"],
}
