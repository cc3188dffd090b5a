"""What a user would otherwise write: the same flags by hand, in Polars, DuckDB and pandas.

Run as `by_hand.py polars|duckdb|pandas labs.csv flagged.csv`; polars reads labs.parquet as well.
Each writes the columns that `immunotrack flag` adds, but checks nothing: no date, no duplicate, no
unit, no range.
"""

import sys
from importlib import import_module
from typing import Any, Final

from data import ANALYTES
from immunotrack.analytes import find_analyte
from immunotrack.ranges import applied_range, choose_range_sets
from immunotrack.table import standard_unit
from immunotrack.units import unit_symbol

ADDED: Final = (
    *("analyte", "comparator", "value", "unit", "value_std", "unit_std"),
    *("low", "high", "range_source", "flag", "off_scale", "line"),
)


def facts() -> list[dict[str, Any]]:
    """Name, unit, factor and range of each analyte, as somebody would type them in."""
    rows = []
    for name, (_, _, _, unit) in ANALYTES.items():
        analyte = find_analyte(name)
        key = analyte.key if analyte else name
        applied = applied_range(choose_range_sets(), key, unit)
        unit_std, shift = standard_unit(key, unit)
        rows.append(
            {
                "test": name,
                "units": unit,
                "analyte": key,
                "unit": unit_symbol(unit),
                "unit_std": unit_std,
                "factor": 10.0**shift,
                "low": applied.low if applied else None,
                "high": applied.high if applied else None,
                "range_source": applied.source if applied else None,
            }
        )
    return rows


def polars(source: str, target: str) -> None:
    """Streaming Polars."""
    pl = import_module("polars")
    ranges = pl.LazyFrame(facts(), schema_overrides={"low": pl.Float64, "high": pl.Float64})
    if source.endswith(".parquet"):
        rows = pl.scan_parquet(source).with_row_index("line", 1)
    else:
        rows = pl.scan_csv(source, infer_schema=False, row_index_name="line", row_index_offset=2)
    rows = rows.with_columns(sign=pl.col("result").str.extract(r"^([<>]=?)").fill_null(""))
    rows = rows.with_columns(
        value=pl.col("result").str.strip_chars_start("<>=").cast(pl.Float64, strict=False)
    )
    rows = rows.join(ranges, on=["test", "units"], how="left", maintain_order="left")
    value, low, high, sign = map(pl.col, ("value", "low", "high", "sign"))
    flag = import_module("flags_by_hand").flag_of(value, low, high, sign)
    rows = rows.with_columns(value_std=value * pl.col("factor"), flag=flag)
    rows = rows.with_columns(
        comparator=pl.when(sign != "").then(sign), off_scale=pl.when(sign != "").then(sign)
    )
    own = ("patient", "date", "test", "result", "units")
    rows.select(*own, *ADDED).sink_csv(target)


def duckdb(source: str, target: str) -> None:
    """DuckDB."""
    connection = import_module("duckdb").connect()
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(
        "CREATE TABLE facts (test VARCHAR, units VARCHAR, analyte VARCHAR, unit VARCHAR, "
        "unit_std VARCHAR, factor DOUBLE, low DOUBLE, high DOUBLE, range_source VARCHAR)"
    )
    rows = [tuple(row.values()) for row in facts()]
    connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    names = "patient, date, test, result, units"
    connection.execute(
        f"""
        COPY (
          WITH read AS (
            SELECT *, regexp_extract(result, '^[<>]=?') AS sign,
                   TRY_CAST(ltrim(result, '<>=') AS DOUBLE) AS value,
                   row_number() OVER () + 1 AS line
            FROM read_csv('{source}', all_varchar = true, header = true)
          )
          SELECT {names}, analyte, nullif(sign, '') AS comparator, value, unit,
            value * factor AS value_std, unit_std, low, high, range_source,
            CASE WHEN (sign = '' AND value < low) OR (sign = '<' AND value <= low) THEN 'L'
                 WHEN (sign = '' AND value > high) OR (sign = '>' AND value >= high) THEN 'H'
                 WHEN low IS NULL AND high IS NULL THEN NULL
                 WHEN sign = '' OR (sign = '<' AND low IS NULL AND value <= high) THEN 'N'
                 ELSE 'IND' END AS flag,
            nullif(sign, '') AS off_scale, line
          FROM read LEFT JOIN facts USING (test, units)
          ORDER BY line
        ) TO '{target}' (HEADER)
        """  # noqa: S608 - the benchmark's own paths
    )


def pandas(source: str, target: str) -> None:
    """Pandas."""
    pd, np = import_module("pandas"), import_module("numpy")
    rows = pd.read_csv(source, dtype=str, keep_default_na=False)
    rows["line"] = rows.index + 2
    rows = rows.merge(pd.DataFrame(facts()), on=["test", "units"], how="left")
    sign = rows["result"].str.extract(r"^([<>]=?)", expand=False).fillna("")
    value = rows["value"] = pd.to_numeric(rows["result"].str.lstrip("<>="), errors="coerce")
    low, high = rows["low"], rows["high"]
    plain = sign == ""
    rows["flag"] = np.select(
        [
            (plain & (value < low)) | ((sign == "<") & (value <= low)),
            (plain & (value > high)) | ((sign == ">") & (value >= high)),
            low.isna() & high.isna(),
            plain | ((sign == "<") & low.isna() & (value <= high)),
        ],
        ["L", "H", "", "N"],
        "IND",
    )
    rows["value_std"] = value * rows["factor"]
    rows["comparator"] = rows["off_scale"] = sign
    own = ["patient", "date", "test", "result", "units"]
    rows[[*own, *ADDED]].to_csv(target, index=False)


if __name__ == "__main__":
    {"polars": polars, "duckdb": duckdb, "pandas": pandas}[sys.argv[1]](*sys.argv[2:])
