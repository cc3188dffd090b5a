"""The measurements table as FHIR R4: a Patient each, and an Observation for each result."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl

from immunotrack.analytes import analytes
from immunotrack.readers.fhir.element import LOINC, UCUM
from immunotrack.readers.fhir.own import EXTENSIONS, PATIENT, STEM, extension_url
from immunotrack.units import find_unit
from immunotrack.values import result_text
from immunotrack.writers.text import is_midnight, time_text

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_NAMESPACE: Final = uuid5(NAMESPACE_URL, STEM)
"""What the ids of our resources are made under (RFC 9562, version 5)."""

_INTERPRETATIONS: Final = {
    "N": "Normal",
    "L": "Low",
    "H": "High",
    "LL": "Critical low",
    "HH": "Critical high",
    "IND": "Indeterminate",
}
_CELLS: Final = {"cells/µL": "{cells}/uL", "cells/mL": "{cells}/mL", "cells/L": "{cells}/L"}
"""House spellings of units that are no code of UCUM, to the code; the others are codes."""

_Json = dict[str, Any]
_Row = Mapping[str, Any]


class _Person(NamedTuple):
    """What all rows of a patient agree on; None where they do not.

    Args:
        birth_date: None also for a birth with a time of day.
    """

    id: UUID
    sex: str | None
    birth_date: str | None


def fhir_bytes(table: pl.DataFrame, suffix: str = ".json") -> bytes:
    """A flagged table as a Bundle (`.json`) with an entry a line, or a resource a line (`.ndjson`).

    Ids are made of the content, so the same table gives the same file. A time of day gets the zone
    +00:00, which FHIR wants, with an extension that says what the local clock showed.
    """
    people = _people(table)
    if suffix == ".ndjson":
        resources = _resources(table, people, "Patient/")
        return "".join(f"{text}\n" for _, text in resources).encode("utf-8")
    resources = _resources(table, people, "urn:uuid:")
    entries = ",\n".join(
        f'{{"fullUrl": "urn:uuid:{key}", "resource": {text}}}' for key, text in resources
    )
    head = '{"resourceType": "Bundle", "type": "collection", "entry": ['
    return f"{head}\n{entries}\n]}}\n".encode()


def _resources(
    table: pl.DataFrame, people: Mapping[str, _Person], reference: str
) -> Iterator[tuple[UUID, str]]:
    """Every resource as JSON with its id; each patient stands before the first result."""
    for patient_id, person in people.items():
        yield person.id, _text("Patient", person.id, _patient(patient_id, person))
    times: dict[str, int] = {}
    for row in table.iter_rows(named=True):
        person = people[row["patient_id"]]
        body = _observation(row, person)
        content = json.dumps([str(person.id), body])
        times[content] = times.get(content, 0) + 1
        key = uuid5(_NAMESPACE, f"{content}{times[content]}")
        subject = {"subject": {"reference": f"{reference}{person.id}"}}
        yield key, _text("Observation", key, body | subject)


def _text(kind: str, key: UUID, body: _Json) -> str:
    whole = {"resourceType": kind, "id": str(key), **body}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False)


def _people(table: pl.DataFrame) -> dict[str, _Person]:
    """Who the patients are, in the order of the table."""
    facts = table.select("patient_id", "sex", "birth_date").unique(maintain_order=True)
    said: dict[str, list[tuple[str, datetime | None]]] = {}
    for patient_id, sex, birth in facts.iter_rows():
        said.setdefault(patient_id, []).append((sex, birth))
    return {
        patient_id: _Person(
            uuid5(_NAMESPACE, f"Patient {patient_id}"),
            _agreed(sex for sex, _ in rows),
            _agreed(
                time_text(birth) if birth is None or is_midnight(birth) else None
                for _, birth in rows
            ),
        )
        for patient_id, rows in said.items()
    }


def _agreed(texts: Iterable[str | None]) -> str | None:
    distinct = set(texts)
    return distinct.pop() if len(distinct) == 1 else None


def _patient(patient_id: str, person: _Person) -> _Json:
    body: _Json = {"identifier": [{"system": PATIENT, "value": patient_id}]}
    facts = {"gender": person.sex, "birthDate": person.birth_date}
    return body | {name: fact for name, fact in facts.items() if fact}


_STATUSES: Final = frozenset({"preliminary", "final", "amended", "corrected"})
"""What a source may say of a result (FHIR ObservationStatus); another is `unknown`."""


def _observation(row: _Row, person: _Person) -> _Json:
    """An Observation without its subject."""
    extensions = _extensions(_beyond_fhir(row, person))
    return {
        **({"extension": extensions} if extensions else {}),
        "status": row["status"] if row.get("status") in _STATUSES else "unknown",
        "category": [_concept(f"{_TERMINOLOGY}/observation-category", "laboratory", "Laboratory")],
        "code": _code(row["analyte"]),
        **_time(row["time"]),
        **_value(row),
        **_interpretation(row["flag"]),
        **_range(row),
    }


def _beyond_fhir(row: _Row, person: _Person) -> _Json:
    """What our extensions say of a result; empty cells are left out."""
    number, birth = row["value"] is not None, time_text(row["birth_date"])
    given = {
        name: row[name]
        for name in (
            "visit",
            "day",
            "clock",
            "critical_low",
            "critical_high",
            "age_years",
            "origin",
        )
    }
    plain = result_text(row["comparator"], row["value"]) if number else row["reported"]
    return given | {
        "reported": row["reported"] if row["reported"] != plain else "",
        "unreported": True if not row["reported"] else None,
        "unit": "" if number else row["unit"],
        "range_source": "" if row["range_source"] == "file" else row["range_source"],
        "sex": row["sex"] if person.sex is None else "",
        "birth_date": birth if person.birth_date is None else "",
    }


def _extensions(cells: _Json) -> list[_Json]:
    return [
        {"url": extension_url(name), EXTENSIONS[name]: _whole(cell)}
        for name, cell in cells.items()
        if cell is not None and cell != ""
    ]


def _concept(system: str, code: str, display: str) -> _Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _code(analyte: str) -> _Json:
    known = analytes().get(analyte)
    if known is None or not known.loinc:
        return {"text": analyte}
    return {"coding": [{"system": LOINC, "code": known.loinc[0]}], "text": known.name}


def _time(time: datetime | None) -> _Json:
    """A date, or a time of day that FHIR takes, with what the local clock showed."""
    if time is None:
        return {}
    if is_midnight(time):
        return {"effectiveDateTime": time.date().isoformat()}
    local = {"extension": _extensions({"local_time": time_text(time)})}
    return {"effectiveDateTime": f"{time.isoformat()}+00:00", "_effectiveDateTime": local}


def _value(row: _Row) -> _Json:
    if row["value"] is not None:
        compared = {"comparator": row["comparator"]} if row["comparator"] else {}
        amount = _quantity(row["value"], row["unit"])
        return {"valueQuantity": {"value": amount.pop("value"), **compared, **amount}}
    if row["reported"]:
        return {"valueString": row["reported"]}
    return {
        "dataAbsentReason": _concept(f"{_TERMINOLOGY}/data-absent-reason", "unknown", "Unknown")
    }


def _quantity(number: float, unit: str) -> _Json:
    """A number with its unit, in UCUM where that has the unit."""
    coded = {"system": UCUM, "code": _CELLS.get(unit, unit)} if find_unit(unit) else {}
    return {"value": _whole(number), **({"unit": unit} if unit else {}), **coded}


def _whole(cell: Any) -> Any:  # noqa: ANN401 - what JSON takes
    """A cell, a whole number without a decimal point."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _interpretation(flag: str) -> _Json:
    if not flag:
        return {}
    system = f"{_TERMINOLOGY}/v3-ObservationInterpretation"
    return {"interpretation": [_concept(system, flag, _INTERPRETATIONS[flag])]}


def _range(row: _Row) -> _Json:
    """The reference range with its source; critical limits are extensions."""
    limits = {
        side: _quantity(row[side], row["unit"]) for side in ("low", "high") if row[side] is not None
    }
    if not limits:
        return {}
    return {"referenceRange": [{**limits, "text": f"source: {row['range_source']}"}]}
