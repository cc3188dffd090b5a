"""Dosing: plans in words, planned doses, and what was given, missed or not due any more."""

import csv
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.cases import load_case
from immunotrack.clocks import Clock
from immunotrack.course_ends import Cut, course_ends
from immunotrack.doses import find_dose_unit
from immunotrack.dosing import AGAINST, given_against_planned
from immunotrack.missed import SAMPLES, missed_samples
from immunotrack.plan_text import parse_plan
from immunotrack.plans import choose_plan
from immunotrack.problems import InvalidInput
from immunotrack.regimens import Placing, regimens, usual_placing
from immunotrack.table import EVENT_SCHEMA, frame_of
from immunotrack.totals import TOTALS, Weight, dose_totals
from immunotrack.windows import WindowSet
from strategies import BACKENDS, column, examples, table

QUICK = settings(max_examples=examples(60), deadline=None)
MONNERET = "3 µg/kg on day 24, then 10 µg/kg twice a week for 4 weeks"


def days(text, placing=None):
    """The days of a plan's doses."""
    return [dose.day for dose in parse_plan(text, placing).doses()]


def faults(text):
    """Part and message of each fault of a plan."""
    with pytest.raises(InvalidInput) as caught:
        parse_plan(text)
    assert {problem.code for problem in caught.value.problems} == {"bad-plan"}
    return [(problem.column, problem.message) for problem in caught.value.problems]


