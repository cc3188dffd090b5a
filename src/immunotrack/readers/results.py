"""From cells to the measurements table, every row kept and every problem named."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import narwhals as nw
import polars as pl

from immunotrack.analytes import find_analyte
from immunotrack.problems import Problem, Severity, ordered
from immunotrack.questions import Question, answered
from immunotrack.readers.cells import NUMBERS, TIMES, Part
from immunotrack.readers.counts import MERGED
from immunotrack.readers.findings import Finding, all_findings
from immunotrack.readers.grid import Options
from immunotrack.readers.headers import sexes
from immunotrack.readers.samples import settled
from immunotrack.readers.telling import assumed_units, told
from immunotrack.records import result_unit
from immunotrack.table import (
    FLAG,
    LIMITS,
    NUMBER,
    SCHEMA,
    TEXT,
    TIME,
    WHOLE,
    conform,
)
from immunotrack.times import STUDY_DAY, DateOrder, Moment, age_in_years, parse_time, study_day
from immunotrack.values import Kind, Reading, RowResult, parse_result, read_result

_BESIDE: Final = {"own_flag": TEXT, "status": TEXT, "row": WHOLE, "problem": TEXT, "fate": TEXT}
RESULTS: Final = SCHEMA | _BESIDE
"""The columns of `Results.table`."""

FATES: Final = ("used", "merged", "aside", "error")
"""What became of a row: in the table; told by another row; no measurement; wrong."""


@dataclass(frozen=True, slots=True)
class Results:
    """The measurements of a source.

    Args:
        table: In the source's order, the contract's columns, then `own_flag` and `status` as the
            file has them, `row` (of the joined grids), `problem` (the codes of all that is said of
            the row) and `fate` (one of `FATES`).
        problems: In the order of the source; a warning that many rows share is told once.
    """

    table: pl.DataFrame
    problems: list[Problem]


def read_results(
    parts: Sequence[Part], people: pl.DataFrame, options: Options, *, alone: bool = False
) -> Results:
    """The measurements of some grids; a row that is wrong is in the table too.

    Args:
        people: `patient_id`, `sex`, `birth_date`, `age_years` and `reference_start` as text.
        alone: No row is compared with another one.
    """
    cells = _described(_joined(parts), people)
    cells = cells.with_columns(company=pl.col("row") if alone else pl.lit(0, pl.Int64))
    table = settled(_understood(cells, options.dates), options.duplicates)
    findings = all_findings(options.dates)
    sound = (pl.col("fault") == "") & (pl.col("aside") == "")
    marks = table.select(
        (sound & finding.where.fill_null(value=False)).alias(str(number))
        for number, finding in enumerate(findings)
    )
    problems = [problem for part in parts for problem in (*part.problems, *assumed_units(part))]
    found = [(one, rows) for one, rows in zip(findings, marks, strict=True) if rows.any()]
    for finding, rows in found:
        problems += told(finding, table.filter(rows), parts)
    return Results(_marked(table, found), ordered(problems))


def _joined(parts: Sequence[Part]) -> pl.DataFrame:
    """The cells of all parts, `row` counted through and `part` saying which is whose."""
    counted, before = [], 0
    for number, part in enumerate(parts):
        rows = pl.col("row") + before
        counted.append(part.cells.with_columns(row=rows, part=pl.lit(number)))
        before += len(part.grid.rows)
    return pl.concat(counted, how="diagonal_relaxed")


_PERSONAL: Final = ("sex", "birth_date", "age_years", "reference_start")


def _described(cells: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The cells with what other files say of each patient, where a row says nothing."""
    known = people.select(
        "patient_id", *(pl.col(name).alias(f"{name}_known") for name in _PERSONAL)
    )
    joined = cells.join(known, on="patient_id", how="left", maintain_order="left")
    own = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in _PERSONAL]
    return joined.with_columns(
        pl.coalesce(given, pl.col(f"{name}_known"), pl.lit("")).alias(name)
        for name, given in zip(_PERSONAL, own, strict=True)
    ).drop(f"{name}_known" for name in _PERSONAL)


