"""The read-out on the figure: baseline, peak, recovery and relapse, as `response` has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import narwhals as nw
from narwhals.typing import IntoDataFrame

from immunotrack.clocks import Clock
from immunotrack.courses import Course, Point, Sample, courses
from immunotrack.plot.drawn import Panel, Row, drawn_row
from immunotrack.plot.found import Found
from immunotrack.readout import ReadOut, read_out


class Treated(NamedTuple):
    """One analyte's course and what is read off it."""

    course: Course
    found: ReadOut
    clock: Clock

    def sample(self, name: str, fits: Callable[[Sample], bool]) -> Sample:
        """The sample at a place of the read-out; of several at one moment the first that fits."""
        at = self.found.places[name]
        here = [sample for sample in self.course.samples if sample.at == at]
        return next(filter(fits, here), here[0])

    def row(self, name: str, why: str, last_day: float | None = None) -> list[Row]:
        """A value of the read-out as a row; none where it is no number."""
        value = self.found.values.get(name)
        if value is None or name not in self.found.places:
            return []
        sample = self.sample(name, lambda sample: bool(sample.row["value"] == value))
        day = self.day(sample.at)
        told = {"day": day, "to_day": last_day, "why": why}
        return [] if day is None else [drawn_row(name, sample.row, **told)]

    def day(self, at: Point) -> float | None:
        """A moment on the clock of the figure."""
        return self.clock.day(at.time, at.counted)

    def why(self, *names: str) -> str:
        """What the read-out says of these."""
        said = [text for text in self.found.why if text.startswith((*names, "all values"))]
        return "; ".join(said)


def treated(frame: IntoDataFrame, events: Sequence[Row], clock: Clock) -> dict[str, Treated]:
    """The read-out of each analyte of one patient.

    Args:
        frame: Flagged results; their limits stay as they are.
    """
    return {
        course.analyte: Treated(course, read_out(course, "last", None), clock)
        for course in courses(frame, events, ranges=_as_flagged(frame))
    }


def _as_flagged(frame: IntoDataFrame) -> tuple[str, ...]:
    """The range sets by which a flagged table keeps its limits: none, unless it names one."""
    sources = {*nw.from_native(frame, eager_only=True)["range_source"].to_list()}
    return () if sources - {"", "file"} else ("none",)


def find_baseline(panels: Sequence[Panel], known: Mapping[str, Treated], last_day: float) -> Found:
    """The last value before the first dose, from its day on."""
    found = Found()
    for panel, one in _of(panels, known, found):
        remark = one.why("baseline")
        why = "; ".join(filter(None, ["last value before the first dose", remark]))
        rows = one.row("baseline", why, last_day)
        found.add(panel.analyte, rows, remark or "not detected")
        if rows and remark and not found.notes:
            found.notes.append("A baseline of the day of the first dose is taken as before it.")
    return found


def find_response(panels: Sequence[Panel], known: Mapping[str, Treated]) -> Found:
    """The peak, and recovery and relapse between the two samples that enclose them."""
    found = Found()
    for panel, one in _of(panels, known, found):
        rows = one.row("peak", "highest value after the first dose")
        for series, name in _TURNS:
            rows += _turn(one, series, name)
        found.add(panel.analyte, rows, one.why("nadir, peak", "peak", "recovery"))
    return found


_TURNS = (
    ("recovery", "recovered"),
    ("relapse", "relapsed"),
    ("recovery", "recovered_again"),
)
"""What is drawn, and what the read-out calls its two moments."""


def _of(
    panels: Sequence[Panel], known: Mapping[str, Treated], found: Found
) -> list[tuple[Panel, Treated]]:
    """The panels whose read-out is in their own unit; of the others is told why."""
    usable = []
    for panel in panels:
        one = known[panel.analyte]
        if one.course.units == [panel.samples[0]["unit"]]:
            usable.append((panel, one))
        else:
            units = " and ".join(one.course.units)
            found.add(panel.analyte, [], one.why() or f"read out in {units}")
    return usable


def _turn(one: Treated, series: str, name: str) -> list[Row]:
    """A turn that was seen; the sample out of range tells which limit was crossed."""
    if f"{name}_by" not in one.found.places:
        return []
    after = one.sample(f"{name}_after", _is_out if series == "recovery" else _is_back)
    by = one.sample(f"{name}_by", _is_back if series == "recovery" else _is_out)
    out = after if series == "recovery" else by
    side = "low" if "below" in out.sides else "high"
    told = {
        "day": one.day(after.at),
        "to_day": one.day(by.at),
        "from_value": after.row["value"],
        "to_value": by.row["value"],
        "mark": side,
        "why": f"back {_INTO[side]}" if series == "recovery" else f"again {_BEYOND[side]}",
    }
    about = {**out.row, "value": None, "comparator": "", "reported": "", "flag": ""}
    placed = None not in {told["day"], told["to_day"]}
    return [drawn_row(series, about, **told)] if placed else []


def _is_out(sample: Sample) -> bool:
    """Whether a sample is surely beyond one limit."""
    return len(sample.sides) == 1 and not _is_back(sample)


def _is_back(sample: Sample) -> bool:
    return "in" in sample.sides


_INTO = {"low": "above the lower limit", "high": "below the upper limit"}
_BEYOND = {"low": "below the lower limit", "high": "above the upper limit"}
