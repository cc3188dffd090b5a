"""Decisions: every preset against its printed rule, and what leaves a rule open."""

import csv
from datetime import datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from immunotrack.anchors import NAMES
from immunotrack.decisions import Rule, choose_rules, rule_presets
from immunotrack.problems import InvalidInput
from immunotrack.settings import validated
from immunotrack.verdicts import decide
from samples import doses, series
from strategies import BACKENDS, column, examples, table

QUICK = settings(max_examples=examples(30), deadline=None, phases=(Phase.explicit, Phase.generate))


def asked(frame, rule, events=None, **how):
    """The one verdict on a rule, as a dictionary."""
    found = decide(frame, events, rule, **how)
    names = ("answer", "decided_by", "why", "criterion", "baseline", "assumed", "clock", "origin")
    return {name: column(found, name)[0] for name in names}


def answers(frame, rules):
    """The answer to each rule in each patient."""
    found = decide(frame, None, rules)
    asked_of = zip(column(found, "patient_id"), column(found, "rule"), strict=True)
    return dict(zip(asked_of, column(found, "answer"), strict=True))


def counts(*samples, backend="polars", **given):
    """Lymphocyte counts of one patient, upper limit 3200."""
    size = len(samples)
    fixed = {"analyte": ["ALC"] * size, "low": [1100.0] * size, "high": [3200.0] * size}
    return series(backend, *samples, **(fixed | given))


def rule(**given):
    """A made-up rule on lymphocytes."""
    fixed = {"name": "r", "analyte": "ALC", "compare": "<=", "value": 900, "unit": "/µL"}
    return validated(fixed | {"source": "made up"} | given, Rule, "", "test")


# --- the presets


def test_the_presets_are_the_rules_of_the_facts(shared_facts):
    """Every row of shared/facts/il7-decision-rules.csv is a preset with its source and number."""
    with (shared_facts / "il7-decision-rules.csv").open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    names = {
        "IRIS-7 C/D entry": "iris7-entry",
        "IRIS-7 A/B entry": "iris7-ab-entry",
        "ILIAD-7 UK entry": "iliad7-uk",
        "ILIAD-7 US entry": "iliad7-us",
        "ILIAD-7 FR/BE entry": "iliad7-fr",
        "Laterre 2020 entry": "laterre-2020",
        "IRIS-7 C/D response": "iris7-response",
        "IRIS-7 C/D stopping rule": "iris7-stop",
        "immunosuppression persists": "mhla-dr-persistent",
    }
    presets = rule_presets()

    assert set(presets) == set(names.values())
    for fact in facts:
        preset = presets[names[fact["rule"]]]
        assert (preset.source, preset.key) == (fact["source"], fact["analyte"])
        assert f"{preset.compare} {preset.value}" in fact["criterion"]
        assert fact["quote"].split(" … ")[0] in preset.quote


ENTRIES = [
    ("iris7-ab-entry", 900, "met"),
    ("iris7-ab-entry", 901, "not met"),
    ("iliad7-fr", 1000, "met"),
    ("iliad7-fr", 1001, "not met"),
    ("iliad7-uk", 700, "met"),
    ("iliad7-uk", 701, "not met"),
    ("iliad7-us", 1000, "met"),
    ("iliad7-us", 1001, "not met"),
    ("laterre-2020", 699, "met"),
    ("laterre-2020", 700, "not met"),
]


@pytest.fixture(scope="module", params=BACKENDS)
def entries(request):
    """The answer of each rule to two counts alike, three days apart, in cells/µL and in G/L.

    Each pair of counts is a patient, called by the number and the unit.
    """
    names = sorted({name for name, *_ in ENTRIES})
    values = sorted({value for _, value, _ in ENTRIES})
    pairs = [(f"{value}", "/µL", 1.0) for value in values]
    pairs += [(f"{value / 1000}", "G/L", 0.001) for value in values]
    twice = [(day, *pair) for pair in pairs for day in (0, 3)]
    frame = counts(
        *((day, text) for day, text, *_ in twice),
        backend=request.param,
        patient_id=[f"{text} {unit}" for _, text, unit, _ in twice],
        unit=[unit for *_, unit, _ in twice],
        low=[1100 * factor for *_, factor in twice],
        high=[3200 * factor for *_, factor in twice],
    )
    return answers(frame, names)


