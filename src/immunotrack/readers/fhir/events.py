"""The rows of what was done or happened to a patient, and of the patients themselves."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from immunotrack.readers.fhir.bundle import Directory, Resource
from immunotrack.readers.fhir.element import Element, concept_text, quantity_unit
from immunotrack.readers.fhir.headers import PERSONS_HEADER
from immunotrack.readers.fhir.rows import Row

_UNUSED: Final = {
    "entered-in-error": "entered-in-error",
    "refuted": "entered-in-error",
    "not-done": "not-done",
    "preparation": "not-done",
}
"""Status to the code of the reason why the event is not used; one that was stopped was begun."""

_TOLD: Final = ("stopped", "aborted", "on-hold", "in-progress", "unconfirmed", "provisional")
"""A status that is written into the note."""


def event_rows(resource: Resource, directory: Directory) -> list[Row]:
    """The row of an event; none of a Patient who is not said to have died."""
    event = _Event(resource, directory)
    if resource.kind == "Patient" and not event.is_death:
        return []
    row = Row(resource.line)
    row.fill(event.who, *event.columns(), event.note)
    row.set_aside(event.reason)
    return [row]


def person_rows(resource: Resource, directory: Directory) -> list[Row]:
    """The row of a Patient."""
    body = resource.body
    row = Row(resource.line)
    row.fill(
        lambda: {"patient_id": directory.patient_id(resource)},
        lambda: {"sex": body.text("gender")},
        lambda: {"birth_date": body.text("birthDate")},
        lambda: {"death": body.text("deceasedDateTime")},
    )
    return [row]


def set_alike_aside(rows: Sequence[Row]) -> None:
    """Set aside the persons that are equal to an earlier one: each result may contain its own."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = tuple(row.cells.get(name, "") for name in PERSONS_HEADER)
        if key in seen and not row.aside:
            row.aside = "repeated-result"
        seen.add(key)


@dataclass(frozen=True, slots=True)
class _Event:
    """A resource with the cells that it gives."""

    resource: Resource
    directory: Directory

    @property
    def body(self) -> Element:
        return self.resource.body

    @property
    def is_death(self) -> bool:
        members = self.body.members
        return bool(members.get("deceasedDateTime")) or members.get("deceasedBoolean") is True

    def columns(self) -> list[Callable[[], dict[str, str]]]:
        return {
            "MedicationAdministration": [self.drug, self.dose, self.when],
            "Procedure": [self.procedure, self.when],
            "Condition": [self.condition, self.when, self.abated],
        }.get(self.resource.kind, [self.death])

    def who(self) -> dict[str, str]:
        return {"patient_id": self.directory.patient_id(self.resource)}

    def drug(self) -> dict[str, str]:
        concept = self.body.child("medicationCodeableConcept")
        reference = self.body.child("medicationReference")
        if both := self.body.child("medication"):
            concept, reference = both.child("concept"), both.child("reference")
        target = self.directory.target(reference, self.body)
        name = concept_text(concept) or reference.text("display")
        if not name and target:
            name = concept_text(target.body.child("code"))
        return {"kind": "drug", "name": name or reference.text("reference")}

    def dose(self) -> dict[str, str]:
        dosage = self.body.child("dosage")
        dose = dosage.child("dose") or dosage.child("quantity")
        number = dose.number("value")
        if number is None:
            return {}
        return {"kind": "dose", "dose": number, "dose_unit": quantity_unit(dose)}

    def procedure(self) -> dict[str, str]:
        return {"kind": "procedure", "name": concept_text(self.body.child("code"))}

    def condition(self) -> dict[str, str]:
        code = self.body.child("code")
        concepts = [code, *self.body.children("category", lone=True)]
        kind = "infection" if any(map(_is_infection, concepts)) else "state"
        return {"kind": kind, "name": concept_text(code)}

    def death(self) -> dict[str, str]:
        return {"kind": "outcome", "name": "death", "start": self.body.text("deceasedDateTime")}

    def when(self) -> dict[str, str]:
        """Start and end, under the names of every version of FHIR."""
        for stem in _STEMS:
            if text := self.body.text(f"{stem}DateTime", f"{stem}String"):
                return {"start": text}
            if period := self.body.child(f"{stem}Period"):
                return {"start": period.text("start"), "end": period.text("end")}
        return {}

    def abated(self) -> dict[str, str]:
        period = self.body.child("abatementPeriod")
        end = self.body.text("abatementDateTime", "abatementString") or period.text("end")
        return {"end": end or self.body.child("onsetPeriod").text("end")}

    def note(self) -> dict[str, str]:
        notes = [note.text("text") for note in self._notes()]
        told = [status for status in self.statuses() if status in _TOLD]
        return {"note": " ; ".join(filter(None, [*told, *notes]))}

    def _notes(self) -> list[Element]:
        """The notes, which DSTU2 has as one text."""
        lone = isinstance(self.body.members.get("note"), str)
        return [] if lone else self.body.children("note", lone=True)

    def statuses(self) -> list[str]:
        """What the resource says of itself; the verification of a DSTU2 Condition is a text."""
        verified = self.body.members.get("verificationStatus")
        coded = self.body.child("verificationStatus") if isinstance(verified, dict) else None
        codes = [c.text("code") for c in coded.children("coding")] if coded else []
        if coded is None and verified is not None:
            codes = [self.body.text("verificationStatus")]
        status = "" if self.resource.kind == "Patient" else self.body.text("status")
        undone = any(
            self.body.flag(n) for n in ("notGiven", "wasNotGiven", "notPerformed", "notDone")
        )
        return [status, *codes, *(["not-done"] if undone else [])]

    def reason(self) -> str:
        """Why the row is not used; empty if it is. A death without a date is none that is drawn."""
        if self.resource.kind == "Patient":
            return "" if self.body.text("deceasedDateTime") else "no-value"
        return next((_UNUSED[status] for status in self.statuses() if status in _UNUSED), "")


_STEMS: Final = (
    "effective",
    "effectiveTime",
    "occurrence",
    "occurence",  # codespell:ignore occurence
    "performed",
    "onset",
)
"""The names of the time of an event: R3 and R4, DSTU2, R5 (with one r for drugs), R4, Condition."""

_INFECTION = re.compile(r"\b(infections?|sepsis|pneumonia)\b", re.IGNORECASE)
_NOT_ONE = re.compile(r"\b(no|not|non|without|risk|history|suspected|family)\b", re.IGNORECASE)


def _is_infection(concept: Element) -> bool:
    """Whether a text says `infection`, `sepsis` or `pneumonia`, and nothing that takes it back."""
    texts = [concept.text("text"), *(c.text("display") for c in concept.children("coding"))]
    return any(_INFECTION.search(text) and not _NOT_ONE.search(text) for text in texts)
