"""What `report` and `watch` share: their options, and the making of a report."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli import options
from immunotrack.cli.hiding import Hiding
from immunotrack.cli.sources import read_with_events
from immunotrack.cli.told import names, say, tell_briefly, tell_problems, tell_reading

if TYPE_CHECKING:
    from immunotrack.problems import Problem
    from immunotrack.readers import Options

_PANEL = "What is reported"
_SHARED: dict[str, tuple[Any, Any]] = {
    "output": (
        Annotated[
            list[Path] | None,
            typer.Option(
                "-o",
                "--output",
                metavar="FILE.html|pdf",
                help="The report; report.html by default. Repeatable.",
                show_default=False,
            ),
        ],
        None,
    ),
    "patient": (
        Annotated[
            list[str] | None,
            typer.Option(metavar="ID", help="Whom; everybody by default. Repeatable."),
        ],
        None,
    ),
    "events": (options.Events, None),
    "data": (
        Annotated[
            Path | None,
            typer.Option(metavar="FILE.json", help="All that the report says, to make it again."),
        ],
        None,
    ),
    "analytes": (
        Annotated[
            list[str] | None,
            typer.Option(metavar="A,B", help="The panels, in order.", rich_help_panel=_PANEL),
        ],
        None,
    ),
    "ranges": (options.Ranges, None),
    "windows": (
        Annotated[
            str | None,
            typer.Option(
                metavar="PRESET_OR_FILE", help="Sampling windows.", rich_help_panel=_PANEL
            ),
        ],
        None,
    ),
    "log": (
        Annotated[
            list[str] | None,
            typer.Option(
                metavar="ANALYTE", help="Logarithmic axis. Repeatable.", rich_help_panel=_PANEL
            ),
        ],
        None,
    ),
    "scale": (
        Annotated[
            str,
            typer.Option(
                metavar="NAME", help="Of grades: ctcae-v5 or daids-v2.1.", rich_help_panel=_PANEL
            ),
        ],
        "ctcae-v5",
    ),
    "rule": (
        Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME_OR_FILE",
                help="Rules to ask; by default every preset of the analytes there. Repeatable.",
                rich_help_panel=_PANEL,
            ),
        ],
        None,
    ),
    "plan": (
        Annotated[
            str,
            typer.Option(
                metavar="NAME_OR_WORDS",
                help="The planned doses: iliad7-uk, or `10 µg/kg twice a week for 4 weeks`.",
                rich_help_panel=_PANEL,
            ),
        ],
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be reported, as it was asked for."""

    output: list[Path]
    patient: list[str]
    events: Path | None
    data: Path | None
    analytes: list[str]
    ranges: list[str]
    windows: str | None
    log: list[str]
    scale: str
    rule: list[str]
    plan: str

    def read(self, source: list[str]) -> list[Path]:
        """Every file that is read for the report."""
        from immunotrack.readers import input_files

        settings = [*self.ranges, *self.rule, *([self.windows] if self.windows else [])]
        files = [*input_files(source), *([self.events] if self.events else [])]
        return [*files, *(path for path in map(Path, settings) if path.is_file())]

    def check(self, read: list[Path]) -> None:
        """Refuse outputs that are inputs, or each other, or of no known kind.

        Raises:
            InvalidInput: One is.
        """
        from itertools import combinations

        from immunotrack.outputs import not_both, not_onto
        from immunotrack.report.save import check_report_format

        for output in self.output:
            check_report_format(output)
        written = [*self.output, *([self.data] if self.data else [])]
        for path in written:
            not_onto(path, read)
        for one, other in combinations(written, 2):
            not_both(one, other)


def _wanted(given: dict[str, Any]) -> Wanted:
    lists = {name: given[name] or [] for name in ("patient", "ranges", "rule")}
    listed = {name: names(given[name] or []) for name in ("analytes", "log")}
    output = given["output"] or [Path("report.html")]
    return Wanted(**{**given, **lists, **listed, "output": output})


with_wanted = options.with_shared("wanted", _SHARED, _wanted)
"""A command whose parameter `wanted` is what is to be reported."""


def make_report(
    source: list[str], wanted: Wanted, reading: "Options", hiding: Hiding
) -> "list[Problem]":
    """Read a source, write its report, and tell what there is to tell.

    Returns:
        The problems of the source.

    Raises:
        InvalidInput: Nothing can be read or reported, or a file cannot be written.
    """
    from immunotrack.figure import Choice
    from immunotrack.report.contents import Asked, compose_report
    from immunotrack.report.provenance import inputs_of
    from immunotrack.report.save import save_report

    found = hiding.hide(read_with_events(source, wanted.events, reading))
    tell_reading(found.told)
    choice = Choice(
        analytes=wanted.analytes, ranges=wanted.ranges, windows=wanted.windows, log=wanted.log
    )
    asked = Asked(
        patients=[hiding.patient(name, found) for name in wanted.patient],
        choice=choice,
        scale=wanted.scale,
        rules=wanted.rule,
        plan=wanted.plan,
        deidentified=hiding.said,
    )
    document = compose_report(found, asked, inputs_of(_inputs(source, wanted), hiding.key))
    save_report(document, wanted.output, wanted.data, tell_progress)
    tell_briefly(found.problems, found.name)
    if len(document.chapters) == 1:
        tell_problems(document.chapters[0].timeline.problems)
    say(found.counted)
    tell_written(wanted)
    return found.problems


def _inputs(source: list[str], wanted: Wanted) -> list[Path]:
    """The files whose hash is told; a case's page for people is not read."""
    return [path for path in wanted.read(source) if path.suffix.lower() != ".md"]


def tell_progress(number: int, every: int) -> None:
    """Which patient is drawn, where it takes long enough to ask."""
    if every >= 20 and number % 20 == 0:
        say(f"drawn: {number} of {every} patients")


def tell_written(wanted: Wanted) -> None:
    """What was written."""
    said = f"report: {', '.join(map(str, wanted.output))}"
    say(said + (f"; data: {wanted.data}" if wanted.data else ""))
