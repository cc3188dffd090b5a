"""Sheets of A4 with a cursor that goes down and a foot that names patient, page and version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from immunotrack.plot.style import FONT, INK, MM_PER_INCH, RULE, Ruler, line_height
from immunotrack.report.measure import Measure

WIDTH, HEIGHT = 210.0, 297.0
"""A4, in mm."""

MARGIN: Final = 13.5
"""Left and right, in mm; a figure of a double column, 183 mm, just fits."""

TOP, BOTTOM = 16.0, 280.0
INNER: Final = WIDTH - 2 * MARGIN
LIGHT: Final = "#cfd5db"


@dataclass(slots=True)
class Sheet:
    """One page; lengths are in mm from its top left corner."""

    figure: Figure
    top: float = TOP

    @classmethod
    def blank(cls) -> "Sheet":
        """An empty page."""
        return cls(Figure(figsize=(WIDTH / MM_PER_INCH, HEIGHT / MM_PER_INCH), dpi=72))

    def room(self, height: float) -> bool:
        """Whether so much is left above the foot."""
        return self.top + height <= BOTTOM

    def text(self, left: float, top: float, text: str, points: float, **style: Any) -> None:  # noqa: ANN401 - matplotlib's own
        """A line of text whose top is here."""
        about: dict[str, Any] = {"va": "top", "color": INK, "fontfamily": FONT, "parse_math": False}
        about |= style
        self.figure.text(left / WIDTH, 1 - top / HEIGHT, text, fontsize=points, **about)

    def rule(self, top: float, *, colour: str = LIGHT, width: float = 0.4) -> None:
        """A line across the page."""
        y = 1 - top / HEIGHT
        ends = [MARGIN / WIDTH, 1 - MARGIN / WIDTH]
        self.figure.add_artist(Line2D(ends, [y, y], color=colour, linewidth=width))


@dataclass(slots=True)
class Sheets:
    """The pages of a document, the last of which is being written.

    Args:
        subject: Whose pages these are now; a sheet bears the subject it began with.
    """

    title: str
    subject: str = ""
    measure: Measure = field(default_factory=Measure)
    sheets: list[tuple[str, Sheet]] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        """The page being written."""
        if not self.sheets:
            self.turn()
        return self.sheets[-1][1]

    def turn(self) -> Sheet:
        """Begin a new page."""
        self.sheets.append((self.subject, Sheet.blank()))
        return self.sheets[-1][1]

    def need(self, height: float) -> Sheet:
        """A page with so much room."""
        return self.sheet if self.sheet.room(height) else self.turn()

    def paragraph(self, text: str, points: float = 8.5, **style: Any) -> None:  # noqa: ANN401 - matplotlib's own
        """A text in lines, over as many pages as it needs."""
        bold = style.get("fontweight") == "bold"
        for line in self.measure.lines(text, points, INNER, bold=bold):
            sheet = self.need(line_height(points))
            sheet.text(MARGIN, sheet.top, line, points, **style)
            sheet.top += line_height(points)

    def space(self, height: float) -> None:
        """Leave so much empty."""
        self.sheet.top += height

    def feet(self, foot: str) -> None:
        """Write the foot of every page, now that their number is known."""
        for number, (subject, sheet) in enumerate(self.sheets, 1):
            said = (self.title, subject, foot)
            write_foot(sheet.text, self.measure.ruler, said, (number, len(self.sheets)))


def write_foot(
    write: Callable[..., None], ruler: Ruler, said: Sequence[str], pages: tuple[int, int]
) -> None:
    """The head and the foot of a page: title, patient, what made it, and the page's number."""
    title, subject, foot = said
    small = {"color": RULE}
    write(MARGIN, 8.0, ruler.fitted(title, 7, INNER * 0.62), 7, **small)
    named = ruler.fitted(subject, 7, INNER * 0.36, bold=True)
    write(WIDTH - MARGIN, 8.0, named, 7, ha="right", fontweight="bold", **small)
    write(MARGIN, HEIGHT - 10, ruler.fitted(foot, 6.5, INNER * 0.8), 6.5, **small)
    write(WIDTH - MARGIN, HEIGHT - 10, f"{pages[0]} / {pages[1]}", 6.5, ha="right", **small)
