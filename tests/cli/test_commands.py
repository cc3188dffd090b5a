"""The command line as a whole: help, versions, quickness, and the smaller commands."""

import json
import subprocess
import sys

import pytest

from immunotrack import __version__

COMMANDS = (
    *("plot", "flag", "response", "doses", "change", "grade", "check", "convert", "parse"),
    *("analytes", "ranges", "cases"),
)


def test_help_lists_every_command(run):
    """`immunotrack --help` names all commands and the exit codes."""
    told = run("--help").stdout

    assert [name for name in COMMANDS if f" {name} " not in told] == []
    assert "Exit codes: 0 done" in told


def test_version(run):
    """`--version` prints the version on stdout."""
    assert run("--version").stdout == f"immunotrack {__version__}\n"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import immunotrack", ("pandas", "matplotlib", "polars", "pydantic")),
        ("import immunotrack.cli", ("pandas", "matplotlib", "polars", "pydantic", "scipy")),
        ("from immunotrack import flag", ("pandas", "matplotlib")),
    ],
)
def test_imports_stay_light(statement, absent):
    """Heavy libraries are loaded by the command that needs them, not before."""
    code = f"import sys; {statement}; print(*[n for n in {absent!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "\n"


def test_analytes_as_json(run):
    """Thirteen analytes, each with a unit, aliases and a source."""
    known = json.loads(run("analytes", "--json").stdout)

    assert len(known) == 13
    assert [entry["key"] for entry in known if not (entry["aliases"] and entry["source"])] == []


def test_analytes_as_text(run):
    """The plain list gives key, name and unit."""
    assert "cd4: CD3+CD4+ T lymphocytes, in cells/µL\n" in run("analytes").stdout


def test_ranges_as_json(run):
    """Every range has a page to look at and the words that stand there."""
    sets = json.loads(run("ranges", "--json").stdout)
    entries = [entry for ranges in sets for entry in ranges["range"]]

    assert len(entries) == 29
    assert [entry for entry in entries if not (entry["url"] and entry["quote"])] == []


def test_ranges_as_text(run):
    """The plain list says which sets apply by default."""
    told = run("ranges").stdout

    assert "covid-cohort-2020 (default): COVID-19 cohort 2020, adults\n" in told
    assert "  mhla_dr: decision limit 15000 {AB}/{cell}" in told


def test_cases(run):
    """The three cases are listed with their references."""
    told = run("cases").stdout

    assert [line.split(":")[0] for line in told.splitlines() if not line.startswith(" ")] == [
        "miskin-2016",
        "monneret-2020",
        "sospedra-2014",
    ]


def test_no_traceback_without_debug(tmp_path):
    """A fault of our own is one sentence that holds nothing of the data; --debug shows it all."""
    (tmp_path / "labs.csv").write_text("patient,day,test,value,unit\nSECRET,1,CD4,7,/µL\n")
    code = (
        "import sys, immunotrack.readers as r, immunotrack.__main__ as m\n"
        "def broken(*a): raise RuntimeError('SECRET')\n"
        "r.read_source = broken\nsys.argv = ['immunotrack', *sys.argv[1:]]\nm.main()"
    )
    plain, debug = (
        subprocess.run(
            [sys.executable, "-c", code, "flag", "labs.csv", *extra],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        for extra in ([], ["--debug"])
    )

    assert plain.returncode == 70
    assert plain.stderr == (
        "immunotrack: internal error (RuntimeError); nothing was written. "
        "Run again with --debug and report what it prints, without patient data.\n"
    )
    assert "Traceback" in debug.stderr


def test_a_closed_pipe_is_no_error(tmp_path):
    """`immunotrack flag … | head -1` ends quietly."""
    rows = "".join(f"P,{day},CD4,350,/µL\n" for day in range(20_000))
    (tmp_path / "labs.csv").write_text("patient,day,test,value,unit\n" + rows, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "immunotrack", "flag", "labs.csv"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert first.startswith("patient,day,test")
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_many_problems_are_counted_when_they_are_not_all_shown(run, tmp_path):
    """Of 250 wrong rows 100 are shown, and the total is told."""
    rows = "".join(f"P,{day},CD4,-1,/µL\n" for day in range(250))
    (tmp_path / "labs.csv").write_text("patient,day,test,value,unit\n" + rows, encoding="utf-8")
    lines = run("check", "labs.csv").stderr.splitlines()

    assert sum("negative-result" in line for line in lines) == 100
    assert lines[-3:] == [
        "showing 100 of 250 problems",
        "250 errors, 0 warnings",
        "250 rows read: 0 used, 250 with errors",
    ]
