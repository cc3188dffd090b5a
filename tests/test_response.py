"""The response: every number against a case worked by hand, and what no number is given for."""

import csv
from collections import defaultdict
from datetime import datetime, timedelta

import narwhals as nw
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput
from immunotrack.readers import Options, read_source
from immunotrack.responses import response
from samples import doses, series
from strategies import BACKENDS, column, examples, table

QUICK = settings(max_examples=examples(30), deadline=None, phases=(Phase.explicit, Phase.generate))


def told(frame, events=None, **how):
    """The one read-out of a table, as a dictionary."""
    found = response(frame, events, **how)
    names = nw.from_native(found).columns
    rows = zip(*(column(found, name) for name in names), strict=True)
    (row,) = (dict(zip(names, cells, strict=True)) for cells in rows)
    return row


def some(row, *names):
    """Some cells of a read-out."""
    return tuple(row[name] for name in names)


COURSE = (
    *((2, "80"), (20, "100"), (26, "300"), (30, "500"), (34, "900")),
    *((38, "350"), (42, "300"), (46, "450")),
)
"""First dose on day 24. Range 400 to 1000."""


@pytest.fixture(params=BACKENDS)
def course(request):
    """The read-out of COURSE with doses on days 24, 27, 31 and 40."""
    return told(series(request.param, *COURSE), doses(request.param, 24, 27, 31, 40))


# --- worked by hand


