"""CDISC Dataset-JSON: what is written comes back, and every row keeps its line."""
# ruff: noqa: D102 - the class says what its tests are about

import gzip
import json
import zlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.dataset_json import Column, dataset_json_bytes
from immunotrack.problems import InvalidInput
from immunotrack.readers import inflated
from immunotrack.readers.dataset_json import (
    dataset_json_grids,
    looks_like_dataset_json,
    read_dataset_json,
)
from immunotrack.readers.documents import parse_documents
from immunotrack.readers.grid import NumberCell, Options
from strategies import examples

FORMS = ("json", "ndjson", "dsjc")


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file."""

    def read_bytes(data):
        path = tmp_path / "lb.json"
        path.write_bytes(data)
        return read_dataset_json(path, "lb.json", Options())

    return read_bytes


def dataset(*rows, columns=(("A", "string"), ("N", "float")), **head):
    """A dataset of version 1.1."""
    described = [
        {"name": name, "dataType": kind, **(more[0] if more else {})}
        for name, kind, *more in columns
    ]
    return {
        "datasetJSONVersion": "1.1.0",
        "name": "LB",
        "columns": described,
        "rows": list(rows),
    } | head


def parsed(document):
    """The only grid of a document."""
    text = document if isinstance(document, str) else json.dumps(document)
    (grid,) = dataset_json_grids(parse_documents(text.encode(), "lb.json"))
    return grid


def refused(document):
    """The problems of what is no dataset."""
    with pytest.raises(InvalidInput) as caught:
        parsed(document)
    return [(p.code, p.line, p.message) for p in caught.value.problems]


class TestCells:
    """A cell is the file's own text."""

    @pytest.mark.parametrize(
        ("kind", "cell", "text", "is_number"),
        [
            ("string", "007", "007", False),
            ("string", "NA", "NA", False),
            ("integer", 7, "7", True),
            ("float", 1.50, "1.5", True),
            ("decimal", "1.50", "1.50", True),
            ("decimal", "n/a", "n/a", False),
            ("boolean", True, "true", False),
            ("boolean", False, "false", False),
            ("date", "2024-01", "2024-01", False),
            ("float", None, "", False),
            ("string", None, "", False),
        ],
    )
    def test_types(self, kind, cell, text, is_number):
        (row,) = parsed(dataset([cell], columns=[("X", kind)])).rows

        assert row == [text]
        assert isinstance(row[0], NumberCell) == is_number

    def test_digits(self):
        text = json.dumps(dataset(["a", 0])).replace("0]", "1.500]")

        assert parsed(text).rows == [["a", "1.500"]]

    @pytest.mark.parametrize(
        ("kind", "display", "cell", "text"),
        [
            ("integer", "DATE9.", 0, "1960-01-01"),
            ("integer", "E8601DA10.", 23377, "2024-01-02"),
            ("float", "YYMMDD10.", -1, "1959-12-31"),
            ("integer", "DATETIME20.", 2019772800, "2024-01-02T00:00:00"),
            ("float", "date9.", 23377.0, "2024-01-02"),
            ("float", "DATE9.", 0.5, "0.5"),
            ("integer", "DATE9.", 10**11, "100000000000"),
            ("integer", "TIME8.", 60, "60"),
            ("integer", "8.2", 60, "60"),
            ("date", "DATE9.", "2024-01-02", "2024-01-02"),
        ],
    )
    def test_dates_of_sas(self, kind, display, cell, text):
        columns = [("X", kind, {"displayFormat": display})]

        assert parsed(dataset([cell], columns=columns)).rows == [[text]]


