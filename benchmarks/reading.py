"""Benchmarks of reading: the same results as Parquet, SAS transport and FHIR, to flags."""

import subprocess
from pathlib import Path
from sys import exit as leave
from typing import Final

import polars as pl
from commands import RUNS, by_hand, immunotrack
from measured import measured, table

from data import write_results

_COMPARED: Final = ("flag", "value", "low", "high")


def reading(folder: Path, rows: int) -> None:
    """Each kind of file, the same flags from all who read it."""
    labs = folder / "labs.csv"
    write_results(labs, rows)
    files = {name: folder / f"labs.{name}" for name in ("parquet", "xpt", "ndjson")}
    pl.read_csv(labs, infer_schema=False).write_parquet(files["parquet"])
    for name, form in (("xpt", "adlb"), ("ndjson", "fhir")):
        writing = immunotrack("convert", labs, "--to", form, "-o", files[name])
        subprocess.run(writing, check=True, capture_output=True)
    hands = {
        "parquet": {"polars": ("by_hand", "polars")},
        "xpt": {
            "pyreadstat": ("reading_by_hand", "pyreadstat"),
            "pandas.read_sas": ("reading_by_hand", "read_sas"),
        },
        "ndjson": {"json.loads": ("reading_by_hand", "fhir")},
    }
    for kind, scripts in hands.items():
        _compare(files[kind], scripts, rows)


def _compare(source: Path, scripts: dict[str, tuple[str, str]], rows: int) -> None:
    outputs = {
        name: source.with_name(f"{place}.csv")
        for place, name in enumerate((*scripts, "immunotrack"))
    }
    commands = {name: by_hand(*script, source, outputs[name]) for name, script in scripts.items()}
    commands["immunotrack"] = immunotrack("flag", source, "-o", outputs["immunotrack"])
    found = measured(commands, RUNS)
    told = {name: _told(path) for name, path in outputs.items()}
    if any(not one.equals(told["immunotrack"]) for one in told.values()):
        leave(f"the flags of {source.name} differ: {told}")
    size = source.stat().st_size / 1e6
    title = f"{source.suffix[1:]}, {rows} results ({size:.1f} MB), the same flags from all"
    print(table(found, next(iter(scripts)), title), flush=True)


def _told(path: Path) -> pl.DataFrame:
    """How often each flag, value and range stands in a table."""
    rows = pl.scan_csv(path, infer_schema=False).select(_COMPARED)
    numbers = pl.col("value", "low", "high").cast(pl.Float64)
    counted = rows.with_columns(numbers, pl.col("flag").fill_null("")).group_by(_COMPARED).len()
    return counted.sort(_COMPARED).collect()
