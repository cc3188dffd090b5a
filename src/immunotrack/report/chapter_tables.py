"""The tables of a patient in the order of reading."""

from immunotrack.report.course_tables import (
    dose_table,
    event_table,
    evidence_table,
    response_table,
    rule_table,
)
from immunotrack.report.document import Chapter, Document
from immunotrack.report.result_tables import (
    change_table,
    grade_table,
    omission_table,
    result_table,
)
from immunotrack.report.tables import Table


def chapter_tables(chapter: Chapter, document: Document) -> list[Table]:
    """The tables of a patient that have a row, in the order of reading."""
    every = [
        response_table(chapter),
        change_table(chapter),
        grade_table(chapter, document),
        dose_table(chapter),
        evidence_table(chapter),
        rule_table(chapter),
        event_table(chapter),
        result_table(chapter),
        omission_table(chapter),
    ]
    return [one for one in every if one.rows]
