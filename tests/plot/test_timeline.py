"""The timeline asked by its artists: what is drawn, where, in which order, and what it says."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from overlaps import clipped, overlapping

from immunotrack import (
    InvalidInput,
    Measurement,
    Patient,
    TreatmentEvent,
    load_case,
    plot_timeline,
    read,
)
from immunotrack.plot.notes import ILLUSTRATIVE
from immunotrack.plot.style import DOSE, FONT, HIGH, INK, LOW, SIZES


def with_gid(figure: Figure, gid: str) -> list:
    """The artists of a figure that bear a gid, in drawing order."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def texts(figure: Figure, gid: str) -> list[str]:
    """The texts of a figure that bear a gid."""
    return [artist.get_text() for artist in with_gid(figure, gid)]


def patient(values, *, analyte="CD4", unit="/µL", **more) -> Patient:
    """A patient with one result a day."""
    return Patient(
        patient_id="P1",
        measurements=[
            Measurement(day=float(day), analyte=analyte, reported=str(value), unit=unit, **more)
            for day, value in enumerate(values)
        ],
        events=[TreatmentEvent(kind="dose", name="IL-7", start_day=2, dose=10, dose_unit="µg/kg")],
    )


@pytest.fixture(scope="module")
def case_figure() -> Figure:
    """The case report's figure in double column."""
    return plot_timeline(load_case("monneret-2020"))


def test_panels_are_those_of_the_report(case_figure):
    """Six panels in the order of Fig. 1, each with its unit."""
    assert texts(case_figure, "heading") == [
        "Lymphocytes",
        "CD4⁺ T cells",
        "NK cells",
        "mHLA-DR",
        "Plasma IFN-γ",
        "IFN score",
    ]
    assert texts(case_figure, "unit") == [
        *["cells/µL"] * 3,
        "AB/C",
        "pg/mL",
        "ratio to normal",
    ]


@pytest.mark.parametrize(("sign", "result"), [("+", "positive"), ("−", "negative")])
def test_signs_of_results_are_those_of_the_font(sign, result):
    """The outline of the letter in units of the font (2048 to the em), around its middle."""
    letter = TextPath((0, 0), sign, size=2048, prop=FontProperties(family=FONT)).vertices[:-1]
    middle = (letter.max(axis=0) + letter.min(axis=0)) / 2
    day = TreatmentEvent(kind="test result", name="PCR", start_day=1, result=result)
    person = patient([500, 600]).model_copy(update={"events": [day]})
    marks = [line.get_marker() for line in with_gid(plot_timeline(person), "event")]
    (outline,) = [mark.vertices for mark in marks if not isinstance(mark, str)]

    assert corners(outline) == corners(letter - middle)


def corners(outline) -> set[tuple[float, float]]:
    """The corners of an outline, in whole units."""
    return {tuple(corner) for corner in np.round(outline)}


def test_lanes_are_those_of_the_case(case_figure):
    """One lane for each kind of event that the case chose, doses first."""
    assert texts(case_figure, "lane") == [
        "IL-7, µg/kg",
        "Ventilation",
        "Steroids",
        "Infection",
        "PCR",
        "Outcome",
    ]


def test_every_dose_is_marked_with_its_size(case_figure):
    """Seven triangles on their days; the first is filled (stated), the others open (assumed)."""
    strip = case_figure.axes[0]
    marks = [line for line in strip.lines if line.get_gid() == "dose"]

    assert [line.get_xdata()[0] for line in marks] == [24, 26, 29, 33, 36, 40, 43]
    assert [to_hex(line.get_markerfacecolor()) for line in marks] == [DOSE, *["#ffffff"] * 6]
    labels = [t for t in strip.texts if t.get_gid() == "event-label" and t.get_color() == DOSE]
    assert [label.get_text() for label in labels] == ["3", *["10"] * 6]


