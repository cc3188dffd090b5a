"""Windows: which sample stands for a stretch of days, and the account of the others."""

import csv
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from immunotrack.flags import flag
from immunotrack.problems import InvalidInput
from immunotrack.windowed import window
from immunotrack.windows import (
    Window,
    WindowSet,
    choose_window_set,
    set_problems,
    window_presets,
)
from strategies import BACKENDS, SIGNS, column, examples, table

QUICK = settings(max_examples=examples(50), deadline=None)
AGGREGATES = ("max", "min", "mean", "median", "first", "last", "nearest")


def window_set(*windows, aggregate="max", **given):
    """A set of windows, each of a label, a first and a last day."""
    entries = [
        {"label": label, "from_day": first, "to_day": last, "at_day": first or 0}
        for label, first, last in windows
    ]
    fields = {"name": "made", "clock": "days", "source": "made up", "aggregate": aggregate}
    return WindowSet.model_validate(fields | {"window": entries} | given)


def series(backend, *samples, **given):
    """CD4 counts of one patient: day, comparator and value of each; lines count from 2."""
    days, comparators, values = zip(*samples, strict=True)
    columns = {
        "patient_id": ["P"] * len(samples),
        "analyte": ["CD4"] * len(samples),
        "unit": ["/µL"] * len(samples),
        "reported": [f"{sign}{value}" for _, sign, value in samples],
        "day": [None if day is None else float(day) for day in days],
        "comparator": list(comparators),
        "value": [None if value is None else float(value) for value in values],
        "line": list(range(2, len(samples) + 2)),
    }
    return table(backend, **(columns | given))


def rows_of(frame, *names):
    """Some columns of a frame, row by row."""
    return list(zip(*(column(frame, name) for name in names), strict=True))


def chosen(samples, aggregate, **given):
    """Comparator and value that one window from day 0 to 9 makes of samples."""
    made = window_set(("W", 0, 9), aggregate=aggregate, **given)
    return rows_of(window(series("polars", *samples), made).chosen, "comparator", "value")


# --- the preset of the case report


def test_the_preset_has_the_printed_windows(shared_facts):
    """Starts and ends are those of shared/facts/monneret-2020-windows.csv, D36 read to D39."""
    with (shared_facts / "monneret-2020-windows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = [
        (
            row["label"],
            int(row["printed_start"]) if row["printed_start"] else None,
            int(row["reading_2_contiguous_end"] or row["effective_end_given_death_D46"]),
        )
        for row in rows
    ]

    found = [(w.label, w.from_day, w.to_day) for w in window_presets()["monneret-2020"].windows]
    assert found == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_case_report_s_windows_keep_the_highest_value(backend):
    """Legend of Fig. 1: the highest value of D27-29, D30-32 ...; made-up values, worked by hand."""
    frame = flag(
        series(
            backend,
            (3, "", 90),
            (23.9, "", 80),
            (25, "", 1000),
            (27, "", 120),
            (29.6, "", 130),
            (30, "", 410),
            (33, "", 500),
            (34, "", 450),
            (38, "", 300),
            (40, "", 600),
            (46, "", 700),
        )
    )
    found = window(frame).chosen

    assert rows_of(found, "window", "day", "value", "flag", "n", "line") == [
        ("<D24", 3.0, 90.0, "L", 2, 2),
        ("D27", 29.6, 130.0, "L", 2, 6),
        ("D30", 30.0, 410.0, "L", 1, 7),
        ("D33", 33.0, 500.0, "N", 2, 8),
        ("D36", 38.0, 300.0, "L", 1, 10),
        ("D40", 40.0, 600.0, "N", 1, 11),
        ("D44", 46.0, 700.0, "N", 1, 12),
    ]


def test_the_preset_s_audit_says_why_a_sample_is_left_out():
    """Day 25 lies in no window; 80 is not the highest before day 24."""
    samples = ((3, "", 90), (23.9, "", 80), (25, "", 1000))
    found = window(series("polars", *samples)).audit

    assert sorted(rows_of(found, "line", "window", "used", "why")) == [
        (2, "<D24", True, "max of 2"),
        (3, "<D24", False, "not the highest of its window"),
        (4, "", False, "in no window"),
    ]


