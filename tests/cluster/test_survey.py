"""Where splits start, and which are read together: told without Spark."""

import io

from immunotrack.cluster.stream import Stream
from immunotrack.cluster.survey import Run, Split, runs

MEGA = 2**20


def test_lines_are_counted_through():
    """Each split starts behind the lines of those before it, whatever order they come in."""
    found = runs([Split(1, 64, 5, 90, odd=False), Split(1, 0, 3, 60, odd=False)], first=1)

    assert found == [Run(1, (0,), 1, 3), Run(1, (64,), 4, 5)]


def test_pieces_are_added_up():
    """Pieces of one split are one; a table has its header on line 1."""
    found = runs([Split(1, 0, 3, 60, odd=False), Split(1, 0, 4, 70, odd=False)], first=2)

    assert found == [Run(1, (0,), 2, 7)]


def test_a_quoted_cell_may_join_splits():
    """Behind an odd quotation mark so many splits are read on as a record may be long, 16 MiB."""
    splits = [
        Split(1, 0, 10, 20 * MEGA, odd=False),
        Split(1, 20 * MEGA, 10, 20 * MEGA, odd=True),
        Split(1, 40 * MEGA, 10, 10 * MEGA, odd=False),
        Split(1, 50 * MEGA, 10, 10 * MEGA, odd=False),
        Split(1, 60 * MEGA, 10, 10 * MEGA, odd=False),
    ]

    assert [run.splits for run in runs(splits, first=1)] == [
        (0,),
        (20 * MEGA, 40 * MEGA, 50 * MEGA),
        (60 * MEGA,),
    ]


def test_a_new_file_starts_anew():
    """An odd mark at the end of a file joins nothing of the next one, which starts on line 1."""
    found = runs([Split(1, 0, 3, 60, odd=True), Split(2, 0, 4, 70, odd=False)], first=1)

    assert found == [Run(1, (0,), 1, 3), Run(2, (0,), 1, 4)]


def test_pieces_are_read_as_one_file():
    """A stream gives the bytes of all pieces, whatever is asked for at once."""
    stream = io.BufferedReader(Stream(iter([b"a,b\n", b"c,d\ne", b",f\n"])), 3)

    assert stream.read(5) + stream.read() == b"a,b\nc,d\ne,f\n"
