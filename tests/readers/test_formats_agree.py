"""One patient in every format that is read: the same table, and the same flags."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import polars as pl
import pyreadstat
import pytest

from immunotrack.annotated import flagged_results
from immunotrack.dataset_json import Column, dataset_json_bytes
from immunotrack.readers import Source, read_source


@dataclass(frozen=True)
class Fact:
    """A result as a laboratory knows it, and the flag that it must have."""

    analyte: str
    time: str
    comparator: str
    number: str
    text: str
    unit: str
    low: str
    high: str
    flag: str
    limit: str = ""

    @property
    def reported(self) -> str:
        """The result as text."""
        return self.text or f"{self.comparator}{self.number}"


FACTS = (
    Fact("CD4", "2020-03-01T08:50", "", "350", "", "/µL", "414", "1123", "L"),
    Fact("LYMPH", "2020-03-01T08:50", "", "0.57", "", "10*9/L", "1.1", "3.2", "L"),
    Fact("LYMPH", "2020-03-08", "", "1200", "", "cells/µL", "1100", "3200", "N"),
    Fact("LYMPH", "2020-03-09", "<", "1.2", "", "G/L", "1.1", "3.2", "IND"),
    Fact("NK", "2020-03-08", "", "90", "", "/mm3", "100", "", "L"),
    Fact("IL6", "2020-03-01T08:50", "<", "5", "", "pg/mL", "", "7", "N"),
    Fact("MHLADR", "2020-03-02T23:59", ">", "30000", "", "AB/C", "15000", "", "N"),
    Fact("IL10", "2020-03-08", "", "", "not detected", "pg/mL", "", "9.1", "IND"),
    Fact("CRP", "2020-03-01T08:50", "", "12.5", "", "mg/L", "", "5", "H"),
    Fact("CRP", "2020-03-08", "", "0.7999999999999999", "", "mg/L", "0.8", "5", "N"),
    Fact("HBSAG", "2020-03-08", "", "", "Positive", "", "", "", ""),
)
LIMITED = Fact("TNFA", "2020-03-08", "", "", "not detected", "pg/mL", "", "8.1", "N", "0.5")
"""Not detected, with a limit of detection, for which only some formats have a place."""

PATIENT, SEX, BIRTH = "007", "F", "1950-12-26"
UNITLESS = tuple(replace(fact, unit="") if fact.text else fact for fact in FACTS)
"""In FHIR a result in words has no unit, and a range beside it is only its own without one."""

NUMBERS = {"not detected": ("<", None), "Positive": ("", None)}
SHIFTS = {"10*9/L": 1000, "G/L": 1000}

LONG = ("patient_id", "time", "test", "result", "unit", "low", "high", "limit of detection", "sex")


def long_rows(facts: Sequence[Fact]) -> list[list[str]]:
    """The facts as the rows of a long file."""
    return [
        [PATIENT, f.time, f.analyte, f.reported, f.unit, f.low, f.high, f.limit, SEX] for f in facts
    ]


def text_of(header, rows, delimiter: str = ",") -> str:
    """A table as delimited text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def with_comma(rows: list[list[str]]) -> list[list[str]]:
    """The numbers of results and limits with a decimal comma."""
    return [
        [cell.replace(".", ",") if place in {3, 5, 6, 7} else cell for place, cell in enumerate(r)]
        for r in rows
    ]


def comma(folder: Path) -> None:
    """Delimited by commas."""
    text = text_of(LONG, long_rows((*FACTS, LIMITED)))
    (folder / "labs.csv").write_text(text, encoding="utf-8")


def semicolon(folder: Path) -> None:
    """Delimited by semicolons, with decimal commas."""
    text = text_of(LONG, with_comma(long_rows((*FACTS, LIMITED))), ";")
    (folder / "labs.csv").write_text(text, encoding="utf-8")


def tab_utf16(folder: Path) -> None:
    """Delimited by tabs, in UTF-16."""
    text = text_of(LONG, long_rows((*FACTS, LIMITED)), "\t")
    (folder / "labs.txt").write_text(text, encoding="utf-16")


