"""A report as data: all that it says, from which its HTML and its PDF are made."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from immunotrack.plot.drawn import Timeline
from immunotrack.problems import InvalidInput, Problem
from immunotrack.ranges import ReferenceRange
from immunotrack.settings import read_text
from immunotrack.windows import WindowSet

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]
"""Told which patient of how many is drawn."""

_LIMIT_NAMES: Final = [
    name for name, field in ReferenceRange.model_fields.items() if "Decimal" in str(field)
]


def _timeline(data: object) -> object:
    """A timeline of a JSON text, with its strict parts made again."""
    if not isinstance(data, dict):
        return data
    panels = [{**panel, "limits": [*map(_limit, panel["limits"])]} for panel in data["panels"]]
    windows = data["windows"]
    return {
        **data,
        "panels": panels,
        "windows": None if windows is None else WindowSet.model_validate(windows),
    }


def _limit(entry: Mapping[str, Any]) -> ReferenceRange:
    numbers = {name: Decimal(entry[name]) for name in _LIMIT_NAMES if entry[name] is not None}
    return ReferenceRange.model_validate({**entry, **numbers})


class Part(BaseModel):
    """A frozen part of a report; infinity, which JSON does not know, is a text in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Input(Part):
    """A file that was read.

    Args:
        sha256: Of its bytes; empty for what is no plain file.
        keyed: It is an HMAC-SHA256 of that digest under the key of the de-identification.
    """

    name: str
    size_bytes: int | None
    sha256: str
    keyed: bool = False


class UsedRange(Part):
    """A range, and on how many results it decided.

    Args:
        limits: In words, with the unit.
        source: Of the range, or else of its set.
    """

    analyte: str
    limits: str
    range_source: str
    results: int
    kind: str = ""
    population: str = ""
    assumed: bool = False
    source: str = ""
    url: str = ""


class Chapter(Part):
    """One patient.

    Args:
        age: In words; of the first and the last result where it differs.
        timeline: What the figure draws.
        raw: The same sample by sample, where the figure has sampling windows.
        results: The used results in order of time, with flag, grade and change.
        response, worst, verdicts: Rows of `immunotrack.response`, `worst_grades` and `decide`.
        drug: Whose doses are compared with the plan.
        plan: In words; empty where none was given.
        doses, totals: Rows of `given_against_planned` and `dose_totals`, or the doses that were
            given where there is no plan.
        events: The patient's events, on the clock of the figure.
        evidence: Rows of `immunotrack.evidence.beside`: pooled differences at like times.
        evidence_notes: What they are and are not.
    """

    patient_id: str
    title: str
    sex: str
    age: str
    timeline: Annotated[Timeline, BeforeValidator(_timeline)]
    raw: Annotated[Timeline, BeforeValidator(_timeline)] | None
    results: list[Row]
    response: list[Row]
    worst: list[Row]
    verdicts: list[Row]
    drug: str
    plan: str
    doses: list[Row]
    totals: list[Row]
    events: list[Row]
    evidence: list[Row]
    evidence_notes: list[str]


class Document(Part):
    """A report.

    Args:
        deidentified: How, in words; empty for a report that names its patients.
        read, counted: How the files were understood, and what became of every row.
        citation, url: Of a published case.
        grade_scale: The scale of the grades, with its source.
        rules: The rules that were asked, with their sources.
        problems: Rows of `Problem.as_row`: what is wrong, and what was left out.
    """

    format: Literal["immunotrack report 1"] = "immunotrack report 1"
    version: str
    title: str
    citation: str
    url: str
    deidentified: str
    inputs: list[Input]
    read: list[str]
    counted: str
    ranges: list[UsedRange]
    grade_scale: Row
    rules: list[Row]
    chapters: list[Chapter]
    problems: list[Row]

    @property
    def illustrative(self) -> bool:
        """Whether some value of the report is illustrative."""
        return any(chapter.timeline.illustrative for chapter in self.chapters)

    def json_bytes(self) -> bytes:
        """The report as JSON."""
        return f"{self.model_dump_json(indent=1, by_alias=True)}\n".encode()


def again(document: Document) -> Document:
    """The report as it is read from its JSON, so that both are drawn alike."""
    return Document.model_validate_json(document.json_bytes())


def load_document(path: Path) -> Document:
    """A report from the JSON that was written beside it.

    Raises:
        InvalidInput: It cannot be read, or is no report of this version.
    """
    try:
        return Document.model_validate_json(read_text(path))
    except (ValidationError, KeyError, TypeError, ArithmeticError):
        problem = Problem(
            code="unreadable",
            source=str(path),
            message="the file is not the data of a report of this version",
            fix="Name the file that immunotrack report --data wrote.",
        )
        raise InvalidInput([problem], unreadable=True) from None
