"""`immunotrack watch`: the report again whenever the export changes."""

from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.hiding import Hiding, with_hiding
from immunotrack.cli.reporting import Wanted, make_report, with_wanted
from immunotrack.cli.told import say, tell_problems

if TYPE_CHECKING:
    from immunotrack.readers import Options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch")(watch)


@with_hiding
@options.with_reading
@with_wanted
def watch(
    source: options.Sources,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.05, help="How often to look.")
    ] = 2.0,
    *,
    wanted: Wanted,
    reading: "Options",
    hiding: Hiding,
) -> None:
    """Write the report, and again each time that a file of the source has changed; Ctrl-C ends.

    A file that is still being written is waited for. One that cannot be used is told, and leaves
    the last good report in its place.
    """
    from time import sleep

    from immunotrack.problems import InvalidInput
    from immunotrack.report.watching import changes

    wanted.check(wanted.read(source))
    say(f"watching {' '.join(source)}; Ctrl-C ends")
    try:
        for _ in changes(lambda: wanted.read(source), lambda: sleep(every)):
            try:
                make_report(source, wanted, reading, hiding)
            except InvalidInput as error:
                tell_problems(error.problems)
                kept = [path for path in wanted.output if path.exists()]
                said = f"the last good report stays: {', '.join(map(str, kept))}"
                say(said if kept else "there is no report yet")
    except KeyboardInterrupt:
        say("stopped")
