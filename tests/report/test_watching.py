"""Watching files: one change is told once, when the files are whole again."""

import os
from contextlib import suppress
from itertools import islice

from immunotrack.report.watching import changes


def script(steps):
    """A way to wait during which, one after the other, things happen; then it is interrupted."""
    remaining = iter(steps)

    def wait():
        step = next(remaining, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    return wait


def told(path, *steps):
    """How often a change was told until the steps ended, and what the file held each time."""
    seen = []
    with suppress(KeyboardInterrupt):
        seen.extend(
            path.read_text("utf-8") if path.exists() else None
            for _ in changes(lambda: [path], script(steps))
        )
    return seen


def write(path, text):
    """A step that writes a file, a second later than it was written before."""

    def step():
        path.write_text(text, encoding="utf-8")
        later = path.stat().st_mtime_ns + 10**9 * len(text)
        os.utime(path, ns=(later, later))

    return step


def nothing():
    """A step in which nothing happens."""


def test_the_first_report_is_made_at_once(tmp_path):
    """Without waiting."""
    path = tmp_path / "labs.csv"

    assert len(list(islice(changes(lambda: [path], nothing), 1))) == 1


def test_a_change_is_told_once_and_when_it_is_over(tmp_path):
    """A file that grows from look to look is waited for."""
    path = tmp_path / "labs.csv"
    path.write_text("a", encoding="utf-8")
    grows = [write(path, "ab"), write(path, "abc"), write(path, "abcd"), nothing, nothing, nothing]

    assert told(path, *grows) == ["a", "abcd"]


def test_nothing_is_told_while_nothing_changes(tmp_path):
    """Only the beginning."""
    path = tmp_path / "labs.csv"
    path.write_text("a", encoding="utf-8")

    assert told(path, nothing, nothing, nothing) == ["a"]


def test_a_file_that_goes_and_comes_again_is_told(tmp_path):
    """As laboratories replace their export."""
    path = tmp_path / "labs.csv"
    path.write_text("a", encoding="utf-8")

    assert told(path, path.unlink, nothing, write(path, "b"), nothing, nothing) == ["a", None, "b"]


def test_a_new_file_of_a_folder_is_told(tmp_path):
    """The files are asked for each time."""
    (tmp_path / "one.csv").write_text("a", encoding="utf-8")
    wait = script([write(tmp_path / "two.csv", "b"), nothing, nothing])
    told_now = []
    with suppress(KeyboardInterrupt):
        told_now.extend(changes(lambda: sorted(tmp_path.iterdir()), wait))

    assert len(told_now) == 2
