"""JSON documents: exact numbers, physical lines, and no text that does harm."""
# ruff: noqa: D102 - the class says what its tests are about

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from immunotrack.problems import InvalidInput
from immunotrack.readers.documents import Document, parse_documents, read_documents
from immunotrack.readers.grid import NumberCell

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def parsed(text, **options):
    """The documents of a text."""
    return parse_documents(text.encode(), "x.json", **options)


def refused(data):
    """The problems of a text that is no document, as code, line and message."""
    with pytest.raises(InvalidInput) as caught:
        parse_documents(data if isinstance(data, bytes) else data.encode(), "x.json")

    assert caught.value.unreadable
    return [(p.code, p.line, p.message) for p in caught.value.problems]


@pytest.mark.parametrize(
    "digits", ["1.0", "0.10", "-0", "1E2", "1e999999", "123456789012345678901"]
)
def test_a_number_keeps_its_digits(digits):
    """A number is the text that the file has."""
    value = parsed(f'{{"a": [{digits}], "b": {digits}}}').first

    assert value == {"a": [digits], "b": digits}
    assert isinstance(value["b"], NumberCell)
    assert isinstance(value["a"][0], NumberCell)


def test_a_number_of_a_hundred_thousand_digits_is_harmless():
    """No number is calculated with."""
    assert parsed("9" * 10**5).first == "9" * 10**5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_of_json_is_found(encoding):
    """With or without a byte order mark."""
    data = '{"unit": "µg/L"}'.encode(encoding)

    assert parse_documents(data, "x.json").first == {"unit": "µg/L"}


def test_a_stated_encoding_is_used():
    """What the user states is believed; what is no encoding is refused."""
    data = '{"unit": "µg"}'.encode("latin-1")

    assert parse_documents(data, "x.json", "latin-1").first == {"unit": "µg"}
    with pytest.raises(InvalidInput) as caught:
        parse_documents(data, "x.json", "klingon")
    assert caught.value.problems[0].message == "the encoding 'klingon' is not known"


class TestLines:
    """The line on which an item starts is the line of an editor."""

    def test_of_a_pretty_document(self):
        text = json.dumps(
            {"a": {"b": [{"c": [1, 2]}, {}, 3]}, "entry": [], "z": [[], []]}, indent=1
        )
        document = parsed("\n" + text).documents[0]
        lines = ("\n" + text).split("\n")

        assert lines[document.line_of("a/b", 1) - 1] == "   {},"
        assert lines[document.line_of("a/b", 2) - 1] == "   3"
        assert document.line_of("z", 1) == lines.index("  [],") + 2
        assert document.line_of("nowhere", 5) == 1

    def test_of_ndjson(self):
        documents = parsed('\ufeff{"a": 1}\r\n\n  \n{"a": "\u2028"}\n')

        assert documents.lined
        assert [d.line for d in documents.documents] == [1, 4]
        assert documents.documents[1].value == {"a": "\u2028"}

    def test_a_broken_line_is_its_own_problem(self):
        documents = parsed('{"a": 1}\n{"a": \n{"a": NaN}\n[1]')

        assert [d.value for d in documents.documents] == [{"a": "1"}, ["1"]]
        assert [(p.code, p.line, p.message) for p in documents.problems] == [
            ("unreadable", 2, "not valid JSON: expecting value, at column 7"),
            ("unreadable", 3, "not valid JSON: NaN is no number, at column 7"),
        ]

    def test_the_first_line_may_be_the_broken_one(self):
        documents = parsed('{"a": \n{"a": 1}\n{"a": 2}')

        assert [d.line for d in documents.documents] == [2, 3]
        assert [p.line for p in documents.problems] == [1]

    @given(st.lists(json_values, max_size=5), st.sampled_from([None, 1, 3]))
    def test_any_list(self, items, indent):
        text = json.dumps({"k": items}, indent=indent)
        document = parsed(text).documents[0]
        ends = [document.line_of("k", n) for n in range(len(items))]

        assert ends == sorted(ends)
        for line, item in zip(ends, items, strict=True):
            start = json.dumps(item, indent=indent).split("\n")[0]
            assert text.split("\n")[line - 1].strip().startswith(start) or indent is None


