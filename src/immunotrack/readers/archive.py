"""Zip archives, inflated within bounds and packed again before another library opens them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final, NoReturn

from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.inflated import MOST_SWOLLEN, swollen
from immunotrack.readers.scan import refused

LARGEST: Final = 2**30
"""No workbook has as much in it, in bytes."""

MOST_MEMBERS: Final = 10_000
_CHUNK: Final = 2**20

_LOCAL: Final = struct.Struct("<4s22xHH")


class Archive:
    """The members of an archive that are needed, by name, none of them compressed.

    What another library reads from `data` is what was checked here: the same members, each once.
    """

    def __init__(self, data: bytes, source: str) -> None:
        self._raw, self._source, self._total = data, source, 0
        self._infos = self._directory()
        self._kept = b""
        self._places: dict[str, tuple[int, int]] = {}

    @property
    def names(self) -> list[str]:
        """Every member's name."""
        return list(self._infos)

    @property
    def kept(self) -> list[str]:
        """The names of the members that are kept."""
        return list(self._places)

    def keep(self, names: list[str]) -> bytes:
        """A plain archive of these members alone; `member` gives them from then on."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in names:
                with archive.open(zipfile.ZipInfo(name), "w") as file:
                    start = packed.tell()
                    size = 0
                    for chunk in self._inflated(self._infos[name]):
                        size += len(chunk)
                        file.write(chunk)
                self._places[name] = (start, size)
        self._kept = packed.getvalue()
        return self._kept

    def member(self, name: str) -> memoryview:
        """The content of a member that is kept; names may differ in case and in slashes."""
        key = next((k for k in self._places if _plain(k) == _plain(name)), None)
        if key is None:
            self._refuse("a part of it is missing")
        start, size = self._places[key]
        return memoryview(self._kept)[start : start + size]

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(io.BytesIO(self._raw)) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
            self._refuse("it is not a whole zip archive")
        if len(infos) > MOST_MEMBERS:
            self._too_large(f"the archive has more than {MOST_MEMBERS} members")
        if len({_plain(info.filename) for info in infos}) < len(infos):
            self._refuse("it holds two members of one name")
        return {info.filename: info for info in infos}

    def _inflated(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The content in chunks, whatever size the archive declares."""
        if info.flag_bits & 1:
            self._refuse("it is encrypted")
        packed = self._packed(info)
        size = check = 0
        for chunk in self._chunks(info, packed):
            size += len(chunk)
            check = zlib.crc32(chunk, check)
            self._count(len(chunk))
            yield chunk
        if size != info.file_size or check != info.CRC:
            self._refuse("a part of it is damaged")

    def _packed(self, info: zipfile.ZipInfo) -> memoryview:
        head = self._raw[info.header_offset : info.header_offset + _LOCAL.size]
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            self._refuse("a part of it is damaged")
        _, name, extra = _LOCAL.unpack(head)
        start = info.header_offset + _LOCAL.size + name + extra
        return memoryview(self._raw)[start : start + info.compress_size]

    def _chunks(self, info: zipfile.ZipInfo, packed: memoryview) -> Iterator[bytes]:
        if info.compress_type == zipfile.ZIP_STORED:
            for place in range(0, len(packed), _CHUNK):
                yield bytes(packed[place : place + _CHUNK])
            return
        if info.compress_type != zipfile.ZIP_DEFLATED:
            self._refuse("it is compressed in a way that no spreadsheet program uses")
        inflater = zlib.decompressobj(-15)
        rest = bytes(packed)
        try:
            while rest and not inflater.eof:
                yield inflater.decompress(rest, _CHUNK)
                rest = inflater.unconsumed_tail
            yield inflater.flush()
        except zlib.error:
            self._refuse("a part of it is damaged")

    def _count(self, size: int) -> None:
        self._total += size
        if self._total > LARGEST:
            self._too_large(f"the archive holds more than {LARGEST // 2**20} MiB")
        if swollen(self._total, len(self._raw)):
            self._too_large(f"the archive inflates to more than {MOST_SWOLLEN} times its size")

    def _refuse(self, message: str) -> NoReturn:
        raise refused(self._source, message) from None

    def _too_large(self, message: str) -> NoReturn:
        problem = Problem(
            code="too-large",
            source=self._source,
            message=message,
            fix="Check that it is the laboratory's export, or split it.",
        )
        raise InvalidInput([problem], unreadable=True)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
