"""Records: strict at construction, and the same again after a frame."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from immunotrack.readers import Options, read_source
from immunotrack.readers.cells import read_part
from immunotrack.readers.delimited import read_grid
from immunotrack.records import EVENT_KINDS, Measurement, Patient, TreatmentEvent
from immunotrack.values import Kind, parse_result
from strategies import ANALYTES, BACKENDS, UNITS, column, examples, patients, table

QUICK = settings(max_examples=examples(50), deadline=None)
NOON = datetime(2020, 3, 2, 12)  # noqa: DTZ001 - a wall clock


def measurement(**given):
    """A CD4 count of 350 on day 1, unless told otherwise; a field given as None is left out."""
    fields = {"analyte": "CD4", "reported": "350", "unit": "/µL", "day": 1.0} | given
    return Measurement(**{name: value for name, value in fields.items() if value is not None})


def event(**given):
    """A dose on day 24, unless told otherwise."""
    return TreatmentEvent(**({"kind": "dose", "name": "IL-7", "start_day": 24.0} | given))


def faults(make, **given):
    """What a record's refusal says: the field and the sentence of each fault."""
    with pytest.raises(ValidationError) as caught:
        make(**given)
    return [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in caught.value.errors()]


# --- what a measurement says


def test_a_measurement_is_kept_under_our_names():
    """Analyte and unit are in the house spelling, the result stays as reported."""
    made = measurement(analyte="CD4+ T cells", reported=" < 350 ", unit="/mm3")

    assert (made.analyte, made.unit, made.reported) == ("cd4", "cells/µL", " < 350 ")


@pytest.mark.parametrize(
    ("reported", "comparator", "value"),
    [("350", "", 350.0), ("< 5", "<", 5.0), ("≥1000", ">=", 1000.0), ("", "", None)],
)
def test_comparator_and_value_follow_from_the_result(reported, comparator, value):
    """They are read from the text and stored nowhere else."""
    made = measurement(reported=reported)

    assert (made.comparator, made.value) == (comparator, value)


@pytest.mark.parametrize(("limit", "value"), [(None, None), (0.5, 0.5)])
def test_not_detected_has_its_limit_of_detection_for_a_value(limit, value):
    """Without a limit the result is below something that is not known."""
    made = measurement(reported="not detected", detection_limit=limit)

    assert (made.comparator, made.value) == ("<", value)


@pytest.mark.parametrize(
    ("value", "comparator", "reported"),
    [(350, "", "350"), (0.57, "<", "<0.57"), (Decimal("1.50"), ">=", ">=1.5"), (5.0, "", "5")],
)
def test_a_number_may_be_given_instead_of_a_text(value, comparator, reported):
    """A value with its comparator is written as a laboratory would."""
    made = measurement(reported=None, value=value, comparator=comparator)

    assert made.reported == reported


def test_a_value_of_any_smallness_stays_a_value():
    """A number of an analyte that nobody knows must not turn into a word without a warning."""
    assert measurement(analyte="viral copies", reported=None, value=1e-120).value == 1e-120


def test_an_absurd_number_is_a_measurement():
    """9e29 10*9/L is absurd, and being absurd is a warning."""
    assert measurement(reported="9e29", unit="10*9/L").value == 9e29


def test_a_percent_sign_is_the_unit_where_there_is_none():
    """45 % of an analyte without a unit is a percentage."""
    assert measurement(analyte="CD4 %", reported="45 %", unit="").unit == "%"


def test_a_score_needs_no_unit():
    """A dimensionless analyte has its own."""
    assert measurement(analyte="IFN score", reported="12", unit="").unit == "{score}"


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2020-03-02", datetime(2020, 3, 2)),  # noqa: DTZ001
        ("2020-03-02T12:00+05:00", NOON),
        (date(2020, 3, 2), datetime(2020, 3, 2)),  # noqa: DTZ001
        (NOON.replace(tzinfo=UTC), NOON),
    ],
)
def test_a_time_is_a_wall_clock(given, time):
    """ISO text, a date and an aware datetime become the local time that they show."""
    assert measurement(time=given).time == time