@pytest.mark.parametrize(("name", "value", "answer"), ENTRIES)
def test_entry_at_and_beside_its_threshold(entries, name, value, answer):
    """Two counts alike, three days apart; in cells/µL and in G/L the answer is one."""
    assert entries[f"{value} /µL", name] == answer
    assert entries[f"{value / 1000} G/L", name] == answer


SEPSIS = {"kind": ["state", "dose"], "name": ["Sepsis diagnosis", "IL-7"]}


@pytest.mark.parametrize(
    ("samples", "sepsis", "answer", "why"),
    [
        (((1, "800"), (5, "850")), 0, "met", ""),
        (((1, "800"), (5, "950")), 0, "not met", ""),
        (((1, "800"), (5, "850")), 4, "not met", "before 48 h after sepsis"),
        (((1, "800"), (5, "850")), 3, "undetermined", "perhaps before 48 h after sepsis"),
        (
            ((4, "800"), (5, "850")),
            0,
            "undetermined",
            "the hours between the results are not known",
        ),
        (((5, "850"),), 0, "undetermined", "there are too few results"),
        (
            ((1, "800"), (5, "<950")),
            0,
            "undetermined",
            "censored value <950 may be on either side",
        ),
    ],
)
def test_entry_of_iris7(samples, sepsis, answer, why):
    """Days 1 and 5 are at least 72 h apart; days 4 and 5 are 0 to 48 h; day 5 to 3 is 24 to 72."""
    events = doses("polars", sepsis, 9, **SEPSIS)
    found = asked(counts(*samples), "iris7-entry", events)

    assert (found["answer"], found["why"]) == (answer, why)


def test_entry_with_hours():
    """12 h apart is enough, 11 h 59 min is not; both counts are 800."""

    def answer(hour, minute):
        times = [datetime(2020, 3, 1, 6), datetime(2020, 3, 1, hour, minute)]  # noqa: DTZ001
        found = asked(counts((None, "800"), (None, "800"), time=times), late)
        return found["answer"], found["why"]

    late = rule(count=2, hours_apart=12)

    assert answer(18, 0) == ("met", "")
    assert answer(17, 59) == ("undetermined", "there are too few results")


@pytest.mark.parametrize(
    ("late", "answer", "why"),
    [
        (((28, "1275"),), "met", ""),
        (((28, "1274"),), "not met", ""),
        (((26, "1000"), (29, "1300")), "met", ""),
        (((26, "9000"), (31, "9000")), "met", ""),
        (((25, "9000"), (31, "9000")), "undetermined", "no result from day 27 to day 31"),
        (((28, ">1000"),), "undetermined", "censored value >1000 may be on either side"),
        (((28, ">1500"),), "met", ""),
    ],
)
def test_response_of_iris7(late, answer, why):
    """Mean of 800 and 900 is 850, 1.5 x 850 = 1275; dose on day 0: day 28 is study day 29."""
    frame = counts((-8, "800"), (-5, "900"), *late)
    found = asked(frame, "iris7-response", doses("polars", 0))

    assert (found["answer"], found["why"].removesuffix(" (study-day)")) == (answer, why)
    assert found["assumed"] == (
        "clock study-day; take nearest; from_day 27; to_day 31; when after first dose"
    )
    if answer != "undetermined":
        assert found["baseline"] == 850.0


def test_response_of_iris7_without_qualifying_counts():
    """A count of 950 does not qualify, so there is no baseline to rise from."""
    found = asked(
        counts((-8, "950"), (-5, "900"), (28, "2000")), "iris7-response", doses("polars", 0)
    )

    assert (found["answer"], found["why"]) == (
        "undetermined",
        "the results that qualify for iris7-entry are not known",
    )


