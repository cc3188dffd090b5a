"""What a figure shows on request, asked of its artists and of the rows that it draws."""

import re

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from overlaps import clipped, overlapping

from immunotrack import (
    InvalidInput,
    Measurement,
    Patient,
    TreatmentEvent,
    flag,
    load_case,
    plot_timeline,
    read,
    response,
)
from immunotrack.figure import Choice, source_timeline
from immunotrack.plot.asked import SHOWS, ask
from immunotrack.plot.drawn import DRAWN, Timeline
from immunotrack.plot.marking import spread
from immunotrack.plot.style import DOSE, SIZES
from immunotrack.readers import read_source
from immunotrack.variation import Variation

THREE_A_WEEK = "3 µg/kg on day 24, then 10 µg/kg three times a week for 4 weeks"
OWN = [
    Variation(
        analyte="lymphocytes",
        cv_within_subject_percent=12,
        cv_analytical_percent=5,
        source="our laboratory",
    )
]


def with_gid(figure: Figure, gid: str) -> list:
    """The artists of a figure that bear a gid, in drawing order."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def texts(figure: Figure, gid: str) -> list[str]:
    """The texts of a figure that bear a gid."""
    return [artist.get_text() for artist in with_gid(figure, gid)]


def footnote(figure: Figure) -> str:
    """The footnote of a figure in one line."""
    return " ".join(texts(figure, "footnote"))


def decided(show: str, *analytes: str, **more) -> Timeline:
    """What the figure of the case report draws."""
    source = read_source(["monneret-2020"])
    asked = ask(show, **more)
    return source_timeline(source, source.events.table, Choice(analytes=analytes, asked=asked))


def rows(timeline: Timeline, series: str) -> list[dict]:
    """The rows of one series."""
    return [dict(row) for row in timeline.table if row["series"] == series]


def case(show: str, *analytes: str, **more) -> Figure:
    """The figure of the case report with something shown."""
    return plot_timeline(load_case("monneret-2020"), analytes=analytes, show=show, **more)


def patient(values, *, dose_days=(2.0,), **more) -> Patient:
    """A patient with one CD4 count a day."""
    return Patient(
        patient_id="P1",
        measurements=[
            Measurement(day=float(day), analyte="CD4", reported=str(value), unit="/µL", **more)
            for day, value in enumerate(values)
        ],
        events=[
            TreatmentEvent(kind="dose", name="IL-7", start_day=day, dose=10, dose_unit="µg/kg")
            for day in dose_days
        ],
    )


# --- nothing by default


def test_nothing_is_shown_that_was_not_asked_for():
    """The default figure has no artist of these gids and no row of these series."""
    figure = plot_timeline(load_case("monneret-2020"), analytes=["lymphocytes"])
    gids = {artist.get_gid() for artist in figure.findobj()}

    assert not gids & {"grade-band", "baseline", "peak", "recovery", "relapse", "change"}
    assert not gids & {"uncertainty", "missed-dose", "extra-dose", "pattern"}
    assert {row["series"] for row in decided("").table} == {"value", "window", "sample"}


# --- grades


def test_grade_bands_are_those_of_ctcae():
    """Lymphocytes: G4 below 200, G3 to 500, G2 to 800, G1 to the lower limit, 1100 cells/µL."""
    figure = case("grades", "lymphocytes")
    bands = [(p.get_y(), p.get_y() + p.get_height()) for p in with_gid(figure, "grade-band")]

    assert bands == [(0, 200), (200, 500), (500, 800), (800, 1100)]
    assert texts(figure, "grade-label") == ["G4", "G3", "G2", "G1"]
    assert "severity grade, G1 to G4" in texts(figure, "legend")
    assert "ctcae-v5 (5.0, 27 November 2017); that it fits the patient is assumed." in footnote(
        figure
    )


def test_grade_bands_lie_behind_the_reference_band():
    """The band, the line and the points are drawn over them."""
    figure = case("grades", "lymphocytes")
    (reference,) = with_gid(figure, "band")

    assert all(p.get_zorder() < reference.get_zorder() for p in with_gid(figure, "grade-band"))


def test_a_grade_that_the_lower_limit_leaves_no_value_has_no_band():
    """CTCAE grade 1 of CD4 is from 500 to the lower limit, which is 414 here: empty."""
    marks = [row["mark"] for row in rows(decided("grades", "cd4"), "grade")]

    assert marks == ["G4", "G3", "G2"]


def test_daids_is_for_over_five_years():
    """Lymphocytes of an adult: 350, 500, 600 and 650 cells/µL; without an age nothing is drawn."""
    found = rows(decided("grades", "lymphocytes", grade_scale="daids-v2.1"), "grade")
    ageless = plot_timeline(patient([100, 200]), show="grades", grade_scale="daids-v2.1")

    assert [row["to_value"] for row in found] == [350, 500, 600, 650]
    assert with_gid(ageless, "grade-band") == []


def test_grades_step_where_the_range_does():
    """A lower limit of 700 and then of 600 gives grade 1 to 700, and to 600 from day 2 on."""
    person = Patient(
        patient_id="P1",
        measurements=[
            Measurement(day=day, analyte="CD4", value=500, unit="/µL", low=low, high=1200)
            for day, low in ((0.0, 700), (2.0, 600), (3.0, 600))
        ],
    )
    figure = plot_timeline(person, show=["grades"])
    tops = [(p.get_x(), p.get_y() + p.get_height()) for p in with_gid(figure, "grade-band")]

    assert (2, 600) in tops
    assert [top for _, top in tops if top == 700] == [700]


def test_grades_without_a_lower_limit_are_told():
    """Without any range CTCAE has grades 2 to 4 of CD4 only, and the footnote says so."""
    figure = plot_timeline(patient([100, 300]), ranges="none", show="grades")

    assert texts(figure, "grade-label") == ["G4", "G3", "G2"]
    assert "No grade that needs a lower limit where there is none: CD4⁺ T cells." in footnote(
        figure
    )


def test_only_graded_analytes_have_bands():
    """CTCAE grades no NK cells: nothing to draw, and it is told."""
    timeline = decided("grades", "nk")

    assert rows(timeline, "grade") == []
    assert "--show grades has nothing to show: nk: not an analyte of the scale" in (
        timeline.problems[-1].message
    )


def test_labels_are_spread_about_their_places():
    """Two labels 0.1 apart that need 0.2 move by 0.05 each; none goes below the axis."""
    assert spread([0.5, 0.6], 0.2) == pytest.approx([0.45, 0.65])
    assert spread([0.0, 0.05, 0.9], 0.2) == pytest.approx([0.0, 0.2, 0.9])


# --- the read-out


def test_marks_are_the_read_out_of_response():
    """Baseline, peak, recovery and relapse of every panel are those of `immunotrack response`."""
    timeline = decided("baseline,response")
    person = load_case("monneret-2020").patients[0]
    case_ranges = read_source(["monneret-2020"]).ranges
    told = response(
        flag(person.to_frame(), case_ranges), person.events_to_frame(), ranges=case_ranges
    ).set_index("analyte")

    def days(series, *columns):
        """The days of a series, analyte by analyte, and those of the read-out."""
        found = {(row["analyte"], row["day"], row["to_day"]) for row in rows(timeline, series)}
        expected = {
            (key, told.loc[key, first], told.loc[key, last])
            for first, last in columns
            for key in {panel.analyte for panel in timeline.panels}
            if pd.notna(told.loc[key, last])
        }
        return found, expected

    found, expected = days(
        "recovery",
        ("recovered_after_day", "recovered_by_day"),
        ("recovered_again_after_day", "recovered_again_by_day"),
    )
    assert found == expected
    found, expected = days("relapse", ("relapsed_after_day", "relapsed_by_day"))
    assert found == expected
    for series in ("baseline", "peak"):
        assert {(row["analyte"], row["day"], row["value"]) for row in rows(timeline, series)} == {
            (panel.analyte, *told.loc[panel.analyte, [f"{series}_day", series]])
            for panel in timeline.panels
        }


def test_recovery_is_an_interval_at_the_limit_that_was_crossed():
    """Lymphocytes: below 1100 on day 28, in range on day 30; the bar joins the two days."""
    figure = case("response", "lymphocytes")
    bars = [list(zip(*a.get_data(), strict=True)) for a in with_gid(figure, "recovery")]

    assert bars == [[(28, 1100), (30, 1100)], [(38, 1100), (41, 1100)]]
    assert [list(a.get_xdata()) for a in with_gid(figure, "relapse")] == [[34, 37]]
    assert {"recovery, between two samples", "relapse, between two samples"} <= set(
        texts(figure, "legend")
    )


def test_recovery_from_above_is_at_the_upper_limit():
    """IFN-γ: 24 pg/mL on day 22, 8.1 on day 28, limit 10.4; nothing relapses."""
    figure = case("response", "ifn_gamma")

    (bar,) = with_gid(figure, "recovery")

    assert list(zip(*bar.get_data(), strict=True)) == [(22, 10.4), (28, 10.4)]
    assert with_gid(figure, "relapse") == []


def test_the_peak_stands_at_its_sample():
    """1900 cells/µL on day 34."""
    (peak,) = with_gid(case("response", "lymphocytes"), "peak")

    assert (*peak.get_xdata(), *peak.get_ydata()) == (34, 1900)


def test_the_baseline_runs_from_its_day():
    """470 cells/µL on day 22, drawn to the end of the axis."""
    figure = case("baseline", "lymphocytes")
    (line,) = with_gid(figure, "baseline")

    assert list(line.get_ydata()) == [470, 470]
    assert list(line.get_xdata()) == [22, figure.axes[1].get_xlim()[1]]


def test_ranges_that_were_left_out_give_no_recovery():
    """With --ranges none no default set comes back by way of the read-out."""
    figure = plot_timeline(patient([100, 200, 300, 800, 900]), ranges="none", show="response")

    assert with_gid(figure, "recovery") == []
    assert len(with_gid(figure, "peak")) == 1


def test_without_a_dose_the_reason_is_told():
    """No dose: neither baseline nor peak, said once for each name."""
    timeline = decided_of(patient([100, 200], dose_days=()), "baseline,response")

    assert [problem.message for problem in timeline.problems] == [
        "--show baseline has nothing to show: cd4: baseline: no dose is known",
        (
            "--show response has nothing to show: cd4: nadir, peak: no dose is known; "
            "recovery: no dose is known"
        ),
    ]


def decided_of(person: Patient, show: str, **more) -> Timeline:
    """What the figure of a patient draws."""
    from immunotrack.figure import _timeline

    return _timeline(person, None, Choice(asked=ask(show, **more)))


def test_a_censored_peak_is_no_peak():
    """`>600` may be higher than 700: no star, and the reason is that of the read-out."""
    timeline = decided_of(patient(["100", "200", ">600", "700"], dose_days=(0.0,)), "response")

    assert rows(timeline, "peak") == []


def test_results_that_do_not_convert_have_no_read_out():
    """Counts and percent of one analyte: told, and nothing is drawn of a mixture."""
    person = patient([100, 200, 500])
    percent = Measurement(day=4, analyte="CD4", value=30, unit="%")
    mixed = person.model_copy(update={"measurements": (*person.measurements, percent)})
    timeline = decided_of(mixed, "response")

    assert rows(timeline, "peak") == []
    assert timeline.problems[-1].message == (
        "--show response has nothing to show: cd4: all values: cells/µL and % do not convert into "
        "each other"
    )


# --- what varies by itself


def test_changes_beyond_the_reference_change_value_are_marked():
    """1.96 × √2 × √(12² + 5²) = 36.0 %: 470 → 640 (+36.2 %) is marked, 640 → 760 is not."""
    found = rows(decided("changes", "lymphocytes", variation=OWN), "change")

    assert [(row["day"], row["to_day"], row["mark"]) for row in found] == [
        (22, 27, "U"),
        (28, 30, "U"),
        (30, 33, "U"),
        (34, 37, "D"),
        (38, 41, "U"),
    ]
    assert found[0]["why"] == "a rise of 36.2 %, beyond 36 %"


def test_a_change_is_a_stroke_between_two_samples():
    """From 470 on day 22 to 640 on day 27, behind the line, with its source in the footnote."""
    figure = case("changes", "lymphocytes", variation=OWN)
    first = with_gid(figure, "change")[0]
    (line,) = [a for a in figure.axes[1].lines if a.get_gid() == "line"]

    assert list(zip(*first.get_data(), strict=True)) == [(22, 470), (27, 640)]
    assert first.get_zorder() < line.get_zorder()
    assert "Variation: Lymphocytes CVI 12 %, CVA 5 % (our laboratory)." in footnote(figure)


def test_changes_without_a_known_variation_are_told():
    """No built-in source has both CVs of an analyte."""
    timeline = decided("changes", "cd4")

    assert timeline.problems[-1].message == (
        "--show changes has nothing to show: cd4: no analytical variation known"
    )


def test_a_change_within_the_reference_change_value_is_told():
    """1.96 × √2 × √(12² + 5²) = 36.0 %: 500 → 600 is no change that matters."""
    own = [entry.model_copy(update={"analyte": "cd4"}) for entry in OWN]
    timeline = decided_of(patient([500, 600]), "changes", variation=own)

    assert timeline.problems[-1].message == (
        "--show changes has nothing to show: cd4: none exceeds the reference change value for "
        "certain"
    )


def test_uncertainty_is_a_bar_of_the_expanded_analytical_cv():
    """mHLA-DR, CVA at most 3.2 %: 4200 ± 1.96 × 0.032 × 4200 = 4200 ± 263.424."""
    figure = case("uncertainty", "mhla_dr")
    first = with_gid(figure, "uncertainty")[0]

    assert list(first.get_ydata()) == pytest.approx([3936.576, 4463.424])
    assert "Variation: mHLA-DR CVA ≤ 3.2 % (Demaret J et al." in footnote(figure)


def test_a_bound_has_no_uncertainty():
    """`<50` says nothing that a bar could be drawn around."""
    own = [Variation(analyte="cd4", cv_analytical_percent=10, source="s")]
    figure = plot_timeline(patient(["<50", "100"]), show="uncertainty", variation=own)

    assert [list(a.get_ydata()) for a in with_gid(figure, "uncertainty")] == [
        pytest.approx([80.4, 119.6])
    ]


def test_a_bar_is_within_the_axis():
    """500 ± 98 % reaches 990, which the axis holds; a count's axis still starts at zero."""
    own = [Variation(analyte="cd4", cv_analytical_percent=50, source="s")]
    figure = plot_timeline(patient([500, 500]), ranges="none", show="uncertainty", variation=own)
    bottom, top = figure.axes[1].get_ylim()

    assert bottom == 0
    assert top > 990