class TestPlan:
    """Sentences and the doses they stand for."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("5 mg on day 24", [24]),
            ("5 mg on days 24, 27, 31", [24, 27, 31]),
            ("5 mg on days 31, 24 and 27", [24, 27, 31]),
            ("5 mg on days −2, 5", [-2, 5]),
            ("5 mg once", [0]),
            ("5 mg once from day 3", [3]),
            ("5 mg daily for 3 days", [0, 1, 2]),
            ("5 mg every day from day 2 max 2", [2, 3]),
            ("5 mg every 3 days for 1 week", [0, 3, 6]),
            ("5 mg every other day for 1 week", [0, 2, 4, 6]),
            ("5 mg weekly for 3 weeks", [0, 7, 14]),
            ("5 mg once a week for 3 weeks", [0, 7, 14]),
            ("5 mg every 2 weeks, max 3", [0, 14, 28]),
            ("5 mg twice a week for 2 weeks", [0, 3, 7, 10]),
            ("5 mg 2x/week for 10 days", [0, 3, 7]),
            ("5 mg twice weekly from day 26 max 3", [26, 29, 33]),
            ("5 mg three times a week for 1 week", [0, 2, 4]),
            ("5 mg 7 times a week for 4 days", [0, 1, 2, 3]),
            ("for 2 weeks twice a week 5 mg", [0, 3, 7, 10]),
            ("5 mg once, then 5 mg after 72 h daily max 2", [0, 3, 4]),
            ("5 mg once; 5 mg after 36 hours once", [0, 1.5]),
            ("5 mg daily max 2, then 5 mg weekly max 2", [0, 1, 3, 10]),
            ("5 mg once, then 5 mg weekly for 9 weeks, max 3 in all", [0, 2, 9]),
        ],
    )
    def test_days(self, text, expected):
        """`for 2 weeks` are the 14 days from the first dose; a new part begins 2 days later."""
        assert days(text) == expected

    def test_the_case_report(self, shared_facts):
        """Its sentence gives schedule A1 of the facts: 24, then 26 29 33 36 40 43 47 50."""
        with (shared_facts / "monneret-2020-dose-schedules.csv").open(encoding="utf-8") as file:
            first = next(csv.DictReader(file))
        planned = first["planned_10ug_kg_days_8_doses"]
        doses = parse_plan(MONNERET).doses()

        assert [f"{dose.day:g}" for dose in doses] == ["24", *planned.split()]
        assert [dose.amount for dose in doses] == [3.0] + [10.0] * 8
        assert {dose.unit for dose in doses} == {"µg/kg"}

    def test_what_is_assumed_is_marked(self):
        """Day 24 and day 26 are stated; that `twice a week` is days 0 and 3 is not."""
        doses = parse_plan("3 mg on day 24, then 5 mg twice a week from day 26 max 3").doses()

        assert [(dose.day, dose.assumed) for dose in doses] == [
            (24.0, ""),
            (26.0, ""),
            (29.0, "days of the week not stated"),
            (33.0, "days of the week not stated"),
        ]

    def test_an_assumed_start_is_handed_on(self):
        """What follows an assumed dose by 48 h is as uncertain."""
        doses = parse_plan("3 mg once, then 5 mg after 48 h once, then 5 mg once").doses()

        assert [dose.assumed for dose in doses] == [
            "first day not stated: day 0",
            "first day not stated: day 0",
            "first day not stated: 2 days after the dose before",
        ]

    def test_starting(self):
        """A plan without a day can be given one, which is then not assumed."""
        doses = choose_plan("iris7-iv").starting(24).doses()

        assert [dose.day for dose in doses] == [24, 27, 31, 34, 38, 41]
        assert [dose.assumed == "" for dose in doses] == [True, *[False] * 5]

    def test_placing_is_data(self):
        """Days 0 and 4 of each week, one week after the first dose: schedule C2 of the facts."""
        placing = Placing(gap_days=7, week_days={2: [0, 4]}, source="the protocol")

        assert days(MONNERET, placing) == [24, 31, 35, 38, 42, 45, 49, 52, 56]
        assert usual_placing().week_days == {2: [0, 3], 3: [0, 2, 4]}

    @pytest.mark.parametrize("week", [{2: [0]}, {2: [3, 0]}, {2: [0, 7]}, {2: [0, 0]}, {2: [1, 4]}])
    def test_refuses_a_placing(self, week):
        """Two doses a week need two days of a week."""
        with pytest.raises(ValueError, match="2 needs 2 rising days, 0 to 6, from 0"):
            Placing(gap_days=2, week_days=week, source="x")

    @pytest.mark.parametrize(
        ("written", "symbol"),
        [
            ("µg/kg", "µg/kg"),
            ("μg/kg", "µg/kg"),
            ("ug / kg", "µg/kg"),
            ("MCG/KG", "µg/kg"),
            ("mg", "mg"),
            ("IU/kg", "IU/kg"),
            ("I.U.", "IU"),
            ("MIU", "MIU"),
        ],
    )
    def test_units(self, written, symbol):
        """Both signs for micro, and u and mc, are one unit."""
        assert parse_plan(f"2.5{written} once").doses()[0][1:3] == (2.5, symbol)

    def test_unknown_units(self):
        """Body surface and days are no units of a dose here."""
        assert [find_dose_unit(text) for text in ("mg/m²", "mg/kg/day", "", "AB/C")] == [None] * 4


class TestFaults:
    """Every fault of a plan at once, and nothing guessed."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2,5 µg/kg once", ["not understood: '2 5 µg/kg'", "no dose with a known unit"]),
            ("-3 mg once", ["not understood: '-3 mg'", "no dose with a known unit"]),
            ("5 mg/kg/day once", ["not understood: '5 mg/kg/day'", "no dose with a known unit"]),
            ("0 mg once", ["a dose of 0"]),
            ("5 mg", ["how often is not stated"]),
            ("5 mg from day 3", ["how often is not stated"]),
            ("5 mg twice a week", ["no end is stated"]),
            ("5 mg twice daily for 3 days", ["not understood: 'twice'"]),
            ("5 mg weekly on day 3 max 2", ["several schedules: on day 3, weekly"]),
            ("5 mg daily daily max 2", ["`daily` is said twice"]),
            ("5 mg on day 3, 5 mg on day 4", ["two doses in one part", "`on day` is said twice"]),
            ("5 mg on days 3, 3", ["a day is named twice"]),
            ("5 mg on day 3 for 4 weeks", ["`for` without a repeated dose"]),
            ("5 mg on days 3, 4 max 1", ["`max` without a repeated dose"]),
            ("5 mg on day 3 from day 3", ["`on day` states the days already"]),
            ("5 mg once after 2 days", ["`after` without a dose before it"]),
            ("5 mg every 0 days max 3", ["`every 0 days` is no number of days or doses"]),
            ("5 mg daily for 0 weeks", ["`for 0 weeks` is no number of days or doses"]),
            ("5 mg daily max 0", ["`max 0` is no number of days or doses"]),
            (
                "5 mg 4 times a week max 8",
                ["on which days 4 doses a week fall is not known"],
            ),
            (
                "5 mg on days 24-31",
                ["not understood: 'on days 24-31'", "how often is not stated"],
            ),
        ],
    )
    def test_of_one_part(self, text, expected):
        """Each is told with the part it stands in."""
        assert faults(text) == [("part 1", message) for message in expected]

    def test_all_parts_at_once(self):
        """Faults of several parts come together, each with what to write instead."""
        assert faults("5 mg then 3 furlongs on day 3 then 5 mg weekly") == [
            ("part 1", "how often is not stated"),
            ("part 2", "not understood: '3 furlongs'"),
            ("part 2", "no dose with a known unit"),
            ("part 3", "no end is stated"),
        ]

    def test_as_a_problem(self):
        """Text, part, code, message and fix."""
        with pytest.raises(InvalidInput) as caught:
            parse_plan("10 µg/kg twice a week")

        assert str(caught.value.problems[0]) == (
            "--plan part 1='10 µg/kg twice a week'  bad-plan (error): no end is stated. "
            "Write for 4 weeks or max 7."
        )
        assert str(caught.value) == "1 error: bad-plan"

    def test_parts_out_of_order(self):
        """A part begins after the last dose of the one before it."""
        assert faults("5 mg on day 24, then 5 mg on day 20") == [
            ("part 2", "begins on day 20, not after the dose of day 24")
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("5 mg daily for 9999 weeks", "more than 1000 doses"),
            ("5 mg once " * 500, "the text is too long for a plan"),
        ],
    )
    def test_beyond_every_sense(self, text, message):
        """A plan has an end that somebody may live to see."""
        assert (None, message) in faults(text)

    def test_an_unknown_name(self):
        """One word is the name of a plan."""
        with pytest.raises(InvalidInput) as caught:
            choose_plan("iris8")

        assert caught.value.problems[0].message == "'iris8' is not known"

    @QUICK
    @given(st.text(max_size=60))
    def test_any_text(self, text):
        """Any text is a plan or is told; it never breaks."""
        try:
            doses = parse_plan(text).doses()
        except InvalidInput as error:
            doses = list(error.problems)

        assert doses

    @QUICK
    @given(
        st.sampled_from(["daily", "weekly", "twice a week", "every 3 days", "3 times a week"]),
        st.integers(1, 12),
        st.integers(-50, 50),
        st.integers(1, 40),
    )
    def test_doses_rise_within_their_weeks(self, often, weeks, start, most):
        """All within the stated time, none twice, and never more than the largest number."""
        text = f"5 mg {often} for {weeks} weeks from day {start} max {most}"
        found = days(text)

        assert found == sorted(set(found))
        assert found[0] == start
        assert found[-1] < start + 7 * weeks
        assert len(found) <= most


