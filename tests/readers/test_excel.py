"""Workbooks: every cell as text, errors and all, and no file that crashes the reader."""

import base64
import io
import sys
import zipfile
import zlib
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput, Severity
from immunotrack.readers.archive import Archive
from immunotrack.readers.excel import read_workbook
from immunotrack.readers.grid import NumberCell, Options
from strategies import examples

XLS = zlib.decompress(
    base64.b64decode(
        "eNrtWE1IVFEU/u578+bHdBwnf9LCBiErU1AKsoVOmeWmxFpUWFBjM4GoYwy60EVaNssgaJW0EWzRIqtFf1RQuxaB"
        "UosgCLSWrYKCFurrnDNvUOs9cMAE453hnnfvd+737rn3nrnnzsxMF81OPKqYwx/SDB2LZgDeZZiiEsg2QiC7aXI1"
        "+/RTMV3ZUBLw00Z6DbwoeOfjPeT9noOGh543pIEvVM7hMtr7k4nIOkqL+BBT7EOT8lDsabhDJYhy8Sss+qLozaIf"
        "SN+Xog8KckN0E/WdVZ2YjrbXNFpxfEarEluQtMJT4XwSpAEleMtxPHJTZfoaOJTqjvW6hg1iqPTkYxIUzG2JZCLF"
        "7ULcRR4wRFLX11cXj8+imAJ9Ej/NCPAje6K9jrj4+uIKhP9aifsccL8DHnDA8xzwTQ54vgNeQMFjhwcd+hc64CEH"
        "vMgBD9vgtzQPMArzguJjK02+VUl+NnAs1tWfStMkxjkJw4PeRCI1T1ncb+VlKi2JS4PJeOQxHXPdcR043LrPAFpj"
        "A4N91Kqv3y+6UfQB1g31eZzxJUOEVmSIAjk380nHacJcL5LTM0TjzN/7/v54V0f0vCCjMnrm7rCD3YeJq8wgclAs"
        "PrGypUYYe0Rfk7dulXqF6GKaJj2rO0qsytEx6XNdrNU0zl6RD9Gdy+q7qJ7+duJZZfprdDfVp9rmhounPkYnUEWh"
        "Eyc+f8ZQq2rV+G2W59HsU1lZ5rPo8r8yjl8LyQw0mNYFqRALfNLIesDqocl+rOzBfodlTTItzXpjpqXTXHWLrduw"
        "dWKWyIq9orfoxCjFMG1lGU7dZzbzPDY8zqJbaPEoYDQ/tTTy0qeuaGzRic33OOYaNlyDuOWy9zwmb0AFtlP/MnRW"
        "KmtMrw3PK7vos3he4m3DWY19HZk3TR3NWhhPeOqUs5dk7eIOjnG3JBst7mTNYLdmrrjiiiuuuLI6UXJ/gXXPgOR+"
        "r3Ur4/vAApVF92+S/1ZOop8+A/RD4wiS9ExhKKf4KYWhsu9Sq+Rk/y9kOU2jp9CDLvGjJ+f4pZuSWj6fVRNDa/cV"
        "ynX8xVz8/Mfj/wYlo27C"
    )
)
"""A workbook of Excel 97: a title, an error value, dates, and numbers below zero among them."""

SHEET = "xl/worksheets/sheet1.xml"
ODS_START = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="S">'
)
ODS_END = "</table:table></office:spreadsheet></office:body></office:document-content>"
MIME = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIME}"/>'
    "</manifest:manifest>"
)


