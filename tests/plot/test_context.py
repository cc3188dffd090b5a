"""Pooled differences on a patient's figure: on request, in words and numbers, below the panels."""

import hashlib

import pandas as pd
import pytest
from overlaps import clipped, overlapping

from immunotrack import load_case
from immunotrack.evidence.beside import beside
from immunotrack.figure import Choice, _timeline
from immunotrack.plot.context import with_context
from immunotrack.plot.save import save_figure
from immunotrack.plot.style import SIZES
from immunotrack.plot.timeline import draw_timeline


def timeline(**more):
    """The case report's timeline."""
    return _timeline(load_case("monneret-2020"), None, Choice(**more))


def texts(figure, gid):
    """The words of the artists of a name."""
    return [artist.get_text() for artist in figure.findobj() if artist.get_gid() == gid]


@pytest.fixture(scope="module")
def figure():
    """The case report with its context."""
    return draw_timeline(timeline(evidence=True))


def test_the_table_has_the_numbers_of_the_response(figure):
    """Day 21: 1790 - 470 beside the pooled differences at 3 weeks; the same for CD4."""
    plain = [text.replace("\u2009", "") for text in texts(figure, "context")]

    assert plain == [
        *("Beside trials", "change from baseline", "pooled difference", "trials"),
        *("Lymphocytes, cells/µL", "+1320 (day 21)", "+1330 [290, 2380]", "sepsis, 3 weeks"),
        *("+1320 (day 21)", "+1150 [470, 1840]", "combined, 3 weeks"),
        *("CD4⁺ T cells, cells/µL", "+605 (day 21)", "+560 [80, 1050]", "sepsis, 3 weeks"),
    ]


def test_the_footnote_says_what_it_is_not(figure):
    """No percentile, no probability; the unit and the time are assumed."""
    told = " ".join(texts(figure, "footnote"))

    assert "difference between groups; not a percentile, not a probability." in told
    assert "Their unit is assumed" in told
    assert "Their time is assumed to count from the first dose" in told


def test_nothing_is_drawn_on_the_panels(figure):
    """The axes hold what they hold without it: no bar that could pass for a range."""
    plain = draw_timeline(timeline())

    for ax, other in zip(figure.axes, plain.axes, strict=True):
        assert [a.get_gid() for a in ax.get_children()] == [
            a.get_gid() for a in other.get_children()
        ]
        assert ax.get_ylim() == other.get_ylim()


def test_without_the_request_nothing_changes(tmp_path):
    """The default figure has no context, and its file is the same byte for byte."""
    hashes = set()
    for name, choice in (("one.svg", {}), ("two.svg", {"evidence": False})):
        save_figure(draw_timeline(timeline(**choice)), tmp_path / name)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())

    assert len(hashes) == 1
    assert b"context" not in (tmp_path / "one.svg").read_bytes()


@pytest.mark.parametrize("size", list(SIZES))
def test_it_fits_every_size_and_shortens_no_number(size, figure):
    """No text overlaps or is cut, and every cell is whole."""
    drawn = draw_timeline(timeline(evidence=True), size)

    assert overlapping(drawn) == []
    assert clipped(drawn) == []
    assert texts(drawn, "context") == texts(figure, "context")


def test_what_has_no_change_is_told():
    """The patient died on day 22 after the first dose; 4 weeks and 30 days have no result."""
    told = [str(problem) for problem in timeline(evidence=True).problems]

    assert (
        "figure  not-drawn (warning): no change stands beside lymphocytes at 30 days in COVID-19: "
        "no result from day 27 to 33."
    ) in told


def test_a_figure_without_the_analytes_says_so():
    """Of NK cells and mHLA-DR nothing was pooled."""
    shown = timeline(evidence=True, analytes=["NK"])

    assert not shown.context
    assert str(shown.problems[-1]) == (
        "figure  not-drawn (warning): no analyte that is drawn has a pooled effect."
    )
    assert texts(draw_timeline(shown), "context") == []


def test_a_fall_has_a_true_minus_sign():
    """Down from 900 to 400: −500 beside +1330."""
    frame = pd.DataFrame(
        {"patient_id": "P", "analyte": "ALC", "value": [900.0, 400.0], "unit": "/µL",
         "day": [0.0, 21.0]}
    )  # fmt: skip
    events = pd.DataFrame({"kind": ["dose"], "name": ["IL-7"], "start_day": [0.0]})
    shown = with_context(_timeline(frame, events, Choice()), frame, events)

    assert "−500 (day 21)" in texts(draw_timeline(shown), "context")
    assert set(beside(frame, events)["change"].dropna()) == {-500}
