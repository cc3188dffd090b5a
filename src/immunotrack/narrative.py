"""Narrative checks: what a case's text says of its data, asked of the data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from immunotrack.problems import Problem, Severity
from immunotrack.settings import Entry
from immunotrack.values import bounds

Ask = Literal[
    "all flagged",
    "some flagged",
    "rises",
    "falls",
    "dips",
    "does not rise",
    "never detected",
    "none later",
    "event",
]


Days = Annotated[tuple[int, int], Field(strict=False)]


class NarrativeCheck(Entry):
    """One statement of a case's text, in a form that data can bear out or not.

    Args:
        claim: The statement's number in the list of claims.
        quote: The words of the text.
        ask: How the data are asked. `all flagged`: every result of `analyte` within `days` has one
            of `flags`; `some flagged`: at least one has. `rises`, `falls`: some (`falls`: every)
            result within `days` is above (below) all (the last) of those within `before`. `dips`:
            the lowest within `days` is below the highest within `before` and within `after`. `does
            not rise`: none within `days` is above the highest within `before`. `never detected`:
            every result is below detection. `none later`: no result after the last of `days`.
            `event`: an event of `kind` and `name` (and `dose`, `result`) starts within `days`.
        days, before, after: First and last day, both included.
    """

    claim: str
    quote: str
    ask: Ask
    analyte: str = ""
    days: Days = (0, 0)
    before: Days = (0, 0)
    after: Days = (0, 0)
    flags: list[str] = []
    kind: str = ""
    name: str = ""
    dose: int | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the data say of a statement.

    Args:
        holds: True, False, or None where there is nothing to ask.
        why: The results that decided it.
    """

    check: NarrativeCheck
    holds: bool | None
    why: str


Row = Mapping[str, Any]


def ask(
    checks: Sequence[NarrativeCheck], results: Sequence[Row], events: Sequence[Row]
) -> list[Answer]:
    """Every check with its answer.

    Args:
        results: Rows of a flagged measurements table of one patient, with days.
        events: Rows of the events table of the same patient.
    """
    said = [
        row
        for row in results
        if row["day"] is not None and (row["value"] is not None or row["comparator"])
    ]
    return [_answer(check, said, events) for check in checks]


def answer_problems(answers: Sequence[Answer], source: str) -> list[Problem]:
    """The checks that fail (errors) or have nothing to ask (warnings)."""
    return [
        Problem(
            code="narrative-check" if answer.holds is False else "narrative-unchecked",
            severity=Severity.ERROR if answer.holds is False else Severity.WARNING,
            source=source,
            column=answer.check.claim,
            message=f"“{answer.check.quote}”: {answer.why}",
            fix="Correct the data, or the check in case.toml." if answer.holds is False else "",
        )
        for answer in answers
        if not answer.holds
    ]


def _answer(check: NarrativeCheck, results: Sequence[Row], events: Sequence[Row]) -> Answer:
    if check.ask == "event":
        return _event(check, events)
    series = [row for row in results if row["analyte"] == check.analyte]
    if not series:
        return Answer(check, None, f"no result of {check.analyte}")
    holds, why = _ASKED[check.ask](check, series)
    return Answer(check, holds, why)


