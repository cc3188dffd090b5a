"""`immunotrack parse`: how result texts and units are read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.sources import refuse_inputs
from immunotrack.cli.told import say, write_stdout

if TYPE_CHECKING:
    from immunotrack.readers import Options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("parse")(parse)


@options.with_reading
def parse(
    source: options.Sources,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
    ] = None,
    *,
    reading: "Options",
) -> None:
    """Say how each result text and each unit is read.

    Patients and dates are not needed. kind is number, censored, not detected, titre, interval,
    ordinal, missing, formula error, ambiguous or text.
    """
    from immunotrack.annotated import table_csv
    from immunotrack.outputs import write_whole
    from immunotrack.problems import counted
    from immunotrack.readers import source_grids
    from immunotrack.readers.notation import read_notation

    refuse_inputs([output], source)
    table = read_notation(source_grids(source, reading), reading)
    data = table_csv(table)
    if output is None:
        write_stdout(data)
    else:
        write_whole(output, data)
    kinds = table.filter(table["reported"] != "")["kind"].value_counts(sort=True)
    told = ", ".join(f"{kind} {number}" for kind, number in kinds.iter_rows())
    say(f"{counted(len(table), 'text')}: {told or 'units only'}")
