"""From a grid to cells: the file's text under our column names, one row a result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from immunotrack.numerals import SIGNS, Sign
from immunotrack.problems import InvalidInput, Problem, Severity, shown
from immunotrack.readers.adam import PARAMETERS
from immunotrack.readers.grid import DecimalSign, Grid, NumberCell, Options
from immunotrack.readers.layout import Layout, Naming, results_layout, unread_ranges
from immunotrack.readers.omop import MEASUREMENTS
from immunotrack.readers.sdtm import FINDINGS
from immunotrack.readers.standards import FHIR_ROWS, OWN_TABLE, Standard, filled
from immunotrack.table import LIMITS, analyte_key
from immunotrack.units import unit_symbol
from immunotrack.values import decimal_signs

NUMBERS: Final = ("day", *LIMITS, "detection_limit", "age_years")
TIMES: Final = ("time", "birth_date", "reference_start")
WORDS: Final = (
    *("patient_id", "analyte", "loinc", "specimen", "reported", "number", "comparator", "unit"),
    *("visit", "clock", "sex", "origin", "own_flag", "status", "issued", "range_source", "week"),
)
_READ: Final = ("reported", "week", *NUMBERS)
"""The columns whose text may hold a decimal sign."""

STANDARDS: Final[dict[str, Standard]] = {
    "immunotrack": OWN_TABLE,
    "fhir": FHIR_ROWS,
    "sdtm": FINDINGS,
    "adam": PARAMETERS,
    "omop": MEASUREMENTS,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One grid of results.

    Args:
        cells: Text by our column names, and what the file says of each row as a whole.
        problems: Those of the grid and of its columns.
        told: How the file was understood, for the user.
        evidence: Which decimal signs its numbers allow.
    """

    grid: Grid
    layout: Layout
    cells: pl.DataFrame
    problems: list[Problem]
    told: str
    evidence: "SignEvidence"


def read_part(grid: Grid, options: Options, sign: DecimalSign | None = None) -> Part:
    """The cells of a grid of results.

    Args:
        sign: The decimal sign of the file that the grid is a part of; found in the grid if None.

    Raises:
        InvalidInput: Its columns cannot be understood.
    """
    standard = _standard(grid.header, options)
    own = standard.naming(grid.header) if standard else None
    if own is None and options.format in STANDARDS:
        raise InvalidInput([_other_format(grid, options.format)], unreadable=True)
    naming = own or Naming({})
    naming = replace(naming, columns={**naming.columns, **options.columns}, units=options.units)
    layout = results_layout(grid.source, grid.header, naming, grid.header_line)
    cells = _cells(grid, layout)
    cells = cells.with_columns(timeless=filled("visit"))
    if standard:
        cells = standard.prepared(cells, _raw(grid))
    cells = _withdrawn(cells)
    cells, filled_down = _with_patients(cells, grid, layout, fill=options.fill_down)
    cells = _with_units(cells, options.units)
    stated = _stated_sign(cells, options)
    evidence = SignEvidence(frozenset({stated}), telling=True) if stated else sign_evidence(cells)
    sign = stated or sign or evidence.sign
    cells = _with_days(cells, layout.clock(grid.header)).with_columns(decimal=pl.lit(sign))
    notes = [grid.told, layout.told(grid.header), _told_sign(sign, cells)]
    return Part(
        grid,
        layout,
        cells,
        [
            *grid.problems,
            *unread_ranges(grid.source, grid.header, layout, grid.header_line),
            *filled_down,
        ],
        "; ".join(note for note in notes if note),
        evidence,
    )


def _other_format(grid: Grid, name: str) -> Problem:
    there = ", ".join(column.strip() for column in grid.header)
    return Problem(
        code="missing-column",
        source=grid.source,
        line=grid.header_line or None,
        message=f"the columns are not those of {name}; the file has: {there}",
        fix="Leave out --format, and name the columns with --map where they are not known.",
    )


def _standard(header: Sequence[str], options: Options) -> Standard | None:
    """The standard that the user names, or the first whose names a header has."""
    chosen = [STANDARDS[options.format]] if options.format in STANDARDS else STANDARDS.values()
    return next((known for known in chosen if known.naming(header) is not None), None)


def _raw(grid: Grid) -> pl.DataFrame:
    """The cells under the file's names in upper case; the first of several of one name."""
    columns = list(zip(*grid.rows, strict=True)) or [()] * len(grid.header)
    named: dict[str, Any] = {}
    for name, column in zip(grid.header, columns, strict=True):
        named.setdefault(name.strip().upper(), column)
    return pl.DataFrame(named, schema=dict.fromkeys(named, pl.String))


