"""Patient immune-monitoring time series: validated results, reference-range flags, timelines.

Three nouns carry everything. A *record* is what happened to one patient (`Patient` with
`Measurement`s and `TreatmentEvent`s). A *table* holds one row a result, with the same named columns
everywhere (`immunotrack.table.SCHEMA`). A *figure* is drawn from a table.

    read(file) -> table -> flag(table) -> window(table) -> plot_timeline(table)

`check(file)` lists everything that is wrong with a file; `load_case(name)` gives a published case;
`pool(trials)` pools the trials of a table.
Importing immunotrack loads neither pandas nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from immunotrack.api import check as check
    from immunotrack.api import read as read
    from immunotrack.cases import Case as Case
    from immunotrack.cases import load_case as load_case
    from immunotrack.cohort_figure import plot_cohort as plot_cohort
    from immunotrack.evidence.pool import pool as pool
    from immunotrack.figure import plot_timeline as plot_timeline
    from immunotrack.flags import flag as flag
    from immunotrack.grading import grade as grade
    from immunotrack.problems import InvalidInput as InvalidInput
    from immunotrack.problems import Problem as Problem
    from immunotrack.records import Measurement as Measurement
    from immunotrack.records import Patient as Patient
    from immunotrack.records import TreatmentEvent as TreatmentEvent
    from immunotrack.responses import response as response
    from immunotrack.screening import screen as screen
    from immunotrack.verdicts import decide as decide
    from immunotrack.windowed import window as window

__version__ = "0.1.0"

_HOMES: Final = {
    "Case": "cases",
    "InvalidInput": "problems",
    "Measurement": "records",
    "Patient": "records",
    "Problem": "problems",
    "TreatmentEvent": "records",
    "check": "api",
    "decide": "verdicts",
    "flag": "flags",
    "grade": "grading",
    "load_case": "cases",
    "plot_cohort": "cohort_figure",
    "plot_timeline": "figure",
    "pool": "evidence.pool",
    "read": "api",
    "response": "responses",
    "screen": "screening",
    "window": "windowed",
}

__all__ = [
    "Case",
    "InvalidInput",
    "Measurement",
    "Patient",
    "Problem",
    "TreatmentEvent",
    "check",
    "decide",
    "flag",
    "grade",
    "load_case",
    "plot_cohort",
    "plot_timeline",
    "pool",
    "read",
    "response",
    "screen",
    "window",
]


def __getattr__(name: str) -> object:
    """A public name, imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'immunotrack' has no attribute {name!r}")
    return getattr(import_module(f"immunotrack.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
