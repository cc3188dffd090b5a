"""JSON text as Python values with the numbers exactly as written, and the line of each item."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.readers.files import read_bytes
from immunotrack.readers.json_text import Broken, Lines, decode

LARGEST_DOCUMENT: Final = 512 * 2**20
"""A larger file, in bytes, is split first."""

MOST_BROKEN: Final = 100_000
"""A file with more broken items holds something else, and is not read on."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value; its numbers are `NumberCell`s.

    Args:
        line: The physical line on which it starts.
        items: The lines on which the items of an array start, by the path of keys that leads to
            it (`clinicalData/itemGroupData`); only of arrays that are in no other array.
    """

    value: object
    line: int = 1
    items: Lines = field(default_factory=dict)

    def line_of(self, path: str, index: int) -> int:
        """The line on which an item of an array starts; that of the document if not known."""
        lines = self.items.get(path, [])
        return lines[index] if index < len(lines) else self.line


@dataclass(frozen=True, slots=True)
class Documents:
    """What a JSON file holds.

    Args:
        source: What messages call the file.
        documents: One, or one for each line of an NDJSON file that is not blank and not broken.
        lined: The file is NDJSON.
        problems: One for each broken line of an NDJSON file.
    """

    source: str
    documents: list[Document]
    lined: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def first(self) -> object:
        """The value of the first document."""
        return self.documents[0].value


def read_documents(path: Path, source: str, encoding: str = "") -> Documents:
    """The documents of a JSON or NDJSON file.

    Raises:
        InvalidInput: The file cannot be read, is too large, or holds no JSON at all.
    """
    return parse_documents(read_bytes(path, source, largest=LARGEST_DOCUMENT), source, encoding)


def parse_documents(data: bytes, source: str, encoding: str = "") -> Documents:
    """The documents of a JSON or NDJSON text in UTF-8, UTF-16 or UTF-32.

    Args:
        source: What messages call the file.
        encoding: As the user states it; empty to find it.

    Raises:
        InvalidInput: It is no text or no JSON, or none of its lines is.
    """
    text = text_of(data, source, encoding)
    if not text.strip():
        raise _refused(source, "empty-file", "the file is empty")
    if is_lined(text):
        return _lined(text, source)
    try:
        value, items = decode(text)
    except Broken as broken:
        raise InvalidInput([_problem(broken, source)], unreadable=True) from None
    return Documents(source, [Document(value, items=items)])


def not_too_many(problems: Sequence[Problem], source: str) -> None:
    """Give a file up in which hardly anything is right, before its problems fill the memory.

    Raises:
        InvalidInput: There are more than `MOST_BROKEN` problems.
    """
    if len(problems) <= MOST_BROKEN:
        return
    many = Problem(
        code="too-large",
        source=source,
        message=f"more than {MOST_BROKEN} items of the file are broken, and the rest is not read",
        fix=_FIX,
    )
    raise InvalidInput([many, *problems], unreadable=True)


_FIX: Final = "Export it again, or ask its maker for valid JSON."


def _problem(broken: Broken, source: str, above: int = 0) -> Problem:
    """The problem of a document that has `above` lines above it."""
    return Problem(
        code=broken.code,
        source=source,
        line=broken.line + above,
        message=f"{broken.message}, at column {broken.column}",
        fix=_FIX,
    )


def text_of(data: bytes, source: str, encoding: str = "") -> str:
    """The text of a JSON file.

    Args:
        encoding: As the user states it; empty to find it.

    Raises:
        InvalidInput: It is no text of that encoding, or of those that JSON may have.
    """
    try:
        return data.decode(encoding or json.detect_encoding(data)).removeprefix("\ufeff")
    except LookupError:
        raise _refused(
            source, "unknown-option", f"the encoding {shown(encoding)} is not known"
        ) from None
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        kind = encoding or json.detect_encoding(data)
        raise _refused(
            source,
            "unreadable",
            f"the byte 0x{data[at]:02x} is not {kind.removesuffix('-sig').upper()} text",
            line=data.count(b"\n", 0, at) + 1,
        ) from None


def _refused(source: str, code: str, message: str, line: int | None = None) -> InvalidInput:
    problem = Problem(
        code=code, source=source, line=line, message=message, fix="Export it again as UTF-8."
    )
    return InvalidInput([problem], unreadable=True)


def is_lined(text: str) -> bool:
    """Whether each line is a document of its own; the first, or the two after it, tell."""
    lines = (line for line in text_lines(text) if line.strip())
    first, second, third = (next(lines, "") for _ in range(3))
    if not second:
        return False
    return _stands_alone(first) or (_stands_alone(second) and (not third or _stands_alone(third)))


def text_lines(text: str) -> Iterator[str]:
    """The lines that end in a line feed, or with the text; no other sign ends a line of JSON."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    if start < len(text):
        yield text[start:]


def _stands_alone(line: str) -> bool:
    try:
        return isinstance(decode(line)[0], dict | list)
    except Broken:
        return False


def _lined(text: str, source: str) -> Documents:
    documents: list[Document] = []
    problems: list[Problem] = []
    for number, line in enumerate(text_lines(text)):
        if not line.strip():
            continue
        try:
            documents.append(Document(decode(line)[0], number + 1))
        except Broken as broken:
            problems.append(_problem(broken, source, above=number))
            not_too_many(problems, source)
    if not documents:
        raise InvalidInput(problems, unreadable=True)
    return Documents(source, documents, lined=True, problems=problems)
