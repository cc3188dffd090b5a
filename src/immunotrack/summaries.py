"""What a cohort looks like window by window: medians of groups, patterns of patients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, Final

import narwhals as nw

from immunotrack.cohort import Cohort
from immunotrack.flags import FLAGS, LETTERS
from immunotrack.intervals import Interval, interval, quantile
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of, plain_rows
from immunotrack.windowed import window
from immunotrack.windows import Window, WindowSet

Row = Mapping[str, Any]

QUARTILES: Final = {"q1": Fraction(1, 4), "median": Fraction(1, 2), "q3": Fraction(3, 4)}

_EMPTY: Final = "."
"""Stands in a pattern for a window without a result."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The results of a cohort by window.

    Args:
        rows: One row a patient, analyte and window that has a result, as `windowed.window` gives
            it, with the patient's `group`.
    """

    cohort: Cohort
    windows: WindowSet
    rows: Sequence[Row]


def by_window(cohort: Cohort, windows: WindowSet) -> Taken:
    """Each patient's one value a window, by the rule of the set."""
    groups = {one.patient: one.group for one in cohort.members}
    chosen = window(cohort.table().to_native(), windows).chosen
    rows = [
        {**row, "group": groups[row["patient_id"]]} for row in plain_rows(nw.from_native(chosen))
    ]
    return Taken(cohort, windows, rows)


SUMMARY: Final[dict[str, Any]] = {
    "analyte": TEXT,
    "group": TEXT,
    "window": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "clock": TEXT,
    "unit": TEXT,
    "n_patients": WHOLE,
    "n_results": WHOLE,
    "n_censored": WHOLE,
    **{
        f"{name}{part}": TEXT if part == "_comparator" else NUMBER
        for name in QUARTILES
        for part in ("_comparator", "", "_least", "_most")
    },
    **{f"n_{flag or 'no_range'}": WHOLE for flag in FLAGS},
    "origin": TEXT,
}
"""The columns of a summary.

Of each quartile: comparator and number as a laboratory would write them, `IND` without a number
where censored values leave open more than that, and the least and the most that it can be.
"""


def summarise(taken: Taken, analytes: Sequence[str]) -> list[dict[str, Any]]:
    """One row an analyte, group and window: how many patients, and the quartiles of their values.

    A patient counts once in a window. Values in several units have no quartiles.
    """
    held: dict[tuple[str, str, str], list[Row]] = {}
    for row in taken.rows:
        held.setdefault((row["analyte"], row["group"], row["window"]), []).append(row)
    return [
        _summary(analyte, group, entry, held.get((analyte, group, entry.label), []), taken)
        for analyte in analytes
        for group in taken.cohort.groups
        for entry in taken.windows.windows
    ]


def _summary(
    analyte: str, group: str, entry: Window, rows: Sequence[Row], taken: Taken
) -> dict[str, Any]:
    units = list(dict.fromkeys(row["unit"] for row in rows if row["value"] is not None))
    flags = [row["flag"] for row in rows]
    values = [interval(row["comparator"], row["value"]) for row in rows] if len(units) < 2 else []
    return {
        "analyte": analyte,
        "group": group,
        "window": entry.label,
        "from_day": entry.from_day,
        "to_day": entry.to_day,
        "clock": taken.cohort.clock,
        "unit": " and ".join(units),
        "n_patients": len(rows),
        "n_results": sum(row["n"] for row in rows),
        "n_censored": sum(bool(row["comparator"]) for row in rows),
        **_quartiles(values),
        **{f"n_{flag or 'no_range'}": flags.count(flag) for flag in FLAGS},
        "origin": "; ".join(sorted({row["origin"] for row in rows if row["origin"]})),
    }


def _quartiles(values: Sequence[Interval]) -> dict[str, Any]:
    """The quartiles and all that each of them can be; nothing without values."""
    found: dict[str, Any] = {}
    for name, part in QUARTILES.items():
        if not values:
            parts: tuple[Any, ...] = ("", None, None, None)
        else:
            each = quantile(values, part)
            ends = (end.value if end.value < float("inf") else None for end in each)
            parts = (*each.told, *ends)
        columns = (f"{name}_comparator", name, f"{name}_least", f"{name}_most")
        found |= dict(zip(columns, parts, strict=True))
    return found


