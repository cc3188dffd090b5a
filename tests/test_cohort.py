"""Cohorts: alignment, windows, medians of censored values, patterns; against hand counts."""

import csv
import math
import statistics
from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from immunotrack import flag
from immunotrack.cohort import NO_GROUP, align
from immunotrack.intervals import interval, quantile
from immunotrack.problems import InvalidInput
from immunotrack.summaries import Responses, by_window, patterns, rises, strip_rows, summarise
from immunotrack.visits import visit_order
from immunotrack.windows import even_windows
from samples import doses, series
from strategies import SIGNS

QUICK = settings(max_examples=30, deadline=None)


def cohort(*patients, events=None, **how):
    """A cohort of CD4 counts, range 400 to 1000; each patient an id and samples."""
    names = [one for one, samples in patients for _ in samples]
    samples = [sample for _, samples in patients for sample in samples]
    frame = flag(series("polars", *samples, patient_id=names))
    return align(frame, events, **how)


def dosed(**days):
    """A dose of IL-7 for each patient."""
    return doses("polars", *days.values(), patient_id=list(days))


TWO = (("A", ((8, "300"), (10, "350"), (15, "500"))), ("B", ((2, "200"), (9, "700"))))


def test_patients_are_aligned_on_their_first_dose():
    """A is dosed on day 10, B on day 3: their days count from there."""
    found = cohort(*TWO, events=dosed(A=10, B=3))

    assert (found.anchor, found.clock, found.dose) == (
        *("first-dose", "Days after first IL-7 dose"),
        "IL-7",
    )
    days = {one.patient: [row["day"] for row in one.rows] for one in found.members}
    assert days == {"A": [-2.0, 0.0, 5.0], "B": [-1.0, 6.0]}
    assert [one.first_dose for one in found.members] == [0.0, 0.0]


def test_a_patient_without_a_dose_has_no_place_and_is_named():
    """B has no dose: nothing is drawn of B, and the warning says so."""
    found = cohort(*TWO, events=dosed(A=10))

    assert [one.placed for one in found.members] == [True, False]
    (problem,) = found.problems
    assert str(problem) == (
        "cohort  not-drawn (warning): 1 patient of 2 without a day 0 on the clock first-dose: B. "
        "Choose another one with --clock."
    )


@pytest.mark.parametrize(
    ("clock", "days"),
    [
        ("source", {"A": [8.0, 10.0, 15.0], "B": [2.0, 9.0]}),
        ("first-result", {"A": [0.0, 2.0, 7.0], "B": [0.0, 7.0]}),
        ("event:il-7", {"A": [-2.0, 0.0, 5.0], "B": [-1.0, 6.0]}),
    ],
)
def test_other_anchors(clock, days):
    """The days of the source, the first result, any event."""
    found = cohort(*TWO, events=dosed(A=10, B=3), clock=clock)

    assert {one.patient: [row["day"] for row in one.rows] for one in found.members} == days


def test_without_a_dose_the_days_of_the_source_are_kept():
    """Nothing is asked for and nobody is dosed."""
    assert cohort(*TWO).anchor == "source"


@pytest.mark.parametrize("clock", ["moon", "hours", "event:surgery"])
def test_an_unknown_anchor_is_refused(clock):
    """The choices are named."""
    with pytest.raises(InvalidInput, match="unknown-option"):
        cohort(*TWO, events=dosed(A=10), clock=clock)


def test_groups_have_their_order_and_nobody_is_lost():
    """Week 4 before week 12, those without a group last."""
    names = {"A": "week 12", "B": "week 4"}
    found = cohort(*TWO, ("C", ((1, "5"),)), groups=names)

    assert found.groups == ["week 4", "week 12", NO_GROUP]


@QUICK
@given(st.integers(1, 40), st.floats(-300, 300), st.floats(0, 300))
@example(7, 2.0, 0.0)
@example(7, -2.0, 1.0)
def test_every_day_has_one_window(every, first, length):
    """No gap, no overlap, the whole span; and none reaches over day 0."""
    found = even_windows(first, first + length, every, "days").windows

    assert found[0].from_day <= math.floor(first)
    assert found[-1].to_day >= math.floor(first + length)
    assert all(one.to_day + 1 == other.from_day for one, other in pairwise(found))
    assert not any(one.from_day <= 0 < one.to_day for one in found)


