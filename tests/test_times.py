"""The grammar of a date, and ages."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.times import DATE_ORDERS, Moment, age_in_years, parse_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-03-02", (2020, 3, 2)),
        (" 2020-03-02 ", (2020, 3, 2)),
        ("2024-02-29", (2024, 2, 29)),
        ("2000-02-29", (2000, 2, 29)),
    ],
)
def test_an_iso_date_is_midnight_without_a_clock(text, time):
    """A date says nothing about the time of day, leap days of 4 and 400 years included."""
    assert parse_time(text) == Moment(datetime(*time))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-03-02T08:50", (2020, 3, 2, 8, 50)),
        ("2020-03-02 08:50", (2020, 3, 2, 8, 50)),
        ("2020-03-02  8:50", (2020, 3, 2, 8, 50)),
        ("2020-03-02T00:00", (2020, 3, 2)),
        ("2020-03-02T08:50:07", (2020, 3, 2, 8, 50, 7)),
        ("2020-03-02T08:50:07.5", (2020, 3, 2, 8, 50, 7, 500000)),
        ("2020-03-02T08:50:07.123456789", (2020, 3, 2, 8, 50, 7, 123456)),
        ("2020-03-02T08:50Z", (2020, 3, 2, 8, 50)),
        ("2020-03-02T23:50:07+02:00", (2020, 3, 2, 23, 50, 7)),
        ("2020-03-02T00:10-0530", (2020, 3, 2, 0, 10)),
    ],
)
def test_a_time_of_day_is_kept_as_the_wall_clock_shows_it(text, time):
    """Seconds and fractions are kept, an offset from UTC is not applied."""
    assert parse_time(text) == Moment(datetime(*time), has_clock=True)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "1900-02-29",
        "2023-02-30",
        "2023-04-31",
        "2023-13-01",
        "2023-00-10",
        "2023-01-00",
        "0000-01-01",
        "2023-01-01T24:00",
        "2023-01-01T12:60",
        "2023-01-01T12:00:60",
    ],
)
def test_a_date_that_no_calendar_has_is_impossible(text):
    """1900 was no leap year; no month has 31 April; no clock shows 24:00."""
    assert parse_time(text) == Moment(None, problem="impossible-date")


@pytest.mark.parametrize(
    "text", ["03/02/2020", "3.2.2020", "3-2-2020", "2020/02/03", "13/02/2020 08:50"]
)
def test_a_date_whose_order_is_not_stated_is_ambiguous(text):
    """Without an order even 13/02 is not guessed."""
    assert parse_time(text) == Moment(None, problem="ambiguous-date")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20200302",
        "2020-3-2",
        "2020-03",
        "2020",
        "2020-03-02T",
        "2020-03-02T08",
        "2020-03-02X08:50",
        "2020-03-02T08:50:07.1234567890",
        "２０２０-03-02",
        "43892",
        "2 March 2020",
    ],
)
def test_text_that_is_no_date_is_bad(text):
    """Only what the grammar has is a date; a spreadsheet's serial number is none."""
    assert parse_time(text) == Moment(None, problem="bad-date")


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/02/2020", "dmy", (2020, 2, 3)),
        ("03/02/2020", "mdy", (2020, 3, 2)),
        ("3.2.2020", "dmy", (2020, 2, 3)),
        ("3 2 2020", "dmy", (2020, 2, 3)),
        ("2020/02/03", "ymd", (2020, 2, 3)),
        ("2020.2.3", "ymd", (2020, 2, 3)),
    ],
)
def test_a_stated_order_is_followed(text, order, day):
    """The same digits are another day under another order."""
    assert parse_time(text, order) == Moment(datetime(*day))  # noqa: DTZ001


def test_a_stated_order_takes_a_time_of_day():
    """The clock follows the date in every order."""
    assert parse_time("03/02/2020 08:50", "dmy") == Moment(
        datetime(2020, 2, 3, 8, 50),  # noqa: DTZ001
        has_clock=True,
    )


@pytest.mark.parametrize("order", DATE_ORDERS)
def test_iso_is_understood_under_every_order(order):
    """2020-03-02 is the second of March, whatever order is stated."""
    assert parse_time("2020-03-02", order) == Moment(datetime(2020, 3, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "order"),
    [("13/02/2020", "mdy"), ("02/13/2020", "dmy"), ("29/02/2023", "dmy"), ("2020/13/02", "ymd")],
)
def test_a_date_against_its_stated_order_is_impossible(text, order):
    """A thirteenth month is an error and never a reason to exchange day and month."""
    assert parse_time(text, order) == Moment(None, problem="impossible-date")


@pytest.mark.parametrize(
    ("text", "order"), [("03/02/20", "dmy"), ("03/02/20", "mdy"), ("20/02/03", "ymd")]
)
def test_a_year_of_two_digits_is_refused(text, order):
    """Nobody knows the century of 20."""
    assert parse_time(text, order) == Moment(None, problem="bad-date")


@given(st.datetimes())
def test_python_s_own_iso_text_reads_back(moment):
    """What `datetime.isoformat` writes is the same moment again."""
    assert parse_time(moment.isoformat()) == Moment(moment, has_clock=True)


@pytest.mark.parametrize(
    ("birth", "at", "years"),
    [
        ((1950, 6, 15), (2020, 6, 14), 69),
        ((1950, 6, 15), (2020, 6, 15), 70),
        ((1950, 6, 15), (2020, 6, 16), 70),
        ((1950, 12, 31), (2021, 1, 1), 70),
        ((2000, 2, 29), (2001, 2, 28), 0),
        ((2000, 2, 29), (2001, 3, 1), 1),
        ((2000, 2, 29), (2004, 2, 29), 4),
        ((2020, 5, 5), (2020, 5, 5), 0),
        ((2020, 5, 5), (2020, 5, 4), -1),
    ],
)
def test_age_counts_completed_years(birth, at, years):
    """Each age was counted by hand around a birthday."""
    assert age_in_years(date(*birth), date(*at)) == years
