"""Several results of one sample: counted once, settled by status, or by what the user says."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from immunotrack.annotated import flagged_results
from immunotrack.readers import Options, Source, read_source
from strategies import examples

HEADER = "patient,date,test,value,unit,status\n"
AT = "2020-03-01T08:00"


def read(text: str, **options) -> Source:
    """What is read from a text as the only file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labs.csv"
        path.write_text(text, encoding="utf-8")
        return read_source(str(path), Options(**options))


def rows_of(*rows: str) -> str:
    """Rows of CD4 of one sample: `350,/µL,final`."""
    return HEADER + "".join(f"P,{AT},CD4,{row}\n" for row in rows)


def fates(source: Source) -> list[str]:
    """What became of each row, in the file's order."""
    return source.results.sort("row")["fate"].to_list()


def told(source: Source) -> list[tuple[int | None, str, str]]:
    """Line, code and message of each problem of a result."""
    return [
        (p.line, p.code, p.message)
        for p in source.problems
        if p.code not in {"unit-changes", "unknown-analyte"}
    ]


class TestIdentical:
    """The same result twice is counted once, and told."""

    def test_counted_once(self):
        """The first row counts; the second says where the first stands."""
        source = read(rows_of("350,/µL,", "350,/µL,"))

        assert fates(source) == ["used", "merged"]
        assert told(source) == [
            (
                3,
                "repeated-result",
                "the same result of the same sample stands at line 2 and is counted once",
            )
        ]
        assert source.counts.said("row") == (
            "2 rows read: 1 used, 1 merged with another, 0 with errors"
        )

    def test_in_another_unit(self):
        """350 /µL and 0.350 G/L are one result."""
        assert fates(read(rows_of("350,/µL,", "0.350,G/L,"))) == ["used", "merged"]

    def test_under_another_name(self):
        """CD4 and CD3+CD4+ are one analyte."""
        source = read(f"{HEADER}P,{AT},CD4,350,/µL,\nP,{AT},CD3+CD4+,350,/µL,\n")

        assert fates(source) == ["used", "merged"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("P,2020-03-01T08:00,CD4,350,/µL,", "Q,2020-03-01T08:00,CD4,350,/µL,"),
            ("P,2020-03-01T08:00,CD4,350,/µL,", "P,2020-03-01T08:01,CD4,350,/µL,"),
            ("P,2020-03-01T08:00,CD4,350,/µL,", "P,2020-03-01T08:00,CD8,350,/µL,"),
            ("P,2020-03-01T08:00Z,CD4,350,/µL,", "P,2020-03-01T08:00+02:00,CD4,350,/µL,"),
            ("P,2020-03-01T08:00,CD4,350,/µL,", " P,2020-03-01T08:00,CD4,350,/µL,"),
        ],
    )
    def test_another_sample(self, one, other):
        """Another patient, moment, analyte or zone is another sample."""
        assert fates(read(f"{HEADER}{one}\n{other}\n")) == ["used", "used"]

    def test_the_flag_of_a_repeated_row(self):
        """The row that is counted elsewhere has the flag of the one that counts."""
        flagged = flagged_results(read(rows_of("350,/µL,", "350,/µL,")))

        assert flagged["flag"].to_list() == ["L", "L"]

    def test_another_range_is_another_result(self):
        """350 in 300-500 is N, and 350 in 400-500 is L: one of the two ranges is wrong."""
        source = read(
            "patient,date,test,value,unit,low,high\n"
            f"P,{AT},CD4,350,/µL,300,500\nP,{AT},CD4,350,/µL,400,500\n"
        )

        assert fates(source) == ["error", "error"]

    def test_words(self):
        """The same answer in words twice is one result."""
        source = read(f"{HEADER}P,{AT},HBsAg,Positive,,\nP,{AT},HBsAg,Positive,,\n")

        assert fates(source) == ["used", "merged"]

    def test_different_words(self):
        """Positive and Negative of one sample contradict each other."""
        source = read(f"{HEADER}P,{AT},HBsAg,Positive,,\nP,{AT},HBsAg,Negative,,\n")

        assert "conflicting-results" in {problem.code for problem in source.problems}


