"""NDJSON by Spark: the same as by Polars, for a file, a gzip file and a folder."""

import gzip
import json

import pytest

from agreement import clustered, held
from immunotrack.readers import Options

pytestmark = pytest.mark.usefixtures("small")


def objects(count, first=0):
    """Rows of one shape of which nothing is to be said."""
    return [
        {"patient": f"P{n}", "date": f"2020-03-{n % 28 + 1:02}", "test": "CD4", "value": n + 1}
        | {"unit": "/µL"}
        for n in range(first, first + count)
    ]


def lines(rows):
    """Rows as they are written."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def agree(path, folder, options=None):
    """What both make of a source."""
    whole = held(path, options or Options())

    assert clustered(str(path), folder, options) == whole
    return whole


def test_a_file_with_everything(tmp_path):
    """Repeats, words, numbers and texts of the same digits, lines that are no rows, late keys."""
    rows = [*objects(60), *objects(3), {**objects(5)[4], "value": 6}]
    rows += [{**row, "fasting": True} for row in objects(30, 60)]
    rows += [{**objects(1, 90)[0], "value": value} for value in (1.234, "1.234", "<5", [5])]
    text = lines(rows) + '\n{}\n{"patient": "P1"\n[1]\n{"a":1,"a":2}\n{"value":5.0}\r\n7'
    path = tmp_path / "labs.ndjson"
    path.write_text(f"\ufeff{text}", encoding="utf-8", newline="")
    told = agree(path, tmp_path)

    assert told["warnings"]["truth-value"] == 30
    assert told["warnings"]["repeated-result"] == 3
    assert str(told["rows"]).startswith("patient,date,test,value,unit,fasting,analyte,")
    assert "broken-line" in str(told["list"])
    assert "nested-value" in str(told["list"])


def test_keys_that_come_late(tmp_path):
    """A column that is needed stands on the last line alone, and the first lines are no rows."""
    rows = [{key: row[key] for key in ("patient", "date", "test")} for row in objects(80)]
    path = tmp_path / "labs.jsonl.gz"
    path.write_bytes(gzip.compress(("\n[]\n" + lines([*rows, *objects(1, 80)])).encode()))
    told = agree(path, tmp_path)

    assert told["counts"] == (
        "83 rows read: 1 used, 81 set aside (empty-result 80, empty-row 1), 1 with errors"
    )


def test_a_folder_of_files_with_other_keys(tmp_path):
    """Files in which null is left out, keys in another order, CSV beside them, and empty parts."""
    folder = tmp_path / "labs"
    folder.mkdir()
    (folder / "part-0.json").write_text(lines(objects(40)), encoding="utf-8")
    turned = [{**dict(reversed(row.items())), "low": 5} for row in objects(30, 30)]
    (folder / "part-1.json").write_text(lines(turned), encoding="utf-8")
    (folder / "part-2.json").touch()
    (folder / "part-3.csv").write_text("patient,date,test,value,unit\n", encoding="utf-8")
    csv = "note,patient,date,test,value,unit\n" + "x,P1,2020-03-02,CD4,2,/µL\n" * 40
    (folder / "part-4.csv").write_text(csv, encoding="utf-8")
    (folder / "part-5.jsonl").write_text('{"rows": 110}\n', encoding="utf-8")
    told = agree(folder, tmp_path)

    assert str(told["rows"]).startswith("patient,date,test,value,unit,low,note,analyte,")
    assert told["warnings"]["not-read"] == 3
    assert told["warnings"]["repeated-result"] == 40


def test_a_stated_encoding(tmp_path):
    """What is not UTF-8 is refused with its line, and read where the user says what it is."""
    path = tmp_path / "labs.ndjson"
    path.write_bytes(lines(objects(60)).replace("P58", "É").encode("latin-1"))
    found = agree(path, tmp_path, Options(encoding="latin-1"))
    refused = agree(path, tmp_path)

    assert "ISO 8859-1; NDJSON" in str(found["told"])
    assert refused["refused"] == [
        f"{path}:1  unreadable (error): the byte 0xb5 is not UTF-8 text. Export it again as UTF-8."
    ]


def test_too_many_keys(tmp_path):
    """Values that are keys are refused at the line that brings too many."""
    rows = [*objects(1), *({f"P{n}": n} for n in range(1200))]
    path = tmp_path / "labs.ndjson"
    path.write_text(lines(rows), encoding="utf-8")

    assert agree(path, tmp_path)["refused"][0].startswith(f"{path}:997  too-large (error): ")


@pytest.mark.parametrize("text", ["{}\n{}\n", ""])
def test_nothing_in_it(tmp_path, text):
    """A file without a key is refused in the words of the reader of small files."""
    path = tmp_path / "labs.ndjson"
    path.write_text(text, encoding="utf-8")

    assert "no line of the file is a JSON object with a key. Export it again." in str(
        agree(path, tmp_path, Options(format="ndjson"))["refused"]
    )


def test_fhir(tmp_path):
    """Resources are no rows, and are left to Polars."""
    path = tmp_path / "labs.ndjson"
    path.write_text('{"resourceType": "Patient"}\n' * 40, encoding="utf-8")

    refused = "a file that must be held as a whole: this is not read with --engine spark."
    assert clustered(str(path), tmp_path)["refused"] == [
        f"{path}  unreadable (error): {refused} Use --engine polars."
    ]
