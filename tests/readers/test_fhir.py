"""FHIR: every Observation is a row, every value is the file's own, and nothing is guessed."""
# ruff: noqa: D102 - the class says what its tests are about

import json
from collections import Counter
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immunotrack.analytes import analytes
from immunotrack.problems import InvalidInput
from immunotrack.readers.documents import parse_documents
from immunotrack.readers.fhir.grids import fhir_grids, read_fhir
from immunotrack.readers.fhir.headers import EVENTS_HEADER, PERSONS_HEADER, RESULTS_HEADER
from immunotrack.readers.fhir.repeats import merge_repeated
from immunotrack.readers.grid import NumberCell, Options
from strategies import examples

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def quantity(value, unit="mg/L", **more):
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


def observation(**members):
    """A final Observation of CRP, changed as stated; a member that is None is left out."""
    whole = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "CRP"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-01-02T08:00:00+01:00",
        "valueQuantity": quantity(5),
    } | members
    return {name: value for name, value in whole.items() if value is not None}


def patient(**members):
    """A Patient p1, a woman born in 1970, changed as stated."""
    born = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-06-15"}
    return born | members


def bundle(*resources):
    """A Bundle of resources, or of entries as they are."""
    entries = [r if "resource" in r else {"resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def grids(*resources, source="x.json"):
    """The grids of a Bundle, by the second column of their header."""
    document = bundle(*resources) if len(resources) > 1 else resources[0]
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    return {g.header[1]: g for g in fhir_grids(parse_documents(text.encode(), source))}


def results(*resources, **options):
    """The grid of results."""
    return grids(*resources, **options)["time"]


def cells(grid, row=0):
    """One row of a grid, by column."""
    return dict(zip(grid.header, grid.rows[row], strict=True))


def one(**members):
    """The cells of one Observation."""
    return cells(results(observation(**members)))


def told(grid):
    """The problems of a grid as code, line, rows and message."""
    return [(p.code, p.line, p.rows, p.message) for p in grid.problems]


def codes(grid):
    """The codes of the problems of a grid."""
    return [p.code for p in grid.problems]


class TestWho:
    """Whose result it is."""

    @pytest.mark.parametrize(
        ("subject", "patient_id"),
        [
            ({"reference": "Patient/x-1"}, "x-1"),
            ({"reference": "https://lab.example/fhir/Patient/7"}, "7"),
            ({"reference": "Patient/7/_history/2"}, "7"),
            ({"reference": "urn:uuid:0a-1"}, "0a-1"),
            ({"reference": "Group/herd1"}, "Group/herd1"),
            ({"reference": "#c"}, "c"),
            ({"identifier": {"value": "MRN 12"}, "display": "Ada"}, "MRN 12"),
            ({"display": "Ada"}, "Ada"),
            ({}, ""),
            (None, ""),
        ],
    )
    def test_reference(self, subject, patient_id):
        assert one(subject=subject)["patient_id"] == patient_id

    def test_a_reference_by_full_url_is_resolved(self):
        entry = {"fullUrl": "urn:uuid:1", "resource": patient(id="real")}
        grid = grids(entry, observation(subject={"reference": "urn:uuid:1"}))

        assert cells(grid["time"])["patient_id"] == "real"
        assert cells(grid["time"])["sex"] == "female"
        assert cells(grid["time"])["birth_date"] == "1970-06-15"

    def test_a_patient_without_an_id_has_that_of_the_entry(self):
        entry = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "gender": "male"}}
        grid = grids(entry, observation(subject={"reference": "urn:uuid:1"}))

        assert grid["sex"].rows == [["1", "male", "", ""]]
        assert cells(grid["time"])["sex"] == "male"

    def test_contained_patients_of_one_id_are_kept_apart(self):
        def contained(number):
            person = {"resourceType": "Patient", "id": "p", "identifier": [{"value": number}]}
            return observation(contained=[person], subject={"reference": "#p"})

        same = results(contained("1"), contained("1") | {"issued": "2024"})
        other = results(contained("1"), contained("2"))

        assert [row[0] for row in same.rows] == ["p", "p"]
        assert grids(contained("1"), contained("1") | {"issued": "2024"})["sex"].aside == {
            1: "repeated-result"
        }
        assert [row[0] for row in other.rows] == ["1", "2"]

    def test_an_observation_inside_a_report_is_read(self):
        inner = observation(subject=None, id="o")
        report = {
            "resourceType": "DiagnosticReport",
            "id": "r",
            "subject": {"reference": "Patient/9"},
            "contained": [inner],
        }
        row = cells(results(report))

        assert (row["patient_id"], row["reported"], row["id"]) == ("9", "5", "r#o")


