"""`immunotrack cohort`: the figures of many patients, aligned on their first dose."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from immunotrack.cli import options
from immunotrack.cli.plot import Size
from immunotrack.cli.progress import told_progress
from immunotrack.cli.sources import read_with_events, refuse_inputs
from immunotrack.cli.told import (
    INVALID_ROWS,
    names,
    say,
    say_letters,
    tell_briefly,
    tell_problems,
    tell_reading,
)

if TYPE_CHECKING:
    from immunotrack.cohort_figure import Choice
    from immunotrack.plot.ground import Gallery
    from immunotrack.plot.leaf import Rendered
    from immunotrack.readers import Options, Source
    from immunotrack.workers import Workers


class FigureKind(StrEnum):
    """What is drawn of a cohort."""

    multiples = "multiples"
    overlay = "overlay"
    heat_strip = "strip"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cohort")(cohort)


@options.with_reading
def cohort(
    source: options.Sources,
    figure: Annotated[
        FigureKind,
        typer.Option(
            help="A small panel for each patient and analyte; all patients over each other with "
            "median and quartiles; or a heat strip, a row a patient."
        ),
    ] = FigureKind.multiples,
    clock: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What patients are aligned on: first-dose, first-result, source, study-day, "
            "visit, event:NAME.",
        ),
    ] = "",
    by: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Groups: a column of the persons or the results, or rule:NAME_OR_FILE.",
        ),
    ] = "",
    persons: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A table with a row a patient, for --by."),
    ] = None,
    analytes: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="The analytes, in order.")
    ] = None,
    events: options.Events = None,
    ranges: options.Ranges = None,
    windows: Annotated[
        str, typer.Option(metavar="PRESET_OR_FILE", help="Sampling windows, on the clock.")
    ] = "",
    every: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=1, help="Windows of so many days.", show_default=False),
    ] = None,
    highlight: Annotated[
        str, typer.Option(metavar="ID", help="One patient among the others.")
    ] = "",
    log: Annotated[
        list[str] | None, typer.Option(metavar="ANALYTE", help="Logarithmic axis. Repeatable.")
    ] = None,
    own_axis: Annotated[
        bool, typer.Option("--own-axis", help="Each small panel has its own value axis.")
    ] = False,
    size: Annotated[Size, typer.Option(help="183 mm, 89 mm, or a screen.")] = Size.double,
    title: Annotated[str, typer.Option(help="In place of the number of patients.")] = "",
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.pdf|png|svg", help="The figure.")
    ] = Path("cohort.pdf"),
    data: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="The table behind the figure.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Processes that draw.")] = 1,
    *,
    reading: "Options",
) -> None:
    """Draw many patients, aligned on their first dose.

    Or on another anchor. Several pages make one PDF with contents and bookmarks. Without --windows
    or --every there are at most a dozen windows. A patient who cannot be drawn is named and does
    not stop the others.
    """
    from immunotrack.workers import Workers

    if windows and every:
        raise typer.BadParameter("give --windows or --every", param_hint="--every")
    beside = [*(ranges or []), windows, events, persons, by.removeprefix("rule:")]
    refuse_inputs([output, data], source, beside)
    with Workers(
        jobs, ["immunotrack.__main__", "immunotrack.cohort_figure", "immunotrack.plot.book"]
    ) as workers:
        from immunotrack.annotated import table_csv
        from immunotrack.cohort_figure import Choice, one_file, source_gallery
        from immunotrack.outputs import write_whole
        from immunotrack.plot.formats import check_format
        from immunotrack.plot.ground import Wanted
        from immunotrack.windows import choose_window_set

        suffix = check_format(output)
        wanted = Wanted(
            figure=figure.value,
            analytes=names(analytes or []),
            windows=choose_window_set(windows) if windows else None,
            every=every,
            highlight=highlight,
            log=names(log or []),
            title=title,
            own_axis=own_axis,
        )
        choice = Choice(
            wanted=wanted, size=size.value, clock=clock, by=by, persons=persons, ranges=ranges or []
        )
        found = read_with_events(source, events, reading)
        tell_reading(found.told)
        gallery = source_gallery(found, found.events.table, choice, reading)
        pages = _drawn(gallery, choice, suffix, workers)
    write_whole(output, one_file(pages, gallery, suffix))
    if data is not None:
        write_whole(data, table_csv(gallery.table))
    _tell(found, gallery, pages, output, data)


def _tell(
    found: "Source",
    gallery: "Gallery",
    pages: list["Rendered"],
    output: Path,
    data: Path | None,
) -> None:
    """What became of rows and patients.

    Raises:
        Exit: With 4 where rows are invalid or a patient could not be drawn.
    """
    from immunotrack.cohort_figure import failures

    tell_briefly(found.problems, found.name)
    say(found.counted)
    failed = failures(pages)
    tell_problems([*gallery.problems, *failed])
    _summarise(gallery, pages, output, data)
    if failed or any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)


def _drawn(
    gallery: "Gallery", choice: "Choice", suffix: str, workers: "Workers"
) -> list["Rendered"]:
    """The pages; an interrupt tells how many there were."""
    from immunotrack.cohort_figure import draw_pages

    pages: list[Rendered] = []
    total = len(gallery.sheets)
    try:
        drawn = draw_pages(gallery, choice.size, suffix, workers)
        pages.extend(told_progress(drawn, total, lambda part: part.pages))
    except KeyboardInterrupt:
        done = sum(part.pages for part in pages)
        say(f"interrupted: {done} of {total} pages were drawn; no file was written")
        raise
    return pages


def _summarise(
    gallery: "Gallery", parts: list["Rendered"], output: Path, data: Path | None
) -> None:
    """Who is on the figure, what it cannot write, and where it is."""
    from immunotrack.problems import counted

    say_letters({letter for part in parts for letter in part.missing})
    shown, known = gallery.drawn, gallery.patients
    people = counted(shown, "patient") if shown == known else f"{shown} of {known} patients"
    pages = counted(len(gallery.sheets), "page")
    say(f"{people}, {gallery.clock}; {pages}: {output}" + (f"; data: {data}" if data else ""))
