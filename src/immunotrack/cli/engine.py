"""Which engine reads a source, for commands that Spark can run, and what they do with Spark."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli.large import leave, tell_outcome
from immunotrack.cli.options import with_shared
from immunotrack.cli.told import say, summarise, tell_reading

if TYPE_CHECKING:
    from immunotrack.bulk import LargeAnswers, Work
    from immunotrack.readers import Options


class Name(StrEnum):
    """What reads a source."""

    polars = "polars"
    spark = "spark"


_PANEL = "Where it runs"
_SHARED: dict[str, tuple[Any, Any]] = {
    "engine": (
        Annotated[
            Name,
            typer.Option(
                help="spark: SOURCE is a CSV, NDJSON or Parquet file, a folder of them, a URL, or "
                "table:NAME; flagged rows go into a folder of part files.",
                rich_help_panel=_PANEL,
            ),
        ],
        Name.polars,
    ),
    "master": (
        Annotated[
            str,
            typer.Option(
                metavar="URL",
                help="With --engine spark: Spark's master; else what Spark's own settings say.",
                rich_help_panel=_PANEL,
            ),
        ],
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Engine:
    """What reads a source.

    Args:
        master: Spark's, if it is named.
    """

    name: Name
    master: str

    @property
    def is_spark(self) -> bool:
        """Whether Spark reads it."""
        return self.name is Name.spark


def _engine(given: dict[str, Any]) -> Engine:
    """What was asked for.

    Raises:
        typer.BadParameter: A master is named for an engine that has none.
    """
    if given["master"] and given["engine"] is not Name.spark:
        raise typer.BadParameter("it is for --engine spark", param_hint="--master")
    return Engine(given["engine"], given["master"])


with_engine = with_shared("engine", _SHARED, _engine)
"""A command whose parameter `engine` is what reads a source."""


def flag_on_spark(
    engine: Engine,
    source: list[str],
    reading: "Options",
    ranges: list[str],
    output: str | None,
    report: Path | None,
    wanted: set[str],
) -> None:
    """`immunotrack flag` by Spark.

    Args:
        wanted: The flags with which the command fails.
    """
    from immunotrack.cluster.flagged import Wanted, flagged
    from immunotrack.cluster.session import session
    from immunotrack.cluster.written import refuse_target, write_list, write_rows
    from immunotrack.flagged_table import is_table

    if output is None:
        raise typer.BadParameter("Spark writes into a folder; name it", param_hint="--output")
    name = _only(source, report)
    refuse_target(output)
    asked = Wanted(ranges, listing=report is not None, plain=is_table(Path(output)))
    with session(engine.master, say) as spark, flagged(spark, name, reading, asked) as found:
        tell_reading(found.told)
        if report is not None:
            write_list(found, report)
        write_rows(spark, found, output)
        say(f"{output}: a folder of part files; `line` tells the order of the rows")
    tell_outcome(found.outcome, found.errors, report)
    summarise(found.outcome.flags, found.outcome.sources, ranges)
    leave(found.outcome, wanted)


def check_on_spark(
    engine: Engine, source: list[str], reading: "Options", report: Path | None
) -> None:
    """`immunotrack check` by Spark."""
    from immunotrack.cluster.flagged import Wanted, flagged
    from immunotrack.cluster.session import session
    from immunotrack.cluster.written import write_list

    asked = Wanted(writing=False, listing=report is not None)
    name = _only(source, report)
    with session(engine.master, say) as spark, flagged(spark, name, reading, asked) as found:
        tell_reading(found.told)
        if report is not None:
            write_list(found, report)
    tell_outcome(found.outcome, found.errors, report)
    leave(found.outcome, set())


def ask_spark(
    engine: Engine, source: list[str], reading: "Options", work: "Work"
) -> "LargeAnswers":
    """What Spark answers of each patient of a source.

    Args:
        work: Takes what was read of some patients, gives rows with `patient_id`.
    """
    from immunotrack.bulk import LargeAnswers
    from immunotrack.cluster.flagged import Wanted, flagged
    from immunotrack.cluster.session import session

    asked = Wanted(writing=False, work=work)
    name = _only(source, None)
    with session(engine.master, say) as spark, flagged(spark, name, reading, asked) as found:
        return LargeAnswers(found.told, found.asked, found.outcome, found.errors)


def _only(source: list[str], report: Path | None) -> str:
    """The one source.

    Raises:
        typer.BadParameter: There are several, or the list is to be written elsewhere.
    """
    if len(set(source)) > 1:
        raise typer.BadParameter("Spark reads one; put files into a folder", param_hint="SOURCE")
    if report is not None and ":/" in str(report):
        raise typer.BadParameter("the list is one file of this machine", param_hint="--report")
    return source[0]
