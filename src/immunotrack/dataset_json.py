"""CDISC Dataset-JSON 1.1 as bytes; the same table always gives the same bytes."""

import json
import math
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, get_args

DataType = Literal[
    "string", "integer", "decimal", "float", "double", "boolean", "date", "datetime", "time", "URI"
]
DATA_TYPES: Final[tuple[str, ...]] = get_args(DataType)
Form = Literal["json", "ndjson", "dsjc"]
Cell = str | int | float | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A variable of a dataset."""

    name: str
    label: str
    data_type: DataType

    def __post_init__(self) -> None:
        if self.data_type not in DATA_TYPES:
            raise ValueError(
                f"data_type must be one of {', '.join(DATA_TYPES)}, not {self.data_type!r}"
            )


def dataset_json_bytes(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    name: str,
    label: str,
    form: Form = "json",
) -> bytes:
    """A dataset as a file: `json` with one row a line, `ndjson`, or `dsjc`, which is compressed.

    The time of creation is SOURCE_DATE_EPOCH, or the start of 1970, so that it tells nothing.

    Raises:
        ValueError: A row does not have one cell a column, or a number is infinite.

    >>> column = Column("AVAL", "Value", "decimal")
    >>> text = dataset_json_bytes([column], [["1.50"]], name="LB", label="", form="ndjson")
    >>> text.splitlines()[1]
    b'["1.50"]'
    """
    lines = [_row(row, columns) for row in rows]
    head = _text(_head(columns, len(lines), name, label))
    if form == "json":
        body = ",\n".join(lines)
        return f'{head[:-1]}, "rows": [\n{body}\n]}}\n'.encode("utf-8", "backslashreplace")
    data = "".join(f"{line}\n" for line in (head, *lines)).encode("utf-8", "backslashreplace")
    return zlib.compress(data, 9) if form == "dsjc" else data


def _head(columns: Sequence[Column], count: int, name: str, label: str) -> dict[str, object]:
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    return {
        "datasetJSONCreationDateTime": f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S}",
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": f"IG.{name}",
        "records": count,
        "name": name,
        "label": label,
        "columns": [
            {
                "itemOID": f"IT.{name}.{column.name}",
                "name": column.name,
                "label": column.label,
                "dataType": column.data_type,
            }
            for column in columns
        ],
    }


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    if len(row) != len(columns):
        raise ValueError(f"a row has {len(row)} cells where there are {len(columns)} columns")
    cells = (_cell(cell, column) for cell, column in zip(row, columns, strict=True))
    return f"[{', '.join(cells)}]"


def _cell(cell: Cell, column: Column) -> str:
    """A cell as JSON; a decimal is a text with its own digits, not-a-number is null."""
    if isinstance(cell, float | Decimal):
        if math.isnan(cell):
            return "null"
        if math.isinf(cell):
            raise ValueError(f"an infinite number in column {column.name}")
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        number = str(cell)
        return _text(number) if column.data_type == "decimal" else number
    return _text(cell)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
