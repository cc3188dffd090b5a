"""Settings files: TOML in, a validated model out, every fault named with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from immunotrack.problems import InvalidInput, Problem, shown


class Entry(BaseModel):
    """A frozen, strict model of one entry of a settings file; unknown keys are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,
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


def load_builtin(name: str, model: type[Model]) -> Model:
    """A settings file that comes with immunotrack, `data/ranges.toml`, validated."""
    text = files("immunotrack").joinpath(name).read_text("utf-8")
    return validated(parse_toml(text, name), model, text, name)


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
    """The line where the key of a location stands, or else its entry; None without either."""
    lines = text.splitlines()
    first, name = -1, ""
    parts = list(location)
    while parts:
        key = parts.pop(0)
        path = f"{name}.{key}" if name else str(key)
        index = parts.pop(0) if parts and isinstance(parts[0], int) else None
        headers = _headers(lines, path, array=index is not None, after=first)
        place = index if isinstance(index, int) else 0
        if place >= len(headers):
            found = _key_line(lines, str(key), first)
            first = first if found is None else found
            break
        first, name = headers[place], path
    return None if first < 0 else first + 1


def _headers(lines: Sequence[str], path: str, *, array: bool, after: int) -> list[int]:
    """The lines that hold the header of a table, or of an array's tables."""
    opening, closing = (r"\[\[", r"\]\]") if array else (r"\[", r"\]")
    header = re.compile(rf"\s*{opening}\s*{re.escape(path)}\s*{closing}\s*(#.*)?$")
    return [n for n in range(max(after, 0), len(lines)) if header.match(lines[n])]


def _key_line(lines: Sequence[str], key: str, after: int) -> int | None:
    """The line of a key within the table whose header stands at `after`."""
    for n in range(after + 1, len(lines)):
        if lines[n].lstrip().startswith("["):
            return None
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[n]):
            return n
    return None


def choice_problem(kind: str, given: str, choices: list[str]) -> Problem:
    """The problem of a name that is none of the choices, which it lists."""
    return Problem(
        code="unknown-option",
        source=kind,
        message=f"{shown(given)} is not known",
        fix=f"Write one of: {', '.join(choices)}.",
    )
