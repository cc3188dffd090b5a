"""Agreement with R metafor on public data sets and made cases (see validation/metafor/README.md).

Every figure of the reference is compared, to a relative 1e-10, and absolutely below 1. The worst
that was observed is 3e-12, of I2 by ML where metafor's iterations come to rest; nearly all others
are below 1e-13. The rest is room for another scipy: its quantiles of t, normal and chi-squared and
R's do not agree in their last digits, and brentq's last step depends on them.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from immunotrack.evidence.arms import Estimate, Events, Means
from immunotrack.evidence.confidence import INTERVAL_METHODS
from immunotrack.evidence.effects import MEASURES, Study
from immunotrack.evidence.estimators import Model
from immunotrack.evidence.method import METHODS
from immunotrack.evidence.pool import pool
from immunotrack.evidence.pooled import pool_effects

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference.json"
CASES = {case["name"]: case for case in json.loads(REFERENCE.read_text("utf-8"))["cases"]}
RELATIVE = 1e-10

FIGURES = (
    *("estimate", "se", "ci_low", "ci_high", "p_value", "tau2", "q", "q_p", "i2", "h2"),
    *("prediction_low", "prediction_high", "tau2_low", "tau2_high"),
    *("i2_low", "i2_high", "h2_low", "h2_high"),
)
BY_TABLES = ("estimate", "se", "ci_low", "ci_high", "p_value", "q", "q_p", "i2", "h2")


def near(expected):
    """Equal to the reference, to the stated tolerance."""
    return pytest.approx(expected, rel=RELATIVE, abs=RELATIVE)


def studies(case):
    """The studies of a case, made of its numbers."""
    given = case["studies"]
    groups = given.get("group", [""] * len(next(iter(given.values()))))
    columns = {name: values for name, values in given.items() if name != "group"}
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return [
        Study(name=str(n), group=group, **data(row))
        for n, (row, group) in enumerate(zip(rows, groups, strict=True), 1)
    ]


def data(row):
    """The arms or the estimate of one row of the reference."""
    if "ai" in row:
        pairs = (("ai", "n1i"), ("ci", "n2i"))
        arms = [Events(int(row[events]), int(row[n])) for events, n in pairs]
    elif "m1i" in row:
        arms = [Means(row[f"m{n}i"], row[f"sd{n}i"], int(row[f"n{n}i"])) for n in "12"]
    else:
        return {"published": Estimate(row["yi"], row["vi"] ** 0.5)}
    return {"treated": arms[0], "control": arms[1]}


@cache
def pooled(name, model, interval):
    """The pool of a case by a model and an interval."""
    case = CASES[name]
    by = "group" if "group" in case["studies"] else ""
    return pool(
        studies(case),
        measure=case["measure"],
        model=model,
        interval=interval,
        subgroup=by,
        level=case["level"],
    )


@pytest.mark.parametrize("name", CASES)
def test_effects_and_variances(name):
    """Each study's effect and variance, and which studies say nothing of a ratio."""
    case = CASES[name]
    found = pooled(name, "common", "wald")

    assert [int(each.study.name) for each in found.effects] == case["kept"]
    assert [each.estimate for each in found.effects] == near(case["yi"])
    assert [each.variance for each in found.effects] == near(case["vi"])


@pytest.mark.parametrize("name", CASES)
def test_pooled_effects(name):
    """Every model with every interval: estimate, tests, heterogeneity, prediction, weights."""
    for expected in CASES[name]["pooled"]:
        found = pooled(name, expected["model"], expected["interval"]).overall
        for figure in FIGURES:
            if figure in expected and not told_apart(expected, figure):
                assert getattr(found, figure) == near(expected[figure]), (expected["model"], figure)
        if "weights" in expected:
            assert found.weights == near(tuple(expected["weights"]))


def told_apart(expected, figure):
    """Whether metafor gives a number where there is none: the heterogeneity of one study."""
    return expected["k"] == 1 and figure in {"tau2", "q", "q_p", "i2", "h2"}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["tables"]])
