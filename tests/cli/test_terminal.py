"""What a person sees on a terminal: a readable table, and colours only where they are wanted."""

import json
import sys

import pytest

from terminals import on_terminal

LABS = "patient,day,test,value,unit\nP,1,CD4,350,/µL\nP,2,CRP,negative,mg/L\n"


def on_a_terminal(folder, **environment) -> str:
    """The stdout of `immunotrack flag` on a terminal of 160 columns."""
    (folder / "labs.csv").write_text(LABS, encoding="utf-8")
    [told] = shown(folder, ("flag", "labs.csv"), **{"COLUMNS": "160"} | environment)
    return told


EACH = """
import json, sys
from immunotrack.__main__ import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["immunotrack", *words]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
    print("\\f", flush=True)
"""
"""Runs some commands, one after another."""


def shown(folder, *commands, **environment) -> list[str]:
    """The stdout of each command on a terminal."""
    program = [sys.executable, "-c", EACH, json.dumps(commands)]
    size = {"LINES": "50", "TERM": "xterm-256color"}
    done = on_terminal(program, folder, **size | environment)
    assert done.returncode == 0
    return done.stdout.split("\f\n")[:-1]


def test_a_table_for_people(tmp_path):
    """Columns without content are left out; the range is said in words."""
    lines = on_a_terminal(tmp_path, TERM="dumb").splitlines()

    assert [line.split() for line in lines] == [
        ["patient:", "P"],
        ["when", "analyte", "result", "unit", "range", "from", "flag", "problem"],
        ["day", "1", "cd4", "350", "cells/µL", "414–1", "123", "covid-cohort-2020", "L"],
        ["day", "2", "CRP", "negative", "mg/L", "unknown-analyte", "text-result"],
    ]


def test_flags_on_a_terminal_of_80_columns(tmp_path):
    """Nothing is cut off: the problems stand below, each with whose result it is."""
    lines = on_a_terminal(tmp_path, TERM="dumb", COLUMNS="80").splitlines()

    assert [line.rstrip() for line in lines] == [
        "patient: P",
        "when   analyte  result    unit      range      from               flag",
        "day 1  cd4      350       cells/µL  414–1\u2009123  covid-cohort-2020  L",
        "day 2  CRP      negative  mg/L",
        "day 2 CRP: problem: unknown-analyte text-result",
    ]


def test_no_number_is_broken_where_room_is_short(tmp_path):
    """The name of the set goes on in the next line, and not the thousands of a limit."""
    rows = ["patient,date,test,value,unit", "P,2020-03-24,CD4,350,/µL"]
    rows += ["P,2020-03-25,Lymphocytes,0.9,G/L", "Q,2020-03-24,CD4,1400,/µL", ""]
    (tmp_path / "labs.csv").write_text("\n".join(rows), encoding="utf-8")
    [told] = shown(tmp_path, ("flag", "labs.csv"), TERM="dumb", COLUMNS="80")
    lines = told.splitlines()

    assert "414–1\u2009123" in lines[1]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_honoured(tmp_path, environment, coloured):
    """A low flag is blue unless NO_COLOR is set."""
    assert ("\x1b[34m" in on_a_terminal(tmp_path, **environment)) is coloured


DOSES = ("doses", "monneret-2020", "--plan", "3 µg/kg on day 24, then 10 µg/kg twice a week max 8")


READ_OUTS = (
    ("response", "miskin-2016"),
    DOSES,
    (*DOSES, "--totals", "--weight", "80kg"),
    ("change", "miskin-2016"),
)


@pytest.fixture(scope="module")
def read_outs(tmp_path_factory):
    """What each of them shows on a terminal of 80 columns."""
    told = shown(tmp_path_factory.mktemp("terminal"), *READ_OUTS, COLUMNS="80", TERM="dumb")
    return dict(zip(READ_OUTS, told, strict=True))


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            READ_OUTS[0],
            [
                "patient: P1",
                "unit: cells/µL",
                "days: Days after first IL-7 dose",
                "origin: quoted",
                "analyte baseline peak fold last in range",
                "lymphocytes 168 (day 0) 595 (day 35) 3.54 595 (day 35) not by day 35",
            ],
        ),
        (
            READ_OUTS[1],
            [
                "patient: M1",
                "days: Days after ICU admission",
                "drug status planned day planned given day given off by basis",
                "IL-7 given 24 3 µg/kg 24 3 µg/kg 0",
                "IL-7 given 26* 10 µg/kg 26 10 µg/kg 0 assumed",
            ],
        ),
        (
            READ_OUTS[2],
            [
                "patient drug planned given not due per kg total weight",
                "M1 IL-7 9 7 2 63 µg/kg 5040 µg 80 kg",
            ],
        ),
        (
            READ_OUTS[3],
            [
                "patient: P1",
                "unit: cells/µL",
                "days: Days after first IL-7 dose",
                "origin: quoted",
                "day analyte value before change range note",
                "0 lymphocytes 168 L no previous result",
            ],
        ),
    ],
)
def test_read_outs_fit_80_columns(read_outs, arguments, lines):
    """What is shared stands above; no cell is cut off."""
    told = read_outs[arguments]

    assert "…" not in told
    assert [" ".join(line.split()) for line in told.splitlines()][: len(lines)] == lines
