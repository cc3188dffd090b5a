"""Delimited text to a grid: every record is a row, a comment or stands above the header."""

import csv
import gc
import io
import os
import re
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput
from immunotrack.readers import record
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.files import read_bytes
from immunotrack.readers.grid import Options
from immunotrack.readers.headers import header_score
from immunotrack.readers.start import DELIMITERS

HEADER = "patient_id,date,analyte,value,unit\n"
ROW = "P1,2020-03-01,CD4,350,cells/µL\n"
CELLS = ["P1", "2020-03-01", "CD4", "350", "cells/µL"]
SHORT = "pid,date,value\n"
UNQUOTED = "If it is a row, put its first cell in quotation marks."


def grid(text, options=None):
    """The grid of a text, or of bytes, as the file labs.csv."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labs.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_grid(path, "labs.csv", options)


def said(found):
    """The messages of a grid's problems."""
    return [str(problem) for problem in found.problems]


def refused(text, options=None):
    """The whole message of a refusal."""
    with pytest.raises(InvalidInput) as caught:
        grid(text, options)
    assert caught.value.unreadable
    return str(caught.value.problems[0])


# where the table starts


def test_a_usual_file_tells_nothing():
    """A comma file in UTF-8 whose header is its first line needs no word."""
    found = grid(HEADER + ROW)

    assert (found.header, found.header_line, found.rows) == (HEADER[:-1].split(","), 1, [CELLS])
    assert (found.lines, found.told, found.problems) == ([2], "", [])


def test_lines_above_the_header_are_told():
    """Metadata are no rows, their commas choose no delimiter, and one warning counts them."""
    text = f"Exported by;X, Y, Z, A, B\n\n# thawed\n;;;;\n{HEADER}{ROW}".replace(
        HEADER + ROW, (HEADER + ROW).replace(",", ";")
    )
    found = grid(text.encode("cp1252"))

    assert (found.header, found.header_line) == (HEADER[:-1].split(","), 5)
    assert (found.rows, found.lines) == ([CELLS], [6])
    assert found.told == "Windows-1252; semicolon; header at line 5"
    assert said(found)[0] == (
        "labs.csv:1  above-header (warning): lines 1 to 3 stand above the header and are not rows. "
        "(2 rows, first at this line) If the header is among them, name its columns with --map."
    )


def test_one_line_above_the_header_is_told():
    """A single line is told as one."""
    assert said(grid(f"\nWard 3\n{HEADER}{ROW}")) == [
        (
            "labs.csv:2  above-header (warning): the line stands above the header and is not a "
            "row. If the header is among them, name its columns with --map."
        )
    ]


def test_a_header_has_no_fewer_names_than_what_follows():
    """A block about the patient with two known names is not the header of the results."""
    found = grid(f"Patient,Date\nP1,today\n\n{HEADER}{ROW}")

    assert found.header_line == 4
    assert found.rows == [CELLS]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Kolumna,Czwarta,Panel,Trzecia\nP1,CD4,CD8,350\n", 1),
        ("# note\nKolumna,Czwarta\nP1,CD4\n", 2),
        (";;\nKolumna;Czwarta\nP1;CD4\n", 2),
        ("Kolumna;x\nP1;CD4\n", 1),
    ],
)
def test_a_header_of_unknown_names_is_the_first_line(text, line):
    """Rows with names of analytes are not taken for a header."""
    assert grid(text).header_line == line


def test_names_of_map_make_a_header():
    """The columns that a user names are known names."""
    text = "Ward 3;x\nKolumna;Druga;Trzecia\nP1;2020-03-01;CD4\n"

    assert grid(text).header_line == 1
    assert grid(text, Options(columns={"patient_id": "Kolumna", "time": "druga"})).header_line == 2


def test_a_header_beyond_the_first_records_is_not_looked_for():
    """After 60 records without a header the first line is it."""
    found = grid("x\n" * 60 + HEADER + ROW)

    assert (found.header, found.header_line) == (["x"], 1)


