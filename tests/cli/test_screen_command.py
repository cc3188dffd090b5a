"""`immunotrack screen`: rows, JSON, a terminal's table, what is said, and how it ends."""

import csv
import io
import json

import pytest

LABS = (
    "patient,day,test,value,unit\n"
    "P1,1,ALC,600,/µL\nP1,3,ALC,650,/µL\n"
    "P2,1,ALC,900,/µL\nP2,3,ALC,650,/µL\n"
    "P3,1,CD4,200,/µL\n"
)


RULE = "laterre-2020: lymphocytes < 700 cells/µL, 2 consecutive results, before first dose"


@pytest.fixture
def labs(tmp_path):
    """Three patients: one meets the rule of two counts below 700, one does not, one has none."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    return "labs.csv"


def test_one_row_a_patient(run, labs):
    """Answer, results, days and lines in a pipe; the counts on stderr."""
    done = run("screen", labs, "--rule", "laterre-2020")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert done.returncode == 0
    assert [(row["patient_id"], row["answer"], row["lines"]) for row in rows] == [
        ("P1", "met", "2; 3"),
        ("P2", "not met", "4; 5"),
        ("P3", "undetermined", ""),
    ]
    assert done.stderr.splitlines()[-2:] == [
        f"{RULE} (not in its source: when before first dose)",
        "laterre-2020: 3 patients: met 1, not met 1, undetermined 1",
    ]


def test_json_and_a_file_at_once(run, labs, tmp_path):
    """The same rows with their types on stdout, and as CSV in the file."""
    done = run("screen", labs, "--rule", "laterre-2020", "--json", "-o", "out.csv")
    first = json.loads(done.stdout)[0]

    assert (first["first_met_day"], first["n_complying"], first["days"]) == (3.0, 2, "1; 3")
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 4


@pytest.mark.parametrize("chosen", ["met", "undetermined", "not-met,met", "not-met"])
def test_an_answer_can_be_an_exit_code(run, labs, chosen):
    """1 where there is such an answer."""
    assert run("screen", labs, "--rule", "laterre-2020", "--fail-on", chosen).returncode == 1


def test_illustrative_values_are_told(run):
    """All 14 counts of the case's lymphocytes are made to fit its text."""
    done = run("screen", "monneret-2020", "--rule", "iliad7-fr")

    assert done.stderr.splitlines()[-1] == "14 of 14 values are illustrative, not measured"


def test_an_answer_that_nobody_has_is_no_finding(run, labs):
    """All three patients are asked for one count of at most 1000: none is not met."""
    done = run("screen", labs, "--rule", "iliad7-fr", "--fail-on", "not-met")

    assert done.returncode == 0


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("--rule", "moon"), "--rule unknown-option (error): 'moon' is not known."),
        (
            ("--rule", "iliad7-fr", "--fail-on", "moon"),
            "moon: choose from met, not-met, undetermined",
        ),
        ((), "Missing option '--rule'"),
    ],
)
def test_a_wrong_choice_is_a_usage_error(run, labs, chosen, message):
    """Exit code 2, nothing on stdout."""
    done = run("screen", labs, *chosen)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_an_invalid_row_is_told_and_the_rest_is_screened(run, tmp_path):
    """Exit code 4; the patient whose only row is wrong is answered for, too."""
    (tmp_path / "labs.csv").write_text(f"{LABS}P4,1,ALC,-1,/µL\n", encoding="utf-8")
    done = run("screen", "labs.csv", "--rule", "iliad7-fr")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert done.returncode == 4
    assert [row["answer"] for row in rows] == ["met", "met", "undetermined", "undetermined"]
    assert "negative-result" in done.stderr


def test_the_input_is_never_overwritten(run, labs):
    """Nor is a file of rules."""
    done = run("screen", labs, "--rule", "laterre-2020", "-o", labs)

    assert done.returncode == 2
    assert "labs.csv  unwritable (error): the output is the input." in done.stderr


def test_cells_are_defused(run, tmp_path):
    """An id that a spreadsheet would run is text."""
    (tmp_path / "labs.csv").write_text(LABS.replace("P1", "=1+1"), encoding="utf-8")
    done = run("screen", "labs.csv", "--rule", "laterre-2020")

    assert next(csv.DictReader(io.StringIO(done.stdout)))["patient_id"] == "'=1+1"