def _understood(text: pl.DataFrame, dates: DateOrder) -> pl.DataFrame:
    """The text with what it means: the contract's columns, and those that rules are asked of."""
    text = _timed(text)
    kept = (*NUMBERS, *TIMES, "sex", "analyte", "unit")
    table = nw.from_native(
        text.with_columns(pl.col(name).alias(f"{name}_text") for name in kept), eager_only=True
    )
    table = answered(table, [*_asked_of_cells(table, dates), _OF_SEX, _OF_ANALYTE])
    table = table.with_columns(
        day=nw.when(nw.col("weekly")).then(nw.col("day") * 7).otherwise(nw.col("day")),
        limit_number=nw.col("detection_limit").cast(TEXT).fill_null(""),
    )
    table = answered(table, [_OF_RESULT, _OF_BIRTH, _OF_START])
    table = answered(table, [_OF_UNIT])
    table = table.with_columns(age_years=nw.coalesce("birth_age", "age_years"))
    known: pl.DataFrame = conform(table.to_native()).to_native()
    return _with_study_days(_with_limits(known))


def _timed(text: pl.DataFrame) -> pl.DataFrame:
    """The text with the notation of its result, and the time of issue in place of none."""
    typed = [name for name in text.columns if name.endswith("_typed")]
    blank = pl.col("time").str.strip_chars() == ""
    numbered = pl.col("number").str.strip_chars() != ""
    reported = pl.col("reported_typed") if "reported_typed" in typed else pl.lit(value=False)
    text = text.with_columns(pl.col(name).fill_null(value=False) for name in typed)
    return text.with_columns(
        *(
            pl.when(pl.col(name)).then(pl.lit("plain")).otherwise(pl.col("decimal")).alias(name)
            for name in typed
        ),
        was_issued=blank & (pl.col("issued").str.strip_chars() != ""),
        time=pl.when(blank).then(pl.col("issued")).otherwise(pl.col("time")),
        plain=pl.when(numbered)
        .then(pl.col("comparator") + pl.col("number"))
        .otherwise(pl.col("reported")),
        sign=pl.when(numbered | reported.fill_null(value=False))
        .then(pl.lit("plain"))
        .otherwise(pl.col("decimal")),
    ).drop("comparator", "number")


def _sign(table: nw.DataFrame[Any], name: str) -> str:
    """The column that says which decimal sign the text of another column has."""
    return f"{name}_typed" if f"{name}_typed" in table.columns else "decimal"


def _asked_of_cells(table: nw.DataFrame[Any], dates: DateOrder) -> Iterator[Question]:
    """What is asked of the cells with numbers and with times."""
    for name in NUMBERS:
        answers = {name: NUMBER, f"{name}_unclear": FLAG}
        yield Question([name, _sign(table, name)], answers, _number)
    for name in TIMES:
        answers = {name: TIME, f"{name}_clock": FLAG, f"{name}_problem": TEXT}
        read = _birth if name == "birth_date" else _moment
        yield Question([name], answers, partial(read, dates=dates))


def _number(cell: str, sign: Reading) -> tuple[float | None, bool]:
    """The number that a cell is, and whether it may be two."""
    result = parse_result(cell, sign)
    bare = result.kind is Kind.NUMBER and not result.percent and not result.mark
    number = float(result.number) if bare and result.number is not None else None
    return number, result.kind is Kind.AMBIGUOUS


def _moment(cell: str, dates: DateOrder) -> Moment:
    return parse_time(cell, dates) if cell.strip() else Moment(None)


_PARTIAL: Final = re.compile(r"\s*[0-9]{4}(-[0-9]{2})?\s*")


def _birth(cell: str, dates: DateOrder) -> Moment:
    """A date of birth; ISO 8601 lets it end after the year or the month."""
    return (
        Moment(None, problem="partial-date") if _PARTIAL.fullmatch(cell) else _moment(cell, dates)
    )


def _sex(cell: str) -> str:
    return sexes().get(cell.strip().casefold(), "")


_BLOOD: Final = {"", "blood", "whole blood", "venous blood", "serum", "plasma", "serum or plasma"}
"""Specimens in which an analyte of the catalogue is measured (CDISC SPECTYPE)."""


def _analyte(name: str, loinc: str, specimen: str) -> tuple[str, bool, float | None, float | None]:
    analyte = find_analyte(name, loinc)
    elsewhere = specimen.strip().casefold() not in _BLOOD
    if analyte is None or elsewhere:
        return (_unclaimed(name, specimen if elsewhere else ""), False, None, None)
    bounds = (analyte.absurd_from, analyte.absurd_below)
    return (analyte.key, True, *(None if bound is None else float(bound) for bound in bounds))  # type: ignore[return-value]


def _unclaimed(name: str, specimen: str) -> str:
    """The file's own name of an analyte that is none of ours, kept apart from our names.

    A percentage under the name of a count ("Lymphocytes", 736-9), or lymphocytes of another
    specimen, must not become the count in blood again.
    """
    plain = name.strip()
    if specimen and plain:
        return f"{plain} ({specimen.strip()})"
    return f"{plain} (other)" if find_analyte(plain) else plain


