"""Rows on a terminal of 80 columns: nothing is cut off, and what all rows share is told once."""

import contextlib
import io

import pytest

from immunotrack.cli.rows import on_terminal

LONG = "nadir: censored value <2 may be lower; change: -24 to -22, as a value is censored"


@pytest.fixture
def shown(monkeypatch):
    """What a terminal of so many columns shows."""

    def lines(rows, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            on_terminal(rows)
        return told.getvalue().splitlines()

    return lines


def row(analyte, value, why="", patient="P", unit="cells/µL"):
    """A row of a read-out."""
    return {"patient": patient, "analyte": analyte, "value": value, "unit": unit, "why": why}


def test_what_all_rows_share_is_told_once(shown):
    """One patient and one unit stand above the table; a column without content is left out."""
    assert [line.rstrip() for line in shown([row("cd4", "90"), row("nk", "<5")])] == [
        "patient: P",
        "unit: cells/µL",
        "analyte  value",
        "cd4         90",
        "nk          <5",
    ]


def test_a_single_row_keeps_its_columns(shown):
    """There is nothing to share."""
    assert shown([row("cd4", "90")])[0].split() == ["patient", "analyte", "value", "unit"]


def test_long_sentences_stand_below(shown):
    """Where the table has no room for them, each with whose it is; the same one once."""
    rows = [row("cd4", "90", LONG), row("nk", "5"), row("cd4", "80", LONG)]
    lines = [line.rstrip() for line in shown(rows)]

    assert lines[2:6] == ["analyte  value", "cd4         90", "nk           5", "cd4         80"]
    assert " ".join(lines[6:]) == f"cd4: why: {LONG}"


def test_they_stay_in_the_table_where_there_is_room(shown):
    """A wide terminal has a column for them."""
    assert shown([row("cd4", "90", LONG), row("nk", "5")], 160)[3].split()[:4] == [
        *("cd4", "90", "nadir:", "censored"),
    ]


def test_nothing_is_cut_off(shown):
    """Words go on in the next line, and letters too where a word alone is too long."""
    rows = [row("x" * 30, "1 (day 2)", patient=who, unit="z" * 20) for who in ("A" * 40, "B" * 40)]
    told = "".join(shown(rows, 60))

    assert "…" not in told
    assert [told.count(letter) for letter in "xzAB"] == [60, 20, 40, 40]
    assert max(map(len, shown(rows, 60))) <= 60


def test_controls_of_a_file_are_shown_and_not_obeyed(shown):
    """An id may hold the letters that clear a screen."""
    assert "\x1b" not in "".join(shown([row("CD4\x1b[2J", "1")]))


def test_no_row(shown):
    """Nothing is shown of nothing."""
    assert shown([]) == []
