"""What was given against what was planned: doses and samples."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import narwhals as nw
from narwhals.typing import IntoDataFrameT

from immunotrack.clocks import Clock, day_of_death
from immunotrack.doses import DoseUnit, amount_in, find_dose_unit
from immunotrack.plans import Plan, PlannedDose
from immunotrack.series import series_of
from immunotrack.table import (
    NUMBER,
    TEXT,
    WHOLE,
    conform,
    conform_events,
    frame_of,
    plain_rows,
)
from immunotrack.windows import Window, WindowSet, choose_window_set

Row = Mapping[str, Any]

AGAINST: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "status": TEXT,
    "planned_day": NUMBER,
    "planned_amount": NUMBER,
    "planned_unit": TEXT,
    "assumed": TEXT,
    "given_day": NUMBER,
    "given_amount": NUMBER,
    "given_unit": TEXT,
    "difference_days": NUMBER,
    "basis": TEXT,
    "note": TEXT,
    "source": TEXT,
    "line": WHOLE,
}
"""The columns of `given_against_planned`.

status: `given`; `missed`; `not due`, after death or stop; `undetermined`, planned for the very day
of these; `extra`, given and not planned; `undated`, given and without a day. assumed: why the
planned day is an assumption. difference_days: given minus planned. basis: of the event.
"""

TOTALS: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "planned": WHOLE,
    "given": WHOLE,
    "missed": WHOLE,
    "not_due": WHOLE,
    "undetermined": WHOLE,
    "extra": WHOLE,
    "undated": WHOLE,
    "total_per_kg": NUMBER,
    "per_kg_unit": TEXT,
    "total": NUMBER,
    "unit": TEXT,
    "weight_kg": NUMBER,
    "weight_source": TEXT,
    "note": TEXT,
}
"""The columns of `dose_totals`: numbers of doses by status, and what was given in all."""

SAMPLES: Final[dict[str, Any]] = {
    "patient_id": TEXT,
    "analyte": TEXT,
    "window": TEXT,
    "from_day": NUMBER,
    "to_day": NUMBER,
    "status": TEXT,
    "next": nw.Boolean(),
    "note": TEXT,
}
"""The columns of `missed_samples`.

