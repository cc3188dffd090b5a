"""How everything looks: page sizes, colours, markers, and the measuring of text."""

import math
import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile
from typing import Any, Final, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

SizeName = Literal["double", "single", "screen"]

INK: Final = "#1f2933"
FAINT: Final = "#9aa5b1"
RULE: Final = "#52606d"
STRIPE: Final = "#f0f2f4"
BAND: Final = "#dcdfe3"
LOW: Final = "#1b62a5"
HIGH: Final = "#b4500b"
DOSE: Final = "#c8102e"
TREATED: Final = "#fdf1f2"
BAR: Final = "#8795a5"
INFECTION: Final = "#8e6fb0"
RECOVERY: Final = "#00796b"
RELAPSE: Final = "#a0287f"
CHANGE: Final = "#f2c14e"
GRADE: Final = "#b8860b"
GRADE_ALPHA: Final = {"G1": 0.10, "G2": 0.18, "G3": 0.27, "G4": 0.38}
FONT: Final = "DejaVu Sans"
"""The one font that comes with matplotlib, so that a figure is the same on every machine."""

MM_PER_INCH: Final = 25.4


@dataclass(frozen=True, slots=True)
class Size:
    """A page: lengths in mm, text in points.

    Args:
        height: The most the figure may be high.
        columns: Of panels.
        panel: The height of a panel's axes, if there is room.
        lane: The height of a lane.
        dpi: For PNG.
    """

    width: float
    height: float
    columns: int
    panel: float
    lane: float
    title: float
    text: float
    small: float
    marker: float
    line: float
    dpi: int


SIZES: Final[dict[str, Size]] = {
    "double": Size(183, 170, 3, 35, 4.4, 9, 7, 6, 4.2, 0.9, 300),
    "single": Size(89, 170, 2, 25, 3.5, 7, 6, 5, 3.2, 0.7, 600),
    "screen": Size(320, 1000, 3, 62, 7.6, 16, 12, 10.5, 7.5, 1.6, 110),
}
"""Journal double column, journal single column, and a screen; text of 5 points and more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a status is drawn: by shape and by colour, so that neither is needed alone."""

    marker: str
    colour: str
    label: str


MARKS: Final[dict[str, Mark]] = {
    "L": Mark("v", LOW, "below range"),
    "LL": Mark("v", LOW, "critically low"),
    "N": Mark("o", INK, "in range"),
    "H": Mark("^", HIGH, "above range"),
    "HH": Mark("^", HIGH, "critically high"),
    "IND": Mark("D", RULE, "status undetermined"),
    "": Mark("s", RULE, "no range"),
}


PLANNED: Final[dict[str, Mark]] = {
    "missed dose": Mark("x", DOSE, "planned dose, missed"),
    "undetermined dose": Mark("1", RULE, "dose planned for the day of the end"),
    "extra dose": Mark("o", INK, "dose beyond the plan"),
}
"""How the doses of a plan are drawn that were not given as planned."""


@dataclass(frozen=True, slots=True)
class TileLook:
    """How a status is drawn in a strip.

    Args:
        edge: Of a critical value, and of one that is a bound, which has a white ground.
        half: From where to where a tile without a letter reaches, in rows from its middle down.
    """

    ground: str
    edge: str
    letter: str
    half: tuple[float, float]


TILES: Final[dict[str, TileLook]] = {
    "L": TileLook(LOW, LOW, "white", (0.0, 0.41)),
    "LL": TileLook(LOW, INK, "white", (0.0, 0.41)),
    "N": TileLook("#cfd4d9", RULE, INK, (-0.12, 0.12)),
    "H": TileLook(HIGH, HIGH, "white", (-0.41, 0.0)),
    "HH": TileLook(HIGH, INK, "white", (-0.41, 0.0)),
    "IND": TileLook(FAINT, RULE, "white", (-0.28, 0.28)),
    "": TileLook("#e6e9ec", RULE, RULE, (-0.05, 0.05)),
}


CRITICAL: Final = frozenset({"LL", "HH"})
"""The flags whose marks have an edge."""


@dataclass(frozen=True, slots=True)
class GroupStyle:
    """How a group is told from others: by colour, mark and line, so that none is needed alone."""

    colour: str
    marker: str
    dashes: str | tuple[int, tuple[int, ...]]


