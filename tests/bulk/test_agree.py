"""A file that streams by becomes the same, byte for byte, as one that is held in memory."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agreement import held, streamed
from immunotrack.bulk.json_lots import json_lots
from immunotrack.bulk.jsonfile import json_file
from immunotrack.bulk.textfile import HEAD
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options
from strategies import examples

BAD = Path(__file__).parents[1] / "data" / "bad"

WHOLE = {
    *("empty", "header-only", "header-quote", "json-array", "text-mac", "text-nul", "text-utf16"),
    *("wide", "wide-unread"),
}
"""What is read as a whole whatever its size."""

CUT_SHORT = "the compressed data are cut short. Export or copy the file again."
HEADER = "patient,date,test,value,unit,low,high,comment"
ROW = "P{n},2020-03-{day:02},CD4,{n},/µL,,,x"


def agree(path: Path, options: Options | None = None, size: int = 300) -> dict[str, object]:
    """What both ways make of a file."""
    whole = held(path, options or Options())

    assert streamed(path, options or Options(), size) == whole
    return whole


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    """A file of these rows."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def plain(count: int) -> list[str]:
    """Rows of which nothing is to be said."""
    return [ROW.format(n=n, day=n % 28 + 1) for n in range(count)]


@pytest.mark.parametrize(
    "name", sorted(path.name for path in BAD.iterdir() if path.suffix != ".txt")
)
def test_hostile_files(name):
    """Every hostile file, in blocks of a few rows."""
    path = BAD / name
    if path.stem in WHOLE:
        assert streamed(path, Options(), 300) is None
    else:
        agree(path)


class TestWhatTheWholeFileSays:
    """What only the end of a file tells is put right."""

    def test_a_decimal_comma_in_the_last_row(self, tmp_path):
        """Points that divide thousands are known by one comma at the end."""
        rows = [row.replace(",CD4,", ",CD4,1.").replace("1.1", "1.101") for row in plain(60)]
        path = written(tmp_path / "a.csv", *rows, 'P9,2020-04-01,CD4,"2,5",/µL,,,')

        found = agree(path)

        assert "decimal" in f"{found['told']}{found['list']}"

    def test_another_encoding_after_the_start(self, tmp_path):
        """One byte of Windows-1252 in the last row is what the file is read in."""
        path = tmp_path / "a.csv"
        rows = [row.replace("µ", "u") for row in plain(40)]
        path.write_bytes("\n".join([HEADER, *rows, "Pé,2020-03-01,CD4,5,/uL,,,"]).encode("cp1252"))

        assert agree(path)["warnings"]["assumed-encoding"] == 1

    def test_two_encodings(self, tmp_path):
        """UTF-8 and then a byte that is none is refused with the line of that byte."""
        path = tmp_path / "a.csv"
        path.write_bytes("\n".join([HEADER, *plain(40), ""]).encode() + b"P\xe9,2020-03-01,CD4,5")

        assert "is not UTF-8 text, and other characters are" in str(agree(path)["refused"])

    @pytest.mark.parametrize("marked", [1, 2, 50])
    def test_rows_that_begin_with_a_hash(self, tmp_path, marked):
        """One is a comment, some are rows, and ids that all begin so are ids."""
        rows = [f"#{row}" if 50 <= n < 50 + marked else row for n, row in enumerate(plain(90))]
        agree(written(tmp_path / "a.csv", *rows, "# the end"))

    def test_cells_with_commas_in_most_rows(self, tmp_path):
        """What to do about ragged rows depends on how many are alike."""
        rows = [*plain(10), *(f"{row},y" for row in plain(60))]

        assert "export with semicolons" in str(agree(written(tmp_path / "a.csv", *rows))["list"])


