"""What was found to draw on request: rows, sentences, and why there is nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from immunotrack.plot.drawn import Row


@dataclass(slots=True)
class Found:
    """What one name of `--show` adds to a figure.

    Args:
        rows: Rows of `DRAWN`, by analyte; those of doses by lane.
        notes: Sentences for the footnote.
        why: Reasons why something has nothing to show.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def add(self, place: str, rows: Sequence[Row], why: str = "") -> None:
        """Rows of a panel or a lane, or the reason why there are none."""
        if rows:
            self.rows.setdefault(place, []).extend(rows)
        elif why:
            self.why.append(f"{place}: {why}")


def merged(places: Sequence[Found]) -> Mapping[str, list[Row]]:
    """The rows of several finds by their place."""
    rows: dict[str, list[Row]] = {}
    for found in places:
        for place, own in found.rows.items():
            rows.setdefault(place, []).extend(own)
    return rows
