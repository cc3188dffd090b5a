"""Real laboratory files against the answers that they themselves hold; skipped where absent."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from immunotrack.annotated import flag_differences, flagged_results
from immunotrack.readers import Options, Source, read_source
from immunotrack.times import study_day
from immunotrack.units import find_unit

SAID = {"N": "NORMAL", "L": "LOW", "H": "HIGH", "LL": "LOW", "HH": "HIGH"}


def table_of(path: Path) -> list[dict[str, str]]:
    """A delimited file as its own rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def decided(source: Source) -> pl.DataFrame:
    """The results that count, with the flag of the range beside them."""
    return flagged_results(source, ["none"]).filter(pl.col("fate") == "used")


@pytest.fixture
def pilot(shared_data) -> Path:
    """The folder of the CDISC pilot trial."""
    return shared_data / "cdisc-pilot"


@pytest.mark.parametrize("name", ["lb_hematology_dev.csv", "lb_hematology_dev.xpt"])
class TestPilot:
    """SDTM LB as CSV and as a SAS transport file: both hold the trial's own answers."""

    def test_flags(self, pilot, name):
        """LBNRIND agrees on every row."""
        source = read_source(str(pilot / name))
        flagged = decided(source)
        told = [(SAID.get(flag), own) for flag, own in flagged["flag", "own_flag"].rows()]

        assert Counter(told) == {
            ("NORMAL", "NORMAL"): 2469,
            ("LOW", "LOW"): 33,
            ("HIGH", "HIGH"): 30,
        }
        assert flag_differences(source, flagged) == []

    def test_study_days(self, pilot, name):
        """LBDY is read on every row, and follows from the date and RFSTDTC by our arithmetic."""
        starts = {row["USUBJID"]: row["RFSTDTC"] for row in table_of(pilot / "dm_dev.csv")}
        used = read_source(str(pilot / name)).used
        rows = table_of(pilot / "lb_hematology_dev.csv")

        assert used["day"].to_list() == [float(row["LBDY"]) for row in rows]
        assert [
            study_day(at, datetime.fromisoformat(starts[patient]))
            for patient, at in used["patient_id", "time"].rows()
        ] == used["day"].to_list()

    def test_values(self, pilot, name):
        """Every number, limit, unit and moment is that of the CSV file's text."""
        used = read_source(str(pilot / name)).used
        own = [
            (r["USUBJID"], float(r["LBORRES"]), float(r["LBORNRLO"]), float(r["LBORNRHI"]))
            for r in table_of(pilot / "lb_hematology_dev.csv")
        ]

        assert used["patient_id", "value", "low", "high"].rows() == own


def _without_days(pilot: Path, folder: Path) -> Path:
    """The results without the column LBDY."""
    rows = table_of(pilot / "lb_hematology_dev.csv")
    path = folder / "lb.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [n for n in rows[0] if n != "LBDY"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_study_days_without_their_column(pilot, tmp_path):
    """Beside DM every LBDY is found again, and is a study day."""
    path = _without_days(pilot, tmp_path)
    used = read_source([str(path), str(pilot / "dm_dev.csv")]).used

    assert used["day"].to_list() == [
        float(row["LBDY"]) for row in table_of(pilot / "lb_hematology_dev.csv")
    ]
    assert set(used["clock"]) == {"Study day"}


def test_a_trial_is_one_study(pilot):
    """LB, EX and DM make results, doses and persons; all rows of each are counted."""
    names = ["lb_hematology_dev.csv", "ex_dev.csv", "dm_dev.csv"]
    source = read_source([str(pilot / name) for name in names])
    rows = table_of(pilot / "ex_dev.csv")
    deaths = [row["USUBJID"] for row in table_of(pilot / "dm_dev.csv") if row["DTHDTC"]]
    events = source.events.table
    doses = events.filter(pl.col("kind") == "dose")

    assert source.counts.used == 2532
    assert source.events.counts.used == len(rows) + len(deaths)
    assert doses["dose"].to_list() == [float(row["EXDOSE"]) for row in rows]
    assert doses["start_day"].to_list() == [float(row["EXSTDY"]) for row in rows]
    assert events.filter(pl.col("name") == "death")["patient_id"].to_list() == deaths
    assert set(source.used["sex"]) == {"male", "female"}


def test_the_age_of_each_sample(pilot):
    """The age is that of the completed years between BRTHDTC and LBDTC."""
    names = ["lb_hematology_dev.csv", "dm_dev.csv"]
    used = read_source([str(pilot / name) for name in names]).used
    born = {row["USUBJID"]: row["BRTHDTC"] for row in table_of(pilot / "dm_dev.csv")}
    expected = [
        float(at.year - int(born[p][:4]) - (f"{at:%m-%d}" < born[p][5:10]))
        for p, at in used["patient_id", "time"].rows()
    ]

    assert used["age_years"].to_list() == expected


