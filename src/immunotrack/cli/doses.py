"""`immunotrack doses`: what was given, against a plan; totals; planned samples that are missed."""

from collections import Counter
from collections.abc import Mapping
from math import inf, isfinite
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from immunotrack.cli import options, rows
from immunotrack.cli.patients import WEIGHT_SOURCE, stops, weights
from immunotrack.cli.sources import read_with_events, refuse_inputs
from immunotrack.cli.told import INVALID_ROWS, say, tell_briefly, tell_reading

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.clocks import Clock
    from immunotrack.readers import Options, Source
    from immunotrack.schedule import Plan


_TOLERANCE: Final = 1.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doses")(doses)


@options.with_reading
def doses(
    source: options.Sources,
    plan: Annotated[
        str,
        typer.Option(
            metavar="TEXT_OR_NAME_OR_FILE",
            help="What was planned: '3 µg/kg on day 24, then 10 µg/kg twice a week for 4 weeks', "
            "a published plan such as iliad7-uk, or your own TOML file.",
        ),
    ] = "",
    start: Annotated[
        float | None,
        typer.Option(
            metavar="DAY", help="The plan's first day, where it states none.", show_default=False
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="DAYS", help="How far a dose may be from its planned day.")
    ] = _TOLERANCE,
    drug: Annotated[str, typer.Option(metavar="NAME", help="Doses of this name only.")] = "",
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PATIENT=]DAY",
            help="When the course, or what is known of it, ended. Death is found by itself. "
            "Repeatable.",
        ),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PATIENT=]KG", help="Body weight with its unit, such as 80kg. Repeatable."
        ),
    ] = None,
    weight_source: Annotated[
        str, typer.Option(metavar="TEXT", help="Where the weight is written.")
    ] = WEIGHT_SOURCE,
    totals: Annotated[
        bool, typer.Option("--totals", help="One row a patient and drug: numbers and amounts.")
    ] = False,
    samples: Annotated[
        str,
        typer.Option(
            metavar="PRESET_OR_FILE",
            help="Planned samples instead: the windows without a result, such as monneret-2020.",
        ),
    ] = "",
    clock: Annotated[
        str,
        typer.Option(metavar="NAME", help="What days count from: source, first-dose, event:NAME."),
    ] = "",
    events: options.Events = None,
    json: rows.Json = False,
    output: rows.Output = None,
    *,
    reading: "Options",
) -> None:
    """Compare the doses given with those planned.

    A dose is given, missed, extra, or not due after the end. Without --plan: the doses given. A
    plan that states no day counts from the first dose given. A planned day that the plan leaves
    open is marked as assumed.
    """
    from immunotrack.course_ends import course_ends
    from immunotrack.dosing import given_against_planned
    from immunotrack.missed import missed_samples
    from immunotrack.totals import dose_totals

    _check_samples(samples, {"plan": plan, "totals": totals, "drug": drug, "weight": weight})
    _check_plan(plan or samples, plan, start, tolerance, stop)
    settings = [name for name in (plan, samples) if name.endswith(".toml")]
    refuse_inputs([output], source, [*settings, events])
    planned, clock = _plan(plan, start, clock)
    found = read_with_events(source, events, reading)
    tell_reading(found.told)
    happened = _of_drug(found.events.table, drug, planned)
    clocks = _clocks(found, happened, clock, samples)
    ends = course_ends(happened, clocks, stops(stop or [], clocks), list(clocks))
    known = weights(weight or [], weight_source, clocks)
    if samples:
        until = {patient: cut.day for patient, cut in ends.items()}
        table = missed_samples(found.used, samples, until, clocks)
    else:
        found_doses = given_against_planned(
            happened, planned, tolerance, ends, clock=clocks, patients=list(clocks)
        )
        counted = dose_totals(found_doses, known)
        table = counted if totals else found_doses
    rows.write(table, output, json=json, show=_cells)
    tell_briefly(found.problems, found.name)
    say(found.counted)
    if samples:
        _summarise_samples(table)
    else:
        _summarise(found_doses, counted, planned)
    if any(problem.is_error for problem in found.problems):
        raise typer.Exit(INVALID_ROWS)


def _check_samples(samples: str, others: Mapping[str, Any]) -> None:
    """Refuse options that are for doses where samples are asked for."""
    given = [f"--{name}" for name, value in others.items() if value]
    if samples and given:
        raise typer.BadParameter(f"it goes without {', '.join(given)}", param_hint="--samples")


def _check_plan(
    end_matters: str, plan: str, start: float | None, tolerance: float, stop: list[str] | None
) -> None:
    """Refuse options that have no use without a plan, and numbers that are none."""
    if start is not None and not (plan and isfinite(start)):
        raise typer.BadParameter("it is a day of --plan", param_hint="--start")
    if not 0 <= tolerance < inf or (tolerance != _TOLERANCE and not plan):
        message = "it is a number of days, not negative, for --plan"
        raise typer.BadParameter(message, param_hint="--tolerance")
    if stop and not end_matters:
        raise typer.BadParameter("it is for --plan or --samples", param_hint="--stop")


def _plan(text: str, start: float | None, clock: str) -> "tuple[Plan | None, str]":
    """The plan, and its clock: one without a day counts from the first dose given."""
    from immunotrack.plans import choose_plan

    if not text:
        return None, clock
    plan = choose_plan(text)
    if start is not None and plan.states_start:
        raise typer.BadParameter("the plan states its first day", param_hint="--start")
    if start is not None:
        return plan.starting(start), clock
    if plan.states_start or clock not in {"", "first-dose"}:
        return plan, clock
    return plan.starting(0), "first-dose"


