"""Change that matters: reference change values, their sources, and nearness to a limit."""

import math
from datetime import datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from immunotrack.change import ADDED, reference_change, significant_changes
from immunotrack.problems import InvalidInput
from immunotrack.variation import (
    Variation,
    builtin_variation,
    choose_variation,
    known_variation,
)
from strategies import BACKENDS, column, examples, table

QUICK = settings(max_examples=examples(60), deadline=None)


def variation(analyte="marker", within=10, analytical=5, **given):
    """One entry of variation."""
    return Variation(
        analyte=analyte,
        cv_within_subject_percent=within,
        cv_analytical_percent=analytical,
        source="made up",
        **given,
    )


KNOWN = (variation(),)


def series(*results, backend="polars", unit="u", **given):
    """Results of one patient's marker on days 1, 2, ...: a number, or a comparator with one."""
    pairs = [result if isinstance(result, tuple) else ("", result) for result in results]
    columns = {
        "patient_id": ["P"] * len(pairs),
        "analyte": ["marker"] * len(pairs),
        "unit": [unit] * len(pairs),
        "comparator": [sign for sign, _ in pairs],
        "value": [None if value is None else float(value) for _, value in pairs],
        "day": [float(day) for day in range(1, len(pairs) + 1)],
    }
    return table(backend, **(columns | given))


def last(frame, **how):
    """What is added to the last row."""
    found = significant_changes(frame, **({"variation": KNOWN} | how))
    return {name: column(found, name)[-1] for name in ADDED}


class TestReferenceChange:
    """The two forms of the reference change value."""

    def test_symmetric(self):
        """CVI 10, CVA 5: 1.95996 x 1.41421 x sqrt(100 + 25) = 2.77181 x 11.18034 = 30.9898."""
        limits = reference_change(10, 5)

        assert limits.up == pytest.approx(30.9898, abs=1e-4)
        assert limits.down == -limits.up

    def test_log_normal(self):
        """Of CVI 10 and CVA 5: exp(±0.30893) - 1 = +36.197 % and -26.577 %.

        CV² = 0.01 + 0.0025 = 0.0125; ln 1.0125 = 0.0124225; σ = 0.111456; z √2 σ = 0.308935.
        """
        limits = reference_change(10, 5, "log-normal")

        assert limits.up == pytest.approx(36.197, abs=1e-3)
        assert limits.down == pytest.approx(-26.577, abs=1e-3)

    def test_probability(self):
        """99 %, two-sided: 2.57583 x 1.41421 x 11.18034 = 40.7274."""
        assert reference_change(10, 5, probability=0.99).up == pytest.approx(40.7274, abs=1e-4)

    @given(st.floats(0.1, 200), st.floats(0.1, 200))
    def test_forms_agree_in_logarithms(self, within, analytical):
        """The log-normal factors are each other's inverse, and no fall reaches -100 %."""
        limits = reference_change(within, analytical, "log-normal")

        assert (1 + limits.up / 100) * (1 + limits.down / 100) == pytest.approx(1)
        assert -100 < limits.down < 0 < limits.up

    @given(st.floats(0.01, 2), st.floats(0.01, 2))
    def test_forms_agree_for_small_variation(self, within, analytical):
        """Below a few percent both forms are nearly one: exp(x) - 1 is x + x²/2 + ..."""
        symmetric = reference_change(within, analytical).up
        skew = reference_change(within, analytical, "log-normal").up

        assert skew == pytest.approx(symmetric, rel=0.06)

    @pytest.mark.parametrize("probability", [0, 1, -0.5, 95, math.nan])
    def test_refuses_a_probability(self, probability):
        """95 is no probability."""
        with pytest.raises(ValueError, match=r"^probability must lie between 0 and 1$"):
            reference_change(10, 5, probability=probability)

    def test_refuses_a_form(self):
        """There are two forms."""
        with pytest.raises(ValueError, match=r"^form must be symmetric or log-normal, not 'log'$"):
            reference_change(10, 5, "log")