# --- doses against their plan


def test_doses_of_a_plan_that_were_missed_are_crosses_in_the_lane():
    """Planned: 24, 26, 28, 30, 33, 35, 37, 40, 42, 44 (then death on day 46).

    Given: 24, 26, 29, 33, 36, 40, 43. Within a day 28 is 29, 35 is 36, 42 is 43; 30, 37 and 44 are
    missed.
    """
    figure = case("missed", "lymphocytes", plan=THREE_A_WEEK)
    crosses = with_gid(figure, "missed-dose")

    assert [list(a.get_xdata()) for a in crosses] == [[30], [37], [44]]
    assert {to_hex(a.get_markeredgecolor()) for a in crosses} == {DOSE}
    assert crosses[0].axes is figure.axes[0]
    assert "Within 1 day of it: 7 given, 3 missed, 3 not due." in footnote(figure)
    assert "planned dose, missed" in texts(figure, "legend")


def test_a_dose_beyond_the_plan_has_a_ring():
    """Planned on days 2 and 4, given on 2, 4 and 7."""
    figure = plot_timeline(
        patient([500] * 9, dose_days=(2.0, 4.0, 7.0)),
        show="missed",
        plan="10 µg/kg on days 2, 4",
    )

    assert [list(a.get_xdata()) for a in with_gid(figure, "extra-dose")] == [[7]]
    assert with_gid(figure, "missed-dose") == []


