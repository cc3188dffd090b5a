"""What several tests need: the command line as a user runs it, and the shared real data."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `immunotrack` in a process of its own, in `cwd` or an empty folder."""

    def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "immunotrack", *arguments],
            cwd=cwd or tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


@pytest.fixture
def shared_data() -> Path:
    """The folder of real laboratory data; a test that needs it is skipped where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared real data are not beside this checkout")
    return folder


@pytest.fixture
def shared_facts() -> Path:
    """The folder of facts with their sources."""
    folder = SHARED / "facts"
    if not folder.is_dir():
        pytest.skip("the shared facts are not beside this checkout")
    return folder
