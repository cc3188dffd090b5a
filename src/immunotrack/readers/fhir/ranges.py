"""The reference range of a result: the one that is clearly its own, as limits; the rest as text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from immunotrack.readers.fhir.element import Element, concept_text, first, quantity_unit
from immunotrack.readers.fhir.values import Value
from immunotrack.readers.grid import NumberCell
from immunotrack.readers.headers import sexes
from immunotrack.times import age_in_years, parse_time
from immunotrack.units import convert, find_unit, shift_between


@dataclass(frozen=True, slots=True)
class Ranges:
    """What the file says of the reference range of a result.

    Args:
        low, high: The limits of the only range that is the result's own, in the result's unit.
        text: Every other range, and every text beside a range.
        code, message: Of the warning why there are no limits, if there is one.
    """

    low: str = ""
    high: str = ""
    text: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """What a range may depend on.

    Args:
        sex: `male`, `female` or empty.
        birth, at: The date of birth and the time of the sample; None where not known to the day.
    """

    sex: str = ""
    birth: datetime | None = None
    at: datetime | None = None


def person_of(patient: Element, time: str) -> Person:
    """What a file says of a patient at a time."""
    sex = sexes().get(patient.text("gender").strip().casefold(), "")
    return Person(sex, parse_time(patient.text("birthDate")).time, parse_time(time).time)


def read_ranges(part: Element, value: Value, person: Person) -> Ranges:
    """The reference ranges of an Observation or a component."""
    entries = part.children("referenceRange")
    limited = [entry for entry in entries if _limited(entry) and _is_normal(entry)]
    answers = [_applies(entry, person) for entry in limited]
    own = [entry for entry, fits in zip(limited, answers, strict=True) if fits]
    if len(own) == 1:
        return _chosen(own[0], entries, value)
    ranges = Ranges(text=_texts(entries, used=None))
    if len(own) > 1:
        several = f"{len(own)} reference ranges fit the result; none is used"
        return replace(ranges, code="several-ranges", message=several)
    if None in answers:
        unknown = "the reference range is for an age, a sex or a group that the file does not say"
        return replace(ranges, code="range-condition", message=unknown)
    if ranges.text and not any(map(_limited, entries)):
        worded = "the reference range is in words, and not used"
        return replace(ranges, code="text-range", message=worded)
    return ranges


def _chosen(entry: Element, entries: Sequence[Element], value: Value) -> Ranges:
    """The limits of the one range, in the unit of the result."""
    limits = {end: entry.child(end) for end in ("low", "high")}
    cells = {end: _limit(limit, value) for end, limit in limits.items()}
    if None not in cells.values():
        return Ranges(cells["low"] or "", cells["high"] or "", _texts(entries, used=entry))
    unit = first(quantity_unit(limit) for limit in limits.values())
    own = f"in {value.unit}" if value.unit else "without a unit"
    message = f"the reference range is in {unit} and the result {own}; it is not used"
    return Ranges(text=_texts(entries, used=None), code="range-unit", message=message)


def _limit(limit: Element, value: Value) -> str | None:
    """A limit in the unit of the result; None where it does not convert."""
    number = limit.number("value")
    spellings = [limit.text(name) for name in ("code", "unit", "units")]
    units = [spelling for spelling in spellings if spelling]
    if number is None or not units or any(_same(u, v) for u in units for v in value.spellings):
        return number or ""
    unit = quantity_unit(limit)
    amount = _decimal(number)
    if shift_between(unit, value.unit) is None or amount is None:
        return None
    return NumberCell(convert(amount, unit, value.unit))


def _decimal(number: NumberCell) -> Decimal | None:
    """A number that can be calculated with; None for one of a size that no laboratory has."""
    if len(number) > 40:
        return None
    try:
        amount = Decimal(number)
    except InvalidOperation:
        return None
    return amount if abs(amount.adjusted()) < 40 else None


def _same(one: str, other: str) -> bool:
    """Whether two spellings are one unit."""
    known, other_known = find_unit(one), find_unit(other)
    if known and other_known:
        return known.symbol == other_known.symbol
    return one.strip().casefold() == other.strip().casefold()


def _limited(entry: Element) -> bool:
    return any(entry.child(end).number("value") is not None for end in ("low", "high"))


_NORMAL = re.compile(r"\bnormal", re.IGNORECASE)


def _is_normal(entry: Element) -> bool:
    """Whether a range is that of the normal; DSTU2 has `meaning` where later versions have type."""
    types = [entry.child(name) for name in ("type", "meaning") if entry.child(name)]
    return all(_NORMAL.search(text) for kind in types for text in [_said(kind)])


def _said(concept: Element) -> str:
    """All that a CodeableConcept says, in one text."""
    texts = [c.text(name) for c in concept.children("coding") for name in ("code", "display")]
    return " ; ".join([concept.text("text"), *texts])


def _applies(entry: Element, person: Person) -> bool | None:
    """Whether a range is for the patient; None where that is not known."""
    answers = [_sex_fits(concept, person.sex) for concept in entry.children("appliesTo", lone=True)]
    age = entry.child("age")
    if age:
        answers.append(_age_fits(age, person))
    if False in answers:
        return False
    return None if None in answers else True


_SEXES: Final = {"248153007": "male", "248152002": "female"}
"""source: SNOMED CT, as in the value set referencerange-appliesto of FHIR R4."""


def _sex_fits(concept: Element, sex: str) -> bool | None:
    words = [
        concept.text("text"),
        *(c.text(name) for c in concept.children("coding") for name in ("code", "display")),
    ]
    meant = {_SEXES.get(word) or sexes().get(word.strip().casefold(), "") for word in words} - {""}
    if len(meant) != 1 or not sex:
        return None
    return sex in meant


def _age_fits(age: Element, person: Person) -> bool | None:
    low, high = (_bound(age.child(end), person) for end in ("low", "high"))
    if low is None or high is None:
        return None
    return low >= 0 >= high


def _bound(limit: Element, person: Person) -> Decimal | None:
    """By how much a patient's age, in the completed units of a limit, exceeds it."""
    number = limit.number("value")
    if number is None:
        return Decimal(0)
    amount = _decimal(number)
    unit = _AGE_UNITS.get(quantity_unit(limit).strip().casefold())
    if amount is None or unit is None or person.birth is None or person.at is None:
        return None
    return Decimal(_age(person.birth, person.at, unit)) - amount


