"""Numbers, times and tables as text that reads back as what it was."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from immunotrack.values import result_text

_QUOTED: Final = re.compile(r'[",;|\t\r\n]|\A#')
"""What a cell is quoted for: delimiters, and what some readers take for a comment."""


def number_text(number: float | None) -> str:
    """A number with all its digits; a whole one without a decimal point; empty for None.

    >>> number_text(78.0), number_text(0.7999999999999999), number_text(None)
    ('78', '0.7999999999999999', '')
    """
    return "" if number is None else result_text("", number)


def time_text(time: datetime | None) -> str:
    """A moment in ISO 8601, at midnight a date, with seconds only where there are any.

    >>> time_text(datetime(2020, 3, 2, 8, 50)), time_text(datetime(2020, 3, 2))
    ('2020-03-02T08:50', '2020-03-02')
    """
    if time is None:
        return ""
    if is_midnight(time):
        return time.date().isoformat()
    return time.isoformat(timespec="auto" if time.second or time.microsecond else "minutes")


def is_midnight(time: datetime) -> bool:
    """Whether a moment has no time of day."""
    return (time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    r"""A table as CSV in UTF-8.

    >>> csv_bytes(["a", "b"], [["#1", "x,y"]])
    b'a,b\n"#1","x,y"\n'
    """
    lines = (",".join(map(_cell, row)) for row in (header, *rows))
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _cell(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text
