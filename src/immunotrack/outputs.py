"""Output files, written whole or not at all, and cells that no spreadsheet takes for a formula."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from immunotrack.problems import InvalidInput, Problem


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that no half of it is ever seen.

    A link is followed; into a pipe or a device the data are written as they are.

    Raises:
        InvalidInput: The file cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise InvalidInput([unwritable(str(path), error)]) from None


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".immunotrack-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def not_onto(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that is one of the inputs.

    Raises:
        InvalidInput: It is, also through a link.
    """
    if output.exists() and any(path.exists() and output.samefile(path) for path in inputs):
        problem = Problem(
            code="unwritable",
            source=str(output),
            message="the output is the input",
            fix="Write to another file.",
        )
        raise InvalidInput([problem])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unwritable(name: str, error: OSError) -> Problem:
    """The problem of an output that the operating system does not take."""
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(code="unwritable", source=name, message=f"the file cannot be written: {reason}")


def defused(cell: str) -> str:
    """A text from a file as a spreadsheet shows it, and never runs it.

    >>> defused("=1+1"), defused("-5"), defused("CD4")
    ("'=1+1", '-5', 'CD4')
    """
    risky = cell[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{cell}" if risky and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
