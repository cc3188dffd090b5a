"""Files of pages to one PDF with bookmarks."""

import io
from collections.abc import Sequence
from typing import Final

from pypdf import PdfWriter
from pypdf.generic import IndirectObject

from immunotrack.plot.leaf import Sheet

_METADATA: Final = {"/Creator": "immunotrack", "/Producer": "immunotrack"}


def bound(files: Sequence[bytes], sheets: Sequence[Sheet]) -> bytes:
    """Pages of PDF in one file, with the bookmarks of the sheets; the same bytes each time."""
    writer = PdfWriter()
    for file in files:
        writer.append(io.BytesIO(file), import_outline=False)
    parents: dict[int, IndirectObject] = {}
    for number, sheet in enumerate(sheets):
        for mark in sheet.marks:
            parent = parents.get(mark.level - 1)
            parents[mark.level] = writer.add_outline_item(
                title=mark.title, page_number=number, parent=parent
            )
    writer.metadata = None
    writer.add_metadata(_METADATA)
    writer.compress_identical_objects()
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
