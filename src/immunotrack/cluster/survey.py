"""Where the splits of a file start, and which of them a quoted cell may join, told beforehand."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from immunotrack.bulk.blocks import moved
from immunotrack.bulk.jsonfile import JsonFile, Keys
from immunotrack.bulk.lots import LargeFile
from immunotrack.bulk.odd_rows import LONGEST_RECORD
from immunotrack.bulk.plain_rows import PlainRows
from immunotrack.bulk.textfile import TextFile
from immunotrack.cluster.keys import Found, SplitKeys
from immunotrack.cluster.stream import Batch, pieces
from immunotrack.problems import InvalidInput

SCHEMA: Final = "file bigint, split bigint, lines bigint, size bigint, odd boolean, keys binary"
_TYPES: Final = {
    **dict.fromkeys(("file", "split", "lines", "size"), pl.Int64),
    "odd": pl.Boolean,
    "keys": pl.Binary,
}


class Split(NamedTuple):
    """A part of a file that Spark reads by itself, or a piece of one.

    Args:
        file: The key of the file.
        split: Where it starts, in the order of the file.
        lines: How many physical lines end in it.
        size: In bytes.
        odd: Some line has a quotation mark where a plain row has none.
        keys: What it adds to the keys of an NDJSON file: a `Found`, in bytes of ours.
    """

    file: int
    split: int
    lines: int
    size: int
    odd: bool
    keys: bytes | None = None


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
        files: By their key; what has none of these is passed over.
        whole: Every piece ends with a record.
    """

    files: Mapping[int, LargeFile]
    whole: bool

    def counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """What each piece adds to its split."""
        keys: dict[tuple[int, int], SplitKeys] = {}
        found = []
        for (key, split), _, data in pieces(batches):
            file = self.files.get(key)
            if isinstance(file, JsonFile):
                asked = keys.setdefault((key, split), SplitKeys(file, split))
                found.append(_of_objects(key, asked, data))
            elif file is not None:
                odd = not self.whole and _is_odd(file, data)
                found.append(Split(key, split, file.count_lines(data), len(data), odd))
        if found:
            yield from pl.DataFrame(found, _TYPES, orient="row").to_arrow().to_batches()


def _of_objects(key: int, asked: SplitKeys, data: bytes) -> Split:
    """A piece of an NDJSON file, of which no line goes on in another one."""
    lines = asked.file.count_lines(data)
    told = pickle.dumps(asked.found(data, lines))
    return Split(key, asked.split, lines, len(data), odd=False, keys=told)


def _is_odd(file: TextFile, data: bytes) -> bool:
    """Whether a line has a quotation mark where a plain row has none."""
    if b'"' not in data:
        return False
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("latin-1").encode()
    lines = pl.read_lines(io.BytesIO(text), name="line").to_series()
    marked = lines.filter(lines.str.contains('"', literal=True))
    return not marked.str.contains(PlainRows(file).quoted).all()


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


def keys_of_file(key: int, counted: Sequence[Split], every: Sequence[Run]) -> list[Keys]:
    """The keys that lines of an NDJSON file add to those of the lines before, in its order.

    Args:
        counted: What each piece adds to its split.
        every: The runs of all files.

    Raises:
        InvalidInput: Its lines are no text.
    """
    above = {run.splits[0]: run.line - 1 for run in every if run.file == key}
    pieces_of = sorted((part for part in counted if part.file == key), key=lambda one: one.split)
    found: list[Keys] = []
    for part in pieces_of:
        told: Found = pickle.loads(part.keys or b"")  # noqa: S301 - by our own workers
        if told.problems:
            error = InvalidInput([*told.problems], unreadable=True)
            raise moved(error, above[part.split])
        found += [(above[part.split] + line, keys) for line, keys in told.keys]
    return sorted(found)
