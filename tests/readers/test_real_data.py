"""Real laboratory files, read and flagged as a user would; skipped where they are absent."""

import csv
import io
from collections import Counter

from immunotrack import check, flag, read
from immunotrack.readers import read_source

SDTM = {
    "patient_id": "USUBJID",
    "time": "LBDTC",
    "analyte": "LBTESTCD",
    "value": "LBORRES",
    "unit": "LBORRESU",
    "low": "LBORNRLO",
    "high": "LBORNRHI",
}
STATUS = {"N": "NORMAL", "L": "LOW", "H": "HIGH", "LL": "LOW", "HH": "HIGH"}


def test_flags_agree_with_lbnrind(run, shared_data):
    """Every row of the CDISC pilot with numeric result and limits has the trial's own flag."""
    pairs = [word for ours, theirs in SDTM.items() for word in ("--map", f"{ours}={theirs}")]
    done = run("flag", str(shared_data / "cdisc-pilot" / "lb_hematology_dev.csv"), *pairs)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert done.returncode == 0
    assert [row["line"] for row in rows if STATUS.get(row["flag"]) != row["LBNRIND"]] == []
    assert len(rows) == 2532
    assert {row["range_source"] for row in rows} == {"file"}


def test_lymphocytes_of_the_pilot_convert(shared_data):
    """THOU/uL becomes cells/µL exactly: the digits are those of the result, three places moved."""
    table = read(shared_data / "cdisc-pilot" / "lb_hematology_dev.csv", columns=SDTM)
    lymphocytes = table[table["analyte"] == "lymphocytes"]

    assert len(lymphocytes) == 360
    for row in lymphocytes.itertuples():
        assert f"{row.value_std / 1000:.10g}" == f"{float(row.reported):.10g}"
        assert row.value_std == round(row.value_std, 9)


def test_smart_patients_are_flagged_against_their_own_ranges(shared_data):
    """Each number with two usable limits has the flag that a reader of the file would give."""
    path = shared_data / "smart-patients" / "labs.txt"
    table = flag(read(path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))

    def number(text: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            return None

    expected = []
    for row in rows:
        value, low, high = (number(row[name]) for name in ("VALUE", "LOW", "HIGH"))
        usable = (
            value is not None and low is not None and high is not None and (low, high) != (0, 0)
        )
        expected.append("" if not usable else "L" if value < low else "H" if value > high else "N")
    found = dict(zip(table["line"], table["flag"], strict=True))
    two_sided = [
        (found[line], want)
        for line, (want, row) in enumerate(zip(expected, rows, strict=True), start=2)
        if row["LOW"] and row["HIGH"] and not row["VALUE"].startswith(("<", ">"))
        if line in found
    ]

    assert len(rows) == 3513
    assert len(table) == 3513 - 4  # four rows repeat another
    assert [pair for pair in two_sided if pair[0] != pair[1]] == []
    assert Counter(want for _, want in two_sided)["H"] > 300


def test_nothing_of_the_smart_patients_is_an_error(shared_data):
    """Unknown analytes, words and odd ranges are warnings: the file is fine."""
    problems = check(shared_data / "smart-patients" / "labs.txt")

    assert [str(p) for p in problems if p.is_error] == []
    assert {p.code for p in problems} == {
        "unknown-analyte",
        "text-result",
        "text-range",
        "empty-range",
        "repeated-result",
        "same-day-results",
        "no-result",
    }


def test_percentages_never_pass_as_counts(shared_data):
    """The lymphocyte rows of the sample patients are percentages (26478-8) and stay that."""
    source = read_source(str(shared_data / "smart-patients" / "labs.txt"))

    assert "lymphocytes" not in set(source.results["analyte"])


def test_physical_lines_are_those_of_the_file(shared_data):
    """The line of each result is the one that an editor shows."""
    path = shared_data / "cdisc-pilot" / "lb_hematology_dev.csv"
    text = path.read_text("utf-8").splitlines()
    table = read(path, columns=SDTM)

    assert all(
        row.patient_id in text[row.line - 1] and row.reported in text[row.line - 1]
        for row in table.itertuples()
    )
