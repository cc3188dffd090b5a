"""A file that streams by becomes the same, byte for byte, as one that is held in memory."""

import gzip
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agreement import held, streamed
from immunotrack.readers import Options

BAD = Path(__file__).parents[1] / "data" / "bad"

WHOLE = {
    *("empty", "header-only", "header-quote", "text-mac", "text-nul", "text-utf16"),
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


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.csv")))
def test_hostile_files(name):
    """Every hostile file, in blocks of a few rows."""
    path = BAD / f"{name}.csv"
    if name in WHOLE:
        assert streamed(path, Options(), 300) is None
    else:
        agree(path)


class TestWhatTheWholeFileSays:
    """What only the end of a file tells is put right."""

    def test_a_decimal_comma_in_the_last_row(self, tmp_path):
        """Points that divide thousands are known by one comma at the end."""
        rows = [row.replace(",CD4,", ",CD4,1.").replace("1.1", "1.101") for row in plain(60)]
        path = written(tmp_path / "a.csv", *rows, 'P9,2020-04-01,CD4,"2,5",/µL,,,')

        assert "decimal" in str(agree(path)["told"]) + str(agree(path)["list"])

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


class TestRecords:
    """Rows of several lines, and rows that are none, at every place of a block."""

    @pytest.mark.parametrize("size", range(100, 420, 20))
    def test_a_cell_of_several_lines(self, tmp_path, size):
        """A quoted comment of three lines is one row, wherever a block ends."""
        rows = plain(20)
        rows[9] = 'P9,2020-03-10,CD4,9,/µL,,,"one\ntwo, and\nthree"'

        agree(written(tmp_path / "a.csv", *rows), size=size)

    @pytest.mark.parametrize("size", range(100, 420, 20))
    def test_a_stray_quotation_mark(self, tmp_path, size):
        """A mark that is never closed takes no row with it."""
        rows = plain(20)
        rows[9] = 'P9,2020-03-10,CD4,9,/µL,,,"one'

        agree(written(tmp_path / "a.csv", *rows), size=size)

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


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(rows=st.lists(cells, min_size=1, max_size=25), size=st.integers(60, 600))
def test_random_files(tmp_path_factory, rows, size):
    """Any rows, any blocks."""
    path = written(tmp_path_factory.mktemp("random") / "a.csv", *rows)

    found = streamed(path, Options(), size)

    assert found in (None, held(path, Options()))
