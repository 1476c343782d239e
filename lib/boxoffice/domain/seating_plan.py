"""Reading the plan of a hall: a JSON value in which 20,000 seats take a few thousand characters.

    {"sections": [{
        "id": "S", "name": "Stalls",
        "rows": [
            {"rows": "A-D", "seats": "1-10 _ 11-20", "category": "gold"},
            {"rows": "E-H J", "seats": "_2 1-4:side 5-16 17-20:side", "category": "silver"}
        ],
        "wheelchair": ["A1", "A20"],
        "disabled": ["C7"]
    }]}

Sections and rows are listed best first. `rows` names rows that look alike: single names, ranges of letters
and ranges of numbers. `seats` goes through such a row from the left: `1-20`, `20-1`, the odd `1-19/2`, a
single `7`, a gap of one place `_` or of three `_3`; `:side` gives these seats another category than the
row's. `wheelchair` and `disabled` list seats by their label within the section.

A plan is stored as the text of a `mediumtext` column, which does not count towards the limit of a row.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boxoffice.domain.definitions import invalid
from boxoffice.domain.ids import MAX_UNIT_LENGTH
from boxoffice.domain.seating import (
    SECTION_DISTANCE,
    Layout,
    Row,
    Seat,
    SeatKind,
    label_in_section,
    unit_name,
)

MAX_SEATS = 20_000
MAX_PLAN_CHARACTERS = 1_000_000

_MAX_ROWS = SECTION_DISTANCE
_NAME = re.compile(r"[A-Z0-9]{1,4}")
_CATEGORY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}")
_ROW_RANGE = re.compile(r"([A-Z])-([A-Z])|([0-9]{1,3})-([0-9]{1,3})")
_GAP = re.compile(r"_([1-9][0-9]?)?")
_SEATS = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4})(?:/([1-9]))?)?(?::(.+))?")


def read_plan(plan: Any) -> Layout:
    """The layout that a decoded plan describes.

    Raises `Rejected` with `VALIDATION_ERROR`, naming the part of the plan that is wrong.
    """
    sections = _list(_object(plan, "plan"), "sections", "plan")
    names: dict[str, str] = {}
    for index, section in enumerate(sections):
        field = f"sections.{index}"
        section_id = _text(_object(section, field), "id", field).upper()
        if not _NAME.fullmatch(section_id) or section_id in names:
            raise invalid(f"{field}.id", "must be 1 to 4 letters and digits, and different for every section")
        names[section_id] = _text(section, "name", field) if "name" in section else section_id
    rows: list[Row] = []
    budget = MAX_SEATS
    for index, (section_id, section) in enumerate(zip(names, sections, strict=True)):
        prefix = f"{section_id}-" if len(names) > 1 else ""
        reader = _Section(section, f"sections.{index}", section_id, prefix, budget)
        rows.extend(reader.rows(first=rows[-1].position + SECTION_DISTANCE if rows else 0))
        budget = reader.budget
    return Layout.of(names, rows)


class _Section:
    """Reads one section. `budget` is how many seats the hall may still have."""

    def __init__(self, section: Mapping[str, Any], field: str, section_id: str, prefix: str, budget: int):
        self._section = section
        self._field = field
        self._id = section_id
        self._prefix = prefix
        self._marks = self._read_marks()
        self._seen: set[str] = set()
        self.budget = budget

    def rows(self, first: int) -> list[Row]:
        """The rows, the first of them at position `first`."""
        found: list[Row] = []
        for index, block in enumerate(_list(self._section, "rows", self._field)):
            field = f"{self._field}.rows.{index}"
            for name in self._row_names(_text(_object(block, field), "rows", field), f"{field}.rows"):
                position = first + len(found)
                seats = tuple(self._seats(name, position, block, field))
                if not seats:
                    raise invalid(f"{field}.seats", "must have at least one seat")
                found.append(Row(self._id, name, position, seats))
                if len(found) >= _MAX_ROWS:
                    raise invalid(self._field, f"must have fewer than {_MAX_ROWS} rows")
        if missing := self._marks.keys() - self._seen:
            kind = self._marks[min(missing)].value
            raise invalid(f"{self._field}.{kind}", "must list seats of the section, such as A5")
        return found

    def _seats(self, row: str, position: int, block: Mapping[str, Any], field: str) -> Iterator[Seat]:
        column = 0
        for token in _text(block, "seats", field).split():
            if gap := _GAP.fullmatch(token):
                column += int(gap[1] or 1)
                continue
            seats = _SEATS.fullmatch(token)
            if not seats:
                raise invalid(f"{field}.seats", "must be seats such as 1-20 or 1-4:gold, and gaps such as _2")
            numbers = _between(int(seats[1]), int(seats[2] or seats[1]), int(seats[3] or 1))
            category = seats[4] or _text(block, "category", field)
            if not _CATEGORY.fullmatch(category):
                raise invalid(f"{field}.category", "must be an id")
            self.budget -= len(numbers)
            if self.budget < 0:
                raise invalid("sections", f"must have at most {MAX_SEATS} seats")
            for number in numbers:
                yield self._seat(row, number, category, (position, column), field)
                column += 1

    def _seat(self, row: str, number: int, category: str, place: tuple[int, int], field: str) -> Seat:
        label = label_in_section(row, number)
        unit = unit_name(self._id, row, number)
        if label in self._seen:
            raise invalid(f"{field}.seats", "must not have the same seat twice in a section")
        if len(unit) > MAX_UNIT_LENGTH:
            raise invalid(
                f"{field}.rows", f"must be short: {unit} has more than {MAX_UNIT_LENGTH} characters"
            )
        self._seen.add(label)
        kind = self._marks.get(label, SeatKind.STANDARD)
        return Seat(unit, self._prefix + label, category, kind, *place)

    def _row_names(self, text: str, field: str) -> Iterator[str]:
        for token in text.upper().split():
            if between := _ROW_RANGE.fullmatch(token):
                if between[1]:
                    yield from map(chr, _between(ord(between[1]), ord(between[2])))
                else:
                    yield from map(str, _between(int(between[3]), int(between[4])))
            elif _NAME.fullmatch(token):
                yield token
            else:
                raise invalid(
                    field, "must be names of 1 to 4 letters and digits, or ranges such as A-H or 1-12"
                )

    def _read_marks(self) -> dict[str, SeatKind]:
        marks = {}
        for kind in (SeatKind.WHEELCHAIR, SeatKind.DISABLED):
            field = f"{self._field}.{kind.value}"
            for label in _list(self._section, kind.value, self._field) if kind.value in self._section else ():
                if not isinstance(label, str):
                    raise invalid(field, "must be a list of seats")
                marks[label.strip().upper()] = kind
        return marks


def _between(first: int, last: int, step: int = 1) -> range:
    """From `first` to `last`, both included, up or down."""
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)


def _object(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid(field, "must be an object")
    return value


def _list(value: Mapping[str, Any], key: str, field: str) -> list[Any]:
    found = value.get(key)
    if not isinstance(found, list) or not found:
        raise invalid(f"{field}.{key}", "must be a list with at least one entry")
    return found


def _text(value: Mapping[str, Any], key: str, field: str) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not found.strip() or len(found) > MAX_PLAN_CHARACTERS:
        raise invalid(f"{field}.{key}", "must be a text")
    return found.strip()