def test_bands_are_the_ranges_that_apply(case_figure):
    """1100-3200, 414-1123, 150-1100 cells/µL; ≥ 15 000 to the top, ≤ 10.4 and ≤ 2.466 from zero."""
    bands = [next(p for p in ax.patches if p.get_gid() == "band") for ax in case_figure.axes[1:]]
    edges = [(band.get_y(), band.get_y() + band.get_height()) for band in bands]
    tops = [ax.get_ylim()[1] for ax in case_figure.axes[1:]]

    expected = [(1100, 3200), (414, 1123), (150, 1100), (15000, tops[3]), (0, 10.4), (0, 2.466)]
    for edge, pair in zip(edges, expected, strict=True):
        assert edge == pytest.approx(pair)
    assert all(top > edge[1] for top, edge in zip(tops[:3], edges[:3], strict=True))


def test_ranges_are_written(case_figure):
    """Each panel says its range at the corner."""
    assert [text.replace("\u2009", "") for text in texts(case_figure, "range")] == [
        "ref 1100–3200",
        "ref 414–1123",
        "ref 150–1100",
        "ref ≥ 15000",
        "ref ≤ 10.4",
        "ref ≤ 2.466",
    ]


def test_the_line_joins_the_highest_of_each_window(case_figure):
    """Lymphocytes by hand from measurements.csv: the highest of each window, on its own day."""
    (line,) = [a for a in case_figure.axes[1].lines if a.get_gid() == "line"]

    assert list(zip(*line.get_data(), strict=True)) == [
        (22, 470),
        (28, 760),
        (30, 1240),
        (34, 1900),
        (37, 1050),
        (41, 1480),
        (44, 1850),
    ]


def test_every_sample_is_drawn_faintly_behind(case_figure):
    """All fourteen lymphocyte samples are there, behind the line."""
    faint = [a for a in case_figure.axes[1].lines if a.get_gid() == "sample"]
    (line,) = [a for a in case_figure.axes[1].lines if a.get_gid() == "line"]

    assert sum(len(artist.get_xdata()) for artist in faint) == 14
    assert max(artist.get_zorder() for artist in faint) < line.get_zorder()


def test_windows_are_bracketed(case_figure):
    """Seven windows along the axis of each cellular panel, none on the plasma panels."""
    counts = [sum(a.get_gid() == "window" for a in ax.lines) for ax in case_figure.axes[1:]]

    assert counts == [7, 7, 7, 7, 0, 0]


def test_the_first_dose_has_an_arrow_in_every_panel(case_figure):
    """A red arrow on day 24, as in the report."""
    arrows = [[t.xy[0] for t in ax.texts if t.get_gid() == "dose"] for ax in case_figure.axes[1:]]

    assert arrows == [[24]] * 6


def test_decision_limits_are_lines(case_figure):
    """8000 and 15 000 AB/C are dashed lines on mHLA-DR, and on no other panel."""
    limits = [
        [line.get_ydata()[0] for line in ax.lines if line.get_gid() == "decision-limit"]
        for ax in case_figure.axes[1:]
    ]

    assert limits == [[], [], [], [8000, 15000], [], []]


def test_the_face_says_illustrative(case_figure):
    """The words are there, computed from the data."""
    assert texts(case_figure, "illustrative") == [ILLUSTRATIVE]


def test_one_illustrative_value_is_enough_and_none_is_too_few():
    """The words stay until the last illustrative value is gone."""
    known = patient([500, 600], origin="quoted")
    mixed = known.model_copy(
        update={
            "measurements": (
                *known.measurements,
                Measurement(day=3, analyte="CD4", value=1, unit="/µL", origin="illustrative"),
            )
        }
    )

    assert with_gid(plot_timeline(known), "illustrative") == []
    assert len(with_gid(plot_timeline(mixed), "illustrative")) == 1