def test_a_plan_without_a_first_day_begins_with_the_first_dose():
    """10 µg/kg every 3 days for 9 days from day 2: 2, 5 and 8; the footnote says so."""
    figure = plot_timeline(
        patient([500] * 12), show="missed", plan="10 µg/kg every 3 days for 9 days"
    )

    assert [list(a.get_xdata()) for a in with_gid(figure, "missed-dose")] == [[5], [8]]
    assert "its first day is taken as that of the first dose" in footnote(figure)


def test_a_plan_of_one_of_several_doses_names_it():
    """With two drugs the plan says whose it is; without that it is refused."""
    person = patient([500] * 9)
    other = TreatmentEvent(kind="dose", name="IFN", start_day=3, dose=1, dose_unit="mg")
    both = person.model_copy(update={"events": (*person.events, other)})
    figure = plot_timeline(both, show="missed", plan="IFN=1 mg daily for 3 days")

    assert [list(a.get_xdata()) for a in with_gid(figure, "missed-dose")] == [[4], [5]]
    with pytest.raises(InvalidInput) as caught:
        plot_timeline(both, show="missed", plan="1 mg daily for 3 days")
    assert str(caught.value.problems[0]) == (
        "--plan  unknown-option (error): it may be of several. Write --plan 'IL-7=…'; "
        "there are: IL-7, IFN."
    )


