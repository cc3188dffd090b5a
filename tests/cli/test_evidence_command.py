"""`immunotrack evidence`: a table, the answers of --consistency, or a figure by the extension."""

import csv
import io
import json

import pytest


def rows_of(text):
    """The rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


def test_the_printed_effects_in_a_pipe(run):
    """Fourteen rows, the assumed unit marked in each and said on stderr with its reason."""
    done = run("evidence")
    rows = rows_of(done.stdout)

    assert (done.returncode, len(rows)) == (0, 14)
    assert [rows[0][name] for name in ("printed", "estimate", "unit", "unit_basis")] == [
        *("1.33 [0.29, 2.38]", "1.33", "10*9/L", "assumed"),
    ]
    assert done.stderr == (
        "14 pooled effects, 2 of them not reported as a number\n"
        "unit assumed: none is printed, and 10⁹/L is the only plausible one\n"
        "source: abstract of a meta-analysis of four trials, Respiratory Medicine, 30 April 2026, "
        "PMID 42055480\n"
    )


def test_outcomes_and_populations_are_chosen(run):
    """With commas or repeated; JSON has numbers and nulls."""
    done = run("evidence", "--outcome", "mortality,CD4", "--population", "combined", "--json")
    (row,) = json.loads(done.stdout)

    assert (row["outcome"], row["printed"], row["estimate"]) == ("mortality", "not reported", None)
    assert "unit assumed" not in done.stderr


def test_consistency_is_a_table_of_answers(run, tmp_path):
    """One row an answer, into a file; the summary counts the verdicts."""
    done = run("evidence", "--consistency", "--outcome", "secondary_infection", "-o", "a.csv")
    rows = rows_of((tmp_path / "a.csv").read_text("utf-8"))

    assert (done.returncode, done.stdout) == (0, "")
    assert [row["check"] for row in rows] == [
        *("midpoint", "words") * 3,
        *["combined"] * 4,
        *("difference", "interval", "interval"),
    ]
    assert done.stderr.splitlines()[0] == (
        "13 answers: cannot be asked 1, computed 2, does not follow 4, holds 6"
    )


def test_a_population_has_the_answers_about_itself(run):
    """What combined rows follow from is asked of the combined ones, not of their parts."""
    done = run("evidence", "--consistency", "--population", "COVID-19")

    assert {row["check"] for row in rows_of(done.stdout)} == {"midpoint", "words", "difference"}


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_extension_draws_a_figure(run, tmp_path, suffix):
    """Nothing goes to stdout; the file is there."""
    done = run("evidence", "-o", f"forest.{suffix}", "--size", "single")

    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / f"forest.{suffix}").stat().st_size > 5000
    assert done.stderr.splitlines()[-1] == f"figure: forest.{suffix}"


def test_a_table_of_answers_is_no_figure(run, tmp_path):
    """Exit code 2, and nothing is written."""
    done = run("evidence", "--consistency", "-o", "forest.png")

    assert done.returncode == 2
    assert "--consistency is a table: -o FILE.csv" in done.stderr
    assert not (tmp_path / "forest.png").exists()


def test_another_extension_is_refused(run):
    """The formats are named."""
    done = run("evidence", "-o", "forest.jpg")

    assert done.returncode == 2
    assert "'.jpg' is no format of a figure." in done.stderr
