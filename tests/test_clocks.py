"""Clocks: what day 0 is, for results and events alike."""

from datetime import datetime

import narwhals as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.clocks import Clock, choose_clock, unplaced_events, with_days
from strategies import BACKENDS, column, table, times

MORNING = datetime(2020, 3, 2, 6)  # noqa: DTZ001 - a wall clock
EVENING = datetime(2020, 3, 4, 18)  # noqa: DTZ001
FIRST = datetime(2020, 3, 2)  # noqa: DTZ001


def results(backend, time, day):
    """A table of results with their times and days."""
    return nw.from_native(table(backend, time=time, day=day), eager_only=True)


def event(kind="dose", name="IL-7", time=None, day=None):
    """A row of an events table."""
    return {
        "kind": kind,
        "name": name,
        "start_time": time,
        "start_day": day,
        "source": "events.csv",
        "line": 4,
    }


def test_a_counted_day_is_taken_as_the_source_has_it():
    """Without an anchor a day is what the source says, and a date says nothing."""
    assert Clock("Day").day(MORNING, 24.0) == 24.0


def test_a_date_is_counted_from_the_anchor():
    """From midnight of 2 March to 18 h of 4 March there are 2.75 days."""
    assert Clock("Days", FIRST).day(EVENING, 24.0) == 2.75


def test_a_moment_without_a_date_has_no_day_on_a_clock_of_dates():
    """A counted day is not mixed with counted dates."""
    assert Clock("Days", FIRST).day(None, 24.0) is None


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "label"), [("", "Day"), ("Days after admission",) * 2])
def test_days_that_the_source_counts_win(backend, name, label):
    """Where each result has a day, no dose moves day 0."""
    table_ = results(backend, [MORNING, EVENING], [1.0, 3.0])

    assert choose_clock(table_, [event(time=MORNING)], name) == Clock(label)


@pytest.mark.parametrize("backend", BACKENDS)
def test_dates_are_counted_from_the_first_dose(backend):
    """Day 0 starts at midnight before the earliest dose, which names the clock."""
    table_ = results(backend, [MORNING, EVENING], [None, None])
    happened = [
        event(name="IL-7", time=EVENING),
        event(name="IL-2", time=MORNING),
        event(kind="drug", name="steroids", time=datetime(2020, 1, 1)),  # noqa: DTZ001
        event(name="IL-1", day=3.0),
    ]

    assert choose_clock(table_, happened) == Clock(
        "Days after first IL-2 dose", FIRST, alias="days after first dose"
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_dates_without_a_dose_are_counted_from_the_first_result(backend):
    """Day 0 starts at midnight before the earliest result, wherever it stands in the file."""
    table_ = results(backend, [EVENING, None, MORNING], [None, 2.0, None])

    assert choose_clock(table_, []) == Clock("Days after first result", FIRST)


@pytest.mark.parametrize(
    ("clock", "name", "expected"),
    [
        (Clock("Days after first IL-2 dose", FIRST, alias="days after first dose"), name, called)
        for name, called in [
            ("days after first IL-2 DOSE", True),
            ("Days after first dose", True),
            ("Days after first IL-7 dose", False),
            ("", False),
        ]
    ]
    + [(Clock("Day"), "days after ICU admission", True), (Clock("Days after birth"), "Day", False)],
)
def test_a_clock_is_called_by_its_name_or_its_other_name(clock, name, expected):
    """Capitals do not count, another drug's name does, and a bare Day may be any clock."""
    assert clock.is_called(name) is expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_without_any_date_are_on_the_source_s_clock(backend):
    """One missing day leaves nothing to count from where no result is dated."""
    table_ = results(backend, [None, None], [1.0, None])

    assert choose_clock(table_, [event(time=MORNING)]) == Clock("Day")


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_dated_result_gets_its_day(backend):
    """6 h is a quarter of day 0; a result without a date has no day."""
    table_ = results(backend, [MORNING, None, EVENING], [None, 7.0, None])

    assert column(with_days(table_, Clock("Days", FIRST)).to_native(), "day") == [0.25, None, 2.75]


@pytest.mark.parametrize("backend", BACKENDS)
def test_counted_days_stay(backend):
    """A clock without an anchor changes nothing."""
    table_ = results(backend, [MORNING], [7.0])

    assert column(with_days(table_, Clock("Day")).to_native(), "day") == [7.0]


@given(one=times, other=times, shift=st.timedeltas())
def test_shifting_all_dates_shifts_no_day(one, other, shift):
    """Days depend on the distance of two dates only."""
    try:
        moved = (one + shift, other + shift)
    except OverflowError:
        moved = (one, other)

    assert Clock("", moved[0]).day(moved[1], None) == Clock("", one).day(other, None)


def test_an_event_without_a_date_is_told_on_a_clock_of_dates():
    """Results by date and an event by day share no clock."""
    assert [str(p) for p in unplaced_events([event(day=3.0)], Clock("Days", FIRST))] == [
        (
            "events.csv:4 column 'start'  mixed-clock (error): "
            "the results are placed by date and this event has none. Give the event a date."
        )
    ]


def test_an_event_without_a_day_is_told_on_a_clock_of_days():
    """Results by day and an event by date share no clock."""
    assert [str(p) for p in unplaced_events([event(time=MORNING)], Clock("Day"))] == [
        (
            "events.csv:4 column 'start'  mixed-clock (error): "
            "the results are placed by day and this event has none. Give the event a day."
        )
    ]


def test_an_event_with_its_place_is_no_problem():
    """An event that the clock can place is not told."""
    assert unplaced_events([event(day=3.0)], Clock("Day")) == []
