"""The resources of a FHIR file, each with its line, and what their references lead to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from immunotrack.problems import Problem
from immunotrack.readers.documents import Document, Documents, not_too_many
from immunotrack.readers.fhir.element import Element, WrongShape
from immunotrack.readers.fhir.own import own_patient
from immunotrack.readers.grid import NumberCell

READ: Final = (
    "Observation",
    "MedicationAdministration",
    "Procedure",
    "Condition",
    "Patient",
)
"""The kinds of resources that give rows."""

LOOKED_UP: Final = ("Medication", "Specimen")
"""The kinds that say more of those."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a file.

    Args:
        line: Where its entry, or the resource itself, starts.
        url: The `fullUrl` of its entry.
        holder: The resource that contains it, if one does.
    """

    kind: str
    body: Element
    line: int
    url: str = ""
    holder: Element | None = None

    @property
    def id(self) -> str:
        """Its id, or empty."""
        return _plain_text(self.body.members.get("id"))


@dataclass(frozen=True, slots=True)
class Found:
    """The resources of a file, and the problems of what is none."""

    resources: list[Resource] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def find_resources(documents: Documents) -> Found:
    """Every resource of a file: by itself, in a Bundle, in a list, contained in another one.

    Raises:
        InvalidInput: Too much of the file is no resource.
    """
    found = Found(problems=list(documents.problems))
    for document in documents.documents:
        for value, path, line, url in _values(document):
            try:
                found.resources.extend(_opened(value, path, line, url))
            except WrongShape as wrong:
                found.problems.append(unreadable(documents.source, line, str(wrong)))
                not_too_many(found.problems, documents.source)
    return found


def unreadable(source: str, line: int, message: str) -> Problem:
    """The problem of an element that is not what FHIR has in its place."""
    return Problem(
        code="unreadable",
        source=source,
        line=line,
        message=message,
        fix="Ask the maker of the file for FHIR that is valid.",
    )


_Placed = tuple[object, str, int, str]
"""What should be a resource, its path, its line, the fullUrl of its entry."""


def _values(document: Document) -> Iterator[_Placed]:
    value = document.value
    entries = _bundled(value)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unbundled(item, f"[{index}]", document.line_of("", index), "")
    elif entries is None:
        yield value, "", document.line, ""
    else:
        for index, entry in enumerate(entries):
            line = document.line_of("entry", index)
            yield from _unbundled(*_entered(entry, f"Bundle.entry[{index}]", line))


def _unbundled(value: object, path: str, line: int, url: str) -> Iterator[_Placed]:
    """A value, or the values of the Bundle that it is."""
    entries = _bundled(value)
    if entries is None:
        yield value, path, line, url
        return
    for index, entry in enumerate(entries):
        yield from _unbundled(*_entered(entry, f"{path}.entry[{index}]", line))


def _bundled(value: object) -> list[object] | None:
    """The entries of a Bundle; None of anything else."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return None
    entries = value.get("entry", [])
    return entries if isinstance(entries, list) else None


def _entered(entry: object, path: str, line: int) -> _Placed:
    """The resource of an entry; the entry itself where it is one, or is nothing of the kind."""
    if not isinstance(entry, dict) or "resourceType" in entry:
        return entry, path, line, ""
    bare = "resource" not in entry and ("request" in entry or "response" in entry)
    inner = _NOTHING if bare else entry.get("resource")
    return inner, f"{path}.resource", line, _plain_text(entry.get("fullUrl"))


_NOTHING: Final = object()
"""In place of the resource of an entry that is a request or a response only."""


def _opened(value: object, path: str, line: int, url: str) -> Iterator[Resource]:
    """A resource and those that it contains."""
    if value is _NOTHING:
        return
    if not isinstance(value, dict):
        raise WrongShape(path or "the document", value, "a resource")
    kind = _plain_text(value.get("resourceType"))
    if not kind:
        raise WrongShape(f"{path}.resourceType".strip("."), value.get("resourceType"), "a text")
    if kind == "Bundle":
        if _bundled(value) is None:
            raise WrongShape("Bundle.entry", value["entry"], "a list")
        return
    body = Element(value, kind)
    yield Resource(kind, body, line, url)
    contained = value.get("contained")
    for item in contained if isinstance(contained, list) else []:
        if isinstance(item, dict) and (inner := _plain_text(item.get("resourceType"))):
            yield Resource(inner, Element(item, inner), line, holder=body)


