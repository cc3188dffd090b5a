"""A grid of text cells with the line of each row: what every format becomes first."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from immunotrack.problems import Problem
from immunotrack.times import DATE_ORDERS, DateOrder

DecimalSign = Literal["auto", "point", "comma"]
DECIMAL_SIGNS: Final[tuple[str, ...]] = get_args(DecimalSign)
Duplicates = Literal["refuse", "first", "last", "max", "mean"]
DUPLICATES: Final[tuple[str, ...]] = get_args(Duplicates)


class NumberCell(str):
    """A cell that its file holds as a number and not as text: its point is a decimal point."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a user says a file is to be read.

    Args:
        columns: Our column name to the file's (`--map ours=theirs`).
        dates: The order of day, month and year where dates are not ISO 8601.
        decimal: The decimal sign of numbers in text; `auto` finds it where the whole file allows
            one only.
        format: A name of `immunotrack.readers.FORMATS`; empty to find it from the content.
        encoding: The encoding of a text file; empty to find it.
        sheet: The sheet of a workbook; empty for the only one with results.
        fill_down: A row without a patient has the one of the row above.
        units: Analyte to the unit of its results, where the file gives none.
        duplicates: What to do with different results of one analyte at one moment.
    """

    columns: dict[str, str] = field(default_factory=dict)
    dates: DateOrder = "iso"
    decimal: DecimalSign = "auto"
    format: str = ""
    encoding: str = ""
    sheet: str = ""
    fill_down: bool = False
    units: dict[str, str] = field(default_factory=dict)
    duplicates: Duplicates = "refuse"

    def __post_init__(self) -> None:
        for name, choices in (
            ("dates", DATE_ORDERS),
            ("decimal", DECIMAL_SIGNS),
            ("duplicates", DUPLICATES),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Every cell as the file has it.

    Args:
        source: The file's name as the user gave it.
        header: The column names as the file has them.
        header_line: The physical line of the header, counted from 1; 0 where there is none.
        lines: For each row the physical line (or the sheet's row) on which it starts.
        rows: Equal in length to `header`, each.
        faults: Row index to the code of the error that makes the row unusable as a whole.
        aside: Row index to the code of the reason why the row is no measurement.
        problems: Those faults, and any others of the file.
        told: How the file was understood, in words: `Windows-1252; header at line 4`.
    """

    source: str
    header: list[str]
    header_line: int
    lines: list[int]
    rows: list[list[str]]
    faults: dict[int, str] = field(default_factory=dict)
    aside: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    told: str = ""