class TestChange:
    """The change between consecutive results."""

    @pytest.mark.parametrize(
        ("then", "form", "flag"),
        [
            (130.98, "symmetric", ""),
            (131.0, "symmetric", "U"),
            (69.02, "symmetric", ""),
            (69.0, "symmetric", "D"),
            (136.19, "log-normal", ""),
            (136.2, "log-normal", "U"),
            (73.43, "log-normal", ""),
            (73.42, "log-normal", "D"),
        ],
    )
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_flag(self, backend, then, form, flag):
        """Just within and just beyond +-30.9898 %, and +36.197 % and -26.577 %."""
        told = last(series(100, then, backend=backend), form=form)

        assert told["change_flag"] == flag
        assert told["change_percent"] == pytest.approx(then - 100)
        assert told["change_note"] == told["better_worse"] == ""

    def test_previous_result(self):
        """Its value, in this row's unit, and its time and day; the first row has none."""
        frame = series(
            0.4,
            520,
            unit="x",
            analyte=["CD4", "CD4"],
            time=[datetime(2020, 3, 1, 8), datetime(2020, 3, 2)],  # noqa: DTZ001
        )
        frame = frame.with_columns(unit=frame["unit"].scatter([0, 1], ["G/L", "/µL"]))
        found = significant_changes(frame, [variation("CD4")])

        assert column(found, "previous_value") == [None, 400.0]
        assert column(found, "previous_day") == [None, 1.0]
        assert column(found, "previous_time") == [None, datetime(2020, 3, 1, 8)]  # noqa: DTZ001
        assert column(found, "change_percent") == [None, pytest.approx(30)]
        assert column(found, "change_note") == ["no previous result", ""]

    def test_consecutive_by_time_not_by_row(self):
        """Rows in any order: 100, 150, 75 on days 1, 2, 3 change by +50 % and -50 %."""
        found = significant_changes(series(75, 100, 150, day=[3.0, 1.0, 2.0]), KNOWN)

        assert column(found, "change_flag") == ["D", "", "U"]
        assert column(found, "change_percent") == [pytest.approx(-50), None, pytest.approx(50)]

    def test_time_stands_over_day(self):
        """Where every result has both, the time of the sample decides."""
        times = [datetime(2020, 3, day) for day in (2, 1)]  # noqa: DTZ001
        found = significant_changes(series(200, 100, day=[1.0, 2.0], time=times), KNOWN)

        assert column(found, "change_flag") == ["U", ""]

    def test_each_patient_and_analyte_by_itself(self):
        """A result of another patient or analyte is no previous one."""
        frame = series(100, 200, 300, patient_id=["P", "Q", "P"], analyte=["a", "a", "b"])

        assert column(significant_changes(frame), "change_note") == ["no previous result"] * 3

    @pytest.mark.parametrize(
        ("then", "good", "code"),
        [
            (200, "up", "B"),
            (200, "down", "W"),
            (20, {"marker": "up"}, "W"),
            (20, {"marker": "down"}, "B"),
            (20, {"other": "down"}, ""),
            (101, "up", ""),
            (200, None, ""),
        ],
    )
    def test_better_or_worse(self, then, good, code):
        """B and W stand beside U and D only where the good direction is stated."""
        told = last(series(100, then), good_direction=good)

        assert told["better_worse"] == code

    def test_direction_under_any_name(self):
        """`CD4+ T cells` is cd4."""
        frame = series(100, 200, analyte=["CD4", "CD4"], unit="/µL")
        told = last(frame, variation=[variation("cd4")], good_direction={"CD4+ T cells": "up"})

        assert (told["change_flag"], told["better_worse"]) == ("U", "B")

    def test_refuses_a_direction(self):
        """Good is up or down."""
        with pytest.raises(ValueError, match=r"^good_direction must be up or down, not 'high'$"):
            significant_changes(series(1), good_direction="high")

    def test_keeps_the_index_and_own_columns_of_pandas(self):
        """The caller's index and further columns are there; the input is not changed."""
        frame = series(100, 200, backend="pandas").assign(mine=["a", "b"]).set_axis([7, 3])
        before = frame.copy()
        found = significant_changes(frame, KNOWN)

        assert list(found.index) == [7, 3]
        assert list(found["mine"]) == ["a", "b"]
        pd.testing.assert_frame_equal(frame, before)

    def test_twice_is_once(self):
        """The columns are computed anew, not added again."""
        once = significant_changes(series(100, 200, ("<", 5)), KNOWN)

        assert significant_changes(once, KNOWN).equals(once)

    def test_no_row(self):
        """An empty table gets the columns."""
        assert significant_changes(series()).columns[-len(ADDED) :] == list(ADDED)


