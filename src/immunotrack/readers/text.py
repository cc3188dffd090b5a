"""The text of a file: its encoding stated or found, and no byte decoded by force."""

import codecs
import re
from typing import Final

from immunotrack.problems import InvalidInput, Problem, Severity, shown

_BINARY: Final = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or a workbook (.xlsx, .ods)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"\x1f\x8b": "a gzip archive (.gz)",
}
"""The first bytes of files that are no text, to what they are."""

_TOLD: Final = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "iso8859-1": "ISO 8859-1",
}
"""Python's name of an encoding to the one told to users."""

_NO_FILES: Final = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}
"""Text encodings of Python that no file has; they change plain text."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def decode(data: bytes, source: str, encoding: str = "") -> tuple[str, str, list[Problem]]:
    """The text of a file, the name of its encoding, and what was assumed.

    Args:
        source: What messages call the file.
        encoding: As the user states it; empty to find UTF-8, UTF-16 or else Windows-1252.

    Raises:
        InvalidInput: The bytes are no text, or not of the encoding, or there is no such encoding.
    """
    stated = _codec(encoding) if encoding else ""
    for start, what in _BINARY.items():
        if data.startswith(start):
            raise _no_text(source, None, f"the file looks like {what}, not like text")
    if codec := stated or _wide_codec(data):
        return _strict(data, source, codec), _TOLD.get(codec, encoding), []
    if b"\0" in data:
        raise _no_text(source, _line(data[: data.index(b"\0")]), _NUL)
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), "UTF-8", []
    except UnicodeDecodeError as error:
        first = error.start
    text, name = _bytewise(data, source, first)
    return text, name, [_assumed(text, source, name, first)]


def _codec(encoding: str) -> str:
    """Python's own name of the encoding that a user states."""
    try:
        codec = codecs.lookup(encoding).name
        " ".encode(encoding)
    except (LookupError, ValueError):
        codec = ""
    if codec in {"", *_NO_FILES}:
        problem = Problem(
            code="unknown-option",
            source="--encoding",
            message=f"{shown(encoding)} is no encoding of text files",
            fix="Write utf-8, utf-16, cp1252, iso-8859-1 or another one that Python knows.",
        )
        raise InvalidInput([problem], unreadable=True)
    return codec.removesuffix("-sig")


def _wide_codec(data: bytes) -> str:
    """The codec of UTF-16, by its mark, or by zeros in every second place and a line end; or ""."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = data[:4096:2], data[1:4096:2]
    if odd.count(0) * 4 > len(odd) and not even.count(0) and re.search(rb"[\r\n]\0", data[:4096]):
        return "utf-16-le"
    if even.count(0) * 4 > len(even) and not odd.count(0) and re.search(rb"\0[\r\n]", data[:4096]):
        return "utf-16-be"
    return ""


def _strict(data: bytes, source: str, codec: str) -> str:
    name = _TOLD.get(codec, codec)
    fix = "Name the encoding of the file with --encoding, or save it as UTF-8."
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        line = _line(data[: error.start].decode(codec, "replace"))
        message = f"the byte 0x{data[error.start]:02x} is not {name} text"
        raise _refused(source, line, message, fix) from None
    if found := _SURROGATE.search(text):
        line = _line(text[: found.start()])
        raise _refused(source, line, f"half a character is not {name} text", fix)
    if "\0" in text:
        raise _no_text(source, _line(text[: text.index("\0")]), _NUL)
    return text.removeprefix("\ufeff")


def _bytewise(data: bytes, source: str, first: int) -> tuple[str, str]:
    """The text of a file with one byte a character, and the name of its encoding."""
    if not data.decode("utf-8", "ignore").isascii():
        raise mixed_text(source, _line(data[:first]), data[first])
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("iso8859-1"), "ISO 8859-1"


def mixed_text(source: str, line: int | None, byte: int) -> InvalidInput:
    """The error of a text of which some is UTF-8 and some is not."""
    message = f"the byte 0x{byte:02x} is not UTF-8 text, and other characters are"
    fix = "Save the file in one encoding, or name it with --encoding."
    return _refused(source, line, message, fix)


def _assumed(text: str, source: str, name: str, first: int) -> Problem:
    """The warning that an encoding was assumed, with the word that shows it."""
    before = re.split(r'[\s,;|"]', text[max(first - 40, 0) : first])[-1]
    after = re.split(r'[\s,;|"]', text[first : first + 40])[0]
    return Problem(
        code="assumed-encoding",
        severity=Severity.WARNING,
        source=source,
        line=_line(text[:first]),
        value=before + after,
        message=f"the file is not UTF-8 and is read as {name}",
        fix="Name it with --encoding if that is wrong.",
    )


def _line(before: str | bytes) -> int:
    """The line, counted from 1, on which the text goes on."""
    text = before if isinstance(before, str) else before.decode("iso8859-1")
    return 1 + text.count("\n") + text.count("\r") - text.count("\r\n")


_NUL: Final = "the file holds NUL characters, as workbooks, archives and SAS files do"


def _no_text(source: str, line: int | None, message: str) -> InvalidInput:
    fix = "Export the results as CSV text, or name the format of the file with --format."
    return _refused(source, line, message, fix)


def _refused(source: str, line: int | None, message: str, fix: str) -> InvalidInput:
    problem = Problem(code="unreadable", source=source, line=line, message=message, fix=fix)
    return InvalidInput([problem], unreadable=True)
