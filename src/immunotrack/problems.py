"""What is wrong with an input, as data: a `Problem` a finding, and the error that carries them."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """An error makes a row (or a file) unusable; a warning is said and the row is used."""

    ERROR = "error"
    WARNING = "warning"


CODES: Final[dict[str, str]] = {
    # the file
    "unreadable": "the file cannot be opened or decoded",
    "changed-file": "the file changed while it was read",
    "too-large": "a file, a line, a cell or an archive beyond every sane size",
    "too-deep": "a document nested more deeply than any of its kind",
    "assumed-encoding": "a text that is not UTF-8, read as Windows-1252",
    "not-read": "a file, a sheet or a resource that holds no results, events or persons",
    "unwritable": "the output file cannot be written",
    "empty-file": "the file has no line",
    "no-rows": "the file has a header and nothing below it",
    "missing-column": "a column that is needed is not there",
    "doubled-column": "two columns have the same name or the same meaning",
    "unread-column": "a column that looks like one of ours and is not read",
    "unknown-column": "a column named in an option is not in the file",
    "unknown-option": "an option or entry has a value that is not one of its choices",
    "several-patients": "one patient is needed and the file has more",
    # the row
    "ragged-row": "a row has more or fewer cells than the header",
    "stray-quote": "a quotation mark opens a cell and swallows the lines after it",
    "broken-line": "a line of an NDJSON table that is no JSON object",
    "nested-value": "a list or an object in an NDJSON table, in place of a text or a number",
    "truth-value": "true or false in an NDJSON table, read as that word",
    "above-header": "lines above the header, which are not rows",
    "comment-line": "a line that begins with # and is no row",
    "repeated-header": "the header again between the rows",
    "empty-row": "a row of empty cells",
    "derived-row": "a row that is derived from other rows (ADaM DTYPE), and no measurement",
    "not-done": "a test that was not done",
    "no-value": "a heading or a grouping without a value of its own",
    "entered-in-error": "a result that its laboratory withdrew",
    "cancelled": "a result that its laboratory cancelled",
    "registered": "a result that is announced and not there yet",
    "preliminary": "a result that is not final, used as it is",
    "corrected": "a result that its laboratory corrected, used as it is",
    "superseded-result": "a result in whose place another one of the same sample is used",
    "averaged-result": "a result that stands for the mean of several of the same sample",
    "missing-patient": "a row without a patient",
    "filled-down": "a row without a patient that has the one of the row above",
    "conflicting-person": "two statements about one person that contradict each other",
    "padded-patient": "a patient's id with blanks around it, which is another id",
    "missing-time": "a row without date or day",
    "undated-result": "a result without date or day, flagged and not drawn",
    "issued-time": "a result without a time of sampling, placed when it was issued",
    "study-day": "a study day that does not follow from its date and the reference start",
    "missing-analyte": "a result without a name",
    "empty-result": "a row without a result",
    # the time
    "bad-date": "text that is no date",
    "partial-date": "a date of birth without its day, read as not known",
    "impossible-date": "a date that no calendar has",
    "ambiguous-date": "a date whose order of day and month is not stated",
    "bad-day": "a day that is no number",
    "bad-age": "an age that is no number of years",
    "bad-sex": "a sex that is neither male nor female",
    "date-before-birth": "a sample dated before its patient's birth",
    "end-before-start": "an event that ends before it starts",
    "mixed-clock": "results and events that share no clock",
    # the result
    "not-a-number": "a result of a known analyte that is no number",
    "text-result": "a result in words, kept as text and not flagged",
    "decimal-comma": "a number with a comma, which two countries read differently",
    "ambiguous-number": "a number that is another one with a decimal comma than with a point",
    "other-decimal": "a number that only the other decimal sign explains",
    "marked-result": "a number with the laboratory's own mark beside it",
    "no-result": "words or signs in place of a result: pending, haemolysed, not done",
    "formula-error": "an error value of a spreadsheet's formula",
    "percent": "a percentage where the unit is not a percentage",
    "negative-result": "a count, concentration or score below zero",
    "absurd-magnitude": "a number that its unit makes impossible or nearly so",
    "no-detection-limit": "not detected, and the limit of detection is not given",
    "conflicting-results": "two different results for one analyte at one moment",
    "repeated-result": "the same result twice",
    "same-day-results": "several results for one analyte on one day without a time of day",
    # names, units, ranges
    "unknown-analyte": "a name that the catalogue does not know",
    "unknown-unit": "a unit without a conversion to the analyte's own",
    "missing-unit": "a number without a unit",
    "assumed-unit": "a column without a unit, read in the catalogue's",
    "bad-limit": "a limit of the reference range that is no number",
    "text-range": "a reference range in words, not used",
    "several-ranges": "several reference ranges beside one result, none of them clearly its own",
    "range-condition": "a reference range for an age, a sex or a group that is not known to fit",
    "range-unit": "a reference range in another unit than its result",
    "own-flag": "the laboratory's own flag differs from what value and range say",
    "unit-changes": "a series in more than one unit",
    "inverted-range": "a reference range whose lower limit is above its upper limit",
    "empty-range": "a reference range of 0 to 0, read as no range",
    "bad-entry": "an entry of a settings file that does not have the form it needs",
    # results against each other
    "subset-sum": "subsets of cells that are together more than the cells they are part of",
    "lymphosum": "T, B and NK cells that do not add up to the lymphocytes",
    "percent-count": "a percentage that does not give the count beside it",
    "jump": "a result a thousandfold above or below the one before it",
    "after-death": "a result or a dose after the patient's death",
    "dose-before-birth": "a dose before its patient's birth",
    # plans
    "bad-plan": "a dosing plan that is not understood, or that leaves something open",
    # windows
    "mixed-units": "results of one series in units that do not convert into each other",
    "window-overlap": "two sampling windows that share a day",
    "window-gap": "days between two sampling windows that belong to neither",
    "window-empty": "a sampling window without a result",
    "window-past-death": "a sampling window that goes on after death",
    # studies to pool
    "bad-number": "a cell of a study that is no number, or beyond every sane size",
    "bad-count": "a number of patients or events that is not whole, or of too few",
    "events-above-n": "more patients with an event than patients in an arm",
    "bad-spread": "a standard deviation or standard error that is not above 0",
    "interval-estimate": "a confidence interval that does not hold its estimate",
    "lopsided-interval": "an estimate that is not in the middle of its interval",
    "disordered-summary": "minimum, quartiles, median and maximum that are not in order",
    "bad-ratio": "a ratio that is not above 0",
    "incomplete-study": "a study without something that its effect needs",
    "missing-arm": "a study with the numbers of one arm only",
    "mixed-outcomes": "studies of different measures, outcomes or units in one pool",
    "repeated-study": "two rows with the name of one study",
    "not-pooled": "studies that the chosen method cannot pool",
    # figures
    "not-drawn": "something that is there and that the figure does not show",
    # cases
    "narrative-check": "a statement of the case's text that its data do not bear out",
    "narrative-unchecked": "a statement of the case's text that no datum can bear out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where it stands, and what to write instead.

    Args:
        code: A key of `CODES`; stable, for programs.
        message: What is wrong, as a sentence without its final stop.
        fix: What to write or do instead, as a sentence; may be empty.
        severity: Error or warning.
        source: The file's name, as the user gave it.
        line: The physical line an editor shows, counted from 1; None for the file as a whole.
        column: The column's name as the file has it.
        value: The offending text.
        rows: How many rows share this problem; `line` is then the first.
        lines: All their lines, where a reader gives them.
    """

    code: str
    message: str
    fix: str = ""
    severity: Severity = Severity.ERROR
    source: str = ""
    line: int | None = None
    column: str | None = None
    value: str | None = None
    rows: int = 1
    lines: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"problem code {self.code!r} is not in CODES")

    @property
    def is_error(self) -> bool:
        """Whether the problem makes something unusable."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        cell = ""
        if self.value is not None:
            cell = f" {self.column or 'value'}={shown(self.value)}"
        elif self.column is not None:
            cell = f" column {shown(self.column)}"
        many = f" ({self.rows} rows, first at this line)" if self.rows > 1 else ""
        fix = f" {self.fix}" if self.fix else ""
        return f"{place}{cell}  {self.code} ({self.severity}): {self.message}.{many}{fix}"

    def as_row(self) -> dict[str, str | int | list[int] | None]:
        """The problem as one row of a table, for CSV and JSON."""
        return {
            "source": self.source,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "fix": self.fix,
            "rows": self.rows,
            "lines": list(self.lines),
        }


def shown(text: str, limit: int = 60) -> str:
    """A text from a file, quoted, on one line and no longer than `limit` characters."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}…"


