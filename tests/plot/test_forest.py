"""The forest plot: its marks, numbers and notes, asked of the artists; no text overlaps."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overlaps import clipped, overlapping

from immunotrack.evidence.pool import pool
from immunotrack.evidence.printed import builtin_effects
from immunotrack.plot.forest import draw_forest
from immunotrack.plot.forest_axis import axis_limits
from immunotrack.plot.forest_lines import Block, Column, Forest, Line
from immunotrack.plot.forest_pool import pool_forest
from immunotrack.plot.forest_printed import favours, printed_forest
from immunotrack.plot.style import MM_PER_INCH, SIZES
from immunotrack.problems import InvalidInput

SOURCE = builtin_effects()
LONG = "A multicentre consortium of intensive care units in several countries, second trial "


def study(name="A 2020", estimate=1.0, low=0.0, high=2.0, **more):
    """A study's line."""
    return Line(kind="study", label=name, estimate=estimate, low=low, high=high, **more)


def total(estimate=1.0, low=0.5, high=1.5, **more):
    """The line of what is pooled over all."""
    return Line(kind="total", label="All studies", estimate=estimate, low=low, high=high, **more)


def forest(*lines, log=False, **more):
    """A forest plot of one block."""
    measure = "RR" if log else "MD"
    return Forest(
        title="Trials", blocks=[Block(lines=lines, measure=measure, axis="Effect", log=log, **more)]
    )


def named(figure, gid):
    """The artists of a name."""
    return [artist for artist in figure.findobj() if artist.get_gid() == gid]


def texts(figure, gid):
    """The words of the artists of a name."""
    return [artist.get_text() for artist in named(figure, gid)]


def spans(figure, gid):
    """First and last place along the axis of each line of a name."""
    return [tuple(map(float, artist.get_xdata())) for artist in named(figure, gid)]


# --- the printed effects


@pytest.fixture(scope="module")
def printed():
    """The twelve rows, and the two without numbers."""
    return draw_forest(printed_forest(SOURCE.effects, SOURCE))


def test_differences_and_ratios_have_their_own_axes(printed):
    """Two axes, the second logarithmic; each label names measure, unit, and that it is assumed."""
    assert [ax.get_xscale() for ax in printed.axes] == ["linear", "log"]
    assert texts(printed, "axis-label") == [
        "Mean difference, 10⁹/L (unit assumed)",
        "Risk ratio (log scale)",
    ]


def test_every_printed_interval_is_drawn_where_it_is(printed):
    """Nine squares with their intervals, three diamonds, at the printed numbers."""
    squares = [float(artist.get_xdata()[0]) for artist in named(printed, "study")]
    numbers = [effect for effect in SOURCE.effects if effect.numbers]
    parts = [effect for effect in numbers if effect.population != "combined"]
    combined = [effect for effect in numbers if effect.population == "combined"]

    assert squares == [float(effect.estimate) for effect in parts]
    assert spans(printed, "interval") == [(float(e.low), float(e.high)) for e in parts]
    assert [
        (min(xs), max(xs)) for artist in named(printed, "pooled") for xs in [artist.get_xy()[:, 0]]
    ] == [(float(effect.low), float(effect.high)) for effect in combined]


def test_squares_are_alike_where_no_weight_is_printed(printed):
    """No weight is made up: one size, no column, and the footnote says why."""
    assert len({artist.get_markersize() for artist in named(printed, "study")}) == 1
    assert texts(printed, "weight") == []
    assert "all squares are alike" in " ".join(texts(printed, "footnote"))


def test_rows_without_numbers_are_listed(printed):
    """Mortality and stay of the combined analysis stand there as not reported."""
    assert texts(printed, "said") == ["not reported"] * 2


def test_numbers_stand_with_the_printed_digits(printed):
    """Estimate and both limits of every row, with a true minus sign."""
    assert texts(printed, "number")[:3] == ["1.33", "[0.29,", "2.38]"]
    assert "[−0.15," in texts(printed, "number")
    assert "0.40" in texts(printed, "number")


