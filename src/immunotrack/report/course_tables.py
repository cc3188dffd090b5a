"""The tables of a patient's treatment: response, doses, evidence, rules and events."""

from immunotrack.report import words
from immunotrack.report.document import Chapter
from immunotrack.report.tables import Table, table
from immunotrack.report.words import analyte_name, legible, unit_words
from immunotrack.totals import COUNTS


def response_table(chapter: Chapter) -> Table:
    """The read-out of each series."""
    return table(
        "response",
        "Response to treatment",
        chapter.response,
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Unit": lambda row: unit_words(row["analyte"], row["unit"]),
            "Baseline": lambda row: words.at_day(row, "baseline"),
            "Nadir": lambda row: words.at_day(row, "nadir"),
            "Peak": lambda row: words.at_day(row, "peak"),
            "Fold at peak": lambda row: words.number(row["fold_peak"], 3),
            "Last": lambda row: words.at_day(row, "last"),
            "In range": lambda row: words.between(row, "recovered"),
            "Relapse": lambda row: words.between(row, "relapsed"),
            "In range again": lambda row: words.between(row, "recovered_again"),
        },
        note=f"{_clock(chapter)} Baseline is the last value before the first dose; nadir, peak and "
        "last come after it. A change of range lies between the two visits that enclose it.",
        numeric=("Baseline", "Nadir", "Peak", "Fold at peak", "Last"),
        after=[
            f"{analyte_name(row['analyte'])}, not told: {words.reasons(row['why'])}."
            for row in chapter.response
            if row["why"]
        ],
    )


def _clock(chapter: Chapter) -> str:
    return f"{legible(chapter.timeline.clock.name)}."


def dose_table(chapter: Chapter) -> Table:
    """The doses against the plan, or those given where there is no plan."""
    if not chapter.doses:
        return _given_table(chapter)
    return table(
        "doses",
        "Doses given against planned",
        chapter.doses,
        {
            "Status": lambda row: row["status"],
            "Planned day": lambda row: words.day(row["planned_day"]),
            "Planned": lambda row: _amount(row["planned_amount"], row["planned_unit"]),
            "Given day": lambda row: words.day(row["given_day"]),
            "Given to day": lambda row: words.day(row["given_to_day"]),
            "Given": lambda row: _amount(row["given_amount"], row["given_unit"]),
            "Days off": lambda row: words.number(row["difference_days"]),
            "Day is": lambda row: row["basis"],
            "Planned day is assumed": lambda row: row["assumed"],
            "Note": lambda row: row["note"],
        },
        note=f"{legible(chapter.drug)}: {legible(chapter.plan)}. {_totals(chapter)}",
        numeric=("Planned day", "Planned", "Given day", "Given to day", "Given", "Days off"),
        mark=lambda row: row["status"],
    )


def _amount(amount: float | None, unit: str) -> str:
    return "" if amount is None else f"{words.number(amount)} {legible(unit)}"


def _totals(chapter: Chapter) -> str:
    """How many doses were given and how much in all."""
    told = []
    for row in chapter.totals:
        counts = [f"{row[name]} {name.replace('_', ' ')}" for name in COUNTS if row[name]]
        sums = [
            _amount(row[amount], row[unit])
            for amount, unit in (("total_per_kg", "per_kg_unit"), ("total", "unit"))
            if row[amount] is not None
        ]
        told.append(f"{', '.join(counts)}" + (f"; in all {' or '.join(sums)}" if sums else ""))
        told += [row["note"]] if row["note"] else []
    return "; ".join(told).rstrip(".") + "." if told else ""


def _given_table(chapter: Chapter) -> Table:
    return table(
        "doses",
        "Doses given",
        [event for event in chapter.events if event["kind"] == "dose"],
        {
            "Day": lambda row: words.day(row["day"]),
            "Date": lambda row: row["time"],
            "Drug": lambda row: legible(row["name"]),
            "Dose": lambda row: _amount(row["dose"], row["dose_unit"]),
            "Day is": lambda row: row["basis"],
            "Note": lambda row: legible(row["note"]),
        },
        note="No plan was given to compare them with.",
        numeric=("Day", "Dose"),
    )


def evidence_table(chapter: Chapter) -> Table:
    """What trials found on the whole, beside what is seen here; no measure of the patient."""
    return table(
        "evidence",
        "Evidence beside it",
        chapter.evidence,
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Unit": lambda row: unit_words(row["analyte"], row["unit"]),
            "Change here": lambda row: words.number(row["change"]),
            "Day after first dose": lambda row: words.day(row["value_day"]),
            "Trials at": lambda row: row["timepoint"],
            "Population": lambda row: row["population"],
            "Pooled difference": lambda row: words.number(row["pooled_difference"]),
            "Interval": lambda row: (
                ""
                if row["pooled_low"] is None
                else f"{words.number(row['pooled_low'])} to {words.number(row['pooled_high'])}"
            ),
            "Not told": lambda row: row["why"],
        },
        numeric=("Change here", "Day after first dose", "Pooled difference", "Interval"),
        after=chapter.evidence_notes,
    )


def rule_table(chapter: Chapter) -> Table:
    """The rules of trials, answered."""
    return table(
        "rules",
        "Rules of trials",
        chapter.verdicts,
        {
            "Rule": lambda row: row["rule"],
            "Answer": lambda row: row["answer"],
            "Criterion": lambda row: row["criterion"],
            "Decided by": lambda row: legible(row["decided_by"]),
            "Why": lambda row: row["why"],
            "Not in the source": lambda row: row["assumed"],
        },
        note="What the results say of each rule; none of them was the rule of this treatment "
        "unless the reader knows so. The sources stand at the end.",
        mark=lambda row: row["answer"],
    )


def event_table(chapter: Chapter) -> Table:
    """Everything that happened, in order."""
    return table(
        "events",
        "Events",
        chapter.events,
        {
            "Day": lambda row: words.day(row["day"]),
            "To": lambda row: "not stated" if row["open_end"] else words.day(row["last"]),
            "Date": lambda row: row["time"],
            "Kind": lambda row: row["kind"],
            "Name": lambda row: legible(row["name"]),
            "Dose": lambda row: _amount(row["dose"], row["dose_unit"]),
            "Result": lambda row: legible(row["result"]),
            "Basis": lambda row: row["basis"],
            "Note": lambda row: legible(row["note"]),
        },
        numeric=("Day", "To", "Dose"),
    )
