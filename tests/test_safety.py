"""Hostile files, full disks and killed programs: nothing hangs, leaks, or is left half written."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest

from immunotrack import __main__ as program
from immunotrack import readers
from immunotrack.problems import InvalidInput
from immunotrack.readers import archive, delimited, documents, files, inflated, record
from immunotrack.readers.dataset_json import read_dataset_json
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.documents import parse_documents
from immunotrack.readers.excel import read_workbook
from immunotrack.readers.grid import Options
from terminals import on_terminal

LABS = (
    "patient_id,date,test,value,unit,low,high\n"
    "P1,2020-01-01,CD4,512,cells/µL,400,1500\n"
    "P1,2020-01-02,CD4,350,cells/µL,400,1500\n"
)
GARBAGE = int(float(os.environ.get("IMMUNOTRACK_GARBAGE_MB", "0.1")) * 2**20)
"""The size of the files of `test_garbage_of_every_kind`, in bytes; try 200 by hand."""
PATIENCE = 600
"""Seconds until a process that was told to stop is taken for one that never does."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder with a small file of results, in which the program runs."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def told(place, monkeypatch, capsys):
    """Run the program in this process: its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.chdir(place)
        monkeypatch.setattr(sys, "argv", ["immunotrack", *map(str, arguments)])
        code = 0
        try:
            program.main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


def zipped(**members):
    """An archive of compressed members; two underscores in a name are a slash, one a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


def bomb(*, declared=True):
    """A workbook of a few kilobytes that inflates to two megabytes, and may lie about it."""
    data = zipped(xl__workbook_xml="<workbook/>", xl__sheet_xml=bytes(2**21))
    if declared:
        return data
    return data.replace((2**21).to_bytes(4, "little"), (10).to_bytes(4, "little"))


class TestBombs:
    """Small files that stand for large ones are refused within bounds."""

    @pytest.mark.parametrize("declared", [True, False])
    def test_a_workbook(self, told, place, monkeypatch, declared):
        """The size that counts is the one that comes out, whatever the archive says."""
        monkeypatch.setattr(inflated, "HARMLESS", 2**20)
        (place / "bomb.xlsx").write_bytes(bomb(declared=declared))

        assert told("check", "bomb.xlsx") == (
            3,
            "",
            (
                "bomb.xlsx  too-large (error): the archive inflates to more than 250 times its "
                "size. Check that it is the laboratory's export, or split it.\n"
                "1 error, 0 warnings\n"
            ),
        )

    def test_no_more_is_held_than_allowed(self, monkeypatch):
        """The archive is given up at the limit, not at its end."""
        monkeypatch.setattr(archive, "LARGEST", 2**20)
        held = archive.Archive(bomb(), "bomb.xlsx")
        with pytest.raises(InvalidInput) as error:
            held.keep(held.names)

        assert error.value.problems[0].message == "the archive holds more than 1 MiB"
        assert held._total <= 2 * 2**20

    def test_a_compressed_dataset(self, told, place, monkeypatch):
        """Compressed Dataset-JSON has a limit of its own."""
        monkeypatch.setattr(inflated, "LARGEST_INFLATED", 2**20)
        (place / "bomb.dsjc").write_bytes(zlib.compress(bytes(2**22)))

        assert told("check", "bomb.dsjc") == (
            3,
            "",
            (
                "bomb.dsjc  too-large (error): the file inflates to more than 1 MiB. "
                "Export the file again.\n1 error, 0 warnings\n"
            ),
        )

    def test_a_small_dataset_that_swells(self, told, place, monkeypatch):
        """Two megabytes of blanks in two kilobytes are given up long before the limit."""
        monkeypatch.setattr(inflated, "HARMLESS", 2**20)
        (place / "bomb.dsjc").write_bytes(zlib.compress(b" " * 2**21))

        assert told("check", "bomb.dsjc") == (
            3,
            "",
            (
                "bomb.dsjc  too-large (error): the file inflates to more than 250 times its size. "
                "Export the file again.\n1 error, 0 warnings\n"
            ),
        )

    @pytest.mark.parametrize(
        "text",
        [
            '{"resourceType":"Bundle","entry":[' + "{}," * 30 + "{}]}",
            '{"resourceType":"Patient"}\n{"resourceType":"Patient"}\n' + "x\n" * 30,
            '{"datasetJSONVersion":"1.1.0","columns":[{"name":"A"}],"rows":[' + "[]," * 30 + "[]]}",
        ],
        ids=["bundle", "lines", "dataset"],
    )
    def test_a_document_with_nothing_right_in_it(self, told, place, monkeypatch, text):
        """What is wrong is told item by item up to a limit, at which reading ends."""
        monkeypatch.setattr(documents, "MOST_BROKEN", 20)
        (place / "wrong.json").write_text(text, encoding="utf-8")
        code, _, err = told("check", "wrong.json")

        assert code == 3
        assert err.splitlines()[0] == (
            "wrong.json  too-large (error): more than 20 items of the file are broken, and the "
            "rest is not read. Export it again, or ask its maker for valid JSON."
        )
        assert err.splitlines()[-1] == "22 errors, 0 warnings"

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 10**6 + "]" * 10**6,
            "[" * 10**6,
            '{"a":' * 10**6 + "1" + "}" * 10**6,
            '{"resourceType":"Bundle","entry":' + "[" * 10**6,
        ],
        ids=["arrays", "open", "objects", "bundle"],
    )
    def test_a_million_brackets(self, told, place, text):
        """A document nested beyond every sane depth costs neither stack nor time."""
        (place / "deep.json").write_text(text, encoding="utf-8")
        code, _, err = told("check", "deep.json")

        assert code == 3
        assert "deep.json:1  too-deep (error): more than 100 objects or arrays" in err

    def test_a_large_document(self, told, place, monkeypatch):
        """A document beyond the limit is not held."""
        monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 2**20)
        (place / "large.json").write_text("[" + "1," * 2**20 + "1]", encoding="utf-8")
        code, _, err = told("check", "large.json")

        assert (code, "the file is larger than 1 MiB" in err) == (3, True)

    def test_a_large_cell(self, told, place, monkeypatch):
        """A quotation mark that is closed far below makes a cell that no file has."""
        monkeypatch.setattr(record, "LONGEST_CELL", 200)
        (place / "cell.csv").write_text(LABS + f'P2,"{"x" * 300}",,,,,\n', encoding="utf-8")
        code, _, err = told("check", "cell.csv")

        assert code == 3
        assert "cell.csv:4  too-large (error): a cell is longer than" in err

    def test_a_long_line(self, told, place, monkeypatch):
        """A line of megabytes is no row."""
        monkeypatch.setattr(delimited, "LONGEST_LINE", 2**20)
        (place / "line.csv").write_bytes(LABS.encode() + b"x" * 2**21)
        code, _, err = told("check", "line.csv")

        assert code == 3
        assert "line.csv:4  too-large (error): a line is longer than 1 MiB" in err