def test_baseline_is_the_last_before_the_first_dose(course):
    """100 on day 20; below 400, so L."""
    assert some(course, "baseline", "baseline_comparator", "baseline_flag") == (100.0, "", "L")
    assert some(course, "baseline_day", "baseline_n", "first_dose_day") == (20.0, 1, 24.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_mean_of_the_values_before_the_first_dose(backend):
    """(80 + 100) / 2 = 90; 900 - 90 = 810; 900 / 90 = 10; 10 times is 900 % more."""
    row = told(series(backend, *COURSE), doses(backend, 24), baseline="mean")

    assert some(row, "baseline", "baseline_n") == (90.0, 2)
    assert some(row, "change_peak", "fold_peak", "percent_peak") == (810.0, 10.0, 900.0)


def test_nadir_peak_and_last_come_after_the_first_dose(course):
    """300 on day 26 (first of two), 900 on day 34, 450 on day 46; 80 is before the dose."""
    assert some(course, "nadir", "nadir_day") == (300.0, 26.0)
    assert some(course, "peak", "peak_day") == (900.0, 34.0)
    assert some(course, "last", "last_day") == (450.0, 46.0)


def test_changes_of_peak_and_last(course):
    """900 - 100 = 800, 900 / 100 = 9, +800 %; 450 - 100 = 350, 4.5, +350 %."""
    assert some(course, "change_peak", "fold_peak", "percent_peak") == (800.0, 9.0, 800.0)
    assert some(course, "change_last", "fold_last", "percent_last") == (350.0, 4.5, 350.0)


def test_recovery_and_relapse_are_intervals_between_visits(course):
    """Below 400 on day 26, in range on 30; in range on 34, below on 38; below on 42, in on 46."""
    assert some(course, "recovered_after_day", "recovered_by_day") == (26.0, 30.0)
    assert some(course, "relapsed_after_day", "relapsed_by_day") == (34.0, 38.0)
    assert some(course, "recovered_again_after_day", "recovered_again_by_day") == (42.0, 46.0)


def test_days_in_range_are_an_interval(course):
    """Surely 30 to 34 (4 days); perhaps 26-30, 34-38 and 42-46 too: 4 + 4 + 4 + 4 = 16."""
    assert some(course, "days_in_range_least", "days_in_range_most") == (4.0, 16.0)


def test_area_above_the_baseline(course):
    """From day 20: 6 x 100, 4 x 300, 4 x 600, 4 x 525, 4 x 225, 4 x 275 = 8300.

    Heights above 100: 0, 200, 400, 800, 250, 200, 350; means 100, 300, 600, 525, 225, 275.
    """
    assert some(course, "area_above_baseline", "area_n") == (8300.0, 7)


def test_slope_after_the_first_dose(course):
    """Days -10 -6 -2 2 6 10 around 36, values 300 500 900 350 300 450 around 466.67.

    Sum of products: -3000 - 3000 - 1800 + 700 + 1800 + 4500 = -800; of squares 280; -2.857.
    """
    assert course["slope_per_day"] == pytest.approx(-800 / 280)
    assert course["slope_n"] == 6


def test_doses_before_peak_and_recovery(course):
    """Of days 24, 27, 31, 40 three come before day 34, two before day 30."""
    assert some(course, "doses", "doses_before_peak", "doses_before_recovery") == (4, 3, 2)


def test_counts_and_nothing_to_say(course):
    """Eight results, all used, and nothing that could not be computed."""
    names = ("n_results", "n_censored", "n_without_number", "n_without_day", "n_outside_window")

    assert some(course, *names) == (8, 0, 0, 0, 0)
    assert some(course, "why", "unit", "clock") == ("", "cells/µL", "Day")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_area_counts_only_what_is_above(backend):
    """From +50 to -150 in 4 days the line is above for 1 day: 50 x 1 / 2; before it 4 x 25."""
    row = told(series(backend, (0, "150"), (4, "200"), (8, "0")), doses(backend, 1))

    assert row["area_above_baseline"] == 4 * 25 + 25


def test_the_area_below_the_baseline_is_none():
    """Heights 0, -100 and -50: nothing lies above."""
    row = told(series("polars", (0, "200"), (4, "100"), (8, "150")), doses("polars", 1))

    assert some(row, "area_above_baseline", "area_n") == (0.0, 3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_later_samples_are_left_out_and_counted(backend):
    """Up to day 34, 900 is the last; 350, 300 and 450 are outside."""
    row = told(series(backend, *COURSE), doses(backend, 24), until_day=34)

    assert some(row, "last", "last_day", "n_outside_window") == (900.0, 34.0, 3)
    assert some(row, "relapsed_by_day", "peak") == (None, 900.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_value_that_falls_from_above_recovers_too(backend):
    """1200 is above 1000; in range by day 8; above again by day 12."""
    samples = ((0, "1200"), (4, "1100"), (8, "900"), (12, "1300"))
    row = told(series(backend, *samples), doses(backend, 1))

    assert some(row, "recovered_after_day", "recovered_by_day") == (4.0, 8.0)
    assert some(row, "relapsed_after_day", "relapsed_by_day") == (8.0, 12.0)
    assert row["why"] == "recovery after relapse: not seen"


def test_a_jump_over_the_range_passed_it():
    """From 100 to 1200 in 10 days the value was in range for 0 to 10 of them."""
    row = told(series("polars", (0, "100"), (10, "1200")), doses("polars", 0))

    assert some(row, "recovered_after_day", "recovered_by_day") == (0.0, 10.0)
    assert some(row, "days_in_range_least", "days_in_range_most") == (0.0, 10.0)


# --- what is censored, missing or unknown


@pytest.mark.parametrize(
    ("samples", "cells", "why"),
    [
        (
            ((0, "100"), (5, ">1000"), (9, "900")),
            {"peak": 1000.0, "peak_comparator": ">", "peak_day": 5.0, "change_peak": None},
            (
                "peak: censored value >1000 may be higher; change_peak: >900, as a value is "
                "censored; fold_peak: >10, as a value is censored; percent_peak: >900, as a "
                "value is censored; slope: fewer than 2 days with a number after the first "
                "dose"
            ),
        ),
        (
            ((0, "100"), (5, ">1000"), (9, "1200")),
            {"peak": 1200.0, "peak_comparator": ">=", "peak_day": None, "doses_before_peak": None},
            (
                "nadir: censored value >1000 may be lower; "
                "peak: censored value >1000 may be higher; change_peak: >=1100, as a value is"
                " censored; fold_peak: >=12, as a value is censored; percent_peak: >=1100, as"
                " a value is censored; slope: fewer than 2 days with a number after the first"
                " dose"
            ),
        ),
        (
            ((0, "<50"), (5, "500")),
            {"baseline": 50.0, "baseline_comparator": "<", "fold_peak": None, "peak": 500.0},
            (
                "change_peak: 450 to 500, as a value is censored; fold_peak: >10, as a value "
                "is censored; percent_peak: >900, as a value is censored; change_last: 450 to"
                " 500, as a value is censored; fold_last: >10, as a value is censored; "
                "percent_last: >900, as a value is censored; area: the baseline is censored; "
                "slope: fewer than 2 days with a number after the first dose"
            ),
        ),
        (
            ((0, "0"), (5, "500"), (7, "600")),
            {"change_peak": 600.0, "fold_peak": None, "percent_last": None},
            (
                "fold_peak: the baseline is 0; percent_peak: the baseline is 0; fold_last: "
                "the baseline is 0; percent_last: the baseline is 0"
            ),
        ),
        (
            ((0, "<"), (5, "500"), (7, "600")),
            {"baseline": None, "baseline_comparator": "<", "change_peak": None},
            (
                "change, fold, percent of peak: not detected, and no limit is known; change, "
                "fold, percent of last: not detected, and no limit is known; recovery: not "
                "detected at the start may be below or in or above range; area: the baseline "
                "is censored"
            ),
        ),
        (
            ((0, "500"), (5, "600"), (7, "<450")),
            {"nadir": 450.0, "nadir_comparator": "<", "nadir_day": 7.0, "peak": 600.0},
            (
                "nadir: censored value <450 may be lower; change_last: -500 to -50, as a "
                "value is censored; fold_last: <0.9, as a value is censored; percent_last: "
                "-100 to -10, as a value is censored; recovery: in range at the start; slope:"
                " fewer than 2 days with a number after the first dose"
            ),
        ),
    ],
)
def test_what_a_censored_value_leaves_open_is_empty_and_says_why(samples, cells, why):
    """Bounds: 1000 - 100 = 900 at least; 500 / 50 = 10 at least; 450 / 500 = 0.9 at most."""
    row = told(series("polars", *samples), doses("polars", 1))

    assert {name: row[name] for name in cells} == cells
    assert row["why"] == why


def test_a_censored_value_widens_the_recovery():
    """<450 on day 5 may be in range: recovered between day 0 (surely below) and day 9."""
    row = told(series("polars", (0, "100"), (5, "<450"), (9, "500")), doses("polars", 1))

    assert some(row, "recovered_after_day", "recovered_by_day") == (0.0, 9.0)
    assert some(row, "days_in_range_least", "days_in_range_most") == (0.0, 8.0)


def test_not_recovered_is_told_with_its_last_day():
    """Below on day 9, and nothing later: not by day 9."""
    row = told(series("polars", (0, "100"), (5, "150"), (9, "160")), doses("polars", 1))

    assert some(row, "recovered_after_day", "recovered_by_day") == (9.0, None)
    assert row["why"] == "recovery: not seen"


def test_without_a_dose_everything_after_it_is_empty():
    """The last value stays; what needs a first dose says that there is none."""
    row = told(series("polars", *COURSE))

    assert some(row, "baseline", "peak", "change_last", "slope_n") == (None, None, None, 0)
    assert some(row, "last", "last_day", "doses") == (450.0, 46.0, 0)
    assert row["why"] == (
        "baseline: no dose is known; nadir, peak: no dose is known; recovery: no dose is known"
    )


def test_without_a_result_before_the_dose_there_is_no_baseline():
    """Peak and recovery are read all the same."""
    row = told(series("polars", (5, "100"), (9, "500")), doses("polars", 1))

    assert some(row, "baseline", "peak", "recovered_by_day") == (None, 500.0, 9.0)
    assert row["why"] == (
        "baseline: no result before the first dose; change, fold, percent: no baseline"
    )


def test_without_a_result_after_the_dose_there_is_no_peak():
    """The baseline is there, and nothing to set against it."""
    row = told(series("polars", (1, "100"), (2, "120")), doses("polars", 5))

    assert some(row, "baseline", "peak", "last") == (120.0, None, None)
    assert "nadir, peak: no result after the first dose" in row["why"]


def test_the_sample_of_the_day_of_the_dose_comes_first_and_says_so():
    """Both on day 0, hours unknown; with hours the clock decides."""
    dated = {"day": [None] * 2, "time": [datetime(2020, 3, 1, 9), datetime(2020, 3, 9)]}  # noqa: DTZ001
    dose = {"start_time": [datetime(2020, 3, 1, 8)], "start_day": [None]}  # noqa: DTZ001
    frame = series("polars", (0, "100"), (8, "500"))
    hours = told(frame.with_columns(**{k: pl.Series(v) for k, v in dated.items()}))
    exact = told(
        frame.with_columns(pl.Series("time", dated["time"]), day=pl.lit(None, pl.Float64)),
        doses("polars", 0, **dose),
    )
    counted = told(frame, doses("polars", 0))

    assert (counted["baseline"], exact["baseline"], hours["baseline"]) == (100.0, None, None)
    assert "baseline: of the day of the first dose, taken as before it" in counted["why"]


def test_units_that_do_not_convert_say_so():
    """Cells per µL and percent of lymphocytes are no series."""
    row = told(
        series("polars", (0, "100"), (5, "20"), unit=["/µL", "furlongs"]), doses("polars", 1)
    )

    assert some(row, "baseline", "peak", "unit") == (None, None, "cells/µL; furlongs")
    assert row["why"] == "all values: cells/µL and furlongs do not convert into each other"


def test_values_are_in_the_analyte_s_own_unit():
    """0.1 and 0.5 G/L are 100 and 500 cells/µL, and the limits move with them."""
    frame = series(
        "polars", (0, "0.1"), (5, "0.5"), unit=["G/L"] * 2, low=[0.4] * 2, high=[1.0] * 2
    )
    row = told(frame, doses("polars", 1))

    assert some(row, "baseline", "peak", "low", "high") == (100.0, 500.0, 400.0, 1000.0)
    assert some(row, "unit", "recovered_by_day") == ("cells/µL", 5.0)


def test_rows_that_are_no_number_or_have_no_day_are_counted():
    """One result in words, one without a day: neither is used, both are told."""
    frame = series("polars", (0, "100"), (None, "500"), (5, ""), (6, "300"))
    row = told(frame, doses("polars", 1))

    assert some(row, "n_results", "n_without_day", "n_without_number", "peak") == (4, 1, 1, 300.0)
    assert row["why"].startswith("day: 1 result without one; ")


def test_doses_that_are_spans_or_have_no_place_say_so():
    """A span counts as one; a dose with a date only has no place among counted days."""
    events = doses(
        "polars",
        *(1, 2),
        start_day=[1.0, None],
        start_time=[None, datetime(2020, 1, 1)],  # noqa: DTZ001
        end_day=[9.0, None],
    )
    row = told(series("polars", (0, "100"), (5, "500"), (6, "500")), events)

    assert row["doses"] == 2
    assert row["why"] == (
        "doses: 1 without a place among the results; "
        "doses: 1 span of repeated doses, each counted as 1"
    )


def test_the_range_that_changes_is_told():
    """Two laboratories, two ranges: neither is shown as the one."""
    frame = series("polars", (0, "100"), (5, "500"), (6, "600"), low=[400.0, 350.0, 350.0])
    row = told(frame, doses("polars", 1))

    assert some(row, "low", "high", "range_source") == (None, None, "")
    assert row["why"] == "low, high: the range is not the same for all results"


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_table_gives_an_empty_read_out(backend):
    """No row in, no row out, in the same kind of frame."""
    assert (
        len(nw.from_native(response(series(backend)[:0] if backend == "x" else empty(backend))))
        == 0
    )


def empty(backend):
    """A table of no result."""
    return table(backend, analyte=[], unit=[], value=[], day=[])


def test_a_baseline_of_another_name_is_refused():
    """A choice that is none is an error."""
    with pytest.raises(ValueError, match=r"^baseline must be last or mean, not 'first'$"):
        response(series("polars", (0, "1")), baseline="first")


def test_an_unknown_clock_is_refused():
    """Before anything is computed."""
    with pytest.raises(InvalidInput):
        response(series("polars", (0, "1")), clock="moon")


# --- clocks


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_clocks_stand_side_by_side(backend):
    """First dose on day 24: the peak of day 34 is day 10, hour 240, study day 11."""
    row = told(
        series(backend, *COURSE), doses(backend, 24), clock="first-dose,source,hours,study-day"
    )

    assert some(row, "peak_day_first_dose", "peak_day_source") == (10.0, 34.0)
    assert some(row, "peak_hour_first_dose", "peak_day_study_day") == (240.0, 11.0)
    assert some(row, "baseline_day_first_dose", "recovered_by_day_source") == (-4.0, 30.0)
    assert some(row, "clock", "clock_source") == ("Days after first IL-7 dose", "Day")


def test_a_clock_without_day_0_leaves_days_empty():
    """Values do not depend on the clock that shows their days."""
    events = doses("polars", 24)
    frame = (
        series("polars", *COURSE)
        .drop("day")
        .with_columns(
            time=pl.Series([datetime(2020, 1, 1) + timedelta(days=day) for day, _ in COURSE])  # noqa: DTZ001
        )
    )
    events = events.with_columns(
        start_time=pl.lit(datetime(2020, 1, 25)),  # noqa: DTZ001
        start_day=pl.lit(None, pl.Float64),
    )
    row = told(frame, events, clock="source")

    assert some(row, "peak", "peak_day_source", "clock") == (900.0, None, "")
    assert row["why"] == "clock source: it has no day 0 here"


DAYLESS = {
    "change_peak",
    "fold_peak",
    "percent_peak",
    "peak",
    "nadir",
    "last",
    "baseline",
    "why",
} | {
    *("days_in_range_least", "days_in_range_most", "area_above_baseline", "slope_per_day"),
    *("doses_before_peak", "doses_before_recovery", "n_results", "area_n", "slope_n"),
}
"""What no clock may touch."""

NO_DAYS = {"slope_per_day", "n_without_day"}

courses = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40).map(lambda ten: f"{ten * 50}")),
    min_size=3,
    max_size=9,
    unique_by=lambda sample: sample[0],
)


