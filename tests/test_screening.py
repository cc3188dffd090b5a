"""Screening: who meets a rule, by which results; counts of real patients against a hand count."""

import csv
import io
from collections import defaultdict
from contextlib import closing
from itertools import pairwise

import pytest

from immunotrack.decisions import Rule
from immunotrack.problems import InvalidInput
from immunotrack.screening import screen
from immunotrack.settings import validated
from samples import doses, series
from strategies import BACKENDS, column


def counts(*samples, backend="polars", **given):
    """Lymphocyte counts of patient P, each on a line of its own from line 2 on."""
    lines = list(range(2, len(samples) + 2))
    fixed = {"analyte": ["ALC"] * len(samples), "line": lines, "source": ["f"] * len(samples)}
    return series(backend, *samples, **(fixed | given))


def rule(**given):
    """A made-up rule on lymphocytes."""
    fixed = {"name": "r", "analyte": "ALC", "compare": "<", "value": 700, "unit": "/µL"}
    return validated(fixed | {"source": "made up"} | given, Rule, "", "test")


def answer(frame, asked, events=None, **how):
    """The one row of a screening, as a dictionary."""
    found = screen(frame, events, asked, **how)
    return {name: column(found, name)[0] for name in found.columns}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_results_that_decided(backend):
    """Of 900, 650, 800, 600, 500 the last two lie below 700 in a row; the 500 on day 9 makes it."""
    samples = ((1, "900"), (3, "650"), (5, "800"), (7, "600"), (9, "500"))
    found = answer(counts(*samples, backend=backend), "laterre-2020")

    assert [found[name] for name in ("answer", "results", "days", "lines", "unit", "file")] == [
        *("met", "600; 500", "7; 9", "5; 6", "cells/µL", "f"),
    ]
    assert (found["first_met_day"], found["n_asked"], found["n_complying"]) == (9.0, 5, 3)


def test_first_met_is_earlier_than_the_set_that_is_shown():
    """Met by days 1 and 2 already; the last set, of days 8 and 9, is shown."""
    found = answer(counts((1, "600"), (2, "650"), (8, "500"), (9, "400")), "laterre-2020")

    assert (found["days"], found["first_met_day"]) == ("8; 9", 2.0)


def test_a_patient_without_results_is_answered_for():
    """Undetermined, and the reason; the patients with results come first."""
    found = screen(counts((1, "600")), None, "iliad7-fr", patients=["Q", "P"])

    assert column(found, "patient_id") == ["P", "Q"]
    assert column(found, "answer") == ["met", "undetermined"]
    assert column(found, "why")[1] == "no result of lymphocytes"


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (((1, "600"), (2, "650"), (4, "500")), "met"),
        (((1, "600"), (2, "750"), (4, "500")), "not met"),
        (((1, "600"), (2, "650")), "undetermined"),
        (((1, "600"), (2, "<750"), (4, "500")), "undetermined"),
    ],
)
def test_consecutive_results_that_are_apart(samples, expected):
    """Two at least 48 h apart, low ones only between: 650 is one, 750 is none, <750 may be."""
    asked = rule(count=2, consecutive=True, hours_apart=48)

    assert answer(counts(*samples), asked)["answer"] == expected


def test_within_days_of_the_stay():
    """Days 0 to 2 after the first result, of day 10: 600 of day 12 counts, of day 13 not."""
    asked = rule(clock="first-result", from_day=0, to_day=2)

    assert answer(counts((10, "900"), (12, "600")), asked)["days"] == "2"
    assert answer(counts((10, "900"), (13, "600")), asked)["answer"] == "not met"


EVENTS = {"kind": ["state", "drug"], "name": ["Lymphoma, diagnosed", "Steroids"]}


def test_an_event_excludes():
    """A word of the event's name is enough; the results stay to be seen."""
    found = answer(
        counts((1, "600")), rule(excluding_events=["lymphoma"]), doses("polars", 0, 9, **EVENTS)
    )

    assert (found["answer"], found["results"]) == ("not met", "600")
    assert found["why"] == "excluded by Lymphoma, diagnosed"


def test_without_events_nothing_excludes_and_that_is_said():
    """An absent file of events is no proof of absence."""
    found = answer(counts((1, "600")), rule(excluding_events=["lymphoma"]))

    assert (found["answer"], found["why"]) == ("met", "no event is known that could exclude")


@pytest.mark.parametrize(("end", "expected"), [(3.0, "met"), (5.0, "not met"), (None, "not met")])
def test_results_during_an_event_are_left_out(end, expected):
    """Steroids from day 2 to 3, to 5, or without a stated end; the one low count is of day 4."""
    events = doses(
        "polars", 2, kind=["drug"], name=["Steroids"], end_day=[end], open_end=[end is None]
    )
    found = answer(counts((1, "900"), (4, "600")), rule(excluding_during=["steroid"]), events)

    assert found["answer"] == expected
    assert ("left out during steroid: 1 result" in found["why"]) == (expected == "not met")


