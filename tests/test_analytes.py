"""The catalogue of analytes, and the range sets that go with it."""

import csv
import tomllib
from collections import Counter
from decimal import Decimal
from importlib.resources import files

import pytest

from immunotrack.analytes import analytes, find_analyte, plain_name, same_name
from immunotrack.problems import InvalidInput
from immunotrack.ranges import (
    RangeSet,
    applied_range,
    builtin_range_sets,
    choose_range_sets,
    load_range_sets,
)
from immunotrack.units import find_unit, unit_symbol

KEYS = [
    "lymphocytes",
    "cd3",
    "cd4",
    "cd8",
    "cd19",
    "nk",
    "mhla_dr",
    "ifn_gamma",
    "ifn_score",
    "il6",
    "il10",
    "tnf_alpha",
    "il1_beta",
]
DEFAULTS = ["covid-cohort-2020", "arup-3002601", "review-PMC9942705"]
RAW = tomllib.loads(files("immunotrack").joinpath("data/analytes.toml").read_text("utf-8"))
ALIASES = [(alias, entry["key"]) for entry in RAW["analyte"] for alias in entry["aliases"]]
CODES = [(code, entry["key"]) for entry in RAW["analyte"] for code in entry["loinc"]]
OTHER_CODES = [
    (code, entry["name"]) for entry in RAW["analyte"] for code in entry.get("other_loinc", {})
]


def one_set(**entry):
    """A range set with one entry, CD4 in cells/µL unless told otherwise."""
    given = {"analyte": "cd4", "unit": "cells/µL"} | entry
    return RangeSet.model_validate({"name": "one", "source": "made up", "range": [given]})


def problems_of(action, *arguments):
    """What an invalid input says, line by line."""
    with pytest.raises(InvalidInput) as caught:
        action(*arguments)
    return [str(problem) for problem in caught.value.problems]


def limits(sets, analyte, sex="", age=None, unit="cells/µL"):
    """Low, high and the name of the set that applies, or None."""
    found = applied_range(sets, analyte, unit, sex, age)
    return None if found is None else (found.low, found.high, found.source)


# --- the catalogue


def test_the_catalogue_holds_the_thirteen_analytes_of_the_design():
    """The keys are those of shared/facts/analyte-codes.csv, in its order."""
    assert list(analytes()) == KEYS


def test_the_catalogue_has_the_units_and_codes_of_the_fact_sheet(shared_facts):
    """Unit, LOINC and PARAMCD are those of shared/facts/analyte-codes.csv."""
    with (shared_facts / "analyte-codes.csv").open(encoding="utf-8", newline="") as file:
        expected = [
            (
                row["analyte"],
                row["unit"],
                [code.strip() for code in row["loinc"].split(";") if code.strip()],
                row["paramcd"],
            )
            for row in csv.DictReader(file)
        ]

    assert [(a.key, a.unit, a.loinc, a.paramcd) for a in analytes().values()] == expected


@pytest.mark.parametrize(("alias", "key"), ALIASES)
def test_every_alias_names_its_own_analyte(alias, key):
    """An alias in data/analytes.toml means the analyte under which it is listed."""
    assert find_analyte(alias).key == key


def test_no_alias_stands_for_two_analytes():
    """Two analytes share no name, however it is written."""
    plain = Counter(name for name, _ in {(plain_name(alias), key) for alias, key in ALIASES})

    assert [name for name, times in plain.items() if times > 1] == []


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_a_name_of_its_analyte(key):
    """A table of ours can be read again."""
    assert find_analyte(key).key == key


@pytest.mark.parametrize("key", KEYS)
def test_the_unit_of_an_analyte_is_in_the_table_of_units(key):
    """A series can always be compared in its analyte's own unit, in the house spelling."""
    unit = analytes()[key].unit

    assert unit_symbol(unit) == find_unit(unit).symbol


@pytest.mark.parametrize(("code", "key"), CODES)
def test_a_loinc_code_names_its_analyte_whatever_the_name_says(code, key):
    """A code is believed over a name that nobody knows."""
    assert find_analyte("Test 17", f" {code} ").key == key


