"""The strip: one letter a sample, asked of its tiles and artists."""

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from overlaps import beside_their_tiles, clipped, overlapping

from immunotrack import InvalidInput, Measurement, Patient, load_case, plot_timeline, read
from immunotrack.flags import FLAGS, LETTERS
from immunotrack.plot.style import HIGH, LOW, MARKS, SIZES, TILES
from immunotrack.plot.tiles import tiles


def with_gid(figure: Figure, gid: str) -> list:
    """The artists of a figure that bear a gid, in drawing order."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def row(day: float, status: str = "N", comparator: str = "") -> dict:
    """A sample."""
    return {"day": day, "flag": status, "comparator": comparator}


def letters(rows, room: float = 1.0, days=(-5.0, 50.0)) -> list[tuple[str, list[float]]]:
    """The letters of the tiles of some samples, and where they stand."""
    return [(LETTERS[tile.status.flag], tile.letters) for tile in tiles(rows, room, days)]


def pattern(figure: Figure) -> str:
    """The letters of a figure, row by row, in order of their days."""
    found = [(text.get_position()[1], text.get_position()[0], text.get_text())
             for text in with_gid(figure, "pattern-letter")]  # fmt: skip
    rows = sorted({place for place, _, _ in found})
    return " ".join("".join(text for at, _, text in sorted(found) if at == here) for here in rows)


def test_a_letter_stands_at_each_sample():
    """Samples with room have their letter on their day."""
    assert letters([row(0, "L"), row(3, "N"), row(9, "H")]) == [
        ("L", [0]),
        ("N", [3]),
        ("H", [9]),
    ]


def test_close_samples_of_one_status_share_a_tile():
    """Three low samples within one letter's width: one tile, one letter, said to be shared."""
    (tile,) = tiles([row(0, "L"), row(0.3, "L"), row(0.6, "L")], 1.0, (-5, 5))

    assert (tile.start, tile.end) == (-0.5, 1.1)
    assert tile.letters == pytest.approx([0.3])
    assert tile.shared


def test_two_close_samples_of_different_status_keep_their_letters():
    """Half a letter apart: each tile reaches outward, where nothing is beside it."""
    low, normal = tiles([row(0, "L"), row(0.5, "N")], 1.0, (-5, 5))

    assert (low.start, low.end, normal.start, normal.end) == (-0.75, 0.25, 0.25, 1.25)
    assert (low.letters, normal.letters) == ([-0.25], [0.75])


def test_results_of_one_moment_stand_side_by_side():
    """A low and a high result of one day: both are there, low first."""
    assert letters([row(2, "H"), row(2, "L")]) == [("L", [1.5]), ("H", [2.5])]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from([*FLAGS, ""]), st.sampled_from(["", "<"])),
        min_size=1,
        max_size=40,
    )
)
def test_tiles_and_letters_nowhere_overlap(samples):
    """Whatever the samples are, tiles follow each other and letters have their width."""
    rows = sorted((row(*sample) for sample in samples), key=lambda found: found["day"])
    found = tiles(rows, 1.0, (-1.0, 21.0))
    places = [day for tile in found for day in tile.letters]

    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(found))
    assert all(b - a >= 1 - 1e-5 for a, b in pairwise(places))
    assert {tile.status for tile in found} == {(r["flag"], bool(r["comparator"])) for r in rows}
    assert all(-1 - 1e-9 <= tile.start < tile.end <= 21 + 1e-9 for tile in found)


def test_every_status_has_a_letter_and_a_look():
    """One entry for each flag and for none, the same keys everywhere."""
    assert set(LETTERS) == set(TILES) == set(MARKS) == {*FLAGS, ""}


def test_the_case_report_in_letters():
    """Each sample of measurements.csv against its range, by hand."""
    figure = plot_timeline(load_case("monneret-2020"), view="strip")

    assert pattern(figure) == (
        "LLLLLLNNNLLNNN LLLNNNNLNNN LLLLNNLLLNN LLLLLLLNNLLNNN HHHHNNNN HHHHHHHN"
    )
    assert [text.get_text() for text in with_gid(figure, "analyte")] == [
        "Lymphocytes",
        "CD4⁺ T cells",
        "NK cells",
        "mHLA-DR",
        "Plasma IFN-γ",
        "IFN score",
    ]