OTHER = """
[[rule]]
name = "low"
analyte = "ALC"
compare = "<"
value = 700
unit = "/µL"
excluding = ["few-b"]
source = "made up"

[[rule]]
name = "few-b"
analyte = "CD19"
compare = "<"
value = 20
unit = "/µL"
source = "made up"
"""


@pytest.mark.parametrize(
    ("b_cells", "expected", "why"),
    [
        ("50", "met", ""),
        ("10", "not met", "excluded by few-b"),
        ("<50", "undetermined", "few-b may exclude: censored value <50 may be on either side"),
        (None, "undetermined", "few-b may exclude: no result of cd19"),
    ],
)
def test_another_rule_excludes(tmp_path, b_cells, expected, why):
    """A patient with fewer than 20 B cells is not for this trial; unknown B cells leave it open."""
    (tmp_path / "own.toml").write_text(OTHER, encoding="utf-8")
    samples = [(1, "600"), *([(1, b_cells)] if b_cells else [])]
    frame = counts(*samples, analyte=["ALC", "CD19"][: len(samples)])
    found = answer(frame, str(tmp_path / "own.toml"))

    assert (found["answer"], found["why"]) == (expected, why)


def test_a_rule_that_excludes_must_be_there(tmp_path):
    """The message names the entry and what may stand there."""
    text = OTHER.replace('["few-b"]', '["moon"]')
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        screen(counts((1, "600")), None, str(tmp_path / "own.toml"))

    assert str(error.value.problems[0]).endswith(
        "own.toml excluding='moon'  bad-entry (error): no rule of this name asks "
        "values and excludes by no other rule. Write the name of such a rule, of this file or a "
        "preset."
    )


def hand_count(path):
    """Lymphocyte counts of each patient of the workbook in order of time, read with openpyxl."""
    openpyxl = pytest.importorskip("openpyxl")
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        header, *rows = book.worksheets[0].iter_rows(values_only=True)
    who, when, what = (header.index(n) for n in ("PATIENT_ID", "RE_DATE", "lymphocyte count"))
    found, current = defaultdict(list), None
    for line, row in enumerate(rows, start=2):
        current = current if row[who] is None else row[who]
        found[str(current)] += [] if row[what] is None else [(row[when], row[what], line)]
    return {patient: sorted(results) for patient, results in found.items()}


def by_hand(results, threshold, count, *, consecutive=False, below=False):
    """The answer of a rule of counts, in 10*9/L, written anew with loops."""
    held = [value < threshold if below else value <= threshold for _, value, _ in results]
    in_a_row = any(one and other for one, other in pairwise(held))
    met = in_a_row if consecutive else sum(held) >= count
    return "met" if met else "undetermined" if len(held) < count else "not met"


ENTRIES = ("laterre-2020", "iliad7-us", "iliad7-fr", "iliad7-uk")


@pytest.fixture(scope="module")
def tongji(run_in, shared_data, tmp_path_factory):
    """The counts of a workbook by hand, and what screening it by four rules answers and says."""
    path = shared_data / "tongji-covid" / "dev_patients_1_75.xlsx"
    read = ("--map", "time=RE_DATE", "--fill-down", "--unit", "lymphocytes=10*9/L")
    rules = [word for name in ENTRIES for word in ("--rule", name)]
    done = run_in(tmp_path_factory.mktemp("tongji"))("screen", str(path), *read, *rules)
    return hand_count(path), done


@pytest.mark.parametrize(
    ("name", "how", "expected"),
    [
        ("laterre-2020", {"threshold": 0.7, "count": 2, "consecutive": True, "below": True}, 4),
        ("iliad7-us", {"threshold": 1.0, "count": 2}, 11),
        ("iliad7-fr", {"threshold": 1.0, "count": 1}, 39),
        ("iliad7-uk", {"threshold": 0.7, "count": 2}, 5),
    ],
)
def test_tongji_agrees_with_a_hand_count(tongji, name, how, expected):
    """All 75 inpatients, also the one without a lymphocyte count; and the lines that decided."""
    known, done = tongji
    told = [row for row in csv.DictReader(io.StringIO(done.stdout)) if row["rule"] == name]
    rows = {row["patient_id"]: row for row in told}

    assert done.returncode == 0
    assert len(told) == len(rows) == len(known) == 75
    answers = {patient: by_hand(results, **how) for patient, results in known.items()}
    assert {patient: row["answer"] for patient, row in rows.items()} == answers
    assert list(answers.values()).count("met") == expected
    assert f"{name}: 75 patients: met {expected}, " in done.stderr
    for patient, row in rows.items():
        lines = {str(line) for _, _, line in known[patient]}
        assert set(filter(None, row["lines"].split("; "))) <= lines
