"""Tables of studies: what each column may be called, and every reason why a row is no study."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.evidence.arms import Events, Means
from immunotrack.evidence.effects import MEASURES, NEEDS
from immunotrack.evidence.headers import find_columns
from immunotrack.evidence.pool import pool
from immunotrack.evidence.pool_rows import pool_rows
from immunotrack.evidence.reported import ARMS
from immunotrack.evidence.rows import StudyTable
from immunotrack.evidence.studies import read_studies
from immunotrack.evidence.study_file import read_study_file
from immunotrack.problems import InvalidInput

MEANS = "study,n1,mean1,sd1,n2,mean2,sd2"
EVENTS = "study,events treated,n treated,events control,n control"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Makes a table of studies of the lines of a CSV file."""
    monkeypatch.chdir(tmp_path)

    def make(*lines, **how):
        path = Path("trials.csv")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_study_file(path, **how)

    return make


def problems(table, measure, **how):
    """The problems of a table, as they are told."""
    try:
        return [str(problem) for problem in read_studies(table, measure, **how).problems]
    except InvalidInput as error:
        return [str(problem) for problem in error.problems]


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        (
            "Study, n treated, N control, Events (treated), events_control",
            ["study", "n_treated", "n_control", "events_treated", "events_control"],
        ),
        (
            "studlab, event.e, n.e, event.c, n.c",
            ["study", "events_treated", "n_treated", "events_control", "n_control"],
        ),
        (
            "author, n1i, m1i, sd1i, n2i, m2i, sd2i",
            [
                "study",
                "n_treated",
                "mean_treated",
                "sd_treated",
                "n_control",
                "mean_control",
                "sd_control",
            ],
        ),
        (
            "trial, placebo median, placebo q1, active Q3",
            ["study", "median_control", "q1_control", "q3_treated"],
        ),
        (
            "slab, yi, sei, CI lower, CI_upper, weight, year",
            ["study", "estimate", "se", "ci_low", "ci_high"],
        ),
    ],
)
def test_usual_headers_are_known(header, roles):
    """Those of review tables, of R metafor and of R meta; others are nobody's."""
    found, doubled = find_columns(header.split(", "), "f", 1)

    assert list(found) == roles
    assert doubled == []


def test_two_columns_of_one_meaning(table):
    """None of them is guessed."""
    found = problems(table(f"{MEANS},m2i", "A,9,1,1,9,1,1,3"), "MD")

    assert found == [
        (
            "trials.csv:1  doubled-column (error): mean2 and m2i can both be mean_control. "
            "Rename or "
            "delete one of them."
        )
    ]


def test_missing_columns(table):
    """Each is told, with those that there are."""
    found = problems(table("study,n1,mean1,events1", "A,9,1,2"), "MD")

    assert found == [
        (
            "trials.csv:1  missing-column (error): no column is n_control. The table has: study, "
            "n1, "
            "mean1, events1."
        ),
        (
            "trials.csv:1  missing-column (error): no column is mean_control or median_control. "
            "The "
            "table has: study, n1, mean1, events1."
        ),
    ]


