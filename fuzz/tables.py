"""Small valid tables that the seeds are made of."""

import csv
import io

LONG = [
    ["patient_id", "date", "test", "value", "unit", "low", "high", "sex", "birth date"],
    ["P1", "2020-01-01", "CD4", "512", "cells/µL", "400", "1500", "F", "1980-05-01"],
    ["P1", "2020-01-02T08:00", "CD4", "<5", "cells/µL", "400", "1500", "F", "1980-05-01"],
    ["P1", "2020-01-03", "IL-6", "1.5", "pg/mL", "", "7", "F", "1980-05-01"],
    ["007", "2020-01-03", "CRP", "not detected", "mg/L", "0", "5", "male", ""],
    ["NA", "2020-01-03", "lymphocytes", "0.57", "G/L", "1", "4", "", ""],
]
WIDE = [
    ["Patient", "Day", "CD4 (cells/µL)", "NK cells", "lymphocytes (G/L)", "CRP"],
    ["A", "0", "350", "120", "1,2", "5"],
    ["A", "7", "420", "", "1,4", "<0,5"],
    ["B", "0", "", "", "", ""],
    ["B", "14", "99,5", "80", "0,9", "12"],
]
VISITS = [["id", "cd4_week_0", "cd4_week_4", "sex"], ["1", "300", "400", "M"], ["2", "", "x", "F"]]
EVENTS = [
    ["patient_id", "kind", "name", "start", "end", "dose", "dose_unit", "lane", "note"],
    ["P1", "dose", "IL-7", "0", "", "10", "µg/kg", "", ""],
    ["P1", "drug", "steroid", "2020-01-02", "?", "", "", "Steroids", "a note"],
]
LB = [
    [
        *("STUDYID", "USUBJID", "LBTESTCD", "LBTEST", "LBORRES", "LBORRESU", "LBORNRLO"),
        *("LBORNRHI", "LBSTRESN", "LBSTRESU", "LBNRIND", "LBSTAT", "LBDTC", "LBDY", "VISIT"),
    ],
    [
        "S",
        "01",
        "LYM",
        "Lymphocytes",
        "1.2",
        "10^9/L",
        "1",
        "4",
        "1.2",
        "10^9/L",
        "NORMAL",
        "",
        "2014-01-02",
        "1",
        "BASELINE",
    ],
    [
        "S",
        "01",
        "LYM",
        "Lymphocytes",
        "<0.2",
        "10^9/L",
        "1",
        "4",
        "",
        "10^9/L",
        "LOW",
        "",
        "2014-01-16T11:20",
        "15",
        "WEEK 2",
    ],
    ["S", "02", "WBC", "Leukocytes", "", "", "", "", "", "", "", "NOT DONE", "2014-01-16", "", ""],
]
DM = [
    ["USUBJID", "RFSTDTC", "SEX", "AGE", "BRTHDTC", "DTHDTC"],
    ["01", "2014-01-02", "F", "63", "1950-12-26", ""],
    ["02", "2014-01-03", "M", "", "", "2014-06-01"],
]
EX = [
    ["USUBJID", "EXTRT", "EXDOSE", "EXDOSU", "EXSTDTC", "EXENDTC", "EXSTDY"],
    ["01", "DRUG", "54", "mg", "2014-01-02", "2014-01-16", "1"],
]
ADLB = [
    [
        *("USUBJID", "PARAM", "PARAMCD", "AVAL", "AVALC", "ADT", "ADY", "AVISIT", "ANRLO", "ANRHI"),
        *("ANRIND", "DTYPE", "SEX", "AGE", "TRTSDT", "TRTEDT", "TRT01A"),
    ],
    [
        "01",
        "Lymphocytes (10^9/L)",
        "LYMPH",
        "1.2",
        "",
        "2014-01-02",
        "1",
        "Baseline",
        "1",
        "4",
        "NORMAL",
        "",
        "F",
        "63",
        "2014-01-02",
        "2014-07-02",
        "Drug",
    ],
    [
        "01",
        "Lymphocytes (10^9/L)",
        "LYMPH",
        "0.2",
        "<0.2",
        "2014-01-09",
        "8",
        "Week 1",
        "1",
        "4",
        "LOW",
        "",
        "F",
        "63",
        "2014-01-02",
        "2014-07-02",
        "Drug",
    ],
    [
        "01",
        "Lymphocytes (10^9/L)",
        "LYMPH",
        "0.2",
        "",
        "2014-01-09",
        "8",
        "Week 1",
        "1",
        "4",
        "LOW",
        "MINIMUM",
        "F",
        "63",
        "2014-01-02",
        "2014-07-02",
        "Drug",
    ],
]
MEASUREMENT = [
    [
        *("measurement_id", "person_id", "measurement_concept_id", "measurement_date"),
        *("measurement_datetime", "operator_concept_id", "value_as_number", "unit_concept_id"),
        *("range_low", "range_high", "measurement_source_value", "unit_source_value"),
        "value_source_value",
    ],
    ["1", "7", "0", "2020-01-01", "", "", "1.2", "", "1", "4", "26474-7", "10*9/L", "1.2"],
    [
        "2",
        "7",
        "0",
        "2020-01-08",
        "2020-01-08 09:00:00",
        "4171756",
        "0.2",
        "",
        "1",
        "4",
        "lymphocytes",
        "10*9/L",
        "",
    ],
    ["3", "8", "0", "2020-01-08", "", "4172703", "5.0", "8840", "", "", "CRP", "", ""],
]
PERSON = [
    ["person_id", "gender_concept_id", "year_of_birth", "birth_datetime"],
    ["7", "8507", "1950", "1950-12-26"],
    ["8", "8532", "1960", ""],
]
DRUGS = [
    [
        *("person_id", "drug_exposure_start_date", "drug_exposure_end_date", "quantity"),
        *("drug_source_value", "dose_unit_source_value", "sig"),
    ],
    ["7", "2020-01-02", "2020-01-05", "10", "IL-7", "µg", ""],
]
DEATH = [["person_id", "death_date"], ["8", "2020-02-01"]]


def text(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    """A table as delimited text."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    return file.getvalue()