@QUICK
@given(samples=courses, dose=st.integers(0, 60), shift=st.integers(-100, 100))
def test_shifting_the_clock_shifts_days_only(samples, dose, shift):
    """All days move alike, and no number changes."""
    row = told(series("polars", *samples), doses("polars", dose))
    moved = told(
        series("polars", *((day + shift, text) for day, text in samples)),
        doses("polars", dose + shift),
    )

    for name, cell in row.items():
        if name.endswith("_day") and name not in NO_DAYS and cell is not None:
            assert moved[name] == cell + shift
        elif isinstance(cell, float):
            assert moved[name] == pytest.approx(cell)
        else:
            assert moved[name] == cell


@QUICK
@given(samples=courses, dose=st.integers(0, 60))
def test_another_clock_changes_days_only(samples, dose):
    """On the clock of the first dose every number is what it was."""
    row = told(series("polars", *samples), doses("polars", dose))
    other = told(series("polars", *samples), doses("polars", dose), clock="first-dose")

    assert {name: other[name] for name in DAYLESS} == {name: row[name] for name in DAYLESS}


@QUICK
@given(samples=courses, dose=st.integers(0, 60))
def test_scaling_the_unit_scales_the_change_and_leaves_fold_alone(samples, dose):
    """In an analyte without a conversion 1000 times the number is 1000 times the change."""
    unknown = {"analyte": ["marker"] * len(samples), "unit": ["u"] * len(samples)}
    row = told(series("polars", *samples, **unknown), doses("polars", dose))
    scale = [(day, f"{int(text) * 1000}") for day, text in samples]
    limits = {"low": [4e5] * len(samples), "high": [1e6] * len(samples)}
    scaled = told(series("polars", *scale, **unknown, **limits), doses("polars", dose))

    for name in ("baseline", "peak", "change_peak", "change_last", "area_above_baseline"):
        assert scaled[name] == (None if row[name] is None else pytest.approx(row[name] * 1000))
    for name in ("fold_peak", "percent_last", "recovered_by_day", "days_in_range_most", "why"):
        assert scaled[name] == row[name]


