"""SAS transport files (XPORT) as bytes that depend on nothing but the table."""

import math
import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from immunotrack.extras import extra_package
from immunotrack.problems import InvalidInput, Problem

Kind = Literal["text", "number", "date", "datetime"]
Cell = str | float | datetime | None

_FORMATS: Final = {"date": "E8601DA10.", "datetime": "E8601DT26.6"}
_ORIGIN: Final = datetime(1960, 1, 1)  # noqa: DTZ001 - SAS counts without a zone
_SMALLEST: Final = 16.0**-65
_LARGEST: Final = 2.0**249
"""From here on pyreadstat writes another number."""

_MADE: Final = 315532800
_MONTHS: Final = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
_STAMPS: Final = (144, 160, 464, 480)
"""Where a file says when it was made: twice for the library, twice for its data set."""


@dataclass(frozen=True, slots=True)
class TransportColumn:
    """A column of a transport file.

    Args:
        kind: A date or a date-time is given as ISO 8601 text or as a `datetime` without a zone.
    """

    name: str
    label: str = ""
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class _Limits:
    name: re.Pattern[str]
    rule: str
    label: int
    text: int


_LIMITS: Final = {
    5: _Limits(re.compile(r"[A-Z_][A-Z0-9_]{,7}"), "1 to 8 of A to Z, 0 to 9 and _", 40, 200),
    8: _Limits(
        re.compile(r"[A-Za-z_][A-Za-z0-9_]{,31}"),
        "1 to 32 of A to Z, a to z, 0 to 9 and _",
        256,
        32767,
    ),
}


def transport_bytes(
    columns: Sequence[TransportColumn],
    rows: Sequence[Sequence[Cell]],
    *,
    name: str,
    label: str = "",
    version: Literal[5, 8] = 5,
) -> bytes:
    """A transport file of one data set; the same table gives the same bytes.

    Text loses blanks at its end, which the format does not tell from its padding, and zero loses
    its sign. The time of making is SOURCE_DATE_EPOCH, or 1 January 1980.

    Args:
        name: Of the data set, `LB`.
        label: Of the data set.

    Raises:
        InvalidInput: The table does not fit the format, or pyreadstat is not installed.
    """
    fits = _Fit(name, version)
    fits.check_names(columns, label)
    values = [
        [fits.value(column, cell, row) for row, cell in enumerate(cells, start=1)]
        for column, cells in zip(columns, _columns(columns, rows), strict=True)
    ]
    fits.check_end(columns, values)
    if fits.problems:
        raise InvalidInput(fits.problems)
    frame = pd.DataFrame(
        {
            column.name: pd.Series(cells, dtype="object" if column.kind == "text" else "float64")
            for column, cells in zip(columns, values, strict=True)
        }
    )
    return _stamped(_written(frame, columns, name, label, version))


def _columns(
    columns: Sequence[TransportColumn], rows: Sequence[Sequence[Cell]]
) -> list[Sequence[Cell]]:
    """The cells of each column; each row has as many as there are columns."""
    return list(zip(*rows, strict=True)) if rows else [() for _ in columns]