_AGE_UNITS: Final = {
    spelling: unit
    for unit, spellings in {
        "years": ("a", "y", "yr", "yrs", "year", "years"),
        "months": ("mo", "month", "months"),
        "weeks": ("wk", "week", "weeks"),
        "days": ("d", "day", "days"),
    }.items()
    for spelling in spellings
}


def _age(birth: datetime, at: datetime, unit: str) -> int:
    """The completed years, months, weeks or days of age."""
    days = (at.date() - birth.date()).days
    if unit == "years":
        return age_in_years(birth, at)
    if unit == "months":
        return (at.year - birth.year) * 12 + at.month - birth.month - (at.day < birth.day)
    return days // 7 if unit == "weeks" else days


def _texts(entries: Sequence[Element], used: Element | None) -> str:
    """The text of each range; one that has none and is not used is put into words."""
    worded = (entry.text("text") or ("" if entry is used else _words(entry)) for entry in entries)
    return " ; ".join(text for text in worded if text)


def _words(entry: Element) -> str:
    kinds = (concept_text(entry.child(name)) for name in ("type", "meaning"))
    groups = [concept_text(group) for group in entry.children("appliesTo", lone=True)]
    age = _span(entry.child("age"))
    said = [*kinds, *groups, f"age {age}" if age else "", _span(entry)]
    return ", ".join(text for text in said if text)


def _span(bounds: Element) -> str:
    low, high = (
        f"{bounds.child(end).number('value') or ''} {quantity_unit(bounds.child(end))}".strip()
        for end in ("low", "high")
    )
    return (
        f"{low} to {high}"
        if low and high
        else f"from {low}"
        if low
        else f"to {high}"
        if high
        else ""
    )
