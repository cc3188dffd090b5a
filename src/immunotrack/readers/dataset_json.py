"""CDISC Dataset-JSON, 1.1 and 1.0: a document, a row a line, or either of them compressed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem, Severity, counted
from immunotrack.readers.documents import (
    LARGEST_DOCUMENT,
    Document,
    Documents,
    not_too_many,
    parse_documents,
)
from immunotrack.readers.files import read_bytes
from immunotrack.readers.grid import Grid, NumberCell, Options
from immunotrack.readers.inflated import inflated


def looks_like_dataset_json(document: object) -> bool:
    """Whether a JSON value is a dataset; of an NDJSON file, give the first line's."""
    return isinstance(document, dict) and "datasetJSONVersion" in document


def read_dataset_json(path: Path, source: str, options: Options) -> list[Grid]:
    """The datasets of a file, each as a grid: one, or in the form of version 1.0 several.

    Raises:
        InvalidInput: The file is no Dataset-JSON, or has no rows.
    """
    data = inflated(read_bytes(path, source, largest=LARGEST_DOCUMENT), source)
    return dataset_json_grids(parse_documents(data, source, options.encoding))


def _refused(source: str, code: str, message: str, line: int | None = None) -> InvalidInput:
    problem = Problem(
        code=code, source=source, line=line, message=message, fix="Export the dataset again."
    )
    return InvalidInput([problem], unreadable=True)


def dataset_json_grids(documents: Documents) -> list[Grid]:
    """As `read_dataset_json`, of documents that are read already.

    Raises:
        InvalidInput: There is no dataset, or it has no rows.
    """
    head = documents.first
    if not isinstance(head, dict) or not looks_like_dataset_json(head):
        refused = _refused(documents.source, "unreadable", "no datasetJSONVersion in the file")
        raise InvalidInput([*documents.problems, *refused.problems], unreadable=True)
    tables = _old_tables(documents) if "columns" not in head else [_table(documents, head)]
    grids = [table.grid(documents.source) for table in tables if table.rows]
    if not grids:
        raise _refused(documents.source, "no-rows", "the dataset has no row")
    if "columns" not in head:
        grids[0].problems.extend(documents.problems)
    return grids


@dataclass(frozen=True, slots=True)
class _Variable:
    """A column as the file describes it."""

    name: str
    kind: str
    display: str


@dataclass(frozen=True, slots=True)
class _Table:
    """A dataset before it is a grid.

    Args:
        records: How many rows the file says it has; None where it does not.
        rows: Each with its line; a `Problem` in place of a line that is no JSON.
    """

    name: str
    records: int | None
    variables: list[_Variable]
    rows: list[tuple[int, object]]
    line: int

    def grid(self, source: str) -> Grid:
        grid = Grid(
            source=source,
            header=[variable.name for variable in self.variables],
            header_line=self.line,
            lines=[],
            rows=[],
            told=f"Dataset-JSON: {self.name}".rstrip(": "),
        )
        for line, row in self.rows:
            self._add(grid, line, row)
        if self.records is not None and self.records != len(self.rows):
            grid.problems.append(_miscounted(source, self.records, len(self.rows)))
        return grid

    def _add(self, grid: Grid, line: int, row: object) -> None:
        problem = self._fault(grid.source, line, row)
        cells = row if isinstance(row, list) else []
        if problem is not None:
            grid.faults[len(grid.rows)] = problem.code
            grid.problems.append(problem)
            not_too_many(grid.problems, grid.source)
        texts = [_cell(c, v) for c, v in zip(cells, self.variables, strict=False)]
        grid.rows.append(texts + [""] * (len(self.variables) - len(texts)))
        grid.lines.append(line)

    def _fault(self, source: str, line: int, row: object) -> Problem | None:
        """What makes a row unusable as a whole."""
        if isinstance(row, Problem):
            return row
        if not isinstance(row, list):
            return _wrong(source, line, "unreadable", "a row that is no list of cells")
        if len(row) != len(self.variables):
            message = f"{counted(len(row), 'cell')} where there are {len(self.variables)} columns"
            return _wrong(source, line, "ragged-row", message)
        nested = (v.name for c, v in zip(row, self.variables, strict=True) if _nested(c))
        name = next(nested, None)
        if name is None:
            return None
        return _wrong(source, line, "unreadable", "a cell that is a list or an object", name)


def _nested(cell: object) -> bool:
    return isinstance(cell, list | dict)


def _wrong(source: str, line: int, code: str, message: str, column: str | None = None) -> Problem:
    return Problem(
        code=code,
        source=source,
        line=line,
        column=column,
        message=message,
        fix="Export the dataset again.",
    )


