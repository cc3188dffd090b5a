"""The commands on a file that is too large to hold: as on any other, and nothing half written."""

import gzip
import json

import polars as pl
import pytest

from immunotrack.cli import large

HEADER = "patient,date,test,result,unit\n"
ROWS = "".join(f"P{n},2020-03-{n % 28 + 1:02},CD4,{n},/µL\n" for n in range(1, 200))
BAD = "P1,2020-02-30,CD4,5,/µL\n,2020-03-01,CD4,5,/µL\nP1,2020-04-01,CRP,5,mg/L\n"


@pytest.fixture(params=[1, 2**40], ids=["streamed", "held"])
def labs(request, tmp_path, monkeypatch):
    """A file with two errors and a warning, first as a large one, then as a small one."""
    monkeypatch.setattr(large, "LARGE", request.param)
    path = tmp_path / "labs.csv"
    path.write_text(HEADER + ROWS + BAD, encoding="utf-8")
    return path


@pytest.mark.usefixtures("labs")
def test_flag(run, tmp_path):
    """Rows, list and exit code; what is said differs in where warnings are told in full."""
    done = run("flag", "labs.csv", "-o", "out.csv", "--report", "problems.csv")
    rows = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    listed = pl.read_csv(tmp_path / "problems.csv", infer_schema=False)

    assert done.returncode == 4
    assert listed.select("line", "code").rows() == [
        ("201", "impossible-date"),
        ("202", "missing-patient"),
        ("203", "unknown-analyte"),
    ]
    assert rows["line"].to_list() == [str(line) for line in range(2, 204)]
    assert "202 rows read: 200 used, 2 with errors" in done.stderr
    assert "200 results: L 199, no flag 1; ranges: covid-cohort-2020 199" in done.stderr
    assert "2 errors\nwarnings: unknown-analyte 1 (in full: " in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("labs.csv", "out.csv", "problems.csv")
    ]


@pytest.mark.usefixtures("labs")
def test_flag_to_standard_output(run):
    """Without -o the rows go on."""
    done = run("flag", "labs.csv")

    assert len(done.stdout.splitlines()) == 203
    assert done.stdout.splitlines()[1].endswith(",covid-cohort-2020,L,,2,")


def test_fail_on(run, labs):
    """A file of good rows fails where a flag is unwanted."""
    labs.write_text(HEADER + ROWS, encoding="utf-8")

    assert run("flag", "labs.csv", "-o", "out.csv", "--fail-on", "low").returncode == 1
    assert run("flag", "labs.csv", "-o", "out.csv", "--fail-on", "high").returncode == 0


@pytest.mark.usefixtures("labs")
def test_check(run, tmp_path):
    """Problems are counted and listed, and no rows are written."""
    done = run("check", "labs.csv", "--report", "problems.csv")

    assert done.returncode == 4
    assert "202 rows read: 200 used, 2 with errors" in done.stderr
    assert len((tmp_path / "problems.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_parquet_in_and_out(run, labs, tmp_path):
    """A Parquet file is read as the CSV that it would be written as, and flags go into one."""
    pl.read_csv(labs, infer_schema_length=None).write_parquet(tmp_path / "labs.parquet")
    run("flag", "labs.csv", "-o", "out.csv")
    run("flag", "labs.parquet", "-o", "out.parquet")
    texts = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    table = pl.read_parquet(tmp_path / "out.parquet")

    assert table["value"].dtype == pl.Float64
    assert table["line"].dtype == pl.Int64
    assert table["flag"].to_list() == texts["flag"].to_list()
    assert table["line"].cast(pl.String).to_list() == texts["line"].to_list()


def test_ndjson(run, labs, tmp_path):
    """Rows as JSON objects give the rows of the table, each on its own line."""
    texts = pl.read_csv(labs, infer_schema=False)
    lines = [json.dumps(row, ensure_ascii=False) for row in texts.iter_rows(named=True)]
    lines[100:100] = ["{"]
    (tmp_path / "labs.ndjson").write_text("\n".join(lines), encoding="utf-8")
    run("flag", "labs.csv", "-o", "out.csv")
    done = run("flag", "labs.ndjson", "-o", "rows.csv", "--report", "problems.csv")
    table, rows = (
        pl.read_csv(tmp_path / name, infer_schema=False).filter(
            pl.col("problem").ne_missing("broken-line")
        )
        for name in ("out.csv", "rows.csv")
    )

    assert "203 rows read: 200 used, 3 with errors" in done.stderr
    assert rows.drop("line").equals(table.drop("line"))
    assert rows["line"].to_list() == [str(n) for n in range(1, 204) if n != 101]
    assert "\nlabs.ndjson,101,,{,broken-line,error," in (tmp_path / "problems.csv").read_text(
        "utf-8"
    )


@pytest.mark.usefixtures("labs")
def test_a_parquet_file_without_a_column(run, tmp_path):
    """What is missing is told with what is there."""
    pl.DataFrame({"patient": ["P"] * 50, "test": ["CD4"] * 50}).write_parquet(
        tmp_path / "labs.parquet"
    )
    done = run("flag", "labs.parquet")

    assert done.returncode == 3
    assert "missing-column (error): no column for value; the file has: patient, test" in (
        done.stderr
    )


@pytest.mark.usefixtures("labs")
def test_a_damaged_file_leaves_nothing(run, tmp_path):
    """A gzip file that is cut short is refused, and no output is there."""
    data = gzip.compress((HEADER + ROWS * 500).encode())
    (tmp_path / "labs.csv.gz").write_bytes(data[: len(data) // 2])
    done = run("flag", "labs.csv.gz", "-o", "out.csv")

    assert done.returncode == 3
    assert "the compressed data are cut short" in done.stderr
    assert not (tmp_path / "out.csv").exists()


HELD = (
    "are held in memory; one delimited, NDJSON or Parquet file with a row a result streams by, "
    "without --deidentify, --fill-down, and for check without --json, --plausibility and --events"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["flag", "wide.csv"], f"wide.csv: 1 MB {HELD}"),
        (["flag", "wide.csv", "labs.csv"], f"2 files: 3 MB {HELD}"),
        (["flag", "labs.csv", "--fill-down"], f"labs.csv: 2 MB {HELD}"),
        (["flag", "labs.csv", "--deidentify"], f"labs.csv: 2 MB {HELD}"),
        (["check", "labs.csv", "--json"], f"labs.csv: 2 MB {HELD}"),
        (["check", "labs.csv"], ""),
        (["flag", "small.csv"], ""),
    ],
)
def test_what_is_held_is_told_first(run, tmp_path, monkeypatch, words, said):
    """A large source that does not stream by is named with its size before it is read."""
    monkeypatch.setattr(large, "LARGE", 10**6)
    blank = " " * 1_000_000
    (tmp_path / "small.csv").write_text(HEADER + ROWS, encoding="utf-8")
    (tmp_path / "wide.csv").write_text(f"patient,date,CD4\nP1,2020-03-01,5\n{blank}", "utf-8")
    (tmp_path / "labs.csv").write_text(HEADER + ROWS + blank + "\n" + blank + "\n", "utf-8")
    lines = run(*words).stderr.splitlines()

    assert (lines[0] if said else "") == said
    assert sum(HELD in line for line in lines) == (1 if said else 0)