def workbook(folder: Path) -> None:
    """A workbook of typed cells."""
    book = openpyxl.Workbook()
    book.active.append(LONG)
    for row in long_rows((*FACTS, LIMITED)):
        book.active.append([_typed(c, place) for place, c in enumerate(row)])
    book.save(folder / "labs.xlsx")


def _typed(cell: str, place: int) -> str | float | pd.Timestamp | None:
    """A cell as a person's spreadsheet has it: numbers are numbers, and dates are dates.

    A number of more digits than a spreadsheet holds is text.
    """
    if place == 1:
        return pd.Timestamp(cell)
    if place in {3, 5, 6, 7} and len(cell) < 16:
        try:
            return float(cell)
        except ValueError:
            pass
    return cell or None


def json_rows(folder: Path) -> None:
    """A row a line, numbers as numbers and nothing for an empty cell."""
    lines = map(json.dumps, _objects())
    (folder / "labs.ndjson").write_text("\n".join(lines), encoding="utf-8")


def json_array(folder: Path) -> None:
    """One array of the same rows, as `to_json(orient="records")` of pandas writes it."""
    (folder / "labs.json").write_text(json.dumps(_objects()), encoding="utf-8")


def _objects() -> list[dict[str, str | float]]:
    return [
        {n: _number(c) for n, c in zip(LONG, row, strict=True) if c}
        for row in long_rows((*FACTS, LIMITED))
    ]


def _number(cell: str) -> str | float:
    try:
        return cell if cell == PATIENT else json.loads(cell)
    except ValueError:
        return cell


SDTM = (
    *("STUDYID", "DOMAIN", "USUBJID", "LBSEQ", "LBTESTCD", "LBORRES", "LBORRESU", "LBORNRLO"),
    *("LBORNRHI", "LBSTRESC", "LBSTRESU", "LBDTC"),
)


def sdtm_rows() -> list[list[str]]:
    """The standardised columns hold what must not be read where there are original ones."""
    return [
        [
            *("S1", "LB", PATIENT, str(n), f.analyte, f.reported, f.unit, f.low),
            *(f.high, "999", "wrong", f.time),
        ]
        for n, f in enumerate(FACTS, start=1)
    ]


DM = ("STUDYID", "DOMAIN", "USUBJID", "RFSTDTC", "SEX", "BRTHDTC")


def demographics(folder: Path) -> None:
    """The SDTM domain DM, with the reference start and who the patient is."""
    row = ["S1", "DM", PATIENT, "2020-03-02", SEX, BIRTH]
    (folder / "dm.csv").write_text(text_of(DM, [row]), encoding="utf-8")


def sdtm(folder: Path) -> None:
    """The SDTM domain LB as CSV."""
    demographics(folder)
    (folder / "lb.csv").write_text(text_of(SDTM, sdtm_rows()), encoding="utf-8")


def transport(folder: Path) -> None:
    """The SDTM domain LB as a SAS transport file."""
    demographics(folder)
    frame = pd.DataFrame(sdtm_rows(), columns=list(SDTM)).astype({"LBSEQ": float})
    pyreadstat.write_xport(frame, folder / "lb.xpt", table_name="LB", file_format_version=5)


def adam(folder: Path) -> None:
    """Numbers in AVAL; what is censored in AVALC; ADTM only where there is a time of day."""
    header = (
        *("USUBJID", "SEX", "PARAMCD", "PARAM", "ADT", "ADTM", "AVAL", "AVALC", "AVALU"),
        *("ANRLO", "ANRHI", "DTYPE"),
    )
    rows = [
        [
            *(PATIENT, SEX, f.analyte, f"{f.analyte} in words", f.time[:10]),
            *(f.time if "T" in f.time else "", f.number),
            *(f.reported if f.text or f.comparator else "", f.unit, f.low, f.high, ""),
        ]
        for f in FACTS
    ]
    (folder / "adlb.csv").write_text(text_of(header, rows), encoding="utf-8")


