"""A report to files: HTML or PDF by the suffix, and the data that both are made from."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from immunotrack.outputs import check_suffix, write_whole
from immunotrack.report.document import Document, Progress, again
from immunotrack.report.page import html
from immunotrack.report.paper import pdf

FORMATS: Final[dict[str, Callable[[Document, Progress], bytes]]] = {
    ".html": html,
    ".htm": html,
    ".pdf": pdf,
}
"""Suffix to what makes the bytes."""


def check_report_format(path: Path) -> str:
    """The suffix of a path, if it is that of a report.

    Raises:
        InvalidInput: It is not.
    """
    return check_suffix(path, list(FORMATS), "a report")


def save_report(
    document: Document, paths: list[Path], data: Path | None, progress: Progress
) -> None:
    """Write a report, each file whole or not at all, and all of them or none that is not made.

    Raises:
        InvalidInput: A suffix is none of a report, or a file cannot be written.
    """
    same = again(document)
    made = [(path, FORMATS[check_report_format(path)](same, progress)) for path in paths]
    if data is not None:
        made.append((data, same.json_bytes()))
    for path, content in made:
        write_whole(path, content)
