"""Where the splits of a file start, and which of them a quoted cell may join, told beforehand."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from immunotrack.bulk.blocks import line_ends
from immunotrack.bulk.odd_rows import LONGEST_RECORD
from immunotrack.cluster.stream import Batch, pieces

SCHEMA: Final = "file bigint, split bigint, lines bigint, size bigint, odd boolean"


class Split(NamedTuple):
    """A part of a file that Spark reads by itself, or a piece of one.

    Args:
        file: The key of the file.
        split: Where it starts, in the order of the file.
        lines: How many physical lines end in it.
        size: In bytes.
        odd: Some line has a quotation mark where a plain row has none.
    """

    file: int
    split: int
    lines: int
    size: int
    odd: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Splits that are read as one: what begins in one of them ends there.

    Args:
        line: The physical line on which it starts.
        lines: How many it has.
    """

    file: int
    splits: tuple[int, ...]
    line: int
    lines: int


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Counts the lines of pieces of files.

    Args:
        plain: What a plain row with quotation marks looks like, by file; empty where every piece
            ends with a record.
    """

    plain: Mapping[int, str]

    def counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """What each piece adds to its split."""
        found = [
            Split(file, split, line_ends(data), len(data), self._is_odd(file, data))
            for (file, split), _, data in pieces(batches)
        ]
        if found:
            yield from pl.DataFrame(found, orient="row").to_arrow().to_batches()

    def _is_odd(self, file: int, data: bytes) -> bool:
        plain = self.plain.get(file)
        if plain is None or b'"' not in data:
            return False
        text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("latin-1").encode()
        lines = pl.read_lines(io.BytesIO(text), name="line").to_series()
        marked = lines.filter(lines.str.contains('"', literal=True))
        return not marked.str.contains(plain).all()


def runs(counted: Sequence[Split], first: int) -> list[Run]:
    """The splits of some files, put together where a record may go on from one to the next.

    Args:
        counted: What each piece adds to its split.
        first: The physical line on which the first split of a file starts.
    """
    found: list[Run] = []
    reach, line, before = 0, first, None
    for at in _whole(counted):
        if at.file != before:
            reach, line, before = 0, first, at.file
        if reach > 0:
            last = found[-1]
            splits_of = (*last.splits, at.split)
            found[-1] = Run(at.file, splits_of, last.line, last.lines + at.lines)
        else:
            found.append(Run(at.file, (at.split,), line, at.lines))
        reach = LONGEST_RECORD if at.odd else reach - at.size
        line += at.lines
    return found


def _whole(parts: Sequence[Split]) -> list[Split]:
    """Each split as the sum of its pieces, in the order of the files."""
    found: dict[tuple[int, int], Split] = {}
    for part in parts:
        place = part[:2]
        before = found.get(place, Split(*place, 0, 0, odd=False))
        lines, size = before.lines + part.lines, before.size + part.size
        found[place] = Split(*place, lines, size, odd=before.odd or part.odd)
    return sorted(found.values())