def test_illustrative_values_that_are_not_drawn_are_not_claimed():
    """Only what a figure draws can be illustrative on it."""
    case = load_case("monneret-2020")
    quoted = Measurement(day=1, analyte="CD8", value=300, unit="/µL", origin="quoted")
    both = case.patients[0].model_copy(
        update={"measurements": (*case.patients[0].measurements, quoted)}
    )

    assert with_gid(plot_timeline(both, analytes=["CD8"]), "illustrative") == []


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("name", ["monneret-2020", "miskin-2016"])
def test_no_text_overlaps_or_is_clipped(name, size):
    """At every size, by the bounding boxes of all texts."""
    figure = plot_timeline(load_case(name), size=size)

    assert overlapping(figure) == []
    assert clipped(figure) == []


@pytest.mark.parametrize("size", ["double", "single"])
def test_journal_sizes(size):
    """183 or 89 mm wide, at most 170 mm high, text of 5 to 9 points."""
    figure = plot_timeline(load_case("monneret-2020"), size=size)
    width, height = figure.get_size_inches() * 25.4
    points = {t.get_fontsize() for t in figure.findobj(lambda a: hasattr(a, "get_fontsize"))
              if t.get_text()}  # fmt: skip

    assert width == pytest.approx({"double": 183, "single": 89}[size])
    assert height <= 170
    assert min(points) >= 5
    assert max(points) <= 9


def test_status_is_shape_and_colour():
    """Below ▼, in range ●, above ▲, each in its own colour."""
    figure = plot_timeline(patient([100, 500, 2000]))
    marks = {
        line.get_marker(): (to_hex(line.get_markerfacecolor()), list(line.get_ydata()))
        for line in figure.axes[1].lines
        if line.get_gid() == "value"
    }

    assert marks == {"v": (LOW, [100]), "o": (INK, [500]), "^": (HIGH, [2000])}


def test_a_censored_value_is_an_open_mark_at_its_limit():
    """`<5` is drawn at 5, open, and named in the legend."""
    figure = plot_timeline(patient(["<5", "500"]))
    (mark,) = [line for line in figure.axes[1].lines if line.get_gid() == "censored"]

    assert list(mark.get_ydata()) == [5]
    assert to_hex(mark.get_markerfacecolor()) == "#ffffff"
    assert "below detection or quantification" in texts(figure, "legend")


def test_the_band_steps_and_the_line_breaks_where_the_range_changes():
    """Two ranges of one series give two bands that meet where the second begins."""
    person = Patient(
        patient_id="P1",
        measurements=[
            Measurement(day=day, analyte="CD4", value=500, unit="/µL", low=low, high=1200)
            for day, low in ((0.0, 400), (1.0, 400), (5.0, 300), (6.0, 300))
        ],
    )
    (ax,) = plot_timeline(person).axes
    bands = [(p.get_x(), p.get_x() + p.get_width(), p.get_y()) for p in ax.patches
             if p.get_gid() == "band"]  # fmt: skip
    lines = [list(line.get_xdata()) for line in ax.lines if line.get_gid() == "line"]

    assert [band[2] for band in bands] == [400, 300]
    assert bands[0][1] == bands[1][0] == 5
    assert lines == [[0, 1], [5, 6]]


def test_counts_start_at_zero_and_a_log_axis_does_not():
    """A count's axis begins at 0; on a log axis a zero is left out and the band still shows."""
    plain = plot_timeline(patient([500, 900])).axes[1]
    log = plot_timeline(patient([0, 5, 900]), log=["CD4"]).axes[1]

    assert plain.get_ylim()[0] == 0
    assert log.get_yscale() == "log"
    assert 0 < log.get_ylim()[0] < 5
    drawn = np.concatenate([a.get_ydata() for a in log.lines if a.get_gid() == "value"])
    assert sorted(drawn) == [5, 900]