class TestFiles:
    """What is opened, and what is not."""

    def test_links_in_a_folder_are_not_followed(self, told, place):
        """Neither a link to a file nor one to a folder, nor a pipe."""
        (place / "study").mkdir()
        (place / "study" / "a.csv").write_text(LABS, encoding="utf-8")
        (place / "study" / "b.csv").symlink_to(place / "labs.csv")
        (place / "study" / "c.csv").symlink_to(place)
        (place / "study" / "d.csv").symlink_to(place / "study")
        os.mkfifo(place / "study" / "e.csv")
        code, out, err = told("flag", "study")

        assert (code, len(out.splitlines())) == (0, 3)
        assert "study/a.csv: long" in err
        assert "warnings: not-read 1" in err

    def test_a_folder_that_cannot_be_listed(self, told, place, monkeypatch):
        """The operating system's reason is told."""
        (place / "study").mkdir()

        def refuse(_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", refuse)

        assert told("check", "study") == (
            3,
            "",
            (
                "study  unreadable (error): the file cannot be read: permission denied.\n"
                "1 error, 0 warnings\n"
            ),
        )

    def test_a_file_that_grows_while_it_is_read(self, told, place, monkeypatch):
        """Half of an export is not taken for the whole."""
        whole = os.fstat

        def grown(handle):
            found = whole(handle)
            with (place / "labs.csv").open("ab") as file:
                file.write(b"P1,2020-01-03,CD4,1")
            return found

        monkeypatch.setattr(files.os, "fstat", grown)

        assert told("flag", "labs.csv") == (
            3,
            "",
            (
                "labs.csv  changed-file (error): the file changed while it was read. "
                "Wait until it is complete, and read it again.\n1 error, 0 warnings\n"
            ),
        )

    def test_a_file_that_grows_as_fast_as_it_is_read(self, place, monkeypatch):
        """Nobody runs after a writer: a file is given up at the size that it had when opened."""
        path = place / "labs.csv"
        reads = []
        whole = Path.open

        class Chased:
            """A file that gets as much at its end as is read of it."""

            def __init__(self, file):
                self._file = file

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self._file.close()

            def fileno(self):
                return self._file.fileno()

            def read(self, size):
                reads.append(size)
                with whole(path, "ab") as file:
                    file.write(b"P1,2020-01-03,CD4,1\n" * (len(reads) < 99))
                return self._file.read(size)

        monkeypatch.setattr(Path, "open", lambda path, mode: Chased(whole(path, mode)))
        with pytest.raises(InvalidInput) as caught:
            files.read_bytes(path, "labs.csv")

        assert [problem.message for problem in caught.value.problems] == [
            "the file changed while it was read"
        ]
        assert len(reads) == 1

    @pytest.mark.parametrize("command", ["flag", "check", "parse"])
    def test_a_name_that_is_no_text(self, told, place, command):
        """A byte in a file's name that is no UTF-8 stands as U+FFFD in what is written."""
        name = os.fsdecode(b"labs\xff.csv")
        (place / "labs.csv").rename(place / name)
        option = "--report" if command == "check" else "-o"
        code, _, err = told(command, name, option, "out.csv")

        assert (code, "internal error" in err) == (0, False)
        assert "\udcff" not in (place / "out.csv").read_text("utf-8")
        assert told("check", ".", "--json")[0] == 0


class TestOutputs:
    """What is written, and where."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ("flag", "labs.csv", "-o", "/dev/full"),
            ("flag", "labs.csv", "--report", "/dev/full"),
            ("check", "labs.csv", "--report", "/dev/full"),
            ("parse", "labs.csv", "-o", "/dev/full"),
            ("plot", "labs.csv", "-o", "full.svg"),
            ("plot", "labs.csv", "--data", "/dev/full"),
            ("convert", "labs.csv", "-o", "full.csv"),
        ],
        ids=" ".join,
    )
    def test_a_full_disk(self, told, place, arguments):
        """A file that does not fit is told as one that cannot be written."""
        (place / "full.svg").symlink_to("/dev/full")
        (place / "full.csv").symlink_to("/dev/full")
        code, _, err = told(*arguments)

        assert code == 2
        assert "  unwritable (error): the file cannot be written: no space left on device." in err

    @pytest.mark.parametrize(
        "arguments",
        [("flag", "labs.csv"), ("check", "labs.csv", "--json"), ("cases",), ("ranges", "--json")],
        ids=" ".join,
    )
    def test_a_full_stdout(self, place, arguments):
        """It is told as well, and is no internal error."""
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "immunotrack", *arguments],
                cwd=place,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )

        assert done.returncode == 2
        assert "stdout  unwritable (error): the file cannot be written: no space" in done.stderr

    @pytest.mark.parametrize(("stop", "left"), [(signal.SIGINT, 0), (signal.SIGKILL, 1)])
    def test_a_kill_while_writing(self, place, stop, left):
        """The old file stays as it was; only what nothing can clean up after is left beside it."""
        (place / "out.csv").write_text("old", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW, "flag", "labs.csv", "-o", "out.csv"],
            cwd=place,
            stderr=subprocess.DEVNULL,
        )
        while not (place / "writing").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(stop)
        process.wait(PATIENCE)
        names = sorted(path.name for path in place.iterdir())

        assert (place / "out.csv").read_text("utf-8") == "old"
        assert names[left:] == ["labs.csv", "out.csv", "writing"]
        assert all(name.startswith(".immunotrack-") for name in names[:left])

    @pytest.mark.parametrize("command", ["flag", "check", "parse", "convert"])
    @pytest.mark.parametrize(
        "name", ["labs.csv", "./labs.csv", "soft.csv", "hard.csv", "study/../labs.csv"]
    )
    def test_never_onto_the_input(self, told, place, command, name):
        """Also not through a link or by another path."""
        (place / "study").mkdir()
        (place / "soft.csv").symlink_to("labs.csv")
        (place / "hard.csv").hardlink_to(place / "labs.csv")
        option = "--report" if command == "check" else "-o"
        code, _, err = told(command, "labs.csv", option, name)

        assert (code, "unwritable (error): the output is the input." in err) == (2, True)
        assert (place / "labs.csv").read_text("utf-8") == LABS

    @pytest.mark.parametrize(
        "arguments",
        [
            ("flag", "study", "-o", "study/labs.csv"),
            ("flag", "study", "--report", "study/labs.csv"),
            ("check", "study", "--report", "soft.csv"),
            ("parse", "study", "-o", "study/labs.csv"),
            ("convert", "study", "-o", "study/labs.csv"),
            ("plot", "study", "--data", "study/labs.csv"),
            ("grade", "study", "-o", "study/labs.csv"),
            ("response", "study", "-o", "study/labs.csv"),
            ("response", "labs.csv", "--rule", "study/labs.csv", "-o", "study/labs.csv"),
            ("flag", "labs.csv", "--ranges", "study/labs.csv", "-o", "study/labs.csv"),
            ("plot", "labs.csv", "--windows", "study/labs.csv", "--data", "study/labs.csv"),
            ("plot", "labs.csv", "--events", "study/labs.csv", "--data", "study/labs.csv"),
        ],
        ids=" ".join,
    )
    def test_never_onto_a_file_that_is_read(self, told, place, arguments):
        """A file of a folder, of ranges, of windows or of events is an input too."""
        (place / "study").mkdir()
        (place / "study" / "labs.csv").write_text(LABS, encoding="utf-8")
        (place / "soft.csv").symlink_to("study/labs.csv")
        code, _, err = told(*arguments)

        assert (code, "unwritable (error): the output is the input." in err) == (2, True)
        assert (place / "study" / "labs.csv").read_text("utf-8") == LABS

    def test_never_onto_a_file_of_a_case(self, told, place):
        """The folder of a case is an input as a whole."""
        (place / "case").mkdir()
        for name in ("case.toml", "events.csv"):
            (place / "case" / name).write_text("x", encoding="utf-8")
        code, _, err = told("check", "case", "--report", "case/case.toml")

        assert (code, "the output is the input" in err) == (2, True)
        assert (place / "case" / "case.toml").read_text("utf-8") == "x"

    @pytest.mark.parametrize("other", ["out.csv", "./out.csv", "soft.csv"])
    def test_never_two_outputs_into_one_file(self, told, place, other):
        """The second would replace the first without a word."""
        (place / "soft.csv").symlink_to("out.csv")

        assert told("flag", "labs.csv", "-o", "out.csv", "--report", other) == (
            2,
            "",
            (
                f"{Path(other)}  unwritable (error): two outputs are the same file. "
                "Write each to its own file.\n1 error, 0 warnings\n"
            ),
        )
        assert not (place / "out.csv").exists()

    def test_a_device_takes_two_outputs(self, told):
        """Both may be thrown away."""
        assert told("flag", "labs.csv", "-o", "/dev/null", "--report", "/dev/null")[0] == 0

    @pytest.mark.parametrize(
        "who", ["../../up", "/root/abs", "a/b", "a\\b", "..", "CON", "x\ny", "%s"]
    )
    def test_an_id_is_no_path(self, told, place, who):
        """No file is named after a patient, whatever the id holds."""
        quoted = f'"{who}"'
        (place / "labs.csv").write_text(LABS.replace("P1", quoted), encoding="utf-8")
        told("flag", "labs.csv", "-o", "flagged.csv", "--report", "report.csv")
        told("plot", "labs.csv", "-o", "figure.svg", "--data", "drawn.csv")
        told("convert", "labs.csv", "-o", "table.csv")

        assert {path.name for path in place.iterdir()} == {
            *("labs.csv", "flagged.csv", "report.csv", "figure.svg", "drawn.csv", "table.csv"),
        }


SLOW = """
import os, sys, time
from pathlib import Path
from immunotrack import outputs
from immunotrack.__main__ import main
whole = os.fdopen
class Slow:
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *_): self.file.close()
    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        Path("writing").touch()
        time.sleep(600)