@pytest.mark.parametrize(("code", "name"), OTHER_CODES)
def test_a_code_of_another_measurand_is_believed_over_a_like_name(code, name):
    """A percentage, another specimen or another unit is not the analyte of that name."""
    assert find_analyte(name, code) is None


def test_the_percentage_of_lymphocytes_is_not_their_count():
    """LOINC 736-9 is lymphocytes per 100 leukocytes."""
    assert find_analyte("Lymphocytes", "736-9") is None


def test_a_code_that_the_catalogue_does_not_know_leaves_the_name():
    """A laboratory's own code says nothing against a name."""
    assert find_analyte("CD4", "XL-17").key == "cd4"


@pytest.mark.parametrize(
    "name",
    ["CD4 %", "%CD4", "CD4%", "Lymphocytes %", "Lymphs %", "NK cells (%)", "% HLA-DR+ monocytes"],
)
def test_a_percentage_is_no_count(name):
    """The percent sign tells two analytes apart."""
    assert find_analyte(name) is None


@pytest.mark.parametrize("name", ["", " ", "-", "CD", "CD44", "CD45", "IL-60", "IL-2", "WBC"])
def test_a_name_that_is_only_like_another_is_unknown(name):
    """No name is completed or shortened to fit."""
    assert find_analyte(name) is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  lymphs   ABS ", "lymphocytes"),
        ("cd3-cd16+cd56+", "nk"),
        ("Interféron gamma", "ifn_gamma"),
        ("IFN_γ", "ifn_gamma"),
        ("TNF (α)", "tnf_alpha"),
        ("ＣＤ４", "cd4"),
    ],
)
def test_case_blanks_hyphens_and_greek_do_not_count(name, key):
    """Spelling differences that never tell two analytes apart are ignored."""
    assert find_analyte(name).key == key


def test_plus_tells_names_apart():
    """CD3-CD56+ is a natural killer cell; CD3+CD56+ is none that the catalogue knows."""
    assert (find_analyte("CD3-CD56+").key, find_analyte("CD3+CD56+")) == ("nk", None)


def test_names_of_unknown_analytes_are_compared_in_the_same_way():
    """A site's range for CRP meets the file's own spelling."""
    assert (same_name("C-reactive protein", "c reactive PROTEIN"), same_name("CRP", "PCT")) == (
        True,
        False,
    )


def test_an_axis_shows_the_readable_unit():
    """AB/C is drawn where the code is {AB}/{cell}; cells/µL is drawn as it is."""
    assert [analytes()[key].axis_unit for key in ("mhla_dr", "cd4")] == ["AB/C", "cells/µL"]


# --- the built-in ranges


def age_band(population):
    """The completed years that the fact sheet's population means."""
    bands = {"18-55 years": (18, 56), ">55 years": (56, None)}
    return bands.get(population, (None, None))


def test_every_built_in_range_is_a_row_of_the_fact_sheet(shared_facts):
    """Each set equals its rows of shared/facts/reference-ranges.csv, in order, and none is more."""
    with (shared_facts / "reference-ranges.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = {
        (
            row["set"],
            row["analyte"],
            *(Decimal(row[side]) if row[side] else None for side in ("low", "high")),
            unit_symbol(row["unit"]),
            row["kind"].split(" (")[0],
            {"men": "male", "women": "female"}.get(row["population"]),
            *age_band(row["population"]),
            row["method"],
            row["doi_or_url"],
            row["quote"],
        )
        for row in rows
    }
    found = [
        (
            name,
            entry.analyte,
            entry.limit if entry.kind == "decision limit" else entry.low,
            entry.high,
            entry.unit,
            entry.kind,
            entry.sex,
            entry.age_from_years,
            entry.age_below_years,
            entry.method,
            entry.url.removeprefix("https://doi.org/"),
            entry.quote,
        )
        for name, ranges in builtin_range_sets().items()
        for entry in ranges.ranges
    ]

    assert (len(found), set(found)) == (len(rows), expected)


@pytest.mark.parametrize("name", builtin_range_sets())
def test_every_built_in_range_names_its_authority(name):
    """A range without an address and the printed words is not a fact."""
    ranges = builtin_range_sets()[name].ranges

    assert [
        entry for entry in ranges if not (entry.url.startswith("https://") and entry.quote)
    ] == []


