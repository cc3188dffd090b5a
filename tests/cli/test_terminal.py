"""What a person sees on a terminal: a readable table, and colours only where they are wanted."""

import os
import pty
import subprocess
import sys

import pytest

LABS = "patient,day,test,value,unit\nP,1,CD4,350,/µL\nP,2,CRP,negative,mg/L\n"


def on_a_terminal(folder, **environment) -> str:
    """The stdout of `immunotrack flag` on a terminal of 160 columns."""
    (folder / "labs.csv").write_text(LABS, encoding="utf-8")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "immunotrack", "flag", "labs.csv"],
        cwd=folder,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "160", "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the terminal closes with the process
        pass
    os.close(ours)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


def test_a_table_for_people(tmp_path):
    """Columns without content are left out; the range is said in words."""
    lines = on_a_terminal(tmp_path, TERM="dumb").splitlines()

    assert [line.split() for line in lines] == [
        ["patient", "when", "analyte", "result", "unit", "range", "from", "flag", "problem"],
        ["P", "day", "1", "cd4", "350", "cells/µL", "414–1", "123", "covid-cohort-2020", "L"],
        ["P", "day", "2", "CRP", "negative", "mg/L", "unknown-analyte", "text-result"],
    ]


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_honoured(tmp_path, environment, coloured):
    """A low flag is blue unless NO_COLOR is set."""
    assert ("\x1b[34m" in on_a_terminal(tmp_path, **environment)) is coloured
