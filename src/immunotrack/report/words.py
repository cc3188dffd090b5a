"""The words of a report: results, days, flags and units as a reader on a ward reads them."""

from typing import Final

from immunotrack.analytes import analytes
from immunotrack.numbers import grouped
from immunotrack.plot.drawn import printable
from immunotrack.report.document import Row

FLAG_WORDS: Final = {
    "N": "in range",
    "L": "low",
    "LL": "critically low",
    "H": "high",
    "HH": "critically high",
    "IND": "undetermined",
    "": "no range",
}
SIGNS: Final = {"N": "●", "L": "▼", "LL": "▼▼", "H": "▲", "HH": "▲▲", "IND": "◆", "": "■"}
"""The shape of each flag, as the figure draws it."""

LONGEST: Final = 400
"""A longer text of a file is cut here, and said to be; the report's data have all of it."""


def legible(text: str) -> str:
    r"""A text of a file, in sight and not endless.

    >>> legible("x" * 500)[-35:]
    'xxx… (500 letters, shown up to 400)'
    >>> ascii(legible("ab\u202ec"))
    "'ab\\ufffdc'"
    """
    text = printable(text.replace("\n", " "))
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text)} letters, shown up to {LONGEST})"


def analyte_name(key: str) -> str:
    """An analyte as a panel heads it."""
    known = analytes().get(key)
    return known.heading if known else legible(key)


def unit_words(key: str, unit: str) -> str:
    """A unit as an axis shows it.

    >>> unit_words("mhla_dr", "{AB}/{cell}"), unit_words("CRP", "mg/L")
    ('AB/C', 'mg/L')
    """
    known = analytes().get(key)
    if known and known.unit == unit:
        return known.axis_unit
    return legible(unit).replace("{", "").replace("}", "")


def number(value: float | None, places: int = 4) -> str:
    """A number of so many significant digits; empty for None.

    >>> number(4.04255), number(None), number(12345.0), number(-12.0)
    ('4.043', '', '12\u2009345', '\u221212')
    """
    if value is None:
        return ""
    whole = float(value).is_integer() or abs(value) >= 10**places
    return grouped(round(value) if whole else float(f"{value:.{places}g}"))


def result(row: Row, name: str = "value") -> str:
    """A value with its comparator; the reported words where there is no number."""
    if row[name] is None:
        return legible(row["reported"]) if name == "value" else ""
    sign = row["comparator"] if name == "value" else row[f"{name}_comparator"]
    sign = {"<=": "≤", ">=": "≥"}.get(sign, sign)
    return f"{sign}{grouped(row[name])}"


def day(value: float | None) -> str:
    """A day, with the part of it that an hour makes.

    >>> day(24.0), day(3.3541), day(-9.0)
    ('24', '3.35', '\u22129')
    """
    return "" if value is None else grouped(round(value, 2))


def between(row: Row, name: str) -> str:
    """Between which visits something came about."""
    after, by = day(row.get(f"{name}_after_day")), day(row.get(f"{name}_by_day"))
    if by:
        return f"day {after}–{by}" if after else f"by day {by}"
    return f"not by day {after}" if after else ""


def at_day(row: Row, name: str, *, value: str = "") -> str:
    """A value and its day: `1 900 (day 34)`."""
    said, moment = value or result(row, name), day(row.get(f"{name}_day"))
    return f"{said} (day {moment})" if said and moment else said


def flag_words(flag: str) -> str:
    """A flag with its shape, its code and its meaning."""
    return " ".join(filter(None, (SIGNS[flag], flag, FLAG_WORDS[flag])))


def grade_words(row: Row) -> str:
    """A grade, or which grades are left; empty where the scale does not grade."""
    if row["grade"] is not None:
        return f"{row['grade']} {row['grade_direction']}".strip()
    return f"open: {row['grade_allows']}" if row.get("grade_allows") else ""


def change_words(row: Row) -> str:
    """The change since the result before, with the code of one that matters."""
    percent = row["change_percent"]
    said = "" if percent is None else f"{'+' if percent > 0 else ''}{number(percent, 3)} %"
    return " ".join(filter(None, (said, {"U": "↑ U", "D": "↓ D"}.get(row["change_flag"], ""))))


_READ_OFF: Final = {
    "until_day": "the last day that was asked for",
    "change_peak": "change at the peak",
    "fold_peak": "fold at the peak",
    "percent_peak": "change at the peak in %",
    "change_last": "change at the last result",
    "fold_last": "fold at the last result",
    "percent_last": "change at the last result in %",
    "change, fold, percent of peak": "change at the peak",
    "change, fold, percent of last": "change at the last result",
    "change, fold, percent": "change",
    "area": "area above the baseline",
}
"""What the read-out says a reason of, as a reader calls it."""


def reasons(why: str) -> str:
    """Why something could not be read off a course, in plain words.

    >>> reasons("nadir: censored; fold_last: >9, as a value is censored")
    'nadir: censored; fold at the last result: >9, as a value is censored'
    """
    told = (part.partition(": ") for part in why.split("; "))
    return "; ".join(f"{_READ_OFF.get(name, name)}{sign}{why}" for name, sign, why in told)
