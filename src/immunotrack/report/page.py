"""A report as one file of HTML that asks no network for anything and runs no script but its own."""

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from immunotrack.plot.notes import footnote
from immunotrack.report.appendix import ILLUSTRATIVE, RESEARCH_USE, appendix_tables, method
from immunotrack.report.chapter_tables import chapter_tables
from immunotrack.report.document import Chapter, Document, Progress
from immunotrack.report.facts import facts, patient_cells
from immunotrack.report.panes import ONE_STRIP, STRIPS, Pane, lane_panes, panel_panes
from immunotrack.report.result_tables import latest_table
from immunotrack.report.spots import known_results
from immunotrack.report.svg import Styles
from immunotrack.report.tables import Table
from immunotrack.report.words import FLAG_WORDS, SIGNS, legible

Key = tuple[str, str, str]
"""A sign, what it means, and the class that colours it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A patient as the page shows it.

    Args:
        first: The tables above the figure.
        panels, samples: The panels, and those of every sample where there are windows.
        strips: The lanes, by the width of the page.
        tables: Those below the figure.
    """

    key: str
    title: str
    facts: Sequence[tuple[str, str]]
    illustrative: bool
    first: Sequence[Table]
    clock: str
    panels: Sequence[Pane]
    samples: Sequence[Pane]
    strips: Mapping[str, Sequence[Pane]]
    lanes: Sequence[str]
    legend: Sequence[Key]
    footnote: str
    tables: Sequence[Table]


def html(document: Document, progress: Progress = lambda _number, _all: None) -> bytes:
    """The page of a report.

    A report of several patients shows the first; its script opens the others from the page itself.
    """
    styles = Styles()
    chapters = []
    for number, chapter in enumerate(document.chapters):
        progress(number + 1, len(document.chapters))
        chapters.append(_shown(chapter, document, styles, f"c{number}"))
    style = _own("report.css") + styles.sheet()
    script = _own("report.js")
    several = len(document.chapters) > 1
    page = _environment().from_string(_own("page.html"))
    text = page.render(
        title=legible(document.title),
        version=document.version,
        policy=_policy(style, script),
        style=style,
        script=script,
        research_use=RESEARCH_USE,
        illustrative=ILLUSTRATIVE,
        deidentified=document.deidentified,
        patients=[patient_cells(chapter) for chapter in document.chapters] if several else [],
        chapters=chapters,
        appendix=appendix_tables(document),
        method=method(document),
    )
    return text.encode()


def _environment() -> Environment:
    """Jinja with every text escaped, and no name that is silently empty."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["packed"] = _packed
    return environment


def _packed(markup: str) -> str:
    """Markup as a short text that no parser of HTML looks into: base64 of zlib."""
    return base64.b64encode(zlib.compress(str(markup).encode(), 9)).decode()


def _own(name: str) -> str:
    """A file that comes with the package."""
    return files("immunotrack.report").joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: this style, this script, and nothing from anywhere."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shown(chapter: Chapter, document: Document, styles: Styles, key: str) -> _Shown:
    timeline, known = chapter.timeline, known_results(chapter.results)
    raw = chapter.raw
    several = len(document.chapters) > 1
    return _Shown(
        key=key,
        title=legible(_title(chapter, document)),
        facts=facts(chapter),
        illustrative=timeline.illustrative,
        first=[one for one in [latest_table(chapter)] if one.rows],
        clock=timeline.clock.name,
        panels=panel_panes(timeline, known, styles, f"{key}p"),
        samples=panel_panes(raw, known, styles, f"{key}s") if raw else [],
        strips=lane_panes(timeline, styles, f"{key}l", ONE_STRIP if several else STRIPS),
        lanes=list(timeline.lanes),
        legend=_legend(chapter),
        footnote=footnote(timeline),
        tables=chapter_tables(chapter, document),
    )


def _title(chapter: Chapter, document: Document) -> str:
    """What heads a patient, where it is not what heads the page."""
    same = chapter.title == document.title
    return f"Patient {chapter.patient_id}" if same else chapter.title


_LOOKS: Final = {"L": "L", "LL": "L", "H": "H", "HH": "H"}


def _legend(chapter: Chapter) -> list[Key]:
    """The marks that are on the figure, and no others."""
    timeline = chapter.timeline
    rows: list[Mapping[str, Any]] = [row for panel in timeline.panels for row in panel.line]
    flags = {row["flag"] for row in rows}
    key = [
        (SIGNS[flag], FLAG_WORDS[flag], _LOOKS.get(flag, ""))
        for flag in FLAG_WORDS
        if flag in flags
    ]
    if any(row["comparator"] for row in rows):
        key.append(("○", "open: censored, drawn at its limit", ""))
    if any(row["low"] is not None or row["high"] is not None for row in rows):
        key.append(("", "reference range", "swatch"))
    if any(panel.spans for panel in timeline.panels):
        key.append(("━", "sampling window; every sample is drawn faintly", ""))
    if timeline.first_dose is not None:
        key.append(("↓", f"first {legible(timeline.dose_name)} dose", "D"))
    return key
