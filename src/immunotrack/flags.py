"""Which range applies to a result, and the flag it earns.

Limits are closed (a value equal to a limit is in range) and compared in the unit of the result. A
censored result is L, N or H only if every value it allows has that status; otherwise it is IND.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import narwhals as nw
from narwhals.typing import FrameT, IntoFrameT

from immunotrack.analytes import find_analyte
from immunotrack.problems import InvalidInput, Problem
from immunotrack.questions import lookup
from immunotrack.ranges import RangeSet, applied_range, choose_range_sets
from immunotrack.rules import RULES
from immunotrack.table import LIMITS, NUMBER, TEXT, conformed, plain_rows
from immunotrack.values import COMPARATORS

FLAGS: Final = ("N", "L", "H", "LL", "HH", "IND")
"""HL7 v2 table 0078 and FHIR ObservationInterpretation; IND is FHIR's "indeterminate"."""

MOST_TOLD: Final = 100
"""So many impossible rows of a lazy frame are told."""

LETTERS: Final = {"L": "L", "LL": "L", "N": "N", "H": "H", "HH": "H", "IND": "?", "": "\u2013"}
"""The letter of a flag in a pattern of several results."""

NOISE: Final = 1e-12
"""Two numbers closer than this, relatively, are one: 0.7999999999999999 stands for 0.8."""


def flag(frame: IntoFrameT, ranges: Sequence[str | RangeSet] | str = ()) -> IntoFrameT:
    """The table with the range that applies to each result, and its flag.

    A range beside the result (`low`, `high`) wins, then the chosen sets in their order, then the
    built-in default sets; without any the flag stays empty, never N.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`): pandas, Polars (eager or
            lazy) or PySpark. It is not changed. Of a lazy frame, the distinct names, units and
            ages are read at once; the rest when it is collected or written.
        ranges: Names of built-in sets, paths of TOML files or `RangeSet`s, first wins; `"none"`
            leaves the default sets out.

    Returns:
        A frame of the same kind with `low`, `high`, `range_source`, `flag` and `off_scale`.

    Raises:
        InvalidInput: A range set is unknown or its file has errors, or a row is impossible
            (inverted limits, an infinite or a negative value).
        TypeError: A column has another type than the contract's.
        ValueError: A needed column is missing.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"analyte": ["CD4"], "value": [350.0], "unit": ["/µL"]})
    >>> flag(table)[["analyte", "low", "high", "range_source", "flag"]].values.tolist()
    [['cd4', 414.0, 1123.0, 'covid-cohort-2020', 'L']]
    """
    names = (ranges,) if isinstance(ranges, str) else tuple(ranges)
    sets = choose_range_sets(names)
    given: Any = nw.from_native(frame)
    known = conformed(given)
    _refuse_impossible(known)
    flagged = with_flags(known, sets)
    index = nw.maybe_get_index(given) if isinstance(given, nw.DataFrame) else None
    native: Any = flagged.to_native()
    return native if index is None else native.set_axis(index, axis=0)  # type: ignore[no-any-return]


def with_flags(table: FrameT, sets: Sequence[RangeSet]) -> FrameT:
    """As `flag`, of a table that has all columns of the contract and no impossible row."""
    return with_ranges(table, sets).with_columns(flag=flag_rule(), off_scale=off_scale_rule())


def _refuse_impossible(table: FrameT) -> None:
    """Refuse rows that no reader would let through.

    Raises:
        InvalidInput: A value is infinite, or negative where it cannot be; limits are inverted; a
            comparator is none.
    """
    known = {"known": nw.Boolean()}
    table = lookup(table, ["analyte"], known, lambda name: (find_analyte(name) is not None,))
    found = [
        ("not-a-number", nw.col("value").abs() == float("inf"), "an infinite value"),
        ("bad-entry", ~nw.col("comparator").is_in(["", *COMPARATORS]), "an unknown comparator"),
    ]
    found += [
        (rule.code, rule.test(*map(nw.col, rule.needs)), rule.message)
        for rule in RULES
        if rule.code in {"negative-result", "inverted-range"}
    ]
    numbered = isinstance(table, nw.DataFrame)
    wrong = _any(wrong.fill_null(value=False) for _, wrong, _ in found)
    if isinstance(table, nw.DataFrame):
        asked = table.with_row_index("immunotrack_row").filter(wrong)
    else:
        asked = table.filter(wrong).head(MOST_TOLD).collect(backend="polars")
    if not len(asked):
        return
    problems = [
        Problem(
            code=code,
            source=row["source"] or "table",
            line=row["line"] or None,
            message=f"row {row['immunotrack_row']}: {message}" if numbered else message,
        )
        for code, where, message in found
        for row in plain_rows(asked.filter(where.fill_null(value=False)))
    ]
    raise InvalidInput(problems)