class TestWhen:
    """The time of the sample, as written."""

    @pytest.mark.parametrize(
        ("members", "time"),
        [
            ({"effectiveDateTime": "2024-01"}, "2024-01"),
            ({"effectiveInstant": "2024-01-02T03:04:05Z"}, "2024-01-02T03:04:05Z"),
            ({"effectivePeriod": {"start": "2024-01-02", "end": "2024-01-03"}}, "2024-01-02"),
            ({"effectivePeriod": {"end": "2024-01-03"}}, "2024-01-03"),
            ({"appliesDateTime": "2014-01-02"}, "2014-01-02"),
            ({"appliesPeriod": {"start": "2014-01-02"}}, "2014-01-02"),
            ({"issued": "2024-02-02T00:00:00Z"}, ""),
        ],
    )
    def test_names_of_all_versions(self, members, time):
        row = one(**({"effectiveDateTime": None} | members))

        assert row["time"] == time
        assert row["issued"] == members.get("issued", "")


class TestWhat:
    """What was measured."""

    def test_text_goes_before_the_display_of_loinc(self):
        codings = [
            {"system": "urn:local", "code": "L", "display": "local"},
            {"system": LOINC, "code": "1988-5", "display": "C reactive protein"},
        ]

        assert one(code={"text": "CRP!", "coding": codings})["analyte"] == "CRP!"
        assert one(code={"coding": codings})["analyte"] == "C reactive protein"
        assert one(code={"coding": codings[:1]})["analyte"] == "local"
        assert one(code={"coding": [{"code": "L"}]})["analyte"] == "L"
        assert one(code=None)["analyte"] == ""

    def test_of_several_loinc_codes_the_known_one_is_taken(self):
        known = analytes()["cd4"].loinc[0]
        codings = [{"system": LOINC, "code": code} for code in ("99999-9", known, "1988-5")]

        assert one(code={"coding": codings})["loinc"] == known
        assert one(code={"coding": codings[:1]})["loinc"] == "99999-9"


class TestValue:
    """The result, of every type that FHIR has."""

    @pytest.mark.parametrize(
        ("members", "reported", "is_number"),
        [
            ({"valueQuantity": quantity(5)}, "5", True),
            ({"valueQuantity": quantity(8, comparator="<")}, "<8", True),
            ({"valueQuantity": quantity(8, comparator="ad")}, "ad 8", False),
            ({"valueQuantity": {"unit": "mg"}}, "", False),
            ({"valueString": "< 8,0"}, "< 8,0", False),
            ({"valueInteger": 3}, "3", True),
            ({"valueBoolean": False}, "false", False),
            ({"valueCodeableConcept": {"text": "Positief"}}, "Positief", False),
            ({"valueCodeableConcept": {"coding": [{"code": "1"}, {"display": "+"}]}}, "+", False),
            ({"valueRange": {"low": {"value": 2}, "high": {"value": 5}}}, "2 - 5", False),
            ({"valueRange": {"low": {"value": 2}}}, "from 2", False),
            ({"valueRange": {"high": {"value": 5}}}, "to 5", False),
            ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 80}}}, "1:80", 0),
            (
                {
                    "valueRatio": {
                        "numerator": {"value": 1, "comparator": ">"},
                        "denominator": {"value": 40},
                    }
                },
                ">1:40",
                False,
            ),
            ({"valueDateTime": "2024-01-01"}, "2024-01-01", False),
            ({"valueTime": "08:00:00"}, "08:00:00", False),
            ({"valuePeriod": {"start": "2024", "end": "2025"}}, "2024/2025", False),
            ({"valueSampledData": {"data": "1 2"}}, "(sampled data)", False),
            ({"valueAttachment": {"url": "x"}}, "(attachment)", False),
            ({"valueReference": {"reference": "MolecularSequence/1"}}, "MolecularSequence/1", 0),
        ],
    )
    def test_types(self, members, reported, is_number):
        row = one(**({"valueQuantity": None} | members))

        assert row["reported"] == reported
        assert isinstance(row["reported"], NumberCell) == bool(is_number)

    @pytest.mark.parametrize("digits", ["1.0", "0.10", "4.00", "1E2"])
    def test_the_digits_are_the_files(self, digits):
        text = json.dumps(observation()).replace('"value": 5', f'"value": {digits}')

        assert cells(results(text))["reported"] == digits

    @pytest.mark.parametrize(
        ("members", "unit"),
        [
            ({"unit": "microg/L", "system": UCUM, "code": "ug/L"}, "ug/L"),
            ({"unit": "mmol/L", "system": "http://snomed.info/sct", "code": "258813002"}, "mmol/L"),
            ({"code": "258813002"}, "258813002"),
            ({"system": UCUM, "unit": "/uL"}, "/uL"),
            ({}, ""),
        ],
    )
    def test_unit(self, members, unit):
        assert one(valueQuantity={"value": 1, **members})["unit"] == unit


