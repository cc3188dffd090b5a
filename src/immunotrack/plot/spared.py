"""A page of many patients on one figure, without those who cannot be drawn."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from matplotlib.figure import Figure

from immunotrack.plot.leaf import Overlay, Strip
from immunotrack.plot.style import SizeName
from immunotrack.problems import counted

Shared = TypeVar("Shared", Overlay, Strip)


def draw_spared(
    leaf: Shared, size: SizeName, draw: Callable[[Shared, SizeName], Figure]
) -> tuple[Figure, list[tuple[str, str]]]:
    """The figure of a page, and the patients who could not be drawn with the kind of error.

    Only where the page as a whole fails is each patient tried alone. The footnote counts those who
    are left out; they stay in the medians of an overlay.
    """
    try:
        return draw(leaf, size), []
    except Exception:  # one patient never stops the others
        failed = _failed(leaf, size, draw)
        good = _patients(leaf) - failed.keys()
        if not (failed and good):
            raise
        foot = f"{leaf.around.foot} {counted(len(failed), 'patient')} could not be drawn.".strip()
        rest = replace(_only(leaf, good), around=replace(leaf.around, foot=foot))
        return draw(rest, size), list(failed.items())


def _failed(
    leaf: Shared, size: SizeName, draw: Callable[[Shared, SizeName], Figure]
) -> dict[str, str]:
    """Those who cannot even be drawn alone."""
    failed = {}
    for patient in sorted(_patients(leaf)):
        try:
            draw(_only(leaf, {patient}), size)
        except Exception as error:  # noqa: BLE001 - its kind is told
            failed[patient] = type(error).__name__
    return failed


def _patients(leaf: Overlay | Strip) -> set[str]:
    if isinstance(leaf, Strip):
        return {row.patient for row in leaf.rows}
    return {trace.patient for laid in leaf.laid for trace in laid.traces}


def _only(leaf: Shared, patients: Collection[str]) -> Shared:
    """The page with some of its patients."""
    if isinstance(leaf, Strip):
        return replace(leaf, rows=[row for row in leaf.rows if row.patient in patients])
    laid = [
        replace(one, traces=[trace for trace in one.traces if trace.patient in patients])
        for one in leaf.laid
    ]
    return replace(leaf, laid=laid)
