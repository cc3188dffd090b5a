"""Flags: the truth table, its laws, and which range applies."""

from decimal import Decimal

import narwhals as nw
import pandas as pd
import polars as pl
import polars.testing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.flags import FLAGS, flag
from immunotrack.problems import InvalidInput
from immunotrack.ranges import RangeSet, choose_range_sets
from immunotrack.units import convert
from strategies import BACKENDS, SIGNS, column, examples, flaggable, table

QUICK = settings(max_examples=examples(50), deadline=None)
FEW = settings(max_examples=examples(25), deadline=None)
"""For laws that are asked of pandas too, which takes ten times as long."""

SITE = RangeSet.model_validate(
    {
        "name": "site",
        "source": "made up",
        "range": [{"analyte": "cd4", "low": 400, "high": 1000, "unit": "cells/µL"}],
    }
)

TRUTH = [
    # low, high, comparator, value, flag: the range 10 to 20
    (10, 20, "", 9, "L"),
    (10, 20, "", 10, "N"),
    (10, 20, "", 15, "N"),
    (10, 20, "", 20, "N"),
    (10, 20, "", 21, "H"),
    (10, 20, "", 0, "L"),
    (10, 20, "<", 9, "L"),
    (10, 20, "<", 10, "L"),
    (10, 20, "<", 11, "IND"),
    (10, 20, "<", 20, "IND"),
    (10, 20, "<", 25, "IND"),
    (10, 20, "<=", 9, "L"),
    (10, 20, "<=", 10, "IND"),
    (10, 20, "<=", 15, "IND"),
    (10, 20, "<=", 25, "IND"),
    (10, 20, ">", 5, "IND"),
    (10, 20, ">", 10, "IND"),
    (10, 20, ">", 15, "IND"),
    (10, 20, ">", 20, "H"),
    (10, 20, ">", 25, "H"),
    (10, 20, ">=", 5, "IND"),
    (10, 20, ">=", 15, "IND"),
    (10, 20, ">=", 20, "IND"),
    (10, 20, ">=", 21, "H"),
    (10, 20, "<", None, "IND"),
    (10, 20, "", None, ""),
    # a lower limit only
    (10, None, "", 9, "L"),
    (10, None, "", 10, "N"),
    (10, None, "", 99, "N"),
    (10, None, "<", 10, "L"),
    (10, None, "<", 11, "IND"),
    (10, None, "<=", 9, "L"),
    (10, None, "<=", 10, "IND"),
    (10, None, ">", 9, "IND"),
    (10, None, ">", 10, "N"),
    (10, None, ">", 99, "N"),
    (10, None, ">=", 9, "IND"),
    (10, None, ">=", 10, "N"),
    (10, None, "<", None, "IND"),
    # an upper limit only
    (None, 20, "", 0, "N"),
    (None, 20, "", 20, "N"),
    (None, 20, "", 21, "H"),
    (None, 20, "<", 0.5, "N"),
    (None, 20, "<", 20, "N"),
    (None, 20, "<", 21, "IND"),
    (None, 20, "<=", 20, "N"),
    (None, 20, "<=", 21, "IND"),
    (None, 20, ">", 19, "IND"),
    (None, 20, ">", 20, "H"),
    (None, 20, ">=", 20, "IND"),
    (None, 20, ">=", 21, "H"),
    (None, 20, "<", None, "IND"),
    # a range from zero
    (0, 20, "", 0, "N"),
    (0, 20, "<", 5, "N"),
    (0, 20, "<", 20, "N"),
    (0, 20, "<=", 20, "N"),
    (0, 20, "<=", 0, "N"),
    (0, 20, "<", 21, "IND"),
    (0, 20, "<=", 21, "IND"),
    (0, 20, ">", 5, "IND"),
    (0, 20, ">", 20, "H"),
    (0, 20, ">=", 21, "H"),
    (0, 20, "<", None, "IND"),
    # no range
    (None, None, "", 5, ""),
    (None, None, "<", 5, ""),
    (None, None, ">=", 5, ""),
    (None, None, "<", None, ""),
]

