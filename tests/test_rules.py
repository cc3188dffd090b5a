"""The rules of one result, asked of scalars and of columns."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.problems import CODES, Severity
from immunotrack.rules import RULES, broken
from strategies import examples

SOUND = {
    "kind": "number",
    "known": True,
    "percent": False,
    "unit": "cells/µL",
    "unit_std": "cells/µL",
    "value": 350.0,
    "value_std": 350.0,
    "comparator": "",
    "low": 414.0,
    "high": 1123.0,
    "critical_low": None,
    "critical_high": None,
    "ranged": "file",
    "absurd_from": 1e6,
    "absurd_below": 1.0,
    "unlimited": False,
    "mark": "",
}
ABSENT = {"kind": "not detected", "comparator": "<", "value": None, "value_std": None}
WORD = {"kind": "text", "value": None, "value_std": None}
TYPES = {
    "kind": pl.String,
    "known": pl.Boolean,
    "percent": pl.Boolean,
    "unit": pl.String,
    "unit_std": pl.String,
    "value": pl.Float64,
    "value_std": pl.Float64,
    "comparator": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "critical_low": pl.Float64,
    "critical_high": pl.Float64,
    "ranged": pl.String,
    "absurd_from": pl.Float64,
    "absurd_below": pl.Float64,
    "unlimited": pl.Boolean,
    "mark": pl.String,
}

CASES = [
    ({}, [], []),
    ({"kind": "comma", "value": None}, ["decimal-comma"], []),
    ({"kind": "comma", "value": None, "known": False}, ["decimal-comma"], []),
    (WORD, ["not-a-number"], []),
    (WORD | {"known": False}, [], ["text-result"]),
    *(
        case
        for kind in ("titre", "interval", "ordinal")
        for case in (
            (WORD | {"kind": kind}, ["not-a-number"], []),
            (WORD | {"kind": kind, "known": False}, [], ["text-result"]),
        )
    ),
    ({"kind": "ambiguous", "value": None}, ["ambiguous-number"], []),
    ({"kind": "ambiguous", "value": None, "known": False}, ["ambiguous-number"], []),
    ({"kind": "formula error", "value": None}, ["formula-error"], []),
    ({"kind": "formula error", "value": None, "known": False}, ["formula-error"], []),
    ({"kind": "missing", "value": None, "value_std": None}, [], ["no-result"]),
    ({"kind": "missing", "value": None, "value_std": None, "known": False}, [], ["no-result"]),
    ({"mark": "H"}, [], ["marked-result"]),
    ({"percent": True}, ["percent"], []),
    ({"percent": True, "unit": "%", "unit_std": ""}, [], ["unknown-unit"]),
    ({"value": -0.1, "value_std": -0.1}, ["negative-result"], []),
    ({"value": -0.1, "value_std": None, "known": False}, [], []),
    ({"value": 0.0, "value_std": 0.0}, [], []),
    ({"low": 2.0, "high": 1.0}, ["inverted-range"], []),
    ({"low": 1.0, "high": 1.0}, [], []),
    ({"low": 2.0, "high": None}, [], []),
    ({"critical_low": 1.0, "critical_high": 2000.0}, [], []),
    ({"critical_low": 414.0, "critical_high": 1123.0}, [], []),
    ({"critical_low": 415.0}, ["inverted-range"], []),
    ({"critical_low": 1200.0}, ["inverted-range"] * 2, []),
    ({"critical_low": 1200.0, "low": None}, ["inverted-range"], []),
    ({"critical_high": 1122.0}, ["inverted-range"], []),
    ({"critical_high": 400.0, "high": None}, ["inverted-range"], []),
    (
        {"critical_low": 2.0, "critical_high": 1.0, "low": None, "high": None},
        ["inverted-range"],
        [],
    ),
    ({"low": 0.0, "high": None}, [], []),
    ({"unit": "", "unit_std": "", "ranged": ""}, ["missing-unit"], []),
    ({"unit": "", "unit_std": ""}, [], ["missing-unit"]),
    ({"unit": "", "unit_std": "", "ranged": "", "known": False}, [], []),
    (ABSENT | {"unit": "", "unit_std": "", "ranged": ""}, [], []),
    ({"unit": "furlongs", "unit_std": "", "value_std": None}, [], ["unknown-unit"]),
    ({"unit": "furlongs", "unit_std": "", "value_std": None, "known": False}, [], []),
    ({"value_std": 1e6}, [], ["absurd-magnitude"]),
    ({"value_std": 999999.0}, [], []),
    ({"value_std": 1e6, "absurd_from": None}, [], []),
    ({"value_std": 0.57}, [], ["absurd-magnitude"]),
    ({"value_std": 1234000.0, "unit": "10*9/L"}, [], ["absurd-magnitude"]),
    ({"value_std": 1e6, "unit": "ng/mL"}, [], ["absurd-magnitude"]),
    ({"value_std": 0.5, "unit": "cells/mL"}, [], ["absurd-magnitude"]),
    ({"value_std": 0.5, "unit": "10*9/L"}, [], ["absurd-magnitude"]),
    ({"value_std": 40.0, "absurd_below": 100.0, "unit": "{AB}/{cell}"}, [], ["absurd-magnitude"]),
    ({"value_std": 0.0}, [], []),
    ({"value_std": 1.0}, [], []),
    ({"value_std": 0.57, "comparator": "<"}, [], []),
    ({"kind": "empty", "value": None, "value_std": None}, [], ["empty-result"]),
    (ABSENT | {"unlimited": True}, [], ["no-detection-limit"]),
    (ABSENT | {"value": 0.5, "value_std": 0.5}, [], []),
    (
        {"kind": "comma", "value": None, "low": 2.0, "high": 1.0},
        ["decimal-comma", "inverted-range"],
        [],
    ),
]


def codes(row, severity):
    """The codes of the rules of one severity that a row breaks."""
    return [rule.code for rule in broken(SOUND | row, severity)]


@pytest.mark.parametrize(("row", "errors", "warnings"), CASES)
def test_a_row_breaks_the_rules_it_should(row, errors, warnings):
    """One fact of a sound row is changed at a time; the rules it breaks were listed by hand."""
    found = (codes(row, Severity.ERROR), codes(row, Severity.WARNING))

    assert found == (errors, warnings)


@pytest.mark.parametrize(
    ("unit", "value_std", "message"),
    [
        ("10*9/L", 1234000.0, "so large in {unit} that it looks like cells/µL"),
        ("10*3/uL", 1234000.0, "so large in {unit} that it looks like cells/µL"),
        ("cells/µL", 1234000.0, "so large in {unit} that the unit is most likely wrong"),
        ("ng/mL", 1234000.0, "so large in {unit} that it looks like pg/mL"),
        ("cells/µL", 0.8, "so small in {unit} that it looks like 10*9/L"),
        ("cells/mL", 0.8, "so small in {unit} that it looks like cells/µL"),
        ("10*9/L", 0.8, "so small in {unit} that the unit is most likely wrong"),
        ("{AB}/{cell}", 0.8, "so small in {unit} that it looks like a percentage"),
    ],
)
def test_an_absurd_number_names_the_unit_it_looks_like(unit, value_std, message):
    """A thousandfold too much of 10*9/L is what cells/µL would give."""
    found = broken(SOUND | {"unit": unit, "value_std": value_std}, Severity.WARNING)

    assert [rule.message for rule in found] == [message]


def test_every_rule_is_broken_by_some_case():
    """A rule that nothing breaks would not be noticed if it were lost."""
    rows = [SOUND | row for row, _, _ in CASES]

    assert [rule.message for rule in RULES if not any(rule.breaks(row) for row in rows)] == []


def test_every_rule_has_a_code_of_the_list():
    """A code is stable and explained."""
    assert [rule.code for rule in RULES if rule.code not in CODES] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.severity}")
def test_a_missing_fact_breaks_no_rule(rule):
    """What is not known cannot be wrong."""
    assert not rule.breaks(dict.fromkeys(SOUND))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(
                ["number", "comma", "text", "empty", "titre", "missing", "ambiguous", "ordinal"]
            ),
            "known": st.booleans(),
            "percent": st.booleans(),
            "unit": st.sampled_from(["", "%", "cells/µL", "10*9/L", "{AB}/{cell}"]),
            "unit_std": st.sampled_from(["", "cells/µL"]),
            "value": st.none() | st.integers(-2, 4).map(float),
            "value_std": st.none() | st.integers(-2, 4).map(float),
            "comparator": st.sampled_from(["", "<", ">="]),
            "low": st.none() | st.integers(0, 2).map(float),
            "high": st.none() | st.integers(0, 2).map(float),
            "critical_low": st.none() | st.integers(0, 2).map(float),
            "critical_high": st.none() | st.integers(0, 2).map(float),
            "ranged": st.sampled_from(["", "file"]),
            "absurd_from": st.none() | st.just(3.0),
            "absurd_below": st.none() | st.just(1.0),
            "unlimited": st.booleans(),
            "mark": st.sampled_from(["", "H"]),
        }
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=examples(50), deadline=None)
@given(rows=ROWS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.severity}")
def test_a_rule_says_the_same_of_a_column_and_of_each_row(rule, rows):
    """The same test serves scalars and columns; where a needed fact is missing it is not asked."""
    frame = pl.DataFrame(rows, schema=TYPES)
    asked = pl.all_horizontal(pl.col(name).is_not_null() for name in rule.needs)
    found = frame.select((rule.test(*map(pl.col, rule.needs)) & asked).fill_null(value=False))

    assert found.to_series().to_list() == [rule.breaks(row) for row in rows]