def _plain_text(value: object) -> str:
    return value if isinstance(value, str) and not isinstance(value, NumberCell) else ""


_TYPED = re.compile(
    r"(?:.*/)?(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[^/?#|]+)(?:/_history/.*)?", re.DOTALL
)
_URN = re.compile(r"urn:(?:uuid|oid):(?P<id>.+)", re.DOTALL)


class Directory:
    """Who is meant by a reference, and what it leads to."""

    def __init__(self, resources: list[Resource]) -> None:
        self._by_reference: dict[str, Resource] = {}
        self._persons: dict[str, Element] = {}
        for resource in resources:
            if resource.holder is None:
                self._list(resource)
            if resource.kind == "Patient":
                self._know(own_id(resource), resource.body)

    def _list(self, resource: Resource) -> None:
        if resource.id:
            self._by_reference.setdefault(f"{resource.kind}/{resource.id}", resource)
        if resource.url:
            self._by_reference.setdefault(resource.url, resource)

    def _know(self, patient_id: str, person: Element) -> None:
        known = self._persons.setdefault(patient_id, person)
        if known.members != person.members:
            self._persons[patient_id] = Element({}, "Patient")

    def target(self, reference: Element, holder: Element) -> Resource | None:
        """The resource that a reference leads to, if it is in the file."""
        text = reference.text("reference")
        if text.startswith("#"):
            return _contained(holder, text[1:])
        typed = _TYPED.fullmatch(text)
        plain = f"{typed['kind']}/{typed['id']}" if typed else text
        return self._by_reference.get(text) or self._by_reference.get(plain)

    def patient_id(self, resource: Resource) -> str:
        """Whose resource it is; empty where the file does not say."""
        if resource.kind == "Patient":
            return self._person_id(resource)
        for body in (resource.body, resource.holder):
            subject = body.child("subject") or body.child("patient") if body else None
            if body and subject:
                return self._subject(subject, resource.holder or body)
        return ""

    def _subject(self, subject: Element, holder: Element) -> str:
        text = subject.text("reference")
        found = self.target(subject, holder)
        if found is not None and (found.kind == "Patient" or found.id):
            person = found.kind == "Patient"
            return self._person_id(found) if person else f"{found.kind}/{found.id}"
        if typed := _TYPED.fullmatch(text):
            return typed["id"] if typed["kind"] == "Patient" else f"{typed['kind']}/{typed['id']}"
        if urn := _URN.fullmatch(text):
            return urn["id"]
        return (
            text.removeprefix("#") * (not text.endswith("/"))
            or subject.child("identifier").text("value")
            or subject.text("display")
        )

    def _person_id(self, person: Resource) -> str:
        """The id of a Patient; a contained one that shares its id with another has its number."""
        key = own_id(person)
        if person.holder is None or self.person(key):
            return key
        return next((i.text("value") for i in person.body.children("identifier")), "")

    def person(self, patient_id: str) -> Element:
        """The Patient of an id; empty where there is none, or where two do not agree."""
        return self._persons.get(patient_id, Element({}, "Patient"))


def own_id(person: Resource) -> str:
    """The id of a Patient, or that of its entry where it has none; of our own, the source's."""
    urn = _URN.fullmatch(person.url)
    return own_patient(person.body) or person.id or (urn["id"] if urn else person.url)


def _contained(holder: Element, name: str) -> Resource | None:
    contained = holder.members.get("contained")
    for item in contained if isinstance(contained, list) else []:
        if isinstance(item, dict) and item.get("id") == name:
            kind = _plain_text(item.get("resourceType"))
            return Resource(kind, Element(item, kind), 0, holder=holder)
    return None
