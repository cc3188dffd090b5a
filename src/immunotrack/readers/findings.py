"""What can be wrong with the rows of a file of results."""

from dataclasses import dataclass
from functools import cache
from itertools import chain

import polars as pl

from immunotrack.problems import Severity
from immunotrack.readers.headers import sexes
from immunotrack.rules import RULES
from immunotrack.table import LIMITS, ORIGINS
from immunotrack.times import STUDY_DAY, DateOrder

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_TIMES = ("time", "birth_date")


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem, with the rows that have it.

    Args:
        column: The column of ours at which the problem points.
        where: True in the rows that have the problem.
        detail: A column whose text fills the braces of the message.
        once: Told once for all rows of a file, whatever their text.
    """

    code: str
    severity: Severity
    column: str
    where: pl.Expr
    message: str
    fix: str = ""
    detail: str = ""
    once: bool = False


def _blank(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars() == ""


def _undated() -> pl.Expr:
    return _blank("time_text") & _blank("day_text")


@cache
def all_findings(dates: DateOrder) -> tuple[Finding, ...]:
    """Everything that is looked for in the rows of a file of results."""
    return (
        *_patient_findings(),
        *_name_findings(),
        *_time_findings(dates),
        *_limit_findings(),
        *_rule_findings(),
        *_repeat_findings(),
        *_conflict_findings(),
        *_series_findings(),
    )


def _patient_findings() -> list[Finding]:
    return [
        Finding(
            "missing-patient",
            _ERROR,
            "patient_id",
            _blank("patient_id"),
            "no patient",
            "Write the patient in every row, or add --fill-down where a block's first row has it.",
        ),
        Finding(
            "padded-patient",
            _WARNING,
            "patient_id",
            pl.col("patient_id") != pl.col("patient_id").str.strip_chars(),
            "an id with blanks around it is another id than without",
            "Delete the blanks.",
        ),
    ]


def _name_findings() -> list[Finding]:
    sex_known = pl.col("sex_text").str.strip_chars().str.to_lowercase().is_in(list(sexes()))
    origins = ", ".join(ORIGINS)
    return [
        Finding(
            "missing-analyte",
            _ERROR,
            "analyte",
            _blank("analyte"),
            "no name of what was measured",
            "Write the analyte in every row.",
        ),
        Finding(
            "unknown-analyte",
            _WARNING,
            "analyte",
            ~pl.col("known") & ~_blank("analyte"),
            "not in the catalogue: flagged only against a range beside it",
            "See `immunotrack analytes` for the names it knows.",
        ),
        Finding(
            "bad-sex",
            _WARNING,
            "sex",
            ~sex_known,
            "neither male nor female: read as not known",
            "Write male or female, or leave it empty.",
        ),
        Finding(
            "unknown-option",
            _ERROR,
            "origin",
            ~pl.col("origin").is_in(["", *ORIGINS]),
            "not an origin of a value",
            f"Write one of: {origins}.",
        ),
    ]


def _time_findings(dates: DateOrder) -> list[Finding]:
    stated = "ISO 8601" if dates == "iso" else f"ISO 8601 or in the order {dates}"
    order = ", or name the order with --dates dmy, mdy or ymd" if dates == "iso" else ""
    messages = {
        "bad-date": (
            f"not a date in {stated}",
            f"Write 2020-03-24 or 2020-03-24T08:50, the year with four digits{order}.",
        ),
        "impossible-date": ("no calendar has this date", "Correct it."),
        "ambiguous-date": (
            "the order of day, month and year is not stated",
            "Add --dates dmy, --dates mdy or --dates ymd.",
        ),
    }
    dated = [
        Finding(code, _ERROR, name, pl.col(f"{name}_problem") == code, *messages[code])
        for name in _TIMES
        for code in messages
    ]
    return [*dated, _day_zero(), *_undated_findings(), *_day_findings(), *_age_findings()]


def _day_zero() -> Finding:
    return Finding(
        "study-day",
        _WARNING,
        "day",
        (pl.col("clock") == STUDY_DAY) & (pl.col("day") == 0),
        "no study day is 0: day 1 is the reference start, and the day before it is -1",
        "Correct the day.",
    )


def _undated_findings() -> list[Finding]:
    return [
        Finding(
            "missing-time",
            _ERROR,
            "time",
            _undated() & ~pl.col("timeless"),
            "neither date nor day",
            "Write when the sample was taken.",
        ),
        Finding(
            "undated-result",
            _WARNING,
            "time",
            _undated() & pl.col("timeless"),
            "neither date nor day: flagged, and not drawn",
            once=True,
        ),
        Finding(
            "issued-time",
            _WARNING,
            "time",
            pl.col("was_issued"),
            "no time of sampling, so the time of issue",
            once=True,
        ),
    ]


def _day_findings() -> list[Finding]:
    return [
        Finding(
            "study-day",
            _WARNING,
            "day",
            pl.col("off_clock"),
            "the date and the reference start give study day {study_day}",
            "Correct the day, the date or the reference start.",
            "study_day",
        ),
        Finding(
            "bad-day",
            _ERROR,
            "day",
            ~_blank("day_text") & pl.col("day").is_null(),
            "not a number of days",
            "Write 24, -3 or 0.5.",
        ),
    ]


def _age_findings() -> list[Finding]:
    age = pl.col("age_years")
    return [
        Finding(
            "partial-date",
            _WARNING,
            "birth_date",
            pl.col("birth_date_problem") == "partial-date",
            "a date of birth without its day is read as not known",
            "Write 1946-05-05, or the age in years.",
        ),
        Finding(
            "date-before-birth",
            _ERROR,
            "time",
            pl.col("time") < pl.col("birth_date"),
            "before the date of birth",
            "Correct one of the two dates.",
        ),
        Finding(
            "bad-age",
            _WARNING,
            "age_years",
            ~_blank("age_years_text") & (age.is_null() | (age < 0) | (age > 130)),
            "not an age in years: read as not known",
            "Write completed years, such as 74.",
        ),
    ]


def _limit_findings() -> list[Finding]:
    of_each = [_findings_of(limit) for limit in (*LIMITS, "detection_limit")]
    return [
        Finding(
            "empty-range",
            _WARNING,
            "low",
            pl.col("zero_range"),
            "a range of 0 to 0 is read as no range",
            "Leave both limits empty where there is none.",
        ),
        *chain.from_iterable(of_each),
    ]


def _findings_of(limit: str) -> list[Finding]:
    unclear = pl.col(f"{limit}_unclear")
    none = ~_blank(f"{limit}_text") & pl.col(limit).is_null() & ~pl.col("zero_range")
    wrong, must = none & ~unclear, "a limit must be one"
    if limit == "detection_limit":
        wrong, must = wrong | (pl.col(limit) < 0), "a limit is one of zero or more"
    return [
        Finding(
            "ambiguous-number",
            _ERROR,
            limit,
            unclear,
            "another number with a decimal comma than with a decimal point",
            "Add --decimal point or --decimal comma.",
        ),
        Finding(
            "bad-limit",
            _ERROR,
            limit,
            wrong & pl.col("known"),
            f"not a number, and {must}",
            "Write a number, or leave it empty where there is no limit.",
        ),
        Finding(
            "text-range",
            _WARNING,
            limit,
            wrong & ~pl.col("known"),
            "a limit in words is not used",
        ),
    ]


def _rule_findings() -> list[Finding]:
    return [
        Finding(
            rule.code,
            rule.severity,
            rule.column,
            rule.test(*(pl.col(name) for name in rule.needs))
            & pl.all_horizontal(pl.col(name).is_not_null() for name in rule.needs),
            rule.message,
            rule.fix,
            detail="unit" if "{unit}" in rule.message else "",
        )
        for rule in RULES
    ]


def _repeat_findings() -> list[Finding]:
    return [
        Finding(
            "repeated-result",
            _WARNING,
            "reported",
            pl.col("repeated"),
            "the same result of the same sample stands at {other} and is counted once",
            "Leave one of them out.",
            "other",
        ),
        Finding(
            "superseded-result",
            _WARNING,
            "reported",
            pl.col("superseded"),
            "the result of the same sample at {other} is used instead",
            "",
            "other",
        ),
        Finding(
            "averaged-result",
            _WARNING,
            "reported",
            pl.col("averaged"),
            "the mean of several results of the same sample is used, also of {other}",
            "",
            "other",
        ),
    ]


def _conflict_findings() -> list[Finding]:
    conflict, later = pl.col("conflict"), pl.col("later")
    clocked, known = pl.col("clocked"), pl.col("known")
    return [
        Finding(
            "conflicting-results",
            _ERROR,
            "reported",
            conflict & clocked & known,
            "a different result of the same analyte at the same moment stands at {other}",
            "Keep the one that is right, or add --duplicates first, last, max or mean.",
            "other",
        ),
        Finding(
            "conflicting-results",
            _WARNING,
            "reported",
            conflict & clocked & ~known & later,
            "a different result of that name at the same moment stands at {other}",
            "If it is another sample or method, give it another name.",
            "other",
        ),
        Finding(
            "same-day-results",
            _WARNING,
            "reported",
            conflict & ~clocked & later,
            "a different result of that day, without a time of day, stands at {other}",
            "Give the time of day to keep their order.",
            "other",
        ),
    ]


def _series_findings() -> list[Finding]:
    series = ["company", "patient_id", "analyte"]
    measured = pl.col("value").is_not_null() & (pl.col("unit") != "")
    first = pl.col("unit").filter(measured).first().over(series)
    return [
        Finding(
            "unit-changes",
            _WARNING,
            "unit",
            measured & pl.col("known") & (pl.col("unit") != first),
            "another unit than earlier in this series",
            "Each result is flagged in its own unit; check that the units are right.",
        ),
        Finding(
            "other-decimal",
            _WARNING,
            "reported",
            pl.col("only_sign").is_in(["point", "comma"])
            & (pl.col("only_sign") != pl.col("decimal"))
            & (pl.col("sign") != "plain")
            & ((pl.col("decimal") != "auto") | (pl.col("only_sign") == "comma")),
            "read with a decimal {only_sign}, unlike other numbers of this file",
            "Check that it is that number.",
            "only_sign",
        ),
    ]
