"""CDISC SDTM: findings such as LB and CP, exposure (EX) and demographics (DM).

Names as in the SDTM Implementation Guide 3.4. Flags follow the original result, unit and limits;
the standardised ones are read only where a file has no original ones.
"""

import re
from collections.abc import Sequence
from typing import Final

import narwhals as nw
import polars as pl

from immunotrack.analytes import find_analyte
from immunotrack.questions import lookup
from immunotrack.readers.layout import Naming
from immunotrack.readers.standards import Cells, Standard, optional, there
from immunotrack.table import TEXT
from immunotrack.times import STUDY_DAY

_ALWAYS: Final = {
    "patient_id": ["USUBJID"],
    "time": ["--DTC", "--DT"],
    "day": ["--DY"],
    "visit": ["VISIT"],
    "analyte": ["--TESTCD", "--TEST"],
    "loinc": ["--LOINC"],
    "specimen": ["--SPEC"],
    "own_flag": ["--NRIND"],
}
_ORIGINAL: Final = {
    "reported": ["--ORRES"],
    "unit": ["--ORRESU"],
    "low": ["--ORNRLO"],
    "high": ["--ORNRHI"],
}
_STANDARD: Final = {
    "reported": ["--STRESC", "--STRESN"],
    "unit": ["--STRESU"],
    "low": ["--STNRLO"],
    "high": ["--STNRHI"],
}


def findings_domain(header: Sequence[str]) -> str:
    """The two letters of a findings domain whose header this is; empty for any other."""
    names = {name.strip().upper() for name in header}
    tests = sorted(match[1] for name in names if (match := re.fullmatch(r"(..)TEST(CD)?", name)))
    results = ("ORRES", "STRESC", "STRESN")
    found = [domain for domain in tests if any(f"{domain}{end}" in names for end in results)]
    return found[0] if found and "USUBJID" in names else ""


def _naming(header: Sequence[str]) -> Naming | None:
    domain = findings_domain(header)
    if not domain:
        return None
    original = there(header, {"reported": [f"{domain}ORRES"]})
    wanted = _ALWAYS | (_ORIGINAL if original else _STANDARD)
    named = {ours: [name.replace("--", domain) for name in names] for ours, names in wanted.items()}
    also = frozenset({f"{domain}STAT", f"{domain}TEST"})
    return Naming(there(header, named), standard=f"SDTM {domain}", days=STUDY_DAY, also=also)


def _prepared(cells: Cells, raw: Cells) -> Cells:
    domain = findings_domain(raw.columns)
    undone = optional(raw, f"{domain}STAT").str.strip_chars().str.to_uppercase() == "NOT DONE"
    texts = cells.with_columns(test=optional(raw, f"{domain}TEST"))
    named: Cells = lookup(
        nw.from_native(texts, eager_only=True),
        ["analyte", "test"],
        {"analyte": TEXT},
        lambda code, test: (name_of(code, test),),
    ).to_native()
    return named.with_columns(
        aside=pl.when(undone & (pl.col("aside") == ""))
        .then(pl.lit("not-done"))
        .otherwise(pl.col("aside")),
    ).drop("test")


def name_of(code: str, name: str) -> str:
    """What was measured: the code of the test, or its name where only that is one of ours."""
    if find_analyte(code) is None and find_analyte(name) is not None:
        return name
    return code.strip() or name.strip()


FINDINGS: Final = Standard(_naming, _prepared)

EXPOSURE: Final = {
    "patient_id": ["USUBJID"],
    "name": ["EXTRT"],
    "dose": ["EXDOSE"],
    "dose_unit": ["EXDOSU"],
    "start": ["EXSTDTC"],
    "end": ["EXENDTC"],
    "start_day": ["EXSTDY"],
    "end_day": ["EXENDY"],
    "note": ["EXDOSFRQ"],
}
DEMOGRAPHICS: Final = {
    "patient_id": ["USUBJID"],
    "sex": ["SEX"],
    "birth_date": ["BRTHDTC"],
    "age_years": ["AGE"],
    "reference_start": ["RFSTDTC", "RFXSTDTC"],
    "death": ["DTHDTC"],
}
