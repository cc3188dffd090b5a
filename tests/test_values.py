"""The grammar of a result text, and the intervals that results allow."""

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from immunotrack.values import (
    Bound,
    Kind,
    Result,
    RowResult,
    bounds,
    from_bounds,
    parse_result,
    read_result,
    result_text,
)
from strategies import SIGNS


@pytest.mark.parametrize(
    ("text", "comparator", "number"),
    [
        ("12", "", "12"),
        ("12.3", "", "12.3"),
        (" 12.30\t", "", "12.30"),
        ("0", "", "0"),
        ("007", "", "7"),
        (".5", "", "0.5"),
        ("5.", "", "5"),
        ("+5", "", "5"),
        ("-5", "", "-5"),
        ("1e3", "", "1000"),
        ("1.5E-2", "", "0.015"),
        ("<5", "<", "5"),
        ("< 5", "<", "5"),
        ("<\u00a05", "<", "5"),
        ("> 1000", ">", "1000"),
        (">1000.5", ">", "1000.5"),
        ("<=5", "<=", "5"),
        (">= 5", ">=", "5"),
        ("≤5", "<=", "5"),
        ("≥ 5", ">=", "5"),
        ("<.5", "<", "0.5"),
        ("<0", "<", "0"),
    ],
)
def test_a_number_is_read_with_its_comparator(text, comparator, number):
    """The grammar of the design's table, each text read by hand."""
    kind = Kind.CENSORED if comparator else Kind.NUMBER

    assert parse_result(text) == Result(kind, comparator, Decimal(number), percent=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45%", Result(Kind.NUMBER, "", Decimal(45), percent=True)),
        ("45.5 %", Result(Kind.NUMBER, "", Decimal("45.5"), percent=True)),
        ("<1 %", Result(Kind.CENSORED, "<", Decimal(1), percent=True)),
    ],
)
def test_a_percent_sign_is_kept_as_a_fact(text, expected):
    """A percent sign after the number is no part of it and is not lost."""
    assert parse_result(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1,5",
        "1 234",
        "1.234,5",
        "1,234.5",
        "1'234",
        "1,234,567",
        "1\u00a0234",
        "1\u202f234",
        "<1,5",
        "> 1 000",
        "-1,5",
        "1,5 %",
        "1.2.3",
    ],
)
def test_a_number_that_two_countries_read_differently_is_not_guessed(text):
    """A comma, a blank or a second point in a number makes it of the comma kind, without number."""
    assert parse_result(text) == Result(Kind.COMMA)


@pytest.mark.parametrize(
    "text",
    [
        "pending",
        "haemolysed",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e999",
        "1e-999",
        "٥",
        "１２",
        "1_000",
        "0x10",
        "12 cells",
        "5-10",
        "~5",
        "<",
        ">",
        "<>5",
        "< = 5",
        "=<5",
        "5<",
        "%",
        "-",
        ".",
        "e5",
        "2020-03-02",
        "=1+1",
        "1" * 41,
    ],
)
def test_anything_else_is_text(text):
    """Words, infinities, foreign digits and longer texts are never turned into a number."""
    assert parse_result(text) == Result(Kind.TEXT)


def test_forty_characters_are_still_a_number():
    """The longest text that may be a number has 40 characters."""
    text = "1." + "1" * 38

    assert parse_result(text) == Result(Kind.NUMBER, "", Decimal(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("9.99e29", Kind.NUMBER), ("1e30", Kind.TEXT), ("-1e30", Kind.TEXT), ("<1e30", Kind.TEXT)],
)
def test_a_number_that_no_laboratory_has_is_text(text, kind):
    """From 1e30 on a number is refused."""
    assert parse_result(text).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "not detected",
        "Not Detected",
        "  NOT   DETECTED ",
        "undetectable",
        "never detectable",
        "below detection limit",
        "<LOD",
        "< LLOQ",
        "BDL",
        "non détecté",
        "Indétectable",
        "nicht nachweisbar",
        "niet aantoonbaar",
        "no detectado",
        "non rilevabile",
    ],
)
def test_words_for_nothing_found_are_below_a_limit(text):
    """English, French, German, Dutch, Spanish and Italian words mean: less than some limit."""
    assert parse_result(text) == Result(Kind.NOT_DETECTED, "<")


@pytest.mark.parametrize("text", ["", " ", "\t\u00a0"])
def test_nothing_written_is_empty(text):
    """A blank cell is no result."""
    assert parse_result(text) == Result(Kind.EMPTY)