class TestUndecided:
    """What nothing is decided of says why."""

    @pytest.mark.parametrize(
        ("results", "note"),
        [
            ((100, None), "no number"),
            ((0, 100), "the previous result is zero"),
            ((-1, 100), "a value below zero has no change in percent"),
            ((("<", 5), 6), "undetermined: 6 u after <5 u allows a change from 20 % upwards"),
            ((6, ("<", 5)), "undetermined: <5 u after 6 u allows a change from -100 % to -16.67 %"),
            ((6, (">", 5)), "undetermined: >5 u after 6 u allows a change from -16.67 % upwards"),
            (
                (("<", None), 6),
                "undetermined: 6 u after not detected allows a change from -100 % upwards",
            ),
        ],
    )
    def test_note(self, results, note):
        """With CVI 10 and CVA 5 the change would have to exceed 30.99 %."""
        told = last(series(*results))

        assert (told["change_note"], told["change_flag"]) == (note, "")
        assert told["change_percent"] is None

    @pytest.mark.parametrize(
        ("results", "flag"),
        [
            ((("<", 5), 7), "U"),
            ((8, ("<", 5)), "D"),
            ((3, (">=", 5)), "U"),
            (((">", 8), ("<=", 5)), "D"),
        ],
    )
    def test_certain_in_spite_of_censoring(self, results, flag):
        """From at most 5 to 7 is +40 % or more; from 8 to at most 5 is -37.5 % or less."""
        told = last(series(*results))

        assert (told["change_flag"], told["change_note"]) == (flag, "")

    @pytest.mark.parametrize(
        ("analyte", "unit", "note"),
        [
            ("cd4", "/µL", "no analytical variation known"),
            ("mhla_dr", "AB/C", "no within-subject variation known"),
            ("il6", "pg/mL", "no variation known"),
        ],
    )
    def test_no_variation(self, analyte, unit, note):
        """The built-in facts give no analyte both CVs; the change itself is told."""
        told = last(series(100, 900, analyte=[analyte] * 2, unit=unit), variation=None)

        assert told["change_note"] == note
        assert told["change_percent"] == pytest.approx(800)
        assert told["rcv_up_percent"] is told["rcv_down_percent"] is None
        assert told["change_flag"] == ""

    def test_another_unit(self):
        """Percent and cells do not convert; the previous number is not told in a wrong unit."""
        frame = series(40, 800, analyte=["CD4"] * 2)
        frame = frame.with_columns(unit=frame["unit"].scatter([0, 1], ["%", "/µL"]))
        told = last(frame, variation=[variation("cd4")])

        assert told["change_note"] == "another unit than the previous result: cells/µL after %"
        assert told["previous_value"] is told["change_percent"] is None
        assert told["previous_day"] == 1.0

    def test_two_results_of_one_moment(self):
        """Neither is compared, and neither is the previous result of the next."""
        found = significant_changes(series(1, 2, 30, 40, day=[1.0, 1.0, 2.0, 3.0]), KNOWN)

        assert column(found, "change_note") == [
            *["several results at this moment"] * 2,
            "several results at the moment before",
            "",
        ]
        assert column(found, "change_flag") == ["", "", "", "U"]

    def test_a_result_without_number_is_passed_over(self):
        """The one before a missing result is the previous one."""
        told = last(series(100, None, 200))

        assert (told["previous_day"], told["change_flag"]) == (1.0, "U")

    def test_undated(self):
        """A result without a day is not placed; the others are consecutive."""
        found = significant_changes(series(100, 5, 200, day=[1.0, None, 3.0]), KNOWN)

        assert column(found, "change_note") == [
            "no previous result",
            "no place in time beside the others",
            "",
        ]
        assert column(found, "change_flag") == ["", "", "U"]

    def test_several_clocks(self):
        """Days of two clocks have no order."""
        found = significant_changes(series(100, 200, clock=["Day", "Study day"]), KNOWN)

        assert column(found, "change_note") == ["days of several clocks"] * 2


