"""Files of pages to one PDF with bookmarks."""

import io
from collections.abc import Sequence
from typing import Final

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, IndirectObject, NameObject

from immunotrack.plot.leaf import Sheet, page_of

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
    _lead_within(writer)
    writer.metadata = None
    writer.add_metadata(_METADATA)
    writer.compress_identical_objects()
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _lead_within(writer: PdfWriter) -> None:
    """Let the entries of the contents lead to their pages, without a border."""
    for page in writer.pages:
        for link in page.annotations or ():
            entry = link.get_object()
            number = page_of(entry.get("/A", {}).get("/URI", ""))
            if number is not None:
                del entry["/A"]
                place = [writer.pages[number - 1].indirect_reference, NameObject("/Fit")]
                entry[NameObject("/Dest")] = ArrayObject(place)
