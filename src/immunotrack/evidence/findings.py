"""What was found when printed effects were asked whether they can be true, as a table too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from immunotrack.evidence.printed import PrintedEffect
from immunotrack.evidence.sentences import number
from immunotrack.table import NUMBER, TEXT

Check = Literal["midpoint", "words", "combined", "difference", "interval"]
Verdict = Literal[
    "holds", "does not hold", "can follow", "does not follow", "computed", "cannot be asked"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question that was put to printed effects, and the answer.

    Args:
        check: `midpoint`: is the estimate the middle of its interval; `words`: does the interval
            say what the text says; `combined`: can the row follow from its parts; `difference`: do
            populations differ; `interval`: how wide it is by another method.
        effects: The rows that were asked.
        estimate, low, high: What was computed, as shown: a ratio is no logarithm.
        standard_error: On the scale of analysis, of logarithms for a ratio.
        q: Of the difference between populations.
    """

    check: Check
    effects: tuple[PrintedEffect, ...]
    verdict: Verdict
    sentence: str
    model: str = ""
    interval: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    q: float | None = None
    p_value: float | None = None

    @property
    def asked(self) -> tuple[PrintedEffect, ...]:
        """The rows that the answer is about: all that differ, else the one without its parts."""
        return self.effects if self.check == "difference" else self.effects[:1]


def shown(effect: PrintedEffect, analysed: float) -> float:
    """A number of the scale of analysis as it is shown: a ratio is no logarithm."""
    return math.exp(analysed) if effect.is_ratio else analysed


def interval_text(estimate: float, low: float, high: float) -> str:
    """An estimate with its interval, as the printed ones are written."""
    return f"{number(estimate)} [{number(low)}, {number(high)}]"


SCHEMA: Final[dict[str, Any]] = {
    "check": TEXT,
    "population": TEXT,
    "outcome": TEXT,
    "timepoint": TEXT,
    "measure": TEXT,
    "printed": TEXT,
    "model": TEXT,
    "interval": TEXT,
    "estimate": NUMBER,
    "ci_low": NUMBER,
    "ci_high": NUMBER,
    "standard_error": NUMBER,
    "q": NUMBER,
    "p_value": NUMBER,
    "verdict": TEXT,
    "sentence": TEXT,
}
"""The columns of the findings as a table (see `Finding`); `printed` is what was asked."""


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as rows of a table (see `SCHEMA`)."""
    return [_row(finding) for finding in findings]


def _row(finding: Finding) -> dict[str, Any]:
    first = finding.effects[0]
    asked = finding.asked
    return {
        "check": finding.check,
        "population": "; ".join(effect.population for effect in asked),
        "outcome": first.outcome,
        "timepoint": "; ".join(dict.fromkeys(e.timepoint for e in asked if e.timepoint)),
        "measure": first.measure,
        "printed": "; ".join(effect.printed for effect in asked),
        "model": finding.model,
        "interval": finding.interval,
        "estimate": finding.estimate,
        "ci_low": finding.low,
        "ci_high": finding.high,
        "standard_error": finding.standard_error,
        "q": finding.q,
        "p_value": finding.p_value,
        "verdict": finding.verdict,
        "sentence": finding.sentence,
    }
