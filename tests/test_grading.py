"""Grades: every threshold in two units, what is left open, worst grades and their shift."""

import csv
import math
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import narwhals as nw
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from immunotrack.flags import flag
from immunotrack.grade_shift import grade_shift
from immunotrack.grading import GRADING, grade
from immunotrack.problems import InvalidInput
from immunotrack.scales import GradeTerm, grade_scales
from immunotrack.table import plain_rows
from immunotrack.units import convert
from immunotrack.values import bounds
from immunotrack.worst_grades import worst_grades
from strategies import BACKENDS, SIGNS, examples, table

QUICK = settings(max_examples=examples(30), deadline=None)
SCALES = ("ctcae-v5", "daids-v2.1")
CTCAE, DAIDS = SCALES

THRESHOLDS = [
    # scale, analyte, threshold, grade just below, at and just above; the lower limit is 1000
    (CTCAE, "lymphocytes", "200", "low 4", "low 3", "low 3"),
    (CTCAE, "lymphocytes", "500", "low 3", "low 2", "low 2"),
    (CTCAE, "lymphocytes", "800", "low 2", "low 1", "low 1"),
    (CTCAE, "lymphocytes", "1000", "low 1", "0", "0"),
    (CTCAE, "lymphocytes", "4000", "0", "0", "high 2"),
    (CTCAE, "lymphocytes", "20000", "high 2", "high 2", "high 3"),
    (CTCAE, "cd4", "50", "low 4", "low 3", "low 3"),
    (CTCAE, "cd4", "200", "low 3", "low 2", "low 2"),
    (CTCAE, "cd4", "500", "low 2", "low 1", "low 1"),
    (CTCAE, "cd4", "1000", "low 1", "0", "0"),
    (DAIDS, "lymphocytes", "350", "low 4", "low 3", "low 3"),
    (DAIDS, "lymphocytes", "500", "low 3", "low 2", "low 2"),
    (DAIDS, "lymphocytes", "600", "low 2", "low 1", "low 1"),
    (DAIDS, "lymphocytes", "650", "low 1", "0", "0"),
    (DAIDS, "cd4", "100", "low 4", "low 3", "low 3"),
    (DAIDS, "cd4", "200", "low 3", "low 2", "low 2"),
    (DAIDS, "cd4", "300", "low 2", "low 1", "low 1"),
    (DAIDS, "cd4", "400", "low 1", "0", "0"),
]


def results(backend, rows, **more):
    """A frame of rows of analyte, comparator, value, unit, lower limit; of one adult."""
    names = ("analyte", "comparator", "value", "unit", "low")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    adult = {"age_years": [40.0] * len(rows), "patient_id": ["P"] * len(rows)}
    return table(backend, **(columns | adult | more))


def in_unit(rows, unit):
    """Rows with their numbers, given in cells/µL, in another unit."""
    return [
        (
            analyte,
            sign,
            float(convert(number, "cells/µL", unit)),
            unit,
            None if low is None else float(convert(low, "cells/µL", unit)),
        )
        for analyte, sign, number, low in rows
    ]


def said(frame, *names):
    """Columns of a frame as rows, None where null."""
    return [tuple(row.values()) for row in plain_rows(nw.from_native(frame).select(names))]


def column(frame, name):
    """One column as a list."""
    return [value for (value,) in said(frame, name)]


def one(scale=CTCAE, *, value, comparator="", low=1000.0, analyte="lymphocytes", **more):
    """Grade, direction and note of one result."""
    unit = more.pop("unit", "cells/µL")
    frame = results("polars", [(analyte, comparator, value, unit, low)], **more)
    graded = grade(frame, scale, "none")
    return said(graded, "grade", "grade_direction", "grade_note")[0]


def marked(graded):
    """`low 3` for each result of a graded frame, None where it has no grade."""
    return [
        None if found is None else f"{direction} {found}".strip()
        for found, direction in said(graded, "grade", "grade_direction")
    ]


OF_COUNTS = ("cells/µL", "10*9/L", "10*3/uL", "10*6/L", "cells/mL")


