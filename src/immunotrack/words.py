"""The words and signs that laboratories write in place of a result, or beside it."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from immunotrack.settings import Entry, load_builtin

_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Letters that have no accent to lose and yet a plain spelling."""

_TOKEN: Final = re.compile(r"[^\W_]+|[^\w\s.,;:!'’()\[\]{}/*-]")


def folded(text: str) -> str:
    """A text without case and accents.

    >>> folded("Pøsitivo"), folded("NÉGATIF"), folded("Größe")
    ('positivo', 'negatif', 'grosse')
    """
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def phrase(text: str) -> str:
    """The words of a text, folded, without what stands between them.

    >>> phrase(" N/A. "), phrase("<LOD"), phrase("Non-détecté")
    ('n a', '< lod', 'non detecte')
    """
    return " ".join(_TOKEN.findall(folded(text)))


class _WordFile(Entry):
    not_detected: list[str]
    missing: list[str]
    missing_alone: list[str]
    placeholders: str
    formula_errors: list[str]
    positive: list[str]
    negative: list[str]
    doubtful: list[str]
    levels: list[str]
    letters: list[str]
    signs: list[str]
    comparators: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What data/words.toml lists, ready to be compared with.

    Args:
        missing: Matches one of its phrases anywhere in a phrase.
        marks: Words for high, low, normal, positive and negative.
        comparators: From a sign without blanks or a phrase to `<`, `<=`, `>` or `>=`.
    """

    not_detected: frozenset[str]
    missing: re.Pattern[str]
    missing_alone: frozenset[str]
    placeholders: frozenset[str]
    formula_errors: frozenset[str]
    positive: frozenset[str]
    negative: frozenset[str]
    doubtful: frozenset[str]
    marks: frozenset[str]
    letters: frozenset[str]
    signs: frozenset[str]
    comparators: dict[str, str]


@cache
def words() -> Words:
    """The word lists that come with immunotrack."""
    table = load_builtin("data/words.toml", _WordFile)
    positive, negative = _phrases(table.positive), _phrases(table.negative)
    reasons = "|".join(map(re.escape, sorted(_phrases(table.missing))))
    return Words(
        not_detected=_phrases(table.not_detected),
        missing=re.compile(rf"(?:^| )(?:{reasons})(?:$| )"),
        missing_alone=_phrases(table.missing_alone),
        placeholders=frozenset(table.placeholders),
        formula_errors=frozenset(error.casefold() for error in table.formula_errors),
        positive=positive,
        negative=negative,
        doubtful=frozenset(table.doubtful),
        marks=_phrases(table.levels) | positive | negative,
        letters=frozenset(table.letters),
        signs=frozenset(table.signs),
        comparators={
            name if name[0] in "<>=≤≥⩽⩾≦≧" else phrase(name): sign
            for sign, names in table.comparators.items()
            for name in names
        },
    )


def _phrases(texts: list[str]) -> frozenset[str]:
    return frozenset(map(phrase, texts))