def test_numbers_of_a_column_end_at_one_place(printed):
    """The same decimals, right-aligned: the decimal signs stand under each other."""
    ends = {}
    for artist in named(printed, "number"):
        assert artist.get_ha() == "right"
        ends.setdefault(round(artist.get_position()[0], 9), []).append(artist.get_text())

    assert len(ends) == 3
    assert {
        len(text.rstrip(",]").rpartition(".")[2]) for column in ends.values() for text in column
    } == {2}


def test_the_sides_say_whom_they_favour(printed):
    """More cells favour the drug, more events the control."""
    assert texts(printed, "favours") == [
        "← favours control",
        "favours rhIL-7 →",
        "← favours rhIL-7",
        "favours control →",
    ]
    assert favours("", "drug", "placebo") == ("", "")


def test_the_footnote_tells_what_is_assumed_and_not_known(printed):
    """Model, interval, weights, unit, the day that was pooled as another, trials, source."""
    told = " ".join(texts(printed, "footnote"))

    assert "Neither the model nor the kind of interval is named." in told
    assert "Unit assumed: none is printed, and 10⁹/L is the only plausible one." in told
    assert "COVID-19, 30 days: pooled as 4 weeks." in told
    assert "Sepsis: 2 trials" in told
    assert "PMID 42055480" in told


def test_one_outcome_has_the_notes_that_concern_it():
    """Mortality has no unit to assume, and no day that was pooled as another."""
    chosen = printed_forest(SOURCE.chosen(["mortality"]), SOURCE)

    assert not any("Unit assumed" in note or "pooled as" in note for note in chosen.notes)
    assert len(chosen.blocks) == 1


@pytest.mark.parametrize(
    ("outcome", "label"),
    [("icu_length_of_stay", "Mean difference"), ("mortality", "Risk ratio (log scale)")],
)
def test_what_has_no_number_at_all_has_an_axis_and_no_mark(outcome, label):
    """Only what is said of the combined analysis: no interval, no unit, no favoured side."""
    figure = draw_forest(printed_forest(SOURCE.chosen([outcome], ["combined"]), SOURCE))

    assert named(figure, "study") + named(figure, "pooled") + named(figure, "favours") == []
    assert texts(figure, "said") == ["not reported"]
    assert texts(figure, "axis-label") == [label]


@pytest.mark.parametrize("size", list(SIZES))
def test_the_printed_effects_fit_every_size(size):
    """No text overlaps or is cut; a journal page is at most 170 mm high."""
    figure = draw_forest(printed_forest(SOURCE.effects, SOURCE), size)
    width, height = figure.get_size_inches() * MM_PER_INCH

    assert overlapping(figure) == []
    assert clipped(figure) == []
    assert width == pytest.approx(SIZES[size].width)
    assert height <= SIZES[size].height


# --- any effects


def test_the_area_of_a_square_is_its_weight():
    """Four times the weight, twice the side."""
    figure = draw_forest(forest(study(weight=20.0), study("B", weight=80.0)))
    small, large = (artist.get_markersize() for artist in named(figure, "study"))

    assert large / small == pytest.approx(2)
    assert texts(figure, "weight") == ["20.0 %", "80.0 %"]


def test_an_interval_that_leaves_the_axis_has_a_head():
    """Of eight like trials and one that goes to ±900 only this one has heads, one at each end."""
    many = [study(f"S{n}") for n in range(8)]
    figure = draw_forest(forest(*many, study("wide", low=-900, high=900)))
    low, high = figure.axes[0].get_xlim()
    heads = named(figure, "beyond")

    assert [(artist.get_marker(), artist.get_xdata()[0]) for artist in heads] == [
        ("<", low),
        (">", high),
    ]
    assert spans(figure, "interval")[-1] == (low, high)
    assert texts(figure, "number")[-2:] == ["[−900.00,", "900.00]"]


def test_an_interval_without_end_is_drawn():
    """A ratio from 0 to infinity; its words say so."""
    figure = draw_forest(
        forest(
            study(estimate=1.2, low=0.6, high=2.4),
            study("B", low=0.0, high=math.inf),
            total(low=0.0, high=math.inf),
            log=True,
        )
    )

    assert "∞]" in texts(figure, "number")
    assert len(named(figure, "beyond")) == 4
    assert overlapping(figure) == []


