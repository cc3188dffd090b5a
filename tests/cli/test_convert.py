"""`immunotrack convert`: the forms by suffix and name, what is told, and the exit codes."""

import csv
import io
import json

import pytest

LABS = """\
patient,date,test,value,unit
007,2020-03-01,CD4,350,/µL
NA,2020-03-02,Lymphs Abs,<1.2,G/L
NA,2020-03-03,CRP,negative,mg/L
"""
WRONG = LABS + "NA,2020-03-04,CD4,-1,/µL\n"


@pytest.fixture
def convert(run, tmp_path):
    """Convert a file of this text."""

    def command(text, *arguments):
        (tmp_path / "labs.csv").write_text(text, encoding="utf-8")
        return run("convert", "labs.csv", *arguments)

    return command


def plain(text):
    """What typer says, without its frame."""
    return " ".join(text.replace("│", " ").split())


def test_a_table_by_its_suffix(convert, tmp_path):
    """What was read and written is told on stderr, and nothing on stdout."""
    done = convert(LABS, "-o", "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-2:] == [
        "3 rows read: 3 used, 0 with errors",
        "out.csv: 3 results written as long",
    ]
    assert [(row["patient_id"], row["analyte"], row["flag"]) for row in rows] == [
        ("007", "cd4", "L"),
        ("NA", "lymphocytes", "IND"),
        ("NA", "CRP", ""),
    ]


@pytest.mark.parametrize(
    ("name", "to", "start"),
    [
        ("out.xpt", [], b"HEADER RECORD*******LIBRARY"),
        ("OUT.XPT", [], b"HEADER RECORD*******LIBRARY"),
        ("out.csv", ["--to", "adlb"], b"USUBJID,SUBJID,"),
        ("out.json", ["--to", "adlb"], b'{"datasetJSONCreationDateTime": '),
        ("out.ndjson", ["--to", "adlb"], b'{"datasetJSONCreationDateTime": '),
        ("out.dsjc", [], b"x\xda"),
        ("out.json", ["--to", "fhir"], b'{"resourceType": "Bundle", '),
        ("out.ndjson", ["--to", "fhir"], b'{"resourceType": "Patient", '),
    ],
)
def test_every_form_is_read_again(convert, run, tmp_path, name, to, start):
    """Each file begins as its kind does, and gives the same results."""
    done = convert(LABS, "-o", name, *to)
    again = run("flag", name)

    assert done.returncode == 0
    assert (tmp_path / name).read_bytes().startswith(start)
    assert "3 results: L 1, IND 1, no flag 1" in again.stderr


def test_a_suffix_of_two_forms_needs_the_name(convert, tmp_path):
    """Both are named, and nothing is written."""
    done = convert(LABS, "-o", "out.json")

    assert done.returncode == 2
    assert done.stderr == (
        "-o  unknown-option (error): .json may be adlb (CDISC Dataset-JSON) or fhir (FHIR). "
        "Add --to adlb or --to fhir.\n1 error, 0 warnings\n"
    )
    assert not (tmp_path / "out.json").exists()


def test_an_unknown_suffix_is_a_usage_error(convert):
    """The known ones are named."""
    done = convert(LABS, "-o", "out.xlsx")

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "-o  unknown-option (error): nothing is written to a file that ends in '.xlsx'. "
        "End its name in one of: .csv, .xpt, .json, .ndjson, .dsjc."
    )


def test_an_output_is_needed(convert):
    """There is no form for stdout."""
    done = convert(LABS)

    assert done.returncode == 2
    assert "Missing option '-o' / '--output'" in plain(done.stderr)


def test_rows_with_errors_are_left_out(convert, tmp_path):
    """The others are written, and the exit code is that of `flag`."""
    done = convert(WRONG, "-o", "out.csv")

    assert done.returncode == 4
    assert "negative-result (error)" in done.stderr
    assert done.stderr.splitlines()[-2:] == [
        "4 rows read: 3 used, 1 with errors",
        "out.csv: 3 results written as long",
    ]
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 4


def test_a_source_without_results_gives_no_file(convert, tmp_path):
    """An empty file would look like an answer."""
    done = convert("patient,date,test,value,unit\nP,2020-03-04,CD4,-1,/µL\n", "-o", "out.csv")

    assert done.returncode == 4
    assert done.stderr.splitlines()[-1] == "out.csv: not written, as there is no result"
    assert not (tmp_path / "out.csv").exists()


def test_events_are_told(run, tmp_path):
    """No form holds them."""
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "CRP"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2020-03-02",
        "valueQuantity": {"value": 5, "unit": "mg/L"},
    }
    procedure = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"text": "biopsy"},
        "subject": {"reference": "Patient/p"},
        "performedDateTime": "2020-03-03",
    }
    lines = "".join(f"{json.dumps(resource)}\n" for resource in (observation, procedure))
    (tmp_path / "bundle.ndjson").write_text(lines, encoding="utf-8")
    done = run("convert", "bundle.ndjson", "-o", "out.json", "--to", "fhir")

    assert done.returncode == 0
    assert done.stderr.splitlines()[-2:] == [
        "out.json: 1 result written as fhir",
        "out.json: without 1 event, as fhir holds results only",
    ]


def test_a_long_text_makes_it_version_8(convert):
    """It is told, because some readers know version 5 only."""
    done = convert(LABS.replace("CRP", "x" * 201), "-o", "out.xpt")

    assert done.returncode == 0
    assert (
        "out.xpt: SAS transport version 8, as version 5 holds no text of more than 200 bytes"
        in done.stderr.splitlines()
    )


def test_ranges_and_reading_are_those_of_flag(convert, tmp_path):
    """A chosen set applies, and columns may be named."""
    text = "patient,date,what,value,unit,age\nP,2020-03-01,CD4,420,/µL,30\n"
    done = convert(text, "-o", "out.csv", "--ranges", "mayo-2013", "--map", "analyte=what")
    row = next(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))

    assert done.returncode == 0
    assert (row["low"], row["high"], row["range_source"], row["flag"]) == (
        *("424", "1509", "mayo-2013", "L"),
    )


def test_output_onto_the_input_is_refused(convert, tmp_path):
    """The only copy of a file is never overwritten."""
    done = convert(LABS, "-o", "labs.csv")

    assert done.returncode == 2
    assert done.stderr.startswith("labs.csv  unwritable (error): the output is the input.")
    assert (tmp_path / "labs.csv").read_text("utf-8") == LABS


def test_a_missing_source_is_unreadable(run, tmp_path):
    """Nothing is written."""
    done = run("convert", "absent.csv", "-o", "out.csv")

    assert done.returncode == 3
    assert not (tmp_path / "out.csv").exists()


def test_a_number_that_sas_does_not_hold_is_told(convert, tmp_path):
    """No file with another number, and no half of one."""
    done = convert(LABS.replace("CRP,negative", "score x,1e-90"), "-o", "out.xpt")

    assert done.returncode == 2
    assert "a number that the format cannot hold" in done.stderr
    assert not (tmp_path / "out.xpt").exists()
