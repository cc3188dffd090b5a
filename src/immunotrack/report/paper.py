"""A report as PDF: a title page, each patient's figure and tables, and what stands at the end."""

import io
import warnings
from operator import itemgetter
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from immunotrack.plot.save import SETTINGS
from immunotrack.plot.style import DOSE, FONT, INK, MM_PER_INCH, RULE, line_height
from immunotrack.plot.timeline import draw_timeline
from immunotrack.problems import InvalidInput
from immunotrack.report.appendix import ILLUSTRATIVE, RESEARCH_USE, appendix_tables, method
from immunotrack.report.chapter_tables import chapter_tables
from immunotrack.report.document import Chapter, Document, Progress
from immunotrack.report.facts import facts, patient_cells
from immunotrack.report.measure import Measure
from immunotrack.report.result_tables import latest_table
from immunotrack.report.ruled import write_table
from immunotrack.report.sheet import HEIGHT, INNER, MARGIN, TOP, WIDTH, Sheets, write_foot
from immunotrack.report.tables import table
from immunotrack.report.words import legible

_METADATA: Final = {
    "Title": "immunotrack report",
    "Creator": "immunotrack",
    "Producer": "immunotrack",
    "CreationDate": None,
}
"""No person, no patient, no path, no date."""


def pdf(document: Document, progress: Progress = lambda _number, _all: None) -> bytes:
    """The pages of a report, the same bytes each time."""
    sheets = Sheets(legible(document.title))
    _title_page(sheets, document)
    figures: dict[int, Figure] = {}
    for number, chapter in enumerate(document.chapters):
        progress(number + 1, len(document.chapters))
        sheets.subject = f"Patient {legible(chapter.patient_id)}"
        _who(sheets, chapter, document)
        figure = _figure(chapter)
        if figure is not None:
            figures[len(sheets.sheets)] = figure
            sheets.turn()
        for one in chapter_tables(chapter, document):
            if figure is not None and sheets.sheet.top == TOP and _is_figure(sheets, figures):
                sheets.turn()
            write_table(sheets, one)
    sheets.subject = _everybody(document)
    if len(document.chapters) > 1 or _is_figure(sheets, figures):
        sheets.turn()
    for one in appendix_tables(document):
        write_table(sheets, one)
    _method(sheets, document)
    return _bound(sheets, figures, f"immunotrack {document.version} · {RESEARCH_USE}")


def _is_figure(sheets: Sheets, figures: dict[int, Figure]) -> bool:
    """Whether the last page is that of a figure."""
    return len(sheets.sheets) - 1 in figures


def _everybody(document: Document) -> str:
    """Whose a page is that is not one patient's."""
    ids = [legible(chapter.patient_id) for chapter in document.chapters]
    return f"Patient {ids[0]}" if len(ids) == 1 else f"{len(ids)} patients: {', '.join(ids)}"


def _title_page(sheets: Sheets, document: Document) -> None:
    sheets.subject = _everybody(document)
    sheets.space(26)
    sheets.paragraph("IMMUNE MONITORING REPORT", 8, color=RULE)
    sheets.space(2)
    sheets.paragraph(legible(document.title), 17, fontweight="bold")
    sheets.space(3)
    if document.citation:
        sheets.paragraph(f"{document.citation}. {document.url}", 8.5, color=RULE)
        sheets.space(2)
    sheet = sheets.sheet
    sheet.rule(sheet.top, colour=RULE, width=0.8)
    sheets.space(4)
    for text in (document.deidentified, ILLUSTRATIVE if document.illustrative else ""):
        if text:
            sheets.paragraph(text, 9, color=DOSE)
            sheets.space(2)
    if len(document.chapters) == 1:
        _facts(sheets, document.chapters[0])
    else:
        rows = [patient_cells(chapter).cells for chapter in document.chapters]
        cells = {name: itemgetter(name) for name in rows[0]}
        numbers = [name for name in cells if name not in {"Patient", "Sex"}]
        write_table(sheets, table("patients", "Patients", rows, cells, numeric=numbers))
    sheets.space(3)
    sheets.paragraph(f"{document.counted}.", 8.5, color=RULE)
    sheets.space(2)
    sheets.paragraph(RESEARCH_USE, 8.5, color=RULE)


def _facts(sheets: Sheets, chapter: Chapter) -> None:
    for name, said in facts(chapter):
        sheet = sheets.need(line_height(10))
        sheet.text(MARGIN, sheet.top, name, 9, color=RULE)
        sheet.text(MARGIN + 28, sheet.top, sheets.measure.ruler.fitted(said, 9, INNER - 28), 9)
        sheet.top += line_height(10)


def _who(sheets: Sheets, chapter: Chapter, document: Document) -> None:
    """The latest results; of several patients each begins a page with its name and facts."""
    if len(document.chapters) > 1:
        sheets.turn()
        sheets.paragraph(f"Patient {legible(chapter.patient_id)}", 14, fontweight="bold")
        sheets.space(2)
        _facts(sheets, chapter)
    sheets.space(6)
    latest = latest_table(chapter)
    if latest.rows:
        write_table(sheets, latest)


def _figure(chapter: Chapter) -> Figure | None:
    """The figure of a patient as a journal would print it; on a screen's page where it is large."""
    if not (chapter.timeline.panels or chapter.timeline.lanes):
        return None
    try:
        return draw_timeline(chapter.timeline, "double")
    except InvalidInput:
        return draw_timeline(chapter.timeline, "screen")


def _method(sheets: Sheets, document: Document) -> None:
    sheets.need(20)
    sheets.paragraph("How this report was made", 10, fontweight="bold")
    sheets.space(1)
    for text in method(document):
        sheets.paragraph(text, 7, color=RULE)
        sheets.space(0.8)


def _bound(sheets: Sheets, figures: dict[int, Figure], foot: str) -> bytes:
    """All pages as one file."""
    sheets.feet(foot)
    buffer = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context(SETTINGS):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        with PdfPages(buffer, metadata=_METADATA) as pages:
            for number, (subject, sheet) in enumerate(sheets.sheets):
                if number in figures:
                    said = (sheets.title, subject, foot)
                    _save_figure(pages, figures[number], said, (number + 1, len(sheets.sheets)))
                else:
                    pages.savefig(sheet.figure)
    return buffer.getvalue()


def _save_figure(
    pages: PdfPages, figure: Figure, said: tuple[str, str, str], place: tuple[int, int]
) -> None:
    """A figure in the middle of a page of A4, under the page's own head and foot."""
    wide, high = (float(inches) for inches in figure.get_size_inches())
    scale = max(wide * MM_PER_INCH / INNER, high * MM_PER_INCH / (HEIGHT - 2 * TOP - 10), 1.0)
    page_wide, page_high = WIDTH * scale / MM_PER_INCH, HEIGHT * scale / MM_PER_INCH
    left, down = (page_wide - wide) / 2, (TOP + 4) * scale / MM_PER_INCH

    def write(x: float, top: float, text: str, points: float, **style: Any) -> None:  # noqa: ANN401 - matplotlib's own
        across = (x * scale / MM_PER_INCH - left) / wide
        up = 1 - (top * scale / MM_PER_INCH - down) / high
        about: dict[str, Any] = {"va": "top", "color": INK, "fontfamily": FONT, "parse_math": False}
        about |= style
        figure.text(across, up, text, fontsize=points * scale, **about)

    write_foot(write, Measure().ruler, said, place)
    bottom = high + down - page_high
    box = Bbox([[-left, bottom], [page_wide - left, high + down]])
    pages.savefig(figure, bbox_inches=box)  # type: ignore[no-untyped-call]
