"""The formats of a figure, by the extension of its file."""

from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem, shown

FORMATS: Final = (".png", ".svg", ".pdf")


def check_format(path: Path) -> str:
    """The extension of a path, if it is that of a figure.

    Raises:
        InvalidInput: It is not.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        problem = Problem(
            code="unknown-option",
            source="-o",
            message=f"{shown(path.suffix or path.name)} is no format of a figure",
            fix=f"Let the name end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
        )
        raise InvalidInput([problem])
    return suffix