def test_an_analyte_outside_the_preset_is_left_out():
    """The legend's windows are for cells and mHLA-DR, not for IFN-γ."""
    frame = series("polars", (28, "", 5), analyte=["IFN-γ"], unit=["pg/mL"])
    found = window(frame)

    assert (rows_of(found.chosen, "value"), rows_of(found.audit, "used", "why")) == (
        [],
        [(False, "not an analyte of these windows")],
    )


# --- the rules of a window

PLAIN = ((1, "", 4), (2, "", 9), (6, "", 5))


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("max", 9.0), ("min", 4.0), ("mean", 6.0), ("median", 5.0), ("first", 4.0), ("last", 5.0)],
)
def test_a_rule_makes_one_value_of_three(aggregate, expected):
    """4, 9 and 5 on days 1, 2 and 6, worked by hand."""
    assert chosen(PLAIN, aggregate) == [("", expected)]


@pytest.mark.parametrize(("at_day", "expected"), [(0, 4.0), (3, 9.0), (4, 9.0), (5, 5.0), (9, 5.0)])
def test_nearest_takes_the_sample_closest_to_its_day(at_day, expected):
    """Day 4 lies between days 2 and 6, and the earlier one is taken."""
    made = window_set(("W", 0, 9), aggregate="nearest")
    entry = made.windows[0].model_copy(update={"at_day": at_day})
    found = window(series("polars", *PLAIN), made.model_copy(update={"windows": [entry]}))

    assert rows_of(found.chosen, "value") == [(expected,)]


def test_first_and_last_follow_the_days_and_not_the_file():
    """A file may list its latest sample first."""
    backwards = tuple(reversed(PLAIN))

    assert (chosen(backwards, "first"), chosen(backwards, "last")) == ([("", 4.0)], [("", 5.0)])


@pytest.mark.parametrize(
    ("aggregate", "results", "expected"),
    [
        ("max", [("<", 5), ("", 3)], ("<", 5.0)),
        ("max", [("<", 5), ("", 7)], ("", 7.0)),
        ("max", [("<", 5), ("", 5)], ("", 5.0)),
        ("max", [("<", 5), ("<=", 5)], ("<=", 5.0)),
        ("max", [(">", 1000), ("", 1200)], (">=", 1200.0)),
        ("max", [(">", 1000), ("", 900)], (">", 1000.0)),
        ("max", [("<", None), ("", 7)], (">=", 7.0)),
        ("min", [("<", 5), ("", 3)], ("<=", 3.0)),
        ("min", [("<", 5), ("", 7)], ("<", 5.0)),
        ("min", [(">", 1000), ("", 900)], ("", 900.0)),
        ("min", [(">", 1000), ("", 1200)], ("<=", 1200.0)),
        ("min", [("<", None), ("", 7)], ("<=", 7.0)),
        ("mean", [("<", 4), ("", 8)], ("<", 6.0)),
        ("mean", [("<=", 4), ("", 8)], ("<=", 6.0)),
        ("mean", [(">", 1000), ("", 1200)], (">", 1100.0)),
        ("mean", [("<", 4), (">", 100)], (">", 50.0)),
        ("mean", [("<", None), ("", 8)], (">=", 4.0)),
        ("median", [("<", 4), ("", 8), ("", 9)], ("", 8.0)),
        ("median", [("<", 4), ("", 8)], ("<", 6.0)),
        ("median", [("", 8), ("", 9), (">", 10)], ("", 9.0)),
        ("median", [("", 8), (">", 10), (">", 20)], (">", 10.0)),
        ("first", [("<", 5), ("", 3)], ("<", 5.0)),
        ("last", [("", 3), (">", 5)], (">", 5.0)),
        ("nearest", [("<", 5), ("", 3)], ("<", 5.0)),
    ],
)
def test_a_censored_result_counts_as_the_interval_it_allows(aggregate, results, expected):
    """Each interval was combined by hand: <4 and 8 have a mean from 4 to below 6."""
    samples = [(day, *result) for day, result in enumerate(results)]

    assert chosen(samples, aggregate) == [expected]


