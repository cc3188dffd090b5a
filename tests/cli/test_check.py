"""`immunotrack check`: everything that is wrong, on stderr, as JSON and as a report."""

import csv
import json

import pytest

GOOD = "patient,date,test,value,unit\nP,2020-03-01,CD4,350,/µL\n"
BAD = (
    "patient,date,test,value,unit,low,high,flag\n"
    "P,2020-03-01T08:00,CD4,350,/µL,414,1123,L\n"
    "P,2020-03-01T08:00,CD4,350,/µL,414,1123,L\n"
    "P,2020-03-02,CD4,-1,/µL,,,\n"
    "P,2020-03-03,CRP,6,mg/L,,5,N\n"
    "P,2020-03-04,CRP,pending,mg/L,,5,\n"
)
TOLD = (
    "labs.csv: long; patient_id=patient, time=date, analyte=test, value=value, unit=unit, low=low, "
    "high=high, own_flag=flag"
)


@pytest.fixture
def check(run, tmp_path):
    """Run `check` on a text."""

    def checked(text, *options):
        (tmp_path / "labs.csv").write_text(text, encoding="utf-8")
        return run("check", "labs.csv", *options)

    return checked


def test_a_good_file(check):
    """Nothing on stdout, how it was read and the counts on stderr, exit code 0."""
    done = check(GOOD)

    assert done.stdout == ""
    assert done.stderr == (
        "labs.csv: long; patient_id=patient, time=date, analyte=test, value=value, unit=unit\n"
        "1 row read: 1 used, 0 with errors\n"
    )
    assert done.returncode == 0


def test_exact_output(check):
    """Errors first, then warnings in the file's order, the tally and the counts."""
    done = check(BAD)

    assert done.stderr.splitlines() == [
        TOLD,
        (
            "labs.csv:4 value='-1'  negative-result (error): below zero, which no count, "
            "concentration or score can be. Leave the cell empty where there is no result."
        ),
        (
            "labs.csv:3 value='350'  repeated-result (warning): the same result of the same sample "
            "stands at line 2 and is counted once. Leave one of them out."
        ),
        *[line for line in done.stderr.splitlines() if "own-flag" in line],
        (
            "labs.csv:5 test='CRP'  unknown-analyte (warning): not in the catalogue: flagged only "
            "against a range beside it. (2 rows, first at this line) See `immunotrack analytes` "
            "for the names it knows."
        ),
        "labs.csv:6 value='pending'  no-result (warning): words or signs in place of a result.",
        "1 error, 4 warnings in 5 rows",
        "5 rows read: 3 used, 1 merged with another, 1 with errors",
    ]
    assert done.returncode == 4


def test_a_flag_of_the_laboratory(check):
    """CRP 6 above 5 is H and the laboratory says N."""
    done = check(BAD)

    assert [line for line in done.stderr.splitlines() if "own-flag" in line] == [
        line
        for line in done.stderr.splitlines()
        if line.startswith("labs.csv:5 ")
        and line.endswith(
            "own-flag (warning): the laboratory's own flag; value and range beside it say H. "
            "Check the range and the unit of the row."
        )
    ]


def test_the_column_of_the_laboratory_s_flag(check):
    """The offending cell is that of the flag, and not the result."""
    assert "labs.csv:5 flag='N'  own-flag" in check(BAD).stderr


def test_json(check):
    """--json gives the document on stdout; stderr and exit code stay as they are."""
    plain, done = check(BAD), check(BAD, "--json")
    told = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (plain.returncode, plain.stderr)
    assert told["source"] == "labs.csv"
    assert told["read"] == [TOLD]
    assert told["rows"] == {"read": 5, "used": 3, "merged": 1, "set_aside": {}, "errors": 1}
    assert [(p["line"], p["code"], p["severity"]) for p in told["problems"]] == [
        (3, "repeated-result", "warning"),
        (4, "negative-result", "error"),
        *[(5, code, "warning") for code in _codes(told, 5)],
        (6, "no-result", "warning"),
    ]
    assert sorted(_codes(told, 5)) == ["own-flag", "unknown-analyte"]


def _codes(told, line):
    return [p["code"] for p in told["problems"] if p["line"] == line]


