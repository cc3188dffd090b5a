"""SAS transport files: read cell by cell, written within their limits, and never a crash."""

import csv
import io
import math
import struct
import sys
from contextlib import suppress
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput
from immunotrack.readers.grid import NumberCell, Options
from immunotrack.readers.sas import read_transport
from immunotrack.transport import TransportColumn, transport_bytes
from strategies import examples

pyreadstat = pytest.importorskip("pyreadstat")

QUICK = settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
COLUMNS = [
    TransportColumn("SUBJ", "Subject"),
    TransportColumn("VALUE", "Result", "number"),
    TransportColumn("DAY", "Date", "date"),
    TransportColumn("TIME", "Date and time", "datetime"),
]
ROWS = [
    ["007", 350, "2020-01-31", "2020-01-31T01:09:00"],
    ["é µ", -0.57, None, None],
    ["", None, "1950-03-04", "1890-12-31T23:59:59.250000"],
]
CELLS = [
    ["007", "350", "2020-01-31", "2020-01-31T01:09:00"],
    ["é µ", "-0.57", "", ""],
    ["", "", "1950-03-04", "1890-12-31T23:59:59.250000"],
]


@pytest.fixture
def grids(tmp_path):
    """Read bytes as a file."""

    def read(data, **options):
        path = tmp_path / "lb.xpt"
        path.write_bytes(data)
        return read_transport(path, "lb.xpt", Options(**options))

    return read


@pytest.fixture
def refusal(grids):
    """The only problem of a file that cannot be read."""

    def read(data, **options):
        with pytest.raises(InvalidInput) as error:
            grids(data, **options)
        assert error.value.unreadable
        (problem,) = error.value.problems
        return problem

    return read


def written(rows=ROWS, columns=COLUMNS, version=5, name="LB"):
    """A transport file as immunotrack writes it."""
    return transport_bytes(columns, rows, name=name, label="Results", version=version)


def foreign(tmp_path, frame, **options):
    """A transport file as pyreadstat writes it."""
    path = tmp_path / "foreign.xpt"
    pyreadstat.write_xport(frame, path, table_name="LB", **options)
    return path.read_bytes()


def two_sets():
    """A file of two data sets, one after the other."""
    second = written([["b", 2.5]], COLUMNS[:2], name="EX")
    return written() + second[240:]


class TestReading:
    """What becomes of the cells."""

    @pytest.mark.parametrize("version", [5, 8])
    def test_every_kind_of_cell(self, grids, version):
        """Text is text, numbers are numbers, dates are ISO 8601, missing is empty."""
        (grid,) = grids(written(version=version))

        assert grid.header == ["SUBJ", "VALUE", "DAY", "TIME"]
        assert grid.rows == CELLS
        assert (grid.source, grid.header_line, grid.lines) == ("lb.xpt", 0, [1, 2, 3])
        assert [type(cell) for cell in grid.rows[0]] == [str, NumberCell, str, str]
        assert grid.told == "SAS transport file, LB; UTF-8"
        assert grid.problems == []

    @pytest.mark.parametrize(
        ("shown", "number", "text"),
        [
            ("DATE9.", 21945, "2020-01-31"),
            ("YYMMDD10.", 21945, "2020-01-31"),
            ("E8601DA10.", -3593, "1950-03-01"),
            ("MONYY7.", 21945, "2020-01-31"),
            ("DATE9.", 21945.5, "21945.5"),
            ("DATE9.", 1e9, "1000000000"),
            ("DATETIME20.", 1896052140, "2020-01-31T01:09:00"),
            ("E8601DT19.", 1896048000, "2020-01-31T00:00:00"),
            ("DATETIME20.", 1e15, "1000000000000000"),
            ("TIME8.", 3723, "01:02:03"),
            ("TIME8.", 90000, "90000"),
            ("BEST12.", 0.7999999999999999, "0.8"),
            ("8.1", 0.1 + 0.2, "0.3"),
        ],
    )
    def test_numbers_by_their_format(self, grids, tmp_path, shown, number, text):
        """A date that no calendar has, or with a fraction, stays the number that it is."""
        frame = pd.DataFrame({"A": [number]}, dtype=float)
        data = foreign(tmp_path, frame, file_format_version=5, variable_format={"A": shown})

        assert grids(data)[0].rows == [[text]]

    def test_long_names_and_labels_of_version_8(self, grids, tmp_path):
        """The records of long labels are passed over."""
        frame = pd.DataFrame({"a_name_of_more_than_8": ["x"], "B": [1.0]})
        data = foreign(tmp_path, frame, file_format_version=8, column_labels=["y" * 200, None])

        assert grids(data)[0].header == ["a_name_of_more_than_8", "B"]
        assert grids(data)[0].rows == [["x", "1"]]

    def test_text_of_windows(self, grids):
        """Text that is not UTF-8 is read as Windows-1252, with a warning."""
        data = written([["ä µg", 1.0]], COLUMNS[:2]).replace("ä µg".encode(), b"\xe4 \xb5g  ")
        (grid,) = grids(data)

        assert grid.rows == [["ä µg", "1"]]
        assert grid.told == "SAS transport file, LB; Windows-1252"
        assert [str(problem) for problem in grid.problems] == [
            (
                "lb.xpt  assumed-encoding (warning): the text is not UTF-8 and is read as "
                "Windows-1252. Check letters such as ä, é and µ, or name the encoding."
            )
        ]
        assert grids(data, encoding="iso-8859-5")[0].rows == [["ф Еg", "1"]]

    def test_several_data_sets(self, grids):
        """Each is a grid, named by its data set."""
        first, second = grids(two_sets())

        assert (first.source, first.rows) == ("lb.xpt[LB]", CELLS)
        assert (second.source, second.header, second.rows) == (
            "lb.xpt[EX]",
            ["SUBJ", "VALUE"],
            [["b", "2.5"]],
        )

    def test_version_8_keeps_empty_last_rows(self, grids):
        """It says how many rows it has, so that none is taken for padding."""
        (grid,) = grids(written([["a"], [""], [""]], COLUMNS[:1], version=8))

        assert grid.rows == [["a"], [""], [""]]
        assert grid.lines == [1, 2, 3]

    def test_the_pilot_in_both_formats(self, shared_data):
        """The file of a real trial has the same cells as its CSV."""
        folder = shared_data / "cdisc-pilot"
        path = folder / "lb_hematology_dev.xpt"
        (grid,) = read_transport(path, path.name, Options())
        with (folder / "lb_hematology_dev.csv").open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)

        def normal(cell):
            try:
                return f"{float(cell):.15g}"
            except ValueError:
                return cell

        assert grid.header == header
        assert len(grid.rows) == 2532
        assert [list(map(normal, row)) for row in grid.rows] == [
            list(map(normal, row)) for row in rows
        ]


