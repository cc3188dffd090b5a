"""Cells: the decimal sign, patients above, visits in headers, weeks, and units that users state."""

import csv
import io
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.annotated import annotated_csv, flagged_results
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options, Source, read_source
from strategies import examples


def read(text: str, **options) -> Source:
    """What is read from a text as the only file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labs.csv"
        path.write_text(text, encoding="utf-8")
        return read_source(str(path), Options(**options))


def refused(text: str, **options) -> list[str]:
    """Why a text cannot be read at all."""
    with pytest.raises(InvalidInput) as error:
        read(text, **options)
    return [problem.message for problem in error.value.problems]


def codes(source: Source) -> list[str]:
    """The codes of all problems."""
    return [problem.code for problem in source.problems]


def results(*values: str, limits: str = ";") -> str:
    """A file with semicolons: a result of CD4 a day, each with the same limits."""
    rows = "".join(f"P;{day};CD4;{value};/µL;{limits}\n" for day, value in enumerate(values))
    return f"patient;day;test;value;unit;low;high\n{rows}"


class TestDecimalSign:
    """The sign is found only where all numbers of a file allow one alone."""

    @pytest.mark.parametrize(
        ("values", "read_as"),
        [
            (["1,060", "2,5"], [1.06, 2.5]),
            (["1.060", "2.5"], [1.06, 2.5]),
            (["1.060", "2,5"], [1060.0, 2.5]),
            (["1,060", "2.5"], [1060.0, 2.5]),
            (["1.060,5", "1.060"], [1060.5, 1060.0]),
            (["1,060.5", "1,060"], [1060.5, 1060.0]),
            (["350", "360"], [350.0, 360.0]),
            (["<1,5", "1,060"], [1.5, 1.06]),
            (["1.060.000", "1.060"], [1060000.0, 1060.0]),
        ],
    )
    def test_one_sign_for_the_whole_file(self, values, read_as):
        """One number that tells decides for those that do not."""
        source = read(results(*values))

        assert source.used["value"].to_list() == read_as
        assert [code for code in codes(source) if code != "absurd-magnitude"] == []

    @pytest.mark.parametrize("value", ["1,060", "1.060", "<1,060", "12.345"])
    def test_asked_for_where_no_number_tells(self, value):
        """A number that is another one in another country is an error that says what to add."""
        source = read(results(value, "350"))

        assert codes(source) == ["ambiguous-number"]
        assert source.problems[0].fix == "Add --decimal point or --decimal comma."
        assert (source.counts.used, source.counts.wrong) == (1, 1)

    @pytest.mark.parametrize(
        ("sign", "value", "number"),
        [
            ("point", "1,060", 1060.0),
            ("comma", "1,060", 1.06),
            ("point", "1.060", 1.06),
            ("comma", "1.060", 1060.0),
        ],
    )
    def test_stated(self, sign, value, number):
        """What the user states is used."""
        assert read(results(value), decimal=sign).used["value"].to_list() == [number]

    def test_limits_tell_too(self):
        """The limits of a range are numbers of the file."""
        assert read(results("1,060", limits="0,5;3,2")).used["value"].to_list() == [1.06]

    def test_a_number_that_only_the_other_sign_explains(self):
        """2.5 in a file of decimal commas is 2.5, and told."""
        source = read(results("2.5"), decimal="comma")

        assert source.used["value"].to_list() == [2.5]
        assert codes(source) == ["other-decimal"]

    def test_a_file_of_both_signs_asks(self):
        """Where some numbers need a point and others a comma, those between stay unread."""
        source = read(results("2,5", "2.5", "1,060"))

        assert [(p.line, p.code) for p in source.problems if p.is_error] == [
            (4, "ambiguous-number")
        ]

    def test_an_ambiguous_limit_asks_too(self):
        """The fix of a limit such as 1.060 is to state the sign, not to write a number."""
        problems = read(results("350", limits="0;1.060")).problems

        assert [problem.fix for problem in problems] == ["Add --decimal point or --decimal comma."]

    def test_a_comma_is_told(self):
        """The user sees that commas were taken for decimal signs."""
        assert read(results("2,5")).told[0].endswith("; decimal comma")
        assert "decimal" not in read(results("2.5")).told[0]

    def test_numbers_of_a_workbook_do_not_tell(self, tmp_path):
        """A number cell has no sign; the text beside it is read by the texts alone."""
        book = openpyxl.Workbook()
        for row in [
            ["patient", "day", "test", "value", "unit"],
            ["P", 1, "CD4", 350.5, "/µL"],
            ["P", 2, "CD4", "2,5", "/µL"],
            ["P", 3, "CD4", "1,060", "/µL"],
        ]:
            book.active.append(row)
        book.save(tmp_path / "labs.xlsx")

        assert read_source(str(tmp_path)).used["value"].to_list() == [350.5, 2.5, 1.06]

    @given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.sampled_from([".", ","]))
    @settings(deadline=None, max_examples=examples(25))
    def test_a_whole_file_in_either_sign(self, thousandths, sign):
        """A file that writes all its numbers with four decimals is read to the last digit."""
        values = [f"{n // 10**4}{sign}{n % 10**4:04}" for n in thousandths]

        assert read(results(*values)).used["value"].to_list() == [n / 10**4 for n in thousandths]


BLOCK = (
    "patient,day,CD4 (/µL),NK (/µL)\n,0,300,\n007,1,350,90\n,2,360,\n  ,3,,91\nNA,4,370,\n,5,,\n"
)


class TestFillDown:
    """A block with its patient in the first row only."""

    def test_without_the_option(self):
        """Nobody is guessed: the rows are wrong, and the option is named."""
        source = read(BLOCK)

        assert [p.line for p in source.problems if p.code == "missing-patient"] == [2, 4, 5]
        assert "--fill-down" in source.problems[0].fix
        assert source.used["patient_id"].to_list() == ["007", "007", "NA"]

    def test_with_the_option(self):
        """The patient above is used and told once; a first row without one stays wrong."""
        source = read(BLOCK, fill_down=True)
        told = [(p.code, p.line, p.rows, p.lines) for p in source.problems]

        assert source.used["patient_id", "line"].rows() == [
            *[("007", 3)] * 2,
            ("007", 4),
            ("007", 5),
            ("NA", 6),
        ]
        assert told == [("missing-patient", 2, 1, ()), ("filled-down", 4, 2, (4, 5))]

    def test_counts(self):
        """A row without results is set aside, and no row is lost."""
        assert read(BLOCK, fill_down=True).counts.said("row") == (
            "6 rows read: 4 used, 1 set aside (empty-result 1), 1 with errors"
        )


LONG = (
    "patient,date,test,result,units,loinc\n"
    "1,2020-03-01,CD4,300,/µL,\n"
    "1,2020-03-02,CD4,,/µL,\n"
    "1,2020-03-01,Helper T cells (own name),310,,24467-3\n"
)


def test_an_empty_result_of_a_long_file_counts_as_one_of_a_wide_file():
    """It is set aside: nothing that is not there is used; the row stays, with its problem."""
    source = read(LONG.replace("310", ""))

    assert source.counts.said("row") == (
        "3 rows read: 1 used, 2 set aside (empty-result 2), 0 with errors"
    )
    assert source.used["value"].to_list() == [300.0]
    assert source.results["problem"].to_list() == ["", "empty-result", "empty-result"]


class TestOptionsWithoutUse:
    """An option that matches nothing is an error, and nothing is read."""

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (
                {"units": {"cd4": "/µL", "cd8": "/µL"}},
                (
                    "--unit  unknown-option (error): 'cd8' is no analyte of the source. "
                    "Leave the option out, or correct the name."
                ),
            ),
            (
                {"sheet": "Labs"},
                (
                    "--sheet  unknown-option (error): 'Labs' has no use, as no file is a "
                    "workbook. Leave the option out."
                ),
            ),
        ],
    )
    def test_of_text(self, options, told):
        """An analyte that no row has; a sheet of a file that has none."""
        with pytest.raises(InvalidInput) as caught:
            read(LONG, **options)

        assert [str(problem) for problem in caught.value.problems] == [told]

    def test_of_a_workbook(self, tmp_path):
        """It says itself how its texts are encoded."""
        book = openpyxl.Workbook()
        book.active.append(["patient", "date", "test", "result"])
        book.active.append(["1", "2020-03-01", "CD4", "300"])
        book.save(tmp_path / "labs.xlsx")
        with pytest.raises(InvalidInput) as caught:
            read_source(str(tmp_path / "labs.xlsx"), Options(encoding="utf-8"))

        assert [str(problem) for problem in caught.value.problems] == [
            (
                "--encoding  unknown-option (error): 'utf-8' has no use, as no file is a text "
                "file. Leave the option out."
            )
        ]

    def test_a_unit_of_an_analyte_known_by_its_code(self):
        """LOINC 24467-3 is CD4, whatever the laboratory calls it."""
        source = read(LONG, units={"cd4": "/µL"})

        assert source.used["analyte", "unit"].rows() == [("cd4", "cells/µL")] * 2


class TestVisits:
    """Files that are wide by visit."""

    def test_named_by_their_days(self):
        """`D28` is day 28; a visit that is no day has no place in time."""
        source = read("patient,CD4 d0 (/µL),CD4_D28 (/µL),NK week 4 (/µL)\nP,350,360,90\n")

        assert source.used["analyte", "visit", "day"].rows() == [
            ("cd4", "d0", 0.0),
            ("cd4", "D28", 28.0),
            ("nk", "week 4", None),
        ]
        assert codes(source) == ["undated-result"]

    def test_named_by_their_dates(self):
        """A date in a header is the date of its results."""
        source = read("patient,CD4 2020-03-01 (/µL),CD4 2020-03-08 (/µL)\nP,350,360\n")

        assert source.used["time"].to_list() == [
            datetime(2020, 3, 1),  # noqa: DTZ001
            datetime(2020, 3, 8),  # noqa: DTZ001
        ]

    def test_mapped_by_a_pattern(self):
        """Each column that fits is a visit; the others are not read."""
        source = read(
            "ID,cd_1,cd_2,note\nP,350,,x\nQ,,360,y\n",
            columns={"cd4": "cd_*"},
            units={"CD4": "/µL"},
        )

        assert source.used["patient_id", "visit", "value", "line"].rows() == [
            ("P", "1", 350.0, 2),
            ("Q", "2", 360.0, 3),
        ]
        assert source.told[0].endswith("; not read: note")

    def test_of_a_name_nobody_knows(self):
        """An analyte outside the catalogue has the unit of the header or the user, or none."""
        text = "ID,vl_1,vl_2 (IU/mL)\nP,40,50\n"
        source = read(text, columns={"HIV RNA": "vl_*"})
        stated = read(text, columns={"HIV RNA": "vl_*"}, units={"HIV RNA": "copies/mL"})

        assert source.used["analyte", "value", "unit"].rows() == [
            ("HIV RNA", 40.0, ""),
            ("HIV RNA", 50.0, "[IU]/mL"),
        ]
        assert stated.used["unit"].to_list() == ["{copies}/mL", "[IU]/mL"]

    def test_two_visits_are_two_samples(self):
        """Results of two visits without days are no conflict."""
        source = read("ID,cd_1,cd_2\nP,350,360\n", columns={"cd4": "cd_*"}, units={"cd4": "/µL"})

        assert codes(source) == ["undated-result"]
        assert source.counts.used == 1
        assert len(source.used) == 2

    def test_a_pattern_without_a_column(self):
        """An option that fits nothing is an error."""
        assert refused("ID,cd_1\nP,350\n", columns={"cd4": "xx_*"})[0] == (
            "--map cd4=xx_*: there is no such column"
        )

    def test_a_pattern_is_never_a_name(self):
        """`cd*` fits `cd_1` and so on, and is not the name `cd`."""
        assert refused("ID,date,cd\nP,2020-03-01,350\n", columns={"cd4": "cd_*"})[0] == (
            "--map cd4=cd_*: there is no such column"
        )

    def test_the_same_visit_twice(self):
        """Two columns for one analyte and visit are refused."""
        assert refused("patient,CD4 d1,CD4 d1\nP,1,2\n") == ["2 columns hold cd4 of d1"]

    def test_flagged_rows_say_their_visit(self):
        """Two added rows of one input row differ in the visit's column or its name."""
        source = read("ID,cd_1,cd_2\nP,350,350\n", columns={"cd4": "cd_*"}, units={"cd4": "/µL"})
        _, *lines = annotated_csv(source, flagged_results(source)).decode().splitlines()

        assert len(set(lines)) == 2


