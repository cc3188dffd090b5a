"""Output files, written whole or not at all, and cells that no spreadsheet takes for a formula."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from immunotrack.problems import InvalidInput, Problem, shown


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
        temporary.chmod(0o666 & ~current_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def move_whole(whole: Path, path: Path) -> None:
    """Move a file to its place, as `write_whole` writes one; it should stand beside it.

    Raises:
        InvalidInput: The file cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            with whole.open("rb") as file, target.open("wb") as other:
                shutil.copyfileobj(file, other)
        else:
            whole.chmod(0o666 & ~current_umask())
            shutil.move(whole, target)
    except OSError as error:
        raise InvalidInput([unwritable(str(path), error)]) from None


def check_suffix(path: Path, known: Sequence[str], what: str) -> str:
    """The suffix of an output in lower case, if it is one of those known.

    Args:
        what: What is written, `a figure`.

    Raises:
        InvalidInput: It is not.
    """
    suffix = path.suffix.lower()
    if suffix not in known:
        problem = Problem(
            code="unknown-option",
            source="-o",
            message=f"{shown(path.suffix or path.name)} is no format of {what}",
            fix=f"Let the name end in {', '.join(known[:-1])} or {known[-1]}.",
        )
        raise InvalidInput([problem])
    return suffix


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


def not_both(one: Path, other: Path) -> None:
    """Refuse two outputs that are one file.

    Raises:
        InvalidInput: They are, also through a link; a pipe or a device takes both.
    """
    same = one.resolve() == other.resolve() or (
        one.exists() and other.exists() and one.samefile(other)
    )
    if same and (one.is_file() or not one.exists()):
        problem = Problem(
            code="unwritable",
            source=str(other),
            message="two outputs are the same file",
            fix="Write each to its own file.",
        )
        raise InvalidInput([problem])


def current_umask() -> int:
    """The rights that the user's files do not have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unwritable(name: str, error: OSError) -> Problem:
    """The problem of an output that the operating system does not take."""
    told = error.strerror or str(error).partition(" (os error")[0] or type(error).__name__
    reason = told.lower()
    return Problem(code="unwritable", source=name, message=f"the file cannot be written: {reason}")


def csv_line(cells: Iterable[str]) -> str:
    r"""A row of a CSV file without its end; a cell with an end of line in it is quoted.

    >>> csv_line(["CD4", "a\rb", "c,d"])
    'CD4,"a\rb","c,d"'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def csv_cell(text: str) -> str:
    """A text as one cell of a CSV file."""
    return csv_line([text, ""])[:-1]


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
