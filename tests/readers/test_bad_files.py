"""Hostile files: each in tests/data/bad, beside the exact text and exit code of `check`."""

import re
from pathlib import Path

import pytest

from immunotrack.problems import CODES

BAD = Path(__file__).parents[1] / "data" / "bad"
FILES = sorted(path.name for path in BAD.iterdir() if path.suffix != ".txt")


@pytest.mark.parametrize("name", FILES)
def test_check_says_exactly_what_is_wrong(name, run):
    """The messages and the exit code of a hostile file are those written beside it."""
    done = run("check", name, cwd=BAD)
    said = f"{done.stderr}exit {done.returncode}\n"

    assert (BAD / f"{Path(name).stem}.txt").read_text("utf-8") == said


def test_every_expectation_has_its_file():
    """No expectation is left behind when its file goes."""
    told = sorted(path.stem for path in BAD.glob("*.txt"))

    assert told == sorted(Path(name).stem for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_no_row_is_lost(name, run):
    """`flag` writes at least one row for each row that `check` counts, and never a traceback."""
    done = run("flag", name, cwd=BAD)

    assert "Traceback" not in done.stderr
    if done.returncode != 3:
        rows = int(re.search(r"^(\d+) rows? read:", done.stderr, re.MULTILINE)[1])
        lines = done.stdout.splitlines()
        header = lines[0].split(",")
        assert {"flag", "line", "problem"} <= set(header)
        assert len(lines) - 1 >= rows


def test_messages_name_known_codes():
    """Every problem told by these files bears a documented code."""
    said = "".join(path.read_text("utf-8") for path in BAD.glob("*.txt"))
    told = {line.split("  ")[1].split(" ")[0] for line in said.splitlines() if "  " in line}

    assert told <= set(CODES)
    assert len(told) > 20
