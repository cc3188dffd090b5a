"""Tables that are kept on disk, by a number, until all of one number are needed."""

from collections import defaultdict
from pathlib import Path

import polars as pl


class Spill:
    """Parts of tables in a folder.

    Args:
        folder: Is there and empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, list[Path]] = defaultdict(list)
        folder.mkdir()

    def add(self, number: int, frame: pl.DataFrame) -> None:
        """Keep a part of the table of this number."""
        path = self._folder / f"{number}-{len(self._files[number])}.arrow"
        frame.write_ipc(path)
        self._files[number].append(path)

    def numbers(self) -> list[int]:
        """The numbers of which there is a table, in order."""
        return sorted(self._files)

    def table(self, number: int) -> pl.DataFrame:
        """The whole table of a number."""
        return pl.concat(pl.read_ipc(path) for path in self._files[number])

    def take(self, number: int) -> pl.DataFrame:
        """The whole table of a number; it is not kept any longer."""
        frame = self.table(number)
        for path in self._files.pop(number):
            path.unlink()
        return frame
