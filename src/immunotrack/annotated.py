"""The input's own rows, unchanged and in order, with our columns beside them."""

import io
from collections.abc import Sequence
from typing import Final

import narwhals as nw
import polars as pl

from immunotrack.flags import with_flags
from immunotrack.outputs import csv_line, defused
from immunotrack.problems import Problem, Severity
from immunotrack.ranges import RangeSet, choose_range_sets
from immunotrack.readers import Source
from immunotrack.table import LIMITS

ADDED: Final = (
    "analyte",
    "comparator",
    "value",
    "unit",
    "value_std",
    "unit_std",
    "low",
    "high",
    "range_source",
    "flag",
    "off_scale",
    "line",
    "problem",
)
"""The columns that `immunotrack flag` adds, in order."""

HEAD: Final = ADDED[: ADDED.index("line")]
"""Those of them that say the same of every row that is alike."""


def flagged_results(source: Source, ranges: Sequence[str | RangeSet] = ()) -> pl.DataFrame:
    """Every result of a source with its flag; one that does not count has neither range nor flag.

    A result that another row repeats has the flag of that row.

    Returns:
        The columns of `Source.results`, in the input's order.
    """
    rows = source.results.with_row_index("place")
    twin = (pl.col("fate") == "merged") & pl.col("problem").str.contains("repeated-result")
    counts = (pl.col("fate") == "used") | twin
    sets = choose_range_sets((*ranges, *source.ranges))
    known = nw.from_native(rows.filter(counts), eager_only=True)
    flagged: pl.DataFrame = with_flags(known, sets).to_native()
    refused = rows.filter(~counts).with_columns(
        *(pl.lit(None, pl.Float64).alias(limit) for limit in LIMITS), range_source=pl.lit("")
    )
    both = pl.concat([flagged, refused.select(flagged.columns)])
    return both.sort("place").drop("place")


_SAID: Final = {
    **dict.fromkeys(("N", "NORMAL"), "N"),
    **dict.fromkeys(("L", "LL", "LOW", "LOW LOW"), "L"),
    **dict.fromkeys(("H", "HH", "HIGH", "HIGH HIGH"), "H"),
}
"""What a laboratory's own flag says (HL7 v2 table 0078, CDISC NRIND)."""


def flag_differences(source: Source, flagged: pl.DataFrame) -> list[Problem]:
    """Where a laboratory's own flag is not what its value and its range say.

    A warning for each pair of flags and file; a result without a certain flag is not asked.
    """
    said = pl.col("own_flag").str.strip_chars().str.to_uppercase()
    own = said.replace_strict(_SAID, default="", return_dtype=pl.String)
    asked = flagged.with_columns(said=own, found=pl.col("flag").str.slice(0, 1)).filter(
        (pl.col("range_source") == "file")
        & pl.col("flag").is_in(["N", "L", "LL", "H", "HH"])
        & (pl.col("said") != "")
        & (pl.col("said") != pl.col("found"))
    )
    alike = asked.group_by("source", "own_flag", "flag", maintain_order=True).agg("line")
    return [
        Problem(
            code="own-flag",
            severity=Severity.WARNING,
            source=file,
            line=lines[0],
            column=source.flag_columns.get(file),
            value=own_flag,
            message=f"the laboratory's own flag; value and range beside it say {found}",
            fix="Check the range and the unit of the row.",
            rows=len(lines),
            lines=tuple(lines),
        )
        for file, own_flag, found, lines in alike.rows()
    ]