status: `missed`; `not due`, after the end; `undetermined`, where a result without a day or the day
of the end leaves it open; `no number`, a sample without a usable result. next: the first missed
one after the last sample that was taken.
"""


class Cut(NamedTuple):
    """The end of a course before its plan's end.

    Args:
        why: `death`, `stop: lymphocytes above 2.5 x the upper limit`.
    """

    day: float
    why: str


Cuts = float | Cut | Mapping[str, float | Cut] | None


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


def given_against_planned(
    events: IntoDataFrameT,
    plan: Plan,
    tolerance_days: float = 1,
    death_or_stop_day: Cuts = None,
    name: str = "",
    clock: Clock | None = None,
    patients: Sequence[str] = (),
) -> IntoDataFrameT:
    """Each planned dose of each patient with what became of it, and each dose beyond the plan.

    As many doses as possible are matched, each to one planned dose no further away than the
    tolerance; of several ways the one with the smallest differences in all. A planned dose after
    the end of the course is not due any more; the end is the patient's death among the events or
    what is given here, whichever is earlier.

    Args:
        events: An events table; the doses are those of kind `dose`.
        plan: Its days and those of the events count from one anchor.
        death_or_stop_day: A day, a `Cut` that says which, or these by patient.
        name: Which doses, where the events have several.
        clock: What gives dated doses their day; without it days are needed.
        patients: Whom the plan is for, beside those who have an event.

    Returns:
        A frame of the same kind with the columns of `AGAINST`.

    Raises:
        ValueError: The tolerance is negative, or the events hold doses of several names.
    """
    if not tolerance_days >= 0:
        raise ValueError("tolerance_days must not be negative")
    table = conform_events(events)
    rows = plain_rows(table)
    chosen = _by_patient(_chosen(rows, name))
    clock = clock or Clock("Day")
    planned = plan.doses()
    found: list[dict[str, Any]] = []
    happened = _by_patient(rows)
    for patient in dict.fromkeys([*patients, *happened]):
        own = happened.get(patient, [])
        cut = _earliest(day_of_death(own, clock), _cut_of(death_or_stop_day, patient))
        mine = chosen.get(patient, [])
        doses = [(clock.day(row["start_time"], row["start_day"]), row) for row in mine]
        told = _of_patient(planned, doses, tolerance_days, cut)
        found += [_BLANK | {"patient_id": patient} | row for row in told]
    native: Any = frame_of(found, AGAINST, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


_BLANK: Final = {
    name: "" if dtype == TEXT else 0 if dtype == WHOLE else None for name, dtype in AGAINST.items()
}
Dose = tuple[float | None, Row]
"""A dose that was given, with its day."""


def _by_patient(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["patient_id"], []).append(row)
    return found


def _chosen(rows: Sequence[Row], name: str) -> list[Row]:
    """The doses of one name.

    Raises:
        ValueError: There are several names, and none is asked for.
    """
    doses = [row for row in rows if row["kind"] == "dose"]
    names = list(dict.fromkeys(row["name"] for row in doses))
    if not name and len(names) > 1:
        raise ValueError(f"the events hold doses of {' and '.join(names)}; choose one with name")
    return [row for row in doses if not name or row["name"].casefold() == name.casefold()]


def _cut_of(given: Cuts, patient: str) -> Cut | None:
    """The end that the caller states for a patient."""
    if isinstance(given, Mapping):
        given = given.get(patient)
    return given if given is None or isinstance(given, Cut) else Cut(given, "death or stop")


def _earliest(died: float | None, stated: Cut | None) -> Cut | None:
    """The earlier of the death among the events and a stated end; of one day the death."""
    if died is None:
        return stated
    return stated if stated is not None and stated.day < died else Cut(died, "death")


def _of_patient(
    planned: Sequence[PlannedDose], doses: Sequence[Dose], tolerance: float, cut: Cut | None
) -> list[dict[str, Any]]:
    """What became of each planned dose, then what was given beside the plan, in order of days."""
    placed = sorted(((day, row) for day, row in doses if day is not None), key=lambda dose: dose[0])
    pairs = _matched([dose.day for dose in planned], [day for day, _ in placed], tolerance)
    told = []
    for number, dose in enumerate(planned):
        what = _as_planned(dose)
        if number in pairs:
            day, row = placed[pairs[number]]
            told.append(what | _as_given(day, row, cut, dose) | {"status": "given"})
        else:
            told.append(what | _not_given(dose, cut))
    left = [dose for place, dose in enumerate(placed) if place not in pairs.values()]
    told += [_as_given(day, row, cut) | {"status": "extra"} for day, row in left]
    told.sort(key=_day_of)
    undated = [row for day, row in doses if day is None]
    return told + [_as_given(None, row, None) | {"status": "undated"} for row in undated]


def _day_of(row: Row) -> float:
    """The day at which a dose stands among the others: the planned one where there is one."""
    day: float = row["planned_day"] if "planned_day" in row else row["given_day"]
    return day


def _matched(planned: Sequence[float], given: Sequence[float], tolerance: float) -> dict[int, int]:
    """Which planned dose is which given one: most pairs first, then the smallest differences."""
    width = len(given) + 1
    best = [[(0, 0.0)] * width for _ in range(len(planned) + 1)]
    for row, due in enumerate(planned):
        for place, day in enumerate(given):
            ways = [best[row][place + 1], best[row + 1][place]]
            if _within(due, day, tolerance):
                pairs, cost = best[row][place]
                ways.append((pairs + 1, cost - abs(due - day)))
            best[row + 1][place + 1] = max(ways)
    found: dict[int, int] = {}
    row, place = len(planned), len(given)
    while row and place:
        if best[row][place] == best[row - 1][place]:
            row -= 1
        elif best[row][place] == best[row][place - 1]:
            place -= 1
        else:
            row, place = row - 1, place - 1
            found[row] = place
    return found


def _within(due: float, day: float, tolerance: float) -> bool:
    return abs(due - day) <= tolerance + 1e-9


def _as_planned(dose: PlannedDose) -> dict[str, Any]:
    return {
        "planned_day": dose.day,
        "planned_amount": dose.amount,
        "planned_unit": dose.unit,
        "assumed": dose.assumed,
    }


def _as_given(
    day: float | None, row: Row, cut: Cut | None, planned: PlannedDose | None = None
) -> dict[str, Any]:
    """A dose that was given, and what is odd about it."""
    notes = [_amount_note(row, planned)] if planned else []
    if day is not None and cut is not None and math.floor(day) > math.floor(cut.day):
        notes.append(f"given after {cut.why} on day {cut.day:g}")
    return {
        "given_day": day,
        "given_amount": row["dose"],
        "given_unit": row["dose_unit"],
        "difference_days": None if day is None or planned is None else day - planned.day,
        "note": "; ".join(filter(None, notes)),
    } | {name: row[name] for name in ("basis", "source", "line")}


def _amount_note(row: Row, planned: PlannedDose) -> str:
    if row["dose"] is None:
        return "the amount is not stated"
    units = find_dose_unit(row["dose_unit"]), find_dose_unit(planned.unit)
    said = f"{row['dose']:g} {row['dose_unit']} given, {planned.amount:g} {planned.unit} planned"
    if units[0] is None or units[1] is None or units[0].per_kg != units[1].per_kg:
        return said
    given = amount_in(Decimal(repr(row["dose"])), units[0], units[1])
    same = given is not None and math.isclose(given, planned.amount, rel_tol=1e-9)
    return "" if same else said


def _not_given(dose: PlannedDose, cut: Cut | None) -> dict[str, str]:
    """Why a planned dose was not given, as far as the end of the course tells."""
    if cut is None or math.floor(dose.day) < math.floor(cut.day):
        return {"status": "missed"}
    told = f"{cut.why} on day {cut.day:g}"
    if math.floor(dose.day) > math.floor(cut.day):
        return {"status": "not due", "note": f"course cut short: {told}"}
    return {"status": "undetermined", "note": f"planned for the day of the end: {told}"}


def dose_totals(
    against: IntoDataFrameT, weight: Weight | Mapping[str, Weight] | None = None
) -> IntoDataFrameT:
    """How many doses each patient had, and how much in all: for each kilogram, and absolutely.

    Every dose that was given counts, also an extra or an undated one. A total that a missing
    amount, unit or weight leaves open is empty, and the note says why.

    Args:
        against: The answer of `given_against_planned`.
        weight: Of all patients, or by patient.

    Returns:
        A frame of the same kind with the columns of `TOTALS`, one row a patient.
    """
    table = nw.from_native(against, eager_only=True)
    rows = plain_rows(table)
    found = []
    for patient, own in _by_patient(rows).items():
        known = weight.get(patient) if isinstance(weight, Mapping) else weight
        found.append({"patient_id": patient} | _counts(own) | _amounts(own, known))
    native: Any = frame_of(found, TOTALS, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    """The number of doses of each status; a planned one has a planned day."""
    names = ("given", "missed", "not due", "undetermined", "extra", "undated")
    counts = {name.replace(" ", "_"): sum(row["status"] == name for row in rows) for name in names}
    return counts | {"planned": sum(row["planned_day"] is not None for row in rows)}


def _amounts(rows: Sequence[Row], weight: Weight | None) -> dict[str, Any]:
    """What was given in all, in the unit of the first dose."""
    given = [row for row in rows if row["status"] in {"given", "extra", "undated"}]
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


def missed_samples(
    frame: IntoDataFrameT,
    windows: WindowSet | str = "monneret-2020",
    until: float | Mapping[str, float] | None = None,
) -> IntoDataFrameT:
    """The windows in which a patient has no result of an analyte, and why.

    Args:
        frame: A measurements table with `day` on the clock of the windows.
        windows: A set, the name of a preset, or the path of a TOML file.
        until: The day of death, or of the end; for all patients or by patient.

    Returns:
        A frame of the same kind with the columns of `SAMPLES`: a row for each patient, each
        analyte of the set that the table holds, and each window without a result, in their order.

    Raises:
        InvalidInput: There is no such preset, or its file has errors.
    """
    chosen = windows if isinstance(windows, WindowSet) else choose_window_set(windows)
    table = conform(frame)
    rows = plain_rows(table)
    analytes = [a for a in dict.fromkeys(row["analyte"] for row in rows) if chosen.applies_to(a)]
    found: list[dict[str, Any]] = []
    series = series_of(rows)
    for patient in _by_patient(rows):
        end = until.get(patient) if isinstance(until, Mapping) else until
        for analyte in analytes:
            own = [row for _, row in series.get((patient, analyte), [])]
            about = {"patient_id": patient, "analyte": analyte}
            found += [about | told for told in _of_windows(own, chosen, end)]
    native: Any = frame_of(found, SAMPLES, table.implementation).to_native()
    return native  # type: ignore[no-any-return]


def _of_windows(rows: Sequence[Row], chosen: WindowSet, end: float | None) -> list[dict[str, Any]]:
    """The windows of one patient's analyte that have no result."""
    said = [row for row in rows if row["value"] is not None or row["comparator"]]
    undated = sum(row["day"] is None for row in said)
    last = max((row["day"] for row in said if row["day"] is not None), default=-math.inf)
    told = []
    for entry in sorted(chosen.windows, key=lambda window: window.first):
        if not any(entry.holds(row["day"]) for row in said):
            tried = any(entry.holds(row["day"]) for row in rows)
            status, note = _missing(entry, end, undated, tried=tried)
            told.append(
                {
                    "window": entry.label,
                    "from_day": entry.from_day,
                    "to_day": entry.to_day,
                    "status": status,
                    "next": False,
                    "note": note,
                }
            )
            first = status == "missed" and entry.first > last
            told[-1]["next"] = first and not any(row["next"] for row in told)
    return told


def _missing(entry: Window, end: float | None, undated: int, *, tried: bool) -> tuple[str, str]:
    """What a window without a result is, and why."""
    if tried:
        return "no number", "a sample without a usable result"
    if end is not None and entry.first > math.floor(end):
        return "not due", f"begins after the end on day {end:g}"
    if undated:
        return "undetermined", "the analyte has results without a day"
    if end is not None and entry.first == math.floor(end):
        return "undetermined", f"begins on the day of the end, day {end:g}"
    return "missed", ""