def around(analyte, limit):
    """Results just below a threshold, at it and just above, in each unit."""
    near = [Decimal(limit) + step for step in (Decimal("-0.01"), Decimal(0), Decimal("0.01"))]
    rows = [(analyte, "", value, Decimal(1000)) for value in near]
    return [row for unit in OF_COUNTS for row in in_unit(rows, unit)]


@pytest.fixture(scope="module", params=BACKENDS)
def graded_around(request):
    """The grades around every threshold of each scale, all of a scale graded at once."""
    found = {}
    for scale in SCALES:
        known = [entry[1:3] for entry in THRESHOLDS if entry[0] == scale]
        rows = [row for threshold in known for row in around(*threshold)]
        grades = iter(marked(grade(results(request.param, rows), scale)))
        found |= {
            (scale, *threshold): [next(grades) for _ in around(*threshold)] for threshold in known
        }
    return found


@pytest.mark.parametrize(("scale", "analyte", "limit", "below", "at", "above"), THRESHOLDS)
def test_every_threshold(graded_around, scale, analyte, limit, below, at, above):
    """Just below, at and just above, in cells/µL, 10*9/L and three more units.

    In 10*9/L the threshold 800 is 0.8: 0.79999 is grade 2, 0.8 and 0.80001 are grade 1.
    """
    assert graded_around[scale, analyte, limit] == [below, at, above] * len(OF_COUNTS)


