"""Spark and Polars make the same of a source: rows, list of problems, counts and exit codes."""

import gzip
import importlib
import sys
from pathlib import Path

import polars as pl
import pytest

from agreement import clustered, held
from immunotrack.cluster import flagged
from immunotrack.cluster.session import asking
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options

HEADER = "patient,date,test,value,unit,low,high,comment"
CUT_SHORT = "the compressed data are cut short. Export or copy the file again."


def plain(count: int) -> list[str]:
    """Rows of which nothing is to be said."""
    return [f"P{n},2020-03-{n % 28 + 1:02},CD4,{n + 1},/µL,,,x" for n in range(count)]


def agree(path: Path, folder: Path) -> dict[str, object]:
    """What both make of a source."""
    whole = held(path, Options())

    assert clustered(str(path), folder) == whole
    return whole


@pytest.mark.usefixtures("small")
class TestAgreement:
    """Files of many splits, of which the rows of a patient are gathered again."""

    def test_a_file_with_everything(self, tmp_path):
        """Repeated and corrected samples, two units of one patient, bad rows, a second header."""
        rows = [*plain(60), *plain(3), plain(5)[4].replace(",5,", ",6,"), HEADER]
        rows += [
            "P7,2020-03-20,CD4,0.5,10*9/L,,,x",
            ",2020-03-01,CD4,5,/µL,,,",
            "P1,2020-02-30,CRP",
        ]
        rows += ["P1,2020-02-30,CRP,5,mg/L,,,", "", ",,,,,,,", "# a comment", *plain(90)[60:]]
        path = tmp_path / "labs.csv"
        path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
        told = agree(path, tmp_path)

        assert told["warnings"]["repeated-result"] == 3
        assert told["warnings"]["unit-changes"] == 1
        assert told["warnings"]["repeated-header"] == 1

    def test_what_only_the_end_tells(self, tmp_path):
        """A decimal comma in the last row, and a letter of Windows-1252, each read once more."""
        rows = [row.replace("µ", "u").replace(",CD4,", ",CD4,1.10") for row in plain(60)]
        last = 'Pé,2020-04-01,CD4,"2,5",/uL,,,'
        path = tmp_path / "labs.csv"
        path.write_bytes("\r\n".join([HEADER, *rows, last]).encode("cp1252"))
        told = agree(path, tmp_path)

        assert told["warnings"]["assumed-encoding"] == 1
        assert "Windows-1252" in str(told["told"])

    def test_cells_of_several_lines(self, tmp_path):
        """Quoted line ends anywhere, and a quotation mark that is never closed."""
        rows = plain(60)
        rows[8] = 'P8,2020-03-09,CD4,9,/µL,,,"one\ntwo, and\nthree"'
        rows[20:40] = [f'{row[:-1]}"a ""quoted"" cell"' for row in rows[20:40]]
        rows[50] = 'P50,2020-03-23,CD4,9,/µL,,,"one'
        path = tmp_path / "labs.csv"
        path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")

        assert "stray-quote" in str(agree(path, tmp_path)["list"])

    def test_a_folder(self, tmp_path):
        """Rows of two files are compared, and each row says which file it is of."""
        folder = tmp_path / "labs"
        folder.mkdir()
        for name, rows in (("a.csv", plain(40)), ("b.csv", plain(50)[30:])):
            (folder / name).write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        told = agree(folder, tmp_path)

        assert told["warnings"]["repeated-result"] == 10
        assert str(told["rows"]).endswith("b.csv\n")

    def test_names_of_all_kinds(self, tmp_path):
        """Letters that a URL writes otherwise, and a packed file beside one that is not."""
        folder = tmp_path / "für 100% ü%20+#&=~"
        folder.mkdir()
        text = "\n".join([HEADER, *plain(40)])
        (folder / "ä b%41.csv").write_text(text, encoding="utf-8")
        (folder / "c.csv.gz").write_bytes(gzip.compress(text.encode()))
        found = clustered(str(folder), tmp_path)
        alone = clustered(str(folder / "ä b%41.csv"), tmp_path)

        assert found["warnings"] == {"repeated-result": 40}
        assert found["counts"] == "80 rows read: 40 used, 40 merged with another, 0 with errors"
        assert alone == held(folder / "ä b%41.csv", Options())

    def test_a_folder_without_a_row(self, tmp_path):
        """A file without a row, and one without anything, are no results, and each is told."""
        folder = tmp_path / "labs"
        folder.mkdir()
        (folder / "a.csv").write_text(f"{HEADER}\n", encoding="utf-8")
        (folder / "b.csv").touch()

        assert clustered(str(folder), tmp_path) == held(folder, Options())
        for name in ("a.csv", "b.csv"):
            assert clustered(f"{folder}/{name}", tmp_path) == held(folder / name, Options())

    def test_a_column_that_one_file_lacks(self, tmp_path):
        """A name that the user gives holds for the files that have it."""
        folder = tmp_path / "labs"
        folder.mkdir()
        other = HEADER.replace("value", "outcome")
        for name, header in (("a.csv", HEADER), ("b.csv", other)):
            (folder / name).write_text("\n".join([header, *plain(30)]), encoding="utf-8")
        options = Options(columns={"value": "outcome"})
        whole = held(folder, options)

        assert clustered(str(folder), tmp_path, options) == whole
        assert whole["warnings"] == {"repeated-result": 30}

    def test_a_truncated_gzip(self, tmp_path):
        """What is cut short is refused, not flagged up to there."""
        path = tmp_path / "labs.csv.gz"
        path.write_bytes(gzip.compress("\n".join([HEADER, *plain(5000)]).encode())[:-400])

        assert clustered(str(path), tmp_path) == {
            "refused": [f"{path}  unreadable (error): {CUT_SHORT}"]
        }

    def test_a_table_of_the_catalogue(self, small, tmp_path):
        """A table is read as the CSV that it would be written as."""
        path = tmp_path / "labs.csv"
        path.write_text("\n".join([HEADER, *plain(30)]), encoding="utf-8")
        table = pl.read_csv(path)
        small.createDataFrame(table.to_arrow()).createOrReplaceTempView("labs")
        found = clustered("table:labs", tmp_path)

        assert "refused" not in found
        assert found["rows"] == held(path, Options())["rows"]
        assert found["told"] == [
            f"table:labs: {held(path, Options())['told'][0].split(': ', 1)[1]}"
        ]