def workbook(*sheets, merged=(), formats=None):
    """The bytes of an .xlsx file of sheets, each a name and its rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for block in merged:
            sheet.merge_cells(block)
        for cell, shown in (formats or {}).items():
            sheet[cell].number_format = shown
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def packed(parts):
    """A zip archive of members by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def unpacked(data):
    """The members of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def edited(old, new, part=SHEET, rows=(("id", "CD4"), ("007", 350))):
    """A small workbook with one text of one of its parts exchanged."""
    parts = unpacked(workbook(("S", rows)))
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    return packed(parts)


def ods(rows):
    """An OpenDocument workbook of one sheet, its rows as XML."""
    return packed(
        {
            "mimetype": MIME,
            "META-INF/manifest.xml": MANIFEST,
            "content.xml": ODS_START + rows + ODS_END,
        }
    )


@pytest.fixture
def grids(tmp_path):
    """Read bytes as a file of a name."""

    def read(data, name="file.xlsx", **options):
        path = tmp_path / name
        path.write_bytes(data)
        return read_workbook(path, name, Options(**options))

    return read


@pytest.fixture
def refusal(grids):
    """The only problem of a file that cannot be read."""

    def read(data, name="file.xlsx", **options):
        with pytest.raises(InvalidInput) as error:
            grids(data, name, **options)
        assert error.value.unreadable
        (problem,) = error.value.problems
        return problem

    return read


class TestCells:
    """What becomes of each kind of cell."""

    @pytest.mark.parametrize(
        ("cell", "text"),
        [
            (1.0, "1"),
            (-1, "-1"),
            (0.1 + 0.2, "0.3"),
            (0.7999999999999999, "0.8"),
            (52.42, "52.42"),
            (1e20, "100000000000000000000"),
            (1e-7, "0.0000001"),
            (True, "TRUE"),
            (False, "FALSE"),
            ("007", "007"),
            (" a ", " a "),
            ("1,5", "1,5"),
            (date(2020, 1, 31), "2020-01-31"),
            (datetime(2020, 1, 31), "2020-01-31"),  # noqa: DTZ001
            (datetime(2020, 1, 31, 1, 9), "2020-01-31T01:09:00"),  # noqa: DTZ001
            (time(3, 4, 5), "03:04:05"),
            (timedelta(days=2, hours=1, seconds=1), "PT49H1S"),
            ("#DIV/0!", "#DIV/0!"),
            ("#N/A", "#N/A"),
            ("=1/0", "=1/0"),
        ],
    )
    def test_a_cell_is_its_text(self, grids, cell, text):
        """Numbers lose no digit and gain none, dates are ISO 8601, errors are not lost."""
        (grid,) = grids(workbook(("S", [["id", "value"], ["x", cell]])))

        assert grid.rows == [["x", text]]
        number = isinstance(cell, int | float) and not isinstance(cell, bool)
        assert isinstance(grid.rows[0][1], NumberCell) == number

    @pytest.mark.parametrize(("value", "text"), [(-1, "-1"), (-1.5, "-1.5")])
    def test_a_number_below_zero_is_no_date(self, grids, value, text):
        """A -1 that stands for a missing value stays one in a column of dates."""
        data = workbook(("S", [["id", "date"], ["x", value]]), formats={"B2": "yyyy-mm-dd"})

        assert grids(data)[0].rows == [["x", text]]

    def test_a_long_number_keeps_its_digits(self, grids):
        """Two ids that a double does not tell apart stay two."""
        data = edited(b"<v>350</v>", b"<v>12345678901234567</v>")

        assert grids(data)[0].rows == [["007", "12345678901234567"]]

    def test_an_error_outside_of_all_other_cells(self, grids):
        """A last row of nothing but an error value is there."""
        rows = [["id", "value"], ["x", 1], [None, "#REF!"]]
        (grid,) = grids(workbook(("S", rows)))

        assert grid.rows == [["x", "1"], ["", "#REF!"]]
        assert grid.lines == [2, 3]

    def test_an_old_workbook(self, grids):
        """An .xls has its error values, its dates, and its numbers below zero."""
        (grid,) = grids(XLS, "alt.xls")

        assert grid.source == "alt.xls"
        assert grid.header == ["id", "CD4", "Datum"]
        assert grid.lines == [4, 5, 6, 7]
        assert grid.rows == [
            ["007", "350", "2020-01-31"],
            ["008", "#DIV/0!", "-1"],
            ["009", "-0.57", "1950-03-04"],
            ["010", "1.5", "-2.25"],
        ]
        assert grid.told == "Labor; header at row 3"

    def test_an_open_document(self, grids):
        """An .ods has its error values too, whatever number is stored beside them."""
        text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
        error = (
            '<table:table-cell office:value-type="{}" office:value="0" office:string-value=""'
            ' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
        )
        number = '<table:table-cell office:value-type="float" office:value="0.23"/>'
        rows = [
            text.format("id") + text.format("a") + text.format("b"),
            text.format("007") + error.format("float") + error.format("string"),
            text.format("008") + number * 2,
        ]
        data = ods("".join(f"<table:table-row>{row}</table:table-row>" for row in rows))

        assert grids(data, "file.ods")[0].rows == [
            ["007", "#DIV/0!", "#DIV/0!"],
            ["008", "0.23", "0.23"],
        ]


class TestTable:
    """Where the table of a sheet begins and ends."""

    def test_a_title_above_the_header(self, grids):
        """Text above the header is told, with its number of rows, and is no row."""
        rows = [["Haematology"], [], ["Ward", "3"], ["id", "date", "CD4"], ["a", "b", 1]]
        (grid,) = grids(workbook(("S", rows), merged=["A1:C1"]))

        assert (grid.header, grid.header_line, grid.rows) == (
            ["id", "date", "CD4"],
            4,
            [["a", "b", "1"]],
        )
        assert grid.told == "S; header at row 4"
        assert [str(problem) for problem in grid.problems] == [
            (
                "file.xlsx:1  above-header (warning): text above the header is not read."
                " (2 rows, first at this line)"
            )
        ]

    def test_an_area_that_starts_elsewhere(self, grids):
        """Lines are the row numbers of the spreadsheet, and empty columns are dropped."""
        rows = [[], [], [None, None, "id", None, "CD4"], [None, None, "x", None, 3]]
        (grid,) = grids(workbook(("S", rows)))

        assert (grid.header, grid.header_line) == (["id", "CD4"], 3)
        assert (grid.lines, grid.rows) == ([4], [["x", "3"]])

    def test_a_column_without_a_name_stays(self, grids):
        """A column that has cells and no name, as of a data frame's index, is not dropped."""
        (grid,) = grids(workbook(("S", [[None, "id", "CD4"], [0, "x", 3]])))

        assert (grid.header, grid.rows) == (["", "id", "CD4"], [["0", "x", "3"]])

    @pytest.mark.parametrize(
        ("rows", "merged", "header"),
        [
            (
                [[None, None, "CD4"], ["id", "date", "result", "unit"]],
                ["C1:D1"],
                ["id", "date", "CD4 result", "CD4 unit"],
            ),
            (
                [["id", "CD4", None, "IL-6"], [None, "result", "unit", "result", "unit"]],
                ["A1:A2", "B1:C1", "D1:E1"],
                ["id", "CD4 result", "CD4 unit", "IL-6 result", "IL-6 unit"],
            ),
            (
                [["Ward 3"], ["id", "date", "result", "unit"]],
                ["A1:D1"],
                ["id", "date", "result", "unit"],
            ),
        ],
    )
    def test_a_header_of_two_rows(self, grids, rows, merged, header):
        """A name over several columns stands before each of theirs; a title does not."""
        data = ["x", "y", "<5", "mg/L", "z"][: len(header)]
        (grid,) = grids(workbook(("S", [*rows, data]), merged=merged))

        assert (grid.header, grid.rows) == (header, [data])

    def test_a_row_is_never_taken_for_a_second_header(self, grids):
        """Below a header with one merged cell, a row of words stays a row."""
        rows = [["id", "result", None], ["x", "<5", "mg/L"]]
        (grid,) = grids(workbook(("S", rows), merged=["B1:C1"]))

        assert grid.faults == {0: "ragged-row"}
        assert grid.lines == [2]

    def test_known_names_decide(self, tmp_path):
        """With names to know, the header is the row that has them."""
        rows = [["Lab", "St", "X", "Y"], ["id", "CD4", None, None], ["p", 4, None, None]]
        path = tmp_path / "a.xlsx"
        path.write_bytes(workbook(("S", rows)))
        (grid,) = read_workbook(
            path, "a.xlsx", Options(), lambda row: len({"id", "CD4"} & set(row))
        )

        assert (grid.header, grid.rows) == (["id", "CD4"], [["p", "4"]])

    def test_rows_that_are_no_rows(self, grids):
        """A header that stands again and an empty row are put aside; the end of a sheet ends it."""
        head = ["id", "CD4"]
        rows = [head, ["a", 1], [None, " "], head, ["b", 2], head, [" ", None], [None, None]]
        (grid,) = grids(workbook(("S", rows)))

        assert grid.aside == {1: "empty-row", 2: "repeated-header", 4: "repeated-header"}
        assert grid.lines == [2, 3, 4, 5, 6]
        assert [str(problem) for problem in grid.problems] == [
            (
                "file.xlsx:4  repeated-header (warning): the header stands again between the rows."
                " (2 rows, first at this line)"
            )
        ]

    def test_a_cell_beside_the_table(self, grids):
        """A cell right of the header makes its row unusable, and is told."""
        (grid,) = grids(workbook(("S", [["id", "CD4"], ["a", 1, "?"], ["b", 2]])))

        assert grid.faults == {0: "ragged-row"}
        assert [str(problem) for problem in grid.problems] == [
            (
                "file.xlsx:2  ragged-row (error): 1 cell beyond the last column of the header. "
                "Give each column a name, or delete what stands beside the table."
            )
        ]
        assert grid.rows == [["a", "1"], ["b", "2"]]


