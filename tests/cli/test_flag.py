"""`immunotrack flag`: own columns unchanged, ours beside them, and the exit codes."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from immunotrack.annotated import ADDED

OWN = """\
Sample,patient_id,date,test,result,units,flag
 a ,007,2020-03-01,CD4,350,/µL,mine
"b, c",NA,2020-03-02,Lymphs Abs,<1.2,G/L,
d,NA,2020-03-03,CD4,-1,/µL,
"""


@pytest.fixture
def rows(run, tmp_path):
    """The rows that `flag` writes to a pipe for OWN."""
    (tmp_path / "labs.csv").write_text(OWN, encoding="utf-8")
    done = run("flag", "labs.csv")
    return list(csv.reader(io.StringIO(done.stdout)))


def test_own_columns_come_first_and_unchanged(rows):
    """Every cell of the input is in the output as it was, in its order."""
    own = list(csv.reader(io.StringIO(OWN)))

    assert [row[: len(own[0])] for row in rows] == own


def test_added_columns_follow_and_give_way_to_a_name_of_the_input(rows):
    """The contract's columns are added; `flag` is the input's already and ours is prefixed."""
    added = rows[0][7:]

    assert added == [{"flag": "immunotrack_flag"}.get(name, name) for name in ADDED]


def test_added_cells(rows):
    """CD4 350 against 414-1123 is L; <1.2 G/L against 1.1-3.2 may be N or L; -1 is refused."""
    added = [dict(zip(ADDED, row[7:], strict=True)) for row in rows[1:]]

    assert [[row[n] for n in ("analyte", "comparator", "value", "unit")] for row in added] == [
        ["cd4", "", "350", "cells/µL"],
        ["lymphocytes", "<", "1.2", "10*9/L"],
        ["cd4", "", "-1", "cells/µL"],
    ]
    assert [
        [row[n] for n in ("value_std", "low", "high", "flag", "off_scale")] for row in added
    ] == [
        ["350", "414", "1123", "L", ""],
        ["1200", "1.1", "3.2", "IND", "<"],
        ["-1", "", "", "", ""],
    ]
    assert [[row[n] for n in ("range_source", "line", "problem")] for row in added] == [
        ["covid-cohort-2020", "2", ""],
        ["covid-cohort-2020", "3", ""],
        ["", "4", "negative-result"],
    ]


GOOD = "patient,day,test,value,unit\nP,1,CD4,{},/µL\n"


@pytest.mark.parametrize(
    ("value", "fail_on", "code"),
    [
        ("350", "low", 1),
        ("350", "high,critical", 0),
        ("1200", "low,high", 1),
        ("500", "low,high,critical", 0),
        ("500", "lowest", 2),
        ("-1", "low", 4),
    ],
)
def test_exit_codes(run, tmp_path, value, fail_on, code):
    """0 done, 1 a finding that was asked for, 2 usage, 4 an invalid row."""
    (tmp_path / "labs.csv").write_text(GOOD.format(value), encoding="utf-8")

    assert run("flag", "labs.csv", "--fail-on", fail_on).returncode == code


def test_a_missing_file_is_unreadable(run):
    """A file that is not there is exit code 3, in a sentence, without a traceback."""
    done = run("flag", "absent.csv")

    assert done.returncode == 3
    assert done.stderr == (
        "absent.csv  unreadable (error): the file cannot be read: no such file or directory.\n"
        "1 error, 0 warnings\n"
    )


def test_critical_limits_of_a_hospital_file(run, tmp_path):
    """A hospital's own TOML wins over the built-in sets and may give critical limits."""
    (tmp_path / "labs.csv").write_text(GOOD.format("40"), encoding="utf-8")
    (tmp_path / "our-lab.toml").write_text(
        'source = "handbook"\n[[range]]\nanalyte = "CD4"\nunit = "10*9/L"\n'
        "low = 0.5\nhigh = 1.5\ncritical_low = 0.05\n",
        encoding="utf-8",
    )
    done = run("flag", "labs.csv", "--ranges", "our-lab.toml", "--fail-on", "critical")
    row = next(csv.DictReader(io.StringIO(done.stdout)))

    assert (row["low"], row["high"], row["range_source"], row["flag"]) == (
        "500",
        "1500",
        "our-lab",
        "LL",
    )
    assert done.returncode == 1


