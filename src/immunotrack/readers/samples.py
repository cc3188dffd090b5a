"""Several results of one sample: identical ones are counted once, different ones are settled.

A correction wins over a final result and that over a preliminary one. What is left and differs is
told, or settled as the user says.
"""

from typing import Final

import polars as pl

from immunotrack.readers.grid import Duplicates
from immunotrack.values import Kind

_NUMBERS: Final = (Kind.NUMBER, Kind.CENSORED, Kind.NOT_DETECTED)
_WORDS: Final = (Kind.TITRE, Kind.INTERVAL, Kind.ORDINAL, Kind.TEXT)
_SAMPLE: Final = ("company", "patient_id", "analyte", "time", "offset", "day", "visit", "counts")
_GROUP: Final = (*_SAMPLE, "standing")

_RANKS: Final = {
    **dict.fromkeys(("corrected", "amended", "appended", "c"), 2),
    **dict.fromkeys(("preliminary", "partial", "p"), 0),
}
"""Status of a result (FHIR ObservationStatus, HL7 v2 table 0085) to its standing; final is 1."""


def settled(table: pl.DataFrame, duplicates: Duplicates) -> pl.DataFrame:
    """The table with what is said elsewhere of the same sample, and which rows stand for others.

    Adds `merged` (another row is used instead), `repeated`, `superseded`, `averaged`, `conflict`
    (different results, not settled), `later`, `clocked` and `other` (where the other row stands).
    """
    compared = _compared(_standing(table.with_row_index("place")))
    chosen, possible = _choice(duplicates)
    differ = pl.col("counts") & pl.col("standing") & (pl.col("second").is_not_null())
    decided = compared.with_columns(keeper=chosen, settles=differ & possible, differ=differ)
    twin = pl.col("counts") & pl.col("standing") & (pl.col("place") != pl.col("twin_of"))
    of_kept = pl.col("twin_of") == pl.col("keeper")
    fatal = pl.col("differ") & ~pl.col("settles") & pl.col("clocked") & pl.col("known")
    told = decided.with_columns(
        repeated=twin & ~fatal & (of_kept | ~pl.col("settles")),
        dropped=pl.col("settles") & ~of_kept,
        averaged=pl.col("settles") & (pl.col("place") == pl.col("keeper")) & (duplicates == "mean"),
    ).with_columns(
        superseded=pl.col("outranked") | pl.col("dropped"),
        conflict=pl.col("differ") & ~pl.col("settles") & ~pl.col("repeated"),
        merged=pl.col("outranked") | pl.col("dropped") | pl.col("repeated"),
    )
    return _with_other(_with_means(told))


def _standing(table: pl.DataFrame) -> pl.DataFrame:
    """The table with how each result stands beside others of its sample by its status."""
    placed = (
        pl.col("time").is_not_null() | pl.col("day").is_not_null() | (pl.col("visit") != "")
    ) & (pl.col("analyte") != "")
    whole = (pl.col("fault") == "") & (pl.col("aside") == "")
    said = pl.col("kind").is_in(_NUMBERS) | (~pl.col("known") & pl.col("kind").is_in(_WORDS))
    offset = pl.col("time_text").str.extract(r":\d{2}(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})\s*$")
    status = pl.col("status").str.strip_chars().str.to_lowercase()
    rank = status.replace_strict(_RANKS, default=1, return_dtype=pl.Int8)
    fraction = (pl.col("day") != pl.col("day").floor()).fill_null(value=False)
    ranked = table.with_columns(
        offset=offset.fill_null(""),
        counts=said & placed & whole,
        rank=rank,
        clocked=pl.col("time_clock") | fraction,
    )
    best = pl.col("rank").max().over(_SAMPLE)
    return ranked.with_columns(standing=pl.col("rank") == best).with_columns(
        outranked=pl.col("counts") & ~pl.col("standing")
    )


def _compared(table: pl.DataFrame) -> pl.DataFrame:
    """The table with the first row that says the same, and the first of its sample that differs."""
    scale = pl.when(pl.col("value") != 0).then(pl.col("value_std") / pl.col("value"))
    limits = [
        (pl.col(name) * scale.fill_null(1.0)).round_sig_figs(12).alias(name)
        for name in ("low", "high")
    ]
    words = pl.when(pl.col("value").is_null()).then(pl.col("reported").str.strip_chars())
    unit = pl.when(pl.col("unit_std") != "").then(pl.col("unit_std")).otherwise(pl.col("unit"))
    value = pl.coalesce("value_std", "value")
    said = pl.struct("comparator", value.alias("value"), unit.alias("unit"), words, *limits)
    first = pl.col("place").first().over(_GROUP)
    return (
        table.with_columns(said=said, first=first)
        .with_columns(twin_of=pl.col("place").first().over(*_GROUP, "said"))
        .with_columns(
            second=pl.col("place")
            .filter(pl.col("twin_of") != pl.col("first"))
            .first()
            .over(_GROUP),
            later=pl.col("place") > pl.col("first"),
        )
    )


def _choice(duplicates: Duplicates) -> tuple[pl.Expr, pl.Expr]:
    """The place of the row that stands for a group, and whether it can.

    The largest of results is known only where all are plain numbers of one unit, or of units that
    convert; their mean where all have one unit.
    """
    bare = (pl.col("comparator") == "").all().over(_GROUP)
    one_unit = pl.col("unit").n_unique().over(_GROUP) == 1
    converts = (pl.col("unit_std") != "").all().over(_GROUP)
    value = pl.coalesce("value_std", "value")
    largest = pl.col("twin_of").sort_by(value, descending=True, maintain_order=True).first()
    choices = {
        "refuse": (pl.col("first"), pl.lit(value=False)),
        "first": (pl.col("first"), pl.lit(value=True)),
        "last": (pl.col("twin_of").last().over(_GROUP), pl.lit(value=True)),
        "max": (largest.over(_GROUP), bare & (one_unit | converts)),
        "mean": (pl.col("first"), bare & one_unit),
    }
    return choices[duplicates]


def _with_means(table: pl.DataFrame) -> pl.DataFrame:
    """The table with the mean of a sample's results in the row that stands for them."""
    once = pl.col("place") == pl.col("twin_of")
    return table.with_columns(
        pl.when("averaged")
        .then(pl.col(name).filter(once).mean().over(_GROUP))
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("value", "value_std")
    )


def _with_other(table: pl.DataFrame) -> pl.DataFrame:
    """The table with the place of the other result, as messages name it."""
    best = pl.col("place").sort_by("rank", descending=True, maintain_order=True).first()
    own = pl.col("twin_of") == pl.col("first")
    other = (
        pl.when("outranked")
        .then(best.over(_SAMPLE))
        .when("dropped")
        .then(pl.col("keeper"))
        .when("repeated")
        .then(pl.col("twin_of"))
        .when(own)
        .then(pl.col("second"))
        .otherwise(pl.col("first"))
    )
    there = table.select("place", there_line="line", there_source="source")
    joined = table.with_columns(other_place=other).join(
        there, left_on="other_place", right_on="place", how="left", maintain_order="left"
    )
    line = pl.format("line {}", pl.col("there_line"))
    elsewhere = pl.format("{}:{}", pl.col("there_source"), pl.col("there_line"))
    return joined.with_columns(
        other=pl.when(pl.col("there_source") == pl.col("source")).then(line).otherwise(elsewhere)
    )
