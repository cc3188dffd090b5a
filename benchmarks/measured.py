"""Commands run in turn, several times: seconds, peak memory, and ratios with their spread."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Measured:
    """What some runs of one command took.

    Args:
        seconds: Of each run.
        memory: The peak of each run, in MB.
    """

    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def ratios(self, other: "Measured") -> list[float]:
        """How many times as long this took as another command, run by run."""
        return [mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True)]


def measured(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Measured]:
    """Each command run in turn, so that all meet the same load of the machine."""
    found = {name: Measured() for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds, memory = _run(command)
            found[name].seconds.append(seconds)
            found[name].memory.append(memory)
    return found


def _run(command: Sequence[str]) -> tuple[float, float]:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in {0, 4}:
        sys.exit(said.decode())
    process.returncode = 0
    return seconds, used.ru_maxrss / 1024


def table(found: Mapping[str, Measured], base: str, title: str) -> str:
    """The figures of some commands, with their ratios to one of them."""
    lines = [
        f"\n{title} (load {os.getloadavg()[0]:.1f})",
        f"| | seconds | × {base} | peak MB |",
        "| --- | --- | --- | --- |",
    ]
    for name, runs in found.items():
        ratios = runs.ratios(found[base])
        spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {name} | {median(runs.seconds):.1f} | {spread} | {max(runs.memory):.0f} |")
    return "\n".join(lines)