def test_a_number_in_another_notation_has_its_plain_text_beside_it():
    """The laboratory's text is kept, and comparator and number come from the plain one."""
    made = measurement(reported="< 1,50", plain="<1.50")

    assert (made.reported, made.plain, made.comparator, made.value) == ("< 1,50", "<1.5", "<", 1.5)


def test_a_plain_text_that_says_nothing_new_is_left_out():
    """One result is one record, however it was made."""
    assert measurement(reported="350", plain="350.0") == measurement(reported="350")


def test_the_reason_for_no_result_is_a_measurement_without_value():
    """A pending result is kept as its laboratory wrote it."""
    made = measurement(reported="pending")

    assert (made.reported, made.comparator, made.value) == ("pending", "", None)


def test_the_facts_of_a_measurement_hold_the_laboratory_s_mark():
    """The rules may warn of it, also where the number is read from the plain text."""
    marked = [measurement(reported="350 L"), measurement(reported="350,5 L", plain="350.5")]

    assert [made.facts()["mark"] for made in marked] == ["L", "L"]


def test_a_percent_sign_counts_where_the_number_has_a_decimal_comma():
    """45,5 % is no count of cells, whatever its plain text."""
    assert faults(measurement, reported="45,5 %", plain="45.5") == [
        ("", "Value error, percent: the result is a percentage and its unit is not")
    ]


# --- what a measurement refuses

COMMA = "a comma, blank or second point in a number means different things in different countries"
BELOW = "below zero, which no count, concentration or score can be"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"time": 0}, ("time", "Input should be a valid datetime")),
        ({"time": 1583107200}, ("time", "Input should be a valid datetime")),
        (
            {"time": "03/02/2020"},
            ("time", "Value error, not an ISO 8601 date (ambiguous-date)"),
        ),
        (
            {"time": "2023-02-30"},
            ("time", "Value error, not an ISO 8601 date (impossible-date)"),
        ),
        ({"day": float("nan")}, ("day", "Input should be a finite number")),
        ({"day": float("inf")}, ("day", "Input should be a finite number")),
        ({"day": True}, ("day", "Input should be a valid number")),
        ({"day": "1"}, ("day", "Input should be a valid number")),
        ({"low": "3"}, ("low", "Input should be a valid number")),
        ({"high": float("nan")}, ("high", "Input should be a finite number")),
        ({"reported": 350}, ("reported", "Input should be a valid string")),
        ({"analyte": "  "}, ("analyte", "String should have at least 1 character")),
        ({"laboratory": "Lyon"}, ("laboratory", "Extra inputs are not permitted")),
        ({"comparator": "<"}, ("comparator", "Extra inputs are not permitted")),
        (
            {"origin": "guessed"},
            (
                "origin",
                "Input should be '', 'measured', 'quoted', 'digitised' or 'illustrative'",
            ),
        ),
        ({"day": None}, ("", "Value error, a measurement needs a time, a day or a visit")),
        ({"reported": "-1"}, ("", f"Value error, negative-result: {BELOW}")),
        ({"reported": "<-1"}, ("", f"Value error, negative-result: {BELOW}")),
        ({"reported": "1,5"}, ("", f"Value error, decimal-comma: {COMMA}")),
        ({"reported": "no growth"}, ("", "Value error, not-a-number: not a number")),
        ({"reported": "1:80"}, ("", "Value error, not-a-number: not a number")),
        (
            {"reported": "#DIV/0!"},
            ("", "Value error, formula-error: the error value of a spreadsheet's formula"),
        ),
        *(
            (
                {"reported": "1,5", "plain": plain},
                ("", "Value error, plain must be a number, with or without a comparator"),
            )
            for plain in ("1,5", "pending", "1.5 %", "1.5 H", "not detected", "1e30")
        ),
        (
            {"reported": "40 %"},
            ("", "Value error, percent: the result is a percentage and its unit is not"),
        ),
        (
            {"unit": ""},
            ("", "Value error, missing-unit: a number without a unit, and no range beside it"),
        ),
        (
            {"low": 2.0, "high": 1.0},
            ("", "Value error, inverted-range: the limit low is above the limit high"),
        ),
    ],
)
def test_a_measurement_refuses_what_it_cannot_keep(given, expected):
    """Each fault has its own sentence; zero is no date, a flag no number, a text no number."""
    assert faults(measurement, **given) == [expected]


