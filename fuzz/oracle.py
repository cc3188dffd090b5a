"""What holds for any input: a refusal that names no value, or a source that lost nothing."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from slow import allowed, core_of

from immunotrack.annotated import ADDED, annotated_csv, flag_differences, flagged_results
from immunotrack.outputs import defused
from immunotrack.problem_list import problems_csv, problems_json
from immunotrack.problems import CODES, InvalidInput, Problem
from immunotrack.readers import Source, read_source
from immunotrack.readers.cells import read_part
from immunotrack.readers.grid import Grid, NumberCell, Options

Answer = TypeVar("Answer")

_SAID = re.compile(r"\d+ errors?: [a-z-]+(?: at line \d+)?(?:, (?:[a-z-]+(?: at line \d+)?|…))*")


class WrongAnswerError(AssertionError):
    """The program answered, and the answer cannot be right."""


def must(holds: object, message: str) -> None:
    """Fail unless something holds."""
    if not holds:
        raise WrongAnswerError(message)


def accepted(read: Callable[[], Answer]) -> Answer | None:
    """What a reader answers; None where it refuses as it should."""
    try:
        return read()
    except InvalidInput as error:
        must(_SAID.fullmatch(str(error)), f"the text of a refusal: {error}")
        must(any(problem.is_error for problem in error.problems), "refused without an error")
        check_problems(error.problems)
        return None


def check_problems(problems: list[Problem] | tuple[Problem, ...]) -> None:
    """Every problem can be printed."""
    for problem in problems:
        must(str(problem), "a problem without a text")
        must(problem.line is None or problem.line >= 0, f"line {problem.line} of {problem.code}")
        must(problem.rows >= 1, f"{problem.rows} rows of {problem.code}")


def check_grid(grid: Grid) -> None:
    """A grid is whole, and every fault of a row is told."""
    rows = range(len(grid.rows))
    must(len(grid.lines) == len(rows), "as many lines as rows")
    must(all(len(row) == len(grid.header) for row in grid.rows), "rows of one width")
    must(all(isinstance(cell, str) for row in grid.rows for cell in row), "cells of text")
    must(all(line >= 1 for line in grid.lines), "lines from 1 on")
    must({*grid.faults, *grid.aside} <= {*rows}, "faults of rows that are there")
    must(not {*grid.faults} & {*grid.aside}, "no row is wrong and set aside at once")
    must({*grid.faults.values(), *grid.aside.values()} <= {*CODES}, "faults that have a name")
    told: Counter[str] = Counter()
    for problem in grid.problems:
        told[problem.code] += problem.rows * problem.is_error
    for code, count in Counter(grid.faults.values()).items():
        must(told[code] >= count, f"{code} is not told: {count}, {told[code]}")
    check_problems(grid.problems)


def check_numbers(grid: Grid) -> None:
    """A cell that its file holds as a number is a number."""
    for row in grid.rows:
        for cell in row:
            plain = cell.lstrip("<>=") if type(cell) is NumberCell else "0"
            plain = "0" if plain.endswith("inf") else plain
            must(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", plain), f"the number {cell!r}")


def read_whole(path: Path, options: Options) -> Source | None:
    """Read a file or a folder to the end, and check what comes out."""
    source = accepted(lambda: read_source(str(path), options))
    if source is not None:
        check_source(source, options)
    return source


def check_source(source: Source, options: Options) -> None:
    """No row is lost, no number is another one, and everything can be written."""
    for grid in (*source.grids, *source.others):
        check_grid(grid)
    check_problems(source.problems)
    _check_rows(source, options)
    _check_values(source, options)
    _check_events(source)
    _check_outputs(source)


def _check_rows(source: Source, options: Options) -> None:
    rows = [(grid, row) for grid in source.grids for row in range(len(grid.rows))]
    counts, fates = source.counts, source.fates()
    total = counts.used + counts.merged + counts.aside.total() + counts.wrong
    must(total == counts.read == len(rows) == len(fates), f"{counts} of {len(rows)} rows")
    there = set(source.results["row"])
    must(there <= {*range(len(rows))}, "rows that are none of the file")
    wide = {id(grid): _wide(grid, options) for grid in source.grids}
    told = {
        (problem.source, line)
        for problem in source.problems
        if problem.is_error
        for line in (problem.line, *problem.lines)
    }
    for place, (grid, row) in enumerate(rows):
        line = (grid.source, grid.lines[row])
        if place not in there:
            cells = [grid.rows[row][index] for index in wide[id(grid)]]
            must(wide[id(grid)] and not any(map(str.strip, cells)), f"a row is lost: {place}")
        if row in grid.faults:
            must(fates[place][0] == "error", f"a fault that is forgotten: {place} {fates[place]}")
        if fates[place][0] == "error":
            must(line in told, f"a wrong row, and nobody says why: {place}, {line}")
    must(set(source.results["fate"]) <= {"used", "merged", "aside", "error"}, "fates")


def _wide(grid: Grid, options: Options) -> list[int]:
    return [column.index for column in read_part(grid, options).layout.wide]


def _check_values(source: Source, options: Options) -> None:
    """The number of a result is one that its text can be, with its decimal sign."""
    before = 0
    found = source.results.select(
        "row", "reported", "value", "comparator", "problem", "fate"
    ).rows()
    by_row: dict[int, list[tuple[str, float | None, str, str, str]]] = {}
    for row, *rest in found:
        by_row.setdefault(row, []).append(tuple(rest))
    for grid in source.grids:
        part = read_part(grid, options)
        signs = set(part.cells["decimal"])
        (sign,) = signs or {"auto"}
        for row, cells in enumerate(grid.rows):
            for reported, value, _, problem, _ in by_row.get(before + row, []):
                plain = "averaged" not in problem and "not detected" not in reported
                if value is None or not plain or not core_of(reported)[1]:
                    continue
                held = [cell for cell in cells if cell == reported]
                typed = any(type(cell) is NumberCell for cell in held)
                reading = "plain" if typed or _numbered(part.layout.standard) else sign
                possible = {float(number) for number in allowed(core_of(reported)[1], reading)}
                limits = {float(n) for cell in cells for n in allowed(core_of(cell)[1], reading)}
                must(
                    value in possible | limits,
                    f"a wrong number: {reported!r} read as {value} ({reading})",
                )
        before += len(grid.rows)


def _numbered(standard: str) -> bool:
    """Whether a number of its own column stands beside the text of a result."""
    return standard.startswith(("OMOP", "immunotrack"))


def _check_events(source: Source) -> None:
    counts = source.events.counts
    must(len(source.events.table) == counts.used, "as many events as are used")
    must(min(counts.used, counts.wrong) >= 0, f"{counts}")


def _check_outputs(source: Source) -> None:
    flagged = flagged_results(source)
    must(len(flagged) == len(source.results), "a flag for each result")
    data = annotated_csv(source, flagged)
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    width = len(source.header)
    must(header[:width] == source.header, "the header of the input comes first")
    must(len(header) >= width + len(ADDED), "all columns are added")
    own = [row[:width] for row in rows]
    must(_without_repeats(own, source.rows), "the rows of the input, unchanged and in order")
    for row in rows:
        must(all(cell == defused(cell) for cell in row[width:]), "a cell that a spreadsheet runs")
    problems = [*source.problems, *flag_differences(source, flagged)]
    list(csv.reader(io.StringIO(problems_csv(source, problems).decode(), newline="")))
    problems_json(source, problems, [])


def _without_repeats(written: list[list[str]], rows: list[list[str]]) -> bool:
    """Whether rows are these, each of them once or, with several results, more often."""
    place = -1
    for row in written:
        if place + 1 < len(rows) and row == rows[place + 1]:
            place += 1
        elif place < 0 or row != rows[place]:
            return False
    return place == len(rows) - 1
