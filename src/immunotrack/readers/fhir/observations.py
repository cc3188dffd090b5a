"""The rows of an Observation: one for its value, and one for each component."""

from dataclasses import dataclass, field, replace
from typing import Final

from immunotrack.analytes import find_analyte
from immunotrack.readers.fhir.bundle import Directory, Resource
from immunotrack.readers.fhir.element import LOINC, Element, WrongShape, concept_text, first
from immunotrack.readers.fhir.headers import OWN_HEADER
from immunotrack.readers.fhir.own import own_cells, own_number
from immunotrack.readers.fhir.ranges import person_of, read_ranges
from immunotrack.readers.fhir.rows import Row
from immunotrack.readers.fhir.values import Value, read_value, value_name


def observation_rows(resource: Resource, directory: Directory) -> list[Row]:
    """The rows of an Observation, at least one."""
    try:
        parts = _parts(resource.body)
    except WrongShape as wrong:
        row = _row(_Part(resource, resource.body, directory, {}))
        row.fault = row.fault or str(wrong)
        return [row]
    own = own_cells(resource.body)
    return [_row(_Part(resource, part, directory, own)) for part in parts]


def _parts(body: Element) -> list[Element]:
    """The Observation itself if it has a value or stands alone, and its components."""
    components = body.children("component")
    own = not components or value_name(body) or body.child("dataAbsentReason")
    return [body, *components] if own else components


def _row(part: "_Part") -> Row:
    row = Row(part.resource.line)
    row.fill(part.who, part.person, part.when, part.what, part.value, part.limits)
    row.fill(part.remarks, part.identity, part.specimen, part.method, part.ours)
    row.set_aside(part.reason)
    row.warnings = part.warnings
    return row


_UNUSED: Final = {
    "entered-in-error": "entered-in-error",
    "cancelled": "cancelled",
    "registered": "registered",
    "specimen-in-process": "registered",
}
"""Status to the code of the reason why the result is not used."""

_SAID: Final = {
    "preliminary": ("preliminary", "the result is preliminary, and used as it is"),
    "corrected": ("corrected", "the result was corrected by its laboratory, and is used as it is"),
    "amended": ("corrected", "the result was corrected by its laboratory, and is used as it is"),
}
"""Status to the warning about a result that is used."""


@dataclass(frozen=True, slots=True)
class _Part:
    """An Observation or one of its components, with the cells that it gives.

    Args:
        own: What our extensions say, of an Observation that we wrote.
    """

    resource: Resource
    part: Element
    directory: Directory
    own: dict[str, str]
    warnings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def body(self) -> Element:
        return self.resource.body

    def who(self) -> dict[str, str]:
        return {"patient_id": self.directory.patient_id(self.resource)}

    def person(self) -> dict[str, str]:
        patient = self._patient()
        known = {"sex": patient.text("gender"), "birth_date": patient.text("birthDate")}
        return {name: self.own.get(name, cell) for name, cell in known.items()}

    def _patient(self) -> Element:
        return self.directory.person(self.who()["patient_id"])

    def when(self) -> dict[str, str]:
        time = self.own.get("local_time") or _time(self.body)
        return {"time": time, "issued": self.body.text("issued")}

    def what(self) -> dict[str, str]:
        code = self.part.child("code") or self.part.child("name")
        codings = code.children("coding")
        loinc = _loinc(codings)
        names = [code.text("text"), loinc.text("display")]
        names += [coding.text("display") for coding in codings]
        names += [coding.text("code") for coding in codings]
        return {"analyte": first(names), "loinc": loinc.text("code")}

    def value(self) -> dict[str, str]:
        value = self._value()
        reported = "" if "unreported" in self.own else self.own.get("reported", value.reported)
        return {"reported": reported, "unit": value.unit}

    def _value(self) -> Value:
        """The value; the unit of our own that is no Quantity stands beside it."""
        value = read_value(self.part)
        unit = self.own.get("unit", "")
        return replace(value, unit=unit, spellings=(unit,)) if unit else value

    def ours(self) -> dict[str, str]:
        """What only our own resources say."""
        names = {*OWN_HEADER, "visit"}
        cells = {name: cell for name, cell in self.own.items() if name in names}
        return cells | own_number(self.own, self.part.child("valueQuantity"))

    def limits(self) -> dict[str, str]:
        person = person_of(self._patient(), _time(self.body))
        ranges = read_ranges(self.part, self._value(), person)
        if ranges.code:
            self.warnings.append((ranges.code, ranges.message))
        return {"low": ranges.low, "high": ranges.high, "reference_range": ranges.text}

    def remarks(self) -> dict[str, str]:
        flags = [_flag(c) for c in self.part.children("interpretation", lone=True)]
        return {"interpretation": " ".join(filter(None, flags))}

    def identity(self) -> dict[str, str]:
        """Status and id; the id of a contained resource is its own within the holder only."""
        status = self.body.text("status")
        if status in _SAID:
            self.warnings.append(_SAID[status])
        own, holder = self.body.text("id"), self.resource.holder
        if holder is not None:
            own = f"{holder.text('id')}#{own}" if holder.text("id") else ""
        return {"status": status, "id": own}

    def specimen(self) -> dict[str, str]:
        reference = self.body.child("specimen")
        target = self.directory.target(reference, self.resource.holder or self.body)
        kind = concept_text(target.body.child("type")) if target else ""
        return {"specimen": reference.text("display") or kind}

    def method(self) -> dict[str, str]:
        return {"method": concept_text(self.body.child("method"))}

    def reason(self) -> str:
        """Why the row is not used; empty if it is."""
        status = _UNUSED.get(self.body.text("status"))
        if "unreported" in self.own:
            return status or ""
        absent = self.part.child("dataAbsentReason")
        if status or (
            value_name(self.part) and not (absent and not read_value(self.part).reported)
        ):
            return status or ""
        codes = {coding.text("code") for coding in absent.children("coding")}
        return "not-done" if "not-performed" in codes else "no-value"


def _time(body: Element) -> str:
    """When the sample was taken, as written; `applies` is the name in DSTU1."""
    for stem in ("effective", "applies"):
        if text := body.text(f"{stem}DateTime", f"{stem}Instant"):
            return text
        if period := body.child(f"{stem}Period"):
            return period.text("start", "end")
    return ""


def _loinc(codings: list[Element]) -> Element:
    """The coding of LOINC, of several the one that the catalogue knows."""
    ours = [c for c in codings if c.text("system") == LOINC and c.text("code")]
    known = (c for c in ours if find_analyte("", c.text("code")))
    return next(known, ours[0] if ours else Element({}, "coding"))


_FLAGS: Final = ("observationinterpretation", "v2/0078", "v2-0078", "2.16.840.1.113883.5.83")
"""What the systems of the codes of an interpretation have in their names, in any version."""


def _flag(concept: Element) -> str:
    """The code of an interpretation, else its text."""
    codings = [c for c in concept.children("coding") if c.text("code")]
    ours = [c for c in codings if any(name in c.text("system").casefold() for name in _FLAGS)]
    codes = [c.text("code") for c in ours] or [c.text("code") for c in codings[:1]]
    return " ".join(codes) or concept_text(concept)
