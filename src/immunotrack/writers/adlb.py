"""The measurements table in the shape of CDISC ADaM laboratory results (BDS, ADLB).

Names as in the ADaM Implementation Guide 1.3; those that begin with IT are ours.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from immunotrack.analytes import analytes, find_analyte
from immunotrack.dataset_json import Column, DataType, Form, dataset_json_bytes
from immunotrack.numbers import digits
from immunotrack.readers.standards import TEXTS, escaped
from immunotrack.times import STUDY_DAY
from immunotrack.transport import Cell, Kind, TransportColumn, transport_bytes
from immunotrack.values import result_text
from immunotrack.writers.text import csv_bytes, is_midnight, number_text, time_text

NAME: Final = "ADLB"
LABEL: Final = "Laboratory Results"
LONGEST: Final = 200
"""The most bytes of a text in a SAS transport file of version 5; a longer one needs version 8."""

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """A column of the data set.

    Args:
        of: The column of the measurements table that it holds; empty where it is derived.
    """

    name: str
    label: str
    kind: Kind
    of: str = ""


VARIABLES: Final = (
    Variable("USUBJID", "Unique Subject Identifier", "text", "patient_id"),
    Variable("SUBJID", "Subject Identifier for the Study", "text"),
    Variable("SEX", "Sex", "text"),
    Variable("AGE", "Age", "number", "age_years"),
    Variable("AGEU", "Age Units", "text"),
    Variable("BRTHDT", "Date of Birth", "date"),
    Variable("PARAMCD", "Parameter Code", "text"),
    Variable("PARAM", "Parameter", "text"),
    Variable("ADT", "Analysis Date", "date"),
    Variable("ADTM", "Analysis Datetime", "datetime"),
    Variable("ADY", "Analysis Relative Day", "number", "day"),
    Variable("AVISIT", "Analysis Visit", "text", "visit"),
    Variable("AVAL", "Analysis Value", "number", "value"),
    Variable("AVALC", "Analysis Value (C)", "text"),
    Variable("AVALU", "Analysis Value Unit", "text", "unit"),
    Variable("ANRLO", "Analysis Normal Range Lower Limit", "number", "low"),
    Variable("ANRHI", "Analysis Normal Range Upper Limit", "number", "high"),
    Variable("ANRIND", "Analysis Reference Range Indicator", "text"),
    Variable("DTYPE", "Derivation Type", "text"),
    Variable("ITANL", "Analyte, as immunotrack Names It", "text", "analyte"),
    Variable("ITRES", "Result as the Laboratory Wrote It", "text", "reported"),
    Variable("ITCOMP", "Comparator of the Result", "text", "comparator"),
    Variable("ITOFFSC", "Beyond the Scale of the Assay", "text", "off_scale"),
    Variable("ITSTD", "Value in the Unit of the Analyte", "number", "value_std"),
    Variable("ITSTDU", "Unit of the Analyte", "text", "unit_std"),
    Variable("ITDAY", "Day on Another Clock than ADY", "number", "day"),
    Variable("ITCLOCK", "What the Day Counts from", "text", "clock"),
    Variable("ITRANGE", "Source of the Reference Range", "text", "range_source"),
    Variable("ITCRITLO", "Lower Critical Limit", "number", "critical_low"),
    Variable("ITCRITHI", "Upper Critical Limit", "number", "critical_high"),
    Variable("ITBRTHTM", "Datetime of Birth", "datetime"),
    Variable("ITORIGIN", "Origin of the Value", "text", "origin"),
    Variable("ITEXACT", "Digits and Blanks that XPORT Cannot Hold", "text"),
)
"""Every variable. ITDAY: a day whose clock is not CDISC's study day. ITBRTHTM: a date of birth with
a time of day. ITEXACT is filled in SAS transport files only."""

_SEXES: Final = {"male": "M", "female": "F"}
_INDICATORS: Final = {
    "N": "NORMAL",
    "L": "LOW",
    "H": "HIGH",
    "LL": "LOW LOW",
    "HH": "HIGH HIGH",
    "IND": "INDETERMINATE",
}
_READ_AS: Final = {"value": "number", "value_std": ""}
"""What a reader calls the cells of a column of ours, where it is another name or reads none."""


_DATA_TYPES: Final[dict[Kind, DataType]] = {
    "text": "string",
    "number": "double",
    "date": "date",
    "datetime": "datetime",
}
_FORMS: Final[dict[str, Form]] = {".json": "json", ".ndjson": "ndjson", ".dsjc": "dsjc"}


def adlb_bytes(table: pl.DataFrame, suffix: str = ".xpt") -> bytes:
    """A flagged table as `.xpt`, `.csv`, or Dataset-JSON (`.json`, `.ndjson`, `.dsjc`).

    Raises:
        InvalidInput: A SAS transport file cannot hold a number or a text.
    """
    if suffix == ".csv":
        return _csv(table)
    return _transport(table) if suffix == ".xpt" else _dataset_json(table, _FORMS[suffix])


def _csv(table: pl.DataFrame) -> bytes:
    rows = ([escaped(_text(cell)) for cell in row.values()] for row in _rows(table))
    return csv_bytes([variable.name for variable in VARIABLES], rows)


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return time_text(cell)
    return cell if isinstance(cell, str) else number_text(cell)


def _dataset_json(table: pl.DataFrame, form: Form) -> bytes:
    columns = [Column(v.name, v.label, _DATA_TYPES[v.kind]) for v in VARIABLES]
    rows = ([_iso(row[v.name], v.kind) for v in VARIABLES] for row in map(_marked, _rows(table)))
    return dataset_json_bytes(columns, rows, name=NAME, label=LABEL, form=form)


def _iso(cell: Cell, kind: Kind) -> str | float | None:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if kind == "date" else cell.isoformat()
    return cell


def _transport(table: pl.DataFrame) -> bytes:
    """A SAS transport file, of version 8 where version 5 has no room for a text."""
    rows = [row | {"ITEXACT": _exact(row)} for row in map(_marked, _rows(table))]
    cells = [[row[variable.name] for variable in VARIABLES] for row in rows]
    longest = max((len(c.encode()) for row in cells for c in row if isinstance(c, str)), default=0)
    columns = [TransportColumn(v.name, v.label, v.kind) for v in VARIABLES]
    version: Literal[5, 8] = 8 if longest > LONGEST else 5
    return transport_bytes(columns, cells, name=NAME, label=LABEL, version=version)


def _marked(row: dict[str, Cell]) -> dict[str, Cell]:
    """A row whose texts a reader takes for what they are, and not for escaped ones."""
    texts = (v.name for v in VARIABLES if v.of in TEXTS and str(row[v.name]).startswith("'"))
    return row | {name: escaped(str(row[name])) for name in texts}


def _exact(row: Mapping[str, Cell]) -> str:
    """What a transport file does not hold, or is not shown of it, as JSON; empty for nothing."""
    lost = {
        name: cell if isinstance(cell, str) else number_text(cell)
        for v in VARIABLES
        if (name := _READ_AS.get(v.of, v.of))
        for cell in [row[v.name]]
        if not isinstance(cell, datetime) and _is_lost(cell)
    }
    return json.dumps(lost) if lost else ""


def _is_lost(cell: str | float | None) -> bool:
    if isinstance(cell, str):
        return cell.endswith(" ")
    return cell is not None and float(digits(cell)) != cell


def _rows(table: pl.DataFrame) -> Iterator[dict[str, Cell]]:
    """The cells of each row by the name of their variable, in the order of `VARIABLES`."""
    known = parameters(table)
    empty: dict[str, Cell] = {v.name: "" if v.kind == "text" else None for v in VARIABLES}
    for row in table.iter_rows(named=True):
        plain = {v.name: row[v.of] for v in VARIABLES if v.of}
        code, name = known[row["analyte"], row["unit"]]
        derived = _person(row) | _placed(row) | _result(row) | {"PARAMCD": code, "PARAM": name}
        yield empty | plain | derived


def _person(row: _Row) -> dict[str, Cell]:
    birth = row["birth_date"]
    return {
        "SUBJID": row["patient_id"],
        "SEX": _SEXES.get(row["sex"], "U"),
        "AGEU": "" if row["age_years"] is None else "YEARS",
        "BRTHDT": _date(birth),
        "ITBRTHTM": _timed(birth),
    }


def _placed(row: _Row) -> dict[str, Cell]:
    own = "ADY" if row["clock"] == STUDY_DAY else "ITDAY"
    days = {"ADY": None, "ITDAY": None} | {own: row["day"]}
    return {"ADT": _date(row["time"]), "ADTM": _timed(row["time"]), **days}


def _date(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(hour=0, minute=0, second=0, microsecond=0)


def _timed(time: datetime | None) -> datetime | None:
    """A moment that has a time of day."""
    return None if time is None or is_midnight(time) else time


def _result(row: _Row) -> dict[str, Cell]:
    value = row["value"]
    plain = row["reported"] if value is None else result_text(row["comparator"], value)
    return {"AVALC": plain, "ANRIND": _INDICATORS.get(row["flag"], "")}


def parameters(table: pl.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """PARAMCD and PARAM by analyte and unit, one to one, in the order of the table.

    An analyte in a second unit is another parameter, `LYMPH_2`. A row with neither unit nor number
    is one of the first parameter of its analyte.
    """
    bare = (pl.col("unit") == "") & pl.col("value").is_null()
    pairs = (
        table.select("analyte", "unit", bare=bare)
        .unique(maintain_order=True)
        .sort("bare", maintain_order=True)
    )
    names = _Names()
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for analyte, unit, is_bare in pairs.iter_rows():
        known = names.first.get(analyte) if is_bare else None
        if (analyte, unit) not in found:
            found[analyte, unit] = known or names.add(analyte, unit)
    return found


@dataclass(frozen=True, slots=True)
class _Names:
    """The parameters so far: their codes, and the first of each analyte."""

    codes: set[str] = field(default_factory=set)
    first: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, analyte: str, unit: str) -> tuple[str, str]:
        known = analytes().get(analyte)
        name = known.name if known else analyte
        label = f"{name} ({unit.replace('10*', '10^')})" if unit else name
        code = self._free(known.paramcd if known else _code(analyte), is_known=known is not None)
        self.codes.add(code)
        self.first.setdefault(analyte, (code, label))
        return code, label

    def _free(self, code: str, *, is_known: bool) -> str:
        """A code that no other parameter has, and that stands for no other analyte of ours."""
        number, free = 1, code
        while free in self.codes or (not (is_known and number == 1) and find_analyte(free)):
            number += 1
            free = f"{code[: 7 - len(str(number))]}_{number}"
        return free


def _code(name: str) -> str:
    """At most 8 letters and digits of a name; the first is a letter."""
    plain = unicodedata.normalize("NFKD", name).upper()
    letters = re.sub(r"[^A-Z0-9]", "", plain)
    return f"P{letters}"[:8] if not letters[:1].isalpha() else letters[:8]
