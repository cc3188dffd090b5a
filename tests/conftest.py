"""What several tests need: the command line as a user runs it, and the shared real data."""

import contextlib
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from immunotrack.__main__ import main
from strategies import PART, examples

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


settings.register_profile("steady", deadline=None, max_examples=examples(100), derandomize=PART < 1)
settings.load_profile("steady")
"""The default run tries the same examples everywhere, so that its answer is one's own doing."""

Run = Callable[..., subprocess.CompletedProcess[str]]
"""Runs `immunotrack` with arguments, in `cwd` or an empty folder."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `immunotrack` as its own process would, within this one."""
    return _run_in(tmp_path)


@pytest.fixture(scope="session")
def run_in() -> Callable[[Path], Run]:
    """As `run`, in the folder of what several tests look at."""
    return _run_in


def _run_in(folder: Path) -> Run:
    def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        said, told = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with (
            contextlib.chdir(cwd or folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(told),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "argv", ["immunotrack", *arguments])
            code = _exit_code()
        texts = []
        for stream in (said, told):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(["immunotrack", *arguments], code, *texts)

    return command


def _exit_code() -> int:
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


@pytest.fixture
def run_process(tmp_path: Path) -> Run:
    """Run `immunotrack` in a process of its own."""

    def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "immunotrack", *arguments],
            cwd=cwd or tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real laboratory data; a test that needs it is skipped where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared real data are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_facts() -> Path:
    """The folder of facts with their sources."""
    folder = SHARED / "facts"
    if not folder.is_dir():
        pytest.skip("the shared facts are not beside this checkout")
    return folder


SPARK_NEEDED = bool(os.environ.get("IMMUNOTRACK_SPARK"))
"""Set by `make test-spark`: a test that cannot run then fails."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with Spark are run where it is asked for, as `make test-spark` does."""
    if SPARK_NEEDED:
        return
    for item in items:
        of_cluster = Path(item.path).parent == ROOT / "tests" / "cluster"
        if of_cluster or "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="make test-spark runs it"))


@pytest.fixture(scope="session")
def spark():
    """A session of Spark of one's own on this machine, in which small files have several splits.

    Its Java compiles little: what runs for a second is not worth more.
    """
    sql = importlib.import_module("pyspark.sql")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.files.openCostInBytes", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    yield session
    session.stop()
