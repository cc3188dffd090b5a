"""The words of a dosing plan: `3 µg/kg on day 24, then 5 mg daily for 4 days`."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from immunotrack.doses import DOSE_UNIT, find_dose_unit
from immunotrack.problems import InvalidInput, Problem
from immunotrack.regimens import Placing, usual_placing
from immunotrack.schedule import MOST_DOSES, Phase, Plan, PlannedDose

_LONGEST: Final = 2000
_SPLIT: Final = re.compile(r"[\s,]*(?:\bthen\b|;|\n)[\s,]*", re.IGNORECASE)
_COUNTS: Final = {"once": 1, "twice": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_CLAUSES: Final = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "amount": rf"(?<![\w.,-])(\d{{1,7}}(?:\.\d{{1,6}})?)\s*({DOSE_UNIT})(?![\w/])",
        "for": r"\bfor (\d{1,4}) (day|week)s?\b",
        "max": r"\b(?:max(?:imum)?|at most) (\d{1,4})(?: doses?)?( in all)?\b",
        "from": r"\bfrom day (-?\d{1,5})\b",
        "after": r"\bafter (\d{1,4}) ?(hours?|h|days?)\b",
        "on": r"\bon days? (-?\d{1,5}(?:(?: ?, ?(?:and )?| and )-?\d{1,5})*)(?![\d.:-])",
        "a week": (
            r"\b(?:(once|twice)|(\d{1,2}|three|four|five|six)(?: times| ?x))"
            r"(?: ?/ ?| (?:a |per |each |every )?)week(?:ly)?\b"
        ),
        "every": r"\bevery (?:(\d{1,4}|other) )?(day|week)s?\b",
        "daily": r"\b(?:once )?(daily|weekly)\b|\bonce (?:a|per) (day)\b",
        "once": r"\bonce\b",
    }.items()
}
_SCHEDULES: Final = ("on", "a week", "every", "daily", "once")
_REPEATED: Final = {"a week", "every", "daily"}


def parse_plan(text: str, placing: Placing | None = None) -> Plan:
    """The plan that a sentence describes.

    Its parts are divided by `then` or `;`. A part has an amount (`10 µg/kg`) and one of: `on day
    24`, `on days 24, 27, 31`, `once`, `daily`, `weekly`, `twice a week`, `every 3 days`; with
    `from day 26` or `after 48 h` for its first dose, and `for 4 weeks` or `max 7` for its end.
    `max 7` counts the doses of its part, `max 7 in all` those of the plan.

    Args:
        placing: Where doses fall that the text does not place.

    Raises:
        InvalidInput: With every fault of the text.
    """
    placing = placing or usual_placing()
    plain = " ".join(_SPLIT.sub(" then ", _plain(text[:_LONGEST])).split())
    parts = [_Part.read(number, part, placing) for number, part in enumerate(_split(plain), 1)]
    faults = [fault for part in parts for fault in part.faults]
    if len(text) > _LONGEST:
        faults.append(_fault(0, "", "the text is too long for a plan"))
    if not faults:
        most = min((part.in_all for part in parts if part.in_all), default=None)
        plan = Plan(text, tuple(part.phase for part in parts if part.phase), placing, most)
        faults = _order_faults(plan)
        if not faults:
            return plan
    raise InvalidInput(faults, unreadable=True)


def _split(plain: str) -> list[str]:
    return [part.strip(" ,.") for part in re.split(r"\bthen\b", plain, flags=re.IGNORECASE)]


def _plain(text: str) -> str:
    """The text with one kind of µ, of blanks and of minus signs."""
    folded = unicodedata.normalize("NFKC", text).replace("μ", "µ")
    return folded.replace("−", "-").replace("–", "-")


def _fault(number: int, text: str, message: str, fix: str = "") -> Problem:
    """The problem of one part of a plan; of the plan as a whole where the number is 0."""
    return Problem(
        code="bad-plan",
        source="--plan",
        column=f"part {number}" if number else None,
        value=text if number else None,
        message=message,
        fix=fix,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a sentence, read.

    Args:
        phase: What it says; None where there are faults.
        in_all: The largest number of doses of the whole plan, where it says so.
    """

    phase: Phase | None
    faults: list[Problem]
    in_all: int | None = None

    @classmethod
    def read(cls, number: int, text: str, placing: Placing) -> "_Part":
        clauses, rest = _clauses(text)
        told = [*_reading_faults(clauses, rest), *_sense_faults(clauses, number)]
        told += _number_faults(clauses, placing)
        if told:
            return cls(None, [_fault(number, text, *pair) for pair in told])
        most = clauses["max"][0] if clauses["max"] else None
        in_all = int(most[1]) if most and most[2] else None
        return cls(_phase(clauses), [], in_all)


Clauses = Mapping[str, list[re.Match[str]]]
Told = tuple[str, str]
"""What is wrong, and what to write instead."""


def _clauses(text: str) -> tuple[Clauses, str]:
    """The clauses of a part by their kinds, and what is left of the text."""
    found: dict[str, list[re.Match[str]]] = {}
    for name, pattern in _CLAUSES.items():
        found[name] = list(pattern.finditer(text))
        text = pattern.sub(" \N{SYMBOL FOR NULL} ", text)
    return found, " ".join(re.sub("[\N{SYMBOL FOR NULL},.]", " ", text).split())


_HOW_OFTEN: Final = "Write once, on day 24, daily, weekly, twice a week or every 3 days."