@dataclass(frozen=True, slots=True)
class Pattern:
    """One patient's analyte, window by window.

    Args:
        cells: The row of each window, None where it has no result.
        response: By how many times the value rose; None where that is not known.
    """

    patient: str
    group: str
    analyte: str
    cells: Sequence[Row | None]
    response: float | None

    @property
    def letters(self) -> str:
        """The pattern in letters: `L.LNNH`."""
        return "".join(_EMPTY if cell is None else LETTERS[cell["flag"]] for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Responses:
    """By how many times values rose.

    Args:
        measure: What was taken over what: `peak / baseline`.
        of: By patient and analyte; nothing where it is not known.
    """

    measure: str
    of: Mapping[tuple[str, str], float]


def patterns(taken: Taken, analyte: str, responses: Responses) -> list[Pattern]:
    """The patients who have the analyte in some window, by group, the strongest response first.

    Patients whose response is not known come last, by their pattern.
    """
    own = sorted(
        (row for row in taken.rows if row["analyte"] == analyte), key=lambda row: row["patient_id"]
    )
    found = []
    for patient, rows in groupby(own, key=lambda row: row["patient_id"]):
        cells = {row["window"]: row for row in rows}
        places = [cells.get(entry.label) for entry in taken.windows.windows]
        group = next(iter(cells.values()))["group"]
        found.append(Pattern(patient, group, analyte, places, responses.of.get((patient, analyte))))
    order = {group: place for place, group in enumerate(taken.cohort.groups)}
    return sorted(found, key=lambda one: (order[one.group], *_by_response(one)))


def _by_response(one: Pattern) -> tuple[bool, float, str]:
    return one.response is None, -(one.response or 0.0), one.letters


def rises(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    """By how many times the last value of each patient and analyte is the first one.

    Only what is surely known: nothing where a value is censored, the first is 0, or units differ.

    Args:
        rows: With `day` on one clock.
    """
    found = {}
    for key, own in _series(rows):
        first, last = own[0], own[-1]
        known = first is not last and first["unit"] == last["unit"]
        times = _interval(last).over(_interval(first)) if known else None
        if times is not None and times.exact is not None:
            found[key] = times.exact
    return found


def _series(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    """The results of each patient and analyte that have a place, in their order."""
    held: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["day"] is not None and (row["value"] is not None or row["comparator"]):
            held.setdefault((row["patient_id"], row["analyte"]), []).append(row)
    for key, own in held.items():
        yield key, sorted(own, key=lambda row: float(row["day"]))


def _interval(row: Row) -> Interval:
    return interval(row["comparator"], row["value"])


STRIP: Final[dict[str, Any]] = {
    "analyte": TEXT,
    "group": TEXT,
    "rank": WHOLE,
    "patient_id": TEXT,
    "response": NUMBER,
    "pattern": TEXT,
    "window": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "clock": TEXT,
    "flag": TEXT,
    "comparator": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "n": WHOLE,
}
"""The columns of a heat strip: one row a patient, analyte and window with a result."""


def strip_rows(found: Sequence[Pattern], clock: str) -> list[dict[str, Any]]:
    """The cells of a heat strip, in the order in which they are drawn."""
    shared = ("window", "from_day", "to_day", "flag", "comparator", "value", "unit", "n")
    return [
        {
            "analyte": one.analyte,
            "group": one.group,
            "rank": rank,
            "patient_id": one.patient,
            "response": one.response,
            "pattern": one.letters,
            "clock": clock,
            **{name: cell[name] for name in shared},
        }
        for rank, one in enumerate(found, start=1)
        for cell in one.cells
        if cell is not None
    ]


def summary_frame(rows: Sequence[Row], schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Polars
    """Rows of a summary as a Polars frame."""
    return frame_of(rows, schema, "polars").to_native()