GROUPS: Final = (
    GroupStyle("#0072b2", "o", "-"),
    GroupStyle("#d55e00", "s", (0, (5, 2))),
    GroupStyle("#009e73", "^", (0, (1, 1))),
    GroupStyle("#cc79a7", "D", (0, (5, 1, 1, 1))),
    GroupStyle("#56b4e9", "v", (0, (3, 1))),
    GroupStyle("#8c6d1f", "P", (0, (2, 2))),
)
"""Colours after Okabe and Ito, which colour-blind readers tell apart."""


_LONGEST: Final = 400
"""No line of a page holds more letters than this."""


class Ruler:
    """Measures text as it will be drawn on one figure, in mm; the same text once."""

    def __init__(self, figure: Figure) -> None:
        canvas = FigureCanvasAgg(figure)
        self._renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        self._mm = MM_PER_INCH / figure.dpi
        self._widths: dict[tuple[str, float, bool], float] = {}

    def width(self, text: str, points: float, *, bold: bool = False) -> float:
        """How wide a line of text is, in mm."""
        key = text, points, bold
        if key not in self._widths:
            self._widths[key] = self._measured(text, points, bold=bold)
        return self._widths[key]

    def _measured(self, text: str, points: float, *, bold: bool) -> float:
        font = FontProperties(family=FONT, size=points, weight="bold" if bold else "normal")
        with warnings.catch_warnings():  # a letter that the font lacks is told once, on saving
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            width, _, _ = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return float(width) * self._mm

    def fitted(self, text: str, points: float, width: float, *, bold: bool = False) -> str:
        """The text, shortened to a width in mm with an ellipsis; empty where nothing fits."""
        text = text[:_LONGEST]
        if self.width(text, points, bold=bold) <= width:
            return text

        def short(end: int) -> str:
            return f"{text[:end].rstrip()}…"

        ends = range(2, len(text))
        fit = bisect_right(ends, width, key=lambda end: self.width(short(end), points, bold=bold))
        return short(ends[fit - 1]) if fit else ""

    def wrapped(self, text: str, points: float, width: float, *, bold: bool = False) -> list[str]:
        """The text in lines no wider than a width in mm; a word that is too long is cut."""
        lines: list[str] = []
        words = text.split()
        letter = self.width(text[:_LONGEST], points, bold=bold) / max(len(text[:_LONGEST]), 1)
        while words:
            some = self._first_words(words, points, width, letter, bold=bold)
            if some:
                lines.append(" ".join(words[:some]))
                words = words[some:]
            else:
                first = self.fitted(words[0], points, width, bold=bold)
                words = [first, *words[1:]] if first else words[1:]
        return lines

    def _first_words(
        self, words: Sequence[str], points: float, width: float, letter: float, *, bold: bool
    ) -> int:
        """How many words have room on a line, looked for near the place that a usual letter tells.

        Args:
            letter: The width of a usual letter, in mm.
        """

        def fits(some: int) -> bool:
            return self.width(" ".join(words[:some]), points, bold=bold) <= width

        ends = accumulate((len(word) + 1) * letter for word in words)
        some = sum(1 for _ in takewhile(lambda end: end <= width, ends))
        while some < len(words) and fits(some + 1):
            some += 1
        while some and not fits(some):
            some -= 1
        return some


def thinner(samples: int) -> float:
    """By how much line and marks are drawn smaller: not at all up to 60 samples."""
    return min(1.0, max(0.35, math.sqrt(60 / max(samples, 1))))


def day_locator(most: int) -> MaxNLocator:
    """Whole days, at most so many, in steps that suit weeks of days."""
    return MaxNLocator(most, steps=[1, 2, 4, 8, 10], integer=True, min_n_ticks=1)


def dose_arrow(size: Size) -> dict[str, Any]:
    """How the arrow of the first dose is drawn."""
    return {
        "arrowstyle": "-|>",
        "color": DOSE,
        "linewidth": size.line * 1.3,
        "mutation_scale": size.marker * 1.7,
        "shrinkA": 0,
        "shrinkB": 0,
    }


def line_height(points: float) -> float:
    """The height of a line of text in mm."""
    return points * 1.3 * MM_PER_INCH / 72