def test_dates_are_counted_from_the_first_dose():
    """Samples before the first dose are negative, and the axis names the clock."""
    person = Patient(
        patient_id="P1",
        measurements=[
            Measurement(time=dt.datetime(2020, 3, day), analyte="CD4", value=500, unit="/µL")  # noqa: DTZ001
            for day in (1, 10, 20)
        ],
        events=[TreatmentEvent(kind="dose", name="IL-7", start_time="2020-03-10")],
    )
    ax = plot_timeline(person).axes[1]
    (line,) = [a for a in ax.lines if a.get_gid() == "line"]

    assert list(line.get_xdata()) == [-9, 0, 10]
    assert ax.get_xlabel() == "Days after first IL-7 dose"


def test_an_analyte_that_is_not_there_is_refused():
    """An option that matches nothing is an error that lists what there is."""
    with pytest.raises(InvalidInput) as caught:
        plot_timeline(patient([500]), analytes=["NK"])

    assert str(caught.value.problems[0]) == (
        "--analytes  unknown-option (error): 'nk' has nothing to draw here. There are: cd4."
    )


def test_too_many_panels_for_a_journal_page_are_refused():
    """Sixteen panels do not fit a single column; the message says what to do."""
    table = pd.DataFrame(
        [
            {"patient_id": "P1", "day": float(day), "analyte": f"marker {n}", "value": 1.0 + day,
             "unit": "x"}
            for n in range(16)
            for day in range(3)
        ]
    )  # fmt: skip
    wanted = [f"marker {n}" for n in range(16)]

    with pytest.raises(InvalidInput) as caught:
        plot_timeline(table, analytes=wanted, size="single")

    assert str(caught.value.problems[0]) == (
        "figure  unknown-option (error): 16 panels and 0 lanes have no room on a page of size "
        "single. Choose fewer with --analytes, give fewer events, or take --size screen."
    )


def test_text_from_files_is_never_mathtext():
    """Dollar signs and backslashes in names are drawn as they are."""
    figure = plot_timeline(patient([1, 2], analyte=r"$\frac{a$ _^", unit="$x"))

    assert texts(figure, "heading") == [r"$\frac{a$ _^"]
    assert overlapping(figure) == []


def treated(doses: list[tuple[float, float]], **more) -> Patient:
    """A patient with these doses, as (day, size)."""
    events = [
        TreatmentEvent(kind="dose", name="IL-7", start_day=day, dose=dose, dose_unit="µg/kg")
        for day, dose in doses
    ]
    return patient([500] * 30).model_copy(update={"events": (*events, *more.get("also", ()))})


def dose_texts(figure: Figure) -> list[str]:
    """The sizes written below the doses."""
    return [t.get_text() for t in figure.axes[0].texts if t.get_color() == DOSE]


@pytest.mark.parametrize("size", list(SIZES))
def test_daily_doses_of_one_size_are_thinned(size):
    """Sixty equal doses have their size where there is room, and no text runs into another."""
    figure = plot_timeline(treated([(day / 2, 10) for day in range(60)]), size=size)

    assert set(dose_texts(figure)) == {"10"}
    assert overlapping(figure) == []


def test_sizes_that_differ_and_have_no_room_are_written_once():
    """No mark may pass for another size: 10 and 2000 in turn are named together."""
    figure = plot_timeline(treated([(day / 4, (10, 2000)[day % 2]) for day in range(60)]))

    assert [text.replace("\u2009", "") for text in dose_texts(figure)] == ["10, 2000"]


def test_doses_in_several_units_bear_their_own():
    """10 mg and 10 µg are not the same mark."""
    other = TreatmentEvent(kind="dose", name="IL-7", start_day=20, dose=10, dose_unit="mg")
    figure = plot_timeline(treated([(2, 10)], also=(other,)))

    assert dose_texts(figure) == ["10 µg/kg", "10 mg"]
    assert texts(figure, "lane") == ["IL-7"]