outputs.os.fdopen = lambda *given: Slow(whole(*given))
main()
"""
"""The program on a disk that takes half of a file and then its time."""

RISKY = ("=1+1", "+x", "-x", "@x", "\tx", "\rx", "=HYPERLINK(1)", "-1+1|x")
PLAIN = ("-5", "+5", "5", "-1e3", "CD4", "")
"""What a spreadsheet shows as it is."""


class TestFormulas:
    """No cell that immunotrack writes is one that a spreadsheet runs."""

    @pytest.mark.parametrize("risky", RISKY)
    @pytest.mark.parametrize(
        ("arguments", "own"),
        [
            (("flag", "labs.csv", "-o", "out.csv"), 7),
            (("flag", "labs.csv", "--report", "out.csv"), 0),
            (("check", "labs.csv", "--report", "out.csv"), 0),
            (("parse", "labs.csv", "-o", "out.csv"), 0),
            (("plot", "labs.csv", "-o", "x.svg", "--data", "out.csv"), 0),
        ],
        ids=["flag", "flag report", "check", "parse", "plot"],
    )
    def test_a_cell_is_defused(self, told, place, risky, arguments, own):
        """Ids, names, units, results and headers of the file; its own columns stay as they are."""
        with (place / "labs.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_ALL)
            rows.writerow(["patient_id", "day", "test", "value", "unit", "low", "high"])
            rows.writerow([risky, "1", risky, "12", risky, "1", "5"])
            rows.writerow([risky, "2", risky, risky, risky, "", ""])
            rows.writerow([risky, "3", "CD4", "-12", "cells/µL", "", ""])
        _, _, err = told(*arguments)
        with (place / "out.csv").open(encoding="utf-8", newline="") as file:
            header, *written = csv.reader(file)
        cells = [cell for row in written for cell in row[own:]]

        assert "internal error" not in err
        assert [cell for cell in cells if cell[:1] in {*"=+-@\t\r"} and not number(cell)] == []
        assert risky[0].isspace() or any(cell.startswith("'") for cell in cells)
        assert header[:1] in (["patient_id"], ["source"])

    def test_a_number_is_not_changed(self, told, place):
        """A sign before digits makes no formula."""
        rows = "".join(f"P,{n},CD4,{cell},/µL\n" for n, cell in enumerate(PLAIN))
        (place / "labs.csv").write_text(f"patient,day,test,value,unit\n{rows}", encoding="utf-8")
        told("parse", "labs.csv", "-o", "out.csv")
        with (place / "out.csv").open(encoding="utf-8", newline="") as file:
            found = [row["reported"] for row in csv.DictReader(file)]

        assert found == list(PLAIN)


def number(cell):
    """Whether a cell is a number and no more."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


