"""What a user would otherwise write to get a flagged table out of SAS transport and FHIR files.

Run as `reading_by_hand.py pyreadstat|read_sas|fhir FILE flagged.csv`. Patient, time, analyte,
value, unit and range are taken where the files have them, and nothing is checked.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import polars as pl
from flags_by_hand import flag_of

ADLB: Final = {
    "USUBJID": "patient_id",
    "ADT": "time",
    "PARAMCD": "analyte",
    "AVALC": "reported",
    "AVAL": "value",
    "AVALU": "unit",
    "ANRLO": "low",
    "ANRHI": "high",
}
SCHEMA: Final = {
    **dict.fromkeys(("patient_id", "time", "analyte", "comparator", "unit"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
}


def pyreadstat(source: str) -> pl.DataFrame:
    """An ADLB data set with pyreadstat."""
    frame, _ = import_module("pyreadstat").read_xport(source, usecols=list(ADLB))
    return _adlb(frame)


def read_sas(source: str) -> pl.DataFrame:
    """An ADLB data set with pandas."""
    return _adlb(import_module("pandas").read_sas(source, format="xport", encoding="utf-8"))


def _adlb(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - a frame of pandas
    columns = {ours: frame[theirs].to_numpy() for theirs, ours in ADLB.items()}
    numbers = {name: columns.pop(name) for name in ("value", "low", "high")}
    texts = {name: [str(cell) for cell in cells] for name, cells in columns.items()}
    sign = pl.col("reported").str.extract(r"^([<>]=?)").fill_null("")
    rows = pl.DataFrame({**texts, **numbers}).with_columns(comparator=sign).drop("reported")
    return rows.with_columns(pl.col("value", "low", "high").fill_nan(None))


def fhir(source: str) -> pl.DataFrame:
    """Observations and patients, one resource a line, with the standard library."""
    people: dict[str, str] = {}
    rows = []
    with Path(source).open(encoding="utf-8") as file:
        for line in file:
            resource = json.loads(line)
            if resource["resourceType"] == "Patient":
                people[f"Patient/{resource['id']}"] = resource["identifier"][0]["value"]
            elif resource["resourceType"] == "Observation":
                rows.append(_observation(resource))
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return table.with_columns(pl.col("patient_id").replace_strict(people))


def _observation(resource: dict[str, Any]) -> tuple[Any, ...]:
    quantity = resource["valueQuantity"]
    ranges = resource.get("referenceRange") or [{}]
    low, high = (ranges[0].get(side, {}).get("value") for side in ("low", "high"))
    return (
        resource["subject"]["reference"],
        resource["effectiveDateTime"],
        resource["code"]["text"],
        quantity.get("comparator", ""),
        quantity["unit"],
        quantity["value"],
        low,
        high,
    )


READERS: Final = {"pyreadstat": pyreadstat, "read_sas": read_sas, "fhir": fhir}

if __name__ == "__main__":
    columns = map(pl.col, ("value", "low", "high", "comparator"))
    READERS[sys.argv[1]](sys.argv[2]).with_columns(flag=flag_of(*columns)).write_csv(sys.argv[3])
