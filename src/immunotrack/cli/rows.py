"""The rows of a command: in a file, as JSON, as a readable table on a terminal, or in a pipe."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli.told import write_stdout

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
]
Cells = Callable[[dict[str, Any]], dict[str, str]]
"""Gives a row as a terminal shows it: a text for each column."""

_GAP: Final = 2
_LEAST: Final = 3


def write(table: "pl.DataFrame", output: Path | None, *, json: bool, show: Cells) -> None:
    """The rows where the user wants them."""
    from immunotrack.annotated import table_csv
    from immunotrack.outputs import write_whole

    plain = _timed(table)
    if output is not None:
        write_whole(output, table_csv(plain))
    if json:
        write_stdout(_json(plain))
    elif output is None and sys.stdout.isatty():
        on_terminal([show(row) for row in plain.iter_rows(named=True)])
    elif output is None:
        write_stdout(table_csv(plain))


def _timed(table: "pl.DataFrame") -> "pl.DataFrame":
    """The table with its times as text."""
    import polars as pl

    from immunotrack.writers.text import time_text

    timed = [name for name, dtype in table.schema.items() if dtype == pl.Datetime]
    texts = {name: [time_text(time) for time in table[name]] for name in timed}
    return table.with_columns(
        pl.Series(name, cells, dtype=pl.String) for name, cells in texts.items()
    )


def _json(table: "pl.DataFrame") -> bytes:
    import json

    return (json.dumps(table.to_dicts(), ensure_ascii=False, indent=2) + "\n").encode()


def days(clock: str) -> str:
    """The name of a clock, which a bare `Day` is not."""
    return "" if clock == "Day" else clock


_ONCE: Final = ("patient", "unit", "days", "origin")
"""Columns that are told above the table where all rows have the same."""

_WHOSE: Final = ("patient", "analyte", "rule", "drug", "status", "day", "time", "when")
"""Columns that say which row a sentence below the table belongs to."""

_SENTENCES: Final = ("decided by", "criterion", "note", "why", "problem")
"""Columns that are told below the table where it has no room for them."""

_NUMERIC: Final = frozenset("0123456789.,<>=-−+%")
_WORDS: Final = ("patient", "time", "when")
"""Columns that are no numbers, even where they have the letters of numbers."""


def on_terminal(
    rows: Sequence[Mapping[str, str]], styles: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """A readable table: no column without content, and no content cut off where room is short.

    Args:
        styles: Column to text to the style in which it is shown.
    """
    from rich.console import Console
    from rich.text import Text

    from immunotrack.problems import printable

    console = Console()
    names = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    columns = {name: [printable(row[name]) for row in rows] for name in names}
    alike = [name for name in _ONCE if len(set(columns.get(name, ()))) == 1 < len(rows)]
    lines = [f"{name}: {columns.pop(name)[0]}" for name in alike]
    below: dict[str, list[str]] = {}
    if sum(_natural(columns)) + _GAP * (len(columns) - 1) > console.width:
        below = {name: columns.pop(name) for name in _SENTENCES if name in columns}
    for line in lines:
        console.print(Text(line))
    if columns:
        console.print(_table(columns, console.width, styles or {}))
    for line in dict.fromkeys(_sentences(columns, below)):
        console.print(Text(line))


def _sentences(
    columns: Mapping[str, Sequence[str]], below: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The long cells, each with whose it is."""
    whose = zip(*(cells for name, cells in columns.items() if name in _WHOSE), strict=True)
    for place, named in enumerate(whose):
        for name, cells in below.items():
            if cells[place]:
                yield f"{' '.join(filter(None, named))}: {name}: {cells[place]}"


def _table(
    columns: Mapping[str, Sequence[str]], width: int, styles: Mapping[str, Mapping[str, str]]
) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    widths = _widths(columns, width - _GAP * (len(columns) - 1))
    for (name, column), own in zip(columns.items(), widths, strict=True):
        numbers = name not in _WORDS and all(_NUMERIC.issuperset(cell) for cell in column)
        table.add_column(name, overflow="fold", width=own, justify="right" if numbers else "left")
    own_styles = [styles.get(name, {}) for name in columns]
    for row in zip(*columns.values(), strict=True):
        cells = zip(row, own_styles, strict=True)
        table.add_row(*(Text(cell, style=own.get(cell, "")) for cell, own in cells))
    return table


def _natural(columns: Mapping[str, Sequence[str]]) -> list[int]:
    """The width that each column has without a break."""
    from rich.cells import cell_len

    return [max(map(cell_len, (name, *column))) for name, column in columns.items()]


def _longest_words(columns: Mapping[str, Sequence[str]]) -> list[int]:
    from rich.cells import cell_len

    return [
        max(cell_len(word) for cell in (name, *column) for word in cell.split(" "))
        for name, column in columns.items()
    ]


def _widths(columns: Mapping[str, Sequence[str]], room: int) -> list[int]:
    """The width of each column: lines are broken between words first, and within words last."""
    widths = _natural(columns)
    for least in (_longest_words(columns), [_LEAST] * len(columns)):
        while sum(widths) > room and any(w > n for w, n in zip(widths, least, strict=True)):
            slack = [width - number for width, number in zip(widths, least, strict=True)]
            widths[slack.index(max(slack))] -= 1
    return widths
