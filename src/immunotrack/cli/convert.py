"""`immunotrack convert`: the measurements table in another form."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.hiding import Hiding, with_hiding
from immunotrack.cli.sources import refuse_inputs
from immunotrack.cli.told import INVALID_ROWS, UNREADABLE, say, tell_briefly, tell_reading

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


@with_hiding
@options.with_reading
def convert(
    source: options.Sources,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write here: .csv, .xpt, .dsjc, .json or .ndjson.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="FORM",
            help="long (.csv), adlb (.xpt, .csv; Dataset-JSON: .json, .ndjson, .dsjc) or fhir "
            "(.json, .ndjson). By default .csv is long, .xpt and .dsjc are adlb.",
        ),
    ] = "",
    ranges: options.Ranges = None,
    *,
    reading: "Options",
    hiding: Hiding,
) -> None:
    """Write the flagged results in another form.

    Reading that file gives the same table. long is our own table; adlb has the shape of CDISC ADaM;
    fhir is FHIR R4. Only results that count are written, and no events.
    """
    from immunotrack.annotated import flagged_results
    from immunotrack.readers import read_source
    from immunotrack.writers import choose_form

    form = choose_form(output.suffix.lower(), to)
    refuse_inputs([output], source, ranges or [])
    found = hiding.hide(read_source(source, reading))
    tell_reading(found.told)
    flagged = flagged_results(found, ranges or [])
    used = flagged.filter(flagged["fate"] == "used")
    if len(used):
        _write(output, form, used)
    tell_briefly(found.problems, found.name)
    say(found.counted)
    _tell_written(output, form, used, found)
    if any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)
    if not len(used):
        raise typer.Exit(UNREADABLE)


def _write(output: Path, form: str, used: "pl.DataFrame") -> None:
    from immunotrack.outputs import write_whole
    from immunotrack.writers import WRITERS

    data = WRITERS[form](used, output.suffix.lower())
    write_whole(output, data)
    if data.startswith(b"HEADER RECORD*******LIBV8"):
        say(f"{output}: SAS transport version 8, as version 5 holds no text of more than 200 bytes")


def _tell_written(output: Path, form: str, used: "pl.DataFrame", found: "Source") -> None:
    """What was written, and what was not."""
    from immunotrack.problems import counted

    if not len(used):
        say(f"{output}: not written, as there is no result")
        return
    say(f"{output}: {counted(len(used), 'result')} written as {form}")
    if events := len(found.events.table):
        say(f"{output}: without {counted(events, 'event')}, as {form} holds results only")