def _reading_faults(clauses: Clauses, rest: str) -> Iterator[Told]:
    """What is not understood, missing, or said twice."""
    if rest:
        yield (
            f"not understood: {rest[:60]!r}",
            "Write 10 µg/kg twice a week for 4 weeks; a decimal point, not a comma.",
        )
    if not clauses["amount"]:
        yield "no dose with a known unit", "Write 10 µg/kg, 5 mg or 1 MIU."
    for name, given in clauses.items():
        if len(given) > 1:
            what = {"amount": "two doses", "on": "`on day`"}.get(name, f"`{name}`")
            fix = "Write `then` between two parts." if name == "amount" else ""
            yield (f"{what} in one part" if name == "amount" else f"{what} is said twice"), fix


def _sense_faults(clauses: Clauses, number: int) -> Iterator[Told]:
    """Clauses that need, or exclude, each other."""
    schedules = [name for name in _SCHEDULES if clauses[name]]
    repeated = bool(_REPEATED & set(schedules))
    if not schedules:
        yield "how often is not stated", _HOW_OFTEN
    if len(schedules) > 1:
        said = ", ".join(clauses[name][0][0] for name in schedules)
        yield f"several schedules: {said}", _HOW_OFTEN
    if repeated and not clauses["for"] and not clauses["max"]:
        yield "no end is stated", "Write for 4 weeks or max 7."
    if schedules and not repeated:
        for name in ("for", "max"):
            if clauses[name] and not (name == "max" and clauses["max"][0][2]):
                yield f"`{name}` without a repeated dose", _HOW_OFTEN
    if clauses["from"] and clauses["after"]:
        yield "`from day` and `after` exclude each other", "Leave one of them out."
    if clauses["on"] and (clauses["from"] or clauses["after"]):
        yield "`on day` states the days already", "Leave out `from day` and `after`."
    if clauses["after"] and number == 1:
        yield "`after` without a dose before it", "Write from day 0."


def _number_faults(clauses: Clauses, placing: Placing) -> Iterator[Told]:
    """Numbers that make no sense."""
    if any(float(match[1]) == 0 for match in clauses["amount"]):
        yield "a dose of 0", "Leave the part out."
    for name in ("for", "max", "after", "every"):
        if clauses[name] and clauses[name][0][1] in {"0", "00", "000", "0000"}:
            yield f"`{clauses[name][0][0]}` is no number of days or doses", ""
    days = _days(clauses)
    if len(set(days)) < len(days):
        yield "a day is named twice", ""
    weekly = _per_week(clauses)
    if clauses["a week"] and weekly not in {1, 7, *placing.week_days}:
        yield (
            f"on which days {weekly} doses a week fall is not known",
            "Name the days with `on days`, or give a Placing for them.",
        )


def _days(clauses: Clauses) -> list[int]:
    return [int(day) for match in clauses["on"] for day in re.findall(r"-?\d+", match[1])]


def _per_week(clauses: Clauses) -> int:
    """How many doses a week; 0 where that is not how the doses are stated."""
    if not clauses["a week"]:
        return 0
    word = (clauses["a week"][0][1] or clauses["a week"][0][2]).lower()
    return _COUNTS[word] if word in _COUNTS else int(word)


def _phase(clauses: Clauses) -> Phase:
    """The part of a plan that its clauses describe."""
    amount, unit = clauses["amount"][0].groups()
    known = find_dose_unit(unit)
    weekly, step = _per_week(clauses), _step(clauses)
    if weekly in {1, 7}:
        weekly, step = 0, 7 // weekly
    length = clauses["for"][0] if clauses["for"] else None
    most = clauses["max"][0] if clauses["max"] else None
    return Phase(
        float(amount),
        known.symbol if known else unit,
        tuple(sorted(_days(clauses))),
        step,
        weekly,
        int(clauses["from"][0][1]) if clauses["from"] else None,
        _after(clauses["after"][0]) if clauses["after"] else None,
        int(length[1]) * _LENGTHS[length[2].lower()] if length else None,
        1 if clauses["once"] else int(most[1]) if most and not most[2] else None,
    )


_LENGTHS: Final = {"day": 1, "week": 7}


def _step(clauses: Clauses) -> int:
    """Days between two doses; 1 for a single dose, which has no other."""
    if clauses["every"]:
        number, length = clauses["every"][0].groups()
        times = 2 if (number or "").lower() == "other" else int(number or 1)
        return times * _LENGTHS[length.lower()]
    if clauses["daily"]:
        return 7 if (clauses["daily"][0][1] or "").lower() == "weekly" else 1
    return 1 if clauses["once"] else 0


def _after(match: re.Match[str]) -> float:
    return int(match[1]) / (24 if match[2].lower().startswith("h") else 1)


def _order_faults(plan: Plan) -> list[Problem]:
    """Parts that begin before the one before them has ended, and plans beyond every sense."""
    faults: list[Problem] = []
    last: PlannedDose | None = None
    for number, phase in enumerate(plan.phases, 1):
        doses = plan.expanded(phase, last)
        if last is not None and doses[0].day <= last.day:
            message = f"begins on day {doses[0].day:g}, not after the dose of day {last.day:g}"
            faults.append(_fault(number, plan.text, message, "Put the parts in their order."))
        last = doses[-1]
    if not faults and len(plan.doses()) > MOST_DOSES:
        faults.append(_fault(0, "", f"more than {MOST_DOSES} doses"))
    return faults
