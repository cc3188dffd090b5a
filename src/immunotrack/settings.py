"""Settings files: TOML in, a validated model out, every fault named with its line."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from immunotrack.problems import InvalidInput, Problem, shown


class Entry(BaseModel):
    """A frozen, strict model of one entry of a settings file; unknown keys are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False
    )


def _decimal(value: object) -> object:
    """A whole or decimal TOML number as the decimal it is written as; anything else unchanged."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


Number = Annotated[Decimal, BeforeValidator(_decimal)]
"""A number of a settings file, exact as written."""

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file.

    Raises:
        InvalidInput: There is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    except UnicodeDecodeError:
        problem = Problem(
            code="unreadable",
            source=str(path),
            message="the file is not UTF-8 text",
            fix="Save it as UTF-8.",
        )
        raise InvalidInput([problem], unreadable=True) from None


def unreadable(path: Path, error: OSError) -> Problem:
    """The problem of a file that the operating system does not open."""
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(
        code="unreadable", source=str(path), message=f"the file cannot be read: {reason}"
    )


def load_settings(path: Path, model: type[Model]) -> Model:
    """Read a TOML file and validate it.

    Raises:
        InvalidInput: With one problem for each fault, at the line where its entry stands.
    """
    text = read_text(path)
    return validated(parse_toml(text, str(path)), model, text, str(path))


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """The tables of a TOML text, its decimal numbers exact.

    Raises:
        InvalidInput: The text is not TOML; the line is named.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        problem = Problem(
            code="unreadable",
            source=source,
            line=int(place[1]) if place else None,
            message=f"not valid TOML: {str(error).split(' (at ')[0].lower()}",
        )
        raise InvalidInput([problem], unreadable=True) from None


def validated(data: Mapping[str, Any], model: type[Model], text: str, source: str) -> Model:
    """The model of a TOML table, or every fault in it.

    Raises:
        InvalidInput: With one problem for each fault, at the line where its entry stands.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(
                code="bad-entry",
                source=source,
                line=_line_of(fault["loc"], text),
                column=".".join(str(part) for part in fault["loc"] if isinstance(part, str))
                or None,
                value=_value_of(fault["loc"], data),
                message=_sentence(fault["type"], fault["msg"]),
            )
            for fault in error.errors(include_url=False)
        ]
        raise InvalidInput(problems, unreadable=True) from None


def _sentence(kind: str, message: str) -> str:
    known = {
        "extra_forbidden": "no such key is known here",
        "missing": "this key is needed",
        "is_instance_of": "it must be a number",
    }
    text = known.get(kind) or message.removeprefix("Value error, ").replace(
        "Input should be", "it must be"
    )
    return text[:1].lower() + text[1:].rstrip(".")


def _value_of(location: tuple[int | str, ...], data: object) -> str | None:
    """The offending value as text, where the location leads to a plain one."""
    for part in location:
        try:
            data = data[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(data, dict | list) else str(data)


def _line_of(location: tuple[int | str, ...], text: str) -> int | None:
    """The line where the entry of a location starts, or the line of its key if that is found."""
    lines = text.splitlines()
    first, last, name = 0, len(lines), ""
    parts = [*location]
    while len(parts) >= 2 and isinstance(parts[0], str) and isinstance(parts[1], int):
        name = f"{name}.{parts[0]}" if name else parts[0]
        header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
        headers = [n for n in range(first, last) if header.match(lines[n])]
        if parts[1] >= len(headers):
            break
        first, parts = headers[parts[1]], parts[2:]
    keyed = [part for part in parts if isinstance(part, str)]
    if keyed:
        pattern = re.compile(rf"\s*(\[?{re.escape(keyed[-1])}\s*[\]=])")
        following = (
            n
            for n in range(first + 1 if name else first, last)
            if pattern.match(lines[n]) or (name and lines[n].lstrip().startswith("[["))
        )
        found = next(following, None)
        if found is not None and pattern.match(lines[found]):
            return found + 1
    return first + 1 if name else None


def choice_problem(kind: str, given: str, choices: list[str]) -> Problem:
    """The problem of a name that is none of the choices, which it lists."""
    return Problem(
        code="unknown-option",
        source=kind,
        message=f"{shown(given)} is not known",
        fix=f"Write one of: {', '.join(choices)}.",
    )