@QUICK
@given(samples=courses, dose=st.integers(0, 60), late=st.integers(61, 90))
def test_a_sample_outside_the_window_changes_nothing_inside(samples, dose, late):
    """Later than `until_day` it is counted, and that is all."""
    row = told(series("polars", *samples), doses("polars", dose), until_day=60)
    more = told(series("polars", *samples, (late, ">9000")), doses("polars", dose), until_day=60)
    counted = {"n_results": row["n_results"] + 1, "n_outside_window": 1}

    assert more == row | counted


@QUICK
@given(
    samples=st.lists(
        st.tuples(
            st.none() | st.floats(-30, 400),
            st.sampled_from(["", "<", "<5", ">1000", ">=3", "<=7", "0", "12.5", "800"]),
        ),
        min_size=1,
        max_size=6,
    ),
    days=st.lists(st.floats(-30, 400), max_size=3),
    baseline=st.sampled_from(["last", "mean"]),
)
def test_any_course_is_read_without_an_error(samples, days, baseline):
    """Whatever is censored, missing or doubled: one row, and peak is never below nadir."""
    events = doses("polars", *days) if days else None
    row = told(series("polars", *samples), events, baseline=baseline)

    assert row["n_results"] == len(samples)
    if row["peak"] is not None and not row["peak_comparator"] and not row["nadir_comparator"]:
        assert row["nadir"] <= row["peak"]
    if row["days_in_range_least"] is not None:
        assert 0 <= row["days_in_range_least"] <= row["days_in_range_most"]