def _within(series: Sequence[Row], days: tuple[int, int]) -> list[Row]:
    return [row for row in series if days[0] <= int(row["day"] // 1) <= days[1]]


def _span(days: tuple[int, int]) -> str:
    return f"day {days[0]}" if days[0] == days[1] else f"days {days[0]} to {days[1]}"


def _said(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row['reported']} on day {row['day']:g}" for row in rows) or "no result"


def _lowest(row: Row) -> float:
    return bounds(row["comparator"], row["value"])[0].value


def _highest(row: Row) -> float:
    return bounds(row["comparator"], row["value"])[1].value


def _all_flagged(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    rows = _within(series, check.days)
    if not rows:
        return None, f"no result of {check.analyte} within {_span(check.days)}"
    wrong = [row for row in rows if row["flag"] not in check.flags]
    if wrong:
        return False, f"not {' or '.join(check.flags)}: {_said(wrong)}"
    return True, f"{len(rows)} results within {_span(check.days)}, each {' or '.join(check.flags)}"


def _some_flagged(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    rows = _within(series, check.days)
    right = [row for row in rows if row["flag"] in check.flags]
    if right:
        return True, f"{' or '.join(check.flags)}: {_said(right)}"
    if not rows:
        return None, f"no result of {check.analyte} within {_span(check.days)}"
    return False, f"none is {' or '.join(check.flags)}: {_said(rows)}"


def _in_order(series: Sequence[Row], *spans: Days) -> tuple[list[list[Row]], str]:
    """The results of each span of days; a sentence of what is missing, if one has none."""
    found = [_within(series, days) for days in spans]
    *first, last = (_span(days) for days in spans)
    needed = f"results are needed within {', '.join(first)} and {last}"
    return found, "" if all(found) else needed


def _rises(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    (before, rows), missing = _in_order(series, check.before, check.days)
    if missing:
        return None, missing
    above = _above_all(rows, before)
    return bool(above), f"before: {_said(before)}; then: {_said(above or rows)}"


def _above_all(rows: Sequence[Row], before: Sequence[Row]) -> list[Row]:
    """The results that are surely above every one of those before."""
    ceiling = max(_highest(row) for row in before)
    return [row for row in rows if _lowest(row) > ceiling]


def _falls(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    (before, rows), missing = _in_order(series, check.before, check.days)
    if missing:
        return None, missing
    last = max(before, key=lambda row: float(row["day"]))
    fell = all(_highest(row) < _lowest(last) for row in rows)
    return fell, f"before: {_said([last])}; then: {_said(rows)}"


def _dips(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    (before, rows, after), missing = _in_order(series, check.before, check.days, check.after)
    if missing:
        return None, missing
    lowest = min(rows, key=_highest)
    peak, again = max(before, key=_lowest), max(after, key=_lowest)
    dipped = _highest(lowest) < min(_lowest(peak), _lowest(again))
    return dipped, f"{_said([peak])}, then {_said([lowest])}, then {_said([again])}"


def _does_not_rise(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    (before, rows), missing = _in_order(series, check.before, check.days)
    if missing:
        return None, missing
    above = _above_all(rows, before)
    ceiling = max(_highest(row) for row in before)
    if above:
        return False, f"above the highest before ({ceiling:g}): {_said(above)}"
    return True, f"none of {len(rows)} results is above the highest before ({ceiling:g})"


def _never_detected(_: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    detected = [row for row in series if row["comparator"] not in {"<", "<="}]
    if detected:
        return False, f"detected: {_said(detected)}"
    return True, f"{len(series)} results, each below detection"


def _none_later(check: NarrativeCheck, series: Sequence[Row]) -> tuple[bool | None, str]:
    later = [row for row in series if row["day"] >= check.days[1] + 1]
    last = max(row["day"] for row in series)
    return not later, f"later: {_said(later)}" if later else f"the last is of day {last:g}"


def _event(check: NarrativeCheck, events: Sequence[Row]) -> Answer:
    wanted = {"kind": check.kind, "name": check.name, "dose": check.dose, "result": check.result}
    wanted = {name: value for name, value in wanted.items() if value not in {None, ""}}
    found = [
        event
        for event in events
        if all(event[name] == value for name, value in wanted.items())
        and event["start_day"] is not None
        and check.days[0] <= int(event["start_day"] // 1) <= check.days[1]
    ]
    told = " ".join(str(value) for value in wanted.values())
    if found:
        return Answer(check, True, f"{told} on day {found[0]['start_day']:g}")  # noqa: FBT003
    return Answer(check, False, f"no {told} within {_span(check.days)}")  # noqa: FBT003


_ASKED: Final[dict[str, Callable[[NarrativeCheck, Sequence[Row]], tuple[bool | None, str]]]] = {
    "all flagged": _all_flagged,
    "some flagged": _some_flagged,
    "rises": _rises,
    "falls": _falls,
    "dips": _dips,
    "does not rise": _does_not_rise,
    "never detected": _never_detected,
    "none later": _none_later,
}
