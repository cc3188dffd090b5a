"""What a forest plot shows, as data: blocks of lines, each block on an axis of its own."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["heading", "study", "subtotal", "total", "prediction", "note"]

POOLED: Final = frozenset({"subtotal", "total"})
"""The kinds of line that are drawn as a diamond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a forest plot.

    Args:
        kind: A study is a square with its interval, a subtotal or total a diamond, a prediction an
            interval alone; headings and notes are words.
        estimate, low, high: On the scale that is shown; a ratio is no logarithm.
        weight: In percent, where it is known.
        cells: Under the columns of the block.
        said: In place of the numbers, `not reported`.
        level: By how many steps the label stands in.
    """

    kind: Kind
    label: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float | None = None
    cells: Sequence[str] = ()
    said: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers left of the axis.

    Args:
        group: What several columns side by side have in common: an arm.
    """

    name: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that share an axis.

    Args:
        title: The heading over the labels.
        measure: What the numbers are, in short: `MD`, `RR`.
        axis: The label of the axis, with its unit.
        log: The axis is logarithmic and no effect is 1; else no effect is 0.
        favours: What the left and the right side of no effect mean.
        columns: Beside the labels.
        level_percent: The confidence level of the intervals.
    """

    lines: Sequence[Line]
    measure: str
    axis: str
    log: bool
    title: str = ""
    favours: tuple[str, str] = ("", "")
    columns: Sequence[Column] = ()
    level_percent: float = 95

    @property
    def null(self) -> float:
        """No effect."""
        return 1.0 if self.log else 0.0

    @property
    def head(self) -> str:
        """The heading over the numbers."""
        return f"{self.measure} [{self.level_percent:g} % CI]"

    @property
    def weighted(self) -> bool:
        """Whether the weight of any line is known."""
        return any(line.weight is not None for line in self.lines)

    @property
    def typical_width(self) -> float:
        """The middle one of the widths of the studies' intervals, of all where there is none."""
        own = [line for line in self.lines if line.kind == "study"]
        widths = _widths(own) or _widths(self.lines)
        return widths[(len(widths) - 1) // 2] if widths else 1.0

    @property
    def decimals(self) -> int:
        """How many decimals tell the intervals apart, the same for all numbers of the block."""
        return decimals_for(self.typical_width)

    def numbers(self, line: Line) -> tuple[str, str, str]:
        """Estimate, `[low,` and `high]` of a line, each empty where it is not known."""
        shown = [
            "" if number is None else signed(number, self.decimals)
            for number in (line.estimate, line.low, line.high)
        ]
        estimate, low, high = shown
        return estimate, f"[{low}," if low else "", f"{high}]" if high else ""


def decimals_for(width: float) -> int:
    """How many decimals numbers need that differ by about so much.

    >>> decimals_for(0.7), decimals_for(130), decimals_for(0.004)
    (2, 0, 4)
    """
    if width >= 100:
        return 0
    if width >= 10:
        return 1
    return 2 if width >= 0.1 else 3 if width >= 0.01 else 4


def _widths(lines: Sequence[Line]) -> list[float]:
    """The finite widths of the intervals of some lines, the narrowest first."""
    return sorted(
        line.high - line.low
        for line in lines
        if line.low is not None and line.high is not None and math.isfinite(line.high - line.low)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Everything that one forest plot shows.

    Args:
        notes: Sentences of the footnote: model, interval, and everything that is assumed.
    """

    blocks: Sequence[Block]
    title: str = ""
    notes: Sequence[str] = ()

    def lines(self) -> Iterator[Line]:
        """The lines of all blocks."""
        for block in self.blocks:
            yield from block.lines


def signed(number: float, decimals: int) -> str:
    """A number with a true minus sign and so many decimals; a vast one by its power of ten.

    >>> signed(-0.15, 2), signed(1234.5, 1), signed(3.2e8, 2), signed(-0.001, 2)
    ('−0.15', '1234.5', '3.2e8', '0.00')
    """
    if math.isinf(number):
        return "∞" if number > 0 else "\u2212∞"
    if abs(number) >= _VAST:
        digits, power = f"{number:.1e}".split("e")
        return f"{digits}e{int(power)}".replace("-", "\u2212")
    text = f"{number:.{decimals}f}"
    return f"{0.0:.{decimals}f}" if float(text) == 0 else text.replace("-", "\u2212")


_VAST: Final = 1e6
