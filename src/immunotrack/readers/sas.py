"""SAS transport files (XPORT versions 5 and 8): every data set as a grid of text cells."""

import io
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from immunotrack.extras import extra_package
from immunotrack.numbers import digits
from immunotrack.problems import InvalidInput, Problem, Severity
from immunotrack.readers.files import read_bytes
from immunotrack.readers.grid import Grid, NumberCell, Options
from immunotrack.readers.xport import Member, members

_WIDTH: Final = r"\d*(?:\.\d*)?"
_DATES: Final = re.compile(
    r"(?:(?:DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|(?:E|B|IS)8601DA|DATE|NLDATE|WEEKDAT[EX]|WORDDAT[EX]"
    rf"|JULIAN|MONYY|MMYY|YYMM|YYMON){_WIDTH}"
)
_DATETIMES: Final = re.compile(
    rf"(?:(?:E|B|IS)8601D[TNZ]|E8601LZ|DATETIME|DATEAMPM|MDYAMPM|DTDATE|NLDATM){_WIDTH}"
)
_TIMES: Final = re.compile(rf"(?:(?:E|B|IS)8601TM|TIME|HHMM|TOD|TIMEAMPM|NLTIME){_WIDTH}")
_ORIGIN: Final = datetime(1960, 1, 1)  # noqa: DTZ001 - SAS counts without a zone


def read_transport(path: Path, source: str, options: Options) -> list[Grid]:
    """Every data set of a SAS transport file; a row's line is its observation's number.

    Args:
        source: What messages call the file.
        options: Only its encoding matters here; without one UTF-8 is tried, then Windows-1252.

    Raises:
        InvalidInput: The file cannot be read, is damaged, or holds no row.
    """
    found = members(read_bytes(path, source), source)
    library = extra_package("pyreadstat", source)
    grids = []
    for member in found:
        name = source if len(found) == 1 else f"{source}[{member.name}]"
        grids.append(_grid(library, member, name, options.encoding))
    if not any(grid.rows for grid in grids):
        problem = Problem(
            code="no-rows",
            source=source,
            message="the file describes its columns and has no row",
            fix="Export it again.",
        )
        raise InvalidInput([problem], unreadable=True)
    return grids


def _grid(library: ModuleType, member: Member, source: str, encoding: str) -> Grid:
    used = encoding or "UTF-8"
    problems: list[Problem] = []
    try:
        columns, about = _read(library, member.data, encoding)
    except UnicodeDecodeError as error:
        used = "Windows-1252"
        problems.append(_assumed(source))
        columns, about = _read_again(library, member.data, source, error)
    except Exception as error:  # noqa: BLE001 - the library's errors have no common class
        raise _unreadable(source, error) from None
    formats = [about.original_variable_types[name] for name in about.column_names]
    cells = [
        list(map(str if text else _writer(kind), column))
        for text, kind, column in zip(member.text, formats, columns, strict=True)
    ]
    rows = [list(row) for row in zip(*cells, strict=True)]
    rows += [[""] * len(cells) for _ in range(len(rows), member.rows or 0)]
    return Grid(
        source=source,
        header=list(about.column_names),
        header_line=0,
        lines=list(range(1, len(rows) + 1)),
        rows=rows,
        problems=problems,
        told=f"SAS transport file, {member.name or 'no name'}; {used}",
    )


def _read(library: ModuleType, data: bytes, encoding: str) -> tuple[list[Sequence[Any]], Any]:
    """The columns of the only data set of a file, and what the library says about them."""
    columns, about = library.read_xport(
        io.BytesIO(data),
        encoding=encoding or None,
        disable_datetime_conversion=True,
        output_format="dict",
    )
    return list(columns.values()), about


def _read_again(
    library: ModuleType, data: bytes, source: str, error: Exception
) -> tuple[list[Sequence[Any]], Any]:
    try:
        return _read(library, data, "WINDOWS-1252")
    except Exception:  # noqa: BLE001 - as above
        raise _unreadable(source, error) from None


def _unreadable(source: str, error: Exception) -> InvalidInput:
    told = "its text has no known encoding" if isinstance(error, UnicodeError) else "it is damaged"
    problem = Problem(
        code="unreadable",
        source=source,
        message=f"the SAS transport file cannot be read: {told}",
        fix="Export it again, as a binary file in UTF-8.",
    )
    return InvalidInput([problem], unreadable=True)


def _assumed(source: str) -> Problem:
    return Problem(
        code="assumed-encoding",
        severity=Severity.WARNING,
        source=source,
        message="the text is not UTF-8 and is read as Windows-1252",
        fix="Check letters such as ä, é and µ, or name the encoding.",
    )


def _writer(kind: str | None) -> Callable[[float | None], str]:
    """What writes the numbers of a column as text, by the column's SAS format."""
    name = (kind or "").upper()
    if _DATES.fullmatch(name):
        return _date
    if _DATETIMES.fullmatch(name):
        return _datetime
    return _time if _TIMES.fullmatch(name) else _number


def _number(value: float | None) -> str:
    """A number by 15 significant digits, as which SAS itself shows it; missing is empty."""
    return "" if value is None or math.isnan(value) else NumberCell(digits(value))


def _date(value: float | None) -> str:
    """A count of days as a date; one that is no whole number of days stays a number."""
    if value is None or not value.is_integer():
        return _number(value)
    moment = _moment(value * 86400)
    return _number(value) if moment is None else moment.date().isoformat()


def _datetime(value: float | None) -> str:
    moment = None if value is None else _moment(value)
    return _number(value) if moment is None else moment.isoformat()


def _time(value: float | None) -> str:
    moment = None if value is None or not 0 <= value < 86400 else _moment(value)
    return _number(value) if moment is None else moment.time().isoformat()


def _moment(seconds: float) -> datetime | None:
    """Seconds since 1960 as a moment to the microsecond; None outside of the calendar."""
    try:
        return _ORIGIN + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