@pytest.mark.parametrize(
    ("value", "answer", "why"),
    [
        ("8000", "not met", ""),
        ("8001", "met", ""),
        (">8000", "met", ""),
        (">=8000", "undetermined", "censored value >=8000 may be on either side"),
        ("<9000", "undetermined", "censored value <9000 may be on either side"),
    ],
)
def test_stop_of_iris7(value, answer, why):
    """2.5 x 3200 = 8000, which itself is not above; only what comes after the dose is asked."""
    found = asked(counts((0, "9999"), (7, value)), "iris7-stop", doses("polars", 1))

    assert (found["answer"], found["why"]) == (answer, why)
    assert found["decided_by"] == f"{value} on day 7"


def test_stop_without_an_upper_limit_or_a_dose_is_open():
    """Nothing to multiply, or nothing after which to look."""
    frame = counts((7, "9000"), low=[None], high=[None])
    limitless = asked(frame, "iris7-stop", doses("polars", 1), ranges="none")
    undosed = asked(counts((7, "9000")), "iris7-stop")

    assert (limitless["answer"], limitless["why"]) == ("undetermined", "no upper limit")
    assert (undosed["answer"], undosed["why"]) == ("undetermined", "no dose is known")


@pytest.mark.parametrize(
    ("samples", "clock", "answer", "why"),
    [
        (
            ((1, "7000"), (5, "6000"), (7, "5000")),
            "Days after ICU admission",
            "met",
            "slope: -321.429 a day, 3 results",
        ),
        (
            ((1, "5000"), (6, "6000")),
            "Days after ICU admission",
            "not met",
            "slope: 200 a day, 2 results",
        ),
        (
            ((1, "9000"), (5, "7999"), (7, "8000")),
            "Days after ICU admission",
            "not met",
            "slope: -178.607 a day, 3 results",
        ),
        (
            ((6, "6000"),),
            "Days after ICU admission",
            "undetermined",
            "slope: not known from 1 result",
        ),
        (
            ((1, "9000"), (6, "<8000")),
            "Days after ICU admission",
            "met",
            "slope: -1800 to -200 a day, 2 results",
        ),
        (
            ((1, "7000"), (6, "<8000")),
            "Days after ICU admission",
            "undetermined",
            "slope: -1400 to 200 a day, 2 results",
        ),
        (
            ((1, "7000"), (5, "6000")),
            "Days after first dose",
            "undetermined",
            "days do not count from admission, but: Days after first dose",
        ),
    ],
)
def test_persistent_immunosuppression(samples, clock, answer, why):
    """Days -10/3, 2/3, 8/3 around 13/3 and 1000, 0, -1000: -6000 / (168 / 9) = -321.43.

    From 9000 to below 8000 in 5 days it falls by more than 200 a day; from 7000 it may rise.
    """
    size = len(samples)
    frame = counts(
        *samples,
        analyte=["mHLA-DR"] * size,
        unit=["AB/C"] * size,
        clock=[clock] * size,
    )
    found = asked(frame, "mhla-dr-persistent")

    assert (found["answer"], found["why"]) == (answer, why)


def test_consecutive_counts_have_none_between_them():
    """600 and 650 with 800 between them do not follow each other."""
    between = asked(counts((0, "600"), (1, "800"), (2, "650")), "laterre-2020")
    following = asked(counts((0, "800"), (1, "600"), (2, "650")), "laterre-2020")

    assert (between["answer"], following["answer"]) == ("not met", "met")
    assert following["decided_by"] == "600 on day 1; 650 on day 2"


def test_the_last_counts_before_the_dose_decide():
    """Of three that qualify the last two; the count after the dose is not asked."""
    frame = counts((0, "600"), (3, "610"), (6, "620"), (9, "5000"), origin=["illustrative"] * 4)
    found = asked(frame, "iliad7-uk", doses("polars", 7))

    assert found["decided_by"] == "610 on day 3; 620 on day 6"
    assert (found["answer"], found["origin"]) == ("met", "illustrative")


def test_patients_without_the_analyte_are_undetermined():
    """Each patient of the table has an answer."""
    frame = table(
        "polars",
        patient_id=["A", "B"],
        analyte=["CD4", "ALC"],
        value=[1.0, 800.0],
        unit=["/µL"] * 2,
        day=[0.0, 0.0],
    )
    found = decide(frame, rule=["iliad7-fr"])

    assert column(found, "answer") == ["undetermined", "met"]
    assert column(found, "why")[0] == "no result of lymphocytes"


# --- rules of a user


