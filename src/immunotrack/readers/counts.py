"""How many rows were read and what became of them; the numbers always add up."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from immunotrack.problems import counted

MERGED: Final = ("repeated-result", "superseded-result")
"""Why another row is used in place of a row."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The fates of the rows of some files.

    Args:
        used: Rows that count.
        merged: Rows in whose place another row of the same sample is used.
        aside: Rows that are no measurement or no event, by the code that says why.
        wrong: Rows with errors.
    """

    used: int = 0
    merged: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def read(self) -> int:
        """All rows."""
        return self.used + self.merged + self.aside.total() + self.wrong

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.used + other.used,
            self.merged + other.merged,
            self.aside + other.aside,
            self.wrong + other.wrong,
        )

    def said(self, noun: str) -> str:
        """In words: `3 rows read: 1 used, 1 set aside (empty-row 1), 1 with errors`."""
        told = [f"{self.used} used"]
        if self.merged:
            told.append(f"{self.merged} merged with another")
        if self.aside:
            why = ", ".join(f"{code} {number}" for code, number in sorted(self.aside.items()))
            told.append(f"{self.aside.total()} set aside ({why})")
        told.append(f"{self.wrong} with errors")
        return f"{counted(self.read, noun)} read: {', '.join(told)}"

    def as_dict(self) -> dict[str, object]:
        """For JSON: `read`, `used`, `merged`, `set_aside` by code, `errors`."""
        return {
            "read": self.read,
            "used": self.used,
            "merged": self.merged,
            "set_aside": dict(sorted(self.aside.items())),
            "errors": self.wrong,
        }
