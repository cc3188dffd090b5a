"""Several files, or a folder, as one study."""

import json
import os
from pathlib import Path

import pytest

from immunotrack.problems import InvalidInput
from immunotrack.readers import FORMAT_NAMES, Options, read_events_file, read_source

LABS = "patient,date,test,value,unit\n"
ONE, TWO = LABS + "P,2020-03-01,CD4,350,/µL\n", LABS + "Q,2020-03-02,CD4,1200,/µL\n"

OTHERS = "links, folders and files of no known format"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write files into the folder `study`, in which the test then is not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").mkdir()

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / "study" / name.replace("_", ".")
            path.write_text(text, encoding="utf-8")
        return tmp_path / "study"

    return write


def told(source):
    """Place and text of every problem."""
    return [str(problem) for problem in source.problems]


class TestFolders:
    """Every file of a folder that has a known suffix is read."""

    def test_two_files(self, folder):
        """Files in the order of their names, with their names at every result."""
        folder(b_csv=TWO, a_csv=ONE)
        source = read_source("study")

        assert source.used["source", "line", "value"].rows() == [
            ("study/a.csv", 2, 350.0),
            ("study/b.csv", 2, 1200.0),
        ]
        assert source.told == [
            "2 files: long; patient_id=patient, time=date, analyte=test, value=value, unit=unit"
        ]
        assert source.counts.said("row") == "2 rows read: 2 used, 0 with errors"

    def test_what_is_not_read_is_told(self, folder):
        """Links, folders and files of other kinds are counted in one warning."""
        path = folder(a_csv=ONE, readme_md="x", figure_png="x")
        (path / "inside").mkdir()
        (path / "inside" / "c.csv").write_text(TWO, encoding="utf-8")
        (path / "link.csv").symlink_to(path / "a.csv")
        (path / "loop").symlink_to(path)
        source = read_source("study")

        assert [(p.source, p.code, p.message) for p in source.problems] == [
            ("study", "not-read", f"5 items of the folder not read: {OTHERS}")
        ]
        assert source.counts.read == 1

    def test_a_link_that_is_named_is_read(self, folder):
        """Who names a link means its file."""
        path = folder(a_csv=ONE)
        (path / "link.csv").symlink_to(path / "a.csv")

        assert read_source("study/link.csv").counts.used == 1

    def test_an_unreadable_file_among_good_ones(self, folder):
        """It is an error of that file, and the others are read."""
        path = folder(a_csv=ONE, b_json="{", c_xlsx="no workbook")
        (path / "d.xpt").write_bytes(b"HEADER RECORD")
        source = read_source("study")

        assert [(p.source, p.code, p.severity) for p in source.problems] == [
            ("study/b.json", "unreadable", "error"),
            ("study/c.xlsx", "unreadable", "error"),
            ("study/d.xpt", "unreadable", "error"),
        ]
        assert source.counts.used == 1

    def test_files_of_something_else(self, folder):
        """A table without results is told, and does not stop the others."""
        folder(a_csv=ONE, b_csv="colour,size\nred,1\n")
        source = read_source("study")

        assert [(p.source, p.code) for p in source.problems] == [("study/b.csv", "not-read")]

    @pytest.mark.parametrize("texts", [{}, {"readme_md": "x"}])
    def test_an_empty_folder(self, folder, texts):
        """A folder without results cannot be read."""
        folder(**texts)
        with pytest.raises(InvalidInput) as error:
            read_source("study")

        assert error.value.unreadable
        assert {p.code for p in error.value.problems} <= {"unreadable", "not-read"}

    def test_a_folder_without_results_is_an_error(self, folder):
        """What ends with exit code 3 says so in at least one error."""
        folder(a_csv="colour,size\nred,1\n")
        with pytest.raises(InvalidInput) as error:
            read_source("study")

        assert any(problem.is_error for problem in error.value.problems)

    def test_an_option_loses_no_file(self, folder):
        """A file that would be read without the option is not lost because of it."""
        folder(a_csv=ONE, b_csv=TWO.replace("value", "ergebnis"))
        source = read_source("study", Options(columns={"value": "ergebnis"}))

        assert source.counts.used == 2 or any(p.is_error for p in source.problems)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_without_permission(self, folder):
        """It is told like any other that cannot be read."""
        path = folder(a_csv=ONE, b_csv=TWO)
        (path / "b.csv").chmod(0)

        assert [p.source for p in read_source("study").problems] == ["study/b.csv"]