# --- printed cases and real data


def of_source(name, **how):
    """The read-outs of a source, by analyte or by patient and analyte."""
    found = read_source(name, Options())
    frame = response(found.used, found.events.table, ranges=found.ranges, **how)
    return {(row["patient_id"], row["analyte"]): row for row in frame.to_dicts()}


@pytest.mark.parametrize(
    ("analyte", "before", "peak", "change", "fold"),
    [
        ("lymphocytes", 168.0, 595.0, 427.0, 595 / 168),
        ("cd4", 87.0, 301.0, 214.0, 301 / 87),
        ("cd8", 7.0, 34.0, 27.0, 34 / 7),
    ],
)
def test_the_printed_numbers_of_miskin_2016(analyte, before, peak, change, fold):
    """Abstract: ALC 168 to 595, CD4 87 to 301, CD8 7 to 34; 595 - 168 = 427, 595 / 168 = 3.54."""
    row = of_source("miskin-2016")["P1", analyte]

    assert some(row, "baseline", "peak", "change_peak") == (before, peak, change)
    assert row["fold_peak"] == pytest.approx(fold, rel=1e-12)
    assert row["percent_peak"] == pytest.approx(100 * (fold - 1), rel=1e-12)
    assert some(row, "origin", "peak_day", "doses_before_peak") == ("quoted", 35.0, 3)