def test_a_prediction_interval_is_a_line_of_its_own():
    """Below the diamond, as wide as it is, without an estimate."""
    line = Line(kind="prediction", label="95 % prediction interval", low=-0.5, high=2.5)
    figure = draw_forest(forest(study(), study("B"), total(), line))

    assert spans(figure, "prediction") == [(-0.5, 2.5)]
    assert texts(figure, "number")[-2:] == ["[−0.50,", "2.50]"]


def test_a_line_goes_through_the_total():
    """Dashed, at its estimate; none where there are several totals."""
    one = draw_forest(forest(study(), total(1.25)))
    two = draw_forest(forest(study(), total(1.25), study("B"), total(0.75)))

    assert spans(one, "total") == [(1.25, 1.25)]
    assert named(two, "total") == []


@pytest.mark.parametrize("size", list(SIZES))
def test_sixty_studies_stay_legible(size):
    """On one page of each size, in letters of 5 points or more, and nothing overlaps."""
    columns = [Column(name, arm) for arm in ("treated", "control") for name in ("events", "n")]
    lines = [
        study(
            f"Investigator {n} 20{n % 30:02d}",
            1 + n / 60, 0.4 + n / 90, 1.6 + n / 20,
            weight=100 / 60, cells=("12", "1240", "7", "1199"),
        )
        for n in range(60)
    ]  # fmt: skip
    note = Line(kind="note", label="Heterogeneity: Q 12.3 on 59 df, p = 0.9; τ² 0 [0, 0.1]; I² 0 %")
    figure = draw_forest(
        forest(*lines, total(), note, columns=columns, favours=("← a", "b →")), size
    )
    points = [artist.get_fontsize() for artist in named(figure, "label")]

    assert len(points) == 61
    assert min(points) >= 5
    assert overlapping(figure) == []
    assert clipped(figure) == []
    assert figure.get_size_inches()[1] * MM_PER_INCH <= SIZES[size].height


@pytest.mark.parametrize("size", list(SIZES))
def test_long_names_are_shortened_and_keep_their_year(size):
    """Labels, headings, columns, axis and sides of any length stay on the page."""
    lines = [
        Line(kind="heading", label=LONG * 3),
        study(f"{LONG}2019", weight=40.0),
        study(f"{LONG}2020", weight=60.0),
        Line(kind="note", label=LONG * 4),
        total(said=""),
    ]
    figure = draw_forest(
        Forest(
            title=LONG * 2,
            blocks=[
                Block(
                    title=LONG, lines=lines, measure="MD", axis=LONG * 3, log=False,
                    favours=(LONG, LONG),
                )
            ],
            notes=[LONG * 2],
        ),
        size,
    )  # fmt: skip

    assert overlapping(figure) == []
    assert clipped(figure) == []
    assert [label[-4:] for label in texts(figure, "label")][:2] == ["2019", "2020"]


def test_columns_go_before_the_axis_does():
    """On a single column the arms have no room, and neither have their headings."""
    columns = [Column(name, arm) for arm in ("treated", "control") for name in ("mean", "SD", "n")]
    one = study("An investigator 2020", cells=("1.20", "0.30", "100") * 2, weight=100.0)

    assert len(texts(draw_forest(forest(one, columns=columns)), "cell")) == 6
    assert texts(draw_forest(forest(one, columns=columns), "single"), "cell") == []


def test_more_lines_than_a_page_holds_are_refused():
    """The message says how many, and what to do."""
    with pytest.raises(InvalidInput) as caught:
        draw_forest(forest(*(study(f"S{n}") for n in range(90))), "single")

    assert str(caught.value.problems[0]) == (
        "figure  unknown-option (error): 90 lines have no room on a page of size single. Take "
        "--size screen, or draw fewer."
    )
    with pytest.raises(InvalidInput, match="not-drawn"):
        draw_forest(forest())


@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.floats(0.001, 1e6), st.floats(0.001, 1e6)),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_every_estimate_and_no_effect_are_in_sight(rows, log):
    """Whatever the intervals, and with air at both ends."""
    lines = [
        study(f"S{n}", *(math.exp(x) if log else x for x in (y, y - min(a, 300), y + min(b, 300))))
        for n, (y, a, b) in enumerate(rows)
    ]
    block = Block(lines=lines, measure="MD", axis="", log=log)
    low, high = axis_limits(block)

    assert low > 0 or not log
    assert all(low < place < high for place in (block.null, *(line.estimate for line in lines)))


