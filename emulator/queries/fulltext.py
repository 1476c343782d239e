"""Full-text search as MariaDB's boolean mode does it, as a function that SQL can call."""

from __future__ import annotations

import re
from functools import lru_cache

from emulator.databases.collation import weights

MIN_WORD = 3
MAX_WORD = 84
STOP_WORDS = frozenset(
    {
        "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in",
        "is", "it", "la", "of", "on", "or", "that", "the", "this", "to", "und", "was", "what", "when",
        "where", "who", "will", "with", "www",
    }
)  # fmt: skip
_WORD = re.compile(r"\w+(?:'\w+)*")
_OPERATORS = re.compile(r'[@+\-*)(<>~"]')


def search_matches(text: str | None, sought: str) -> bool:
    """Whether a text has one of the words sought; the last also matches as the start of a word.

    A quoted search matches as a phrase. Words under three letters and stop words are not in the index.
    """
    phrase, words, start = _parse(sought)
    if text is None or not (words or start):
        return False
    found = _words(text)
    if phrase:
        return any(found[at : at + len(words)] == words for at in range(len(found) - len(words) + 1))
    indexed = {word for word in found if MIN_WORD <= len(word) <= MAX_WORD and word not in STOP_WORDS}
    return not indexed.isdisjoint(words) or any(word.startswith(start) for word in indexed if start)


@lru_cache(maxsize=256)
def _parse(sought: str) -> tuple[bool, list[str], str]:
    """Whether it is a phrase, the whole words, and the start of a word."""
    words = _words(_OPERATORS.sub(" ", sought))
    if sought.startswith('"') and sought.endswith('"'):
        return True, words, ""
    return False, words[:-1], words[-1] if words else ""


def _words(text: str) -> list[str]:
    words: list[str] = _WORD.findall(weights(text).lower())
    return words
