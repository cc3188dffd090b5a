"""What makes one result invalid or suspect, each rule written once.

A rule's test is made of operators that scalars and columns share, so the same function serves a
single `Measurement` (pydantic) and the columns of a table (narwhals, Polars).
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
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

_LIKELIER: Final = {
    "large": {
        "cells/µL": ("10*9/L", "10*3/uL", "10*6/mL"),
        "pg/mL": ("ng/mL", "ug/L"),
    },
    "small": {
        "10*9/L": ("cells/µL", "10*6/L"),
        "cells/µL": ("cells/mL",),
        "a percentage": ("{AB}/{cell}",),
    },
}
"""What a number looks like that is a thousandfold too large, or small, in one of these units."""


def _among(column: Any, values: Iterable[str]) -> Any:  # noqa: ANN401 - a scalar or a column
    return reduce(operator.or_, (column == value for value in values))


def _wordy(kind: Any) -> Any:  # noqa: ANN401
    return _among(kind, ("text", "titre", "interval", "ordinal"))


def _large(value: Any, bound: Any) -> Any:  # noqa: ANN401
    return value >= bound


def _small(value: Any, bound: Any, comparator: Any) -> Any:  # noqa: ANN401
    return (value > 0) & (value < bound) & (comparator == "")


def _absurd(
    size: str, needs: tuple[str, ...], test: Callable[..., Any], generic_fix: str
) -> Iterator[Rule]:
    """The rules of numbers too large, or too small: one for each unit they look like, and a rest.

    Args:
        needs: What `test` takes.
    """
    likelier = _LIKELIER[size]
    told = [unit for units in likelier.values() for unit in units]

    def rule(holds: Callable[[Any], Any], message: str, fix: str) -> Rule:
        return Rule(
            "absurd-magnitude",
            _WARNING,
            "reported",
            ("unit", *needs),
            lambda unit, *facts: test(*facts) & holds(unit),
            message,
            fix,
        )

    for looks, units in likelier.items():
        yield rule(
            partial(_among, values=units),
            f"so {size} in {{unit}} that it looks like {looks}",
            "Check the unit, and write the one in which the number was reported.",
        )
    yield rule(
        lambda unit: _among(unit, told) == False,  # noqa: E712 - also a column
        f"so {size} in {{unit}} that the unit is most likely wrong",
        generic_fix,
    )


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
        "ambiguous-number",
        _ERROR,
        "reported",
        ("kind",),
        lambda kind: kind == "ambiguous",
        "another number with a decimal comma than with a decimal point",
        "Add --decimal point or --decimal comma.",
    ),
    Rule(
        "formula-error",
        _ERROR,
        "reported",
        ("kind",),
        lambda kind: kind == "formula error",
        "the error value of a spreadsheet's formula",
        "Correct the formula, or leave the cell empty.",
    ),
    Rule(
        "not-a-number",
        _ERROR,
        "reported",
        ("known", "kind"),
        lambda known, kind: known & _wordy(kind),
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
    *_absurd(
        "large",
        ("value_std", "absurd_from"),
        _large,
        "Check the unit: is it per µL and not 10*9/L, a count and not a percentage?",
    ),
    *_absurd(
        "small",
        ("value_std", "absurd_below", "comparator"),
        _small,
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
        "no-result",
        _WARNING,
        "reported",
        ("kind",),
        lambda kind: kind == "missing",
        "words or signs in place of a result",
        "",
    ),
    Rule(
        "marked-result",
        _WARNING,
        "reported",
        ("mark",),
        lambda mark: mark != "",
        "the number is read without the laboratory's own mark beside it",
        "",
    ),
    Rule(
        "text-result",
        _WARNING,
        "reported",
        ("known", "kind"),
        lambda known, kind: (known == False) & _wordy(kind),  # noqa: E712 - also a column
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
