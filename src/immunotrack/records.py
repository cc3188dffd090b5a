"""What happened to one patient: `Patient`, with `Measurement`s and `TreatmentEvent`s.

The records are frozen and strict. They assume one clock a patient: `day` counts from one anchor,
`time` is the local wall clock. Not supported: results of panels that have no single value.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self, get_args

from narwhals.typing import IntoDataFrame
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from immunotrack.analytes import Sex, find_analyte
from immunotrack.problems import Severity
from immunotrack.rules import broken
from immunotrack.table import (
    EVENT_SCHEMA,
    LIMITS,
    SCHEMA,
    Origin,
    analyte_key,
    conform,
    conform_events,
    frame_of,
    house_unit,
    plain_rows,
    standard_unit,
    standard_value,
)
from immunotrack.times import age_in_years, parse_time
from immunotrack.values import LARGEST, Kind, RowResult, parse_result, read_result, result_text

EventKind = Literal["dose", "drug", "procedure", "infection", "test result", "state", "outcome"]
EVENT_KINDS: Final[tuple[str, ...]] = get_args(EventKind)
Basis = Literal["stated", "derived", "assumed"]
BASES: Final[tuple[str, ...]] = get_args(Basis)


def _moment(value: object) -> object:
    """ISO 8601 text or a date as the moment it names; anything else unchanged."""
    if isinstance(value, str):
        moment = parse_time(value)
        if moment.time is None:
            raise ValueError(f"not an ISO 8601 date ({moment.problem})")
        return moment.time
    if isinstance(value, datetime) and value == value:  # noqa: PLR0124 - not pandas' NaT
        return value.replace(tzinfo=None)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - local wall clock
    return value


Time = Annotated[datetime, BeforeValidator(_moment)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Record(BaseModel):
    """A frozen record; a date does not take 0, a number does not take nan or text."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,
    )


class Measurement(Record):
    """One result of one sample.

    Args:
        analyte: A key, name or alias of the catalogue, or any other name.
        reported: The result as the laboratory wrote it: `12.3`, `<5`, `not detected`. A number may
            be given as `value` (with `comparator`) instead.
        unit: In any known spelling; kept in the house spelling.
        time: When the sample was taken; `day` is the day from the patient's anchor. One is needed.
        low, high: The reference range given beside the result, in `unit`; either may be missing,
            and 0 to 0 stands for none.
        critical_low, critical_high: Critical limits given beside the result, in `unit`.
        detection_limit: What "not detected" is below, in `unit`.
        visit: The planned visit, where the source names it; it may stand for the time.
        origin: `measured`, `quoted`, `digitised` or `illustrative`; empty where nobody says.
        plain: The number of `reported`, where that has another notation: `<1.5` for `<1,5`. The
            result is then read from here.
    """

    analyte: Name
    reported: str
    unit: str = ""
    time: Time | None = None
    day: float | None = None
    visit: str = ""
    low: float | None = None
    high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    detection_limit: Annotated[float, Field(ge=0)] | None = None
    origin: Origin = ""
    plain: str = ""

    @model_validator(mode="before")
    @classmethod
    def _number_as_text(cls, data: Any) -> Any:  # noqa: ANN401 - whatever the caller passes
        if not isinstance(data, Mapping) or "value" not in data:
            return data
        given = dict(data)
        value, comparator = given.pop("value"), given.pop("comparator", "")
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError("value must be a number; give text as reported")  # noqa: TRY004
        finite = isinstance(value, int) or math.isfinite(value)
        if not finite or abs(Decimal(value)) >= LARGEST:
            raise ValueError("value must be a finite number")
        if "reported" in given:
            raise ValueError("give value or reported, not both")
        return given | {"reported": result_text(comparator, float(value))}

    @field_validator("analyte")
    @classmethod
    def _key(cls, name: str) -> str:
        return analyte_key(name)

    @model_validator(mode="after")
    def _obeys_the_rules(self) -> Self:
        if self.time is None and self.day is None and not self.visit:
            raise ValueError("a measurement needs a time, a day or a visit")
        if self.low == self.high == 0:
            object.__setattr__(self, "low", None)
            object.__setattr__(self, "high", None)
        object.__setattr__(self, "plain", self._needed_plain())
        faults = broken(self.facts(), Severity.ERROR)
        if faults:
            raise ValueError("; ".join(f"{fault.code}: {fault.message}" for fault in faults))
        object.__setattr__(self, "unit", self._unit(self._reading()))
        return self

    def _reading(self) -> RowResult:
        if not self.plain:
            return read_result(self.reported, self.detection_limit)
        written = read_result(self.reported, decimal="point")
        return read_result(self.plain)._replace(percent=written.percent, mark=written.mark)

    def _needed_plain(self) -> str:
        """`plain` in one spelling; empty where `reported` says the same."""
        if not self.plain:
            return ""
        stated = read_result(self.plain)
        if stated.value is None or stated.percent or stated.mark:
            raise ValueError("plain must be a number, with or without a comparator")
        if _says(self.reported, stated.comparator, stated.value):
            return ""
        return result_text(stated.comparator, stated.value)

    def _unit(self, reading: RowResult) -> str:
        return result_unit(self.analyte, self.unit, percent=reading.percent)

    @property
    def comparator(self) -> str:
        """`<`, `<=`, `>`, `>=` or empty."""
        return self._reading().comparator

    @property
    def value(self) -> float | None:
        """The number in `unit`; for "not detected" the limit of detection, if there is one."""
        return self._reading().value

    def facts(self) -> dict[str, Any]:
        """The row of scalars that `immunotrack.rules` are asked of."""
        reading = self._reading()
        unit = self._unit(reading)
        unit_std, shift = standard_unit(self.analyte, unit)
        known = find_analyte(self.analyte)
        limits = [getattr(self, limit) for limit in LIMITS]
        return {
            **reading._asdict(),
            "known": known is not None,
            "unit": unit,
            "unit_std": unit_std,
            "value_std": standard_value(reading.value, shift)
            if unit_std and reading.value is not None
            else None,
            **{limit: getattr(self, limit) for limit in LIMITS},
            "ranged": "file" if any(limit is not None for limit in limits) else "",
            "absurd_from": None if known is None else known.absurd_from,
            "absurd_below": None if known is None else known.absurd_below,
        }