@QUICK
@given(
    aggregate=st.sampled_from(AGGREGATES),
    comparator=st.sampled_from(SIGNS),
    value=st.integers(0, 1000),
)
@example(aggregate="max", comparator=">", value=0)
def test_a_window_of_one_sample_is_that_sample(aggregate, comparator, value):
    """Whatever the rule, one result stands for itself."""
    assume((comparator, value) not in {("<", 0), ("<=", 0)})

    assert chosen([(1, comparator, value)], aggregate) == [(comparator, float(value))]


@pytest.mark.parametrize("aggregate", ["mean", "median"])
def test_a_computed_value_stands_on_no_line(aggregate):
    """The mean of three samples is none of them; its day is their mean day."""
    found = window(series("polars", *PLAIN), window_set(("W", 0, 9), aggregate=aggregate))

    assert rows_of(found.chosen, "line", "reported", "day", "n", "aggregate") == [
        (0, "", 3.0, 3, aggregate)
    ]


def test_a_value_that_no_sample_has_stands_on_no_line():
    """>1000 and 1200 make >=1200, which nobody reported, and both were used."""
    found = window(series("polars", (1, ">", 1000), (3, "", 1200)), window_set(("W", 0, 9)))

    assert (
        rows_of(found.chosen, "line", "reported", "day"),
        rows_of(found.audit, "line", "used", "why"),
    ) == ([(0, "", 2.0)], [(2, True, "one of 2 in the max"), (3, True, "one of 2 in the max")])


@pytest.mark.parametrize(
    ("day", "label"),
    [(-0.1, ""), (0, "A"), (1.99, "A"), (2, "B"), (4, "B"), (4.99, "B"), (5, ""), (None, "")],
)
def test_a_sample_belongs_to_the_window_of_its_whole_day(day, label):
    """Both ends belong to a window, the last one to its midnight."""
    found = window(series("polars", (day, "", 1)), window_set(("A", 0, 1), ("B", 2, 4)))

    assert rows_of(found.audit, "window") == [(label,)]


@pytest.mark.parametrize(
    ("day", "label"), [(-99, "early"), (0, "early"), (1, "late"), (99, "late")]
)
def test_a_missing_end_of_a_window_is_open(day, label):
    """A window without a first or last day has none."""
    found = window(
        series("polars", (day, "", 1)), window_set(("early", None, 0), ("late", 1, None))
    )

    assert rows_of(found.audit, "window") == [(label,)]


def test_the_first_of_two_windows_holds_a_shared_day():
    """A sample is used once."""
    found = window(series("polars", (3, "", 1)), window_set(("A", 0, 3), ("B", 3, 5)))

    assert rows_of(found.chosen, "window", "value") == [("A", 1.0)]


def test_a_window_s_own_rule_comes_before_the_set_s():
    """The set keeps the highest, this window the lowest."""
    made = window_set(("W", 0, 9))
    entry = made.windows[0].model_copy(update={"aggregate": "min"})
    found = window(series("polars", *PLAIN), made.model_copy(update={"windows": [entry]}))

    assert rows_of(found.chosen, "value", "aggregate") == [(4.0, "min")]


@pytest.mark.parametrize("backend", BACKENDS)
def test_units_of_one_dimension_are_compared_in_the_analyte_s_own(backend):
    """0.5 G/L is more than 400 cells/µL; limits follow into cells/µL."""
    frame = series(backend, (1, "", 400), (2, "", 0.5), unit=["/µL", "G/L"], low=[414.0, 0.414])
    found = window(frame, window_set(("W", 0, 9))).chosen

    assert rows_of(found, "value", "unit", "low", "flag") == [(500.0, "cells/µL", 414.0, "N")]


