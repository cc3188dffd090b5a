"""The figure of one patient, from whatever holds the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Unpack

import narwhals as nw
import polars as pl

from immunotrack.annotated import flagged_results
from immunotrack.cases import Case
from immunotrack.flags import flag
from immunotrack.plot.asked import Asked, Showing, ask
from immunotrack.problems import InvalidInput, Problem, counted, shown
from immunotrack.readers.events import events_frame
from immunotrack.records import Patient
from immunotrack.table import conform, conform_events, plain_rows
from immunotrack.windows import WindowSet, choose_window_set

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from narwhals.typing import IntoDataFrame

    from immunotrack.plot.drawn import Timeline
    from immunotrack.plot.style import SizeName
    from immunotrack.ranges import RangeSet
    from immunotrack.readers import Source
    from immunotrack.readers.case import CaseFile


def plot_timeline(
    data: Patient | Case | IntoDataFrame,
    *,
    events: IntoDataFrame | None = None,
    patient: str = "",
    analytes: Sequence[str] = (),
    ranges: Sequence[str | RangeSet] | str = (),
    windows: WindowSet | str | None = None,
    log: Sequence[str] = (),
    size: SizeName = "double",
    **more: Unpack[Showing],
) -> Figure:
    """The timeline of one patient: a panel for each analyte, a lane for each kind of event.

    Args:
        data: A patient, a case, or a measurements table.
        events: An events table (see `immunotrack.table.EVENT_SCHEMA`), beside a measurements table.
        patient: Which patient, where the data hold several.
        analytes: The panels, in order; by default those of the catalogue that there are.
        ranges: As for `flag`.
        windows: A set of sampling windows, the name of a preset, or the path of a TOML file.
        log: Analytes with a logarithmic axis.
        size: `double` (183 mm), `single` (89 mm) or `screen`.
        more: What is shown beyond this, see `Showing`: `show` (grades, baseline, response, changes,
            missed, uncertainty) with `grade_scale`, `variation` and `plan`; `view="strip"`.

    Returns:
        A Figure that no pyplot knows of; `fig.savefig` or `immunotrack.plot.save.save_figure`.

    Raises:
        InvalidInput: Something that was asked for is not there.
    """
    from immunotrack.plot.timeline import draw_timeline  # noqa: PLC0415 - matplotlib is slow

    choice = Choice(
        patient=patient,
        analytes=analytes,
        ranges=ranges,
        windows=windows,
        log=log,
        asked=ask(**more),
    )
    return draw_timeline(_timeline(data, events, choice), size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a user chose to see; see `plot_timeline`.

    Args:
        title: In place of the case's, or of the patient's id.
        asked: What is shown beyond the default.
        evidence: Whether pooled differences of trials stand below the panels.
    """

    patient: str = ""
    analytes: Sequence[str] = ()
    ranges: Sequence[str | RangeSet] | str = ()
    windows: WindowSet | str | None = None
    log: Sequence[str] = ()
    title: str = ""
    asked: Asked = field(default_factory=Asked)
    evidence: bool = False


def source_timeline(source: Source, events: pl.DataFrame, choice: Choice) -> Timeline:
    """What the figure of one patient of a source shows.

    Raises:
        InvalidInput: No patient, or one of several, was chosen, or something is not there.
    """
    frame = flagged_results(source, choice.ranges).filter(pl.col("fate") == "used")
    results, happened = _eager(frame), _eager(events)
    chosen = _for_one(results, happened, choice)
    return patient_timeline(results, happened, chosen, source.case)


