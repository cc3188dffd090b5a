"""A table of a report, as text: the same on a screen and on paper."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from immunotrack.report.document import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a report.

    Args:
        key: Its name within the page.
        columns: Their headings; columns without any content are left out.
        numeric: The columns that are set flush right.
        after: What stands below it, in sentences.
        marks: A word for each row that says how it looks: a flag, an answer, a status.
    """

    key: str
    title: str
    note: str = ""
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[str] = frozenset()
    marks: Sequence[str] = field(default_factory=tuple)
    after: Sequence[str] = field(default_factory=tuple)


Cell = Callable[[Row], str]


def table(
    key: str,
    title: str,
    rows: Sequence[Row],
    cells: Mapping[str, Cell],
    *,
    note: str = "",
    numeric: Iterable[str] = (),
    mark: Cell = lambda _: "",
    after: Sequence[str] = (),
) -> Table:
    """A table of some rows, without the columns that are empty throughout."""
    texts = [[cell(row) for cell in cells.values()] for row in rows]
    kept = [place for place in range(len(cells)) if any(row[place] for row in texts)]
    names = list(cells)
    return Table(
        key=key,
        title=title,
        note=note,
        columns=[names[place] for place in kept],
        rows=[[row[place] for place in kept] for row in texts],
        numeric=frozenset(numeric),
        marks=[mark(row) for row in rows],
        after=after,
    )
