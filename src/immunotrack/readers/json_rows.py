"""Tables of JSON objects, one a line (NDJSON) or in one array; their keys are the columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem, Severity, ordered
from immunotrack.readers.documents import Document, is_lined, text_lines, text_of
from immunotrack.readers.files import LONGEST_LINE, read_bytes
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.inflated import unzipped
from immunotrack.readers.json_row import JsonRow, item_row, json_row
from immunotrack.readers.json_text import Broken, decode
from immunotrack.readers.text import decode as decode_text

MOST_KEYS: Final = 1000
"""No laboratory's table has more columns."""

_TRIED: Final = 3
"""The first object is among so many lines, or the file is no such table."""

_OTHER_TABLES: Final = {"resourceType", "datasetJSONVersion"}
"""Keys of the first object of FHIR and of Dataset-JSON, which are no rows."""


def looks_like_rows(head: bytes, *, cut: bool) -> bool:
    """Whether a JSON text has a row of a table on each line.

    Args:
        head: How it starts.
        cut: It goes on behind that.
    """
    text = head.decode(json.detect_encoding(head), "ignore").removeprefix("\ufeff")
    text = text[: text.rfind("\n") + 1] if cut else text
    lines = [line for line in text_lines(text) if line.strip()][:_TRIED]
    if len(lines) > 1 and not is_lined(text):
        return False
    first = next((value for value in map(_value, lines) if isinstance(value, dict)), None)
    return first is not None and not _OTHER_TABLES & first.keys()


def _value(line: str) -> object:
    with suppress(Broken):
        return decode(line)[0]
    return None


def read_json_rows(path: Path, source: str, options: Options) -> list[Grid]:
    """The one grid of a file.

    Raises:
        InvalidInput: The file cannot be read, or no line of it is an object.
    """
    data = unzipped(read_bytes(path, source, line=LONGEST_LINE), source)
    text, encoding = json_text(data, source, options.encoding)
    rows = [(n, json_row(line, source, n)) for n, line in enumerate(text_lines(text), 1)]
    return [_grid(rows, source, told_json(encoding))]


def looks_like_items(value: object) -> bool:
    """Whether a JSON value is an array whose first object is a row of a table."""
    items = value if isinstance(value, list) else []
    first = next((item for item in items if isinstance(item, dict)), None)
    return first is not None and not _OTHER_TABLES & first.keys()


def item_grid(document: Document, source: str) -> Grid:
    """The grid of an array of rows.

    Raises:
        InvalidInput: No item of it is an object with a key.
    """
    items = document.value if isinstance(document.value, list) else []
    lines = [document.line_of("", index) for index in range(len(items))]
    rows = [(n, item_row(item, source, n)) for n, item in zip(lines, items, strict=True)]
    return _grid(rows, source, "JSON")


def json_text(data: bytes, source: str, encoding: str, usual: str = "") -> tuple[str, str]:
    """The text of a file, and the name of its encoding where the user states one.

    Args:
        usual: The encoding that it has else; empty to find it.

    Raises:
        InvalidInput: It is no text of that encoding, or of those that JSON may have.
    """
    if not encoding:
        return text_of(data, source, usual), ""
    text, name, _ = decode_text(data, source, encoding)
    return text, name


def words_of(rows: Iterable[tuple[int, JsonRow]]) -> dict[str, list[int]]:
    """The lines on which each key is true or false, of rows with their lines."""
    lines: dict[str, list[int]] = {}
    for line, row in rows:
        for key in row.words:
            lines.setdefault(key, []).append(line)
    return lines


def truth_values(source: str, words: Mapping[str, list[int]]) -> list[Problem]:
    """The warning of each key that is true or false on some lines."""
    return [
        Problem(
            code="truth-value",
            severity=Severity.WARNING,
            source=source,
            line=found[0],
            column=key,
            message="true or false, no text and no number, is read as that word",
            fix='Write "true" or "false", in quotation marks, if it is meant.',
            rows=len(found),
            lines=tuple(found),
        )
        for key, found in ((key, sorted(lines)) for key, lines in words.items())
    ]


def new_keys(keys: Sequence[str], source: str, line: int, known: list[str]) -> None:
    """Add the keys of a line that are not known yet.

    Raises:
        InvalidInput: There are more than `MOST_KEYS`.
    """
    known += [key for key in keys if key not in known]
    if len(known) > MOST_KEYS:
        problem = Problem(
            code="too-large",
            source=source,
            line=line,
            message=f"the objects have more than {MOST_KEYS} different keys up to here",
            fix="Give each kind of value one key: the keys are the columns of a table.",
        )
        raise InvalidInput([problem], unreadable=True)


def _no_rows(source: str, problems: Sequence[Problem]) -> InvalidInput:
    """The error of a file of which no line is an object with a key."""
    problem = Problem(
        code="no-rows",
        source=source,
        message="no line of the file is a JSON object with a key",
        fix="Export it again.",
    )
    return InvalidInput([problem, *problems], unreadable=True)


def told_json(encoding: str) -> str:
    """How a file was understood, in words."""
    return "; ".join([encoding] * (encoding not in {"", "UTF-8"}) + ["NDJSON"])


def _grid(rows: Sequence[tuple[int, JsonRow]], source: str, told: str) -> Grid:
    """The grid of some rows with their lines.

    Args:
        told: How the file was understood.
    """
    header: list[str] = []
    for line, row in rows:
        new_keys(list(row.cells), source, line, header)
    problems = [problem for _, row in rows for problem in row.problems]
    if not header:
        raise _no_rows(source, problems)
    notes = [(place, row) for place, (_, row) in enumerate(rows)]
    return Grid(
        source=source,
        header=header,
        header_line=next(line for line, row in rows if row.cells),
        lines=[line for line, _ in rows],
        rows=[[row.cells.get(key, "") for key in header] for _, row in rows],
        faults={place: row.note for place, row in notes if row.note and not row.is_aside},
        aside={place: row.note for place, row in notes if row.is_aside},
        problems=ordered([*problems, *truth_values(source, words_of(rows))]),
        told=told,
    )
