"""The report as data: what it holds of the case, and that its files can be made from it again."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.cli.sources import read_with_events
from immunotrack.figure import Choice
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options, read_source
from immunotrack.report.chapter_tables import chapter_tables
from immunotrack.report.contents import Asked, compose_report
from immunotrack.report.document import Document, again, load_document
from immunotrack.report.page import html
from immunotrack.report.tables import table


@pytest.fixture(scope="module")
def source():
    """The case."""
    return read_source("monneret-2020")


@pytest.fixture(scope="module")
def document(source):
    """Its report."""
    return compose_report(source, Asked())


@pytest.fixture(scope="module")
def page(document):
    """Its page."""
    return html(again(document))


def test_the_json_holds_all_of_it(document):
    """Reading the JSON and writing it again changes no byte."""
    once = document.json_bytes()

    assert Document.model_validate_json(once).json_bytes() == once


def test_the_page_comes_from_the_json_alone(document, page, tmp_path):
    """The page of a report that was read from its file is the page of the report."""
    (tmp_path / "report.json").write_bytes(document.json_bytes())

    assert html(load_document(tmp_path / "report.json")) == page


def test_json_is_what_every_reader_of_json_takes(document):
    """The open ends of the sampling windows are no bare Infinity."""

    def refuse(word):
        raise AssertionError(word)

    told = json.loads(document.json_bytes(), parse_constant=refuse)
    spans = told["chapters"][0]["timeline"]["panels"][0]["spans"]

    assert spans[0] == ["-Infinity", 23.0]


def test_every_used_result_is_told_once(document, source):
    """74 results, each with the line of the file that it stands on."""
    told = [row["line"] for row in document.chapters[0].results]

    assert sorted(told) == sorted(source.used["line"].to_list())


def test_days_since_the_last_dose(document):
    """Doses on days 24, 26, 29, 33, 36, 40 and 43: day 28 is 2 after, day 33 is 0, day 22 none."""
    days = {row["day"]: row["days_since_dose"] for row in document.chapters[0].results}

    assert (days[22], days[28], days[33], days[45]) == (None, 2, 0, 2)


def test_doses_against_the_plan_of_the_case(document):
    """3 µg/kg, then 10 µg/kg twice a week for 4 weeks: 9 doses, 2 of them after death on day 46.

    3 + 6 x 10 = 63 µg/kg were given.
    """
    chapter = document.chapters[0]
    totals = chapter.totals[0]

    assert [row["status"] for row in chapter.doses] == ["given"] * 7 + ["not due"] * 2
    assert (totals["planned"], totals["given"], totals["total_per_kg"]) == (9, 7, 63.0)


def test_a_plan_without_a_first_day_starts_with_the_first_dose(source):
    """ILIAD-7 UK: 3 µg/kg, then 10 µg/kg from 48 h on; its second dose is due on day 26."""
    told = compose_report(source, Asked(plan="iliad7-uk")).chapters[0]

    assert [row["planned_day"] for row in told.doses][:2] == [24.0, 26.0]


def test_all_days_are_on_one_clock(tmp_path):
    """The worst grade, of 400 /µL, came 3 days after the dose, as its result did."""
    (tmp_path / "labs.csv").write_text(
        "patient,date,test,result,units\nA,2020-03-02,ALC,900,/µL\nA,2020-03-05,ALC,400,/µL\n",
        encoding="utf-8",
    )
    (tmp_path / "events.csv").write_text(
        "patient,kind,name,start,dose,dose_unit\nA,dose,IL-7,2020-03-02,10,µg/kg\n",
        encoding="utf-8",
    )
    found = read_with_events([str(tmp_path / "labs.csv")], tmp_path / "events.csv", Options())
    told = compose_report(found, Asked()).chapters[0]
    days = {row["value"]: row["day"] for row in told.results}

    assert (told.worst[0]["grade"], told.worst[0]["day"]) == (3, 3.0)
    assert days == {900.0: 0.0, 400.0: 3.0}


def test_evidence_stands_beside_the_treatment_it_is_about(document, tmp_path):
    """The case had IL-7; a patient without any dose has no trials beside him."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nA,1,CD4,300,/µL\n", encoding="utf-8"
    )
    other = compose_report(read_source(str(tmp_path / "labs.csv")), Asked()).chapters[0]

    assert {row["analyte"] for row in document.chapters[0].evidence} >= {"lymphocytes", "cd4"}
    assert document.chapters[0].evidence_notes
    assert (other.evidence, other.evidence_notes) == ([], [])


