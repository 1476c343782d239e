"""A rule of the books that does not hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`rule` is its short name, `rows` are the ids of the rows in which it was found."""

    rule: str
    rows: tuple[str, ...]
    sentence: str
