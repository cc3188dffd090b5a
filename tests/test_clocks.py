"""Clocks: what day 0 is, for results and events alike."""

from datetime import datetime

import narwhals as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.anchors import anchored, clock_names, column_of, named_clock, patient_clocks
from immunotrack.clocks import Clock, choose_clock, moments, unplaced_events, with_days
from immunotrack.problems import InvalidInput
from immunotrack.times import STUDY_DAY, study_day
from strategies import BACKENDS, column, table, times

MORNING = datetime(2020, 3, 2, 6)  # noqa: DTZ001 - a wall clock
EVENING = datetime(2020, 3, 4, 18)  # noqa: DTZ001
FIRST = datetime(2020, 3, 2)  # noqa: DTZ001


def results(backend, time, day):
    """A table of results with their times and days."""
    clock = [""] * len(day)
    return nw.from_native(table(backend, time=time, day=day, clock=clock), eager_only=True)


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

    assert choose_clock(moments(table_), [event(time=MORNING)], name) == Clock(label)


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

    assert choose_clock(moments(table_), happened) == Clock(
        "Days after first IL-2 dose", FIRST, alias="days after first dose"
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_dates_without_a_dose_are_counted_from_the_first_result(backend):
    """Day 0 starts at midnight before the earliest result, wherever it stands in the file."""
    table_ = results(backend, [EVENING, None, MORNING], [None, 2.0, None])

    assert choose_clock(moments(table_), []) == Clock("Days after first result", FIRST)


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

    assert choose_clock(moments(table_), [event(time=MORNING)]) == Clock("Day")


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


# --- several anchors of one patient


def samples(backend, **given):
    """Results of one patient in CD4 counts, by day or by time."""
    size = len(next(iter(given.values())))
    columns = {"patient_id": ["P"] * size, "analyte": ["CD4"] * size, "unit": ["/µL"] * size}
    return table(backend, **columns, value=[350.0] * size, **given)


def happened(backend, *rows):
    """An events table: rows of kind, name, start time and start day."""
    kinds, names, starts, days = zip(*rows, strict=True)
    frame = {"patient_id": ["P"] * len(rows), "kind": list(kinds), "name": list(names)}
    schema = {"start_time": nw.Datetime("us"), "start_day": nw.Float64()}
    schema = dict.fromkeys(frame, nw.String()) | schema
    return nw.from_dict(
        frame | {"start_time": list(starts), "start_day": list(days)}, schema, backend=backend
    ).to_native()


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_counted_anchors_stand_side_by_side(backend):
    """First dose on ICU day 24: day 22 is -2, day 30 is 30 - 24 = 6."""
    doses = happened(backend, ("dose", "IL-7", None, 26.0), ("dose", "IL-7", None, 24.0))
    frame = samples(backend, day=[22.0, 30.0], clock=["Days after ICU admission"] * 2)
    found = anchored(frame, doses, "first-dose,source")

    assert column(found, "day_first_dose") == [-2.0, 6.0]
    assert column(found, "day_source") == [22.0, 30.0]
    assert column(found, "day") == [-2.0, 6.0]
    assert column(found, "clock") == ["Days after first IL-7 dose"] * 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_dated_anchors(backend):
    """Dose on 4 March 18 h: 2 March 6 h is 1.75 days before its midnight and 60 h before it."""
    doses = happened(
        backend, ("dose", "IL-7", EVENING, None), ("state", "ICU admission", FIRST, None)
    )
    frame = samples(backend, time=[MORNING, EVENING])
    found = anchored(frame, doses, "first-dose,study-day,hours,event:icu admission")

    assert column(found, "day_first_dose") == [-1.75, 0.75]
    assert column(found, "study_day") == [-2.0, 1.0]
    assert column(found, "hours_first_dose") == [-60.0, 0.0]
    assert column(found, "day_after_icu_admission") == [0.25, 2.75]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_clocks_of_all_patients(backend):
    """On the first dose, as the source counts, and as the case says where there is no result."""
    doses = happened(backend, ("dose", "IL-7", None, 24.0))
    frame = samples(backend, day=[22.0], clock=["Days after ICU admission"])
    named = patient_clocks(frame, doses, "first-dose")
    plain = patient_clocks(frame, doses)
    bare = patient_clocks(frame.head(0), doses, called="Days after birth")

    assert [(who, clock.name, clock.zero) for who, clock in named.items()] == [
        ("P", "Days after first IL-7 dose", 24)
    ]
    assert named["P"].is_called("days after first dose")
    assert [clock.name for clock in plain.values()] == ["Days after ICU admission"]
    assert [clock.name for clock in bare.values()] == ["Days after birth"]


def test_dated_doses_without_any_result():
    """Their clock counts from the first of them."""
    doses = happened("polars", ("dose", "IL-7", EVENING, None))
    clocks = patient_clocks(samples("polars", day=[1.0]).head(0), doses)

    assert clocks["P"].day(EVENING, None) == 0.75


@pytest.mark.parametrize("backend", BACKENDS)
def test_study_days_of_the_source_skip_zero(backend):
    """Study days -1, 1 and 8, first dose on study day 1: 1 day before it, day 0 and day 7."""
    doses = happened(backend, ("dose", "IL-7", None, 1.0))
    frame = samples(backend, day=[-1.0, 1.0, 8.0], clock=[STUDY_DAY] * 3)
    found = anchored(frame, doses, "first-dose,source,study-day")

    assert column(found, "day_first_dose") == [-1.0, 0.0, 7.0]
    assert column(found, "day_source") == column(found, "study_day") == [-1.0, 1.0, 8.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_dose_there_is_no_day_0(backend):
    """A clock that a patient does not have leaves days empty, and does not guess."""
    found = anchored(samples(backend, day=[1.0]), None, "first-dose")

    assert column(found, "day_first_dose") == [None]
    assert column(found, "clock") == [""]


def test_hours_without_an_hour_say_so():
    """A dose dated without a time of day counts from the start of its day, in the clock's name."""
    rows = [{"time": MORNING, "day": None, "clock": ""}]
    clock = named_clock("hours", rows, [event(time=FIRST)])

    assert clock.name == "Hours from the day of first IL-7 dose"
    assert clock.reading(MORNING, None) == 6.0


def test_an_index_of_pandas_is_kept():
    """Rows keep their labels."""
    frame = samples("pandas", day=[1.0, 2.0]).set_axis([7, 9], axis=0)

    assert list(anchored(frame, None, "source").index) == [7, 9]


@pytest.mark.parametrize("name", ["admission", "event:", "event:surgery", "FIRST-DOSE"])
def test_an_unknown_clock_is_refused(name):
    """A clock that is none, or an event that nobody has, names the choices."""
    with pytest.raises(InvalidInput) as error:
        clock_names(name, [event(name="IL-7")])

    assert str(error.value.problems[0]) == (
        f"--clock  unknown-option (error): {name!r} is not known. "
        "Write one of: source, first-dose, first-result, study-day, hours, event:IL-7."
    )


def test_two_clocks_of_one_column_are_refused():
    """Neither of two events whose names differ in signs only is dropped in silence."""
    events = [event(name="ICU in"), event(name="ICU-in")]
    with pytest.raises(InvalidInput) as error:
        clock_names("event:ICU in,event:ICU-in", events)

    assert error.value.problems[0].message == "'event:ICU-in' and 'event:ICU in' have one column"
    assert column_of("event:ICU in") == "day_after_icu_in"


@given(at=times, start=times)
def test_study_days_agree_with_cdisc(at, start):
    """The clock shows what the Implementation Guide's formula gives, and never 0."""
    midnight = datetime(start.year, start.month, start.day)  # noqa: DTZ001
    shown = Clock(STUDY_DAY, midnight, shows="study day").reading(at, None)

    assert shown == study_day(at, start) != 0
