"""The same flags, row for row, from pandas, Polars (eager and lazy) and PySpark."""

import os

import numpy as np
import pandas as pd
import polars as pl
import pytest

from immunotrack import InvalidInput, flag

ROWS = int(os.environ.get("IMMUNOTRACK_ENGINE_ROWS", "3000"))
"""A million with `IMMUNOTRACK_ENGINE_ROWS=1000000`."""

WRITTEN = ["value_std", "unit_std", "low", "high", "range_source", "flag", "off_scale"]


def results() -> pl.DataFrame:
    """Results of all kinds: censored, without unit, with a range beside them, without a value."""
    chance = np.random.default_rng(1)
    value = pl.Series(chance.lognormal(5, 2, ROWS)).round(1)
    return pl.DataFrame(
        {
            "line": pl.int_range(2, ROWS + 2, eager=True),
            "analyte": chance.choice(["CD4", "Lymphocytes", "IL-6", "CRP", "NK cells"], ROWS),
            "unit": chance.choice(["/µL", "10*9/L", "pg/mL", ""], ROWS),
            "comparator": chance.choice(["", "", "", "<", ">="], ROWS),
            "value": pl.select(
                pl.when(pl.lit(pl.Series(chance.random(ROWS) < 0.02))).then(None).otherwise(value)
            ).to_series(),
            "low": pl.Series(chance.choice([np.nan, np.nan, 50.0], ROWS)).fill_nan(None),
            "sex": chance.choice(["male", "female", ""], ROWS),
        }
    )


def flagged_rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """What was found, in the order of the lines."""
    return frame.sort("line").select("line", *WRITTEN).rows()


def test_a_lazy_frame_gives_a_lazy_frame():
    """Polars' lazy frame comes back lazy, with the flags of the eager one in the same order."""
    table = results()
    lazy = flag(table.lazy())

    assert isinstance(lazy, pl.LazyFrame)
    assert (
        lazy.collect()
        .select("line", *WRITTEN)
        .equals(flag(table).select("line", *WRITTEN), null_equal=True)
    )


def test_pandas_and_polars():
    """Both eager frames, with pandas' nan for null."""
    table = results()
    flagged = flag(pd.DataFrame(table.to_dict(as_series=False)))
    found = pl.DataFrame({name: flagged[name].tolist() for name in ("line", *WRITTEN)})

    assert flagged_rows(found.fill_nan(None)) == flagged_rows(flag(table))


def test_an_impossible_row_of_a_lazy_frame():
    """A negative count is refused with its line."""
    table = pl.LazyFrame(
        {"analyte": ["CD4", "CD4"], "unit": ["/µL", "/µL"], "value": [5.0, -5.0], "line": [2, 3]}
    )

    with pytest.raises(InvalidInput, match="negative-result at line 3"):
        flag(table)


@pytest.mark.filterwarnings(
    "ignore:.*PySpark does not yet fully support pandas",
    "ignore::ResourceWarning",
    "ignore::DeprecationWarning",
)
def test_pyspark_and_polars(spark):
    """A frame of a cluster comes back as one, with the same flags."""
    table = results()
    frame = spark.createDataFrame(table.to_arrow())
    flagged = flag(frame)
    rows = flagged.select("line", *WRITTEN).collect()

    assert type(flagged) is type(frame)
    assert sorted(tuple(row) for row in rows) == flagged_rows(flag(table))
