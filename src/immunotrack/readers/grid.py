"""A grid of text cells with the line of each row: what every tabular file becomes first."""

from dataclasses import dataclass, field

from immunotrack.problems import Problem
from immunotrack.times import DATE_ORDERS, DateOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a user says a file is to be read.

    Args:
        columns: Our column name to the file's (`--map ours=theirs`).
        dates: The order of day, month and year where dates are not ISO 8601.
    """

    columns: dict[str, str] = field(default_factory=dict)
    dates: DateOrder = "iso"

    def __post_init__(self) -> None:
        if self.dates not in DATE_ORDERS:
            raise ValueError(f"dates must be one of {', '.join(DATE_ORDERS)}, not {self.dates!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Every cell as the file has it.

    Args:
        source: The file's name as the user gave it.
        header: The column names as the file has them.
        header_line: The physical line of the header, counted from 1.
        lines: For each row the physical line on which it starts.
        rows: Equal in length to `header`, each.
        faults: Row index to the code of the problem that makes the row unusable as a whole.
        problems: Those faults, and any others of the file.
    """

    source: str
    header: list[str]
    header_line: int
    lines: list[int]
    rows: list[list[str]]
    faults: dict[int, str]
    problems: list[Problem]