def _timeline(
    data: Patient | Case | IntoDataFrame, events: IntoDataFrame | None, choice: Choice
) -> Timeline:
    case = data.file if isinstance(data, Case) else None
    happened = conform_events(events_frame([]) if events is None else events)
    if isinstance(data, Patient | Case):
        people = data.patients if isinstance(data, Case) else (data,)
        frame = _eager(pl.concat([person.to_frame("polars") for person in people]))
        happened = _eager(pl.concat([person.events_to_frame("polars") for person in people]))
    else:
        frame = conform(data)
    chosen = (choice.ranges,) if isinstance(choice.ranges, str) else tuple(choice.ranges)
    own: tuple[str | RangeSet, ...] = (*case.sets, *case.ranges) if case else ()
    flagged = _eager(flag(frame.to_native(), (*chosen, *own)))
    return patient_timeline(flagged, happened, _for_one(flagged, happened, choice), case)


def _eager(frame: Any) -> nw.DataFrame[Any]:  # noqa: ANN401 - any eager frame
    return nw.from_native(frame, eager_only=True)


def _for_one(flagged: nw.DataFrame[Any], events: nw.DataFrame[Any], choice: Choice) -> Choice:
    """The choice with its patient, who may go without saying.

    Raises:
        InvalidInput: No patient, or one of several, was chosen.
    """
    measured, treated = (
        [name for name in dict.fromkeys(table["patient_id"].to_list()) if name]
        for table in (flagged, events)
    )
    return replace(choice, patient=_choose_patient(measured or treated, choice.patient))


def patient_timeline(
    flagged: nw.DataFrame[Any],
    events: nw.DataFrame[Any],
    choice: Choice,
    case: CaseFile | None,
) -> Timeline:
    """What the figure of the chosen patient shows, of flagged results and of events.

    Raises:
        InvalidInput: Something that was asked for is not there.
    """
    from immunotrack.plot.compose import compose  # noqa: PLC0415
    from immunotrack.plot.context import with_context  # noqa: PLC0415
    from immunotrack.plot.drawn import Wish, not_drawn  # noqa: PLC0415

    patient = choice.patient
    happened = events.filter(nw.col("patient_id").is_in([patient, ""]))
    own = flagged.filter(nw.col("patient_id") == patient).to_native()
    timeline = compose(
        own,
        plain_rows(happened),
        Wish(
            title=choice.title or _case_title(case, patient) or f"Patient {patient}",
            analytes=choice.analytes or (case.panels if case else ()),
            lanes=case.lanes if case else (),
            log=choice.log,
            windows=_window_set(choice, case),
            clock=case.clock.name if case else "",
            assumptions=case.assumptions if case else (),
            asked=choice.asked,
        ),
    )
    if choice.evidence:
        timeline = with_context(timeline, own, happened.to_native())
    if len(events) and not len(happened):
        strangers = not_drawn(
            f"none of the {counted(len(events), 'event')} belongs to this patient",
            "Write the same patient in both files.",
        )
        return replace(timeline, problems=[*timeline.problems, strangers])
    return timeline


def _window_set(choice: Choice, case: CaseFile | None) -> WindowSet | None:
    """The windows that were chosen, else the case's but for a strip; none for `none`."""
    if isinstance(choice.windows, WindowSet):
        return choice.windows
    own = case.windows if case and choice.asked.view == "panels" else ""
    name = choice.windows or own
    return choose_window_set(name) if name not in {"", "none"} else None


def _case_title(case: CaseFile | None, patient: str) -> str:
    people = case.patients if case else []
    return next((entry.title for entry in people if entry.patient_id == patient), "")


def _choose_patient(there: Sequence[str], wanted: str) -> str:
    """The patient to draw.

    Raises:
        InvalidInput: There are several and none was chosen, or the one chosen is not there.
    """
    if wanted in there or (not wanted and len(there) == 1):
        return wanted or there[0]
    some = ", ".join(there[:10]) + (", …" if len(there) > 10 else "")
    message = (
        f"there is no patient {shown(wanted)}" if wanted else f"there are {len(there)} patients"
    )
    raise InvalidInput(
        [
            Problem(
                code="several-patients",
                source="--patient",
                message=message,
                fix=f"Choose one of: {some}." if there else "",
            )
        ]
    )
