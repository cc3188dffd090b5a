"""The cases: every dated statement is there, every check holds, one altered value fails its own."""

import csv
import shutil
from pathlib import Path

import pytest

from immunotrack import InvalidInput, check, load_case
from immunotrack.readers.case import case_folders
from immunotrack.windows import window_presets

MONNERET = case_folders()["monneret-2020"]


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["monneret-2020", "miskin-2016", "sospedra-2014"])
def test_every_check_holds(name):
    """What the text says, the data bear out; what no datum can bear out is told as such."""
    answers = load_case(name).answers

    assert [a.check.claim for a in answers if a.holds is False] == []
    assert [a.check.analyte for a in answers if a.holds is None] == (
        ["il6", "il10", "tnf_alpha"] if name == "monneret-2020" else []
    )


def test_every_claim_is_an_event_a_check_or_accounted_for(shared_facts):
    """Each of the 63 statements has an event, a check, or a line that says where it went."""
    claims = {row["id"]: row for row in rows(shared_facts / "monneret-2020-claims.csv")}
    case = load_case("monneret-2020")
    events = {event.claim for event in case.patients[0].events}
    checks = {entry.claim for entry in case.file.checks}

    assert sorted(set(claims) - events - checks - set(case.file.claims)) == []
    dated = {key for key, row in claims.items() if row["day_start"] and row["section"] == "case"}
    assert sorted(dated - events - checks) == ["C11", "C63"]


def test_quotations_are_those_of_the_claims(shared_facts):
    """Every quotation, in events and checks, is the one collected from the report."""
    quotes = {row["id"]: row["quote"] for row in rows(shared_facts / "monneret-2020-claims.csv")}
    case = load_case("monneret-2020")
    quoted = [(event.claim, event.quote) for event in case.patients[0].events]
    quoted += [(entry.claim, entry.quote) for entry in case.file.checks]

    assert [claim for claim, quote in quoted if quotes[claim] != quote] == []


def test_doses_follow_schedule_a1(shared_facts):
    """3 µg/kg on day 24, then schedule A1 until the death on day 46, marked as assumed."""
    schedules = rows(shared_facts / "monneret-2020-dose-schedules.csv")
    days = next(row["n_le_D46"] for row in schedules if row["scenario"] == "A1")
    listed = next(row["days_not_after_D44"] for row in schedules if row["scenario"] == "A1")
    doses = [e for e in load_case("monneret-2020").patients[0].events if e.kind == "dose"]

    assert [(dose.start_day, dose.dose, dose.basis) for dose in doses] == [
        (24, 3, "stated"),
        *((float(day), 10, "assumed") for day in listed.split()),
    ]
    assert len(doses) - 1 == int(days)


def test_windows_are_those_of_the_legend(shared_facts):
    """Labels and days are as printed, but for D36, which is read as contiguous with D40."""
    printed = rows(shared_facts / "monneret-2020-windows.csv")
    windows = window_presets()["monneret-2020"].windows

    for entry, row in zip(windows, printed, strict=True):
        assert entry.label == row["label"]
        assert str(entry.from_day if entry.from_day is not None else "") == row["printed_start"]
        last = {"<D24": "23", "D36": row["reading_2_contiguous_end"]}
        assert str(entry.to_day) == last.get(entry.label, row["printed_end"])


def test_every_value_of_the_report_is_illustrative():
    """The report prints no immune value, so none may pass as anything else."""
    measurements = load_case("monneret-2020").patients[0].measurements

    assert {m.origin for m in measurements} == {"illustrative"}


def test_miskin_holds_the_printed_numbers_and_no_other(shared_facts):
    """168, 87 and 7 cells/µL before; 595, 301 and 34 at the peak, as quoted in the abstract."""
    printed = [
        row for row in rows(shared_facts / "case-miskin-2016.csv") if row["unit"] == "cells/µL"
    ]
    measured = load_case("miskin-2016").patients[0].measurements

    assert [m.value for m in measured] == [float(row["value"]) for row in printed]
    assert {m.origin for m in measured} == {"quoted"}


def test_sospedra_holds_the_printed_days_and_no_value(shared_facts):
    """Days of the IL-7 and VP1 injections of two patients; no measurement."""
    printed = {
        (row["patient"][-1], "IL-7" if row["parameter"].startswith("rhIL-7") else "VP1 vaccine",
         float(row["time_as_published"]))
        for row in rows(shared_facts / "case-sospedra-2014-doses.csv")
    }  # fmt: skip
    patients = load_case("sospedra-2014").patients

    assert {
        (p.patient_id[-1], event.name, event.start_day) for p in patients for event in p.events
    } == printed
    assert [p.measurements for p in patients] == [(), ()]


ALTERATIONS = [
    ("lymphocytes", "9", "1500", {"C19"}),
    ("mhla_dr", "16", "15000", {"C20"}),
    ("ifn_gamma", "28", "12", {"C28"}),
    ("ifn_score", "28", "25", {"C27"}),
    ("lymphocytes", "38", "1950", {"C33"}),
    ("mhla_dr", "38", "19000", {"C33"}),
    ("ifn_score", "43", "3", {"C43"}),
    ("il1_beta", "16", "2", {"C42"}),
    ("ifn_gamma", "37", "50", {"C40"}),
]


@pytest.mark.parametrize(("analyte", "day", "value", "claims"), ALTERATIONS)
def test_one_altered_value_makes_the_right_check_fail(tmp_path, analyte, day, value, claims):
    """A value that contradicts a statement fails that statement and no other."""
    folder = tmp_path / "altered"
    shutil.copytree(MONNERET, folder)
    path = folder / "measurements.csv"
    altered = [
        line.replace(line.split(",")[3], value) if line.startswith(f"M1,{day},{analyte},") else line
        for line in path.read_text("utf-8").splitlines()
    ]
    path.write_text("\n".join(altered) + "\n", encoding="utf-8")
    failed = [p for p in check(folder) if p.code == "narrative-check"]

    assert {problem.column for problem in failed} == claims


def test_a_failed_check_is_an_invalid_input(tmp_path, run):
    """`check` names the statement, gives its quotation, and exits with 4."""
    folder = tmp_path / "altered"
    shutil.copytree(MONNERET, folder)
    path = folder / "measurements.csv"
    text = path.read_text("utf-8").replace("M1,28,ifn_gamma,8.1", "M1,28,ifn_gamma,12")
    path.write_text(text, encoding="utf-8")
    done = run("check", "altered")

    assert done.returncode == 4
    assert "FAILS     C28  ifn_gamma: “circulating IFN-γ returned to normal range”" in done.stdout
    assert "altered/case.toml column 'C28'  narrative-check (error)" in done.stderr


def test_a_fault_in_a_case_file_names_its_line(tmp_path):
    """Every fault of a case.toml is told at the line of its key."""
    folder = tmp_path / "broken"
    shutil.copytree(MONNERET, folder)
    path = folder / "case.toml"
    text = path.read_text("utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("age_years"))
    path.write_text(text.replace("age_years = 74", 'age_years = "old"'), encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        load_case(folder)

    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}:{line} patient.age_years='old'  bad-entry (error): it must be a valid number."
    ]


def test_unknown_case():
    """A name that is no case lists those that there are."""
    with pytest.raises(InvalidInput) as caught:
        load_case("nobody-2020")

    assert str(caught.value.problems[0]) == (
        "SOURCE  unknown-option (error): 'nobody-2020' is not known. "
        "Write one of: a file, miskin-2016, monneret-2020, sospedra-2014."
    )