NAME = "Zaphod-4711"


def wrong_files():
    """Files of every kind that are wrong, each with the name in its cells."""
    book = openpyxl.Workbook()
    book.active.append([NAME, f"{NAME}x"])
    book.active.append([NAME, NAME])
    sheet = io.BytesIO()
    book.save(sheet)
    row = json.dumps({"resourceType": "Observation", "id": NAME, "subject": NAME})
    bare = {"datasetJSONVersion": "1.1.0", "columns": [{"name": NAME}], "rows": [[NAME, 1]]}
    return {
        "labs.csv": LABS.replace("P1", NAME).replace("350", f"-{NAME}"),
        "header.csv": f"{NAME},{NAME}\n{NAME},1\n",
        "quote.csv": f'{LABS}"{NAME},2020\n{NAME}"x,1\n',
        "bytes.csv": LABS.encode() + NAME.encode() + b"\xff\xc3\xa9\n",
        "nul.csv": f"{LABS}{NAME}\0\n",
        "book.xlsx": sheet.getvalue(),
        "torn.xlsx": sheet.getvalue()[:-40],
        "doubled.json": f'{{"{NAME}": 1, "{NAME}": 2}}',
        "broken.json": f'{{"id": "{NAME}"',
        "observation.json": row,
        "dataset.json": json.dumps(bare),
        "lines.ndjson": f"{row}\n{{{NAME}\n",
        "bad.xpt": f"HEADER RECORD*******LIBRARY {NAME}",
    }


