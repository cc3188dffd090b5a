"""The columns of the grids that FHIR resources give."""

from typing import Final

RESULTS_HEADER: Final = [
    "patient_id",
    "time",
    "visit",
    "analyte",
    "loinc",
    "reported",
    "unit",
    "low",
    "high",
    "reference_range",
    "interpretation",
    "status",
    "issued",
    "id",
    "specimen",
    "method",
    "sex",
    "birth_date",
]

EVENTS_HEADER: Final = [
    "patient_id",
    "kind",
    "name",
    "start",
    "end",
    "dose",
    "dose_unit",
    "result",
    "note",
]
PERSONS_HEADER: Final = ["patient_id", "sex", "birth_date", "death"]

OWN_HEADER: Final = [
    "number",
    "comparator",
    "day",
    "clock",
    "critical_low",
    "critical_high",
    "range_source",
    "age_years",
    "origin",
]
"""The columns that only the rows of our own resources have."""
