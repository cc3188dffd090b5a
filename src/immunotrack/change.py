"""Change that matters: a result against the one before it, and against the limit beside it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final, Literal, NamedTuple, get_args

import narwhals as nw
from narwhals.typing import IntoDataFrameT

from immunotrack.series import Member, Row, in_order, on_one_scale, series_of, shown_result
from immunotrack.table import NUMBER, TEXT, TIME, analyte_key, conform, plain_rows, standard_value
from immunotrack.units import shift_between
from immunotrack.variation import (
    Cv,
    KnownVariation,
    Variation,
    choose_variation,
    known_variation,
)

Form = Literal["symmetric", "log-normal"]
Direction = Literal["up", "down"]

EXPANSION: Final = 1.96
"""k of the expanded analytical uncertainty, k times CVA: about 95 % of repeated measurements."""

ADDED: Final[dict[str, Any]] = {
    "previous_comparator": TEXT,
    "previous_value": NUMBER,
    "previous_time": TIME,
    "previous_day": NUMBER,
    "change_percent": NUMBER,
    "rcv_up_percent": NUMBER,
    "rcv_down_percent": NUMBER,
    "change_flag": TEXT,
    "better_worse": TEXT,
    "change_note": TEXT,
    "near_limit": TEXT,
}
"""The columns that `significant_changes` adds.

