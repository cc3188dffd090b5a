"""`immunotrack check`: every problem of an input in one pass."""

from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.engine import Engine, check_on_spark, with_engine
from immunotrack.cli.large import check_large, large_source, tell_held
from immunotrack.cli.sources import read_with_events, refuse_inputs
from immunotrack.cli.told import INVALID_ROWS, say, tell_problems, tell_reading, write_stdout

if TYPE_CHECKING:
    from immunotrack.readers import Options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


@with_engine
@options.with_reading
def check(
    source: options.Sources,
    json: Annotated[bool, typer.Option("--json", help="The list as JSON on stdout.")] = False,
    report: options.Report = None,
    plausibility: Annotated[
        bool,
        typer.Option(
            "--plausibility",
            help="Ask also whether results can be true together: cell counts that do not add up, "
            "values after death, jumps of a factor 1000.",
        ),
    ] = False,
    events: options.Events = None,
    *,
    reading: "Options",
    engine: Engine,
) -> None:
    """List everything that is wrong, in one pass.

    The data of a case are asked what its text says.
    """
    from immunotrack.cases import all_problems, narrative_answers
    from immunotrack.outputs import write_whole
    from immunotrack.plausibility import beyond
    from immunotrack.plausibility import plausibility as cross_checked
    from immunotrack.problem_list import problems_csv, problems_json

    if engine.is_spark:
        if json or plausibility or events:
            message = "not with --json, --plausibility or --events"
            raise typer.BadParameter(message, param_hint="--engine spark")
        check_on_spark(engine, source, reading, report)
        return
    refuse_inputs([report], source, [events])
    if not (json or plausibility or events):
        with large_source(source, reading, report) as large:
            if large is not None:
                check_large(*large, report)
                return
    tell_held(source)
    found = read_with_events(source, events, reading)
    tell_reading(found.told)
    answers = narrative_answers(found)
    problems = all_problems(found, answers)
    if plausibility:
        problems += beyond(cross_checked(found.used, found.events.table), problems)
    if report is not None:
        write_whole(report, problems_csv(found, problems))
    if json:
        write_stdout(problems_json(found, problems, answers).encode() + b"\n")
    for answer in [] if json else answers:
        verdict = {True: "holds", False: "FAILS", None: "not asked"}[answer.holds]
        subject = answer.check.analyte or answer.check.kind
        typer.echo(
            f"{verdict:9} {answer.check.claim:4} {subject}: “{answer.check.quote}” ({answer.why})"
        )
    tell_problems(problems)
    say(found.counted)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(INVALID_ROWS)
