"""What `import immunotrack` offers to read and check a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import narwhals as nw

from immunotrack.cases import all_problems, narrative_answers
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers import Options, read_source
from immunotrack.times import DateOrder


def read(
    source: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    dates: DateOrder = "iso",
    invalid: Literal["raise", "skip"] = "raise",
    backend: Literal["pandas", "polars"] = "pandas",
) -> Any:  # noqa: ANN401 - the backend's frame
    """The measurements table of a delimited file, or of a case by its folder or name.

    Args:
        columns: Our column name to the file's, where the headers are not known.
        dates: The order of day, month and year where dates are not ISO 8601.
        invalid: `skip` leaves out rows with errors; `check` lists them.

    Raises:
        InvalidInput: With every problem, if the file cannot be read or a row has an error.
    """
    if invalid not in {"raise", "skip"}:
        raise ValueError(f"invalid must be raise or skip, not {invalid!r}")
    found = read_source(str(source), Options(columns=dict(columns or {}), dates=dates))
    if invalid == "raise" and any(problem.is_error for problem in found.problems):
        raise InvalidInput(found.problems)
    return nw.from_dict(
        found.valid.to_dict(as_series=False),
        schema=nw.from_native(found.valid).schema,
        backend=backend,
    ).to_native()


def check(
    source: str | Path, *, columns: Mapping[str, str] | None = None, dates: DateOrder = "iso"
) -> list[Problem]:
    """Everything that is wrong with a file or a case, in one pass; nothing is raised for its rows.

    Raises:
        InvalidInput: The file cannot be read at all.
    """
    found = read_source(str(source), Options(columns=dict(columns or {}), dates=dates))
    return all_problems(found, narrative_answers(found))
