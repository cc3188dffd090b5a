"""`immunotrack response`: the read-out of every series, and the rules of trials."""

from enum import StrEnum
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli import options, rows
from immunotrack.cli.answers import PatientQuestion, ask
from immunotrack.cli.engine import Engine, with_engine
from immunotrack.cli.sources import of_analytes, refuse_inputs
from immunotrack.cli.told import names, say

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.readers import Options, Source


class Baseline(StrEnum):
    """Which value is the baseline."""

    last = "last"
    mean = "mean"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("response")(response)


@with_engine
@options.with_reading
def response(
    source: options.Sources,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME_OR_FILE",
            help="Ask a rule instead, such as iris7-entry, or your own TOML file. Repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        Baseline, typer.Option(help="The last value before the first dose, or their mean.")
    ] = Baseline.last,
    clock: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="What days count from: source, first-dose, first-result, study-day, hours, "
            "event:NAME.",
        ),
    ] = "",
    until_day: Annotated[
        float | None, typer.Option(metavar="N", help="Leave later results out.", show_default=False)
    ] = None,
    analytes: options.Analytes = None,
    ranges: options.Ranges = None,
    events: options.Events = None,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence",
            help="Instead: each change beside the pooled difference of IL-7 trials at that time.",
        ),
    ] = False,
    json: rows.Json = False,
    output: rows.Output = None,
    *,
    reading: "Options",
    engine: Engine,
) -> None:
    """Read off the response to treatment.

    One row a patient and analyte: baseline, nadir, peak, change, recovery and relapse, area, slope
    and doses; `why` says what could not be computed. With --rule one row a patient and rule: met,
    not met or undetermined.
    """
    from dataclasses import replace

    from immunotrack.decisions import choose_rules
    from immunotrack.evidence.beside import beside_notes

    _refuse_useless(
        rule=bool(rule),
        evidence=evidence,
        given=bool(clock) or until_day is not None or baseline is not Baseline.last,
    )
    if until_day is not None and not isfinite(until_day):
        raise typer.BadParameter("it is no day", param_hint="--until-day")
    refuse_inputs([output], source, [*(ranges or []), *(rule or []), events])
    choose_rules(rule or [])

    answered = partial(
        _answered,
        rule=rule or [],
        evidence=evidence,
        ranges=ranges or [],
        counted={"baseline": baseline.value, "clock": clock, "until_day": until_day},
    )
    found = ask(PatientQuestion(source, events, output, answered, "rule"), reading, engine)
    found = replace(found, table=of_analytes(found.table, names(analytes or [])))
    rows.write(found.table, output, json=json, show=_shown_by(rule=bool(rule), evidence=evidence))
    found.tell()
    for note in beside_notes(found.table.to_dicts()) if evidence else []:
        say(note)
    _summarise(found.table)
    found.tell_illustrative()
    found.refuse_errors()


def _answered(
    found: "Source",
    *,
    rule: list[str],
    evidence: bool,
    ranges: list[str],
    counted: dict[str, Any],
) -> "pl.DataFrame":
    """The table that was asked for.

    Args:
        counted: What days count from, up to where, and what is the baseline.
    """
    from immunotrack.evidence.beside import beside
    from immunotrack.responses import response as read_response
    from immunotrack.verdicts import decide

    happened = found.events.table
    sets = [*ranges, *found.ranges]
    if evidence:
        return beside(found.used, happened)
    if rule:
        return decide(found.used, happened, rule, ranges=sets)
    return read_response(found.used, happened, ranges=sets, **counted)


def _refuse_useless(*, rule: bool, evidence: bool, given: bool) -> None:
    """Refuse options that could not be followed.

    Args:
        given: Whether a clock, a last day or a baseline was chosen.

    Raises:
        typer.BadParameter: There are such options.
    """
    if evidence and (rule or given):
        message = "pooled differences have their own days, and the last value as the baseline"
        raise typer.BadParameter(message, param_hint="--evidence")
    if rule and given:
        message = "a rule has its own clock, days and baseline"
        raise typer.BadParameter(message, param_hint="--clock, --until-day, --baseline")


