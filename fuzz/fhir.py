"""FHIR: every Observation is a row, and every number of a Quantity is in one."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import campaign
import mutators
import oracle

from immunotrack.readers.fhir.grids import read_fhir
from immunotrack.readers.fhir.headers import RESULTS_HEADER
from immunotrack.readers.grid import Grid, NumberCell, Options


def observation(number: int, **members: object) -> dict[str, object]:
    """An Observation of lymphocytes."""
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "26474-7"}],
            "text": "Lymphocytes",
        },
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2020-03-02T08:50:00+01:00",
        "valueQuantity": {
            "value": 1.20,
            "unit": "10*9/L",
            "system": "http://unitsofmeasure.org",
            "code": "10*9/L",
        },
        "referenceRange": [{"low": {"value": 1.0}, "high": {"value": 4.0}}],
        **members,
    }


PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-05-01"}
DEAD = {"resourceType": "Patient", "id": "p2", "deceasedDateTime": "2020-05-01"}
BELOW = {"value": 0.2, "comparator": "<", "unit": "10*9/L"}
PARTS = [
    {"code": {"text": "CD4"}, "valueQuantity": {"value": 512, "unit": "/uL"}},
    {"code": {"text": "CD8"}, "valueString": "12,5"},
]
DOSE = {
    "resourceType": "MedicationAdministration",
    "id": "m1",
    "status": "completed",
    "medicationCodeableConcept": {"text": "IL-7"},
    "subject": {"reference": "urn:uuid:p1"},
    "effectivePeriod": {"start": "2020-03-01", "end": "2020-03-02"},
    "dosage": {"dose": {"value": 10, "unit": "ug"}},
}
STATE = {
    "resourceType": "Condition",
    "code": {"text": "sepsis"},
    "subject": {"reference": "Patient/p1"},
    "onsetDateTime": "2020-03-01",
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
}


def bundle(*resources: object) -> bytes:
    """A Bundle as text of several lines."""
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": r} for n, r in enumerate(resources)]
    made = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(made, indent=1).encode()


SEEDS = [
    bundle(PATIENT, observation(1), observation(2, valueQuantity=BELOW), DOSE, STATE, DEAD),
    bundle(
        PATIENT,
        observation(1, status="preliminary"),
        observation(1, status="corrected", issued="2020-03-03T00:00:00Z"),
        observation(3, valueQuantity=None, component=PARTS),
        {"resourceType": "Bundle", "entry": [{"resource": observation(4, valueString="1,5")}]},
    ),
    json.dumps(observation(1, contained=[PATIENT], subject={"reference": "#p1"})).encode(),
    b"\n".join(json.dumps(r).encode() for r in (PATIENT, observation(1), observation(2), DOSE)),
    json.dumps(
        [observation(1), observation(2, valueCodeableConcept={"text": "Positive"})]
    ).encode(),
]


def check(data: bytes) -> None:
    """Read bytes as FHIR."""
    path = campaign.as_file(data, "input.json")
    grids = oracle.accepted(lambda: read_fhir(path, "input.json", Options()))
    for grid in grids or []:
        oracle.check_grid(grid)
        oracle.check_numbers(grid)
    if grids is not None:
        check_observations(data, grids)
    if campaign.one_file() or (campaign.sampled(data) and grids):
        oracle.read_whole(path, Options())


def check_observations(data: bytes, grids: list[Grid]) -> None:
    """No Observation, and no number of one, is left out."""
    try:
        found = json.loads(data, parse_float=NumberCell, parse_int=NumberCell)
    except (ValueError, RecursionError):
        return
    results = [grid for grid in grids if grid.header == RESULTS_HEADER]
    rows = [row for grid in results for row in grid.rows]
    column = RESULTS_HEADER.index("reported")
    there = Counter(re.sub(r"^[<>=]+", "", row[column]) for row in rows)
    wanted = list(_observations(found))
    oracle.must(len(rows) >= len(wanted), f"Observations are lost: {len(wanted)}, {len(rows)}")
    whole = not any(grid.faults for grid in results)
    numbers = Counter(str(n) for body in wanted for n in _numbers(body))
    oracle.must(not whole or numbers <= there, f"numbers are lost: {numbers - there}")


def _observations(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        for item in value:
            yield from _observations(item) if _kind(item) == "Bundle" else _lone(item)
    elif _kind(value) == "Bundle" and isinstance(value.get("entry", []), list):
        for entry in value.get("entry", []):
            inner = entry.get("resource") if isinstance(entry, dict) else None
            yield from _observations(inner) if _kind(inner) == "Bundle" else _lone(inner)
    else:
        yield from _lone(value)


def _lone(value: object) -> Iterator[dict[str, object]]:
    if _kind(value) == "Observation":
        yield value


def _kind(value: object) -> object:
    return value.get("resourceType") if isinstance(value, dict) else None


def _numbers(body: dict[str, object]) -> Iterator[NumberCell]:
    components = body.get("component")
    for part in (body, *(components if isinstance(components, list) else ())):
        quantity = part.get("valueQuantity") if isinstance(part, dict) else None
        value = quantity.get("value") if isinstance(quantity, dict) else None
        compared = quantity.get("comparator") if isinstance(quantity, dict) else None
        if isinstance(value, NumberCell) and compared in (None, "", "<", "<=", ">", ">="):
            yield value


if __name__ == "__main__":
    campaign.run("fhir", SEEDS, check, mutators.tree)