CRITICAL = [
    # comparator, value, flag: critical below 5 and above 30, range 10 to 20
    ("", 4, "LL"),
    ("", 5, "L"),
    ("", 9, "L"),
    ("", 10, "N"),
    ("", 20, "N"),
    ("", 21, "H"),
    ("", 30, "H"),
    ("", 31, "HH"),
    ("<", 5, "LL"),
    ("<=", 4, "LL"),
    ("<=", 5, "L"),
    ("<", 6, "L"),
    ("<", 10, "L"),
    ("<", 11, "IND"),
    (">", 30, "HH"),
    (">=", 31, "HH"),
    (">=", 30, "H"),
    (">", 20, "H"),
    (">=", 20, "IND"),
    (">", 3, "IND"),
    ("<", None, "IND"),
]


def flags_of(backend, rows):
    """The flags of rows of comparator, value, low, high."""
    return column(flag(flaggable(backend, rows), "none"), "flag")


def counts(backend, *, value=500.0, **given):
    """A table of one CD4 count."""
    columns = {"analyte": ["CD4"], "value": [value], "unit": ["/µL"]}
    return table(backend, **columns, **given)


# --- the truth table


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_truth_table_of_flags(backend):
    """Every comparator below, at, between and above limits; the flags were worked out by hand."""
    rows = [(comparator, value, low, high) for low, high, comparator, value, _ in TRUTH]
    found = flags_of(backend, rows)

    assert [(*row, got) for row, got in zip(rows, found, strict=True)] == [
        (*row, truth[-1]) for row, truth in zip(rows, TRUTH, strict=True)
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_truth_table_of_critical_flags(backend):
    """A critical limit is closed; a censored result surely low and perhaps critical is L."""
    frame = flaggable(backend, [(sign, value, 10, 20) for sign, value, _ in CRITICAL])
    frame = (
        nw.from_native(frame)
        .with_columns(critical_low=nw.lit(5.0), critical_high=nw.lit(30.0))
        .to_native()
    )

    assert column(flag(frame, "none"), "flag") == [expected for _, _, expected in CRITICAL]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("comparator", "expected"), [("", ""), ("<", "<"), ("<=", "<"), (">", ">"), (">=", ">")]
)
def test_a_censored_result_lies_beyond_the_scale(backend, comparator, expected):
    """Off scale is said of the assay, whatever the range says."""
    frame = flaggable(backend, [(comparator, 15, 10, 20)])

    assert column(flag(frame, "none"), "off_scale") == [expected]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (0.7999999999999999, 0.8, 4.0),
        (0.1 + 0.2, 0.1, 0.3),
        (1.1 * 3, None, 3.3),
        (1.1 * 1.1 * 1.1, None, 1.331),
        (0.7999999999999999e9, 0.8e9, None),
    ],
)
def test_rounding_noise_does_not_leave_the_range(backend, value, low, high):
    """0.7999999999999999 is 0.8 as binary fractions have it, and equal to a limit is in range."""
    assert flags_of(backend, [("", value, low, high)]) == ["N"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("value", "expected"), [(0.7999999999, "L"), (4.0000000001, "H")])
def test_a_difference_that_can_be_written_is_no_noise(backend, value, expected):
    """One in ten digits is a difference."""
    assert flags_of(backend, [("", value, 0.8, 4.0)]) == [expected]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_value_that_is_not_a_number_has_no_flag(backend):
    """Nan in a frame is a missing value, in pandas and in Polars alike."""
    frame = flaggable(backend, [("", float("nan"), 10, 20)])

    assert column(flag(frame, "none"), "flag") == [""]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_limit_that_is_not_a_number_is_no_limit(backend):
    """Nan as the lower limit leaves a range with an upper side only."""
    frame = flaggable(backend, [("", 5, float("nan"), 20)])

    assert column(flag(frame, "none"), "flag") == ["N"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_age_that_is_not_a_number_is_not_known(backend):
    """Nan as the age is no age, so the range of adults is applied (414-1123, PMC7695552)."""
    assert column(flag(counts(backend, age_years=[float("nan")])), "flag") == ["N"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("", float("inf"), 10, 20), "not-a-number"),
        (("", 5, 20, 10), "inverted-range"),
        (("~", 5, 10, 20), "bad-entry"),
    ],
)
def test_what_no_reader_lets_through_is_refused(backend, row, code):
    """A frame of one's own may not hold infinity, inverted limits or another comparator."""
    with pytest.raises(InvalidInput) as caught:
        flags_of(backend, [row])

    assert [problem.code for problem in caught.value.problems] == [code]


