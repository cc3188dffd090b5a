"""What stands at the end of a report: ranges, rules and files with their sources, and problems."""

from typing import Final

from immunotrack.problems import CODES
from immunotrack.report import words
from immunotrack.report.document import Document, Row
from immunotrack.report.tables import Table, table
from immunotrack.report.words import analyte_name, legible

MOST_PROBLEMS: Final = 200
"""How many problems are shown; the data beside the report hold all."""

RESEARCH_USE: Final = (
    "For research use: this report supports a reader's judgement and is no medical device."
)
FLAGGING: Final = (
    "A flag compares a result with the range that applies, in the unit of the result; a value "
    "equal to a limit is in range. A censored result such as <5 is low, in range or high only if "
    "every value that it allows is; otherwise it is undetermined (IND). Without a range there is "
    "no flag."
)
ILLUSTRATIVE: Final = (
    "Illustrative values: some or all of the values were chosen to fit the text of a source that "
    "prints none of them. They were not measured."
)


def appendix_tables(document: Document) -> list[Table]:
    """The tables at the end that have a row."""
    every = [
        _problem_table(document),
        _range_table(document),
        _rule_table(document),
        _file_table(document),
    ]
    return [one for one in every if one.rows]


def _problem_table(document: Document) -> Table:
    ranked = sorted(document.problems, key=lambda row: row["severity"] != "error")
    hidden = len(ranked) - MOST_PROBLEMS
    more = f" Shown are {MOST_PROBLEMS} of {len(ranked)}." if hidden > 0 else ""
    return table(
        "problems",
        "Problems of the input, and rows left out",
        ranked[:MOST_PROBLEMS],
        {
            "Severity": lambda row: row["severity"],
            "Code": lambda row: row["code"],
            "Where": _where,
            "Value": lambda row: legible(row["value"] or ""),
            "What": lambda row: legible(row["message"] or CODES[row["code"]]),
            "What to write instead": lambda row: legible(row["fix"]),
            "Rows": lambda row: str(row["rows"]),
        },
        note=f"{document.counted}.{more}",
        numeric=("Rows",),
        mark=lambda row: row["severity"],
    )


def _where(row: Row) -> str:
    line = "" if row["line"] is None else f":{row['line']}"
    return legible(f"{row['source']}{line} {row['column'] or ''}".strip())


def _range_table(document: Document) -> Table:
    return table(
        "ranges",
        "Ranges and their sources",
        [entry.model_dump() for entry in document.ranges],
        {
            "Analyte": lambda row: analyte_name(row["analyte"]),
            "Limits": lambda row: legible(row["limits"]).replace("{", "").replace("}", ""),
            "Set": lambda row: legible(row["range_source"]),
            "Kind": lambda row: row["kind"],
            "For": lambda row: legible(row["population"]),
            "Results": lambda row: str(row["results"] or ""),
            "Assumed": lambda row: "assumed" if row["assumed"] else "",
            "Source": lambda row: legible(row["source"]),
            "Address": lambda row: legible(row["url"]),
        },
        note="A decision limit is drawn as a dashed line and decides no flag.",
        numeric=("Results",),
    )


def _rule_table(document: Document) -> Table:
    return table(
        "rule-sources",
        "Rules and their sources",
        document.rules,
        {
            "Rule": lambda row: row["name"],
            "What": lambda row: row["title"],
            "Source": lambda row: row["source"],
            "Quotation": lambda row: legible(row["quote"]),
            "Note": lambda row: legible(row["note"]),
        },
    )


def _file_table(document: Document) -> Table:
    return table(
        "files",
        "Files that were read",
        [entry.model_dump() for entry in document.inputs],
        {
            "File": lambda row: legible(row["name"]),
            "Bytes": lambda row: words.number(row["size_bytes"], 12),
            "SHA-256": lambda row: "" if row["keyed"] else row["sha256"],
            "Keyed SHA-256": lambda row: row["sha256"] if row["keyed"] else "",
        },
        numeric=("Bytes",),
    )


def method(document: Document) -> list[str]:
    """How the report was made, in sentences."""
    scale = document.grade_scale
    marks = ", ".join(f"{words.SIGNS[flag]} {said}" for flag, said in words.FLAG_WORDS.items())
    sentences = [
        f"Made by immunotrack {document.version}.",
        FLAGGING,
        f"Marks: {marks}. Open marks are censored results or assumed doses.",
        f"Grades: {scale['title']}, version {scale['version']} ({scale['source']}).",
        "Nothing in this file asks a network for anything.",
    ]
    case = [f"Case: {document.citation}. {document.url}"] if document.citation else []
    said = [document.deidentified] if document.deidentified else []
    return [*case, *said, *sentences, *(legible(text) for text in document.read)]
