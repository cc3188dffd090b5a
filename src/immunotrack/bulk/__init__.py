"""Large files, flagged as they stream by: the same rules, asked once of rows that are alike."""

from immunotrack.bulk.flagged import Bulk, Flagged, bulk_file, large_file

__all__ = ["Bulk", "Flagged", "bulk_file", "large_file"]