class TestSheets:
    """Workbooks of several sheets."""

    two = workbook(
        ("Labor", [["id", "CD4"], ["a", 1]]), ("leer", []), ("Events", [["id", "drug"], ["a", "x"]])
    )

    def test_each_sheet_with_cells_is_a_grid(self, grids):
        """The sheet is named where there is more than one."""
        assert [grid.source for grid in grids(self.two)] == [
            "file.xlsx[Labor]",
            "file.xlsx[Events]",
        ]

    @pytest.mark.parametrize("name", ["Events", "events"])
    def test_one_sheet_by_its_name(self, grids, name):
        """Capitals do not matter where they do not decide."""
        (grid,) = grids(self.two, sheet=name)

        assert (grid.source, grid.header) == ("file.xlsx[Events]", ["id", "drug"])

    def test_no_such_sheet(self, refusal):
        """The sheets that there are, are named."""
        assert str(refusal(self.two, sheet="Labour")) == (
            "file.xlsx  unknown-option (error): the workbook has no sheet 'Labour'. "
            "Write one of: Labor, leer, Events."
        )

    def test_an_empty_sheet_by_its_name(self, refusal):
        """It holds nothing to read."""
        assert refusal(self.two, sheet="leer").code == "empty-file"

    def test_a_sheet_of_notes(self, grids):
        """A sheet without a table is a warning where another has one."""
        first, second = grids(workbook(("A", [["id", "n"], ["a", 1]]), ("B", [["some text"]])))

        assert (first.problems, second.rows) == ([], [])
        assert [str(problem) for problem in second.problems] == [
            (
                "file.xlsx[B]  not-read (warning): no row of the sheet is a header: text in at "
                "least two cells. Give the table a row of column names."
            )
        ]

    def test_a_hidden_sheet_is_read_and_told(self, grids):
        """Nobody sees it in the spreadsheet program, so its name says so."""
        book = openpyxl.load_workbook(io.BytesIO(self.two))
        book["Events"].sheet_state = "veryHidden"
        file = io.BytesIO()
        book.save(file)

        assert [grid.told for grid in grids(file.getvalue())] == [
            "Labor; header at row 1",
            "Events (hidden); header at row 1",
        ]

    @pytest.mark.parametrize(
        ("rows", "code"), [([["text"]], "not-read"), ([["id", "CD4"]], "no-rows")]
    )
    def test_a_workbook_without_a_row(self, refusal, rows, code):
        """It is refused as a whole, and that is an error."""
        problem = refusal(workbook(("S", rows)))

        assert (problem.code, problem.severity) == (code, Severity.ERROR)

    def test_a_workbook_without_a_cell(self, refusal):
        """An empty workbook is an empty file."""
        assert str(refusal(workbook(("S", [])))) == (
            "file.xlsx  empty-file (error): the workbook has no filled cell. Export it again."
        )