def _shown_by(*, rule: bool, evidence: bool) -> rows.Cells:
    """What makes a row readable."""
    if rule:
        return _verdict_cells
    return _beside_cells if evidence else _cells


def _summarise(told: "pl.DataFrame") -> None:
    """How many series, or answers, there are."""
    from collections import Counter

    from immunotrack.problems import counted

    patients = counted(told["patient_id"].n_unique(), "patient")
    if "answer" in told.columns:
        answers = Counter(told["answer"].to_list())
        counts = ", ".join(f"{answer} {number}" for answer, number in sorted(answers.items()))
        say(f"{counted(len(told), 'answer')} for {patients}: {counts}")
    elif "pooled_difference" in told.columns:
        changes = told["change"].is_not_null().sum()
        say(f"{changes} of {counted(len(told), 'pooled difference')} beside a change of {patients}")
    else:
        say(f"{len(told)} series of {patients}")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One read-out as the terminal shows it."""
    fold = row["fold_peak"]
    return {
        "patient": row["patient_id"],
        "analyte": row["analyte"],
        "unit": row["unit"],
        "baseline": _valued(row, "baseline"),
        "peak": _valued(row, "peak"),
        "fold": "" if fold is None else f"{fold:.3g}",
        "last": _valued(row, "last"),
        "in range": _between(row, "recovered"),
        "relapse": _between(row, "relapsed"),
        "in range again": _between(row, "recovered_again"),
        "days": rows.days(row["clock"]),
        "origin": row["origin"],
        "why": row["why"],
    }


def _moment(row: dict[str, Any], name: str) -> str:
    """A day, or an hour, as the first clock shows it."""
    unit, value = next(
        (unit, row[column])
        for column in row
        for unit in ("day", "hour")
        if column.startswith(f"{name}_{unit}")
    )
    return "" if value is None else f"{unit} {value:.6g}"


def _valued(row: dict[str, Any], name: str) -> str:
    """A value with its comparator and its day."""
    from immunotrack.numbers import digits

    value, at = row[name], _moment(row, name)
    if value is None:
        return ""
    return f"{row[f'{name}_comparator']}{digits(value)}" + (f" ({at})" if at else "")


def _between(row: dict[str, Any], name: str) -> str:
    """Between which visits something came about."""
    after, by = _moment(row, f"{name}_after"), _moment(row, f"{name}_by")
    if not by:
        return f"not by {after}" if after else ""
    return f"{after} to {by.split()[-1]}"


def _verdict_cells(row: dict[str, Any]) -> dict[str, str]:
    """One verdict as the terminal shows it."""
    return {
        "patient": row["patient_id"],
        "rule": row["rule"],
        "answer": row["answer"],
        "decided by": row["decided_by"],
        "unit": row["unit"],
        "days": rows.days(row["clock"]),
        "origin": row["origin"],
        "criterion": row["criterion"],
        "why": row["why"],
    }


def _beside_cells(row: dict[str, Any]) -> dict[str, str]:
    """One change beside its pooled difference as the terminal shows it."""
    from immunotrack.numbers import digits

    names = ("pooled_difference", "pooled_low", "pooled_high")
    estimate, low, high = ("" if row[name] is None else digits(row[name]) for name in names)
    return {
        "patient": row["patient_id"],
        "analyte": row["analyte"],
        "unit": row["unit"],
        "baseline": f"{row['baseline_comparator']}{_grouped(row['baseline'])}",
        "value": f"{row['comparator']}{_grouped(row['value'])}",
        "day": "" if row["value_day"] is None else f"{row['value_day']:g}",
        "change": _grouped(row["change"]),
        "pooled": f"{estimate} [{low}, {high}]" if estimate else "",
        "unit of pooled": row["pooled_unit_basis"],
        "trials": f"{row['population']}, {row['timepoint']}",
        "origin": row["origin"],
        "why": row["why"],
    }


def _grouped(value: float | None) -> str:
    from immunotrack.numbers import grouped

    return "" if value is None else grouped(value)
