"""Writers: what is written reads back as the same table, and other programs can read it too."""

import csv
import io
import json
import math
import re
import tempfile
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import polars as pl
import polars.selectors as cs
import pyreadstat
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from immunotrack.analytes import analytes
from immunotrack.annotated import flagged_results
from immunotrack.problems import InvalidInput
from immunotrack.readers import read_source
from immunotrack.readers.adam import EXACT, SPONSOR
from immunotrack.readers.fhir.own import EXTENSIONS, extension_url
from immunotrack.readers.standards import LONG, escaped, unescaped
from immunotrack.units import find_unit
from immunotrack.writers import DEFAULTS, SUFFIXES, WRITERS, choose_form
from immunotrack.writers.adlb import VARIABLES, parameters
from immunotrack.writers.fhir import _CELLS
from immunotrack.writers.text import csv_bytes
from strategies import examples

KINDS = [(form, suffix) for form, suffixes in SUFFIXES.items() for suffix in suffixes]
HEADER = [
    *("patient", "date", "day", "clock", "visit", "analyte", "value", "unit", "low", "high"),
    *("critical low", "critical high", "sex", "age", "birth date", "origin"),
    "detection limit",
]


def source_of(rows, folder):
    """A source whose file has these rows, each a dictionary under `HEADER`."""
    path = Path(folder) / "labs.csv"
    path.write_bytes(csv_bytes(HEADER, [[row.get(name, "") for name in HEADER] for row in rows]))
    return read_source(str(path))


def used_and_flagged(source, ranges=()):
    """The results of a source that count, flagged."""
    return flagged_results(source, ranges).filter(pl.col("fate") == "used")


def read_back(form, suffix, table, folder):
    """The source that a written table is."""
    path = Path(folder) / f"written{suffix}"
    path.write_bytes(WRITERS[form](table, suffix))
    return read_source(str(path))


def contents(source):
    """The table of a source without what every file gives anew."""
    return source.used.drop("source", "line")


def differing(one, back):
    """The first cells in which a table and a source differ, by column."""
    other = contents(back)
    if len(one) != len(other):
        return {"rows": (len(one), len(other), [str(problem) for problem in back.problems])}
    return {
        name: (one[name].filter(unlike)[0], other[name].filter(unlike)[0])
        for name in one.columns
        if (unlike := one[name].ne_missing(other[name])).any()
    }