def _says(reported: str, comparator: str, value: float) -> bool:
    """Whether a result text by itself gives this comparator and number."""
    reading = read_result(reported)
    return (reading.comparator, reading.value) == (comparator, value)


def result_unit(analyte: str, unit: str, *, percent: bool) -> str:
    """The unit of a result: its own in the house spelling, or % where only the result says so."""
    house = house_unit(analyte, unit)
    return "%" if percent and not house else house


class TreatmentEvent(Record):
    """Something done to the patient, or that happened: a point, or a span with an end.

    Args:
        kind: `dose`, `drug`, `procedure`, `infection`, `test result`, `state` or `outcome`.
        name: What it was, `IL-7`.
        lane: The row of the timeline it is drawn in; by default the name of a dose, else the kind.
        start_time, start_day: One is needed; `end_time`, `end_day` make it a span.
        open_end: A span whose end is not stated.
        dose: The size of a dose in `dose_unit`, which is then needed.
        result: Of a test, `positive`.
        basis: `stated` by the source, `derived` from it, or `assumed`.
    """

    kind: EventKind
    name: Name
    lane: str = ""
    start_time: Time | None = None
    start_day: float | None = None
    end_time: Time | None = None
    end_day: float | None = None
    open_end: bool = False
    dose: Annotated[float, Field(ge=0)] | None = None
    dose_unit: str = ""
    result: str = ""
    basis: Basis = "stated"
    note: str = ""
    quote: str = ""
    claim: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.start_time is None and self.start_day is None:
            raise ValueError("an event needs a start time or a start day")
        if (self.dose is None) != (not self.dose_unit):
            raise ValueError("a dose needs its unit, and a unit its dose")
        ended = self.end_time is not None or self.end_day is not None
        if ended and self.open_end:
            raise ValueError("an event has an end or an open end, not both")
        for start, end in ((self.start_time, self.end_time), (self.start_day, self.end_day)):
            if start is not None and end is not None and end < start:  # type: ignore[operator]
                raise ValueError("an event must not end before it starts")
        return self


