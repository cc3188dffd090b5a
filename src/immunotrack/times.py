"""The grammar of a date: ISO 8601, or day, month and year in the order that the user states."""

import re
from datetime import date, datetime
from typing import Final, Literal, NamedTuple, get_args

DateOrder = Literal["iso", "dmy", "mdy", "ymd"]
DATE_ORDERS: Final[tuple[str, ...]] = get_args(DateOrder)


class Moment(NamedTuple):
    """A date text, understood, or the code of the problem with it.

    Args:
        time: Date and time of day as written; an offset from UTC is not applied.
        has_clock: The text gives a time of day; without one `time` is midnight.
        problem: A key of `problems.CODES`, or empty.
    """

    time: datetime | None
    has_clock: bool = False
    problem: str = ""


_CLOCK = (
    r"(?:(?:[T ]| +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ISO = re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})" + _CLOCK)
_ORDERS = {
    order: re.compile(r"[-./ ]".join(parts[letter] for letter in order) + _CLOCK)
    for parts in [
        {"d": r"(?P<d>[0-9]{1,2})", "m": r"(?P<m>[0-9]{1,2})", "y": r"(?P<y>[0-9]{4})"},
    ]
    for order in ("dmy", "mdy", "ymd")
}
_LIKE_A_DATE = re.compile(
    r"(?:[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][0-9]{4}|[0-9]{4}[./ ][0-9]{1,2}[./ ][0-9]{1,2})" + _CLOCK
)


def parse_time(text: str, order: DateOrder = "iso") -> Moment:
    """The moment that a text names; the order of day and month is never guessed.

    ISO 8601 is understood under every order.

    >>> parse_time("2020-03-02T08:50").time
    datetime.datetime(2020, 3, 2, 8, 50)
    >>> parse_time("03/02/2020").problem, parse_time("2023-02-30").problem
    ('ambiguous-date', 'impossible-date')
    >>> parse_time("03/02/2020", "dmy").time
    datetime.datetime(2020, 2, 3, 0, 0)
    """
    text = text.strip()
    match = _ISO.fullmatch(text)
    if match is None and order != "iso":
        match = _ORDERS[order].fullmatch(text)
    if match is None:
        looks = order == "iso" and _LIKE_A_DATE.fullmatch(text) is not None
        return Moment(None, problem="ambiguous-date" if looks else "bad-date")
    parts = {name: int(match[name] or 0) for name in ("y", "m", "d", "hour", "minute", "second")}
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    try:
        time = datetime(  # noqa: DTZ001 - a laboratory's clock, in its own zone
            parts["y"],
            parts["m"],
            parts["d"],
            parts["hour"],
            parts["minute"],
            parts["second"],
            micro,
        )
    except ValueError:
        return Moment(None, problem="impossible-date")
    return Moment(time, has_clock=match["hour"] is not None)


def age_in_years(birth: date, at: date) -> int:
    """Completed years of age; negative before birth.

    >>> age_in_years(date(1950, 12, 26), date(2014, 1, 2))
    63
    """
    return at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))


STUDY_DAY: Final = "Study day"
"""The clock of CDISC: day 1 is the reference start, the day before is -1, and no day is 0."""


def study_day(at: date, start: date) -> int:
    """The CDISC study day of a date (SDTM Implementation Guide 3.4, section 4.4.4).

    >>> study_day(date(2014, 1, 2), date(2014, 1, 2)), study_day(date(2014, 1, 1), date(2014, 1, 2))
    (1, -1)
    """
    days = (date(at.year, at.month, at.day) - date(start.year, start.month, start.day)).days
    return days + (days >= 0)


def continuous_day(study: float) -> float:
    """Days after the reference start, day 0, for a study day; the gap at 0 is closed.

    >>> continuous_day(1), continuous_day(-1)
    (0, -1)
    """
    return study - 1 if study > 0 else study
