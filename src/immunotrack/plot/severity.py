"""Severity grades as a background, in the unit of the panel, where the scale has the analyte."""

import math
from collections.abc import Sequence

from immunotrack.grading import grade_bands
from immunotrack.plot.drawn import Panel, Row, drawn_row, stretches
from immunotrack.plot.found import Found
from immunotrack.scales import GradeScale


def find_grades(panels: Sequence[Panel], days: tuple[float, float], scale: GradeScale) -> Found:
    """The bands of each grade in each panel, stepping where the range does."""
    found = Found()
    limitless = []
    for panel in panels:
        rows: list[Row] = []
        why = ""
        for stretch, start, end in stretches(panel.line, days):
            bands, why = _bands(scale, stretch[0])
            rows += [{**band, "day": start, "to_day": end} for band in bands]
        found.add(panel.analyte, rows, why)
        if rows and _needs_limit(scale, rows):
            limitless.append(panel.heading)
    if found.rows:
        found.notes.append(
            f"G1 to G4: {scale.name} ({scale.version}); that it fits the patient is assumed."
        )
    if limitless:
        found.notes.append(
            f"No grade that needs a lower limit where there is none: {', '.join(limitless)}."
        )
    return found


def _bands(scale: GradeScale, row: Row) -> tuple[list[Row], str]:
    """The bands of a grade, lowest first; one that the lower limit leaves no value has none."""
    bands, why = grade_bands(scale, row)
    told = []
    for band in bands:
        direction, grade = band.marks[0]
        if grade and band.lower <= band.upper:
            about = {
                **{name: row[name] for name in _KEPT},
                "from_value": _end(band.lower.value),
                "to_value": _end(band.upper.value),
                "mark": f"G{grade}",
            }
            term = f"{scale.name}: {scale.term_name(row['analyte'], direction)}"
            told.append(drawn_row("grade", about, why=term))
    return told, why


_KEPT = ("patient_id", "analyte", "unit", "low", "range_source")


def _end(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _needs_limit(scale: GradeScale, rows: Sequence[Row]) -> bool:
    """Whether a grade is missing where a stretch has no lower limit."""
    by_limit = any(term.by_limit for term in scale.terms_of(rows[0]["analyte"]))
    return by_limit and any(row["low"] is None for row in rows)