def adam_of_dates(folder: Path) -> None:
    """As `adam`, with date and time of day in one column and the unit behind the parameter."""
    header = ("USUBJID", "PARAMCD", "PARAM", "ADTM", "AVAL", "AVALC", "ANRLO", "ANRHI")
    rows = [
        [
            *(PATIENT, f.analyte, f"{f.analyte} ({f.unit})", f.time, f.number),
            *(f.reported if f.text or f.comparator else "", f.low, f.high),
        ]
        for f in FACTS
        if not f.text or f.unit
    ]
    (folder / "adlb.csv").write_text(text_of(header, rows), encoding="utf-8")


COLUMNS = [Column(name, name, "integer" if name == "LBSEQ" else "string") for name in SDTM]


def _dataset(form) -> bytes:
    rows = [[int(c) if n == 3 else c for n, c in enumerate(row)] for row in sdtm_rows()]
    return dataset_json_bytes(COLUMNS, rows, name="LB", label="Results", form=form)


def dataset_json(folder: Path) -> None:
    """The SDTM domain LB as Dataset-JSON."""
    demographics(folder)
    (folder / "lb.json").write_bytes(_dataset("json"))


def dataset_ndjson(folder: Path) -> None:
    """The SDTM domain LB as Dataset-JSON, a row a line."""
    demographics(folder)
    (folder / "lb.ndjson").write_bytes(_dataset("ndjson"))


def dataset_compressed(folder: Path) -> None:
    """The SDTM domain LB as compressed Dataset-JSON."""
    demographics(folder)
    (folder / "lb.dsjc").write_bytes(_dataset("dsjc"))


def observations() -> list[dict[str, object]]:
    """The facts as FHIR Observations."""
    return [_observation(number, fact) for number, fact in enumerate(UNITLESS)]


def _observation(number: int, fact: Fact) -> dict[str, object]:
    quantity = {"value": float(fact.number), "unit": fact.unit} if fact.number else {}
    if fact.comparator:
        quantity["comparator"] = fact.comparator
    said = {"valueQuantity": quantity} if fact.number else {"valueString": fact.text}
    sides = {"low": fact.low, "high": fact.high}
    unit = {"unit": fact.unit} if fact.unit else {}
    limits = {side: {"value": float(end), **unit} for side, end in sides.items() if end}
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"text": fact.analyte},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": fact.time,
        **said,
        **({"referenceRange": [limits]} if limits else {}),
    }


PERSON = {"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": BIRTH}


def bundle(folder: Path) -> None:
    """A FHIR Bundle."""
    entries = [{"resource": resource} for resource in (PERSON, *observations())]
    text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, indent=1)
    (folder / "bundle.json").write_text(text, encoding="utf-8")


def ndjson(folder: Path) -> None:
    """FHIR resources, one a line."""
    lines = [json.dumps(resource) for resource in (PERSON, *observations())]
    (folder / "labs.ndjson").write_text("\n".join(lines), encoding="utf-8")


OPERATORS = {"<": "4171756", ">": "4172704", "": "4172703"}


def omop(folder: Path) -> None:
    """A date-time where there is a time of day, a date always; the number and its operator."""
    header = (
        *("measurement_id", "person_id", "measurement_concept_id", "measurement_date"),
        *("measurement_datetime", "operator_concept_id", "value_as_number", "range_low"),
        *("range_high", "measurement_source_value", "unit_source_value", "value_source_value"),
    )
    rows = [
        [
            *(str(n), PATIENT, "0", f.time[:10], f.time.replace("T", " ") if "T" in f.time else ""),
            *(OPERATORS[f.comparator] if f.number else "0", f.number, f.low, f.high),
            *(f.analyte, f.unit, f.text),
        ]
        for n, f in enumerate(FACTS)
    ]
    (folder / "measurement.csv").write_text(text_of(header, rows), encoding="utf-8")


def _moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).to_pydatetime()


