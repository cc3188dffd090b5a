"""The series of a figure: which analytes, in which unit, by window or sample by sample."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals as nw

from immunotrack.analytes import Analyte, analytes
from immunotrack.plot.asked import View
from immunotrack.plot.drawn import Panel, Row, drawn_row, not_drawn, printable
from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.ranges import ReferenceRange, builtin_range_sets
from immunotrack.table import LIMITS, analyte_key, plain_rows, standard_value
from immunotrack.units import shift_between
from immunotrack.windowed import window
from immunotrack.windows import WindowSet

MOST_PANELS: Final = 9
MOST_ROWS: Final = 40
"""How many panels, or rows of a strip, are drawn where the user does not choose."""


@dataclass(frozen=True, slots=True)
class Series:
    """What the panels of a figure show.

    Args:
        panels: In the order in which they are drawn.
        table: The rows drawn (see `DRAWN`).
        problems: What is there and not drawn, and what is odd about the windows.
    """

    panels: list[Panel]
    table: list[Row]
    problems: list[Problem]


def series(
    table: nw.DataFrame[Any],
    *,
    wanted: Sequence[str] = (),
    log: Sequence[str] = (),
    windows: WindowSet | None = None,
    died: float | None = None,
    view: View = "panels",
) -> Series:
    """The series of one patient.

    Args:
        table: Flagged results with `day` on the figure's clock, in standard units.
        wanted: Names of the analytes, in order; by default those of the catalogue.
        log: Names of the analytes with a logarithmic axis.
        died: The day of death.
        view: Many more analytes have room in a strip.

    Raises:
        InvalidInput: An analyte that was asked for has no number to draw.
    """
    rows = plain_rows(table)
    drawable = [row for row in rows if row["value"] is not None and row["day"] is not None]
    keys, problems = choose_analytes(drawable, wanted, view)
    problems += _without_number(rows, keys, wanted)
    one_unit, mixed = in_one_unit(drawable, keys)
    by_window = _windowed(table, keys, windows, died)
    problems += [*mixed, *by_window.problems]
    logs = log_keys(log, keys)
    panels = [_panel(key, one_unit[key], by_window, log=key in logs) for key in keys]
    problems += [problem for panel in panels for problem in _not_positive(panel)]
    return Series(panels, _drawn_rows(rows, panels, by_window), problems)


def choose_analytes(
    rows: Sequence[Row], wanted: Sequence[str], view: View = "panels"
) -> tuple[list[str], list[Problem]]:
    """The analytes to draw, in order, and a note of those that are there and not drawn."""
    counts = Counter(row["analyte"] for row in rows)
    if wanted:
        keys = list(dict.fromkeys(analyte_key(name) for name in wanted))
        refuse_absent(set(keys) - set(counts), "--analytes", list(counts))
        return keys, []
    known = [key for key in analytes() if key in counts]
    others = sorted(set(counts) - set(known), key=lambda key: (-counts[key], key))
    if view == "strip":
        keys = [*known, *others][:MOST_ROWS]
    else:
        keys = known[:MOST_PANELS] if known else others[: MOST_PANELS - 3]
    left = [key for key in (*known, *others) if key not in keys]
    if not left:
        return keys, []
    message = f"{len(keys)} of {len(counts)} analytes are drawn; not drawn: {', '.join(left)}"
    return keys, [not_drawn(message, "Choose with --analytes.")]


def refuse_absent(names: Iterable[str], option: str, there: Sequence[str]) -> None:
    """Refuse names that an option gives and that the data do not have.

    Raises:
        InvalidInput: There are such names; the message lists what there is.
    """
    problems = [
        Problem(
            code="unknown-option",
            source=option,
            message=f"{shown(name)} has nothing to draw here",
            fix=f"There are: {', '.join(there[:30])}." if there else "",
        )
        for name in sorted(names)
    ]
    if problems:
        raise InvalidInput(problems)


def log_keys(names: Sequence[str], keys: Sequence[str]) -> set[str]:
    """The analytes with a logarithmic axis, each one that is drawn.

    Raises:
        InvalidInput: One is not.
    """
    logs = {analyte_key(name) for name in names}
    refuse_absent(logs - set(keys), "--log", keys)
    return logs


def _without_number(
    rows: Sequence[Row], keys: Sequence[str], wanted: Sequence[str]
) -> list[Problem]:
    """What has no place on the figure: results without a number, and without a day on its clock."""
    wordy = Counter(row["analyte"] for row in rows if row["value"] is None)
    dayless = sum(row["value"] is not None and row["day"] is None for row in rows)
    problems = []
    told = {key: number for key, number in wordy.items() if not wanted or key in keys}
    if told:
        names = ", ".join(f"{key} ({number})" for key, number in told.items())
        problems.append(not_drawn(f"results without a number: {names}"))
    if dayless:
        problems.append(
            not_drawn(
                f"{dayless} results have no day on the figure's clock",
                "Give every result a date, or every result a day.",
            )
        )
    return problems


def in_one_unit(
    rows: Sequence[Row], keys: Sequence[str]
) -> tuple[dict[str, list[Row]], list[Problem]]:
    """The rows of each analyte in one unit, and what cannot be said in it.

    The unit is the analyte's own where a result has it, else the commonest one.
    """
    found: dict[str, list[Row]] = {}
    problems = []
    for key in keys:
        own = [row for row in rows if row["analyte"] == key]
        units = Counter(row["unit"] for row in own)
        analyte = analytes().get(key)
        target = analyte.unit if analyte and analyte.unit in units else units.most_common(1)[0][0]
        said = [_in_unit(row, target) for row in own]
        found[key] = [row for row in said if row is not None]
        if None in said:
            lost = sum(row is None for row in said)
            others = ", ".join(sorted({row["unit"] or "no unit" for row in own} - {target}))
            message = f"{lost} results of {key} in {others} have no place on an axis in {target}"
            problems.append(not_drawn(message, code="mixed-units"))
    return found, problems


def _in_unit(row: Row, target: str) -> Row | None:
    """A row with value and limits in another unit; None without a conversion."""
    if row["unit"] == target:
        return row
    shift = shift_between(row["unit"], target)
    if shift is None:
        return None
    numbers = {
        name: None if row[name] is None else standard_value(row[name], shift)
        for name in ("value", *LIMITS)
    }
    return {**row, **numbers, "unit": target}


@dataclass(frozen=True, slots=True)
class _ByWindow:
    """What windows made of the results; nothing at all without windows."""

    windows: WindowSet | None
    chosen: Sequence[Row] = ()
    audit: Sequence[Row] = ()
    problems: Sequence[Problem] = ()

    def takes(self, analyte: str) -> bool:
        """Whether the results of an analyte are drawn by window."""
        return self.windows is not None and self.windows.applies_to(analyte)


def _windowed(
    table: nw.DataFrame[Any], keys: Sequence[str], windows: WindowSet | None, died: float | None
) -> _ByWindow:
    taken = table.filter(nw.col("analyte").is_in(list(keys)))
    if windows is None or taken.is_empty():
        return _ByWindow(windows)
    result = window(taken.to_native(), windows, died)
    chosen, audit = (plain_rows(nw.from_native(part)) for part in (result.chosen, result.audit))
    return _ByWindow(windows, chosen, audit, result.problems)


def _panel(key: str, samples: Sequence[Row], by_window: _ByWindow, *, log: bool) -> Panel:
    unit = samples[0]["unit"]
    if not by_window.takes(key):
        return panel_of(key, unit, samples, log=log)
    chosen = [row for row in by_window.chosen if row["analyte"] == key and row["value"] is not None]
    windows = by_window.windows.windows if by_window.windows else []
    return replace(
        panel_of(key, unit, [row for row in chosen if row["unit"] == unit], log=log),
        faint=_by_day(samples),
        spans=[(entry.first, entry.last) for entry in windows],
    )


def panel_of(key: str, unit: str, rows: Sequence[Row], *, log: bool = False) -> Panel:
    """The panel of one analyte, every row on its line.

    Args:
        rows: With a number, a day, and this unit.
    """
    analyte = analytes().get(key)
    return Panel(
        analyte=key,
        heading=printable(analyte.heading if analyte else key),
        unit=printable(analyte.axis_unit if analyte and unit == analyte.unit else unit),
        line=_by_day(rows),
        faint=[],
        limits=_decision_limits(analyte, unit),
        spans=[],
        counts=analyte is not None or unit.startswith("cells"),
        log=log,
    )


def _by_day(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: float(row["day"]))


def _decision_limits(analyte: Analyte | None, unit: str) -> list[ReferenceRange]:
    if analyte is None or unit != analyte.unit:
        return []
    sets = builtin_range_sets().values()
    return [limit for entry in sets for limit in entry.decision_limits(analyte.key)]


def _not_positive(panel: Panel) -> list[Problem]:
    """The values that a logarithmic axis cannot show."""
    hidden = sum(row["value"] <= 0 for row in panel.line) if panel.log else 0
    if not hidden:
        return []
    return [
        not_drawn(f"{hidden} results of {panel.analyte} are zero and have no place on a log axis")
    ]


def _drawn_rows(rows: Sequence[Row], panels: Sequence[Panel], by_window: _ByWindow) -> list[Row]:
    """What is drawn, row by row; with windows, also what each of them left out and why."""
    accounts = {_identity(account): account for account in by_window.audit}
    told = []
    for panel in panels:
        for row in panel.line:
            series_name = "window" if panel.spans else "value"
            why = accounts.get(_identity(row), {}).get("why", "") if panel.spans else ""
            window_name = row.get("window", "")
            told.append(drawn_row(series_name, row, window=window_name, why=why))
        for row in panel.faint:
            account = accounts[_identity(row)]
            told.append(drawn_row("sample", row, window=account["window"], why=account["why"]))
    drawn = {_identity(row) for row in told}
    keys = {panel.analyte for panel in panels}
    return told + [
        drawn_row("not drawn", row, why=_reason(row))
        for row in rows
        if row["analyte"] in keys and _identity(row) not in drawn
    ]


def _reason(row: Row) -> str:
    if row["value"] is None:
        return "no number"
    return "no day on this clock" if row["day"] is None else "another unit"


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["line"], row["analyte"], row["reported"], row["day"])
