"""An output file that is written in segments, of which some are replaced before it is complete."""

import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO


class Segments:
    """Rows of CSV, one segment a lot.

    Args:
        path: Where they are kept until they are complete.
        header: What stands before them.
    """

    def __init__(self, path: Path, header: bytes) -> None:
        self.path = path
        self._header = header
        self._places: dict[int, tuple[int, int]] = {}
        self._end = len(header)
        path.write_bytes(header)

    def write(self, number: int, data: bytes) -> None:
        """Write the segment of a lot."""
        self._places[number] = (self._end, len(data))
        self._end += len(data)
        with self.path.open("ab") as file:
            file.write(data)

    def rows(self, number: int) -> list[bytes]:
        """The rows of a segment, each with its end."""
        return list(csv_rows(self._segment(number)))

    def _segment(self, number: int) -> bytes:
        start, size = self._places.get(number, (0, 0))
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)

    def replaced(
        self, numbers: Collection[int], rewritten: Callable[[int], bytes], path: Path
    ) -> "Segments":
        """The same file with other segments in the place of some."""
        new = Segments(path, self._header)
        for number in self._places:
            new.write(number, rewritten(number) if number in numbers else self._segment(number))
        self.path.unlink()
        return new

    def copied(self, target: BinaryIO) -> None:
        """Copy the file into a pipe."""
        with self.path.open("rb") as file:
            shutil.copyfileobj(file, target)


def csv_rows(data: bytes) -> Iterator[bytes]:
    """The rows of a text of CSV; one whose quotation marks are odd in number goes on."""
    if b'"' not in data:
        yield from (line + b"\n" for line in data.split(b"\n")[:-1])
        return
    begun = b""
    for line in data.split(b"\n")[:-1]:
        begun += line + b"\n"
        if begun.count(b'"') % 2 == 0:
            yield begun
            begun = b""
