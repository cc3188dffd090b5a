"""Options that several commands share."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli.told import pairs

if TYPE_CHECKING:
    from immunotrack.readers import Options


class Dates(StrEnum):
    """The order of day, month and year where dates are not ISO 8601."""

    iso = "iso"
    dmy = "dmy"
    mdy = "mdy"
    ymd = "ymd"


class Decimal(StrEnum):
    """The decimal sign of numbers in text."""

    auto = "auto"
    point = "point"
    comma = "comma"


class Duplicates(StrEnum):
    """What to do with different results of one sample."""

    refuse = "refuse"
    first = "first"
    last = "last"
    max = "max"
    mean = "mean"


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Files of results, a folder of them, a case's folder, or the name of a case.",
        show_default=False,
    ),
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--ranges",
        metavar="SET_OR_FILE",
        help="A range set by name, or your own TOML file; wins over the default sets. Repeatable.",
    ),
]

Analytes = Annotated[list[str] | None, typer.Option(metavar="A,B", help="Of these analytes only.")]
Events = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Doses, drugs, infections … as CSV.")
]

Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE.csv", help="Every problem of every row, as CSV."),
]

_READING = "How the source is read"
_SHARED: dict[str, tuple[Any, Any]] = {
    "map_": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--map",
                metavar="OURS=THEIRS",
                help="Name a column: --map patient_id=PID; `cd4=cd_*` for a column a visit. "
                "Repeatable.",
                rich_help_panel=_READING,
            ),
        ],
        None,
    ),
    "unit": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--unit",
                metavar="ANALYTE=UNIT",
                help="The unit of an analyte where the source gives none. Repeatable.",
                rich_help_panel=_READING,
            ),
        ],
        None,
    ),
    "dates": (
        Annotated[
            Dates,
            typer.Option(
                help="Order of day, month, year where dates are not ISO 8601.",
                rich_help_panel=_READING,
            ),
        ],
        Dates.iso,
    ),
    "decimal": (
        Annotated[
            Decimal,
            typer.Option(help="The decimal sign of numbers.", rich_help_panel=_READING),
        ],
        Decimal.auto,
    ),
    "format_": (
        Annotated[
            str,
            typer.Option(
                "--format",
                metavar="NAME",
                help="Of the file: delimited, ndjson, parquet, excel, sas, dataset-json, fhir; or "
                "of its columns: sdtm, adam, omop, immunotrack. Found by itself.",
                rich_help_panel=_READING,
            ),
        ],
        "",
    ),
    "encoding": (
        Annotated[
            str,
            typer.Option(metavar="NAME", help="Of a text file.", rich_help_panel=_READING),
        ],
        "",
    ),
    "sheet": (
        Annotated[
            str,
            typer.Option(metavar="NAME", help="Of a workbook.", rich_help_panel=_READING),
        ],
        "",
    ),
    "fill_down": (
        Annotated[
            bool,
            typer.Option(
                "--fill-down",
                help="A row without a patient has the one of the row above.",
                rich_help_panel=_READING,
            ),
        ],
        False,
    ),
    "duplicates": (
        Annotated[
            Duplicates,
            typer.Option(
                help="Which of several different results of one sample to use.",
                rich_help_panel=_READING,
            ),
        ],
        Duplicates.refuse,
    ),
}
"""The options that say how a source is read: parameter, annotation and default."""


Command = Callable[..., None]


def with_shared(
    parameter: str, shared: dict[str, tuple[Any, Any]], make: Callable[[dict[str, Any]], Any]
) -> Callable[[Command], Command]:
    """Lets a command take shared options, of which one of its parameters is made.

    Args:
        shared: The options: parameter, annotation and default.
        make: Takes what was given for each of them.
    """

    def taking(command: Command) -> Command:
        own = inspect.signature(command)
        kept = [entry for name, entry in own.parameters.items() if name != parameter]
        keyword = inspect.Parameter.KEYWORD_ONLY
        added = [
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, (annotation, default) in shared.items()
        ]

        @wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401 - whatever the command takes
            how = {name: given.pop(name) for name in shared}
            command(**given, **{parameter: make(how)})

        every = [entry.replace(kind=keyword) for entry in kept] + added
        run.__signature__ = own.replace(parameters=every)  # type: ignore[attr-defined]
        run.__annotations__ = {entry.name: entry.annotation for entry in every}
        return run

    return taking


def _options(given: dict[str, Any]) -> "Options":
    from immunotrack.readers import Options

    return Options(
        columns=pairs(given["map_"] or [], "--map", "OURS=THEIRS"),
        units=_units(given["unit"] or []),
        dates=given["dates"].value,
        decimal=given["decimal"].value,
        format=given["format_"],
        encoding=given["encoding"],
        sheet=given["sheet"],
        fill_down=given["fill_down"],
        duplicates=given["duplicates"].value,
    )


def _units(given: list[str]) -> dict[str, str]:
    """`--unit` options, each unit one that is known.

    Raises:
        typer.BadParameter: One is not.
    """
    from immunotrack.units import find_unit

    units = pairs(given, "--unit", "ANALYTE=UNIT")
    for unit in units.values():
        if find_unit(unit) is None:
            raise typer.BadParameter(f"no unit {unit!r} is known", param_hint="--unit")
    return units


with_reading = with_shared("reading", _SHARED, _options)
"""A command whose parameter `reading` is how a source is read."""
