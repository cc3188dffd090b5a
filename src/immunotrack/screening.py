"""Screening: which patients meet a rule, with the results that decided it, line by line."""

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrame, IntoDataFrameT

from immunotrack.decisions import Rule
from immunotrack.ranges import RangeSet
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of
from immunotrack.verdicts import Judged, judge

_COLUMNS: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "rule": TEXT,
    "answer": TEXT,
    "analyte": TEXT,
    "results": TEXT,
    "unit": TEXT,
    "days": TEXT,
    "clock": TEXT,
    "lines": TEXT,
    "file": TEXT,
    "first_met_day": NUMBER,
    "n_asked": WHOLE,
    "n_complying": WHOLE,
    "why": TEXT,
    "origin": TEXT,
    "criterion": TEXT,
    "assumed": TEXT,
    "source": TEXT,
}


def screen(
    frame: IntoDataFrameT,
    events: IntoDataFrame | None = None,
    rule: Sequence[str | Rule] | str | Rule = (),
    *,
    patients: Sequence[str] = (),
    ranges: Sequence[str | RangeSet] | str = (),
) -> IntoDataFrameT:
    """One row a patient and rule: the answer, and each result that decided it or leaves it open.

    answer: `met`, `not met` or `undetermined`. results, days, lines: of the results that decided
    it, in one order with semicolons between them; `unit`, `clock` and `file` are theirs.
    first_met_day: the day of the result by which a rule of counts was first met. n_asked: how many
    results the rule was asked of; n_complying: how many of them comply by themselves. why: what
    leaves the answer open, or what has to be said of it.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`), flagged or not.
        events: An events table.
        rule: Names of presets, paths of TOML files, or `Rule`s.
        patients: Further patients to answer for, who may have no result.
        ranges: Range sets, as for `immunotrack.flag`; they give the upper limits.

    Returns:
        A frame of the same kind.

    Raises:
        InvalidInput: There is no such rule, clock or range set, or a file has errors.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["ALC"] * 3, "value": [900.0, 650.0, 500.0],
    ...                       "unit": ["/µL"] * 3, "day": [1.0, 2.0, 4.0], "line": [2, 3, 4]})
    >>> found = screen(table, rule="laterre-2020")
    >>> found[["answer", "results", "days", "lines", "first_met_day"]].values.tolist()
    [['met', '650; 500', '2; 4', '3; 4', 4.0]]
    """
    given = nw.from_native(frame, eager_only=True)
    answers = judge(frame, events, rule, patients=patients, ranges=ranges)
    rows = [_row(judged) for judged in answers]
    table: Any = frame_of(rows, _COLUMNS, given.implementation).to_native()
    return table  # type: ignore[no-any-return]


def _row(judged: Judged) -> dict[str, Any]:
    rule, course, verdict = judged.asked.rule, judged.course, judged.verdict
    days = [judged.day(sample) for sample in verdict.by]
    first = judged.first_met()
    return {
        "patient_id": course.patient,
        "rule": rule.name,
        "answer": judged.answer,
        "analyte": rule.key,
        "results": "; ".join(sample.text for sample in verdict.by),
        "unit": "; ".join(course.units),
        "days": "; ".join("" if day is None else f"{day:.6g}" for day in days),
        "clock": course.clock.name if course.clock else "",
        "lines": "; ".join(str(sample.row["line"] or "") for sample in verdict.by),
        "file": "; ".join(dict.fromkeys(s.row["source"] for s in verdict.by if s.row["source"])),
        "first_met_day": None if first is None else judged.day(first),
        "n_asked": verdict.asked,
        "n_complying": verdict.complying,
        "why": "; ".join(verdict.why),
        "origin": course.origin,
        "criterion": rule.criterion,
        "assumed": rule.assumptions,
        "source": rule.source,
    }
