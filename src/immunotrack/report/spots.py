"""What a reader can point at in a figure, and what it then says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from immunotrack.report import words
from immunotrack.report.document import Row
from immunotrack.report.ranged import range_words
from immunotrack.report.words import analyte_name, legible, unit_words

Identity = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a figure, in points from its top left corner.

    Args:
        wide: Of a bar, from `x` to the right; 0 for a point.
        label: Lines of text.
    """

    x: float
    y: float
    wide: float
    label: str


def identity(row: Row) -> Identity:
    """What a drawn row and a result have in common."""
    return (row["source"], row["line"], row["analyte"], row["reported"])


def known_results(results: Iterable[Row]) -> Mapping[Identity, Row]:
    """The results of a patient by their identity."""
    return {identity(row): row for row in results}


def result_label(drawn: Row, known: Mapping[Identity, Row]) -> str:
    """All that is said of a drawn value."""
    row = {**known.get(identity(drawn), {}), **drawn}
    key = row["analyte"]
    limits = range_words(row["low"], row["high"])
    window = row.get("window", "")
    since = row.get("days_since_dose")
    lines = [
        f"{analyte_name(key)}: {words.result(row)} {unit_words(key, row['unit'])}".rstrip(),
        words.flag_words(row["flag"]),
        f"Range {limits} ({_range_source(row['range_source'])})" if limits else "",
        " · ".join(filter(None, (f"Day {words.day(row['day'])}", _date(row)))),
        _said("Grade", words.grade_words(row) if "grade" in row else ""),
        _said("Change", words.change_words(row) if "change_percent" in row else ""),
        f"Window {legible(window)}: {_why(row)}".rstrip(": ") if window else "",
        _since(since),
        "" if row["origin"] in {"", "measured"} else f"{row['origin']} value",
    ]
    return "\n".join(filter(None, lines))


def _since(days: float | None) -> str:
    """How long after the last dose; empty where there was none."""
    if days is None:
        return ""
    return f"{words.day(days)} day{'' if days == 1 else 's'} after the last dose"


def _range_source(name: str) -> str:
    return "given with the result" if name == "file" else legible(name)


def _date(row: Row) -> str:
    return str(row.get("time") or "").replace("T", " ").removesuffix(" 00:00:00")


def _why(row: Row) -> str:
    """What the window did with a sample, or how many samples a computed value stands for."""
    return row.get("window_why") or (f"{row['aggregate']} of {row['n']}" if "n" in row else "")


def _said(name: str, text: str) -> str:
    return f"{name} {text}" if text else ""


def event_label(event: Row) -> str:
    """All that is said of an event."""
    dose = "" if event["dose"] is None else f"{words.number(event['dose'])} {event['dose_unit']}"
    lines: Sequence[str] = [
        " ".join(filter(None, (legible(event["name"]), legible(dose)))),
        f"{event['kind']}, {_span(event)}",
        legible(event["result"]),
        "" if event["basis"] == "stated" else f"{event['basis']}, not stated",
        legible(event["note"]),
    ]
    return "\n".join(filter(None, lines))


def _span(event: Row) -> str:
    start = f"day {words.day(event['day'])}"
    if event["open_end"]:
        return f"from {start}, end not stated"
    return start if event["last"] is None else f"{start} to {words.day(event['last'])}"
