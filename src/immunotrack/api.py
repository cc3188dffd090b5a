"""What `import immunotrack` offers to read and check files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import narwhals as nw

from immunotrack.cases import all_problems, narrative_answers
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers import Options, Source, read_source
from immunotrack.readers.grid import DecimalSign, Duplicates
from immunotrack.times import DateOrder


class Reading(TypedDict, total=False):
    """How files are read; see `immunotrack.readers.Options` for what each means."""

    columns: Mapping[str, str]
    dates: DateOrder
    decimal: DecimalSign
    format: str
    encoding: str
    sheet: str
    fill_down: bool
    units: Mapping[str, str]
    duplicates: Duplicates


def read(
    source: str | Path | Sequence[str | Path],
    *,
    invalid: Literal["raise", "skip"] = "raise",
    backend: Literal["pandas", "polars"] = "pandas",
    **how: Unpack[Reading],
) -> Any:  # noqa: ANN401 - the backend's frame
    """The measurements table of files of results, of a folder, or of a case by its name.

    Args:
        invalid: `skip` leaves out rows with errors; `check` lists them.
        how: `columns`, `dates`, `decimal`, `units`, `duplicates`, ... as for `Reading`.

    Raises:
        InvalidInput: With every problem, if nothing can be read or a row has an error.
    """
    if invalid not in {"raise", "skip"}:
        raise ValueError(f"invalid must be raise or skip, not {invalid!r}")
    found = _source(source, how)
    if invalid == "raise" and any(problem.is_error for problem in found.problems):
        raise InvalidInput(found.problems)
    return nw.from_dict(
        found.used.to_dict(as_series=False),
        schema=nw.from_native(found.used).schema,
        backend=backend,
    ).to_native()


def check(source: str | Path | Sequence[str | Path], **how: Unpack[Reading]) -> list[Problem]:
    """Everything that is wrong with files or a case, in one pass; nothing is raised for rows.

    Raises:
        InvalidInput: The files cannot be read at all.
    """
    found = _source(source, how)
    return all_problems(found, narrative_answers(found))


def _source(source: str | Path | Sequence[str | Path], how: Reading) -> Source:
    names = [source] if isinstance(source, str | Path) else source
    given: dict[str, Any] = {**how}
    for name in ("columns", "units"):
        given[name] = dict(given.get(name, {}))
    return read_source([str(name) for name in names], Options(**given))