class TestWeeks:
    """A column of weeks instead of days."""

    def test_seven_days(self):
        """Week 1.5 is day 10.5, on a clock that says so."""
        source = read("patient,week,CD4 (/µL)\nP,0,350\nP,1.5,360\nP,-2,370\n")

        assert source.used["day"].to_list() == [0.0, 10.5, -14.0]
        assert set(source.used["clock"]) == {"Days (7 × week)"}

    def test_a_day_wins(self):
        """A day beside a week is the day."""
        source = read("patient,day,week,CD4 (/µL)\nP,8,1,350\nP,,2,360\n")

        assert source.used["day"].to_list() == [8.0, 14.0]

    def test_a_week_that_is_none(self):
        """The problem names the file's own column."""
        problem = read("patient,week,CD4 (/µL)\nP,w3,350\n").problems[0]

        assert (problem.code, problem.column, problem.value) == ("bad-day", "week", "w3")


class TestUnits:
    """--unit says the unit where the file gives none."""

    def test_of_a_wide_column(self):
        """The unit of the header wins over the user's, and that over the catalogue's."""
        text = "patient,day,CD4,NK (G/L),CD8\nP,1,0.35,0.09,200\n"
        source = read(text, units={"CD4": "G/L", "nk": "/µL"})

        assert source.used["analyte", "unit", "value_std"].rows() == [
            ("cd4", "10*9/L", 350.0),
            ("nk", "10*9/L", 90.0),
            ("cd8", "cells/µL", 200.0),
        ]
        assert [(p.code, p.column) for p in source.problems] == [("assumed-unit", "CD8")]

    def test_of_a_long_file(self):
        """A row without a unit has the user's; one with its own keeps it."""
        text = "patient,day,test,value,unit\nP,1,CD4,0.35,\nP,2,CD3+CD4+,360,/µL\nP,3,NK,90,\n"
        source = read(text, units={"CD4": "G/L"})

        assert source.used["unit"].to_list() == ["10*9/L", "cells/µL"]
        assert [p.code for p in source.problems if p.is_error] == ["missing-unit"]

    def test_of_a_file_without_a_unit_column(self):
        """The column need not be there."""
        source = read("patient,day,test,value\nP,1,CD4,0.35\n", units={"CD4": "G/L"})

        assert source.used["value_std"].to_list() == [350.0]