def far_apart():
    """A workbook of two cells at the two ends of its sheet: 412 GB for a careless reader."""
    return edited(b'r="B2"', b'r="XFD1048576"')


def many_texts():
    """A workbook that says it has four thousand million texts."""
    parts = unpacked(workbook(("S", [["id", "CD4"], ["007", 350]])))
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{space}" uniqueCount="4294967295"/>'
    return packed(parts)


def bomb():
    """An archive of 100 kB that inflates to 100 MB."""
    return edited(b"<sheetData>", b" " * 100 * 2**20 + b"<sheetData>")


def lying():
    """An archive whose directory says that its sheet has 10 bytes."""
    data = bytearray(workbook(("S", [["id", "CD4"], ["007", 350]])))
    place = data.rfind(SHEET.encode()) - 46
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def twice():
    """An archive with two members of one name."""
    file = io.BytesIO(workbook(("S", [["id", "CD4"], ["007", 350]])))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(SHEET, "<worksheet/>")
    return file.getvalue()


def encrypted():
    """An archive whose first member says that it is encrypted."""
    data = bytearray(workbook(("S", [["id", "CD4"], ["007", 350]])))
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        start = data.find(mark)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(mark, start + 4)
    return bytes(data)


def many_members():
    """An archive of more members than any workbook has."""
    parts = unpacked(workbook(("S", [["id", "CD4"], ["007", 350]])))
    return packed({**parts, **{f"xl/media/{n}": b"" for n in range(10_001)}})