@QUICK
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=12), st.sampled_from([1, 2, 3]))
def test_a_quantile_of_numbers_is_that_of_numpy(numbers, quarter):
    """Linear interpolation, type 7 of R; exact arithmetic differs from NumPy's by rounding only."""
    found = quantile([interval("", number) for number in numbers], Fraction(quarter, 4))

    assert found.exact == pytest.approx(np.quantile(numbers, quarter / 4), rel=1e-12, abs=1e-9)


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from(SIGNS), st.integers(0, 50).map(float), st.floats(0, 1)),
        min_size=1,
        max_size=9,
    )
)
def test_a_median_allows_whatever_its_values_allow(results):
    """Some number is taken that each result allows: their median is one that the interval has."""
    values = [interval(sign, number) for sign, number, _ in results]
    taken = [
        low.value + (min(high.value, low.value + 100) - low.value) * share
        for (low, high), (_, _, share) in zip(values, results, strict=True)
    ]
    found = quantile(values, Fraction(1, 2))

    assert found.low.value - 1e-9 <= statistics.median(taken) <= found.high.value + 1e-9


@pytest.mark.parametrize(
    ("results", "told", "ends"),
    [
        (("10", "20", "40"), ("", 20.0), (20.0, 20.0)),
        (("<10", "20", "40"), ("", 20.0), (20.0, 20.0)),
        (("<10", "<10", "40"), ("<", 10.0), (0.0, 10.0)),
        (("<30", "20", "40"), ("IND", None), (20.0, 30.0)),
        ((">10", ">10", "5"), (">", 10.0), (10.0, None)),
        (("<10", "20"), ("IND", None), (10.0, 15.0)),
    ],
)
def test_medians_of_censored_values(results, told, ends):
    """(<30, 20, 40): the middle one is 20 to 30; (<10, 20): between (0 + 20) / 2 and 15."""
    people = cohort(*((f"P{n}", ((1, text),)) for n, text in enumerate(results)))
    (row,) = summarise(by_window(people, even_windows(1, 1, 7, "Day")), ["cd4"])

    assert (row["median_comparator"], row["median"]) == told
    assert (row["median_least"], row["median_most"]) == ends
    assert row["n_censored"] == sum(not text.isdecimal() for text in results)


def test_a_patient_counts_once_in_a_window():
    """A has 300, 100 and 200 in week 1, so 200; with B's 600 the median is 400."""
    people = cohort(("A", ((4, "300"), (5, "100"), (6, "200"))), ("B", ((7, "600"),)))
    (row,) = summarise(by_window(people, even_windows(4, 7, 7, "Day")), ["cd4"])

    assert (row["median"], row["n_patients"], row["n_results"], row["n_L"], row["n_N"]) == (
        *(400.0, 2, 4),
        *(1, 1),
    )


def test_patterns_by_response():
    """B rose 3.5 times, A 1.67; C has one value: last. B's one window has 200 and 700: 450, N."""
    people = cohort(*TWO, ("C", ((9, "1200"),)))
    taken = by_window(people, even_windows(2, 15, 7, "Day"))
    found = patterns(taken, "cd4", Responses("last / first", rises(people.rows)))

    assert [(one.patient, one.letters) for one in found] == [("B", "N."), ("A", "LN"), ("C", "H.")]
    assert [one.response for one in found] == [3.5, 500 / 300, None]
    assert [row["rank"] for row in strip_rows(found, "Day")][-1] == 3


def test_rises_are_told_only_where_they_are_sure():
    """A censored value, a first value of 0 and a single value give none."""
    people = cohort(
        ("A", ((1, "100"), (9, "<50"))), ("B", ((1, "0"), (9, "50"))), ("C", ((1, "7"),))
    )

    assert rises(people.rows) == {}


def test_visits_come_in_the_order_of_the_patients():
    """One has baseline before week 12, another week 4 before week 12; names decide the rest."""
    rows = [
        {"patient_id": one, "analyte": "cd4", "visit": visit}
        for one, visits in {"A": ["screening", "week 12"], "B": ["baseline", "week 4"]}.items()
        for visit in visits
    ]
    rows += [{"patient_id": "C", "analyte": "cd4", "visit": v} for v in ("screening", "baseline")]

    assert visit_order(rows) == ["screening", "baseline", "week 4", "week 12"]


def test_visits_that_contradict_each_other_are_in_the_order_of_their_numbers():
    """A cycle has no order of its own."""
    rows = [
        {"patient_id": one, "analyte": "cd4", "visit": visit}
        for one, visits in {"A": ["v2", "v10"], "B": ["v10", "v2"]}.items()
        for visit in visits
    ]

    assert visit_order(rows) == ["v2", "v10"]