signs = st.sampled_from(["", "'", "''", "=", "+", "-", "@", "\t", "\r", "#", '"', ",", ";", "\n"])
letters = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=0, max_size=8
)
hostile = st.builds("{}{}{}".format, signs, letters, st.sampled_from(["", " ", "  ", "\t", "'"]))
names = hostile.filter(lambda text: text.strip())
numbers = st.one_of(
    st.sampled_from(["0", "5", "0.8", "0.7999999999999999", "1e-7", "123456789012345.67", "1e22"]),
    st.floats(1e-9, 1e9).map(repr),
)
results = st.one_of(
    numbers,
    st.builds("{}{}".format, st.sampled_from(["<", "<= ", ">", "≥"]), numbers),
    st.sampled_from(["", "not detected", "negative", " 12.50 ", "=1+1", "pending", "007", "'=2"]),
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
times = st.one_of(
    moments.map(datetime.isoformat),
    moments.map(lambda moment: moment.date().isoformat()),
    moments.map(lambda moment: moment.isoformat(" ", "minutes")),
    st.just(""),
)
days = st.floats(-400, 4000).filter(lambda day: day == 0 or abs(day) > 1e-9).map(repr)
limits = st.lists(st.floats(1e-6, 1e9), min_size=4, max_size=4).map(sorted)


@st.composite
def rows(draw):
    """A row of a source, with anything that a hospital may have written into it."""
    ends = [draw(st.sampled_from(["", repr(limit)])) for limit in draw(limits)]
    return {
        "patient": draw(st.one_of(st.sampled_from(["NA", "007", "a/b c", "#1", "=1"]), names)),
        "date": draw(times),
        "day": draw(st.one_of(st.just(""), days)),
        "clock": draw(st.one_of(st.sampled_from(["Study day", "Days after dose 1", ""]), names)),
        "visit": draw(hostile),
        "analyte": draw(st.one_of(st.sampled_from(["CD4", "IL-6", "CD4 %", "WBC (G/L)"]), names)),
        "value": draw(results),
        "unit": draw(st.one_of(st.sampled_from(["/µL", "G/L", "pg/mL", "%", ""]), hostile)),
        **dict(zip(("critical low", "low", "high", "critical high"), ends, strict=True)),
        "sex": draw(st.sampled_from(["m", "female", "", "?"])),
        "age": draw(st.sampled_from(["", "74", "0.5", "200", "63.123456789012345"])),
        "birth date": draw(st.sampled_from(["", "1880-02-29", "1880-03-01T23:59", "1881-01-01"])),
        "detection limit": draw(st.sampled_from(["", "0.5"])),
        "origin": draw(st.sampled_from(["", "measured", "digitised"])),
    }


PLAIN = {"patient": "P", "day": "1", "analyte": "CD4", "value": "350", "unit": "/µL"}


@lru_cache(maxsize=50)
def read_and_flagged(given_rows):
    """The source of these rows and its table, once for all the forms that it is written in."""
    with tempfile.TemporaryDirectory() as folder:
        source = source_of([dict(row) for row in given_rows], folder)
    return source, used_and_flagged(source)


@pytest.mark.parametrize(("form", "suffix"), KINDS)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_rows=st.lists(rows(), min_size=1, max_size=5))
@example(given_rows=[PLAIN, PLAIN | {"patient": "'=1+1 ", "visit": "''=2", "value": "<0.30 "}])
@example(given_rows=[PLAIN | {"value": "", "unit": ""}, PLAIN | {"day": "2", "value": ""}])
@example(given_rows=[PLAIN | {"sex": "m"}, PLAIN | {"day": "2", "birth date": "1950-12-26T08:50"}])
@example(given_rows=[PLAIN | {"low": "0.7999999999999999", "clock": "Study day"}])
@example(given_rows=[PLAIN | {"unit": "G/L", "analyte": name} for name in ("CD4 %", "ΩΩ", "4")])
@example(given_rows=[PLAIN | {"value": "negative", "analyte": "x" * 300, "low": "1"}])
@example(given_rows=[PLAIN | {"value": "negative", "analyte": "x"}] * 2)
@example(given_rows=[PLAIN | {"value": "not detected", "detection limit": "0.5"}])
def test_a_written_table_reads_back_as_it_was(form, suffix, given_rows):
    """Every column but source and line, of every row that counts, in every form."""
    source, table = read_and_flagged(tuple(tuple(row.items()) for row in given_rows))
    assume(len(source.used))
    with tempfile.TemporaryDirectory() as folder:
        back = read_back(form, suffix, table, folder)

    assert differing(contents(source), back) == {}


@settings(max_examples=examples(300))
@given(text=hostile)
@example(text="''=1")
def test_escaping_is_undone_exactly(text):
    """Every text comes back, and none begins with what a spreadsheet runs."""
    safe = escaped(text)

    assert unescaped(safe) == text
    assert not re.match(r"[=+\-@\t\r]", safe) or not math.isnan(float(safe.replace("nan", "0")))


REAL = [
    "cdisc-pilot",
    "cdisc-pilot/lb_hematology_dev.csv",
    "cdisc-pilot/lb_hematology_dev.xpt",
    "pharmaverse-adlb/adlb_dev.csv",
    "smart-patients/labs.txt",
    "rho-synthetic/lb_blood.csv",
    "fhir-r4-examples",
    "fhir-belgium",
]


def first_of_each_shape(table):
    """Where a row is the first of its analyte, unit, flag and so on with such a result.

    Results are alike but for their digits, and numbers where they are there or not; a time has
    hours, minutes and seconds or not.
    """
    told = cs.by_name("reported", "visit")
    times = cs.temporal().dt.to_string("%T").str.replace_all("[0-9]*[1-9][0-9]*", "1")
    texts = (cs.string() - told).exclude("patient_id")
    shapes = table.drop("line", "row").select(
        times, texts, told.str.replace_all("[0-9]+", "0"), cs.numeric().is_null()
    )
    return shapes.select(pl.struct(pl.all()).is_first_distinct()).to_series()


@pytest.mark.parametrize("name", REAL)
def test_real_files_read_back_as_they_were(shared_data, tmp_path, name):
    """Files that nobody here wrote, through every form, also with limits of the default sets.

    A row of each shape.
    """
    source = read_source(str(shared_data / name))
    table = used_and_flagged(source)
    kept = first_of_each_shape(table)
    rows, held = table.filter(kept), contents(source).filter(kept)
    unlike = {kind: differing(held, read_back(*kind, rows, tmp_path)) for kind in KINDS}

    assert len(rows) > 10
    assert {kind: cells for kind, cells in unlike.items() if cells} == {}


