"""How the problems of a file's rows are told: an error for each row, a warning for each text."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from immunotrack.problems import Problem, Severity
from immunotrack.readers.cells import Part
from immunotrack.readers.findings import Finding


def told(finding: Finding, rows: pl.DataFrame, parts: Sequence[Part]) -> list[Problem]:
    """The problems of one finding: an error for each row, a warning for each distinct text."""
    text = "plain" if finding.column == "reported" else f"{finding.column}_text"
    value = text if text in rows.columns else finding.column
    details = rows[finding.detail] if finding.detail else [""] * len(rows)
    told: dict[tuple[object, ...], Problem] = {}
    alike: dict[tuple[object, ...], dict[int, int]] = {}
    for number, row, line, place, cell, detail in zip(
        *(rows[name] for name in ("part", "row", "line", "column", value)), details, strict=True
    ):
        column = place if finding.column in {"reported", "unit"} else ""
        apart = row if finding.severity is Severity.ERROR or detail else 0
        key = (number,) if finding.once else (number, column, cell, apart)
        alike.setdefault(key, {})[row] = line
        told.setdefault(
            key,
            Problem(
                code=finding.code,
                severity=finding.severity,
                source=parts[number].grid.source,
                line=line,
                column=_header_of(finding.column, column, parts[number]),
                value=None if finding.once else cell,
                message=finding.message.format(**{finding.detail or "_": _plain(detail)}),
                fix=finding.fix,
            ),
        )
    return [
        replace(problem, rows=len(alike[key]), lines=tuple(alike[key].values()))
        if len(alike[key]) > 1
        else problem
        for key, problem in told.items()
    ]


def _plain(detail: object) -> object:
    return f"{detail:g}" if isinstance(detail, float) else detail


def _header_of(column: str, place: str, part: Part) -> str:
    """The file's name of a column of ours; in a wide file the results stand under their analyte."""
    if place.isdecimal() and column in {"reported", "unit"}:
        return part.grid.header[int(place)]
    roles = part.layout.roles
    index = roles.get("week" if column == "day" and "day" not in roles else column)
    return column if index is None else part.grid.header[index]


def assumed_units(part: Part) -> list[Problem]:
    """The columns of a wide file whose unit is the catalogue's."""
    return [
        Problem(
            code="assumed-unit",
            severity=Severity.WARNING,
            source=part.grid.source,
            line=part.grid.header_line,
            column=part.grid.header[wide.index],
            message=f"the header names no unit; read as {wide.unit}",
            fix=f"Write it in the header, {wide.analyte} ({wide.unit}), "
            f"or add --unit {wide.analyte}={wide.unit}.",
        )
        for wide in part.layout.wide
        if wide.unit_assumed
    ]