# --- real patients, counted by hand


def median_by_hand(values):
    """The middle value, or the mean of the two in the middle."""
    ranked = sorted(values)
    half = len(ranked) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def overlay(run, tmp_path, source, *options):
    """The table behind an overlay, by analyte, group and window."""
    written = ("-o", str(tmp_path / "figure.png"), "--data", str(tmp_path / "data.csv"))
    done = run("cohort", *source, "--figure", "overlay", *options, *written)
    with (tmp_path / "data.csv").open(encoding="utf-8", newline="") as file:
        return done, {(row["group"], row["window"]): row for row in csv.DictReader(file)}


def test_actg_agrees_with_a_hand_count(run, shared_data, tmp_path):
    """1 177 patients by treatment: n and median of each scheduled week."""
    path = shared_data / "cd4-cohorts" / "actg193a_bcmixed.csv"
    held = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["cd4"].strip() and row["cd4"] != "NA":
                held[f"treatment {row['treatment']}", int(row["weekc"])].append(float(row["cd4"]))
    source = (str(path), "--map", "week=weekc", "--unit", "cd4=/µL")
    done, rows = overlay(run, tmp_path, source, "--by", "treatment", "--every", "56")

    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].startswith("1177 patients, Days (7 × weekc); 1 page: ")
    assert sum(len(values) for values in held.values()) == 3352
    for (group, week), values in held.items():
        row = rows[group, str(7 * week)]
        assert int(row["n_patients"]) == len(values)
        assert float(row["median"]) == median_by_hand(values)
    assert sum(int(row["n_patients"]) for row in rows.values()) == 3352


def test_qvirus_agrees_with_a_hand_count(run, shared_data, tmp_path):
    """176 patients by visit, as the columns of the file are: n and median of each."""
    path = shared_data / "cd4-cohorts" / "qvirus_cd_3.csv"
    with path.open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    visits = [name.removeprefix("cd_") for name in people[0] if name.startswith("cd_")]
    done, rows = overlay(run, tmp_path, (str(path), "--map", "cd4=cd_*", "--unit", "cd4=/µL"))

    assert done.stderr.splitlines()[-1].startswith("176 patients, Visit; 1 page: ")
    assert [window for _, window in rows] == visits
    for visit in visits:
        values = [float(one[f"cd_{visit}"]) for one in people if one[f"cd_{visit}"]]
        assert int(rows["", visit]["n_patients"]) == len(values)
        assert float(rows["", visit]["median"]) == median_by_hand(values)


def test_the_pilot_agrees_with_a_hand_count(run, shared_data, tmp_path):
    """51 patients by arm: lymphocytes in windows of 28 days from the first EXSTDTC."""
    folder = shared_data / "cdisc-pilot"

    def rows_of(name):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    arms = {row["USUBJID"]: row["ARM"] for row in rows_of("dm_dev.csv")}
    first = {}
    for row in rows_of("ex_dev.csv"):
        start = date.fromisoformat(row["EXSTDTC"])
        first[row["USUBJID"]] = min(start, first.get(row["USUBJID"], start))
    held = defaultdict(lambda: defaultdict(list))
    for row in rows_of("lb_hematology_dev.csv"):
        if row["LBTESTCD"] == "LYM":
            day = (datetime.fromisoformat(row["LBDTC"]).date() - first[row["USUBJID"]]).days
            nearest = math.floor((day + 13) / 28)
            window = max(nearest, 1) if day > 0 else min(nearest, 0)
            counted = Fraction(row["LBORRES"]) * 1000
            held[arms[row["USUBJID"]], 28 * window][row["USUBJID"]].append(counted)
    done, rows = overlay(
        run, tmp_path, (str(folder),), "--analytes", "LYM", "--by", "ARM", "--every", "28"
    )

    assert done.returncode == 0
    assert "51 patients, Days after first dose; 1 page: " in done.stderr
    found = {
        (group, int(window.replace("\u2212", "-"))): row for (group, window), row in rows.items()
    }
    assert {key for key, row in found.items() if row["n_patients"] != "0"} == set(held)
    for key, patients in held.items():
        each = [median_by_hand(values) for values in patients.values()]
        assert int(found[key]["n_patients"]) == len(patients)
        assert int(found[key]["n_results"]) == sum(map(len, patients.values()))
        assert float(found[key]["median"]) == pytest.approx(float(median_by_hand(each)), rel=1e-12)
