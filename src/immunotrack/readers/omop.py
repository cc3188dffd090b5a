"""OMOP Common Data Model 5.3 and 5.4: MEASUREMENT, DRUG_EXPOSURE, PERSON and DEATH as CSV.

Numbers carry their operator concept. Concept ids that no listed fact explains stay numbers: they
are never guessed.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from immunotrack.readers.grid import Grid
from immunotrack.readers.layout import Naming
from immunotrack.readers.standards import Cells, Standard, first_filled, optional, there

_NAMES: Final = {
    "patient_id": ["PERSON_ID"],
    "time": ["MEASUREMENT_DATETIME", "MEASUREMENT_DATE"],
    "analyte": ["MEASUREMENT_SOURCE_VALUE", "MEASUREMENT_CONCEPT_ID"],
    "number": ["VALUE_AS_NUMBER"],
    "reported": ["VALUE_SOURCE_VALUE", "VALUE_AS_NUMBER"],
    "comparator": ["OPERATOR_CONCEPT_ID"],
    "unit": ["UNIT_SOURCE_VALUE", "UNIT_CONCEPT_ID"],
    "low": ["RANGE_LOW"],
    "high": ["RANGE_HIGH"],
}


_ALSO: Final = frozenset({"MEASUREMENT_CONCEPT_ID", "UNIT_CONCEPT_ID", "MEASUREMENT_DATE"})


@cache
def _concepts() -> dict[str, dict[str, str]]:
    text = files("immunotrack").joinpath("data/omop.toml").read_text("utf-8")
    return tomllib.loads(text)


def _naming(header: Sequence[str]) -> Naming | None:
    names = {name.strip().upper() for name in header}
    if not ({"PERSON_ID"} <= names and {"MEASUREMENT_DATE", "MEASUREMENT_DATETIME"} & names):
        return None
    return Naming(there(header, _NAMES), standard="OMOP MEASUREMENT", also=_ALSO)


def _prepared(cells: Cells, raw: Cells) -> Cells:
    named = cells.with_columns(
        concept=optional(raw, "MEASUREMENT_CONCEPT_ID"),
        operator=optional(raw, "OPERATOR_CONCEPT_ID"),
        unit_concept=optional(raw, "UNIT_CONCEPT_ID"),
        date=optional(raw, "MEASUREMENT_DATE"),
        own=optional(raw, "MEASUREMENT_SOURCE_VALUE"),
        own_unit=optional(raw, "UNIT_SOURCE_VALUE"),
        text=optional(raw, "VALUE_SOURCE_VALUE"),
    )
    coded = pl.col("own").str.extract(r"^\s*(\d{1,5}-\d)\s*$").fill_null("")
    operator = pl.col("operator").str.strip_chars().str.replace(r"\.0$", "")
    strange = pl.concat_str(pl.lit("concept "), operator, pl.lit(" "))
    sign = (
        pl.when(operator.is_in(["", "0"]))
        .then(pl.lit(""))
        .otherwise(
            operator.replace_strict(
                _concepts()["operators"], default=strange, return_dtype=pl.String
            )
        )
    )
    number = pl.col("number").str.strip_chars()
    return named.with_columns(
        loinc=first_filled(coded, _looked_up("loinc", "concept")),
        analyte=first_filled(pl.col("own"), pl.concat_str(pl.lit("concept "), "concept")),
        comparator=pl.when(number != "").then(sign).otherwise(pl.lit("")),
        unit=first_filled(pl.col("own_unit"), _looked_up("units", "unit_concept"), _unknown_unit()),
        reported=pl.when(_contradicted())
        .then(pl.format("{} and {}", "text", "number"))
        .otherwise(
            first_filled(
                pl.col("text"), pl.when(number != "").then(sign + number).otherwise(pl.lit(""))
            )
        ),
        number=pl.when(_contradicted()).then(pl.lit("")).otherwise(pl.col("number")),
        time=first_filled(pl.col("time"), pl.col("date")),
        decimal=pl.lit("point"),
    ).drop("concept", "operator", "unit_concept", "date", "own", "own_unit", "text")


def _unknown_unit() -> pl.Expr:
    """The concept itself as the unit, where a concept is given that no fact explains."""
    concept = pl.col("unit_concept").str.strip_chars().str.replace(r"\.0$", "")
    given = ~concept.is_in(["", "0"])
    return pl.when(given).then(pl.concat_str(pl.lit("concept "), concept)).otherwise(pl.lit(""))


def _contradicted() -> pl.Expr:
    """Whether the text of a result is another number than the number beside it."""
    text = pl.col("text").str.extract(r"^\s*[<>]?=?\s*([0-9]+(?:\.[0-9]+)?)\s*$")
    number = pl.col("number").str.strip_chars().cast(pl.Float64, strict=False)
    return (text.cast(pl.Float64, strict=False) != number).fill_null(value=False)


def _looked_up(table: str, column: str) -> pl.Expr:
    """What a concept id stands for; empty where no fact says."""
    plain = pl.col(column).str.strip_chars().str.replace(r"\.0$", "")
    return plain.replace_strict(_concepts()[table], default="", return_dtype=pl.String)


MEASUREMENTS: Final = Standard(_naming, _prepared)

_DRUGS: Final = {
    "patient_id": ["PERSON_ID"],
    "name": ["DRUG_SOURCE_VALUE", "DRUG_CONCEPT_ID"],
    "start": ["DRUG_EXPOSURE_START_DATETIME", "DRUG_EXPOSURE_START_DATE"],
    "end": ["DRUG_EXPOSURE_END_DATETIME", "DRUG_EXPOSURE_END_DATE"],
    "dose": ["QUANTITY"],
    "dose_unit": ["DOSE_UNIT_SOURCE_VALUE"],
    "note": ["SIG"],
}
PERSONS: Final = {
    "patient_id": ["PERSON_ID"],
    "sex": ["GENDER_CONCEPT_ID", "GENDER_SOURCE_VALUE"],
    "birth_date": ["BIRTH_DATETIME"],
}
DEATHS: Final = {
    "patient_id": ["PERSON_ID"],
    "death": ["DEATH_DATETIME", "DEATH_DATE"],
}


def sex_of(concept: str) -> str:
    """The sex that a gender concept or its source text names; the text where no fact says."""
    return _concepts()["sex"].get(re.sub(r"\.0$", "", concept.strip()), concept)


def drug_events(grid: Grid) -> Grid:
    """DRUG_EXPOSURE as a grid of events: a dose where its unit is given, else a drug."""
    columns = there(grid.header, _DRUGS)
    places = {ours: grid.header.index(theirs) for ours, theirs in columns.items()}
    return replace(
        grid,
        header=[*_DRUGS, "kind"],
        rows=[_drug({ours: str(row[n]) for ours, n in places.items()}) for row in grid.rows],
    )


def _drug(row: dict[str, str]) -> list[str]:
    given = bool(row.get("dose", "").strip() and row.get("dose_unit", "").strip())
    size = {} if given else {"dose": "", "dose_unit": ""}
    named = {name: row.get(name, "") for name in _DRUGS} | size
    return [*named.values(), "dose" if given else "drug"]
