"""`immunotrack response`: one command, CSV or JSON, what it says and how it ends."""

import csv
import io
import json

import pytest


def rows_of(done):
    """The rows of CSV on stdout."""
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_a_case_in_a_pipe(run):
    """One row an analyte; the summary tells that every value is illustrative."""
    done = run("response", "monneret-2020")
    rows = rows_of(done)

    assert done.returncode == 0
    assert [row["analyte"] for row in rows][:4] == ["lymphocytes", "cd4", "nk", "mhla_dr"]
    assert [rows[0][name] for name in ("baseline", "peak", "peak_day", "change_peak")] == [
        *("470", "1900", "34", "1430"),
    ]
    assert {row["origin"] for row in rows} == {"illustrative"}
    assert done.stderr.splitlines()[-2:] == [
        "7 series of 1 patient",
        "74 of 74 values are illustrative, not measured",
    ]


def test_json_has_numbers_and_nulls(run):
    """The same rows with their types; nothing is told of illustrative values that are not."""
    done = run("response", "miskin-2016", "--json", "--analytes", "CD4")
    (row,) = json.loads(done.stdout)

    assert (row["analyte"], row["baseline"], row["fold_peak"]) == ("cd4", 87.0, 301 / 87)
    assert (row["relapsed_by_day"], row["clock"]) == (None, "Days after first IL-7 dose")
    assert "illustrative" not in done.stderr


def test_a_file_with_its_events_beside_it(run, tmp_path):
    """Doses from --events; several clocks; an output file instead of stdout."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,22,CD4,90,/µL\nP,30,CD4,<450,/µL\nP,34,CD4,500,/µL\n",
        encoding="utf-8",
    )
    (tmp_path / "doses.csv").write_text(
        "patient,kind,name,start\nP,dose,IL-7,24\n", encoding="utf-8"
    )
    chosen = ("--events", "doses.csv", "--clock", "first-dose,source", "-o", "out.csv")
    done = run("response", "labs.csv", *chosen)
    row = next(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))

    assert (done.returncode, done.stdout) == (0, "")
    assert [
        row[name] for name in ("baseline_day_first_dose", "peak_day_first_dose", "peak_day_source")
    ] == [
        *("-2", "10", "34"),
    ]
    assert [
        row[name] for name in ("recovered_after_day_first_dose", "recovered_by_day_source")
    ] == [
        *("-2", "34"),
    ]
    assert row["range_source"] == "covid-cohort-2020"


def test_rules_have_a_row_each(run):
    """With --rule the verdicts are the rows, and the summary counts them."""
    done = run("response", "monneret-2020", "--rule", "iris7-stop", "--rule", "laterre-2020")

    assert [(row["rule"], row["answer"]) for row in rows_of(done)] == [
        ("iris7-stop", "not met"),
        ("laterre-2020", "met"),
    ]
    assert "2 answers for 1 patient: met 1, not met 1" in done.stderr


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("--clock", "moon"), "--clock  unknown-option (error): 'moon' is not known."),
        (("--rule", "moon"), "--rule  unknown-option (error): 'moon' is not known."),
        (("--analytes", "moon"), "--analytes  unknown-option (error): 'moon' is not known."),
        (("--ranges", "moon"), "--ranges  unknown-option (error): 'moon' is not known."),
    ],
)
def test_an_unknown_choice_is_a_usage_error(run, chosen, message):
    """Exit code 2, nothing on stdout, no traceback."""
    done = run("response", "miskin-2016", *chosen)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize(
    "chosen", [("--clock", "source"), ("--until-day", "9"), ("--baseline", "mean")]
)
def test_an_option_without_use_is_a_usage_error(run, chosen):
    """A rule has its own clock, days and baseline."""
    done = run("response", "miskin-2016", "--rule", "iris7-stop", *chosen)

    assert (done.returncode, done.stdout) == (2, "")
    assert "a rule has its own clock, days and baseline" in " ".join(
        done.stderr.replace("│", " ").split()
    )


def test_a_day_that_is_none_is_a_usage_error(run):
    """It would leave everything out."""
    done = run("response", "miskin-2016", "--until-day", "nan")

    assert (done.returncode, done.stdout) == (2, "")
    assert "it is no day" in done.stderr


def test_an_invalid_row_is_told_and_the_rest_is_read(run, tmp_path):
    """Exit code 4, as for flag."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,CD4,-1,/µL\nP,2,CD4,350,/µL\n", encoding="utf-8"
    )
    done = run("response", "labs.csv")

    assert done.returncode == 4
    assert [row["last"] for row in rows_of(done)] == ["350"]
    assert "negative-result" in done.stderr


def test_the_input_is_never_overwritten(run, tmp_path):
    """Neither results nor events."""
    for name in ("labs.csv", "doses.csv"):
        (tmp_path / name).write_text("patient,name,day\nP,IL-7,24\n", encoding="utf-8")
        done = run("response", "labs.csv", "--events", "doses.csv", "-o", name)

        assert done.returncode == 2
        assert f"{name}  unwritable (error): the output is the input." in done.stderr


def test_all_patients_of_a_trial_in_one_command(run, shared_data):
    """All 51 patients of cdisc-pilot, a row for each analyte, against the first dose."""
    done = run("response", str(shared_data / "cdisc-pilot"), "--clock", "first-dose,study-day")
    rows = rows_of(done)

    assert done.returncode == 0
    assert len({row["patient_id"] for row in rows}) == 51
    assert done.stderr.splitlines()[-1] == f"{len(rows)} series of 51 patients"
    assert all(row["baseline"] or "baseline: no result" in row["why"] for row in rows)
    assert "0" not in {row["peak_day_study_day"] for row in rows}


def test_pooled_differences_stand_beside_each_change(run):
    """With --evidence a row a pooled difference; stderr says what it is not and what is assumed."""
    done = run("response", "monneret-2020", "--evidence", "--analytes", "CD4")
    (row,) = rows_of(done)

    assert (done.returncode, row["change"], row["pooled_difference"]) == (0, "605", "560")
    assert row["pooled_unit_basis"] == "assumed"
    assert row["meaning"] == "difference between groups; not a percentile, not a probability"
    assert "not a percentile, not a probability. A patient's change has the course" in done.stderr
    assert "1 of 1 pooled difference beside a change of 1 patient" in done.stderr


@pytest.mark.parametrize(
    "chosen", [("--clock", "source"), ("--baseline", "mean"), ("--rule", "iris7-stop")]
)
def test_pooled_differences_have_their_own_days(run, chosen):
    """Options that could not be followed are refused."""
    done = run("response", "miskin-2016", "--evidence", *chosen)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pooled differences have their own days" in done.stderr
