"""The keys of the lines of an NDJSON file, which are its columns, found split by split."""

from dataclasses import dataclass, field

from immunotrack.bulk.blocks import Block
from immunotrack.bulk.jsonfile import JsonFile, Keys, keys_of
from immunotrack.bulk.shapes import Shapes
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.json_rows import MOST_KEYS


@dataclass(frozen=True, slots=True)
class Found:
    """What some lines of a split add to the keys of its file.

    Args:
        keys: Those that are new, with the line of the split.
        problems: Why the lines are no text.
    """

    keys: tuple[Keys, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class SplitKeys:
    """The keys of a split, piece by piece in its order.

    Args:
        split: Where it starts in the file.
        lines: How many were asked.
    """

    file: JsonFile
    split: int
    lines: int = 0
    known: set[str] = field(default_factory=set)
    shapes: Shapes = field(default_factory=Shapes)

    def found(self, data: bytes, lines: int) -> Found:
        """What the lines of a piece add."""
        block = Block(self.split, self.lines + 1, 0, data, last=True)
        self.lines += lines
        try:
            every = keys_of(self.file.lines_in(block), self.shapes)
        except InvalidInput as error:
            return Found(problems=error.problems)
        return Found(tuple(at for at in every if self._is_new(at)))

    def _is_new(self, at: Keys) -> bool:
        """Whether a line has a key that none had before; not asked any more beyond `MOST_KEYS`."""
        new = len(self.known) <= MOST_KEYS and not self.known.issuperset(at[1])
        self.known.update(at[1] if new else ())
        return new
