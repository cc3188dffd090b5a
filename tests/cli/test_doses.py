"""`immunotrack doses`: given against planned, totals, missed samples, and how it ends."""

import csv
import io
import json

import pytest

PLAN = "3 µg/kg on day 24, then 10 µg/kg twice a week for 4 weeks"
ASSUMED = "first day not stated: 2 days after the dose before; days of the week not stated"
LABS = (
    "patient,date,test,value,unit\n"
    "P,2020-03-01,CD4,90,/µL\nP,2020-03-20,CD4,300,/µL\nQ,2020-04-01,CD4,80,/µL\n"
)
DOSES = (
    "patient,kind,name,start,dose,dose_unit\n"
    "P,dose,IL-7,2020-03-02T15:00,10,µg/kg\n"
    "P,dose,IL-7,2020-03-09T09:00,10,µg/kg\n"
    "P,dose,IL-7,2020-03-30,10,µg/kg\n"
)


@pytest.fixture
def doses(run, tmp_path):
    """Run the command on a file of two patients, of whom one had three doses."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    (tmp_path / "doses.csv").write_text(DOSES, encoding="utf-8")
    return lambda *more: run("doses", "labs.csv", "--events", "doses.csv", *more)


def columns(done, *names):
    """Some cells of each row of CSV on stdout."""
    rows = csv.DictReader(io.StringIO(done.stdout))
    return [tuple(row[name] for name in names) for row in rows]


def said(done):
    """What stands on stderr, as one line and without the frame of a usage error."""
    return " ".join(done.stderr.replace("│", " ").split())


def test_the_case_report(run):
    """Nine planned doses, seven given, two not due after the death; 3 + 6 x 10 = 63 µg/kg."""
    done = run("doses", "monneret-2020", "--plan", PLAN, "--weight", "80kg")

    assert done.returncode == 0
    assert columns(done, "status", "planned_day", "given_day", "note") == [
        *(("given", day, day, "") for day in ("24", "26", "29", "33", "36", "40", "43")),
        ("not due", "47", "", "course cut short: death on day 46"),
        ("not due", "50", "", "course cut short: death on day 46"),
    ]
    assert done.stderr.splitlines()[-5:] == [
        f"plan: {PLAN}: 9 doses",
        f"assumed planned days: 8 ({ASSUMED})",
        "assumed doses, not stated as given on these days: 6",
        "doses of 1 patient: given 7, not due 2",
        "IL-7 in all: 63 µg/kg, 5040 µg",
    ]


def test_a_plan_without_a_day_counts_from_the_first_dose(doses):
    """Day 0 is 2 March, day 7 is 9 March; day 14 is missed, 30 March is day 28 and extra.

    Q had no dose, so that there is no day 0 to count from.
    """
    done = doses("--plan", "10 µg/kg weekly for 3 weeks")

    assert columns(done, "patient_id", "status", "planned_day", "given_day") == [
        ("P", "given", "0", "0.625"),
        ("P", "given", "7", "7.375"),
        ("P", "missed", "14", ""),
        ("P", "extra", "", "28"),
        ("Q", "undetermined", "0", ""),
        ("Q", "undetermined", "7", ""),
        ("Q", "undetermined", "14", ""),
    ]
    assert (
        columns(done, "difference_days", "clock")[:2] == [("0", "Days after first IL-7 dose")] * 2
    )


def test_a_stop_of_one_patient(doses):
    """After day 10 the third dose is not due any more, and that of day 28 is told."""
    done = doses("--plan", "10 µg/kg weekly for 3 weeks", "--stop", "P=10")

    assert columns(done, "status", "note")[:4] == [
        ("given", ""),
        ("given", ""),
        ("not due", "course cut short: stop on day 10"),
        ("extra", "given after stop on day 10"),
    ]


def test_without_a_plan_what_was_given(doses):
    """Every dose with its date, and 3 x 10 µg/kg in all."""
    done = doses()

    assert columns(done, "status", "given_time", "given_amount", "given_unit") == [
        ("given", "2020-03-02T15:00", "10", "µg/kg"),
        ("given", "2020-03-09T09:00", "10", "µg/kg"),
        ("given", "2020-03-30", "10", "µg/kg"),
    ]
    assert done.stderr.splitlines()[-2:] == [
        "doses of 1 patient: given 3",
        "IL-7 in all: 30 µg/kg, no absolute total: no weight",
    ]


def test_totals_by_weight(doses):
    """30 µg/kg for 72.5 kg are 2175 µg."""
    done = doses("--totals", "--weight", "P=72.5 kg", "--weight-source", "ICU chart")

    assert columns(done, "name", "given", "total_per_kg", "total", "unit", "weight_source") == [
        ("IL-7", "3", "30", "2175", "µg", "ICU chart")
    ]


def test_planned_samples(doses, tmp_path):
    """Of three weekly windows P was sampled in the second alone; Q has no day 0."""
    (tmp_path / "weekly.toml").write_text(
        'clock = "days after first dose"\naggregate = "max"\nsource = "made up"\n'
        + "".join(
            f'[[window]]\nlabel = "W{n}"\nfrom_day = {7 * n}\nto_day = {7 * n + 6}\n'
            for n in (1, 2, 3)
        ),
        encoding="utf-8",
    )
    done = doses("--samples", "weekly.toml")

    assert columns(done, "patient_id", "window", "status", "next", "clock")[:3] == [
        ("P", "W1", "missed", "false", "days after first dose"),
        ("P", "W3", "missed", "true", "days after first dose"),
        ("Q", "W1", "undetermined", "false", "days after first dose"),
    ]
    assert "5 windows without a result: missed 2, undetermined 3" in done.stderr


def test_json(doses):
    """The rows with their types."""
    rows = json.loads(doses("--json").stdout)

    assert [(row["given_day"], row["given_time"]) for row in rows][2] == (28.0, "2020-03-30")


def test_a_plan_of_ones_own(doses, tmp_path):
    """A TOML file with a plan, its source and the days of its weeks: day 0 and 4, then 7."""
    (tmp_path / "plan.toml").write_text(
        'plan = "10 µg/kg twice a week for 8 days"\nsource = "protocol, 5.2"\n'
        '[placing]\ngap_days = 2\nsource = "protocol, 5.2"\nweek_days = { 2 = [0, 4] }\n',
        encoding="utf-8",
    )
    done = doses("--plan", "plan.toml")

    assert columns(done, "planned_day", "status")[:3] == [
        ("0", "given"),
        ("4", "missed"),
        ("7", "given"),
    ]


def test_repeated_doses_are_not_counted_as_one(run, tmp_path):
    """A span may hold planned doses, and has no total: how many it stands for is not known."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    (tmp_path / "doses.csv").write_text(
        "patient,kind,name,start,end,dose,dose_unit\nP,dose,drug,2020-03-02,2020-03-04,5,mg\n",
        encoding="utf-8",
    )
    done = run(
        "doses", "labs.csv", "--events", "doses.csv", "--plan", "5 mg daily for 5 days",
        "--tolerance", "0",
    )  # fmt: skip

    assert columns(done, "status", "note")[:6] == [
        ("undetermined", "perhaps one of the repeated doses from day 0 to 2"),
        ("repeated", "repeated doses from day 0 to 2"),
        ("undetermined", "perhaps one of the repeated doses from day 0 to 2"),
        ("undetermined", "perhaps one of the repeated doses from day 0 to 2"),
        ("missed", ""),
        ("missed", ""),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plan", "iris8"), "--plan unknown-option (error): 'iris8' is not known."),
        (("--plan", "10 µg/kg weekly"), "bad-plan (error): no end is stated."),
        (("--plan", "5 mg on day 3", "--start", "1"), "the plan states its first day"),
        (("--start", "1"), "it is a day of --plan"),
        (("--plan", "5 mg once", "--start", "nan"), "it is a day of --plan"),
        (("--plan", "5 mg once", "--tolerance", "-1"), "it is a number of days, not negative"),
        (("--tolerance", "2"), "it is a number of days, not negative, for --plan"),
        (("--stop", "9"), "it is for --plan or --samples"),
        (("--weight-source", "ICU chart"), "it is for --weight"),
        (("--totals", "--samples", "monneret-2020"), "it goes without --totals"),
        (
            ("--weight", "80kg", "--drug", "IL-7", "--samples", "monneret-2020"),
            "it goes without --drug, --weight",
        ),
        (("--samples", "moon"), "--windows unknown-option (error): 'moon' is not known."),
        (("--drug", "moon"), "--drug unknown-option (error): 'moon' is not known."),
        (("--weight", "80"), "'80' is not a weight, such as 80kg"),
        (("--weight", "0kg"), "a weight must be above 0 and below 1000 kg"),
        (("--weight", "R=80kg"), "--weight unknown-option (error): 'R' is not known."),
        (("--weight", "80kg", "--weight", "70kg"), "'70kg' is a second one"),
        (("--plan", "5 mg once", "--stop", "soon"), "'soon' is not a day, such as 30"),
        (("--clock", "hours"), "a plan counts days from a day 0"),
        (("--clock", "moon"), "--clock unknown-option (error): 'moon' is not known."),
    ],
)
def test_usage_errors(doses, options, message):
    """Exit code 2, nothing on stdout, and what to write instead."""
    done = doses(*options)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in said(done)