# --- laws

LIMIT = st.none() | st.integers(0, 12)
RANGE = st.tuples(LIMIT, LIMIT).filter(
    lambda pair: pair[0] <= pair[1] if None not in pair else pair != (None, None)
)
CENSORED = st.sampled_from([("<", 1), ("<=", 0), (">", 0), (">=", 0)]).flatmap(
    lambda sign: st.tuples(st.just(sign[0]), st.integers(sign[1], 14))
)
ALLOWS = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


@QUICK
@given(limits=RANGE, result=CENSORED)
def test_a_censored_flag_is_the_one_flag_of_all_values_it_allows(limits, result):
    """Whole and half numbers up to 20 meet every limit and every gap between two of them."""
    comparator, value = result
    allowed = [half / 2 for half in range(41) if ALLOWS[comparator](half / 2, value)]
    censored, *each = flags_of(
        "polars", [(comparator, value, *limits), *(("", number, *limits) for number in allowed)]
    )

    assert censored == (each[0] if len(set(each)) == 1 else "IND")


@QUICK
@given(
    limits=st.tuples(
        st.floats(1e-6, 1e6, allow_subnormal=False), st.floats(1e-6, 1e6, allow_subnormal=False)
    ).map(sorted)
)
def test_a_value_equal_to_a_limit_is_in_range(limits):
    """Limits are closed on both sides, whatever binary fraction they are."""
    assert flags_of("polars", [("", limit, *limits) for limit in limits]) == ["N", "N"]


@QUICK
@given(
    values=st.lists(st.floats(0, 1e4, allow_subnormal=False), min_size=2, max_size=20),
    limits=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)).map(sorted),
)
def test_the_flag_rises_with_the_value(values, limits):
    """A higher value is never flagged lower: L, then N, then H."""
    ranks = [
        ["L", "N", "H"].index(found)
        for found in flags_of("polars", [("", value, *limits) for value in sorted(values)])
    ]

    assert ranks == sorted(ranks)


RESULTS = st.lists(
    st.tuples(
        st.sampled_from(SIGNS),
        st.none() | st.integers(0, 30),
        st.none() | st.integers(0, 9),
        st.none() | st.integers(10, 20),
    ),
    min_size=1,
    max_size=12,
)


@FEW
@given(rows=RESULTS, data=st.data())
@pytest.mark.parametrize("backend", BACKENDS)
def test_permuted_rows_have_permuted_flags(backend, rows, data):
    """The flag of a row does not depend on where it stands."""
    order = data.draw(st.permutations(range(len(rows))))
    plain = flags_of(backend, rows)

    assert flags_of(backend, [rows[n] for n in order]) == [plain[n] for n in order]


@FEW
@given(rows=RESULTS)
def test_pandas_and_polars_give_equal_flags(rows):
    """One rule serves both kinds of frame."""
    assert flags_of("pandas", rows) == flags_of("polars", rows)


@QUICK
@given(rows=RESULTS, target=st.sampled_from(["G/L", "cells/mL", "10*6/L", "10*12/L"]))
def test_another_unit_of_value_and_limits_keeps_the_flag(rows, target):
    """A flag belongs to the sample and not to the unit in which it is written."""

    def scaled(number):
        return None if number is None else float(convert(Decimal(number), "cells/µL", target))

    there = [(sign, *map(scaled, numbers)) for sign, *numbers in rows]

    assert flags_of("polars", there) == flags_of("polars", rows)