@pytest.mark.parametrize(("form", "suffix"), KINDS)
def test_limits_of_a_set_are_written_and_not_read(tmp_path, form, suffix):
    """The set is named beside its limits; another set applies when the file is read again."""
    table = used_and_flagged(source_of([PLAIN | {"age": "30"}], tmp_path), ["mayo-2013"])
    back = read_back(form, suffix, table, tmp_path)

    assert (table["range_source"][0], table["low"][0], table["high"][0]) == ("mayo-2013", 424, 1509)
    assert b"mayo-2013" in (tmp_path / f"written{suffix}").read_bytes() or suffix == ".dsjc"
    assert back.used.select("low", "high", "range_source").row(0) == (None, None, "")
    assert used_and_flagged(back)["range_source"].to_list() == ["covid-cohort-2020"]


@pytest.mark.parametrize(("form", "suffix"), KINDS)
def test_own_limits_stay_those_of_the_file(tmp_path, form, suffix):
    """Limits beside the result win when the written file is read, whatever set is chosen."""
    table = used_and_flagged(source_of([PLAIN | {"low": "300", "critical low": "50"}], tmp_path))
    flagged = used_and_flagged(read_back(form, suffix, table, tmp_path), ["mayo-2013"])

    assert flagged.select("low", "critical_low", "range_source", "flag").row(0) == (
        *(300, 50, "file", "N"),
    )


@pytest.mark.parametrize(("form", "suffix"), KINDS)
def test_the_same_table_gives_the_same_bytes(tmp_path, form, suffix):
    """Neither the clock nor the path is in a file."""
    first, second = (tmp_path / name for name in ("a", "b"))
    tables = []
    for folder in (first, second):
        folder.mkdir()
        tables.append(used_and_flagged(source_of([PLAIN, PLAIN | {"day": "2"}], folder)))
    one, other = (WRITERS[form](table, suffix) for table in tables)

    assert one == other
    assert str(tmp_path).encode() not in one


@pytest.mark.parametrize(("form", "suffix"), KINDS)
def test_a_file_read_from_a_written_one_is_the_same_file(tmp_path, form, suffix):
    """Writing what was read gives the bytes that were read."""
    given_rows = [PLAIN | {"patient": "'=1 ", "value": "<0.30", "date": "2020-03-01T08:50"}, PLAIN]
    back = read_back(form, suffix, used_and_flagged(source_of(given_rows, tmp_path)), tmp_path)

    assert (
        WRITERS[form](used_and_flagged(back), suffix)
        == (tmp_path / f"written{suffix}").read_bytes()
    )


class TestLong:
    """Our own table as CSV."""

    def cells(self, tmp_path, **row):
        """The cells of one row."""
        table = used_and_flagged(source_of([PLAIN | row], tmp_path))
        text = WRITERS["long"](table, ".csv").decode()
        return next(csv.DictReader(io.StringIO(text, newline="")))

    def test_the_columns_are_those_of_the_contract(self, tmp_path):
        """All of them but source and line."""
        assert list(self.cells(tmp_path)) == list(LONG)
        assert not {"source", "line"} & set(LONG)

    @pytest.mark.parametrize(
        ("time", "written"),
        [
            ("2020-03-01", "2020-03-01"),
            ("2020-03-01T00:00", "2020-03-01"),
            ("2020-03-01 08:50", "2020-03-01T08:50"),
            ("2020-03-01T08:50:07", "2020-03-01T08:50:07"),
            ("2020-03-01T08:50:00.25", "2020-03-01T08:50:00.250000"),
        ],
    )
    def test_a_time_has_seconds_where_it_needs_them(self, tmp_path, time, written):
        """A date stays a date."""
        assert self.cells(tmp_path, date=time, day="")["time"] == written

    def test_the_result_stands_beside_its_number(self, tmp_path):
        """The laboratory's text is kept, and the number is plain."""
        cells = self.cells(tmp_path, value="<0.30 ", unit="G/L")

        assert (cells["reported"], cells["comparator"], cells["value"]) == ("<0.30 ", "<", "0.3")
        assert (cells["value_std"], cells["unit_std"], cells["off_scale"]) == (
            *("300", "cells/µL", "<"),
        )

    def test_a_formula_is_text(self, tmp_path):
        """No spreadsheet runs a cell; a number that begins with a sign stays one."""
        cells = self.cells(tmp_path, visit="=HYPERLINK()", analyte="marker", value="-5", unit="u")

        assert (cells["visit"], cells["reported"], cells["value"]) == ("'=HYPERLINK()", "-5", "-5")

    def test_an_apostrophe_of_another_table_stays(self, tmp_path):
        """Only a table with our columns, in our order, was escaped by us."""
        table = used_and_flagged(source_of([PLAIN | {"visit": "=1"}], tmp_path))
        lines = list(csv.reader(io.StringIO(WRITERS["long"](table, ".csv").decode())))
        (tmp_path / "other.csv").write_bytes(csv_bytes(*[lines[0][::-1]], [lines[1][::-1]]))

        assert read_source(str(tmp_path / "other.csv")).used["visit"].to_list() == ["'=1"]

    def test_a_row_that_looks_like_a_comment_is_a_row(self, tmp_path):
        """An id that begins with # is quoted."""
        table = used_and_flagged(source_of([PLAIN | {"patient": "#1"}], tmp_path))

        assert b'\n"#1",' in WRITERS["long"](table, ".csv")