def _result(reported: str, limit: str, sign: Reading) -> RowResult:
    return read_result(reported, float(limit) if limit else None, sign)


def _unit(analyte: str, unit: str, percent: bool) -> tuple[str]:  # noqa: FBT001 - a key
    return (result_unit(analyte, unit, percent=percent),)


def _age(birth: Any, at: Any) -> float | None:  # noqa: ANN401 - datetime or None
    return None if birth is None or at is None else float(age_in_years(birth, at))


def _study_day(at: Any, start: Any) -> float | None:  # noqa: ANN401 - datetime or None
    return None if start is None or at is None else float(study_day(at, start))


def _with_limits(table: pl.DataFrame) -> pl.DataFrame:
    """The table without the ranges of 0 to 0, which stand for none, and where ranges are from."""
    zero = ((pl.col("low") == 0) & (pl.col("high") == 0)).fill_null(value=False)
    given = pl.any_horizontal(pl.col(limit).is_not_null() for limit in LIMITS)
    return (
        table.with_columns(zero_range=zero)
        .with_columns(
            *(pl.when(~pl.col("zero_range")).then(pl.col(n)).alias(n) for n in ("low", "high"))
        )
        .with_columns(ranged=pl.when(given).then(pl.lit("file")).otherwise(pl.lit("")))
    )


def _with_study_days(table: pl.DataFrame) -> pl.DataFrame:
    """The table with study days where only the reference start is known, and where they differ."""
    counted = (pl.col("clock").is_in(["", STUDY_DAY])) & pl.col("study_day").is_not_null()
    empty = pl.col("day_text").str.strip_chars() == ""
    return table.with_columns(
        day=pl.when(counted & empty).then(pl.col("study_day")).otherwise(pl.col("day")),
        clock=pl.when(counted & empty).then(pl.lit(STUDY_DAY)).otherwise(pl.col("clock")),
        off_clock=counted & ~empty & (pl.col("day") != pl.col("study_day")),
    )


def _marked(table: pl.DataFrame, found: Sequence[tuple[Finding, pl.Series]]) -> pl.DataFrame:
    """The contract's columns with `row`, `problem` and `fate`.

    Args:
        found: Each finding that there is, and whether a row has it.
    """
    codes = [pl.when(rows).then(pl.lit(finding.code)) for finding, rows in found]
    wrong = [rows for finding, rows in found if finding.severity is Severity.ERROR]
    whole = pl.when(pl.col("fault") != "").then(pl.col("fault")).otherwise(pl.col("aside"))
    empty = (pl.col("kind") == Kind.EMPTY) & (pl.col("aside") == "") & ~pl.col("wrong")
    return (
        table.with_columns(
            problem=pl.concat_str(codes or pl.lit(""), separator=" ", ignore_nulls=True),
            wrong=pl.any_horizontal(pl.lit(value=False), *wrong),
        )
        .with_columns(
            aside=pl.when(empty).then(pl.lit("empty-result")).otherwise(pl.col("aside")),
        )
        .with_columns(
            range_source=pl.col("ranged"),
            problem=pl.when(whole != "").then(whole).otherwise(pl.col("problem")),
            fate=pl.when((pl.col("fault") != "") | pl.col("wrong"))
            .then(pl.lit("error"))
            .when(pl.col("merged") | pl.col("aside").is_in(MERGED))
            .then(pl.lit("merged"))
            .when(pl.col("aside") != "")
            .then(pl.lit("aside"))
            .otherwise(pl.lit("used")),
        )
        .select(*RESULTS)
    )


_OF_SEX: Final = Question(["sex"], {"sex": TEXT}, lambda cell: (_sex(cell),))
_OF_ANALYTE: Final = Question(
    ["analyte", "loinc", "specimen"],
    {"analyte": TEXT, "known": FLAG, "absurd_from": NUMBER, "absurd_below": NUMBER},
    _analyte,
)
_OF_RESULT: Final = Question(
    ["plain", "limit_number", "sign"],
    {
        "kind": TEXT,
        "comparator": TEXT,
        "value": NUMBER,
        "percent": FLAG,
        "unlimited": FLAG,
        "mark": TEXT,
        "only_sign": TEXT,
    },
    _result,
)
_OF_UNIT: Final = Question(["analyte", "unit", "percent"], {"unit": TEXT}, _unit)
_OF_BIRTH: Final = Question(["birth_date", "time"], {"birth_age": NUMBER}, lambda *at: (_age(*at),))
_OF_START: Final = Question(
    ["time", "reference_start"], {"study_day": NUMBER}, lambda *at: (_study_day(*at),)
)