@QUICK
@given(value=st.integers(0, 3000))
def test_a_built_in_range_gives_the_same_flag_in_any_unit(value):
    """A CD4 count written per µL, per mm³, in G/L and per mL is one count."""
    units = ["/µL", "/mm3", "G/L", "cells/mL"]
    frame = table(
        "polars",
        analyte=["CD4"] * 4,
        value=[float(convert(Decimal(value), "/µL", unit)) for unit in units],
        unit=units,
    )

    assert len(set(column(flag(frame), "flag"))) == 1


# --- which range applies


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("value", "expected"), [(413.0, "L"), (414.0, "N"), (1123.0, "N"), (1124.0, "H")]
)
def test_the_default_set_applies_where_nothing_else_is_said(backend, value, expected):
    """PMC7695552, Table 2: CD4 414-1123 per µL."""
    found = flag(counts(backend, value=value))

    assert [column(found, name) for name in ("low", "high", "range_source", "flag")] == [
        [414.0],
        [1123.0],
        ["covid-cohort-2020"],
        [expected],
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_range_beside_the_result_beats_every_set(backend):
    """The laboratory's own limits are the ones its result is read against, one side of them too."""
    found = flag(counts(backend, value=450.0, low=[460.0]), [SITE])

    assert [column(found, name) for name in ("low", "high", "range_source", "flag")] == [
        [460.0],
        [None],
        ["file"],
        ["L"],
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_set_given_as_an_object_beats_the_default_ones(backend):
    """410 is low against 414 and normal against the site's 400."""
    found = flag(counts(backend, value=410.0), [SITE])

    assert [column(found, "range_source"), column(found, "flag")] == [["site"], ["N"]]


def test_a_set_may_be_named_by_a_bare_text():
    """One name needs no list: Mayo 2013 has 424 for a man of 50."""
    found = flag(counts("pandas", value=420.0, age_years=[50.0]), "mayo-2013")

    assert [column(found, "range_source"), column(found, "flag")] == [["mayo-2013"], ["L"]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_sets_beside_limits_of_the_file_serve_the_other_rows(backend):
    """A file that gives limits in one row gets a set's in the next."""
    frame = table(
        backend,
        analyte=["CD4", "CD4"],
        value=[450.0, 450.0],
        unit=["/µL", "/µL"],
        low=[460.0, None],
    )

    assert column(flag(frame), "range_source") == ["file", "covid-cohort-2020"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_limits_of_an_earlier_set_are_not_taken_for_the_file_s(backend):
    """A flagged table flagged again with another set has that set's limits."""
    again = flag(flag(counts(backend, value=410.0)), [SITE])

    assert [column(again, "range_source"), column(again, "flag")] == [["site"], ["N"]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_range_is_never_normal(backend):
    """Without a range flag and source stay empty."""
    found = flag(counts(backend), "none")

    assert [column(found, name) for name in ("low", "range_source", "flag")] == [[None], [""], [""]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("sex", "age", "source"),
    [
        ("male", 40.0, "singapore-2004"),
        ("", 40.0, "covid-cohort-2020"),
        ("male", 17.0, ""),
        ("male", None, "singapore-2004"),
    ],
)
def test_sex_and_age_of_the_row_choose_the_range(backend, sex, age, source):
    """Singapore 2004 holds for adults of one sex, and for a known sex of unknown age."""
    found = flag(counts(backend, sex=[sex], age_years=[age]), ["singapore-2004"])

    assert column(found, "range_source") == [source]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_decision_limit_makes_no_flag(backend):
    """5 000 AB/C is below both decision limits and has no flag."""
    frame = table(backend, analyte=["mHLA-DR"], value=[5000.0], unit=["AB/C"])

    assert column(flag(frame), "flag") == [""]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("unit", ["%", "", "furlongs"])
def test_a_set_says_nothing_of_a_unit_without_conversion(backend, unit):
    """Lymphocytes in per cent are not flagged against counts."""
    frame = table(backend, analyte=["lymphocytes"], value=[20.0], unit=[unit])

    assert column(flag(frame), "flag") == [""]


# --- the frame


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_row_comes_back_in_its_place(backend):
    """Rows keep their order and number, equal rows included."""
    frame = table(
        backend,
        analyte=["CD4", "CD8", "CD4", "CD4"],
        value=[1.0, 2.0, 3.0, 1.0],
        unit=["/µL"] * 4,
    )

    assert column(flag(frame), "value") == [1.0, 2.0, 3.0, 1.0]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_the_caller_s_kind_of_frame_comes_back(kind):
    """Pandas in, pandas out; Polars in, Polars out."""
    frame = kind({"analyte": ["CD4"], "value": [350.0], "unit": ["/µL"]})

    assert type(flag(frame)) is kind


def test_the_caller_s_pandas_frame_is_not_changed():
    """A flagged table is a new table."""
    frame = pd.DataFrame({"analyte": ["CD4"], "value": [350], "unit": ["/µL"], "own": ["x"]})
    before = frame.copy(deep=True)
    flag(frame)

    pd.testing.assert_frame_equal(frame, before)


def test_the_caller_s_polars_frame_is_not_changed():
    """A flagged table is a new table."""
    frame = pl.DataFrame({"analyte": ["CD4"], "value": [350], "unit": ["/µL"], "own": ["x"]})
    before = frame.clone()
    flag(frame)

    polars.testing.assert_frame_equal(frame, before)


def test_the_index_of_a_pandas_frame_stays():
    """A column taken from the flagged table goes to the right rows of the table it came from."""
    frame = pd.DataFrame({"analyte": ["CD4"] * 3, "value": [1.0, 500.0, 5000.0], "unit": "/µL"})
    some = frame.iloc[[2, 0]]

    assert flag(some)["flag"].to_dict() == {2: "H", 0: "L"}


def test_a_filtered_pandas_frame_is_flagged_row_by_row():
    """An index with gaps moves no limit to another row."""
    frame = pd.DataFrame({"analyte": ["CD4"] * 3, "value": [1.0, 500.0, 5000.0], "unit": "/µL"})

    assert column(flag(frame[frame["value"] != 1.0]), "flag") == ["N", "H"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_table_stays_empty(backend):
    """No row in, no row out."""
    assert column(flag(table(backend, analyte=[], value=[], unit=[])), "flag") == []


def test_missing_columns_are_named():
    """The error says which columns the table lacks."""
    with pytest.raises(ValueError, match="column") as caught:
        flag(pd.DataFrame({"analyte": ["CD4"]}))

    assert str(caught.value) == "the table has no column value, unit"


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_column_of_text_values_is_refused(kind):
    """A result text is read by the reader and is not guessed at here."""
    with pytest.raises(TypeError) as caught:
        flag(kind({"analyte": ["CD4"], "value": ["<5"], "unit": ["/µL"]}))

    assert (
        str(caught.value) == "the column value must hold numbers; read text with immunotrack.read"
    )


def test_an_unknown_set_is_refused():
    """A misspelt set is an error and not silence."""
    with pytest.raises(InvalidInput) as caught:
        flag(counts("pandas"), "mayo")

    assert [problem.message for problem in caught.value.problems] == ["'mayo' is not known"]


def test_the_flags_are_those_of_hl7():
    """HL7 v2 table 0078 has N, L, H, LL and HH; IND is FHIR's indeterminate."""
    assert FLAGS == ("N", "L", "H", "LL", "HH", "IND")


def test_objects_and_names_of_sets_may_be_mixed():
    """The first that is given wins, be it a name or an object."""
    found = flag(counts("polars", value=410.0, age_years=[50.0]), ["mayo-2013", SITE])

    assert column(found, "range_source") == ["mayo-2013"]


def test_the_default_sets_are_the_ones_that_apply_without_a_choice():
    """Flagging without a choice is flagging with the default sets by name."""
    frame = counts("polars", value=410.0)

    assert column(flag(frame, choose_range_sets()), "flag") == column(flag(frame), "flag")
