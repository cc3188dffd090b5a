"""The tiles of a strip: where each sample of a row stands, and where its letter has room."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from immunotrack.plot.drawn import Row


class Status(NamedTuple):
    """What a tile says: a flag, and whether the value is a bound."""

    flag: str
    censored: bool


class Tile(NamedTuple):
    """A stretch of a row with one status, in days.

    Args:
        letters: Where its letter stands: at each sample, or once where samples are close.
        shared: It holds several moments and has fewer letters.
    """

    start: float
    end: float
    status: Status
    letters: list[float]
    shared: bool = False


_ORDER: Final = ("LL", "L", "", "N", "IND", "H", "HH")
"""The statuses of one moment from left to right."""


def tiles(rows: Sequence[Row], room: float, days: tuple[float, float]) -> list[Tile]:
    """The samples of a row as tiles that nowhere overlap.

    A tile is as wide as a letter, and narrower only where samples are close on both sides; close
    ones of one status are one tile. Different results of one moment stand side by side.

    Args:
        rows: The samples, in order of their days.
        room: The width of a letter, in days.
        days: First and last day of the axis.
    """
    moments = [(day, list(dict.fromkeys(sorted(map(_status, here), key=_rank))))
               for day, here in groupby(rows, key=lambda row: float(row["day"]))]  # fmt: skip
    found: list[Tile] = []
    for number, (day, statuses) in enumerate(moments):
        start = (moments[number - 1][0] + day) / 2 if number else days[0]
        end = (day + moments[number + 1][0]) / 2 if number + 1 < len(moments) else days[1]
        start, end = max(day - room / 2, start), min(day + room / 2, end)
        wide = (end - start) / len(statuses)
        for place, status in enumerate(statuses):
            left = start + place * wide
            _append(found, Tile(left, left + wide, status, [left + wide / 2]), room)
    return [_with_letters(tile, room) for tile in _widened(found, room, days)]


def _status(row: Row) -> Status:
    return Status(row["flag"], bool(row["comparator"]))


def _rank(status: Status) -> tuple[int, bool]:
    return _ORDER.index(status.flag), status.censored


def _append(found: list[Tile], tile: Tile, room: float) -> None:
    """Add a tile, or make the one before it longer where both are close and of one status."""
    last = found[-1] if found else None
    close = last is not None and tile.start - last.end < room * 1e-6
    if last is not None and close and last.status == tile.status:
        found[-1] = last._replace(end=tile.end, letters=[*last.letters, *tile.letters])
    else:
        found.append(tile)


def _widened(found: Sequence[Tile], room: float, days: tuple[float, float]) -> list[Tile]:
    """The tiles with what they lack of a letter's width, where there is nothing beside them."""
    wide = []
    for number, tile in enumerate(found):
        before = (found[number - 1].end + tile.start) / 2 if number else days[0]
        after = (tile.end + found[number + 1].start) / 2 if number + 1 < len(found) else days[1]
        lacking = max(room - (tile.end - tile.start), 0.0)
        left = min(lacking, tile.start - before)
        right = min(lacking - left, after - tile.end)
        wide.append(tile._replace(start=tile.start - left, end=tile.end + right))
    return wide


def _with_letters(tile: Tile, room: float) -> Tile:
    """A tile with its letters where they have room: at every sample, else once, else nowhere."""
    least = room * (1 - 1e-6)
    middle = (tile.start + tile.end) / 2
    if tile.end - tile.start < least:
        return tile._replace(letters=[])
    if any(b - a < least for a, b in pairwise(tile.letters)):
        return tile._replace(letters=[middle], shared=True)
    return tile._replace(letters=[middle]) if len(tile.letters) == 1 else tile