def expected(fact: Fact) -> tuple[object, ...]:
    """What the contract's columns must hold, from the fact alone."""
    known = {"CRP": "CRP", "HBSAG": "HBSAG", "LYMPH": "lymphocytes", "MHLADR": "mhla_dr"}
    units = {"LYMPH": "cells/µL", "CD4": "cells/µL", "NK": "cells/µL", "MHLADR": "{AB}/{cell}"}
    analyte = known.get(fact.analyte, fact.analyte.lower())
    analyte = "tnf_alpha" if analyte == "tnfa" else analyte
    unit = units.get(fact.analyte, fact.unit) if fact.unit != "mg/L" else ""
    comparator, value = fact.comparator, float(fact.number) if fact.number else None
    if fact.text:
        comparator, value = NUMBERS[fact.text]
        value = float(fact.limit) if fact.limit else value
    digits = Decimal(fact.number or fact.limit or 0) * SHIFTS.get(fact.unit, 1)
    return (
        *(PATIENT, _moment(fact.time), analyte, comparator, value),
        *(unit, float(digits) if unit and value is not None else None),
        *(float(fact.low) if fact.low else None, float(fact.high) if fact.high else None),
        fact.flag,
    )


SHARED = (
    *("patient_id", "time", "analyte", "comparator", "value", "unit_std", "value_std"),
    *("low", "high", "flag"),
)

FORMATS = {
    "comma": (comma, (*FACTS, LIMITED)),
    "semicolon": (semicolon, (*FACTS, LIMITED)),
    "tab, UTF-16": (tab_utf16, (*FACTS, LIMITED)),
    "NDJSON": (json_rows, (*FACTS, LIMITED)),
    "JSON array": (json_array, (*FACTS, LIMITED)),
    "xlsx": (workbook, (*FACTS, LIMITED)),
    "SDTM CSV": (sdtm, FACTS),
    "SDTM XPT": (transport, FACTS),
    "ADaM": (adam, FACTS),
    "ADaM, one column of dates": (adam_of_dates, [f for f in FACTS if not f.text or f.unit]),
    "Dataset-JSON": (dataset_json, FACTS),
    "Dataset-JSON lines": (dataset_ndjson, FACTS),
    "Dataset-JSON compressed": (dataset_compressed, FACTS),
    "FHIR Bundle": (bundle, UNITLESS),
    "FHIR NDJSON": (ndjson, UNITLESS),
    "OMOP": (omop, FACTS),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table_and_flags(name, tmp_path):
    """The facts are found in each format, to the last digit, and flagged as they must be."""
    write, facts = FORMATS[name]
    write(tmp_path)
    source = read_source(str(tmp_path))
    flagged = flagged_results(source, ["none"]).filter(pl.col("fate") == "used")

    assert [str(problem) for problem in source.problems if problem.is_error] == []
    assert flagged.select(SHARED).rows() == [expected(fact) for fact in facts]
    assert len(source.used) == len(facts)


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_is_counted_in_every_format(name, tmp_path):
    """As many rows are read as were written, and all of them are used."""
    write, facts = FORMATS[name]
    write(tmp_path)
    counts = read_source(str(tmp_path)).counts

    assert (counts.read, counts.used, counts.wrong) == (len(facts), len(facts), 0)


def _described(source: Source) -> set[tuple[object, ...]]:
    return set(source.used.select("sex", "birth_date", "age_years").rows())


@pytest.mark.parametrize("name", ["SDTM CSV", "SDTM XPT", "Dataset-JSON", "FHIR Bundle"])
def test_a_person_is_described_beside_or_within_the_results(name, tmp_path):
    """Sex and date of birth come from DM or from the Patient; the age follows at each result."""
    FORMATS[name][0](tmp_path)

    assert _described(read_source(str(tmp_path))) == {("female", _moment(BIRTH), 69.0)}


@pytest.mark.parametrize("name", ["SDTM CSV", "SDTM XPT", "Dataset-JSON"])
def test_study_days_follow_from_demographics(name, tmp_path):
    """With the reference start of DM the day before it is -1 and it is itself 1."""
    FORMATS[name][0](tmp_path)
    used = read_source(str(tmp_path)).used

    assert used["day"].unique().sort().to_list() == [-1.0, 1.0, 7.0, 8.0]
    assert set(used["clock"]) == {"Study day"}
