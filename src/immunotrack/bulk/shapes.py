"""What lines of an NDJSON file look like: the same keys in one order, and a plain value for each.

A line of a known shape is cut into cells by one pattern; it is then a JSON object and nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from immunotrack.bulk.lot import typed
from immunotrack.readers.json_row import json_row
from immunotrack.readers.json_text import decode

_BLANK: Final = r"[ \t\r]*"
_TEXT: Final = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_VALUE: Final = rf"(?:{_TEXT}|{_NUMBER}|true|false|null)"
_CUT: Final = rf"(?:({_TEXT})|({_NUMBER})|(true|false)|null)"
"""A value; text, number and word apart."""

_GROUPS: Final = 3

_MEMBER: Final = re.compile(rf"{_BLANK}({_TEXT}){_BLANK}:{_BLANK}{_VALUE}{_BLANK}[,}}]")
_OPENING: Final = re.compile(rf"{_BLANK}\{{")

_MOST_KEYS: Final = 100
"""A pattern for more of them is slower than a reader of JSON."""

_MOST_SHAPES: Final = 16
"""So many shapes are looked for; lines of any other are read one by one."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Lines of one shape, cut.

    Args:
        cells: By their place in the header, and `typed` for each.
        words: The lines on which a key is true or false.
    """

    cells: pl.DataFrame
    words: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What some lines look like.

    Args:
        keys: In their order.
        plain: The pattern of such a line.
        cut: The same with three groups for each key: its text as JSON, its number, its word.
    """

    keys: tuple[str, ...]
    plain: str
    cut: str

    @classmethod
    def of(cls, line: str) -> "Shape | None":
        """The shape of a line; None where it is read by itself."""
        row = json_row(line, "", 1)
        if row.note or not 0 < len(row.cells) <= _MOST_KEYS:
            return None
        written = _keys_as_written(line)
        plain, cut = (_pattern(written, value) for value in (_VALUE, _CUT))
        return cls(tuple(row.cells), plain, cut)

    def alike(self, lines: pl.DataFrame, header: Sequence[str]) -> Alike:
        """Lines of this shape, cut.

        Args:
            lines: `own`, the line itself, and `line`, its number.
        """
        groups = lines["own"].str.extract_groups(self.cut).struct.unnest()
        words: dict[str, list[int]] = {}
        columns: list[pl.Series] = []
        for place, key in enumerate(header):
            text, number, word = self._groups(groups, key)
            cells = pl.select(pl.coalesce(_unquoted(text), number, word, pl.lit(""))).to_series()
            columns += [
                cells.alias(str(place)),
                number.is_not_null().alias(typed(str(place))),
            ]
            if word.null_count() < len(word):
                words[key] = lines["line"].filter(word.is_not_null()).to_list()
        return Alike(pl.DataFrame(columns), words)

    def _groups(self, groups: pl.DataFrame, key: str) -> list[pl.Series]:
        """Text, number and word of a key; nothing where the shape has no such key."""
        if key not in self.keys:
            nothing = pl.repeat(None, len(groups), dtype=pl.String, eager=True)
            return [nothing] * _GROUPS
        first = _GROUPS * self.keys.index(key) + 1
        return [groups[str(first + n)] for n in range(_GROUPS)]


def _keys_as_written(line: str) -> list[str]:
    found = _OPENING.match(line)
    keys = []
    while found and (found := _MEMBER.match(line, found.end())):
        keys.append(found[1])
    return keys


def _pattern(keys: Sequence[str], value: str) -> str:
    members = f"{_BLANK},{_BLANK}".join(
        f"{pl.escape_regex(key)}{_BLANK}:{_BLANK}{value}" for key in keys
    )
    return rf"^{_BLANK}\{{{_BLANK}{members}{_BLANK}\}}{_BLANK}$"


def _unquoted(texts: pl.Series) -> pl.Series:
    """JSON texts without their quotation marks, what is escaped as it is meant."""
    plain = texts.str.slice(1).str.head(-1)
    escaped = plain.str.contains("\\", literal=True)
    if not escaped.any():
        return plain
    meant = {text: decode(f'"{text}"')[0] for text in plain.filter(escaped).unique()}
    return plain.replace(meant)


@dataclass(frozen=True, slots=True)
class Split:
    """Lines by what they look like.

    Args:
        alike: Those of each shape.
        odd: The text of any other, by its number.
    """

    alike: list[tuple[Shape, pl.DataFrame]] = field(default_factory=list)
    odd: dict[int, str] = field(default_factory=dict)


class Shapes:
    """The shapes met so far in a file."""

    def __init__(self) -> None:
        self._known: list[Shape] = []

    def split(self, lines: pl.DataFrame) -> Split:
        """Lines by what they look like.

        Args:
            lines: `own`, the line itself, and `line`, its number.
        """
        found = Split()
        for shape in self._known:
            lines = _take(found, lines, shape)
        while len(lines):
            place, new = self._next(lines["own"])
            found.odd.update(lines.head(place).select("line", "own").rows())
            lines = lines.slice(place)
            if new is not None:
                self._known.append(new)
                lines = _take(found, lines, new)
        return found

    def _next(self, lines: pl.Series) -> tuple[int, Shape | None]:
        """The place of the first line that has a shape, and this; else how many lines there are."""
        if len(self._known) < _MOST_SHAPES:
            for place, line in enumerate(lines):
                if (shape := Shape.of(line)) is not None:
                    return place, shape
        return len(lines), None


def _take(found: Split, lines: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Put the lines of a shape with those that were found; the others are left."""
    fits = lines["own"].str.contains(shape.plain)
    if fits.any():
        found.alike.append((shape, lines.filter(fits)))
    return lines.filter(~fits)
