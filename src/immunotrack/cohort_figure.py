"""The figure of many patients, from whatever holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl

from immunotrack.annotated import flagged_results
from immunotrack.cohort import align
from immunotrack.flags import LETTERS, flag
from immunotrack.groups import group_by
from immunotrack.plot.binding import bound
from immunotrack.plot.gallery import compose_gallery
from immunotrack.plot.ground import Wanted
from immunotrack.plot.leaf import Order, Rendered, orders
from immunotrack.problems import InvalidInput, Problem, counted
from immunotrack.responses import response
from immunotrack.summaries import Responses, rises
from immunotrack.windows import choose_window_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from narwhals.typing import IntoDataFrame

    from immunotrack.cohort import Cohort
    from immunotrack.plot.ground import FigureName, Gallery
    from immunotrack.plot.style import SizeName
    from immunotrack.ranges import RangeSet
    from immunotrack.readers import Options, Source
    from immunotrack.windows import WindowSet
    from immunotrack.workers import Workers


def plot_cohort(
    frame: IntoDataFrame,
    events: IntoDataFrame | None = None,
    *,
    figure: FigureName = "overlay",
    clock: str = "",
    groups: Mapping[str, str] | None = None,
    windows: WindowSet | str | None = None,
    size: SizeName = "double",
    ranges: Sequence[str | RangeSet] | str = (),
    **chosen: Any,  # noqa: ANN401 - the other fields of Wanted
) -> list[Figure]:
    """The pages of a figure of many patients, aligned on their first dose or another anchor.

    Args:
        frame: A measurements table, drawn as it is flagged; where no result has a flag, they are
            flagged as by `flag`.
        events: An events table.
        figure: `multiples`, `overlay` or `strip`.
        clock: One of `cohort.CLOCKS`, or `event:NAME`.
        groups: Patient to group.
        windows: A set of sampling windows, the name of a preset, or the path of a TOML file.
        size: `double` (183 mm), `single` (89 mm) or `screen`.
        ranges: As for `flag`, where the table is not flagged.
        chosen: `analytes`, `every`, `highlight`, `log`, `title`, `own_axis`; see `Wanted`.

    Returns:
        Figures that no pyplot knows of.

    Raises:
        InvalidInput: Something that was asked for is not there, or has no room, or a patient cannot
            be drawn.
    """
    from immunotrack.plot.book import draw_leaf  # noqa: PLC0415 - matplotlib is slow

    flagged = frame if _is_flagged(frame) else flag(frame, ranges)
    people = align(flagged, events, clock=clock, groups=groups)
    taken = choose_window_set(windows) if isinstance(windows, str) else windows
    wanted = Wanted(figure=figure, windows=taken, **chosen)
    gallery = _gallery(people, flagged, events, wanted, size)
    drawn = [draw_leaf(sheet.leaf, size) for sheet in gallery.sheets]
    if lost := _told([one for _, failed in drawn for one in failed]):
        raise InvalidInput(lost)
    return [page for page, _ in drawn]


def _is_flagged(frame: IntoDataFrame) -> bool:
    """Whether some result has a flag."""
    table = nw.from_native(frame, eager_only=True)
    return "flag" in table.columns and table["flag"].is_in([*LETTERS.keys() - {""}]).any()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a user chose, beside what is to be seen.

    Args:
        by: The column, or the rule, of the groups; empty for no groups.
        persons: A file with a row a patient.
    """

    wanted: Wanted
    size: SizeName
    clock: str = ""
    by: str = ""
    persons: Path | None = None
    ranges: Sequence[str | RangeSet] = ()


def source_gallery(
    source: Source, events: pl.DataFrame, choice: Choice, options: Options
) -> Gallery:
    """The pages of a figure of the patients of a source.

    Raises:
        InvalidInput: Something that was asked for is not there, or has no room.
    """
    flagged = flagged_results(source, choice.ranges).filter(pl.col("fate") == "used")
    groups = group_by(source, events, choice.by, choice.persons, options) if choice.by else None
    named = groups.of if groups else None
    people = align(flagged, events, clock=choice.clock, groups=named)
    gallery = _gallery(people, flagged, events, choice.wanted, choice.size)
    said = groups.problems if groups else []
    return replace(gallery, problems=[*said, *gallery.problems])


def _gallery(
    people: Cohort,
    flagged: IntoDataFrame,
    events: IntoDataFrame | None,
    wanted: Wanted,
    size: SizeName,
) -> Gallery:
    found = _responses(people, flagged, events) if wanted.figure == "strip" else Responses("", {})
    return compose_gallery(people, wanted, size, found)


def _responses(people: Cohort, flagged: IntoDataFrame, events: IntoDataFrame | None) -> Responses:
    """By how many times the peak is the baseline; without doses the last value the first one."""
    if people.anchor != "visit" and any(one.first_dose is not None for one in people.members):
        table = nw.from_native(response(flagged, events), eager_only=True)
        told = table.select("patient_id", "analyte", "fold_peak").drop_nulls().rows()
        return Responses("peak / baseline", {(one, key): fold for one, key, fold in told})
    return Responses("last / first", rises(people.rows))


def draw_pages(
    gallery: Gallery, size: SizeName, suffix: str, workers: Workers
) -> Iterator[Rendered]:
    """Files of pages, in order, each as soon as it is drawn.

    Raises:
        InvalidInput: There are several pages, and the format is of one.
    """
    if suffix != ".pdf" and len(gallery.sheets) > 1:
        pages = counted(len(gallery.sheets), "page")
        problem = Problem(
            code="unknown-option",
            source="-o",
            message=f"{pages} have no room in one {suffix[1:].upper()} file",
            fix="Let the name end in .pdf, or choose fewer with --analytes.",
        )
        raise InvalidInput([problem])
    return workers.map(_rendered, orders([sheet.leaf for sheet in gallery.sheets], size, suffix))


def _rendered(order: Order) -> Rendered:
    """Pages as a file; only the process that draws them loads matplotlib."""
    from immunotrack.plot.book import render  # noqa: PLC0415

    return render(order)


def one_file(pages: Sequence[Rendered], gallery: Gallery, suffix: str) -> bytes:
    """The pages as one file."""
    files = [page.data for page in pages]
    return bound(files, gallery.sheets) if suffix == ".pdf" else files[0]


def failures(pages: Sequence[Rendered]) -> list[Problem]:
    """The patients who could not be drawn."""
    return _told([one for page in pages for one in page.failed])


def _told(failed: Sequence[tuple[str, str]]) -> list[Problem]:
    return [
        Problem(
            code="not-drawn",
            source="figure",
            message=f"patient {patient} could not be drawn ({kind})",
            fix="Draw this patient alone with immunotrack plot --debug.",
        )
        for patient, kind in failed
    ]
