"""The content of a compressed file, held only as far as it has a sane size."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from immunotrack.problems import InvalidInput, Problem

LARGEST_INFLATED: Final = 2**30
"""What a compressed file may hold, in bytes."""

MOST_SWOLLEN: Final = 250
"""What is larger than `HARMLESS` and so many times the size of its file is made to harm."""

HARMLESS: Final = 2**26
"""So many bytes may come out of a file of any size."""

GZIP: Final = b"\x1f\x8b"
"""The first bytes of a gzip file."""

_CHUNK: Final = 2**20


def swollen(size: int, packed: int) -> bool:
    """Whether so many bytes have no business in a compressed file of `packed` bytes."""
    return size > max(HARMLESS, MOST_SWOLLEN * packed)


def inflated(data: bytes, source: str) -> bytes:
    """The content of a zlib or gzip stream; anything else as it is.

    Raises:
        InvalidInput: The stream is damaged, cut short, or holds more than `LARGEST_INFLATED` or
            than its size can hold.
    """
    if not data.startswith(GZIP) and not _is_zlib(data):
        return data
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in _chunks(data):
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_INFLATED:
                message = f"the file inflates to more than {LARGEST_INFLATED // 2**20} MiB"
                raise _refused(source, "too-large", message)
            if swollen(size, len(data)):
                message = f"the file inflates to more than {MOST_SWOLLEN} times its size"
                raise _refused(source, "too-large", message)
    except zlib.error:
        raise _refused(source, "unreadable", "the compressed data are damaged") from None
    except EOFError:
        raise _refused(source, "unreadable", "the compressed data are cut short") from None
    return b"".join(chunks)


def unzipped(data: bytes, source: str) -> bytes:
    """The content of a gzip file; anything else as it is.

    Raises:
        InvalidInput: As `inflated`.
    """
    return inflated(data, source) if data.startswith(GZIP) else data


def gzip_start(head: bytes, size: int) -> bytes:
    """The first bytes in a gzip file, as far as the start of it has them; none if damaged.

    Args:
        size: No more bytes than this.
    """
    with suppress(zlib.error):
        return zlib.decompressobj(wbits=31).decompress(head, size)
    return b""


def _chunks(data: bytes) -> Iterator[bytes]:
    """The content of each stream of a file, one after the other."""
    while data.strip(b"\0"):
        inflater = zlib.decompressobj(wbits=47)
        while not inflater.eof:
            chunk = inflater.decompress(data, _CHUNK)
            data = inflater.unconsumed_tail
            if not chunk and not data and not inflater.eof:
                raise EOFError
            yield chunk
        data = inflater.unused_data


def _is_zlib(data: bytes) -> bool:
    """Whether the first two bytes are a header of zlib (RFC 1950); no JSON text begins so."""
    return len(data) > 1 and data[0] in b"HXhx" and (data[0] * 256 + data[1]) % 31 == 0


def _refused(source: str, code: str, message: str) -> InvalidInput:
    problem = Problem(code=code, source=source, message=message, fix="Export the file again.")
    return InvalidInput([problem], unreadable=True)
