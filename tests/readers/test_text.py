"""Bytes to text: encodings found and stated, and what is no text."""

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput
from immunotrack.readers.text import decode

TABLE = "patient_id,unit\nP1,cells/µL\n"
NAME_IT = "Name the encoding of the file with --encoding, or save it as UTF-8."
EXPORT = "Export the results as CSV text, or name the format of the file with --format."


def refused(data, encoding=""):
    """The whole message of a refusal."""
    with pytest.raises(InvalidInput) as caught:
        decode(data, "labs.csv", encoding)
    assert caught.value.unreadable
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TABLE.encode(), "UTF-8"),
        (TABLE.encode("utf-8-sig"), "UTF-8"),
        (TABLE.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), "UTF-16"),
        (TABLE.encode("utf-16-le"), "UTF-16"),
        (TABLE.encode("utf-16-be"), "UTF-16"),
        (b"", "UTF-8"),
    ],
)
def test_unicode_is_found(data, name):
    """UTF-8 and UTF-16 are found with and without their mark, without a warning."""
    assert decode(data, "labs.csv") == (TABLE if data else "", name, [])


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf8", "UTF-8"),
        ("UTF-8-SIG", "UTF-8"),
        ("utf_16", "UTF-16"),
        ("latin-1", "ISO 8859-1"),
        ("windows-1252", "Windows-1252"),
        ("cp850", "cp850"),
        ("mac-roman", "mac-roman"),
    ],
)
def test_a_stated_encoding_is_used(encoding, name):
    """A stated encoding needs no guess, and is told under the name that users know."""
    assert decode(TABLE.encode(encoding), "labs.csv", encoding) == (TABLE, name, [])


def test_a_mark_before_stated_text_is_no_text():
    """The mark of UTF-8 or UTF-16 does not become part of the first header."""
    for encoding in ("utf-8", "utf-16-le"):
        assert decode(f"\ufeff{TABLE}".encode(encoding), "labs.csv", encoding)[0] == TABLE


@pytest.mark.parametrize(
    ("data", "text", "name", "said"),
    [
        (TABLE.encode("cp1252"), TABLE, "Windows-1252", "labs.csv:2 value='cells/µL'"),
        (b'a\r"x \xb5g",2\r', 'a\r"x µg",2\r', "Windows-1252", "labs.csv:2 value='µg'"),
        (b"a\r\n\r\n\x80\x81", "a\r\n\r\n\x80\x81", "ISO 8859-1", "labs.csv:3 value='\\x80\\x81'"),
    ],
)
def test_other_text_is_read_with_one_byte_a_character(data, text, name, said):
    """What is not UTF-8 is Windows-1252, or ISO 8859-1 for a byte it has not, with a warning."""
    read, found, problems = decode(data, "labs.csv")

    assert (read, found) == (text, name)
    assert [str(problem) for problem in problems] == [
        (
            f"{said}  assumed-encoding (warning): the file is not UTF-8 and is read as {name}. "
            "Name it with --encoding if that is wrong."
        )
    ]


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (
            "µ\nµ".encode() + b"\xb5",
            "",
            (
                "labs.csv:2  unreadable (error): the byte 0xb5 is not UTF-8 text, and other "
                "characters are. Save the file in one encoding, or name it with --encoding."
            ),
        ),
        (
            b"a\r\nb\r\xb5",
            "utf-8",
            f"labs.csv:3  unreadable (error): the byte 0xb5 is not UTF-8 text. {NAME_IT}",
        ),
        (
            b"\xef\xbb\xbfa\xb5",
            "utf-8-sig",
            f"labs.csv:1  unreadable (error): the byte 0xb5 is not UTF-8 text. {NAME_IT}",
        ),
        (
            "a\nb".encode("utf-16") + b"x",
            "",
            f"labs.csv:2  unreadable (error): the byte 0x78 is not UTF-16 text. {NAME_IT}",
        ),
        (
            b"a\x81",
            "cp1252",
            f"labs.csv:1  unreadable (error): the byte 0x81 is not Windows-1252 text. {NAME_IT}",
        ),
        (
            b"+2AA-",
            "utf-7",
            f"labs.csv:1  unreadable (error): half a character is not utf-7 text. {NAME_IT}",
        ),
    ],
)
def test_bytes_that_are_not_of_the_encoding_are_refused(data, encoding, said):
    """No byte is replaced or left out: the line of the first wrong one is named."""
    assert refused(data, encoding) == said


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"%PDF-1.7\n", "", "looks like a PDF document, not like text"),
        (b"PK\x03\x04", "", "looks like a ZIP archive or a workbook (.xlsx, .ods), not like text"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "",
            "looks like an old Excel workbook (.xls), not like text",
        ),
        (b"\x1f\x8b\x08", "", "looks like a gzip archive (.gz), not like text"),
        (b"a,b\nc\0", ":2", "holds NUL characters, as workbooks, archives and SAS files do"),
        (b"\0\0\0\0", ":1", "holds NUL characters, as workbooks, archives and SAS files do"),
    ],
)
def test_what_is_no_text_is_refused(data, line, what):
    """A binary file is refused with what it looks like."""
    assert refused(data) == f"labs.csv{line}  unreadable (error): the file {what}. {EXPORT}"


def test_nul_of_a_stated_encoding_is_refused():
    """A NUL is no text in a stated encoding either."""
    assert refused(b"a\n\0", "latin-1").startswith("labs.csv:2  unreadable (error): the file holds")


@pytest.mark.parametrize(
    "encoding", ["klingon", "hex", "rot13", "a\0b", "idna", "punycode", "unicode_escape", "\ud800"]
)
def test_an_encoding_that_is_none_is_refused(encoding):
    """Only an encoding of text files is one."""
    with pytest.raises(InvalidInput) as caught:
        decode(b"a", "labs.csv", encoding)

    assert str(caught.value.problems[0]) == (
        f"--encoding  unknown-option (error): {encoding!r} is no encoding of text files. "
        "Write utf-8, utf-16, cp1252, iso-8859-1 or another one that Python knows."
    )


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_unicode_text_comes_back(text):
    """Text in UTF-8 with its mark is read as it was written, to the last character."""
    assert decode(text.encode("utf-8-sig"), "labs.csv")[0] == text


def outcome(data, encoding):
    """What `decode` answers, or the error that it raises."""
    try:
        return decode(data, "labs.csv", encoding)
    except InvalidInput as error:
        return error


@given(st.binary(), st.sampled_from(["", *sorted(set(aliases.values())), "cp720", "palmos"]))
def test_no_bytes_raise_anything_else(data, encoding):
    """Any bytes in any encoding are a text that can be written, or a refusal."""
    found = outcome(data, encoding)
    if isinstance(found, InvalidInput):
        assert found.unreadable
        return
    text, name, _ = found

    assert b"\0" not in text.encode("utf-8")
    assert name