@pytest.mark.parametrize("analyte", ["lymphocytes", "mhla_dr"])
def test_the_read_out_of_monneret_2020_tells_its_story(analyte):
    """Low up to the dose on day 24, then a rise, a relapse by day 38, recovery; illustrative."""
    row = of_source("monneret-2020")["M1", analyte]

    assert some(row, "first_dose_day", "baseline_flag", "origin") == (24.0, "L", "illustrative")
    assert row["baseline_day"] < 24 < row["recovered_after_day"] < row["recovered_by_day"] <= 33
    assert row["fold_peak"] > 3
    assert 33 < row["relapsed_after_day"] < row["relapsed_by_day"] <= 38
    assert some(row, "recovered_again_after_day", "recovered_again_by_day") == (38.0, 41.0)


def test_up_to_day_23_monneret_2020_has_no_response():
    """Without the results after the dose there is neither peak nor recovery."""
    row = of_source("monneret-2020", until_day=23)["M1", "lymphocytes"]

    assert some(row, "peak", "recovered_by_day", "n_outside_window") == (None, None, 10)
    assert some(row, "baseline", "baseline_flag") == (470.0, "L")
    assert "nadir, peak: no result after the first dose" in row["why"]


CODES = {"lymphocytes": "LYMPH", "LYMLE": "LYMPHLE"}
FACTORS = {"LYMPH": 0.001, "HGB": 0.6206, "WBC": 1.0, "PLAT": 1.0, "LYMPHLE": 1.0}
"""From our unit to ADLB's: 10*9/L for cells/µL, mmol/L (of one haem) for g/dL."""


