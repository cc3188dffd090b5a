"""What is asked of each patient of a file too large to hold is what a small file answers."""

import gzip

import pytest

from immunotrack.bulk import bulk_file, shares
from immunotrack.cli import large
from immunotrack.readers import Options

HEADER = "patient,date,test,result,unit"
DOSES = "patient,kind,name,start,dose,dose_unit\nP3,dose,IL-7,2020-03-09,10,µg/kg\n"
COMMANDS = {
    "screen": ["screen", "labs.csv", "--rule", "laterre-2020", "--rule", "iliad7-us"],
    "response": ["response", "labs.csv"],
    "rule": ["response", "labs.csv", "--rule", "iliad7-fr"],
    "evidence": ["response", "labs.csv", "--evidence"],
}


def rows(count: int = 120) -> list[str]:
    """Patients whose rows are far apart: each has six samples of two analytes."""
    return [
        f"P{n % 10},2020-03-{n // 10 + 1:02},{test},{value},{unit}"
        for n in range(count)
        for test, value, unit in (
            ("Lymphocytes", f"0.{n * 7 % 9 + 1}", "10*9/L"),
            ("CD4", "<20" if n % 11 == 0 else n * 13 % 700, "/µL"),
        )
    ]


@pytest.fixture
def both(run, tmp_path, monkeypatch):
    """Runs a command on a file twice, held in memory and streamed in shares of few patients."""
    monkeypatch.setattr(shares, "_SHARE", 1500)

    def outcome(command, lines, encoding="utf-8"):
        path = tmp_path / "labs.csv"
        path.write_text("\n".join([HEADER, *lines, ""]), encoding=encoding)
        (tmp_path / "doses.csv").write_text(DOSES, encoding="utf-8")
        found = []
        for limit in (2**40, 1):
            monkeypatch.setattr(large, "LARGE", limit)
            done = run(*command)
            found.append((done.returncode, done.stdout, done.stderr))
        return found

    return outcome


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_answers(both, name):
    """Rows, their order, what is said, and the exit code, with and without doses."""
    for events in ([], ["--events", "doses.csv"]):
        held, streamed = both([*COMMANDS[name], *events], rows())

        assert streamed == held
        assert held[0] == 0
        assert len(held[1].splitlines()) > 10


@pytest.mark.parametrize(
    ("added", "encoding"),
    [
        ('P4,2020-04-01,CD4,"2,5",/µL', "utf-8"),
        ("Pé,2020-03-01,CD4,5,/uL", "cp1252"),
        ("# a comment at the end", "utf-8"),
        (f"{HEADER}\nP4,2020-04-01,CD4,7,/µL\n{HEADER}", "utf-8"),
        ("P3,2020-02-30,CD4,5,/µL\n,2020-03-01,CD4,5,/µL\nP3,2020-03-01,CD4,5,/µL,x", "utf-8"),
        ("P5,2020-03-01,CD4,0.5,10*9/L\nP6,2020-03-01,Lymphocytes,0.7,10*9/L", "utf-8"),
        ("P77,2020-03-01,Lymphocytes,1.2.3,10*9/L", "utf-8"),
    ],
    ids=["comma", "encoding", "comment", "headers", "errors", "samples", "no usable result"],
)
def test_what_one_row_says_of_the_file(both, added, encoding):
    """A row at the end decides how all are read, or is compared with one of the start."""
    for name in ("screen", "response"):
        held, streamed = both(COMMANDS[name], [*rows(), *added.split("\n")], encoding)

        assert streamed == held


def test_a_rule_that_is_not_there(both):
    """It is told before the file is read."""
    held, streamed = both(["screen", "labs.csv", "--rule", "laterre"], rows())

    assert streamed == held
    assert held[0] == 2
    assert "rows read" not in streamed[2]


def test_nothing_is_left(both, tmp_path):
    """What was kept on disk meanwhile is gone."""
    both([*COMMANDS["screen"], "-o", "answers.csv"], rows())

    assert {path.name for path in tmp_path.iterdir()} == {"labs.csv", "doses.csv", "answers.csv"}


def test_a_compressed_file_is_shared_by_its_size_inflated(tmp_path, monkeypatch):
    """It is known by its first bytes, whatever its name, and its shares are as small as others."""
    monkeypatch.setattr(shares, "_SHARE", 1500)
    path = tmp_path / "labs.csv"
    path.write_bytes(gzip.compress("\n".join([HEADER, *rows(300), ""]).encode()))
    bulk = bulk_file(path, "labs.csv", Options())
    found = shares.answers(bulk, lambda source: source.used.select("patient_id"), tmp_path)

    assert len(found.asked.tables) > 5
    assert len(found.asked.table("")) == 600


def test_one_sorting_is_kept(tmp_path, monkeypatch):
    """Where the end of a file says that it must be read again, what was kept before is gone."""
    monkeypatch.setattr(shares, "_SHARE", 1500)
    path, folder = tmp_path / "labs.csv", tmp_path / "kept"
    folder.mkdir()
    lines = [HEADER, *rows(), *(f"{row},y" for row in rows()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    bulk = bulk_file(path, "labs.csv", Options(), 500)
    shares.answers(bulk, lambda source: source.used.select("patient_id"), folder)

    assert [kept.name for kept in folder.iterdir()] == ["1"]
