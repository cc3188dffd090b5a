"""Figures to files: PNG, SVG or PDF by the extension, reproducible byte for byte."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from immunotrack.outputs import write_whole
from immunotrack.plot.formats import check_format
from immunotrack.plot.style import FONT

METADATA: Final[dict[str, dict[str, str | None]]] = {
    ".png": {"Software": "immunotrack"},
    ".svg": {"Creator": "immunotrack", "Date": None},
    ".pdf": {"Creator": "immunotrack", "Producer": "immunotrack", "CreationDate": None},
}
"""Of every format; no person, no path, no date."""

SETTINGS: Final[Any] = {
    "svg.hashsalt": "immunotrack",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
"""SVG text stays text, PDF fonts are TrueType, ids do not change from run to run."""


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all.

    Raises:
        InvalidInput: The extension names no format, or the file cannot be written.
    """
    write_whole(path, figure_bytes(figure, check_format(path)))


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """A figure as a file of a format, named by its extension."""
    buffer = io.BytesIO()
    named = _distinct_gids(figure, wanted=suffix == ".svg")
    with warnings.catch_warnings(), mpl.rc_context(SETTINGS), named:
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=suffix[1:], dpi=figure.dpi, metadata=METADATA[suffix])
    return buffer.getvalue()


def missing_letters(figure: Figure) -> str:
    """The letters of a figure that its font does not have, and that are drawn as boxes."""
    known = get_font(findfont(FONT)).get_charmap()
    letters = {letter for text in figure.findobj(Text) for letter in text.get_text()}
    return "".join(sorted(letter for letter in letters - {"\n"} if ord(letter) not in known))


@contextmanager
def _distinct_gids(figure: Figure, *, wanted: bool) -> Iterator[None]:
    """Number the gids while an SVG is written: an id may stand in a document only once."""
    named = [(artist, artist.get_gid() or "") for artist in figure.findobj()] if wanted else []
    named = [(artist, name) for artist, name in named if name]
    seen: dict[str, int] = {}
    for artist, name in named:
        seen[name] = seen.get(name, 0) + 1
        artist.set_gid(f"{name}-{seen[name]}")
    try:
        yield
    finally:
        for artist, name in named:
            artist.set_gid(name)
