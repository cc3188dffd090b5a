"""The printed effects: every number is that of the abstract, and nothing else is there."""

import csv

import pytest
from pydantic import ValidationError

from immunotrack.evidence.printed import (
    SCHEMA,
    EffectSet,
    PrintedEffect,
    builtin_effects,
    effect_rows,
)
from immunotrack.problems import InvalidInput

SOURCE = builtin_effects()


def test_the_rows_are_those_of_the_fact_sheet(shared_facts):
    """Population, outcome, time, measure, numbers with their digits, and the printed p."""
    with (shared_facts / "il7-pooled-effects.csv").open(encoding="utf-8", newline="") as file:
        expected = {
            (
                *(row["population"], row["outcome"]),
                row["timepoint"].replace("not stated", ""),
                *(row["measure"], row["estimate"], row["ci_low"], row["ci_high"]),
                row["p_reported"],
            )
            for row in csv.DictReader(file)
        }

    assert expected == {
        (
            *(effect.population, effect.outcome, effect.timepoint, effect.measure),
            *(map(str, effect.numbers) if effect.numbers else ("", "", "")),
            f"<{effect.p_below}" if effect.p_below else "",
        )
        for effect in SOURCE.effects
    }


def test_every_quotation_stands_in_the_abstract(shared_facts):
    """Word for word, and with it its printed numbers."""
    seed = shared_facts.parent / "seeds" / "000_7128d49f14f59e3a.txt"
    abstract = seed.read_text("utf-8")

    assert [effect.quote for effect in SOURCE.effects if effect.quote not in abstract] == []
    assert [
        effect.quote
        for effect in SOURCE.effects
        if not all(str(number) in effect.quote for number in effect.numbers or ())
    ] == []


def test_units_of_counts_are_assumed_and_marked():
    """No unit is printed: those of cells are assumed, a ratio has none, a stay has no number."""
    rows = effect_rows(SOURCE.effects, SOURCE)

    assert all(list(row) != [] and set(row) == set(SCHEMA) for row in rows)
    assert {
        (row["measure"], row["analyte"] != "", row["unit"], row["unit_basis"]) for row in rows
    } == {
        ("MD", True, "10*9/L", "assumed"),
        ("MD", False, "", ""),
        ("RR", False, "", ""),
    }


def test_two_rows_have_no_number():
    """Mortality and stay of the combined analysis are said to be without effect, and no more."""
    silent = [effect for effect in SOURCE.effects if effect.numbers is None]

    assert [(effect.population, effect.outcome) for effect in silent] == [
        ("combined", "icu_length_of_stay"),
        ("combined", "mortality"),
    ]
    assert {effect.printed for effect in silent} == {"not reported"}


def test_an_analyte_chooses_its_outcome():
    """Lymphocytes are ALC, in any name of the catalogue; populations without regard to case."""
    found = SOURCE.chosen(["lymphs", "CD8+"], ["SEPSIS"])

    assert [effect.printed for effect in found] == [
        "1.33 [0.29, 2.38]",
        "1.14 [0.02, 2.25]",
        "0.40 [0.05, 0.76]",
    ]


def test_unknown_names_are_all_told():
    """Every name that is not known, with those that are."""
    with pytest.raises(InvalidInput) as caught:
        SOURCE.chosen(["moon"], ["mars"])

    assert "\n".join(map(str, caught.value.problems)) == (
        "--outcome  unknown-option (error): 'moon' is not known. Write one of: ALC, CD4, CD8, "
        "icu_length_of_stay, secondary_infection, mortality.\n"
        "--population  unknown-option (error): 'mars' is not known. Write one of: sepsis, "
        "COVID-19, combined."
    )


def test_what_is_not_printed_is_told():
    """CD4 was not pooled for COVID-19."""
    with pytest.raises(InvalidInput) as caught:
        SOURCE.chosen(["CD4"], ["COVID-19"])

    assert str(caught.value.problems[0]) == (
        "--outcome  unknown-option (error): no pooled effect is printed of CD4 in COVID-19. Leave "
        "--population out to see all of them."
    )


def test_a_difference_converts_with_its_digits():
    """1.33 × 10⁹/L is 1330 cells/µL; into a percentage it is nothing."""
    effect = SOURCE.effects[0]

    assert [str(number) for number in effect.in_unit("cells/µL") or ()] == ["1330", "290", "2380"]
    assert effect.in_unit("%") is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"low": None}, "give estimate, low and high, or none of them"),
        ({"low": "2"}, "the interval must have a width and hold its estimate"),
        ({"measure": "RR", "low": "-1"}, "a ratio must be above 0"),
    ],
)
def test_an_impossible_effect_is_refused(wrong, message):
    """A half interval, one beside its estimate, and a negative ratio."""
    effect = SOURCE.effects[0].model_dump() | wrong
    with pytest.raises(ValidationError, match=message):
        PrintedEffect.model_validate(effect, strict=False)


def test_a_population_that_is_not_there_is_refused():
    """Every effect is of a population and an outcome of its file."""
    given = SOURCE.model_dump(by_alias=True)
    given["effect"][0] |= {"population": "mice"}
    with pytest.raises(ValidationError, match="no population or outcome mice"):
        EffectSet.model_validate(given, strict=False)
