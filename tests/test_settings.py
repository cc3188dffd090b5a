"""Settings files: exact numbers, strict models, and every fault with its line."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from immunotrack.problems import InvalidInput
from immunotrack.settings import (
    Entry,
    Number,
    choice_problem,
    load_settings,
    parse_toml,
    read_text,
    unreadable,
)


class Dose(Entry):
    """A small entry of a settings file."""

    name: str
    size: Number
    days: list[int] = []


class Trial(Entry):
    """A small settings file."""

    title: str
    site: Dose | None = None
    doses: list[Dose] = Field(alias="dose", default=[])


def told(action, *arguments):
    """What an invalid input says, line by line."""
    with pytest.raises(InvalidInput) as caught:
        action(*arguments)
    return [str(problem) for problem in caught.value.problems]


def write(path: Path, text: str) -> Path:
    """A settings file with a text."""
    file = path / "trial.toml"
    file.write_text(text, encoding="utf-8")
    return file


GOOD = 'title = "T"\n\n[[dose]]\nname = "IL-7"\nsize = 0.3\n'


def test_a_number_of_a_file_is_exact_as_written(tmp_path):
    """0.3 stays three tenths."""
    assert load_settings(write(tmp_path, GOOD), Trial).doses[0].size == Decimal("0.3")


def test_a_whole_number_is_a_number_too(tmp_path):
    """10 needs no decimal point."""
    text = GOOD.replace("0.3", "10")

    assert load_settings(write(tmp_path, text), Trial).doses[0].size == Decimal(10)


def test_an_entry_does_not_change():
    """Settings are frozen."""
    entry = Dose(name="IL-7", size=Decimal(1))
    with pytest.raises(ValidationError) as caught:
        entry.name = "IL-2"

    assert [fault["msg"] for fault in caught.value.errors()] == ["Instance is frozen"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("size = 0.3\n", "", ":3 column 'dose.size'  bad-entry (error): this key is needed."),
        ("size", "sise", ":3 column 'dose.size'  bad-entry (error): this key is needed."),
        ('"IL-7"', "7", ":4 dose.name='7'  bad-entry (error): it must be a valid string."),
        ("0.3", "true", ":5 dose.size='True'  bad-entry (error): it must be a number."),
        ("0.3", "inf", ":5 dose.size='Infinity'  bad-entry (error): it must be a finite number."),
        (
            "0.3",
            '0.3\ndays = [1, "x"]',
            ":6 dose.days='x'  bad-entry (error): it must be a valid integer.",
        ),
        (
            '"T"',
            '"T"\nlab = 1',
            ":2 lab='1'  bad-entry (error): no such key is known here.",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(tmp_path, old, new, expected):
    """The line is that of the key, or of the entry where the key is missing."""
    path = write(tmp_path, GOOD.replace(old, new))

    assert told(load_settings, path, Trial)[0] == f"{path}{expected}"


def test_every_fault_is_told_at_once(tmp_path):
    """Three faults in two entries are three problems, each at its own line."""
    text = GOOD + '\n[[dose]]\nname = 1\nsise = 2\nsize = 3\n\n[[dose]]\nname = "b"\n'
    path = write(tmp_path, text)

    assert told(load_settings, path, Trial) == [
        f"{path}:8 dose.name='1'  bad-entry (error): it must be a valid string.",
        f"{path}:9 dose.sise='2'  bad-entry (error): no such key is known here.",
        f"{path}:12 column 'dose.size'  bad-entry (error): this key is needed.",
    ]


def test_the_line_of_an_entry_is_found_behind_a_comment(tmp_path):
    """A comment behind a table's header does not hide its line."""
    path = write(tmp_path, 'title = "T"\n\n[[dose]] # first\nname = 7\nsize = 1\n')

    assert told(load_settings, path, Trial) == [
        f"{path}:4 dose.name='7'  bad-entry (error): it must be a valid string."
    ]


def test_the_line_of_a_key_of_a_table_is_its_own(tmp_path):
    """A key of the same name before it, in another entry, is not pointed at."""
    path = write(tmp_path, GOOD + "\n[site]\nname = 7\nsize = 1\n")

    assert told(load_settings, path, Trial) == [
        f"{path}:8 site.name='7'  bad-entry (error): it must be a valid string."
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb 2\n", ":2  unreadable (error): not valid TOML: expected '=' after a key in a "),
        ("a = 1\na = 2\n", ":2  unreadable (error): not valid TOML: cannot overwrite a value."),
        ("a = ", "  unreadable (error): not valid TOML: invalid value."),
    ],
)
def test_text_that_is_not_toml_is_told_with_its_line(text, expected):
    """The parser's own words and line, without a traceback; none where the text just ends."""
    whole = expected + ("key/value pair." if expected.endswith(" a ") else "")

    assert told(parse_toml, text, "s.toml") == [f"s.toml{whole}"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    """Editors on Windows write one."""
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")

    assert read_text(path) == "a = 1\n"


def test_text_in_another_encoding_is_refused(tmp_path):
    """Latin-1 is not guessed."""
    path = tmp_path / "s.toml"
    path.write_bytes("a = 'µ'".encode("latin-1"))

    assert told(read_text, path) == [
        f"{path}  unreadable (error): the file is not UTF-8 text. Save it as UTF-8."
    ]


def test_a_missing_file_is_refused(tmp_path):
    """The operating system's reason is told in small letters."""
    path = tmp_path / "s.toml"

    assert told(read_text, path) == [
        f"{path}  unreadable (error): the file cannot be read: no such file or directory."
    ]


def test_a_system_error_without_words_is_named_by_its_kind():
    """An error of the operating system may carry no text."""
    problem = unreadable(Path("x"), PermissionError())

    assert str(problem) == "x  unreadable (error): the file cannot be read: permissionerror."


def test_an_unreadable_file_is_told_from_one_with_wrong_entries(tmp_path):
    """A program that reads many files goes on after the second kind only if it can use it."""
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path / "s.toml")

    assert caught.value.unreadable


def test_a_choice_names_what_there_is():
    """A refused name is shown beside every name that would do."""
    assert str(choice_problem("--size", "huge", ["single", "double"])) == (
        "--size  unknown-option (error): 'huge' is not known. Write one of: single, double."
    )
