"""From a cohort to its overlays: every patient's line, and the quartiles of each window."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from immunotrack.plot.drawn import Row, printable
from immunotrack.plot.ground import Gallery, Ground
from immunotrack.plot.leaf import GRIDS, MOST_GROUPS, NO_RANGE, Laid, Mark, Overlay, Sheet, Trace
from immunotrack.plot.notes import KEPT
from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.summaries import SUMMARY, Taken, by_window, summarise, summary_frame
from immunotrack.windows import Window, WindowSet


def compose_overlay(ground: Ground, size: str) -> Gallery:
    """The pages of overlays.

    Raises:
        InvalidInput: There are more groups than can be told apart.
    """
    groups = ground.cohort.groups
    if len(groups) > MOST_GROUPS:
        raise InvalidInput([_too_many(groups)])
    windows = ground.windows()
    taken = by_window(ground.cohort, windows)
    rows = {key: summarise(taken, [key]) for key in ground.keys}
    laid = [_laid(ground, key, rows[key], groups) for key in ground.keys]
    grid = GRIDS[size]
    capacity = grid.wide * grid.deep
    around = ground.around("", _windows_note(ground, windows), _bounds_note(taken))
    centres = {entry.label: _centre(entry, ground) for entry in windows.windows}
    shared = replace(ground.shared, days=_with_room(ground.shared.days, list(centres.values())))
    sheets = [
        Sheet(
            leaf=Overlay(
                around=around,
                laid=laid[first : first + capacity],
                shared=shared,
                groups=[printable(group) for group in groups],
                centres=centres,
                wide=grid.wide,
                highlight=printable(ground.wanted.highlight),
                places=ground.cohort.visits,
            ),
            marks=[Mark(title=one.panel.heading) for one in laid[first : first + capacity]],
        )
        for first in range(0, len(laid), capacity)
    ]
    table = summary_frame([row for own in rows.values() for row in own], SUMMARY)
    return ground.gallery(sheets, table)


def _too_many(groups: Sequence[str]) -> Problem:
    return Problem(
        code="unknown-option",
        source="--by",
        message=f"{counted(len(groups), 'group')} are more than an overlay can tell apart",
        fix=f"Take a column with at most {MOST_GROUPS} values, or another --figure.",
    )


def _laid(ground: Ground, key: str, summary: Sequence[Row], groups: Sequence[str]) -> Laid:
    rows = ground.rows[key]
    ranges = {(row["low"], row["high"]) for row in rows} or {NO_RANGE}
    real = ranges - {NO_RANGE} or ranges
    own = [row for row in rows if row["patient_id"] == ground.wanted.highlight]
    by_group: Mapping[str, Sequence[Row]] = {
        printable(group): [row for row in summary if row["group"] == group] for group in groups
    }
    return Laid(
        panel=ground.panel(key, own),
        extremes=ground.panel(key),
        traces=_traces(ground, rows, groups),
        summary=by_group,
        range=next(iter(real)) if len(real) == 1 else None,
        everywhere=len(ranges) == 1,
    )


def _traces(ground: Ground, rows: Sequence[Row], groups: Sequence[str]) -> list[Trace]:
    """The line of each patient."""
    held: dict[str, list[Row]] = {}
    for row in rows:
        held.setdefault(row["patient_id"], []).append(row)
    places = {group: place for place, group in enumerate(groups)}
    found = []
    for one in ground.members:
        own = sorted(held.get(one.patient, []), key=lambda row: float(row["day"]))
        if own:
            days, values = ([row[name] for row in own] for name in ("day", "value"))
            group = places[one.group]
            found.append(Trace(patient=one.patient, group=group, days=days, values=values))
    return found


def _centre(entry: Window, ground: Ground) -> float:
    """The place of a window on the time axis."""
    if entry.at_day is not None:
        return float(entry.at_day)
    first, last = ground.shared.days
    return (max(entry.first, first) + min(entry.last, last)) / 2


def _with_room(days: tuple[float, float], centres: Sequence[float]) -> tuple[float, float]:
    """The time axis with room for a mark at every place."""
    air = (days[1] - days[0]) * 0.03
    return min(days[0], min(centres) - air), max(days[1], max(centres) + air)


def _windows_note(ground: Ground, windows: WindowSet) -> str:
    kept = KEPT[windows.aggregate]
    if ground.cohort.visits:
        return f"Each patient counts once a visit ({kept})."
    spans = f" of {windows.name}" if windows.source == "--every" else f" {windows.name}"
    return (
        f"Median and quartiles per sampling window{spans}; each patient counts once ({kept}); "
        "n: patients in a window."
    )


def _bounds_note(taken: Taken) -> str:
    if not any(row["comparator"] for row in taken.rows):
        return ""
    return (
        "Censored values stay bounds in medians; a patient's line shows them at their limit; IND: "
        "what they allow leaves the median open."
    )
