"""A program on a terminal of its own, as a person runs it."""

import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path


def on_terminal(
    command: Sequence[str], folder: Path, stream: str = "stdout", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder with one of its output streams on a terminal, the other kept."""
    ours, theirs = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, stream: theirs}
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, **streams
    ) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b""))
        other = process.stdout.read() if process.stdout else b""
    os.close(ours)
    texts = {"stdout": other.decode(), "stderr": "", stream: seen.decode().replace("\r\n", "\n")}
    return subprocess.CompletedProcess(command, process.returncode, **texts)


def _read(terminal: int) -> bytes:
    """What comes next, empty at the end: a terminal closes with its process."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
