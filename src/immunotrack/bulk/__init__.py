"""Large files, read as they stream by: the same rules, asked once of rows that are alike."""

from immunotrack.bulk.flagged import Bulk, Flagged, bulk_file, large_file
from immunotrack.bulk.judged import Outcome
from immunotrack.bulk.shares import LargeAnswers, Work, answers

__all__ = [
    "Bulk",
    "Flagged",
    "LargeAnswers",
    "Outcome",
    "Work",
    "answers",
    "bulk_file",
    "large_file",
]
