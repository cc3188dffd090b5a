"""`immunotrack report`: a report to hand over."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.hiding import Hiding, with_hiding
from immunotrack.cli.reporting import (
    Wanted,
    make_report,
    tell_progress,
    tell_written,
    with_wanted,
)
from immunotrack.cli.told import INVALID_ROWS

if TYPE_CHECKING:
    from immunotrack.readers import Options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


@with_hiding
@options.with_reading
@with_wanted
def report(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...",
            help="Files of results, a folder of them, a case's folder, or the name of a case.",
            show_default=False,
        ),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE.json", help="Make it again from its --data."),
    ] = None,
    *,
    wanted: Wanted,
    reading: "Options",
    hiding: Hiding,
) -> None:
    """Write a report of one patient or of many: one offline HTML file, or a PDF.

    Timeline, flags, response, grades, changes that matter, rules, doses against their plan, events,
    ranges with their sources, problems, and the files' hashes.
    """
    if (from_ is None) == (not source):
        raise typer.BadParameter("give a SOURCE, or --from, one of them", param_hint="SOURCE")
    if from_ is not None:
        _again(from_, wanted, hiding)
        return
    wanted.check(wanted.read(source or []))
    problems = make_report(source or [], wanted, reading, hiding)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(INVALID_ROWS)


def _again(path: Path, wanted: Wanted, hiding: Hiding) -> None:
    """Make a report again from its data.

    Raises:
        typer.BadParameter: People are to be hidden, which must be done when a source is read.
    """
    from immunotrack.report.document import load_document
    from immunotrack.report.save import save_report

    if hiding.key is not None:
        message = "it is for a SOURCE; the data are those of the report they were written with"
        raise typer.BadParameter(message, param_hint="--deidentify")
    wanted.check([path])
    save_report(load_document(path), wanted.output, wanted.data, tell_progress)
    tell_written(wanted)
