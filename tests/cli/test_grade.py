"""`immunotrack grade`: one row a result, the worst ones, their shift, and the exit codes."""

import csv
import io
import json
import re
import sys

import pytest

from terminals import on_terminal

LABS = """\
patient_id,day,test,value,units,low,high,age
007,-1,ALC,0.95,G/L,1.0,4.0,40
007,3,ALC,450,/µL,1000,4000,40
007,5,CD4,<100,/µL,,,40
007,5,NK,80,/µL,,,40
NA,-2,ALC,1500,/µL,1000,4000,4
NA,4,ALC,haemolysed,/µL,1000,4000,4
"""
DOSES = "patient_id,kind,name,start\n007,dose,IL-7,0\nNA,dose,IL-7,0\n"


@pytest.fixture
def graded(run, tmp_path):
    """Run `grade` on LABS; its rows and what it says."""

    def command(*arguments):
        (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
        done = run("grade", "labs.csv", *arguments)
        return list(csv.DictReader(io.StringIO(done.stdout))), done

    return command


def cells(rows, *names):
    """Some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]


def test_a_row_a_result_that_has_a_scale(graded):
    """NK has no grade of CTCAE and no row; the limit that was used stands beside the grade.

    0.95 G/L is 950: below the lower limit 1000 and not below 800, grade 1. 450 is grade 3. CD4
    below 100 may be grade 3 or 4.
    """
    rows, done = graded()

    assert list(rows[0]) == [
        *("patient_id", "time", "day", "clock", "visit", "analyte", "comparator", "value", "unit"),
        *("lln", "range_source", "grade", "grade_direction", "grade_term", "grade_scale"),
        *("grade_allows", "grade_note", "origin", "source", "line"),
    ]
    assert cells(rows, "patient_id", "day", "value", "unit", "lln", "range_source", "line") == [
        ("007", "-1", "0.95", "10*9/L", "1", "file", "2"),
        ("007", "3", "450", "cells/µL", "1000", "file", "3"),
        ("007", "5", "100", "cells/µL", "414", "covid-cohort-2020", "4"),
        ("NA", "-2", "1500", "cells/µL", "1000", "file", "6"),
        ("NA", "4", "", "cells/µL", "1000", "file", "7"),
    ]
    assert cells(rows, "grade", "grade_direction", "grade_allows", "grade_note") == [
        ("1", "low", "low 1", ""),
        ("3", "low", "low 3", ""),
        ("", "", "low 4, low 3", "censored: grade 3 or 4"),
        ("0", "", "0", ""),
        ("", "", "", "no number"),
    ]
    assert {row["grade_term"] for row in rows[:2]} == {"Lymphocyte count decreased"}
    assert done.stderr.splitlines()[-1] == (
        "5 results of the scale: grade 0: 1, grade 1: 1, grade 3: 1, none: 1 (censored), "
        "none: 1 (no number)"
    )
    assert done.returncode == 0


def test_the_scale_is_told_as_the_users_choice(graded):
    """DAIDS uses no lower limit, is for over 5 years, and cannot know of an infection."""
    rows, done = graded("--scale", "daids-v2.1")

    assert cells(rows, "lln", "range_source", "grade", "grade_note") == [
        ("", "", "0", ""),
        ("", "", "3", ""),
        ("", "", "4", ""),
        ("", "", "", "the scale is for over 5 years"),
        ("", "", "", "no number"),
    ]
    assert done.stderr.splitlines()[-2] == (
        "Division of AIDS Table for Grading the Severity of Adult and Pediatric Adverse Events, "
        "corrected version 2.1, July 2017. For persons without HIV infection, which no laboratory "
        "file says: whoever chooses the scale says that it fits."
    )


def test_ranges_give_the_lower_limit(graded):
    """`--ranges none` takes away the default set, and a grade that needs its limit."""
    rows, _ = graded("--ranges", "none")

    assert cells(rows, "analyte", "lln")[2] == ("cd4", "")


def test_worst(graded):
    """A row a patient and analyte, the first time of the worst grade."""
    rows, _ = graded("--worst")

    assert cells(rows, "patient_id", "analyte", "grade", "day", "n_graded", "grade_note") == [
        ("007", "lymphocytes", "3", "3", "2", ""),
        ("007", "cd4", "", "", "0", "undetermined: grade 3 or 4"),
        ("NA", "lymphocytes", "0", "-2", "1", ""),
    ]


def test_shift_from_the_first_dose_or_a_day(graded, tmp_path):
    """Lymphocytes of 007: 1 before day 0, worst 3 after; up to day 3: baseline 3 and nothing."""
    (tmp_path / "doses.csv").write_text(DOSES, encoding="utf-8")
    by_dose, _ = graded("doses.csv", "--shift")
    by_day, _ = graded("--shift", "--baseline-day", "3")

    assert [
        cells(rows, "baseline", "worst_3", "worst_none")[1:4] for rows in (by_dose, by_day)
    ] == [
        [("1", "1", "0"), ("2", "0", "0"), ("3", "0", "0")],
        [("1", "0", "0"), ("2", "0", "0"), ("3", "0", "1")],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "ctcae"], "Write one of: ctcae-v5, daids-v2.1."),
        (["--worst", "--shift"], "choose --worst or --shift"),
        (["--baseline-day", "1"], "it is for --shift"),
        (["--shift", "--baseline-day", "nan"], "it is no day"),
        (["--shift"], "no dose is known; give doses with --events, or the end of baseline with"),
        (["-o", "labs.csv"], "the output is the input"),
        (["--events", "labs.csv"], "it is for --shift"),
    ],
)
def test_usage_errors(graded, arguments, message):
    """Exit code 2 and a sentence; nothing on stdout."""
    rows, done = graded(*arguments)

    assert (rows, done.returncode) == ([], 2)
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_an_output_file_and_an_invalid_row(graded, run, tmp_path):
    """Rows with errors are told, left out, and exit with 4; the others are in the file."""
    graded()
    (tmp_path / "labs.csv").write_text(LABS + "P,1,CD4,-4,/µL,,,40\n", encoding="utf-8")
    done = run("grade", "labs.csv", "-o", "out.csv")

    assert (done.stdout, done.returncode) == ("", 4)
    assert "labs.csv:8 value='-4'  negative-result (error)" in done.stderr
    assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) == 6


def test_a_file_without_such_analytes(run, tmp_path):
    """The header alone, and a sentence."""
    (tmp_path / "nk.csv").write_text("patient,day,test,value,unit\nP,1,NK,80,/µL\n", "utf-8")
    done = run("grade", "nk.csv")

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines()[-1] == "0 results of the scale: none"


@pytest.mark.parametrize(
    ("extra", "lines"),
    [
        (
            [],
            [
                "patient day analyte value unit lln from grade note",
                "007 -1 lymphocytes 0.95 10*9/L 1 file 1 low",
                "007 3 lymphocytes 450 cells/µL 1000 file 3 low",
                "007 5 cd4 <100 cells/µL 414 covid-cohort-2020 censored: grade 3 or 4",
                "NA -2 lymphocytes 1500 cells/µL 1000 file 0",
                "NA 4 lymphocytes cells/µL 1000 file no number",
            ],
        ),
        (
            ["--worst"],
            [
                "patient analyte grade day n graded n not graded note",
                "007 lymphocytes 3 low 3 2 0",
                "007 cd4 0 1 undetermined: grade 3 or 4",
                "NA lymphocytes 0 -2 1 1",
            ],
        ),
    ],
)
def test_a_table_for_people(tmp_path, extra, lines):
    """On a terminal a readable table; columns without content are left out."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    command = [sys.executable, "-m", "immunotrack", "grade", "labs.csv", *extra]
    done = on_terminal(command, tmp_path, COLUMNS="180", TERM="xterm", NO_COLOR="1")
    shown = re.sub("\x1b\\[[0-9;]*m", "", done.stdout)

    assert done.returncode == 0
    assert [" ".join(line.split()) for line in shown.splitlines()] == lines


def test_a_case_tells_its_own_story(run):
    """Miskin 2016: CD4 87 before IL-7 is grade 3, 301 on day 35 is grade 2 (CTCAE 200 to 500)."""
    done = run("grade", "miskin-2016", "--shift", "--baseline-day", "0")
    rows = [row for row in csv.DictReader(io.StringIO(done.stdout)) if row["analyte"] == "cd4"]

    assert cells(rows, "baseline", "worst_2")[3] == ("3", "1")


def test_illustrative_values_are_told(run):
    """The case report prints no number, and no grade of it is one of a patient."""
    done = run("grade", "monneret-2020", "--worst", "--json")

    assert {row["origin"] for row in json.loads(done.stdout)} == {"illustrative"}
    assert done.stderr.splitlines()[-1] == "25 of 25 values are illustrative, not measured"
