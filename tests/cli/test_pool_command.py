"""`immunotrack pool`: what it writes, what it says, and its exit codes."""

import csv
import io
import json

import pytest

from immunotrack.cli.pool import _show as show
from immunotrack.evidence.arms import Events
from immunotrack.evidence.effects import Study
from immunotrack.evidence.pool import pool
from immunotrack.evidence.pool_rows import pool_rows

TRIALS = """study,alloc,events treated,n treated,events control,n control
Aronson 1948,random,4,123,11,139
Ferguson 1949,random,6,306,29,303
Frimodt-Moller 1973,alternate,33,5069,47,5808
Stein 1953,alternate,180,1541,372,1451
=Zero,alternate,0,50,0,50
"""
"""Four trials of BCG vaccination, and one without an event."""


@pytest.fixture
def trials(tmp_path):
    """A folder with the trials."""
    (tmp_path / "trials.csv").write_text(TRIALS, encoding="utf-8")
    return tmp_path


def rows(text):
    """The rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_on_stdout_and_words_on_stderr(run, trials):
    """The choices are named though they are the command's own; metafor prints the same figures."""
    done = run("pool", "trials.csv", "--measure", "RR", cwd=trials)

    told = rows(done.stdout)
    assert done.returncode == 0
    assert [row["row"] for row in told] == ["study"] * 4 + ["left out", "overall"]
    assert told[4]["name"] == "'=Zero"
    assert done.stderr.splitlines() == [
        "RR 0.46 [0.19, 1.08], p = 0.063 in 4 studies",
        (
            "random effects, restricted maximum likelihood (REML); 95 % modified Hartung-Knapp "
            "interval (never narrower than Wald's)"
        ),
        (
            "heterogeneity: Q 9.37 on 3 df, p = 0.025; tau2 0.19 [0.00014, 4.25]; "
            "I2 75 % [0 %, 99 %]; H2 4.08 [1.00, 69.85]"
        ),
        "95 % prediction interval for another study's effect: [0.09, 2.34]",
        "columns not read: alloc",
        "risk ratios are pooled as logarithms",
        "=Zero is left out: no patient of either arm has an event: it says nothing of the RR",
    ]
    assert (told[-1]["model"], told[-1]["interval"]) == ("REML", "HK-modified")


def test_subgroups_and_leave_one_out(run, trials):
    """Subgroup by subgroup, their difference, and the pool without each study."""
    done = run(
        *("pool", "trials.csv", "--measure", "rr", "--by", "alloc", "--leave-one-out"), cwd=trials
    )

    told = [(row["row"], row["name"]) for row in rows(done.stdout)]
    assert told == [
        ("study", "Aronson 1948"),
        ("study", "Ferguson 1949"),
        ("subgroup", "random"),
        ("study", "Frimodt-Moller 1973"),
        ("study", "Stein 1953"),
        ("subgroup", "alternate"),
        ("left out", "'=Zero"),
        ("overall", "overall"),
        ("difference", "difference of subgroups"),
        ("without", "without Aronson 1948"),
        ("without", "without Ferguson 1949"),
        ("without", "without Frimodt-Moller 1973"),
        ("without", "without Stein 1953"),
    ]
    assert "difference of 2 subgroups: Q " in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "restricted maximum likelihood (REML); 95 % modified Hartung-Knapp interval"),
        (("--model", "common"), "common effect, inverse variance; 95 % Wald interval"),
        (("--model", "mh"), "common effect, Mantel-Haenszel; 95 % Wald interval"),
        (("--model", "DL", "--interval", "HK"), "DerSimonian-Laird; 95 % Hartung-Knapp interval"),
        (("--model", "pm", "--level", "90"), "Paule-Mandel; 90 % modified Hartung-Knapp interval"),
    ],
)
def test_the_choices_are_always_named(run, trials, options, told):
    """Also those that the command makes: Hartung-Knapp is for random effects only."""
    assert told in run("pool", "trials.csv", "--measure", "RR", *options, cwd=trials).stderr


def test_json(run, trials):
    """The choices, the rows and the notes in one document."""
    done = run("pool", "trials.csv", "--measure", "OR", "--model", "Peto", "--json", cwd=trials)

    told = json.loads(done.stdout)
    assert told["how"] == {
        "measure": "OR",
        "model": "Peto",
        "interval": "wald",
        "level": 0.95,
        "correction": 0.5,
    }
    assert [row["name"] for row in told["rows"]][-1] == "overall"
    assert told["rows"][-1]["k"] == 4
    assert told["notes"][0] == "columns not read: alloc"


def test_into_a_file(run, trials):
    """The same rows; nothing on stdout."""
    piped = run("pool", "trials.csv", "--measure", "RD", cwd=trials).stdout
    done = run("pool", "trials.csv", "--measure", "RD", "-o", "pooled.csv", cwd=trials)

    assert done.stdout == ""
    assert (trials / "pooled.csv").read_text("utf-8") == piped


