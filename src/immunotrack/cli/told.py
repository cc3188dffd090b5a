"""What commands say: problems and summaries on stderr, data on stdout; and the exit codes."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import typer

from immunotrack.problems import InvalidInput, Problem, printable, tally

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FINDINGS, USAGE, UNREADABLE, INVALID_ROWS = 1, 2, 3, 4
"""Exit codes; 0 is done."""

MOST_SHOWN: Final = 100
_USAGE_CODES: Final = {
    "unknown-option",
    "unknown-column",
    "several-patients",
    "unwritable",
    "bad-plan",
}


def say(text: str) -> None:
    """A line on stderr."""
    typer.echo(printable(text), err=True)


def tell_reading(told: Sequence[str]) -> None:
    """How each file was understood."""
    for text in told:
        say(text)


def tell_problems(problems: Sequence[Problem]) -> None:
    """Every problem on a line of its own, errors first, up to a stated limit; the total always."""
    ranked = sorted(problems, key=lambda problem: not problem.is_error)
    tell_first(ranked, len(ranked))
    if problems:
        say(tally(problems))


def tell_first(problems: Sequence[Problem], total: int) -> None:
    """The first of so many problems, up to a stated limit."""
    for problem in problems[:MOST_SHOWN]:
        say(str(problem))
    if total > MOST_SHOWN:
        say(f"showing {MOST_SHOWN} of {total} problems")


def tell_briefly(problems: Sequence[Problem], source: str) -> None:
    """Errors in full, warnings by their code and number; `immunotrack check` has them in full."""
    errors = [problem for problem in problems if problem.is_error]
    tell_counted(errors, len(errors), warned_rows(problems), f"immunotrack check {source}")


def warned_rows(problems: Iterable[Problem]) -> Counter[str]:
    """The number of rows by the code of their warning."""
    rows = Counter[str]()
    for problem in problems:
        if not problem.is_error:
            rows[problem.code] += problem.rows
    return rows


def tell_counted(
    errors: Sequence[Problem], total: int, warnings: Mapping[str, int], full: str
) -> None:
    """The first errors and their number, and the warnings by their code and number of rows.

    Args:
        full: Where the warnings are told in full.
    """
    from immunotrack.problems import counted

    tell_first(errors, total)
    if total:
        say(counted(total, "error"))
    _tell_warnings(warnings, full)


def _tell_warnings(rows: Mapping[str, int], full: str) -> None:
    counts = ", ".join(f"{code} {number}" for code, number in sorted(rows.items()) if number)
    if counts:
        say(f"warnings: {counts} (in full: {full})")


def summarise(flags: Mapping[str, int], sources: Mapping[str, int], chosen: Sequence[str]) -> None:
    """How many results count, by flag and by range, and which chosen set had no use."""
    from immunotrack.problems import counted
    from immunotrack.ranges import choose_range_sets

    by_flag = ", ".join(
        f"{name or 'no flag'} {flags[name]}"
        for name in ("LL", "L", "N", "H", "HH", "IND", "")
        if flags.get(name)
    )
    used = {name: number for name, number in sorted(sources.items()) if name and number}
    by_range = ", ".join(f"{name} {number}" for name, number in used.items())
    total = counted(sum(flags.values()), "result")
    say(f"{total}: {by_flag or 'none'}; ranges: {by_range or 'none applies'}")
    for entry in choose_range_sets([*chosen, "none"]):
        if entry.name not in used:
            say(f"--ranges: {entry.name} applies to no result")


def tell_letters(figure: "Figure") -> None:
    """The letters of a figure that its font has no sign for."""
    from immunotrack.plot.save import missing_letters

    say_letters(missing_letters(figure))


def say_letters(missing: Iterable[str]) -> None:
    """Letters that a font has no sign for, if any."""
    if letters := "".join(sorted(missing)):
        say(f"the font has no sign for these letters, drawn as boxes: {letters[:40]}")


def exit_code(error: InvalidInput) -> int:
    """The exit code of an input that could not be used."""
    if all(problem.code in _USAGE_CODES for problem in error.problems):
        return USAGE
    return UNREADABLE if error.unreadable else INVALID_ROWS


def pairs(given: Sequence[str], option: str, form: str) -> dict[str, str]:
    """Options such as `--map ours=theirs` as a dictionary.

    Raises:
        typer.BadParameter: One has no `=`, or its left side stands there twice.
    """
    found: dict[str, str] = {}
    for pair in given:
        left, equals, right = pair.partition("=")
        if not (left.strip() and equals and right.strip()):
            raise typer.BadParameter(f"{pair!r} is not {form}", param_hint=option)
        if left.strip() in found:
            raise typer.BadParameter(f"{left!r} is given twice", param_hint=option)
        found[left.strip()] = right.strip()
    return found


def names(values: Sequence[str]) -> list[str]:
    """Names given one by one or with commas between them."""
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def write_stdout(data: bytes) -> None:
    """Data on stdout, as bytes.

    Raises:
        InvalidInput: Nothing takes them; a closed pipe is no error.
    """
    from immunotrack.outputs import unwritable

    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise InvalidInput([unwritable("stdout", error)]) from None


def abandon_stdout() -> None:
    """Let nobody write what stdout still holds, which fails once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