@pytest.mark.parametrize("declared", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_a_declared_delimiter_is_no_metadata(declared):
    """The line with which a file tells Excel its delimiter is used and not told as metadata."""
    found = grid(f"{declared}\r\nKolumna, nombre;x, y, z\r\nP1;2\r\n")

    assert (found.header, found.rows) == (["Kolumna, nombre", "x, y, z"], [["P1", "2"]])
    assert (found.told, found.problems) == ("semicolon; header at line 2", [])


def test_another_declared_delimiter_is_used():
    """A file may declare a delimiter that is none of the usual ones."""
    found = grid("sep=^\npid^date\nP1^2020-03-01\n")

    assert (found.rows, found.told) == ([["P1", "2020-03-01"]], "delimiter ^; header at line 2")


def test_a_declared_delimiter_that_is_wrong_is_not_used():
    """A header with more known names under another delimiter wins."""
    assert grid("sep=,\n" + (HEADER + ROW).replace(",", ";")).rows == [CELLS]


def test_a_header_of_two_lines_is_one():
    """A quoted line end within the header is a part of its name."""
    found = grid('Ward 3\npid,"Wert\n(Zahl)",date\nP,5,2020-03-01\n')

    assert found.header == ["pid", "Wert\n(Zahl)", "date"]
    assert (found.header_line, found.lines) == (2, [4])


@pytest.mark.parametrize(
    ("header", "score"),
    [
        ([], 0),
        (["", " ", "-"], 0),
        (["patient_id", "Sample Date", "LBORRES", "x"], 3),
        (["drug", "exstdtc"], 2),
        (["CD4 (/µL)", "NK [cells/µL]", "Reference range"], 3),
        ([" " * 20_000], 0),
    ],
)
def test_known_names_are_counted(header, score):
    """Names of columns, of events and of analytes count, and no cell takes long."""
    assert header_score(header) == score


# what is between the rows


def test_comments_are_no_rows():
    """Lines that begin with # and are not like the rows are told once, with the first line."""
    found = grid(f"{HEADER}{ROW}# thawed\n{ROW}# Units: SI,,,,\n#P1,2020-03-01,CD4,3,cells/µL\n")

    assert (found.rows, found.lines) == ([CELLS, CELLS], [2, 4])
    assert said(found) == [
        (
            "labs.csv:3  comment-line (warning): the line begins with # and is read as a comment, "
            f"not as a row. (3 rows, first at this line) {UNQUOTED}"
        )
    ]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ("#1,d,2\n#2,d,2\nP,d,2\n#,x\n", [2, 3, 4, 5]),
        ("#1,d,2\n", [2]),
        ("#1,d,2\n#2,d,2\nP,d,2\nQ,d,2\nR,d,2\n", [2, 3, 4, 5, 6]),
        ('"#1",d,2\nP,d,2\nQ,d,2\n', [2, 3, 4]),
        ("#1,d,2\nP,d,2\n", [2, 3]),
        ("#1,d,2\nP,d,2\nQ,d,2\n", [3, 4]),
        ("#1,d,2\n#2,d,2\n#\nP,d,2\nQ,d,2\nR,d,2\n", [2, 3, 5, 6, 7]),
    ],
)
def test_ids_with_a_hash_are_rows(rows, lines):
    """Ids that begin with # are no comments: half of the rows, several alike, or quoted ones."""
    assert grid(SHORT + rows).lines == lines


def test_empty_rows_are_set_aside():
    """A line of delimiters only is a row without a result, whatever their number."""
    found = grid(f"{HEADER}{ROW}\n,,,,\n , ,\n")

    assert (found.aside, found.faults, found.lines) == (
        {1: "empty-row", 2: "empty-row"},
        {},
        [2, 4, 5],
    )
    assert said(found) == [
        f"labs.csv:{line}  empty-row (warning): a row of empty cells holds no result."
        for line in (4, 5)
    ]


@pytest.mark.parametrize("again", [HEADER, f"\ufeff{HEADER}", f" {HEADER}"])
def test_a_repeated_header_is_set_aside(again):
    """The header of an export that was appended to another one is no result."""
    found = grid(f"{HEADER}{ROW}{again}{ROW}{again}patient_id,x,,,\n")

    assert found.aside == {1: "repeated-header", 3: "repeated-header"}
    assert (len(found.rows), found.faults) == (5, {})
    assert said(found) == [
        (
            "labs.csv:3  repeated-header (warning): the header stands here again, between the "
            "rows. (2 rows, first at this line)"
        )
    ]