def test_invalid_rows_write_nothing(run, trials):
    """Every problem, exit code 4, and no file."""
    (trials / "bad.csv").write_text(TRIALS.replace("4,123", "140,123").replace("306", "many"))
    done = run("pool", "bad.csv", "--measure", "RR", "-o", "pooled.csv", cwd=trials)

    assert done.returncode == 4
    assert done.stderr.splitlines() == [
        (
            "bad.csv:2 events treated='140'  events-above-n (error): 140 patients with an event "
            "are more than the 123 of the arm. Count patients with an event, not the events of "
            "all."
        ),
        (
            "bad.csv:3 n treated='many'  bad-number (error): the cell is no number. Write the "
            "number alone, or leave the cell empty."
        ),
        "2 errors, 0 warnings",
    ]
    assert not (trials / "pooled.csv").exists()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--measure", "MD"), 3, "missing-column"),
        (("--measure", "RR", "--by", "risk"), 2, "unknown-column"),
        (("--measure", "RR", "--model", "Peto"), 2, "Peto pools OR, not RR"),
        (("--measure", "RR", "--level", "0"), 2, "a level lies between 0 and 100"),
        (("--measure", "RR", "-o", "trials.csv"), 2, "the output is the input"),
        ((), 2, "--measure"),
    ],
)
def test_usage(run, trials, options, code, told):
    """What is asked wrongly is said, and nothing is written."""
    done = run("pool", "trials.csv", *options, cwd=trials)

    assert done.returncode == code
    assert told in done.stderr
    assert done.stdout == ""


def test_files_that_are_no_text(run, trials):
    """A workbook and a file that is not there: what to do is said, and the exit code is 3."""
    (trials / "book.xlsx").write_bytes(b"PK\x03\x04" + bytes(40))

    book, absent = (
        run("pool", name, "--measure", "RR", cwd=trials) for name in ("book.xlsx", "absent.csv")
    )

    assert book.stderr.splitlines()[0] == (
        "book.xlsx  unreadable (error): studies are read from delimited text, and the file is "
        "excel. Save the table as CSV."
    )
    assert absent.stderr.splitlines()[0] == (
        "absent.csv  unreadable (error): the file cannot be read: no such file or directory."
    )
    assert (book.returncode, absent.returncode) == (3, 3)


def test_an_encoding_is_stated(run, trials):
    """A name in Windows-1250, which no file tells."""
    (trials / "cz.csv").write_bytes(TRIALS.replace("Stein", "Dvořák").encode("cp1250"))

    done = run("pool", "cz.csv", "--measure", "RR", "--encoding", "cp1250", cwd=trials)

    assert rows(done.stdout)[3]["name"] == "Dvořák 1953"


def test_one_and_two_studies(run, trials):
    """One gives its own numbers, two what two can give; both say so."""
    lines = TRIALS.splitlines()
    (trials / "one.csv").write_text("\n".join(lines[:2]))
    (trials / "two.csv").write_text("\n".join(lines[:3]))

    one, two = (
        run("pool", f"{name}.csv", "--measure", "RR", cwd=trials) for name in ("one", "two")
    )

    assert one.stderr.splitlines()[0] == "RR 0.41 [0.13, 1.26], p = 0.119 in 1 study"
    assert one.stderr.splitlines()[-1] == (
        "the interval HK-modified needs two studies, and Wald's is given"
    )
    assert two.stderr.splitlines()[-1] == (
        "two studies: what is said of heterogeneity rests on one difference"
    )
    assert rows(one.stdout)[-1]["tau2"] == ""


def test_a_table_for_people(monkeypatch, capsys):
    """Events beside patients, effects to two decimals, weights; a note where a study has one."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "50")
    studies = [
        Study(name="Ito\x1b[2J", group="Asia", treated=Events(4, 123), control=Events(11, 139)),
        Study(name="Rossi", group="Europe", treated=Events(0, 50), control=Events(3, 50)),
    ]
    found = pool(studies, measure="RR", model="REML", interval="wald", subgroup="group")

    show(pool_rows(found))

    cells = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in cells] == [
        ["study", "group", "treated", "control", "effect", "interval", "weight", "note"],
        ["Ito\\x1b[2J", "Asia", "4/123", "11/139", "0.41", "[0.13, 1.26]", "87.3 %"],
        ["Asia", "0.41", "[0.13, 1.26]"],
        [
            *("Rossi", "Europe", "0/50", "3/50", "0.14", "[0.0076, 2.70]", "12.7 %"),
            "0.5 added to each cell, of which one is 0",
        ],
        ["Europe", "0.14", "[0.0076, 2.70]"],
        ["overall", "0.36", "[0.13, 1.02]"],
    ]