class TestComponents:
    """A row for each component, beside one for a value of the whole."""

    parts = (
        {"code": {"text": "systolic"}, "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": {"text": "diastolic"}, "dataAbsentReason": {"coding": [{"code": "unknown"}]}},
    )

    def test_only_components(self):
        grid = results(observation(valueQuantity=None, component=[*self.parts]))

        assert [(row[3], row[5]) for row in grid.rows] == [("systolic", "120"), ("diastolic", "")]
        assert grid.aside == {1: "no-value"}
        assert {row[0] for row in grid.rows} == {"p1"}

    def test_a_value_and_components(self):
        grid = results(observation(component=[*self.parts]))

        assert [row[3] for row in grid.rows] == ["CRP", "systolic", "diastolic"]

    def test_a_component_has_its_own_range_and_flag(self):
        part = self.parts[0] | {
            "referenceRange": [{"high": quantity(140, "mm[Hg]")}],
            "interpretation": [{"coding": [{"system": FLAGS, "code": "N"}]}],
        }
        row = cells(results(observation(valueQuantity=None, component=[part])))

        assert (row["high"], row["interpretation"]) == ("140", "N")


class TestRanges:
    """A range becomes limits only if it is clearly the result's own."""

    @staticmethod
    def ranged(*entries, value=None, person=None):
        """Low, high, text, and the codes of the problems."""
        resource = observation(referenceRange=[*entries], valueQuantity=value or quantity(5))
        grid = results(resource, person) if person else results(resource)
        row = cells(grid)
        return row["low"], row["high"], row["reference_range"], codes(grid)

    def test_limits(self):
        limits = {"low": quantity(1), "high": quantity(10)}

        assert self.ranged(limits) == ("1", "10", "", [])
        assert self.ranged({"low": {"value": 1}}) == ("1", "", "", [])
        assert self.ranged({"low": {"value": 9}, "high": {"value": 1}})[:2] == ("9", "1")
        assert self.ranged(limits | {"text": "1 - 10"}) == ("1", "10", "1 - 10", [])

    def test_limits_are_numbers(self):
        grid = results(observation(referenceRange=[{"low": quantity(1)}]))

        assert isinstance(cells(grid)["low"], NumberCell)

    def test_another_unit_of_the_same_kind_is_converted(self):
        entry = {"low": quantity(1, "mg/dL"), "high": {"value": 10, "unit": "mg/dl"}}

        assert self.ranged(entry) == ("10", "100", "", [])

    def test_another_unit_of_another_kind_is_not_used(self):
        grid = results(observation(referenceRange=[{"low": quantity(1, "mmol/L")}]))

        assert (cells(grid)["low"], cells(grid)["reference_range"]) == ("", "from 1 mmol/L")
        assert told(grid) == [
            (
                "range-unit",
                1,
                1,
                "the reference range is in mmol/L and the result in mg/L; it is not used",
            )
        ]

    def test_a_number_without_end_is_not_converted(self):
        text = json.dumps(observation(referenceRange=[{"low": quantity(1, "mg/dL")}]))
        grid = results(text.replace('"value": 1,', '"value": 1e999999999999,'))

        assert cells(grid)["low"] == ""
        assert codes(grid) == ["range-unit"]

    def test_text_is_never_limits(self):
        said = [{"text": "0,5 - 1,5"}, {"text": "zie nota"}]
        grid = results(
            observation(referenceRange=said), observation(referenceRange=said[:1], id="2")
        )

        assert cells(grid)["reference_range"] == "0,5 - 1,5 ; zie nota"
        assert cells(grid)["low"] == ""
        assert told(grid) == [("text-range", 5, 2, "the reference range is in words, and not used")]

    def test_several_ranges(self):
        entries = [{"low": quantity(1)}, {"high": quantity(9)}]

        assert self.ranged(*entries) == (
            "",
            "",
            "from 1 mg/L ; to 9 mg/L",
            ["several-ranges"],
        )

    @pytest.mark.parametrize("name", ["type", "meaning"])
    def test_only_the_normal_range_counts(self, name):
        normal = {name: {"coding": [{"code": "normal"}]}, "low": quantity(1)}
        other = {name: {"text": "therapeutic"}, "low": quantity(3)}
        abnormal = {name: {"text": "abnormal"}, "low": quantity(3)}

        assert self.ranged(normal, other, abnormal)[:2] == ("1", "")
        assert self.ranged(other) == ("", "", "therapeutic, from 3 mg/L", [])

    def test_sex(self):
        woman = {"appliesTo": [{"coding": [{"code": "248152002"}]}], "low": quantity(1)}
        man = {"appliesTo": [{"text": "Male"}], "low": quantity(2)}

        assert self.ranged(woman, man, person=patient())[0] == "1"
        assert self.ranged(woman, man, person=patient(gender="male"))[0] == "2"
        assert self.ranged(man, person=patient()) == ("", "", "Male, from 2 mg/L", [])
        assert self.ranged(woman, man)[3] == ["range-condition"]
        assert self.ranged(
            {"appliesTo": [{"text": "pregnant"}], "low": quantity(1)}, person=patient()
        )[3] == ["range-condition"]

    @pytest.mark.parametrize(
        ("low", "high", "fits"),
        [
            (quantity(18, "a"), None, True),
            (quantity(53, "a"), quantity(53, "a"), True),
            (None, quantity(52, "a"), False),
            (quantity(642, "mo"), quantity(642, "mo"), True),
            (quantity(2794, "wk"), quantity(2794, "wk"), True),
            (quantity(19558, "d"), quantity(19559, "d"), True),
            ({"value": 18, "unit": "yrs"}, None, True),
        ],
    )
    def test_age(self, low, high, fits):
        age = {k: v for k, v in (("low", low), ("high", high)) if v}
        entry = {"age": age, "low": quantity(1)}

        assert self.ranged(entry, person=patient())[0] == ("1" if fits else "")
        assert self.ranged(entry)[3] == ["range-condition"]
        assert self.ranged(entry, person=patient(birthDate="1970"))[3] == ["range-condition"]