def test_the_data_are_the_facts(shared_facts):
    """Every row of the facts is one grade of the data, limits, wording and conditions alike."""
    with (shared_facts / "grading.csv").open(encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    known = {
        (scale, term.name, term.analyte, term.direction, str(step.grade)): (term, step)
        for name, scale in (("ctcae-v5", "CTCAE v5"), ("daids-v2.1", "DAIDS"))
        for term in grade_scales()[name].terms
        for step in term.steps
    }
    names = ("scale", "term", "analyte", "direction", "grade")

    assert sorted(known) == sorted(tuple(row[name] for name in names) for row in facts)
    for row in facts:
        term, step = known[tuple(row[name] for name in names)]
        low = f">{step.above}" if step.above is not None else step.at_least
        high = f"<={step.at_most}" if step.at_most is not None else step.below
        needs = "LLN" if step.below == "LLN" else "age" if term.over_age_years else ""

        assert [str(end) if end is not None else "" for end in (low, high)] == [
            row["low_inclusive"],
            row["high_exclusive"],
        ]
        assert (term.unit, needs) == (row["unit"], row["needs"])
        assert row["source"].endswith(step.source)


NO_LIMIT = "no lower limit"
LEFT_OPEN = [
    # CTCAE lymphocytes: comparator, value, lower limit, grade, direction, note
    ("", 900.0, None, None, "", NO_LIMIT),
    ("", 800.0, None, None, "", NO_LIMIT),
    ("", 799.0, None, 2, "low", ""),
    ("", 4000.0, None, None, "", NO_LIMIT),
    ("", 4001.0, None, 2, "high", ""),
    ("", 900.0, 1000.0, 1, "low", ""),
    ("", 900.0, 900.0, 0, "", ""),
    ("", 750.0, 700.0, 2, "low", "not below the lower limit"),
    ("", 750.0, 750.0, 2, "low", "not below the lower limit"),
    ("", 850.0, 700.0, 0, "", ""),
    ("", 4500.0, 5000.0, None, "", "low 1 and high 2 both apply"),
    ("", None, 1000.0, None, "", "no number"),
    ("<", 200.0, None, 4, "low", ""),
    ("<", 50.0, None, 4, "low", ""),
    ("<=", 200.0, None, None, "", "censored: grade 3 or 4"),
    ("<=", 199.0, None, 4, "low", ""),
    ("<", 201.0, None, None, "", "censored: grade 3 or 4"),
    ("<", 500.0, None, None, "", "censored: grade 3 or 4"),
    ("<=", 500.0, None, None, "", "censored: grade 2, 3 or 4"),
    ("<", None, 1000.0, None, "", "censored: grade 0, 1, 2, 3 or 4"),
    ("<", 0.0, 1000.0, None, "", "allows no value"),
    (">", 20000.0, None, 3, "high", ""),
    (">=", 20000.0, None, None, "", "censored: grade 2 or 3"),
    (">=", 20001.0, None, 3, "high", ""),
    (">", 4000.0, None, None, "", "censored: grade 2 or 3"),
    (">=", 4000.0, 1000.0, None, "", "censored: grade 0, 2 or 3"),
    (">", 900.0, 1000.0, None, "", "censored: grade 0, 1, 2 or 3"),
]


@pytest.mark.parametrize(("comparator", "value", "low", "grade_", "direction", "note"), LEFT_OPEN)
def test_what_is_left_open(comparator, value, low, grade_, direction, note):
    """A grade only where all that a result allows has it; else the reason."""
    found = one(value=value, comparator=comparator, low=low)

    assert found == (grade_, direction, note)


@pytest.mark.parametrize(
    ("comparator", "value", "low", "expected"),
    [
        (">", 600.0, None, (None, "", NO_LIMIT)),
        (">", 600.0, 414.0, (0, "", "")),
        (">=", 1000.0, 1000.0, (0, "", "")),
        (">", 600.0, 700.0, (None, "", "censored: grade 0 or 1")),
    ],
)
def test_cd4_above_the_assay(comparator, value, low, expected):
    """CD4 has no high term, so `>600` is grade 0 as soon as the lower limit is not above it."""
    assert one(value=value, comparator=comparator, low=low, analyte="cd4") == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (None, (None, "", "no age")),
        (4.0, (None, "", "the scale is for over 5 years")),
        (5.0, (None, "", "not known to be over 5 years")),
        (5.5, (4, "low", "")),
        (6.0, (4, "low", "")),
    ],
)
def test_daids_needs_an_age_over_five(age, expected):
    """Completed years: 5 may be the birthday itself; CTCAE does not ask."""
    assert one(DAIDS, value=300.0, low=None, age_years=[age]) == expected
    assert one(CTCAE, value=150.0, low=None, age_years=[age]) == (4, "low", "")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_birth_date_tells_the_day_after_the_fifth_birthday(backend):
    """Born 2 March 2015: not over 5 on 2 March 2020, over 5 on 3 March; unknown without a time."""
    times = [datetime(2020, 3, day) if day else None for day in (1, 2, 3, 0)]  # noqa: DTZ001
    born = datetime(2015, 3, 2)  # noqa: DTZ001
    frame = results(
        backend,
        [("cd4", "", 350.0, "cells/µL", None)] * 4,
        time=times,
        birth_date=[born] * 4,
        age_years=[None] * 4,
    )

    assert said(grade(frame, DAIDS), "grade", "grade_note") == [
        (None, "the scale is for over 5 years"),
        (None, "not known to be over 5 years"),
        (1, ""),
        (None, "no age"),
    ]


def test_units_without_a_conversion():
    """A percentage or a number without a unit is compared with nothing."""
    assert one(value=20.0, unit="%") == (None, "", "no conversion from %")
    assert one(value=20.0, unit="") == (None, "", "no unit")


def test_rounding_noise_is_no_difference():
    """0.7999999999999999 stands for 0.8 and 4.000000000000001 for 4, as in flags."""
    noisy = [one(value=v, unit="G/L", low=1.0)[0] for v in (0.7999999999999999, 4.000000000000001)]

    assert noisy == [1, 0]
    assert one(value=1.1, unit="G/L", low=1.1000000000000003)[0] == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_and_kind_of_frame(backend):
    """Same kind of frame, same rows, whole numbers, further columns kept, old grades replaced."""
    rows = [("cd4", "", 300.0, "/µL", None), ("nk", "", 3.0, "/µL", None)]
    frame = results(backend, rows, line=[7, 8])
    frame = nw.from_native(frame).with_columns(mine=nw.col("line")).to_native()
    graded = grade(grade(frame, DAIDS), CTCAE)

    assert type(graded) is type(frame)
    assert nw.from_native(graded).schema["grade"] == nw.Int64
    assert said(graded, "mine", *GRADING) == [
        (7, "ctcae-v5", 2, "CD4 lymphocytes decreased", "low", "low 2", ""),
        (8, "", None, "", "", "", "not an analyte of the scale"),
    ]