class TestDifferent:
    """Different results of one sample are a problem unless the user says which to use."""

    def test_refused(self):
        """Both are errors, and each names the other."""
        source = read(rows_of("350,/µL,", "360,/µL,"))

        assert fates(source) == ["error", "error"]
        assert [(line, code) for line, code, _ in told(source)] == [
            (2, "conflicting-results"),
            (3, "conflicting-results"),
        ]
        assert told(source)[0][2] == (
            "a different result of the same analyte at the same moment stands at line 3"
        )
        assert source.problems[0].fix == (
            "Keep the one that is right, or add --duplicates first, last, max or mean."
        )

    def test_the_other_row_is_a_different_one(self):
        """Of 350, 350 and 360 the second does not differ from the first."""
        source = read(rows_of("350,/µL,", "350,/µL,", "360,/µL,"))
        at = {line: message.rpartition(" ")[2] for line, _, message in told(source)}

        assert at == {2: "4", 3: "4", 4: "2"}

    @pytest.mark.parametrize(
        ("policy", "value", "kept"),
        [("first", 350.0, 0), ("last", 340.0, 2), ("max", 360.0, 1), ("mean", 350.0, 0)],
    )
    def test_policies(self, policy, value, kept):
        """One row stands for all; the others are merged and say where it is."""
        source = read(rows_of("350,/µL,", "360,/µL,", "340,/µL,"), duplicates=policy)
        superseded = [entry for entry in told(source) if entry[1] == "superseded-result"]

        assert source.used["value", "value_std", "line"].rows() == [(value, value, kept + 2)]
        assert Counter(fates(source)) == {"used": 1, "merged": 2}
        assert {message for *_, message in superseded} == {
            f"the result of the same sample at line {kept + 2} is used instead"
        }

    def test_the_mean_is_told(self):
        """The row that stands for a mean says so."""
        source = read(rows_of("350,/µL,", "361,/µL,"), duplicates="mean")

        assert source.used["value"].to_list() == [355.5]
        assert told(source)[0] == (
            2,
            "averaged-result",
            "the mean of several results of the same sample is used, also of line 3",
        )

    @pytest.mark.parametrize("policy", ["max", "mean"])
    def test_censored_results_have_neither_maximum_nor_mean(self, policy):
        """`<5` and 350 are not averaged: it stays a problem."""
        assert fates(read(rows_of("<5,/µL,", "350,/µL,"), duplicates=policy)) == ["error", "error"]

    @pytest.mark.parametrize(("policy", "sign"), [("first", "<"), ("last", "")])
    def test_censored_results_have_a_first_and_a_last(self, policy, sign):
        """The comparator comes with the row that is used."""
        used = read(rows_of("<5,/µL,", "350,/µL,"), duplicates=policy).used

        assert used["comparator"].to_list() == [sign]

    def test_units_that_convert_have_a_maximum(self):
        """0.36 G/L is more than 350 /µL."""
        source = read(rows_of("350,/µL,", "0.36,G/L,"), duplicates="max")

        assert source.used["value_std"].to_list() == [360.0]

    def test_days_without_a_time_are_only_doubted(self):
        """Two results of a day may be of two samples: both are used."""
        source = read(f"{HEADER}P,2020-03-01,CD4,350,/µL,\nP,2020-03-01,CD4,360,/µL,\n")

        assert fates(source) == ["used", "used"]
        assert told(source) == [
            (
                3,
                "same-day-results",
                "a different result of that day, without a time of day, stands at line 2",
            )
        ]

    def test_identical_rows_beside_a_different_one(self):
        """Of 350, 350 and 360 on one day the second 350 is the first once more."""
        day = "P,2020-03-01,CD4"
        source = read(f"{HEADER}{day},350,/µL,\n{day},350,/µL,\n{day},360,/µL,\n")

        assert fates(source) == ["used", "merged", "used"]

    def test_identical_rows_do_not_weigh_twice(self):
        """The mean of 350 and 360 is 355 also where 350 stands twice."""
        source = read(rows_of("350,/µL,", "350,/µL,", "360,/µL,"), duplicates="mean")

        assert source.used["value"].to_list() == [355.0]

    def test_unknown_analytes_are_only_doubted(self):
        """A name that we do not know may stand for two methods."""
        source = read(f"{HEADER}P,{AT},CRP,5,mg/L,\nP,{AT},CRP,6,mg/L,\n")

        assert fates(source) == ["used", "used"]
        assert [code for _, code, _ in told(source)] == ["conflicting-results"]


