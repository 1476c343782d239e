"""The functions that SQL statements call: comparison of texts, and full-text search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.databases.collation import fold, weights
from emulator.queries.fulltext import search_matches


def _fold(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


def text_has(text: object, part: str, place: str) -> bool | None:
    """Whether a text has a part at a place: `start`, `end`, `any`, or as the `whole`. None for null.

    Numbers count as their digits.
    """
    if text is None:
        return None
    whole, part = weights(str(text)), weights(part)
    if place == "start":
        return whole.startswith(part)
    if place == "end":
        return whole.endswith(part)
    return whole == part if place == "whole" else part in whole


SQL_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "fold": (1, _fold),
    "text_has": (3, text_has),
    "search_matches": (2, search_matches),
}
"""By name: the number of arguments and the function. All are deterministic, so indexes may use them."""
