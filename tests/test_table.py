"""The measurements table: the contract's columns, names, units and standard values."""

from decimal import Decimal

import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.table import (
    NUMBER,
    SCHEMA,
    TEXT,
    analyte_key,
    conform,
    house_unit,
    in_standard_units,
    lookup,
    standard_unit,
    standard_value,
)
from strategies import BACKENDS, column, table


def conformed(backend, **columns):
    """A frame of one backend after `conform`."""
    return conform(table(backend, **columns))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_has_every_column_of_the_contract_in_order(backend):
    """What is missing is added, what is further stays behind."""
    frame = nw.from_native(table(backend, unit=["/µL"], analyte=["CD4"], value=[1.0]))
    own = frame.with_columns(ward=nw.lit("3B")).to_native()

    assert conform(own).columns == [*SCHEMA, "ward"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_has_the_types_of_the_contract(backend):
    """Text, numbers, times and whole numbers are what the contract says."""
    assert dict(conformed(backend, analyte=["CD4"], value=[1.0], unit=["/µL"]).schema) == SCHEMA


@pytest.mark.parametrize("backend", BACKENDS)
def test_text_is_never_null(backend):
    """A missing text is an empty one, in columns that were there and in those that were not."""
    found = conformed(
        backend, analyte=["CD4", None], value=[1.0, 2.0], unit=[None, "/µL"], comparator=[None, "<"]
    )
    nulls = [
        name for name, dtype in SCHEMA.items() if dtype == nw.String and found[name].is_null().any()
    ]

    assert nulls == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_names_and_units_are_ours(backend):
    """Keys, house spellings and standard values; 0.57 G/L is 570 cells/µL, IL-60 is unknown."""
    found = conformed(
        backend,
        analyte=["Lymphs Abs", "IFN score", " IL-60 "],
        value=[0.57, 12.0, 3.0],
        unit=["x 10⁹/L", "", "pg / mL"],
    )

    names = ("analyte", "unit", "value_std", "unit_std")

    assert [column(found.to_native(), name) for name in names] == [
        ["lymphocytes", "ifn_score", "IL-60"],
        ["10*9/L", "{score}", "pg/mL"],
        [570.0, 12.0, None],
        ["cells/µL", "{score}", ""],
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_unit_without_conversion_has_no_standard_value(backend):
    """A percentage of CD4 is kept in its unit and in no other."""
    found = conformed(backend, analyte=["CD4"], value=[20.0], unit=["%"]).to_native()

    assert (column(found, "value_std"), column(found, "unit_std")) == ([None], [""])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_missing_value_has_no_standard_value(backend):
    """Nothing times a thousand is nothing, and the unit is still known."""
    found = conformed(backend, analyte=["CD4"], value=[None], unit=["G/L"]).to_native()

    assert (column(found, "value_std"), column(found, "unit_std")) == ([None], ["cells/µL"])


def test_whole_numbers_are_numbers():
    """A column of integers is taken as one of numbers."""
    frame = pd.DataFrame({"analyte": ["CD4"], "value": [350], "unit": ["/µL"]})

    assert conform(frame)["value"].to_list() == [350.0]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_table_without_its_needed_columns_is_refused(kind):
    """Every missing column is named at once."""
    with pytest.raises(ValueError, match="column") as caught:
        conform(kind({"value": [1.0]}))

    assert str(caught.value) == "the table has no column analyte, unit"


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_text_values_are_refused(kind):
    """A text is read by a reader, which says what is wrong with it."""
    with pytest.raises(TypeError) as caught:
        conform(kind({"analyte": ["CD4"], "value": ["350"], "unit": ["/µL"]}))

    assert (
        str(caught.value) == "the column value must hold numbers; read text with immunotrack.read"
    )


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_numeric_identifiers_are_refused(kind):
    """A frame that was read with guessed types has lost its zeros."""
    with pytest.raises(TypeError) as caught:
        conform(kind({"patient_id": [7], "analyte": ["CD4"], "value": [1.0], "unit": ["/µL"]}))

    assert str(caught.value) == "patient_id must be text, or 007 becomes 7"


@pytest.mark.parametrize(
    ("name", "loinc", "key"),
    [("CD4+", "", "cd4"), ("Test 3", "24467-3", "cd4"), (" Ferritin ", "", "Ferritin")],
)
def test_a_name_becomes_its_key_or_stays(name, loinc, key):
    """An unknown name loses only its outer blanks."""
    assert analyte_key(name, loinc) == key


@pytest.mark.parametrize(
    ("analyte", "unit", "house"),
    [
        ("cd4", "/mm3", "cells/µL"),
        ("ifn_score", " ", "{score}"),
        ("ifn_score", "%", "%"),
        ("cd4", "", ""),
        ("Ferritin", "", ""),
    ],
)
def test_only_a_dimensionless_analyte_has_a_unit_of_its_own(analyte, unit, house):
    """A count without a unit stays without."""
    assert house_unit(analyte, unit) == house


@pytest.mark.parametrize(
    ("analyte", "unit", "expected"),
    [
        ("cd4", "G/L", ("cells/µL", 3)),
        ("cd4", "cells/mL", ("cells/µL", -3)),
        ("cd4", "/mm3", ("cells/µL", 0)),
        ("cd4", "%", ("", 0)),
        ("mhla_dr", "MFI", ("", 0)),
        ("Ferritin", "ng/mL", ("", 0)),
    ],
)
def test_the_way_to_the_analyte_s_own_unit(analyte, unit, expected):
    """The power of ten was worked out from the prefixes; without a way there is no unit."""
    assert standard_unit(analyte, unit) == expected


@pytest.mark.parametrize(
    ("value", "shift", "expected"),
    [(0.57, 3, 570.0), (1.1, 3, 1100.0), (570.0, -3, 0.57), (0.0, 3, 0.0)],
)
def test_a_standard_value_is_the_shifted_digits(value, shift, expected):
    """1.1 times 1000 is 1100 and not 1100.0000000000002."""
    assert standard_value(value, shift) == expected


@given(value=st.floats(1e-6, 1e9), shift=st.integers(-6, 6))
def test_a_standard_value_is_rounded_once(value, shift):
    """The result is the double nearest to the digits with their point moved."""
    assert standard_value(value, shift) == float(Decimal(repr(value)) * Decimal(10) ** shift)


def test_a_value_of_thirty_digits_is_shifted_too():
    """1e30 in 10*9/L is 1e33 cells/µL."""
    assert standard_value(1e30, 3) == 1e33


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_in_standard_units_has_its_limits_there_too(backend):
    """0.5 and 1.1-3.2 G/L are 500 and 1100-3200 cells/µL; a percentage stays as it is."""
    found = in_standard_units(
        conformed(
            backend,
            analyte=["lymphocytes", "CD4"],
            value=[0.5, 20.0],
            unit=["G/L", "%"],
            low=[1.1, 25.0],
            high=[3.2, None],
            critical_high=[None, 60.0],
        )
    ).to_native()
    names = ("value", "unit", "low", "high", "critical_high")

    assert [column(found, name) for name in names] == [
        [500.0, 20.0],
        ["cells/µL", "%"],
        [1100.0, 25.0],
        [3200.0, None],
        [None, 60.0],
    ]


@pytest.mark.parametrize("count", [2, 3000])
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_takes_the_place_of_a_key_of_its_name(backend, count):
    """In few rows and in many, `a` becomes 1 and `bb` 2, beside what is new and what was there."""
    frame = nw.from_native(
        table(backend, analyte=["bb", "a"] * (count // 2), line=list(range(count))),
        eager_only=True,
    )
    answers = {"analyte": NUMBER, "first": TEXT}
    found = lookup(frame, ["analyte"], answers, lambda name: (float(len(name)), name[0]))

    assert found.columns == ["analyte", "line", "first"]
    assert found.rows() == [
        row for line in range(0, count, 2) for row in ((2.0, line, "b"), (1.0, line + 1, "a"))
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lookup_asks_each_combination_once_and_keeps_the_rows(backend):
    """Four rows with two distinct keys are two questions and four answers in order."""
    asked = []

    def answer(name):
        asked.append(name)
        return (float(len(name)),)

    frame = nw.from_native(
        table(backend, analyte=["bb", "a", "bb", "a"], line=[1, 2, 3, 4]), eager_only=True
    )
    found = lookup(frame, ["analyte"], {"length": NUMBER}, answer).to_native()

    assert (sorted(asked), column(found, "line"), column(found, "length")) == (
        ["a", "bb"],
        [1, 2, 3, 4],
        [2.0, 1.0, 2.0, 1.0],
    )
