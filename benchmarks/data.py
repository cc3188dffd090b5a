"""Made-up results of many patients, in the size that is asked for, as files of each kind."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

ANALYTES: Final = {
    "Lymphocytes": (1.4, 0.6, 2, "10*9/L"),
    "CD3": (900.0, 0.6, 0, "/µL"),
    "CD4": (520.0, 0.6, 0, "/µL"),
    "CD8": (330.0, 0.6, 0, "/µL"),
    "NK": (180.0, 0.6, 0, "/µL"),
    "mHLA-DR": (14000.0, 0.6, 0, "AB/C"),
    "IL-6": (25.0, 1.2, 1, "pg/mL"),
}
"""Seven analytes: median, spread on the scale of logarithms, decimals and unit."""

CENSORED: Final = 0.01
_VISITS: Final = 70_000
"""Visits that are made and written at once."""

_SEED: Final = 20_200_301
_FIRST: Final = np.datetime64("2015-01-01")
_VISITS_EACH: Final = 12


def write_results(path: Path, rows: int, *, worse: int = 0) -> None:
    """Write a delimited file of results as a laboratory exports them: day by day, all patients.

    Args:
        worse: One row in so many is bad; 0 for none.
    """
    chance = np.random.default_rng(_SEED)
    visits = -(-rows // len(ANALYTES))
    left = rows
    with path.open("wb") as file:
        file.write(b"patient,date,test,result,units\n")
        for first in range(0, visits, _VISITS):
            frame = _results(first, min(_VISITS, visits - first), visits, chance).head(left)
            left -= len(frame)
            if worse:
                frame = _worsened(frame, worse, chance)
            frame.write_csv(file, include_header=False, quote_style="never")


def write_doses(path: Path, labs: Path) -> None:
    """Write one dose for each patient of a file of results, on the middle day of the patient's."""
    days = pl.scan_csv(labs, infer_schema=False).select("patient", "date").unique()
    middle = days.group_by("patient").agg(pl.col("date").sort().get(pl.len() // 2).alias("start"))
    doses = middle.sort("patient").select(
        *(pl.col("patient").alias("patient_id"), pl.lit("dose").alias("kind")),
        *(pl.lit("IL-7").alias("name"), "start"),
        *(pl.lit("10").alias("dose"), pl.lit("µg/kg").alias("dose_unit")),
    )
    doses.sink_csv(path)


def _results(first: int, count: int, visits: int, chance: np.random.Generator) -> pl.DataFrame:
    """The results of some visits, all analytes of one visit after another."""
    visit = np.arange(first, first + count)
    patients = max(visits // _VISITS_EACH, 1)
    day = _FIRST + (visit // patients * 28 + visit % 28).astype("timedelta64[D]")
    patient = visit * 7919 % patients if patients % 7919 else visit % patients
    who = pl.select(
        patient=pl.format("P{}", pl.Series(patient).cast(pl.String).str.zfill(7)),
        date=pl.Series(day).dt.to_string("%Y-%m-%d"),
    )
    parts = [
        who.with_columns(
            place=pl.Series(visit * len(ANALYTES) + number),
            test=pl.lit(name),
            result=_values(middle, spread, decimals, count, chance),
            units=pl.lit(unit),
        )
        for number, (name, (middle, spread, decimals, unit)) in enumerate(ANALYTES.items())
    ]
    return pl.concat(parts).sort("place").drop("place")


def _values(
    middle: float, spread: float, decimals: int, count: int, chance: np.random.Generator
) -> pl.Series:
    """Result texts: rounded as a laboratory does, a few of them below the limit of detection."""
    numbers = pl.Series(chance.lognormal(np.log(middle), spread, count)).round(decimals)
    texts = numbers.cast(pl.Int64) if decimals == 0 else numbers
    below = pl.Series(chance.random(count) < CENSORED)
    return pl.select(
        pl.when(below).then(pl.lit(f"<{middle / 10:g}")).otherwise(texts.cast(pl.String))
    ).to_series()


_BAD: Final = ("1,5", "-3", "12 %", "1.2.3")
_BAD_DATES: Final = ("2020-02-30", "03/04/2020", "")


def _worsened(frame: pl.DataFrame, worse: int, chance: np.random.Generator) -> pl.DataFrame:
    """The rows, one in so many with another fault: result, date, unit, patient, or a repetition."""
    places = np.flatnonzero(chance.random(len(frame)) < 1 / worse)
    columns = {name: frame[name].to_list() for name in frame.columns}
    for number, place in enumerate(places):
        kind = number % 5
        if kind == 0:
            columns["result"][place] = f'"{_BAD[number // 5 % len(_BAD)]}"'
        elif kind == 1:
            columns["date"][place] = _BAD_DATES[number // 5 % len(_BAD_DATES)]
        elif kind == 2:
            columns["units"][place] = "furlongs"
        elif kind == 3:
            columns["patient"][place] = ""
        elif place:
            for column in columns.values():
                column[place] = column[place - 1]
    return pl.DataFrame(columns, schema=frame.schema)
