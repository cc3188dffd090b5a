"""Changes that keep a file of its kind: cells, lines, members of an archive, values of a JSON."""

import io
import json
import random
import re
import zipfile
import zlib
from contextlib import suppress

CELLS = (
    *("", " ", "0", "5", "-5", "<5", "> 1.025,36", "1,060", "1.060", "1,5", "1e5", "1e400", "0.1"),
    *("1.1 x 10^9", "5 x10⁹", "not detected", "pending", "H 256", "33 Normal", "- 5", ">1:40"),
    *("+++", "12 %", "#DIV/0!", "0-1", "999999999999999999999", "-0", "1'234", "1 234,5", "½"),
    *("nan", "inf", "NA", "null", "True", "007", "P1", " P1", "P1 ", "P2", "CD4", "IL-6", "CRP"),
    *("lymphocytes", "CD4 %", "mHLA-DR", "Lymphocytes (10^9/L)", "26515-7", "cells/µL", "10*9/L"),
    *("G/L", "pg/mL", "%", "furlongs", "2020-03-02", "2020-03-02T08:50", "02/03/2020", "20.3.2020"),
    *("2023-02-30", "0001-01-01", "9999-12-31T23:59:59.999999", "2020-03-02T08:50:00+02:00", "24"),
    *("-3", "0.5", "1e308", "male", "F", "1980", "dose", "drug", "?", "=1+1", "@x", "+x", "-x"),
    *("\t=x", "#", "# note", '"', "'", '""', "a\nb", "a\rb", "a\u2028b", "\x1b[31m", "\u202e5"),
    *("\ufeff", "\u00a0", "\u200b", "\ud7ff", "\U0001f9ec", "٣", "é", "Â", "final", "corrected"),
    *("NOT DONE", "MINIMUM", "4172703", "4171756", "8507", "x" * 300, "L", "HIGH", "0 0", "\x00"),
)
SIGNS = (",", ";", "\t", "|", '"', "\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "#", " ")
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "latin-1",
    "utf-32",
)


def some_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bytes with a piece changed, doubled, moved or left out."""
    changed = bytearray(data)
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 1, 2, 4, 8, 80, 512)))
    match chance.randrange(5):
        case 0:
            changed[start:end] = chance.randbytes(end - start)
        case 1:
            del changed[start:end]
        case 2:
            changed[start:start] = changed[start:end]
        case 3:
            place = chance.randrange(len(data) + 1)
            changed[place:place] = changed[start:end]
        case _ if start < len(changed):
            changed[start] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, changed[start] ^ 1))
    return bytes(changed)


def text(data: bytes, chance: random.Random) -> bytes:
    """Delimited text with a cell, a line or a sign changed; now and then its encoding."""
    if chance.random() < 0.05:
        return some_bytes(data, chance)
    encoding = "utf-8"
    try:
        read = data.decode(encoding)
    except UnicodeDecodeError:
        encoding, read = "latin-1", data.decode("latin-1")
    read = chance.choice((_cell, _cell, _cell, _line, _line, _sign, _wrapped, _delimiter))(
        read, chance
    )
    if chance.random() < 0.03:
        encoding = chance.choice(ENCODINGS)
    with suppress(UnicodeEncodeError):
        return read.encode(encoding)
    return read.encode("utf-8", "replace")


def _cell(read: str, chance: random.Random) -> str:
    lines = read.splitlines(keepends=True)
    if not lines:
        return chance.choice(CELLS)
    place = chance.randrange(len(lines))
    body = lines[place].rstrip("\r\n")
    end = lines[place][len(body) :]
    sign = max(DELIMITERS, key=body.count)
    cells = body.split(sign)
    column = chance.randrange(len(cells))
    cell = chance.choice(CELLS)
    if chance.random() < 0.3:
        cell = '"' + cell.replace('"', '""') + '"'
    match chance.randrange(6):
        case 0:
            cells.insert(column, cell)
        case 1:
            del cells[column]
        case 2:
            other = chance.choice(lines).rstrip("\r\n").split(sign)
            cells[column] = chance.choice(other)
        case _:
            cells[column] = cell
    lines[place] = sign.join(cells) + end
    return "".join(lines)


def _line(read: str, chance: random.Random) -> str:
    lines = read.splitlines(keepends=True) or [""]
    place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines.insert(other, lines[place])
        case 2:
            lines[place], lines[other] = lines[other], lines[place]
        case 3:
            new = chance.choice(
                ("\n", ",,,,\n", "# comment\n", "#a,b,c,d\n", "Report\n", "sep=;\n")
            )
            lines.insert(place, new)
        case _:
            lines.insert(other, lines[place].rstrip("\r\n"))
    return "".join(lines)


def _sign(read: str, chance: random.Random) -> str:
    place = chance.randrange(len(read) + 1)
    return read[:place] + chance.choice(SIGNS) + read[place + chance.randrange(2) :]


def _wrapped(read: str, chance: random.Random) -> str:
    """A stretch of the text in quotation marks, as one that is not closed makes of it."""
    start, end = sorted(chance.randrange(len(read) + 1) for _ in range(2))
    return f'{read[:start]}"{read[start:end]}"{read[end:]}'


def _delimiter(read: str, chance: random.Random) -> str:
    old = max(DELIMITERS, key=read.count)
    match chance.randrange(3):
        case 0:
            return read.replace(old, chance.choice(DELIMITERS))
        case 1:
            return read.replace("\n", chance.choice(("\r", "\r\n", "\n\n")))
        case _:
            return f"sep={chance.choice((*DELIMITERS, '^', ':'))}\n{read}"


def members(data: bytes, chance: random.Random) -> bytes:
    """A zip archive with one of its members changed, and packed again without fault."""
    if chance.random() < 0.08:
        return some_bytes(data, chance)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, zlib.error, EOFError):
        return some_bytes(data, chance)
    names = [
        name for name in parts for _ in range(6 if "sheet" in name or "content" in name else 1)
    ]
    if not names:
        return some_bytes(data, chance)
    name = chance.choice(names)
    if chance.random() < 0.02:
        del parts[name]
    else:
        parts[name] = xml(parts[name], chance)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return file.getvalue()


_ELEMENT = re.compile(r"<(\w[\w:]*)\b[^<>]*(?:/>|>[^<>]*</\1>)")
_VALUE = re.compile(r'="([^"]*)"')
_CONTENT = re.compile(r">([^<>]+)<")


def xml(data: bytes, chance: random.Random) -> bytes:
    """XML with an element, an attribute or a text changed."""
    read = data.decode("utf-8", "replace")
    pattern = chance.choice((_ELEMENT, _ELEMENT, _VALUE, _VALUE, _CONTENT))
    found = list(pattern.finditer(read))
    if not found or chance.random() < 0.05:
        return some_bytes(data, chance)
    match = chance.choice(found)
    start, end = match.span()
    if pattern is _ELEMENT:
        other = chance.choice(found)[0]
        new = chance.choice(("", match[0] * 2, other, match[0] + other))
    else:
        start, end = match.span(1)
        old = match[1]
        places = ("A1", "B2", "C3", "XFD1048576", "A0", "s", "str", "n", "e", "b", "d", "inlineStr")
        numbers = (str(chance.randrange(40)), "-1", "1e9", "45000.5", "4294967296", "0.1", "#N/A")
        new = chance.choice((*places, *numbers, old + old, old[:-1], chance.choice(found)[1]))
        new = new if chance.random() < 0.7 else chance.choice(CELLS).replace("&", "&amp;")
        new = new.replace("<", "&lt;").replace('"', "&quot;")
    return (read[:start] + new + read[end:]).encode("utf-8", "replace")


SCALARS = (None, True, False, 0, 1, -1, 0.1, 1e300, 10**30, [], {}, [[]], [{}], "", "Patient/p1")


def tree(data: bytes, chance: random.Random) -> bytes:
    """A JSON document, or one of its lines, with a value changed; now and then its text."""
    if chance.random() < 0.15:
        return text(data, chance)
    lined = data.count(b"\n") > 1
    lines = data.split(b"\n") if lined else [data]
    place = chance.randrange(len(lines))
    try:
        value = json.loads(lines[place])
    except (ValueError, RecursionError):
        try:
            lines, place, value = [data], 0, json.loads(data)
        except (ValueError, RecursionError):
            return some_bytes(data, chance)
    value = _changed(value, chance)
    lines[place] = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")
    return b"\n".join(lines)


def _places(value: object, found: list[tuple[object, object]]) -> list[tuple[object, object]]:
    """Every place within a JSON value: what holds it, and under which key."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        found.append((value, key))
        _places(value[key], found)
    return found


