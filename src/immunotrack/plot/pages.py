"""Figures to the pages of one PDF, reproducible byte for byte."""

import io
import warnings
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from immunotrack.plot.save import METADATA, SETTINGS


def pages_bytes(figures: Iterable[Figure]) -> bytes:
    """Figures as the pages of one PDF, which share their fonts; each is let go once it is there."""
    buffer = io.BytesIO()
    with (
        warnings.catch_warnings(),
        mpl.rc_context(SETTINGS),
        PdfPages(buffer, metadata=METADATA[".pdf"]) as pages,
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for figure in figures:
            pages.savefig(figure, dpi=figure.dpi)
    return buffer.getvalue()
