"""Pooling studies: zero cells, subgroups, made studies, laws of arms, and what is told."""

import math
import re

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.evidence.arms import Estimate, Events, Means
from immunotrack.evidence.effects import Study, hedges_correction
from immunotrack.evidence.pool import pool
from immunotrack.evidence.pool_rows import COLUMNS, pool_frame, pool_rows
from immunotrack.problems import InvalidInput

QUICK = settings(max_examples=30, deadline=None)

arms = st.integers(1, 60).flatmap(lambda n: st.integers(0, n).map(lambda events: Events(events, n)))
means = st.builds(
    Means,
    st.floats(-50, 50).map(lambda number: round(number, 2)),
    st.floats(0.1, 20).map(lambda number: round(number, 2)),
    st.integers(2, 80),
)


def made(pairs):
    """Studies of pairs of arms."""
    return [
        Study(name=str(n), treated=treated, control=control)
        for n, (treated, control) in enumerate(pairs, 1)
    ]


def pooled(studies, measure="RR", model="DL", interval="wald", **choices):
    """A pool by default choices."""
    return pool(studies, measure=measure, model=model, interval=interval, **choices)


@QUICK
@given(st.lists(st.tuples(means, means), min_size=1, max_size=5), st.sampled_from(["MD", "SMD"]))
def test_exchanged_arms_negate_differences_of_means(pairs, measure):
    """The control taken as treated: the pooled difference changes its sign, its error stays."""
    one = pooled(made(pairs), measure).overall
    other = pooled(made([(b, a) for a, b in pairs]), measure).overall

    assert (other.estimate, other.se) == pytest.approx((-one.estimate, one.se), abs=1e-9)


@QUICK
@given(
    st.lists(st.tuples(arms, arms), min_size=1, max_size=5),
    st.sampled_from([("RR", "DL"), ("OR", "REML"), ("RD", "PM"), ("RD", "MH"), ("OR", "Peto")]),
)
def test_exchanged_arms_negate_effects_of_events(pairs, choice):
    """A log ratio or risk difference changes its sign; what cannot be pooled cannot either way."""
    measure, model = choice
    try:
        one = pooled(made(pairs), measure, model).overall
    except InvalidInput:
        with pytest.raises(InvalidInput):
            pooled(made([(b, a) for a, b in pairs]), measure, model)
        return
    other = pooled(made([(b, a) for a, b in pairs]), measure, model).overall

    assert (other.estimate, other.se) == pytest.approx((-one.estimate, one.se), abs=1e-7)


@QUICK
@given(st.lists(st.tuples(means, means), min_size=1, max_size=5), st.sampled_from([0.1, 1000]))
def test_another_unit_leaves_the_standardised_difference(pairs, factor):
    """SMD has no unit."""
    one = pooled(made(pairs), "SMD").overall
    other = pooled(
        made([[Means(a.mean * factor, a.sd * factor, a.n) for a in pair] for pair in pairs]), "SMD"
    ).overall

    assert (other.estimate, other.se) == pytest.approx((one.estimate, one.se), abs=1e-9)


@pytest.mark.parametrize(
    ("treated", "control", "notes"),
    [
        ("", "", ()),
        ("SD from quartiles", "SD from quartiles", ("SD from quartiles",)),
        ("SD from quartiles", "", ("treated: SD from quartiles",)),
        (
            "SD from range",
            "SD from quartiles",
            ("treated: SD from range", "control: SD from quartiles"),
        ),
    ],
)
def test_derived_numbers_are_told_with_their_arm(treated, control, notes):
    """Once where both arms were treated alike."""
    found = pooled(made([(Means(1, 1, 9, treated), Means(2, 1, 9, control))]), "MD")

    assert found.effects[0].notes == notes
    assert found.notes[: len(notes)] == tuple(f"1: {note}" for note in notes)


def test_hedges_correction_by_its_approximation():
    """Exact, and near 1 - 3 / (4 df - 1); right to the end for a million patients."""
    assert hedges_correction(20) == pytest.approx(1 - 3 / 79, rel=2e-4)
    assert hedges_correction(10**6) == pytest.approx(1 - 3 / (4 * 10**6 - 1), rel=1e-12)