def test_ranges_are_told_with_their_sources(document):
    """Each range that decided a flag, with the number of its results: 61 of 74 less IL-1β's 8."""
    decided = {entry.analyte: entry for entry in document.ranges if entry.results}

    assert decided["lymphocytes"].limits == "1\u2009100–3\u2009200 cells/µL"
    assert decided["lymphocytes"].source.startswith("COVID-19 cohort paper, PMC7695552")
    assert decided["mhla_dr"].assumed
    assert sum(entry.results for entry in decided.values()) == 74


def test_a_patient_who_is_not_there_is_refused(source):
    """The ones who are there are named."""
    with pytest.raises(InvalidInput) as caught:
        compose_report(source, Asked(patients=["M2"]))

    assert [str(problem) for problem in caught.value.problems] == [
        "--patient  several-patients (error): there is no patient 'M2'. Choose from: M1."
    ]


def test_a_patient_without_an_analyte_has_the_other_panels(tmp_path):
    """A choice of panels is a choice of those that a patient has."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nA,1,CD4,300,/µL\nA,1,NK,90,/µL\nB,1,CD4,500,/µL\n",
        encoding="utf-8",
    )
    found = read_source(str(tmp_path / "labs.csv"))
    told = compose_report(found, Asked(choice=Choice(analytes=["nk", "cd4"])))
    panels = [[panel.analyte for panel in one.timeline.panels] for one in told.chapters]

    assert panels == [["nk", "cd4"], ["cd4"]]


def test_an_analyte_that_nobody_has_is_refused(source):
    """An option that matches nothing is an error."""
    with pytest.raises(InvalidInput) as caught:
        compose_report(source, Asked(choice=Choice(analytes=["cd8"])))

    assert str(caught.value.problems[0]).startswith(
        "--analytes  unknown-option (error): 'cd8' is not known. Write one of: lymphocytes, cd4, "
    )


def test_a_patient_with_none_of_the_analytes_has_no_panel(tmp_path):
    """And not all the others."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nA,1,NK,90,/µL\nB,1,CD4,500,/µL\n", encoding="utf-8"
    )
    found = read_source(str(tmp_path / "labs.csv"))
    told = compose_report(found, Asked(choice=Choice(analytes=["nk"])))

    assert [len(one.timeline.panels) for one in told.chapters] == [1, 0]
    assert html(again(told))


