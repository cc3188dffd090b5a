"""`immunotrack change`: one row a result, what it says and how it ends."""

import csv
import io
import json

import pytest

LABS = (
    "patient,day,test,value,unit,low,high\n"
    "P,0,CD4,100,/µL,120,900\nP,7,CD4,131,/µL,120,900\nP,14,CD4,<60,/µL,120,900\n"
    "P,0,mHLA-DR,5200,AB/C,15000,\nP,7,mHLA-DR,15300,AB/C,15000,\n"
)
OURS = (
    '[[variation]]\nanalyte = "CD4"\ncv_within_subject_percent = 10\n'
    'cv_analytical_percent = 5\nsource = "our laboratory"\n'
)


@pytest.fixture
def change(run, tmp_path):
    """Run the command on a small file, with a laboratory's own variation beside it."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    (tmp_path / "ours.toml").write_text(OURS, encoding="utf-8")
    return lambda *more: run("change", "labs.csv", *more)


def columns(done, *names):
    """Some cells of each row of CSV on stdout."""
    rows = csv.DictReader(io.StringIO(done.stdout))
    return [tuple(row[name] for name in names) for row in rows]


def said(done):
    """What stands on stderr, as one line and without the frame of a usage error."""
    return " ".join(done.stderr.replace("│", " ").split())


def test_own_variation(change):
    """1.96 x sqrt 2 x sqrt(10² + 5²) = 31.0 %: +31 % is U; <60 after 131 is at least -54.2 %: D.

    131 less 1.96 x 5 % is 118, so that it is not distinguishable from the limit of 120.
    """
    done = change("--variation", "ours.toml", "--analytes", "CD4")

    assert done.returncode == 0
    assert columns(done, "value", "change_percent", "change_flag", "better_worse") == [
        ("100", "", "", ""),
        ("131", "31", "U", ""),
        ("60", "", "D", ""),
    ]
    assert [f"{float(up):.1f}" for (up,) in columns(done, "rcv_up_percent")] == ["31.0"] * 3
    assert columns(done, "near_limit") == [("",), ("low",), ("",)]
    assert done.stderr.splitlines()[-1] == (
        "3 results: significant rise (U) 1, fall (D) 1; not distinguishable from a limit 1"
    )


def test_the_log_normal_form(change):
    """sigma² = ln(1 + 0.0125): up 36.2 %, down -26.6 %; +31 % is chance."""
    done = change("--variation", "ours.toml", "--form", "log-normal", "--analytes", "CD4")

    assert columns(done, "change_flag") == [("",), ("",), ("D",)]
    assert [f"{float(down):.1f}" for (down,) in columns(done, "rcv_down_percent")] == ["-26.6"] * 3


def test_without_variation_nothing_is_claimed(change):
    """The published figures lack the assay's share of CD4, and the person's share of mHLA-DR."""
    done = change()

    assert {flag for (flag,) in columns(done, "change_flag")} == {""}
    assert "no analytical variation known: cd4 (--variation FILE.toml gives it)" in done.stderr
    assert "no within-subject variation known: mhla_dr" in done.stderr


def test_not_distinguishable_from_a_limit(change):
    """15 300 AB/C with a CVA of at most 3.2 % reach down to 14 340, across the limit of 15 000."""
    done = change("--analytes", "mhla_dr")

    assert columns(done, "value", "low", "near_limit") == [
        ("5200", "15000", ""),
        ("15300", "15000", "low"),
    ]
    assert "not distinguishable from a limit 1" in done.stderr


@pytest.mark.parametrize(
    ("good", "told"),
    [
        (("up",), [("U", "B"), ("D", "W")]),
        (("CD4=down",), [("U", "W"), ("D", "B")]),
        (("down", "CD4=up"), [("U", "B"), ("D", "W")]),
        (("mhla_dr=up",), [("U", ""), ("D", "")]),
        ((), [("U", ""), ("D", "")]),
    ],
)
def test_better_and_worse_only_as_the_user_says(change, good, told):
    """For all analytes, for one, or not at all."""
    options = [option for way in good for option in ("--good", way)]
    done = change("--variation", "ours.toml", "--significant", *options)

    assert columns(done, "change_flag", "better_worse") == told


def test_json_and_a_file(change, tmp_path):
    """Numbers and nulls on stdout, the same rows as CSV in a file."""
    done = change("--json", "-o", "out.csv", "--variation", "ours.toml")
    rows = json.loads(done.stdout)

    assert [row["change_percent"] for row in rows][:3] == [None, 31.0, None]
    assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) == len(rows) + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--good", "better"), "'better' is neither up nor down"),
        (("--good", "CD8=up"), "--good unknown-option (error): 'CD8' is not known."),
        (("--good", "up", "--good", "down"), "two directions for the same"),
        (("--good", "cd4=up", "--good", "CD4=down"), "two directions for the same"),
        (("--probability", "95"), "it must lie between 0 and 1"),
        (("--analytes", "moon"), "--analytes unknown-option (error): 'moon' is not known."),
        (("--form", "log"), "Invalid value for '--form'"),
    ],
)
def test_usage_errors(change, options, message):
    """Exit code 2 and nothing on stdout."""
    done = change(*options)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in said(done)


def test_a_file_of_variation_with_errors(change, tmp_path):
    """Exit code 3, with the line of the entry."""
    (tmp_path / "bad.toml").write_text('[[variation]]\nanalyte = "CD4"\n', encoding="utf-8")
    done = change("--variation", "bad.toml")

    assert (done.returncode, done.stdout) == (3, "")
    assert "bad.toml:1" in done.stderr


def test_variation_without_use_is_told(change, tmp_path):
    """An entry for an analyte that is not there."""
    (tmp_path / "other.toml").write_text(OURS.replace("CD4", "CD19"), encoding="utf-8")

    assert (
        "--variation: CD19 is not among the results" in change("--variation", "other.toml").stderr
    )


def test_the_input_is_never_overwritten(change):
    """Neither results nor variation."""
    for name in ("labs.csv", "ours.toml"):
        done = change("--variation", "ours.toml", "-o", name)

        assert done.returncode == 2
        assert f"{name}  unwritable (error): the output is the input." in done.stderr


def test_an_illustrative_case_says_so(run):
    """Values that nobody measured are told."""
    done = run("change", "monneret-2020")

    assert done.stderr.splitlines()[-1] == "74 of 74 values are illustrative, not measured"
