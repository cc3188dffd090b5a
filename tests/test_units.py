"""Units: spellings, exact conversion, and the conversions that are refused."""

import csv
import json
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
        (" mg / dl ", "mg/dL"),
        ("Mg/Dl", "mg/dL"),
        ("g/l", "g/L"),
        ("G/l", "10*9/L"),
        ("<U+00B5>g/L", "ug/L"),
        ("\u00c2\u00b5g/L", "ug/L"),
        ("&micro;g/L", "ug/L"),
        ("x 109 cells/L", "10*9/L"),
        ("x 1012 cells/L", "10*12/L"),
        ("10*3/mm3", "10*3/uL"),
        ("10E3/uL", "10*3/uL"),
        ("10exp3/uL", "10*3/uL"),
        ("10 x 9/L", "10*9/L"),
        ("10^3/mm^3", "10*3/uL"),
        ("GI/L", "10*9/L"),
        ("/cmm", "cells/µL"),
        ("mm*3", "mm3"),
        ("mm³", "mm3"),
        ("mg%", "mg/dL"),
        ("g / 100.mL", "g/dL"),
        ("g/100 ml", "g/dL"),
        ("ug/100.mL{RBC}", "ug/dL"),
        ("g/dL{RBC}", "g/dL"),
        ("ng/mL {FEU}", "ng/mL{FEU}"),
        ("/100 WBC", "/100{WBC}"),
        ("I.U./mL", "[IU]/mL"),
        ("U.I./mL", "[IU]/mL"),
        ("IU/L", "[IU]/L"),
        ("meq/l", "meq/L"),
        ("umol/L", "umol/L"),
        ("µmol/l", "umol/L"),
        ("MMOL/L", "mmol/L"),
        ("ml/min/1,73", "mL/min/{1.73_m2}"),
        ("mL/min/1.73 m²", "mL/min/{1.73_m2}"),
        ("mmHg", "mm[Hg]"),
        ("mm/1h", "mm/h"),
        ("sec", "s"),
        ("UNITS/L", "U/L"),
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
    assert unit_symbol("  furlongs / mL ") == "furlongs / mL"


NONSENSE = ["ml/min/1", "10.6/uL", "mmol/l31.mOsm/l", ""]
"""What is no unit, in a list of units seen in laboratories."""

UNUSED = {"", "10.6/uL", "258813002", "258814008", "EU/DL SEMI", "a", "mm", "mo", "yrs"} | {
    "% (sample/positive control)",
    "{binding'U}/mL",
}
"""Units of the shared files that are none of a result that converts: ages, lengths, codes."""


def test_published_units_are_known_but_for_nonsense(shared_data):
    """Thirty damaged spellings of laboratories' units."""
    with (shared_data / "lab2clean" / "units_raw.csv").open(encoding="utf-8") as file:
        written = {row["unit_raw"] for row in csv.DictReader(file)}

    assert {unit for unit in written if find_unit(unit) is None} == set(NONSENSE)


def test_the_units_of_real_files_are_known(shared_data):
    """Every unit column of the shared files, and every quantity of the shared bundles."""
    written = {unit for path in shared_data.rglob("*.*") for unit in units_of(path)}

    assert {unit for unit in written if find_unit(unit) is None} - set(NONSENSE) <= UNUSED
    assert len(written) > 70


def units_of(path):
    """The units in a file of results, by the names of its columns or keys."""
    text = path.read_text("utf-8") if path.suffix in {".csv", ".txt", ".json"} else ""
    if path.suffix == ".json":
        return quantity_units(json.loads(text))
    rows = csv.DictReader(text.splitlines(), delimiter="," if path.suffix == ".csv" else "\t")
    return {
        cell or ""
        for row in rows
        for name, cell in row.items()
        if name in {"unit_raw", "LBORRESU", "LBSTRESU", "UNITS", "AVALU"}
    }


def quantity_units(node):
    """The units and codes of all quantities of a JSON document."""
    if isinstance(node, list):
        return {unit for item in node for unit in quantity_units(item)}
    if not isinstance(node, dict):
        return set()
    found = {unit for item in node.values() for unit in quantity_units(item)}
    quantity = isinstance(node.get("value"), int | float)
    return found | {node[key] for key in ("unit", "code") if quantity and key in node}


@pytest.mark.parametrize(
    "text",
    ["10.6/uL", "ml/min/1", "{RBC}", "2103/uL", "1" * 10**5, "{" * 10**5, "&" * 10**5, "µ" * 61],
)
def test_what_is_no_unit_stays_unknown(text):
    """Near misses, a bare annotation and hostile lengths are no unit."""
    assert (find_unit(text), unit_symbol(text)) == (None, text)


def test_a_volume_is_not_a_count():
    """mm3 alone measures a volume, /mm3 counts cells in it."""
    assert [find_unit(text).dimension for text in ("mm3", "/mm3")] == [
        "volume",
        "cells per volume",
    ]


@given(st.text(max_size=70))
def test_a_house_spelling_stays_what_it_is(text):
    """Normalising twice is normalising once."""
    assert unit_symbol(unit_symbol(text)) == unit_symbol(text)


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
        ("1.5", "umol/L", "nmol/mL", "1.5"),
        ("1.5", "mmol/L", "umol/L", "1500"),
        ("2", "IU/mL", "kIU/L", "2"),
        ("3", "mm3", "uL", "3"),
        ("90", "fL", "L", "0.000000000000090"),
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
        ("IU/L", "U/L"),
        ("U/L", "ukat/L"),
        ("mmol/L", "mg/dL"),
        ("mmol/L", "meq/L"),
        ("kPa", "mmHg"),
        ("min", "s"),
        ("L/L", "%"),
        ("ng/mL{FEU}", "ng/mL"),
        ("mL/min", "mL/min/1.73"),
        ("mm3", "/mm3"),
        ("copies/mL", "IU/mL"),
        ("log copies/mL", "copies/mL"),
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
