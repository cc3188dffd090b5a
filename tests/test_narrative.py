"""Narrative checks: each way to ask the data holds where it should and fails where it should."""

import pytest

from immunotrack.api import check as check_source
from immunotrack.narrative import NarrativeCheck, answer_problems, ask


def results(*rows, analyte="cd4"):
    """Rows of day, result and flag, as a flagged table has them."""
    made = []
    for day, reported, flag in rows:
        sign = reported[:1] if reported[:1] in {"<", ">"} else ""
        number = reported.removeprefix(sign)
        made.append(
            {
                "analyte": analyte,
                "day": float(day),
                "reported": reported,
                "comparator": sign or ("<" if reported == "not detected" else ""),
                "value": float(number) if number and number[0].isdigit() else None,
                "flag": flag,
            }
        )
    return made


def event(day, kind="dose", name="IL-7", dose=3.0, result=""):
    """A row of an events table."""
    return {"kind": kind, "name": name, "dose": dose, "result": result, "start_day": day}


def answer(how, rows=(), events=(), **given):
    """Whether a statement holds, and why."""
    made = NarrativeCheck.model_validate(
        {"claim": "C1", "quote": "it is said", "ask": how, "analyte": "cd4"} | given
    )
    (found,) = ask([made], list(rows), list(events))
    return found.holds, found.why


LOW = results((0, "100", "L"), (5, "200", "L"), (9, "600", "N"))


@pytest.mark.parametrize(
    ("days", "flags", "expected"),
    [
        ([0, 5], ["L"], (True, "2 results within days 0 to 5, each L")),
        ([0, 9], ["L", "N"], (True, "3 results within days 0 to 9, each L or N")),
        ([0, 9], ["L"], (False, "not L: 600 on day 9")),
        ([0, 0], ["H"], (False, "not H: 100 on day 0")),
        ([1, 4], ["L"], (None, "no result of cd4 within days 1 to 4")),
        ([3, 3], ["L"], (None, "no result of cd4 within day 3")),
    ],
)
def test_all_flagged_asks_every_result_of_the_days(days, flags, expected):
    """One result with another flag is enough to fail."""
    assert answer("all flagged", LOW, days=days, flags=flags) == expected