def test_names_of_marks_do_not_run_into_each_other():
    """Twenty tests a day apart: names that have no room are left out."""
    tests = [
        TreatmentEvent(kind="test result", name="culture", start_day=day, result="K. pneumoniae")
        for day in range(20)
    ]
    figure = plot_timeline(treated([], also=tests))

    assert overlapping(figure) == []


def test_results_in_another_unit_are_left_out_and_told(tmp_path, run):
    """20 % has no place on an axis in cells/µL; the table and stderr say so."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,CD4,500,/µL\nP,2,CD4,20,%\nP,3,CD4,0.4,G/L\n",
        encoding="utf-8",
    )
    done = run("plot", "labs.csv", "--data", "t.csv")
    table = pd.read_csv(tmp_path / "t.csv")

    assert "mixed-units (warning): 1 results of cd4 in % have no place on an axis in cells/µL" in (
        done.stderr
    )
    assert table[["day", "value", "series"]].to_numpy().tolist() == [
        [1, 500, "value"],
        [3, 400, "value"],
        [2, 20, "not drawn"],
    ]


def test_windows_of_another_clock_are_told(run, tmp_path):
    """Windows after ICU admission on a figure that counts from the first result."""
    (tmp_path / "labs.csv").write_text(
        "patient,date,test,value,unit\nP,2020-03-01,CD4,500,/µL\n", encoding="utf-8"
    )
    done = run("plot", "labs.csv", "--windows", "monneret-2020")

    assert (
        "figure  mixed-clock (warning): the windows monneret-2020 count days after ICU admission, "
        "the figure counts Days after first result." in done.stderr
    )


def test_nothing_to_draw_is_an_error(run, tmp_path):
    """A patient without any number has no figure, and the message says why."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,CD4,not detected,/µL\n", encoding="utf-8"
    )
    done = run("plot", "labs.csv")

    assert done.returncode == 4
    assert done.stderr.splitlines()[-2] == (
        "figure  not-drawn (error): there is nothing to draw: results without a number: cd4 (1)."
    )
    assert not (tmp_path / "timeline.png").exists()


@pytest.mark.parametrize("size", list(SIZES))
def test_long_names_stay_on_the_page(size):
    """Names of any length are shortened: title, heading, unit, lane, outcome."""
    long = "a very long name of something that was measured " * 6
    person = patient([500, 600], analyte=long, unit=long)
    events = [
        TreatmentEvent(kind="drug", name=long, lane=long, start_day=0, end_day=1),
        TreatmentEvent(kind="outcome", name=long, start_day=1),
    ]
    figure = plot_timeline(
        person.model_copy(update={"patient_id": long, "events": tuple(events)}), size=size
    )

    assert clipped(figure) == []
    assert overlapping(figure) == []


@pytest.mark.parametrize("size", list(SIZES))
def test_real_patients_have_no_overlapping_text(shared_data, size):
    """A patient of each real file, with many analytes, at every size."""
    labs = read(shared_data / "smart-patients" / "labs.txt")
    figure = plot_timeline(labs, patient="1796238", size=size)

    assert overlapping(figure) == []
    assert clipped(figure) == []


def test_pyplot_is_not_touched():
    """No figure manager knows of the figure, so there is nothing to close."""
    import matplotlib.pyplot as plt

    plot_timeline(patient([500]))

    assert plt.get_fignums() == []


@pytest.mark.parametrize("short", [8.0, 11.0, 14.0, 17.0, 20.0])
def test_the_size_of_a_dose_is_never_shortened(short):
    """A bar too short for "10 mg" says nothing: "1…" would be another size."""
    spans = [(0.0, short), (short + 1, 150.0), (151.0, 160.0)]
    events = tuple(
        TreatmentEvent(
            kind="dose", name="drug", start_day=start, end_day=end, dose=10.0, dose_unit="mg"
        )
        for start, end in spans
    )
    person = patient(range(1, 162)).model_copy(update={"events": events})
    figure = plot_timeline(person, size="single")

    assert set(texts(figure, "event-label")) == {"10 mg"}