@pytest.mark.parametrize("last", ["Total: 120 rows", "-- end of report --"])
def test_a_last_line_is_not_dropped(last):
    """A line below the table is a row with a fault."""
    found = grid(HEADER + ROW + last)

    assert (found.rows[1], found.faults) == ([last, "", "", "", ""], {1: "ragged-row"})
    assert said(found) == [
        (
            "labs.csv:3  ragged-row (error): 1 cells where the header has 5. "
            "Quote a cell that holds the delimiter, or add the missing cells."
        )
    ]


MISSING = "Quote a cell that holds the delimiter, or add the missing cells."
SEMICOLONS = "Quote a cell that holds the delimiter, or export with semicolons."


@pytest.mark.parametrize(
    ("text", "fixes"),
    [
        (f"{SHORT}P,d,1,5\nP,d,1\nP,d,2,5\nP,d\n", [SEMICOLONS, SEMICOLONS, MISSING]),
        (f"{SHORT}P,d,1,5\nP,d,1\nP,d,2,5\nP,d\nP,d,1,,\n", [MISSING, MISSING, MISSING]),
        ("pid;date;value\nP;d;1;5\n", [MISSING]),
    ],
)
def test_decimal_commas_in_a_comma_file_have_their_own_advice(text, fixes):
    """Where half of the rows have as many cells too many, the export needs semicolons."""
    found = grid(text)

    assert [problem.fix for problem in found.problems] == fixes
    assert set(found.faults.values()) == {"ragged-row"}


def test_stray_quotes_keep_their_lines():
    """A quotation mark that is not closed takes in no other row."""
    found = grid(f'{SHORT}P,d,"5\nQ,d,6\nR,d,"7"x\nS,"d,8\nT,d,9"\nU,d,1\n')

    assert found.lines == [2, 3, 4, 5, 6, 7]
    assert found.faults == {0: "stray-quote", 2: "stray-quote", 3: "stray-quote"}
    assert found.rows[:3] == [["P", "d", '"5'], ["Q", "d", "6"], ["R", "d", '"7"x']]
    assert found.rows[3:] == [["S", '"d', "8"], ["T", "d", '9"'], ["U", "d", "1"]]


def test_many_stray_quotes_take_no_time(monkeypatch):
    """Lines are not read again and again for marks that open and close on every line."""
    monkeypatch.setattr(record, "_WASTE", 1000)
    many = "c\n" * 200
    found = grid(SHORT + 'x","\n' * 2000 + 'P,d,"a\nb"\n' + f'Q,d,"{many}"\n')

    assert found.lines[:2001] == list(range(2, 2003))
    assert found.rows[2000] == ["P", "d", "a\nb"]
    assert found.rows[2001] == ["Q", "d", '"c']
    assert [found.faults.get(row) for row in range(2002)] == [
        *["stray-quote"] * 2000,
        None,
        "stray-quote",
    ]


# what is refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labs.csv  empty-file (error): the file is empty. Export it again."),
        ("\ufeff", "labs.csv  empty-file (error): the file is empty. Export it again."),
        (" \r\n\t\n", "labs.csv  no-rows (error): the file has a header and no row. Export it"),
        ("sep=;\n", "labs.csv  empty-file (error): the file is empty. Export it again."),
        (HEADER, "labs.csv  no-rows (error): the file has a header and no row. Export it again."),
        (f"x\n{HEADER}# note\n", "labs.csv  no-rows (error): the file has a header and no row. "),
    ],
)
def test_nothing_to_read_is_refused(text, message):
    """A file without rows is refused."""
    assert refused(text).startswith(message)


TOO_LARGE = (
    "too-large (error): a cell is longer than 1 MiB. Close the quotation mark that opens it, or "
    "check that it is the laboratory's export."
)


@pytest.mark.parametrize(
    "cell",
    [
        "x" * 201,
        f'"{"x" * 201}"',
        f'"{"x" * 40}\n{"y" * 200}"',
        '"' + "x\n" * 101 + '"',
        f'"a"b,{"x" * 201}',
        f'"a"{"x" * 201}',
    ],
)
def test_too_long_a_cell_is_refused(monkeypatch, cell):
    """A cell beyond the limit is refused at the line where its row starts, however written."""
    monkeypatch.setattr(record, "LONGEST_CELL", 200)

    assert refused(f"{SHORT}P,d,1\nP,d,{cell}\n") == f"labs.csv:3  {TOO_LARGE}"
    assert refused(f"pid,date,value,{cell}\nP,d,1\n") == f"labs.csv:1  {TOO_LARGE}"