class TestPrivacy:
    """No patient's id or value where it does not belong."""

    @pytest.mark.parametrize("name", [*wrong_files()])
    def test_the_text_of_an_exception(self, place, name):
        """A traceback in a log names codes and lines only."""
        content = wrong_files()[name]
        (place / name).write_bytes(content.encode() if isinstance(content, str) else content)
        try:
            source = readers.read_source(name)
        except InvalidInput as error:
            refusal = error
        else:
            refusal = InvalidInput(source.problems)

        assert NAME not in str(refusal)
        assert NAME not in repr(refusal)
        assert refusal.__cause__ is None
        assert refusal.__suppress_context__ or refusal.__context__ is None

    @pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, UnicodeError])
    def test_an_internal_error(self, told, monkeypatch, error):
        """A fault of the program tells its kind, and nothing that it was about."""

        def fail(*_):
            raise error(NAME)

        monkeypatch.setattr(readers, "read_source", fail)
        code, out, err = told("check", "labs.csv")

        assert (code, out) == (70, "")
        assert err == (
            f"immunotrack: internal error ({error.__name__}); nothing was written. Run again with "
            "--debug and report what it prints, without patient data.\n"
        )

    def test_too_little_memory(self, told, monkeypatch):
        """What does not fit is too large, and no internal error."""

        def fail(*_):
            raise MemoryError

        monkeypatch.setattr(readers, "read_source", fail)

        assert told("check", "labs.csv") == (
            3,
            "",
            (
                "memory  too-large (error): the input is larger than this computer can hold. "
                "Check that it is the laboratory's export, or split it.\n1 error, 0 warnings\n"
            ),
        )


