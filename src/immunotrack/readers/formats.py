"""Which format a file has, found from its content; each reader gives grids of text cells."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput
from immunotrack.readers.dataset_json import (
    dataset_json_grids,
    looks_like_dataset_json,
    read_dataset_json,
)
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.documents import read_documents
from immunotrack.readers.excel import read_workbook
from immunotrack.readers.fhir import fhir_grids, read_fhir
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import header_score
from immunotrack.readers.sas import read_transport
from immunotrack.settings import unreadable

Reader = Callable[[Path, str, Options], list[Grid]]


def _delimited(path: Path, source: str, options: Options) -> list[Grid]:
    return [read_grid(path, source, options)]


def _excel(path: Path, source: str, options: Options) -> list[Grid]:
    return read_workbook(path, source, options, header_score)


FORMATS: Final[dict[str, Reader]] = {
    "delimited": _delimited,
    "excel": _excel,
    "sas": read_transport,
    "dataset-json": read_dataset_json,
    "fhir": read_fhir,
}
"""Name of a format to what reads a file of it."""


def _json(path: Path, source: str, options: Options) -> list[Grid]:
    documents = read_documents(path, source, options.encoding)
    dataset = looks_like_dataset_json(documents.first)
    return dataset_json_grids(documents) if dataset else fhir_grids(documents)


_READERS: Final = FORMATS | {"json": _json}

SUFFIXES: Final = frozenset(
    {
        *(".csv", ".tsv", ".tab", ".txt", ".psv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        *(".xpt", ".json", ".ndjson", ".jsonl", ".dsjc"),
    }
)
"""What the files of a folder are called that are read as a study."""

_HEAD: Final = 4096


def read_grids(path: Path, source: str, options: Options) -> list[Grid]:
    """The grids of a file.

    Args:
        source: What messages call the file.

    Raises:
        InvalidInput: The file cannot be read.
    """
    name = options.format if options.format in FORMATS else format_of(path)
    return _READERS[name](path, source, options)


def format_of(path: Path) -> str:
    """The name of a file's format, from its first bytes and its suffix; `json` may be either.

    Raises:
        InvalidInput: The file cannot be opened.
    """
    if path.exists() and not path.is_file():
        return "delimited"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InvalidInput([unreadable(path, error)], unreadable=True) from None
    return _format_of(head, path.suffix.lower())


def _format_of(head: bytes, suffix: str) -> str:
    if head.startswith(b"HEADER RECORD*******LIB") or suffix == ".xpt":
        return "sas"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or suffix in {".xlsx", ".xlsb"}:
        return "excel"
    if suffix == ".dsjc":
        return "dataset-json"
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if plain.startswith((b"{", b"[")) and (suffix != ".csv" or b'":' in plain):
        return "json"
    return "delimited"
