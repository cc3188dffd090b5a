"""Notices when files have changed and are whole again."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from immunotrack.problems import InvalidInput

State = tuple[tuple[str, int, int], ...]
"""Each file that is there, with its size and when it was written."""


def changes(files: Callable[[], Sequence[Path]], wait: Callable[[], None]) -> Iterator[None]:
    """Yields at once, and then whenever the files changed and two looks found them alike.

    Args:
        files: What to look at, asked each time, as a folder may gain a file.
        wait: Returns when it is time to look again.
    """
    seen = _state(files)
    yield
    while True:
        wait()
        now = _state(files)
        if now == seen:
            continue
        while now != (later := _waited(files, wait)):
            now = later
        seen = now
        yield


def _waited(files: Callable[[], Sequence[Path]], wait: Callable[[], None]) -> State:
    wait()
    return _state(files)


def _state(files: Callable[[], Sequence[Path]]) -> State:
    """What the files are like; nothing where they are not to be found now."""
    try:
        found = [(path, path.stat()) for path in files() if path.exists()]
    except (OSError, InvalidInput):
        return ()
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found)
