"""The command lines that are measured."""

import os
import sys
from pathlib import Path
from typing import Final

PYTHON: Final = sys.executable
RUNS: Final = int(os.environ.get("RUNS", "3"))
_HERE: Final = Path(__file__).parent


def immunotrack(*arguments: str | Path) -> list[str]:
    """A command line of ours."""
    return [PYTHON, "-m", "immunotrack", *map(str, arguments)]


def by_hand(script: str, *arguments: str | Path) -> list[str]:
    """A command line of what a user would otherwise write."""
    return [PYTHON, str(_HERE / f"{script}.py"), *map(str, arguments)]
