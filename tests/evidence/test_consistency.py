"""What can be computed of the printed effects: the figures of the fact sheet, and the logic."""

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.evidence.consistency import MODELS, consistency
from immunotrack.evidence.findings import SCHEMA, finding_rows
from immunotrack.evidence.printed import builtin_effects
from immunotrack.evidence.rounding import Span, implied, span_of

SOURCE = builtin_effects()
Z = 1.959964


@pytest.fixture(scope="module")
def found():
    """All answers to the printed effects."""
    return consistency(SOURCE)


def of(findings, check, population, outcome, timepoint=""):
    """The answers to one question about one row."""
    return [
        finding
        for finding in findings
        if finding.check == check
        and finding.asked[0].population == population
        and finding.asked[0].outcome == outcome
        and finding.asked[0].timepoint == timepoint
    ]


def shown(finding):
    """Estimate and interval to two decimals, as the fact sheet gives them."""
    return tuple(round(number, 2) for number in (finding.estimate, finding.low, finding.high))


def test_every_estimate_is_the_middle_of_its_interval(found):
    """Twelve rows with numbers hold; two without cannot be asked."""
    verdicts = [finding.verdict for finding in found if finding.check == "midpoint"]

    assert (verdicts.count("holds"), verdicts.count("cannot be asked"), len(verdicts)) == (
        12,
        2,
        14,
    )


def test_the_words_agree_with_the_intervals(found):
    """Significant where the interval leaves no effect out; p < 0.0001 follows, too."""
    words = [finding for finding in found if finding.check == "words"]

    assert {finding.verdict for finding in words} == {"holds"}
    assert len(words) == 12
    assert of(found, "words", "COVID-19", "secondary_infection")[0].p_value < 0.0001


def test_the_standard_error_is_that_of_hand_arithmetic(found):
    """(2.38 - 0.29) / (2 x 1.96) = 0.533; (ln 0.74 - ln 0.46) / (2 x 1.96) = 0.1213."""
    difference = of(found, "midpoint", "sepsis", "ALC", "3 weeks")[0]
    ratio = of(found, "midpoint", "COVID-19", "secondary_infection")[0]

    assert difference.standard_error == pytest.approx(2.09 / 2 / Z, abs=1e-6)
    assert ratio.standard_error == pytest.approx(math.log(0.74 / 0.46) / 2 / Z, abs=1e-6)
    assert difference.sentence == (
        "The estimate is the middle of its interval; as Wald's it implies a standard error of "
        "0.533 (0.531 to 0.536 by rounding)."
    )


def test_the_combined_infections_do_not_follow(found):
    """0.61 [0.49, 0.77] by a common effect, 0.69 [0.41, 1.17] by DL, PM and REML; printed 0.64."""
    rows = of(found, "combined", "combined", "secondary_infection")

    assert [finding.model for finding in rows] == list(MODELS)
    assert [shown(finding) for finding in rows] == [
        (0.61, 0.49, 0.77),
        (0.69, 0.41, 1.17),
        (0.69, 0.41, 1.17),
        (0.69, 0.41, 1.17),
    ]
    assert {finding.verdict for finding in rows} == {"does not follow"}


def test_the_combined_lymphocytes_at_4_weeks_do_not_follow(found):
    """0.62 [0.08, 1.16] by a common effect; printed 0.80 [0.24, 1.36]."""
    rows = of(found, "combined", "combined", "ALC", "4 weeks")

    assert shown(rows[0]) == (0.62, 0.08, 1.16)
    assert {finding.verdict for finding in rows} == {"does not follow"}
    assert rows[0].sentence == (
        "Pooled by a common effect, sepsis and COVID-19 give 0.62 [0.08, 1.16] and not 0.80 [0.24, "
        "1.36], by more than rounding; weights of the single trials may explain it and are not "
        "printed."
    )


def test_what_lacks_a_part_cannot_be_asked(found):
    """At 3 weeks nothing is printed of COVID-19; of combined mortality there is no number."""
    weeks = of(found, "combined", "combined", "ALC", "3 weeks")
    deaths = of(found, "combined", "combined", "mortality")

    assert [(each.verdict, each.sentence) for each in (*weeks, *deaths)] == [
        ("cannot be asked", "No number of COVID-19 at 3 weeks is printed."),
        ("cannot be asked", "No number is printed."),
    ]


