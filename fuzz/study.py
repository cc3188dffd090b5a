"""Tables of CDISC SDTM and ADaM, of OMOP and of our own, alone and together in a folder."""

import random
import re

import campaign
import delimited
import mutators
import oracle
import tables

from immunotrack.readers import read_events_file

MARK = re.compile(rb"^--- ([a-z.]+)\n", re.MULTILINE)
"""Between the files of an input."""


def _joined(**files: list[list[str]]) -> bytes:
    parts = [f"--- {name}.csv\n{tables.text(rows)}" for name, rows in files.items()]
    return "".join(parts).encode()


SEEDS = [
    _joined(lb=tables.LB, dm=tables.DM, ex=tables.EX),
    _joined(adlb=tables.ADLB),
    _joined(
        measurement=tables.MEASUREMENT,
        person=tables.PERSON,
        drug=tables.DRUGS,
        death=tables.DEATH,
    ),
    _joined(labs=tables.LONG, wide=tables.WIDE, events=tables.EVENTS),
    _joined(visits=tables.VISITS),
    _joined(lb=tables.LB, labs=tables.LONG, adlb=tables.ADLB),
]


def check(data: bytes) -> None:
    """Read the files of an input as a folder, and each as a file of events."""
    files = files_of(data)
    folder = campaign.as_folder(files)
    options = delimited.options_for(data)
    oracle.read_whole(folder, options)
    for name in files:
        if (folder / name).is_file():
            oracle.accepted(lambda path=folder / name: read_events_file(path, "e.csv", options))


def files_of(data: bytes) -> dict[str, bytes]:
    """Name to content."""
    parts = MARK.split(data)
    names = [name.decode() for name in parts[1::2]] or ["a.csv"]
    return dict(zip(names, parts[2::2] or parts[:1], strict=True))


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One of the files changed, or a table given more rows of chance."""
    files = files_of(data)
    name = chance.choice([*files])
    files[name] = mutators.text(files[name], chance)
    if chance.random() < 0.2:
        files[name] = _grown(files[name], chance)
    return b"".join(b"--- %s\n%s" % (name.encode(), part) for name, part in files.items())


def _grown(data: bytes, chance: random.Random) -> bytes:
    """The table with 20 more rows, made of its own cells and of odd ones."""
    rows = [line.split(b",") for line in data.split(b"\n") if line]
    made = [
        b",".join(
            chance.choice(mutators.CELLS).encode("utf-8", "replace").translate(None, b'\n\r",')
            if chance.random() < 0.1
            else chance.choice(rows)[column]
            if column < min(map(len, rows))
            else b""
            for column in range(len(rows[0]))
        )
        for _ in range(20 if rows else 0)
    ]
    return data.rstrip(b"\n") + b"\n" + b"\n".join(made) + b"\n"


if __name__ == "__main__":
    campaign.run("study", SEEDS, check, mutate)
