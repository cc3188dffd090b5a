"""The order of visits, from the order in which the patients have them."""

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """Sorts text with numbers in it as people do.

    >>> sorted(["week_12", "week_4", "baseline"], key=natural_key)
    ['baseline', 'week_4', 'week_12']
    """
    parts = re.split(r"([0-9]+)", text.casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def visit_order(rows: Iterable[Row]) -> list[str]:
    """The visits, each after those that some patient has before it.

    Where no patient tells, and where patients contradict each other, numbers in the names decide.

    Args:
        rows: Of a measurements table; those of one patient and analyte in their order.
    """
    series: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["visit"]:
            series.setdefault((row["patient_id"], row["analyte"]), []).append(row["visit"])
    after: dict[str, set[str]] = {visit: set() for own in series.values() for visit in own}
    for own in series.values():
        for one, other in pairwise(dict.fromkeys(own)):
            after[one].add(other)
    return _sorted(after)


def _sorted(after: Mapping[str, set[str]]) -> list[str]:
    """The names in an order that keeps every one behind those that it comes after."""
    waiting = dict.fromkeys(after, 0)
    for others in after.values():
        for other in others:
            waiting[other] += 1
    free = [(natural_key(name), name) for name, number in waiting.items() if not number]
    heapq.heapify(free)
    found: list[str] = []
    while free:
        _, name = heapq.heappop(free)
        found.append(name)
        for other in after[name]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(free, (natural_key(other), other))
    return found if len(found) == len(after) else sorted(after, key=natural_key)


def visit_places(visits: Sequence[str]) -> dict[str, float]:
    """The place of each visit on an axis of visits."""
    return {visit: float(place) for place, visit in enumerate(visits)}