def test_doses_of_several_names_need_a_choice(run, tmp_path):
    """A plan is for one drug; --drug says which, and days count from its own first dose."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    (tmp_path / "doses.csv").write_text(DOSES + "P,dose,other,2020-03-04,1,mg\n", encoding="utf-8")
    asked = ("doses", "labs.csv", "--events", "doses.csv", "--plan", "1 mg once")

    assert "a plan is for one. Write one of: IL-7, other." in run(*asked).stderr
    assert columns(run(*asked, "--drug", "OTHER"), "status", "given_day", "clock")[:2] == [
        ("given", "0", "Days after first other dose"),
        ("undetermined", "", ""),
    ]


def test_the_input_is_never_overwritten(doses):
    """Neither results nor events."""
    for name in ("labs.csv", "doses.csv"):
        done = doses("-o", name, "--plan", "5 mg on days " + ", ".join(map(str, range(99))))

        assert done.returncode == 2
        assert f"{name}  unwritable (error): the output is the input." in done.stderr


def test_a_trial_of_repeated_doses(run, shared_data):
    """All 51 patients of cdisc-pilot: patches day by day, as spans, without an invented total."""
    done = run("doses", str(shared_data / "cdisc-pilot"), "--totals")
    rows = columns(done, "patient_id", "repeated", "total")

    assert done.returncode == 0
    assert len({patient for patient, *_ in rows}) == 51
    assert [total for _, repeated, total in rows if repeated != "0" and total] == []