class TestRegimens:
    """The published plans."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("iris7-iv", [0, 3, 7, 10, 14, 17]),
            ("iliad7-uk", [0, 2, 5, 9, 12]),
            ("iliad7-us", [0, 3, 6, 10, 13, 17, 20]),
            ("iliad7-brazil", [0, 3, 6, 10, 13, 17, 20]),
            ("iliad7-france-belgium", [0, 3, 7, 10]),
            ("laterre-2020", [0, 2, 5, 9, 12]),
        ],
    )
    def test_days(self, name, expected):
        """3 weeks twice are 6 doses, with one before them the stated maximum of 7."""
        assert [dose.day for dose in choose_plan(name).doses()] == expected

    def test_quotes_are_those_of_the_facts(self, shared_facts):
        """Each plan quotes its row."""
        with (shared_facts / "il7-regimens.csv").open(encoding="utf-8") as file:
            quotes = {row["quote"] for row in csv.DictReader(file)}

        assert {regimen.quote for regimen in regimens().values()} <= quotes
        assert len(regimens()) == 6


def happened(*doses, death=None, backend="polars", patient="P", **given):
    """Doses (day and µg/kg) and the death of one patient."""
    blank = dict.fromkeys(EVENT_SCHEMA, "") | dict.fromkeys(
        ("start_time", "start_day", "end_time", "end_day", "dose")
    )
    blank |= {"patient_id": patient, "open_end": False}
    rows = [
        blank
        | {"kind": "dose", "name": "IL-7", "start_day": day, "dose": amount, "line": line}
        | {"dose_unit": "" if amount is None else "µg/kg", "basis": "stated"}
        | given
        for line, (day, amount) in enumerate(doses, 2)
    ]
    if death is not None:
        rows.append(blank | {"kind": "outcome", "name": "death", "start_day": death, "line": 99})
    return frame_of(rows, EVENT_SCHEMA, backend).to_native()


def against(doses, text="5 µg/kg on days 1, 8, 15", death=None, **how):
    """Status, planned day, given day and note of each dose."""
    found = given_against_planned(happened(*doses, death=death), parse_plan(text), **how)
    names = ("status", "planned_day", "given_day", "note")
    return list(zip(*(column(found, name) for name in names), strict=True))


class TestAgainst:
    """What was given against what was planned."""

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_given_missed_and_extra(self, backend):
        """Day 9 for day 8 is within a day; nothing is near 15; day 20 is beside the plan."""
        events = happened((1.0, 5.0), (9.0, 5.0), (20.0, 5.0), backend=backend)
        found = given_against_planned(events, parse_plan("5 µg/kg on days 1, 8, 15"))

        assert type(found) is type(events)
        assert column(found, "status") == ["given", "given", "missed", "extra"]
        assert column(found, "difference_days") == [0, 1, None, None]
        assert column(found, "given_amount") == [5, 5, None, 5]
        assert column(found, "line") == [2, 3, 0, 4]
        assert column(found, "basis") == ["stated", "stated", "", "stated"]

    def test_tolerance(self):
        """Two days late is missed and extra within one day, and given within two."""
        doses = [(1.0, 5.0), (10.0, 5.0), (15.0, 5.0)]

        assert [status for status, *_ in against(doses)] == ["given", "missed", "extra", "given"]
        assert [status for status, *_ in against(doses, tolerance_days=2)] == ["given"] * 3

    def test_as_many_as_possible(self):
        """Days 2 and 3 for 1 and 2: the nearest for 2 is 2, but then 1 would go without."""
        found = against([(2.0, 5.0), (3.0, 5.0)], "5 µg/kg on days 1, 2")

        assert [(planned, day) for _, planned, day, _ in found] == [(1, 2), (2, 3)]

    def test_smallest_differences(self):
        """Of two doses within a day of the planned one the nearer is it."""
        found = against([(7.2, 5.0), (8.1, 5.0)], "5 µg/kg on day 8")

        assert [row[:3] for row in found] == [("extra", None, 7.2), ("given", 8, 8.1)]

    def test_cut_short_by_death(self):
        """Day 15 is after the death of day 10; day 8 was due and is missed."""
        assert against([(1.0, 5.0)], death=10.0) == [
            ("given", 1, 1, ""),
            ("missed", 8, None, ""),
            ("not due", 15, None, "course cut short: death on day 10"),
        ]

    def test_cut_short_by_a_stop(self):
        """Which of the two it was is said as it was given."""
        cut = Cut(10, "stop: lymphocytes above 2.5 x the upper limit")
        told = "course cut short: {} on day 10"

        assert against([(1.0, 5.0)], death_or_stop_day=cut)[-1][3] == told.format(cut.why)
        assert against([(1.0, 5.0)], death_or_stop_day=10)[-1][3] == told.format("death or stop")
        assert against([(1.0, 5.0)], death_or_stop_day={"P": cut})[-1][0] == "not due"
        assert against([(1.0, 5.0)], death_or_stop_day={"Q": cut})[-1][0] == "missed"

    @pytest.mark.parametrize(
        ("stop", "why"), [(9, "stop on day 9"), (10, "death on day 10"), (12, "death on day 10")]
    )
    def test_the_earlier_end_counts(self, stop, why):
        """A stop before the death ends the course, a stop after it does not."""
        found = against([(1.0, 5.0)], death=10.0, death_or_stop_day=Cut(stop, "stop"))

        assert found[-1][3] == f"course cut short: {why}"

    def test_on_the_day_of_the_end(self):
        """Whether the dose was still due on that day is not known."""
        assert against([(1.0, 5.0), (8.0, 5.0)], death=15.0)[-1] == (
            *("undetermined", 15, None),
            "planned for the day of the end: death on day 15",
        )

    def test_given_after_the_end(self):
        """It is told, and counts as what it is."""
        assert against([(15.0, 5.0)], "5 µg/kg on day 15", death=10.0) == [
            ("given", 15, 15, "given after death on day 10")
        ]

    @pytest.mark.parametrize(
        ("given_dose", "note"),
        [
            ({"dose": 5.0}, ""),
            ({"dose": 0.005, "dose_unit": "mg/kg"}, ""),
            ({"dose": 3.0}, "3 µg/kg given, 5 µg/kg planned"),
            ({"dose": 5.0, "dose_unit": "mg"}, "5 mg given, 5 µg/kg planned"),
            ({"dose": 5.0, "dose_unit": "puffs"}, "5 puffs given, 5 µg/kg planned"),
            ({"dose": None, "dose_unit": ""}, "the amount is not stated"),
        ],
    )
    def test_another_amount(self, given_dose, note):
        """5 µg/kg are 0.005 mg/kg; anything else is told."""
        events = happened((1.0, 5.0), **given_dose)
        found = given_against_planned(events, parse_plan("5 µg/kg on day 1"))

        assert column(found, "note") == [note]

    def test_dated_doses_need_a_clock(self):
        """Without one they have no day, are not lost, and may be what was planned."""
        day = datetime(2020, 3, 1)  # noqa: DTZ001
        events = happened((None, 5.0), start_time=day + timedelta(days=1))
        plan = parse_plan("5 µg/kg on day 1")
        clock = Clock("Days after admission", day)

        assert column(given_against_planned(events, plan), "status") == ["undetermined", "undated"]
        assert column(given_against_planned(events, plan, clock=clock), "status") == ["given"]

    def test_several_drugs(self):
        """Which doses are meant must be said."""
        frames = [happened((1.0, 5.0)), happened((1.0, 5.0), name="VP1")]
        events = frames[0].vstack(frames[1])
        plan = parse_plan("5 µg/kg on day 1")

        with pytest.raises(ValueError, match=r"^the events hold doses of IL-7 and VP1; choose"):
            given_against_planned(events, plan)
        found = given_against_planned(events, parse_plan("5 µg/kg on days 1, 8"), name="il-7")
        assert column(found, "line") == [2, 0]
        assert column(found, "name") == ["IL-7", "IL-7"]

    def test_the_time_of_day_does_not_count(self):
        """Day 25.9 is the day after the planned day 24; after 36 h hours count."""
        assert against([(25.9, 5.0)], "5 µg/kg on day 24") == [("given", 24, 25.9, "")]
        assert [row[:3] for row in against([(26.1, 5.0)], "5 µg/kg on day 24")] == [
            ("missed", 24, None),
            ("extra", None, 26.1),
        ]
        found = given_against_planned(
            happened((0.0, 5.0), (2.25, 5.0)), parse_plan("5 mg once, then 5 mg after 36 h once")
        )
        assert column(found, "difference_days") == [0, 0.75]

    @pytest.mark.parametrize(
        ("end", "statuses"),
        [
            ({"end_day": 3.0}, ["undetermined", "repeated", "undetermined", "missed"]),
            ({"open_end": True}, ["undetermined", "repeated", "undetermined", "undetermined"]),
            ({"end_day": 1.5}, ["given", "missed", "missed"]),
        ],
    )
    def test_repeated_doses(self, end, statuses):
        """A span of days stands for several doses and is matched to none; one within a day is one.

        From day 1.25 to 3 it may hold what is planned for days 1 and 3, not what is for day 9.
        """
        found = given_against_planned(
            happened((1.25, 5.0), **end), parse_plan("5 µg/kg on days 1, 3, 9"), tolerance_days=0
        )

        assert column(found, "status") == statuses

    def test_a_dose_of_nobody_is_everybodys(self):
        """A file of one patient's doses often names nobody."""
        events = happened((1.0, 5.0), patient="")
        plan = parse_plan("5 µg/kg on day 1")

        assert given_against_planned(events, plan, patients=["P", "Q"]).select(
            "patient_id", "status"
        ).rows() == [("P", "given"), ("Q", "given")]
        assert column(given_against_planned(events, plan), "patient_id") == [""]

    def test_clocks_by_patient(self):
        """Each patient's dated doses count from his own day 0; without one nothing is certain."""
        start = datetime(2020, 3, 1)  # noqa: DTZ001
        events = [
            happened((None, 5.0), start_time=start + timedelta(days=days), patient=patient)
            for days, patient in ((1, "P"), (8, "Q"))
        ]
        clocks = {
            "P": Clock("Days", start),
            "Q": Clock("Days", start + timedelta(days=7)),
            "R": None,
        }
        found = given_against_planned(
            events[0].vstack(events[1]),
            parse_plan("5 µg/kg on day 1"),
            clock=clocks,
            patients=list(clocks),
        )

        assert found.select("patient_id", "status", "given_day", "clock").rows() == [
            ("P", "given", 1, "Days"),
            ("Q", "given", 1, "Days"),
            ("R", "undetermined", None, ""),
        ]
        assert column(found, "given_time")[0] == start + timedelta(days=1)

    def test_a_clock_without_a_day_0_is_refused(self):
        """Study days have none, and a plan would be a day off before it."""
        clock = Clock("Study day", datetime(2020, 3, 1), shows="study day")  # noqa: DTZ001

        with pytest.raises(ValueError, match=r"^a plan counts days from a day 0, and Study day"):
            given_against_planned(happened((1.0, 5.0)), parse_plan("5 mg once"), clock=clock)

    def test_without_a_plan(self):
        """Every dose that was given, of every name."""
        events = happened((1.0, 5.0)).vstack(happened((0.0, 1.0), name="VP1"))
        found = given_against_planned(events, None)

        assert found.select("name", "status", "given_day").rows() == [
            ("VP1", "given", 0),
            ("IL-7", "given", 1),
        ]

    def test_course_ends(self):
        """Death on day 9; a stop of all on day 20; the earlier of the two for each."""
        events = happened((1.0, 5.0)).vstack(happened(death=9.0, patient="Q"))

        assert course_ends(events) == {"Q": Cut(9, "death")}
        assert course_ends(events, stops=20) == {
            "P": Cut(20, "death or stop"),
            "Q": Cut(9, "death"),
        }

    def test_each_patient(self):
        """The plan holds for each, also for one without any dose."""
        events = happened((1.0, 5.0)).vstack(happened(death=9.0, patient="Q"))
        found = given_against_planned(events, parse_plan("5 µg/kg on day 1"))

        assert column(found, "patient_id") == ["P", "Q"]
        assert column(found, "status") == ["given", "missed"]

    @pytest.mark.parametrize("tolerance", [-1, float("nan")])
    def test_refuses_a_tolerance(self, tolerance):
        """It is a number of days from 0."""
        with pytest.raises(ValueError, match=r"^tolerance_days must not be negative$"):
            against([], tolerance_days=tolerance)

    def test_no_event(self):
        """An empty table has an empty answer."""
        found = given_against_planned(happened(), parse_plan("5 mg once"))

        assert found.columns == list(AGAINST)
        assert len(found) == 0
        assert against([], "5 mg on day 3", patients=["P"]) == [("missed", 3, None, "")]

    @QUICK
    @given(
        st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True),
        st.lists(st.integers(0, 60), max_size=8),
        st.integers(0, 4),
        st.integers(-100, 100),
    )
    def test_every_dose_is_accounted_for(self, planned, taken, tolerance, shift):
        """Each planned and each given dose once; shifting the clock shifts days only."""
        text = f"5 µg/kg on days {', '.join(map(str, planned))}"
        moved = f"5 µg/kg on days {', '.join(str(day + shift) for day in planned)}"
        doses = [(float(day), 5.0) for day in taken]
        how = {"tolerance_days": tolerance, "patients": ["P"]}
        found = against(doses, text, **how)
        other = against([(d + shift, a) for d, a in doses], moved, **how)

        assert sorted(p for _, p, _, _ in found if p is not None) == sorted(planned)
        assert sorted(g for _, _, g, _ in found if g is not None) == sorted(taken)
        assert all(abs(p - g) <= tolerance for s, p, g, _ in found if s == "given")
        assert [row[0] for row in found] == [row[0] for row in other]


