"""Which files a report is made from, told by the hash of their bytes."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from immunotrack.pseudonyms import Key
from immunotrack.readers.files import told_name
from immunotrack.report.document import Input


def inputs_of(paths: Sequence[Path], key: Key | None = None) -> list[Input]:
    """The files, in order, each by its name without its folder, with the SHA-256 of its bytes.

    Args:
        key: Under which names become numbers, sizes are left out and hashes are keyed, as a small
            file could be guessed and tried against its hash.
    """
    found = []
    for number, path in enumerate(dict.fromkeys(paths), 1):
        size, digest = _digest(path)
        if key is None:
            found.append(Input(name=told_name(path.name), size_bytes=size, sha256=digest))
        else:
            sealed = key.sealed(digest) if digest else ""
            name = f"file {number}"
            found.append(Input(name=name, size_bytes=None, sha256=sealed, keyed=True))
    return found


def _digest(path: Path) -> tuple[int | None, str]:
    """Size and hash; of a pipe, which is empty by now, neither."""
    if not path.is_file():
        return None, ""
    hashed, size = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            hashed.update(chunk)
            size += len(chunk)
    return size, hashed.hexdigest()
