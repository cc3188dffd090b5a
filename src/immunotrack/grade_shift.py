"""How many patients went from which grade before treatment to which worst grade after."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.graded import Row, graded_rows, grouped_rows, marks_of, worst_left
from immunotrack.scales import GradeTerm, Mark, choose_grade_scale
from immunotrack.table import TEXT, WHOLE, conform_events, frame_of, plain_rows

SHIFT: Final[dict[str, Any]] = {
    "analyte": TEXT,
    "grade_scale": TEXT,
    "grade_term": TEXT,
    "baseline": TEXT,
    **{f"worst_{grade}": WHOLE for grade in (0, 1, 2, 3, 4, "none")},
}
"""The columns of `grade_shift`: a row a baseline grade, a column a worst grade; `none`: unknown."""


class _Anchor(NamedTuple):
    """Where baseline ends, on the column `axis`.

    Args:
        closed: A result at the anchor itself is still before treatment.
    """

    axis: str
    at: Any
    closed: bool

    def is_before(self, row: Row) -> bool:
        position = row[self.axis]
        return bool(position < self.at or (self.closed and position == self.at))


def grade_shift(
    frame: IntoDataFrameT,
    *,
    baseline_day: float | None = None,
    events: IntoDataFrame | None = None,
) -> IntoDataFrameT:
    """How many patients went from which grade before treatment to which worst grade after.

    Counted for each term of the scale; a grade of the other direction is grade 0 here. The baseline
    is the last result before treatment that has a grade, the worst is that of all later results.
    Either is `none` where there is no such result, where results leave it open, and for a patient
    of whom one result, or the first dose, has no place in time.

    Args:
        frame: A table that `grade` has graded.
        baseline_day: Results up to this `day`, itself included, are before treatment.
        events: In place of a day: results earlier than the patient's first dose are before
            treatment, by time where all have one, by day otherwise. A dose without a time of day
            is given at midnight. A dose that names no patient is everybody's.

    Raises:
        ValueError: The table is not graded, or both or neither of day and events are given.
    """
    if (baseline_day is None) == (events is None):
        raise ValueError("give baseline_day or events, one of them")
    table, rows = graded_rows(frame)
    doses = (
        []
        if events is None
        else [event for event in plain_rows(conform_events(events)) if event["kind"] == "dose"]
    )
    series = grouped_rows(rows, lambda row: (row["analyte"], row["grade_scale"]))
    shifts = []
    for (analyte, scale), found in series.items():
        patients = grouped_rows(found, lambda row: row["patient_id"])
        numbered = {
            patient: [row for row in results if row["grade_allows"]]
            for patient, results in patients.items()
        }
        parted = [
            _parted(results, _anchor(baseline_day, results, _doses_of(doses, patient)))
            for patient, results in numbered.items()
        ]
        for term in choose_grade_scale(scale).terms_of(analyte):
            shifts += _term_shift(term, parted, {"analyte": analyte, "grade_scale": scale})
    return frame_of(shifts, SHIFT, table.implementation).to_native()  # type: ignore[no-any-return]


def _doses_of(doses: Sequence[Row], patient: str) -> list[Row]:
    return [dose for dose in doses if dose["patient_id"] in {patient, ""}]


def _anchor(day: float | None, rows: Sequence[Row], doses: Sequence[Row]) -> _Anchor | None:
    """The end of baseline of one patient, on an axis that holds all results and doses."""
    if day is not None:
        return _Anchor("day", day, closed=True) if _placed(rows, "day") else None
    for axis in ("time", "day"):
        if doses and _placed(rows, axis) and _placed(doses, f"start_{axis}"):
            return _Anchor(axis, min(dose[f"start_{axis}"] for dose in doses), closed=False)
    return None


def _placed(rows: Sequence[Row], column: str) -> bool:
    return all(row[column] is not None for row in rows)


class _Parted(NamedTuple):
    """What the results of one patient allow, before treatment and after it, in their order."""

    before: list[tuple[Mark, ...]]
    after: list[tuple[Mark, ...]]


def _parted(rows: Sequence[Row], anchor: _Anchor | None) -> _Parted:
    parted = _Parted([], [])
    if anchor is None:
        return parted
    for row in sorted(rows, key=lambda row: row[anchor.axis]):
        side = parted.before if anchor.is_before(row) else parted.after
        side.append(marks_of(row["grade_allows"]))
    return parted


def _term_shift(
    term: GradeTerm, patients: Sequence[_Parted], about: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of one term: every baseline grade it has, and `none`."""
    counts = Counter(
        (_baseline(patient.before, term.direction), _only(patient.after, term.direction))
        for patient in patients
    )
    worsts = [name.removeprefix("worst_") for name in SHIFT if name.startswith("worst_")]
    grades = [str(grade) for grade in sorted({0, *(step.grade for step in term.steps)})]
    return [
        {**about, "grade_term": term.name, "baseline": baseline}
        | {f"worst_{worst}": counts[baseline, worst] for worst in worsts}
        for baseline in (*grades, "none")
    ]


def _baseline(before: Sequence[Sequence[Mark]], direction: str) -> str:
    """The grade of the last result that has one."""
    alone = (_only([marks], direction) for marks in reversed(before))
    return next((grade for grade in alone if grade != "none"), "none")


def _only(allowed: Sequence[Sequence[Mark]], direction: str) -> str:
    """The worst grade of several results in one direction, if only one is left."""
    left = worst_left(allowed, lambda mark: mark.towards(direction))
    return str(left[0]) if len(left) == 1 else "none"
