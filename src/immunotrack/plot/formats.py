"""The formats of a figure, by the extension of its file."""

from pathlib import Path
from typing import Final

from immunotrack.outputs import check_suffix

FORMATS: Final = (".png", ".svg", ".pdf")


def check_format(path: Path) -> str:
    """The extension of a path, if it is that of a figure.

    Raises:
        InvalidInput: It is not.
    """
    return check_suffix(path, FORMATS, "a figure")