@pytest.mark.parametrize("name", builtin_range_sets())
def test_every_built_in_range_is_of_a_known_analyte_in_a_known_unit(name):
    """A range can be said in the analyte's own unit."""
    ranges = builtin_range_sets()[name].ranges

    assert [e for e in ranges if not e.reaches(analytes()[e.analyte].unit)] == []


def test_the_default_sets_come_in_their_order():
    """Three sets apply without being asked for."""
    assert [ranges.name for ranges in choose_range_sets()] == DEFAULTS


def test_the_limits_of_the_default_range_are_the_printed_ones():
    """PMC7695552, Table 2: CD4+ T cell (per μL) 414-1123."""
    assert limits(choose_range_sets(), "cd4") == (414.0, 1123.0, "covid-cohort-2020")


def test_a_one_sided_range_has_one_limit():
    """ARUP 3002601: interleukin 6 2.5 pg/mL or less."""
    assert limits(choose_range_sets(), "il6", unit="pg/mL") == (None, 2.5, "arup-3002601")


def test_a_range_is_said_in_the_unit_of_the_result():
    """1.1-3.2 10⁹/L as printed is 1100-3200 cells/µL as stored."""
    assert limits(choose_range_sets(), "lymphocytes", unit="G/L") == (1.1, 3.2, "covid-cohort-2020")


@pytest.mark.parametrize("unit", ["%", "", "AB/C", "furlongs"])
def test_a_range_is_not_applied_in_a_unit_that_it_does_not_reach(unit):
    """A range of counts says nothing of a percentage or of a bare number."""
    assert limits(choose_range_sets(), "lymphocytes", unit=unit) is None


def test_an_analyte_without_a_range_has_none():
    """No built-in default set knows an interferon score."""
    assert limits(choose_range_sets(), "ifn_score", unit="{score}") is None


# --- decision limits


@pytest.mark.parametrize("age", [None, 17, 40, 80])
def test_a_decision_limit_is_never_a_range(age):
    """15 000 AB/C is a line on the figure and never makes a flag."""
    ranges = builtin_range_sets()["review-PMC9942705"]

    assert ranges.find("mhla_dr", "AB/C", "male", age) is None


def test_the_decision_limits_come_lowest_first():
    """The review prints 15 000 before 8 000."""
    found = builtin_range_sets()["review-PMC9942705"].decision_limits("mhla_dr")

    assert [entry.limit for entry in found] == [8000, 15000]


def test_a_reference_interval_is_no_decision_limit():
    """Only entries of that kind are drawn as decision limits."""
    assert builtin_range_sets()["covid-cohort-2020"].decision_limits("cd4") == []


# --- sex and age


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (17, None),
        (17.99, None),
        (18, (424.0, 1509.0, "mayo-2013")),
        (55, (424.0, 1509.0, "mayo-2013")),
        (55.9, (424.0, 1509.0, "mayo-2013")),
        (56, (430.0, 1513.0, "mayo-2013")),
        (90, (430.0, 1513.0, "mayo-2013")),
        (None, None),
    ],
)
def test_a_range_by_age_applies_at_that_age_only(age, expected):
    """Mayo 2013 prints CD4 for 18-55 and for >55 years; ages count completed years."""
    assert limits([builtin_range_sets()["mayo-2013"]], "cd4", age=age) == expected


@pytest.mark.parametrize(
    ("sex", "expected"),
    [
        ("male", (1147.0, 3727.0, "singapore-2004")),
        ("female", (1342.0, 3859.0, "singapore-2004")),
        ("", None),
    ],
)
def test_a_range_by_sex_applies_to_that_sex_only(sex, expected):
    """Singapore 2004, Table 3: lymphocytes of men and of women."""
    assert limits([builtin_range_sets()["singapore-2004"]], "lymphocytes", sex=sex) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, None),
        (17, None),
        (17.9, None),
        (18, (414.0, 1123.0, "covid-cohort-2020")),
        (None, (414.0, 1123.0, "covid-cohort-2020")),
    ],
)
def test_a_range_of_adults_is_not_applied_to_a_child(age, expected):
    """Below 18 the default set has no range; where no age is known it is applied."""
    assert limits(choose_range_sets(), "cd4", age=age) == expected