def adlb(folder):
    """The rows of pharmaverse-adlb by patient and parameter, without the derived copies."""
    rows = defaultdict(list)
    with (folder / "pharmaverse-adlb" / "adlb_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["DTYPE"] in {"", "CALCULATION"}:
                rows[row["USUBJID"], row["PARAMCD"]].append(row)
    return rows


def test_baseline_and_change_agree_with_adlb(shared_data):
    """BASE and CHG of the last and of the highest visit, for all 51 patients.

    Where that set defines them in the same way: the last result on or before the day of the first
    dose, in LB itself. Not so for two patients whose lymphocytes before treatment are no count in
    LB but a percentage times WBC (DTYPE CALCULATION), which we do not multiply: these have no
    baseline here, and say so. One patient has no platelets before treatment in either.
    """
    ours = of_source(str(shared_data / "cdisc-pilot"))
    theirs = adlb(shared_data)
    without = set()
    compared = 0
    for (patient, analyte), row in ours.items():
        code = CODES.get(analyte, analyte)
        visits = theirs.get((patient, code), [])
        if code not in FACTORS:
            continue
        if row["baseline"] is None:
            assert "baseline: no result before the first dose" in row["why"]
            without.add((patient, code, visits[0]["BASE"] != ""))
            continue
        scale = FACTORS[code]
        near = {"rel": 1e-4, "abs": 1e-4 * row["baseline"] * scale}
        after = [visit for visit in visits if float(visit["ADY"]) > 1 and not visit["DTYPE"]]
        assert float(visits[0]["BASE"]) == pytest.approx(row["baseline"] * scale, **near)
        if after:
            last = max(after, key=lambda visit: visit["ADT"])
            peak = max(after, key=lambda visit: float(visit["AVAL"]))
            assert float(last["CHG"]) == pytest.approx(row["change_last"] * scale, **near)
            assert float(peak["CHG"]) == pytest.approx(row["change_peak"] * scale, **near)
            compared += 1

    assert len({patient for patient, _ in ours}) == 51
    assert compared == 191
    assert without == {
        ("01-701-1015", "LYMPH", True),
        ("01-701-1047", "LYMPH", True),
        ("01-710-1154", "PLAT", False),
    }
