"""Units: spellings, exact conversion, and the conversions that are refused."""

import tomllib
from decimal import Decimal
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.units import (
    Unit,
    UnitError,
    convert,
    find_unit,
    shift_between,
    shifted,
    unit_symbol,
)

UNITS = tomllib.loads(files("immunotrack").joinpath("data/units.toml").read_text("utf-8"))["unit"]
SPELLINGS = [
    (spelling, entry["symbol"])
    for entry in UNITS
    for spelling in (entry["symbol"], *entry["spellings"])
]
PAIRS = [
    (one["symbol"], other["symbol"])
    for one, other in product(UNITS, repeat=2)
    if one["dimension"] == other["dimension"]
]
STRANGERS = [
    (one["symbol"], other["symbol"])
    for one, other in product(UNITS, repeat=2)
    if one["dimension"] != other["dimension"]
]


@pytest.mark.parametrize(("spelling", "symbol"), SPELLINGS)
def test_every_spelling_of_the_table_resolves_to_its_own_symbol(spelling, symbol):
    """A spelling in data/units.toml means the unit under which it is listed."""
    assert unit_symbol(spelling) == symbol


@pytest.mark.parametrize(("spelling", "symbol"), SPELLINGS)
def test_blanks_around_and_inside_a_spelling_do_not_count(spelling, symbol):
    """Blanks never tell two units apart."""
    assert unit_symbol(f"  {' '.join(spelling)}\u00a0") == symbol


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("G/L", "10*9/L"),
        ("g/L", "g/L"),
        ("T/L", "10*12/L"),
        ("M/L", "10*6/L"),
        ("x 10⁹/L", "10*9/L"),
        ("× 10⁹ / L", "10*9/L"),
        ("10^9/L", "10*9/L"),
        ("10**9/L", "10*9/L"),
        ("X10^9/l", "10*9/L"),
        ("10³/µL", "10*3/uL"),
        ("CELLS/UL", "cells/µL"),
        ("cells/mm³", "cells/µL"),
        ("PG/ML", "pg/mL"),
        ("ab/c", "{AB}/{cell}"),
    ],
)
def test_a_spelling_seen_in_an_export_is_read_as_people_mean_it(spelling, symbol):
    """Superscripts, carets, capitals and times signs are spellings, by UCUM's meaning of each."""
    assert unit_symbol(spelling) == symbol


def test_giga_per_litre_is_not_gram_per_litre():
    """G/L counts 10⁹ cells a litre and g/L weighs one gram a litre (UCUM is case sensitive)."""
    assert (find_unit("G/L"), find_unit("g/L")) == (
        Unit("10*9/L", "cells per volume", 9),
        Unit("g/L", "mass per volume", 0),
    )


def test_gram_per_litre_does_not_convert_to_cells():
    """Weight and count have no conversion, however alike the letters are."""
    with pytest.raises(UnitError) as caught:
        convert(Decimal(1), "g/L", "G/L")

    assert str(caught.value) == "no conversion from 'g/L' to 'G/L'"


@pytest.mark.parametrize("micro", ["\u00b5", "\u03bc", "u", "mc"])
def test_every_way_to_write_micro_is_one_unit(micro):
    """The micro sign, the Greek letter, u and mc stand for the same prefix."""
    assert unit_symbol(f"cells/{micro}L") == "cells/µL"


def test_an_unknown_unit_has_no_unit():
    """A spelling that no table has is not guessed."""
    assert find_unit("furlongs") is None


def test_an_unknown_unit_stays_as_written_without_outer_blanks():
    """The text of an unknown unit is kept."""
    assert unit_symbol("  IU / mL ") == "IU / mL"


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_unit_stays_empty(text):
    """Nothing written is no unit."""
    assert (find_unit(text), unit_symbol(text)) == (None, "")


@pytest.mark.parametrize(
    ("number", "source", "target", "expected"),
    [
        ("0.57", "10*9/L", "cells/µL", "570"),
        ("570", "cells/µL", "10*9/L", "0.570"),
        ("1.1", "G/L", "/mm3", "1100"),
        ("1234", "cells/mL", "cells/µL", "1.234"),
        ("1", "10*12/L", "cells/L", "1000000000000"),
        ("7", "10*6/mL", "10*3/uL", "7"),
        ("3", "ng/mL", "pg/mL", "3000"),
        ("3", "pg/mL", "ng/L", "3"),
        ("1", "mg/dL", "mg/L", "10"),
        ("-0.5", "g/dL", "g/L", "-5"),
    ],
)
def test_a_conversion_moves_the_decimal_point(number, source, target, expected):
    """Each number was converted by hand from the meaning of the prefixes."""
    assert convert(Decimal(number), source, target) == Decimal(expected)


@pytest.mark.parametrize(
    ("number", "written"), [("0.57", "570"), ("0.5", "500"), ("1.2345", "1234.5")]
)
def test_a_whole_number_is_written_without_an_exponent(number, written):
    """0.5 G/L reads 500 cells/µL, not 5E+2."""
    assert str(convert(Decimal(number), "G/L", "cells/µL")) == written


@pytest.mark.parametrize("number", ["0.1", "570", "1e-40", "0.3333333333333333333333333333333333"])
def test_a_number_converted_there_and_back_is_the_same(number):
    """Between any two units of a dimension no digit is lost, not even behind the 28th."""
    there = [(convert(Decimal(number), one, other), other, one) for one, other in PAIRS]

    assert {convert(*back) for back in there} == {Decimal(number)}


@given(
    number=st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15
    ),
    pair=st.sampled_from(PAIRS),
)
def test_any_number_converted_there_and_back_is_the_same(number, pair):
    """The law of the conversions holds for decimals of any length of fraction."""
    assert convert(convert(number, *pair), *reversed(pair)) == number


def test_a_number_too_long_for_the_decimal_context_still_converts():
    """1e30 is a result that the grammar takes, and 1e33 is that in the smaller unit."""
    assert convert(Decimal("1e30"), "10*9/L", "cells/µL") == Decimal("1e33")


@given(pair=st.sampled_from(PAIRS), third=st.integers(min_value=0))
def test_a_conversion_through_a_third_unit_is_the_direct_one(pair, third):
    """Shifts add up: A to B and B to C is A to C."""
    among = [other for one, other in PAIRS if one == pair[0]]
    middle = among[third % len(among)]

    assert shift_between(pair[0], middle) + shift_between(middle, pair[1]) == shift_between(*pair)


def test_units_of_two_dimensions_do_not_convert():
    """No pair of units that measure different things has a shift."""
    assert [pair for pair in STRANGERS if shift_between(*pair) is not None] == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("%", "AB/C"),
        ("MFI", "AB/C"),
        ("AB/C", "%"),
        ("%", "cells/µL"),
        ("IU/mL", "pg/mL"),
        ("pg/mL", ""),
        ("furlongs", "furlongs"),
    ],
)
def test_a_conversion_that_does_not_exist_is_refused_by_name(source, target):
    """A percentage, an intensity or an unknown unit never becomes a count; both are named."""
    with pytest.raises(UnitError) as caught:
        convert(Decimal(40), source, target)

    assert str(caught.value) == f"no conversion from {source!r} to {target!r}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_finite_is_refused(number):
    """A decimal without digits has no decimal point to move."""
    with pytest.raises(UnitError) as caught:
        shifted(Decimal(number), 3)

    assert str(caught.value) == f"{number} is not a finite number"
