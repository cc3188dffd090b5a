"""All benchmarks: `make bench`, or `ROWS=1000000 RUNS=3 ONLY=flagging make bench`."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from compileall import compile_dir
from pathlib import Path
from statistics import median
from typing import Final

import polars as pl
from commands import PYTHON, RUNS, by_hand, immunotrack
from figures import cohort, drawing
from measured import Measured, measured, table
from reading import reading

import immunotrack as package
from data import write_results

ROWS: Final = [int(rows) for rows in os.environ.get("ROWS", "1000000,10000000,30000000").split(",")]
_LARGE: Final = 10_000_000
"""Beyond this many rows there is neither pandas nor a bad file."""

_MOST_READ: Final = 100_000


def flagging(folder: Path, rows: int) -> Mapping[str, Measured]:
    """CSV in, flagged CSV out, and the same flags from all."""
    labs = folder / "labs.csv"
    write_results(labs, rows)
    others = ("polars", "duckdb", "pandas")[: 2 if rows > _LARGE else 3]
    outputs = {name: folder / f"{name}.csv" for name in ("immunotrack", *others)}
    commands = {name: by_hand("by_hand", name, labs, outputs[name]) for name in others}
    commands["immunotrack"] = immunotrack("flag", labs, "-o", outputs["immunotrack"])
    found = measured(commands, RUNS)
    alike = {name: _flags(path) for name, path in outputs.items()}
    if len(set(alike.values())) != 1:
        sys.exit(f"the flags differ: {alike}")
    print(table(found, "polars", f"flagging {rows} rows, the same flags from all"), flush=True)
    return found


def growth(found: Mapping[int, Mapping[str, Measured]]) -> str:
    """How seconds grow with rows."""
    names = list(dict.fromkeys(name for one in found.values() for name in one))
    lines = [
        f"\n| seconds per million rows | {' | '.join(names)} |",
        f"| --- {'| --- ' * len(names)}|",
    ]
    for rows, one in found.items():
        cells = [
            f"{median(one[name].seconds) / rows * 1e6:.2f}" if name in one else "" for name in names
        ]
        lines.append(f"| {rows} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
    output, listed = folder / "out.csv", folder / "problems.csv"
    commands = {
        name: immunotrack("flag", path, "-o", output, "--report", listed)
        for name, path in (("clean", clean), ("one bad in a thousand", worse))
    }
    print(
        table(measured(commands, RUNS), "clean", f"flagging {rows} rows with --report"), flush=True
    )


def start(folder: Path) -> None:
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
            "flag 30 rows": immunotrack("flag", labs, "-o", folder / "out.csv"),
        },
        5 * RUNS,
    )
    print(table(found, "imports", "import polars, typer, pydantic; 30 rows"), flush=True)


def all_flagging() -> None:
    """Flagging at every size, and how it grows."""
    found = {}
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            found[rows] = flagging(Path(folder), rows)
    print(growth(found), flush=True)


def all_bad() -> None:
    """A clean and a bad file."""
    for rows in ROWS:
        if rows > _LARGE:
            continue
        with tempfile.TemporaryDirectory() as folder:
            bad(Path(folder), rows)


def _in_a_folder(benchmark: Callable[..., None], *more: int) -> Callable[[], None]:
    def within() -> None:
        with tempfile.TemporaryDirectory() as folder:
            benchmark(Path(folder), *more)

    return within


BENCHMARKS: Final = {
    "start": _in_a_folder(start),
    "drawing": _in_a_folder(drawing),
    "cohort": _in_a_folder(cohort),
    "reading": _in_a_folder(reading, min(ROWS[0], _MOST_READ)),
    "flagging": all_flagging,
    "bad": all_bad,
}


def main() -> None:
    """Run what was asked for, as an installed package runs: compiled beforehand."""
    for folder in (Path(__file__).parent, Path(package.__file__).parent):
        compile_dir(folder, quiet=1)
    for name in os.environ.get("ONLY", ",".join(BENCHMARKS)).split(","):
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
