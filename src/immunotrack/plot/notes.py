"""The footnote of a figure: what a reader must know, from what is drawn."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from immunotrack.plot.drawn import Timeline
from immunotrack.problems import counted
from immunotrack.ranges import builtin_range_sets
from immunotrack.windows import Window

ILLUSTRATIVE: Final = (
    "ILLUSTRATIVE VALUES: chosen to fit the text of the source, which prints none of them."
)
"""Said on every figure that draws an illustrative value; there is no way to leave it out."""

KEPT: Final = {
    "max": "highest value kept",
    "min": "lowest value kept",
    "mean": "mean of the values",
    "median": "median of the values",
    "first": "first value kept",
    "last": "last value kept",
    "nearest": "value nearest to the day kept",
}


def footnote(timeline: Timeline) -> str:
    """Windows and their rule, range sets, and everything that is assumed."""
    sentences = [
        *_window_notes(timeline),
        *_range_notes(timeline),
        *_event_notes(timeline),
        *timeline.notes,
        *(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in timeline.assumptions),
    ]
    return " ".join(sentences)


def _window_notes(timeline: Timeline) -> Iterator[str]:
    headings = ", ".join(panel.heading for panel in timeline.panels if panel.spans)
    if timeline.windows is None or not headings:
        return
    spans = ", ".join(f"{entry.label} ({_span(entry)})" for entry in timeline.windows.windows)
    rule = KEPT[timeline.windows.aggregate]
    clock = timeline.windows.clock
    yield f"{headings}: {rule} per sampling window ({clock}) {spans}; every sample drawn faintly."


def _span(window: Window) -> str:
    if math.isinf(window.first):
        return f"to {window.last:g}"
    if math.isinf(window.last):
        return f"from {window.first:g}"
    return f"{window.first:g}–{window.last:g}"


def _range_notes(timeline: Timeline) -> Iterator[str]:
    sources: dict[str, list[str]] = {}
    ageless: set[str] = set()
    for panel in timeline.panels:
        named = [row for row in panel.line if row["range_source"]]
        for name in dict.fromkeys(row["range_source"] for row in named):
            sources.setdefault(name, []).append(panel.heading)
        ageless |= {
            row["range_source"]
            for row in named
            if row["age_years"] is None and _for_adults(row["range_source"], panel.analyte)
        }
    if sources:
        told = "; ".join(
            _by_range(name, headings, brief=timeline.view == "strip")
            for name, headings in sources.items()
        )
        yield f"Reference ranges: {told}."
    if ageless:
        yield "Age not given: adult ranges are assumed to apply."
    if timeline.view == "panels" and any(panel.limits for panel in timeline.panels):
        yield "Dashed: decision limits, which are no reference range."


def _by_range(name: str, headings: Sequence[str], *, brief: bool) -> str:
    """A range set and whose it is; briefly how many analytes have it."""
    words = "as given with the results" if name == "file" else name
    if brief:
        return f"{words} ({counted(len(headings), 'analyte')})"
    return f"{', '.join(dict.fromkeys(headings))}: {words}"


def _for_adults(set_name: str, analyte: str) -> bool:
    found = builtin_range_sets().get(set_name)
    return found is not None and any(
        entry.adults for entry in found.ranges if entry.analyte == analyte
    )


def _event_notes(timeline: Timeline) -> Iterator[str]:
    assumed = [
        lane
        for lane, events in timeline.lanes.items()
        if any(event["basis"] == "assumed" for event in events)
    ]
    if assumed:
        yield f"Open marks ({', '.join(assumed)}): assumed."
    if any(event["open_end"] for events in timeline.lanes.values() for event in events):
        yield "Dotted: end not stated."