ZEROS = made(
    [
        (Events(0, 20), Events(4, 22)),
        (Events(0, 25), Events(0, 25)),
        (Events(5, 40), Events(9, 41)),
    ]
)


def test_zero_cells_of_ratios_are_corrected_and_told():
    """ln(0.5/21 / (4.5/23)) for the first; the second says nothing of a ratio and is left out."""
    found = pooled(ZEROS, "RR")

    assert found.effects[0].estimate == pytest.approx(math.log((0.5 / 21) / (4.5 / 23)))
    assert [each.study.name for each in found.left_out] == ["2"]
    assert found.notes[:3] == (
        "risk ratios are pooled as logarithms",
        "1: 0.5 added to each cell, of which one is 0",
        "2 is left out: no patient of either arm has an event: it says nothing of the RR",
    )


def test_another_correction_is_used_and_named():
    """ln(0.1/20.2 / (4.1/22.2)) with a correction of 0.1."""
    found = pooled(ZEROS, "RR", correction=0.1)

    assert found.effects[0].estimate == pytest.approx(math.log((0.1 / 20.2) / (4.1 / 22.2)))
    assert found.notes[1] == "1: 0.1 added to each cell, of which one is 0"


def test_zero_cells_of_risk_differences_are_kept():
    """No event in either arm is a difference of 0; the correction goes into the variance only."""
    found = pooled(ZEROS, "RD")

    assert [each.estimate for each in found.effects] == pytest.approx([-4 / 22, 0, 5 / 40 - 9 / 41])
    assert found.effects[1].variance == pytest.approx(2 * 0.5 * 25.5 / 26**3)
    assert found.notes[0] == "1, 2: 0.5 added to each cell for the variance"


def test_no_event_at_all_cannot_be_pooled():
    """Mantel-Haenszel and ratios have nothing to say, and say so."""
    with pytest.raises(InvalidInput) as error:
        pooled(made([(Events(0, 9), Events(0, 8))]), "OR")
    with pytest.raises(InvalidInput) as other:
        pooled(made([(Events(0, 9), Events(1, 8))]), "RR", "MH")

    assert str(error.value.problems[0]) == (
        "studies  not-pooled (error): no study says anything of the effect. Choose another measure "
        "or model, or say in words that the trials saw no event."
    )
    assert other.value.problems[0].message == (
        "an arm without an event in any study has no risk ratio"
    )


def test_a_subgroup_that_cannot_be_pooled_says_why():
    """Its studies keep their rows; the test of the subgroups needs two that can."""
    studies = [
        Study(name="A", group="x", treated=Events(3, 30), control=Events(5, 30)),
        Study(name="B", group="y", treated=Events(0, 30), control=Events(5, 30)),
    ]
    found = pooled(studies, "RR", "MH", subgroup="group")

    assert found.groups[1].pooled is None
    assert found.groups[1].why == "an arm without an event in any study has no risk ratio"
    assert found.difference is None
    assert [each.why for each in found.leave_one_out()] == [found.groups[1].why, ""]


def test_subgroups_by_hand():
    """Effects 1 and 3 with standard errors 1 and 1: Q = 2 · 1² = 2, p = 0.157."""
    studies = [
        Study(name=name, group=name, published=Estimate(estimate, 1.0))
        for name, estimate in (("A", 1.0), ("B", 3.0))
    ]
    found = pooled(studies, "generic", "common", scale="difference", subgroup="group")

    assert (found.difference.q, found.difference.df) == (pytest.approx(2), 1)
    assert found.difference.p_value == pytest.approx(0.1573, abs=1e-4)


