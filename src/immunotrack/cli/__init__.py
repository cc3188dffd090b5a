"""The command line: one module a command, each of which parses, calls one function and prints."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

from immunotrack import __version__

COMMANDS: Final = {
    "plot": "plot",
    "cohort": "cohort",
    "report": "report",
    "watch": "watch",
    "flag": "flag",
    "screen": "screen",
    "response": "response",
    "doses": "doses",
    "change": "change",
    "grade": "grade",
    "check": "check",
    "convert": "convert",
    "parse": "parse",
    "evidence": "evidence",
    "pool": "pool",
    "analytes": "catalogue",
    "ranges": "catalogue",
    "cases": "cases",
}
"""Name of a command to the module that registers it."""


class Loaded(Mapping[str, Any]):
    """The commands by their names, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's own kind of command
        holder = typer.Typer(rich_markup_mode=None)
        import_module(f"immunotrack.cli.{COMMANDS[name]}").register(holder)
        return get_group(holder).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Group(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever typer gives
        super().__init__(**given | {"commands": Loaded()})


app = typer.Typer(
    name="immunotrack",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Patient immune-monitoring time series: check, flag and draw laboratory results.\n\n"
    "SOURCE is a file of results (delimited, Excel, SAS, Dataset-JSON, FHIR), several files or a "
    "folder of them, a case's folder, or the name of a case.",
    epilog="Exit codes: 0 done, 1 findings and --fail-on, 2 usage, 3 input unreadable, 4 input has "
    "invalid rows. --debug shows tracebacks. For research use; no medical device.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"immunotrack {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""