def _miscounted(source: str, records: int, found: int) -> Problem:
    return Problem(
        code="unreadable",
        severity=Severity.WARNING,
        source=source,
        message=f"the file says that it has {counted(records, 'row')}, and has {found}",
        fix="Check that it was not cut short.",
    )


def _table(documents: Documents, head: dict[str, object]) -> _Table:
    """The dataset of version 1.1, whose rows are in the document or in the lines after it."""
    first = documents.documents[0]
    rows = _listed(documents.source, head, "rows", first)
    numbered = [(first.line_of("rows", index), row) for index, row in enumerate(rows)]
    below: list[tuple[int, object]] = [(d.line, d.value) for d in documents.documents[1:]]
    below += [(problem.line or 0, problem) for problem in documents.problems]
    numbered += sorted(below, key=lambda row: row[0])
    variables = _variables(documents.source, head, "columns", first)
    return _Table(_name(head), _records(head), variables, numbered, first.line)


def _old_tables(documents: Documents) -> list[_Table]:
    """The datasets of version 1.0."""
    document = documents.documents[0]
    return [
        _Table(
            _name(group) or key,
            _records(group),
            _variables(documents.source, group, "items", document),
            [
                (document.line_of(f"{path}/{key}/itemData", index), row)
                for index, row in enumerate(_listed(documents.source, group, "itemData", document))
            ],
            document.line,
        )
        for path, key, group in _groups(document.value)
    ]


def _groups(value: object) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Each dataset of version 1.0, with the keys that lead to it."""
    for part in ("clinicalData", "referenceData"):
        data = value.get(part) if isinstance(value, dict) else None
        groups = data.get("itemGroupData") if isinstance(data, dict) else None
        for key, group in groups.items() if isinstance(groups, dict) else ():
            if isinstance(group, dict):
                yield f"{part}/itemGroupData", key, group


def _name(group: dict[str, object]) -> str:
    return _said(group.get("name"))


def _records(group: dict[str, object]) -> int | None:
    records = group.get("records")
    whole = isinstance(records, NumberCell) and re.fullmatch(r"[0-9]{1,18}", records)
    return int(records) if isinstance(records, NumberCell) and whole else None


def _said(value: object) -> str:
    return value if isinstance(value, str) else ""


def _listed(source: str, group: dict[str, object], key: str, at: Document) -> Sequence[object]:
    value = group.get(key)
    if value is not None and not isinstance(value, list):
        raise _refused(source, "unreadable", f"{key} is no list", at.line)
    return value or []


def _variables(source: str, group: dict[str, object], key: str, at: Document) -> list[_Variable]:
    """The columns.

    Raises:
        InvalidInput: There is none, or one has no name.
    """
    found = [
        _Variable(
            _said(item.get("name")),
            _said(item.get("dataType") or item.get("type")),
            _said(item.get("displayFormat")),
        )
        for item in _listed(source, group, key, at)
        if isinstance(item, dict)
    ]
    if not found or len(found) < len(_listed(source, group, key, at)):
        raise _refused(source, "unreadable", f"{key} is no list of columns", at.line)
    if not all(variable.name for variable in found):
        raise _refused(source, "missing-column", "a column without a name", at.line)
    return found


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _cell(cell: object, variable: _Variable) -> str:
    """A cell as text; empty for null, and for what no cell can be."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, NumberCell):
        return _sas_time(cell, variable) or cell
    text = cell if isinstance(cell, str) else ""
    decimal = variable.kind == "decimal" and _NUMBER.fullmatch(text)
    return NumberCell(text) if decimal else text


_DATE = re.compile(r"(?:DATE|[A-Z]8601DA|YYMMDD|MMDDYY|DDMMYY|IS8601DA)[A-Z]?[0-9]*\.?[0-9]*")
_DATETIME = re.compile(r"(?:DATETIME|[A-Z]8601DT|IS8601DT|DATEAMPM)[0-9]*\.?[0-9]*")
_SAS_START: Final = datetime(1960, 1, 1)  # noqa: DTZ001 - SAS counts in local time
_WHOLE = re.compile(r"(-?[0-9]{1,12})(?:\.0+)?")


def _sas_time(cell: NumberCell, variable: _Variable) -> str:
    """The ISO date of a number of days, or of seconds, since 1960; empty where it is neither."""
    display = variable.display.upper()
    whole = _WHOLE.fullmatch(cell)
    if variable.kind not in {"integer", "float", "double"} or whole is None:
        return ""
    try:
        if _DATETIME.fullmatch(display):
            return (_SAS_START + timedelta(seconds=int(whole[1]))).isoformat()
        if _DATE.fullmatch(display):
            return (_SAS_START + timedelta(days=int(whole[1]))).date().isoformat()
    except OverflowError:
        return ""
    return ""
