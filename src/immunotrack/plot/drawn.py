"""What a timeline draws, as data: decided first, drawn after, and written out by `--data`."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from immunotrack.annotated import table_csv
from immunotrack.clocks import Clock
from immunotrack.plot.asked import Asked, View
from immunotrack.problems import Problem, Severity
from immunotrack.ranges import ReferenceRange
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of
from immunotrack.windows import WindowSet

Row = Mapping[str, Any]

DRAWN: Final = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "series": TEXT,
    "day": NUMBER,
    "to_day": NUMBER,
    "comparator": TEXT,
    "value": NUMBER,
    "from_value": NUMBER,
    "to_value": NUMBER,
    "unit": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "range_source": TEXT,
    "flag": TEXT,
    "mark": TEXT,
    "off_scale": TEXT,
    "origin": TEXT,
    "reported": TEXT,
    "window": TEXT,
    "why": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The columns of what is drawn. `series` is `value` (a sample on the line), `window` (a sample or
aggregate that stands for a window), `sample` (drawn faintly: what a window chose from) or `not
drawn`; `why` says what a window did with a sample, or why it is not drawn. A strip has `pattern`
(a sample, its letter in `mark`).

What is drawn on request has rows of its own, lasting from `day` to `to_day`. `grade`: `mark` is
G1 to G4, for values from `from_value` to `to_value`, empty where there is no end. `baseline`: a
line at `value`. `peak`. `recovery` and `relapse`: between two samples, `from_value` and `to_value`,
across the limit that `mark` names, `low` or `high`. `change`: from a sample to the next one, `U` or
`D`. `uncertainty`: a bar. `missed dose`, `undetermined dose` (`day` is the planned one) and `extra
dose`: `value` is the amount. `why` says what each rests on.
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One analyte of one patient.

    Args:
        line: The rows joined by a line, in order of their days.
        faint: The samples behind the line, where it shows windows.
        limits: Decision limits, in the panel's unit.
        counts: The quantity starts at zero.
        spans: First and last day of each window, for an analyte taken by window.
        marks: What is drawn on request, as rows of `DRAWN`.
    """

    analyte: str
    heading: str
    unit: str
    line: list[Row]
    faint: list[Row]
    limits: list[ReferenceRange]
    spans: list[tuple[float, float]]
    counts: bool
    log: bool
    marks: Sequence[Row] = ()

    @property
    def samples(self) -> list[Row]:
        """Every sample that is drawn, whether on the line or behind it."""
        return self.faint or self.line

    @property
    def named(self) -> str:
        """The heading with the unit."""
        return f"{self.heading}, {self.unit}" if self.unit else self.heading


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that one figure shows.

    Args:
        lanes: Events by lane, in the order in which they are drawn.
        first_dose: The day of the first dose, if there is one within the time axis.
        dose_name: Of what.
        days: First and last day of the time axis.
        assumptions: What is supposed beyond the source, for the footnote.
        illustrative: Some value drawn is illustrative; a figure says so on its face.
        table: The rows drawn (see `DRAWN`).
        problems: What was left out, and what is odd about the windows.
        view: `panels`, or `strip` for a letter a sample.
        doses: What became of planned doses, as rows of `DRAWN`, by lane.
        notes: Sentences for the footnote on what is drawn on request.
        context: Rows of `immunotrack.evidence.beside.SCHEMA`, where they were asked for.
    """

    title: str
    clock: Clock
    panels: list[Panel]
    lanes: dict[str, list[Row]]
    first_dose: float | None
    dose_name: str
    days: tuple[float, float]
    windows: WindowSet | None
    assumptions: Sequence[str]
    illustrative: bool
    table: list[Row]
    problems: list[Problem]
    view: View = "panels"
    doses: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    context: Sequence[Row] = ()

    @property
    def marks(self) -> list[Row]:
        """What is drawn on request, in all panels."""
        return [row for panel in self.panels for row in panel.marks]

    def csv(self) -> bytes:
        """The rows drawn, as CSV."""
        return table_csv(frame_of(self.table, DRAWN, "polars").to_native())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a figure is asked to show; an empty wish shows what there is.

    Args:
        analytes: Names of the panels, in order.
        lanes: Names of the lanes, in order.
        log: Names of the analytes with a logarithmic axis.
        clock: What the source calls its days.
        assumptions: Sentences for the footnote.
        asked: What is shown beyond the default.
    """

    title: str = ""
    analytes: Sequence[str] = ()
    lanes: Sequence[str] = ()
    log: Sequence[str] = ()
    windows: WindowSet | None = None
    clock: str = ""
    assumptions: Sequence[str] = ()
    asked: Asked = field(default_factory=Asked)


def drawn_row(series: str, about: Row, **told: Any) -> Row:  # noqa: ANN401 - a cell of any type
    """A row of what is drawn, from a row of a table and what is told beyond it."""
    known = {**about, "window": "", "why": "", **told, "series": series}
    return {name: known.get(name, "" if kind == TEXT else None) for name, kind in DRAWN.items()}


def stretches(
    rows: Sequence[Row], days: tuple[float, float]
) -> Iterator[tuple[list[Row], float, float]]:
    """A series in stretches of one range, each with the first and the last day that it holds."""
    runs = [list(run) for _, run in groupby(rows, key=_range_of)]
    starts = [days[0], *(run[0]["day"] for run in runs[1:])]
    yield from zip(runs, starts, [*starts[1:], days[1]], strict=False)


def _range_of(row: Row) -> tuple[Any, ...]:
    return row["low"], row["high"], row["range_source"]


def not_drawn(message: str, fix: str = "", *, code: str = "not-drawn") -> Problem:
    """A warning of something that is there and that the figure does not show."""
    return Problem(code=code, severity=Severity.WARNING, source="figure", message=message, fix=fix)


def printable(text: str) -> str:
    """A text from a file without what no figure can show: control and direction characters."""
    return "".join(
        "\ufffd" if unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter
        for letter in text
    )
