"""The figures of a cohort, asked by their artists: what is drawn, and that texts are legible."""

import pandas as pd
import polars as pl
import pytest
from overlaps import clipped, overlapping

from immunotrack import InvalidInput, flag, plot_cohort
from immunotrack.plot.leaf import MOST_GROUPS, Around, Contents, orders
from immunotrack.plot.style import DOSE, GROUPS
from samples import doses

ANALYTES = {"CD4": ("/µL", 400.0, 1100.0), "NK": ("/µL", 90.0, 600.0), "IL-6": ("pg/mL", None, 7.0)}


def frame(patients, analytes=("CD4",), days=(0, 7, 14, 28)):
    """Results that rise from patient to patient and from day to day; every ninth one censored."""
    rows = [
        {
            "patient_id": one,
            "day": float(day),
            "analyte": analyte,
            "value": 50.0 * (1 + place % 7) + 20 * day,
            "comparator": "<" if (place + day) % 9 == 0 else "",
            "unit": ANALYTES[analyte][0],
            "low": ANALYTES[analyte][1],
            "high": ANALYTES[analyte][2],
        }
        for place, one in enumerate(patients)
        for analyte in analytes
        for day in days
    ]
    return pl.DataFrame(rows, schema_overrides={"low": pl.Float64, "high": pl.Float64})


def dosed(patients, day=7):
    """Each patient is dosed once."""
    return doses("polars", *[day] * len(patients), patient_id=list(patients))