def test_pandas_keeps_its_index():
    """The rows of a pandas frame are found under their old labels."""
    frame = results("pandas", [("cd4", "", 300.0, "/µL", None), ("cd4", "", 30.0, "/µL", None)])
    frame.index = [5, 3]
    graded = grade(frame)

    assert graded.loc[5, "grade"] == 2
    assert graded.loc[3, "grade"] == 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_rows(backend):
    """An empty table is graded, has no worst grade and no shift."""
    frame = table(backend, analyte=[], value=[], unit=[])
    graded = grade(frame)

    assert [len(each) for each in (graded, worst_grades(graded))] == [0, 0]
    assert len(grade_shift(graded, baseline_day=0)) == 0


def test_the_limit_is_that_of_flag():
    """The range beside the result wins, then the sets; the default set has 1100 for lymphocytes."""
    rows = [("lymphocytes", "", 1000.0, "/µL", low) for low in (None, 900.0, 1200.0)]
    frame = results("polars", rows)

    assert said(grade(frame), "grade", "low", "range_source") == [
        (1, 1100.0, "covid-cohort-2020"),
        (0, 900.0, "file"),
        (1, 1200.0, "file"),
    ]


def test_unknown_scale():
    """A name that is no scale is refused with the choices."""
    with pytest.raises(InvalidInput) as caught:
        grade(results("polars", [("cd4", "", 3.0, "/µL", None)]), "ctcae-v4")

    assert str(caught.value.problems[0]) == (
        "--scale  unknown-option (error): 'ctcae-v4' is not known. "
        "Write one of: ctcae-v5, daids-v2.1."
    )


def test_impossible_rows_are_refused():
    """As by `flag`: a negative count has no grade 4."""
    with pytest.raises(InvalidInput, match="1 error: negative-result"):
        grade(results("polars", [("cd4", "", -3.0, "/µL", None)]))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"grade": 4, "below": 50}, {"grade": 3, "at_least": 60, "below": 90}], "leave no gap"),
        ([{"grade": 4, "below": 50}, {"grade": 3, "above": 50, "below": 90}], "leave no gap"),
        ([{"grade": 4, "at_least": 0, "below": 50}], "the worst has no end"),
        ([{"grade": 4, "at_least": 5, "above": 5}], "one lower and one upper limit"),
    ],
)
def test_wrong_scales_are_refused(steps, message):
    """A term whose grades leave a gap, or end, is not loaded."""
    steps = [step | {"source": "made up"} for step in steps]
    about = {"name": "x", "analyte": "cd4", "direction": "low", "unit": "cells/µL"}
    with pytest.raises(ValidationError, match=message):
        GradeTerm.model_validate(about | {"grade": steps})


def test_bands_for_a_figure():
    """CTCAE CD4 in 10*9/L with a lower limit of 0.6, as edges and grades."""
    bands = grade_scales()[CTCAE].bands("cd4", "10*9/L", 0.6)

    assert [(band.lower.value, band.upper.value, *map(str, band.marks)) for band in bands] == [
        (-math.inf, 0.05, "low 4"),
        (0.05, 0.2, "low 3"),
        (0.2, 0.5, "low 2"),
        (0.5, 0.6, "low 1"),
        (0.6, math.inf, "0"),
    ]
    assert grade_scales()[CTCAE].bands("nk", "cells/µL") == []


numbers = st.one_of(
    st.sampled_from([50, 100, 200, 300, 350, 400, 500, 600, 650, 800, 1000, 4000, 20000]),
    st.integers(0, 30000),
    st.decimals(0, 25000, places=3),
).map(Decimal)
analytes = st.sampled_from(["lymphocytes", "cd4"])
signs = st.sampled_from(SIGNS)
lows = st.none() | st.sampled_from([300, 414, 500, 700, 800, 1000, 1100, 5000]).map(Decimal)
rows_of = st.lists(st.tuples(analytes, signs, numbers, lows), min_size=1, max_size=12)