def test_a_range_in_the_file_wins_over_a_chosen_set(run, tmp_path):
    """The file's own limits are used, and named `file`, whatever set is chosen."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit,lower limit,upper limit\nP,1,CD4,350,/µL,300,\n",
        encoding="utf-8",
    )
    done = run("flag", "labs.csv", "--ranges", "mayo-2013")
    row = next(csv.DictReader(io.StringIO(done.stdout)))

    assert (row["low"], row["high"], row["range_source"], row["flag"]) == ("300", "", "file", "N")


def test_wide_files_give_a_row_a_result(run, tmp_path):
    """A wide row is repeated for each of its results; a row without results stays."""
    (tmp_path / "wide.csv").write_text(
        "patient;day;CD4 [/µL];NK [/µL];note\nP;1;350;200;both\nP;2;;90;\nP;3;;;none\n",
        encoding="utf-8",
    )
    done = run("flag", "wide.csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert [
        (r["day"], r["note"], r["analyte"], r["value"], r["flag"], r["line"]) for r in rows
    ] == [
        ("1", "both", "cd4", "350", "L", "2"),
        ("1", "both", "nk", "200", "N", "2"),
        ("2", "", "nk", "90", "L", "3"),
        ("3", "none", "", "", "", "4"),
    ]


def test_names_from_the_file_cannot_be_formulas(run, tmp_path):
    """An added text cell that a spreadsheet would run is defused; the input's own stays."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,=1+1,3,x\n", encoding="utf-8"
    )
    row = next(csv.DictReader(io.StringIO(run("flag", "labs.csv").stdout)))

    assert (row["test"], row["analyte"]) == ("=1+1", "'=1+1")


def test_output_file_is_whole_or_absent(run, tmp_path):
    """An output that cannot be written is a usage error and leaves nothing behind."""
    (tmp_path / "labs.csv").write_text(GOOD.format("350"), encoding="utf-8")
    done = run("flag", "labs.csv", "-o", "nowhere/out.csv")

    assert done.returncode == 2
    assert "nowhere/out.csv  unwritable (error): the file cannot be written: no such" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["labs.csv"]


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("patient_id", "'patient_id' is not OURS=THEIRS"),
        ("patient_id=PID", "there is no such column"),
        ("colour=test", "'colour' is none of our columns and no analyte"),
    ],
)
def test_a_wrong_map_is_a_usage_error(run, tmp_path, pair, message):
    """An option that matches nothing is an error, never silently ignored."""
    (tmp_path / "labs.csv").write_text(GOOD.format("350"), encoding="utf-8")
    done = run("flag", "labs.csv", "--map", pair)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_a_chosen_set_without_use_is_told(run, tmp_path):
    """A set that was asked for and applies to nothing is named, not silently ignored."""
    (tmp_path / "labs.csv").write_text(GOOD.format("350"), encoding="utf-8")
    done = run("flag", "labs.csv", "--ranges", "rice-2016")

    assert done.stderr.splitlines()[-1] == "--ranges: rice-2016 applies to no result"


def test_output_onto_the_input_is_refused(run, tmp_path):
    """The only copy of a file is never overwritten."""
    path = tmp_path / "labs.csv"
    path.write_text(GOOD.format("350"), encoding="utf-8")
    done = run("flag", "labs.csv", "-o", "labs.csv")

    assert done.returncode == 2
    assert done.stderr.startswith("labs.csv  unwritable (error): the output is the input.")
    assert path.read_text("utf-8") == GOOD.format("350")


def test_a_name_of_the_input_is_never_doubled(run, tmp_path):
    """With `flag` and `immunotrack_flag` taken, ours is prefixed once more."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit,flag,immunotrack_flag\nP,1,CD4,350,/µL,a,b\n",
        encoding="utf-8",
    )
    row = next(csv.DictReader(io.StringIO(run("flag", "labs.csv").stdout)))

    assert (row["flag"], row["immunotrack_flag"], row["immunotrack_immunotrack_flag"]) == (
        "a",
        "b",
        "L",
    )


def test_a_full_disk_is_told(tmp_path):
    """A stdout that takes nothing is a usage error in a sentence."""
    (tmp_path / "labs.csv").write_text(GOOD.format("350"), encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "immunotrack", "flag", "labs.csv"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert "stdout  unwritable (error): the file cannot be written: no space left" in done.stderr
