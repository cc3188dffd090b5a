"""Hypothesis strategies and small frames that several tests share."""

import os
from datetime import datetime, timedelta
from typing import Final

import narwhals as nw
from hypothesis import strategies as st

from immunotrack.records import EVENT_KINDS, Measurement, Patient, TreatmentEvent
from immunotrack.table import SCHEMA
from immunotrack.values import COMPARATORS

PART: Final = float(os.environ.get("IMMUNOTRACK_EXAMPLES", "0.3"))
"""The part of a property's examples that is tried: all, or many times as many, with patience."""


def examples(number: int) -> int:
    """How many examples of a property are tried, of so many that it deserves."""
    return max(5, round(number * PART))


BACKENDS: Final = ("pandas", "polars")
"""Every test of a table runs on both."""

SIGNS: Final = ("", *dict.fromkeys(COMPARATORS.values()))
"""No comparator, then `<`, `>`, `<=`, `>=`."""

ANALYTES: Final = ("CD4", "lymphocytes", "NK cells", "mHLA-DR", "IL-6", "IFN score", "CRP", "CD4 %")
UNITS: Final = ("cells/µL", "G/L", "10*9/L", "/mm3", "AB/C", "pg/mL", "%", "", "furlongs", "score")

words = st.text(
    st.characters(categories=("L", "N"), include_characters="-_/% ."), min_size=1, max_size=12
).filter(lambda text: text == text.strip() != "")
"""Text as a name has it: no control characters, no blanks around it."""

ids = st.one_of(st.sampled_from(["NA", "007", "null", "nan", "1e5", "True"]), words)
amounts = st.floats(min_value=0, max_value=1e9, allow_subnormal=False).filter(
    lambda number: number == 0 or number > 1e-9
)
rising = st.lists(st.floats(1e-6, 1e9), min_size=4, max_size=4).map(sorted)
"""Four limits in the order in which they must rise."""

LIMITS: Final = ("critical_low", "low", "high", "critical_high")

times = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001


def table(backend, **columns):
    """A frame of one backend with the contract's types, whatever is null in it."""
    return nw.from_dict(
        columns, schema={name: SCHEMA[name] for name in columns}, backend=backend
    ).to_native()


def column(frame, name):
    """A column as a list of any frame, None where it is null."""
    return [
        None if value is None or value != value else value  # noqa: PLR0124 - nan of pandas
        for value in nw.from_native(frame)[name].to_list()
    ]


def flaggable(backend, rows):
    """A frame for `flag` whose analyte no set knows: rows of comparator, value, low, high."""
    comparators, values, lows, highs = zip(*rows, strict=True)
    return table(
        backend,
        analyte=["marker"] * len(rows),
        unit=["u"] * len(rows),
        comparator=list(comparators),
        value=[None if value is None else float(value) for value in values],
        low=[None if low is None else float(low) for low in lows],
        high=[None if high is None else float(high) for high in highs],
    )


@st.composite
def measurements(draw):
    """A valid measurement, censored or not, with or without limits beside it."""
    absent = draw(st.booleans())
    sign = draw(st.sampled_from(SIGNS))
    limits = [draw(st.sampled_from([None, limit])) for limit in draw(rising)]
    return Measurement(
        analyte=draw(st.sampled_from(ANALYTES)),
        reported="not detected" if absent else f"{sign}{draw(amounts)!r}",
        unit=draw(st.sampled_from([unit for unit in UNITS if unit])),
        time=draw(times),
        day=draw(st.none() | st.floats(min_value=-400, max_value=4000)),
        **dict(zip(LIMITS, limits, strict=True)),
        detection_limit=draw(st.none() | amounts) if absent else None,
        origin=draw(st.sampled_from(["", "measured", "quoted", "digitised", "illustrative"])),
    )


@st.composite
def treatment_events(draw):
    """A valid event: a point, a span, or a span with an open end; by day or by date."""
    ends = draw(st.sampled_from(["point", "span", "open"]))
    length = draw(st.integers(min_value=0, max_value=30))
    dated = draw(st.booleans())
    start = draw(times) if dated else float(draw(st.integers(-30, 400)))
    step = timedelta(days=length) if dated else length
    name = "time" if dated else "day"
    dosed = draw(st.booleans())
    return TreatmentEvent(
        **{f"start_{name}": start},
        **({f"end_{name}": start + step} if ends == "span" else {}),
        open_end=ends == "open",
        kind=draw(st.sampled_from(EVENT_KINDS)),
        name=draw(words),
        lane=draw(st.sampled_from(["", "Steroids"])),
        dose=draw(amounts) if dosed else None,
        dose_unit="µg/kg" if dosed else "",
        result=draw(st.sampled_from(["", "positive"])),
        basis=draw(st.sampled_from(["stated", "derived", "assumed"])),
        note=draw(st.sampled_from(["", "in the text"])),
    )


@st.composite
def patients(draw):
    """A patient with at least one measurement, and age or date of birth or neither."""
    age = draw(st.sampled_from(["birth", "age", ""]))
    return Patient(
        patient_id=draw(ids),
        sex=draw(st.sampled_from([None, "male", "female"])),
        birth_date=datetime(1890, 2, 28) if age == "birth" else None,  # noqa: DTZ001
        age_years=float(draw(st.integers(0, 130))) if age == "age" else None,
        measurements=draw(st.lists(measurements(), min_size=1, max_size=4)),
        events=draw(st.lists(treatment_events(), max_size=3)),
    )
