"""The problem list, as CSV for a spreadsheet and as JSON for programs."""

import csv
import io
import json

import pytest

from immunotrack.problem_list import COLUMNS, problems_csv, problems_json
from immunotrack.problems import Problem, Severity
from immunotrack.readers import Source, read_source

LABS = (
    "patient,day,test,value,unit\n"
    "P,1,CD4,350,/µL\nP,2,CRP,5,mg/L\nP,3,CRP,6,mg/L\n=1+1,4,CD4,-1,/µL\n"
    '"a\nb",5,CD4,"x, é",/µL\n'
)
EVENTS = "patient_id,kind,name,start\nP,party,x,2020-03-01\n"


@pytest.fixture
def source(tmp_path, monkeypatch) -> Source:
    """Results and events with errors and warnings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    return read_source(["labs.csv", "events.csv"])


def listed(source: Source) -> list[dict[str, str]]:
    """The list as a spreadsheet reads it."""
    text = problems_csv(source, source.problems).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestCsv:
    """One line for each problem of each row."""

    def test_columns(self, source):
        """The columns are always the same."""
        text = problems_csv(source, []).decode()

        assert text == ",".join(COLUMNS) + "\n"

    def test_a_shared_warning_has_a_line_a_row(self, source):
        """Two rows of an unknown analyte are two lines, each with its row."""
        rows = [row for row in listed(source) if row["code"] == "unknown-analyte"]

        assert [(row["line"], row["row"]) for row in rows] == [
            ("3", "P,2,CRP,5,mg/L"),
            ("4", "P,3,CRP,6,mg/L"),
        ]

    def test_the_row_is_a_line_of_csv(self, source):
        """A row with commas and line breaks can be read again as it was."""
        row = next(row for row in listed(source) if row["line"] == "6")

        assert next(csv.reader(io.StringIO(row["row"], newline=""))) == [
            *("a\nb", "5", "CD4", "x, é", "/µL")
        ]
        assert (row["column"], row["value"], row["code"]) == ("value", "x, é", "not-a-number")

    def test_text_is_defused(self, source):
        """No cell of the list is run by a spreadsheet; a number below zero stays one."""
        row = next(row for row in listed(source) if row["code"] == "negative-result")

        assert row["row"] == "'=1+1,4,CD4,-1,/µL"
        assert row["value"] == "-1"

    def test_rows_of_other_files(self, source):
        """The row of a problem of events is that of the file of events."""
        row = next(row for row in listed(source) if row["source"] == "events.csv")

        assert (row["line"], row["row"]) == ("2", "P,party,x,2020-03-01")

    def test_problems_of_whole_files(self, source):
        """A problem without a line has neither line nor row."""
        problem = Problem(
            code="not-read", message="m", source="labs.csv", severity=Severity.WARNING
        )
        text = problems_csv(source, [problem]).decode().splitlines()[1]

        assert text == "labs.csv,,,,not-read,warning,m,,"


class TestJson:
    """The list as a document."""

    def test_shape(self, source):
        """How it was read, what became of the rows, every problem, and no more."""
        told = json.loads(problems_json(source, source.problems, []))

        assert list(told) == ["source", "read", "rows", "events", "problems", "narrative"]
        assert told["source"] == "labs.csv events.csv"
        assert told["rows"] == {
            "read": 5,
            "used": 3,
            "merged": 0,
            "set_aside": {},
            "errors": 2,
        }
        assert told["events"] == {
            "read": 1,
            "used": 0,
            "merged": 0,
            "set_aside": {},
            "errors": 1,
        }
        assert {tuple(problem) for problem in told["problems"]} == {
            (
                *("source", "line", "column", "value", "code", "severity", "message", "fix"),
                "rows",
                "lines",
            )
        }

    def test_text_stays_as_it_is(self, source):
        """Letters are no escapes, and nothing is defused in JSON."""
        told = problems_json(source, source.problems, [])

        assert "x, é" in told
        assert [p["value"] for p in json.loads(told)["problems"] if p["line"] == 5] == ["-1"]

    def test_all_lines_are_told(self, source):
        """A program learns every line of a problem that several rows share."""
        told = json.loads(problems_json(source, source.problems, []))

        assert [p["lines"] for p in told["problems"] if p["rows"] == 2] == [[3, 4]]
