"""Case folders: `case.toml` (who, source, clock, ranges, windows, checks) beside two CSV files."""

from importlib.resources import files
from pathlib import Path

from pydantic import Field

from immunotrack.analytes import Sex
from immunotrack.narrative import NarrativeCheck
from immunotrack.ranges import RangeSet
from immunotrack.settings import Entry, load_settings


class CaseClock(Entry):
    """What the days of a case count from.

    Args:
        name: The label of the time axis.
        anchor: What happened on day 0.
    """

    name: str
    anchor: str


class CasePatient(Entry):
    """Who a case is about."""

    patient_id: str
    title: str
    sex: Sex | None = None
    age_years: float | None = None


class CaseFile(Entry):
    """The contents of `case.toml`.

    Args:
        ranges: Names of built-in range sets, in order; `none` leaves the default ones out.
        sets: Range sets of the case's own, which come first.
        windows: The name of a preset of windows, or empty.
        panels: Analytes to draw, in order; empty for all there are.
        lanes: Lanes of events to draw, in order; empty for all there are.
        plan: The doses that were planned, in the words of `immunotrack.plans`, or empty.
        assumptions: What the case supposes beyond its source, for a figure's footnote.
        claims: Statements of the source that are neither event nor check, with the reason.
    """

    name: str
    title: str
    citation: str
    url: str
    summary: str
    clock: CaseClock
    patients: list[CasePatient] = Field(alias="patient", min_length=1)
    ranges: list[str] = []
    sets: list[RangeSet] = Field(alias="set", default=[])
    windows: str = ""
    panels: list[str] = []
    lanes: list[str] = []
    plan: str = ""
    assumptions: list[str] = []
    claims: dict[str, str] = {}
    checks: list[NarrativeCheck] = Field(alias="check", default=[])


def case_folders() -> dict[str, Path]:
    """The cases that come with immunotrack: name to folder.

    An installed package holds them beside its modules, a source checkout at its top.
    """
    installed = Path(str(files("immunotrack").joinpath("cases")))
    root = installed if installed.is_dir() else Path(__file__).parents[3] / "cases"
    return {path.parent.name: path.parent for path in sorted(root.glob("*/case.toml"))}


def load_case_file(folder: Path) -> CaseFile:
    """The `case.toml` of a folder.

    Raises:
        InvalidInput: It is missing, or has errors.
    """
    return load_settings(folder / "case.toml", CaseFile)
