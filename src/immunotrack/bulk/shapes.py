"""What lines of an NDJSON file look like: the same keys in one order, and a plain value for each.

A line of a known shape is cut into cells by one pattern; it is then a JSON object and nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from immunotrack.bulk.lot import typed
from immunotrack.readers.json_row import json_row
from immunotrack.readers.json_text import decode

_BLANK: Final = r"[ \t\r]*"
_TEXT: Final = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_VALUE: Final = rf"(?:{_TEXT}|{_NUMBER}|null)"
_CUT: Final = rf"(?:({_TEXT})|({_NUMBER})|null)"
"""A value, its text and its number apart."""

_MEMBER: Final = re.compile(rf"{_BLANK}({_TEXT}){_BLANK}:{_BLANK}{_VALUE}{_BLANK}[,}}]")
_OPENING: Final = re.compile(rf"{_BLANK}\{{")

_MOST_KEYS: Final = 100
"""A pattern for more of them is slower than a reader of JSON."""

_MOST_SHAPES: Final = 16
"""So many shapes are looked for; lines of any other are read one by one."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What some lines look like.

    Args:
        keys: In their order.
        plain: The pattern of such a line.
        cut: The same with two groups for each key: its text as JSON, and its number.
    """

    keys: tuple[str, ...]
    plain: str
    cut: str

    @classmethod
    def of(cls, line: str) -> "Shape | None":
        """The shape of a line; None where it is read by itself."""
        row = json_row(line, "", 1)
        if row.note or row.words or not 0 < len(row.cells) <= _MOST_KEYS:
            return None
        written = _keys_as_written(line)
        plain, cut = (_pattern(written, value) for value in (_VALUE, _CUT))
        return cls(tuple(row.cells), plain, cut)

    def cells(self, lines: pl.Series, header: Sequence[str]) -> pl.DataFrame:
        """The cells of lines of this shape, by their place in a header, and `typed` for each."""
        groups = lines.str.extract_groups(self.cut).struct.unnest()
        columns: list[pl.Series] = []
        for place, key in enumerate(header):
            cells, number = self._column(groups, key)
            columns += [cells.alias(str(place)), number.alias(typed(str(place)))]
        return pl.DataFrame(columns)

    def _column(self, groups: pl.DataFrame, key: str) -> tuple[pl.Series, pl.Series]:
        if key not in self.keys:
            return pl.repeat("", len(groups), eager=True), pl.repeat(
                value=False, n=len(groups), eager=True
            )
        first = 2 * self.keys.index(key) + 1
        text, number = groups[str(first)], groups[str(first + 1)]
        cells = pl.select(pl.coalesce(_unquoted(text), number, pl.lit(""))).to_series()
        return cells, number.is_not_null()


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


class Shapes:
    """The shapes met so far in a file."""

    def __init__(self) -> None:
        self._known: list[Shape] = []

    def split(self, lines: pl.DataFrame) -> Iterator[tuple[Shape | None, pl.DataFrame]]:
        """The lines by their shape, those without one one by one.

        Args:
            lines: `own`, the line itself, and any other columns.
        """
        for shape in self._known:
            lines, found = _apart(lines, shape)
            if len(found):
                yield shape, found
        while len(lines):
            new = Shape.of(lines["own"][0]) if len(self._known) < _MOST_SHAPES else None
            if new is None:
                yield None, lines.head(1)
                lines = lines.slice(1)
                continue
            self._known.append(new)
            lines, found = _apart(lines, new)
            yield new, found


def _apart(lines: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines that are not of a shape, and those that are."""
    fits = lines["own"].str.contains(shape.plain)
    return lines.filter(~fits), lines.filter(fits)
