"""The legend: a sample of every mark that is on the figure, and of no other."""

from collections.abc import Sequence

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from immunotrack.plot.drawn import Timeline
from immunotrack.plot.page import MARGIN, Page
from immunotrack.plot.style import BAND, DOSE, FAINT, INK, MARKS, Ruler, Size, line_height

Entry = tuple[str, Line2D | Rectangle]
Placed = tuple[float, str, Line2D | Rectangle]


def legend_entries(timeline: Timeline) -> list[Entry]:
    """Only what is on the figure."""
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
            mark(entry.label, entry.marker, entry.colour, edge=INK if flag in {"LL", "HH"} else "")
    if any(row["comparator"] in {"<", "<="} for row in rows):
        mark("below detection or quantification", "o", INK, filled=False)
    if any(row["comparator"] in {">", ">="} for row in rows):
        mark("beyond the assay's upper end", "o", INK, filled=False)
    if any(row["low"] is not None or row["high"] is not None for row in rows):
        entries.append(("reference range", Rectangle((0, 0), 1, 1, facecolor=BAND)))
    if any(panel.spans for panel in timeline.panels):
        entries.append(("sampling window", Line2D([], [], color=FAINT)))
    if timeline.first_dose is not None and timeline.panels:
        arrow = Line2D([], [], color=DOSE, marker="v", markevery=[1])
        entries.append((f"first {timeline.dose_name} dose", arrow))
    return entries


def legend_rows(entries: Sequence[Entry], size: Size, ruler: Ruler) -> list[list[Placed]]:
    """The entries in rows, each with its place from the left, in mm."""
    rows: list[list[Placed]] = []
    left = size.width
    for label, artist in entries:
        wide = ruler.width(label, size.small) + size.small * 0.75
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
