"""What the FHIR resources that immunotrack writes say beyond FHIR: our extensions."""

from collections.abc import Iterator
from typing import Final

from immunotrack.readers.fhir.element import Element
from immunotrack.readers.grid import NumberCell

STEM: Final = "urn:immunotrack:"
"""What the URLs of our extensions begin with; the name of the cell follows, `critical-low`."""

PATIENT: Final = f"{STEM}patient"
"""The system of the identifier that is a patient's id as the source has it."""

EXTENSIONS: Final = {
    **dict.fromkeys(("day", "critical_low", "critical_high", "age_years"), "valueDecimal"),
    **dict.fromkeys(("reported", "clock", "visit", "unit", "range_source"), "valueString"),
    **dict.fromkeys(("local_time", "sex", "birth_date", "origin"), "valueString"),
    "unreported": "valueBoolean",
}
"""The extensions of an Observation, with the type of their value.

reported: the laboratory's text, where it differs from the number. unreported: that text is empty.
unit: of a result that is no number. local_time: the time of the sample on the local clock, whose
zone is not known; it stands at effectiveDateTime, which has the same clock and, because FHIR wants
one, the zone +00:00. sex, birth_date: where the rows of the patient do not agree, or the birth has
a time of day. The others are the columns of the measurements table.
"""


def extension_url(name: str) -> str:
    """The URL of an extension.

    >>> extension_url("critical_low")
    'urn:immunotrack:critical-low'
    """
    return STEM + name.replace("_", "-")


_NAMES: Final = {extension_url(name): name for name in EXTENSIONS}


def own_cells(body: Element) -> dict[str, str]:
    """What our extensions of an Observation say, by name; empty for one that is not ours."""
    cells = {}
    for extension in (*_extensions(body.members), *_extensions(_timed(body))):
        name = _NAMES.get(str(extension.get("url")), "")
        value = extension.get(EXTENSIONS.get(name, ""))
        if isinstance(value, str | bool):
            cells[name] = value if isinstance(value, str) else str(value).lower()
    return cells


def own_number(cells: dict[str, str], quantity: Element) -> dict[str, str]:
    """The number of a Quantity apart from the text that stands for it; empty for any other."""
    number = quantity.number("value")
    if number is None or not {"reported", "unreported"} & set(cells):
        return {}
    return {"number": NumberCell(number), "comparator": quantity.text("comparator")}


def own_patient(person: Element) -> str:
    """The id of a patient as our identifier has it, or empty."""
    identifiers = person.members.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else []:
        if isinstance(identifier, dict) and identifier.get("system") == PATIENT:
            value = identifier.get("value")
            return value if isinstance(value, str) else ""
    return ""


def _timed(body: Element) -> dict[str, object]:
    time = body.members.get("_effectiveDateTime")
    return time if isinstance(time, dict) else {}


def _extensions(members: dict[str, object]) -> Iterator[dict[str, object]]:
    found = members.get("extension")
    yield from (
        item for item in (found if isinstance(found, list) else []) if isinstance(item, dict)
    )