@QUICK
@given(rows_of, st.sampled_from(SCALES), st.sampled_from(["10*9/L", "cells/mL", "10*6/L", "/mm3"]))
def test_a_unit_changes_no_grade(rows, scale, unit):
    """Value and limit in another unit: same grade, same reason, same flag."""
    here, there = (grade(results("polars", in_unit(rows, u)), scale) for u in ("cells/µL", unit))
    names = ("flag", *GRADING)

    assert said(here, *names) == said(there, *names)


@QUICK
@given(rows_of, st.sampled_from(SCALES), st.randoms())
def test_permuting_rows_permutes_grades(rows, scale, random):
    """A result's grade does not depend on its neighbours."""
    places = list(range(len(rows)))
    random.shuffle(places)
    frame = results("polars", in_unit(rows, "cells/µL"))
    graded = said(grade(frame, scale), *GRADING)

    assert said(grade(frame[places], scale), *GRADING) == [graded[place] for place in places]


@QUICK
@given(analytes, st.sampled_from(SIGNS[1:]), numbers, lows, st.sampled_from(SCALES), st.data())
def test_a_censored_value_has_the_grade_of_all_it_allows(analyte, sign, number, low, scale, data):
    """Any value that `<n` or `>n` allows has its grade, or one of those that it leaves open."""
    lower, upper = bounds(sign, float(number))
    below, above = lower.value, min(upper.value, 60000.0)
    share = data.draw(st.fractions(0, 1, max_denominator=1000))
    value = float(Fraction(below) + share * (Fraction(above) - Fraction(below)))
    inside = value not in {end.value for end in (lower, upper) if end.open}
    limit = None if low is None else float(low)
    rows = [
        (analyte, "" if i else sign, value if i else float(number), "/µL", limit) for i in (0, 1)
    ]
    censored, exact = said(
        grade(results("polars", rows), scale, "none"), "grade", "grade_direction", "grade_allows"
    )

    if inside:
        assert set(exact[2].split(", ")) <= set(censored[2].split(", "))
        assert censored[0] is None or censored == exact


@QUICK
@given(analytes, numbers, lows)
def test_grades_are_the_text_of_ctcae(analyte, number, low):
    """An oracle in exact decimals, written from the wording of the scale."""
    ends = (200, 500, 800) if analyte == "lymphocytes" else (50, 200, 500)
    expected = next((f"low {4 - i}" for i, end in enumerate(ends) if number < end), None)
    if analyte == "lymphocytes" and number > 4000:
        expected = "high 3" if number > 20000 else "high 2"
        expected = None if low is not None and number < low else expected
    elif expected is None and low is not None:
        expected = "low 1" if number < low else "0"
    frame = results("polars", in_unit([(analyte, "", number, low)], "10*9/L"))

    assert marked(grade(frame, CTCAE, "none")) == [expected]


@QUICK
@given(numbers, lows)
def test_a_grade_one_is_flagged_low(number, low):
    """Grade 1 of CTCAE and the flag L rest on the same comparison."""
    frame = results("polars", in_unit([("cd4", "", number, low)], "10*9/L"))
    found = marked(grade(frame))[0]

    assert found != "low 1" or column(flag(frame), "flag") == ["L"]


def cohort(backend, patients, **more):
    """A graded table of several patients: their lymphocytes on days 0, 1, 2, ..."""
    ids, days, rows = [], [], []
    for patient, values in patients.items():
        for day, text in enumerate(map(str, values)):
            sign = text.rstrip("0123456789")
            rows.append(("lymphocytes", sign, float(text.lstrip("<>=")), "cells/µL", 1000.0))
            ids.append(patient)
            days.append(float(day))
    known = {"patient_id": ids, "day": days}
    return grade(results(backend, rows, **(known | more)), CTCAE, "none")


def series(backend, values, **more):
    """The graded lymphocytes of one patient on days 0, 1, 2, ...; the lower limit is 1000."""
    return cohort(backend, {"P": values}, **more)