def with_password():
    """A compound file as Excel makes it around an encrypted workbook."""
    name = "EncryptedPackage".encode("utf-16-le")
    place = XLS.index("Workbook".encode("utf-16-le"))
    length = (len(name) + 2).to_bytes(2, "little")
    return XLS[:place] + name.ljust(64, b"\0") + length + XLS[place + 66 :]


SAVE = "Open it in a spreadsheet program and save it again as .xlsx, without a password."


class TestHostile:
    """Files that are no workbook, or one that is made to harm."""

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "the file is empty"),
            (b"id,CD4\n007,350\n", "the file is no workbook"),
            (b"\n<html><table></table></html>", "the file is HTML or XML under the name of"),
            (b"PK\3\4", "it is not a whole zip archive"),
            (packed({"a.txt": b"x"}), "it is a zip archive of something else"),
            (packed({"xl/workbook.bin": b""}), "it is a binary workbook (.xlsb), whose dates"),
            (workbook(("S", [["a", "b"], ["c", "d"]]))[:-30], "it is not a whole zip archive"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9000), "it is damaged"),
            (far_apart, "first and last cells are too far apart"),
            (many_texts, "a part of it is damaged"),
            (bomb, "the archive inflates to more than 250 times its size"),
            (lying(), "a part of it is damaged"),
            (twice(), "it holds two members of one name"),
            (encrypted(), "it is encrypted"),
            (many_members, "the archive has more than 10000 members"),
            (edited(b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet'), "document type"),
            (edited(b"<sheetData>", b"<sheetData"), "its XML is damaged"),
            (edited(b'r="B2"', b'r="2B"'), "a cell of it has no place"),
            (edited(b"<v>350</v>", b"<v>x</v>"), "it is damaged"),
            (with_password(), "it is protected by a password"),
            (XLS.replace(b"\xfc\x00", b"\x2f\x00", 1), "it is protected by a password"),
        ],
    )
    def test_it_is_refused(self, refusal, data, message):
        """One sentence says why, and another what to do."""
        problem = refusal(data() if callable(data) else data)

        assert message in problem.message
        assert problem.code in {"unreadable", "too-large", "empty-file"}
        assert problem.fix.endswith(".")

    def test_a_claimed_size_is_not_believed(self, grids):
        """A sheet that says it is as large as can be is read as large as it is."""
        data = edited(b'ref="A1:B2"', b'ref="A1:XFD1048576"')

        assert grids(data)[0].rows == [["007", "350"]]

    def test_the_dimensions_of_an_old_workbook_are_not_believed(self, grids):
        """The record of dimensions says 4 thousand million rows; nobody reserves them."""
        start = XLS.index(b"\x00\x02\x0e\x00") + 4
        data = XLS[:start] + b"\0\0\0\0\xff\xff\xff\xff\0\0\xff\xff" + XLS[start + 12 :]

        assert grids(data, "a.xls")[0].rows == grids(XLS, "b.xls")[0].rows

    def test_the_message_of_a_damaged_workbook(self, refusal):
        """The whole text, with what to do."""
        assert str(refusal(b"PK\3\4")) == (
            "file.xlsx  unreadable (error): the workbook cannot be read: it is not a whole zip "
            f"archive. {SAVE}"
        )

    def test_the_package_is_not_installed(self, refusal, monkeypatch):
        """The user is told which extra to install."""
        monkeypatch.setitem(sys.modules, "python_calamine", None)

        assert str(refusal(XLS)) == (
            "file.xlsx  unreadable (error): workbooks need the package python-calamine, which is "
            "not installed. Run: pip install 'immunotrack[excel]'."
        )

    def test_a_panic_of_the_library_is_a_damaged_file(self, refusal, monkeypatch):
        """What is no Exception is caught by its name, and an interrupt is not."""
        library = pytest.importorskip("python_calamine")
        panic = type("PanicException", (BaseException,), {})

        def load(_):
            raise raised

        monkeypatch.setattr(library, "load_workbook", load)
        raised = panic("index out of range")

        assert refusal(XLS).message == "the workbook cannot be read: it is damaged"
        raised = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            refusal(XLS)

    def test_only_what_is_needed_is_inflated(self):
        """A picture that is a bomb does not matter: nothing reads it."""
        data = packed({"xl/media/a.png": bytes(2**27), "xl/workbook.xml": b"<a/>"})
        archive = Archive(data, "x")

        assert unpacked(archive.keep(["xl/workbook.xml"])) == {"xl/workbook.xml": b"<a/>"}


texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() and "_x" not in text)
numbers = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(-1e12, 1e12).filter(lambda number: number == 0 or abs(number) > 1e-12),
)
cells = st.one_of(st.none(), texts.filter(lambda text: text[0] not in "=#"), numbers, st.booleans())
QUICK = settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def expected(cell):
    """The text of a cell as this reader promises it; openpyxl writes 16 digits of a number."""
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else str(cell).upper()
    if isinstance(cell, str):
        return cell
    return float(f"{float(f'{cell:.16g}'):.15g}")


def found(text):
    """A cell of a grid for comparison with `expected`."""
    return float(text) if isinstance(text, NumberCell) else text


class TestProperties:
    """What holds for any workbook."""

    @given(rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6))
    @QUICK
    def test_every_cell_comes_back(self, grids, rows):
        """A table of any cells comes back cell for cell, at its own row numbers."""
        rows = [["x", *row] for row in rows]
        (grid,) = grids(workbook(("S", [["key", "a", "b", "c"], *rows])))

        assert grid.header == ["key", "a", "b", "c"]
        assert [[found(cell) for cell in row] for row in grid.rows] == [
            [expected(cell) for cell in row] for row in rows
        ]
        assert grid.lines == list(range(2, len(rows) + 2))
        assert all("e" not in cell for row in grid.rows for cell in row[1:] if is_number(cell))

    @given(
        kind=st.sampled_from(["archive", "sheet", "workbook", "xls", "ods"]),
        where=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
        keep=st.floats(0.2, 1) | st.just(1.0),
    )
    @QUICK
    def test_damage_is_refused_or_read(self, grids, kind, where, keep):
        """Bytes changed at random give a table or a refusal, never another exception."""
        data = damaged(kind, where, keep)
        with suppress(InvalidInput):
            assert all(len(row) == len(grid.header) for grid in grids(data) for row in grid.rows)


def is_number(cell):
    """Whether a cell was a number of the size that results have."""
    return isinstance(cell, NumberCell) and 1e-15 < abs(float(cell)) < 1e22


WHOLE = workbook(("S", [["id", "CD4"], ["a", 1.5], ["b", "#N/A"], ["c", date(2020, 1, 2)]]))
OPEN = ods(
    '<table:table-row><table:table-cell office:value-type="string"><text:p>id</text:p>'
    '</table:table-cell><table:table-cell office:value-type="string"><text:p>n</text:p>'
    '</table:table-cell></table:table-row><table:table-row table:number-rows-repeated="3">'
    '<table:table-cell office:value-type="float" office:value="1" '
    'table:number-columns-repeated="2"/></table:table-row>'
)


def damaged(kind, where, keep):
    """A workbook with some of its bytes changed, within one part of its archive or outside."""
    whole = {"xls": XLS, "archive": WHOLE}.get(kind)
    parts, name = {}, ""
    if whole is None:
        parts = unpacked(OPEN if kind == "ods" else WHOLE)
        name = {"sheet": SHEET, "workbook": "xl/workbook.xml", "ods": "content.xml"}[kind]
        whole = parts[name]
    changed = bytearray(whole)
    for place, byte in where:
        changed[int(place * (len(changed) - 1))] = byte
    changed = bytes(changed[: int(keep * len(changed))])
    return packed({**parts, name: changed}) if name else changed


class TestRealData:
    """A workbook that nobody here wrote."""

    def test_the_covid_workbook(self, shared_data):
        """Every row is there; a patient's id stands on the first row of each block alone."""
        path = shared_data / "tongji-covid" / "dev_patients_1_75.xlsx"
        (grid,) = read_workbook(path, path.name, Options())

        assert len(grid.rows) == 1201
        assert grid.header[:2] == ["PATIENT_ID", "RE_DATE"]
        assert [row[0] for row in grid.rows if row[0]] == [str(n) for n in range(1, 76)]
        assert grid.rows[0][:4] == ["1", "2020-01-31T01:09:00", "73", "1"]
        assert sum(cell == "-1" for row in grid.rows for cell in row) > 100
        assert (grid.problems, grid.faults, grid.aside) == ([], {}, {})
