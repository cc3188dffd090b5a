"""Plausibility: what cannot be true together, in numbers, and what may well be."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.plausibility import beyond, plausibility
from immunotrack.problems import Problem, Severity
from immunotrack.records import Patient
from immunotrack.table import EVENT_SCHEMA, frame_of
from strategies import BACKENDS, examples, patients, table

QUICK = settings(max_examples=examples(60), deadline=None)


def at(day, clock=0):
    """A moment in March 2020."""
    return datetime(2020, 3, day, clock)  # noqa: DTZ001


def sample(backend="polars", day=None, **counts):
    """Results of one sample in cells/µL, `percent` being CD4 %; `<5` as ("<", 5)."""
    names = {"percent": "CD4 %"}
    pairs = [pair if isinstance(pair, tuple) else ("", pair) for pair in counts.values()]
    return table(
        backend,
        patient_id=["P"] * len(counts),
        analyte=[names.get(name, name) for name in counts],
        unit=["%" if name == "percent" else "cells/µL" for name in counts],
        comparator=[sign for sign, _ in pairs],
        value=[None if value is None else float(value) for _, value in pairs],
        day=day or [1.0] * len(counts),
        line=list(range(2, len(counts) + 2)),
    )


def series(*results, unit="cells/µL", analyte="cd4", **given):
    """Results of one analyte on days 1, 2, ..."""
    pairs = [result if isinstance(result, tuple) else ("", result) for result in results]
    columns = {
        "patient_id": ["P"] * len(pairs),
        "analyte": [analyte] * len(pairs),
        "unit": unit if isinstance(unit, list) else [unit] * len(pairs),
        "comparator": [sign for sign, _ in pairs],
        "value": [None if value is None else float(value) for _, value in pairs],
        "day": [float(day) for day in range(1, len(pairs) + 1)],
        "line": list(range(2, len(pairs) + 2)),
    }
    return table("polars", **(columns | given))


def happened(*events, backend="polars"):
    """Events of one patient: kind, name, and day or time."""
    blank = dict.fromkeys(EVENT_SCHEMA, "") | dict.fromkeys(
        ("start_time", "start_day", "end_time", "end_day", "dose")
    )
    rows = [
        blank
        | {"patient_id": "P", "kind": kind, "name": name, "open_end": False, "line": line}
        | {"start_time" if isinstance(when, datetime) else "start_day": when}
        for line, (kind, name, when) in enumerate(events, 2)
    ]
    return frame_of(rows, EVENT_SCHEMA, backend).to_native()


def told(*arguments, **given):
    """Code, line and message of every problem."""
    return [(p.code, p.line, p.message) for p in plausibility(*arguments, **given)]


class TestSubsets:
    """CD4 + CD8 <= CD3."""

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_more_than_the_whole(self, backend):
        """700 + 301 = 1001 is one more than 1000; 700 + 300 is not."""
        assert told(sample(backend, cd3=1000, cd4=700, cd8=300)) == []
        assert told(sample(backend, cd3=1000, cd4=700, cd8=301)) == [
            (
                "subset-sum",
                2,
                "CD4 700 cells/µL + CD8 301 cells/µL = 1001 cells/µL, above CD3 1000 cells/µL",
            )
        ]

    def test_as_a_problem(self):
        """A warning with file, line, the result as reported, and what to do."""
        frame = sample(cd3=1000, cd4=1100).with_columns(
            reported=sample(cd3=1000, cd4=1100)["value"].cast(int).cast(str)
        )
        [problem] = plausibility(frame)

        assert str(problem) == (
            "table:2 value='1000'  subset-sum (warning): CD4 1100 cells/µL, above CD3 1000 "
            "cells/µL. Check the results of this sample and their units."
        )
        assert problem.severity is Severity.WARNING

    def test_units_are_converted(self):
        """0.7 and 0.4 G/L are 700 and 400 cells/µL: together 1100, above 1000 cells/µL."""
        frame = sample(cd3=1000, cd4=0.7, cd8=0.4)
        frame = frame.with_columns(unit=frame["unit"].scatter([1, 2], ["G/L", "G/L"]))

        assert [message for _, _, message in told(frame)] == [
            "CD4 0.7 10*9/L + CD8 0.4 10*9/L = 1100 cells/µL, above CD3 1000 cells/µL"
        ]

    @pytest.mark.parametrize(
        ("cd4", "sum_"),
        [((">", 700), "at least 1000"), ((">=", 701), "at least 1001"), (701, "1001")],
    )
    def test_censored_where_certain(self, cd4, sum_):
        """More than 700 and 300 are more than 1000, whatever the CD4 count is."""
        [(_, _, message)] = told(sample(cd3=1000, cd4=cd4, cd8=300))

        assert f"= {sum_} cells/µL, above CD3 1000 cells/µL" in message

    @pytest.mark.parametrize(
        "counts",
        [
            {"cd3": 1000, "cd4": (">=", 700), "cd8": 300},
            {"cd3": 1000, "cd4": ("<", 5000), "cd8": 300},
            {"cd3": (">", 100), "cd4": 700, "cd8": 301},
            {"cd3": 1000, "cd4": (">", 500), "cd8": None},
            {"cd3": ("<", None), "cd4": 700, "cd8": 301},
            {"cd4": 700, "cd8": 301},
        ],
    )
    def test_silent_where_it_may_be_true(self, counts):
        """What a censored or missing value leaves open is not told."""
        assert told(sample(**counts)) == []

    def test_same_sample_only(self):
        """Another day, another patient, another hour, or no time at all is another sample."""
        counts = {"cd3": 1000, "cd4": 1001}
        hours = sample(**counts).with_columns(
            time=table("polars", time=[at(1, 8), at(1, 9)])["time"]
        )
        other = table("polars", patient_id=["P", "Q"])["patient_id"]

        assert told(sample(**counts, day=[1.0, 2.0])) == []
        assert told(sample(**counts).with_columns(patient_id=other)) == []
        assert told(hours) == []
        assert told(sample(**counts, day=[None, None])) == []

    def test_two_values_of_one_sample_are_not_chosen_from(self):
        """CD4 as 900 and as 1100 in one sample: which of them is meant is not known."""
        frame = sample(cd3=1000, cd4=900, CD4=1100)

        assert told(frame) == []

    @QUICK
    @given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
    def test_told_just_where_the_sum_is_larger(self, cd3, cd4, cd8):
        """For exact counts the rule is the inequality itself."""
        found = told(sample(cd3=cd3, cd4=cd4, cd8=cd8))

        assert bool(found) == (cd4 + cd8 > cd3)


class TestLymphosum:
    """CD3 + CD19 + NK within 10 % of the lymphocytes."""

    @pytest.mark.parametrize("cd3", [600, 599.99, 800, 800.01])
    def test_limits_of_the_tolerance(self, cd3):
        """With CD19 200 and NK 100 of 1000 lymphocytes, CD3 may be 600 to 800."""
        found = told(sample(lymphocytes=1000, cd3=cd3, cd19=200, nk=100))
        side = "below" if cd3 < 600 else "above"

        if cd3 in {600, 800}:
            assert found == []
        else:
            assert found == [
                (
                    "lymphosum",
                    2,
                    (
                        f"CD3 {cd3} cells/µL + CD19 200 cells/µL + NK 100 cells/µL = "
                        f"{300 + cd3:.6g} cells/µL, more than 10 % {side} lymphocytes 1000 cells/µL"
                    ),
                )
            ]

    def test_another_tolerance(self):
        """Of 1000 lymphocytes 940 are 6 % below."""
        frame = sample(lymphocytes=1000, cd3=640, cd19=200, nk=100)

        assert told(frame) == []
        assert [code for code, _, _ in told(frame, tolerance=0.05)] == ["lymphosum"]

    def test_incomplete_sums_may_be_too_large_but_not_too_small(self):
        """Without NK, 200 of 1000 prove nothing, and 1200 do."""
        assert told(sample(lymphocytes=1000, cd3=100, cd19=100)) == []
        assert [message for _, _, message in told(sample(lymphocytes=1000, cd3=1200))] == [
            "CD3 1200 cells/µL, more than 10 % above lymphocytes 1000 cells/µL"
        ]

    def test_censored(self):
        """<50 NK cells make 800 to 850 of 1000: below 900 in any case."""
        found = told(sample(lymphocytes=1000, cd3=700, cd19=100, nk=("<", 50)))

        assert [message for _, _, message in found] == [
            (
                "CD3 700 cells/µL + CD19 100 cells/µL + NK <50 cells/µL = 800 to 850 cells/µL, "
                "more than 10 % below lymphocytes 1000 cells/µL"
            )
        ]
        assert told(sample(lymphocytes=1000, cd3=700, cd19=100, nk=("<", 150))) == []

    @pytest.mark.parametrize("tolerance", [-0.1, 1, 10, float("nan")])
    def test_refuses_a_tolerance(self, tolerance):
        """10 is no tolerance of 10 %."""
        with pytest.raises(ValueError, match=r"^tolerance must be from 0 to below 1$"):
            plausibility(sample(cd3=1), tolerance=tolerance)


class TestPercentage:
    """CD4 % of the lymphocytes = CD4."""

    @pytest.mark.parametrize(
        ("cd4", "side"), [(400, ""), (444, ""), (445, "below"), (364, ""), (363, "above")]
    )
    def test_product(self, cd4, side):
        """20 % of 2000 = 400; within 10 % of the count from 400/1.1 = 363.6 to 400/0.9 = 444.4."""
        found = told(sample(percent=20, lymphocytes=2000, cd4=cd4))

        assert found == (
            [
                (
                    "percent-count",
                    4,
                    (
                        "CD4 20 % of lymphocytes 2000 cells/µL = 400 cells/µL, more than 10 % "
                        f"{side} CD4 {cd4} cells/µL"
                    ),
                )
            ]
            if side
            else []
        )

    @pytest.mark.parametrize(
        ("name", "unit", "asked"),
        [
            ("CD4", "%", True),
            ("CD4 %", "%", True),
            ("% CD4", "", True),
            ("CD4+ T cells percent", "%", True),
            ("CD4+ T cells (% of lymphocytes)", "%", True),
            ("CD8 %", "%", False),
            ("CD4 % of CD3", "%", False),
            ("CD4/CD8", "%", False),
        ],
    )
    def test_names_of_the_percentage(self, name, unit, asked):
        """By its name or its unit; a percentage of something else is not asked."""
        frame = sample(share=90, lymphocytes=2000, cd4=400)
        columns = {"analyte": [name], "unit": [unit]}
        frame = frame.with_columns(
            **{key: frame[key].scatter([0], value) for key, value in columns.items()}
        )

        codes = {code for code, _, _ in told(frame)} - {"unit-changes"}

        assert codes == ({"percent-count"} if asked else set())

    def test_censored_where_certain(self):
        """At most 5 % of 2000 are at most 100, which are less than 90 % of 400."""
        assert [m for _, _, m in told(sample(percent=("<", 5), lymphocytes=2000, cd4=400))] == [
            (
                "CD4 <5 % of lymphocytes 2000 cells/µL = 0 to 100 cells/µL, more than 10 % below "
                "CD4 400 cells/µL"
            )
        ]
        assert told(sample(percent=(">", 5), lymphocytes=2000, cd4=400)) == []
        assert told(sample(percent=5, lymphocytes=(">", 2000), cd4=400)) == []
        assert told(sample(percent=0, lymphocytes=(">", 2000), cd4=400)) == []


class TestJump:
    """A factor of 1000 between consecutive results."""

    @pytest.mark.parametrize(
        ("results", "message"),
        [
            ((0.5, 500), "500 cells/µL after 0.5 cells/µL: a factor of 1000"),
            ((500, 0.5), "0.5 cells/µL after 500 cells/µL: a factor of 1000"),
            ((0.5, 499.9), ""),
            ((("<", 0.5), 800), "800 cells/µL after <0.5 cells/µL: a factor of 1600"),
            ((0.5, ("<", 800)), ""),
            ((800, ("<", 0.5)), "<0.5 cells/µL after 800 cells/µL: a factor of 1600"),
            ((0, 5000), ""),
            ((5000, 0), ""),
            ((5000, None, 1), "1 cells/µL after 5000 cells/µL: a factor of 5000"),
        ],
    )
    def test_factor(self, results, message):
        """500/0.5 = 1000 is one, 499.9/0.5 = 999.8 is none; a zero has no factor."""
        found = [text for code, _, text in told(series(*results)) if code == "jump"]

        assert found == ([message] if message else [])

    def test_in_one_unit(self):
        """0.5 G/L after 500 cells/µL is no jump; the change of unit is told."""
        frame = series(500, 0.5, unit=["cells/µL", "G/L"])

        assert told(frame) == [
            ("unit-changes", 3, "cd4 in 10*9/L, and in cells/µL before it"),
        ]

    def test_another_patient_is_another_series(self):
        """Two patients may differ by any factor."""
        assert told(series(1, 5000, patient_id=["P", "Q"])) == []


def test_unit_changes_name_all_their_rows():
    """One warning for each further unit, with the lines of its rows."""
    units = ["cells/µL", "%", "cells/µL", "%", "AB/C"]
    found = plausibility(series(10, 20, 30, 40, 50, unit=units, analyte="marker"))

    assert [(p.message, p.line, p.lines, p.rows) for p in found] == [
        ("marker in %, and in cells/µL before it", 3, (3, 5), 2),
        ("marker in {AB}/{cell}, and in cells/µL before it", 6, (), 1),
    ]


class TestLife:
    """Results and doses after death, doses before birth."""

    def test_days(self):
        """Day 46 is the day of death; 46.9 may be before it, 47 is not."""
        frame = series(10, 10, 10, day=[46.0, 46.9, 47.0])
        events = happened(("outcome", "death", 46.0), ("dose", "IL-7", 46.0), ("dose", "IL-7", 50))

        assert told(frame, events) == [
            ("after-death", 4, "a result on day 47, after the death on day 46"),
            ("after-death", 4, "a dose on day 50, after the death on day 46"),
        ]

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_dates(self, backend):
        """A sample without a time of day, on the date of death, may be before it."""
        days = [at(4), at(5), at(5, 13), at(5, 15), at(6)]
        frame = series(10, 10, 10, 10, 10, time=days, day=[None] * 5)
        events = happened(("outcome", "Patient died", at(5, 14)), backend=backend)

        assert told(frame, events) == [
            ("after-death", 5, "a result on 2020-03-05 15:00, after the death on 2020-03-05 14:00"),
            ("after-death", 6, "a result on 2020-03-06, after the death on 2020-03-05 14:00"),
        ]

    def test_a_death_without_time_of_day(self):
        """No hour of that date is certainly after it."""
        frame = series(10, 10, time=[at(5, 23), at(6)], day=[None] * 2)
        events = happened(("outcome", "death", at(5)))

        assert [line for _, line, _ in told(frame, events)] == [3]

    def test_of_two_deaths_the_last(self):
        """What is after one of them only may be right."""
        events = happened(("outcome", "death", 3.0), ("outcome", "death", 5.0))
        frame = series(10, 10, day=[4.0, 6.0])

        assert [line for _, line, _ in told(frame, events)] == [3]

    def test_no_clock_in_common(self):
        """A death by day and a result by date are not compared."""
        events = happened(("outcome", "death", 3.0))

        assert told(series(10, time=[at(20)], day=[None]), events) == []

    def test_another_patient_and_another_outcome(self):
        """Only the patient's own death ends the patient's results."""
        events = happened(("outcome", "discharge", 1.0), ("state", "death of a relative", 1.0))
        own = series(10, 10, patient_id=["Q", "Q"])

        assert told(series(10, 10), events) == []
        assert told(own, happened(("outcome", "death", 0.0))) == []

    def test_dose_before_birth(self):
        """The date of birth stands beside the results; a dose on that date is none before it."""
        frame = series(10, birth_date=[at(10)])
        events = happened(("dose", "IL-7", at(9, 23)), ("dose", "IL-7", at(10)))

        assert told(frame, events) == [
            ("dose-before-birth", 2, "a dose on 2020-03-09, before the birth on 2020-03-10"),
        ]


def test_beyond_what_is_said():
    """A problem of the same code at the same lines is not said twice."""
    one = Problem(code="unit-changes", message="x", source="a.csv", line=3, lines=(3, 5))
    said = [Problem(code="unit-changes", message="y", source="a.csv", line=n) for n in (3, 5)]

    assert beyond([one], said) == []
    assert beyond([one], said[:1]) == [one]


@QUICK
@given(patients())
def test_any_patient(patient: Patient):
    """Whatever the records are, every finding is a warning and the tables stay as they are."""
    frame, events = patient.to_frame(), patient.events_to_frame()
    before = frame.copy()
    found = plausibility(frame, events)

    assert all(problem.severity is Severity.WARNING for problem in found)
    assert frame.equals(before)


@QUICK
@given(
    st.dictionaries(
        st.sampled_from(["cd3", "cd4", "cd8", "cd19", "nk", "lymphocytes"]),
        st.integers(1, 3000),
        min_size=3,
    ),
    st.sampled_from(["10*9/L", "cells/L", "10*3/uL"]),
)
def test_the_unit_does_not_matter(counts, unit):
    """The same counts in another unit have the same findings."""
    frame = sample(**counts)
    factor = {"10*9/L": 1e-3, "cells/L": 1e6, "10*3/uL": 1e-3}[unit]
    other = frame.with_columns(
        value=table("polars", value=[value * factor for value in counts.values()])["value"],
        unit=table("polars", unit=[unit] * len(counts))["unit"],
    )

    assert [p.code for p in plausibility(frame)] == [p.code for p in plausibility(other)]


def test_real_data_are_plausible(shared_data):
    """Two trials, whose counts were checked by their makers, have no finding."""
    from immunotrack.readers import read_source

    for name in ("cdisc-pilot", "pharmaverse-adlb/adlb_dev.csv"):
        source = read_source(str(shared_data / name))
        assert plausibility(source.used, source.events.table) == []