WORST_OF = [
    # values, worst grade, direction, its day, graded, not graded, note
    ([1500, 900, 450, 450], 3, "low", 2.0, 4, 0, ""),
    ([1500, 2000], 0, "", 0.0, 2, 0, ""),
    ([900, "<500"], None, "", None, 1, 1, "undetermined: grade 3 or 4"),
    ([100, "<500"], 4, "low", 0.0, 1, 1, ""),
    ([700, ">900"], None, "", None, 1, 1, "undetermined: grade 2 or 3"),
    ([700, "<=800"], None, "", None, 1, 1, "undetermined: grade 2, 3 or 4"),
    (["<500"], None, "", None, 0, 1, "undetermined: grade 3 or 4"),
    ([450, 5000], 3, "low", 0.0, 2, 0, "also Lymphocyte count increased: grade 2"),
    ([25000, 150], 4, "low", 1.0, 2, 0, "also Lymphocyte count increased: grade 3"),
    ([700, 5000], 2, "low", 0.0, 2, 0, "also Lymphocyte count increased: grade 2"),
]


@pytest.fixture(scope="module", params=BACKENDS)
def worst_of(request):
    """The worst grade of each case, all of them being patients of one table."""
    frame = cohort(request.param, {f"{values}": values for values, *_ in WORST_OF})
    names = ("grade", "grade_direction", "day", "n_graded", "n_not_graded", "grade_note")
    return said(worst_grades(frame), "patient_id", "analyte", "grade_scale", *names)


@pytest.mark.parametrize(
    ("values", "worst", "direction", "day", "n_graded", "left", "note"), WORST_OF
)
def test_worst_grade(worst_of, values, worst, direction, day, n_graded, left, note):
    """Grades with LLN 1000: 1500 is 0, 900 is 1, 700 is 2, 450 is 3, 100 is 4; 5000 is high 2.

    `<500` is grade 3 or 4, so it may be worse than 900 and not worse than 100.
    """
    assert [row for row in worst_of if row[0] == f"{values}"] == [
        (f"{values}", "lymphocytes", CTCAE, worst, direction, day, n_graded, left, note)
    ]


def test_worst_of_results_without_a_limit_or_number():
    """Without LLN 900 is grade 0 or 1: 700 decides; a haemolysed sample leaves nothing open."""
    rows = [("lymphocytes", "", value, "/µL", None) for value in (900.0, None, 700.0, 900.0, None)]
    frame = results("polars", rows, patient_id=["P", "P", "P", "Q", "R"])
    found = worst_grades(grade(frame, CTCAE, "none"))

    assert said(found, "patient_id", "grade", "n_graded", "n_not_graded", "grade_note") == [
        ("P", 2, 1, 2, ""),
        ("Q", None, 0, 1, "undetermined: grade 0 or 1"),
        ("R", None, 0, 1, "no number"),
    ]


def test_an_unknown_unit_leaves_the_worst_open():
    """A number that converts into nothing may have any grade; only grade 4 is never surpassed."""
    rows = [("cd4", "", v, u, None) for v, u in ((300.0, "/µL"), (5.0, "%"), (10.0, "/µL"))]
    frame = grade(results("polars", rows, patient_id=["P", "P", "P"]), CTCAE, "none")

    assert column(worst_grades(frame[:2]), "grade_note") == ["undetermined: grade 2, 3 or 4"]
    assert column(worst_grades(frame), "grade") == [4]


@pytest.mark.parametrize("backend", BACKENDS)
def test_worst_is_first_in_time_not_in_the_file(backend):
    """Two results of grade 3: the earlier date is told, although its row comes later."""
    times = [datetime(2020, 3, day) for day in (9, 2)]  # noqa: DTZ001
    found = worst_grades(series(backend, [450, 450], time=times, day=[None, None]))

    assert column(found, "time") == [times[1]]


@QUICK
@given(st.lists(st.integers(0, 30000), min_size=1, max_size=8), st.randoms())
def test_worst_of_certain_grades_is_their_maximum(values, random):
    """Whatever the order of the rows."""
    graded = series("polars", values)
    mixed = graded.sample(fraction=1, shuffle=True, seed=random.randrange(1000))

    assert column(worst_grades(mixed), "grade") == [max(column(graded, "grade"))]