def test_mantel_haenszel_and_peto(name):
    """Events pooled without correction; the weights of Mantel-Haenszel."""
    for model, expected in CASES[name]["tables"].items():
        found = pooled(name, model, "wald").overall
        for figure in BY_TABLES:
            if not told_apart(expected, figure):
                assert getattr(found, figure) == near(expected[figure]), (model, figure)
        if "weights" in expected:
            assert found.weights == near(tuple(expected["weights"]))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "subgroups" in case])
def test_subgroups(name):
    """Each subgroup alone, and Q between them."""
    for expected in CASES[name]["subgroups"]:
        found = pooled(name, expected["model"], "wald")
        assert [group.name for group in found.groups] == [g["name"] for g in expected["groups"]]
        for group, figures in zip(found.groups, expected["groups"], strict=True):
            for figure in ("k", "estimate", "se", "ci_low", "ci_high", "p_value", "tau2"):
                if not told_apart(figures, figure):
                    assert getattr(group.pooled, figure) == near(figures[figure])
        assert found.difference.q == near(expected["q_between"])
        assert found.difference.p_value == near(expected["q_between_p"])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "without" in case])
def test_leave_one_out(name):
    """The pool without each study, by inverse variance and by Mantel-Haenszel and Peto."""
    asked = [(each["model"], each["interval"], each) for each in CASES[name]["without"]]
    asked += [
        (model, "wald", figures["without"])
        for model, figures in CASES[name]["tables"].items()
        if "without" in figures
    ]
    for model, interval, expected in asked:
        found = [each.pooled for each in pooled(name, model, interval).leave_one_out()]
        for figure in ("estimate", "se", "ci_low", "ci_high"):
            numbers = expected[figure]
            assert [each is None for each in found] == [number is None for number in numbers]
            for each, number in zip(found, numbers, strict=True):
                if number is not None:
                    assert getattr(each, figure) == near(number), (model, figure)


def test_effects_alone_give_the_same():
    """`pool_effects` of a case's effects is what `pool` gives of its studies."""
    case = CASES["bcg-RR"]
    found = pool_effects(case["yi"], case["vi"], model="REML", interval="HK")

    assert found.estimate == near(pooled("bcg-RR", "REML", "HK").overall.estimate)


def test_the_reference_covers_every_combination():
    """No measure, model, interval or hard case can drop out of the comparison unseen."""
    several = [case for case in CASES.values() if len(case["yi"]) > 1]
    models = {(model, interval) for model in get_args(Model) for interval in INTERVAL_METHODS}
    public = [case for case in CASES.values() if case["source"].startswith("dat.")]
    tables = [table for case in CASES.values() for table in zip(*cells(case), strict=True)]

    assert {case["measure"] for case in public} == set(MEASURES)
    assert len({case["source"] for case in public}) >= 8
    for case in several:
        assert {(each["model"], each["interval"]) for each in case["pooled"]} == models
    assert {*get_args(Model), *(m for case in public for m in case["tables"])} == set(METHODS)
    for measure in ("RR", "OR", "RD"):
        assert any("MH" in case["tables"] for case in public if case["measure"] == measure)
    assert {case["measure"] for case in public if "subgroups" in case} >= {"RR", "SMD", "generic"}
    assert {len(case["yi"]) for case in CASES.values()} >= {1, 2}
    assert any(
        each["tau2"] == 0 for case in several for each in case["pooled"] if each["model"] == "REML"
    )
    assert any(each.get("tau2_high", 0) > 100 for case in several for each in case["pooled"])
    assert any(a == c == 0 for a, _, c, _ in tables)
    assert any(a == 0 < c for a, _, c, _ in tables)
    assert any(a == n and c == m for a, n, c, m in tables)
    assert Counter(case["level"] for case in CASES.values())[0.9] == 1


def cells(case):
    """The columns of the two-by-two tables of a case; none where it has none."""
    names = ("ai", "n1i", "ci", "n2i")
    return [case["studies"][name] for name in names] if "ai" in case["studies"] else [()]
