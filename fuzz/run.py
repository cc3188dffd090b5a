"""Every target in turn, each with a stated number of inputs: `RUNS=9999 python fuzz/run.py sas`."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = {
    "grammar": 40_000,
    "units": 40_000,
    "delimited": 8_000,
    "sas": 8_000,
    "json_rows": 8_000,
    "dataset_json": 8_000,
    "fhir": 8_000,
    "excel": 2_000,
    "study": 250,
}
"""Inputs for each target: about five minutes in all on two cores."""


def run(target: str, runs: int) -> bool:
    """Fuzz one target, and say how it went."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name(f"{target}.py"), f"-runs={runs}"],
            env={**os.environ, "FUZZ_FOLDER": folder, "FUZZ_KEEP_GOING": "1"},
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
    took = time.monotonic() - start
    found = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    count = int(found[1]) if found else 0
    failures = [line for line in done.stderr.splitlines() if line.startswith("FAILURE")]
    good = done.returncode == 0 and not failures
    print(f"{target}: {count} inputs in {took:.0f} s, {count / took:.0f} a second, ", end="")
    print("no failure" if good else f"{len(failures)} failures, exit code {done.returncode}")
    for line in failures or ([] if good else done.stderr.splitlines()[-20:]):
        print(f"  {line}")
    return good


def main() -> None:
    """Fuzz the targets that are named, or all; exit with 1 if one of them fails."""
    stated = os.environ.get("RUNS", "")
    targets = sys.argv[1:] or [*RUNS]
    results = [run(target, int(stated or RUNS[target])) for target in targets]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