@pytest.mark.parametrize(
    ("days", "flags", "expected"),
    [
        ([0, 9], ["N"], (True, "N: 600 on day 9")),
        ([0, 5], ["N"], (False, "none is N: 100 on day 0, 200 on day 5")),
        ([1, 4], ["N"], (None, "no result of cd4 within days 1 to 4")),
    ],
)
def test_some_flagged_asks_for_one_result(days, flags, expected):
    """One result with the flag is enough to hold."""
    assert answer("some flagged", LOW, days=days, flags=flags) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            results((0, "100", ""), (1, "120", ""), (5, "110", ""), (6, "121", "")),
            (True, "before: 100 on day 0, 120 on day 1; then: 121 on day 6"),
        ),
        (
            results((0, "100", ""), (1, "120", ""), (5, "120", "")),
            (False, "before: 100 on day 0, 120 on day 1; then: 120 on day 5"),
        ),
        (
            results((0, "<100", ""), (5, "100", "")),
            (False, "before: <100 on day 0; then: 100 on day 5"),
        ),
        (
            results((0, "<100", ""), (5, "101", "")),
            (True, "before: <100 on day 0; then: 101 on day 5"),
        ),
        (
            results((0, "100", ""), (5, "<900", "")),
            (False, "before: 100 on day 0; then: <900 on day 5"),
        ),
        (results((0, "100", "")), (None, "results are needed within days 0 to 1 and days 5 to 6")),
    ],
)
def test_rises_asks_for_one_result_above_all_before(rows, expected):
    """A censored result rises only if every value it allows does."""
    assert answer("rises", rows, before=[0, 1], days=[5, 6]) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            results((0, "100", ""), (1, "120", ""), (5, "119", ""), (6, "90", "")),
            (True, "before: 120 on day 1; then: 119 on day 5, 90 on day 6"),
        ),
        (
            results((0, "130", ""), (1, "120", ""), (5, "125", ""), (6, "90", "")),
            (False, "before: 120 on day 1; then: 125 on day 5, 90 on day 6"),
        ),
        (
            results((1, "120", ""), (5, "120", "")),
            (False, "before: 120 on day 1; then: 120 on day 5"),
        ),
        (
            results((1, "120", ""), (5, "<130", "")),
            (False, "before: 120 on day 1; then: <130 on day 5"),
        ),
        (results((5, "120", "")), (None, "results are needed within days 0 to 1 and days 5 to 6")),
    ],
)
def test_falls_asks_every_result_to_lie_below_the_last_before(rows, expected):
    """The last before counts, not the highest."""
    assert answer("falls", rows, before=[0, 1], days=[5, 6]) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            results((0, "500", ""), (5, "300", ""), (6, "400", ""), (9, "450", "")),
            (True, "500 on day 0, then 300 on day 5, then 450 on day 9"),
        ),
        (
            results((0, "500", ""), (5, "300", ""), (9, "250", "")),
            (False, "500 on day 0, then 300 on day 5, then 250 on day 9"),
        ),
        (
            results((0, "200", ""), (5, "300", ""), (9, "450", "")),
            (False, "200 on day 0, then 300 on day 5, then 450 on day 9"),
        ),
        (
            results((0, "500", ""), (5, "300", "")),
            (None, "results are needed within days 0 to 1, days 5 to 6 and days 9 to 9"),
        ),
    ],
)
def test_dips_asks_for_a_low_between_two_highs(rows, expected):
    """The lowest lies below the highest before and the highest after."""
    found = answer("dips", rows, before=[0, 1], days=[5, 6], after=[9, 9])

    assert found == (expected[0], expected[1].replace("days 9 to 9", "day 9"))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            results((0, "10", ""), (5, "9", ""), (6, "10", "")),
            (True, "none of 2 results is above the highest before (10)"),
        ),
        (
            results((0, "10", ""), (5, "11", "")),
            (False, "above the highest before (10): 11 on day 5"),
        ),
        (
            results((0, "10", ""), (5, "<20", "")),
            (True, "none of 1 results is above the highest before (10)"),
        ),
        (results((0, "10", "")), (None, "results are needed within days 0 to 1 and days 5 to 6")),
    ],
)
def test_does_not_rise_asks_that_none_is_surely_above(rows, expected):
    """A result that may be lower is not counted as a rise."""
    assert answer("does not rise", rows, before=[0, 1], days=[5, 6]) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            results((0, "<5", ""), (5, "not detected", "")),
            (True, "2 results, each below detection"),
        ),
        (results((0, "<5", ""), (5, "7", "")), (False, "detected: 7 on day 5")),
        (results((0, ">5", "")), (False, "detected: >5 on day 0")),
    ],
)
def test_never_detected_asks_every_result(rows, expected):
    """One number is a detection."""
    assert answer("never detected", rows) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (9, (True, "the last is of day 9")),
        (5, (False, "later: 600 on day 9")),
        (0, (False, "later: 200 on day 5, 600 on day 9")),
    ],
)
def test_none_later_asks_for_the_end_of_the_series(last, expected):
    """The last of the days is included."""
    assert answer("none later", LOW, days=[0, last]) == expected


def test_none_later_names_the_last_day_whatever_the_order_of_rows():
    """A file that lists its latest sample first has the same last day."""
    assert answer("none later", LOW[::-1], days=[0, 9]) == (True, "the last is of day 9")


def test_a_part_of_a_day_belongs_to_its_day():
    """A sample of day 5.9 is one of day 5 and not of day 6."""
    rows = results((5.9, "100", "L"))

    assert [answer("some flagged", rows, days=[n, n], flags=["L"])[0] for n in (5, 6)] == [
        True,
        None,
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"kind": "dose", "name": "IL-7", "dose": 3, "days": [24, 24]},
            (True, "dose IL-7 3 on day 24"),
        ),
        ({"kind": "dose", "days": [20, 30]}, (True, "dose on day 24")),
        ({"kind": "dose", "dose": 10, "days": [24, 24]}, (False, "no dose 10 within day 24")),
        ({"kind": "dose", "name": "IL-2", "days": [24, 24]}, (False, "no dose IL-2 within day 24")),
        ({"kind": "dose", "days": [25, 30]}, (False, "no dose within days 25 to 30")),
        (
            {"kind": "test result", "name": "PCR", "result": "positive", "days": [0, 0]},
            (True, "test result PCR positive on day 0"),
        ),
        (
            {"kind": "test result", "result": "negative", "days": [0, 0]},
            (False, "no test result negative within day 0"),
        ),
    ],
)
def test_event_asks_for_an_event_like_this_within_the_days(given, expected):
    """Kind, name, dose and result are compared where the check states them."""
    happened = [
        event(24.0),
        event(0.0, kind="test result", name="PCR", dose=None, result="positive"),
        event(None),
    ]

    assert answer("event", events=happened, **given) == expected


