"""From a source to its report: every table is computed once and then told patient by patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import narwhals as nw
import polars as pl

from immunotrack import __version__
from immunotrack.annotated import flag_differences, flagged_results
from immunotrack.change import significant_changes
from immunotrack.decisions import choose_rules, rule_presets
from immunotrack.evidence.beside import beside, beside_notes
from immunotrack.evidence.printed import builtin_effects
from immunotrack.figure import Choice, patient_timeline
from immunotrack.grading import grade
from immunotrack.plans import choose_plan
from immunotrack.plot.drawn import Timeline
from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.readers import Source
from immunotrack.report.chapter import against_plan, age_words, events, results
from immunotrack.report.document import Chapter, Document, Input, Row
from immunotrack.report.places import without_folders
from immunotrack.report.ranged import used_ranges
from immunotrack.report.relevant import problems_of
from immunotrack.responses import response
from immunotrack.scales import choose_grade_scale
from immunotrack.schedule import Plan
from immunotrack.settings import choice_problem
from immunotrack.table import analyte_key, plain_rows
from immunotrack.verdicts import decide
from immunotrack.worst_grades import worst_grades
from immunotrack.writers.text import time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a user wants reported.

    Args:
        patients: Whom, in order; all there are without any.
        choice: What the figures show.
        scale: Of the grades.
        rules: Names of presets or TOML files; all presets whose analyte there is without any.
        plan: A published plan's name, or a plan in words; the case's without it.
        deidentified: How, in words.
    """

    patients: Sequence[str] = ()
    choice: Choice = field(default_factory=Choice)
    scale: str = "ctcae-v5"
    rules: Sequence[str] = ()
    plan: str = ""
    deidentified: str = ""


OPEN_AGE: Final = 90
"""The age from which a de-identified report says no more than that."""


def compose_report(source: Source, asked: Asked, inputs: Sequence[Input] = ()) -> Document:
    """The report of a source, whose files are told without the folders of the machine.

    Raises:
        InvalidInput: Somebody or something that was asked for is not there.
    """
    source = without_folders(source)
    tables = _tables(source, asked)
    patients = _patients(tables, asked.patients)
    _refuse_absent(tables, asked.choice)
    case = source.case
    problems = [*source.problems, *flag_differences(source, flagged_results(source, _sets(asked)))]
    reported = tables.flagged.filter(pl.col("patient_id").is_in(patients))
    scale = choose_grade_scale(asked.scale)
    chapters = [_chapter(patient, tables, source, asked) for patient in patients]
    return Document(
        version=__version__,
        title=case.title if case else _title(patients),
        citation=case.citation if case else "",
        url=case.url if case else "",
        deidentified=asked.deidentified,
        inputs=list(inputs),
        read=source.told,
        counted=source.counted,
        ranges=used_ranges(reported, [*_sets(asked), *source.ranges], chapters),
        grade_scale=scale.model_dump(include={"name", "title", "version", "source", "note"}),
        rules=_rules(tables.rules),
        chapters=chapters,
        problems=[problem.as_row() for problem in problems_of(problems, source, patients)],
    )


def _title(patients: Sequence[str]) -> str:
    who = f"patient {patients[0]}" if len(patients) == 1 else f"{len(patients)} patients"
    return f"Immune monitoring, {who}"


def _sets(asked: Asked) -> list[Any]:
    return list(asked.choice.ranges)


@dataclass(frozen=True, slots=True)
class _Tables:
    """What is known of all patients, and the rows of each.

    Args:
        flagged: The used results, flagged, graded and compared with the ones before.
        events: The events; those without a patient are everybody's.
    """

    flagged: pl.DataFrame
    events: pl.DataFrame
    rules: Sequence[str]
    plan: Plan | None
    rows: Mapping[str, Mapping[str, list[Row]]]

    def of(self, patient: str, table: str) -> list[Row]:
        """The rows of a patient."""
        return self.rows[table].get(patient, [])


def _tables(source: Source, asked: Asked) -> _Tables:
    sets = [*_sets(asked), *source.ranges]
    used, happened = source.used, source.events.table
    graded = grade(used, asked.scale, sets)
    there = set(used["analyte"].unique().to_list())
    rules = asked.rules or [name for name, rule in rule_presets().items() if rule.key in there]
    compared = significant_changes(graded)
    plan = asked.plan or (source.case.plan if source.case else "")
    return _Tables(
        flagged=compared,
        events=happened,
        rules=rules,
        plan=choose_plan(plan) if plan else None,
        rows={
            "results": _by_patient(compared),
            "evidence": _by_patient(beside(used, happened)),
            "response": _by_patient(response(used, happened, ranges=sets)),
            "worst": _by_patient(worst_grades(graded)),
            "verdicts": _by_patient(decide(used, happened, rules, ranges=sets)),
        },
    )


