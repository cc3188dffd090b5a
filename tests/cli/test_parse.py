"""`immunotrack parse`: how result texts and units are read, without patients or dates."""

import csv
import io

import pytest

TEXTS = "result,unit\n350,/µL\n< 5,x 10^9/L\n1:80,\nnot detected,pg/mL\nH 256,furlongs\n"


@pytest.fixture
def parse(run, tmp_path):
    """The rows and the run of `parse` on a text."""

    def read(text, *options, name="texts.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        done = run("parse", name, *options)
        return list(csv.DictReader(io.StringIO(done.stdout))), done

    return read


def test_exact_output(parse):
    """A row a text, in the file's order, with the line that an editor shows."""
    _, done = parse(TEXTS)

    assert done.stdout == (
        "source,line,reported,kind,comparator,value,percent,mark,clean,unit,unit_read,unit_known\n"
        "texts.csv,2,350,number,,350,,,350,/µL,cells/µL,yes\n"
        "texts.csv,3,< 5,censored,<,5,,,<5,x 10^9/L,10*9/L,yes\n"
        "texts.csv,4,1:80,titre,,,,,1:80,,,\n"
        "texts.csv,5,not detected,not detected,<,,,,Neg,pg/mL,pg/mL,yes\n"
        "texts.csv,6,H 256,number,,256,,H,256,furlongs,furlongs,no\n"
    )
    assert done.returncode == 0


def test_summary(parse):
    """How many texts of each kind there are."""
    _, done = parse("result\n350\n360\nx\n")

    assert done.stderr == "3 texts: number 2, text 1\n"


@pytest.mark.parametrize(
    ("sign", "value", "kind"),
    [
        ("auto", "", "ambiguous"),
        ("point", "1060", "number"),
        ("comma", "1.060", "number"),
    ],
)
def test_decimal_sign(parse, sign, value, kind):
    """Without a sign an ambiguous text is no number; with one it is."""
    rows, done = parse('result\n"1,060"\n', "--decimal", sign)

    assert (rows[0]["value"], rows[0]["kind"]) == (value, kind)
    assert done.returncode == 0


def test_columns_of_other_names(parse):
    """--map names the columns of results and units."""
    rows, _ = parse("befund;einheit\n2,5;G/L\n", "--map", "value=befund", "--map", "unit=einheit")

    assert [(row["reported"], row["unit_read"]) for row in rows] == [("2,5", "10*9/L")]


def test_units_alone(parse):
    """A file of units has no results, and says so."""
    rows, done = parse("unit\n/µL\nTHOU/uL\n")

    assert [row["unit_read"] for row in rows] == ["cells/µL", "10*3/uL"]
    assert done.stderr == "2 texts: units only\n"


def test_neither_results_nor_units(parse):
    """A file without such columns is refused in a sentence."""
    _, done = parse("colour\nred\n")

    assert done.returncode == 3
    assert done.stderr == (
        "texts.csv  missing-column (error): no column of results or units. Name it with --map "
        "value=YOUR_COLUMN or --map unit=YOUR_COLUMN.\n1 error, 0 warnings\n"
    )


def test_a_column_that_is_not_there(parse):
    """A --map that matches nothing is told, where no other column will do."""
    _, done = parse("colour\nred\n", "--map", "value=befund")

    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr


def test_a_map_that_matches_nothing_is_an_error(parse):
    """Also where a usual column is there: an option is never silently ignored."""
    _, done = parse("result\n350\n", "--map", "value=befund")

    assert done.returncode == 2


def test_output_file(parse, tmp_path):
    """-o writes the rows to a file, and none to stdout."""
    _, done = parse(TEXTS, "-o", "out.csv")

    assert done.stdout == ""
    assert (tmp_path / "out.csv").read_text("utf-8").startswith("source,line,reported,kind")


def test_output_onto_the_input(parse, tmp_path):
    """The only copy of a file is never overwritten."""
    _, done = parse(TEXTS, "-o", "texts.csv")

    assert done.returncode == 2
    assert (tmp_path / "texts.csv").read_text("utf-8") == TEXTS


def test_formulas_are_defused(parse):
    """A text that a spreadsheet would run is written so that it does not."""
    rows, _ = parse("result\n=1+1\n-5\n")

    assert [row["reported"] for row in rows] == ["'=1+1", "-5"]


def test_a_missing_file(run):
    """Exit code 3 and a sentence."""
    done = run("parse", "absent.csv")

    assert done.returncode == 3
    assert done.stderr.startswith("absent.csv  unreadable (error): the file cannot be read: ")
