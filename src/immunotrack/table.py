"""The measurements table: one row a result, the same named columns everywhere.

Any eager frame that narwhals understands can hold it. Text is never null (empty where there is
none); `time`, `day` and numbers may be null.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, get_args

import narwhals as nw
from narwhals.typing import FrameT, IntoDataFrame, IntoDataFrameT

from immunotrack.analytes import find_analyte
from immunotrack.questions import lookup
from immunotrack.units import shift_between, shifted, unit_symbol

TEXT, NUMBER, TIME, WHOLE = nw.String(), nw.Float64(), nw.Datetime("us"), nw.Int64()
FLAG: Final = nw.Boolean()
_EMPTY: Final[dict[Any, str | int | bool]] = {TEXT: "", WHOLE: 0, FLAG: False}

SCHEMA: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "time": TIME,
    "day": NUMBER,
    "clock": TEXT,
    "visit": TEXT,
    "analyte": TEXT,
    "reported": TEXT,
    "comparator": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "value_std": NUMBER,
    "unit_std": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "critical_low": NUMBER,
    "critical_high": NUMBER,
    "range_source": TEXT,
    "flag": TEXT,
    "off_scale": TEXT,
    "sex": TEXT,
    "age_years": NUMBER,
    "birth_date": TIME,
    "origin": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The contract: column names in order, with their types.

patient_id: as in the file. time: when the sample was taken. day: days from the anchor of the clock,
which `clock` names. visit: the planned visit, where the source names it. analyte: a key of the
catalogue, or the file's own name. reported: the result as the file has it. comparator: `<`, `<=`,
`>`, `>=` or empty. value: the number, in `unit`. value_std, unit_std: in the analyte's own unit.
low, high, critical_low, critical_high: the limits that apply, in `unit`. range_source: `file`, a
set's name, or empty. flag: HL7 table 0078, `N L H LL HH IND` or empty. off_scale: `<` or `>` where
the assay's scale ends. origin: `measured`, `quoted`, `digitised`, `illustrative`, or empty where
the file does not say. line: the physical line of the file.
"""

EVENT_SCHEMA: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "kind": TEXT,
    "name": TEXT,
    "lane": TEXT,
    "start_time": TIME,
    "start_day": NUMBER,
    "end_time": TIME,
    "end_day": NUMBER,
    "open_end": FLAG,
    "dose": NUMBER,
    "dose_unit": TEXT,
    "result": TEXT,
    "basis": TEXT,
    "note": TEXT,
    "quote": TEXT,
    "claim": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The events table: one row a dose, drug, procedure, infection, test result or outcome.

A row without an end is a point; `open_end` marks a span whose end is not stated.
"""


def is_span(event: Mapping[str, Any]) -> bool:
    """Whether an event goes on for a time; a dose that does stands for repeated doses."""
    ends = event["end_day"], event["end_time"]
    return bool(event["open_end"]) or any(end is not None for end in ends)


LIMITS: Final = ("low", "high", "critical_low", "critical_high")
"""The columns that a reference range fills."""

Origin = Literal["", "measured", "quoted", "digitised", "illustrative"]
ORIGINS: Final[tuple[str, ...]] = get_args(Origin)[1:]


def conform(frame: IntoDataFrameT) -> nw.DataFrame[IntoDataFrameT]:
    """A frame with all columns of the contract: names and units as ours, `value_std` computed.

    Args:
        frame: Needs `analyte`, `unit` and a numeric `value`; other columns of the contract are used
            where they are there, and further columns are kept behind them.

    Raises:
        ValueError: A needed column is missing.
        TypeError: `value` is not numeric.
    """
    return conformed(nw.from_native(frame, eager_only=True))


def conformed(table: FrameT) -> FrameT:
    """As `conform`, of a frame that may also be lazy: Polars, PySpark."""
    schema: Mapping[str, Any] = table.collect_schema()
    if missing := _lacking(schema):
        raise ValueError(f"the table has no column {', '.join(missing)}")
    if not (schema["value"].is_numeric() or _is_empty(table, "value")):
        raise TypeError("the column value must hold numbers; read text with immunotrack.read")
    return _standardised(_named(_conformed(table, SCHEMA))).select([*SCHEMA, *_further(schema)])


def _lacking(schema: Collection[str]) -> list[str]:
    return [name for name in ("analyte", "value", "unit") if name not in schema]


def _further(schema: Iterable[str]) -> list[str]:
    return [name for name in schema if name not in SCHEMA]


def _is_empty(table: nw.DataFrame[Any] | nw.LazyFrame[Any], name: str) -> bool:
    """Whether a column is known to be null throughout."""
    return isinstance(table, nw.DataFrame) and table[name].is_null().all()


def plain_rows(table: nw.DataFrame[Any]) -> list[dict[str, Any]]:
    """The rows as dictionaries, with None for pandas' nan and NaT."""
    return [
        {name: None if value is None or value != value else value for name, value in row.items()}  # noqa: PLR0124
        for row in table.rows(named=True)
    ]


def conform_events(frame: IntoDataFrame) -> nw.DataFrame[Any]:
    """An events frame with all columns of `EVENT_SCHEMA`.

    Raises:
        ValueError: `kind`, `name`, or both `start_time` and `start_day` are missing.
    """
    table = nw.from_native(frame, eager_only=True)
    missing = [name for name in ("kind", "name") if name not in table.columns]
    if not {"start_time", "start_day"} & set(table.columns):
        missing.append("start_time or start_day")
    if missing:
        raise ValueError(f"the events have no column {', '.join(missing)}")
    return _conformed(table, EVENT_SCHEMA).select(*EVENT_SCHEMA)