def _cells(grid: Grid, layout: Layout) -> pl.DataFrame:
    """One row a result, each of our columns as the file's text, empty where it has none."""
    columns = list(zip(*grid.rows, strict=True)) or [()] * len(grid.header)
    count = len(grid.rows)
    shared = pl.DataFrame(
        {name: columns[index] for name, index in layout.roles.items()}
        | {
            "row": range(count),
            "line": grid.lines,
            "fault": _noted(grid.faults, count),
            "aside": _noted(grid.aside, count),
            "source": [grid.source] * count,
        }
        | {
            f"{name}_typed": [type(cell) is NumberCell for cell in columns[index]]
            for name, index in layout.roles.items()
            if name in _READ and NumberCell in set(map(type, columns[index]))
        },
        schema_overrides={"line": pl.Int64, "row": pl.Int64}
        | dict.fromkeys(layout.roles, pl.String),
    )
    absent = [name for name in (*WORDS, *NUMBERS, *TIMES) if name not in shared.columns]
    shared = shared.with_columns(pl.lit("").alias(name) for name in absent)
    if layout.wide:
        return _melted(shared, columns, layout)
    return shared.with_columns(column=pl.lit("reported"))


_WITHDRAWN: Final = {
    **dict.fromkeys(("cancelled", "canceled", "x"), "cancelled"),
    **dict.fromkeys(("entered-in-error", "entered in error", "w", "d"), "entered-in-error"),
    "registered": "registered",
}
"""A status that makes a row no measurement (FHIR ObservationStatus, HL7 v2 table 0085)."""


