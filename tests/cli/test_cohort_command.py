"""`immunotrack cohort`: files, bookmarks, processes, interrupts, and who cannot be drawn."""

import csv
import os
import re
import subprocess
import sys
import time

import pytest
from pypdf import PdfReader

from immunotrack.plot import cohort_strip, multiples, overlay
from terminals import on_terminal

PATIENTS = [f"P{number:02d}" for number in range(45)]


@pytest.fixture
def labs(tmp_path):
    """45 patients with three counts each, the first of them dosed; their arms in a file."""
    return with_files(tmp_path)


def with_files(folder, patients=PATIENTS):
    """A folder with the results, the doses and the arms of some patients."""
    rows = [
        f"{one},{day},CD4,{100 + 10 * place + day},/µL"
        for place, one in enumerate(patients)
        for day in (1, 8, 15)
    ]
    doses = [f"{one},dose,IL-7,{1 + place % 3},10,µg/kg" for place, one in enumerate(patients)]
    arms = [f"{one},{'AB'[place % 2]}" for place, one in enumerate(patients)]
    for name, header, lines in (
        ("labs.csv", "patient,day,test,value,unit", rows),
        ("doses.csv", "patient,kind,name,start,dose,dose_unit", doses),
        ("arms.csv", "patient,arm", arms),
    ):
        (folder / name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return folder


DOSED = ("labs.csv", "--events", "doses.csv")


@pytest.fixture(scope="module")
def drawn(run_in, tmp_path_factory):
    """What drawing all of them says, and the folder of `out.pdf`."""
    folder = with_files(tmp_path_factory.mktemp("drawn"))
    return run_in(folder)("cohort", *DOSED, "-o", "out.pdf"), folder


@pytest.fixture(scope="module")
def by_arm(run_in, tmp_path_factory):
    """The folder of `out.pdf` of two arms, and of `data.csv` behind it."""
    folder = with_files(tmp_path_factory.mktemp("arms"))
    chosen = ("--persons", "arms.csv", "--by", "arm", "--data", "data.csv", "-o", "out.pdf")
    run_in(folder)("cohort", *DOSED, *chosen)
    return folder


@pytest.fixture
def few(tmp_path):
    """The first 21 of them, who fill a page and begin another."""
    return with_files(tmp_path, PATIENTS[:21])


def outline(path):
    """The bookmarks of a PDF, those below others in a list of their own."""
    reader = PdfReader(path)
    return [
        [(one.title, reader.get_destination_page_number(one)) for one in entry]
        if isinstance(entry, list)
        else (entry.title, reader.get_destination_page_number(entry))
        for entry in reader.outline
    ]


def test_a_pdf_with_contents_and_bookmarks(drawn):
    """20 patients a page: contents, three pages, a bookmark for each patient on its page."""
    done, folder = drawn
    text = PdfReader(folder / "out.pdf").pages[0].extract_text()

    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == (
        "45 patients, Days after first IL-7 dose; 4 pages: out.pdf"
    )
    assert outline(folder / "out.pdf") == [
        ("Contents", 0),
        *((one, 1 + place // 20) for place, one in enumerate(PATIENTS)),
    ]
    assert [one for one in PATIENTS if one not in text] == []


def test_entries_of_the_contents_lead_to_their_pages(drawn):
    """Name and number of each patient, to where its bookmark leads; no address, no frame."""
    _, folder = drawn
    reader = PdfReader(folder / "out.pdf")
    contents, *others = reader.pages
    links = [link.get_object() for link in contents.annotations]
    leads = [reader.get_page_number(link["/Dest"][0].get_object()) for link in links]

    assert leads == [1 + place // 20 for place in range(45) for _ in ("name", "number")]
    assert {(link["/Subtype"], link.get("/A"), link["/Border"][2]) for link in links} == {
        ("/Link", None, 0)
    }
    assert [page.annotations for page in others] == [None] * 3


def test_bookmarks_of_groups(by_arm):
    """Each arm is a chapter, its patients below it."""
    contents, first, own, second, others = outline(by_arm / "out.pdf")

    assert [contents, first, second] == [("Contents", 0), ("A", 1), ("B", 2)]
    assert [title for title, _ in own] == PATIENTS[::2]
    assert [title for title, _ in others] == PATIENTS[1::2]


def test_two_processes_write_the_bytes_of_one(run_process, labs, drawn):
    """Nothing depends on who draws; no date, no path, no version of a library is in the file."""
    _, folder = drawn
    done = run_process("cohort", *DOSED, "--jobs", "2", "-o", "2.pdf")
    one = (folder / "out.pdf").read_bytes()

    assert (done.returncode, done.stdout) == (0, "")
    assert (labs / "2.pdf").read_bytes() == one
    assert PdfReader(folder / "out.pdf").metadata == {
        "/Creator": "immunotrack",
        "/Producer": "immunotrack",
    }
    assert re.findall(rb"20\d\d-\d\d-\d\d|D:20\d\d|/tmp|/root|Matplotlib|pypdf", one) == []


def test_a_patient_who_cannot_be_drawn_is_named(run, few, monkeypatch):
    """The others are drawn; exit code 4; nothing of the error's text, which may hold values."""
    draw = multiples.draw_panel

    def fail(ax, panel, *rest):
        if panel.line[0]["patient_id"] == "P03":
            raise ValueError("130 cells")
        return draw(ax, panel, *rest)

    monkeypatch.setattr(multiples, "draw_panel", fail)
    done = run("cohort", *DOSED, "-o", "out.pdf")

    assert done.returncode == 4
    assert (
        "figure  not-drawn (error): patient P03 could not be drawn (ValueError). Draw this patient "
        "alone with immunotrack plot --debug.\n"
    ) in done.stderr
    assert "130" not in done.stderr
    _, first, *others = PdfReader(few / "out.pdf").pages
    assert first.extract_text().count("could not be drawn") == 1
    assert len(others) == 1


@pytest.mark.parametrize(
    ("figure", "module", "part", "names"),
    [
        ("strip", cohort_strip, "_placed", lambda leaf: [row.patient for row in leaf.rows]),
        ("overlay", overlay, "_labels", lambda leaf: [t.patient for t in leaf.laid[0].traces]),
    ],
)
def test_a_patient_stops_no_other_on_a_shared_figure(
    run, few, monkeypatch, figure, module, part, names
):
    """As on small multiples; the footnote counts who is left out."""
    whole = getattr(module, part)

    def fail(leaf):
        if "P03" in names(leaf):
            raise ValueError("130 cells")
        return whole(leaf)

    monkeypatch.setattr(module, part, fail)
    done = run("cohort", *DOSED, "--figure", figure, "-o", "out.pdf")
    told = " ".join(page.extract_text() for page in PdfReader(few / "out.pdf").pages)

    assert done.returncode == 4
    assert done.stderr.count("patient P03 could not be drawn (ValueError)") == 1
    assert done.stderr.count("could not be drawn") == 1
    assert "130" not in done.stderr
    assert told.count("1 patient could not be drawn.") == 1


def test_what_concerns_no_patient_is_no_patients_fault(run, few, monkeypatch):
    """Where nobody can be drawn the error is told as what it is."""
    monkeypatch.setattr(cohort_strip, "_placed", lambda _: 1 / 0)
    done = run("cohort", *DOSED, "--figure", "strip", "-o", "out.pdf")

    assert done.returncode == 70
    assert "internal error (ZeroDivisionError)" in done.stderr
    assert not (few / "out.pdf").exists()


def test_an_invalid_row_is_told_and_the_rest_is_drawn(run, labs):
    """Exit code 4, as for every command."""
    with (labs / "labs.csv").open("a", encoding="utf-8") as file:
        file.write("P99,1,CD4,-3,/µL\n")
    done = run("cohort", *DOSED, "--figure", "overlay", "-o", "out.png")

    assert done.returncode == 4
    assert "labs.csv:137" in done.stderr
    assert (labs / "out.png").exists()


def test_an_interrupt_leaves_no_file_and_says_what_was_done(labs):
    """As Ctrl-C does: code 130, the count of pages, and the figure of before is still there."""
    (labs / "out.pdf").write_bytes(b"before")
    program = (
        "import os, signal, sys\n"
        "from immunotrack.plot import book\n"
        "draw = book.draw_leaf\n"
        "def stop(leaf, size):\n"
        "    if leaf.around.number == '3 / 4':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return draw(leaf, size)\n"
        "book.draw_leaf = stop\n"
        "sys.argv = ['immunotrack', 'cohort', *sys.argv[1:]]\n"
        "from immunotrack.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *DOSED, "-o", "out.pdf"],
        cwd=labs,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == (
        "interrupted: 2 of 4 pages were drawn; no file was written"
    )
    assert (labs / "out.pdf").read_bytes() == b"before"
    assert list(labs.glob(".immunotrack-*")) == []


@pytest.mark.skipif(os.name != "posix", reason="a terminal's interrupt goes to a process group")
def test_an_interrupt_of_two_processes_leaves_no_file_either(labs):
    """Ctrl-C reaches all processes of the group: one of them answers, and all are gone."""
    program = (
        "import os, signal, sys\n"
        "from immunotrack import cohort_figure\n"
        "draw = cohort_figure.draw_pages\n"
        "def stop(*order):\n"
        "    pages = draw(*order)\n"
        "    yield next(pages)\n"
        "    os.killpg(0, signal.SIGINT)\n"
        "    yield from pages\n"
        "cohort_figure.draw_pages = stop\n"
        "sys.argv = ['immunotrack', 'cohort', *sys.argv[1:]]\n"
        "from immunotrack.__main__ import main\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *DOSED, "--jobs", "2", "-o", "out.pdf"],
        cwd=labs,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _, told = process.communicate(timeout=600)

    assert process.returncode == 130
    assert told.splitlines()[1:] == ["interrupted: 2 of 4 pages were drawn; no file was written"]
    assert not (labs / "out.pdf").exists()
    assert list(labs.glob(".immunotrack-*")) == []
    assert no_process_of(process.pid)


def no_process_of(group: int) -> bool:
    """Whether a process group is empty, or becomes so within two minutes."""
    given_up = time.monotonic() + 120
    while time.monotonic() < given_up:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own needs pty")
def test_a_terminal_sees_the_progress(few):
    """A bar with the number of pages, on stderr only; a pipe sees none."""
    command = [sys.executable, "-m", "immunotrack", "cohort", *DOSED, "-o", "out.pdf"]
    done = on_terminal(command, few, "stderr")

    assert (done.returncode, done.stdout) == (0, "")
    assert "drawing" in done.stderr
    assert "3/3" in done.stderr


def test_the_table_behind_small_multiples(by_arm):
    """Every result is there, on the clock of the figure, with its group."""
    with (by_arm / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 135
    assert [(row["day"], row["value"]) for row in rows if row["patient_id"] == "P02"] == [
        *(("-2", "121"), ("5", "128"), ("12", "135")),
    ]
    assert {row["group"] for row in rows} == {"A", "B"}


def test_groups_by_the_answer_to_a_rule(run, labs):
    """Counts of CD4 on day 15 are 115 to 555: 100 + 10 n + 1 < 350 at first for n below 25."""
    (labs / "low.toml").write_text(
        '[[rule]]\nname = "low"\nanalyte = "CD4"\ncompare = "<"\nvalue = 350\nunit = "/µL"\n'
        'when = "before first dose"\nsource = "made up"\n',
        encoding="utf-8",
    )
    chosen = ("--by", "rule:low.toml", "--figure", "strip", "--data", "data.csv")
    done = run("cohort", *DOSED, *chosen, "-o", "out.pdf")
    with (labs / "data.csv").open(encoding="utf-8", newline="") as file:
        groups = {row["patient_id"]: row["group"] for row in csv.DictReader(file)}

    assert done.returncode == 0
    assert [one for one, group in groups.items() if group == "low met"] == [
        one for one in groups if one < "P25"
    ]


def test_two_statements_about_one_patient(run, labs):
    """The first is used, the second told with its line."""
    with (labs / "arms.csv").open("a", encoding="utf-8") as file:
        file.write("P00,B\n")
    chosen = ("--persons", "arms.csv", "--by", "arm", "--figure", "overlay", "-o", "out.png")
    done = run("cohort", *DOSED, *chosen)

    assert done.returncode == 0
    assert (
        "arms.csv:47 arm='B'  conflicting-person (warning): not the group that stands of this "
        "person earlier, 'A', which is used. Give each patient one group."
    ) in done.stderr


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("-o", "out.png"), "4 pages have no room in one PNG file. Let the name end in .pdf"),
        (("-o", "out.doc"), "'.doc' is no format of a figure"),
        (("--clock", "moon"), "'moon' is not known"),
        (
            ("--by", "moon"),
            "no table has such a column. There are: patient, day, test, value, unit.",
        ),
        (("--by", "rule:moon"), "'moon' is not known"),
        (("--windows", "monneret-2020", "--every", "7"), "give --windows or --every"),
        (("--every", "0"), "should be greater than or equal to 1"),
        (("--highlight", "P99"), "'P99' is not known"),
        (("--data", "labs.csv"), "the output is the input"),
        (("--data", "cohort.pdf"), "two outputs are the same file"),
    ],
)
def test_a_wrong_choice_is_a_usage_error(run, labs, chosen, message):
    """Exit code 2, before a file is written."""
    done = run("cohort", "labs.csv", *chosen)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert sorted(path.name for path in labs.iterdir()) == ["arms.csv", "doses.csv", "labs.csv"]
