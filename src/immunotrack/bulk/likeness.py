"""What makes two rows alike: all that they say, but for who it is and when, where those are plain.

Rows that are alike are judged once. An id that is neither blank nor padded, a date that is one by
its shape and by the calendar, and a whole day stand for any other of their kind.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from immunotrack.bulk.lot import typed

_FORMS: Final = {
    10: ("", ("%Y-%m-%d",)),
    16: (r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]", ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")),
    19: (
        r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
        ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"),
    ),
}
"""Length of a plain moment to the shape of its time of day, and how it is parsed."""

_DATE: Final = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_WHOLE_DAY: Final = r"^-?[1-9][0-9]{0,5}$"

_ANY_PATIENT, _ANY_DATE, _ANY_MOMENT, _ANY_DAY = "P", "2000-01-01", "2000-01-01T00:00", "1"

Frame = pl.DataFrame


@dataclass(frozen=True, slots=True)
class Likeness:
    """The columns of a file that rows are compared by, by their place.

    Args:
        read: All that are read.
        patient: The patient's.
        times: Those of the sample and of its issue.
        days: Days and weeks from an anchor.
        personal: Dates beside which that of the sample matters: of birth, of reference.
        visit: The planned visit, if there is one.
    """

    read: tuple[int, ...]
    patient: int
    times: tuple[int, ...]
    days: tuple[int, ...]
    personal: tuple[int, ...]
    visit: tuple[int, ...]

    @classmethod
    def of(cls, roles: Mapping[str, int], also: Collection[int]) -> "Likeness":
        """The likeness of the rows of a layout.

        Args:
            also: Further columns that are read.
        """

        def places(*names: str) -> tuple[int, ...]:
            return tuple(roles[name] for name in names if name in roles)

        return cls(
            read=tuple(sorted({*roles.values(), *also})),
            patient=roles["patient_id"],
            times=places("time", "issued"),
            days=places("day", "week"),
            personal=places("birth_date", "reference_start"),
            visit=places("visit"),
        )

    def compared(self, cells: Frame) -> Frame:
        """What is known of each row before it is judged.

        Returns:
            `key`, equal where rows are alike; `patient` and `seen`, hashes of the id and of the
            visit; `moment` (microseconds) and `day`, null where they are not plain.
        """
        moments = {place: _moments(cells[str(place)]) for place in self.times}
        days = {place: _days(cells[str(place)]) for place in self.days}
        kinds = self._kinds(cells, moments, days)
        high, low = (self._key(cells, kinds, seed) for seed in (1, 2))
        visit = [pl.col(str(place)).hash().alias("seen") for place in self.visit]
        return cells.select(
            pl.col(str(self.patient)).hash().alias("patient"),
            *(visit or [pl.lit(0, pl.UInt64).alias("seen")]),
            (high.cast(pl.UInt128) * 2**64 + low.cast(pl.UInt128)).alias("key"),
            self._moment(moments).alias("moment"),
            days[self.days[0]].alias("day") if self.days else pl.lit(None, pl.Int64).alias("day"),
        )

    def _moment(self, moments: Mapping[int, pl.Series]) -> pl.Expr:
        """When a sample was taken, or else its result issued."""
        if not moments:
            return pl.lit(None, pl.Int64)
        first, *rest = (pl.lit(moments[place]) for place in self.times)
        if not rest:
            return first
        blank = pl.col(str(self.times[0])).str.strip_chars() == ""
        return pl.when(blank).then(rest[0]).otherwise(first)

    def _kinds(
        self, cells: Frame, moments: Mapping[int, pl.Series], days: Mapping[int, pl.Series]
    ) -> dict[int, pl.Series]:
        """Which kind of plain text a cell is; 0 where it is none."""
        who = pl.col(str(self.patient))
        kinds = {self.patient: (who != "") & (who.str.strip_chars() == who)}
        bare = pl.all_horizontal(
            pl.lit(value=True),
            *(pl.col(str(place)).str.strip_chars() == "" for place in self.personal),
        )
        for place, found in moments.items():
            length = pl.col(str(place)).str.len_bytes()
            dated = pl.when(length == len(_ANY_DATE)).then(1).otherwise(2)
            kinds[place] = pl.when(bare & pl.lit(found).is_not_null()).then(dated).otherwise(0)
        for place, found in days.items():
            kinds[place] = bare & pl.lit(found).is_not_null()
        codes = cells.select(kind.cast(pl.UInt64).alias(str(n)) for n, kind in kinds.items())
        return {place: codes[str(place)] for place in kinds}

    def _key(self, cells: Frame, kinds: Mapping[int, pl.Series], seed: int) -> pl.Expr:
        """The sum of the hashes of all that is read, 64 bits wide."""
        key = pl.when(pl.col("note") == "").then(0).otherwise(pl.col("note").hash(seed))
        for number, place in enumerate(self.read):
            said = _hash(cells, str(place), seed)
            if place in kinds:
                kind = pl.lit(kinds[place])
                said = pl.when(kind > 0).then(kind).otherwise(said)
            key += said * (2 * number + 3)
        return key

    def stand_ins(self, cells: Frame) -> Frame:
        """The texts of some rows, plain ones replaced by what stands for them."""
        moments = {place: _moments(cells[str(place)]) for place in self.times}
        days = {place: _days(cells[str(place)]) for place in self.days}
        stand_in = {
            self.patient: [_ANY_PATIENT],
            **{place: [_ANY_DATE, _ANY_MOMENT] for place in self.times},
            **{place: [_ANY_DAY] for place in self.days},
        }
        kinds = self._kinds(cells, moments, days)
        return cells.with_columns(
            pl.when(pl.lit(kind) == 0)
            .then(pl.col(str(place)))
            .when(pl.lit(kind) == 1)
            .then(pl.lit(stand_in[place][0]))
            .otherwise(pl.lit(stand_in[place][-1]))
            .alias(str(place))
            for place, kind in kinds.items()
        )


def _hash(cells: Frame, name: str, seed: int) -> pl.Expr:
    """The hash of a cell, of which a number has another one than the text of its digits."""
    said = pl.col(name).hash(seed)
    return said + pl.col(typed(name)).cast(pl.UInt64) if typed(name) in cells.columns else said


def _moments(texts: pl.Series) -> pl.Series:
    """The plain moments of some texts, in microseconds; null where a text is none."""
    lengths = set(texts.str.len_bytes().unique())
    parsed = [
        pl.when(pl.col("text").str.contains(f"{_DATE}{clock}$"))
        .then(pl.col("text").str.to_datetime(form, time_unit="us", strict=False))
        .cast(pl.Int64)
        for length, (clock, forms) in _FORMS.items()
        if length in lengths
        for form in forms
    ]
    if not parsed:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(texts))
    return pl.DataFrame({"text": texts}).select(pl.coalesce(parsed)).to_series()


def _days(texts: pl.Series) -> pl.Series:
    """The whole days of some texts other than 0; null where a text is none."""
    whole = pl.col("text").str.contains(_WHOLE_DAY)
    number = pl.when(whole).then(pl.col("text")).cast(pl.Int64)
    return pl.DataFrame({"text": texts}).select(number).to_series()