@pytest.mark.usefixtures("spark")
class TestCommands:
    """`immunotrack flag` and `check` with `--engine spark`."""

    @pytest.fixture
    def labs(self, tmp_path):
        """A file with two errors and a warning."""
        bad = ["P1,2020-02-30,CD4,5,/µL,,,", ",2020-03-01,CD4,5,/µL,,,", "P1,2020-04-01,Foo,5,,,,"]
        path = tmp_path / "labs.csv"
        path.write_text("\n".join([HEADER, *plain(300), *bad]), encoding="utf-8")
        return path

    @pytest.mark.usefixtures("labs")
    def test_flag(self, run, tmp_path):
        """The same words, the same list and the same rows, in a folder; nothing else is left."""
        polars = run("flag", "labs.csv", "-o", "a.csv", "--report", "a-list.csv")
        done = run(
            *("flag", "labs.csv", "--engine", "spark", "-o", "b.csv", "--report", "b-list.csv")
        )
        parts = sorted((tmp_path / "b.csv").glob("part-*"))
        rows = [line for part in parts for line in part.read_text("utf-8").splitlines()[1:]]

        assert done.returncode == polars.returncode == 4
        assert "b.csv: a folder of part files; `line` tells the order" in done.stderr
        assert {*polars.stderr.splitlines()} - {*done.stderr.splitlines()} == {
            "warnings: unknown-analyte 1 (in full: immunotrack check labs.csv)"
        }
        assert sorted(rows) == sorted((tmp_path / "a.csv").read_text("utf-8").splitlines()[1:])
        assert (tmp_path / "a-list.csv").read_bytes() == (tmp_path / "b-list.csv").read_bytes()
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            *("a-list.csv", "a.csv", "b-list.csv", "b.csv", "labs.csv")
        ]

    def test_parquet_in_and_out(self, run, labs, tmp_path):
        """A Parquet file gives the columns that Polars gives, numbers as numbers."""
        table = pl.read_csv(labs, schema_overrides={"date": pl.Date}, ignore_errors=True)
        table.with_columns(pl.col("value").cast(pl.Float64)).write_parquet(tmp_path / "l.parquet")
        polars = run("flag", "l.parquet", "-o", "a.parquet")
        done = run("flag", "l.parquet", "--engine", "spark", "-o", "b.parquet", "--master", "local")
        one = pl.read_parquet(tmp_path / "a.parquet")
        other = pl.read_parquet(tmp_path / "b.parquet").sort("line")

        assert done.returncode == polars.returncode
        assert other.schema == one.schema
        assert other.equals(one, null_equal=True)

    def test_check(self, run, labs):
        """Problems are told, and no rows are written; findings of flags are none of `check`."""
        done = run("check", labs.name, "--engine", "spark")

        assert done.returncode == 4
        assert "303 rows read: 301 used, 2 with errors" in done.stderr

    @pytest.mark.usefixtures("small")
    @pytest.mark.parametrize("name", ["labs.csv", "labs"])
    @pytest.mark.parametrize(
        "command", [["screen", "--rule", "laterre-2020", "--rule", "iliad7-us"], ["response"]]
    )
    def test_what_is_asked_of_each_patient(self, run, tmp_path, monkeypatch, command, name):
        """A file and a folder, with doses: answers, order and words of a small file."""
        monkeypatch.setattr(flagged, "ASKED", 40)
        rows = [
            f"P{n % 9},2020-03-{n // 9 + 1:02},{test},{n % 10 + 1},{unit},,,"
            for n in range(180)
            for test, unit in (("Lymphocytes", "10*8/L"), ("CD4", "/µL"))
        ]
        bad = ["P1,2020-02-30,CD4,5,/µL,,,", ",2020-03-01,CD4,5,/µL,,,", *rows[-20:]]
        (tmp_path / "labs.csv").write_text("\n".join([HEADER, *rows, *bad]), encoding="utf-8")
        (tmp_path / "labs").mkdir()
        for part, lines in (("a", rows[200:]), ("b", [*bad, *rows[:200]])):
            text = "\n".join([HEADER, *lines])
            (tmp_path / "labs" / f"{part}.csv").write_text(text, encoding="utf-8")
        doses = "patient,kind,name,start\nP3,dose,IL-7,2020-03-09\n"
        (tmp_path / "doses.csv").write_text(doses, encoding="utf-8")
        words = [command[0], name, *command[1:], "--events", "doses.csv"]
        one, other = run(*words), run(*words, "--engine", "spark")

        assert len(one.stdout.splitlines()) > 9
        assert (other.returncode, other.stdout) == (one.returncode, one.stdout)
        assert other.stderr == one.stderr

    def test_a_parquet_file_without_a_column(self, run, tmp_path):
        """What is missing is told with what is there."""
        table = pl.DataFrame({"patient": ["P"] * 50, "test": ["CD4"] * 50})
        table.write_parquet(tmp_path / "labs.parquet")
        done = run("check", "labs.parquet", "--engine", "spark")

        assert done.returncode == 3
        assert "missing-column (error): no column for value; the file has: patient, test" in (
            done.stderr
        )

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("none.csv", "the file cannot be read: no such file or directory."),
            ("table:none", "the catalogue of Spark has no such table. Correct the name."),
            ("a[1].csv", "a name that Spark takes for a pattern: this is not read with"),
        ],
    )
    def test_what_is_not_there(self, run, name, said):
        """A name that stands for nothing, in the words of other commands."""
        done = run("check", name, "--engine", "spark")

        assert done.returncode == 3
        assert f"{name}  unreadable (error): {said}" in done.stderr

    def test_a_folder_with_other_files(self, run, labs, tmp_path):
        """What is not read of a folder is told and listed."""
        folder = tmp_path / "all"
        folder.mkdir()
        labs.rename(folder / "labs.csv")
        (folder / "notes.md").write_text("seen by nobody\n", encoding="utf-8")
        done = run("check", "all", "--engine", "spark", "--report", "list.csv")
        listed = (tmp_path / "list.csv").read_text("utf-8").splitlines()

        assert "warnings: not-read 1, unknown-analyte 1 (in full: list.csv)" in done.stderr
        assert listed[1].startswith("all,,,,not-read,warning,1 file of the folder not read")

    def test_a_wide_file(self, run, tmp_path):
        """What must be held as a whole is left to Polars."""
        (tmp_path / "wide.csv").write_text("patient,date,CD4,CD8\nP,2020-03-01,5,6\n", "utf-8")
        done = run("check", "wide.csv", "--engine", "spark")

        assert done.returncode == 3
        assert "must be held as a whole: this is not read with --engine spark" in done.stderr


