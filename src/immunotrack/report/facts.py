"""Who a chapter is about, in a line, and in a row of the list of patients."""

from collections import Counter
from typing import NamedTuple

from immunotrack.report import words
from immunotrack.report.document import Chapter
from immunotrack.report.words import legible


class PatientCells(NamedTuple):
    """A patient in the list of patients: the id as it is, and the cells by their headings."""

    id: str
    cells: dict[str, str]


def facts(chapter: Chapter) -> list[tuple[str, str]]:
    """What is known of a patient, as names and words."""
    doses = [event for event in chapter.events if event["kind"] == "dose"]
    days = [row["day"] for row in chapter.results if row["day"] is not None]
    span = f"{words.day(min(days))} to {words.day(max(days))}" if days else ""
    dates = sorted(row["time"][:10] for row in chapter.results if row["time"])
    told = [
        ("Patient", legible(chapter.patient_id)),
        ("Sex", chapter.sex),
        ("Age", chapter.age and f"{chapter.age} years"),
        ("Results", str(len(chapter.results))),
        ("Days", span),
        ("Dates", f"{dates[0]} to {dates[-1]}" if dates else ""),
        ("Doses", f"{len(doses)} of {legible(chapter.drug)}" if doses else ""),
        ("Clock", legible(chapter.timeline.clock.name)),
    ]
    return [(name, said) for name, said in told if said]


def patient_cells(chapter: Chapter) -> PatientCells:
    """The row of a patient in the list."""
    flags = Counter(row["flag"] for row in chapter.results)
    days = [row["day"] for row in chapter.results if row["day"] is not None]
    grades = [row["grade"] for row in chapter.worst if row["grade"] is not None]
    return PatientCells(
        chapter.patient_id,
        {
            "Patient": legible(chapter.patient_id),
            "Sex": chapter.sex,
            "Age": chapter.age,
            "Results": str(len(chapter.results)),
            "Low": str(flags["L"] + flags["LL"]),
            "High": str(flags["H"] + flags["HH"]),
            "Critical": str(flags["LL"] + flags["HH"]),
            "Worst grade": str(max(grades)) if grades else "",
            "Doses": str(sum(event["kind"] == "dose" for event in chapter.events)),
            "Last day": words.day(max(days)) if days else "",
        },
    )