def test_anrind_of_adam(shared_data):
    """ANRIND agrees on every measured row, and no derived row is taken for a measurement."""
    path = shared_data / "pharmaverse-adlb" / "adlb_dev.csv"
    source = read_source(str(path))
    flagged = decided(source)
    told = Counter((SAID.get(f), own) for f, own in flagged["flag", "own_flag"].rows())
    rows = table_of(path)
    derived = sum(row["DTYPE"] != "" for row in rows)

    assert told == {("NORMAL", "NORMAL"): 1389, ("LOW", "LOW"): 37, ("HIGH", "HIGH"): 26}
    assert source.counts.aside == {"derived-row": derived}
    assert source.counts.used == len(rows) - derived
    assert flagged["value"].to_list() == [float(r["AVAL"]) for r in rows if not r["DTYPE"]]


def observations(value: Any) -> Iterator[dict[str, Any]]:
    """Every Observation of a JSON document, wherever it stands."""
    if isinstance(value, dict):
        if value.get("resourceType") == "Observation":
            yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        yield from observations(part)


FLAGGED = {"fhir-belgium": 44, "fhir-r4-examples": 7}
"""How many flags of the laboratory are beside a number and a limit, each report counted once."""


def _limits(observation: dict[str, Any]) -> tuple[float | None, float | None]:
    """The limits of an Observation with one range; none where there are several."""
    ranges = observation.get("referenceRange", [])
    if len(ranges) != 1:
        return None, None
    low, high = (ranges[0].get(end, {}).get("value") for end in ("low", "high"))
    return low, high


def _own_flag(observation: dict[str, Any]) -> str:
    """What the laboratory says: N, L, H, LL or HH; empty for everything else."""
    said = observation.get("interpretation") or []
    concepts = said if isinstance(said, list) else [said]
    codes = {c.get("code") for concept in concepts for c in concept.get("coding", [])}
    return next((code for code in ("LL", "HH", "L", "H", "N") if code in codes), "")


UNUSED = {"registered", "cancelled", "entered-in-error"}


def _answers(folder: Path, *, two_sided: bool = False) -> dict[tuple[str, str], str]:
    """File and id of each number beside a limit, or two, to the laboratory's flag of it."""
    return {
        (f"{folder}/{path.name}", observation["id"]): _own_flag(observation)
        for path in sorted(folder.glob("*.json"))
        for observation in observations(json.loads(path.read_text("utf-8")))
        if observation["status"] not in UNUSED
        if "value" in observation.get("valueQuantity", {})
        if any(end is not None for end in _limits(observation))
        if not two_sided or None not in _limits(observation)
    }


def _found(source: Source) -> dict[tuple[str, str], str]:
    """File and id of each result that counts, to our flag."""
    place = source.header.index("id")
    ids = [row[place] for row in source.rows]
    flagged = decided(source)
    return {(name, ids[row]): flag for name, row, flag in flagged["source", "row", "flag"].rows()}


@pytest.mark.parametrize("name", FLAGGED)
def test_interpretations(shared_data, name):
    """The laboratory's N, L and H agree wherever a range decides."""
    folder = shared_data / name
    found = _found(read_source(str(folder)))
    told = {key: own for key, own in _answers(folder).items() if own and key in found}

    assert {k: (found[k], own) for k, own in told.items() if found[k][:1] != own[:1]} == {}
    assert len(told) == FLAGGED[name]


def test_blank_interpretations(shared_data):
    """A laboratory that leaves out the flag of what is normal has left it out in range only."""
    folder = shared_data / "fhir-belgium"
    found = _found(read_source(str(folder)))
    blank = [key for key, own in _answers(folder, two_sided=True).items() if not own]

    assert Counter(found[key] for key in blank if key in found) == {"N": 25}


@pytest.mark.parametrize("name", FLAGGED)
def test_no_report_is_lost(shared_data, name):
    """A number beside a limit that is not used is one that another report of it replaces."""
    folder = shared_data / name
    source = read_source(str(folder))
    place = source.header.index("id")
    merged = source.results.filter(pl.col("fate") == "merged")
    known = {(name, source.rows[row][place]) for name, row in merged["source", "row"].rows()}

    assert set(_answers(folder)) - set(_found(source)) <= known