class TestNearLimit:
    """A value that its analytical uncertainty does not tell from a limit."""

    @pytest.mark.parametrize(
        ("value", "near"),
        [
            (91.0, ""),
            (91.1, "low"),
            (100, "low"),
            (110.8, "low"),
            (110.9, ""),
            (182.1, ""),
            (182.2, "high"),
            (221.7, "high"),
            (221.8, ""),
        ],
    )
    def test_near(self, value, near):
        """CVA 5 %: U = 1.96 x 5 % = 9.8 % of the value.

        Around the limit 100 from 100/1.098 = 91.07 to 100/0.902 = 110.86, and around 200 from
        182.15 to 221.73.
        """
        told = last(series(value, low=[100.0], high=[200.0]))

        assert told["near_limit"] == near

    def test_both_limits(self):
        """Two limits as near as 95 and 105 are both within 100 +- 9.8."""
        assert last(series(100, low=[95.0], high=[105.0]))["near_limit"] == "low high"

    @pytest.mark.parametrize("result", [("<", 100), None])
    def test_not_of_a_censored_or_missing_result(self, result):
        """Only a number has an uncertainty around it."""
        assert last(series(result, low=[100.0]))["near_limit"] == ""

    def test_not_without_analytical_variation(self):
        """CD4 has no CVA in the built-in facts."""
        frame = series(414, analyte=["cd4"], unit="/µL", low=[414.0])

        assert last(frame, variation=None)["near_limit"] == ""

    def test_upper_end_of_a_printed_range(self):
        """mHLA-DR: 1.96 x 3.2 % of 8 500 = 533.1, so 8 000 is within; at 1.9 % it were not."""
        frame = series(8500, analyte=["mhla_dr"], unit="AB/C", low=[8000.0])
        told = last(frame, variation=None)

        assert told["near_limit"] == "low"
        assert told["change_note"] == "no previous result; CVA at most 3.2 % (printed 1.9-3.2)"


class TestVariation:
    """The facts, and a file of one's own."""

    def test_builtin_is_what_the_facts_give(self, shared_facts):
        """Every row of the facts is an entry, with its quote; an empty cell stays empty."""
        facts = pd.read_csv(shared_facts / "biological-variation.csv", dtype=str).fillna("")
        ours = {entry.analyte: entry for entry in builtin_variation()}

        assert list(ours) == list(facts["analyte"])
        for row in facts.to_dict("records"):
            entry = ours[row["analyte"]]
            within, analytical = entry.cv_within_subject_percent, entry.cv_analytical_percent
            assert (f"{within.percent}" if within else "") == row["cv_within_subject_percent"]
            assert (analytical.printed if analytical else "") == row["cv_analytical_percent"]
            assert row["quote"] in {entry.quote, "as above"}

    def test_own_file_stands_before_ours(self, tmp_path):
        """The laboratory's CVA joins the published CVI; the note says what is an upper bound."""
        path = tmp_path / "ours.toml"
        path.write_text(
            '[[variation]]\nanalyte = "CD4 count"\ncv_analytical_percent = 4.5\nsource = "QC"\n',
            encoding="utf-8",
        )
        frame = series(100, 200, analyte=["cd4"] * 2, unit="/µL")
        told = last(frame, variation=path)

        assert told["change_flag"] == "U"
        assert told["rcv_up_percent"] == pytest.approx(reference_change(10, 4.5).up)
        assert told["change_note"] == "CVI at most 10 % (printed below 10)"

    @pytest.mark.parametrize(
        ("written", "percent", "printed"),
        [
            ("5", "5", ""),
            ("4.50", "4.50", ""),
            ('"1.9-3.2"', "3.2", "1.9-3.2"),
            ('"below 10"', "10", "below 10"),
            ('"< 7.5"', "7.5", "< 7.5"),
        ],
    )
    def test_notations(self, tmp_path, written, percent, printed):
        """A number, a range, or an upper bound."""
        entry = choose_variation(_file(tmp_path, f"cv_analytical_percent = {written}"))[0]

        assert entry.cv_analytical_percent.percent == Decimal(percent)
        assert entry.cv_analytical_percent.printed == printed

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("0", "a CV must be above 0 and below 1000 %"),
            ("nan", "a CV must be above 0 and below 1000 %"),
            ("inf", "a CV must be above 0 and below 1000 %"),
            ("-3", "a CV must be above 0 and below 1000 %"),
            ('"below 0"', "a CV must be above 0 and below 1000 %"),
            ('"3.2-1.9"', 'it must be a number of percent, "1.9-3.2" or "below 10"'),
            ('"about 5"', 'it must be a number of percent, "1.9-3.2" or "below 10"'),
            ("true", 'it must be a number of percent, "1.9-3.2" or "below 10"'),
            ("[5]", 'it must be a number of percent, "1.9-3.2" or "below 10"'),
        ],
    )
    def test_refuses(self, tmp_path, written, message):
        """A CV that is none is told with its line."""
        with pytest.raises(InvalidInput) as caught:
            choose_variation(_file(tmp_path, f"cv_analytical_percent = {written}"))

        problem = caught.value.problems[0]
        assert (problem.code, problem.line, problem.message) == ("bad-entry", 4, message)
        assert len(caught.value.problems) == 1

    def test_refuses_an_entry_that_says_nothing(self, tmp_path):
        """One of the two CVs is needed."""
        with pytest.raises(InvalidInput) as caught:
            choose_variation(_file(tmp_path, 'note = "x"'))

        assert caught.value.problems[0].message == (
            "give cv_within_subject_percent, cv_analytical_percent or both"
        )

    def test_refuses_two_entries_for_one(self, tmp_path):
        """CD4 and cd4 are one analyte; two CVA for it leave open which one holds."""
        entry = '[[variation]]\nanalyte = "{}"\nsource = "x"\ncv_analytical_percent = 3\n'
        path = tmp_path / "two.toml"
        path.write_text(entry.format("CD4") + entry.format("cd4"), encoding="utf-8")

        with pytest.raises(InvalidInput) as caught:
            choose_variation(path)

        assert caught.value.problems[0].message == ("two entries give cv_analytical_percent of cd4")

    def test_missing_stays_missing(self):
        """No analyte of the built-in facts has both CVs, and none is invented."""
        known = [known_variation(choose_variation(), e.analyte) for e in builtin_variation()]

        assert all(one.within is None or one.analytical is None for one in known)