def test_the_populations_do_not_differ_by_more_than_chance(found):
    """By p = 0.155 for infections, 0.295 for lymphocytes at 4 weeks, 0.76 for mortality."""
    rows = [finding for finding in found if finding.check == "difference"]

    assert {row.asked[0].outcome: round(row.p_value, 3) for row in rows} == {
        "ALC": 0.295,
        "secondary_infection": 0.155,
        "mortality": 0.762,
    }
    assert rows[1].sentence == (
        "Chance can explain the difference between sepsis and COVID-19 (Q = 2.02, df = 1, p = "
        "0.155), although the text says not significant in sepsis, significant in COVID-19."
    )


def test_two_trials_by_hartung_knapp(found):
    """1.33 ± 12.706 x 0.533, t of one degree of freedom: [-5.44, 8.10]; plain HK is not known."""
    modified, plain = of(found, "interval", "sepsis", "ALC", "3 weeks")

    assert shown(modified) == (1.33, -5.44, 8.10)
    assert modified.sentence == (
        "With 2 trials the modified Hartung-Knapp interval is at least 1.33 [-5.44, 8.10], which "
        "holds 0."
    )
    assert (plain.interval, plain.verdict, plain.estimate) == ("HK", "cannot be asked", None)


def test_only_populations_with_known_trials_are_asked_for_hartung_knapp(found):
    """Six rows of sepsis rest on two trials; how many the others rest on is not known."""
    rows = [finding.asked[0].population for finding in found if finding.check == "interval"]

    assert rows == ["sepsis"] * 12


def changed(outcome, population, **numbers):
    """The effects with other numbers in one row."""
    effects = [
        effect.model_copy(update={name: Decimal(text) for name, text in numbers.items()})
        if (effect.outcome, effect.population) == (outcome, population)
        else effect
        for effect in SOURCE.effects
    ]
    return consistency(SOURCE.model_copy(update={"effects": effects}))


def test_a_combined_row_that_is_the_pool_can_follow():
    """0.61 [0.49, 0.77] follows by a common effect, and by no random effects."""
    rows = of(
        changed("secondary_infection", "combined", estimate="0.61", low="0.49", high="0.77"),
        "combined", "combined", "secondary_infection",
    )  # fmt: skip

    assert [(row.model, row.verdict) for row in rows] == [
        ("common", "can follow"),
        ("DL", "does not follow"),
        ("PM", "does not follow"),
        ("REML", "does not follow"),
    ]
    assert rows[0].sentence == (
        "Pooled by a common effect, sepsis and COVID-19 give 0.61 [0.49, 0.77], and 0.61 [0.49, "
        "0.77] can follow from them."
    )


def test_an_estimate_off_the_middle_and_false_words_are_found():
    """1.20 is not the middle of 0.29 and 2.38; -0.01 to 0.81 is not significant."""
    off = changed("ALC", "sepsis", estimate="1.20")
    false = changed("CD8", "sepsis", low="-0.01", high="0.81")

    assert of(off, "midpoint", "sepsis", "ALC", "3 weeks")[0].verdict == "does not hold"
    assert of(false, "words", "sepsis", "CD8", "2 weeks")[0].verdict == "does not hold"


def test_a_printed_p_that_the_interval_does_not_bear_out_is_found():
    """0.58 [0.34, 0.99] has p = 0.046 and not p < 0.0001."""
    rows = changed("secondary_infection", "COVID-19", low="0.34", high="0.99")

    assert of(rows, "words", "COVID-19", "secondary_infection")[0].verdict == "does not hold"


def test_findings_are_a_table(found):
    """One row an answer, with every column, a difference naming both populations."""
    rows = finding_rows(found)

    assert {tuple(row) for row in rows} == {tuple(SCHEMA)}
    assert [row["population"] for row in rows if row["check"] == "difference"] == (
        ["sepsis; COVID-19"] * 3
    )


@given(st.decimals(-1000, 1000, places=2), st.floats(-0.499, 0.499))
@settings(max_examples=30, deadline=None)
def test_rounding_allows_what_rounds_to_the_printed_digits(printed, off):
    """Every number within half a unit of the last digit, and none beyond."""
    span = span_of(printed)

    assert span.low - 1e-9 <= float(printed) + off * 0.01 <= span.high + 1e-9
    assert span.high - span.low == pytest.approx(0.01)


def test_spans_meet_at_their_ends():
    """0.395 to 0.405 meets 0.405 to 0.415, and not 0.41 to 0.42."""
    assert Span(0.395, 0.405).meets(Span(0.405, 0.415))
    assert not Span(0.395, 0.405).meets(Span(0.41, 0.42))


def test_rounding_bounds_the_standard_error():
    """[0.29, 2.38]: between 2.08 and 2.10 wide."""
    said = implied(SOURCE.effects[0], 0.95)

    assert said is not None
    assert said.ses == pytest.approx((2.08 / 2 / Z, 2.10 / 2 / Z), abs=1e-6)
