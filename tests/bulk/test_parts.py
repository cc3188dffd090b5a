"""A folder of Parquet files: the rows of the one file, and no name that leads elsewhere."""

from contextlib import suppress
from threading import Thread
from time import sleep
from zlib import crc32

import polars as pl
import pytest

from immunotrack.cli import large
from immunotrack.datasets import check_dataset, hidden_folder, move_dataset
from immunotrack.problems import InvalidInput

HEADER = "patient,date,test,result,units,flag\n"
ROWS = "".join(f"P{n % 9},2020-03-{n % 28 + 1:02},CD4,{n * 10},/µL,x\n" for n in range(1, 150))
ODD = "".join(
    f'"{name}",2020-04-01,"{test}",5,"{unit}",\n'
    for name, test, unit in [
        ("../../P", "../../etc", "mg/L"),
        ("=P", "=EVIL()", "'=mg"),
        ("'=P", "'=EVIL()", "=mg"),
        ("P/1", "a=b/c*?%2F", "%"),
        ("", "CD4", "/µL"),
    ]
)


@pytest.fixture(params=[1, 2**40], ids=["streamed", "held"])
def labs(request, tmp_path, monkeypatch):
    """A file with names that are dangerous in paths and in spreadsheets."""
    monkeypatch.setattr(large, "LARGE", request.param)
    path = tmp_path / "labs.csv"
    path.write_text(HEADER + ROWS + ODD, encoding="utf-8")
    return path


def parts(folder):
    """The rows of a folder, in the order of the file."""
    return pl.scan_parquet(folder, hive_partitioning=True).collect().sort("line")


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize("by", [["analyte"], ["unit", "flag"], ["range_source", "patients"]])
def test_the_rows_of_one_file(run, tmp_path, by):
    """Parts hold what the file without parts holds, row for row, and the folder nothing else."""
    run("flag", "labs.csv", "-o", "one.parquet")
    done = run("flag", "labs.csv", "-o", "parts.parquet", *options(by))
    one, found = pl.read_parquet(tmp_path / "one.parquet"), parts(tmp_path / "parts.parquet")

    assert done.returncode == 4
    assert found.select(one.columns).equals(one)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("labs.csv", "one.parquet", "parts.parquet")
    ]


def options(by):
    """The options that ask for parts."""
    return [word for name in by for word in ("--partition-by", name)]


@pytest.mark.usefixtures("labs")
def test_names_of_folders(run, tmp_path):
    """Texts of the file are encoded, so that none of them leads out of the folder."""
    run("flag", "labs.csv", "-o", "parts.parquet", *options(["analyte"]))

    assert sorted(path.name for path in (tmp_path / "parts.parquet").iterdir()) == [
        "analyte=%27%3DEVIL%28%29",
        "analyte=%3DEVIL%28%29",
        "analyte=..%2F..%2Fetc",
        "analyte=a%3Db%2Fc%2A%3F%252F",
        "analyte=cd4",
    ]


@pytest.mark.usefixtures("labs")
def test_a_patient_is_in_one_part(run, tmp_path):
    """The part is CRC-32 of the id modulo 64, and no id stands in a name."""
    run("flag", "labs.csv", "-o", "parts.parquet", *options(["patients"]))
    folder = tmp_path / "parts.parquet"
    found = parts(folder).select("patient", "patients").unique()

    assert dict(found.with_columns(pl.col("patient").fill_null("")).rows()) == {
        name: crc32(name.encode()) % 64
        for name in (*(f"P{n}" for n in range(9)), "../../P", "=P", "'=P", "P/1", "")
    }
    assert {len(path.name) for path in folder.iterdir()} == {len("patients=00")}


@pytest.mark.usefixtures("labs")
def test_a_parquet_file_has_the_input_s_own_cells(run, tmp_path):
    """What a spreadsheet would run is defused in CSV, and is as it was for a program."""
    run("flag", "labs.csv", "-o", "one.parquet")
    run("flag", "labs.csv", "-o", "one.csv")
    odd = pl.col("line").is_in([152, 153])
    table = pl.read_parquet(tmp_path / "one.parquet").filter(odd)
    texts = pl.read_csv(tmp_path / "one.csv", infer_schema_length=None).filter(odd)

    assert table.select("analyte", "unit").rows() == [("=EVIL()", "'=mg"), ("'=EVIL()", "=mg")]
    assert texts.select("analyte", "unit").rows() == [("'=EVIL()", "'=mg"), ("'=EVIL()", "'=mg")]