@pytest.mark.parametrize("value", [True, "5", None, [5]])
def test_a_value_must_be_a_number(value):
    """Text, flags and lists are no numbers, whatever they look like."""
    given = {"analyte": "CD4", "unit": "/µL", "day": 1.0, "value": value}

    assert faults(Measurement, **given) == [
        ("", "Value error, value must be a number; give text as reported")
    ]


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), 1e30, -1e30, Decimal("NaN"), Decimal("Infinity")]
)
def test_a_value_must_be_finite(value):
    """Nan, the infinities and numbers from 1e30 on are no results."""
    assert faults(measurement, reported=None, value=value) == [
        ("", "Value error, value must be a finite number")
    ]


def test_an_integer_beyond_every_float_is_refused_like_any_fault():
    """A validation error and not an overflow reaches the caller."""
    assert faults(measurement, reported=None, value=10**400) == [
        ("", "Value error, value must be a finite number")
    ]


def test_a_result_is_given_once():
    """A value beside a reported text could contradict it."""
    assert faults(measurement, value=5) == [("", "Value error, give value or reported, not both")]


def test_every_broken_rule_is_told():
    """A comma and an inverted range are two faults of one result."""
    inverted = "inverted-range: the limit low is above the limit high"

    assert faults(measurement, reported="1,5", low=2.0, high=1.0) == [
        ("", f"Value error, decimal-comma: {COMMA}; {inverted}")
    ]


def test_a_number_without_a_unit_is_kept_beside_its_own_range():
    """The range says in what the number is meant."""
    assert measurement(unit="", low=300.0, high=900.0).unit == ""


def test_a_result_in_words_is_kept_of_an_unknown_analyte():
    """A culture's result is text."""
    assert measurement(analyte="Culture", reported="no growth", unit="").value is None


def test_a_measurement_does_not_change():
    """Records are frozen."""
    made = measurement()
    with pytest.raises(ValidationError) as caught:
        made.reported = "5"

    assert [fault["msg"] for fault in caught.value.errors()] == ["Instance is frozen"]


@pytest.mark.parametrize(
    "given",
    [
        {"reported": "-98765.4321"},
        {"reported": "98765.4321", "unit": ""},
        {"reported": "98765,4321"},
        {"low": "98765.4321"},
        {"time": "98765.4321"},
        {"origin": "98765.4321"},
        {"laboratory": "98765.4321"},
    ],
)
def test_the_text_of_an_error_holds_no_value(given):
    """A traceback in a log tells what is wrong and not what was measured."""
    with pytest.raises(ValidationError) as caught:
        measurement(**given)

    assert "98765" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"age_years": 131.0},
        {"sex": "SECRET-17"},
        {"birth_date": "SECRET-17"},
        {"measurements": [{"analyte": "CD4", "reported": "SECRET-17", "day": 1.0}]},
    ],
)
def test_the_text_of_an_error_holds_no_patient(given):
    """Neither the identifier nor what is wrong with the patient is in the message."""
    with pytest.raises(ValidationError) as caught:
        Patient(patient_id="SECRET-17", **given)

    assert "SECRET" not in str(caught.value)


