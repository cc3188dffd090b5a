"""`immunotrack pool --figure`: a forest plot beside the table."""

import pytest

TRIALS = """study,events treated,n treated,events control,n control
Aronson 1948,4,123,11,139
=Ferguson 1949,6,306,29,303
試験 1960,3,231,11,220
"""


@pytest.fixture
def trials(tmp_path):
    """Three trials, two of them with names that a file may have."""
    (tmp_path / "trials.csv").write_text(TRIALS, encoding="utf-8")
    return tmp_path


def test_a_figure_is_drawn_and_the_table_is_written(run, trials):
    """Both files, nothing on stdout; letters that the font lacks are told."""
    chosen = ("--measure", "RR", "--figure", "f.svg", "--axis", "Risk of tuberculosis")
    done = run("pool", "trials.csv", *chosen, "--favours", "vaccine,none", "-o", "out.csv")
    drawn = (trials / "f.svg").read_text("utf-8")

    assert (done.returncode, done.stdout) == (0, "")
    assert "Risk of tuberculosis (log scale)" in drawn
    assert "← favours vaccine" in drawn
    assert "=Ferguson 1949" in drawn
    assert "the font has no sign for these letters, drawn as boxes: 試験" in done.stderr
    assert done.stderr.splitlines()[-1] == "figure: f.svg"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("--figure", "f.jpg"), "'.jpg' is no format of a figure"),
        (("--figure", "f.png", "--favours", "vaccine"), "'vaccine' is not LEFT,RIGHT"),
        (("--figure", "f.png", "-o", "f.png"), "two outputs are the same file"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(run, trials, chosen, message):
    """Exit code 2, and no file is written."""
    done = run("pool", "trials.csv", "--measure", "RR", *chosen)

    assert done.returncode == 2
    assert message in done.stderr
    assert [path.name for path in trials.iterdir()] == ["trials.csv"]


def test_the_studies_are_never_overwritten(run, trials):
    """A figure onto its own input is refused."""
    (trials / "trials.png").write_text(TRIALS, encoding="utf-8")
    done = run("pool", "trials.png", "--measure", "RR", "--figure", "trials.png")

    assert done.returncode == 2
    assert (trials / "trials.png").read_text("utf-8") == TRIALS
