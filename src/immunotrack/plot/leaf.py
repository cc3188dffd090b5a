"""The pages of a cohort's figures as data: decided first, drawn after, in any process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from immunotrack.plot.drawn import Panel, Row, Timeline

if TYPE_CHECKING:
    from immunotrack.plot.style import SizeName


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the body of a page.

    Args:
        subtitle: Below the title, in small letters.
        foot: The footnote.
        illustrative: Some value drawn is illustrative.
        number: `page 3 of 17`; empty on a single page.
    """

    title: str
    subtitle: str = ""
    foot: str = ""
    illustrative: bool = False
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The panels of one patient.

    Args:
        panels: One for each analyte of the cohort; None where the patient has no such result.
        first_dose: On the cohort's clock.
    """

    patient: str
    group: str
    panels: Sequence[Panel | None]
    first_dose: float | None
    highlighted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiples:
    """A page of small multiples.

    Args:
        shared: The time axis, and every kind of mark of the whole cohort, for the legend.
        extremes: For each analyte what its value axis must show; None where each panel has its own.
        across: How many panels stand side by side.
        capacity: How many patients a full page has.
        places: The names of the places on the time axis, where these are visits.
    """

    around: Around
    blocks: Sequence[Block]
    shared: Timeline
    extremes: Sequence[Panel | None]
    across: int
    capacity: int
    places: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The line of one patient in an overlay."""

    patient: str
    group: int
    days: Sequence[float]
    values: Sequence[float]


MOST_GROUPS: Final = 6
"""How many groups an overlay tells apart: as many as `style.GROUPS` has."""

NO_RANGE: Final = (None, None)
"""The limits of a result without a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One analyte of an overlay.

    Args:
        panel: The range, the decision limits and the line of the patient who is highlighted.
        extremes: What the value axis must show.
        summary: The rows of `summaries.SUMMARY`, for each group.
        range: Lower and upper limit, where no result has another range; None where some has.
        everywhere: Every result has that range.
    """

    panel: Panel
    extremes: Panel
    traces: Sequence[Trace]
    summary: Mapping[str, Sequence[Row]]
    range: tuple[float | None, float | None] | None
    everywhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A page of overlays.

    Args:
        shared: The time axis.
        centres: The place of each window on the time axis, by its label.
        wide: How many panels stand side by side.
    """

    around: Around
    laid: Sequence[Laid]
    shared: Timeline
    groups: Sequence[str]
    centres: Mapping[str, float]
    wide: int
    highlight: str = ""
    places: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StripRow:
    """One patient of a heat strip.

    Args:
        flags: By window; None where there is no result.
    """

    patient: str
    group: str
    flags: Sequence[str | None]
    response: str
    highlighted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A page of a heat strip.

    Args:
        columns: The labels of the windows.
        axis: What the windows count.
        measure: What `StripRow.response` is.
        capacity: How many rows a page has at most.
        flags: The statuses that the whole strip has, for the legend.
    """

    around: Around
    rows: Sequence[StripRow]
    columns: Sequence[str]
    axis: str
    measure: str
    capacity: int
    flags: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A page of contents.

    Args:
        entries: Text and page number; a heading has page 0.
    """

    around: Around
    entries: Sequence[tuple[str, int]]


_PAGE_URL: Final = "#page="


def page_url(number: int) -> str:
    """What an entry of the contents leads to, counted from 1."""
    return f"{_PAGE_URL}{number}"


def page_of(url: str) -> int | None:
    """The page that a link leads to; None for any other link."""
    number = url.removeprefix(_PAGE_URL)
    return int(number) if url.startswith(_PAGE_URL) and number.isdecimal() else None


Leaf = Multiples | Overlay | Strip | Contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A bookmark: `level` 0 is a chapter."""

    title: str
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page to draw, and what the bookmarks say of it."""

    leaf: Leaf
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """How many panels, rows and entries a page of a size has room for.

    Args:
        across, down: Small multiples.
        wide, deep: Overlays.
        rows, windows: Of a heat strip.
        lines, columns: Of contents.
    """

    across: int
    down: int
    wide: int
    deep: int
    rows: int
    windows: int
    lines: int
    columns: int


GRIDS: Final[dict[str, Grid]] = {
    "double": Grid(4, 5, 2, 2, 36, 30, 44, 4),
    "single": Grid(2, 6, 1, 2, 40, 14, 50, 2),
    "screen": Grid(5, 5, 2, 2, 36, 40, 36, 4),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """Pages that are drawn.

    Args:
        data: The file of the pages.
        pages: How many there are.
        failed: The patients whose panels could not be drawn, with the kind of error.
        missing: Letters that the font does not have.
    """

    data: bytes
    pages: int
    failed: Sequence[tuple[str, str]] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Pages to draw into one file.

    Args:
        leaves: Several of them only in a PDF.
        suffix: The format, as the extension of a file.
    """

    leaves: Sequence[Leaf]
    size: "SizeName"
    suffix: str


_TOGETHER: Final = (2, 8)
"""The least and the most pages that a part has; its pages share their fonts."""

_PARTS: Final = 16
"""How many parts there are before a part has more than the least."""


def orders(leaves: Sequence[Leaf], size: "SizeName", suffix: str) -> list[Order]:
    """The pages in parts; the parts, and so the bytes, do not depend on who draws them."""
    least, most = _TOGETHER
    together = min(max(least, len(leaves) // _PARTS), most)
    starts = range(0, len(leaves), together)
    return [Order(leaves[first : first + together], size, suffix) for first in starts]
