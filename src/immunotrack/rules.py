"""What makes one result invalid or suspect, each rule written once.

A rule's test is made of operators that scalars and columns share, so the same function serves a
single `Measurement` (pydantic) and the columns of a table (narwhals, Polars).
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from immunotrack.problems import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason why a result is refused (error) or doubted (warning).

    Args:
        code: The problem's code.
        column: The column of the table at which a reader points.
        needs: The columns that the test takes, in order; a missing value passes.
        message: What is wrong; `{unit}` stands for the row's unit.
        test: True where the rule is broken.
    """

    code: str
    severity: Severity
    column: str
    needs: tuple[str, ...]
    test: Callable[..., Any]
    message: str
    fix: str

    def breaks(self, row: Mapping[str, Any]) -> bool:
        """Whether one row, given as scalars, breaks the rule."""
        values = [row[name] for name in self.needs]
        return not any(value is None for value in values) and bool(self.test(*values))


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "decimal-comma",
        _ERROR,
        "reported",
        ("kind",),
        lambda kind: kind == "comma",
        "a comma, blank or second point in a number means different things in different countries",
        "Write 1234.5: a decimal point and no thousands separator.",
    ),
    Rule(
        "not-a-number",
        _ERROR,
        "reported",
        ("known", "kind"),
        lambda known, kind: known & (kind == "text"),
        "not a number",
        'Write 12.3, <5, >1000 or "not detected", or leave the cell empty.',
    ),
    Rule(
        "percent",
        _ERROR,
        "reported",
        ("percent", "unit"),
        lambda percent, unit: percent & (unit != "%"),
        "the result is a percentage and its unit is not",
        "Give the count in its unit, or write % as the unit.",
    ),
    Rule(
        "negative-result",
        _ERROR,
        "reported",
        ("known", "value"),
        lambda known, value: known & (value < 0),
        "below zero, which no count, concentration or score can be",
        "Leave the cell empty where there is no result.",
    ),
    *(
        Rule(
            "inverted-range",
            _ERROR,
            lower,
            (lower, upper),
            operator.gt,
            f"the limit {lower} is above the limit {upper}",
            "Exchange them, or leave out the wrong one.",
        )
        for lower, upper in (
            ("low", "high"),
            ("critical_low", "low"),
            ("critical_low", "high"),
            ("low", "critical_high"),
            ("high", "critical_high"),
            ("critical_low", "critical_high"),
        )
    ),
    Rule(
        "missing-unit",
        _ERROR,
        "unit",
        ("known", "ranged", "unit", "value"),
        lambda known, ranged, unit, _value: known & (ranged == "") & (unit == ""),
        "a number without a unit, and no range beside it",
        "Write the unit of the result, such as cells/µL or 10*9/L.",
    ),
    Rule(
        "missing-unit",
        _WARNING,
        "unit",
        ("known", "ranged", "unit", "value"),
        lambda known, ranged, unit, _value: known & (ranged != "") & (unit == ""),
        "a number without a unit: flagged against the range beside it and against no other",
        "Write the unit of the result, such as cells/µL or 10*9/L.",
    ),
    Rule(
        "unknown-unit",
        _WARNING,
        "unit",
        ("known", "unit", "unit_std"),
        lambda known, unit, unit_std: known & (unit != "") & (unit_std == ""),
        "no conversion to the analyte's own unit: flagged against a range beside it and no other",
        "Write the unit of a count or concentration, or give the range with low and high.",
    ),
    Rule(
        "absurd-magnitude",
        _WARNING,
        "reported",
        ("value_std", "absurd_from"),
        operator.ge,
        "so large in {unit} that the unit is most likely wrong",
        "Check the unit: is it per µL and not 10*9/L, a count and not a percentage?",
    ),
    Rule(
        "absurd-magnitude",
        _WARNING,
        "reported",
        ("value_std", "absurd_below", "comparator"),
        lambda value, below, comparator: (value > 0) & (value < below) & (comparator == ""),
        "so small in {unit} that the unit is most likely wrong",
        "Check the unit: is it 10*9/L and not per µL, AB/C and not a percentage?",
    ),
    Rule(
        "empty-result",
        _WARNING,
        "reported",
        ("kind",),
        lambda kind: kind == "empty",
        "no result",
        "",
    ),
    Rule(
        "text-result",
        _WARNING,
        "reported",
        ("known", "kind"),
        lambda known, kind: (known == False) & (kind == "text"),  # noqa: E712 - also a column
        "a result in words is kept as text and has no flag",
        "",
    ),
    Rule(
        "no-detection-limit",
        _WARNING,
        "reported",
        ("comparator", "unlimited"),
        lambda comparator, unlimited: (comparator == "<") & unlimited,
        "not detected, and the limit of detection is not given",
        "Give it in a column detection_limit, or write the result as <5.",
    ),
)


def broken(row: Mapping[str, Any], severity: Severity) -> list[Rule]:
    """The rules of one severity that a row, given as scalars, breaks."""
    return [rule for rule in RULES if rule.severity is severity and rule.breaks(row)]