def test_detected_is_not_read_as_not_detected():
    """Only the whole text counts, not a word in it."""
    assert parse_result("detected").kind is Kind.TEXT


def test_a_limit_of_detection_stands_in_for_a_result_that_found_nothing():
    """Not detected beside a limit of 0.5 is <0.5."""
    assert read_result("not detected", 0.5) == RowResult("not detected", "<", 0.5, False, False)  # noqa: FBT003


def test_a_result_that_found_nothing_may_have_no_limit():
    """Not detected without a limit has a comparator, no value, and says so."""
    assert read_result("not detected") == RowResult("not detected", "<", None, False, True)  # noqa: FBT003


def test_a_limit_of_detection_changes_no_number():
    """A number is what it is, whatever could have been detected."""
    assert read_result("<5", 0.5) == RowResult("censored", "<", 5.0, False, False)  # noqa: FBT003


def test_a_text_has_neither_value_nor_comparator():
    """A limit of detection gives no value to a word."""
    assert read_result("pending", 0.5) == RowResult("text", "", None, False, False)  # noqa: FBT003


@pytest.mark.parametrize(
    ("comparator", "value", "expected"),
    [
        ("", 5.0, (Bound(5.0), Bound(5.0))),
        ("<", 5.0, (Bound(0.0), Bound(5.0, -1))),
        ("<=", 5.0, (Bound(0.0), Bound(5.0))),
        (">", 5.0, (Bound(5.0, 1), Bound(math.inf))),
        (">=", 5.0, (Bound(5.0), Bound(math.inf))),
        ("<", None, (Bound(0.0), Bound(math.inf))),
    ],
)
def test_a_result_allows_an_interval(comparator, value, expected):
    """Each comparator's interval of a quantity that is never negative, by hand."""
    assert bounds(comparator, value) == expected


def test_above_five_lies_above_from_five():
    """Of two lower ends at one value the open one is higher, and of two upper ends lower."""
    assert (max(Bound(5.0), Bound(5.0, 1)), min(Bound(5.0), Bound(5.0, -1))) == (
        Bound(5.0, 1),
        Bound(5.0, -1),
    )


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (Bound(3.0), Bound(3.0), ("", 3.0)),
        (Bound(3.0), Bound(5.0, -1), ("<", 5.0)),
        (Bound(0.0), Bound(5.0), ("<=", 5.0)),
        (Bound(3.0, 1), Bound(math.inf), (">", 3.0)),
        (Bound(3.0), Bound(math.inf), (">=", 3.0)),
        (Bound(0.0), Bound(math.inf), ("<", None)),
    ],
)
def test_an_interval_becomes_one_comparator_and_value(lower, upper, expected):
    """A finite upper end is said before a lower one; anything from zero says nothing."""
    assert from_bounds(lower, upper) == expected


@given(
    comparator=st.sampled_from(SIGNS),
    value=st.floats(min_value=0, exclude_min=True, max_value=1e300),
)
def test_the_interval_of_a_result_gives_the_result_back(comparator, value):
    """No result of a positive number is lost on the way through its interval."""
    assert from_bounds(*bounds(comparator, value)) == (comparator, value)


def test_more_than_zero_is_not_turned_into_below_detection():
    """The interval of >0 has no upper end, so its result must not be below anything."""
    assert from_bounds(*bounds(">", 0.0)) == (">", 0.0)


@pytest.mark.parametrize(
    ("comparator", "number", "text"),
    [("<", 5.0, "<5"), ("", 0.57, "0.57"), (">=", 1200.0, ">=1200"), ("", 1e-07, "1e-07")],
)
def test_a_number_is_written_as_a_result(comparator, number, text):
    """A whole number has no decimal point, any other its shortest digits."""
    assert result_text(comparator, number) == text


@given(
    comparator=st.sampled_from(SIGNS),
    number=st.just(0.0) | st.floats(min_value=1e-99, max_value=1e29),
)
@example(comparator="", number=1e22)
@example(comparator="<", number=0.1 + 0.2)
def test_a_written_result_reads_back_as_the_same_number(comparator, number):
    """Reading is the inverse of writing for every number a laboratory can have."""
    found = parse_result(result_text(comparator, number))

    assert (found.comparator, float(found.number)) == (comparator, number)


def test_a_number_of_any_smallness_reads_back():
    """A double that can be given as a value must not become text by being written."""
    assert parse_result(result_text("", 1e-120)).kind is Kind.NUMBER
