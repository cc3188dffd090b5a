"""The tables of a patient's results: the latest, what changed, grades, and every one."""

from typing import Final

from immunotrack.report import words
from immunotrack.report.document import Chapter, Document, Row
from immunotrack.report.ranged import range_words
from immunotrack.report.tables import Table, table
from immunotrack.report.words import analyte_name, legible, unit_words


def latest_table(chapter: Chapter) -> Table:
    """The last result of each analyte, beside the baseline."""
    last: dict[str, Row] = {
        row["analyte"]: row for row in chapter.results if row["day"] is not None
    }
    before = {row["analyte"]: row for row in chapter.response}
    return table(
        "latest",
        "Latest results",
        list(last.values()),
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Latest": words.result,
            "Unit": lambda row: unit_words(row["analyte"], row["unit"]),
            "Flag": lambda row: words.flag_words(row["flag"]),
            "Day": lambda row: words.day(row["day"]),
            "Date": lambda row: row["time"].replace("T", " "),
            "Range": lambda row: range_words(row["low"], row["high"]),
            "Grade": words.grade_words,
            "Before first dose": lambda row: words.at_day(
                before.get(row["analyte"], _NOTHING), "baseline"
            ),
            "Days since dose": lambda row: words.day(row["days_since_dose"]),
        },
        numeric=("Latest", "Day", "Range", "Before first dose", "Days since dose"),
        mark=lambda row: f"flag-{row['flag'] or 'none'}",
    )


_NOTHING: Final[Row] = {"baseline": None}


def change_table(chapter: Chapter) -> Table:
    """The changes that are larger than chance, by the reference change value."""
    changed = [row for row in chapter.results if row["change_flag"]]
    unknown = {
        analyte_name(row["analyte"])
        for row in chapter.results
        if row["change_note"] == "no variation known"
    }
    unasked = f" No variation is known of: {', '.join(sorted(unknown))}." if unknown else ""
    return table(
        "changes",
        "Changes that matter",
        changed,
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Day": lambda row: words.day(row["day"]),
            "Result": words.result,
            "Before": lambda row: words.result(row, "previous"),
            "Unit": lambda row: unit_words(row["analyte"], row["unit"]),
            "Change": words.change_words,
            "Matters beyond": lambda row: (
                f"{words.number(row['rcv_down_percent'], 3)} to "
                f"+{words.number(row['rcv_up_percent'], 3)} %"
            ),
            "Note": lambda row: row["change_note"],
        },
        note="Beyond the reference change value (95 %, two-sided): by chance alone, fewer than one "
        f"in twenty pairs of results differ as much.{unasked}",
        numeric=("Day", "Result", "Before", "Change"),
    )


def grade_table(chapter: Chapter, document: Document) -> Table:
    """The worst grade of each series."""
    scale = document.grade_scale
    return table(
        "grades",
        "Worst grades",
        chapter.worst,
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Grade": lambda row: "" if row["grade"] is None else words.grade_words(row),
            "Term": lambda row: row["grade_term"],
            "First on day": lambda row: words.day(row["day"]),
            "Graded": lambda row: str(row["n_graded"]),
            "Not graded": lambda row: str(row["n_not_graded"] or ""),
            "Note": lambda row: row["grade_note"],
        },
        note=f"{scale['title']}, {scale['version']}. That the scale fits the patient is for the "
        "reader to judge.",
        numeric=("First on day", "Graded", "Not graded"),
    )


def result_table(chapter: Chapter) -> Table:
    """Every result with its range, flag, grade, change and window: the figure as a table."""
    origins = {row["origin"] for row in chapter.results} or {""}
    mixed = len(origins) > 1
    one = "" if mixed or origins == {""} else f" All values are {origins.pop()}."
    return table(
        "results",
        "Every result",
        chapter.results,
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Day": lambda row: words.day(row["day"]),
            "Date": lambda row: row["time"].replace("T", " "),
            "Result": words.result,
            "Unit": lambda row: unit_words(row["analyte"], row["unit"]),
            "Flag": lambda row: words.flag_words(row["flag"]),
            "Range": lambda row: range_words(row["low"], row["high"]),
            "Range from": lambda row: legible(row["range_source"]),
            "Grade": words.grade_words,
            "Change": words.change_words,
            "Window": _windowed,
            "Days since dose": lambda row: words.day(row["days_since_dose"]),
            "Origin": lambda row: row["origin"] if mixed else "",
            "Line": lambda row: str(row["line"] or ""),
        },
        note=f"The text alternative of the figure.{one} Line: of the file, as an editor counts it. "
        "A window that keeps one sample of several leaves the others out.",
        numeric=("Day", "Result", "Range", "Change", "Days since dose", "Line"),
        mark=lambda row: f"flag-{row['flag'] or 'none'}",
    )


def _windowed(row: Row) -> str:
    """The window of a sample, and whether its value stands for it."""
    if not row["window"]:
        return ""
    kept = "" if row["window_why"].startswith("not ") else ", kept"
    return f"{legible(row['window'])}{kept}"


def omission_table(chapter: Chapter) -> Table:
    """What the figure leaves out, and what is odd about its windows."""
    return table(
        "omissions",
        "Left out of the figure",
        [problem.as_row() for problem in chapter.timeline.problems],
        {
            "Code": lambda row: row["code"],
            "What": lambda row: legible(row["message"]),
            "What to do": lambda row: legible(row["fix"]),
        },
    )
