"""A page on which things are placed in mm from its top left corner."""

from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from immunotrack.plot.style import FONT, INK, RULE, Ruler, Size

MARGIN: Final = 2.0
"""Around the page, in mm."""


@dataclass(slots=True)
class Page:
    """A figure with a cursor that goes down the page."""

    figure: Figure
    size: Size
    ruler: Ruler
    height: float
    top: float = MARGIN

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """New axes at a place in mm from the top left corner."""
        return self.figure.add_axes(
            (
                left / self.size.width,
                1 - (top + height) / self.height,
                width / self.size.width,
                height / self.height,
            )
        )

    def text(self, left: float, top: float, text: str, **style: Any) -> None:  # noqa: ANN401 - matplotlib's own
        """A line of text whose top is at a place in mm from the top left corner."""
        self.figure.text(
            left / self.size.width,
            1 - top / self.height,
            text,
            **{"va": "top", "fontfamily": FONT, "color": INK, "parse_math": False, **style},
        )

    def rule(self, left: float, right: float) -> None:
        """A thin horizontal line at the cursor, between two places in mm from the left."""
        line = Line2D(
            [left / self.size.width, right / self.size.width],
            [1 - self.top / self.height] * 2,
            transform=self.figure.transFigure,
            color=RULE,
            linewidth=0.6,
            gid="rule",
        )
        self.figure.add_artist(line)