def _withdrawn(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells, those set aside that their laboratory withdrew or has not yet given."""
    status = pl.col("status").str.strip_chars().str.to_lowercase()
    why = status.replace_strict(_WITHDRAWN, default="", return_dtype=pl.String)
    return cells.with_columns(
        aside=pl.when(pl.col("aside") == "").then(why).otherwise(pl.col("aside"))
    )


def _noted(notes: Mapping[int, str], count: int) -> list[str]:
    """The note of each row, empty where there is none."""
    noted = [""] * count
    for row, note in notes.items():
        noted[row] = note
    return noted


def _melted(shared: pl.DataFrame, columns: Sequence[Any], layout: Layout) -> pl.DataFrame:
    """A wide file as a long one: a row for each cell with a result, in the file's order."""
    parts = [
        shared.with_columns(
            analyte=pl.lit(wide.analyte),
            unit=pl.lit(wide.unit),
            reported=pl.Series(columns[wide.index], dtype=pl.String),
            reported_typed=pl.Series(
                [type(cell) is NumberCell for cell in columns[wide.index]], dtype=pl.Boolean
            ),
            column=pl.lit(str(wide.index)),
            order=pl.lit(order),
            **_visited(wide.visit),
        )
        for order, wide in enumerate(layout.wide)
    ]
    results = pl.col("reported").str.strip_chars() != ""
    whole = ((pl.col("fault") != "") | (pl.col("aside") != "")) & (pl.col("order") == 0)
    return pl.concat(parts).filter(results | whole).sort("row", "order").drop("order")


def _visited(visit: str) -> dict[str, pl.Expr]:
    """When a column of one visit was measured, as far as its name says so."""
    if not visit:
        return {}
    number = visit.lstrip("DdJj").strip(" _.")
    if len(visit) > len(number) and number.isdecimal() and visit[0] in "DdJj":
        return {"visit": pl.lit(visit), "day": pl.lit(number), "clock": pl.lit("Day")}
    if len(visit) == len("2020-03-01") and visit.replace("-", "").isdecimal():
        return {"visit": pl.lit(visit), "time": pl.lit(visit)}
    return {"visit": pl.lit(visit)}


def _with_patients(
    cells: pl.DataFrame, grid: Grid, layout: Layout, *, fill: bool
) -> tuple[pl.DataFrame, list[Problem]]:
    """The cells with the patient of the row above where a row has none, if that is wanted."""
    if not fill or "patient_id" not in layout.roles:
        return cells, []
    column = layout.roles["patient_id"]
    given = pl.DataFrame(
        {"row": range(len(grid.rows)), "known": [row[column] for row in grid.rows]},
        schema={"row": pl.Int64, "known": pl.String},
    ).with_columns(pl.when(filled("known")).then(pl.col("known")).forward_fill())
    joined = cells.join(given, on="row", how="left", maintain_order="left")
    without = ~filled("patient_id") & pl.col("known").is_not_null()
    lines = joined.filter(without)["line"].unique().sort()
    full = joined.with_columns(
        patient_id=pl.when(without).then(pl.col("known")).otherwise(pl.col("patient_id"))
    ).drop("known")
    return full, _filled_down(grid, layout, lines.to_list())


def _filled_down(grid: Grid, layout: Layout, lines: Sequence[int]) -> list[Problem]:
    if not lines:
        return []
    return [
        Problem(
            code="filled-down",
            severity=Severity.WARNING,
            source=grid.source,
            line=lines[0],
            column=grid.header[layout.roles["patient_id"]].strip(),
            message="no patient, so the one of the row above",
            rows=len(lines),
            lines=tuple(lines),
        )
    ]


def _with_units(cells: pl.DataFrame, units: Mapping[str, str]) -> pl.DataFrame:
    """The cells with the unit that the user gives for an analyte, where the file gives none."""
    if not units:
        return cells
    stated = {analyte_key(name): unit for name, unit in units.items()}
    names = cells.select("analyte", "loinc").unique()
    units_of = [unit_symbol(stated.get(analyte_key(*name), "")) for name in names.rows()]
    given = names.with_columns(given=pl.Series(units_of, dtype=pl.String))
    joined = cells.join(given, on=["analyte", "loinc"], how="left", maintain_order="left")
    unit = pl.when(filled("unit")).then(pl.col("unit")).otherwise(pl.col("given"))
    return joined.with_columns(unit=unit).drop("given")


def unused_units(parts: Sequence[Part], units: Mapping[str, str]) -> list[Problem]:
    """The problem of each analyte that the user gives a unit for and no file has."""
    names = {name for part in parts for name in part.cells.select("analyte", "loinc").rows()}
    there = {analyte_key(*name) for name in names}
    there |= {wide.analyte for part in parts for wide in part.layout.wide}
    return [
        Problem(
            code="unknown-option",
            source="--unit",
            message=f"{shown(name)} is no analyte of the source",
            fix="Leave the option out, or correct the name.",
        )
        for name in units
        if analyte_key(name) not in there
    ]


def _with_days(cells: pl.DataFrame, clock: str) -> pl.DataFrame:
    """The cells with the clock of their days, where the file does not name it row by row."""
    weekly = filled("week") & ~filled("day")
    counted = (filled("day") | weekly) & ~filled("clock")
    return cells.with_columns(
        weekly=weekly,
        day=pl.when(weekly).then(pl.col("week")).otherwise(pl.col("day")),
        clock=pl.when(counted).then(pl.lit(clock)).otherwise(pl.col("clock")),
    )


def _stated_sign(cells: pl.DataFrame, options: Options) -> Sign | None:
    """The decimal sign that the standard, or else the user, states."""
    if "decimal" in cells.columns:
        return "point"
    return options.decimal if options.decimal != "auto" else None


_CLEAR: Final = r"^\s*[<>]?=?\s*[+-]?[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})\s*$"
"""A number that has a decimal point and can have nothing else."""


@dataclass(frozen=True, slots=True)
class SignEvidence:
    """Which decimal signs some numbers allow.

    Args:
        allowed: The signs with which all of them are numbers.
        telling: One of them has a point or a comma.
    """

    allowed: frozenset[Sign] = frozenset(SIGNS)
    telling: bool = False

    def __and__(self, other: "SignEvidence") -> "SignEvidence":
        return SignEvidence(self.allowed & other.allowed, self.telling or other.telling)

    @property
    def sign(self) -> DecimalSign:
        """The only decimal sign that all numbers allow; `auto` where both or neither do.

        A file in which no number tells the signs apart has decimal points.
        """
        if not self.telling:
            return "point"
        return next(iter(self.allowed)) if len(self.allowed) == 1 else "auto"


def sign_evidence(cells: pl.DataFrame) -> SignEvidence:
    """Which decimal signs the numbers of some rows allow."""
    allowed: frozenset[Sign] = frozenset(SIGNS)
    telling = False
    for name in _READ:
        texts = (
            cells.filter(~pl.col(f"{name}_typed")) if f"{name}_typed" in cells.columns else cells
        )
        marked = texts[name].filter(texts[name].str.contains(r"[.,]"))
        if marked.is_empty():
            continue
        clear = marked.str.contains(_CLEAR)
        telling = True
        allowed &= frozenset({"point"}) if clear.any() else allowed
        for text in marked.filter(~clear).unique():
            allowed &= decimal_signs(text)
    return SignEvidence(allowed, telling)


def _told_sign(sign: DecimalSign, cells: pl.DataFrame) -> str:
    return "decimal comma" if sign == "comma" and len(cells) else ""