@QUICK
@given(st.lists(st.integers(0, 30000), min_size=1, max_size=5), st.sampled_from(SIGNS[1:]), numbers)
def test_a_censored_result_never_hides_a_worse_grade(values, sign, number):
    """A worst grade that is told is that of any value which the censored result allows."""
    allowed = int(number) + {"<": -1, ">": 1}.get(sign, 0)
    assume(allowed >= 0)
    with_it = column(worst_grades(series("polars", [*values, f"{sign}{int(number)}"])), "grade")[0]
    exact = series("polars", [*values, allowed])

    assert with_it in {None, max(column(exact, "grade"))}


def cells(shift, term="Lymphocyte count decreased"):
    """The cells of a shift table that are not 0: {(baseline, worst): patients}."""
    names = [name for name in nw.from_native(shift).columns if name.startswith("worst_")]
    return {
        (baseline, name.removeprefix("worst_")): count
        for of, baseline, *counts in said(shift, "grade_term", "baseline", *names)
        for name, count in zip(names, counts, strict=True)
        if of == term and count
    }


PATIENTS = {
    "A": [1500, 900, 450, 700],
    "B": [1500, 1500, 2000, 1200],
    "C": [900, "<500", 700, 150],
    "D": ["<500", "<500", 700, 2000],
    "E": [1500, 1500, "<500", 900],
    "F": [700],
    "G": [1500, 5000, 1500, 25000],
}
"""LLN 1000, baseline up to day 1.

A: baseline 1 (900), worst 3 (450). B: 0, 0. C: day 1 has no grade, so 1 (900 on day 0); worst 4
(150). D: no graded baseline; worst 2 (700). E: 0; `<500` is grade 3 or 4, worst unknown. F: 2, and
nothing after. G: decreased 0, 0; increased 2 (5000), worst 3 (25000).
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_shift_from_a_day(backend):
    """Each patient of PATIENTS is in one cell of each term."""
    shift = grade_shift(cohort(backend, PATIENTS), baseline_day=1)
    rows = {"Lymphocyte count decreased": 6, "Lymphocyte count increased": 4}

    assert column(shift, "grade_term") == [name for name, many in rows.items() for _ in range(many)]
    assert column(shift, "baseline") == ["0", "1", "2", "3", "4", "none", "0", "2", "3", "none"]
    assert cells(shift) == {
        ("1", "3"): 1,
        ("0", "0"): 2,
        ("1", "4"): 1,
        ("none", "2"): 1,
        ("0", "none"): 1,
        ("2", "none"): 1,
    }
    assert cells(shift, "Lymphocyte count increased") == {
        ("0", "0"): 5,
        ("0", "none"): 1,
        ("2", "3"): 1,
    }


def doses(**columns):
    """An events frame of doses."""
    many = len(next(iter(columns.values())))
    return pl.DataFrame({"kind": ["dose"] * many, "name": ["IL-7"] * many} | columns)


def test_shift_from_the_first_dose():
    """A sample at the dose is after it; a patient without a dose has neither; drugs do not count.

    A is dosed on days 1 and 3: 1500 (0) before, worst of 900, 450 and 700 is 3.
    """
    graded = cohort("polars", {"A": PATIENTS["A"], "B": PATIENTS["B"]})
    given = doses(start_day=[3.0, 1.0, 0.0], patient_id=["A", "A", "A"])
    given = given.with_columns(kind=pl.Series(["dose", "dose", "drug"]))

    assert cells(grade_shift(graded, events=given)) == {("0", "3"): 1, ("none", "none"): 1}


def test_shift_from_a_dose_of_nobody_is_everybodys():
    """As on the figure: an events file of one patient need not name them."""
    graded = cohort("polars", {"A": PATIENTS["A"], "B": PATIENTS["B"]})
    shift = grade_shift(graded, events=doses(start_day=[1.0]))

    assert cells(shift) == {("0", "3"): 1, ("0", "0"): 1}


@pytest.mark.parametrize("backend", BACKENDS)
def test_shift_by_time_goes_before_days(backend):
    """Samples at 8:00 on 1 to 4 March, dose on 3 March at 7:00: 900 (1) before, 450 (3) after."""
    times = [datetime(2020, 3, day, 8) for day in (1, 2, 3, 4)]  # noqa: DTZ001
    graded = cohort(backend, {"A": PATIENTS["A"]}, time=times)
    given = doses(start_time=[datetime(2020, 3, 3, 7)], start_day=[0.0])  # noqa: DTZ001

    assert cells(grade_shift(graded, events=given)) == {("1", "3"): 1}


@pytest.mark.parametrize(
    ("day", "given"),
    [
        ([0.0, 1.0, None, 3.0], {"baseline_day": 1}),
        ([0.0, 1.0, None, 3.0], {"events": doses(start_day=[1.0])}),
        ([0.0, 1.0, 2.0, 3.0], {"events": doses(start_day=[1.0, None])}),
        ([0.0, 1.0, 2.0, 3.0], {"events": doses(start_time=[datetime(2020, 3, 3)])}),  # noqa: DTZ001
    ],
)
def test_shift_without_a_place_in_time(day, given):
    """A result or a dose that has no place leaves baseline and worst unknown."""
    graded = cohort("polars", {"A": PATIENTS["A"]}, day=day)

    assert cells(grade_shift(graded, **given)) == {("none", "none"): 1}


@pytest.mark.parametrize("given", [{}, {"baseline_day": 1, "events": doses(start_day=[1.0])}])
def test_shift_needs_one_anchor(given):
    """Day or doses, never both, never a guess."""
    with pytest.raises(ValueError, match=r"^give baseline_day or events, one of them$"):
        grade_shift(cohort("polars", PATIENTS), **given)


@pytest.mark.parametrize("count", [worst_grades, lambda frame: grade_shift(frame, baseline_day=0)])
def test_an_ungraded_table_is_refused(count):
    """The columns of `grade` are needed."""
    with pytest.raises(ValueError, match=r"^the table has no column grade_scale: grade it first$"):
        count(results("polars", [("cd4", "", 3.0, "/µL", None)]))


@QUICK
@given(
    st.lists(st.lists(st.integers(0, 30000), min_size=1, max_size=5), min_size=1, max_size=5),
    st.integers(-1, 5),
    st.integers(-100, 100),
)
def test_shift_counts_every_patient_once_on_any_clock(values, day, moved):
    """Each term's cells add up to the patients; moving clock and anchor together moves nothing."""
    graded = cohort("polars", {f"P{i}": found for i, found in enumerate(values)})
    shift = grade_shift(graded, baseline_day=day)
    later = graded.with_columns(pl.col("day") + moved)

    assert sum(cells(shift).values()) == len(values)
    assert sum(cells(shift, "Lymphocyte count increased").values()) == len(values)
    assert grade_shift(later, baseline_day=day + moved).equals(shift)


def test_agrees_with_pharmaverse(shared_data):
    """ATOXGRL of pharmaverse-adlb is the CD4 grade of CTCAE v5, asked of its lymphocyte rows.

    It grades 502 rows; 6 without a grade are those without a lower limit and from 0.5 10*9/L up.
    """
    rows = pl.read_csv(shared_data / "pharmaverse-adlb" / "adlb_dev.csv", infer_schema=False)
    rows = rows.filter(pl.col("PARAMCD") == "LYMPH")
    frame = rows.select(
        analyte=pl.lit("cd4"),
        unit=pl.lit("10*9/L"),
        value=pl.col("AVAL").cast(pl.Float64),
        low=pl.col("ANRLO").cast(pl.Float64),
    )
    theirs = [None if grade is None else int(grade) for grade in rows["ATOXGRL"]]
    graded = grade(frame, CTCAE, "none")

    assert column(graded, "grade") == theirs
    assert set(graded.filter(pl.col("grade").is_null())["grade_note"]) == {NO_LIMIT}
