"""`immunotrack plot`: the timeline of one patient."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.hiding import Hiding, with_hiding
from immunotrack.cli.sources import read_with_events, refuse_inputs
from immunotrack.cli.told import (
    INVALID_ROWS,
    names,
    say,
    tell_briefly,
    tell_letters,
    tell_problems,
    tell_reading,
)

if TYPE_CHECKING:
    from immunotrack.readers import Options


class Size(StrEnum):
    """The page of a figure."""

    double = "double"
    single = "single"
    screen = "screen"


class View(StrEnum):
    """How the series are drawn."""

    as_panels = "panels"
    as_strip = "strip"


_MORE = "On request"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plot")(plot)


@with_hiding
@options.with_reading
def plot(
    source: options.Sources,
    patient: Annotated[str, typer.Option(metavar="ID", help="Which patient, of several.")] = "",
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Doses, drugs, infections … as CSV.")
    ] = None,
    analytes: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="The panels, in order.")
    ] = None,
    ranges: options.Ranges = None,
    windows: Annotated[
        str | None,
        typer.Option(metavar="PRESET_OR_FILE", help="Sampling windows, such as monneret-2020."),
    ] = None,
    size: Annotated[Size, typer.Option(help="183 mm, 89 mm, or a screen.")] = Size.double,
    log: Annotated[
        list[str] | None, typer.Option(metavar="ANALYTE", help="Logarithmic axis. Repeatable.")
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B",
            help="Also: grades, baseline, response (peak, recovery, relapse), changes (significant "
            "ones), missed (doses, against --plan), uncertainty.",
            rich_help_panel=_MORE,
        ),
    ] = None,
    grade_scale: Annotated[
        str,
        typer.Option(
            metavar="SCALE",
            help="Of --show grades: ctcae-v5 (if not given) or daids-v2.1.",
            rich_help_panel=_MORE,
        ),
    ] = "",
    variation: Annotated[
        str,
        typer.Option(
            metavar="FILE.toml",
            help="Your own within-subject and analytical variation, for changes and uncertainty.",
            rich_help_panel=_MORE,
        ),
    ] = "",
    plan: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[DOSE=]PLAN",
            help="Of --show missed: iliad7-uk …, or in words: '10 µg/kg twice a week for 4 weeks'. "
            "Repeatable.",
            rich_help_panel=_MORE,
        ),
    ] = None,
    view: Annotated[
        View,
        typer.Option(
            help="A panel an analyte, or a strip: one letter a sample, for many analytes.",
            rich_help_panel=_MORE,
        ),
    ] = View.as_panels,
    title: Annotated[str, typer.Option(help="In place of the patient's id.")] = "",
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.png|svg|pdf", help="The figure.")
    ] = Path("timeline.png"),
    data: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="What is drawn, as a table.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Pooled differences of IL-7 trials below the panels.")
    ] = False,
    *,
    reading: "Options",
    hiding: Hiding,
) -> None:
    """Draw a patient's timeline: bands, samples, doses and events."""
    from immunotrack.figure import Choice, source_timeline
    from immunotrack.outputs import write_whole
    from immunotrack.plot.asked import ask
    from immunotrack.plot.formats import check_format
    from immunotrack.plot.save import save_figure
    from immunotrack.plot.timeline import draw_timeline

    hiding.refuse_text(title, "--title")
    asked = ask(
        show or (),
        grade_scale=grade_scale,
        variation=variation or None,
        plan=plan or (),
        view=view.value,
    )
    check_format(output)
    refuse_inputs([output, data], source, [*(ranges or []), windows, variation, events])
    found = hiding.hide(read_with_events(source, events, reading))
    tell_reading(found.told)
    chosen = Choice(
        patient=hiding.patient(patient, found),
        analytes=names(analytes or []),
        ranges=ranges or [],
        windows=windows,
        log=names(log or []),
        title=title,
        asked=asked,
        evidence=evidence,
    )
    timeline = source_timeline(found, found.events.table, chosen)
    figure = draw_timeline(timeline, size.value)
    save_figure(figure, output)
    if data is not None:
        write_whole(data, timeline.csv())
    tell_briefly(found.problems, found.name)
    tell_problems(timeline.problems)
    tell_letters(figure)
    say(f"figure: {output}" + (f"; data: {data}" if data else ""))
    if any(problem.is_error for problem in (*found.problems, *timeline.problems)):
        raise typer.Exit(INVALID_ROWS)
