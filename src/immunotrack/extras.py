"""Packages that not every user needs, imported when a file first asks for them."""

from importlib import import_module
from types import ModuleType
from typing import Final, Literal

from immunotrack.problems import InvalidInput, Problem

_EXTRAS: Final = {
    "python_calamine": ("workbooks need the package python-calamine", "excel"),
    "pyreadstat": ("SAS files need the package pyreadstat", "sas"),
    "pyspark.sql": ("Spark needs the package pyspark", "spark"),
    "pyarrow": ("Spark needs the package pyarrow", "spark"),
}


def extra_package(
    name: str, source: str, code: Literal["unreadable", "unwritable"] = "unreadable"
) -> ModuleType:
    """A package of an extra.

    Args:
        source: What messages call the file that needs it.
        code: What the file is without it.

    Raises:
        InvalidInput: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        need, extra = _EXTRAS[name]
        problem = Problem(
            code=code,
            source=source,
            message=f"{need}, which is not installed",
            fix=f"Run: pip install 'immunotrack[{extra}]'.",
        )
        raise InvalidInput([problem], unreadable=code == "unreadable") from None