# --- events and patients


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start_day": None}, ("", "Value error, an event needs a start time or a start day")),
        ({"dose": 3.0}, ("", "Value error, a dose needs its unit, and a unit its dose")),
        ({"dose_unit": "µg/kg"}, ("", "Value error, a dose needs its unit, and a unit its dose")),
        (
            {"dose": -3.0, "dose_unit": "µg/kg"},
            ("dose", "Input should be greater than or equal to 0"),
        ),
        ({"end_day": 23.0}, ("", "Value error, an event must not end before it starts")),
        (
            {"start_time": "2020-03-02T12:00", "end_time": "2020-03-02T11:59"},
            ("", "Value error, an event must not end before it starts"),
        ),
        (
            {"end_day": 25.0, "open_end": True},
            ("", "Value error, an event has an end or an open end, not both"),
        ),
        (
            {"kind": "surgery"},
            (
                "kind",
                f"Input should be {', '.join(map(repr, EVENT_KINDS[:-1]))} or 'outcome'",
            ),
        ),
        ({"basis": "guessed"}, ("basis", "Input should be 'stated', 'derived' or 'assumed'")),
        ({"name": ""}, ("name", "String should have at least 1 character")),
    ],
)
def test_an_event_refuses_what_it_cannot_keep(given, expected):
    """Each fault of an event has its own sentence."""
    assert faults(event, **given) == [expected]


def test_an_event_may_end_when_it_starts():
    """A span of no length is still said as one."""
    assert event(end_day=24.0).end_day == 24.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"patient_id": 7}, ("patient_id", "Input should be a valid string")),
        ({"patient_id": " "}, ("patient_id", "String should have at least 1 character")),
        ({"sex": "m"}, ("sex", "Input should be 'male' or 'female'")),
        ({"birth_date": 0}, ("birth_date", "Input should be a valid datetime")),
        ({"age_years": -1.0}, ("age_years", "Input should be greater than or equal to 0")),
        ({"age_years": 131.0}, ("age_years", "Input should be less than or equal to 130")),
    ],
)
def test_a_patient_refuses_what_it_cannot_keep(given, expected):
    """A number is no identifier, zero no date of birth, m no sex."""
    assert faults(Patient, **({"patient_id": "P"} | given)) == [expected]


# --- to a frame and back


@QUICK
@given(patient=patients())
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_patient_comes_back_from_its_frames(backend, patient):
    """What is written to a measurements table and an events table is the same record again."""
    frame, happened = patient.to_frame(backend), patient.events_to_frame(backend)

    assert Patient.from_frame(frame, happened) == patient


@st.composite
def foreign_measurements(draw):
    """A result with a decimal comma, marked or not, and its plain text."""
    sign = draw(st.sampled_from(["", "<", ">="]))
    number = draw(st.decimals(0, 10**7, places=draw(st.integers(0, 3))))
    mark = draw(st.sampled_from(["", " H", " %"]))
    return measurement(
        analyte="marker",
        unit="%",
        reported=f"{sign} {number:,}".translate(str.maketrans(",.", " ,")) + mark,
        plain=f"{sign}{number}",
    )


