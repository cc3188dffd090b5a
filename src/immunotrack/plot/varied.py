"""What varies by itself, on the figure: changes beyond it, and bars for the assay's part of it."""

from collections.abc import Sequence

import narwhals as nw

from immunotrack.change import analytical_uncertainty, significant_changes
from immunotrack.plot.drawn import Panel, Row, drawn_row, printable
from immunotrack.plot.found import Found
from immunotrack.table import SCHEMA, frame_of, plain_rows
from immunotrack.variation import Variation, known_variation, variation_sources


def find_changes(panels: Sequence[Panel], variation: Sequence[Variation]) -> Found:
    """The changes between consecutive samples beyond the reference change value."""
    found = Found()
    for panel in panels:
        judged = _judged(panel, variation)
        rows = [_change(row) for row in judged if row["change_flag"]]
        found.add(panel.analyte, rows, _why_none(judged))
    if found.rows:
        found.notes.append(
            "Significant: beyond the reference change value (symmetric, 95 %) since the sample "
            "before."
        )
    return found


def find_uncertainty(panels: Sequence[Panel], variation: Sequence[Variation]) -> Found:
    """A bar of the expanded analytical uncertainty at each sample that is no bound."""
    found = Found()
    for panel in panels:
        analytical = known_variation(variation, panel.analyte).analytical
        rows = []
        for row in panel.samples if analytical else ():
            if not row["comparator"] and analytical:
                reach = analytical_uncertainty(row["value"], analytical)
                ends = {"from_value": row["value"] - reach, "to_value": row["value"] + reach}
                rows.append(drawn_row("uncertainty", row, **ends, why=f"CVA {analytical.said}"))
        why = "every value is censored" if analytical else "no analytical variation known"
        found.add(panel.analyte, rows, why)
    return found


def _judged(panel: Panel, variation: Sequence[Variation]) -> Sequence[Row]:
    """The samples of a panel in order, each with its change since the one before it."""
    frame = frame_of(panel.samples, SCHEMA, "polars").to_native()
    return plain_rows(nw.from_native(significant_changes(frame, variation)))


def _why_none(judged: Sequence[Row]) -> str:
    """Why none of these changes is significant."""
    compared = [row for row in judged if row["previous_value"] is not None]
    if not compared:
        return "no result to compare with"
    known = compared[0]["rcv_up_percent"] is not None
    return (
        "none exceeds the reference change value for certain"
        if known
        else compared[0]["change_note"]
    )


def _change(row: Row) -> Row:
    up = row["change_flag"] == "U"
    limit = row["rcv_up_percent" if up else "rcv_down_percent"]
    percent = row["change_percent"]
    way = "a rise" if up else "a fall"
    size = way if percent is None else f"{way} of {abs(percent):.3g} %"
    told = {
        "day": row["previous_day"],
        "to_day": row["day"],
        "from_value": row["previous_value"],
        "to_value": row["value"],
        "mark": row["change_flag"],
        "why": "; ".join(filter(None, [f"{size}, beyond {abs(limit):.3g} %", row["change_note"]])),
    }
    return drawn_row("change", row, **told)


def variation_note(
    panels: Sequence[Panel], changes: Found, bars: Found, variation: Sequence[Variation]
) -> str:
    """The variation that decided something, by its sources."""
    told: dict[str, dict[str, list[str]]] = {}
    for panel in panels:
        known = known_variation(variation, panel.analyte)
        sources = variation_sources(variation, panel.analyte)
        changed = panel.analyte in changes.rows
        used = (changed, changed or panel.analyte in bars.rows)
        for name, cv, source, is_used in zip(("CVI", "CVA"), known, sources, used, strict=True):
            if cv is not None and is_used:
                least = "≤ " if cv.printed else ""
                by_panel = told.setdefault(source, {}).setdefault(panel.heading, [])
                by_panel.append(f"{name} {least}{float(cv.percent):g} %")
    return "; ".join(
        ", ".join(f"{heading} {', '.join(cvs)}" for heading, cvs in by_panel.items())
        + f" ({printable(source)})"
        for source, by_panel in told.items()
    )