def test_spans_of_doses_are_not_held_against_a_plan():
    """From day 1 to day 5 says nothing of single days."""
    span = TreatmentEvent(kind="dose", name="IL-7", start_day=1, end_day=5, dose=1, dose_unit="mg")
    person = patient([500] * 9, dose_days=()).model_copy(update={"events": (span,)})
    timeline = decided_of(person, "missed", plan="1 mg daily for 7 days")

    assert timeline.problems[-1].message == (
        "--show missed has nothing to show: IL-7: 1 span of doses, whose days are not known"
    )


def test_missed_doses_outside_the_axis_are_told():
    """Daily from day 2 for 20 days, 1 given: the axis ends with the results, the rest is told."""
    timeline = decided_of(patient([500] * 9), "missed", plan="10 µg/kg daily for 20 days")
    within = rows(timeline, "missed dose")

    assert max(row["day"] for row in within) <= timeline.days[1]
    assert timeline.problems[-1].message == (
        f"{19 - len(within)} doses of the plan lie outside the time axis"
    )


# --- the request


def told(**more) -> list[str]:
    """The problems of a request."""
    with pytest.raises(InvalidInput) as caught:
        ask(**more)
    return [str(problem) for problem in caught.value.problems]


def test_unknown_names_are_refused_all_at_once():
    """Every name that is none is told with the choices."""
    names = ", ".join(SHOWS)

    assert told(show="grade,baselines") == [
        f"--show  unknown-option (error): 'grade' is not known. Write one of: {names}.",
        f"--show  unknown-option (error): 'baselines' is not known. Write one of: {names}.",
    ]