def test_a_report_of_one_holds_nothing_of_another(tmp_path):
    """Not even the rows of others that have problems; what several share is counted anew."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nAnna,1,CD4,300,/µL\nAnna,2,CD4,-7,/µL\n"
        "Anna,3,Thing,1,mg\nBerta,1,CD4,-9999,/µL\nBerta,2,Thing,55555,mg\n",
        encoding="utf-8",
    )
    found = read_source(str(tmp_path / "labs.csv"))
    one = compose_report(found, Asked(patients=["Anna"]))
    every = compose_report(found, Asked())
    text = one.json_bytes().decode()

    assert [(row["code"], row["rows"]) for row in one.problems] == [
        ("negative-result", 1),
        ("unknown-analyte", 1),
    ]
    assert sum(row["rows"] for row in every.problems) == 4
    assert not [secret for secret in ("Berta", "9999", "55555") if secret in text]


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not JSON", '{"chapters": [{"timeline": {}}]}'])
def test_other_files_are_no_report(tmp_path, text):
    """One message, whatever is wrong."""
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_document(path)

    assert str(caught.value.problems[0]) == (
        f"{path}  unreadable (error): the file is not the data of a report of this version. "
        "Name the file that immunotrack report --data wrote."
    )


def test_the_result_table_says_what_the_figure_says(document):
    """Each point of the figure has a row in the table with its day and value."""
    chapter = document.chapters[0]
    told = next(one for one in chapter_tables(chapter, document) if one.key == "results")
    places = [told.columns.index(name) for name in ("Analyte", "Day", "Result")]
    rows = {tuple(row[place] for place in places) for row in told.rows}

    assert ("CD4⁺ T cells", "34", "830") in rows
    assert len(told.rows) == 74


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=3), st.just(""), st.text(max_size=3)), max_size=5))
def test_a_table_leaves_out_columns_that_are_empty_throughout(rows):
    """And no other: the texts of the rest are all there, in order."""
    cells = {name: lambda row, place=place: row[place] for place, name in enumerate("abc")}
    made = table("key", "title", rows, cells)
    kept = [name for place, name in enumerate("abc") if any(row[place] for row in rows)]

    assert list(made.columns) == kept
    assert [list(row) for row in made.rows] == [
        [row["abc".index(name)] for name in kept] for row in rows
    ]


def test_a_rule_that_is_not_met_does_not_look_like_one_that_is(document, page):
    """Each row has one class, that of its answer: `met`, `not-met` or `undetermined`."""
    answers = {row["answer"] for row in document.chapters[0].verdicts}
    classes = set(re.findall(r'<tr class="([^"]+)"', page.decode()))

    assert answers == {"met", "not met", "undetermined"}
    assert {"met", "not-met", "undetermined", "not-due"} <= classes
    assert not [name for name in classes if " " in name]


def test_illustrative_values_are_told_on_the_face(document, page):
    """Not without being asked, and only where there are some."""
    plain = document.chapters[0].model_copy(
        update={"timeline": replace(document.chapters[0].timeline, illustrative=False)}
    )
    other = document.model_copy(update={"chapters": [plain]})
    said = "Illustrative values: some or all of the values were chosen"

    assert said in page.decode()
    assert said not in html(other).decode()


def test_no_folder_of_the_machine_is_told(tmp_path):
    """Of files with absolute paths, and of their wrong rows, a report holds the ends alone."""
    labs = "patient,date,test,result,units\nP{},2020-03-01,CD4,180,/µL\nP{},2020-03-08,CD4,x,/µL\n"
    for number, ward in enumerate(("a", "b"), 1):
        (tmp_path / ward).mkdir()
        (tmp_path / ward / "labs.csv").write_text(labs.format(number, number), "utf-8")
    (tmp_path / "doses.csv").write_text(
        "patient,kind,name,start,end,dose,dose_unit\nP1,dose,IL-7,2020-03-02,,10,µg/kg\n", "utf-8"
    )
    files = [str(tmp_path / ward / "labs.csv") for ward in ("a", "b")]
    found = read_with_events(files, tmp_path / "doses.csv", Options())
    document = compose_report(found, Asked())

    assert str(tmp_path) not in document.json_bytes().decode()
    assert {row["source"] for row in document.problems} >= {"a/labs.csv", "b/labs.csv"}
    assert document.chapters[0].results[0]["source"] == "a/labs.csv"
    assert document.chapters[0].events[0]["source"] == "doses.csv"


def test_a_span_of_doses_is_told_with_its_end(tmp_path):
    """It stands for several doses, so it is counted apart, and there is no sum."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,result,units\nA,1,CD4,300,/µL\n", encoding="utf-8"
    )
    (tmp_path / "events.csv").write_text(
        "patient,kind,name,day,end_day,dose,dose_unit\nA,dose,IL-7,2,,10,µg/kg\n"
        "A,dose,IL-7,9,12,10,µg/kg\n",
        encoding="utf-8",
    )
    found = read_with_events([str(tmp_path / "labs.csv")], tmp_path / "events.csv", Options())
    document = compose_report(found, Asked(plan="10 µg/kg on day 2"))
    doses = next(
        one for one in chapter_tables(document.chapters[0], document) if one.key == "doses"
    )
    told = [dict(zip(doses.columns, row, strict=True)) for row in doses.rows]

    assert [row["Status"] for row in told] == ["given", "repeated"]
    assert (told[1]["Given day"], told[1]["Given to day"]) == ("9", "12")
    assert "1 given, 1 repeated; no total" in doses.note