previous_comparator, previous_value: the result before, in this row's unit. change_percent: empty
where one of the two is censored. rcv_up_percent, rcv_down_percent: a rise above the one (positive),
or a fall below the other (negative), is significant. change_flag: HL7 v2 table 0078 and FHIR, `U`,
`D` or empty. better_worse: `B` or `W` beside it, only where the good direction is stated.
change_note: why nothing is decided, and which CV is an upper bound. near_limit: `low`, `high` or
both, where the limit lies within the analytical uncertainty of the value.
"""


class ReferenceChange(NamedTuple):
    """The reference change value: by chance a change lies between the two with the probability.

    Args:
        up: The largest rise, in percent.
        down: The largest fall, in percent, negative.
    """

    up: float
    down: float


def reference_change(
    within: float, analytical: float, form: Form = "symmetric", probability: float = 0.95
) -> ReferenceChange:
    """The reference change value of two results, from their CVs in percent; two-sided.

    Symmetric: z √2 √(CVA² + CVI²) (Harris & Yasaka 1983; Fraser 2001). Log-normal: exp(±z √2 σ) - 1
    with σ² = ln(1 + CVA² + CVI²) (Fokkema 2006), which stays above -100 %.

    Raises:
        ValueError: The form is unknown or the probability is not between 0 and 1.

    >>> [round(change, 2) for change in reference_change(10, 5, "log-normal")]
    [36.2, -26.58]
    """
    if form not in get_args(Form):
        raise ValueError(f"form must be symmetric or log-normal, not {form!r}")
    if not 0 < probability < 1:
        raise ValueError("probability must lie between 0 and 1")
    z = NormalDist().inv_cdf((1 + probability) / 2)
    total = math.hypot(within, analytical)
    if form == "symmetric":
        change = z * math.sqrt(2) * total
        return ReferenceChange(change, -change)
    reach = z * math.sqrt(2 * math.log1p((total / 100) ** 2))
    return ReferenceChange(100 * math.expm1(reach), 100 * math.expm1(-reach))


def significant_changes(
    frame: IntoDataFrameT,
    variation: str | Path | Sequence[Variation] | None = None,
    form: Form = "symmetric",
    probability: float = 0.95,
    good_direction: Mapping[str, Direction] | Direction | None = None,
) -> IntoDataFrameT:
    """The table with each result's change since the one before it, and whether it matters.

    A change matters where it exceeds the reference change value. A censored result counts as the
    interval it allows: a flag is given only if every change it allows has that flag.

    Args:
        frame: A measurements table (see `immunotrack.table.SCHEMA`); with `low` and `high`, as
            `immunotrack.flag` fills them, for `near_limit`. It is not changed.
        variation: A TOML file or entries of your own; the built-in ones stand behind them.
        good_direction: Which direction is good, for all analytes or by analyte.

    Returns:
        A frame of the same kind with the columns of `ADDED`.

    Raises:
        InvalidInput: The file of variation has errors.
        ValueError: `form`, `probability` or `good_direction` is none of its choices.
    """
    table = conform(frame)
    rows = plain_rows(table)
    entries = choose_variation(variation)
    good = _directions(good_direction, rows)
    reference_change(1, 1, form, probability)
    found: list[dict[str, Any]] = [{} for _ in rows]
    for (_, analyte), members in series_of(rows).items():
        known = known_variation(entries, analyte)
        judge = _Judge(known, _limits(known, form, probability), good.get(analyte))
        for place, told in _of_series(members, judge):
            found[place] = told
    columns = [
        nw.new_series(name, [told[name] for told in found], dtype, backend=table.implementation)
        for name, dtype in ADDED.items()
    ]
    native: Any = table.with_columns(*columns).to_native()
    index = nw.maybe_get_index(nw.from_native(frame, eager_only=True))
    return native if index is None else native.set_axis(index, axis=0)  # type: ignore[no-any-return]


def _directions(
    given: Mapping[str, Direction] | Direction | None, rows: Sequence[Row]
) -> dict[str, Direction]:
    """Which direction is good, by the analytes of the table.

    Raises:
        ValueError: A direction is neither up nor down.
    """
    if given is None:
        return {}
    if isinstance(given, str):
        given = {row["analyte"]: given for row in rows}
    wrong = [way for way in given.values() if way not in get_args(Direction)]
    if wrong:
        raise ValueError(f"good_direction must be up or down, not {wrong[0]!r}")
    return {analyte_key(name): way for name, way in given.items()}


def _limits(known: KnownVariation, form: Form, probability: float) -> ReferenceChange | None:
    if known.within is None or known.analytical is None:
        return None
    within, analytical = float(known.within.percent), float(known.analytical.percent)
    return reference_change(within, analytical, form, probability)


class _Judge(NamedTuple):
    """What the results of one analyte are judged by."""

    known: KnownVariation
    limits: ReferenceChange | None
    good: Direction | None


def _of_series(members: Sequence[Member], judge: _Judge) -> list[tuple[int, dict[str, Any]]]:
    """What is added to each row of one patient's analyte."""
    ordered = in_order(members)
    rows = dict(members)
    told = [(place, _added(rows[place], judge, why)) for place, why in ordered.unplaced.items()]
    earlier = [[], *ordered.moments]
    for before, now in zip(earlier, ordered.moments, strict=False):
        told += [(place, _beside(row, now, before, judge)) for place, row in now]
    return told


def _beside(
    row: Row, now: Sequence[Member], before: Sequence[Member], judge: _Judge
) -> dict[str, Any]:
    """What is added to a result, given all of its moment and of the moment before."""
    if len(now) > 1:
        return _added(row, judge, "several results at this moment")
    if len(before) > 1:
        return _added(row, judge, "several results at the moment before")
    if not before:
        return _added(row, judge, "no previous result")
    previous = before[0][1]
    compared = _compared(row, previous, judge)
    shift = 0 if row["unit"] == previous["unit"] else shift_between(previous["unit"], row["unit"])
    number = previous["value"]
    return _added(row, judge, compared.note, counted=compared.range is not None) | {
        "previous_comparator": previous["comparator"],
        "previous_value": None
        if shift is None or number is None
        else standard_value(number, shift),
        "previous_time": previous["time"],
        "previous_day": previous["day"],
        "change_percent": compared.percent,
        "change_flag": compared.flag,
        "better_worse": _better_worse(compared.flag, judge.good),
    }


