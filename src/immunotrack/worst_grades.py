"""The worst grade of each patient and analyte, and when it came first."""

from collections.abc import Sequence
from typing import Any, Final

from narwhals.typing import IntoDataFrameT

from immunotrack.graded import Row, graded_rows, grouped_rows, marks_of, worst_left
from immunotrack.grading import said_grades, whole_grades
from immunotrack.table import NUMBER, TEXT, TIME, WHOLE, frame_of

WORST: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "grade_scale": TEXT,
    "grade": NUMBER,
    "grade_term": TEXT,
    "grade_direction": TEXT,
    "time": TIME,
    "day": NUMBER,
    "clock": TEXT,
    "n_graded": WHOLE,
    "n_not_graded": WHOLE,
    "grade_note": TEXT,
    "origin": TEXT,
}
"""The columns of `worst_grades`; `time` and `day` are those of the first result of the grade."""


def worst_grades(frame: IntoDataFrameT) -> IntoDataFrameT:
    """The worst grade of each patient and analyte, in either direction, and when it came first.

    It is null where a result that leaves its grade open may be worse than every other; `grade_note`
    then says which grades are left.

    Args:
        frame: A table that `grade` has graded.

    Raises:
        ValueError: It is not graded.
    """
    table, rows = graded_rows(frame)
    series = grouped_rows(rows, lambda row: (row["patient_id"], row["analyte"], row["grade_scale"]))
    worst = [
        _worst(found) | dict(zip(("patient_id", "analyte", "grade_scale"), key, strict=True))
        for key, found in series.items()
    ]
    return whole_grades(frame_of(worst, WORST, table.implementation))  # type: ignore[no-any-return]


def _worst(rows: Sequence[Row]) -> dict[str, Any]:
    """What is known of the worst grade of a series."""
    graded = [row for row in rows if row["grade"] is not None]
    facts = dict.fromkeys(WORST) | dict.fromkeys(("grade_term", "grade_direction"), "")
    facts |= {"n_graded": len(graded), "n_not_graded": len(rows) - len(graded)}
    facts |= {
        name: "; ".join(sorted({row[name] for row in rows if row[name]}))
        for name in ("clock", "origin")
    }
    left = worst_left([marks_of(row["grade_allows"]) for row in rows], lambda mark: mark.grade)
    if len(left) != 1:
        why = f"undetermined: {said_grades(left)}" if left else rows[0]["grade_note"]
        return facts | {"grade_note": why}
    worst = sorted((row for row in graded if row["grade"] == left[0]), key=_moment)
    shown = ("grade", "grade_term", "grade_direction", "time", "day")
    return (
        facts | {name: worst[0][name] for name in shown} | {"grade_note": _also(graded, worst[0])}
    )


def _moment(row: Row) -> tuple[Any, ...]:
    """Where a result stands in time; one without a time or day comes after those with one."""
    time, day = row["time"], row["day"]
    return time is None, time or 0, day is None, day or 0


def _also(graded: Sequence[Row], worst: Row) -> str:
    """The worst grade of the other direction, which must not go unsaid."""
    others = [row for row in graded if row["grade_direction"] not in {"", worst["grade_direction"]}]
    if not worst["grade_direction"] or not others:
        return ""
    other = max(others, key=lambda row: row["grade"])
    return f"also {other['grade_term']}: grade {other['grade']}"