def test_options_that_show_nothing_are_refused():
    """A scale without grades, a variation or a plan that nothing uses."""
    assert told(show="baseline", grade_scale="ctcae-v5", plan="iliad7-uk", variation="x.toml") == [
        "--grade-scale  unknown-option (error): it is for --show grades. Add --show grades.",
        (
            "--variation  unknown-option (error): it is for --show changes or uncertainty. "
            "Add --show changes."
        ),
        "--plan  unknown-option (error): it is for --show missed. Add --show missed.",
    ]


def test_missed_doses_need_a_plan():
    """The published ones are listed."""
    (problem,) = told(show=["missed"])

    assert problem.startswith(
        "--show  unknown-option (error): missed needs the plan that was to be kept. Give --plan "
    )
    assert "iliad7-uk" in problem


def test_a_wrong_scale_names_its_option():
    """The scale of a figure is an option of another name than that of `grade`."""
    (problem,) = told(show="grades", grade_scale="ctcae")

    assert problem.startswith("--grade-scale  unknown-option (error): 'ctcae' is not known.")


# --- everything together


@pytest.mark.parametrize("size", list(SIZES))
def test_no_text_overlaps_with_everything_shown(size):
    """Every mark at once, at every size, by the bounding boxes of all texts."""
    figure = case(",".join(SHOWS), plan=THREE_A_WEEK, variation=OWN, size=size)

    assert overlapping(figure) == []
    assert clipped(figure) == []