def _by_patient(table: pl.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in plain_rows(nw.from_native(table, eager_only=True)):
        found.setdefault(row["patient_id"], []).append(row)
    return found


def _patients(tables: _Tables, wanted: Sequence[str]) -> list[str]:
    """The patients to report on.

    Raises:
        InvalidInput: One is not there, or there is none.
    """
    ids = (*tables.flagged["patient_id"].to_list(), *tables.events["patient_id"].to_list())
    there = [name for name in dict.fromkeys(ids) if name]
    absent = [name for name in wanted if name not in there]
    if absent or not there:
        some = ", ".join(there[:10]) + (", …" if len(there) > 10 else "")
        named = ", ".join(map(shown, absent))
        problem = Problem(
            code="several-patients",
            source="--patient",
            message=f"there is no patient {named}".rstrip(),
            fix=f"Choose from: {some}." if there else "",
        )
        raise InvalidInput([problem])
    return list(dict.fromkeys(wanted)) or there


def _refuse_absent(tables: _Tables, choice: Choice) -> None:
    """Refuse a choice of what nobody has.

    Raises:
        InvalidInput: An analyte that was asked for has no result.
    """
    there = tables.flagged["analyte"].unique(maintain_order=True).to_list()
    for option, names in (("--analytes", choice.analytes), ("--log", choice.log)):
        for name in names:
            if analyte_key(name) not in there:
                raise InvalidInput([choice_problem(option, name, there)])


def _chapter(patient: str, tables: _Tables, source: Source, asked: Asked) -> Chapter:
    own = tables.flagged.filter(pl.col("patient_id") == patient)
    happened = tables.events.filter(pl.col("patient_id").is_in([patient, ""]))
    timeline = _timeline(patient, own, happened, source, asked.choice)
    spans = any(panel.spans for panel in timeline.panels)
    single = replace(asked.choice, windows="none")
    told = events(happened.to_dicts(), timeline.clock)
    given = [event for event in told if event["kind"] == "dose"]
    drug = given[0]["name"] if given else ""
    doses = [event for event in given if event["day"] is not None]
    rows = tables.of(patient, "results")
    evidence = tables.of(patient, "evidence") if _treated(given) else []
    against, totals = _against(tables.plan, drug, happened, timeline, patient)
    return Chapter(
        patient_id=patient,
        title=timeline.title,
        sex=next((row["sex"] for row in rows if row["sex"]), ""),
        age=age_words(rows, open_from=OPEN_AGE if asked.deidentified else None),
        timeline=timeline,
        raw=_timeline(patient, own, happened, source, single) if spans else None,
        results=results(rows, timeline, doses),
        response=tables.of(patient, "response"),
        worst=[_on_clock(row, timeline) for row in tables.of(patient, "worst")],
        verdicts=tables.of(patient, "verdicts"),
        drug=drug,
        plan=tables.plan.text if tables.plan else "",
        doses=against,
        totals=totals,
        events=told,
        evidence=evidence,
        evidence_notes=list(beside_notes(evidence)),
    )


def _treated(given: Sequence[Row]) -> bool:
    """Whether a patient had the treatment that the evidence is about."""
    known = builtin_effects()
    return any(known.is_treatment(event["name"]) for event in given)


def _on_clock(row: Row, timeline: Timeline) -> Row:
    """A row with its day on the clock of the figure."""
    day = timeline.clock.day(row["time"], row["day"])
    return {**row, "time": time_text(row["time"]), "day": day}


def _timeline(
    patient: str, own: pl.DataFrame, happened: pl.DataFrame, source: Source, choice: Choice
) -> Timeline:
    """The figure of a patient, of those analytes of the choice that the patient has."""
    there = set(own.filter(pl.col("value").is_not_null())["analyte"].to_list())
    wanted = choice.analytes or (source.case.panels if source.case else ())
    names = [name for name in wanted if analyte_key(name) in there]
    if wanted and not names:
        own = own.clear()
    logs = [name for name in choice.log if analyte_key(name) in there]
    return patient_timeline(
        nw.from_native(own, eager_only=True),
        nw.from_native(happened, eager_only=True),
        replace(choice, patient=patient, analytes=names, log=logs),
        source.case,
    )


def _against(
    plan: Plan | None, drug: str, happened: pl.DataFrame, timeline: Timeline, patient: str
) -> tuple[list[Row], list[Row]]:
    """The doses against the plan; without a plan, or a dose, nothing."""
    if plan is None or not drug:
        return [], []
    return against_plan(happened, plan, drug, timeline.clock, patient)


def _rules(names: Sequence[str]) -> list[Row]:
    return [
        asked.rule.model_dump(include={"name", "title", "source", "url", "quote", "note"})
        | {"criterion": asked.rule.criterion, "assumed": asked.rule.assumptions}
        for asked in choose_rules(names)
    ]
