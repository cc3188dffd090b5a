"""All benchmarks: `make bench`, or `ROWS=1000000 RUNS=3 ONLY=flagging make bench`."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import polars as pl
from measured import measured, table

from data import write_results

HERE: Final = Path(__file__).parent
PYTHON: Final = sys.executable
ROWS: Final = [int(rows) for rows in os.environ.get("ROWS", "1000000,10000000").split(",")]
RUNS: Final = int(os.environ.get("RUNS", "3"))
ONLY: Final = os.environ.get("ONLY", "start,flagging,bad,formats").split(",")


def immunotrack(*arguments: str) -> list[str]:
    """A command line of ours."""
    return [PYTHON, "-m", "immunotrack", *arguments]


def flagging(folder: Path, rows: int) -> None:
    """CSV in, flagged CSV out, and the same flags from all."""
    labs = folder / "labs.csv"
    write_results(labs, rows)
    by_hand = ("polars", "duckdb") if rows > 10_000_000 else ("polars", "duckdb", "pandas")
    outputs = {name: folder / f"{name}.csv" for name in ("immunotrack", *by_hand)}
    commands = {
        name: [PYTHON, str(HERE / "by_hand.py"), name, str(labs), str(outputs[name])]
        for name in by_hand
    }
    commands["immunotrack"] = immunotrack("flag", str(labs), "-o", str(outputs["immunotrack"]))
    found = measured(commands, RUNS)
    alike = {name: _flags(path) for name, path in outputs.items()}
    if len(set(alike.values())) != 1:
        sys.exit(f"the flags differ: {alike}")
    print(table(found, "polars", f"flagging {rows} rows, the same flags from all"), flush=True)
    for path in (labs, *outputs.values()):
        path.unlink()


def _flags(path: Path) -> tuple[int, int]:
    """A sum over line, flag and range of every row: the same if and only if the flags are."""
    columns = ["line", "flag", "low", "high", "value", "range_source"]
    read = (
        pl.scan_csv(path, infer_schema=False)
        .select(columns)
        .with_columns(
            pl.col("low", "high", "value").cast(pl.Float64),
            pl.col("flag", "range_source").fill_null(""),
        )
    )
    hashed = pl.struct(columns).hash().cast(pl.UInt128)
    total, rows = (
        read.select(hashed.sum().alias("sum"), pl.len()).collect(engine="streaming").row(0)
    )
    return int(total), int(rows)


def bad(folder: Path, rows: int) -> None:
    """A clean file against one in which a row in a thousand is bad, with all of them listed."""
    clean, worse = folder / "clean.csv", folder / "worse.csv"
    write_results(clean, rows)
    write_results(worse, rows, worse=1000)
    output, listed = str(folder / "out.csv"), str(folder / "problems.csv")
    commands = {
        name: immunotrack("flag", str(path), "-o", output, "--report", listed)
        for name, path in (("clean", clean), ("one bad in a thousand", worse))
    }
    print(
        table(measured(commands, RUNS), "clean", f"flagging {rows} rows with --report"), flush=True
    )
    for path in folder.iterdir():
        path.unlink()


def start(folder: Path, _rows: int) -> None:
    """How long until anything happens, and a file of 30 rows."""
    labs = folder / "labs.csv"
    write_results(labs, 30)
    found = measured(
        {
            "import typer": [PYTHON, "-c", "import typer"],
            "immunotrack --help": immunotrack("--help"),
        },
        5 * RUNS,
    )
    print(table(found, "import typer", "start-up"))
    found = measured(
        {
            "imports": [PYTHON, "-c", "import polars, typer, pydantic"],
            "flag 30 rows": immunotrack("flag", str(labs), "-o", str(folder / "out.csv")),
        },
        5 * RUNS,
    )
    print(table(found, "imports", "import polars, typer, pydantic; 30 rows"), flush=True)


BENCHMARKS: Final = {"start": start, "flagging": flagging, "bad": bad}


def main() -> None:
    """Run what was asked for."""
    for name, benchmark in BENCHMARKS.items():
        if name in ONLY:
            for rows in ROWS if name != "start" else [30]:
                with tempfile.TemporaryDirectory() as folder:
                    benchmark(Path(folder), rows)


if __name__ == "__main__":
    main()
