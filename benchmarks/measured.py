"""Commands run in turn, several times: seconds, memory, and ratios with their spread."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

_ONCE: Final = Path(__file__).with_name("once.py")


@dataclass(slots=True)
class Measured:
    """What some runs of one command took.

    Args:
        seconds: Of each run.
        processor: The seconds of processor that the process used itself in each run.
        memory: The peak of each run, in MB.
    """

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def ratios(self, other: "Measured") -> list[float]:
        """How many times as long this took as another command, run by run."""
        return [mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True)]


def measured(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Measured]:
    """Each command run in turn, so that all meet the same load of the machine."""
    found = {name: Measured() for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds, processor, memory = _run(command)
            found[name].seconds.append(seconds)
            found[name].processor.append(processor)
            found[name].memory.append(memory)
    return found


def _run(command: Sequence[str]) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, str(_ONCE), *command], capture_output=True, text=True, check=True
    )
    code, seconds, processor, memory = done.stdout.split()
    if int(code) not in {0, 4}:
        sys.exit(done.stderr)
    return float(seconds), float(processor), int(memory) / 1024


def _short(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"


def table(found: Mapping[str, Measured], base: str, title: str) -> str:
    """The figures of some commands, with their ratios to one of them."""
    lines = [
        f"\n{title} (load {os.getloadavg()[0]:.1f})",
        f"| | seconds | × {base} | of processor | peak MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, runs in found.items():
        ratios = runs.ratios(found[base])
        spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        seconds, processor = _short(median(runs.seconds)), _short(median(runs.processor))
        lines.append(f"| {name} | {seconds} | {spread} | {processor} | {max(runs.memory):.0f} |")
    return "\n".join(lines)