class TestSeveral:
    """Several files that the user names."""

    def test_other_columns(self, folder):
        """Each is read by its own header; the joined rows have the columns of both."""
        folder(a_csv=ONE, b_csv="PID;sampled;marker;result;units\nQ;2020-03-02;NK;1,5;G/L\n")
        source = read_source(["study/a.csv", "study/b.csv"])

        assert source.used["patient_id", "analyte", "value"].rows() == [
            ("P", "cd4", 350.0),
            ("Q", "nk", 1.5),
        ]
        assert source.header == [
            *("patient", "date", "test", "value", "unit"),
            *("PID", "sampled", "marker", "result", "units"),
        ]
        assert source.rows[1] == ["", "", "", "", "", "Q", "2020-03-02", "NK", "1,5", "G/L"]
        assert source.name == "study/a.csv study/b.csv"

    def test_a_named_file_must_be_readable(self, folder):
        """A file that the user names is not passed over."""
        folder(a_csv=ONE, b_csv="colour,size\nred,1\n")
        with pytest.raises(InvalidInput) as error:
            read_source(["study/a.csv", "study/b.csv"])

        assert {p.source for p in error.value.problems} == {"study/b.csv"}

    def test_one_sample_in_two_files(self, folder):
        """What stands in both is counted once, and says in which file it counts."""
        folder(a_csv=ONE, b_csv=ONE)
        source = read_source("study")

        assert source.counts.said("row") == (
            "2 rows read: 1 used, 1 merged with another, 0 with errors"
        )
        assert "\n".join(told(source)) == (
            "study/b.csv:2 value='350'  repeated-result (warning): the same result of the same "
            "sample stands at study/a.csv:2 and is counted once. Leave one of them out."
        )

    def test_one_file_twice(self, folder):
        """It is one file."""
        folder(a_csv=ONE)

        assert read_source(["study/a.csv", "study/a.csv"]).counts.read == 1

    def test_an_empty_folder_beside_a_file(self, folder):
        """Who names a folder expects something of it."""
        path = folder(a_csv=ONE)
        (path / "empty").mkdir()

        assert told(read_source(["study/a.csv", "study/empty"])) != []

    def test_a_folder_and_a_file(self, folder, tmp_path):
        """Both make one source."""
        folder(a_csv=ONE)
        (tmp_path / "more.csv").write_text(TWO, encoding="utf-8")

        assert read_source(["study", "more.csv"]).counts.used == 2

    def test_events_and_results(self, folder):
        """A file of events is known by its columns."""
        events = "patient_id,kind,name,start,dose,dose_unit\nP,dose,IL7,2020-03-01,10,µg/kg\n"
        folder(a_csv=ONE, events_csv=events)
        source = read_source("study")

        assert source.events.table["name", "dose"].rows() == [("IL7", 10.0)]
        assert source.counted == (
            "1 row read: 1 used, 0 with errors; 1 event read: 1 used, 0 with errors"
        )

    def test_results_and_events_of_a_bundle(self, folder):
        """A FHIR file may hold results of several patients, and what was done to them."""
        patient = {"resourceType": "Patient", "id": "P", "gender": "female"}
        folder(b_json=json.dumps(_bundle(patient, _observation("P"), _observation("Q"), _drug())))
        source = read_source("study")

        assert source.used["patient_id", "sex"].rows() == [("P", "female"), ("Q", "")]
        assert source.events.table["patient_id", "name"].rows() == [("P", "IL7")]

    def test_a_subject_without_an_id(self, folder):
        """A reference that names nobody is no patient."""
        folder(b_json=json.dumps(_bundle(_observation(""))))

        assert [p.code for p in read_source("study").problems] == ["missing-patient"]

    def test_a_birth_date_of_a_year(self, folder):
        """FHIR allows `1950`; the results are sound."""
        patient = {"resourceType": "Patient", "id": "P", "birthDate": "1950"}
        folder(b_json=json.dumps(_bundle(patient, _observation("P"))))

        assert read_source("study").counts.wrong == 0


def _bundle(*resources):
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _observation(patient):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "CD4"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2020-03-01T08:00",
        "valueQuantity": {"value": 350, "unit": "/uL"},
    }


def _drug():
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"text": "IL7"},
        "subject": {"reference": "Patient/P"},
        "effectiveDateTime": "2020-03-01",
    }


class TestSources:
    """What a source may be called."""

    @pytest.mark.parametrize("name", ["nothing", "monneret"])
    def test_a_name_that_is_none(self, name):
        """The cases are listed."""
        with pytest.raises(InvalidInput) as error:
            read_source(name)

        assert error.value.problems[0].code == "unknown-option"
        assert "monneret-2020" in error.value.problems[0].fix

    def test_a_case(self):
        """A case by its name has results, events and its own clock."""
        source = read_source("monneret-2020")

        assert source.case is not None
        assert source.counts.wrong == 0
        assert source.counts.read == len(source.rows)
        assert source.events.counts.used == len(source.events.table)

    def test_a_format_that_is_none(self):
        """The formats are listed, each once."""
        with pytest.raises(InvalidInput) as error:
            read_source("labs.csv", Options(format="word"))

        assert error.value.problems[0].code == "unknown-option"
        assert len(set(FORMAT_NAMES)) == len(FORMAT_NAMES)

    def test_events_by_themselves(self, folder):
        """A file of events may be read alone."""
        folder(e_csv="kind,name,start\nprocedure,biopsy,2020-03-01\nparty,x,2020-03-01\n")
        events = read_events_file(Path("study/e.csv"), "study/e.csv")

        assert events.counts.said("event") == "2 events read: 1 used, 1 with errors"
        assert [(p.line, p.column, p.value) for p in events.problems] == [(3, "kind", "party")]