class TestRemarks:
    """Flags, status, specimen and method."""

    @pytest.mark.parametrize(
        ("interpretation", "flag"),
        [
            ([{"coding": [{"system": FLAGS, "code": "H"}]}], "H"),
            ({"coding": [{"system": "http://hl7.org/fhir/v2/0078", "code": "LL"}]}, "LL"),
            ([{"coding": [{"system": "http://snomed.info/sct", "code": "281302008"},
                          {"system": FLAGS, "code": "H"}]}], "H"),
            ([{"coding": [{"code": "281302008"}]}], "281302008"),
            ([{"coding": [{"system": FLAGS, "code": "S"}]}, {"text": "high"}], "S high"),
        ],
    )  # fmt: skip
    def test_interpretation(self, interpretation, flag):
        assert one(interpretation=interpretation)["interpretation"] == flag

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("entered-in-error", "entered-in-error"),
            ("cancelled", "cancelled"),
            ("registered", "registered"),
        ],
    )
    def test_a_status_that_is_no_result(self, status, reason):
        grid = results(observation(status=status, valueQuantity=None, valueString="volgt"))

        assert grid.aside == {0: reason}
        assert cells(grid)["reported"] == "volgt"
        assert grid.problems == []

    def test_a_status_of_a_result_that_is_used(self):
        states = ("preliminary", "corrected", "amended", "unknown", "preliminary")
        grid = results(*(observation(status=s, id=f"{n}") for n, s in enumerate(states)))

        assert grid.aside == {}
        assert [(p.code, p.rows) for p in grid.problems] == [("preliminary", 2), ("corrected", 2)]

    def test_a_heading(self):
        grid = results(observation(valueQuantity=None, hasMember=[{"reference": "Observation/1"}]))

        assert grid.aside == {0: "no-value"}

    @pytest.mark.parametrize(
        ("code", "reason"), [("not-performed", "not-done"), ("unknown", "no-value")]
    )
    def test_a_value_that_is_absent(self, code, reason):
        absent = {"coding": [{"code": code}]}

        assert results(observation(valueQuantity=None, dataAbsentReason=absent)).aside == {
            0: reason
        }

    def test_specimen_and_method(self):
        specimen = {"resourceType": "Specimen", "id": "s", "type": {"text": "EDTA blood"}}
        outside = observation(specimen={"reference": "Specimen/s"}, method={"text": "flow"})
        inside = observation(contained=[specimen], specimen={"reference": "#s"})
        grid = results(specimen, outside, inside, observation(specimen={"display": "serum"}))

        assert [row[14] for row in grid.rows] == ["EDTA blood", "EDTA blood", "serum"]
        assert [row[15] for row in grid.rows] == ["flow", "", ""]

    def test_what_one_resource_contains_is_not_another_ones(self):
        specimen = {"resourceType": "Specimen", "id": "s", "type": {"text": "EDTA blood"}}
        grid = results(
            observation(contained=[specimen]),
            observation(id="2", specimen={"reference": "Specimen/s"}),
            observation(id="3", specimen={"reference": "#s"}),
        )

        assert [row[14] for row in grid.rows] == ["", "", ""]