def _added(row: Row, judge: _Judge, note: str, *, counted: bool = False) -> dict[str, Any]:
    """The columns of a result without regard to the one before it.

    Args:
        counted: Both CVs decided something, so that the note tells which are upper bounds.
    """
    near = _near_limit(row, judge.known)
    within, analytical = judge.known
    bound = [
        f"{name} {cv.said}"
        for name, cv, used in (
            ("CVI", within, counted and judge.limits),
            ("CVA", analytical, near or (counted and judge.limits)),
        )
        if cv is not None and cv.printed and used
    ]
    return {name: "" if dtype == TEXT else None for name, dtype in ADDED.items()} | {
        "rcv_up_percent": judge.limits and judge.limits.up,
        "rcv_down_percent": judge.limits and judge.limits.down,
        "change_note": "; ".join(filter(None, [note, *bound])),
        "near_limit": near,
    }


def analytical_uncertainty(value: float, analytical: Cv) -> float:
    """The expanded analytical uncertainty of a value, in its unit."""
    return EXPANSION * float(analytical.percent) / 100 * abs(value)


def _near_limit(row: Row, known: KnownVariation) -> str:
    """The limits that lie within the expanded analytical uncertainty of a value."""
    if known.analytical is None or row["comparator"] or row["value"] is None:
        return ""
    reach = analytical_uncertainty(row["value"], known.analytical)
    near = [
        side
        for side in ("low", "high")
        if row[side] is not None and abs(row["value"] - row[side]) <= reach
    ]
    return " ".join(near)


class _Compared(NamedTuple):
    """A result against the one before it.

    Args:
        percent: The change, where both are exact.
        flag: `U`, `D` or empty.
        note: Why nothing is decided.
        range: The lowest and the highest change that the two allow; None where there is none.
    """

    percent: float | None = None
    flag: str = ""
    note: str = ""
    range: tuple[float, float] | None = None


def _compared(row: Row, previous: Row, judge: _Judge) -> _Compared:
    """The change between two results, and whether it exceeds the reference change value."""
    ends = on_one_scale(previous, row)
    if ends is None:
        units = f"{row['unit'] or 'no unit'} after {previous['unit'] or 'no unit'}"
        return _Compared(note=f"another unit than the previous result: {units}")
    (first_low, first_high), (low, high) = ([end.value for end in pair] for pair in ends)
    if min(first_low, low) < 0:
        return _Compared(note="a value below zero has no change in percent")
    if first_high == 0:
        return _Compared(note="the previous result is zero")
    span = (_percent(first_high, low), _percent(first_low, high))
    exact = span[0] if first_low == first_high and low == high else None
    return _Compared(exact, *_decided(span, judge, row, previous), span)


def _percent(first: float, then: float) -> float:
    """The change from one value to another; from zero it has no bound."""
    if first == 0:
        return math.inf
    return -100.0 if math.isinf(first) else 100 * (then - first) / first


def _decided(span: tuple[float, float], judge: _Judge, row: Row, previous: Row) -> tuple[str, str]:
    """The flag of a change, and why there is none."""
    limits = judge.limits
    if limits is None:
        return "", _missing(judge.known)
    lowest, highest = span
    if lowest > limits.up:
        return "U", ""
    if highest < limits.down:
        return "D", ""
    if limits.down <= lowest and highest <= limits.up:
        return "", ""
    pair = " after ".join(shown_result(one) for one in (row, previous))
    reach = "upwards" if math.isinf(highest) else f"to {highest:.4g} %"
    return "", f"undetermined: {pair} allows a change from {lowest:.4g} % {reach}"


def _missing(known: KnownVariation) -> str:
    names = ("within-subject ", "analytical ")
    missing = [name for name, cv in zip(names, known, strict=True) if cv is None]
    return f"no {missing[0] if len(missing) == 1 else ''}variation known"


def _better_worse(flag: str, good: Direction | None) -> str:
    if not flag or good is None:
        return ""
    return "B" if {"U": "up", "D": "down"}[flag] == good else "W"