class TestRows:
    """Every row is there, with its line."""

    def test_lines_of_a_pretty_file(self):
        text = json.dumps(dataset(["a", 1], ["b", 2]), indent=1)
        grid = parsed(text)

        assert [text.split("\n")[line] for line in grid.lines] == ['   "a",', '   "b",']

    def test_lines_of_ndjson(self):
        head = json.dumps(dataset() | {"rows": None})
        grid = parsed(f'{head}\n["a", 1]\n\n["b"\n{{}}\n["c", 3]')

        assert grid.lines == [2, 4, 5, 6]
        assert grid.rows == [["a", "1"], ["", ""], ["", ""], ["c", "3"]]
        assert grid.faults == {1: "unreadable", 2: "unreadable"}
        assert [(p.line, p.message) for p in grid.problems] == [
            (4, "not valid JSON: expecting ',' or ']', at column 5"),
            (5, "a row that is no list of cells"),
        ]

    def test_a_row_of_another_length(self):
        grid = parsed(dataset(["a", 1], ["b"], ["c", 2, 3]))

        assert grid.faults == {1: "ragged-row", 2: "ragged-row"}
        assert grid.rows == [["a", "1"], ["b", ""], ["c", "2"]]
        assert [p.message for p in grid.problems] == [
            "1 cell where there are 2 columns",
            "3 cells where there are 2 columns",
        ]

    def test_a_cell_of_cells(self):
        grid = parsed(dataset([["a"], 1]))

        assert grid.faults == {0: "unreadable"}
        assert grid.problems[0].column == "A"

    def test_a_wrong_number_of_records(self):
        grid = parsed(dataset(["a", 1], records=3))
        (problem,) = map(str, grid.problems)

        assert problem == (
            "lb.json  unreadable (warning): the file says that it has 3 rows, and has 1. "
            "Check that it was not cut short."
        )
        assert parsed(dataset(["a", 1], records=1)).problems == []


def test_version_one():
    """The older form has its datasets by name, of clinical data and of references."""

    def group(name, *rows):
        items = [{"OID": "IT.A", "name": "A", "type": "string"}, {"name": "N", "type": "decimal"}]
        return {"records": len(rows), "name": name, "items": items, "itemData": list(rows)}

    document = {
        "datasetJSONVersion": "1.0.0",
        "clinicalData": {"itemGroupData": {"IG.LB": group("LB", ["a", "1.0"], ["b", None])}},
        "referenceData": {"itemGroupData": {"IG.TA": group("TA", ["c", "2"]), "IG.X": group("X")}},
    }
    text = json.dumps(document, indent=1)
    first, second = dataset_json_grids(parse_documents(text.encode(), "x"))

    assert (first.rows, second.rows) == ([["a", "1.0"], ["b", ""]], [["c", "2"]])
    assert (first.told, second.told) == ("Dataset-JSON: LB", "Dataset-JSON: TA")
    assert text.split("\n")[second.lines[0]].strip() == '"c",'


class TestRefused:
    """What is no dataset is refused."""

    @pytest.mark.parametrize(
        ("document", "problem"),
        [
            ({}, ("unreadable", None, "no datasetJSONVersion in the file")),
            (dataset(), ("no-rows", None, "the dataset has no row")),
            (dataset(rows={}), ("unreadable", 1, "rows is no list")),
            (dataset(["a"], columns=[]), ("unreadable", 1, "columns is no list of columns")),
            (dataset(["a"]) | {"columns": [1]}, ("unreadable", 1, "columns is no list of columns")),
            (dataset(["a"]) | {"columns": {}}, ("unreadable", 1, "columns is no list")),
            (dataset(["a"]) | {"columns": [{}]}, ("missing-column", 1, "a column without a name")),
        ],
    )
    def test_shapes(self, document, problem):
        assert refused(document) == [problem]

    def test_a_first_line_that_is_broken(self):
        assert [code for code, *_ in refused('{"datasetJSONVersion":\n["a", 1]\n["b", 2]')] == [
            "unreadable",
            "unreadable",
        ]

    def test_compressed_data(self, read, monkeypatch):
        whole = zlib.compress(json.dumps(dataset(["a", 1])).encode())
        monkeypatch.setattr(inflated, "LARGEST_INFLATED", 2**21)

        for data, message in [
            (whole[:-9], "the compressed data are cut short"),
            (whole[:10] + b"\xff" * 9 + whole[19:], "the compressed data are damaged"),
            (zlib.compress(b" " * 2**23), "the file inflates to more than 2 MiB"),
        ]:
            with pytest.raises(InvalidInput) as caught:
                read(data)
            assert [p.message for p in caught.value.problems] == [message]


