"""The start of a delimited table: its delimiter, its header and what stands above it."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from immunotrack.readers.headers import header_score, plain_header
from immunotrack.readers.record import Record, Records

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""The delimiters that are tried, to what users call them."""

_SEARCHED: Final = 60
"""The header is among so many first records."""

_FEWEST: Final = 2
"""Fewer known names make no header."""

_RIVALS: Final = 5
"""None of so many records below the header holds more known names."""

_WIDEST: Final = 1000
"""So many cells tell whether a record is the header."""

_DECLARED: Final = re.compile(r'"?sep=([^"\w \r\n])\1*+"?[ \t]*+(?=[\r\n]|$)', re.IGNORECASE)
"""The first line of a file that names its delimiter to Excel."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where and how a table starts.

    Args:
        line: The physical line of the header, counted from 1.
        above: The physical lines of the records above the header.
    """

    line: int
    delimiter: str
    above: Sequence[int] = ()

    @property
    def told(self) -> list[str]:
        """The delimiter and the header's line in words, where they are not the usual ones."""
        name = DELIMITERS.get(self.delimiter, f"delimiter {self.delimiter}")
        line = f"header at line {self.line}"
        return [name] * (self.delimiter != ",") + [line] * (self.line > 1)


class _Candidate(NamedTuple):
    """A record cut at one delimiter, as the header that it may be; the greater, the better.

    Args:
        score: How many of its cells are known names, 0 where that makes no header.
        declared: The file says that this is its delimiter.
        content: 2 for text, 1 for a comment in a line of its own, 0 for blank cells.
    """

    score: int
    declared: bool
    width: int
    content: int
    line: int
    delimiter: str


def find_start(text: str, named: Collection[str]) -> Start | None:
    """The start of the table of a text, or None where there is no record at all.

    The header is the first record of at least two known names that has no fewer than the next
    ones; without such a record, it is the first one with content.

    Args:
        named: Further names of columns, plain.
    """
    declared = _DECLARED.match(text)
    sign = declared[1] if declared else ""
    best: dict[int, _Candidate] = {}
    for delimiter in dict.fromkeys([sign, *DELIMITERS] if sign else DELIMITERS):
        for found in _candidates(text, delimiter, sign, named):
            if found.line not in best or found[:3] > best[found.line][:3]:
                best[found.line] = found
    order = [best[line] for line in sorted(best)]
    if not order:
        return None
    header = _scored(order) or max(order, key=lambda found: (found.content, -found.line))
    above = _candidates(text, header.delimiter, sign, named)
    lines = [found.line for found in above if found.line < header.line and found.content]
    return Start(header.line, header.delimiter, lines)


def _scored(order: Sequence[_Candidate]) -> _Candidate | None:
    for place, found in enumerate(order):
        rivals = order[place + 1 : place + 1 + _RIVALS]
        if found.score and all(found.score >= rival.score for rival in rivals):
            return found
    return None


def _candidates(
    text: str, delimiter: str, declared: str, named: Collection[str]
) -> Iterator[_Candidate]:
    first = 2 if declared else 1
    for record in islice(Records(text, delimiter, first, even=False), _SEARCHED):
        yield _Candidate(
            score=_score(record.cells[:_WIDEST], named),
            declared=delimiter == declared,
            width=len(record.cells),
            content=_content(record),
            line=record.line,
            delimiter=delimiter,
        )


def _score(cells: Sequence[str], named: Collection[str]) -> int:
    """How many cells are known names; none where there are too few, or a number among them."""
    if any(map(_is_number, cells)):
        return 0
    known = sum(plain_header(cell) in named or header_score([cell]) > 0 for cell in cells)
    return known if known >= _FEWEST else 0


def _is_number(cell: str) -> bool:
    plain = cell.strip(" .,:/+-<>")
    return plain != "" and plain.strip("0123456789.,:/+- TZ") == ""


def _content(record: Record) -> int:
    if not any(cell.strip() for cell in record.cells):
        return 0
    return 1 if len(record.cells) == 1 and record.opening.startswith("#") else 2
