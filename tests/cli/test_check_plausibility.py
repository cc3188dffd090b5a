"""`immunotrack check --plausibility`: the contradictions among the other problems."""

import json

LABS = """\
patient_id,date,test,result,units
P,2020-03-01,CD3,1000,/µL
P,2020-03-01,CD4,700,/µL
P,2020-03-01,CD8,400,/µL
P,2020-03-02,CD4,0.9,G/L
"""
EXPECTED = (
    "labs.csv:2 value='1000'  subset-sum (warning): CD4 700 cells/µL + CD8 400 cells/µL = "
    "1100 cells/µL, above CD3 1000 cells/µL. Check the results of this sample and their units."
)


def test_told_on_request_only(run, tmp_path):
    """Without the switch nothing is asked; with it the code stays 0, as these are warnings."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    plain, asked = run("check", "labs.csv"), run("check", "--plausibility", "labs.csv")

    assert "subset-sum" not in plain.stderr
    assert EXPECTED in asked.stderr.splitlines()
    assert (plain.returncode, asked.returncode) == (0, 0)


def test_a_change_of_unit_is_told_once(run, tmp_path):
    """The reader says it already."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    asked = run("check", "--plausibility", "labs.csv")

    assert asked.stderr.count("unit-changes") == 1


def test_in_the_json_list_and_the_report(run, tmp_path):
    """The list and the report hold them with file, line and value."""
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    asked = run("check", "--plausibility", "--json", "--report", "out.csv", "labs.csv")
    [found] = [p for p in json.loads(asked.stdout)["problems"] if p["code"] == "subset-sum"]

    assert (found["source"], found["line"], found["value"]) == ("labs.csv", 2, "1000")
    assert "subset-sum,warning" in (tmp_path / "out.csv").read_text("utf-8")


def test_a_case_is_plausible(run):
    """The case report's illustrative values contradict nothing, and nothing follows the death."""
    asked = run("check", "--plausibility", "monneret-2020")

    assert not any(
        code in asked.stderr
        for code in ("subset-sum", "lymphosum", "percent-count", "jump", "after-death")
    )
    assert asked.returncode == 0