class TestTotals:
    """Number and amounts of what was given."""

    @staticmethod
    def totals(*doses, text="5 µg/kg on days 1, 8", weight=None, **given_dose):
        """The totals of one patient."""
        events = happened(*doses, **given_dose)
        found = dose_totals(given_against_planned(events, parse_plan(text)), weight)
        return {name: column(found, name)[0] for name in TOTALS}

    def test_case_report(self):
        """3 + 6 x 10 = 63 µg/kg; of nine planned doses two were not due after the death.

        For a made-up weight of 80 kg they are 63 x 80 = 5040 µg.
        """
        patient = load_case("monneret-2020").patients[0]
        found = given_against_planned(patient.events_to_frame("polars"), parse_plan(MONNERET))
        totals = dose_totals(found, Weight(80, "made up")).to_dicts()[0]

        assert column(found, "status") == ["given"] * 7 + ["not due"] * 2
        assert column(found, "note")[-2:] == ["course cut short: death on day 46"] * 2
        assert [totals[name] for name in ("planned", "given", "not_due", "missed")] == [9, 7, 2, 0]
        assert (totals["total_per_kg"], totals["per_kg_unit"]) == (63, "µg/kg")
        assert (totals["total"], totals["unit"]) == (5040, "µg")
        assert (totals["weight_kg"], totals["weight_source"]) == (80, "made up")

    def test_no_weight(self):
        """Without it there is no absolute total, and the note says so."""
        found = self.totals((1.0, 5.0), (30.0, 2.5))

        assert (found["given"], found["extra"], found["missed"]) == (1, 1, 1)
        assert (found["total_per_kg"], found["total"]) == (7.5, None)
        assert found["note"] == "no absolute total: no weight"

    def test_absolute_doses(self):
        """0.1 + 0.2 mg are 0.3 mg, exactly; for 60 kg they are 0.005 mg/kg."""
        one = happened((1.0, 0.1), dose_unit="mg")
        events = one.vstack(happened((8.0, 0.2), dose_unit="mg"))
        found = given_against_planned(events, parse_plan("0.1 mg on days 1, 8"))
        bare, weighed = (
            dose_totals(found, weight).to_dicts()[0] for weight in (None, Weight(60, "chart"))
        )

        assert (bare["total"], bare["unit"], bare["total_per_kg"]) == (0.3, "mg", None)
        assert bare["note"] == "no total for each kg: no weight"
        assert (weighed["total_per_kg"], weighed["per_kg_unit"]) == (0.005, "mg/kg")

    def test_mixed_units(self):
        """5 µg/kg x 80 kg + 1 mg = 1400 µg."""
        events = happened((1.0, 5.0)).vstack(happened((8.0, 1.0), dose_unit="mg"))
        found = given_against_planned(events, parse_plan("5 µg/kg on days 1, 8"))

        assert dose_totals(found, {"P": Weight(80, "chart")})["total"].to_list() == [1400]

    def test_repeated_doses_have_no_total(self):
        """How many doses a span stands for is not known; it is counted apart."""
        found = self.totals((1.0, 5.0), weight=Weight(80, "chart"), end_day=4.0)

        assert (found["given"], found["repeated"]) == (0, 1)
        assert (found["total"], found["total_per_kg"]) == (None, None)
        assert found["note"] == "no total: repeated doses, and how many is not known"

    def test_each_drug_has_its_own(self):
        """One row a patient and name."""
        events = happened((1.0, 5.0), (2.0, 5.0)).vstack(happened((0.0, 1.0), name="VP1"))
        found = dose_totals(given_against_planned(events, None))

        assert found.select("name", "given", "total_per_kg").rows() == [
            ("VP1", 1, 1),
            ("IL-7", 2, 10),
        ]

    def test_an_amount_that_is_not_stated(self):
        """The number is known, the total is not."""
        found = self.totals((1.0, 5.0), (8.0, None), weight=Weight(80, "chart"))

        assert (found["given"], found["total"], found["total_per_kg"]) == (2, None, None)
        assert found["note"] == "no total: a dose without an amount"

    def test_units_that_do_not_add_up(self):
        """µg and IU have no sum."""
        events = happened((1.0, 5.0)).vstack(happened((8.0, 5.0), dose_unit="IU/kg"))
        found = dose_totals(given_against_planned(events, parse_plan("5 µg/kg on days 1, 8")))

        assert found["note"].to_list() == ["no total: doses in µg/kg and IU/kg"]

    @pytest.mark.parametrize(
        ("kg", "source", "message"),
        [
            (0, "chart", "^a weight must be above 0 and below 1000 kg$"),
            (float("nan"), "chart", "^a weight must be above 0 and below 1000 kg$"),
            (80, " ", "^a weight needs its source$"),
        ],
    )
    def test_refuses_a_weight(self, kg, source, message):
        """A weight is a plausible number with its source."""
        with pytest.raises(ValueError, match=message):
            Weight(kg, source)


