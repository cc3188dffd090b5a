"""The value of an Observation or of a component, of any of FHIR's types, as the text of a cell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from immunotrack.readers.fhir.element import (
    Element,
    WrongShape,
    concept_text,
    quantity_unit,
)
from immunotrack.readers.grid import NumberCell


@dataclass(frozen=True, slots=True)
class Value:
    """A result as the file has it.

    Args:
        reported: A `NumberCell` where the file holds a number.
        unit: As the file has it, or empty.
        spellings: Every way in which the file writes that unit.
    """

    reported: str
    unit: str = ""
    spellings: tuple[str, ...] = ()


def value_name(part: Element) -> str:
    """The name of the member that holds the value, `valueQuantity`; empty where there is none.

    Raises:
        WrongShape: There are two.
    """
    names = [name for name in part.members if name.startswith("value")]
    given = [name for name in names if part.members[name] is not None] or names[:1]
    if len(given) > 1:
        raise WrongShape(f"{part.path}.{given[1]}", part.members[given[1]], "no second value")
    return given[0] if given else ""


def read_value(part: Element) -> Value:
    """The value of an Observation or a component; empty where it has none.

    Raises:
        WrongShape: The value is not of its type, or of no type that FHIR has.
    """
    name = value_name(part)
    if not name or part.members[name] is None:
        return Value("")
    if name not in _TYPES:
        raise WrongShape(f"{part.path}.{name}", part.members[name], "a value of FHIR's")
    return _TYPES[name](part, name)


def _quantity(part: Element, name: str) -> Value:
    quantity = part.child(name)
    texts = [quantity.text(key) for key in ("code", "unit", "units")]
    spellings = tuple(text for text in texts if text)
    return Value(_amount(quantity), quantity_unit(quantity), spellings)


def _amount(quantity: Element) -> str:
    """The number with its comparator; `ad` (enough to make up to) is no comparison."""
    number = quantity.number("value")
    comparator = quantity.text("comparator")
    if number is None or not comparator:
        return comparator if number is None else number
    compared = comparator in {"<", "<=", ">", ">="}
    return NumberCell(f"{comparator}{number}") if compared else f"{comparator} {number}"


def _with_unit(quantity: Element) -> str:
    return f"{_amount(quantity)} {quantity_unit(quantity)}".strip()


def _range(part: Element, name: str) -> Value:
    ends = [part.child(name).child(end) for end in ("low", "high")]
    units = {quantity_unit(end) for end in ends if end}
    unit = units.pop() if len(units) == 1 else ""
    low, high = (_amount(end) if not units else _with_unit(end) for end in ends)
    if low and high:
        return Value(f"{low} - {high}", unit, (unit,) if unit else ())
    return Value(f"from {low}" if low else f"to {high}" if high else "", unit)


def _ratio(part: Element, name: str) -> Value:
    parts = [_with_unit(part.child(name).child(key)) for key in ("numerator", "denominator")]
    return Value(":".join(parts) if any(parts) else "")


def _concept(part: Element, name: str) -> Value:
    return Value(concept_text(part.child(name)))


def _text(part: Element, name: str) -> Value:
    return Value(part.text(name))


def _number(part: Element, name: str) -> Value:
    return Value(part.number(name) or "")


def _flag(part: Element, name: str) -> Value:
    return Value("true" if part.flag(name) else "false")


def _period(part: Element, name: str) -> Value:
    period = part.child(name)
    return Value("/".join([period.text("start"), period.text("end")]).strip("/"))


def _reference(part: Element, name: str) -> Value:
    return Value(part.child(name).text("display", "reference"))


def _samples(part: Element, name: str) -> Value:
    return Value("(sampled data)" if part.child(name) else "")


def _attachment(part: Element, name: str) -> Value:
    return Value("(attachment)" if part.child(name) else "")


_TYPES: Final[dict[str, Callable[[Element, str], Value]]] = {
    "valueQuantity": _quantity,
    "valueCodeableConcept": _concept,
    "valueString": _text,
    "valueBoolean": _flag,
    "valueInteger": _number,
    "valueDecimal": _number,
    "valueRange": _range,
    "valueRatio": _ratio,
    "valueSampledData": _samples,
    "valueTime": _text,
    "valueDate": _text,
    "valueDateTime": _text,
    "valuePeriod": _period,
    "valueAttachment": _attachment,
    "valueReference": _reference,
}