class TestRepeats:
    """The same Observation counts once."""

    def test_the_same_twice(self):
        grid = results(observation(id="a"), observation(), observation(id="a"), observation())

        assert grid.aside == {2: "repeated-result", 3: "repeated-result"}
        assert [p.message for p in grid.problems] == [
            f"the same Observation stands at line {line} already, and is set aside here"
            for line in (grid.lines[0], grid.lines[1])
        ]

    @pytest.mark.parametrize(
        ("one", "other", "loser"),
        [
            ({"meta": {"versionId": "10"}}, {"meta": {"versionId": "9"}, "status": "amended"}, 1),
            (
                {"meta": {"lastUpdated": "2024-01-02T00:00:00+02:00"}},
                {"meta": {"lastUpdated": "2024-01-01T23:00:00Z"}},
                0,
            ),
            ({"status": "corrected"}, {"status": "final"}, 1),
            ({"status": "final"}, {"status": "preliminary"}, 1),
            ({"status": "entered-in-error"}, {"status": "final"}, 1),
            ({"issued": "2024-01-02T00:00:00Z"}, {"issued": "2024-01-01T00:00:00Z"}, 1),
            ({"valueQuantity": quantity(1)}, {"valueQuantity": quantity(2)}, 0),
        ],
    )
    def test_two_versions(self, one, other, loser):
        grid = results(observation(id="a", **one), observation(id="a", **other))

        assert grid.aside[loser] == "superseded-result"
        assert grid.aside.get(1 - loser) != "superseded-result"
        assert "superseded-result" in codes(grid)

    def test_an_id_that_two_patients_share(self):
        other = observation(id="a", subject={"reference": "Patient/p2"})

        assert results(observation(id="a"), other).aside == {}

    def test_a_number_and_its_digits_are_not_the_same(self):
        grid = results(observation(), observation(valueQuantity=quantity("5")))

        assert grid.aside == {}
        assert grid.faults == {1: "unreadable"}

    def test_a_dose_twice_is_one_dose(self):
        dose = administration(id="d")
        grid = grids(dose, dose)["kind"]

        assert grid.aside == {1: "repeated-result"}
        assert codes(grid) == ["repeated-result"]


class TestFolders:
    """The same check across files."""

    def test_the_same_bundle_twice(self):
        component = {"code": {"text": "x"}, "valueInteger": 1}
        resources = (observation(id="a", component=[component]), observation())
        one, other = merge_repeated(
            [results(*resources, source="1.json"), results(*resources, source="2.json")]
        )

        assert one.aside == {}
        assert other.aside == dict.fromkeys(range(3), "repeated-result")
        assert "\n".join(map(str, other.problems)) == (
            "2.json:5  repeated-result (warning): the same stands in 1.json already, and is set "
            "aside here. (3 rows, first at this line)"
        )

    def test_the_given_grids_stay_as_they_are(self):
        grid = results(observation(id="a"))
        merge_repeated([grid, results(observation(id="a"))])

        assert grid.aside == {}
        assert grid.problems == []

    @pytest.mark.parametrize(("first", "second", "loser"), [
        ("final", "corrected", 0), ("corrected", "final", 1), ("final", "final", 0),
        ("final", "entered-in-error", 0),
    ])  # fmt: skip
    def test_two_versions(self, first, second, loser):
        merged = merge_repeated(
            [
                results(observation(id="a", status=first), source="1"),
                results(observation(id="a", status=second, valueQuantity=quantity(6)), source="2"),
            ]
        )

        assert merged[loser].aside == {0: "superseded-result"}
        assert merged[1 - loser].aside.get(0) != "superseded-result"

    def test_a_corrected_one_found_last_sets_both_others_aside(self):
        states = ("preliminary", "final", "corrected")
        merged = merge_repeated([results(observation(id="a", status=s)) for s in states])

        assert [g.aside for g in merged] == [{0: "superseded-result"}] * 2 + [{}]


def administration(**members):
    """5 mg of a drug, given."""
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"text": "IL-7"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-01-02",
        "dosage": {"dose": {"value": 5, "unit": "mg"}},
    } | members


def event(*resources):
    """The first event, without its patient."""
    return grids(*resources)["kind"].rows[0][1:]


