"""An element of a FHIR resource: its members by name, each of the shape that it must have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from immunotrack.readers.grid import NumberCell

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"


class WrongShape(ValueError):  # noqa: N818 - what it says of an element
    """An element is not what FHIR has in its place; no value of the file is in the text."""

    def __init__(self, path: str, value: object, needed: str) -> None:
        super().__init__(f"{path} is {_kind(value)} where {needed} is needed")


def _kind(value: object) -> str:
    if isinstance(value, NumberCell):
        return "a number"
    names = {str: "a text", list: "a list", dict: "an object", bool: "true or false"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "null")


@dataclass(frozen=True, slots=True)
class Element:
    """A JSON object with its path from the resource; empty where the file has none.

    A member that is null is as absent as one that is not there.
    """

    members: dict[str, object]
    path: str

    def __bool__(self) -> bool:
        return bool(self.members)

    def child(self, name: str) -> "Element":
        """The object of a name."""
        value = self.members.get(name)
        path = f"{self.path}.{name}"
        if value is None:
            return Element({}, path)
        if not isinstance(value, dict):
            raise WrongShape(path, value, "an object")
        return Element(value, path)

    def children(self, name: str, *, lone: bool = False) -> "list[Element]":
        """The objects of a list.

        Args:
            lone: In some version of FHIR the member is one object and no list.
        """
        value = self.members.get(name)
        path = f"{self.path}.{name}"
        if value is None:
            return []
        if lone and isinstance(value, dict):
            return [Element(value, path)]
        if not isinstance(value, list):
            raise WrongShape(path, value, "a list")
        return [_item(item, f"{path}[{index}]") for index, item in enumerate(value)]

    def text(self, *names: str) -> str:
        """The text of the first of these names that has one, or nothing."""
        for name in names:
            value = self.members.get(name)
            if value is None:
                continue
            if not isinstance(value, str) or isinstance(value, NumberCell):
                raise WrongShape(f"{self.path}.{name}", value, "a text")
            if value:
                return value
        return ""

    def number(self, name: str) -> NumberCell | None:
        """The number of a name, as the file writes it."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, NumberCell):
            raise WrongShape(f"{self.path}.{name}", value, "a number")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false, or None where the file says neither."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, bool):
            raise WrongShape(f"{self.path}.{name}", value, "true or false")
        return value


def _item(value: object, path: str) -> Element:
    if not isinstance(value, dict):
        raise WrongShape(path, value, "an object")
    return Element(value, path)


def concept_text(concept: Element) -> str:
    """What a CodeableConcept is called: its text, else a display, else a code."""
    return concept.text("text") or first(
        [coding.text(name) for name in ("display", "code") for coding in concept.children("coding")]
    )


def quantity_unit(quantity: Element) -> str:
    """The unit of a Quantity: the UCUM code, else the text, else any code."""
    if quantity.text("system") == UCUM and quantity.text("code"):
        return quantity.text("code")
    return quantity.text("unit", "units", "code")


def first(texts: Iterable[str]) -> str:
    """The first text that is not empty."""
    return next((text for text in texts if text), "")
