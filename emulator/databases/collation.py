"""How the real database compares text: without regard to case, accents and trailing spaces.

It is MariaDB's `utf8mb4_general_ci`, which weighs character by character. `fold` turns a text into one that
compares, sorts and is unique by plain code points as the original does by that collation. SQLite knows it as
`fold(text)`, so that indexes and conditions on `fold("column")` meet.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_BEYOND_BASIC_PLANE = "\ufffd"


@lru_cache(maxsize=4096)
def _weight(char: str) -> str:
    if ord(char) > 0xFFFF:
        return _BEYOND_BASIC_PLANE
    if char == "ß":
        return "S"
    parts = unicodedata.normalize("NFD", char)
    if len(parts) > 1 and all(unicodedata.combining(part) for part in parts[1:]):
        char = parts[0]
    upper = char.upper()
    return upper if len(upper) == 1 else char


def fold(text: str) -> str:
    """The text by which equality, uniqueness and order of a text are decided."""
    return weights(text.rstrip(" "))


def weights(text: str) -> str:
    """The same for a part of a text, where spaces at its end count."""
    return text.upper() if text.isascii() else "".join(map(_weight, text))