def test_a_cut_off_of_children_and_adults_applies_to_a_child():
    """Rice 2016: the interferon score is positive above 2.466 at any age."""
    sets = choose_range_sets(["rice-2016"])

    assert limits(sets, "ifn_score", age=5, unit="{score}") == (None, 2.466, "rice-2016")


def test_a_set_that_does_not_hold_leaves_the_next_one():
    """An unknown age makes Mayo silent, and the default set speaks."""
    assert limits(choose_range_sets(["mayo-2013"]), "cd4") == (414.0, 1123.0, "covid-cohort-2020")


def test_the_first_entry_that_holds_is_used():
    """A set's entries are taken in their order."""
    entry = {"analyte": "cd4", "unit": "cells/µL"}
    ranges = RangeSet.model_validate(
        {"name": "two", "source": "made up", "range": [entry | {"low": 1}, entry | {"low": 2}]}
    )

    assert limits([ranges], "cd4") == (1.0, None, "two")


def test_critical_limits_are_said_in_the_unit_of_the_result():
    """100 and 5000 cells/µL are 0.1 and 5 G/L."""
    sets = [one_set(critical_low=100, low=400, high=1100, critical_high=5000)]
    found = applied_range(sets, "cd4", "G/L")

    assert (found.critical_low, found.low, found.high, found.critical_high) == (0.1, 0.4, 1.1, 5.0)


# --- choosing and loading


def test_a_chosen_set_comes_before_the_default_ones():
    """The user's choice wins, the default sets fill what it lacks."""
    assert [ranges.name for ranges in choose_range_sets(["mayo-2013"])] == ["mayo-2013", *DEFAULTS]


def test_a_chosen_default_set_is_not_there_twice():
    """Choosing a default set moves it to the front."""
    assert [ranges.name for ranges in choose_range_sets(["arup-3002601"])] == [
        "arup-3002601",
        "covid-cohort-2020",
        "review-PMC9942705",
    ]


@pytest.mark.parametrize(
    ("chosen", "names"), [(["none"], []), (["none", "rice-2016"], ["rice-2016"])]
)
def test_none_leaves_the_default_sets_out(chosen, names):
    """`none` is no set; what is chosen beside it stays."""
    assert [ranges.name for ranges in choose_range_sets(chosen)] == names


def test_an_unknown_set_is_refused_with_the_names_there_are():
    """A misspelt name is an error and not silence."""
    rest = "none, a .toml file"
    names = ", ".join([*DEFAULTS, "mayo-2013", "singapore-2004", "rice-2016"])

    assert problems_of(choose_range_sets, ["mayo"]) == [
        f"--ranges  unknown-option (error): 'mayo' is not known. Write one of: {names}, {rest}."
    ]


def test_a_range_file_that_is_not_there_is_refused(tmp_path):
    """A path is told apart from the name of a set."""
    path = tmp_path / "site.toml"

    assert problems_of(choose_range_sets, [str(path)]) == [
        f"{path}  unreadable (error): the file cannot be read: no such file or directory."
    ]


SITE = """\
name = "site"
source = "our laboratory"

[[range]]
analyte = "CD4+ T cells"
low = 500
high = 1400.5
unit = "/mm3"

[[range]]
analyte = "CRP"
high = 5
unit = "mg/L"
"""


def test_a_site_s_own_file_wins_over_the_built_in_sets(tmp_path):
    """A hospital's limits for CD4 take the place of the default ones."""
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")

    assert limits(choose_range_sets([str(path)]), "cd4") == (500.0, 1400.5, "site")


def test_a_site_s_own_file_leaves_the_rest_to_the_built_in_sets(tmp_path):
    """What the file does not name stays with the default set."""
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")

    assert limits(choose_range_sets([str(path)]), "cd8") == (238.0, 874.0, "covid-cohort-2020")


def test_a_site_may_give_a_range_for_an_analyte_of_its_own(tmp_path):
    """An analyte that the catalogue does not know meets the same name in the data."""
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")

    assert limits(load_range_sets(path), "crp", unit="mg/dL") == (None, 0.5, "site")