class TestWhatRowsSayOfEachOther:
    """Rows far apart are compared all the same."""

    def test_the_same_sample(self, tmp_path):
        """The same result twice, another result, and a correction, 60 rows later."""
        again = [*plain(60), *plain(3), ROW.format(n=4, day=5).replace(",4,", ",5,")]
        told = agree(written(tmp_path / "a.csv", *again))

        assert told["warnings"]["repeated-result"] == 3
        assert told["warnings"]["same-day-results"] == 1

    def test_the_same_sample_below_comments(self, tmp_path):
        """A row is found again by its line and not by its number, though comments are as wide."""
        rows = [f"#{row}" if n % 4 == 0 else row for n, row in enumerate(plain(60))]
        told = agree(written(tmp_path / "a.csv", "# above", *rows, *plain(10)[1:]))

        assert told["warnings"]["repeated-result"] == 7

    @pytest.mark.parametrize("duplicates", ["first", "last", "max", "mean"])
    def test_settled_as_the_user_says(self, tmp_path, duplicates):
        """Different results of one sample, settled in each way."""
        rows = [row.replace(",4,", ",7,").replace("-05,", "-05T08:00,") for row in plain(30)]
        again = [row.replace(",CD4,", ",CD4,1") for row in rows]
        agree(written(tmp_path / "a.csv", *rows, *again), Options(duplicates=duplicates))

    def test_mixed_units_by_site(self, tmp_path):
        """One patient seen at two sites has a series in two units; the others have one each."""
        site = [row.replace("/µL", "10*9/L").replace("P", "Q") for row in plain(40)]
        both = [ROW.format(n=7, day=20).replace("/µL", "10*9/L").replace(",7,", ",0.5,")]
        told = agree(written(tmp_path / "a.csv", *plain(40), *site, *both))

        assert told["warnings"]["unit-changes"] == 1

    def test_a_header_between_the_rows(self, tmp_path):
        """Two files put together have their header twice."""
        told = agree(written(tmp_path / "a.csv", *plain(40), HEADER, *plain(60)[40:], HEADER))

        assert told["warnings"]["repeated-header"] == 2


def with_comment(folder, comment):
    """A file of 20 rows, the tenth with a comment, and what it is as a whole."""
    rows = plain(20)
    rows[9] = f"P9,2020-03-10,CD4,9,/µL,,,{comment}"
    path = written(folder / "a.csv", *rows)
    return path, held(path, Options())


@pytest.fixture(scope="module")
def several_lines(tmp_path_factory):
    """With a quoted comment of three lines."""
    return with_comment(tmp_path_factory.mktemp("lines"), '"one\ntwo, and\nthree"')


@pytest.fixture(scope="module")
def stray_mark(tmp_path_factory):
    """With a quotation mark that is never closed."""
    return with_comment(tmp_path_factory.mktemp("mark"), '"one')


class TestRecords:
    """Rows of several lines, and rows that are none, at every place of a block."""

    @pytest.mark.parametrize("size", range(100, 420, 20))
    def test_a_cell_of_several_lines(self, several_lines, size):
        """A quoted comment of three lines is one row, wherever a block ends."""
        path, whole = several_lines

        assert streamed(path, Options(), size) == whole

    @pytest.mark.parametrize("size", range(100, 420, 20))
    def test_a_stray_quotation_mark(self, stray_mark, size):
        """A mark that is never closed takes no row with it."""
        path, whole = stray_mark

        assert streamed(path, Options(), size) == whole

    def test_every_cell_quoted(self, tmp_path):
        """As R and SAS write it, with line ends of Windows and other delimiters."""
        rows = [";".join(f'"{cell}"' for cell in row.split(",")) for row in [HEADER, *plain(40)]]
        path = tmp_path / "a.csv"
        path.write_text("\r\n".join(rows), encoding="utf-8", newline="")

        agree(path)

    def test_blank_and_empty_lines(self, tmp_path):
        """A blank line is none, a line of delimiters is a row without content."""
        rows = plain(30)
        rows[12:12] = ["", "   ", ",,,,,,,", ""]
        told = agree(written(tmp_path / "a.csv", *rows))

        assert told["warnings"]["empty-row"] == 1


def test_gzip(tmp_path):
    """A file that is inflated as it streams by is the same."""
    path = written(tmp_path / "a.csv", *plain(50))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    whole = held(path, Options())

    found = streamed(packed, Options(), 300)

    assert found is not None
    assert found["rows"] == whole["rows"]


def test_a_truncated_gzip(tmp_path):
    """What is cut short is refused, not flagged up to there."""
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress("\n".join([HEADER, *plain(5000)]).encode())[:-400])

    told = streamed(packed, Options(), 300)

    assert told == {
        "refused": [
            f"{packed}  unreadable (error): {CUT_SHORT}",
        ]
    }


OBJECT = (
    '{{"patient": "P{n}", "date": "2020-03-{day:02}", "test": "CD4", "result": {n}, '
    '"units": "/µL"}}'
)
FIRST = OBJECT.format(n=1, day=1)


