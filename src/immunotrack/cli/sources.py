"""What several commands do with a source: spare it, read it, choose analytes, tell origins."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from immunotrack.cli.told import say

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


def read_with_events(source: list[str], events: Path | None, reading: "Options") -> "Source":
    """A source, with the events of a file of their own."""
    from dataclasses import replace

    from immunotrack.readers import read_events_file, read_source
    from immunotrack.readers.events import all_events

    found = read_source(source, reading)
    if events is None:
        return found
    more = read_events_file(events, str(events), reading)
    return replace(
        found,
        events=all_events([found.events, more]),
        problems=[*found.problems, *more.problems],
    )


def refuse_inputs(
    outputs: Sequence[Path | None], source: Sequence[str], beside: Sequence[str | Path | None] = ()
) -> None:
    """Refuse an output that is read by the same command, and two outputs that are one file.

    Args:
        beside: Further files that are read, or names of presets; None for none.

    Raises:
        InvalidInput: There is such an output.
    """
    from immunotrack.outputs import not_both, not_onto
    from immunotrack.readers import input_files

    written = [path for path in outputs if path is not None]
    read = [*input_files(source), *(Path(name) for name in beside if name)] if written else []
    for path in written:
        not_onto(path, read)
    for one, other in combinations(written, 2):
        not_both(one, other)


def of_analytes(table: "pl.DataFrame", wanted: Sequence[str]) -> "pl.DataFrame":
    """The rows of some analytes; all without any.

    Raises:
        InvalidInput: One is not there.
    """
    keys = analyte_keys(table, wanted, "--analytes")
    return table.filter(table["analyte"].is_in(keys)) if keys else table


def analyte_keys(table: "pl.DataFrame", wanted: Sequence[str], option: str) -> list[str]:
    """The names of analytes as a table has them.

    Raises:
        InvalidInput: One is not there.
    """
    from immunotrack.problems import InvalidInput
    from immunotrack.settings import choice_problem
    from immunotrack.table import analyte_key

    there = table["analyte"].unique(maintain_order=True).to_list()
    for name in wanted:
        if analyte_key(name) not in there:
            raise InvalidInput([choice_problem(option, name, there)])
    return [analyte_key(name) for name in wanted]


def say_illustrative(counts: "pl.DataFrame") -> None:
    """How many values are illustrative, if any.

    Args:
        counts: As `readers.source.origins` gives them.
    """
    from immunotrack.problems import counted

    illustrative = counts.filter(counts["origin"] == "illustrative")["count"].sum()
    if illustrative:
        total = counted(int(counts["count"].sum()), "value")
        say(f"{illustrative} of {total} are illustrative, not measured")