def frame_of(
    rows: Iterable[Mapping[str, Any]],
    schema: Mapping[str, Any],
    backend: Any,  # noqa: ANN401 - a name or an Implementation of narwhals
) -> nw.DataFrame[Any]:
    """Rows as a frame with the columns and types of a schema."""
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for row in rows:
        for name, column in columns.items():
            column.append(row[name])
    return nw.from_dict(columns, schema=schema, backend=backend)


def _conformed(table: FrameT, schema: Mapping[str, Any]) -> FrameT:
    """A frame with all columns of a schema in their types, text without nulls."""
    given = table.collect_schema()
    columns = [_column(table, given, name, dtype) for name, dtype in schema.items()]
    return table.with_columns(*(column for column in columns if column is not None))


def _column(
    table: nw.DataFrame[Any] | nw.LazyFrame[Any],
    schema: Mapping[str, Any],
    name: str,
    dtype: Any,  # noqa: ANN401
) -> nw.Expr | None:
    """A column in its type, empty throughout where it is missing; None where it is as wanted."""
    empty = _EMPTY.get(dtype)
    if name not in schema:
        return nw.lit(empty, dtype).alias(name)
    given = schema[name]
    if dtype == TEXT and given.is_numeric():
        raise TypeError(f"{name} must be text, or 007 becomes 7")
    if dtype == TIME:
        return _time_column(table, given, name)
    column = nw.col(name).fill_nan(None) if given.is_float() else nw.col(name)
    if given != dtype:
        column = column.cast(dtype)
    return column if empty is None else column.fill_null(empty)


def _time_column(
    table: nw.DataFrame[Any] | nw.LazyFrame[Any],
    given: Any,  # noqa: ANN401
    name: str,
) -> nw.Expr | None:
    """A time column on the wall clock of its zone; text is not guessed at."""
    if given == TIME:
        return None
    if isinstance(given, nw.Datetime) and given.time_zone is not None:
        return nw.col(name).dt.replace_time_zone(None).cast(TIME)
    if isinstance(given, nw.Datetime | nw.Date) or _is_empty(table, name):
        return nw.col(name).cast(TIME)
    raise TypeError(f"{name} must hold dates; read text with immunotrack.read")


def _named(table: FrameT) -> FrameT:
    """Analytes under their keys, units in their house spelling."""
    table = lookup(table, ["analyte"], {"analyte": TEXT}, lambda name: (analyte_key(name),))
    return lookup(table, ["analyte", "unit"], {"unit": TEXT}, lambda *pair: (house_unit(*pair),))


def analyte_key(name: str, loinc: str = "") -> str:
    """The catalogue's key for a name or code; the name itself, without outer blanks, if unknown."""
    analyte = find_analyte(name, loinc)
    return analyte.key if analyte else name.strip()


def house_unit(analyte: str, unit: str) -> str:
    """The house spelling of a unit; a dimensionless analyte without one has its own."""
    known = find_analyte(analyte)
    if known is not None and known.dimensionless and not unit.strip():
        return known.unit
    return unit_symbol(unit)


def standard_unit(analyte: str, unit: str) -> tuple[str, int]:
    """The analyte's own unit and the power of ten that leads there; ("", 0) if none does."""
    known = find_analyte(analyte)
    shift = shift_between(unit, known.unit) if known else None
    return ("", 0) if known is None or shift is None else (known.unit, shift)


def standard_value(value: float, shift: int) -> float:
    """A number times a power of ten, rounded once: the decimal point of its digits is moved."""
    return float(shifted(Decimal(repr(value)), shift))


def _standardised(table: FrameT) -> FrameT:
    table = table.drop("unit_std", "value_std")
    table = lookup(table, ["analyte", "unit"], {"unit_std": TEXT, "shift": WHOLE}, standard_unit)
    finite = nw.col("value").fill_null(0.0)
    table = lookup(
        table.with_columns(finite=nw.when(nw.col("shift") != 0).then(finite).otherwise(0.0)),
        ["finite", "shift"],
        {"moved": NUMBER},
        lambda value, shift: (standard_value(value, shift),),
    )
    standard = (
        nw.when(nw.col("unit_std") != "", ~nw.col("value").is_null())
        .then(nw.when(nw.col("shift") == 0).then(nw.col("value")).otherwise(nw.col("moved")))
        .otherwise(None)
    )
    return table.with_columns(value_std=standard.cast(NUMBER)).drop("shift", "finite", "moved")


def in_standard_units(table: FrameT) -> FrameT:
    """The table with value and limits in the analyte's own unit wherever there is a conversion."""
    table = lookup(table, ["analyte", "unit"], {"own_unit": TEXT, "shift": WHOLE}, standard_unit)
    for name in LIMITS:
        table = lookup(table, [name, "shift"], {name: NUMBER}, lambda *pair: (_moved(*pair),))
    converts = nw.col("own_unit") != ""
    return table.with_columns(
        value=nw.when(converts).then(nw.col("value_std")).otherwise(nw.col("value")),
        unit=nw.when(converts).then(nw.col("own_unit")).otherwise(nw.col("unit")),
    ).drop("own_unit", "shift")


def _moved(limit: float | None, shift: int) -> float | None:
    missing = limit is None or limit != limit  # noqa: PLR0124 - nan, in a pandas frame
    return None if missing or limit is None else standard_value(limit, shift)