class TestRefused:
    """What is no document is refused with its place."""

    def test_invalid_json(self):
        assert refused('{"a": 1,\n "b" 2}') == [
            ("unreadable", 2, "not valid JSON: expecting ':', at column 6")
        ]
        assert refused("[1,\n 2,]")[0][1] == 2
        assert refused('{"a": 1,}')[0][2].startswith("not valid JSON: expecting a key")
        assert refused('{"a": [1}') == [
            ("unreadable", 1, "not valid JSON: expecting ',' or ']', at column 9")
        ]
        assert refused("{} x")[0][2] == "not valid JSON: extra data, at column 4"

    def test_an_empty_file(self):
        assert refused(" \n") == [("empty-file", None, "the file is empty")]

    def test_bytes_that_are_no_text(self):
        assert refused(b'{\n"a": "\xe9"}') == [("unreadable", 2, "the byte 0xe9 is not UTF-8 text")]

    @pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
    def test_what_is_no_number(self, name):
        assert refused(f'{{"a":\n {name}}}') == [
            ("unreadable", 2, f"not valid JSON: {name} is no number, at column 2")
        ]

    def test_a_key_twice(self):
        said = "not valid JSON: the key 'b' stands twice in one object"

        assert refused('{"b": 1,\n"b": 2}') == [("unreadable", 2, f"{said}, at column 1")]
        assert refused('{"a": [\n{"b": 1, "b": 1}]}') == [("unreadable", 2, f"{said}, at column 1")]

    def test_nesting(self):
        deep = "more than 100 objects or arrays inside each other"

        assert parsed("[" * 100 + "]" * 100).lined is False
        assert refused("[" * 101 + "]" * 101) == [("too-deep", 1, f"{deep}, at column 101")]
        assert refused('{"a":\n' * 101 + "1" + "}" * 101)[0][:2] == ("too-deep", 101)
        assert refused("[" * 10**6)[0][0] == "too-deep"
        assert refused('{"a":' * 10**6)[0][0] == "too-deep"
        assert parsed('["' + "[" * 500 + '\\"{"]').first == ["[" * 500 + '"{']

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(InvalidInput, match="unreadable"):
            read_documents(tmp_path / "none.json", "none.json")


def test_half_a_character_becomes_a_sign_that_can_be_written():
    """A lone surrogate has no UTF-8; a pair of them is one character."""
    value = parsed('{"a\\ud800": ["\\udc00x", "\\ud83d\\ude00", 1.0]}').first

    assert value == {"a\ufffd": ["\ufffdx", "\U0001f600", "1.0"]}
    assert isinstance(value["a\ufffd"][2], NumberCell)


def as_cells(value):
    """A JSON value with its numbers as texts."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [as_cells(item) for item in value]
    if isinstance(value, dict):
        return {key: as_cells(item) for key, item in value.items()}
    return json.dumps(value)


@given(json_values, st.sampled_from([None, 0, 2]), st.booleans())
def test_any_value_comes_back(value, indent, ascii_only):
    """What the standard library writes is read as it is, but for its numbers."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert parse_documents(text.encode("utf-8", "replace"), "x").documents[0].value == as_cells(
        json.loads(text)
    )


@given(st.binary(max_size=60))
@example(b"\xff\xfe{")
@example(b"\x00")
def test_any_bytes_are_read_or_refused(data):
    """No bytes raise anything else."""
    try:
        documents = parse_documents(data, "x")
    except InvalidInput:
        return
    assert all(isinstance(document, Document) for document in documents.documents)


@given(st.text(alphabet='[]{}",:1\\ \nabNn', max_size=30))
def test_any_text_of_json_signs_is_judged_as_the_standard_library_does(text):
    """One line that `json` takes is taken, and one that it does not is refused."""
    line = text.replace("\n", "")
    try:
        json.loads(line, object_pairs_hook=unique, parse_constant=unique)
    except ValueError:
        assert refused(line)
    else:
        assert parsed(line).documents


def unique(pairs):
    """A dict without doubled keys, and no NaN."""
    if isinstance(pairs, str) or len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)
