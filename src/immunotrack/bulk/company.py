"""Which rows must be judged together: those of one sample, and those of a series in two units."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

_PARTS: Final = 64
"""The rows are looked at in so many parts, each series in one of them."""

_RECORD: Final = np.dtype([("series", "u8"), ("sample", "u8"), ("row", "u8"), ("unit", "u4")])
_PART: Final = 2**64 // _PARTS
_MIX: Final = 0x9E3779B97F4A7C15
"""An odd number by which hashes are multiplied so that all their bits count (2**64 / φ)."""


class Parted(NamedTuple):
    """What is kept of some rows, by the part of their series.

    Args:
        rows: Those of the first part, then those of the second one, and so on.
        sizes: How many there are in each part.
    """

    rows: np.ndarray
    sizes: np.ndarray


class Company:
    """A few bytes of every row, on disk: its series, its sample, and the unit of its result.

    Equal hashes only mean that rows are compared; what is said of them is then read from the rows.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "company"
        self._path.touch()
        self._sizes: list[np.ndarray] = []

    def add(self, rows: Parted) -> None:
        """Keep rows."""
        with self._path.open("ab") as file:
            rows.rows.tofile(file)
        self._sizes.append(rows.sizes)

    def companions(self, *, mixed: bool) -> Iterator[np.ndarray]:
        """The numbers of the rows that must be judged together, complete series by series.

        Args:
            mixed: Whether series of more than one unit are among them.
        """
        sizes = np.array(self._sizes, dtype=np.int64).reshape(-1, _PARTS)
        starts = np.cumsum(sizes).reshape(sizes.shape) - sizes

        def found(part: int) -> np.ndarray:
            rows = self._read(starts[:, part], sizes[:, part])
            frame = pl.DataFrame({name: rows[name] for name in _RECORD.names or ()})
            return np.sort(together(frame, mixed=mixed).to_numpy())

        with ThreadPoolExecutor(2) as pool:
            yield from filter(len, pool.map(found, range(_PARTS)))
        self._path.unlink()

    def _read(self, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Some stretches of what is kept."""
        stretches = [np.empty(0, _RECORD)]
        with self._path.open("rb") as file:
            for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
                file.seek(start * _RECORD.itemsize)
                stretches.append(np.fromfile(file, _RECORD, size))
        return np.concatenate(stretches)


def parted(first: int, compared: pl.DataFrame) -> Parted:
    """What is kept of rows.

    Args:
        first: The number of the first one in the file.
        compared: As `placed_rows` has them.
    """
    rows = placed_rows(first, compared)
    parts = (rows["series"] // _PART).cast(pl.UInt8).to_numpy()
    order = np.argsort(parts, kind="stable")
    ordered = np.empty(len(rows), _RECORD)
    for name in _RECORD.names or ():
        ordered[name] = rows[name].to_numpy()[order]
    return Parted(ordered, np.bincount(parts, minlength=_PARTS))


def placed_rows(first: int, compared: pl.DataFrame) -> pl.DataFrame:
    """What rows are told apart by: `series`, `row`, `unit` and `sample`.

    Args:
        first: The number of the first one.
        compared: `patient` and `seen` (hashes), `analyte` and `unit` (numbers), `moment`, `day`,
            and `counts`, whether it is compared with others of its sample.
    """
    return compared.select(
        _mixed(pl.col("patient"), pl.col("analyte")).alias("series"),
        pl.col("moment", "day").fill_null(-1),
        pl.col("seen", "counts", "unit"),
        row=pl.int_range(first, first + pl.len(), dtype=pl.UInt64),
    ).select("series", "row", "unit", sample=_sample())


def together(rows: pl.DataFrame, *, mixed: bool) -> pl.Series:
    """The numbers of the rows that must be judged together, of whole series of `placed_rows`.

    Args:
        mixed: Whether series of more than one unit are among them.
    """
    alike = pl.col("sample").is_duplicated()
    if mixed:
        units = pl.col("unit").filter(pl.col("unit") > 0).n_unique().over("series")
        alike |= units > 1
    return rows.filter(alike)["row"]


def _sample() -> pl.Expr:
    """A hash of what samples are told apart by; one of its own for a row that is not compared."""
    sample = _mixed(pl.col("series"), pl.col("moment"))
    for name in ("day", "seen"):
        sample = _mixed(sample, pl.col(name))
    alone = _mixed(pl.col("row"), pl.lit(1))
    return pl.when("counts").then(sample).otherwise(alone)


def _mixed(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """A hash of two numbers; arithmetic of 64 bits wraps around."""
    mixed = (one ^ (other.cast(pl.UInt64, wrap_numerical=True) * _MIX)) * _MIX
    return mixed ^ (mixed // 2**32)