def test_a_file_of_one_set_may_be_named_by_its_file(tmp_path):
    """Without a name the set is called as its file is."""
    path = tmp_path / "lyon.toml"
    path.write_text(SITE.removeprefix('name = "site"\n'), encoding="utf-8")

    assert [ranges.name for ranges in load_range_sets(path)] == ["lyon"]


def test_a_file_may_hold_several_sets_in_order(tmp_path):
    """`[[set]]` tables are read as in our own file."""
    entry = '[[set.range]]\nanalyte = "CD4"\nlow = 1\nunit = "/µL"\n'
    path = tmp_path / "sites.toml"
    path.write_text(
        "".join(f'[[set]]\nname = "{name}"\nsource = "x"\n{entry}' for name in ("b", "a")),
        encoding="utf-8",
    )

    assert [ranges.name for ranges in load_range_sets(path)] == ["b", "a"]


def test_every_mistake_of_a_range_file_is_told_with_its_line(tmp_path):
    """Eight entries with nine faults: each is named once, at the line that holds it."""
    path = tmp_path / "site.toml"
    path.write_text(
        """\
name = "site"
source = "our laboratory"

[[range]]
analyte = "CD4"
low = 500
high = 400
unit = "cells/µL"

[[range]]
analyte = "CD8"
low = 100
untis = "cells/µL"

[[range]]
analyte = "CD3"
low = nan
unit = "cells/µL"
sex = "m"

[[range]]
analyte = "CD19"
unit = "cells/µL"

[[range]]
analyte = "mHLA-DR"
kind = "decision limit"
low = 3
unit = "AB/C"

[[range]]
analyte = "NK"
low = 1
unit = "cells/µL"
adults = 1

[[range]]
analyte = "NK"
low = 1
limit = 2
unit = "cells/µL"
""",
        encoding="utf-8",
    )
    whole = "column 'range'  bad-entry (error):"
    expected = [
        f":4 {whole} the limits must rise: critical_low, low, high, critical_high.",
        ":10 column 'range.unit'  bad-entry (error): this key is needed.",
        ":13 range.untis='cells/µL'  bad-entry (error): no such key is known here.",
        ":17 range.low='NaN'  bad-entry (error): it must be a finite number.",
        ":19 range.sex='m'  bad-entry (error): it must be 'male' or 'female'.",
        f":21 {whole} a range has low, high or both, and no `limit`.",
        f":25 {whole} a decision limit has `limit` and neither low nor high.",
        ":35 range.adults='1'  bad-entry (error): it must be a valid boolean.",
        f":37 {whole} a range has low, high or both, and no `limit`.",
    ]

    assert problems_of(load_range_sets, path) == [f"{path}{text}" for text in expected]


def test_a_word_for_a_limit_is_told_in_plain_words(tmp_path):
    """The reader of the message writes TOML and knows no Python type."""
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace("low = 500", 'low = "a lot"'), encoding="utf-8")

    assert problems_of(load_range_sets, path) == [
        f"{path}:6 range.low='a lot'  bad-entry (error): it must be a number."
    ]


def test_a_range_file_without_a_range_is_refused(tmp_path):
    """A set that holds nothing is a mistake."""
    path = tmp_path / "site.toml"
    path.write_text('name = "site"\nsource = "x"\n', encoding="utf-8")

    assert problems_of(load_range_sets, path) == [
        f"{path} column 'range'  bad-entry (error): this key is needed."
    ]


@pytest.mark.parametrize(
    ("low", "high", "kept"), [("0.1", "0.3", Decimal("0.3")), ("1", "2", Decimal(2))]
)
def test_a_limit_of_a_file_is_exact_as_written(tmp_path, low, high, kept):
    """0.3 in a file is 0.3 and not the nearest binary fraction."""
    path = tmp_path / "site.toml"
    text = SITE.replace("low = 500", f"low = {low}").replace("high = 1400.5", f"high = {high}")
    path.write_text(text, encoding="utf-8")

    assert load_range_sets(path)[0].ranges[0].high == kept