def test_letters_and_colours_say_the_same():
    """L blue, H orange, `<` open; the letter alone is enough."""
    person = Patient(
        patient_id="P1",
        measurements=[
            Measurement(day=day, analyte="CD4", reported=text, unit="/µL", low=400, high=1200)
            for day, text in ((0.0, "100"), (5.0, "<50"), (10.0, "2000"))
        ],
    )
    figure = plot_timeline(person, view="strip")

    assert pattern(figure) == "LLH"
    assert [to_hex(tile.get_facecolor()) for tile in with_gid(figure, "pattern")] == [
        LOW,
        "#ffffff",
        HIGH,
    ]


def test_a_strip_lies_on_the_time_axis_of_the_lanes():
    """One axis: the same days at the same places of the page."""
    lanes, strip = plot_timeline(load_case("monneret-2020"), view="strip").axes

    assert lanes.get_xlim() == strip.get_xlim()
    assert lanes.get_position().intervalx == pytest.approx(strip.get_position().intervalx)


def many(number: int, samples: int) -> pd.DataFrame:
    """A patient with so many analytes and samples of each."""
    return pd.DataFrame(
        [
            {"patient_id": "P1", "day": float(day), "analyte": f"Marker {name:02}", "unit": "U/L",
             "value": float((name * 7 + day * 5) % 30), "low": 10.0, "high": 20.0}
            for name in range(number)
            for day in range(samples)
        ]
    )  # fmt: skip


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("number", "samples"), [(3, 8), (40, 12), (2, 300)])
def test_no_text_overlaps_in_a_strip(number, samples, size):
    """Three analytes, forty, and 300 samples: letters of 5 points and more, on the page."""
    figure = plot_timeline(many(number, samples), view="strip", size=size)
    written = with_gid(figure, "pattern-letter")

    assert len(with_gid(figure, "analyte")) == number
    assert min(text.get_fontsize() for text in written) >= 5
    assert beside_their_tiles(figure) == []
    assert overlapping(figure) == []
    assert clipped(figure) == []


def test_tiles_without_room_for_letters_are_explained():
    """300 samples in single column: the footnote says what a tile without a letter means."""
    crowded = plot_timeline(many(1, 300), view="strip", size="single")
    roomy = plot_timeline(many(1, 8), view="strip")

    assert "Without room for a letter a tile" in " ".join(
        text.get_text() for text in with_gid(crowded, "footnote")
    )
    assert "tile" not in " ".join(text.get_text() for text in with_gid(roomy, "footnote"))


def test_more_rows_than_a_page_are_refused():
    """Ninety rows do not fit a journal page; the message says rows."""
    wanted = [f"Marker {name:02}" for name in range(90)]

    with pytest.raises(InvalidInput) as caught:
        plot_timeline(many(90, 2), view="strip", analytes=wanted)

    assert "90 rows and 0 lanes have no room on a page of size double" in str(
        caught.value.problems[0]
    )


@pytest.mark.parametrize("size", list(SIZES))
def test_a_real_patient_with_many_analytes(shared_data, size):
    """97 analytes, of which the first forty are drawn."""
    labs = read(shared_data / "smart-patients" / "labs.txt")
    figure = plot_timeline(labs, patient="1796238", view="strip", size=size)

    assert len(with_gid(figure, "analyte")) == 40
    assert overlapping(figure) == []
    assert clipped(figure) == []


def test_data_have_a_letter_for_each_sample(run, tmp_path):
    """`--data` has the pattern; what has no place in a strip is told."""
    done = run(
        *("plot", "monneret-2020", "--view", "strip", "--analytes", "lymphocytes"),
        *("--show", "baseline", "--windows", "monneret-2020", "--log", "lymphocytes"),
        *("--data", "t.csv"),
    )
    table = pd.read_csv(tmp_path / "t.csv")

    assert set(table["series"]) == {"pattern"}
    assert "".join(table["mark"]) == "LLLLLLNNNLLNNN"
    for message in (
        "a strip shows every sample, and no windows",
        "a strip has no axis for --log",
        "--show baseline has no place in a strip",
    ):
        assert f"not-drawn (warning): {message}. Take --view panels." in done.stderr