def test_the_longest_cell_is_read(monkeypatch):
    """A cell at the limit is a cell, quoted or not, and a long line of short cells is a row."""
    monkeypatch.setattr(record, "LONGEST_CELL", 200)
    found = grid(f'{SHORT}P,{"x" * 200},{"y" * 200}\nP,d,"{"x" * 99}\n{"y" * 100}"\n')

    assert [len(row[2]) for row in found.rows] == [200, 200]


def test_an_open_quote_of_a_long_file_is_stray(monkeypatch):
    """A mark that nothing closes is a stray one, however long the file is."""
    monkeypatch.setattr(record, "LONGEST_CELL", 200)
    found = grid(f'{SHORT}P,d,"1\n' + "P,d,1\n" * 100)

    assert (len(found.rows), found.faults) == (101, {0: "stray-quote"})


def test_a_huge_cell_takes_no_more_memory_than_its_file():
    """A cell of many lines is refused before it is put together."""
    size = 32 * 2**20
    data = SHORT.encode() + b'P,d,"' + (b"y" * 79 + b"\n") * (size // 80) + b'"\n'
    tracemalloc.start()
    try:
        message = refused(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert message == f"labs.csv:2  {TOO_LARGE}"
    assert peak < 2.7 * size


def test_what_python_shares_is_left_as_it_was():
    """The limit of the csv module and the collector of garbage are put back, also on refusal."""
    limit = csv.field_size_limit(1234)
    try:
        grid(HEADER + ROW)
        refused("")
        found = csv.field_size_limit()
    finally:
        csv.field_size_limit(limit)

    assert found == 1234
    assert gc.isenabled()


# where files come from


def test_a_link_is_followed(tmp_path):
    """A symbolic link is the file that it leads to."""
    (tmp_path / "labs.csv").write_text(HEADER + ROW, "utf-8")
    link = tmp_path / "link"
    link.symlink_to("labs.csv")

    assert read_grid(link).rows == [CELLS]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read(tmp_path):
    """A named pipe is read to its end, and what is written meanwhile is no change of a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(HEADER + ROW * 40_000, "utf-8"))
    writer.start()
    found = read_grid(pipe)
    writer.join()

    assert len(found.rows) == 40_000


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="needs /dev/stdin")
def test_the_standard_input_is_read():
    """The output of another program can be the source."""
    done = subprocess.run(
        [sys.executable, "-m", "immunotrack", "flag", "/dev/stdin"],
        input=HEADER + ROW,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("P1,")


def test_lines_of_carriage_returns_are_lines(tmp_path):
    """A long file whose lines end as on an old Mac is not one long line."""
    path = tmp_path / "mac.csv"
    path.write_bytes(b"a,b\r" * 2**19)

    assert len(read_bytes(path, "mac.csv", line=2**20)) == 2**21
    with pytest.raises(InvalidInput) as caught:
        read_bytes(path, "mac.csv", line=2**20, largest=2**20)
    assert caught.value.problems[0].message == "the file is larger than 1 MiB"


@pytest.mark.parametrize(
    ("name", "delimiter", "rows"),
    [
        ("smart-patients/labs.txt", "\t", 3513),
        ("cdisc-pilot/lb_hematology_dev.csv", ",", 2532),
        ("cd4-cohorts/qvirus_cd_3.csv", ",", 176),
    ],
)
def test_real_files_come_cell_for_cell(shared_data, name, delimiter, rows):
    """Real exports have the cells that the csv module reads."""
    path = shared_data / name
    found = read_grid(path)
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file, delimiter=delimiter))

    assert [found.header, *found.rows] == expected
    assert (len(found.rows), found.lines) == (rows, list(range(2, rows + 2)))
    assert (found.faults, found.aside, found.problems) == ({}, {}, [])


# anything

CHARACTERS = {
    "utf-8": st.characters(codec="utf-8", exclude_characters="\0"),
    "utf-8-sig": st.characters(codec="utf-8", exclude_characters="\0"),
    "utf-16": st.characters(codec="utf-8", exclude_characters="\0"),
    "cp1252": st.sampled_from("aé µ€\"',;|\t#\r\n"),
}
LABELS = ["patient_id", "date", "analyte", "value", "x", "y"]


def written(rows, **dialect):
    """A table as the csv module writes it."""
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, **dialect).writerows(rows)
    return file.getvalue()


@st.composite
def tables(draw):
    """An encoding, lines above, rows of text cells below LABELS, and how they are written."""
    encoding = draw(st.sampled_from(sorted(CHARACTERS)))
    cell = st.text(CHARACTERS[encoding], max_size=6)
    width = draw(st.integers(2, len(LABELS)))
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=8))
    above = draw(st.lists(st.sampled_from(["", "Ward 3, X", "a;b;c", "# é", "p|q"]), max_size=4))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return encoding, above, width, rows, draw(st.sampled_from(list(DELIMITERS))), end


@given(tables())
@settings(deadline=None)
def test_any_table_comes_back(table):
    """Any cells in any encoding, with any delimiter and line end, come back with their lines."""
    encoding, above, width, rows, delimiter, end = table
    parts = [
        "".join(f"{line}{end}" for line in above),
        *(
            written([row], delimiter=delimiter, lineterminator=end)
            for row in [LABELS[:width], *rows]
        ),
    ]
    stated = "cp1252" if encoding == "cp1252" else ""
    found = grid("".join(parts).encode(encoding), Options(encoding=stated))
    lines = [1]
    for part in parts:
        lines.append(lines[-1] + len(re.findall("\r\n|\r|\n", part)))

    assert (found.header, found.rows) == (LABELS[:width], rows)
    assert [found.header_line, *found.lines] == lines[1:-1]
    assert found.faults == {}
    assert counts(found, "above-header") == sum(map(bool, above))


def counts(found, code):
    """How many rows the problems of a code are about."""
    return sum(problem.rows for problem in found.problems if problem.code == code)


def outcome(text):
    """The grid of a text, or the codes with which it is refused as a whole."""
    try:
        return grid(text)
    except InvalidInput as error:
        return {problem.code for problem in error.problems} if error.unreadable else set()


def lost(text, found):
    """How many lines with content are neither header nor row nor told to be none."""
    delimiter = next((sign for sign, name in DELIMITERS.items() if name in found.told), ",")
    filled = [
        line
        for line in re.split("\r\n|\r|\n", text)
        if any(cell.strip() for cell in line.split(delimiter))
    ]
    told = counts(found, "above-header") + counts(found, "comment-line")
    return len(filled) - 1 - told - len(found.rows) + list(found.aside.values()).count("empty-row")


LINES = st.lists(
    st.one_of(
        st.sampled_from([HEADER[:-1], ROW[:-1], "# a", "#,,,,", "pid;date", "P;d", "", ";;", "x"]),
        st.text("ab,;\t|#1 µ", max_size=12),
    ),
    max_size=12,
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
@settings(deadline=None)
def test_no_line_is_lost(lines, end):
    """Every line with content is the header, a row, a comment or above the header."""
    text = end.join([*lines, "z"])
    found = outcome(text)

    assert found == {"no-rows"} or lost(text, found) == 0


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from(b'ab,;\t|"\n\r# 1\xb5\xc3\xa9\0'), max_size=60).map(bytes),
        st.lists(st.sampled_from([b'"', b'""', b",", b"\n", b"a", b"\r"]), max_size=60).map(
            b"".join
        ),
    )
)
@settings(deadline=None)
def test_any_bytes_are_a_grid_or_refused(data):
    """No bytes raise anything but InvalidInput, and a grid's rows are as wide as its header."""
    found = outcome(data)
    if isinstance(found, set):
        assert found <= {"unreadable", "empty-file", "no-rows", "stray-quote"}
        assert found
        return

    assert {len(row) for row in found.rows} == {len(found.header)}
    assert found.lines == sorted(set(found.lines))
    assert found.lines[0] > found.header_line
    assert not set(found.faults) & set(found.aside)