def test_the_test_of_subgroups_does_not_depend_on_the_interval():
    """It rests on Wald's standard errors also where Hartung-Knapp's are shown."""
    studies = [
        Study(name=str(n), group=str(n % 2), published=Estimate(estimate, 1.0))
        for n, estimate in enumerate((1.0, 3.0, 2.0, 8.0))
    ]
    wald, other = (
        pooled(studies, "generic", "DL", interval, scale="difference", subgroup="group")
        for interval in ("wald", "HK")
    )

    assert other.groups[0].pooled.se != wald.groups[0].pooled.se
    assert other.difference == wald.difference


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_frames_and_studies_give_the_same(make):
    """A pandas or Polars frame of trials is pooled as the same studies are."""
    columns = {
        "Study": ["A", "B"],
        "events_treated": [2, 3],
        "n_treated": [50, 40],
        "events_control": [6, 5],
        "n_control": [50, 42],
    }
    studies = [
        Study(name="A", treated=Events(2, 50), control=Events(6, 50)),
        Study(name="B", treated=Events(3, 40), control=Events(5, 42)),
    ]

    assert pooled(make(columns)).overall == pooled(studies).overall


def test_made_studies_that_make_no_pool():
    """The same name twice and data of another kind are refused together."""
    studies = [
        Study(name="A", treated=Events(1, 9), control=Events(2, 9)),
        Study(name="A", treated=Means(1, 1, 9), control=Means(2, 1, 9)),
    ]
    with pytest.raises(InvalidInput) as error:
        pooled(studies)

    assert [(problem.code, problem.message) for problem in error.value.problems] == [
        ("repeated-study", "2 studies are called 'A'"),
        ("mixed-outcomes", "A holds means where the measure needs events"),
    ]


@pytest.mark.parametrize(
    ("choices", "problems"),
    [
        ({"model": "XX"}, ["model  unknown-option (error): 'XX' is not known. "]),
        ({"level": 95}, ["level  unknown-option (error): a level lies between 0 and 1. "]),
        ({"correction": 0}, ["correction  unknown-option (error): a correction is above 0 and "]),
        ({"scale": "odds"}, ["scale  unknown-option (error): 'odds' is not known. "]),
        (
            {"model": "Peto", "interval": "HK"},
            [
                "model  unknown-option (error): Peto pools OR, not RR. ",
                "interval  unknown-option (error): Peto has Wald's interval alone, not HK. ",
            ],
        ),
    ],
)
def test_choices_that_are_none(choices, problems):
    """Each is named with what there is to choose."""
    with pytest.raises(InvalidInput) as error:
        pooled(ZEROS, **choices)

    for problem, start in zip(error.value.problems, problems, strict=True):
        assert str(problem).startswith(start)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Events(3, 2), "events: 3 patients with an event are more than the 2 of the arm"),
        (lambda: Events(0, 0), "n: an arm has at least 1 patient"),
        (lambda: Means(1, -1, 9), "sd: a standard deviation is above 0"),
        (lambda: Means(1, 1, 1), "n: an arm has at least 2 patients"),
        (lambda: Estimate(1, 0), "se: a standard error is above 0"),
        (lambda: Estimate(math.inf, 1), "estimate: no number of a trial is beyond 1e+15"),
        (
            lambda: Study(name="A", treated=Events(1, 2)),
            "A: a study has two arms of one kind, or an estimate",
        ),
    ],
)
def test_impossible_studies_cannot_be_made(make, message):
    """What a file is refused for, a program is refused for."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_rows_of_a_ratio():
    """Studies, the left out, the whole: ratios and their limits, weights that add up to 100."""
    rows = pool_rows(pooled(ZEROS, "RR", "REML", "HK-modified"), without=True)

    assert [(row["row"], row["name"]) for row in rows] == [
        ("study", "1"),
        ("study", "3"),
        ("left out", "2"),
        ("overall", "overall"),
        ("without", "without 1"),
        ("without", "without 3"),
    ]
    assert rows[0]["estimate"] == pytest.approx((0.5 / 21) / (4.5 / 23))
    assert sum(row["weight_percent"] or 0 for row in rows) == pytest.approx(100)
    assert (rows[3]["model"], rows[3]["interval"]) == ("REML", "HK-modified")
    assert (rows[1]["events_treated"], rows[1]["n_control"]) == (5, 41)


def test_a_frame_of_rows_has_the_columns_of_every_pool():
    """Also where there is neither a subgroup nor a ratio."""
    found = pooled(made([(Means(1, 1, 9), Means(2, 1, 9))]), "MD")

    frame = pool_frame(found, "pandas")

    assert list(frame.columns) == list(COLUMNS)
    assert frame["estimate"].tolist() == [-1, -1]