class TestTerminals:
    """A file does not speak to the terminal."""

    def test_a_sequence_in_a_header(self, told, place):
        """The clearing of a screen, a colour, the direction of writing and a new line are shown."""
        sent = "test\x1b[2J\u202e\x9b31m"
        (place / "labs.csv").write_text(LABS.replace("test", sent), encoding="utf-8")
        _, _, err = told("check", "labs.csv")

        assert "test\\x1b[2J\\u202e\\x9b31m" in err
        assert all(letter.isprintable() for letter in err.replace("\n", ""))

    def test_a_sequence_in_a_cell_of_the_table(self, place):
        """On a terminal, where results are a table, too."""
        (place / "labs.csv").write_text(LABS.replace("P1", "P\x1b[2J1"), encoding="utf-8")
        command = [sys.executable, "-m", "immunotrack", "flag", "labs.csv"]
        shown = on_terminal(command, place, TERM="dumb").stdout

        assert "P\\x1b[2J1" in shown
        assert "\x1b[2J" not in shown


def garbage(kind, size):
    """Nonsense of one kind, of so many bytes."""
    noise = zlib.compress(bytes(range(256)) * 64, 1) * 64
    filled = {
        "words.csv": b"lorem ipsum dolor\n",
        "blank.csv": b"\n",
        "commas.csv": b"," * 999 + b"\n",
        "quotes.csv": b'a,"b\n',
        "marks.csv": b'"',
        "latin.csv": b"\xe9\xe8,\xff\n",
        "noise.csv": noise,
        "noise.xpt": noise,
        "open.json": b"[",
        "numbers.json": b"[1],",
        "lines.ndjson": b'{"a":1}\n',
        "broken.ndjson": b'{"a":1}\n{"a"\n',
    }
    starts = {
        "numbers.json": b"[",
        "book.xlsx": b"PK\x03\x04",
        "book.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "bomb.dsjc": b"",
    }
    if kind == "bomb.dsjc":
        return zlib.compress(bytes(8 * size), 9)
    piece = filled.get(kind, noise)
    return starts.get(kind, b"") + piece * (size // len(piece))


KINDS = (
    *("words.csv", "blank.csv", "commas.csv", "quotes.csv", "marks.csv", "latin.csv", "noise.csv"),
    *("noise.xpt", "open.json", "numbers.json", "lines.ndjson", "broken.ndjson", "book.xlsx"),
    *("book.xls", "bomb.dsjc"),
)

BOUNDED = """
import resource, sys
from immunotrack.__main__ import main
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for name in sys.argv[1:]:
    sys.argv = ["immunotrack", "check", name]
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    print(name, code, flush=True)
"""
"""Check each file within so many bytes of address space."""


def test_garbage_of_every_kind(place):
    """Nonsense of any kind is refused within bounded memory, by a message."""
    for kind in KINDS:
        (place / kind).write_bytes(garbage(kind, GARBAGE))
    limit = 3 * 2**30 + 100 * GARBAGE
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(limit), *KINDS],
        cwd=place,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == [word for kind in KINDS for word in (kind, "3")]
    assert "internal error" not in done.stderr


def test_readers_share_a_process(place):
    """Several files are read at once; the limits of one thread are not those of another."""
    (place / "cell.csv").write_text(f'a,b\n1,"{"x" * 2**18}"\n', encoding="utf-8")
    before = csv.field_size_limit()
    widths = []

    def read():
        widths.append(len(read_grid(place / "cell.csv").rows[0][1]))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (widths, csv.field_size_limit()) == ([2**18] * 8, before)


@pytest.mark.parametrize("read", [read_workbook, read_dataset_json])
def test_an_empty_file(place, read):
    """It is refused as one."""
    (place / "empty").touch()
    with pytest.raises(InvalidInput) as error:
        read(place / "empty", "empty", Options())

    assert [problem.code for problem in error.value.problems] == ["empty-file"]
    with pytest.raises(InvalidInput):
        parse_documents(b"", "empty")
