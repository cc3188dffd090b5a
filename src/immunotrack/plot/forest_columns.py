"""The columns of a forest plot: labels, numbers of the arms, the axis, weights, estimates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from immunotrack.plot.forest_lines import Block, Forest, Line
from immunotrack.plot.page import MARGIN
from immunotrack.plot.style import Ruler, Size

STEP: Final = 0.32
"""How far a label stands in for each level, in mm for each point of the text."""

GAP: Final = 0.32
"""Between two columns, in mm for each point of the text."""

_LEAST_AXIS: Final = 0.25
"""The axis has at least this part of the page, if columns can be left out for it."""

_WIDEST_LABEL: Final = 0.36
"""Labels have at most this part of the page."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns are, in mm from the left edge of the page.

    Args:
        label: The width of the labels.
        cells: The right edges of the columns of each block, none where they have no room.
        axis: Left edge and width.
        weight: The right edge; None where weights are not known or have no room.
        numbers: The right edges of estimate, lower and upper limit.
    """

    label: float
    cells: Sequence[Sequence[float]]
    axis: tuple[float, float]
    weight: float | None
    numbers: tuple[float, float, float]


def columns_of(forest: Forest, size: Size, ruler: Ruler, points: float) -> Columns:
    """The widest columns that leave the axis its room: cells go first, then weights."""
    found = _Widths(forest, size, ruler, points)
    if found.axis() < size.width * _LEAST_AXIS:
        found.cells = [[] for _ in forest.blocks]
    if found.axis() < size.width * _LEAST_AXIS:
        found.weight = 0.0
    if found.axis() < size.width * _LEAST_AXIS:
        found.label = max(found.label + found.axis() - size.width * _LEAST_AXIS, 8.0)
    return found.placed()


@dataclass(slots=True)
class _Widths:
    """The widths that the columns want, each with the gap before it."""

    forest: Forest
    size: Size
    ruler: Ruler
    points: float
    gap: float = field(init=False)
    label: float = field(init=False)
    cells: list[list[float]] = field(init=False)
    weight: float = field(init=False)
    numbers: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.gap = self.points * GAP
        self.label = min(self._labels(), self.size.width * _WIDEST_LABEL)
        self.cells = [self._cells(block) for block in self.forest.blocks]
        weighted = any(block.weighted for block in self.forest.blocks)
        self.weight = self._wide([WEIGHT, "100.0 %"]) + self.gap if weighted else 0.0
        self.numbers = self._numbers()

    def _wide(self, texts: Iterable[str], *, bold: bool = False) -> float:
        widths = (self.ruler.width(text, self.points, bold=bold) for text in set(texts))
        return max(widths, default=0.0)

    def _labels(self) -> float:
        lines = [line for line in self.forest.lines() if line.kind != "note"]
        heads = [block.title for block in self.forest.blocks]
        labels = [
            self._wide([line.label], bold=True) + line.level * STEP * self.points for line in lines
        ]
        return max([*labels, self._wide(heads, bold=True)])

    def _cells(self, block: Block) -> list[float]:
        """The columns of a block; a group's name that is wider than its columns widens them."""
        texts = [
            [column.name, *(line.cells[n] for line in block.lines if line.cells)]
            for n, column in enumerate(block.columns)
        ]
        wide = [self._wide(column) + self.gap for column in texts]
        for group in dict.fromkeys(column.group for column in block.columns if column.group):
            own = [n for n, column in enumerate(block.columns) if column.group == group]
            missing = self._wide([group]) + self.gap - sum(wide[n] for n in own)
            for n in own:
                wide[n] += max(missing, 0.0) / len(own)
        return wide

    def _numbers(self) -> list[float]:
        """Estimate and limits; the first is widened where the heading or words need it."""
        pairs = [(block, line) for block in self.forest.blocks for line in block.lines]
        texts = [block.numbers(line) for block, line in pairs]
        wide = [self._wide([numbers[n] for numbers in texts]) for n in range(3)]
        wide = [wide[0] + self.gap, wide[1] + self.gap / 2, wide[2] + self.gap / 3]
        words = [line.said for line in self.forest.lines()]
        heads = [block.head for block in self.forest.blocks]
        wide[0] += max(0.0, self._wide([*words, *heads]) + self.gap - sum(wide))
        return wide

    def axis(self) -> float:
        """What is left for the axis."""
        taken = self.label + max(map(sum, self.cells), default=0.0)
        return self.size.width - 2 * MARGIN - taken - self.weight - sum(self.numbers) - 2 * self.gap

    def placed(self) -> Columns:
        """The columns in their order from left to right."""
        cells = []
        for widths in self.cells:
            ends = [MARGIN + self.label]
            for width in widths:
                ends.append(ends[-1] + width)
            cells.append(ends[1:])
        left = MARGIN + self.label + max(map(sum, self.cells), default=0.0) + self.gap
        end = left + self.axis() + self.gap + self.weight
        first, second, third = self.numbers
        return Columns(
            label=self.label,
            cells=cells,
            axis=(left, self.axis()),
            weight=end if self.weight else None,
            numbers=(end + first, end + first + second, end + first + second + third),
        )


WEIGHT: Final = "Weight"
"""The heading over the weights."""


def weight_text(line: Line) -> str:
    """A weight as it is shown; empty where it is not known."""
    return "" if line.weight is None else f"{line.weight:.1f} %"


def shortened(text: str, ruler: Ruler, points: float, width: float, *, bold: bool = False) -> str:
    """A label that fits into a width in mm; a short last word stays, as a year of a study does."""
    if ruler.width(text, points, bold=bold) <= width:
        return text
    start, _, last = text.rpartition(" ")
    if start and len(last) <= _LONGEST_TAIL:
        room = width - ruler.width(f" {last}", points, bold=bold)
        if head := ruler.fitted(f"{start} …", points, room, bold=bold):
            return f"{head} {last}"
    return ruler.fitted(text, points, width, bold=bold)


_LONGEST_TAIL: Final = 8
"""A last word of no more letters is kept."""


def in_parts(text: str, ruler: Ruler, points: float, width: float) -> list[str]:
    """A text in lines no wider than a width in mm, cut between its parts `τ² = 0.2; Q = 4` only."""
    lines: list[str] = []
    for part in text.split("; "):
        longer = f"{lines[-1]}; {part}" if lines else part
        if lines and ruler.width(longer, points) <= width:
            lines[-1] = longer
        else:
            lines += ruler.wrapped(part, points, width)
    return lines