class TestNdjson:
    """Rows as JSON objects: of one shape, of many, and lines that are no rows."""

    def objects(self, count):
        """Lines of one shape of which nothing is to be said."""
        return [OBJECT.format(n=n, day=n % 28 + 1) for n in range(1, count + 1)]

    def test_of_one_shape(self, tmp_path):
        """Lines are numbered as an editor does, the first one being a row."""
        told = agree(written(tmp_path / "a.ndjson", *self.objects(50)[1:], header=FIRST))

        assert told["rows"].splitlines()[1].endswith(",1,")
        assert told["counts"] == "50 rows read: 50 used, 0 with errors"

    def test_a_key_that_comes_late(self, tmp_path):
        """A column that only the last line has is one of all rows."""
        last = FIRST.replace("}", ', "low": 1}')
        told = agree(written(tmp_path / "a.ndjson", *self.objects(60), header=last))
        late = agree(written(tmp_path / "b.ndjson", *self.objects(60)[1:], last, header=FIRST))

        assert told["rows"].startswith("patient,date,test,result,units,low,")
        assert late["rows"].startswith("patient,date,test,result,units,low,")

    def test_more_shapes_than_are_looked_for(self, tmp_path):
        """Keys in another order on every line, and spaces wherever JSON allows them."""
        lines = []
        for n, line in enumerate(self.objects(60)):
            members = [*json.loads(line).items(), (f"x{n % 30}", None)]
            text = json.dumps(dict(members[n % 5 :] + members[: n % 5]), indent=n % 3 or None)
            lines.append(text.replace("\n", "\r"))

        agree(written(tmp_path / "a.ndjson", *lines, header=FIRST))

    def test_numbers_and_texts_of_the_same_digits(self, tmp_path):
        """A number has a decimal point; a text with three digits behind a sign says neither."""
        number = OBJECT.format(n=1, day=5).replace('"result": 1,', '"result": 1.234,')
        text = number.replace("1.234", '"1.234"').replace("-05", "-06")
        told = agree(written(tmp_path / "a.ndjson", *[number, text] * 3, header=number))

        assert told["warnings"]["repeated-result"] == 3
        assert set(told["errors"]) == {
            f"{tmp_path}/a.ndjson:{line} result='1.234'  ambiguous-number (error): another number "
            "with a decimal comma than with a decimal point. Add --decimal point or --decimal "
            "comma."
            for line in (3, 5, 7)
        }

    def test_true_and_false_on_many_lines(self, tmp_path):
        """They are told at each of their lines and counted for each of their keys."""
        lines = [line.replace("}", ', "fasting": true}') for line in self.objects(40)]
        told = agree(written(tmp_path / "a.ndjson", *lines, header=FIRST))

        assert told["warnings"]["truth-value"] == 40
        assert str(told["list"]).count(",truth-value,") == 40

    def test_a_stated_encoding(self, tmp_path):
        """What is not UTF-8 is read where the user says what it is."""
        path = tmp_path / "a.ndjson"
        text = "\n".join(line.replace("P", "É") for line in self.objects(40))
        path.write_bytes(text.encode("latin-1"))
        told = agree(path, Options(encoding="latin-1"))

        assert str(told["told"]).startswith(f"['{path}: ISO 8859-1; NDJSON; ")
        refused = "the byte 0xc9 is not UTF-8 text. Export it again as UTF-8."
        assert agree(path)["refused"] == [f"{path}:1  unreadable (error): {refused}"]

    @pytest.mark.parametrize("line", [FIRST.replace("test", "assay"), '{"a": [1]}'])
    def test_a_key_that_comes_while_it_is_read(self, tmp_path, line):
        """A file that another program writes on is refused, and no key of it lost."""
        path = written(tmp_path / "a.ndjson", *self.objects(9), header=FIRST)
        file = json_file(path, "a.ndjson", Options(), 300)
        path.write_text(f"{FIRST}\n{line}\n", encoding="utf-8")

        with pytest.raises(InvalidInput) as caught:
            list(json_lots(file))
        assert [problem.code for problem in caught.value.problems] == ["changed-file"]

    def test_a_stated_encoding_of_a_file_longer_than_its_head(self, tmp_path):
        """The first bytes that tell it need not end with a letter."""
        path = tmp_path / "a.ndjson"
        for blank in ("", " "):
            long = blank + FIRST.replace("P1", "é" * HEAD)
            path.write_text(f"{FIRST}\n{long}\n", encoding="utf-8")
            file = json_file(path, "a.ndjson", Options(encoding="utf-8"), 2**20)

            assert file.header.cells == ["patient", "date", "test", "result", "units"]

    def test_too_many_keys(self, tmp_path):
        """A file in which keys are values is refused before it fills the memory."""
        lines = [json.dumps({f"P{n}": n}) for n in range(1200)]
        told = agree(written(tmp_path / "a.ndjson", *lines, header=FIRST), size=3000)

        said = "too-large (error): the objects have more than 1000 different keys up to here. Give"
        fix = "each kind of value one key: the keys are the columns of a table."
        assert told["refused"] == [f"{tmp_path}/a.ndjson:997  {said} {fix}"]

    def test_gzip(self, tmp_path):
        """A file that is inflated as it streams by."""
        path = tmp_path / "a.ndjson.gz"
        path.write_bytes(gzip.compress("\n".join(self.objects(50)).encode()))

        assert agree(path)["counts"] == "50 rows read: 50 used, 0 with errors"