def annotated_csv(
    source: Source, flagged: pl.DataFrame, *, plain: bool = False, also: Sequence[str] = ()
) -> bytes:
    """The input's rows as CSV, each with `ADDED` behind it.

    A long file gives one row a row; a wide one gives one a result, and a row without results one.
    An added column whose name the input has already is prefixed `immunotrack_`. Rows of several
    files have their file's name in `source`.

    Args:
        plain: It is read by a program, and no text is defused.
        also: Further columns of `flagged` that are added.
    """
    names = [f"own {number}" for number in range(len(source.header))]
    schema = dict.fromkeys(names, pl.String)
    own = pl.DataFrame(source.rows, schema=schema, orient="row").with_row_index("row")
    lines = pl.Series("own_line", source.lines, dtype=pl.Int64)
    files = [grid.source for grid in source.grids for _ in grid.rows]
    told = (*HEAD, "problem", "visit", *also)
    added = flagged.select("row", *added_cells(flagged, told, plain=plain))
    visits = [part for part in ("visit",) if source.by_visit]
    shown = (*ADDED, *visits, *(["source"] if len(source.grids) > 1 else []), *also)
    rows = (
        own.with_columns(
            lines.cast(pl.String).alias("line"),
            row=pl.col("row").cast(pl.Int64),
            source=pl.Series(files, dtype=pl.String),
        )
        .join(added, on="row", how="left", maintain_order="left")
        .select(*names, *shown)
    )
    buffer = io.BytesIO()
    buffer.write(added_header(source.header, shown))
    _without_empty(rows).write_csv(buffer, include_header=False)
    return buffer.getvalue()


def table_csv(frame: pl.DataFrame) -> bytes:
    """A table of ours as CSV; whole numbers without a decimal point, text defused."""
    buffer = io.BytesIO()
    _without_empty(frame.select(_cell(name, frame) for name in frame.columns)).write_csv(buffer)
    return buffer.getvalue()


def _without_empty(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with null for empty text, which Polars would write as two quotation marks."""
    return rows.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in rows.columns
    )


def added_cells(
    flagged: pl.DataFrame, names: Sequence[str], *, plain: bool = False
) -> list[pl.Expr]:
    """The columns of flagged results as texts of a CSV file.

    Args:
        plain: It is read by a program, and no text is defused.
    """
    return [_cell(name, flagged, plain=plain) for name in names]


def csv_texts(rows: pl.DataFrame) -> pl.Series:
    """Each row of texts as a row of CSV, without its end."""
    written = _without_empty(rows).write_csv(include_header=False)
    lines = written.split("\n")[:-1]
    if len(lines) != len(rows):
        lines = [
            _without_empty(row).write_csv(include_header=False)[:-1] for row in rows.iter_slices(1)
        ]
    return pl.Series(lines, dtype=pl.String)


def added_header(own: Sequence[str], names: Sequence[str] = ADDED) -> bytes:
    """The header of the file: the input's own columns, and those that are added."""
    header = list(own)
    for name in names:
        header.append(unused_name(name, header))
    return f"{csv_line(header)}\n".encode()


def unused_name(name: str, header: Sequence[str]) -> str:
    """The name of a column of ours, prefixed as often as the header has it already."""
    return unused_name(f"{_PREFIX}{name}", header) if name in header else name


def added_name(name: str, header: Sequence[str]) -> str:
    """What a header calls a column that was added: the last one of its name or a prefixed one."""
    return next(
        own
        for own in reversed(header)
        if own.endswith(name) and not own.removesuffix(name).replace(_PREFIX, "")
    )


_PREFIX: Final = "immunotrack_"
"""What stands before an added column's name where the input has that name already."""


def _cell(name: str, frame: pl.DataFrame, *, plain: bool = False) -> pl.Expr:
    """A column as text for a CSV file."""
    column = pl.col(name)
    if frame.schema[name] == pl.String and not plain:
        risky = column.str.contains(r"^[=+\-@\t\r]")
        return (
            pl.when(risky)
            .then(column.map_elements(defused, pl.String))
            .otherwise(column)
            .alias(name)
        )
    if frame.schema[name] == pl.Float64:
        whole = (column == column.floor()) & (column.abs() < 1e15)
        return (
            pl.when(whole)
            .then(column.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(column.cast(pl.String))
            .alias(name)
        )
    return column.cast(pl.String).alias(name)