class TestAdlb:
    """The shape of CDISC ADaM."""

    ROWS = (
        PLAIN | {"sex": "f", "age": "74", "clock": "Study day", "critical low": "400"},
        PLAIN | {"date": "2020-03-02T08:50", "day": "", "value": "<0.7999999999999999"},
        PLAIN | {"analyte": "CD4 %", "unit": "%", "day": "2.5", "clock": "Days after dose 1"},
        PLAIN | {"analyte": "ALC", "unit": "G/L", "value": "9", "visit": "Week 2 "},
        PLAIN | {"day": "4", "unit": "G/L", "value": ">0.5", "low": "0.4", "high": "1.2"},
        PLAIN | {"day": "5", "value": "pending", "unit": "", "birth date": "1950-12-26"},
        PLAIN | {"day": "6", "value": "1500", "sex": "m", "birth date": "1950-12-26T08:50"},
        PLAIN | {"day": "7", "value": "=neg", "analyte": "CD4 percentage", "unit": ""},
    )

    @pytest.fixture
    def table(self, tmp_path):
        """ROWS, flagged."""
        return used_and_flagged(source_of(self.ROWS, tmp_path))

    @pytest.fixture
    def cells(self, table):
        """ROWS as the rows of a CSV file."""
        text = WRITERS["adlb"](table, ".csv").decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def column(self, cells, name):
        """One variable."""
        return [row[name] for row in cells]

    def test_variables_have_names_and_labels_that_adam_allows(self):
        """At most 8 and 40 characters."""
        assert [v for v in VARIABLES if not re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", v.name)] == []
        assert [v for v in VARIABLES if not 0 < len(v.label) <= 40] == []
        assert len({v.name for v in VARIABLES}) == len({v.label for v in VARIABLES})

    def test_the_reader_knows_the_same_variables(self):
        """What the reader takes for a column is what the writer puts there."""
        written = {v.name: v.of for v in VARIABLES}

        assert {name: written[v] or name for name, v in SPONSOR.items()} == {
            name: name for name in SPONSOR
        }
        assert EXACT in written

    def test_parameters(self, cells):
        """Known analytes have the catalogue's code; a second unit is another parameter."""
        assert self.column(cells, "PARAMCD") == [
            *("CD4", "CD4", "CD4_2", "LYMPH", "CD4_3", "CD4", "CD4", "CD4PERCE"),
        ]
        assert self.column(cells, "PARAM") == [
            "CD3+CD4+ T lymphocytes (cells/µL)",
            "CD3+CD4+ T lymphocytes (cells/µL)",
            "CD4 % (%)",
            "Lymphocytes (10^9/L)",
            "CD3+CD4+ T lymphocytes (10^9/L)",
            "CD3+CD4+ T lymphocytes (cells/µL)",
            "CD3+CD4+ T lymphocytes (cells/µL)",
            "CD4 percentage",
        ]

    def test_results(self, cells):
        """AVAL is the number, AVALC the result in plain notation."""
        assert self.column(cells, "AVAL") == [
            *("350", "0.7999999999999999", "350", "9", "0.5", "", "1500", ""),
        ]
        assert self.column(cells, "AVALC") == [
            *("350", "<0.7999999999999999", "350", "9", ">0.5", "pending", "1500", "'=neg"),
        ]
        assert self.column(cells, "AVALU") == [
            *("cells/µL", "cells/µL", "%", "10*9/L", "10*9/L", "", "cells/µL", ""),
        ]

    def test_indicators(self, cells):
        """The words of ADaM for our flags."""
        assert self.column(cells, "ANRIND") == [
            *("LOW LOW", "LOW", "", "HIGH", "INDETERMINATE", "", "HIGH", ""),
        ]

    def test_times(self, cells):
        """ADY counts study days only; other days stand in ITDAY with their clock."""
        assert [(r["ADT"], r["ADTM"], r["ADY"], r["ITDAY"], r["ITCLOCK"]) for r in cells[:3]] == [
            ("", "", "1", "", "Study day"),
            ("2020-03-02", "2020-03-02T08:50", "", "", ""),
            ("", "", "", "2.5", "Days after dose 1"),
        ]

    def test_people(self, cells):
        """A sex that is not known is U; an age has its unit; a birth may have a time of day."""
        names = ("SEX", "AGE", "AGEU", "BRTHDT", "ITBRTHTM")

        assert [tuple(cells[row][name] for name in names) for row in (0, 1, 5, 6)] == [
            ("F", "74", "YEARS", "", ""),
            ("U", "", "", "", ""),
            ("U", "", "", "1950-12-26", ""),
            ("M", "", "", "1950-12-26", "1950-12-26T08:50"),
        ]

    def test_parameters_are_one_to_one(self):
        """No two analytes share a code, and no code of an unknown one is a known analyte's."""
        unknown = [
            "CD4 %",
            "CD4%",
            "LYMPH!",
            "Interleukine",
            "Interleukinen",
            "",
            "4",
            "ΩΩ",
            "IL6?",
        ]
        names = [*unknown, *analytes(), *(f"marker number {n}" for n in range(20))]
        table = pl.DataFrame(
            {"analyte": names, "unit": "%", "value": 1.0}, schema_overrides={"value": pl.Float64}
        )
        found = parameters(table)
        codes = {name: code for (name, _), (code, _) in found.items()}

        assert len(set(codes.values())) == len(names)
        assert [c for c in codes.values() if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,7}", c)] == []
        assert {key: codes[key] for key in analytes()} == {
            key: analyte.paramcd for key, analyte in analytes().items()
        }

    def test_a_transport_file_is_read_by_others(self, table, tmp_path):
        """Names, labels, formats and every double, as pyreadstat has them."""
        path = tmp_path / "adlb.xpt"
        path.write_bytes(WRITERS["adlb"](table, ".xpt"))
        frame, about = pyreadstat.read_xport(str(path))

        assert about.column_names == [v.name for v in VARIABLES]
        assert about.column_labels == [v.label for v in VARIABLES]
        assert about.table_name == "ADLB"
        assert frame["AVAL"].dropna().tolist() == table["value"].drop_nulls().to_list()
        assert frame["ADTM"].dropna().tolist() == [datetime(2020, 3, 2, 8, 50)]  # noqa: DTZ001
        assert frame["AVALC"].tolist()[-1] == "=neg"

    def test_what_a_transport_file_does_not_show_stands_beside_it(self, table, tmp_path):
        """More than 15 digits, and blanks at the end; nothing where all is shown."""
        path = tmp_path / "adlb.xpt"
        path.write_bytes(WRITERS["adlb"](table, ".xpt"))
        frame, _ = pyreadstat.read_xport(str(path))

        assert frame["ITEXACT"].tolist() == [
            "",
            '{"number": "0.7999999999999999"}',
            "",
            '{"visit": "Week 2 "}',
            *[""] * 4,
        ]

    def test_a_number_changed_in_the_file_is_believed(self, table, tmp_path):
        """Digits that stood beside another number are not put onto the new one."""
        path = tmp_path / "adlb.csv"
        text = WRITERS["adlb"](table, ".csv").decode().splitlines(keepends=True)
        changed = text[1].removesuffix("\n") + '"{""number"": ""350.00000000000006""}"\n'
        path.write_text(text[0] + changed.replace(",350,350,", ",351,351,", 1), encoding="utf-8")
        first = read_source(str(path)).used["value"].to_list()
        path.write_text(text[0] + changed, encoding="utf-8")

        assert first == [351.0]
        assert read_source(str(path)).used["value"].to_list() == [350.00000000000006]

    @pytest.mark.parametrize("told", ["[]", "{", '{"number": 5}', '{"nothing": "x"}', "null"])
    def test_a_damaged_text_of_digits_is_ignored(self, table, tmp_path, told):
        """The cell itself is read."""
        path = tmp_path / "adlb.csv"
        lines = [line.split(",") for line in WRITERS["adlb"](table, ".csv").decode().splitlines()]
        path.write_bytes(csv_bytes(lines[0], [[*lines[1][:-1], told]]))

        assert read_source(str(path)).used["value"].to_list() == [350.0]

    def test_a_number_too_small_for_sas_is_refused(self, tmp_path):
        """It is told, and no other number is written."""
        table = used_and_flagged(source_of([PLAIN | {"analyte": "x", "value": "1e-90"}], tmp_path))
        with pytest.raises(InvalidInput) as caught:
            WRITERS["adlb"](table, ".xpt")

        assert {problem.message for problem in caught.value.problems} == {
            "a number that the format cannot hold"
        }
        assert {problem.column for problem in caught.value.problems} == {"AVAL"}

    @pytest.mark.parametrize(("length", "start"), [(200, b"LIBRARY "), (201, b"LIBV8   ")])
    def test_a_long_text_needs_version_8(self, tmp_path, length, start):
        """Version 5 holds 200 bytes."""
        table = used_and_flagged(source_of([PLAIN | {"visit": "x" * length}], tmp_path))

        assert WRITERS["adlb"](table, ".xpt")[20:28] == start

    def test_dataset_json_describes_its_columns(self, table):
        """Version 1.1, with as many records as there are rows, numbers as numbers."""
        document = json.loads(WRITERS["adlb"](table, ".json"))
        kinds = {column["name"]: column["dataType"] for column in document["columns"]}
        second = dict(zip(kinds, document["rows"][1], strict=True))

        assert (document["datasetJSONVersion"], document["records"]) == ("1.1.0", len(self.ROWS))
        assert (kinds["USUBJID"], kinds["AVAL"], kinds["ADT"], kinds["ADTM"]) == (
            *("string", "double", "date", "datetime"),
        )
        assert (second["AVAL"], second["ADT"], second["ADTM"]) == (
            *(0.7999999999999999, "2020-03-02", "2020-03-02T08:50:00"),
        )

    def test_an_adlb_of_others_is_not_taken_for_ours(self, tmp_path):
        """Without our variables, ADaM is read as before."""
        (tmp_path / "adlb.csv").write_text(
            "USUBJID,PARAMCD,PARAM,AVAL,AVALC,ADT,AVISIT\n"
            "P,LYMPH,Lymphocytes (10^9/L),0.2,<0.2,2020-03-01,'=1\n",
            encoding="utf-8",
        )
        used = read_source(str(tmp_path / "adlb.csv")).used

        assert used.select("analyte", "comparator", "value", "unit", "visit").row(0) == (
            *("lymphocytes", "<", 0.2, "10*9/L", "'=1"),
        )


class TestFhir:
    """FHIR R4."""

    ROWS = (
        PLAIN | {"patient": "a/b c", "date": "2020-03-02T08:50", "sex": "f", "visit": "Week 2"},
        PLAIN | {"patient": "a/b c", "date": "2020-03-05", "sex": "f", "value": "<0.30 "},
        PLAIN | {"patient": "NA", "analyte": "serology", "value": "pos", "unit": "mg/L"},
        PLAIN | {"patient": "NA", "day": "2", "value": "pending", "sex": "m"},
        PLAIN | {"patient": "NA", "day": "3", "low": "500", "critical low": "400"},
        PLAIN | {"patient": "7", "unit": "furlongs", "analyte": "x", "birth date": "1950-12-26"},
    )

    @pytest.fixture
    def document(self, tmp_path):
        """ROWS as a Bundle."""
        return json.loads(
            WRITERS["fhir"](used_and_flagged(source_of(self.ROWS, tmp_path)), ".json")
        )

    def of_kind(self, document, kind):
        """The resources of one kind."""
        found = [entry["resource"] for entry in document["entry"]]
        return [resource for resource in found if resource["resourceType"] == kind]

    def said(self, resource):
        """What our extensions of a resource say."""
        found = {}
        for extension in resource.get("extension", []):
            assert set(extension) - {"url"} <= {"valueDecimal", "valueString", "valueBoolean"}
            found[extension["url"].removeprefix("urn:immunotrack:")] = extension
        return {
            name: next(value for key, value in extension.items() if key != "url")
            for name, extension in found.items()
        }

    def test_the_bundle_is_a_collection_of_distinct_resources(self, document):
        """bdl-7: each fullUrl stands once, and is that of the resource's own id."""
        urls = [entry["fullUrl"] for entry in document["entry"]]
        ids = [entry["resource"]["id"] for entry in document["entry"]]

        assert (document["resourceType"], document["type"]) == ("Bundle", "collection")
        assert urls == [f"urn:uuid:{UUID(key)}" for key in ids]
        assert len(set(urls)) == len(urls) == 3 + len(self.ROWS)
        assert {UUID(key).version for key in ids} == {5}

    def test_every_observation_has_what_fhir_requires(self, document):
        """Status, category and code; a subject that is there; one value or the reason for none."""
        patients = {f"urn:uuid:{patient['id']}" for patient in self.of_kind(document, "Patient")}
        for observation in self.of_kind(document, "Observation"):
            category = observation["category"][0]["coding"][0]
            values = {name for name in observation if name.startswith("value")}

            assert observation["status"] == "unknown"
            assert category == {
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "laboratory",
                "display": "Laboratory",
            }
            assert observation["code"]["text"]
            assert observation["subject"]["reference"] in patients
            assert len(values | ({"dataAbsentReason"} & set(observation))) == 1
            assert None not in observation.values()
            assert "" not in json.loads(json.dumps(observation), object_pairs_hook=dict).values()

    def test_no_element_is_empty(self, document):
        """FHIR has neither null nor empty texts, lists or objects."""

        def empties(value):
            inner = (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, list)
                else []
            )
            return (value in (None, "", [], {})) + sum(map(empties, inner))

        assert empties(document) == 0

    def test_patients(self, document):
        """The id is that of the source, as an identifier; sex and birth only where rows agree."""
        assert [
            {name: patient[name] for name in patient if name not in {"id", "resourceType"}}
            for patient in self.of_kind(document, "Patient")
        ] == [
            {
                "identifier": [{"system": "urn:immunotrack:patient", "value": "a/b c"}],
                "gender": "female",
            },
            {"identifier": [{"system": "urn:immunotrack:patient", "value": "NA"}]},
            {
                "identifier": [{"system": "urn:immunotrack:patient", "value": "7"}],
                "birthDate": "1950-12-26",
            },
        ]

    def test_a_result(self, document):
        """LOINC, UCUM, the zone that FHIR wants with the local clock, range and interpretation."""
        first = self.of_kind(document, "Observation")[0]

        assert first["code"] == {
            "coding": [{"system": "http://loinc.org", "code": "24467-3"}],
            "text": "CD3+CD4+ T lymphocytes",
        }
        assert first["effectiveDateTime"] == "2020-03-02T08:50:00+00:00"
        assert first["_effectiveDateTime"] == {
            "extension": [{"url": "urn:immunotrack:local-time", "valueString": "2020-03-02T08:50"}]
        }
        unit = {"unit": "cells/µL", "system": "http://unitsofmeasure.org", "code": "{cells}/uL"}
        assert first["valueQuantity"] == {"value": 350} | unit
        assert first["referenceRange"] == [
            {
                "low": {"value": 414} | unit,
                "high": {"value": 1123} | unit,
                "text": "source: covid-cohort-2020",
            }
        ]
        assert first["interpretation"] == [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/"
                        "v3-ObservationInterpretation",
                        "code": "L",
                        "display": "Low",
                    }
                ]
            }
        ]
        assert self.said(first) == {
            "day": 1,
            "clock": "Day",
            "visit": "Week 2",
            "range-source": "covid-cohort-2020",
        }

    def test_other_results(self, document):
        """A comparator, words, critical limits, a unit that UCUM does not have."""
        _, censored, words, missing, critical, strange = self.of_kind(document, "Observation")

        assert censored["effectiveDateTime"] == "2020-03-05"
        assert "_effectiveDateTime" not in censored
        assert (censored["valueQuantity"]["value"], censored["valueQuantity"]["comparator"]) == (
            *(0.3, "<"),
        )
        assert self.said(censored)["reported"] == "<0.30 "
        assert (words["valueString"], self.said(words)["unit"]) == ("pos", "mg/L")
        assert missing["valueString"] == "pending"
        assert self.said(missing)["sex"] == "male"
        assert self.said(critical)["critical-low"] == 400
        assert critical["interpretation"][0]["coding"][0]["code"] == "LL"
        assert strange["valueQuantity"] == {"value": 350, "unit": "furlongs"}
        assert strange["code"] == {"text": "x"}

    def test_nothing_at_all(self, tmp_path):
        """A row of a table without a result says that it has none."""
        table = used_and_flagged(source_of([PLAIN], tmp_path)).with_columns(
            reported=pl.lit(""), value=pl.lit(None, pl.Float64), value_std=pl.lit(None, pl.Float64)
        )
        [nothing] = self.of_kind(json.loads(WRITERS["fhir"](table, ".json")), "Observation")

        assert nothing["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        assert self.said(nothing)["unreported"] is True

    def test_numbers_are_those_of_the_table(self, tmp_path):
        """All digits of a double, in the notation of JSON."""
        table = used_and_flagged(
            source_of([PLAIN | {"analyte": "x", "value": "0.7999999999999999"}], tmp_path)
        )

        assert b'"value": 0.7999999999999999,' in WRITERS["fhir"](table, ".json")

    def test_lines_of_resources(self, tmp_path):
        """A resource a line, with references that lead to the Patient."""
        table = used_and_flagged(source_of(self.ROWS, tmp_path))
        lines = WRITERS["fhir"](table, ".ndjson").decode().splitlines()
        resources = [json.loads(line) for line in lines]
        bundled = json.loads(WRITERS["fhir"](table, ".json"))["entry"]
        subjects = {r["subject"]["reference"] for r in resources if "subject" in r}

        assert [r["id"] for r in resources] == [entry["resource"]["id"] for entry in bundled]
        assert subjects == {
            f"Patient/{r['id']}" for r in resources if r["resourceType"] == "Patient"
        }

    def test_the_extensions_are_all_written_somewhere(self):
        """The reader asks for none that the writer does not know."""
        assert {extension_url(name) for name in EXTENSIONS} == {
            f"urn:immunotrack:{name}"
            for name in (
                *("day", "critical-low", "critical-high", "age-years", "reported", "clock"),
                *("visit", "unit", "range-source", "local-time", "sex", "birth-date", "origin"),
                "unreported",
            )
        }

    def test_codes_of_units_are_those_of_the_unit_table(self):
        """A house spelling that is no code has one that means the same unit."""
        assert {symbol: find_unit(code).symbol for symbol, code in _CELLS.items()} == {
            symbol: symbol for symbol in _CELLS
        }

    def test_identifiers_and_extensions_of_others_change_nothing(self, tmp_path):
        """Only our own system is a patient's id, and only our own URLs are columns."""
        path = tmp_path / "other.json"
        observation = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "CRP"},
            "subject": {"reference": "Patient/p1"},
            "extension": [{"url": "http://x/day", "valueDecimal": 5}, "text"],
            "_effectiveDateTime": ["text"],
            "valueQuantity": {"value": 5, "unit": "mg/L"},
        }
        patient = {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [{"system": "http://x", "value": "other"}, "text"],
        }
        entries = [{"resource": resource} for resource in (patient, observation)]
        path.write_text(json.dumps({"resourceType": "Bundle", "entry": entries}), encoding="utf-8")
        used = read_source(str(path)).used

        assert used.select("patient_id", "day", "value").row(0) == ("p1", None, 5.0)

    def test_two_files_of_the_same_results_count_them_once(self, tmp_path):
        """A Bundle and the same resources line by line, in one folder."""
        table = used_and_flagged(source_of(self.ROWS, tmp_path))
        folder = tmp_path / "both"
        folder.mkdir()
        for suffix in SUFFIXES["fhir"]:
            (folder / f"x{suffix}").write_bytes(WRITERS["fhir"](table, suffix))

        assert len(read_source(str(folder)).used) == len(self.ROWS)


