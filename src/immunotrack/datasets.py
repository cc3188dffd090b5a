"""A data set: a folder of Parquet files in parts, written whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from time import sleep
from typing import Final

from immunotrack.outputs import current_umask, unwritable
from immunotrack.problems import InvalidInput, Problem


def check_dataset(path: Path, inputs: Iterable[Path]) -> None:
    """Refuse a place whose folder holds anything but a data set, or an input.

    Raises:
        InvalidInput: It does.
    """
    if not path.is_dir():
        return
    folder = path.resolve()
    if not _is_dataset(folder):
        raise InvalidInput([_taken(path, "the folder holds more than a data set in parts")])
    if any(one.resolve().is_relative_to(folder) for one in inputs):
        raise InvalidInput([_taken(path, "the folder holds the input")])


def _taken(path: Path, message: str) -> Problem:
    fix = "Write to another folder."
    return Problem(code="unwritable", source=str(path), message=message, fix=fix)


def _is_dataset(folder: Path) -> bool:
    """Whether a folder holds only folders named `key=text`, and those only Parquet files."""
    for place, folders, files in os.walk(folder):
        entries = [Path(place) / name for name in (*folders, *files)]
        names = [*(name for name in folders if "=" not in name)]
        names += [name for name in files if not name.endswith(".parquet")]
        if names or any(map(Path.is_symlink, entries)) or (files and Path(place) == folder):
            return False
    return True


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell an error of the operating system as one of the output.

    Raises:
        InvalidInput: There is one.
    """
    try:
        yield
    except OSError as error:
        raise InvalidInput([unwritable(str(path), error)]) from None


@contextmanager
def hidden_folder(output: Path | None) -> Iterator[Path]:
    """A hidden folder that is gone at the end.

    Args:
        output: Beside which it stands, on the same disk; None for where temporary files are kept.

    Raises:
        InvalidInput: Nothing can be written there.
    """
    with writing(output or Path(gettempdir())):
        place = None if output is None else output.resolve().parent
        folder = Path(mkdtemp(prefix=".immunotrack-", dir=place))
    try:
        yield folder
    except BaseException:
        _remove_for_good(folder)
        raise
    rmtree(folder)


def _remove_for_good(folder: Path) -> None:
    """Remove a folder into which a thread that nobody waits for may still write."""
    for _ in range(_MOST_LOOKS):
        rmtree(folder, ignore_errors=True)
        sleep(_PAUSE_SECONDS)
        if not folder.exists():
            return


_MOST_LOOKS: Final = 100
_PAUSE_SECONDS: Final = 0.03


def move_dataset(whole: Path, path: Path) -> None:
    """Move a folder to its place; a file, or a data set that `check_dataset` passed, makes way.

    Raises:
        InvalidInput: The folder cannot be moved.
    """
    target, old = path.resolve(), whole.with_name("old")
    with writing(path):
        whole.chmod(0o777 & ~current_umask())
        if target.exists():
            target.rename(old)
        try:
            whole.rename(target)
        except OSError:
            old.rename(target)
            raise
        rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