def test_units_that_do_not_convert_are_reported_and_not_mixed():
    """A percentage beside a count gives no value, and both rows are accounted for."""
    frame = series("polars", (1, "", 400), (2, "", 20), unit=["/µL", "%"])
    found = window(frame, window_set(("W", 0, 9)))

    assert (
        rows_of(found.chosen, "value"),
        rows_of(found.audit, "window", "used", "why"),
        [str(problem) for problem in found.problems],
    ) == (
        [],
        [("W", False, "units differ")] * 2,
        ["windows made  mixed-units (warning): W holds cd4 in cells/µL and %."],
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_result_without_a_number_is_accounted_for(backend):
    """An empty cell is in no window and is not lost."""
    found = window(series(backend, (1, "", None), (2, "", 5)), window_set(("W", 0, 9)))

    assert sorted(rows_of(found.audit, "line", "used", "why")) == [
        (2, False, "no number"),
        (3, True, "max of 1"),
    ]


def test_not_detected_without_a_unit_is_in_no_unit_of_its_own():
    """Nothing found needs no unit, so it does not differ from pg/mL."""
    frame = series(
        "polars", (1, "<", None), (2, "", 5), analyte=["IL-6", "IL-6"], unit=["", "pg/mL"]
    )

    assert window(frame, window_set(("W", 0, 9))).problems == []


def test_patients_and_analytes_are_windowed_apart():
    """Each series has its own value."""
    frame = series(
        "polars",
        (1, "", 1),
        (1, "", 2),
        (1, "", 3),
        patient_id=["A", "B", "A"],
        analyte=["CD4", "CD4", "CD8"],
    )
    found = window(frame, window_set(("W", 0, 9))).chosen

    assert rows_of(found, "patient_id", "analyte", "value") == [
        ("A", "cd4", 1.0),
        ("B", "cd4", 2.0),
        ("A", "cd8", 3.0),
    ]


# --- laws

SAMPLES = st.lists(
    st.tuples(
        st.none() | st.floats(-5, 40), st.sampled_from(SIGNS), st.none() | st.integers(1, 1000)
    ),
    min_size=1,
    max_size=15,
)


@st.composite
def window_sets(draw):
    """Windows with labels of their own, which may overlap or leave gaps."""
    edges = draw(st.lists(st.integers(-3, 35), min_size=2, max_size=6, unique=True).map(sorted))
    stretch = draw(st.integers(-1, 2))
    pairs = [(one, max(one, other - 1 + stretch)) for one, other in pairwise(edges)]
    return window_set(
        *((f"W{number}", *pair) for number, pair in enumerate(pairs)),
        aggregate=draw(st.sampled_from(AGGREGATES)),
    )


@settings(max_examples=examples(25), deadline=None)
@given(samples=SAMPLES, windows=window_sets())
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_row_is_accounted_for_once(backend, samples, windows):
    """Rows in are rows of the audit, each by its line."""
    found = window(series(backend, *samples), windows)

    assert sorted(column(found.audit, "line")) == list(range(2, len(samples) + 2))


def test_a_label_of_two_windows_is_refused():
    """A sample could not be said to be of one of them."""
    with pytest.raises(ValidationError) as caught:
        window_set(("W", 0, 1), ("W", 2, 3))

    assert [fault["msg"] for fault in caught.value.errors()] == [
        "Value error, two windows have the label W"
    ]


@QUICK
@given(samples=SAMPLES, windows=window_sets(), value=st.integers(0, 5000))
def test_a_sample_outside_all_windows_changes_nothing(samples, windows, value):
    """What no window holds does not reach the chosen values."""
    names = ("window", "comparator", "value", "day", "n", "flag")
    plain = window(series("polars", *samples), windows).chosen
    more = window(series("polars", *samples, (99, "", value)), windows).chosen

    assert rows_of(more, *names) == rows_of(plain, *names)


@QUICK
@given(samples=SAMPLES, windows=window_sets(), data=st.data())
def test_the_order_of_rows_changes_no_value(samples, windows, data):
    """Permuted samples of different days have the same windows."""
    days = [day for day, _, _ in samples]
    assume(len(set(days)) == len(days))
    names = ("window", "comparator", "value", "n")
    moved = data.draw(st.permutations(samples))
    plain = window(series("polars", *samples), windows).chosen

    assert rows_of(window(series("polars", *moved), windows).chosen, *names) == rows_of(
        plain, *names
    )


# --- what is odd about windows


@pytest.mark.parametrize(
    ("windows", "until", "expected"),
    [
        ([("A", 0, 3), ("B", 4, 6)], None, []),
        (
            [("A", 0, 4), ("B", 4, 6)],
            None,
            ["window-overlap (warning): A and B share days; the first holds them."],
        ),
        (
            [("A", 0, 3), ("B", 6, 7)],
            None,
            ["window-gap (warning): days 4 to 5, between A and B, belong to no window."],
        ),
        (
            [("B", 5, 7), ("A", None, 3)],
            None,
            ["window-gap (warning): days 4 to 4, between A and B, belong to no window."],
        ),
        ([("A", 0, 3)], 3.0, []),
        (
            [("A", 0, 3), ("B", 4, 8)],
            6.0,
            ["window-past-death (warning): B goes on to day 8, after death on day 6."],
        ),
        ([("A", 0, None)], 6.0, []),
    ],
)
def test_odd_windows_are_told(windows, until, expected):
    """Overlaps, gaps and days past death, in the order of the days."""
    found = [str(problem) for problem in set_problems(window_set(*windows), until)]

    assert found == [f"windows made  {text}" for text in expected]


def test_a_window_inside_an_earlier_one_hides_no_gap():
    """Days 0-9 hold days 2-3 and reach to day 10: there is an overlap and no gap."""
    found = set_problems(window_set(("A", 0, 9), ("B", 2, 3), ("C", 10, 11)))

    assert [problem.code for problem in found] == ["window-overlap"]


def test_the_preset_is_reported_to_go_past_death_on_day_46():
    """The report prints D44 to D48 and the death on day 46; days 24 to 26 are in no window."""
    found = [problem.message for problem in set_problems(window_presets()["monneret-2020"], 46.0)]

    assert found == [
        "days 24 to 26, between <D24 and D27, belong to no window",
        "D44 goes on to day 48, after death on day 46",
    ]


def test_an_empty_window_is_told():
    """A window without a result is no silence."""
    found = window(series("polars", (1, "", 5)), window_set(("A", 0, 1), ("B", 2, 3)))

    assert [str(problem) for problem in found.problems] == [
        "windows made  window-empty (warning): B holds no result of cd4."
    ]


def test_a_window_past_death_is_told_by_window_too():
    """`until` reaches the problems of the result."""
    found = window(series("polars", (1, "", 5)), window_set(("A", 0, 3)), until=2.0)

    assert [problem.code for problem in found.problems] == ["window-past-death"]


# --- sets as data


def test_a_window_that_ends_before_it_starts_is_refused():
    """The days of a window go forward."""
    with pytest.raises(ValueError, match="from_day must not be after to_day"):
        Window(label="W", from_day=3, to_day=2)


def test_nearest_without_a_day_is_refused(tmp_path):
    """A file that asks for the nearest sample says nearest to what, and is told where."""
    path = tmp_path / "windows.toml"
    path.write_text(
        'clock = "days"\naggregate = "nearest"\nsource = "x"\n[[window]]\nlabel = "W"\n',
        encoding="utf-8",
    )
    with pytest.raises(InvalidInput) as caught:
        choose_window_set(str(path))

    assert [problem.message for problem in caught.value.problems] == [
        "the window W needs at_day for nearest"
    ]


def test_a_file_holds_a_set_of_windows(tmp_path):
    """Without a name the set is called as its file is."""
    path = tmp_path / "own.toml"
    path.write_text(
        'clock = "days"\naggregate = "mean"\nsource = "x"\n'
        '[[window]]\nlabel = "W"\nfrom_day = 1\nto_day = 2\n',
        encoding="utf-8",
    )
    found = choose_window_set(str(path))

    assert (found.name, [(w.label, w.first, w.last) for w in found.windows]) == (
        "own",
        [("W", 1, 2)],
    )


def test_an_unknown_preset_is_refused():
    """A misspelt name is an error and lists what there is."""
    with pytest.raises(InvalidInput) as caught:
        choose_window_set("monneret")

    assert [str(problem) for problem in caught.value.problems] == [
        (
            "--windows  unknown-option (error): 'monneret' is not known. "
            "Write one of: monneret-2020, a .toml file."
        )
    ]


def test_windows_of_an_analyte_may_name_it_by_any_name():
    """A set for `CD4+ T cells` applies to the key cd4 and to nothing else."""
    made = window_set(("W", 0, 9), analytes=["CD4+ T cells"])

    assert (made.applies_to("cd4"), made.applies_to("cd8")) == (True, False)