def _clocks(
    found: "Source", events: "pl.DataFrame", name: str, samples: str
) -> "dict[str, Clock | None]":
    """What the days of each patient count from.

    Raises:
        typer.BadParameter: They have no day 0.
    """
    from immunotrack.anchors import patient_clocks
    from immunotrack.clocks import FIRST_DOSE
    from immunotrack.windows import choose_window_set

    if samples and not name and choose_window_set(samples).clock.casefold() == FIRST_DOSE:
        name = "first-dose"
    called = found.case.clock.name if found.case else ""
    clocks = patient_clocks(found.used, events, name, called)
    if any(clock is not None and clock.shows != "day" for clock in clocks.values()):
        message = "a plan counts days from a day 0: write first-dose or event:NAME"
        raise typer.BadParameter(message, param_hint="--clock")
    return clocks


def _of_drug(events: "pl.DataFrame", wanted: str, plan: "Plan | None") -> "pl.DataFrame":
    """The events without the doses of other names, from which no day counts then.

    Raises:
        InvalidInput: There are none of it, or several names and a plan, which is for one.
    """
    from immunotrack.dosing import dose_names
    from immunotrack.problems import InvalidInput, Problem
    from immunotrack.settings import choice_problem

    names = dose_names(events.rows(named=True))
    if wanted and wanted.lower() not in {name.lower() for name in names}:
        raise InvalidInput([choice_problem("--drug", wanted, names)])
    if plan is not None and not wanted and len(names) > 1:
        problem = Problem(
            code="unknown-option",
            source="--drug",
            message="the source has doses of several names, and a plan is for one",
            fix=f"Write one of: {', '.join(names)}.",
        )
        raise InvalidInput([problem])
    own = events["name"].str.to_lowercase() == wanted.lower()
    return events.filter((events["kind"] != "dose") | own) if wanted else events


def _summarise(table: "pl.DataFrame", totals: "pl.DataFrame", plan: "Plan | None") -> None:
    """The plan, which days are assumed, how many doses became what, and one patient's amounts."""
    from immunotrack.problems import counted
    from immunotrack.totals import COUNTS

    if plan is not None:
        assumed = [dose for dose in plan.doses() if dose.assumed]
        say(f"plan: {plan.text}: {counted(len(plan.doses()), 'dose')}")
        if assumed:
            reasons = dict.fromkeys(part for dose in assumed for part in dose.assumed.split("; "))
            say(f"assumed planned days: {len(assumed)} ({'; '.join(reasons)})")
    if assumed_doses := (table["basis"] == "assumed").sum():
        say(f"assumed doses, not stated as given on these days: {assumed_doses}")

    counts = {name: int(totals[name].sum()) for name in COUNTS[1:]}
    told = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n)
    patients = totals["patient_id"].n_unique()
    say(f"doses of {counted(patients, 'patient')}: {told or 'none'}")
    for row in totals.rows(named=True) if patients == 1 else []:
        cells = _total_cells(row)
        amounts = ", ".join(filter(None, (cells["per kg"], cells["total"], cells["note"])))
        say(f"{row['name'] or 'doses'} in all: {amounts or 'none'}")


def _summarise_samples(table: "pl.DataFrame") -> None:
    from immunotrack.problems import counted

    told = Counter(table["status"].to_list())
    counts = ", ".join(f"{status} {number}" for status, number in sorted(told.items()))
    say(f"{counted(len(table), 'window')} without a result: {counts or 'none'}")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """A dose, a total or a window as the terminal shows it."""
    make = _sample_cells if "window" in row else _total_cells if "planned" in row else _dose_cells
    return make(row)


def _dose_cells(row: dict[str, Any]) -> dict[str, str]:
    planned = _amount(row, "planned")
    return {
        "patient": row["patient_id"],
        "drug": row["name"],
        "status": row["status"],
        "planned day": _text(row["planned_day"]) + ("*" if row["assumed"] else ""),
        "planned": planned,
        "given day": _text(row["given_day"]),
        "date": row["given_time"],
        "given": _amount(row, "given"),
        "off by": _text(row["difference_days"]),
        "days": rows.days(row["clock"]),
        "basis": "" if row["basis"] == "stated" else row["basis"],
        "note": row["note"],
    }


def _total_cells(row: dict[str, Any]) -> dict[str, str]:
    from immunotrack.totals import COUNTS

    counts = {name.replace("_", " "): str(row[name] or "") for name in COUNTS}
    return {
        "patient": row["patient_id"],
        "drug": row["name"],
        **counts,
        "per kg": _text(row["total_per_kg"], row["per_kg_unit"]),
        "total": _text(row["total"], row["unit"]),
        "weight": _text(row["weight_kg"], "kg"),
        "note": row["note"],
    }


def _sample_cells(row: dict[str, Any]) -> dict[str, str]:
    first, last = _text(row["from_day"]), _text(row["to_day"])
    return {
        "patient": row["patient_id"],
        "analyte": row["analyte"],
        "window": row["window"],
        "from": first,
        "to": last,
        "days": rows.days(row["clock"]),
        "status": row["status"] + (" (the next one)" if row["next"] else ""),
        "note": row["note"],
    }


def _amount(row: dict[str, Any], which: str) -> str:
    return _text(row[f"{which}_amount"], row[f"{which}_unit"])


def _text(number: float | None, unit: str = "") -> str:
    """A number with its unit; empty where there is none."""
    return "" if number is None else f"{number:.6g} {unit}".rstrip()
