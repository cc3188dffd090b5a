"""The command line: one module a command, each of which parses, calls one function and prints."""

from typing import Annotated

import typer

from immunotrack import __version__
from immunotrack.cli import (
    cases,
    catalogue,
    change,
    check,
    cohort,
    convert,
    doses,
    evidence,
    flag,
    grade,
    parse,
    plot,
    pool,
    report,
    response,
    screen,
    watch,
)

app = typer.Typer(
    name="immunotrack",
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
for module in (
    plot,
    cohort,
    report,
    watch,
    flag,
    screen,
    response,
    doses,
    change,
    grade,
    check,
    convert,
    parse,
    evidence,
    pool,
    catalogue,
    cases,
):
    module.register(app)


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