def with_gid(figure, gid):
    """The artists of a figure that bear a gid."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def texts(figure, gid):
    """The texts of a figure that bear a gid."""
    return [artist.get_text() for artist in with_gid(figure, gid)]


IDS = [f"P{number:02d}" for number in range(8)]
HOSTILE = ["=1+1", "<b>&amp;", "$x^2$", "a\nb\u202e", "id " * 40, "患者", "P_1_%s", "007"]
ARMS = {one: ("IL-7 10 µg/kg", "placebo")[place % 2] for place, one in enumerate(IDS)}


@pytest.mark.parametrize("size", ["double", "single", "screen"])
@pytest.mark.parametrize("figure", ["multiples", "overlay", "strip"])
def test_every_text_is_legible(figure, size):
    """At every size, with groups and three analytes, nothing overlaps and nothing is cut off."""
    pages = plot_cohort(
        frame(IDS, ("CD4", "NK", "IL-6")), dosed(IDS), figure=figure, groups=ARMS, size=size
    )

    for page in pages:
        assert overlapping(page) == []
        assert clipped(page) == []


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
@pytest.mark.parametrize("figure", ["multiples", "overlay", "strip"])
def test_hostile_ids_are_drawn_as_they_are(figure):
    """Formulas, markup, mathematics, control characters, 120 letters: text, shortened, legible."""
    (page,) = plot_cohort(frame(HOSTILE), dosed(HOSTILE), figure=figure, highlight="=1+1")

    assert overlapping(page) == []
    assert clipped(page) == []
    if figure != "overlay":
        assert {"=1+1", "<b>&amp;", "$x^2$", "a\ufffdb\ufffd", "007"} <= set(texts(page, "patient"))


def test_every_group_that_is_let_through_has_a_style():
    """As many as the styles tell apart."""
    assert len(GROUPS) == MOST_GROUPS


@pytest.mark.parametrize(("pages", "parts"), [(1, [1]), (11, [2] * 5 + [1]), (102, [6] * 17)])
def test_the_parts_of_a_file_have_more_pages_where_there_are_many(pages, parts):
    """Two pages, or a sixteenth of all; what is in a part depends on nothing else."""
    leaves = [Contents(around=Around(title=str(number)), entries=()) for number in range(pages)]
    found = orders(leaves, "double", ".pdf")

    assert [len(order.leaves) for order in found] == parts
    assert [leaf for order in found for leaf in order.leaves] == leaves


def test_one_small_panel_a_patient_and_analyte():
    """8 patients by 2 analytes: two patients in a row; the same value axis in each column."""
    (page,) = plot_cohort(frame(IDS, ("CD4", "NK")), dosed(IDS), figure="multiples")

    assert len(page.axes) == 16
    assert texts(page, "patient") == IDS
    assert texts(page, "heading") == ["CD4⁺ T cells, cells/µL", "NK cells, cells/µL"] * 8
    assert len({ax.get_ylim() for ax in page.axes[::2]}) == 1
    assert len({ax.get_xlim() for ax in page.axes}) == 1
    assert len(with_gid(page, "dose")) == 16


def test_own_axes_on_request():
    """The value axes differ, and the footnote says so."""
    data = frame(IDS, ("IL-6",))
    (page,) = plot_cohort(data, dosed(IDS), figure="multiples", own_axis=True)

    assert len({ax.get_ylim() for ax in page.axes}) > 1
    assert "Each panel has a value axis of its own." in " ".join(texts(page, "footnote"))


def test_a_patient_without_an_analyte_has_an_empty_panel():
    """The place is kept, and says that there is no result."""
    some = frame(["A", "B"], ("CD4", "NK")).filter(
        (pl.col("patient_id") != "B") | (pl.col("analyte") == "CD4")
    )
    (page,) = plot_cohort(some, figure="multiples")

    assert texts(page, "no-result") == ["no result"]
    assert len(page.axes) == 4


def test_medians_and_counts_of_an_overlay():
    """Days −7, 0, 7, 21 of 8 patients in two arms: a median and an n of 4 for each window."""
    data = frame(IDS).with_columns(comparator=pl.lit(""))
    (page,) = plot_cohort(data, dosed(IDS), figure="overlay", groups=ARMS, every=7, highlight="P03")
    lines = with_gid(page, "median-line")

    colours = [line.get_color() for line in lines]
    assert colours == [GROUPS[0].colour] * 2 + [GROUPS[1].colour] * 2
    assert len(with_gid(page, "median")) == 8
    assert texts(page, "n") == [
        *("IL-7 10 µg/kg", "4", "4", "4", "4"),
        *("placebo", "4", "4", "4", "4"),
    ]
    (highlighted,) = with_gid(page, "highlight")
    assert highlighted.get_color() == DOSE
    assert list(highlighted.get_xdata()) == [-7.0, 0.0, 7.0, 21.0]


def test_a_median_that_is_not_known_is_ind():
    """Of <300 and 200 the median lies between 100 and 250: no mark, but a bar; and IND is told."""
    data = frame(["A", "B"], days=(0,)).with_columns(
        value=pl.Series([300.0, 200.0]), comparator=pl.Series(["<", ""])
    )
    (page,) = plot_cohort(data, figure="overlay")

    (bar,) = with_gid(page, "undetermined")
    assert (len(with_gid(page, "median")), list(bar.get_ydata())) == (0, [100.0, 250.0])
    assert "IND: the median lies between" in texts(page, "legend")
    assert "IND: what they allow leaves the median open." in " ".join(texts(page, "footnote"))


def test_a_median_without_an_upper_end_is_ind():
    """Of not detected, twice, and 200 the median may be any number: IND in its place."""
    data = frame(["A", "B", "C"], days=(0,)).with_columns(
        value=pl.Series([None, None, 200.0]), comparator=pl.Series(["<", "<", ""])
    )
    (page,) = plot_cohort(data, figure="overlay")

    assert texts(page, "undetermined") == ["IND"]


def test_a_table_as_read_is_flagged():
    """`read` leaves the flags empty: 190 is below 400, 470 in range."""
    table = frame(["P00"], days=(7, 21)).with_columns(flag=pl.lit(""))
    (page,) = plot_cohort(table, figure="multiples", clock="source")

    assert sorted(points.get_marker() for points in with_gid(page, "value")) == ["o", "v"]


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_a_flagged_table_is_drawn_as_it_is_flagged(kind):
    """Without default sets 60 of NK has no range, although one of them would give it one."""
    table = pl.DataFrame(
        {
            "patient_id": ["P00", "P00"],
            "day": [7.0, 21.0],
            "analyte": ["CD4", "NK"],
            "value": [190.0, 60.0],
            "unit": ["/µL", "/µL"],
            "low": [400.0, None],
            "high": [1100.0, None],
        }
    )
    given = table if kind == "polars" else pd.DataFrame(table.to_dict(as_series=False))
    (flagged,) = plot_cohort(flag(given, "none"), figure="multiples", clock="source")
    (asked,) = plot_cohort(given, figure="multiples", clock="source", ranges="none")
    (usual,) = plot_cohort(given, figure="multiples", clock="source")

    marks = [
        [points.get_marker() for points in with_gid(page, "value")]
        for page in (flagged, asked, usual)
    ]
    assert marks == [["v", "s"], ["v", "s"], ["v", "v"]]


def test_letters_of_a_strip():
    """P00: 50, 190, 330, 610 cells/µL in range 400 to 1100, the 50 and the 610 censored."""
    (page,) = plot_cohort(frame(["P00"]), dosed(["P00"]), figure="strip", every=7)

    assert texts(page, "patient") == ["P00"]
    assert texts(page, "letter") == ["L", "L", "L", "N"]
    assert texts(page, "window") == ["\u22127", "0", "7", "14", "21"]


def test_the_strip_is_sorted_by_response():
    """Without doses by the last value over the first, which is larger the smaller the first is."""
    ids = [f"P{number}" for number in range(1, 6)]
    (page,) = plot_cohort(frame(ids, days=(1, 27)), figure="strip")
    shown = [float(text.removeprefix("× ")) for text in texts(page, "response") if text]

    assert shown == sorted(shown, reverse=True)
    assert len(shown) == len(set(texts(page, "patient"))) - texts(page, "response").count("")


def test_three_hundred_patients_have_pages():
    """Contents first; every patient on one page; of one height, the last as high as its rows."""
    ids = [f"N{number:03d}" for number in range(300)]
    contents, *pages = plot_cohort(frame(ids, days=(0, 7)), dosed(ids), figure="strip")

    assert texts(contents, "title") == ["Contents"]
    assert sorted(name for page in pages for name in texts(page, "patient")) == ids
    assert len({page.get_figheight() for page in pages[:-1]}) == 1
    assert pages[-1].get_figheight() < pages[0].get_figheight()
    assert [texts(page, "page-number") for page in pages][-1] == ["10 / 10"]
    for page in (contents, pages[0], pages[-1]):
        assert (overlapping(page), clipped(page)) == ([], [])


@pytest.mark.parametrize("figure", ["multiples", "overlay", "strip"])
def test_one_patient_without_doses_and_groups(figure):
    """A cohort of one is drawn in every way, from any kind of frame, and counted as one."""
    columns = frame(["A"]).to_dict(as_series=False)
    (page,) = plot_cohort(pd.DataFrame(columns), figure=figure)

    assert clipped(page) == []
    assert texts(page, "title") == ["1 patient"]


@pytest.mark.parametrize(
    ("assumed", "told"),
    [
        ([], ""),
        (["A"], "The first dose of 1 of 2 patients is assumed."),
        (["A", "B"], "The first dose is assumed."),
    ],
)
def test_an_assumed_first_dose_is_told(assumed, told):
    """In every figure, since it is day 0; a stated one before it is the first dose then."""
    events = dosed(["A", "B"]).with_columns(
        basis=pl.when(pl.col("patient_id").is_in(assumed))
        .then(pl.lit("assumed"))
        .otherwise(pl.lit("stated"))
    )
    later = dosed(["A", "B"], day=9).with_columns(basis=pl.lit("assumed"))
    for figure in ("multiples", "overlay", "strip"):
        (page,) = plot_cohort(frame(["A", "B"]), pl.concat([later, events]), figure=figure)
        foot = " ".join(texts(page, "footnote"))

        assert (foot.count("is assumed"), told in foot) == (int(bool(told)), True)


def test_illustrative_values_are_told_on_every_page():
    """There is no way to leave it out."""
    data = frame(IDS).with_columns(origin=pl.lit("illustrative"))
    for figure in ("multiples", "overlay", "strip"):
        for page in plot_cohort(data, figure=figure):
            assert len(texts(page, "illustrative")) == 1


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"highlight": "moon"}, "--highlight  unknown-option"),
        ({"analytes": ["CD8"]}, "--analytes  unknown-option"),
        ({"log": ["NK"]}, "--log  unknown-option"),
        ({"groups": {one: one for one in IDS}}, "8 groups are more than an overlay can tell apart"),
    ],
)
def test_what_is_not_there_is_refused(chosen, message):
    """With the choices, before anything is drawn."""
    with pytest.raises(InvalidInput) as error:
        plot_cohort(frame(IDS), **chosen)

    assert message in str(error.value.problems[0])
