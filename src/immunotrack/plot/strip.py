"""The strip: one row an analyte, one letter a sample, on the time axis of the lanes."""

from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullLocator

from immunotrack.flags import LETTERS
from immunotrack.numbers import grouped
from immunotrack.plot.drawn import Panel, Timeline
from immunotrack.plot.page import MARGIN
from immunotrack.plot.style import (
    CRITICAL,
    FONT,
    INK,
    MM_PER_INCH,
    RULE,
    STRIPE,
    TILES,
    TREATED,
    Ruler,
    Size,
    day_locator,
    dose_arrow,
)
from immunotrack.plot.tiles import tiles

LEAST_ROW: Final = 2.3
"""The height of the lowest row that still has room for a letter of 5 points, in mm."""

_LEAST_POINTS: Final = 5.0


def row_text(size: Size, height: float) -> float:
    """The size of the text of a row so high, in points."""
    return max(_LEAST_POINTS, min(size.small, height / MM_PER_INCH * 72 / 1.3))


def strip_note(timeline: Timeline, size: Size, ruler: Ruler, width: float) -> str:
    """What a reader must know of tiles that are too close for their letters; else nothing.

    Args:
        width: Of the time axis, in mm.
    """
    room = _letter_width(ruler, size.small) * (timeline.days[1] - timeline.days[0]) / width
    every = [
        tile for panel in timeline.panels for tile in tiles(panel.samples, room, timeline.days)
    ]
    told = []
    if any(tile.shared for tile in every):
        told.append("A wide tile with one letter is several samples.")
    if any(not tile.letters for tile in every):
        told.append("Without room for a letter a tile stands high (H), low (L) or between.")
    return " ".join(told)


def draw_strip(ax: Axes, timeline: Timeline, size: Size, ruler: Ruler, *, row: float) -> Axes:
    """Draw the strip.

    Args:
        row: The height of a row, in mm.

    The artists carry a gid: `pattern` for the tiles, `pattern-letter`, `analyte`, `treatment` and
    `dose`.
    """
    first, last = timeline.days
    ax.set_xlim(first, last)
    ax.set_ylim(len(timeline.panels), 0)
    width = ax.bbox.width / ax.figure.dpi * MM_PER_INCH
    points = row_text(size, row)
    for number, panel in enumerate(timeline.panels):
        _ground(ax, number, timeline)
        _row(ax, number, panel, points, _letter_width(ruler, points) * (last - first) / width)
    _names(ax, timeline, ruler, points)
    _first_dose(ax, timeline, size, row)
    _axis(ax, timeline, size)
    return ax


def _letter_width(ruler: Ruler, points: float) -> float:
    """The width of the widest letter with some air, in mm."""
    widest = max(ruler.width(letter, points, bold=True) for letter in {*LETTERS.values()})
    return widest + 0.35


_HALF: Final = 0.41
"""Half the height of a tile, in rows."""


def _ground(ax: Axes, number: int, timeline: Timeline) -> None:
    first, last = timeline.days
    start = timeline.first_dose
    stripes = [(first, last, STRIPE)]
    if start is not None:
        stripes = [(first, start, STRIPE), (start, last, TREATED)]
    for left, right, colour in stripes:
        ground = Rectangle(
            (left, number + 0.5 - _HALF),
            right - left,
            2 * _HALF,
            facecolor=colour,
            linewidth=0,
            zorder=0,
            gid="treatment" if colour == TREATED else "row",
        )
        ax.add_patch(ground)


def _row(ax: Axes, number: int, panel: Panel, points: float, room: float) -> None:
    """The tiles of one analyte and their letters.

    A tile without room for its letter is a half one: a low one hangs down, a high one stands up.
    """
    for tile in tiles(panel.samples, room, ax.get_xlim()):
        look = TILES[tile.status.flag]
        top, bottom = (-_HALF, _HALF) if tile.letters else look.half
        outlined = tile.status.censored or tile.status.flag in CRITICAL
        ax.add_patch(
            Rectangle(
                (tile.start, number + 0.5 + top),
                tile.end - tile.start,
                bottom - top,
                facecolor="white" if tile.status.censored and tile.letters else look.ground,
                edgecolor=look.edge,
                linewidth=points * 0.09 if outlined and tile.letters else 0,
                zorder=2,
                gid="pattern",
            )
        )
        for day in tile.letters:
            ax.text(
                day,
                number + 0.5,
                LETTERS[tile.status.flag],
                ha="center",
                va="center_baseline",
                fontsize=points,
                fontweight="bold",
                fontfamily=FONT,
                color=look.edge if tile.status.censored else look.letter,
                parse_math=False,
                zorder=3,
                gid="pattern-letter",
            )


_BESIDE: Final = 1.8
"""The air between a name and its row, in mm."""


def _names(ax: Axes, timeline: Timeline, ruler: Ruler, points: float) -> None:
    """The analytes left of their rows."""
    left = ax.bbox.x0 / ax.figure.dpi * MM_PER_INCH
    for number, panel in enumerate(timeline.panels):
        ax.annotate(
            ruler.fitted(panel.heading, points, left - MARGIN - _BESIDE),
            (0, number + 0.5),
            xycoords=("axes fraction", "data"),
            xytext=(-_BESIDE / MM_PER_INCH * 72, 0),
            textcoords="offset points",
            ha="right",
            va="center_baseline",
            fontsize=points,
            fontfamily=FONT,
            color=INK,
            annotation_clip=False,
            parse_math=False,
            gid="analyte",
        )


def _first_dose(ax: Axes, timeline: Timeline, size: Size, row: float) -> None:
    """An arrow above the strip on the day of the first dose."""
    if timeline.first_dose is None:
        return
    tall = len(timeline.panels) * row
    ax.annotate(
        "",
        xy=(timeline.first_dose, 1.0),
        xytext=(timeline.first_dose, 1 + ARROW / tall),
        xycoords=("data", "axes fraction"),
        arrowprops=dose_arrow(size),
        annotation_clip=False,
        zorder=6,
        gid="dose",
    )


ARROW: Final = 3.2
"""The room above a strip for the arrow of the first dose, in mm."""


def _axis(ax: Axes, timeline: Timeline, size: Size) -> None:
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=0.6, color=RULE)
    ax.yaxis.set_major_locator(NullLocator())
    ax.tick_params(axis="x", width=0.6, length=2.2, color=RULE, pad=1.5)
    ax.tick_params(axis="x", labelcolor=INK, labelsize=size.small, labelfontfamily=FONT)
    ax.xaxis.set_major_locator(day_locator(14 if size.columns > 2 else 8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: grouped(value)))
    ax.set_xlabel(
        timeline.clock.name,
        fontsize=size.text,
        fontfamily=FONT,
        color=INK,
        labelpad=1.5,
        parse_math=False,
    )
