"""One target under libFuzzer: seeds, a mutator and a check; failures are kept, one of a kind."""

import os
import random
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import atheris

_HOOK = atheris.instrument_imports(include=["immunotrack"])
_HOOK.__enter__()
"""What is imported from here on tells libFuzzer which branches an input takes."""

Check = Callable[[bytes], None]
Mutate = Callable[[bytes, random.Random], bytes]

LIMITS = ("-timeout=30", "-rss_limit_mb=4096", "-max_len=65536", "-print_final_stats=1")
"""Seconds and memory for one input, and its size."""

ARTEFACTS = Path(__file__).parent / "crashes"
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-", dir=os.environ.get("FUZZ_FOLDER") or None))
"""Where inputs are put for readers that open files; whoever starts a target deletes it."""


def run(name: str, seeds: Iterable[bytes], check: Check, mutate: Mutate) -> None:
    """Fuzz a check with the arguments of the command line, which are libFuzzer's.

    A file as an argument is checked once. With FUZZ_KEEP_GOING set, a failure is written to
    `crashes/` and the run goes on; the second one of the same place is counted only.
    """
    warnings.simplefilter("error")
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    ARTEFACTS.mkdir(exist_ok=True)
    kept: set[str] = set()

    def one(data: bytes) -> None:
        try:
            check(data)
        except Exception as error:
            if not os.environ.get("FUZZ_KEEP_GOING"):
                raise
            _keep(name, data, error, kept)

    def mutated(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.1:
            return atheris.Mutate(data, size)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = mutate(data, chance)
        return data if len(data) <= size else data[:size]

    given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    places = [] if given else [str(corpus)]
    prefix = f"-artifact_prefix={ARTEFACTS}/{name}-"
    arguments = [sys.argv[0], *LIMITS, prefix, *sys.argv[1:], *places]
    atheris.Setup(arguments, one, custom_mutator=mutated)
    atheris.Fuzz()


def _keep(name: str, data: bytes, error: Exception, kept: set[str]) -> None:
    """Write the first input of each place of failure, and what it raised."""
    trace = traceback.extract_tb(error.__traceback__)
    place = f"{type(error).__name__} {trace[-1].filename}:{trace[-1].lineno}"
    ours = [frame for frame in trace if "/immunotrack/" in frame.filename]
    place += f" {ours[-1].name}:{ours[-1].lineno}" if ours else ""
    place += f" {re.sub(r'[0-9]+|:.*', '', str(error))[:40]}" if not ours else ""
    if place in kept:
        return
    kept.add(place)
    path = ARTEFACTS / f"{name}-{crc32(place.encode()):08x}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), "utf-8")
    sys.stderr.write(f"FAILURE {path}: {place}: {str(error)[:200]}\n")


def as_file(data: bytes, name: str) -> Path:
    """The input as a file of a name."""
    path = FOLDER / name
    path.write_bytes(data)
    return path


def as_folder(files: dict[str, bytes]) -> Path:
    """Several inputs as the files of a folder."""
    folder = FOLDER / "study"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in files.items():
        with suppress(OSError, ValueError):
            (folder / name).write_bytes(data)
    return folder


def sampled(data: bytes) -> bool:
    """Whether this input is one of the few that are read as a whole, not as cells only."""
    often = int(os.environ.get("FUZZ_WHOLE", "40"))
    return crc32(data) % often == 0


def one_file() -> bool:
    """Whether a single input is checked, and all of it is."""
    return any(Path(argument).is_file() for argument in sys.argv[1:])