TOML = """
[[rule]]
name = "ours"
analyte = "CD4"
compare = "<"
value = 0.2
unit = "G/L"
source = "local protocol"

[[rule]]
name = "doubled"
analyte = "CD4"
measure = "percent rise"
compare = ">="
value = 100
unit = "%"
baseline = "ours"
source = "local protocol"
when = "after first dose"
"""


def test_a_user_s_file_has_the_same_form(tmp_path):
    """199 is below 0.2 G/L; 199 to 398 is 100 %; the baseline is the other rule of the file."""
    path = tmp_path / "ours.toml"
    path.write_text(TOML, encoding="utf-8")
    found = decide(series("polars", (0, "199"), (9, "398")), doses("polars", 5), str(path))

    assert column(found, "rule") == ["ours", "doubled"]
    assert column(found, "answer") == ["met", "met"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "AB/C"}, "the unit does not convert into cells/µL"),
        ({"from_day": 3}, "days need a clock"),
        (
            {"clock": "moon"},
            f"the clock must be one of {', '.join(NAMES)}, or event:NAME",
        ),
        (
            {"clock": "source", "from_day": 3, "to_day": 1},
            "from_day must not be after to_day",
        ),
        ({"take": "nearest"}, "nearest needs at_day"),
        ({"take": "every", "count": 2}, "count goes with take = some"),
        ({"excluding_events": [" "]}, "an event that excludes needs a word"),
        ({"measure": "percent rise"}, "the unit must be '%'"),
        ({"assumed": ["colour"]}, "assumed must name keys"),
        ({"colour": "red"}, "no such key is known here"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change, message):
    """Each fault is told in a sentence."""
    with pytest.raises(InvalidInput) as error:
        rule(**change)

    assert error.value.problems[0].message == message


def test_a_baseline_that_is_no_rule_is_refused():
    """Neither last, mean nor a rule on values of the same analyte."""
    made = rule(measure="percent rise", unit="%", baseline="mhla-dr-persistent")
    with pytest.raises(InvalidInput) as error:
        choose_rules([made])

    assert error.value.problems[0].message == "no rule of this name asks values of ALC"


def test_an_unknown_rule_names_the_choices():
    """A name that is neither preset nor file."""
    with pytest.raises(InvalidInput) as error:
        choose_rules(["iris8"])

    assert str(error.value.problems[0]).startswith(
        "--rule  unknown-option (error): 'iris8' is not known. Write one of: iris7-entry, "
    )


@QUICK
@given(
    results=st.lists(
        st.tuples(
            st.none() | st.floats(-30, 60),
            st.sampled_from(["", "<", "<700", "<=900", ">700", ">8000", "600", "900", "9000"]),
        ),
        min_size=1,
        max_size=6,
    ),
    days=st.lists(st.integers(-20, 40), max_size=2),
    name=st.sampled_from(sorted(rule_presets())),
)
def test_any_course_has_an_answer_that_says_why(results, days, name):
    """An open answer has a reason, a decided one has the results that decided it."""
    events = doses("polars", *days) if days else None
    found = asked(counts(*results), name, events)

    assert found["answer"] in {"met", "not met", "undetermined"}
    assert found["why"] if found["answer"] == "undetermined" else found["decided_by"]


@QUICK
@given(
    values=st.lists(st.integers(500, 1100), min_size=1, max_size=5), bound=st.integers(500, 1100)
)
def test_a_censored_result_decides_only_what_all_its_values_decide(values, bound):
    """With <bound in place of a number: an answer is that of each number it allows."""
    before = [(-30 + 3 * place, f"{value}") for place, value in enumerate(values)]
    allowed = {0, bound - 1, min(bound - 1, 900), min(bound - 1, 901)}
    last = [f"<{bound}", *map(str, allowed)]
    frame = counts(
        *(sample for text in last for sample in (*before, (0, text))),
        patient_id=[text for text in last for _ in (*before, text)],
    )
    found = {patient: answer for (patient, _), answer in answers(frame, rule(count=2)).items()}
    censored = found.pop(f"<{bound}")

    assert set(found) == {*map(str, allowed)}
    assert censored == "undetermined" or set(found.values()) == {censored}
