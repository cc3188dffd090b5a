"""The bytes of an input file: bounded, and refused if the file changes while it is read."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import unreadable

LARGEST_FILE: Final = 4 * 2**30
"""No laboratory's export is as large; what is, is split first."""

LONGEST_LINE: Final = 16 * 2**20
"""A longer line of a text file is no row."""

_CHUNK: Final = 2**20


def read_bytes(path: Path, source: str, *, largest: int = LARGEST_FILE, line: int = 0) -> bytes:
    """The content of a file, or of a pipe until its end.

    Args:
        source: What messages call the file.
        largest: In bytes; of a larger file no more than this is ever held, and of one that grows
            no more than it had.
        line: The longest line, in bytes; 0 where lines do not matter.

    Raises:
        InvalidInput: The file cannot be read, is too large, has too long a line, or changed
            while it was read.
    """
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            regular = stat.S_ISREG(before.st_mode)
            chunks: list[bytes] = []
            size = since = lines = 0
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if regular and size > before.st_size:
                    raise changed(source)
                if size > largest:
                    raise _too_large(source, f"the file is larger than {_mega(largest)}")
                if line:
                    newline = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
                    since = since + len(chunk) if newline < 0 else len(chunk) - newline - 1
                    lines += chunk.count(b"\n") or chunk.count(b"\r")
                    if since > line:
                        raise too_long_line(source, lines + 1, line)
                chunks.append(chunk)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if regular and not same:
        raise changed(source)
    return b"".join(chunks)


def changed(source: str) -> InvalidInput:
    """The error of a file that another program writes."""
    problem = Problem(
        code="changed-file",
        source=source,
        message="the file changed while it was read",
        fix="Wait until it is complete, and read it again.",
    )
    return InvalidInput([problem], unreadable=True)


def too_long_line(source: str, line: int, longest: int = LONGEST_LINE) -> InvalidInput:
    """The error of a line that is longer than so many bytes."""
    return _too_large(source, f"a line is longer than {_mega(longest)}", line)


def told_name(name: str) -> str:
    r"""A file's name as it can be written: a byte that is no UTF-8 becomes U+FFFD.

    >>> told_name("labs\udcff.csv")
    'labs\ufffd.csv'
    """
    return _SURROGATE.sub("\ufffd", name)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _mega(size: int) -> str:
    return f"{size // 2**20} MiB"


def _too_large(source: str, message: str, line: int | None = None) -> InvalidInput:
    problem = Problem(
        code="too-large",
        source=source,
        line=line,
        message=message,
        fix="Check that it is the laboratory's export, or split it.",
    )
    return InvalidInput([problem], unreadable=True)
