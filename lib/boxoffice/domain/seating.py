"""The seats of a hall, their labels, and the names of their units.

A seat's unit always names its section, its label only where there are several: a hall that gains a balcony
keeps the claims on its stalls.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

_FINGERPRINT_BYTES = 16


class SeatKind(StrEnum):
    """Whom a seat is for. A disabled seat is part of the hall, and for nobody."""

    STANDARD = "standard"
    WHEELCHAIR = "wheelchair"
    DISABLED = "disabled"


class Seat(NamedTuple):
    """A seat. `column` counts the places of its row from the left, gaps included; `row` is `Row.position`.

    Seats in one row with neighbouring columns are next to each other.
    """

    unit: str
    label: str
    category: str
    kind: SeatKind
    row: int
    column: int

    @property
    def is_standard(self) -> bool:
        """Whether it is for everybody: what is given out when no seat is named."""
        return self.kind is SeatKind.STANDARD


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a section. `position` counts from the best row; see `SECTION_DISTANCE`."""

    section: str
    name: str
    position: int
    seats: tuple[Seat, ...]


SECTION_DISTANCE = 1_000
"""From the last row of a section to the first of the next, in rows: farther than any row of its own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A hall. Rows are in the order of their sections, the best first, and the best row of a section first.

    `totals` has the number of seats that are sold at all, by category; `sections` the names, by id.
    `fingerprint` stands for all rows and what is said of their seats.
    """

    sections: Mapping[str, str]
    rows: tuple[Row, ...]
    by_label: Mapping[str, Seat]
    by_unit: Mapping[str, Seat]
    totals: Mapping[str, int]
    fingerprint: str

    @classmethod
    def of(cls, sections: Mapping[str, str], rows: Iterable[Row]) -> "Layout":
        """The layout with these rows. Labels and units must be different."""
        ordered = tuple(rows)
        seats = [seat for row in ordered for seat in row.seats]
        sold = Counter(seat.category for seat in seats if seat.kind is not SeatKind.DISABLED)
        return cls(
            sections=MappingProxyType(dict(sections)),
            rows=ordered,
            by_label=MappingProxyType({seat.label: seat for seat in seats}),
            by_unit=MappingProxyType({seat.unit: seat for seat in seats}),
            totals=MappingProxyType(dict(sold)),
            fingerprint=_fingerprint(ordered),
        )

    def seat(self, label: str) -> Seat | None:
        """The seat with that label, in whatever case it is written."""
        return self.by_label.get(label.strip().upper())


def label_in_section(row: str, number: int) -> str:
    """`A5` for seat 5 of row A; `1-12` for seat 12 of row 1, which is not seat 2 of row 11."""
    return f"{row}-{number}" if row[-1].isdecimal() else f"{row}{number}"


def _fingerprint(rows: Iterable[Row]) -> str:
    # None of these texts can contain a space: `seating_plan` sees to it.
    digest = blake2b(digest_size=_FINGERPRINT_BYTES)
    for row in rows:
        digest.update(f"{row.section} {row.name} {row.position}\n".encode())
        seats = (f"{seat.label} {seat.category} {seat.kind.value} {seat.column}\n" for seat in row.seats)
        digest.update("".join(seats).encode())
    return digest.hexdigest()


def unit_name(section: str, row: str, number: int) -> str:
    """The name of a seat's unit: different for different seats, as long as names differ in more than case.

    Sections and rows consist of ASCII letters and digits. The name may be too long: `seating_plan` checks.
    """
    return f"{section}.{label_in_section(row, number)}".lower()
