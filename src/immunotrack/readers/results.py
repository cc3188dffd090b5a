"""From a grid of text to the measurements table, every row kept and every problem named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import polars as pl

from immunotrack.analytes import find_analyte
from immunotrack.problems import Problem, Severity, ordered
from immunotrack.readers.findings import Finding, all_findings, assumed_units, told
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import Layout, sexes
from immunotrack.records import result_unit
from immunotrack.table import (
    LIMITS,
    NUMBER,
    SCHEMA,
    TEXT,
    TIME,
    WHOLE,
    conform,
    lookup,
)
from immunotrack.times import DateOrder, age_in_years, parse_time
from immunotrack.values import Kind, parse_result, read_result

RESULTS: Final = SCHEMA | {"row": WHOLE, "problem": TEXT, "valid": nw.Boolean()}
"""The columns of `Results.table`."""

_NUMBERS: Final = ("day", *LIMITS, "detection_limit", "age_years")
_TIMES: Final = ("time", "birth_date")
_WORDS: Final = ("patient_id", "analyte", "loinc", "reported", "unit", "sex", "origin")


@dataclass(frozen=True, slots=True)
class Results:
    """The measurements of a file.

    Args:
        table: The contract's columns, then `row` (the row of the grid), `problem` (the codes of all
            problems of the row) and `valid` (none of them is an error), in the file's order.
        problems: In the order of the file; a warning that many rows share is told once.
    """

    table: pl.DataFrame
    problems: list[Problem]


def read_results(grid: Grid, layout: Layout, options: Options) -> Results:
    """The measurements of a grid; a row that is wrong is in the table too, marked invalid."""
    table = _with_neighbours(_understood(_cells(grid, layout), options.dates))
    findings = all_findings(options.dates)
    sound = pl.col("fault") == ""
    marks = table.select(
        (sound & finding.where.fill_null(value=False)).alias(str(number))
        for number, finding in enumerate(findings)
    )
    problems = [*grid.problems, *assumed_units(grid, layout)]
    for number, finding in enumerate(findings):
        problems += told(finding, table.filter(marks[str(number)]), grid, layout)
    return Results(_marked(table, findings, marks), ordered(problems))


def _cells(grid: Grid, layout: Layout) -> pl.DataFrame:
    """One row a result, each of our columns as the file's text, empty where it has none."""
    columns = list(zip(*grid.rows, strict=True))
    rows = range(len(grid.rows))
    shared = pl.DataFrame(
        {name: columns[index] for name, index in layout.roles.items()}
        | {
            "row": rows,
            "line": grid.lines,
            "fault": [grid.faults.get(row, "") for row in rows],
            "source": [grid.source] * len(rows),
        },
        schema_overrides={"line": pl.Int64, "row": pl.Int64},
    )
    if layout.wide:
        shared = _melted(shared, columns, layout)
    else:
        shared = shared.with_columns(column=pl.lit("reported"))
    shared = shared.filter(pl.col("fault") != "empty-row")
    absent = [n for n in (*_WORDS, *_NUMBERS, *_TIMES) if n not in shared.columns]
    return shared.with_columns(pl.lit("").alias(name) for name in absent)


def _melted(shared: pl.DataFrame, columns: Sequence[Any], layout: Layout) -> pl.DataFrame:
    """A wide file as a long one: a row for each cell with a result, in the file's order."""
    parts = [
        shared.with_columns(
            analyte=pl.lit(wide.analyte),
            unit=pl.lit(wide.unit),
            reported=pl.Series(columns[wide.index]),
            column=pl.lit(str(wide.index)),
            order=pl.lit(order),
        )
        for order, wide in enumerate(layout.wide)
    ]
    filled = pl.col("reported").str.strip_chars() != ""
    faulty = (pl.col("fault") != "") & (pl.col("order") == 0)
    return pl.concat(parts).filter(filled | faulty).sort("row", "order").drop("order")


def _understood(text: pl.DataFrame, dates: DateOrder) -> pl.DataFrame:
    """The text with what it means: the contract's columns, and those that rules are asked of."""
    kept = (*_NUMBERS, *_TIMES, "sex", "analyte", "unit")
    table = nw.from_native(
        text.with_columns(pl.col(name).alias(f"{name}_text") for name in kept), eager_only=True
    )
    for name in _NUMBERS:
        table = _replaced(table, [name], {name: NUMBER}, lambda cell: (_number(cell),))
    for name in _TIMES:
        answers = {name: TIME, f"{name}_clock": nw.Boolean(), f"{name}_problem": TEXT}
        table = _replaced(table, [name], answers, lambda cell: _moment(cell, dates))
    table = _replaced(table, ["sex"], {"sex": TEXT}, lambda cell: (_sex(cell),))
    table = _replaced(table, ["analyte", "loinc"], _ANALYTE, _analyte)
    table = lookup(table, ["reported", "detection_limit_text"], _RESULT, _result)
    unit = {"unit": TEXT}
    table = _replaced(table, ["analyte", "unit", "percent"], unit, _unit)
    age = {"birth_age": NUMBER}
    table = lookup(table, ["birth_date", "time"], age, lambda *at: (_age(*at),))
    table = table.with_columns(age_years=nw.coalesce("birth_age", "age_years"))
    known: pl.DataFrame = conform(table.to_native()).to_native()
    return (
        known.with_columns(zero_range=_zero_range())
        .with_columns(
            *(pl.when(~pl.col("zero_range")).then(pl.col(n)).alias(n) for n in ("low", "high"))
        )
        .with_columns(ranged=_ranged())
    )