def with_ranges(table: FrameT, sets: Sequence[RangeSet]) -> FrameT:
    """The table with the limits that apply, and where they come from."""
    beside = _any(~nw.col(limit).is_null() for limit in LIMITS) & nw.col("range_source").is_in(
        ["", "file"]
    )
    table = table.with_columns(beside=beside, age_key=nw.col("age_years").fill_null(-1.0))
    found = {f"set_{limit}": NUMBER for limit in LIMITS} | {"set_name": TEXT}

    table = lookup(table, ["analyte", "unit", "sex", "age_key"], found, partial(_limits, sets))
    own = nw.col("beside")
    chosen = [
        nw.when(own).then(nw.col(limit)).otherwise(nw.col(f"set_{limit}")).alias(limit)
        for limit in LIMITS
    ]
    name = nw.when(own).then(nw.lit("file")).otherwise(nw.col("set_name"))
    table = table.with_columns(*chosen, range_source=name)
    return table.drop("beside", "age_key", *found)


def _limits(
    sets: Sequence[RangeSet], analyte: str, unit: str, sex: str, age: float
) -> tuple[float | str | None, ...]:
    """The limits of the range that applies, and its set; an age below zero is not known."""
    applied = applied_range(sets, analyte, unit, sex, None if age < 0 else age)
    if applied is None:
        return (None, None, None, None, "")
    limits = (applied.low, applied.high, applied.critical_low, applied.critical_high)
    return (*limits, applied.source)


def flag_rule() -> nw.Expr:
    """The flag of a result, from `comparator`, `value` and the four limits."""
    value, comparator = nw.col("value"), nw.col("comparator")
    ranged = ~nw.col("low").is_null() | ~nw.col("high").is_null()
    said = ~value.is_null() | (comparator != "")
    return (
        nw.when(_surely_below("critical_low"))
        .then(nw.lit("LL"))
        .when(_surely_above("critical_high"))
        .then(nw.lit("HH"))
        .when(_surely_below("low"))
        .then(nw.lit("L"))
        .when(_surely_above("high"))
        .then(nw.lit("H"))
        .when(ranged & _surely_within())
        .then(nw.lit("N"))
        .when(ranged & said)
        .then(nw.lit("IND"))
        .otherwise(nw.lit(""))
    )


def off_scale_rule() -> nw.Expr:
    """`<` or `>` where the result lies beyond the assay's scale, from `comparator`."""
    comparator = nw.col("comparator")
    return (
        nw.when(comparator.is_in(["<", "<="]))
        .then(nw.lit("<"))
        .when(comparator.is_in([">", ">="]))
        .then(nw.lit(">"))
        .otherwise(nw.lit(""))
    )


def _surely_below(limit: str) -> nw.Expr:
    """Every value that the result allows is below the limit."""
    value, comparator = nw.col("value"), nw.col("comparator")
    below = _less(value, nw.col(limit))
    at_most = _at_most(value, nw.col(limit))
    return (comparator.is_in(["", "<="]) & below) | ((comparator == "<") & at_most)


def _surely_above(limit: str) -> nw.Expr:
    """Every value that the result allows is above the limit."""
    value, comparator = nw.col("value"), nw.col("comparator")
    above = _less(nw.col(limit), value)
    at_least = _at_most(nw.col(limit), value)
    return (comparator.is_in(["", ">="]) & above) | ((comparator == ">") & at_least)


def _surely_within() -> nw.Expr:
    """Every value that the result allows is within the range; one side may be open.

    A quantity whose range starts at zero or above is not negative, so `<5` reaches down to zero.
    """
    value, comparator = nw.col("value"), nw.col("comparator")
    low, high = nw.col("low"), nw.col("high")
    over = low.is_null() | _at_most(low, value)
    under = high.is_null() | _at_most(value, high)
    to_zero = low.is_null() | (low == 0).fill_null(value=False)
    return ~value.is_null() & (
        ((comparator == "") & over & under)
        | (comparator.is_in(["<", "<="]) & to_zero & under)
        | (comparator.is_in([">", ">="]) & high.is_null() & over)
    )


def _less(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """`one` is less than `other` by more than rounding noise; false where either is missing."""
    return (one < other - other.abs() * NOISE).fill_null(value=False)


def _at_most(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """`other` is not less than `one`, as `_less` has it; false where either is missing."""
    return (other >= one - one.abs() * NOISE).fill_null(value=False)


def _any(conditions: Any) -> nw.Expr:  # noqa: ANN401 - an iterable of expressions
    return nw.any_horizontal(*conditions, ignore_nulls=True)