def test_no_flag_of_a_laboratory_differs(shared_data):
    """Neither folder has a flag that its own value and range contradict."""
    for name in FLAGGED:
        source = read_source(str(shared_data / name))

        assert flag_differences(source, decided(source)) == []


def test_spreadsheet(shared_data):
    """Each filled cell of a known analyte, with the patient of its block and the sheet's row."""
    path = shared_data / "tongji-covid" / "dev_patients_1_75.xlsx"
    options = Options(columns={"time": "RE_DATE"}, fill_down=True)
    source = read_source(str(path), options)
    columns = {
        "lymphocyte count": "lymphocytes",
        "Tumor necrosis factorα": "tnf_alpha",
        "Interleukin 6": "il6",
        "Interleukin 10": "il10",
        "Interleukin 1β": "il1_beta",
    }
    expected, patient = [], None
    sheet = openpyxl.load_workbook(path, data_only=True).active
    header, *rows = list(sheet.iter_rows(values_only=True))
    for line, row in enumerate(rows, start=2):
        cells = dict(zip(header, row, strict=True))
        patient = cells["PATIENT_ID"] if cells["PATIENT_ID"] is not None else patient
        expected += [
            (line, str(patient), cells["RE_DATE"], key, _as_number(cells[name]))
            for name, key in columns.items()
            if cells[name] is not None
        ]
    found = source.results.filter(pl.col("fate").is_in(["used", "merged"]))

    assert sorted(found["line", "patient_id", "time", "analyte", "value"].rows()) == sorted(
        expected
    )
    assert source.counts.read == len(rows)
    assert source.counts.used == len({line for line, *_ in expected})
    assert set(source.used["patient_id"]) == {patient for _, patient, *_ in expected}


def _as_number(cell: float | str) -> float:
    return float(str(cell).lstrip("<>"))


def test_spreadsheet_without_filling_down(shared_data):
    """Nobody's rows are wrong, and never another patient's."""
    path = shared_data / "tongji-covid" / "dev_patients_1_75.xlsx"
    source = read_source(str(path), Options(columns={"time": "RE_DATE"}))
    wrong = source.results.filter(pl.col("fate") == "error")

    assert set(wrong["problem"].str.split(" ").list.first()) == {"missing-patient"}
    assert set(wrong["patient_id"]) == {""}
    assert source.counts.read == 1201


@pytest.mark.parametrize(
    ("name", "analyte", "unit", "house"),
    [("cd", "cd4", "/µL", "cells/µL"), ("vl", "HIV RNA", "copies/mL", "{copies}/mL")],
)
def test_results_by_visit(shared_data, name, analyte, unit, house):
    """Every cell of a file that is wide by visit is a result, also of a name nobody knows."""
    path = shared_data / "cd4-cohorts" / f"qvirus_{name}_3.csv"
    options = Options(columns={analyte: f"{name}_*"}, units={analyte: unit})
    source = read_source(str(path), options)
    expected = [
        (row["ID"], column.removeprefix(f"{name}_"), float(cell))
        for row in table_of(path)
        for column, cell in row.items()
        if column != "ID" and cell
    ]

    assert source.used["patient_id", "visit", "value"].rows() == expected
    assert set(source.used["analyte"]) == {analyte}
    assert set(source.used["unit"]) == {house}
    assert (source.counts.read, source.counts.wrong) == (176, 0)


def test_cd4_by_week(shared_data):
    """A week is seven days; a row without CD4 is set aside, and none is lost."""
    path = shared_data / "cd4-cohorts" / "actg193a_bcmixed.csv"
    source = read_source(str(path), Options(columns={"week": "weekc"}, units={"cd4": "/µL"}))
    rows = table_of(path)
    expected = [
        (row["id"], 7.0 * float(row["weekc"]), float(row["cd4"])) for row in rows if row["cd4"]
    ]
    found = source.results.filter(pl.col("fate") != "aside")

    assert found["patient_id", "day", "value"].rows() == expected
    assert source.counts.read == len(rows)
    assert source.counts.aside == {"empty-result": len(rows) - len(expected)}


def test_damaged_units(shared_data):
    """All units of the synthetic trial are known, whatever their powers and cells look like."""
    path = shared_data / "rho-synthetic" / "lb_blood.csv"
    source = read_source(str(path))
    rows = table_of(path)

    assert (source.counts.read, source.counts.aside) == (len(rows), {"empty-result": 312})
    assert set(source.used["unit"]) == {"10*9/L", "10*12/L"}
    assert all(find_unit(row["LBSTRESU"]) for row in rows)
    assert source.used["value"].to_list() == [
        float(row["LBSTRESN"]) for row in rows if row["LBSTRESN"]
    ]
