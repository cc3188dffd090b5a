"""One JSON text, decoded: numbers exactly as written, and the lines on which items start."""

import json
import re
from contextlib import suppress
from json import JSONDecodeError
from typing import Final

from immunotrack.problems import shown
from immunotrack.readers.grid import NumberCell

DEEPEST: Final = 100
"""No document of a kind that is read here is nested more deeply."""

Lines = dict[str, list[int]]
"""The lines on which the items of an array start, by the keys that lead to it (`a/b`)."""


class Broken(ValueError):  # noqa: N818 - what it says of a document
    """A text that is no usable JSON document, and where."""

    def __init__(self, code: str, message: str, line: int, column: int) -> None:
        super().__init__(code)
        self.code, self.message, self.line, self.column = code, message, line, column


def decode(text: str) -> tuple[object, Lines]:
    """The value of a JSON text, and the lines of the items of its arrays.

    Raises:
        Broken: It is no JSON, is nested too deeply, or has a key twice in one object.
    """
    _refuse_deep(text)
    reader = _Reader(text)
    try:
        value = _read(text, reader)
    except JSONDecodeError as error:
        said = error.msg.removesuffix(" starting at")
        message = f"not valid JSON: {said[:1].lower()}{said[1:]}"
        raise Broken("unreadable", message, error.lineno, error.colno) from None
    except _RefusedValue as error:
        raise _broken("unreadable", f"not valid JSON: {error}", text, reader.start) from None
    except RecursionError:
        raise _broken("too-deep", _DEEP, text, reader.start) from None
    return _sound(value) if _SURROGATE.search(text) else value, reader.items


def _read(text: str, reader: "_Reader") -> object:
    """The value; the reader is slower, and knows the places of items and of faults."""
    if "\n" not in text:
        with suppress(ValueError):
            return _DECODER.decode(text)
    return reader.document()


def _broken(code: str, message: str, text: str, at: int) -> Broken:
    return Broken(code, message, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
"""A string, or what is left of one that is not closed."""

_STRINGS = re.compile(_STRING, re.DOTALL)
_STRINGS_AND_BRACKETS = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]]+")
_DEEP: Final = f"more than {DEEPEST} objects or arrays inside each other"


def _refuse_deep(text: str) -> None:
    """Refuse a text that is nested too deeply, before anything steps into it.

    Each removal of all `[]` takes away the innermost level.
    """
    plain = _STRINGS.sub("", text).replace("{", "[").replace("}", "]")
    brackets = _NO_BRACKET.sub("", plain)
    for _ in range(DEEPEST):
        if not brackets:
            return
        brackets = brackets.replace("[]", "")
    if brackets and (at := _first_deep(text)) is not None:
        raise _broken("too-deep", _DEEP, text, at)


def _first_deep(text: str) -> int | None:
    """Where a text is nested too deeply first."""
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > DEEPEST:
            return match.start()
    return None


class _RefusedValue(ValueError):  # noqa: N818 - as above
    """A value that Python's decoder takes and JSON does not have."""


def _refuse_constant(name: str) -> object:
    raise _RefusedValue(f"{name} is no number")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _doubled(next(key for key in keys if keys.count(key) > 1))
    return members


def _doubled(key: str) -> _RefusedValue:
    return _RefusedValue(f"the key {shown(key)} stands twice in one object")


_DECODER: Final = json.JSONDecoder(
    parse_float=NumberCell,
    parse_int=NumberCell,
    parse_constant=_refuse_constant,
    object_pairs_hook=_object,
)
_BLANK = re.compile(r"[ \t\n\r]*")


class _Reader:
    """Reads one document: the objects outside of arrays by hand, the rest with the decoder."""

    def __init__(self, text: str) -> None:
        self.items: Lines = {}
        self.start = 0
        self._text = text
        self._line, self._counted = 1, 0

    def document(self) -> object:
        value, at = self._value(self._skip(0), "")
        end = self._skip(at)
        if end != len(self._text):
            raise JSONDecodeError("Extra data", self._text, end)
        return value

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def _value(self, at: int, path: str) -> tuple[object, int]:
        match self._text[at : at + 1]:
            case "{":
                return self._members(at, path)
            case "[":
                return self._array(at, path)
        return self._decoded(at)

    def _decoded(self, at: int) -> tuple[object, int]:
        self.start = at
        return _DECODER.raw_decode(self._text, at)

    def _members(self, at: int, path: str) -> tuple[object, int]:
        members: dict[str, object] = {}
        at = self._skip(at + 1)
        sign = self._text[at : at + 1]
        while sign != "}":
            if self._text[at : at + 1] != '"':
                raise JSONDecodeError("Expecting a key in double quotes", self._text, at)
            key, end = self._decoded(at)
            if not isinstance(key, str) or key in members:
                raise _doubled(str(key))
            self._sign(end, ":")
            inner = f"{path}/{key}" if path else key
            members[key], end = self._value(self._skip(self._skip(end) + 1), inner)
            sign = self._sign(end, ",}")
            at = self._skip(self._skip(end) + 1)
        return members, at if members else at + 1

    def _array(self, at: int, path: str) -> tuple[object, int]:
        items: list[object] = []
        lines = self.items.setdefault(path, [])
        at = self._skip(at + 1)
        sign = self._text[at : at + 1]
        while sign != "]":
            lines.append(self._line_at(at))
            item, end = self._decoded(at)
            items.append(item)
            sign = self._sign(end, ",]")
            at = self._skip(self._skip(end) + 1)
        return items, at if items else at + 1

    def _sign(self, at: int, expected: str) -> str:
        """The sign after a value, which must be one of those expected."""
        at = self._skip(at)
        sign = self._text[at : at + 1]
        if not sign or sign not in expected:
            raise JSONDecodeError(f"Expecting {' or '.join(map(repr, expected))}", self._text, at)
        return sign

    def _line_at(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _sound(value: object) -> object:
    """A value whose texts can be written as UTF-8: half a character becomes U+FFFD."""
    if isinstance(value, NumberCell):
        return value
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    return value
