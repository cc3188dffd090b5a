"""Spark's session: the user's own, or one on this machine that listens to nobody."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir
from threading import Timer
from typing import Any, Final

from immunotrack.bulk.blocks import CUT_SHORT, DAMAGED
from immunotrack.cluster.master import check_master
from immunotrack.extras import extra_package
from immunotrack.problems import InvalidInput, Problem

Frame = Any
"""A frame of Spark."""

Session = Any
"""A session of Spark."""

ENGINE: Final = "--engine spark"

_CONFIGURED: Final = (
    "MASTER",
    "PYSPARK_GATEWAY_PORT",
    "SPARK_CONF_DIR",
    "SPARK_HOME",
    "SPARK_REMOTE",
)
"""Variables of the environment by which Spark is set up; with none of them it is this machine."""

_ALONE: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.warehouse.dir": f"{gettempdir()}/immunotrack-warehouse",
}
"""A session on this machine is reached by nobody else, and leaves nothing where it is started."""

_NEEDED: Final = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(16 * 2**20),
    "spark.sql.files.maxRecordsPerFile": "0",
}
"""Names and moments are taken as they stand; batches are of bounded size."""


PATIENCE_S: Final = 30.0
"""So long a cluster is waited for before that is told."""


@contextmanager
def session(master: str, say: Callable[[str], None] = lambda _: None) -> Iterator[Session]:
    """The session that is there, or one that ends with this context.

    Args:
        master: As Spark has it; empty for what Spark's own settings say.
        say: Is told where no machine of a cluster has begun to work for half a minute.

    Raises:
        InvalidInput: Spark is not installed, does not start, or what it does fails.
    """
    sql = extra_package("pyspark.sql", ENGINE)
    extra_package("pyarrow", ENGINE)
    warnings.filterwarnings("ignore", module=r"pyspark\.")
    logging.getLogger().addHandler(logging.NullHandler())
    if master:
        check_master(master)
    own = sql.SparkSession.getActiveSession() is None
    spark = _started(sql, master)
    waiting = Timer(PATIENCE_S, _tell_waiting, (spark, say))
    waiting.daemon = True
    if not spark.conf.get("spark.master", "").startswith("local"):
        waiting.start()
    try:
        with settings(spark, _NEEDED):
            yield spark
    finally:
        waiting.cancel()
        if own:
            spark.stop()


def _tell_waiting(spark: Session, say: Callable[[str], None]) -> None:
    """Say that there is work and nobody but the driver to do it, where that is so."""
    context = spark.sparkContext
    executors = context._jsc.sc().getExecutorMemoryStatus().size() - 1  # noqa: SLF001 - no other way
    if context.statusTracker().getActiveJobsIds() and not executors:
        say(f"{context.master}: no worker has room yet; waiting for one (Ctrl+C ends it)")


def place(spark: Session, name: str) -> str:
    """A file or a folder as Spark is given it: what is no URL is of this machine, if Spark is."""
    here = spark.conf.get("spark.master", "").startswith("local")
    return f"file:{Path(name).resolve()}" if here and "://" not in name else name


@contextmanager
def settings(spark: Session, values: Mapping[str, str]) -> Iterator[None]:
    """Settings of a session that hold within this context."""
    before = {name: spark.conf.get(name, None) for name in values}
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)


def _started(sql: Any, master: str) -> Session:  # noqa: ANN401 - a module
    builder = sql.SparkSession.builder
    if master:
        builder = builder.master(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if _is_here(master):
        for name, value in _ALONE.items():
            builder = builder.config(name, value)
    builder = builder.config("spark.log.level", "OFF")
    try:
        with _silent():
            return builder.getOrCreate()
    except Exception as error:
        raise InvalidInput([_not_started(master)], unreadable=True) from error


def _is_here(master: str) -> bool:
    """Whether the session is one on this machine that nobody has set up."""
    return master.startswith("local") or not (master or any(map(os.environ.get, _CONFIGURED)))


@contextmanager
def _silent() -> Iterator[None]:
    """Let the processes that are started here write nowhere, now and later."""
    kept = [os.dup(number) for number in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        yield
    finally:
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)


def _not_started(master: str) -> Problem:
    where = f" with --master {master}" if master else ""
    return Problem(
        code="unreadable",
        source=ENGINE,
        message=f"Spark does not start{where}",
        fix="It needs Java 17 or newer (Debian: default-jre-headless) and a master that answers.",
    )


@contextmanager
def asking(source: str) -> Iterator[None]:
    """Tell what Spark cannot do as a problem of a source, without what Spark says of its rows.

    Raises:
        InvalidInput: It fails.
    """
    errors = import_module("pyspark.errors").PySparkException
    java = import_module("py4j.protocol").Py4JError
    try:
        yield
    except (errors, java) as error:
        said = str(error)
        message, fix = next((told for sign, told in _FAILURES.items() if sign in said), _OTHER)
        problem = Problem(code="unreadable", source=source, message=message, fix=fix)
        raise InvalidInput([problem], unreadable=True) from error


_EXPORT: Final = "Export or copy the file again."
_FAILURES: Final = {
    "PATH_NOT_FOUND": ("the file cannot be read: no such file or directory", ""),
    "TABLE_OR_VIEW_NOT_FOUND": ("the catalogue of Spark has no such table", "Correct the name."),
    "CANNOT_READ_FILE_FOOTER": (
        "the Parquet file is damaged or cut short",
        "Write the file again.",
    ),
    "PATH_ALREADY_EXISTS": (
        "it is there already, and Spark writes a folder of its own",
        "Name another one, or delete it.",
    ),
    "EOFException": (CUT_SHORT, _EXPORT),
    "ZipException": (DAMAGED, _EXPORT),
    "not a gzip file": (DAMAGED, _EXPORT),
    "spark.driver.maxResultSize": (
        "what it makes of it is more than the driver may collect",
        "Set spark.driver.maxResultSize, and spark.driver.memory with it, to more.",
    ),
    **dict.fromkeys(
        ("ModuleNotFoundError", "PYTHON_VERSION_MISMATCH", "Cannot run program"),
        (
            "a worker has another Python, or one without immunotrack",
            "Install immunotrack[spark] on each machine, and let PYSPARK_PYTHON name its Python.",
        ),
    ),
}
"""What stands in an error of Spark, and what it means."""

_OTHER: Final = (
    "Spark fails with it",
    "Try --engine polars; --debug shows what Spark says, which may hold patient data.",
)