json_cells = st.one_of(
    st.sampled_from(["CD4", "P1", "2020-03-01", "5", "1.234", "<5", "", " ", "µ", 'a"b', "a\nb"]),
    st.sampled_from(["\\", "/\u00b5L", "\U0001f600", "=1+1"]),
    st.integers(),
    st.floats(allow_nan=False),
    st.none(),
    st.booleans(),
    st.lists(st.integers(), max_size=1),
)
objects = st.dictionaries(
    st.sampled_from(["patient", "date", "test", "result", "units", "low", "other", "a b", "é"]),
    json_cells,
)
json_lines = st.one_of(
    st.tuples(objects, st.booleans()).map(lambda two: json.dumps(two[0], ensure_ascii=two[1])),
    objects.map(lambda row: json.dumps(row, separators=(",", ":"))),
    st.sampled_from(
        ["", "  ", "[1]", "7", "{", '{"a":1,"a":2}', '{"patient":"P1"', "\x00", "{}\r"]
    ),
    st.sampled_from(['{"patient":"\\ud800","test":"CD4"}', '{"patient":"\\x"}', '{"result":1.50}']),
    st.sampled_from(['{"result":01}', '{"result":+1}', '{"result":"\t"}', '\ufeff{"result":1}']),
)
WHOLE_ROW = '{"patient":"P1","date":"2020-03-01","test":"CD4","result":5.0}'


@settings(max_examples=examples(67), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(rows=st.lists(json_lines, max_size=20), size=st.integers(60, 600))
def test_random_lines(tmp_path_factory, rows, size):
    """Any lines, any blocks: nothing but rows of plain values is cut by a pattern."""
    path = written(tmp_path_factory.mktemp("random") / "a.ndjson", *rows, header=WHOLE_ROW)

    found = streamed(path, Options(format="ndjson"), size)

    assert found in (None, held(path, Options(format="ndjson")))


cells = st.tuples(
    st.sampled_from(["A", "B", " C", "", "#D"]),
    st.sampled_from(
        ["2020-03-01", "2020-03-01T08:00", "2020-03-01 08:00:30", "2020-02-30", "1/2/2020", ""]
    ),
    st.sampled_from(["CD4", "lymphocytes", "CRP", "patient", ""]),
    st.sampled_from(["5", "<5", "1,5", "1.234", "neg", "x", '"5"', '"a\nb"', '"', "", "-1", "9e9"]),
    st.sampled_from(["/µL", "10*9/L", "%", "furlongs", ""]),
    st.sampled_from(["", "1", "x"]),
    st.sampled_from(["", "0", "2"]),
    st.sampled_from(["", "y", "y,z", '"q"']),
).map(",".join)


@settings(max_examples=examples(33), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(rows=st.lists(cells, min_size=1, max_size=25), size=st.integers(60, 600))
def test_random_files(tmp_path_factory, rows, size):
    """Any rows, any blocks."""
    path = written(tmp_path_factory.mktemp("random") / "a.csv", *rows)

    found = streamed(path, Options(), size)

    assert found in (None, held(path, Options()))