class _Fit:
    """What of a table does not fit one version of the format."""

    def __init__(self, name: str, version: Literal[5, 8]) -> None:
        self.table, self.version, self.limits = name, version, _LIMITS[version]
        self.problems: list[Problem] = []

    def refuse(self, message: str, fix: str = "", column: str = "", row: int | None = None) -> None:
        self.problems.append(
            Problem(
                code="unwritable",
                source=self.table,
                line=row,
                column=column or None,
                message=message,
                fix=fix,
            )
        )

    def too_long(self, message: str, column: str = "", row: int | None = None) -> None:
        """Refuse what version 8 may hold."""
        fix = "Shorten it." if self.version == 8 else "Shorten it, or write version 8."
        self.refuse(message, fix, column, row)

    def check_names(self, columns: Sequence[TransportColumn], label: str) -> None:
        if not columns:
            self.refuse("a table without a column")
        if not self.limits.name.fullmatch(self.table):
            self.too_long(f"the name of the data set is not {self.limits.rule}")
        if len(label.encode()) > 40:
            self.refuse("the label of the data set has more than 40 bytes", "Shorten it.")
        upper = [column.name.upper() for column in columns]
        for column in columns:
            if not self.limits.name.fullmatch(column.name):
                self.too_long(f"the name is not {self.limits.rule}", column.name)
            if upper.count(column.name.upper()) > 1:
                self.refuse("two columns have this name", "Rename one.", column.name)
            if len(column.label.encode()) > self.limits.label:
                self.too_long(f"the label has more than {self.limits.label} bytes", column.name)

    def value(self, column: TransportColumn, cell: Cell, row: int) -> str | float:
        """A cell as the format holds it; a missing number is not a number."""
        if column.kind == "text":
            return self.text(column, "" if cell is None else str(cell), row)
        if cell is None or cell == "":
            return math.nan
        return self.number(column, cell, row)

    def text(self, column: TransportColumn, text: str, row: int) -> str:
        if len(text.encode("utf-8", "surrogatepass")) > self.limits.text:
            self.too_long(f"a text of more than {self.limits.text} bytes", column.name, row)
        if any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in text):
            self.refuse("a text with a sign that UTF-8 does not have", "", column.name, row)
        return text

    def number(self, column: TransportColumn, cell: str | float | datetime, row: int) -> float:
        try:
            number = _counted(column.kind, cell)
        except (TypeError, ValueError, OverflowError):
            self.refuse(f"not a {column.kind}", "Leave it empty, or write one.", column.name, row)
            return math.nan
        if number and not _SMALLEST <= abs(number) < _LARGEST:
            self.refuse(
                "a number that the format cannot hold",
                "Numbers from 5.4e-79 to 9.0e74 fit, and 0.",
                column.name,
                row,
            )
        return number

    def check_end(
        self, columns: Sequence[TransportColumn], values: Sequence[Sequence[str | float]]
    ) -> None:
        """Refuse an empty last row where readers take it for the padding of the file."""
        last = [cells[-1] for cells in values if cells]
        texts = all(column.kind == "text" for column in columns)
        if self.version == 5 and texts and last and not any(str(cell).strip() for cell in last):
            self.refuse(
                "the last row is empty, and is lost in a table of text only",
                "Leave it out, or write version 8.",
                row=len(values[0]),
            )


def _counted(kind: Kind, cell: str | float | datetime) -> float:
    """A number as it is, a date in days since 1960, a date-time in seconds since then."""
    if kind == "number":
        if isinstance(cell, str | datetime):
            raise TypeError
        return float(cell)
    moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell))
    since = moment - _ORIGIN
    if kind == "date":
        if since.seconds or since.microseconds:
            raise ValueError
        return float(since.days)
    seconds = since.total_seconds()
    if timedelta(seconds=seconds) != since:
        raise ValueError
    return seconds


def _written(
    frame: pd.DataFrame, columns: Sequence[TransportColumn], name: str, label: str, version: int
) -> bytes:
    library = extra_package("pyreadstat", name, "unwritable")
    with tempfile.TemporaryDirectory(prefix="immunotrack-") as folder:
        path = Path(folder) / "table.xpt"
        library.write_xport(
            frame,
            path,
            file_label=label,
            column_labels=[column.label or None for column in columns],
            table_name=name,
            file_format_version=version,
            variable_format={c.name: _FORMATS[c.kind] for c in columns if c.kind in _FORMATS},
        )
        return path.read_bytes()


def _stamped(data: bytes) -> bytes:
    """The file with a time of making that is not the clock's."""
    made = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = time.gmtime(int(made) if made.isdecimal() else _MADE)
    month = _MONTHS[3 * moment.tm_mon - 3 : 3 * moment.tm_mon]
    stamp = time.strftime(f"%d{month}%y:%H:%M:%S", moment).encode("ascii")
    changed = bytearray(data)
    for place in _STAMPS:
        changed[place : place + 16] = stamp
    return bytes(changed)
