"""What a timeline draws, as data: decided first, drawn after, and written out by `--data`."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from immunotrack.annotated import table_csv
from immunotrack.clocks import Clock
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
    "comparator": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "range_source": TEXT,
    "flag": TEXT,
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
drawn`; `why` says what a window did with a sample, or why it is not drawn."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One analyte of one patient.

    Args:
        line: The rows joined by a line, in order of their days.
        faint: The samples behind the line, where it shows windows.
        limits: Decision limits, in the panel's unit.
        counts: The quantity starts at zero.
        spans: First and last day of each window, for an analyte taken by window.
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
    """

    title: str = ""
    analytes: Sequence[str] = ()
    lanes: Sequence[str] = ()
    log: Sequence[str] = ()
    windows: WindowSet | None = None
    clock: str = ""
    assumptions: Sequence[str] = ()


def not_drawn(message: str, fix: str = "", *, code: str = "not-drawn") -> Problem:
    """A warning of something that is there and that the figure does not show."""
    return Problem(code=code, severity=Severity.WARNING, source="figure", message=message, fix=fix)


def printable(text: str) -> str:
    """A text from a file without what no figure can show: control and direction characters."""
    return "".join(
        "\ufffd" if unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter
        for letter in text
    )
