"""The SVG that stands in a page: no styles, no ids that clash, nothing that harms."""

import re

import pytest
from matplotlib.figure import Figure

from immunotrack.plot import style
from immunotrack.readers import read_source
from immunotrack.report.contents import Asked, compose_report
from immunotrack.report.document import again
from immunotrack.report.page import html
from immunotrack.report.svg import PALETTE, Styles, markup, svg_of


def drawn(text="", colour=style.INK):
    """A figure with a line in it."""
    figure = Figure(figsize=(2, 2), dpi=72)
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    ax.plot([0, 1], [0, 1], color=colour, gid="line", marker="o")
    ax.text(0, 0, text, parse_math=False)
    return figure


def test_styles_become_classes_of_the_page():
    """No style attribute is left, and a colour is a property that a dark page sets anew."""
    styles = Styles()
    text = markup(svg_of(drawn(), styles, "p"))

    assert "style=" not in text
    assert "stroke: var(--ink)" in styles.sheet()
    assert set(re.findall(r'class="(f\d+)"', text)) <= set(styles.classes.values())


def test_ids_are_those_that_are_referred_to():
    """Under the prefix, and each reference finds its id."""
    text = markup(svg_of(drawn(), Styles(), "pane7"))
    ids, targets = (
        re.findall(r'id="([^"]+)"', text),
        re.findall(r'(?:href="#|url\(#)([^")]+)', text),
    )

    assert ids
    assert all(name.startswith("pane7-") for name in ids)
    assert set(targets) == set(ids)


def test_artists_keep_their_names():
    """The script of the page finds the marks and the axes."""
    text = markup(svg_of(drawn(), Styles(), "p"))

    assert set(re.findall(r'data-g="([^"]+)"', text)) == {"line", "x-axis", "y-axis"}


def test_every_colour_of_the_figure_has_its_property():
    """In the light page and in the dark one."""
    colours = {value for value in vars(style).values() if str(value).startswith("#")}

    assert colours == set(PALETTE)


@pytest.mark.parametrize("text", ["<script>", "a & b", "\ufffe\uffff", "]]>", "<!--"])
def test_any_text_can_be_drawn(text):
    """It is text in the SVG, and no markup."""
    root = svg_of(drawn(text), Styles(), "p")
    shown = [node.text for node in root.iter("text")]

    assert re.sub("[\ufffe\uffff]", "\ufffd", text) in shown


def test_ids_of_a_page_are_unique(tmp_path):
    """Also where two panels show the same."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nA,1,CD4,300,/µL\nA,1,CD8,300,/µL\nA,2,CD8,300,/µL\n",
        encoding="utf-8",
    )
    page = html(again(compose_report(read_source(str(tmp_path / "labs.csv")), Asked()))).decode()
    ids = re.findall(r'\sid="([^"]+)"', page)

    assert len(ids) == len(set(ids))
    assert " style=" not in page
