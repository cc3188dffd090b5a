"""What stands twice: in one file, or in several files of a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from immunotrack.readers.fhir.bundle import READ, Directory, Resource
from immunotrack.readers.fhir.element import WrongShape
from immunotrack.readers.fhir.rows import warning
from immunotrack.readers.grid import Grid, NumberCell

REPEATED: Final = "repeated-result"
SUPERSEDED: Final = "superseded-result"


class Verdict(NamedTuple):
    """Why a resource is not used, and the line of the one that is."""

    code: str
    line: int


def find_repeats(resources: Sequence[Resource], directory: Directory) -> dict[int, Verdict]:
    """The resources that stand in the file already, or in another version, by their place."""
    groups: dict[object, list[int]] = {}
    for index, resource in enumerate(resources):
        if resource.kind in READ:
            groups.setdefault(_identity(resource, directory), []).append(index)
    verdicts: dict[int, Verdict] = {}
    for group in groups.values():
        if len(group) > 1:
            verdicts |= _verdicts(group, resources)
    return verdicts


def _identity(resource: Resource, directory: Directory) -> object:
    """What two versions of one resource share; the ids of two patients' resources may be alike."""
    try:
        patient = directory.patient_id(resource)
    except WrongShape:
        patient = ""
    own = resource.id or fingerprint(resource.body.members)
    return resource.kind, patient, _holder(resource), own


def _holder(resource: Resource) -> object:
    """The resource within which an id is unique; None where that is the file."""
    if resource.holder is None:
        return None
    members = resource.holder.members
    return f"{members.get('resourceType')}/{members.get('id') or fingerprint(members)!r}"


def _verdicts(group: Sequence[int], resources: Sequence[Resource]) -> dict[int, Verdict]:
    """Of what is one resource: the first of equal ones, and of those the newest version."""
    firsts: dict[bytes, int] = {}
    verdicts: dict[int, Verdict] = {}
    for index in group:
        first = firsts.setdefault(fingerprint(resources[index].body.members), index)
        if first != index:
            verdicts[index] = Verdict(REPEATED, resources[first].line)
    newest = group[0]
    for index in firsts.values():
        newest = _newer(newest, index, resources)
    for index in firsts.values():
        if index != newest:
            verdicts[index] = Verdict(SUPERSEDED, resources[newest].line)
    return verdicts


def _newer(one: int, other: int, resources: Sequence[Resource]) -> int:
    """The newer of two versions, of which `other` stands later."""
    ours, theirs = _version(resources[one]), _version(resources[other])
    for left, right in zip(ours, theirs, strict=True):
        if left is not None and right is not None and left != right:
            return one if left > right else other
    return other


def _version(resource: Resource) -> tuple[float | None, ...]:
    """What tells the age of a version, the surest first; None where the file does not say it."""
    body = resource.body.members
    meta = body.get("meta")
    known = meta if isinstance(meta, dict) else {}
    version = str(known.get("versionId", ""))
    number = float(version) if version.isascii() and version.isdigit() else None
    ranked = _RANKS.get(str(body.get("status")))
    return number, _seconds(known.get("lastUpdated")), ranked, _seconds(body.get("issued"))


_RANKS: Final[dict[str, float]] = {
    status: rank
    for rank, statuses in enumerate(
        [
            ["registered", "specimen-in-process"],
            ["preliminary"],
            ["final"],
            ["amended", "corrected"],
            ["cancelled"],
            ["entered-in-error"],
        ]
    )
    for status in statuses
}
"""A status of a later stage of a result has a higher rank."""


def _seconds(text: object) -> float | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def fingerprint(value: object) -> bytes:
    """What two JSON values share if and only if they are equal, in any order of their keys."""
    return hashlib.sha256(repr(_canonical(value)).encode("utf-8", "surrogatepass")).digest()


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return sorted((key, _canonical(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(_canonical, value))
    return {"number": str(value)} if isinstance(value, NumberCell) else value


def merge_repeated(grids: Sequence[Grid]) -> list[Grid]:
    """The grids of a folder, what stands in an earlier one as well set aside, with a warning.

    Rows with an id are one resource, together with the other rows of that id and patient: if they
    are equal the later ones are set aside, if not, those of the older status or issue. A row
    without an id is set aside where an earlier grid has an equal one.
    """
    merged = [replace(grid, aside=dict(grid.aside), problems=list(grid.problems)) for grid in grids]
    latest: dict[object, _Block] = {}
    for grid in merged:
        for block in _blocks(grid):
            other = latest.setdefault(block.key, block)
            if other.grid is not grid:
                latest[block.key] = _merge(other, block)
    return merged


@dataclass(frozen=True, slots=True)
class _Block:
    """The rows of one resource."""

    grid: Grid
    key: object
    named: bool
    rows: tuple[int, ...]

    @property
    def cells(self) -> list[list[str]]:
        return [self.grid.rows[row] for row in self.rows]

    def age(self) -> tuple[float, float]:
        """What tells the newer one of two versions."""
        first = dict(zip(self.grid.header, self.cells[0], strict=True))
        issued = _seconds(first.get("issued"))
        return _RANKS.get(first.get("status", ""), -1.0), -1.0 if issued is None else issued


def _blocks(grid: Grid) -> list[_Block]:
    """The rows of a grid by resource; rows that are faults or set aside as repeats are none."""
    places = [grid.header.index(name) for name in ("patient_id", "id") if name in grid.header]
    groups: dict[tuple[bool, object], list[int]] = {}
    for index, row in enumerate(grid.rows):
        if index in grid.faults or grid.aside.get(index) in {REPEATED, SUPERSEDED}:
            continue
        named = len(places) == 2 and row[places[1]] != ""
        shared = tuple(row[place] for place in places) if named else tuple(row)
        groups.setdefault((named, (tuple(grid.header), shared)), []).append(index)
    return [_Block(grid, key, key[0], tuple(rows)) for key, rows in groups.items()]


def _merge(earlier: _Block, later: _Block) -> _Block:
    """Set one of two blocks aside, and give the other."""
    if not later.named or earlier.cells == later.cells:
        _set_aside(later, REPEATED, earlier)
        return earlier
    if earlier.age() > later.age():
        _set_aside(later, SUPERSEDED, earlier)
        return earlier
    _set_aside(earlier, SUPERSEDED, later)
    return later


_SAID: Final = {
    REPEATED: "the same stands in {} already, and is set aside here",
    SUPERSEDED: "another version, in {}, is used in its place",
}


def _set_aside(block: _Block, code: str, used: _Block) -> None:
    """Set the rows aside, and count them in the warning that names the other file."""
    rows = [row for row in block.rows if row not in block.grid.aside]
    block.grid.aside.update(dict.fromkeys(rows, code))
    if not rows:
        return
    message = _SAID[code].format(used.grid.source)
    told = block.grid.problems
    found = warning(block.grid.source, code, message, block.grid.lines[rows[0]], len(rows))
    same = (n for n, p in enumerate(told) if (p.code, p.message) == (code, message))
    place = next(same, None)
    if place is None:
        told.append(found)
    else:
        told[place] = replace(told[place], rows=told[place].rows + len(rows))
