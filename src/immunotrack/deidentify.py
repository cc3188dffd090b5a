"""A source without its people: pseudonyms, days or moved dates, and no free text.

It is done once, to what was read, so that nothing that is made of a source holds more than this.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import narwhals as nw
import polars as pl

from immunotrack.clocks import Clock, choose_clock, moments
from immunotrack.problems import CODES, Problem
from immunotrack.pseudonyms import Key
from immunotrack.readers import Source
from immunotrack.readers.case import CaseFile
from immunotrack.readers.grid import Grid
from immunotrack.table import plain_rows
from immunotrack.terms import Terms
from immunotrack.values import result_text
from immunotrack.writers.text import number_text, time_text

OLDEST: Final = 90
"""Ages from here on are one group."""

NO_NUMBER: Final = "no number"
_HEADER: Final = ["patient_id", "time", "day", "visit"]
_RESULTS: Final = {"positive", "negative", "detected", "not detected", ""}
"""Results of tests that are words of no person."""

_OWN_FLAGS: Final = {"N", "L", "H", "LL", "HH", "NORMAL", "LOW", "HIGH", "ABNORMAL", ""}


def deidentified(source: Source, key: Key, *, shift_dates: bool = False) -> Source:
    """The source as it may be handed on.

    Ids become pseudonyms under the key; dates become days on the clock of a figure, or are moved
    back by as many days as the key says of each patient, so that intervals stay; ages from `OLDEST`
    on are `OLDEST`; dates of birth, notes, quotations, cells of the files, their names and the
    texts of problems are left out. Names of analytes, drugs and events stay where they hold neither
    an id nor what may be a date (`kept_names` lists them).
    """
    ids = {*source.results["patient_id"], *source.events.table["patient_id"]}
    terms = Terms(frozenset(ids), key)
    names = _file_names(source)
    moved = _shifted(source, key) if shift_dates else _counted(source)
    results = _results(moved.results, terms, key, names)
    events = _events(moved.events.table, terms, key, names)
    return replace(
        source,
        name="source",
        grids=_grids(source.grids, results, names),
        others=[],
        results=results,
        events=replace(source.events, table=events, problems=[]),
        problems=[_bare(problem, names) for problem in source.problems],
        told=[],
        flag_columns={names[file]: "own flag" for file in source.flag_columns},
        case=None if source.case is None else _case(source.case, terms, key),
    )


def said(*, shift_dates: bool) -> str:
    """What was done, for the reader of a report."""
    dates = (
        "dates are moved, for each patient by days of its own"
        if shift_dates
        else "days take the place of dates"
    )
    return (
        f"De-identified: pseudonyms take the place of names and numbers, {dates}, ages from "
        f"{OLDEST} on are one group, and free text is left out."
    )


def kept_names(source: Source) -> list[str]:
    """The words of the files that a de-identified source still has, for somebody to look at."""
    results = source.results.select("analyte", "unit", "visit")
    events = source.events.table.select("name", "lane", "dose_unit")
    words = {word for table in (results, events) for column in table for word in column.unique()}
    return sorted(words - {""})


def _file_names(source: Source) -> dict[str, str]:
    """Each file under a number."""
    names = [
        *(grid.source for grid in (*source.grids, *source.others)),
        *source.results["source"].unique(maintain_order=True).to_list(),
        *source.events.table["source"].unique(maintain_order=True).to_list(),
        *(problem.source for problem in source.problems),
    ]
    return {name: f"file {number}" for number, name in enumerate(dict.fromkeys(names), 1)}


def _mapped(table: pl.DataFrame, column: str, name: Callable[[Any], Any]) -> pl.Series:
    """A column with each of its values in other words."""
    series = table[column]
    words = {value: name(value) for value in series.unique().to_list() if value is not None}
    return series.replace_strict(words, default=None, return_dtype=series.dtype).alias(column)


# --- dates


def _shifted(source: Source, key: Key) -> Source:
    """The source with the dates of each patient moved."""

    def moved(table: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
        if table.is_empty():
            return table
        back = {name: timedelta(days=key.days_back(name)) for name in set(table["patient_id"])}
        shift = table["patient_id"].replace_strict(back, return_dtype=pl.Duration("us"))
        return table.with_columns((pl.col(name) - shift).alias(name) for name in columns)

    events = moved(source.events.table, ("start_time", "end_time"))
    return replace(
        source,
        results=moved(source.results, ("time",)),
        events=replace(source.events, table=events),
    )


def _counted(source: Source) -> Source:
    """The source with days in place of dates, for each patient on the clock of a figure."""
    events = source.events.table
    everybody = events.filter(pl.col("patient_id") == "")
    results: list[pl.DataFrame] = []
    happened: list[pl.DataFrame] = []
    numbered = source.results.with_row_index("place")
    patients = dict.fromkeys([*numbered["patient_id"], *events["patient_id"]])
    for patient in patients:
        rows = numbered.filter(pl.col("patient_id") == patient)
        own = events.filter(pl.col("patient_id") == patient)
        clock = _clock(rows, pl.concat([own, everybody] if patient else [own]), source)
        results.append(_on_clock(rows, clock, (("time", "day"),)))
        happened.append(
            _on_clock(own, clock, (("start_time", "start_day"), ("end_time", "end_day")))
        )
    table = pl.concat(results or [numbered]).sort("place").drop("place")
    told = pl.concat(happened or [events])
    return replace(source, results=table, events=replace(source.events, table=told))


def _clock(rows: pl.DataFrame, events: pl.DataFrame, source: Source) -> Clock:
    """The clock of a patient's figure; that of the events alone where no result has a place."""
    used = nw.from_native(rows.filter(pl.col("fate") == "used"), eager_only=True)
    name = source.case.clock.name if source.case else ""
    if used["time"].is_null().all() and used["day"].is_null().all():
        starts = [at for at in events["start_time"].to_list() if at is not None]
        return Clock("Days after first event", min(starts)) if starts else Clock("Day")
    return choose_clock(moments(used), plain_rows(nw.from_native(events, eager_only=True)), name)


