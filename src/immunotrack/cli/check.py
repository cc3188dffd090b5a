"""`immunotrack check`: every problem of an input in one pass."""

import typer

from immunotrack.cli import options
from immunotrack.cli.told import INVALID_ROWS, column_map, say, tell_problems


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    source: options.Source, map_: options.Map = None, dates: options.DateOrder = options.Dates.iso
) -> None:
    """List everything that is wrong, and ask a case's data what its text says."""
    from immunotrack.cases import all_problems, narrative_answers
    from immunotrack.readers import Options, read_source

    found = read_source(source, Options(columns=column_map(map_ or []), dates=dates.value))
    say(f"{source}: {found.told}")
    answers = narrative_answers(found)
    for answer in answers:
        verdict = {True: "holds", False: "FAILS", None: "not asked"}[answer.holds]
        subject = answer.check.analyte or answer.check.kind
        typer.echo(
            f"{verdict:9} {answer.check.claim:4} {subject}: “{answer.check.quote}” ({answer.why})"
        )
    problems = all_problems(found, answers)
    tell_problems(problems)
    say(found.counts)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(INVALID_ROWS)