class TestEvents:
    """What was done and what happened."""

    def test_a_dose(self):
        period = {"effectivePeriod": {"start": "2024-01-02", "end": "2024-01-03"}}

        assert event(administration()) == [
            "dose", "IL-7", "2024-01-02", "", "5", "mg", "", "",
        ]  # fmt: skip
        assert event(administration(effectiveDateTime=None, **period))[2:4] == [
            "2024-01-02",
            "2024-01-03",
        ]
        assert event(administration(dosage=None))[0] == "drug"

    @pytest.mark.parametrize(
        "members",
        [
            {"medication": {"concept": {"text": "IL-7"}}, "occurenceDateTime": "2024-01-02"},
            {"medicationReference": {"reference": "Medication/m"},
             "effectiveTimeDateTime": "2024-01-02"},
            {"medicationReference": {"display": "IL-7"},
             "effectiveTimePeriod": {"start": "2024-01-02"}},
            {"medication": {"reference": {"reference": "#m"}}, "occurrenceDateTime": "2024-01-02",
             "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "IL-7"}}]},
        ],
    )  # fmt: skip
    def test_other_versions(self, members):
        medication = {"resourceType": "Medication", "id": "m", "code": {"text": "IL-7"}}
        given_drug = administration(medicationCodeableConcept=None, effectiveDateTime=None)

        assert event(given_drug | members, medication)[:3] == ["dose", "IL-7", "2024-01-02"]

    @pytest.mark.parametrize(
        ("resource", "reason"),
        [
            (administration(status="not-done"), "not-done"),
            (administration(status="entered-in-error"), "entered-in-error"),
            (administration(wasNotGiven=True), "not-done"),
            ({"resourceType": "Procedure", "status": "preparation"}, "not-done"),
            ({"resourceType": "Condition", "verificationStatus": "refuted"}, "entered-in-error"),
            (
                {
                    "resourceType": "Condition",
                    "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
                },
                "entered-in-error",
            ),
            (patient(deceasedBoolean=True), "no-value"),
        ],
    )
    def test_what_did_not_happen_is_set_aside(self, resource, reason):
        assert grids(resource)["kind"].aside == {0: reason}

    def test_what_was_stopped_was_begun(self):
        grid = grids(administration(status="stopped", note=[{"text": "rash"}]))["kind"]

        assert grid.aside == {}
        assert cells(grid)["note"] == "stopped ; rash"

    def test_a_procedure(self):
        resource = {
            "resourceType": "Procedure",
            "code": {"text": "splenectomy"},
            "performedPeriod": {"start": "2024-01-02"},
        }

        assert event(resource)[:4] == ["procedure", "splenectomy", "2024-01-02", ""]
        assert event(resource | {"performedPeriod": None})[:4] == [
            "procedure",
            "splenectomy",
            "",
            "",
        ]

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("Septic arthritis", "state"),
            ("Urosepsis", "state"),
            ("Sepsis due to E. coli", "infection"),
            ("Pneumonia", "infection"),
            ("CMV infection", "infection"),
            ("Risk of infection", "state"),
            ("No infection", "state"),
            ("lymphopenia", "state"),
        ],
    )
    def test_a_condition(self, text, kind):
        resource = {
            "resourceType": "Condition",
            "code": {"text": text},
            "onsetDateTime": "2024-01-02",
            "abatementDateTime": "2024-01-09",
        }

        assert event(resource)[:4] == [kind, text, "2024-01-02", "2024-01-09"]

    def test_death(self):
        grid = grids(patient(deceasedDateTime="2024-03-01"))

        assert grid["kind"].header == EVENTS_HEADER
        assert grid["kind"].rows[0][:4] == ["p1", "outcome", "death", "2024-03-01"]
        assert grid["sex"].header == PERSONS_HEADER
        assert grid["sex"].rows == [["p1", "female", "1970-06-15", "2024-03-01"]]


class TestFile:
    """What a file as a whole may be."""

    def test_ndjson(self):
        text = "\n".join([json.dumps(observation(id="1")), "{", "", json.dumps(patient())])
        grid = grids(text)

        assert (grid["time"].lines, grid["sex"].lines) == ([1], [4])
        assert [(p.code, p.line) for p in grid["time"].problems] == [("unreadable", 2)]

    def test_a_line_is_that_of_the_entry(self):
        document = bundle(patient(), observation(id="1"), observation(id="2"))
        lines = json.dumps(document, indent=2).split("\n")
        starts = [n for n, line in enumerate(lines, 1) if line == "    {"]

        assert fhir_grids(parse_documents("\n".join(lines).encode(), "x"))[0].lines == starts[1:]

    def test_bundles_in_bundles_and_lists_of_resources(self):
        inner = bundle(observation(id="1"), observation(id="2"))

        assert len(results(patient(), inner, observation(id="3")).rows) == 3
        assert len(results(json.dumps([observation(id="1"), observation(id="2")])).rows) == 2

    def test_other_resources_are_named(self):
        grid = results(observation(), {"resourceType": "Encounter"}, {"resourceType": "Encounter"})

        assert [(p.code, p.rows, p.message) for p in grid.problems] == [
            ("not-read", 2, "resources that hold no results are not read: Encounter 2")
        ]

    def test_a_file_without_a_row_is_refused(self):
        with pytest.raises(InvalidInput) as caught:
            grids({"resourceType": "Encounter"})

        assert [p.code for p in caught.value.problems] == ["not-read", "no-rows"]

    def test_an_entry_that_is_a_request_only(self):
        deleted = {"request": {"method": "DELETE", "url": "Observation/1"}}
        document = bundle(observation()) | {"entry": [{"resource": observation()}, deleted]}

        assert results(document).problems == []


