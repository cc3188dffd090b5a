"""What can be wrong with the rows of a file of results, and how each problem is told."""

from dataclasses import dataclass, replace

import polars as pl

from immunotrack.problems import Problem, Severity
from immunotrack.readers.grid import Grid
from immunotrack.readers.headers import Layout, sexes
from immunotrack.rules import RULES
from immunotrack.table import LIMITS, ORIGINS
from immunotrack.times import DateOrder

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_TIMES = ("time", "birth_date")


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem, with the rows that have it.

    Args:
        column: The column of ours at which the problem points.
        where: True in the rows that have the problem.
        detail: A column whose text fills the braces of the message.
    """

    code: str
    severity: Severity
    column: str
    where: pl.Expr
    message: str
    fix: str = ""
    detail: str = ""


def _blank(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars() == ""


def all_findings(dates: DateOrder) -> list[Finding]:
    """Everything that is looked for in the rows of a file of results."""
    return [
        *_name_findings(),
        *_time_findings(dates),
        *_limit_findings(),
        *_rule_findings(),
        *_moment_findings(),
    ]


def _name_findings() -> list[Finding]:
    sex_known = pl.col("sex_text").str.strip_chars().str.to_lowercase().is_in(list(sexes()))
    origins = ", ".join(ORIGINS)
    return [
        Finding(
            "missing-patient",
            _ERROR,
            "patient_id",
            _blank("patient_id"),
            "no patient",
            "Write the patient in every row.",
        ),
        Finding(
            "padded-patient",
            _WARNING,
            "patient_id",
            pl.col("patient_id") != pl.col("patient_id").str.strip_chars(),
            "an id with blanks around it is another id than without",
            "Delete the blanks.",
        ),
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
    age = pl.col("age_years")
    return [
        *dated,
        Finding(
            "missing-time",
            _ERROR,
            "time",
            _blank("time_text") & _blank("day_text"),
            "neither date nor day",
            "Write when the sample was taken.",
        ),
        Finding(
            "bad-day",
            _ERROR,
            "day",
            ~_blank("day_text") & pl.col("day").is_null(),
            "not a number of days",
            "Write 24, -3 or 0.5.",
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
    fix = "Write a number, or leave it empty where there is no limit."
    findings = [
        Finding(
            "empty-range",
            _WARNING,
            "low",
            pl.col("zero_range"),
            "a range of 0 to 0 is read as no range",
            "Leave both limits empty where there is none.",
        )
    ]
    for limit in (*LIMITS, "detection_limit"):
        wrong = ~_blank(f"{limit}_text") & pl.col(limit).is_null() & ~pl.col("zero_range")
        if limit == "detection_limit":
            wrong |= pl.col(limit) < 0
        findings += [
            Finding(
                "bad-limit",
                _ERROR,
                limit,
                wrong & pl.col("known"),
                "not a number, and a limit is one of zero or more"
                if limit == "detection_limit"
                else "not a number, and a limit must be one",
                fix,
            ),
            Finding(
                "text-range",
                _WARNING,
                limit,
                wrong & ~pl.col("known"),
                "a limit in words is not used",
                "",
            ),
        ]
    return findings


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


def _moment_findings() -> list[Finding]:
    several = pl.col("counts") & (pl.col("alike") > 1)
    differ = several & (pl.col("different") > 1)
    return [
        Finding(
            "repeated-result",
            _WARNING,
            "reported",
            several & (pl.col("different") == 1) & pl.col("later"),
            "the same result of the same sample stands at line {other_line}",
            "Leave one of them out.",
            "other_line",
        ),
        Finding(
            "conflicting-results",
            _ERROR,
            "reported",
            differ & pl.col("clocked") & pl.col("known"),
            "a different result of the same analyte at the same moment stands at line {other_line}",
            "Keep the one that is right.",
            "other_line",
        ),
        Finding(
            "conflicting-results",
            _WARNING,
            "reported",
            differ & pl.col("clocked") & ~pl.col("known") & pl.col("later"),
            "a different result of that name at the same moment stands at line {other_line}",
            "If it is another sample or method, give it another name.",
            "other_line",
        ),
        Finding(
            "same-day-results",
            _WARNING,
            "reported",
            differ & ~pl.col("clocked") & pl.col("later"),
            "a different result of that day, without a time of day, stands at line {other_line}",
            "Give the time of day to keep their order.",
            "other_line",
        ),
    ]


def told(finding: Finding, rows: pl.DataFrame, grid: Grid, layout: Layout) -> list[Problem]:
    """The problems of one finding: an error for each row, a warning for each distinct text."""
    text = f"{finding.column}_text"
    value = text if text in rows.columns else finding.column
    details = rows[finding.detail] if finding.detail else [""] * len(rows)
    told: dict[tuple[str, str, int], Problem] = {}
    counts: dict[tuple[str, str, int], int] = {}
    for line, column, cell, detail in zip(
        rows["line"], rows["column"], rows[value], details, strict=True
    ):
        key = (column, cell, line if finding.severity is _ERROR or detail else 0)
        counts[key] = counts.get(key, 0) + 1
        told.setdefault(
            key,
            Problem(
                code=finding.code,
                severity=finding.severity,
                source=grid.source,
                line=line,
                column=_header_of(finding.column, column, grid, layout),
                value=cell,
                message=finding.message.format(**{finding.detail or "_": detail}),
                fix=finding.fix,
            ),
        )
    return [replace(problem, rows=counts[key]) for key, problem in told.items()]


def _header_of(column: str, place: str, grid: Grid, layout: Layout) -> str:
    """The file's name of a column of ours; in a wide file the results stand under their analyte."""
    if place.isdecimal() and column in {"reported", "unit"}:
        return grid.header[int(place)]
    index = layout.roles.get(column)
    return column if index is None else grid.header[index]


def assumed_units(grid: Grid, layout: Layout) -> list[Problem]:
    """The columns of a wide file whose unit is the catalogue's."""
    return [
        Problem(
            code="assumed-unit",
            severity=_WARNING,
            source=grid.source,
            line=grid.header_line,
            column=grid.header[wide.index],
            message=f"the header names no unit; read as {wide.unit}",
            fix=f"Write it in the header: {wide.analyte} ({wide.unit}).",
        )
        for wide in layout.wide
        if wide.unit_assumed
    ]
