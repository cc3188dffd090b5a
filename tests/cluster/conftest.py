"""A session of Spark that cuts small files into many parts."""

from pathlib import Path

import pytest

from immunotrack.cluster import flagged

WARNINGS = (
    "ignore:.*PySpark does not yet fully support pandas",
    "ignore::ResourceWarning",
    "ignore::DeprecationWarning",
)


def pytest_collection_modifyitems(items):
    """Spark's own warnings are not ours."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            for warning in WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def small(spark, monkeypatch):
    """A session that cuts files into splits of some rows, judged by two dozen rows."""
    monkeypatch.setattr(flagged, "ROWS", 40)
    spark.conf.set("spark.sql.files.maxPartitionBytes", "1500")
    yield spark
    spark.conf.unset("spark.sql.files.maxPartitionBytes")
