"""Small tables of one patient, for the tests of what is read off a course."""

import narwhals as nw

from immunotrack.table import EVENT_SCHEMA
from strategies import table


def series(backend, *samples, **given):
    """CD4 of one patient: day and result of each, `<50` and `>1000` being bounds."""
    signs = [text.rstrip("0123456789.") for _, text in samples]
    numbers = [text.lstrip("<>=") for _, text in samples]
    columns = {
        "patient_id": ["P"] * len(samples),
        "analyte": ["CD4"] * len(samples),
        "unit": ["/µL"] * len(samples),
        "day": [None if day is None else float(day) for day, _ in samples],
        "comparator": signs,
        "value": [float(number) if number else None for number in numbers],
        "low": [400.0] * len(samples),
        "high": [1000.0] * len(samples),
    }
    return table(backend, **(columns | given))


def doses(backend, *days, **given):
    """IL-7 for patient P on these days."""
    columns = {
        "patient_id": ["P"] * len(days),
        "kind": ["dose"] * len(days),
        "name": ["IL-7"] * len(days),
        "start_day": [float(day) for day in days],
    } | given
    schema = {name: EVENT_SCHEMA[name] for name in columns}
    return nw.from_dict(columns, schema, backend=backend).to_native()