class Patient(Record):
    """One patient, with every result and event.

    Args:
        patient_id: As the source has it; `NA` and `007` stay what they are.
        birth_date: Where it is known, the age at each dated sample follows from it.
        age_years: Completed years, where no date of birth is known.
        clock: What the days of the measurements count from, `Days after ICU admission`.
    """

    patient_id: Name
    sex: Sex | None = None
    birth_date: Time | None = None
    age_years: Annotated[float, Field(ge=0, le=130)] | None = None
    clock: str = ""
    measurements: Annotated[tuple[Measurement, ...], Field(strict=False)] = ()
    events: Annotated[tuple[TreatmentEvent, ...], Field(strict=False)] = ()

    def to_frame(self, backend: Literal["pandas", "polars"] = "pandas") -> Any:  # noqa: ANN401 - the backend's frame
        """The measurements table of this patient (see `immunotrack.table.SCHEMA`).

        Args:
            backend: `pandas` or `polars`.
        """
        return frame_of(map(self._row, self.measurements), SCHEMA, backend).to_native()

    def events_to_frame(self, backend: Literal["pandas", "polars"] = "pandas") -> Any:  # noqa: ANN401
        """The events table of this patient (see `immunotrack.table.EVENT_SCHEMA`)."""
        rows = [
            event.model_dump() | {"patient_id": self.patient_id, "source": "", "line": 0}
            for event in self.events
        ]
        return frame_of(rows, EVENT_SCHEMA, backend).to_native()

    def _row(self, measurement: Measurement) -> dict[str, Any]:
        facts = measurement.facts()
        plain = measurement.model_dump(exclude={"detection_limit"})
        age = self.age_years
        if self.birth_date is not None and measurement.time is not None:
            age = age_in_years(self.birth_date, measurement.time)
        return plain | {
            "patient_id": self.patient_id,
            "clock": "" if measurement.day is None else self.clock,
            "comparator": facts["comparator"],
            "value": facts["value"],
            "value_std": facts["value_std"],
            "unit_std": facts["unit_std"],
            "range_source": facts["ranged"],
            "flag": "",
            "off_scale": "",
            "sex": self.sex or "",
            "age_years": age,
            "birth_date": self.birth_date,
            "source": "",
            "line": 0,
        }

    @classmethod
    def from_frame(
        cls, frame: IntoDataFrame, events: IntoDataFrame | None = None, patient_id: str = ""
    ) -> Self:
        """The patient of a measurements table and, if given, an events table.

        Limits that a range set supplied are left out: the record holds what came with the result.

        Args:
            patient_id: Which patient, where the tables hold several.

        Raises:
            ValueError: The tables hold no patient, or several and none is chosen.
            pydantic.ValidationError: A row is no valid measurement or event.
        """
        rows = plain_rows(conform(frame))
        happened = plain_rows(conform_events(events)) if events is not None else []
        ids = {row["patient_id"] for row in [*rows, *happened]}
        if not patient_id and len(ids) != 1:
            raise ValueError(f"the tables hold {len(ids)} patients; choose one with patient_id")
        chosen = patient_id or ids.pop()
        rows = [row for row in rows if row["patient_id"] == chosen]
        facts = {
            "sex": next((row["sex"] for row in rows if row["sex"]), None),
            "birth_date": next((row["birth_date"] for row in rows if row["birth_date"]), None),
        }
        if facts["birth_date"] is None:
            facts["age_years"] = next(
                (row["age_years"] for row in rows if row["age_years"] is not None), None
            )
        return cls(
            patient_id=chosen,
            **facts,
            clock=_one_clock(rows),
            measurements=tuple(_measurement(row) for row in rows),
            events=tuple(_event(row) for row in happened if row["patient_id"] == chosen),
        )


def _one_clock(rows: Sequence[Mapping[str, Any]]) -> str:
    """The clock that all days of a patient share.

    Raises:
        ValueError: There are several.
    """
    names = {row["clock"] for row in rows if row["clock"]}
    if len(names) > 1:
        raise ValueError("the days of a patient count from several clocks")
    return next(iter(names), "")


def _measurement(row: Mapping[str, Any]) -> Measurement:
    own = row["range_source"] in {"", "file"}
    number = "" if row["value"] is None else result_text(row["comparator"], row["value"])
    reported = row["reported"] or number
    absent = parse_result(reported).kind is Kind.NOT_DETECTED
    given = {name: row[name] for name in ("time", "day", "visit", "analyte", "unit", "origin")}
    limits = {limit: row[limit] if own else None for limit in LIMITS}
    rest = {
        "reported": reported,
        "plain": "" if absent else number,
        "detection_limit": row["value"] if absent else None,
    }
    return Measurement.model_validate(given | limits | rest)


def _event(row: Mapping[str, Any]) -> TreatmentEvent:
    return TreatmentEvent(
        **{name: row[name] for name in TreatmentEvent.model_fields if name in row}
    )
