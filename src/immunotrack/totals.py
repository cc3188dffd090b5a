"""What was given in all: the number of doses, and their amounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoDataFrameT

from immunotrack.doses import DoseUnit, amount_in, find_dose_unit
from immunotrack.table import NUMBER, TEXT, WHOLE, frame_of, plain_rows

Row = Mapping[str, Any]

TOTALS: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "name": TEXT,
    "planned": WHOLE,
    "given": WHOLE,
    "missed": WHOLE,
    "not_due": WHOLE,
    "undetermined": WHOLE,
    "extra": WHOLE,
    "repeated": WHOLE,
    "undated": WHOLE,
    "total_per_kg": NUMBER,
    "per_kg_unit": TEXT,
    "total": NUMBER,
    "unit": TEXT,
    "weight_kg": NUMBER,
    "weight_source": TEXT,
    "note": TEXT,
}
"""The columns of `dose_totals`: numbers of doses by status, and what was given in all.

repeated: spans that stand for several doses, which have no total.
"""

COUNTS: Final = tuple(name for name, kind in TOTALS.items() if kind == WHOLE)
"""Those that number doses: what was planned, and what became of it and of others."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A body weight, which nothing is computed from without its source.

    Args:
        source: Where it is written.
    """

    kg: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.kg < 1000:
            raise ValueError("a weight must be above 0 and below 1000 kg")
        if not self.source.strip():
            raise ValueError("a weight needs its source")


def dose_totals(
    against: IntoDataFrameT, weight: Weight | Mapping[str, Weight] | None = None
) -> IntoDataFrameT:
    """How many doses of a name each patient had, and how much: for each kilogram, and absolutely.

    Every dose that was given counts, also an extra or an undated one. A total that repeated doses
    or a missing amount, unit or weight leave open is empty, and the note says why.

    Args:
        against: The answer of `given_against_planned`.
        weight: Of all patients, or by patient.

    Returns:
        A frame of the same kind with the columns of `TOTALS`, one row a patient and name.
    """
    table = nw.from_native(against, eager_only=True)
    rows = plain_rows(table)
    found = []
    courses: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        courses.setdefault((row["patient_id"], row["name"]), []).append(row)
    for (patient, name), own in courses.items():
        known = weight.get(patient) if isinstance(weight, Mapping) else weight
        about = {"patient_id": patient, "name": name}
        found.append(about | _counts(own) | _amounts(own, known))
    native: Any = frame_of(found, TOTALS, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    """The number of doses of each status; a planned one has a planned day."""
    names = ("given", "missed", "not due", "undetermined", "extra", "repeated", "undated")
    counts = {name.replace(" ", "_"): sum(row["status"] == name for row in rows) for name in names}
    return counts | {"planned": sum(row["planned_day"] is not None for row in rows)}


def _amounts(rows: Sequence[Row], weight: Weight | None) -> dict[str, Any]:
    """What was given in all, in the unit of the first dose."""
    given = [row for row in rows if row["status"] in {"given", "extra", "repeated", "undated"}]
    per_kg, per_kg_unit, note = _sum(given, weight, per_kg=True)
    total, unit, other = _sum(given, weight, per_kg=False)
    return {
        "total_per_kg": per_kg,
        "per_kg_unit": per_kg_unit,
        "total": total,
        "unit": unit,
        "weight_kg": weight and weight.kg,
        "weight_source": weight.source if weight else "",
        "note": "; ".join(dict.fromkeys(filter(None, [note, other]))),
    }


def _sum(
    given: Sequence[Row], weight: Weight | None, *, per_kg: bool
) -> tuple[float | None, str, str]:
    """The sum of the doses with its unit, or why there is none."""
    units = [find_dose_unit(row["given_unit"]) for row in given]
    if not given:
        return None, "", ""
    if any(row["status"] == "repeated" for row in given):
        return None, "", "no total: repeated doses, and how many is not known"
    if any(row["given_amount"] is None for row in given):
        return None, "", "no total: a dose without an amount"
    known = [unit for unit in units if unit is not None]
    if len(known) < len(units) or len({unit.dimension for unit in known}) > 1:
        names = " and ".join(dict.fromkeys(row["given_unit"] for row in given))
        return None, "", f"no total: doses in {names}"
    if weight is None and any(unit.per_kg != per_kg for unit in known):
        return None, "", f"no {'total for each kg' if per_kg else 'absolute total'}: no weight"
    symbol = known[0].amount_symbol
    pairs = zip(given, known, strict=True)
    parts = [
        _part(row["given_amount"], unit, known[0], weight, per_kg=per_kg) for row, unit in pairs
    ]
    return float(sum(parts)), f"{symbol}/kg" if per_kg else symbol, ""


def _part(
    amount: float, unit: DoseUnit, target: DoseUnit, weight: Weight | None, *, per_kg: bool
) -> Decimal:
    """One dose in the unit of the sum, times or by the weight where that is needed."""
    number = amount_in(Decimal(repr(amount)), unit, target) or Decimal(0)
    if weight is None or unit.per_kg == per_kg:
        return number
    kg = Decimal(repr(weight.kg))
    return number * kg if unit.per_kg else number / kg