class TestHostile:
    """What has the wrong shape is a row with a fault, and the others are read."""

    @pytest.mark.parametrize(
        ("members", "message"),
        [
            ({"code": "CRP"}, "Observation.code is a text where an object is needed"),
            (
                {"valueQuantity": {"value": "5"}},
                "Observation.valueQuantity.value is a text where a number is needed",
            ),
            ({"valueQuantity": 5},
             "Observation.valueQuantity is a number where an object is needed"),
            ({"valueString": "x"},
             "Observation.valueString is a text where no second value is needed"),
            ({"component": {}}, "Observation.component is an object where a list is needed"),
            ({"component": [1]}, "Observation.component[0] is a number where an object is needed"),
            ({"referenceRange": {}},
             "Observation.referenceRange is an object where a list is needed"),
            ({"status": True}, "Observation.status is true or false where a text is needed"),
            ({"subject": []}, "Observation.subject is a list where an object is needed"),
            (
                {"valueQuantity": None, "valueFoo": 1},
                "Observation.valueFoo is a number where a value of FHIR's is needed",
            ),
        ],
    )  # fmt: skip
    def test_a_wrong_shape(self, members, message):
        grid = results(observation(id="1"), observation(**members), observation(id="3"))

        assert grid.faults == {1: "unreadable"}
        assert told(grid) == [("unreadable", grid.lines[1], 1, message)]
        assert grid.rows[1][1] == "2024-01-02T08:00:00+01:00"

    def test_what_is_no_resource(self):
        entries = [
            {"resource": observation()},
            7,
            {"resource": {"id": "x"}},
            {"resource": None},
            {"foo": 1},
        ]
        grid = results(bundle(observation()) | {"entry": entries})

        assert [p.message for p in grid.problems] == [
            "Bundle.entry[1] is a number where a resource is needed",
            "Bundle.entry[2].resource.resourceType is null where a text is needed",
            "Bundle.entry[3].resource is null where a resource is needed",
            "Bundle.entry[4].resource is null where a resource is needed",
        ]

    def test_an_entry_that_is_an_object(self):
        with pytest.raises(InvalidInput) as caught:
            grids({"resourceType": "Bundle", "entry": {"resource": observation()}})

        assert [p.message for p in caught.value.problems] == [
            "Bundle.entry is an object where a list is needed"
        ]

    def test_null_is_absent(self):
        grid = results(observation(issued=None) | {"specimen": None, "interpretation": None})

        assert grid.faults == {}
        assert grid.aside == {}

    def test_a_value_that_is_null_is_a_result_without_a_value(self):
        grid = results(observation() | {"valueQuantity": None})

        assert grid.aside == grid.faults == {}
        assert cells(grid)["reported"] == ""


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["Patient/p1", "Observation", "Bundle", "#x", "normal", "final"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["resourceType", "entry", "resource", "code", "text", "value", "id",
                         "coding", "valueQuantity", "subject", "reference", "component",
                         "contained"]),
        inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def places(node, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(inner, (*path, key))


def replaced(document, path, value):
    """The document with another value in one place."""
    if not path:
        return value
    changed = deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def observations(node):
    """How many Observations a document has where FHIR has resources."""
    if not isinstance(node, dict):
        return 0
    if node.get("resourceType") == "Bundle" and isinstance(node.get("entry"), list):
        return sum(observations(e.get("resource")) for e in node["entry"] if isinstance(e, dict))
    return int(node.get("resourceType") == "Observation")


def rows_or_refusal(document):
    """How many rows of results a document gives; None if it is refused."""
    data = json.dumps(document).encode("utf-8", "backslashreplace")
    try:
        found = fhir_grids(parse_documents(data, "x"))
    except InvalidInput:
        return None
    for grid in found:
        assert all(len(row) == len(grid.header) for row in grid.rows)
        assert len(grid.lines) == len(grid.rows)
        assert not set(grid.faults) & set(grid.aside)
    return sum(len(grid.rows) for grid in found if grid.header == RESULTS_HEADER)


@given(anything | anything.map(lambda value: bundle(observation()) | {"entry": [value]}))
@settings(max_examples=examples(300))
def test_any_json_is_read_or_refused(document):
    """Nothing but `InvalidInput` is ever raised."""
    rows = rows_or_refusal(document)

    assert rows is None or rows >= observations(document)


SAMPLE = bundle(
    patient(deceasedDateTime="2024-05-05"),
    observation(
        id="a",
        referenceRange=[{"low": quantity(1, "mg/dL"), "age": {"low": quantity(18, "a")}}],
        interpretation=[{"coding": [{"system": FLAGS, "code": "H"}]}],
        component=[{"code": {"text": "x"}, "valueString": "y"}],
        meta={"versionId": "1"},
    ),
    observation(id="a", specimen={"reference": "#s"}, contained=[{"resourceType": "Specimen"}]),
    administration(),
    {"resourceType": "Condition", "code": {"text": "sepsis"}, "verificationStatus": {"coding": []}},
)


@given(st.data())
@settings(max_examples=examples(300))
def test_a_damaged_bundle_loses_no_observation(data):
    """Whatever stands in one place of a Bundle, each Observation gives a row."""
    path = data.draw(st.sampled_from(list(places(SAMPLE))))
    document = replaced(SAMPLE, path, data.draw(anything))
    rows = rows_or_refusal(document)

    assert rows is None or rows >= observations(document)
    assert rows is not None or not observations(document)


def fhir_files(folder):
    """The real FHIR files."""
    return sorted([*folder.glob("fhir-belgium/*.json"), *folder.glob("fhir-r4-examples/*.json")])


@pytest.fixture
def real(shared_data):
    """Each real file with its document, read by the standard library with exact numbers."""
    files = fhir_files(shared_data)
    assert len(files) == 39
    return {
        path: json.loads(path.read_text("utf-8"), parse_float=Decimal, parse_int=Decimal)
        for path in files
    }


class TestRealFiles:
    """The bundles of three Belgian vendors, and the examples of HL7."""

    def test_every_value_is_a_row_with_the_same_value(self, real):
        for path, document in real.items():
            (grid,) = read_fhir(path, path.name, Options())
            entries = [e["resource"] for e in document.get("entry", [])] or [document]
            parts = [
                (resource, part)
                for resource in entries
                if resource["resourceType"] == "Observation"
                for part in [
                    *([resource] if has_value(resource) or "component" not in resource else []),
                    *resource.get("component", []),
                ]
            ]

            assert len(grid.rows) == len(parts)
            assert grid.faults == {}
            for row, (resource, part) in zip(grid.rows, parts, strict=True):
                assert row[13] == resource["id"]
                assert row[5] == expected(part)

    def test_lines_are_those_of_the_entries(self, real):
        for path in real:
            lines = path.read_text("utf-8").split("\n")
            for grid in read_fhir(path, path.name, Options()):
                if len(grid.rows) > 1 and path.parent.name == "fhir-belgium":
                    assert {lines[line - 1] for line in grid.lines} == {"  {"}
                    assert len(set(grid.lines)) == len(grid.lines)

    def test_what_is_set_aside(self, real):
        for path, document in real.items():
            entries = [e["resource"] for e in document.get("entry", [])] or [document]
            ours = [r for r in entries if r["resourceType"] == "Observation"]
            reasons = Counter(reason(resource) for resource in ours)
            reasons.pop("", None)
            (grid,) = read_fhir(path, path.name, Options())

            assert Counter(grid.aside.values()) == reasons

    def test_a_file_beside_its_copy_gives_nothing_more(self, real):
        for path in real:
            first, second = merge_repeated(
                [*read_fhir(path, "1", Options()), *read_fhir(path, "2", Options())]
            )

            assert first.aside == read_fhir(path, "1", Options())[0].aside
            assert len(second.aside) == len(second.rows)


def has_value(part):
    """Whether an Observation has a value of its own."""
    return any(name.startswith("value") for name in part)


def reason(resource):
    """Why an Observation of the real files is no result; empty if it is one."""
    if resource["status"] in {"registered", "cancelled", "entered-in-error"}:
        return resource["status"]
    return "" if has_value(resource) or "component" in resource else "no-value"


def expected(part):
    """The result as the JSON has it, of the types in the real files."""
    if "valueQuantity" in part:
        quantity = part["valueQuantity"]
        return f"{quantity.get('comparator', '')}{quantity['value']}"
    if "valueCodeableConcept" in part:
        concept = part["valueCodeableConcept"]
        coding = concept.get("coding", [{}])[0]
        return concept.get("text") or coding.get("display") or coding["code"]
    return part.get("valueString", "")


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.data())
def test_a_damaged_real_bundle_loses_no_observation(shared_data, data):
    """A random node of a real file is replaced by random JSON."""
    path = data.draw(st.sampled_from(fhir_files(shared_data)))
    document = json.loads(Path(path).read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(list(places(document))))
        document = replaced(document, at, data.draw(anything))
    rows = rows_or_refusal(document)

    assert rows is None or rows >= observations(document)
    assert rows is not None or not observations(document)