def _file(folder, line):
    path = folder / "mine.toml"
    path.write_text(
        f'[[variation]]\nanalyte = "x"\nsource = "y"\n{line}\n',
        encoding="utf-8",
    )
    return path


numbers = st.integers(1, 10**6).map(lambda number: number / 100)
results = st.lists(
    st.tuples(st.sampled_from(["", "", "<", "<=", ">", ">="]), numbers), min_size=1, max_size=6
)


class TestProperties:
    """What holds for every series."""

    @QUICK
    @given(results, st.sampled_from(["symmetric", "log-normal"]))
    def test_scaling_the_unit_changes_nothing(self, given_results, form):
        """The same series in 10*9/L has the same changes and flags."""
        entries = [variation("cd4")]
        size = len(given_results)
        one = series(*given_results, analyte=["cd4"] * size, unit="cells/µL")
        moved = [(sign, float(Decimal(str(value)) / 1000)) for sign, value in given_results]
        other = series(*moved, analyte=["cd4"] * size, unit="10*9/L")
        first, second = (significant_changes(frame, entries, form) for frame in (one, other))

        assert column(first, "change_flag") == column(second, "change_flag")
        assert column(first, "change_percent") == pytest.approx(
            column(second, "change_percent"), nan_ok=True
        )

    @QUICK
    @given(results, st.integers(-500, 500))
    def test_shifting_the_clock_shifts_days_only(self, given_results, by):
        """Every column but previous_day is the same."""
        days = [float(day) for day in range(1, len(given_results) + 1)]
        shifted = series(*given_results, day=[day + by for day in days])
        first, second = (
            significant_changes(frame, KNOWN) for frame in (series(*given_results), shifted)
        )
        others = [name for name in ADDED if name != "previous_day"]

        assert first.select(others).equals(second.select(others))

    @QUICK
    @given(results, st.data())
    def test_a_censored_flag_holds_for_every_value_it_allows(self, given_results, data):
        """Any exact values within the intervals have the same flag, or the censored one is open."""
        assume(len(given_results) > 1)
        told = last(series(*given_results))
        assume(not told["change_note"])
        exact = [
            data.draw(
                {
                    "": st.just(value),
                    "<": st.floats(1e-3, value * 0.999),
                    "<=": st.floats(1e-3, value),
                    ">": st.floats(value * 1.001, value * 1000),
                    ">=": st.floats(value, value * 1000),
                }[sign]
            )
            for sign, value in given_results
        ]

        assert last(series(*exact))["change_flag"] == told["change_flag"]