def changed(place, content, data=None):
    """A file with some bytes exchanged."""
    data = written() if data is None else data
    return data[:place] + content + data[place + len(content) :]


def eight(count):
    """A file of version 8 with three rows that says it has another number of them."""
    data = written(version=8)
    place = data.index(b"OBSV8   ") + 28
    return changed(place, f"{count:>15}".encode(), data)


def number(digits):
    """A file of one number, written as these bytes in hexadecimal."""
    data = written([["a", 1.0]], COLUMNS[:2])
    return data.replace(bytes.fromhex("4110000000000000"), bytes.fromhex(digits))


ORDER = "the records of this SAS transport file do not follow each other"


class TestDamage:
    """Files that the C library is never shown."""

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "not a SAS transport file of version 5 or 8"),
            (b"USUBJID,LBTESTCD\n", "not a SAS transport file of version 5 or 8"),
            (written()[:200], ORDER),
            (written()[:900], ORDER),
            (written()[80:], "not a SAS transport file of version 5 or 8"),
            (changed(240, b"X"), ORDER),
            (changed(240 + 74, b"0999"), ORDER),
            (changed(560 + 53, b"09999"), ORDER),
            (changed(560 + 53, b"00000"), ORDER),
            (changed(560 + 53, b"0000X"), ORDER),
            (changed(640, b"\0\3"), ORDER),
            (changed(640 + 4, b"\x7f\xff"), ORDER),
            (changed(640 + 140 + 4, b"\0\x09"), ORDER),
            (changed(640 + 140 + 84, b"\0\0\0\1"), ORDER),
            (changed(640 + 140 + 8, b"SUBJ    "), "two columns have the same name, or one has"),
            (changed(640 + 140 + 8, b"SUBJ\0ABC"), "two columns have the same name, or one has"),
            (changed(640 + 140 + 8, b"\0ABC"), "two columns have the same name, or one has none"),
            (written()[:-80], "the file ends within a row"),
            (written()[:-1] + b"x", "the file ends within a row"),
            (written(version=8)[:-80], "the file ends within a row"),
            (eight(2), "the file holds more rows than it says"),
            (number("410fffffffffffff"), "a number is not as SAS writes it"),
            (number("4100000000000001"), "a number is not as SAS writes it"),
            (number("d000f1b9a9ff8483"), "a number is not as SAS writes it"),
            (written([["ä", 1.0]], COLUMNS[:2]).replace("ä".encode(), b"\x81\x8d"), "no known"),
        ],
    )
    def test_it_is_refused(self, refusal, data, message):
        """One sentence says why, and another what to do."""
        problem = refusal(data)

        assert message in problem.message
        assert (problem.code, problem.source) == ("unreadable", "lb.xpt")
        assert problem.fix.endswith(".")

    def test_the_message_of_a_damaged_file(self, refusal):
        """The whole text, with what to do."""
        assert str(refusal(written()[:200])) == (
            "lb.xpt  unreadable (error): the records of this SAS transport file do not follow "
            "each other. Export or copy it again, as a binary file."
        )

    @pytest.mark.parametrize("count", [0, 3])
    def test_a_count_of_rows_that_does_not_lie(self, grids, count):
        """Zero stands for a count that is not known."""
        (grid,) = grids(eight(count))

        assert grid.rows == CELLS

    @pytest.mark.parametrize(
        ("digits", "cell"),
        [
            ("4110000000000000", "1"),
            ("c180000000000000", "-8"),
            ("0010000000000000", "5.39760534693403e-79"),
        ],
    )
    def test_numbers_as_sas_writes_them(self, grids, digits, cell):
        """The first digit of the sixteen is not zero."""
        (grid,) = grids(number(digits))

        assert grid.rows == [["a", cell]]

    def test_a_file_without_a_row(self, refusal):
        """It describes its columns only."""
        assert str(refusal(written([]))) == (
            "lb.xpt  no-rows (error): the file describes its columns and has no row. "
            "Export it again."
        )

    @pytest.mark.parametrize("entry", [">HHH", ">HHHHH"])
    def test_long_labels_that_lie(self, refusal, tmp_path, entry):
        """A label of version 8 that is longer than its file is not looked for."""
        frame = pd.DataFrame({"A": ["x"], "B": [1.0]})
        data = foreign(tmp_path, frame, file_format_version=8, column_labels=["y" * 200, None])
        place = data.index(b"LABELV8 ") + 60
        claim = struct.pack(entry, *[65535] * (len(entry) - 1))

        assert refusal(changed(place, claim, data)).message == ORDER

    def test_the_package_is_not_installed(self, refusal, monkeypatch):
        """The user is told which extra to install."""
        data = written()
        monkeypatch.setitem(sys.modules, "pyreadstat", None)

        assert str(refusal(data)) == (
            "lb.xpt  unreadable (error): SAS files need the package pyreadstat, which is not "
            "installed. Run: pip install 'immunotrack[sas]'."
        )
        with pytest.raises(InvalidInput) as error:
            written()
        assert str(error.value.problems[0]) == (
            "LB  unwritable (error): SAS files need the package pyreadstat, which is not "
            "installed. Run: pip install 'immunotrack[sas]'."
        )

    @given(
        version=st.sampled_from([5, 8]),
        where=st.lists(
            st.tuples(
                st.integers(0, 1400), st.sampled_from([0, 32, 48, 57, 255]) | st.integers(0, 255)
            ),
            min_size=1,
            max_size=20,
        ),
        keep=st.just(5000) | st.integers(0, 1400),
    )
    @QUICK
    def test_random_damage(self, grids, version, where, keep):
        """Bytes changed at random give a table or a refusal, never another exception."""
        data = bytearray(written(version=version))
        for place, byte in where:
            data[place % len(data)] = byte
        with suppress(InvalidInput):
            read = grids(bytes(data[:keep]))

            assert all(len(row) == len(grid.header) for grid in read for row in grid.rows)