class TestUsage:
    """What is refused before Spark starts."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--master", "local"], "it is for --engine spark"),
            (["--engine", "spark"], "Spark writes into a folder; name it"),
            (["b.csv", "--engine", "spark", "-o", "out"], "Spark reads one; put files into"),
            (["--engine", "spark", "-o", "out", "--report", "s3a://b/l"], "one file of this"),
            (["--engine", "spark", "-o", "out", "--deidentify"], "use --engine polars"),
            (["--engine", "spark", "-o", "."], "it is there already, and Spark writes a folder"),
        ],
    )
    def test_refused(self, run, tmp_path, arguments, said):
        """Options that do not go together, and an output that is there."""
        (tmp_path / "a.csv").write_text(HEADER, encoding="utf-8")
        done = run("flag", "a.csv", *arguments)

        assert done.returncode == 2
        assert said in " ".join(done.stderr.replace("│", " ").split())

    def test_without_the_package(self, run, monkeypatch):
        """What to install is told."""
        monkeypatch.setitem(sys.modules, "pyspark.sql", None)
        done = run("check", "a.csv", "--engine", "spark")

        assert done.returncode == 3
        assert done.stderr.startswith(
            "--engine spark  unreadable (error): Spark needs the package pyspark, which is not "
            "installed. Run: pip install 'immunotrack[spark]'."
        )


def test_executors_of_their_own(run_process, tmp_path, monkeypatch):
    """Processes that share nothing with the driver: a folder of CSV and NDJSON."""
    java = "extraJavaOptions='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'"
    both = " ".join(f"--conf spark.{one}.{java}" for one in ("driver", "executor"))
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", f"{both} pyspark-shell")
    folder = tmp_path / "labs"
    folder.mkdir()
    (folder / "a.csv").write_text("\n".join([HEADER, *plain(50)]), encoding="utf-8")
    row = '{"patient": "P1", "date": "2020-03-02", "test": "CD4", "value": 2, "unit": "/µL"}\n'
    (folder / "b.json").write_text(row, encoding="utf-8")
    polars = run_process("flag", "labs")
    spark = ("--engine", "spark", "--master", "local-cluster[1,1,1024]")
    done = run_process("flag", "labs", *spark, "-o", "rows.csv")
    parts = [part.read_text("utf-8").splitlines() for part in (tmp_path / "rows.csv").iterdir()]

    assert done.returncode == polars.returncode == 0, done.stderr
    assert sorted(line for part in parts for line in part[1:]) == sorted(
        polars.stdout.splitlines()[1:]
    )
    assert {path.name for path in tmp_path.iterdir()} == {"labs", "rows.csv"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("ModuleNotFoundError: No module named 'immunotrack'", "a worker has another Python"),
        ("is bigger than spark.driver.maxResultSize (1024.0 MiB)", "more than the driver may"),
    ],
)
def test_what_can_be_mended(said, message):
    """What Spark fails with, and the user can set right, is told as that."""
    errors = importlib.import_module("pyspark.errors")
    with pytest.raises(InvalidInput) as caught, asking("labs.csv"):
        raise errors.PySparkException(said)

    assert message in caught.value.problems[0].message


def test_an_error_of_a_worker_tells_no_value():
    """What Spark says of a failure stays in the cause, which only --debug shows."""
    errors = importlib.import_module("pyspark.errors")
    with pytest.raises(InvalidInput) as caught, asking("labs.csv"):
        raise errors.PySparkException("ValueError: P0001 of ward 7")

    assert "P0001" not in str(caught.value.problems)
    assert caught.value.problems[0].message == "Spark fails with it"
