"""`immunotrack report` and `watch`: what is written, what is told, and the exit codes."""

import json
import signal
import subprocess
import sys

import pytest

LABS = """\
patient,date,test,result,units
A,2020-03-01,CD4,350,/µL
A,2020-03-09,CD4,420,/µL
"""
WRONG = LABS + "A,2020-03-12,CD4,-1,/µL\n"


@pytest.fixture
def labs(tmp_path):
    """A small file of results."""
    path = tmp_path / "labs.csv"
    path.write_text(LABS, encoding="utf-8")
    return path


def plain(text):
    """What typer says, without its frame."""
    return " ".join(text.replace("│", " ").split())


def test_html_pdf_and_data_of_one_run(run, tmp_path, labs):
    """What was written is told last, and nothing goes to stdout."""
    done = run("report", labs.name, "-o", "r.html", "-o", "r.pdf", "--data", "r.json")
    told = json.loads((tmp_path / "r.json").read_text("utf-8"))

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-2:] == [
        "2 rows read: 2 used, 0 with errors",
        "report: r.html, r.pdf; data: r.json",
    ]
    assert (tmp_path / "r.html").read_bytes().startswith(b"<!doctype html>")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    assert [entry["name"] for entry in told["inputs"]] == ["labs.csv"]


def test_the_hash_of_the_input_is_that_of_the_file(run, tmp_path, labs):
    """As `sha256sum` has it."""
    run("report", labs.name, "-o", "r.html", "--data", "r.json")
    told = json.loads((tmp_path / "r.json").read_text("utf-8"))["inputs"][0]
    done = subprocess.run(["/usr/bin/sha256sum", labs], capture_output=True, text=True, check=True)

    assert told["sha256"] == done.stdout.split()[0]
    assert told["size_bytes"] == len(LABS.encode())
    assert told["sha256"] in (tmp_path / "r.html").read_text("utf-8")


def test_the_report_is_made_again_from_its_data(run, tmp_path, labs):
    """The same bytes."""
    run("report", labs.name, "-o", "r.html", "--data", "r.json")
    done = run("report", "--from", "r.json", "-o", "again.html")

    assert (done.returncode, done.stderr) == (0, "report: again.html\n")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "r.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a SOURCE, or --from, one of them"),
        (["labs.csv", "--from", "r.json"], "give a SOURCE, or --from, one of them"),
        (["labs.csv", "-o", "r.docx"], "'.docx' is no format of a report"),
        (["labs.csv", "-o", "r.html", "--data", "r.html"], "two outputs are the same file"),
        (["labs.csv", "--data", "labs.csv"], "the output is the input"),
        (["--from", "r.json", "--deidentify"], "it is for a SOURCE"),
        (["labs.csv", "--patient", "B"], "there is no patient 'B'"),
        (["labs.csv", "--plan", "twice"], "'twice' is not known"),
    ],
)
def test_usage_errors(run, tmp_path, labs, arguments, message):
    """Each is told, and nothing is written."""
    before = labs.read_bytes()
    done = run("report", *arguments)

    assert done.returncode in {2, 3, 4}
    assert message in plain(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["labs.csv"]
    assert labs.read_bytes() == before


def test_rows_with_errors_are_on_the_report(run, tmp_path):
    """The others are drawn all the same."""
    (tmp_path / "labs.csv").write_text(WRONG, encoding="utf-8")
    done = run("report", "labs.csv")
    text = (tmp_path / "report.html").read_text("utf-8")

    assert done.returncode == 4
    assert "negative-result" in text
    assert "3 rows read: 2 used, 1 with errors." in text


@pytest.fixture
def watching(tmp_path):
    """A process that watches a file of results."""
    process = subprocess.Popen(
        [sys.executable, "-m", "immunotrack", "watch", "labs.csv", "--every", "0.1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    process.stderr.close()


def until(words, process):
    """What a process says up to a line that holds some words."""
    lines = []
    while not lines or words not in lines[-1]:
        line = process.stderr.readline()
        assert line, lines
        lines.append(line)
    return lines


def put(path, text):
    """Let a file be there at once and whole: who watches it sees no half of it."""
    path.with_suffix(".new").write_text(text, encoding="utf-8")
    path.with_suffix(".new").replace(path)


def test_watch_keeps_the_last_good_report(tmp_path, labs, watching):
    """A change gives a new report, a broken file is told and changes nothing, Ctrl-C ends it."""
    report = tmp_path / "report.html"
    until("report: report.html", watching)
    first = report.read_bytes()
    put(labs, LABS + "A,2020-03-20,CD4,777,/µL\n")
    until("report: report.html", watching)
    second = report.read_bytes()
    put(labs, "nothing of use")
    told = until("the last good report stays", watching)
    third = report.read_bytes()
    watching.send_signal(signal.SIGINT)
    rest, code = watching.stderr.read(), watching.wait(600)

    assert b"777" not in first
    assert b"777" in second
    assert third == second
    assert any("labs.csv" in line and "(error)" in line for line in told)
    assert told[-1] == "the last good report stays: report.html\n"
    assert (rest, code) == ("stopped\n", 0)


def test_watch_waits_for_a_file_that_is_not_there_yet(tmp_path, watching):
    """It says that there is no report, and makes one when the file comes."""
    until("there is no report yet", watching)
    put(tmp_path / "labs.csv", LABS)
    until("report: report.html", watching)
    watching.send_signal(signal.SIGINT)

    assert watching.wait(600) == 0
    assert (tmp_path / "report.html").exists()
