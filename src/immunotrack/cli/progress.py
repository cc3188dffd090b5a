"""A progress bar on stderr, where a person looks at it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def told_progress(
    items: Iterable[Item], total: int, weight: Callable[[Item], int]
) -> Iterator[Item]:
    """The items, with a bar, their rate and the time left; without a terminal nothing is shown.

    Args:
        total: The sum of all weights.
        weight: How much of the total an item is.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    if not sys.stderr.isatty():
        yield from items
        return
    columns = (
        TextColumn("drawing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, Remaining(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, rate="")
        for item in items:
            yield item
            speed = bar.tasks[0].speed
            bar.update(task, advance=weight(item), rate="" if speed is None else f"{speed:.1f}/s")
