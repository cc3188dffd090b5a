"""How wide texts are on paper, and the lines that they make."""

from dataclasses import dataclass, field
from typing import Final

from matplotlib.figure import Figure

from immunotrack.plot.style import Ruler

_FINE: Final = 600
"""Dots per inch at which a width is measured; at few of them letters stand on whole dots."""


@dataclass(slots=True)
class Measure:
    """Measures text by its words, each of them once; a line is as wide as they and the gaps are."""

    ruler: Ruler = field(default_factory=lambda: Ruler(Figure(figsize=(1, 1), dpi=_FINE)))
    known: dict[tuple[str, float, bool], float] = field(default_factory=dict)

    def width(self, text: str, points: float, *, bold: bool = False) -> float:
        """How wide a text is on one line, in mm."""
        words = text.split(" ")
        gaps = (len(words) - 1) * self._word("x x", points, bold=bold)
        gaps -= (len(words) - 1) * 2 * self._word("x", points, bold=bold)
        return gaps + sum(self._word(word, points, bold=bold) for word in words)

    def _word(self, word: str, points: float, *, bold: bool) -> float:
        key = (word, points, bold)
        if key not in self.known:
            self.known[key] = self.ruler.width(word, points, bold=bold)
        return self.known[key]

    def lines(self, text: str, points: float, width: float, *, bold: bool = False) -> list[str]:
        """A text in lines no wider than this; a word that is too long goes on in the next one."""
        if self.width(text, points, bold=bold) <= width:
            return [text] if text else []
        lines: list[str] = []
        for word in text.split(" "):
            for number, piece in enumerate(self._pieces(word, points, width, bold=bold)):
                longer = f"{lines[-1]} {piece}" if lines else piece
                if lines and not number and self.width(longer, points, bold=bold) <= width:
                    lines[-1] = longer
                else:
                    lines.append(piece)
        return lines

    def _pieces(self, word: str, points: float, width: float, *, bold: bool) -> list[str]:
        """A word, or its parts where it is too wide: cut after a hyphen if there is one."""
        pieces: list[str] = []
        while len(word) > 1 and self.width(word, points, bold=bold) > width:
            end = len(word) - 1
            while end > 1 and self.ruler.width(word[:end], points, bold=bold) > width:
                end -= 1 + end // 12
            hyphen = max(word.rfind(sign, 0, end) for sign in "-/_") + 1
            end = hyphen if hyphen > 2 else max(end, 1)
            pieces.append(word[:end])
            word = word[end:]
        return [*pieces, word]
