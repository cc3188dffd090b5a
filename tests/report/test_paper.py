"""The PDF: page numbers, the patient on every page, tables over pages, the same bytes each time."""

import io
import re

import pypdf
import pytest

from immunotrack.readers import read_source
from immunotrack.report.contents import Asked, compose_report
from immunotrack.report.document import again
from immunotrack.report.measure import Measure
from immunotrack.report.paper import pdf
from immunotrack.report.ruled import write_table
from immunotrack.report.sheet import BOTTOM, HEIGHT, INNER, MARGIN, WIDTH, Sheets
from immunotrack.report.tables import table

LABS = "patient,day,test,result,units\n" + "".join(
    f"{patient},{day},CD4,{300 + day},/µL\n" for patient in ("A 1", "B 2") for day in range(40)
)


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The report of two patients with 40 results each."""
    path = tmp_path_factory.mktemp("paper") / "labs.csv"
    path.write_text(LABS, encoding="utf-8")
    return again(compose_report(read_source(str(path)), Asked()))


@pytest.fixture(scope="module")
def printed(document):
    """Its PDF."""
    return pdf(document)


@pytest.fixture(scope="module")
def pages(printed):
    """The text of each page."""
    reader = pypdf.PdfReader(io.BytesIO(printed))
    return [page.extract_text() for page in reader.pages]


def test_every_page_has_its_number_and_its_patients(pages):
    """Page n of all; the patient whose page it is, or all of them on pages about all."""
    numbers = [re.search(r"(\d+) / (\d+)\s*$", page, re.MULTILINE).groups() for page in pages]
    patients = [("A 1" in page, "B 2" in page) for page in pages]

    assert numbers == [(str(n), str(len(pages))) for n in range(1, len(pages) + 1)]
    assert patients[0] == patients[-1] == (True, True)
    assert {(True, False), (False, True)} <= {*patients}


def test_every_result_is_printed(pages):
    """The forty results of each patient, with the headings again on each page they go over."""
    text = "\n".join(pages)

    assert all(len(re.findall(rf"\b{300 + day}\b", text)) >= 2 for day in range(40))
    assert len([page for page in pages if "Range from" in page]) >= 2


def test_the_same_report_is_the_same_bytes(document, printed):
    """No date, no chance."""
    assert pdf(document) == printed


def test_no_name_in_the_metadata(printed):
    """What made it, and nothing else."""
    reader = pypdf.PdfReader(io.BytesIO(printed))

    assert dict(reader.metadata) == {
        "/Title": "immunotrack report",
        "/Creator": "immunotrack",
        "/Producer": "immunotrack",
    }


def test_every_page_is_a4(printed):
    """Also that of a figure, which is drawn at its own size."""
    sizes = {
        (round(float(page.mediabox.width)), round(float(page.mediabox.height)))
        for page in pypdf.PdfReader(io.BytesIO(printed)).pages
    }

    assert sizes == {(595, 842)}


CELLS = {"Day": lambda row: row[0], "What": lambda row: row[1]}
ROWS = [(str(number), "word " * (number % 40)) for number in range(120)] + [("121", "y" * 900)]


def test_nothing_is_written_over_an_edge():
    """A table of 121 rows, one of them a word of 900 letters, stays inside of the margins."""
    sheets = Sheets("title", "patient")
    write_table(sheets, table("key", "Title", ROWS, CELLS, numeric=["Day"]))
    ruler = Measure().ruler
    ends = []
    for text in (text for _, sheet in sheets.sheets for text in sheet.figure.texts):
        x, y = text.get_position()
        bold = text.get_fontweight() == "bold"
        wide = ruler.width(text.get_text(), text.get_fontsize(), bold=bold)
        left = x * WIDTH - (wide if text.get_ha() == "right" else 0)
        ends.append((left, left + wide, HEIGHT * (1 - y)))

    assert len(sheets.sheets) > 2
    assert min(left for left, _, _ in ends) >= MARGIN - 0.5
    assert max(right for _, right, _ in ends) <= WIDTH - MARGIN + 0.8
    assert max(top for _, _, top in ends) <= BOTTOM


def test_no_letter_of_a_cell_is_lost():
    """Lines of a text, put together again, are the text."""
    text = "a-long-word/that has_no end " + "z" * 300
    lines = Measure().lines(text, 7, INNER / 9)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(Measure().width(line, 7) <= INNER / 9 + 0.01 for line in lines)
