"""A data set: a folder of Parquet files in parts, written whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

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
def beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside a place, on the same disk; it is gone at the end.

    Raises:
        InvalidInput: Nothing can be written there.
    """
    with (
        writing(path),
        TemporaryDirectory(prefix=".immunotrack-", dir=path.resolve().parent) as folder,
    ):
        yield Path(folder)


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