def test_grades_of_a_real_patient(shared_data):
    """A patient of the CDISC pilot, in 10^9/L: the lower limit leaves grade 1 no value."""
    folder = shared_data / "cdisc-pilot"
    labs = read([folder / "lb_hematology_dev.csv", folder / "dm_dev.csv"])
    figure = plot_timeline(
        labs, patient="01-701-1015", analytes=["lymphocytes"], show="grades", size="single"
    )

    assert texts(figure, "grade-label") == ["G4", "G3", "G2"]
    assert overlapping(figure) == []
    assert clipped(figure) == []


def test_data_hold_everything_that_is_shown(run, tmp_path):
    """`--data` has a row for each mark, with the columns of `DRAWN`; the footnote names sources."""
    (tmp_path / "own.toml").write_text(
        '[[variation]]\nanalyte = "lymphocytes"\ncv_within_subject_percent = 12\n'
        'cv_analytical_percent = 5\nsource = "our laboratory"\n',
        encoding="utf-8",
    )
    done = run(
        *("plot", "monneret-2020", "--analytes", "lymphocytes", "--show", ",".join(SHOWS)),
        *("--plan", f"IL-7={THREE_A_WEEK}", "--variation", "own.toml"),
        *("-o", "t.svg", "--data", "t.csv"),
    )
    table = pd.read_csv(tmp_path / "t.csv")
    svg = (tmp_path / "t.svg").read_text("utf-8")

    assert done.returncode == 0
    assert list(table.columns) == list(DRAWN)
    assert table["series"].value_counts().to_dict() == {
        "uncertainty": 14,
        "sample": 14,
        "window": 7,
        "grade": 6,
        "change": 5,
        "missed dose": 3,
        "recovery": 2,
        "baseline": 1,
        "peak": 1,
        "relapse": 1,
    }
    named = {re.sub(r"-\d+$", "", gid) for gid in re.findall(r'id="([a-z-]+-\d+)"', svg)}
    assert {"grade-band", "baseline", "peak", "recovery", "relapse", "change"} <= named
    assert {"uncertainty", "missed-dose"} <= named


def test_an_unknown_name_is_a_usage_error(run, tmp_path):
    """Exit code 2 before the source is read, and no figure."""
    done = run("plot", "no-such-file", "--show", "everything")

    assert done.returncode == 2
    assert "--show  unknown-option (error): 'everything' is not known." in done.stderr
    assert not (tmp_path / "timeline.png").exists()


def test_a_faulty_plan_is_a_usage_error(run):
    """Each fault of the sentence is told."""
    done = run("plot", "monneret-2020", "--show", "missed", "--plan", "10 µg/kg twice a week")

    assert done.returncode == 2
    assert "bad-plan (error): no end is stated." in done.stderr


def test_a_file_of_variation_is_no_output(run, tmp_path):
    """What is read is not written over."""
    (tmp_path / "own.toml").write_text("", encoding="utf-8")
    done = run(
        *("plot", "monneret-2020", "--show", "changes", "--variation", "own.toml"),
        *("--data", "own.toml"),
    )

    assert done.returncode != 0
    assert (tmp_path / "own.toml").read_text("utf-8") == ""


def test_every_name_is_in_the_help(run):
    """`plot --help` names what `--show` takes."""
    text = run("plot", "--help").stdout

    assert [name for name in SHOWS if name not in text] == []
