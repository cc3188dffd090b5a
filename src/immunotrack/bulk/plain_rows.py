"""Lines of a delimited file that are plain rows: as wide as the header, cut by Polars."""

import io
import re
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from immunotrack.annotated import csv_texts
from immunotrack.bulk.blocks import count_of, line_feeds
from immunotrack.bulk.textfile import TextFile


@dataclass(frozen=True)
class PlainRows:
    """Cuts those lines of a file."""

    file: TextFile

    @cached_property
    def schema(self) -> dict[str, type[pl.String]]:
        """The columns of the file, by their place."""
        return {str(place): pl.String for place in range(self.file.width)}

    @cached_property
    def quoted(self) -> str:
        """What a row with quotation marks looks like that every reader of CSV reads alike."""
        sign = re.escape(self.file.delimiter)
        cell = f'(?:"(?:[^"]|"")*"|[^"{sign}]*)'
        return f"^{cell}(?:{sign}{cell}){{{self.file.width - 1}}}$"

    def even(self, data: bytes) -> pl.DataFrame | None:
        """The cells where every line is a row as wide as the header and has no quotation mark."""
        marks = (self.file.width - 1) * line_feeds(data)
        if b'"' in data or count_of(data, self.file.delimiter.encode()) != marks:
            return None
        try:
            cells = self.read(data)
        except pl.exceptions.ComputeError:
            return None
        if len(cells) * (self.file.width - 1) != marks:
            return None
        own = lines_of(data) if self.file.delimiter == "," else csv_texts(cells)
        return cells.with_columns(own=own, note=pl.lit(""))

    def read(self, data: bytes) -> pl.DataFrame:
        """The cells of lines that are as wide as the header, quoted or not."""
        return pl.read_csv(
            data,
            has_header=False,
            schema=self.schema,
            separator=self.file.delimiter,
            quote_char='"' if b'"' in data else None,
            empty_string_is_null=False,
        )


def lines_of(data: bytes) -> pl.Series:
    """The lines of some bytes."""
    return pl.read_lines(io.BytesIO(data), name="own").to_series()
