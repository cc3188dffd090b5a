"""Everything that a figure shows on request, decided before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from narwhals.typing import IntoDataFrame

from immunotrack.clocks import Clock
from immunotrack.plot.asked import Asked
from immunotrack.plot.drawn import Panel, Row, not_drawn
from immunotrack.plot.found import Found, merged
from immunotrack.plot.planned import find_missed
from immunotrack.plot.severity import find_grades
from immunotrack.plot.treated import find_baseline, find_response, treated
from immunotrack.plot.varied import find_changes, find_uncertainty, variation_note
from immunotrack.problems import Problem


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to mark.

    Args:
        frame: The flagged measurements of the patient.
        events: Rows of the patient's events table.
        days: First and last day of the time axis.
    """

    frame: IntoDataFrame
    events: Sequence[Row]
    clock: Clock
    panels: Sequence[Panel]
    lanes: Mapping[str, Sequence[Row]]
    days: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn on request.

    Args:
        by_panel: Rows of `DRAWN` by analyte.
        by_lane: The same of doses, by lane.
        notes: Sentences for the footnote.
        problems: What was asked for and has nothing to show.
    """

    by_panel: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    by_lane: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    def of(self, analyte: str) -> Sequence[Row]:
        """The rows of one panel."""
        return self.by_panel.get(analyte, ())

    @property
    def rows(self) -> list[Row]:
        """All of them."""
        every = (*self.by_panel.values(), *self.by_lane.values())
        return [row for rows in every for row in rows]


def find_marks(scene: Scene, asked: Asked) -> Marks:
    """What was asked for and is there.

    Raises:
        InvalidInput: A plan belongs to no dose.
    """
    problems: list[Problem] = []
    found: dict[str, Found] = {}
    doses = Found()
    if "missed" in asked.names:
        doses, problems = find_missed(
            scene.lanes, scene.events, scene.clock, scene.days, asked.plans
        )
        found["missed"] = doses
    if asked.view == "strip":
        problems += _not_in_a_strip(asked)
    else:
        found |= _in_panels(scene, asked)
    panels = [one for name, one in found.items() if name != "missed"]
    notes = [note for one in found.values() for note in one.notes]
    changes, bars = (found.get(name, Found()) for name in ("changes", "uncertainty"))
    if told := variation_note(scene.panels, changes, bars, asked.variation):
        notes.append(f"Variation: {told}.")
    return Marks(
        merged(panels),
        doses.rows,
        notes,
        [*problems, *(_nothing(name, one) for name, one in found.items() if not one.rows)],
    )


def _in_panels(scene: Scene, asked: Asked) -> dict[str, Found]:
    """What the panels show, by its name."""
    found: dict[str, Found] = {}
    if {"baseline", "response"} & {*asked.names}:
        known = treated(scene.frame, scene.events, scene.clock)
    for name in asked.names:
        if name == "grades" and asked.scale:
            found[name] = find_grades(scene.panels, scene.days, asked.scale)
        elif name == "baseline":
            found[name] = find_baseline(scene.panels, known, scene.days[1])
        elif name == "response":
            found[name] = find_response(scene.panels, known)
        elif name == "changes":
            found[name] = find_changes(scene.panels, asked.variation)
        elif name == "uncertainty":
            found[name] = find_uncertainty(scene.panels, asked.variation)
    return found


def _nothing(name: str, found: Found) -> Problem:
    return not_drawn(
        f"--show {name} has nothing to show" + (f": {'; '.join(found.why)}" if found.why else "")
    )


def _not_in_a_strip(asked: Asked) -> list[Problem]:
    return [
        not_drawn(f"--show {name} has no place in a strip", "Take --view panels.")
        for name in asked.names
        if name != "missed"
    ]