# --- pools


TRIALS = pd.DataFrame(
    {
        "study": ["Aronson 1948", "Ferguson & Simes 1949", "Rosenthal 1960", "Madras 1980"],
        "events treated": [4, 6, 3, 505],
        "n treated": [123, 306, 231, 88391],
        "events control": [11, 29, 11, 499],
        "n control": [139, 303, 220, 88391],
        "kind": ["x", "x", "y", "y"],
    }
)
"""Four of the BCG trials (Colditz 1994)."""


def test_a_pool_is_drawn_as_its_table_says():
    """Arms, weights, ratios, subtotals, total, prediction, difference, method and its interval."""
    found = pool(TRIALS, measure="RR", model="REML", interval="HK", subgroup="kind")
    figure = draw_forest(pool_forest(found, title="BCG"))

    assert texts(figure, "cell")[:4] == ["4", "123", "11", "139"]
    assert texts(figure, "heading") == ["x", "y"]
    assert texts(figure, "label") == [
        *("Aronson 1948", "Ferguson & Simes 1949", "Subtotal"),
        *("Rosenthal 1960", "Madras 1980", "Subtotal"),
        *("All studies", "95 % prediction interval"),
    ]
    assert [artist.get_xy()[1, 0] for artist in named(figure, "pooled")] == pytest.approx(
        [math.exp(each.estimate) for each in (*(g.pooled for g in found.groups), found.overall)]
    )
    weights = [float(text.removesuffix(" %")) for text in texts(figure, "weight")]
    assert weights[-1] == 100
    assert weights[0] + weights[1] == pytest.approx(weights[2], abs=0.1)
    assert texts(figure, "note")[-1].startswith("Difference of subgroups: Q ")
    assert " ".join(texts(figure, "footnote")).startswith(
        "Random effects, restricted maximum likelihood (REML); 95 % Hartung-Knapp interval."
    )
    assert texts(figure, "favours") == ["← less with treatment", "more with treatment →"]


def test_one_study_is_not_drawn_twice():
    """A pool of one has no diamond; the footnote says what cannot be had."""
    found = pool(TRIALS[:1], measure="OR", model="DL", interval="wald")
    figure = draw_forest(pool_forest(found, favours=("vaccine", "none")))

    assert named(figure, "pooled") == []
    assert texts(figure, "label") == ["Aronson 1948"]
    assert "heterogeneity and a prediction interval need two" in " ".join(texts(figure, "footnote"))
    assert texts(figure, "favours") == ["← favours vaccine", "favours none →"]


def test_what_is_left_out_is_listed():
    """Without any event a trial says nothing of the ratio; it keeps its line."""
    none = pd.DataFrame([["Empty 1990", 0, 50, 0, 50, "x"]], columns=TRIALS.columns)
    found = pool(pd.concat([TRIALS, none]), measure="RR", model="DL", interval="wald")
    figure = draw_forest(pool_forest(found))

    assert texts(figure, "said") == ["left out"]
    assert "Empty 1990" in texts(figure, "label")


def test_means_have_the_decimals_of_their_spread():
    """SD 0.5: two decimals for means and spreads, none for patients."""
    table = pd.DataFrame(
        {
            "study": ["A", "B"],
            "mean treated": [1.5, 2.25], "sd treated": [0.5, 0.6], "n treated": [17, 15],
            "mean control": [0.75, 1.0], "sd control": [0.4, 0.5], "n control": [10, 6],
        }
    )  # fmt: skip
    found = pool(table, measure="MD", model="REML", interval="HK-modified")
    figure = draw_forest(pool_forest(found, axis="Mean difference, 10⁹/L"))

    assert texts(figure, "cell")[:6] == ["1.50", "0.50", "17", "0.75", "0.40", "10"]
    assert texts(figure, "axis-label") == ["Mean difference, 10⁹/L"]


def test_two_processes_write_the_same_bytes(run, run_process, tmp_path):
    """Nothing of the moment or the process is in a file; this process is one of them."""
    for command, name in ((run, "one.svg"), (run_process, "two.svg")):
        assert command("evidence", "-o", name).returncode == 0

    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