def problems(columns=COLUMNS, rows=ROWS, **options):
    """What does not fit, as it is told."""
    with pytest.raises(InvalidInput) as error:
        transport_bytes(columns, rows, **{"name": "LB", **options})
    return [str(problem) for problem in error.value.problems]


class TestWriting:
    """What is written, and what is refused."""

    def test_the_same_table_is_the_same_bytes(self, monkeypatch):
        """No clock, no user and no path is in the file."""
        first = written()
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1580432940")

        assert first.count(b"01JAN80:00:00:00") == 4
        assert written() != first
        assert written().count(b"31JAN20:01:09:00") == 4
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
        assert written() == first

    def test_names_labels_and_text_of_version_5(self):
        """What is too long for version 5 is told by column and row, never by value."""
        columns = [TransportColumn("a_name_of_9"), TransportColumn("A", "x" * 41)]
        rows = [["x", "y"], ["z" * 201, "é" * 101]]

        assert problems(columns, rows, name="lb") == [
            (
                "lb  unwritable (error): the name of the data set is not 1 to 8 of A to Z, 0 to 9 "
                "and _. Shorten it, or write version 8."
            ),
            (
                "lb column 'a_name_of_9'  unwritable (error): the name is not 1 to 8 of A to Z, "
                "0 to 9 and _. Shorten it, or write version 8."
            ),
            (
                "lb column 'A'  unwritable (error): the label has more than 40 bytes. "
                "Shorten it, or write version 8."
            ),
            (
                "lb:2 column 'a_name_of_9'  unwritable (error): a text of more than 200 bytes. "
                "Shorten it, or write version 8."
            ),
            (
                "lb:2 column 'A'  unwritable (error): a text of more than 200 bytes. "
                "Shorten it, or write version 8."
            ),
        ]

    def test_version_8_holds_more(self, grids):
        """The same table is written in version 8."""
        columns = [TransportColumn("a_name_of_9"), TransportColumn("A", "x" * 41)]
        rows = [["x", "y"], ["z" * 201, "é" * 101]]

        assert grids(written(rows, columns, version=8, name="lb"))[0].rows == rows

    @pytest.mark.parametrize(
        ("kind", "cell", "told"),
        [
            ("number", "350", "not a number"),
            ("number", math.inf, "a number that the format cannot hold"),
            ("number", 2.0**249, "a number that the format cannot hold"),
            ("number", 1e-79, "a number that the format cannot hold"),
            ("date", "31.1.2020", "not a date"),
            ("date", "2020-01-31T01:09:00", "not a date"),
            ("datetime", "2020-01-31T01:09:00+01:00", "not a datetime"),
            ("datetime", "9999-12-31T23:59:59.999999", "not a datetime"),
            ("text", "a\0b", "a text with a sign that UTF-8 does not have"),
            ("text", "a\ud800", "a text with a sign that UTF-8 does not have"),
        ],
    )
    def test_cells_that_do_not_fit(self, kind, cell, told):
        """A cell that would come back as another one is refused, by column and row."""
        (message,) = problems([TransportColumn("A", kind=kind)], [[None], [cell]])

        assert message.startswith(f"LB:2 column 'A'  unwritable (error): {told}.")

    def test_a_last_row_that_would_be_lost(self):
        """In version 5 an empty last row of text is the same as padding."""
        assert problems(COLUMNS[:1], [["a"], [" "]]) == [
            (
                "LB:2  unwritable (error): the last row is empty, and is lost in a table of text "
                "only. Leave it out, or write version 8."
            )
        ]

    def test_columns_of_one_name(self):
        """Capitals do not make two names of one; a table has a column; its label is short."""
        doubled = [TransportColumn("Ab"), TransportColumn("AB")]

        assert [text.split(": ")[1] for text in problems(doubled, [], version=8)] == [
            "two columns have this name. Rename one."
        ] * 2
        assert problems([], []) == ["LB  unwritable (error): a table without a column."]
        assert problems(rows=[], label="x" * 41) == [
            (
                "LB  unwritable (error): the label of the data set has more than 40 bytes. "
                "Shorten it."
            )
        ]


texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40).filter(
    lambda text: text == text.strip()
)
numbers = st.one_of(
    st.just(0.0),
    st.integers(-(10**15), 10**15).map(float),
    st.floats(-9.04e74, 9.04e74).filter(lambda n: n == 0 or abs(n) > 5.4e-79),
)
moments = st.datetimes(datetime(1850, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001


class TestRoundTrip:
    """What is written comes back."""

    @given(
        rows=st.lists(
            st.tuples(texts, st.none() | numbers, st.none() | st.dates(), st.none() | moments),
            min_size=1,
            max_size=5,
        ),
        version=st.sampled_from([5, 8]),
    )
    @QUICK
    def test_every_cell(self, grids, rows, version):
        """Text and dates come back exactly, numbers by their 15 significant digits."""
        cells = [
            (text, number, day and day.isoformat(), moment) for text, number, day, moment in rows
        ]
        (grid,) = grids(written(cells, version=version))

        assert [row[0] for row in grid.rows] == [row[0] for row in rows]
        assert [float(row[1]) if row[1] else None for row in grid.rows] == [
            None if row[1] is None else float(f"{row[1]:.15g}") for row in rows
        ]
        assert [row[2] for row in grid.rows] == [
            day.isoformat() if day else "" for _, _, day, _ in rows
        ]
        assert [row[3] for row in grid.rows] == [
            moment.isoformat() if moment else "" for *_, moment in rows
        ]

    @given(number=numbers)
    @QUICK
    def test_the_bits_of_a_number(self, number):
        """The file itself holds every number of its range exactly (but for the sign of zero)."""
        data = written([[number]], [TransportColumn("A", kind="number")])
        columns, _ = pyreadstat.read_xport(io.BytesIO(data), output_format="dict")

        assert columns["A"] == [number]


def test_a_moment_that_no_double_holds(grids):
    """Microseconds far from 1960 are refused where they would change, and kept elsewhere."""
    column = [TransportColumn("A", kind="datetime")]
    moment = datetime(2020, 1, 1) + timedelta(microseconds=1)  # noqa: DTZ001

    assert grids(written([[moment]], column))[0].rows == [[moment.isoformat()]]
