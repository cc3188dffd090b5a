"""Pseudonyms and moved dates under a key: the same each time, and nobody's without it."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from immunotrack.problems import InvalidInput, Problem
from immunotrack.settings import read_text

VARIABLE: Final = "IMMUNOTRACK_KEY"
"""The environment variable that holds a key."""

LEAST_KEY: Final = 16
"""The fewest letters of a key; a shorter one is soon guessed."""

MOST_DAYS: Final = 3650
"""The most days by which dates are moved back."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret under which pseudonyms are made (HMAC-SHA256).

    Args:
        made: It was made for this run, and is forgotten after it.
    """

    secret: bytes = field(repr=False)
    made: bool = False

    def pseudonym(self, patient: str) -> str:
        """What a patient is called; nobody stays nobody.

        >>> Key(b"a key of the study").pseudonym("M1")
        'P-54L6KYKA4B'
        """
        return f"P-{self._code('patient', patient)}" if patient else ""

    def days_back(self, patient: str) -> int:
        """By how many days the dates of a patient are moved back: at least 1."""
        return 1 + int.from_bytes(self._digest("dates", patient)[:8]) % MOST_DAYS

    def name(self, kind: str, text: str) -> str:
        """A word in place of a text that must not stand there."""
        return f"{kind} {self._code(kind, text)[:5]}"

    def sealed(self, digest: str) -> str:
        """A digest that tells two inputs apart, and lets nobody try inputs against it."""
        return self._digest("input", digest).hex()

    def _code(self, purpose: str, text: str) -> str:
        return base64.b32encode(self._digest(purpose, text)).decode()[:10]

    def _digest(self, purpose: str, text: str) -> bytes:
        said = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, said, sha256)


def choose_key(path: Path | None, environment: Mapping[str, str]) -> Key:
    """The key of a file, else of the environment, else one made now.

    Raises:
        InvalidInput: The file cannot be read, or the key is too short.
    """
    if path is not None:
        return Key(_long_enough(read_text(path).strip(), str(path)))
    if VARIABLE in environment:
        return Key(_long_enough(environment[VARIABLE].strip(), VARIABLE))
    return Key(secrets.token_bytes(32), made=True)


def _long_enough(key: str, source: str) -> bytes:
    if len(key) >= LEAST_KEY:
        return key.encode("utf-8", "surrogatepass")
    problem = Problem(
        code="unknown-option",
        source=source,
        message=f"the key has fewer than {LEAST_KEY} letters",
        fix='Make one: python -c "import secrets; print(secrets.token_hex(32))".',
    )
    raise InvalidInput([problem])
