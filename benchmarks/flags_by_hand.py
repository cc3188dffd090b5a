"""The flag of a result by hand, as a Polars expression."""

import polars as pl


def flag_of(value: pl.Expr, low: pl.Expr, high: pl.Expr, sign: pl.Expr) -> pl.Expr:
    """Below, within or above the range; of a bound only what every value that it allows is."""
    below = ((sign == "") & (value < low)) | ((sign == "<") & (value <= low))
    above = ((sign == "") & (value > high)) | ((sign == ">") & (value >= high))
    return (
        pl.when(below)
        .then(pl.lit("L"))
        .when(above)
        .then(pl.lit("H"))
        .when(low.is_null() & high.is_null())
        .then(None)
        .when((sign == "") | ((sign == "<") & low.is_null() & (value <= high)))
        .then(pl.lit("N"))
        .otherwise(pl.lit("IND"))
    )