def test_an_event_in_the_course_of_a_day_is_of_that_day():
    """A dose at noon of day 24 was given on day 24, as a sample of noon is of day 24."""
    assert answer("event", events=[event(24.5)], kind="dose", days=[24, 24])[0] is True


@pytest.mark.parametrize(
    ("how", "given"),
    [
        ("all flagged", {"days": [0, 9], "flags": ["L"]}),
        ("rises", {"before": [0, 1], "days": [5, 6]}),
        ("falls", {"before": [0, 1], "days": [5, 6]}),
        ("does not rise", {"before": [0, 1], "days": [5, 6]}),
    ],
)
def test_an_empty_cell_is_no_result(how, given):
    """A row without a result takes no part in an answer."""
    numbers = {"falls": "50"}.get(how, "200")
    rows = results((0, "100", "L"), (5, numbers, "L"))
    empty = results((0.5, "", ""), (5.5, "", ""))

    assert answer(how, [*rows, *empty], **given) == answer(how, rows, **given)


def test_an_empty_cell_is_no_detection():
    """What was not measured was not detected."""
    rows = results((0, "<5", ""), (5, "", ""))

    assert answer("never detected", rows) == (True, "1 results, each below detection")


def test_an_analyte_without_results_leaves_nothing_to_ask():
    """Silence is neither yes nor no."""
    assert answer("rises", results((0, "1", ""), analyte="cd8")) == (None, "no result of cd4")


def test_answers_come_in_the_order_of_the_checks():
    """Every check has one answer."""
    checks = [
        NarrativeCheck(claim=claim, quote="", ask="none later", analyte="cd4", days=(0, day))
        for claim, day in (("C2", 5), ("C1", 9))
    ]

    assert [(a.check.claim, a.holds) for a in ask(checks, LOW, [])] == [("C2", False), ("C1", True)]


def test_a_failed_check_is_an_error_and_an_unasked_one_a_warning():
    """What holds is not told."""
    checks = [
        NarrativeCheck(
            claim=claim, quote="it fell", ask="none later", analyte=analyte, days=(0, day)
        )
        for claim, analyte, day in (("C1", "cd4", 5), ("C2", "nk", 5), ("C3", "cd4", 9))
    ]
    found = answer_problems(ask(checks, LOW, []), "case.toml")

    assert [str(problem) for problem in found] == [
        (
            "case.toml column 'C1'  narrative-check (error): “it fell”: later: 600 on day 9. "
            "Correct the data, or the check in case.toml."
        ),
        "case.toml column 'C2'  narrative-unchecked (warning): “it fell”: no result of nk.",
    ]


def test_a_case_with_dates_is_answered_and_does_not_break(tmp_path):
    """A case whose results have dates and no days gets an answer of its checks."""
    (tmp_path / "case.toml").write_text(
        'name = "c"\ntitle = "t"\ncitation = "x"\nurl = "x"\nsummary = "x"\n'
        '[clock]\nname = "Day"\nanchor = "first result"\n'
        '[[patient]]\npatient_id = "P"\ntitle = "t"\n'
        '[[check]]\nclaim = "C1"\nquote = "q"\nask = "all flagged"\nanalyte = "cd4"\n'
        'days = [0, 1]\nflags = ["L"]\n',
        encoding="utf-8",
    )
    (tmp_path / "measurements.csv").write_text(
        "patient_id,date,analyte,value,unit\nP,2020-03-02,CD4,100,/µL\n", encoding="utf-8"
    )
    (tmp_path / "events.csv").write_text(
        "patient_id,kind,name,start\nP,drug,steroids,2020-03-02\n", encoding="utf-8"
    )

    assert [problem for problem in check_source(tmp_path) if problem.is_error] == []