_ANALYTE: Final = {
    "analyte": TEXT,
    "known": nw.Boolean(),
    "absurd_from": NUMBER,
    "absurd_below": NUMBER,
}
_RESULT: Final = {
    "kind": TEXT,
    "comparator": TEXT,
    "value": NUMBER,
    "percent": nw.Boolean(),
    "unlimited": nw.Boolean(),
}


def _replaced(
    table: nw.DataFrame[Any],
    keys: list[str],
    answers: dict[str, Any],
    answer: Any,  # noqa: ANN401
) -> nw.DataFrame[Any]:
    """`lookup`, with answers that may bear the name of a key and then take its place."""
    found = {f"found_{name}": dtype for name, dtype in answers.items()}
    table = lookup(table, keys, found, answer)
    table = table.drop(*(key for key in keys if key in answers))
    return table.rename({f"found_{name}": name for name in answers})


def _number(cell: str) -> float | None:
    result = parse_result(cell)
    plain = result.kind is Kind.NUMBER and result.number is not None and not result.percent
    return float(result.number) if plain and result.number is not None else None


def _moment(cell: str, dates: DateOrder) -> tuple[Any, bool, str]:
    return tuple(parse_time(cell, dates)) if cell.strip() else (None, False, "")  # type: ignore[return-value]


def _sex(cell: str) -> str:
    return sexes().get(cell.strip().casefold(), "")


def _analyte(name: str, loinc: str) -> tuple[str, bool, float | None, float | None]:
    analyte = find_analyte(name, loinc)
    if analyte is None:
        return (_unclaimed(name), False, None, None)
    bounds = (analyte.absurd_from, analyte.absurd_below)
    return (analyte.key, True, *(None if bound is None else float(bound) for bound in bounds))  # type: ignore[return-value]


def _unclaimed(name: str) -> str:
    """The file's own name of an analyte that is none of ours, kept apart from our names.

    A percentage under the name of a count ("Lymphocytes", 736-9) must not become the count again.
    """
    plain = name.strip()
    return f"{plain} (other)" if find_analyte(plain) else plain


def _result(reported: str, limit: str) -> tuple[Any, ...]:
    return tuple(read_result(reported, _number(limit)))


def _unit(analyte: str, unit: str, percent: bool) -> tuple[str]:  # noqa: FBT001 - a key
    return (result_unit(analyte, unit, percent=percent),)


def _age(birth: Any, at: Any) -> float | None:  # noqa: ANN401 - datetime or None
    return None if birth is None or at is None else float(age_in_years(birth, at))


def _ranged() -> pl.Expr:
    """`file` where a usable limit stands beside the result."""
    given = pl.any_horizontal(pl.col(limit).is_not_null() for limit in LIMITS)
    return pl.when(given).then(pl.lit("file")).otherwise(pl.lit(""))


def _zero_range() -> pl.Expr:
    """A range of 0 to 0 stands for none."""
    return ((pl.col("low") == 0) & (pl.col("high") == 0)).fill_null(value=False)


def _with_neighbours(table: pl.DataFrame) -> pl.DataFrame:
    """The table with what is said elsewhere in the file of the same sample."""
    counts = pl.col("kind").is_in([Kind.NUMBER, Kind.CENSORED, Kind.NOT_DETECTED])
    timed = pl.col("time").is_not_null() | pl.col("day").is_not_null()
    offset = pl.col("time_text").str.extract(r":\d{2}(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})\s*$")
    same = ["patient_id", "analyte", "time", "offset", "day", "counts"]
    said = pl.struct("comparator", pl.coalesce("value_std", "value"), "unit_std")
    first, last = (end.over(same) for end in (pl.col("line").first(), pl.col("line").last()))
    return table.with_columns(
        offset=offset.fill_null(""),
        counts=counts & timed & (pl.col("analyte") != "") & (pl.col("fault") == ""),
    ).with_columns(
        alike=pl.len().over(same),
        different=said.n_unique().over(same),
        later=pl.col("line") > first,
        other_line=pl.when(pl.col("line") > first).then(first).otherwise(last).cast(pl.String),
        clocked=pl.col("time_clock")
        | (pl.col("day") != pl.col("day").floor()).fill_null(value=False),
    )


def _marked(table: pl.DataFrame, findings: Sequence[Finding], marks: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns with `row`, `problem` and `valid`; a range of 0 to 0 is gone."""
    codes = [
        pl.when(pl.col(str(number))).then(pl.lit(finding.code))
        for number, finding in enumerate(findings)
    ]
    wrong = [str(n) for n, finding in enumerate(findings) if finding.severity is Severity.ERROR]
    said = marks.select(
        problem=pl.concat_str(codes, separator=" ", ignore_nulls=True),
        wrong=pl.any_horizontal(wrong),
    )
    fault = pl.col("fault")
    return (
        table.with_columns(said)
        .with_columns(
            range_source=pl.col("ranged"),
            problem=pl.when(fault != "").then(fault).otherwise(pl.col("problem")),
            valid=~pl.col("wrong") & (fault == ""),
        )
        .select(*RESULTS)
    )