@QUICK
@given(results=st.lists(foreign_measurements(), min_size=1, max_size=4))
@pytest.mark.parametrize("backend", BACKENDS)
def test_results_with_a_decimal_comma_come_back_from_their_frame(backend, results):
    """Neither the laboratory's text nor the number that it stands for is lost."""
    patient = Patient(patient_id="P", measurements=results)

    assert Patient.from_frame(patient.to_frame(backend)) == patient


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_whose_text_does_not_give_its_number_keeps_both(backend):
    """A frame of a reader that knows the file's decimal sign has number and text."""
    frame = table(
        backend,
        patient_id=["P"],
        day=[1.0],
        analyte=["CD4"],
        reported=["<1.234"],
        comparator=["<"],
        value=[1234.0],
        unit=["/µL"],
    )
    made = Patient.from_frame(frame).measurements[0]

    assert (made.reported, made.plain, made.value) == ("<1.234", "<1234", 1234.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_frame_of_a_patient_has_the_contract_s_facts(backend):
    """Half a G/L of CD4 is 500 cells/µL; born in March 1950, the patient is 69 in March 2020."""
    patient = Patient(
        patient_id="007",
        sex="female",
        birth_date="1950-03-03",
        measurements=[measurement(reported="<0.5", unit="G/L", time=NOON, low=0.4)],
    )
    frame = patient.to_frame(backend)
    expected = {
        "patient_id": "007",
        "analyte": "cd4",
        "reported": "<0.5",
        "comparator": "<",
        "value": 0.5,
        "unit": "10*9/L",
        "value_std": 500.0,
        "unit_std": "cells/µL",
        "low": 0.4,
        "high": None,
        "range_source": "file",
        "flag": "",
        "sex": "female",
        "age_years": 69.0,
    }

    assert {name: column(frame, name) for name in expected} == {
        name: [value] for name, value in expected.items()
    }


@pytest.mark.parametrize("patient_id", ["NA", "007", "null"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_identifier_stays_what_it_is(backend, patient_id):
    """NA is no missing value and 007 no seven."""
    patient = Patient(patient_id=patient_id, measurements=[measurement()])

    assert Patient.from_frame(patient.to_frame(backend)).patient_id == patient_id


def test_a_numeric_identifier_is_refused():
    """A frame that has lost the zeros of 007 is not taken."""
    frame = pd.DataFrame({"patient_id": [7], "analyte": ["CD4"], "value": [1.0], "unit": ["/µL"]})
    with pytest.raises(TypeError) as caught:
        Patient.from_frame(frame)

    assert str(caught.value) == "patient_id must be text, or 007 becomes 7"


@pytest.mark.parametrize("backend", BACKENDS)
def test_limits_that_a_set_supplied_are_left_out(backend):
    """The record holds what came with the result."""
    frame = table(
        backend,
        patient_id=["P"],
        day=[1.0],
        analyte=["CD4"],
        value=[350.0],
        unit=["/µL"],
        low=[414.0],
        range_source=["covid-cohort-2020"],
    )

    assert Patient.from_frame(frame).measurements[0].low is None


def test_a_frame_of_several_patients_needs_a_choice():
    """Two patients in one table are not merged."""
    frame = table(
        "pandas",
        patient_id=["A", "B"],
        day=[1.0, 1.0],
        analyte=["CD4"] * 2,
        value=[1.0, 2.0],
        unit=["/µL"] * 2,
    )
    with pytest.raises(ValueError, match="patients") as caught:
        Patient.from_frame(frame)

    assert str(caught.value) == "the tables hold 2 patients; choose one with patient_id"


def test_a_chosen_patient_has_only_its_own_results():
    """The other patient's result stays out."""
    frame = table(
        "polars",
        patient_id=["A", "B"],
        day=[1.0, 1.0],
        analyte=["CD4"] * 2,
        value=[1.0, 2.0],
        unit=["/µL"] * 2,
    )

    assert [m.value for m in Patient.from_frame(frame, patient_id="B").measurements] == [2.0]


def test_the_patient_of_a_frame_is_checked():
    """A negative count in a frame is refused as it is anywhere."""
    frame = table(
        "pandas", patient_id=["A"], day=[1.0], analyte=["CD4"], value=[-1.0], unit=["/µL"]
    )

    assert faults(lambda: Patient.from_frame(frame)) == [
        ("", f"Value error, negative-result: {BELOW}")
    ]


# --- one set of rules

CELLS = st.fixed_dictionaries(
    {
        "analyte": st.sampled_from(["", *ANALYTES]),
        "value": st.one_of(
            st.sampled_from(
                [
                    "",
                    " ",
                    "12",
                    "< 5",
                    ">=1000",
                    "0",
                    "-0",
                    "-1",
                    "<-1",
                    "45 %",
                    "<1%",
                    "1,5",
                    "1 234",
                    "1.234,5",
                    "nan",
                    "inf",
                    "1e999",
                    "٥",
                    "not detected",
                    "<LOD",
                    "pending",
                    "H 256",
                    "1:80",
                    "+",
                    "5 - 10",
                    "#N/A",
                    "1e7",
                    "0.001",
                    "=1+1",
                    '"12"',
                    "5-10",
                ]
            ),
            st.floats(-10, 1e6).map(repr),
            st.text("0123456789.,<>=%- ", max_size=6),
        ),
        "unit": st.sampled_from(UNITS),
        "low": st.sampled_from(["", "0", "1", "10", "1e3"]),
        "high": st.sampled_from(["", "0", "1", "20", "1e3"]),
    }
)


def is_valid_record(cells, sign):
    """Whether a measurement can be made of the cells of a row, in the notation of its file."""
    low, high = (float(cells[side]) if cells[side] else None for side in ("low", "high"))
    read = parse_result(cells["value"], sign)
    if read.kind is Kind.AMBIGUOUS:
        return False
    plain = "" if read.number is None else f"{read.comparator}{read.number}"
    try:
        measurement(
            analyte=cells["analyte"],
            reported=cells["value"],
            plain=plain,
            unit=cells["unit"],
            low=low,
            high=high,
        )
    except ValidationError:
        return False
    return True


def validity(path, rows):
    """What the reader says of each row, each of a patient of its own."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["patient_id", "day", *rows[0]])
        writer.writeheader()
        writer.writerows(
            {"patient_id": f"P{number}", "day": "1"} | row for number, row in enumerate(rows)
        )
    return (read_source(str(path)).results["fate"] != "error").to_list()


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(CELLS, min_size=1, max_size=25))
def test_a_row_of_a_file_is_valid_exactly_if_its_record_is(tmp_path, rows):
    """The columnar rules and the records' rules are one set of rules."""
    path = tmp_path / "rows.csv"
    found = validity(path, rows)
    sign = read_part(read_grid(path), Options()).cells["decimal"][0]

    assert found == [is_valid_record(row, sign) for row in rows]


@pytest.mark.parametrize("limit", ["-1", "0", "0.5"])
def test_a_limit_of_detection_is_judged_alike_in_file_and_record(tmp_path, limit):
    """A negative limit of detection is refused by the reader as it is by the record."""
    row = {"analyte": "IL-6", "value": "not detected", "unit": "pg/mL", "detection_limit": limit}
    given = {"analyte": "IL-6", "reported": "not detected", "unit": "pg/mL"}
    try:
        measurement(**given, detection_limit=float(limit))
    except ValidationError:
        expected = [False]
    else:
        expected = [True]

    assert validity(tmp_path / "rows.csv", [row]) == expected


def test_a_range_of_nothing_is_left_out():
    """0 to 0 stands for no range, as it does in a file."""
    made = measurement(low=0.0, high=0.0)

    assert (made.low, made.high) == (None, None)


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ({"critical_low": 5.0, "low": 4.0}, "critical_low", "low"),
        ({"high": 5.0, "critical_high": 4.0}, "high", "critical_high"),
        ({"critical_low": 5.0, "critical_high": 4.0}, "critical_low", "critical_high"),
    ],
)
def test_critical_limits_must_rise_too(given, lower, upper):
    """The four limits rise: critical low, low, high, critical high."""
    assert faults(measurement, **given) == [
        ("", f"Value error, inverted-range: the limit {lower} is above the limit {upper}")
    ]


def test_a_range_of_nothing_is_no_range_for_a_record_either():
    """0 to 0 is read as no range, so a number beside it still needs its unit."""
    assert faults(measurement, unit="", low=0.0, high=0.0) == [
        ("", "Value error, missing-unit: a number without a unit, and no range beside it")
    ]


def test_a_frame_from_a_reader_makes_the_same_patient_as_the_records(tmp_path):
    """One row read from a file and the record written by hand are equal."""
    row = {"analyte": "CD4", "value": "<350", "unit": "/mm3", "low": "400", "high": ""}
    path = tmp_path / "rows.csv"
    validity(path, [row])
    made = measurement(reported="<350", unit="/mm3", low=400.0)

    assert Patient.from_frame(read_source(str(path)).used).measurements == (made,)


def test_a_frame_of_any_backend_holds_text_without_nulls():
    """Text columns of a patient's frame are empty where there is nothing."""
    frame = nw.from_native(Patient(patient_id="P", measurements=[measurement()]).to_frame("polars"))
    nulls = [
        name
        for name, dtype in frame.schema.items()
        if dtype == nw.String and frame[name].is_null().any()
    ]

    assert nulls == []
