"""The legend: a sample of every mark that is on the figure, and of no other."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from immunotrack.change import EXPANSION
from immunotrack.flags import LETTERS
from immunotrack.plot.drawn import Timeline
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import (
    BAND,
    CHANGE,
    CRITICAL,
    DOSE,
    FAINT,
    GRADE,
    GRADE_ALPHA,
    INK,
    MARKS,
    PLANNED,
    RECOVERY,
    RELAPSE,
    RULE,
    TILES,
    Ruler,
    Size,
    line_height,
)

Entry = tuple[str, Line2D | Rectangle]
Placed = tuple[float, str, Line2D | Rectangle]


def legend_entries(timeline: Timeline) -> list[Entry]:
    """Only what is on the figure."""
    if timeline.view == "strip":
        return [*_tiles(timeline), *_first_dose(timeline), *_planned(timeline)]
    rows = [row for panel in timeline.panels for row in panel.line]
    flags = {row["flag"] for row in rows}
    entries: list[Entry] = []

    def mark(label: str, marker: str, colour: str, *, filled: bool = True, edge: str = "") -> None:
        face = colour if filled else "white"
        artist = Line2D([], [], linestyle="none", marker=marker, markerfacecolor=face)
        artist.set_markeredgecolor(edge or colour)
        entries.append((label, artist))

    for flag, entry in MARKS.items():
        if flag in flags:
            mark(entry.label, entry.marker, entry.colour, edge=INK if flag in CRITICAL else "")
    if any(row["comparator"] in {"<", "<="} for row in rows):
        mark("below detection or quantification", "o", INK, filled=False)
    if any(row["comparator"] in {">", ">="} for row in rows):
        mark("beyond the assay's upper end", "o", INK, filled=False)
    if any(row["low"] is not None or row["high"] is not None for row in rows):
        entries.append(("reference range", Rectangle((0, 0), 1, 1, facecolor=BAND)))
    if any(panel.spans for panel in timeline.panels):
        entries.append(("sampling window", Line2D([], [], color=FAINT)))
    return [*entries, *_first_dose(timeline), *_marks(timeline), *_planned(timeline)]


def _first_dose(timeline: Timeline) -> list[Entry]:
    if timeline.first_dose is None or not timeline.panels:
        return []
    arrow = Line2D([], [], color=DOSE, marker="v", markevery=[1])
    return [(first_dose_text(timeline), arrow)]


def _marks(timeline: Timeline) -> list[Entry]:
    """What the panels show on request."""
    names = {row["series"] for row in timeline.marks}
    return [(label, artist()) for name, label, artist in _MARKS if name in names]


_MARKS: Final[Sequence[tuple[str, str, Callable[[], Line2D | Rectangle]]]] = (
    (
        "grade",
        "severity grade, G1 to G4",
        lambda: Rectangle((0, 0), 1, 1, facecolor=GRADE, alpha=GRADE_ALPHA["G3"]),
    ),
    (
        "baseline",
        "baseline, before the first dose",
        lambda: Line2D([], [], color=RECOVERY, linestyle=(0, (1.2, 0.6))),
    ),
    ("peak", "peak after the first dose", lambda: _sign("*", RECOVERY)),
    ("recovery", "recovery, between two samples", lambda: Line2D([], [], color=RECOVERY)),
    (
        "relapse",
        "relapse, between two samples",
        lambda: Line2D([], [], color=RELAPSE, linestyle=(0, (1, 0.7)), dash_capstyle="butt"),
    ),
    ("change", "significant change", lambda: Line2D([], [], color=CHANGE)),
    ("uncertainty", f"± {EXPANSION} × analytical CV", lambda: _sign("|", RULE)),
)
"""The series of `DRAWN` that a legend names."""


def _sign(marker: str, colour: str) -> Line2D:
    """A mark as the figure has it; a ring is open."""
    face = "none" if marker == "o" else colour
    return Line2D(
        [], [], linestyle="none", marker=marker, markerfacecolor=face, markeredgecolor=colour
    )


def _planned(timeline: Timeline) -> list[Entry]:
    """What became of planned doses."""
    there = {row["series"] for rows in timeline.doses.values() for row in rows}
    return [
        (mark.label, _sign(mark.marker, mark.colour))
        for name, mark in PLANNED.items()
        if name in there
    ]


def _tiles(timeline: Timeline) -> list[Entry]:
    rows = [row for panel in timeline.panels for row in panel.samples]
    found = tile_entries({row["flag"] for row in rows})
    if any(row["comparator"] for row in rows):
        white = Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=RULE)
        found.append(("white: a bound, such as <5", white))
    return found


def tile_entries(flags: Collection[str]) -> list[Entry]:
    """The letters of flags in a strip, each with the colour of its tile."""
    return [
        (
            f"{LETTERS[flag]}  {mark.label}",
            Rectangle(
                (0, 0),
                1,
                1,
                facecolor=TILES[flag].ground,
                edgecolor=TILES[flag].edge if flag in CRITICAL else "none",
            ),
        )
        for flag, mark in MARKS.items()
        if flag in flags
    ]


def first_dose_text(timeline: Timeline) -> str:
    """The first dose in words, of what if that is one thing."""
    return f"first {timeline.dose_name} dose" if timeline.dose_name else "first dose"


def legend_rows(entries: Sequence[Entry], size: Size, ruler: Ruler) -> list[list[Placed]]:
    """The entries in rows, each with its place from the left, in mm."""
    rows: list[list[Placed]] = []
    left = size.width
    beside = size.small * 0.75
    for text, artist in entries:
        label = ruler.fitted(text, size.small, size.width - 2 * MARGIN - 1 - beside)
        wide = ruler.width(label, size.small) + beside
        if left + wide > size.width - MARGIN:
            rows.append([])
            left = MARGIN + 1
        rows[-1].append((left, label, artist))
        left += wide + 1.5
    return rows


def draw_legend(page: Page, rows: Sequence[Sequence[Placed]]) -> None:
    """Draw the legend at the page's cursor."""
    size = page.size
    for row in rows:
        middle = page.top + line_height(size.small) * 0.55
        for left, label, artist in row:
            _swatch(page, left + size.small * 0.25, middle, artist)
            page.text(
                left + size.small * 0.58,
                middle,
                label,
                va="center",
                fontsize=size.small,
                gid="legend",
            )
        page.top += line_height(size.small) * 1.15


def _swatch(page: Page, x: float, y: float, artist: Line2D | Rectangle) -> None:
    """Draw a legend's sample around a place in mm from the top left corner."""
    size = page.size
    half = size.small * 0.22
    across, down = 1 / size.width, 1 / page.height
    if isinstance(artist, Rectangle):
        artist.set_bounds(
            (x - half) * across, 1 - (y + half * 0.6) * down, 2 * half * across, 1.2 * half * down
        )
        artist.set_transform(page.figure.transFigure)
        page.figure.add_artist(artist)
        return
    if artist.get_markevery():
        artist.set_data(
            [x * across] * 2, [1 - (y - half * 0.9) * down, 1 - (y + half * 0.5) * down]
        )
        artist.set(markersize=size.marker * 0.75, linewidth=size.line * 1.3, markeredgewidth=0)
    elif artist.get_marker() == "None":
        artist.set_data([(x - half) * across, (x + half) * across], [1 - y * down] * 2)
        artist.set_linewidth(size.line * 2)
    else:
        artist.set_data([x * across], [1 - y * down])
        artist.set(markersize=size.marker, markeredgewidth=size.line)
    artist.set_transform(page.figure.transFigure)
    page.figure.add_artist(artist)