class TestChooseForm:
    """Which form a file is written in."""

    @pytest.mark.parametrize(("suffix", "form"), DEFAULTS.items())
    def test_by_suffix(self, suffix, form):
        """A suffix of one form only needs no name."""
        assert choose_form(suffix) == form

    @pytest.mark.parametrize(("form", "suffix"), KINDS)
    def test_by_name(self, form, suffix):
        """Every form takes each of its suffixes."""
        assert choose_form(suffix, form) == form

    @pytest.mark.parametrize(
        ("suffix", "form", "message"),
        [
            (".json", "", ".json may be adlb (CDISC Dataset-JSON) or fhir (FHIR)"),
            (".ndjson", "", ".ndjson may be adlb (CDISC Dataset-JSON) or fhir (FHIR)"),
            (".xlsx", "", "nothing is written to a file that ends in '.xlsx'"),
            ("", "fhir", "fhir is not written to a file without a suffix"),
            (".xpt", "long", "long is not written to a file that ends in '.xpt'"),
            (".csv", "adam", "'adam' is not known"),
        ],
    )
    def test_what_does_not_tell_or_fit(self, suffix, form, message):
        """The problem says why."""
        with pytest.raises(InvalidInput) as caught:
            choose_form(suffix, form)

        assert [problem.message for problem in caught.value.problems] == [message]
        assert [problem.code for problem in caught.value.problems] == ["unknown-option"]


def test_a_year_of_results_of_one_sample_each_keeps_its_order(tmp_path):
    """Rows are written in the order of the source."""
    start = datetime(2020, 1, 1)  # noqa: DTZ001
    dates = [(start + timedelta(days=366 - n)).date().isoformat() for n in range(366)]
    source = source_of([PLAIN | {"day": "", "date": date} for date in dates], tmp_path)
    table = used_and_flagged(source)
    back = [contents(read_back(*kind, table, tmp_path))["time"].to_list() for kind in KINDS]

    assert back == [source.used["time"].to_list()] * len(KINDS)