def test_json_of_a_case(run):
    """A case's text is asked, and its answers are in the document."""
    told = json.loads(run("check", "monneret-2020", "--json").stdout)

    assert told["narrative"]
    assert {tuple(answer) for answer in told["narrative"]} == {("claim", "quote", "holds", "why")}


def test_report(check, tmp_path):
    """--report writes a line for each problem of each row, with the row itself."""
    done = check(BAD, "--report", "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert done.returncode == 4
    assert sorted((row["line"], row["code"]) for row in rows) == [
        ("3", "repeated-result"),
        ("4", "negative-result"),
        ("5", "own-flag"),
        ("5", "unknown-analyte"),
        ("6", "no-result"),
        ("6", "unknown-analyte"),
    ]
    assert {row["row"] for row in rows if row["line"] == "4"} == {"P,2020-03-02,CD4,-1,/µL,,,"}


@pytest.mark.parametrize("target", ["labs.csv", "nowhere/report.csv"])
def test_a_report_that_cannot_be_written(check, tmp_path, target):
    """Neither onto the input nor into a folder that is not there: a usage error."""
    done = check(BAD, "--report", target)

    assert done.returncode == 2
    assert f"{target}  unwritable (error): " in done.stderr
    assert (tmp_path / "labs.csv").read_text("utf-8") == BAD


def test_a_report_onto_a_file_of_the_folder(run, tmp_path):
    """The only copy of a file is never overwritten, also where its folder is the source."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "labs.csv").write_text(BAD, encoding="utf-8")
    run("check", "study", "--report", "study/labs.csv")

    assert (tmp_path / "study" / "labs.csv").read_text("utf-8") == BAD


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--format", "word"], 2),
        (["--format", "excel"], 3),
        (["--format", "sas"], 3),
        (["--format", "fhir"], 3),
        (["--format", "dataset-json"], 3),
        (["--format", "delimited"], 0),
        (["--dates", "ydm"], 2),
        (["--unit", "CD4"], 2),
        (["--unit", "CD4=furlongs"], 2),
        (["--unit", "colour=/µL"], 2),
        (["--map", "time=when"], 2),
        (["--map", "value=value", "--map", "value=unit"], 2),
        (["--duplicates", "min"], 2),
    ],
)
def test_exit_codes(check, options, code):
    """0 done, 2 usage, 3 unreadable; never a traceback."""
    done = check(GOOD, *options)

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


HOSTILE = {
    "empty": "",
    "header only": "patient,date,test,value,unit\n",
    "one column": "x\n1\n",
    "no patient": "date,test,value\n2020-03-01,CD4,1\n",
    "a name twice": "patient,date,test,test,value,unit\nP,2020-03-01,CD4,CD8,1,/µL\n",
    "nothing but commas": ",,,\n,,,\n",
    "zero bytes": "patient,date\x00,test,value,unit\nP,2020-03-01,CD4,1\x00,/µL\n",
    "json": '{"a": 1}',
    "markup": "<html><table><tr><td>CD4</td></tr></table></html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(check, name):
    """Each is refused in sentences."""
    done = check(HOSTILE[name])

    assert done.returncode in {3, 4}
    assert " (error): " in done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_a_folder_is_a_study(run, tmp_path):
    """LB, EX and DM in one folder: results, doses and persons, all counted."""
    folder = tmp_path / "study"
    folder.mkdir()
    lb = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC\nP,CD4,350,/uL,2020-03-03\n"
    ex = "USUBJID,EXTRT,EXDOSE,EXDOSU,EXSTDTC\nP,IL7,10,ug/kg,2020-03-01\nP,IL7,ten,mg,2020-03-01\n"
    dm = "USUBJID,RFSTDTC,SEX,BRTHDTC\nP,2020-03-01,F,1950-12-26\n"
    for name, text in {"lb": lb, "ex": ex, "dm": dm}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    done = run("check", "study")

    assert done.stderr.splitlines() == [
        (
            "study/lb.csv: SDTM LB; patient_id=USUBJID, time=LBDTC, analyte=LBTESTCD, value="
            "LBORRES, unit=LBORRESU"
        ),
        (
            "study/ex.csv:3 EXDOSE='ten'  not-a-number (error): not the size of a dose. Write a "
            "number, and its unit in dose_unit."
        ),
        "1 error, 0 warnings",
        "1 row read: 1 used, 0 with errors; 2 events read: 1 used, 1 with errors",
    ]
    assert done.returncode == 4