@pytest.mark.parametrize(
    ("measure", "header", "row", "told"),
    [
        (
            "RR",
            EVENTS,
            "A,11,10,2,9",
            (
                "events treated='11'  events-above-n (error): 11 patients "
                "with an event are more than the 10 of the arm. Count patients with an event, "
                "not the "
                "events of all."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,-1,10,2,9",
            (
                "events treated='-1'  bad-count (error): a number of events is not below 0. "
                "Write how many there were, or leave the study out."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,1,10.5,2,9",
            (
                "n treated='10.5'  bad-count (error): a number of patients "
                "or events is whole. Write how many there are, not a percentage."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,0,0,2,9",
            (
                "n treated='0'  bad-count (error): an arm has at least 1 patient. Write "
                "how many there were, or leave the study out."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,1,10,,9",
            (
                "  missing-arm (error): the control arm has no events. Give "
                "both arms, or leave the study out."
            ),
        ),
        ("RR", EVENTS, "A,1,10,2,", "  incomplete-study (error): the control arm has no n."),
        (
            "RR",
            EVENTS,
            "A,1,10,,",
            (
                "  missing-arm (error): the control arm has no events. Give "
                "both arms, or leave the study out."
            ),
        ),
        ("RR", EVENTS, "A,,10,,9", "  incomplete-study (error): the row does not hold events."),
        ("RR", EVENTS, ",1,10,2,9", "study=''  incomplete-study (error): the study has no name."),
        (
            "RR",
            EVENTS,
            "A,10%,10,2,9",
            (
                "events treated='10%'  bad-number (error): the cell is no "
                "number. Write the number alone, or leave the cell empty."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,few,10,2,9",
            (
                "events treated='few'  bad-number (error): the cell is no "
                "number. Write the number alone, or leave the cell empty."
            ),
        ),
        (
            "RR",
            EVENTS,
            "A,1,1e16,2,9",
            (
                "n treated='1e16'  bad-number (error): no number of a trial "
                "is beyond 1e+15. Write the number as it is reported."
            ),
        ),
        (
            "MD",
            MEANS,
            "A,9,1,-0.5,9,2,1",
            (
                "sd1='-0.5'  bad-spread (error): a standard deviation is "
                "above 0. Check whether it is a difference, or a spread that was rounded to 0."
            ),
        ),
        (
            "MD",
            MEANS,
            "A,9,1,,9,2,1",
            (
                "  incomplete-study (error): the treated arm has no standard "
                "deviation. Give it, or a standard error, a confidence interval, quartiles or "
                "the range."
            ),
        ),
        (
            "MD",
            MEANS,
            "A,1,1,1,9,2,1",
            (
                "n1='1'  bad-count (error): an arm has at least 2 patients. Write "
                "how many there were, or leave the study out."
            ),
        ),
        (
            "MD",
            f"{MEANS},se1",
            "A,9,1,,9,2,1,0",
            (
                "se1='0'  bad-spread (error): a standard error is "
                "above 0. Check whether it is a difference, or a spread that was rounded to 0."
            ),
        ),
        (
            "MD",
            f"{MEANS},ci low 1,ci high 1",
            "A,9,1,,9,2,1,2,3",
            (
                "mean1='1'  interval-estimate "
                "(error): the interval from 2 to 3 does not hold the mean 1. Check the three "
                "numbers."
            ),
        ),
        (
            "MD",
            f"{MEANS},median1,q1 1,q3 1",
            "A,9,,,9,2,1,5,6,7",
            (
                "q1 1='6'  disordered-summary "
                "(error): q1 6 is above median 5. Check which column is which."
            ),
        ),
        (
            "MD",
            f"{MEANS},outcome",
            "A,9,1,1,9,2,1,CD8",
            (
                "outcome='CD8'  mixed-outcomes (error): the "
                "outcome is another one than 'CD4', and one pool has one. Pool each on its own."
            ),
        ),
        (
            "MD",
            f"{MEANS},measure",
            "A,9,1,1,9,2,1,SMD",
            (
                "measure='SMD'  mixed-outcomes (error): the "
                "measure is another one than 'MD', and one pool has one. Pool each on its own."
            ),
        ),
        (
            "MD",
            f"{MEANS},events1,events2",
            "A,9,,,9,,,1,2",
            (
                "  mixed-outcomes (error): the row "
                "holds events where the measure needs means. Pool studies of one kind of outcome "
                "at a "
                "time."
            ),
        ),
    ],
)
def test_a_row_that_is_no_study(table, measure, header, row, told):
    """Its line, its cell, the reason, and what to write."""
    sound = {EVENTS: "Z,1,10,2,9", MEANS: "Z,9,1,1,9,2,1"}[
        header[: len(EVENTS)] if header.startswith(EVENTS) else header[: len(MEANS)]
    ]
    more = {"outcome": ",CD4", "measure": ",MD"}.get(header.rsplit(",", 1)[1], "")
    filled = sound + (more or "," * (header.count(",") - sound.count(",")))

    found = problems(table(header, filled, row), measure)

    assert found == [f"trials.csv:3{'' if told.startswith('  ') else ' '}{told}"]


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (
            "estimate,ci low,ci high",
            "1.2,1.3,1.5",
            (
                "estimate='1.2'  interval-estimate (error): the "
                "interval from 1.3 to 1.5 does not hold the estimate 1.2. Check the three numbers."
            ),
        ),
        (
            "estimate,ci low,ci high",
            "1.2,1.5,0.9",
            (
                "ci low='1.5'  interval-estimate (error): the "
                "interval from 1.5 to 0.9 has no width. Write the lower end as ci_low."
            ),
        ),
        (
            "estimate,ci low,ci high",
            "1.2,,1.5",
            "ci high='1.5'  incomplete-study (error): the interval has no ci_low. Give both ends.",
        ),
        (
            "estimate,ci low,ci high",
            "0.5,0,1.5",
            (
                "ci low='0'  bad-ratio (error): a ratio is above "
                "0, not 0. Write log ratios with --scale log-ratio, or differences with --scale "
                "difference."
            ),
        ),
        (
            "estimate,ci low,ci high",
            "1,0.2,1.4",
            (
                "estimate='1'  lopsided-interval (warning): the "
                "estimate is not in the middle of its interval. Check the numbers and the scale: "
                "of a "
                "ratio the logarithm lies in the middle."
            ),
        ),
        (
            "estimate,se,se log",
            "1.2,0.3,",
            (
                "se='0.3'  incomplete-study (error): a standard error "
                "beside a ratio does not say whether it is that of its logarithm. Give the "
                "interval, or "
                "the column se_log."
            ),
        ),
        (
            "estimate,se_log",
            "1.2,-0.1",
            (
                "se_log='-0.1'  bad-spread (error): a standard error is "
                "above 0. Check whether it is a difference, or a spread that was rounded to 0."
            ),
        ),
        (
            "estimate,se_log",
            "1.2,",
            (
                "  incomplete-study (error): the estimate has neither a "
                "standard error nor an interval."
            ),
        ),
        (
            "estimate,se_log",
            ",0.1",
            "  incomplete-study (error): the row does not hold an estimate.",
        ),
        (
            "estimate,se_log,measure",
            "1.2,0.1,MD",
            (
                "measure='MD'  mixed-outcomes (error): the "
                "measure is a difference, and the pool is of ratios. Pool one kind of estimate "
                "at a "
                "time."
            ),
        ),
        (
            "estimate,se_log,measure",
            "1.2,0.1,ZZ",
            (
                "measure='ZZ'  mixed-outcomes (error): the "
                "measure is not known as a difference or a ratio. Write difference, ratio or log "
                "ratio."
            ),
        ),
        (
            "estimate,ci low,ci high,ci level",
            "1.2,0.9,1.6,0.95",
            "ci level='0.95'  bad-number (error): a level is a percentage from 50 on. Write 95.",
        ),
    ],
)
def test_an_estimate_that_is_no_study(table, header, row, told):
    """Published ratios: what is wrong with one, and a warning of an estimate off the middle."""
    found = problems(table(f"study,{header}", f"A,{row}"), "generic", scale="ratio")

    assert found == [f"trials.csv:2{'' if told.startswith('  ') else ' '}{told}"]


def test_everything_is_told_in_one_pass(table):
    """Rows, names and mixed outcomes together; the sound row is not mentioned."""
    found = problems(
        table(
            f"{MEANS},outcome",
            "A,9,1,-1,9,2,1,CD4",
            "a ,9.5,1,1,9,2,1,CD8",
            "B,9,1,1,9,2,1,CD4",
            ",9,x,1,9,2,1,CD4",
        ),
        "MD",
    )

    assert [line.split("  ")[0] + " " + line.split("  ")[1].split(" ")[0] for line in found] == [
        "trials.csv:2 sd1='-1' bad-spread",
        "trials.csv:3 n1='9.5' bad-count",
        "trials.csv:3 study='a' repeated-study",
        "trials.csv:3 outcome='CD8' mixed-outcomes",
        "trials.csv:5 study='' incomplete-study",
        "trials.csv:5 mean1='x' bad-number",
    ]


def test_what_a_row_becomes(table):
    """Arms with what was derived; names keep their case, blanks around them go."""
    found = read_studies(
        table(
            "study,n1,mean1,sd1,se1,n2,median2,q1 2,q3 2,sd2",
            " Ito 2019 ,16,3,,0.5,30,9,6,17,",
        ),
        "MD",
    )

    assert found.studies[0].name == "Ito 2019"
    assert found.studies[0].treated == Means(3, 2, 16, "SD from the standard error")
    assert found.studies[0].control.derived == (
        "mean from median and quartiles (Luo 2018) and SD from quartiles (Wan 2014)"
    )
    assert found.studies[0].line == 2


def test_a_published_ratio_becomes_its_logarithm(table):
    """The logarithm of 0.64, and (ln 0.81 - ln 0.5) / (2 · 1.95996) as its standard error."""
    found = read_studies(
        table("study,measure,estimate,ci low,ci high", "A,HR,.64,.5,.81"), "generic"
    )

    assert (found.label, found.ratio) == ("HR", True)
    published = found.studies[0].published
    assert published.estimate == pytest.approx(-0.446287, abs=1e-6)
    assert published.se == pytest.approx(0.123070, abs=1e-6)
    assert published.derived == "logarithm of the ratio; standard error from the 95 % interval"
    assert found.told == ["intervals of studies without ci_level are taken as 95 %"]


def test_an_interval_of_another_level(table):
    """90 % of 1 ± 0.5 is a standard error of 0.5 / 1.64485."""
    found = read_studies(
        table("study,measure,estimate,ci low,ci high,ci level", "A,MD,1,0.5,1.5,90"), "generic"
    )

    assert found.studies[0].published.se == pytest.approx(0.303979, abs=1e-6)
    assert found.told == []


def test_unread_columns_are_told(table):
    """Nothing of a table is passed over in silence."""
    found = read_studies(table(f"{EVENTS},year,Follow-up", "A,1,10,2,9,1999,3"), "OR")

    assert found.told == ["columns not read: year, Follow-up"]
    assert found.studies[0].treated == Events(1, 10)


@pytest.mark.parametrize("by", ["Risk group", "risk_group"])
def test_subgroups_by_a_column(table, by):
    """Named as it is, or nearly; a study without one is refused."""
    lines = table(f"{EVENTS},Risk group", "A,1,10,2,9,low", "B,1,10,2,9,")

    assert problems(lines, "RR", by=by) == [
        "trials.csv:3 Risk group=''  incomplete-study (error): the study has no subgroup."
    ]


def test_an_unknown_subgroup_column(table):
    """The columns that there are, are told."""
    found = problems(table("study,estimate,se", "A,1,1"), "generic", by="arm", scale="difference")

    assert found == [
        (
            "trials.csv:1 column 'arm'  unknown-column (error): there is no such column, or more "
            "than "
            "one. The table has: study, estimate, se."
        )
    ]


def test_decimal_commas(table):
    """Found where the numbers tell, as they are stated where they do not."""
    told = table("study;estimate;se", "A;1,25;0,5", "B;1,255;0,5")
    mute = table("study;estimate;se", "A;1,255;2,125")

    assert [
        s.published.estimate for s in read_studies(told, "generic", scale="difference").studies
    ] == [1.25, 1.255]
    assert problems(mute, "generic", scale="difference")[0] == (
        "trials.csv:2 estimate='1,255'  bad-number (error): the cell is no number. Say which "
        "decimal sign the numbers have: --decimal point or --decimal comma."
    )
    stated = table("study;estimate;se", "A;1,255;2,125", decimal="comma")
    assert read_studies(stated, "generic", scale="difference").studies[0].published.se == 2.125


def test_rows_of_a_file_that_cannot_be_read(table):
    """A ragged row is told by the reader of files, and the others are asked as well."""
    found = problems(table(EVENTS, "A,1,10,2", "B,12,10,2,9", ",,,,"), "RR")

    assert [line.split("  ")[1].split(" ")[0] for line in found] == [
        "ragged-row",
        "empty-row",
        "events-above-n",
    ]


def test_units_by_any_of_their_names(table):
    """Cells per µL and /µL are one unit; 10^9/L is another, and a percentage a third."""
    found = problems(
        table(
            f"{MEANS},unit",
            "A,9,1,1,9,2,1,/µL",
            "B,9,1,1,9,2,1,cells/µL",
            "C,9,1,1,9,2,1,10^9/L",
            "D,9,1,1,9,2,1,%",
        ),
        "MD",
    )

    assert [line.split("  ")[0] for line in found] == [
        "trials.csv:4 unit='10^9/L'",
        "trials.csv:5 unit='%'",
    ]


def test_logarithms_go_by_the_name_of_their_ratio(table):
    """A log OR of -0.5 is shown as an OR, and called one."""
    found = read_studies(table("study,measure,estimate,se", "A,log OR,-0.5,0.2"), "generic")

    assert (found.label, found.ratio, found.studies[0].published.estimate) == ("OR", True, -0.5)


STRANGE = st.sampled_from(
    ["5", "12", "0.5", "2", "1", "0", "-3", "1e15", "-1e15", "1e-15", "NA", "x", "5%", "<5", ""]
)
COLUMNS = {
    "events": [f"{name}_{arm}" for arm in ARMS for name in ("events", "n")],
    "means": [f"{name}_{arm}" for arm in ARMS for name in ("n", "mean", "sd", "se", "q1", "q3")],
    "an estimate": ["estimate", "se", "se_log", "ci_low", "ci_high"],
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MEASURES), st.sampled_from(["difference", "ratio", "log-ratio"]), st.data())
def test_no_table_is_too_strange(measure, scale, data):
    """Every table is pooled or refused with its problems, whatever stands in it."""
    header = COLUMNS[NEEDS[measure]]
    width = len(header)
    rows = data.draw(
        st.lists(st.lists(STRANGE, min_size=width, max_size=width), min_size=1, max_size=3)
    )
    made = StudyTable(
        source="strange",
        header=["study", *header],
        rows=[[f"S{n}", *row] for n, row in enumerate(rows)],
    )
    try:
        found = pool(made, measure=measure, model="REML", interval="HK-modified", scale=scale)
    except InvalidInput:
        return

    assert math.isfinite(found.overall.estimate)
    assert len(pool_rows(found)) == len(rows) + 1


def test_a_frame_names_its_rows():
    """There is no line to name: the row is."""
    frame = pd.DataFrame({"study": ["A", "B"], "estimate": [1.0, None], "se": [0.1, float("inf")]})
    with pytest.raises(InvalidInput) as error:
        pool(frame, measure="generic", model="DL", interval="wald", scale="difference")

    assert [str(problem) for problem in error.value.problems] == [
        "table  incomplete-study (error): row 2: the row does not hold an estimate."
    ]


def test_a_number_of_a_frame_beyond_every_size():
    """Infinity is no number of a trial."""
    frame = pd.DataFrame({"study": ["A"], "estimate": [1.0], "se": [float("inf")]})
    with pytest.raises(InvalidInput) as error:
        pool(frame, measure="generic", model="DL", interval="wald", scale="difference")

    assert str(error.value.problems[0]) == (
        "table se='inf'  bad-number (error): row 1: no number of a trial is beyond 1e+15. Write "
        "the "
        "number as it is reported."
    )