def sampled(*days_, analyte="CD4", value=100.0, backend="polars", patient="P"):
    """Results of one analyte on some days."""
    return table(
        backend,
        patient_id=[patient] * len(days_),
        analyte=[analyte] * len(days_),
        unit=["/µL"] * len(days_),
        value=[value] * len(days_),
        day=[None if day is None else float(day) for day in days_],
    )


class TestMissedSamples:
    """Planned samples without a result."""

    WINDOWS = WindowSet.model_validate(
        {
            "name": "made",
            "clock": "days",
            "aggregate": "max",
            "source": "made up",
            "window": [
                {"label": f"W{n + 1}", "from_day": 4 * n, "to_day": 4 * n + 3} for n in range(4)
            ],
        }
    )

    def rows(self, frame, until=None):
        """Window, status, next and note of each missing sample."""
        found = missed_samples(frame, self.WINDOWS, until)
        names = ("window", "status", "next", "note")
        return list(zip(*(column(found, name) for name in names), strict=True))

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_missed(self, backend):
        """Samples of day 0 and day 9: W2 was skipped, W4 is the next that was missed."""
        frame = sampled(0, 9, backend=backend)

        assert self.rows(frame) == [("W2", "missed", False, ""), ("W4", "missed", True, "")]
        assert type(missed_samples(frame, self.WINDOWS)) is type(frame)

    def test_not_due_after_the_end(self):
        """Death on day 8: W3 begins that day, W4 after it."""
        assert self.rows(sampled(0, 5), until=8.5) == [
            ("W3", "undetermined", False, "begins on the day of the end, day 8.5"),
            ("W4", "not due", False, "begins after the end on day 8.5"),
        ]
        assert self.rows(sampled(0, 5), until={"P": 7})[0][1] == "not due"
        assert self.rows(sampled(0, 5), until={"Q": 7})[0][1] == "missed"

    def test_a_window_that_goes_on_after_the_end(self):
        """Death on day 9: the sample of W3, days 8 to 11, may have been planned for day 10."""
        assert self.rows(sampled(0, 5), until=9)[0] == (
            *("W3", "undetermined", False),
            "goes on after the end on day 9",
        )

    def test_days_of_another_clock(self):
        """Windows are of the clock that they name; a bare "Day" may be any."""
        for clock, statuses in (
            (Clock("Day", zero=4), {"missed"}),
            (Clock("days"), {"missed"}),
            (Clock("Days after birth"), {"undetermined"}),
            (None, {"undetermined"}),
        ):
            found = missed_samples(sampled(4, 9), self.WINDOWS, clock={"P": clock})

            assert set(column(found, "status")) == statuses
            assert set(column(found, "clock")) == {"days"}

    def test_a_result_without_a_day(self):
        """It may belong to any window."""
        assert {row[1:] for row in self.rows(sampled(0, None))} == {
            ("undetermined", False, "the analyte has results without a day")
        }

    def test_a_sample_without_a_number(self):
        """It was taken, and is not missed."""
        frame = sampled(0, 5, 9).vstack(sampled(13, value=None))

        assert self.rows(frame) == [("W4", "no number", False, "a sample without a usable result")]

    def test_each_patient_and_analyte_of_the_set(self):
        """What one patient has is planned for the other; other analytes are not asked."""
        frame = sampled(1, 5, 9, 13).vstack(sampled(1, 5, 9, patient="Q"))
        windows = self.WINDOWS.model_copy(update={"analytes": ["cd4"]})
        found = missed_samples(frame.vstack(sampled(1, analyte="CRP")), windows)

        assert found.select("patient_id", "analyte", "window").rows() == [("Q", "cd4", "W4")]

    def test_preset_and_empty_table(self):
        """The preset by its name; nothing is missed of nobody."""
        found = missed_samples(sampled())

        assert found.columns == list(SAMPLES)
        assert len(found) == 0

    @QUICK
    @given(st.lists(st.integers(0, 15), min_size=1, max_size=6))
    def test_a_window_is_held_or_told(self, taken):
        """Each window has a sample or a row, and only the first missed after the last is next."""
        found = self.rows(sampled(*taken))
        held = {f"W{day // 4 + 1}" for day in taken}
        late = [window for window, *_ in found if window > max(held)]

        assert {window for window, *_ in found} == {"W1", "W2", "W3", "W4"} - held
        assert [window for window, _, first, _ in found if first] == late[:1]