def _on_clock(
    table: pl.DataFrame, clock: Clock, pairs: tuple[tuple[str, str], ...]
) -> pl.DataFrame:
    """The rows without dates, and with days where the clock makes days of dates."""
    for time, day in pairs:
        if clock.anchor is not None:
            passed = (pl.col(time) - clock.anchor).dt.total_microseconds() / 86_400_000_000
            table = table.with_columns(passed.alias(day))
        table = table.with_columns(pl.lit(None, pl.Datetime("us")).alias(time))
    if clock.anchor is not None and "clock" in table.columns:
        placed = pl.when(pl.col("day").is_not_null()).then(pl.lit(clock.name))
        table = table.with_columns(clock=placed.otherwise(pl.lit("")))
    return table


# --- tables


def _results(table: pl.DataFrame, terms: Terms, key: Key, names: dict[str, str]) -> pl.DataFrame:
    """The results with nothing in them but terms, numbers and pseudonyms."""
    pairs = zip(table["comparator"], table["value"], strict=True)
    texts = [NO_NUMBER if value is None else result_text(sign, value) for sign, value in pairs]
    return table.with_columns(
        _mapped(table, "patient_id", key.pseudonym),
        _mapped(table, "analyte", terms.analyte),
        _mapped(table, "unit", terms.unit),
        _mapped(table, "unit_std", terms.unit),
        _mapped(table, "visit", lambda text: terms.term("visit", text)),
        _mapped(table, "clock", lambda text: text if terms.tellable(text) else "Day"),
        _mapped(table, "source", names.__getitem__),
        _mapped(table, "own_flag", lambda text: text if text.upper() in _OWN_FLAGS else ""),
        pl.Series("reported", texts, dtype=pl.String),
        pl.lit("").alias("status"),
        pl.lit(None, pl.Datetime("us")).alias("birth_date"),
        pl.min_horizontal(pl.col("age_years"), pl.lit(float(OLDEST))).alias("age_years"),
    ).with_columns(age_years=pl.when(table["age_years"].is_not_null()).then(pl.col("age_years")))


def _events(table: pl.DataFrame, terms: Terms, key: Key, names: dict[str, str]) -> pl.DataFrame:
    """The events, their notes and quotations left out."""
    empty = [pl.lit("").alias(name) for name in ("note", "quote", "claim")]
    return table.with_columns(
        _mapped(table, "patient_id", key.pseudonym),
        _mapped(table, "name", lambda text: terms.term("event", text)),
        _mapped(table, "lane", lambda text: terms.term("lane", text)),
        _mapped(table, "dose_unit", lambda text: terms.term("unit", text)),
        _mapped(table, "result", lambda text: text if text.casefold() in _RESULTS else ""),
        _mapped(table, "source", names.__getitem__),
        *empty,
    )


def _grids(grids: list[Grid], results: pl.DataFrame, names: dict[str, str]) -> list[Grid]:
    """Grids of as many rows as before, of whose cells only patient, time and visit are left."""
    cells = {row["row"]: _cells(row) for row in results.iter_rows(named=True)}
    made, before = [], 0
    for grid in grids:
        count = len(grid.rows)
        rows = [cells.get(row, [""] * len(_HEADER)) for row in range(before, before + count)]
        name = names[grid.source]
        made.append(replace(grid, source=name, header=_HEADER, rows=rows, problems=[], told=""))
        before += count
    return made


def _cells(row: dict[str, Any]) -> list[str]:
    time: datetime | None = row["time"]
    return [row["patient_id"], time_text(time), number_text(row["day"]), row["visit"]]


def _bare(problem: Problem, names: dict[str, str]) -> Problem:
    """A problem without the texts of the file, which its message may hold too."""
    return replace(
        problem,
        source=names[problem.source],
        message=CODES[problem.code],
        fix="",
        column=None,
        value=None,
    )


def _case(case: CaseFile, terms: Terms, key: Key) -> CaseFile:
    """What a case says of figure, ranges and windows, and nothing of whom it is about."""
    people = [
        person.model_copy(
            update={
                "patient_id": key.pseudonym(person.patient_id),
                "title": f"Patient {key.pseudonym(person.patient_id)}",
            }
        )
        for person in case.patients
    ]
    told = f"the case states {len(case.assumptions)} assumptions in words, which are left out"
    clock = case.clock.name if terms.tellable(case.clock.name) else "Day"
    return case.model_copy(
        update={
            "name": "case",
            "title": "De-identified case",
            "citation": "",
            "url": "",
            "summary": "",
            "patients": people,
            "clock": case.clock.model_copy(update={"name": clock, "anchor": ""}),
            "lanes": [terms.term("lane", lane) for lane in case.lanes],
            "assumptions": [told] if case.assumptions else [],
            "claims": {},
            "checks": [],
        }
    )
