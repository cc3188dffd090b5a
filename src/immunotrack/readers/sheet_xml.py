"""Workbooks in XML (Office Open XML and OpenDocument), scanned without entities or recursion."""

import re
from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from immunotrack.problems import InvalidInput
from immunotrack.readers.archive import Archive
from immunotrack.readers.grid import NumberCell
from immunotrack.readers.scan import Scan, refused

Start = Callable[[str, dict[str, str]], None]

_CHUNK: Final = 2**20
_COUNT: Final = re.compile(rb"""\b(?:count|uniqueCount)\s*=\s*["'][^"'0-9&]*([0-9]+|&)""")
_REFERENCE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def scan_xlsx(archive: Archive, source: str) -> list[Scan]:
    """Every sheet of an Office Open XML workbook in its order."""
    parts = _parts(archive, source)
    found = []
    for name in archive.kept:
        if name.casefold().endswith(".xml"):
            _check_counts(archive.member(name), source)
    for relation in _relations(archive, source):
        if relation not in parts:
            raise refused(source, "a sheet of it is missing, or is there twice")
        sheet = _Sheet(source)
        _parse(archive.member(parts.pop(relation)), source, sheet.start, sheet.end, sheet.text)
        found.append(sheet.scan)
    return found


def scan_ods(archive: Archive, source: str) -> list[Scan]:
    """Every sheet of an OpenDocument workbook in its order."""
    content = _Content(source)
    _parse(archive.member("content.xml"), source, content.start, content.end, content.text)
    return content.scans


def _check_counts(data: memoryview, source: str) -> None:
    """Refuse a part that claims more members than it has bytes: the reader would believe it."""
    for text in _COUNT.findall(data):
        if text == b"&" or int(text[:20]) > len(data):
            raise refused(source, "a part of it is damaged")


def _parts(archive: Archive, source: str) -> dict[str, str]:
    """Each relation of a workbook to the name of its member."""
    parts: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "Relationship":
            target = attributes.get("Target", "")
            inside = target.startswith(("/xl/", "xl/"))
            path = target.lstrip("/") if inside else f"xl/{target}"
            if path not in parts.values():
                parts[attributes.get("Id", "")] = path

    _parse(archive.member("xl/_rels/workbook.xml.rels"), source, start)
    return parts


def _relations(archive: Archive, source: str) -> list[str]:
    """The relation of each sheet of a workbook."""
    found = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "sheet":
            relation = next((v for k, v in attributes.items() if _local(k) == "id"), "")
            found.append(relation)

    _parse(archive.member("xl/workbook.xml"), source, start)
    return found


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _parse(
    data: memoryview,
    source: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Feed a document to its handlers; one with a document type is refused."""

    def doctype(*_: object) -> None:
        raise refused(source, "its XML has a document type")

    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    if end and text:
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
    try:
        for place in range(0, len(data), _CHUNK):
            parser.Parse(data[place : place + _CHUNK])
        parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keyword
    except (expat.ExpatError, ValueError, OverflowError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise refused(source, "its XML is damaged") from None


class _Sheet:
    """A sheet of Office Open XML, cell by cell, placed as the reader places them."""

    def __init__(self, source: str) -> None:
        self.scan = Scan(source)
        self.source = source
        self.row = self.column = 0
        self.kind = ""
        self.parts: dict[str, str] = {}
        self.inside = ""
        self.pieces: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if name == "c":
            self.begin(attributes)
        elif name in {"v", "f", "is"}:
            self.inside = name
            self.pieces = []
        elif name == "row" and "r" in attributes:
            self.row = int(attributes["r"]) - 1

    def begin(self, attributes: dict[str, str]) -> None:
        self.kind = attributes.get("t", "n")
        self.parts = {}
        if "r" in attributes:
            match = _REFERENCE.fullmatch(attributes["r"])
            if not match:
                raise refused(self.source, "a cell of it has no place")
            self.column = _column(match[1])
            self.row = int(match[2]) - 1

    def text(self, data: str) -> None:
        if self.inside:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        name = _local(tag)
        if name == self.inside:
            self.parts[name] = "".join(self.pieces)
            self.inside = ""
        elif name == "c":
            self.cell()
            self.column += 1
        elif name == "row":
            self.row += 1
            self.column = 0

    def cell(self) -> None:
        value = self.parts.get("v", "")
        if self.kind == "e":
            self.scan.lose(self.row, self.column, value)
        elif not value and "f" in self.parts and self.kind == "n":
            self.scan.lose(self.row, self.column, f"={self.parts['f']}")
        elif self.kind == "n" and len(value) > 15 and value.isdecimal():
            self.scan.lose(self.row, self.column, NumberCell(value))
        elif self.kind == "n" and value.startswith("-"):
            self.scan.number(self.row, self.column, float(value))
        elif self.parts:
            self.scan.fill(self.row, self.column)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


class _Content:
    """The sheets of OpenDocument content, whose cells and rows may stand for many."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.scans: list[Scan] = []
        self.scan = Scan(source)
        self.row = self.column = self.down = self.right = 0
        self.error = self.filled = self.inside = False
        self.pieces: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self.scan = Scan(self.source)
            self.scans.append(self.scan)
            self.row = 0
        elif tag == "table:table-row":
            self.down = int(attributes.get("table:number-rows-repeated", "1"))
            self.column = 0
        elif tag in {"table:table-cell", "table:covered-table-cell"}:
            self.right = int(attributes.get("table:number-columns-repeated", "1"))
            self.filled = "office:value-type" in attributes or "table:formula" in attributes
            self.error = attributes.get("calcext:value-type") == "error"
            self.pieces = []
        elif tag == "text:p":
            self.filled = self.inside = True

    def text(self, data: str) -> None:
        if self.inside:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        if tag == "text:p":
            self.inside = False
        elif tag in {"table:table-cell", "table:covered-table-cell"}:
            self.cell()
            self.column += self.right
        elif tag == "table:table-row":
            self.row += self.down

    def cell(self) -> None:
        if self.error:
            text = "".join(self.pieces)
            self.scan.lose(self.row, self.column, text, down=self.down, right=self.right)
        elif self.filled:
            self.scan.fill(self.row, self.column, down=self.down, right=self.right)