@pytest.mark.usefixtures("labs")
def test_a_data_set_is_replaced_and_nothing_else(run, tmp_path):
    """A folder with any other file is refused before the input is read."""
    for by in ("flag", "analyte"):
        run("flag", "labs.csv", "-o", "parts.parquet", *options([by]))
    once = {path.name.partition("=")[0] for path in (tmp_path / "parts.parquet").iterdir()}
    (tmp_path / "parts.parquet" / "notes.txt").write_text("mine", encoding="utf-8")
    done = run("flag", "labs.csv", "-o", "parts.parquet", *options(["flag"]))

    assert once == {"analyte"}
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "parts.parquet  unwritable (error): the folder holds more than a data set in parts. "
        "Write to another folder."
    )
    assert (tmp_path / "parts.parquet" / "notes.txt").exists()


@pytest.mark.usefixtures("labs")
def test_a_name_that_is_too_long_for_a_folder(run, tmp_path, labs):
    """It is refused, and what stood there before stands there still."""
    run("flag", "labs.csv", "-o", "parts.parquet", *options(["analyte"]))
    with labs.open("a", encoding="utf-8") as file:
        file.write(f"P1,2020-05-01,{'x' * 300},5,mg/L,\n")
    done = run("flag", "labs.csv", "-o", "parts.parquet", *options(["analyte"]))

    assert done.returncode == 2
    assert "unwritable (error): the file cannot be written: file name too long." in done.stderr
    assert len(parts(tmp_path / "parts.parquet")) == 154
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labs.csv", "parts.parquet"]


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "a.parquet", "--partition-by", "patient"], "'unit', 'range_source', 'flag', 'pat"),
        (["-o", "a.csv", "--partition-by", "flag"], "--partition-by: needs -o FILE.parquet"),
        (["--partition-by", "flag"], "--partition-by: needs -o FILE.parquet"),
    ],
)
def test_usage(run, words, said):
    """Parts are those of a Parquet file, and by columns of few texts."""
    done = run("flag", "labs.csv", *words)

    assert done.returncode == 2
    assert said in done.stderr


def test_the_input_in_the_folder(tmp_path):
    """A data set that is read is not replaced."""
    folder = tmp_path / "a.parquet" / "flag=L"
    folder.mkdir(parents=True)
    (folder / "0.parquet").touch()

    with pytest.raises(InvalidInput) as caught:
        check_dataset(tmp_path / "a.parquet", [folder / "0.parquet"])
    assert caught.value.problems[0].message == "the folder holds the input"


def test_an_interrupted_write_leaves_nothing(tmp_path):
    """Ctrl-C on the way takes the hidden folder away, and the old data set stays."""
    (tmp_path / "a.parquet" / "flag=L").mkdir(parents=True)

    with suppress(KeyboardInterrupt), hidden_folder(tmp_path / "a.parquet") as folder:
        (folder / "parts").mkdir()
        raise KeyboardInterrupt

    assert [path.name for path in tmp_path.rglob("*")] == ["a.parquet", "flag=L"]


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_folder_that_is_not_there(run, name):
    """No output is made where there is no folder, and nothing but that is said."""
    done = run("flag", "labs.csv", "-o", f"none/{name}")

    assert done.returncode == 2
    said = f"none/{name}  unwritable (error): the file cannot be written: no such file or directory"
    assert said in done.stderr


def test_a_file_makes_way(tmp_path):
    """A data set takes the place of a file of the same name."""
    (tmp_path / "a.parquet").write_text("old", encoding="utf-8")
    with hidden_folder(tmp_path / "a.parquet") as folder:
        (folder / "parts" / "flag=L").mkdir(parents=True)
        move_dataset(folder / "parts", tmp_path / "a.parquet")

    assert [path.name for path in tmp_path.rglob("*")] == ["a.parquet", "flag=L"]


def test_a_thread_that_still_writes_leaves_nothing(tmp_path):
    """Parts that are written on while the folder is taken away are taken away too."""

    def write_on(folder):
        for number in range(20):
            with suppress(OSError):
                (folder / f"flag={number}").mkdir(parents=True)
                (folder / f"flag={number}" / "0.parquet").write_bytes(b"")
            sleep(0.005)

    with suppress(KeyboardInterrupt), hidden_folder(tmp_path / "a.parquet") as folder:
        writer = Thread(target=write_on, args=[folder])
        writer.start()
        raise KeyboardInterrupt
    writer.join()

    assert list(tmp_path.iterdir()) == []