class TestStatus:
    """A correction wins over a final result, and that over a preliminary one."""

    @pytest.mark.parametrize("policy", ["refuse", "first", "last", "max", "mean"])
    @pytest.mark.parametrize("status", ["corrected", "amended", " C ", "Appended"])
    def test_a_correction_wins(self, policy, status):
        """Whatever the policy, wherever the correction stands."""
        for rows in (("350,/µL,final", f"340,/µL,{status}"), (f"340,/µL,{status}", "350,/µL,F")):
            source = read(rows_of(*rows), duplicates=policy)

            assert source.used["value"].to_list() == [340.0]
            assert Counter(fates(source)) == {"used": 1, "merged": 1}

    def test_a_final_result_wins_over_a_preliminary_one(self):
        """The preliminary one is told by the final one."""
        source = read(rows_of("340,/µL,preliminary", "350,/µL,"))

        assert source.used["value"].to_list() == [350.0]
        assert told(source) == [
            (2, "superseded-result", "the result of the same sample at line 3 is used instead")
        ]

    def test_two_corrections(self):
        """Two different corrections are a conflict, the final result below them is not in it."""
        source = read(rows_of("350,/µL,F", "340,/µL,C", "330,/µL,C"))

        assert fates(source) == ["merged", "error", "error"]

    def test_outranked_rows_are_not_called_the_same(self):
        """350 and 360 are superseded by 340, and neither is the same result."""
        source = read(rows_of("350,/µL,F", "360,/µL,F", "340,/µL,C"))

        assert {code for _, code, _ in told(source)} == {"superseded-result"}

    @pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "X", "W"])
    def test_a_withdrawn_result(self, status):
        """What its laboratory withdrew is no measurement (HL7 v2 table 0085 has X and W)."""
        assert fates(read(rows_of(f"350,/µL,{status}"))) == ["aside"]


VALUES = ["350", "360", "0.35", "<5", "<=5", ">400", "not detected", "pending", "Positive", "", "x"]


@st.composite
def tables(draw):
    """Rows of a few patients, moments and analytes, so that many are of one sample."""
    row = st.tuples(
        st.sampled_from(["P", "Q"]),
        st.sampled_from([AT, "2020-03-01", "2020-03-02T08:00", "", "soon"]),
        st.sampled_from(["CD4", "CD3+CD4+", "CRP", ""]),
        st.sampled_from(VALUES),
        st.sampled_from(["/µL", "G/L", ""]),
        st.sampled_from(["", "F", "C", "P"]),
    )
    return draw(st.lists(row, min_size=1, max_size=8))


def _text(rows) -> str:
    return HEADER + "".join(",".join(row) + "\n" for row in rows)


def _used(source: Source) -> Counter[tuple[object, ...]]:
    keys = ["patient_id", "time", "analyte", "comparator", "value_std", "unit_std"]
    shown = source.used.with_columns(value_std=pl.coalesce("value_std", "value"))
    return Counter(shown.select(keys).rows())


SOME = settings(deadline=None, max_examples=examples(30))
"""Each example reads a file, or two."""


class TestProperties:
    """What holds for any table."""

    @SOME
    @given(tables(), st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, rows, random):
        """The same rows in another order give the same values, the same errors and counts."""
        other = random.sample(rows, len(rows))
        ours, theirs = read(_text(rows)), read(_text(other))

        assert _used(ours) == _used(theirs)
        assert ours.counts == theirs.counts

    @SOME
    @given(tables(), st.randoms(use_true_random=False))
    def test_order_does_not_matter_to_a_maximum(self, rows, random):
        """Nor with --duplicates max."""
        other = random.sample(rows, len(rows))
        ours, theirs = (read(_text(table), duplicates="max") for table in (rows, other))

        assert _used(ours) == _used(theirs)

    @SOME
    @given(tables(), st.sampled_from(["refuse", "first", "last", "max", "mean"]))
    def test_every_row_has_one_fate(self, rows, policy):
        """Used, merged, set aside and wrong add up to the rows of the file."""
        source = read(_text(rows), duplicates=policy)
        counts = source.counts

        assert counts.read == len(rows)
        assert counts.read == (counts.used + counts.merged + counts.aside.total() + counts.wrong)

    @SOME
    @given(tables(), st.sampled_from(["first", "last"]))
    def test_a_settled_sample_has_one_result(self, rows, policy):
        """After first or last no sample has two different numbers."""
        source = read(_text(rows), duplicates=policy)
        numbers = source.used.filter(pl.col("value").is_not_null(), pl.col("time").is_not_null())
        sample = ["patient_id", "time", "analyte"]

        assert not numbers.select(sample).is_duplicated().any()

    @SOME
    @example([("P", "2020-03-01", "CD4", value, "/µL", "") for value in ("350", "360")])
    @given(tables())
    def test_once_more_changes_nothing(self, rows):
        """A file whose rows all stand twice has the same numbers."""
        numbers = [row for row in rows if row[3] in VALUES[:6]] or [tuple("PTCV/F")]
        once, twice = read(_text(numbers)), read(_text(numbers * 2))

        assert _used(once) == _used(twice)
        assert twice.counts.read == 2 * once.counts.read
