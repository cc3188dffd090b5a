"""Options that several commands share."""

from enum import StrEnum
from typing import Annotated

import typer


class Dates(StrEnum):
    """The order of day, month and year where dates are not ISO 8601."""

    iso = "iso"
    dmy = "dmy"
    mdy = "mdy"
    ymd = "ymd"


Source = Annotated[
    str,
    typer.Argument(
        help="A delimited file of results, a case's folder, or the name of a case.",
        show_default=False,
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OURS=THEIRS", help="Name a column: --map patient_id=PID. Repeatable."
    ),
]
DateOrder = Annotated[
    Dates, typer.Option("--dates", help="Order of day, month, year where dates are not ISO 8601.")
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--ranges",
        metavar="SET_OR_FILE",
        help="A range set by name, or your own TOML file; wins over the default sets. Repeatable.",
    ),
]
