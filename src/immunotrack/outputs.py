"""Output files, written whole or not at all, and cells that no spreadsheet takes for a formula."""

import os
import tempfile
from pathlib import Path

from immunotrack.problems import InvalidInput, Problem


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that no half of it is ever seen.

    Raises:
        InvalidInput: The file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".immunotrack-")
    except OSError as error:
        raise InvalidInput([_unwritable(path, error)]) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InvalidInput([_unwritable(path, error)]) from None
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(
        code="unwritable", source=str(path), message=f"the file cannot be written: {reason}"
    )


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
