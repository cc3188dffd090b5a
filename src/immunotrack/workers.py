"""Processes that work beside this one, and stop with it."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


class Workers:
    """Some processes; with one job this process works by itself.

    They are started at once and import what they need while this process reads its input. No
    process is a copy of this one: a copy of the threads of Polars would not run.

    Args:
        jobs: How many.
        modules: What they import before they are given anything.
    """

    def __init__(self, jobs: int, modules: Sequence[str]) -> None:
        self._pool: ProcessPoolExecutor | None = None
        if jobs > 1:
            method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
            context: Any = get_context(method)
            context.set_forkserver_preload(list(modules))
            self._pool = ProcessPoolExecutor(jobs, context, initializer=_start)
            for _ in range(jobs):
                self._pool.submit(_start)

    def map(self, work: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """What becomes of each item, in their order, each as soon as it is there."""
        return map(work, items) if self._pool is None else self._pool.map(work, items)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    """An interrupt from the keyboard is told to the process that gave the work, and to it alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