ANY = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\x00,;|\t'), max_size=6)
CELL = st.sampled_from(["", "P", "CD4", "NK", "350", "<5", "1,5", "2020-03-01", "/µL", "-1"]) | ANY
NAMES = ["patient", "date", "test", "value", "unit", "low", "high", "sex", "status", "visit"]


def _is_filled(row: list[str]) -> bool:
    return any(cell.strip() for cell in row)


@st.composite
def grids(draw):
    """A header with all that is needed, and rows of any cells that are not all blank."""
    header = NAMES[: draw(st.integers(5, len(NAMES)))]
    row = st.lists(CELL, min_size=len(header), max_size=len(header)).filter(_is_filled)
    return header, draw(st.lists(row, min_size=1, max_size=6))


def _text(header, rows) -> str:
    quoted = [",".join(f'"{cell}"' for cell in row) for row in rows]
    return "\n".join([",".join(header), *quoted]) + "\n"


@given(grids(), st.booleans(), st.sampled_from(["refuse", "last", "mean"]))
@settings(deadline=None, max_examples=examples(60))
def test_no_row_is_ever_lost(grid, fill_down, duplicates):
    """Of any cells every row is counted once and appears in what `flag` writes, in order."""
    source = read(_text(*grid), fill_down=fill_down, duplicates=duplicates)
    counts = source.counts
    written = annotated_csv(source, flagged_results(source)).decode()
    lines = [row["line"] for row in csv.DictReader(io.StringIO(written, newline=""))]

    assert counts.read == len(source.rows) == len(grid[1])
    assert counts.read == counts.used + counts.merged + counts.aside.total() + counts.wrong
    assert [int(line) for line in lines] == source.lines


@given(grids())
@settings(deadline=None, max_examples=examples(40))
def test_a_wrong_row_has_an_error(grid):
    """A row is wrong if and only if an error stands at its line."""
    source = read(_text(*grid))
    wrong = source.results.filter(pl.col("fate") == "error")["line"].to_list()
    told = {problem.line for problem in source.problems if problem.is_error}

    assert set(wrong) == told


@given(grids())
@settings(deadline=None, max_examples=examples(40))
def test_own_cells_are_never_changed(grid):
    """What `flag` writes begins with the row as it was."""
    source = read(_text(*grid))
    written = annotated_csv(source, flagged_results(source))
    _, *rows = csv.reader(io.StringIO(written.decode(), newline=""))

    assert [row[: len(grid[0])] for row in rows] == source.rows == grid[1]


def test_an_empty_row_is_set_aside():
    """A row of empty cells is no result, and no error either."""
    counts = read("patient,day,test,value,unit\n,,,,\nP,1,CD4,350,/µL\n").counts

    assert counts.as_dict()["set_aside"] == {"empty-row": 1}
