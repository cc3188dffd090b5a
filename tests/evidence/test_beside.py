"""Pooled differences beside a patient: which result, in which unit, and what is said of it."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.evidence.beside import MEANING, SCHEMA, beside, beside_notes
from strategies import examples


def results(*rows, analyte="ALC", unit="cells/µL"):
    """A table of (day, value) of one patient."""
    days, values = zip(*rows, strict=True)
    return pd.DataFrame(
        {"patient_id": "P", "analyte": analyte, "value": values, "unit": unit, "day": days}
    )


def doses(*days, name="IL-7"):
    """Doses on these days."""
    return pd.DataFrame({"kind": "dose", "name": name, "start_day": [float(day) for day in days]})


def at(table, population, timepoint):
    """The row of one pooled effect."""
    rows = table[(table["population"] == population) & (table["timepoint"] == timepoint)]
    return rows.iloc[0]


def test_a_change_stands_beside_the_difference_of_its_week():
    """Dose on day 10: day 31 is day 21 after it, 3 weeks; 1500 - 400 = 1100 beside 1330."""
    found = beside(results((9.0, 400.0), (31.0, 1500.0)), doses(10))
    row = at(found, "sepsis", "3 weeks")

    assert list(found.columns) == list(SCHEMA)
    assert [row[name] for name in ("baseline", "baseline_day", "value", "value_day", "change")] == [
        *(400, -1, 1500, 21, 1100),
    ]
    assert [row[f"pooled_{name}"] for name in ("difference", "low", "high", "unit_basis")] == [
        *(1330, 290, 2380, "assumed"),
    ]
    assert (row["meaning"], row["why"]) == (MEANING, "")


def test_every_row_says_what_a_pooled_value_is_not():
    """No percentile and no probability, in the rows and in the notes, with the assumptions."""
    found = beside(results((0.0, 400.0), (30.0, 900.0)), doses(0))
    told = " ".join(beside_notes(found.to_dict("records")))

    assert set(found["meaning"]) == {
        "difference between groups; not a percentile, not a probability"
    }
    assert "not a percentile, not a probability" in told
    assert "Their unit is assumed: none is printed" in told
    assert "COVID-19: 30 days were pooled as 4 weeks." in told
    assert list(beside_notes([])) == []


@pytest.mark.parametrize(
    ("day", "weeks"),
    [
        (17, []),
        (18, ["3 weeks"]),
        (24, ["3 weeks"]),
        (25, ["4 weeks"]),
        (27, ["4 weeks", "30 days"]),
        (31, ["4 weeks", "30 days"]),
        (33, ["30 days"]),
        (34, []),
    ],
)
def test_a_result_counts_within_three_days(day, weeks):
    """Day 18 to 24 for 3 weeks, 25 to 31 for 4 weeks, 27 to 33 for 30 days."""
    found = beside(results((-1.0, 400.0), (float(day), 900.0)), doses(0))

    assert list(dict.fromkeys(found.dropna(subset="change")["timepoint"])) == weeks


def test_the_nearest_result_is_taken_and_the_earlier_of_two():
    """Days 20 and 22 are equally near to 21; of days 26 and 29 the latter is nearer to 28."""
    table = results((0.0, 100.0), (20.0, 300.0), (22.0, 500.0), (26.0, 700.0), (29.0, 900.0))
    found = beside(table, doses(0))

    assert at(found, "sepsis", "3 weeks")["value_day"] == 20
    assert at(found, "sepsis", "4 weeks")["value_day"] == 29


@pytest.mark.parametrize("unit", ["10*9/L", "cells/µL", "/mm3"])
def test_both_are_in_one_unit(unit):
    """0.4 to 1.5 × 10⁹/L and 400 to 1500 cells/µL are the same change, beside 1330 cells/µL."""
    factor = 0.001 if unit == "10*9/L" else 1.0
    found = beside(results((0.0, 400 * factor), (21.0, 1500 * factor), unit=unit), doses(0))
    row = at(found, "sepsis", "3 weeks")

    assert (row["unit"], row["change"], row["pooled_difference"]) == ("cells/µL", 1100, 1330)


def test_what_does_not_convert_is_told():
    """A percentage has no place beside a count."""
    found = beside(results((0.0, 10.0), (21.0, 20.0), unit="%"), doses(0))
    row = at(found, "sepsis", "3 weeks")

    assert pd.isna(row["change"])
    assert pd.isna(row["pooled_difference"])
    assert row["why"] == "pooled difference: no conversion into %"


@pytest.mark.parametrize(
    ("rows", "given", "why"),
    [
        ([(0.0, 400.0), (21.0, 900.0)], doses(), "no dose of rhIL-7 is known"),
        ([(0.0, 400.0), (21.0, 900.0)], doses(0, name="rituximab"), "no dose of rhIL-7 is known"),
        ([(21.0, 900.0)], doses(0), "no result before the first dose"),
        ([(0.0, 400.0), (40.0, 900.0)], doses(0), "no result from day 18 to 24"),
    ],
)
def test_without_a_change_there_is_a_reason(rows, given, why):
    """No dose, a dose of something else, no baseline, no result in time."""
    row = at(beside(results(*rows), given), "sepsis", "3 weeks")

    assert pd.isna(row["change"])
    assert row["why"] == why


def test_other_drugs_do_not_start_the_clock():
    """A first dose of another drug on day 0, IL-7 on day 10 under a longer name."""
    given = pd.concat([doses(0, name="rituximab"), doses(10, name="Interleukin 7")])
    row = at(beside(results((9.0, 400.0), (31.0, 1500.0)), given), "sepsis", "3 weeks")

    assert (row["value_day"], row["change"]) == (21, 1100)


def test_a_censored_result_gives_bounds_in_words():
    """<100 before and 900 after: more than 800, which is no number."""
    table = results((0.0, 100.0), (21.0, 900.0)).assign(comparator=["<", ""])
    row = at(beside(table, doses(0)), "sepsis", "3 weeks")

    assert pd.isna(row["change"])
    assert row["why"] == "change: 800 to 900, as a value is censored"
    assert row["baseline_comparator"] == "<"


def test_dates_count_from_the_first_dose():
    """Sampled 21 days after the date of the dose."""
    table = pd.DataFrame(
        {
            "analyte": "CD4", "value": [100.0, 700.0], "unit": "/µL",
            "time": pd.to_datetime(["2020-03-01 08:00", "2020-03-23 08:00"]),
        }
    )  # fmt: skip
    given = pd.DataFrame(
        {"kind": ["dose"], "name": ["CYT107"], "start_time": pd.to_datetime(["2020-03-02 12:00"])}
    )
    row = beside(table, given).iloc[0]

    assert [row[name] for name in ("value_day", "change", "pooled_difference")] == [21, 600, 560]


def test_analytes_without_a_pooled_effect_have_no_row():
    """NK cells were not pooled."""
    found = beside(results((0.0, 1.0), (21.0, 2.0), analyte="NK"), doses(0))

    assert len(found) == 0
    assert list(found.columns) == list(SCHEMA)


SAMPLES = [(-2.0, 300.0), (5.0, 500.0), (20.0, 1200.0), (29.0, 1000.0)]
MOVED = ["baseline", "value", "value_day", "change", "pooled_difference", "why"]


@pytest.fixture(scope="module")
def unmoved():
    """What stands beside SAMPLES, after a dose on day 0."""
    return beside(results(*SAMPLES), doses(0))[MOVED]


@given(st.integers(-400, 400), st.permutations(range(4)))
@settings(max_examples=examples(33), deadline=None)
def test_moving_all_days_or_permuting_rows_changes_nothing(unmoved, shift, order):
    """The change and what stands beside it depend on the days between them alone."""
    moved = [(SAMPLES[n][0] + shift, SAMPLES[n][1]) for n in order]

    assert beside(results(*moved), doses(shift))[MOVED].equals(unmoved)