def printable(text: str) -> str:
    r"""A text as a terminal shows it and never obeys it: control characters stand as escapes.

    >>> print(printable("CD4\x1b[2J é"))
    CD4\x1b[2J é
    """
    if text.isprintable():
        return text
    return "".join(
        repr(letter)[1:-1] if unicodedata.category(letter) in _OBEYED else letter for letter in text
    )


_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, directions of writing, halves of characters, ends of lines."""


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of their files and lines; those of a whole file come first."""
    return sorted(problems, key=lambda p: (p.source, p.line or 0, not p.is_error, p.code))


def tally(problems: Sequence[Problem]) -> str:
    """How many errors and warnings there are, in words: `2 errors, 1 warning in 40 rows`."""
    errors = sum(p.rows for p in problems if p.is_error)
    warnings = [p for p in problems if not p.is_error]
    told = f"{counted(errors, 'error')}, {counted(len(warnings), 'warning')}"
    rows = sum(p.rows for p in warnings)
    return told if rows == len(warnings) else f"{told} in {rows} rows"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one.

    >>> counted(1, "error"), counted(3, "error")
    ('1 error', '3 errors')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


class InvalidInput(ValueError):  # noqa: N818 - the name is part of the public API
    """An input has errors; `problems` holds all of them.

    The text of the exception names codes and lines only, so that a traceback in a log holds no
    patient's value or identifier.
    """

    def __init__(self, problems: Sequence[Problem], *, unreadable: bool = False) -> None:
        self.problems = tuple(problems)
        self.unreadable = unreadable
        errors = [p for p in self.problems if p.is_error]
        places = ", ".join(
            p.code if p.line is None else f"{p.code} at line {p.line}" for p in errors[:3]
        )
        more = ", …" if len(errors) > 3 else ""
        super().__init__(f"{counted(sum(p.rows for p in errors), 'error')}: {places}{more}")