def _changed(value: object, chance: random.Random) -> object:
    places = _places(value, [])
    if not places:
        return chance.choice(SCALARS)
    holder, key = chance.choice(places)
    other_holder, other_key = chance.choice(places)
    match chance.randrange(7):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        case 2:
            holder[key] = json.loads(json.dumps(other_holder[other_key]))
        case 3:
            holder[key] = [holder[key]]
        case 4 if isinstance(holder, dict):
            holder[chance.choice((*map(str, holder), "value", "valueString"))] = holder.pop(key)
        case 5:
            holder[key] = chance.choice(SCALARS)
        case _:
            holder[key] = chance.choice(CELLS)
    return value


def records(data: bytes, chance: random.Random) -> bytes:
    """A file of 80-byte records with one of them changed, doubled, moved or left out."""
    place = data.rfind(b"HEADER RECORD*******OBS") + 80
    if place > 80 and chance.random() < 0.6:
        return data[:place] + _field(data[place:], chance)
    if chance.random() < 0.4:
        return _field(data, chance)
    if chance.random() < 0.2:
        return some_bytes(data, chance)
    pieces = [data[n : n + 80] for n in range(0, len(data), 80)] or [b""]
    place, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    match chance.randrange(4):
        case 0:
            del pieces[place]
        case 1:
            pieces.insert(other, pieces[place])
        case 2:
            pieces[place] = some_bytes(pieces[place], chance)[:80].ljust(80)
        case _:
            pieces[place], pieces[other] = pieces[other], pieces[place]
    return b"".join(pieces)


def _field(data: bytes, chance: random.Random) -> bytes:
    """Other bytes of the same length: a number, a text or a count, on the bounds of their kinds."""
    changed = bytearray(data)
    size = chance.choice((1, 2, 4, 8))
    start = chance.randrange(max(1, len(data) - size + 1))
    if chance.random() < 0.7:
        start -= start % chance.choice((2, 4, 8))
    kinds = (
        chance.randbytes(size),
        bytes(size),
        b"\xff" * size,
        b" " * size,
        chance.randrange(40).to_bytes(size, "big"),
        f"{chance.randrange(10**size):0{size}d}".encode()[:size],
        b"\x2e" + bytes(size - 1),
        chance.choice(CELLS).encode("utf-8", "replace")[:size].ljust(size),
    )
    changed[start : start + size] = chance.choice(kinds)
    return bytes(changed)


def sectors(data: bytes, chance: random.Random) -> bytes:
    """A compound file with a number, a record of its workbook or some bytes changed."""
    return _field(data, chance) if chance.random() < 0.8 else some_bytes(data, chance)