@pytest.mark.parametrize("size", [1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_what_is_compressed_comes_back_whole(pack, size):
    """At the edges of a chunk too, and of several streams one after the other."""
    data = b"7" * size

    assert inflated.inflated(pack(data), "x") == data
    assert inflated.inflated(gzip.compress(data) + gzip.compress(b"1"), "x") == data + b"1"


def test_looks():
    """The version tells."""
    assert looks_like_dataset_json(dataset())
    assert not any(map(looks_like_dataset_json, [{}, [], None, "datasetJSONVersion"]))


class TestWriter:
    """The same table gives the same bytes, without a time of its own."""

    columns = (Column("A", "Name", "string"), Column("N", "Größe", "decimal"))

    def test_the_forms_hold_the_same(self, read):
        rows = [["µ", Decimal("1.50")], [None, None]]
        made = [
            dataset_json_bytes(self.columns, rows, name="LB", label="", form=form) for form in FORMS
        ]
        found = [read(data)[0] for data in made]

        assert [grid.rows for grid in found] == [[["µ", "1.50"], ["", ""]]] * 3
        assert [grid.lines for grid in found] == [[2, 3]] * 3
        assert [grid.problems for grid in found] == [[]] * 3
        assert zlib.decompress(made[2]) == made[1]

    def test_the_time_is_stated_or_none(self, monkeypatch):
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
        made = dataset_json_bytes(self.columns, [], name="LB", label="")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1704153600")
        stated = dataset_json_bytes(self.columns, [], name="LB", label="")

        assert json.loads(made)["datasetJSONCreationDateTime"] == "1970-01-01T00:00:00"
        assert json.loads(stated)["datasetJSONCreationDateTime"] == "2024-01-02T00:00:00"
        assert json.loads(made)["columns"][1]["label"] == "Größe"

    def test_what_cannot_be_written(self):
        with pytest.raises(ValueError, match="a row has 1 cells where there are 2 columns"):
            dataset_json_bytes(self.columns, [["a"]], name="LB", label="")
        with pytest.raises(ValueError, match="an infinite number in column N"):
            dataset_json_bytes(self.columns, [["a", float("inf")]], name="LB", label="")
        with pytest.raises(ValueError, match="data_type must be one of string, "):
            Column("A", "", "number")


cells = {
    "string": st.none() | st.text(st.characters(codec="utf-8")),
    "integer": st.none() | st.integers(),
    "float": st.none() | st.floats(allow_infinity=False),
    "decimal": st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    "boolean": st.none() | st.booleans(),
}


@st.composite
def tables(draw):
    """Columns of any types, and rows."""
    kinds = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=4))
    columns = [Column(f"C{n}", "", kind) for n, kind in enumerate(kinds)]
    return columns, draw(
        st.lists(st.tuples(*(cells[kind] for kind in kinds)), min_size=1, max_size=4)
    )


def as_text(cell):
    """A cell as it is to come back."""
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - nan
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


@given(tables(), st.sampled_from(FORMS))
def test_any_table_comes_back(tmp_path_factory, table, form):
    """Every cell, in every form."""
    columns, rows = table
    path = tmp_path_factory.mktemp("made") / "lb"
    path.write_bytes(dataset_json_bytes(columns, rows, name="LB", label="x", form=form))
    (grid,) = read_dataset_json(path, "lb", Options())

    assert grid.rows == [[as_text(cell) for cell in row] for row in rows]
    assert grid.problems == []
    assert all(
        isinstance(text, NumberCell)
        for row in grid.rows
        for text, column in zip(row, columns, strict=True)
        if text and column.data_type in {"integer", "float", "decimal"}
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["rows", "columns", "name", "records", "dataType", "itemGroupData", "items"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    anything,
    st.dictionaries(
        st.sampled_from(["rows", "columns", "name", "records", "clinicalData"]), anything
    ),
)
@settings(max_examples=examples(300))
def test_any_json_is_read_or_refused(document, changed):
    """Nothing but `InvalidInput` is ever raised, and no row is lost."""
    for value in (document, dataset(["a", 1], ["b", 2]) | changed):
        text = json.dumps(value).encode("utf-8", "backslashreplace")
        try:
            (grid, *_) = dataset_json_grids(parse_documents(text, "x"))
        except InvalidInput:
            continue
        assert len(grid.rows) == len(grid.lines) == len(value["rows"])
        assert all(len(row) == len(grid.header) for row in grid.rows)
