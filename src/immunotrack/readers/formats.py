"""Which format a file has, found from its content; each reader gives grids of text cells."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from immunotrack.problems import InvalidInput, Problem, shown
from immunotrack.readers.delimited import read_grid
from immunotrack.readers.grid import Grid, Options
from immunotrack.readers.headers import header_score
from immunotrack.readers.inflated import GZIP, gzip_start
from immunotrack.readers.parquet import MAGIC, write_rows
from immunotrack.settings import unreadable

Reader = Callable[[Path, str, Options], list[Grid]]


def _delimited(path: Path, source: str, options: Options) -> list[Grid]:
    return [read_grid(path, source, options)]


def _excel(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.excel import read_workbook

    return read_workbook(path, source, options, header_score)


def _sas(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.sas import read_transport

    return read_transport(path, source, options)


def _dataset_json(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.dataset_json import read_dataset_json

    return read_dataset_json(path, source, options)


def _fhir(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.fhir.grids import read_fhir

    return read_fhir(path, source, options)


def _ndjson(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.json_rows import read_json_rows

    return read_json_rows(path, source, options)


def _parquet(path: Path, source: str, options: Options) -> list[Grid]:
    with TemporaryDirectory(prefix="immunotrack-") as folder:
        rows = Path(folder) / "rows.csv"
        write_rows(path, source, rows)
        return [read_grid(rows, source, replace(options, encoding=""))]


FORMATS: Final[dict[str, Reader]] = {
    "delimited": _delimited,
    "parquet": _parquet,
    "ndjson": _ndjson,
    "excel": _excel,
    "sas": _sas,
    "dataset-json": _dataset_json,
    "fhir": _fhir,
}
"""Name of a format to what reads a file of it; a reader is loaded when there is such a file."""


def _json(path: Path, source: str, options: Options) -> list[Grid]:
    from immunotrack.readers.dataset_json import dataset_json_grids, looks_like_dataset_json
    from immunotrack.readers.documents import read_documents
    from immunotrack.readers.fhir.grids import fhir_grids
    from immunotrack.readers.json_rows import item_grid, looks_like_items

    documents = read_documents(path, source, options.encoding)
    if looks_like_dataset_json(documents.first):
        return dataset_json_grids(documents)
    if not documents.lined and looks_like_items(documents.first):
        return [item_grid(documents.documents[0], source)]
    return fhir_grids(documents)


_READERS: Final = FORMATS | {"json": _json}

SUFFIXES: Final = frozenset(
    {
        *(".csv", ".tsv", ".tab", ".txt", ".psv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        *(".xpt", ".json", ".ndjson", ".jsonl", ".dsjc", ".parquet"),
    }
)
"""What the files of a folder are called that are read as a study."""

_HEAD: Final = 2**16
"""The first bytes of a file, among them the first rows of a table."""


def read_grids(path: Path, source: str, options: Options) -> list[Grid]:
    """The grids of a file.

    Args:
        source: What messages call the file.

    Raises:
        InvalidInput: The file cannot be read.
    """
    return _READERS[format_for(path, options)](path, source, options)


def format_for(path: Path, options: Options) -> str:
    """The name of the format in which a file is read: the stated one, or `format_of` it.

    Raises:
        InvalidInput: The file cannot be opened.
    """
    return options.format if options.format in FORMATS else format_of(path)


_ONLY_FOR: Final = {
    "sheet": ({"excel"}, "a workbook"),
    "encoding": ({"delimited", "ndjson", "json", "dataset-json", "fhir"}, "a text file"),
}
"""Option to the formats in which it says something, and what these are."""


def check_options(paths: Sequence[Path], options: Options) -> None:
    """Refuse an option that says nothing of any file.

    Raises:
        InvalidInput: There is one, or a file cannot be opened.
    """
    given = [name for name in _ONLY_FOR if getattr(options, name)]
    found = {format_for(path, options) for path in paths} if given else set()
    problems = [
        Problem(
            code="unknown-option",
            source=f"--{name}",
            message=f"{shown(getattr(options, name))} has no use, as no file is {kind}",
            fix="Leave the option out.",
        )
        for name, (formats, kind) in _ONLY_FOR.items()
        if name in given and found and not found & formats
    ]
    if problems:
        raise InvalidInput(problems, unreadable=True)


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
    if head.startswith(MAGIC):
        return "parquet"
    if head.startswith(b"HEADER RECORD*******LIB") or suffix == ".xpt":
        return "sas"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or suffix in {".xlsx", ".xlsb"}:
        return "excel"
    return "dataset-json" if suffix == ".dsjc" else _text_format(head, suffix)


def _text_format(head: bytes, suffix: str) -> str:
    inside = gzip_start(head, _HEAD) if head.startswith(GZIP) else head
    plain = inside.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not plain.startswith((b"{", b"[")) or (suffix == ".csv" and b'":' not in plain):
        return "delimited"
    if _has_rows(inside, cut=_HEAD in {len(head), len(inside)}):
        return "ndjson"
    return "delimited" if head.startswith(GZIP) else "json"


def _has_rows(head: bytes, *, cut: bool) -> bool:
    from immunotrack.readers.json_rows import looks_like_rows

    return looks_like_rows(head, cut=cut)
