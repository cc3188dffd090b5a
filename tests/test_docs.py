"""The README tells the truth: every name of the product is in it, and every one in it is there."""

import re
from pathlib import Path

import pytest

import immunotrack
from immunotrack.analytes import analytes
from immunotrack.annotated import ADDED
from immunotrack.cli import COMMANDS
from immunotrack.decisions import rule_presets
from immunotrack.flags import FLAGS
from immunotrack.plot.asked import SHOWS
from immunotrack.plot.formats import FORMATS
from immunotrack.plot.style import SIZES
from immunotrack.problems import CODES
from immunotrack.ranges import builtin_range_sets
from immunotrack.readers.case import case_folders
from immunotrack.records import BASES, EVENT_KINDS
from immunotrack.regimens import regimens
from immunotrack.scales import grade_scales
from immunotrack.windows import window_presets

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROBLEMS = (ROOT / "docs" / "problems.md").read_text("utf-8")

NAMES = [
    *analytes(),
    *builtin_range_sets(),
    *window_presets(),
    *case_folders(),
    *FLAGS,
    *SIZES,
    *EVENT_KINDS,
    *SHOWS,
    *BASES,
    *ADDED,
    *(suffix[1:] for suffix in FORMATS),
    *rule_presets(),
    *regimens(),
    *grade_scales(),
    *(f"immunotrack {name}" for name in COMMANDS),
    *(name for name in immunotrack.__all__ if name != "Case"),
]


@pytest.mark.parametrize("name", NAMES)
def test_readme_names(name):
    """Every command, analyte, set, flag and public name stands in the README."""
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", README)


def test_problem_codes_are_told_as_they_are():
    """The page of codes, which the README names, has those of the program in their order."""
    table = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PROBLEMS, re.MULTILINE)

    assert table == list(CODES.items())
    assert "(docs/problems.md)" in README


def test_every_problem_code_is_used():
    """No code is documented that nothing tells."""
    sources = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "problems.py"
    )

    assert [code for code in CODES if f'"{code}"' not in sources] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_the_readme_exist(command, run):
    """No option is documented that a command does not know."""
    text = run(command, "--help").stdout
    known = set(re.findall(r"--[a-z-]+", text))
    usage = README.replace("\n", " ")
    named = re.findall(rf"immunotrack {command} [^`#]*?(?=`|#|immunotrack|$)", usage)
    options = {option for line in named for option in re.findall(r"--[a-z]+(?:-[a-z]+)*", line)}

    assert sorted(options - known - {"--debug"}) == []


def test_the_readmes_own_trials_are_pooled(run, tmp_path):
    """Three trials of BCG, by the two commands that stand below them."""
    block = re.search(r"```\n(study,.*?)```", README, re.DOTALL)
    (tmp_path / "trials.csv").write_text(block[1], encoding="utf-8")
    commands = re.findall(r"^immunotrack (pool trials\.csv .*)$", README, re.MULTILINE)

    assert [run(*command.split()).returncode for command in commands] == [0] * len(commands)
    assert len(commands) >= 2
    assert (tmp_path / "pooled.csv").read_text("utf-8").count("\nwithout,") == 3


def test_the_readmes_own_csv_works(run, tmp_path):
    """The five lines of the README are flagged as a reader expects."""
    blocks = re.findall(r"```\n(patient,.*?)```", README, re.DOTALL)
    (tmp_path / "labs.csv").write_text(blocks[0], encoding="utf-8")
    (tmp_path / "events.csv").write_text(blocks[1], encoding="utf-8")
    lab, weekly, rule, variation = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "our-lab.toml").write_text(lab, encoding="utf-8")
    (tmp_path / "weekly.toml").write_text(weekly, encoding="utf-8")
    own = rule.replace("event:ICU admission", "event:VAP")
    (tmp_path / "lymphopenia.toml").write_text(own, encoding="utf-8")
    (tmp_path / "ours.toml").write_text(variation, encoding="utf-8")

    flagged = run("flag", "labs.csv", "--ranges", "our-lab.toml")
    drawn = run("plot", "labs.csv", "--events", "events.csv", "--windows", "weekly.toml")
    screened = run("screen", "labs.csv", "--events", "events.csv", "--rule", "lymphopenia.toml")

    assert [line.split(",")[-4] for line in flagged.stdout.splitlines()] == [
        "flag", "L", "L", "N", "L",
    ]  # fmt: skip
    assert (flagged.returncode, drawn.returncode, screened.returncode) == (0, 0, 0)
    assert run("change", "labs.csv", "--variation", "ours.toml").stdout.count(",D,") == 1
    assert (tmp_path / "timeline.png").exists()
