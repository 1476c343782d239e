"""Halls for tests."""

from __future__ import annotations

from typing import Any

from boxoffice.domain.seating import Layout
from boxoffice.domain.seating_plan import read_plan

Plan = dict[str, Any]


def section(section_id: str, *rows: tuple[str, str], category: str = "gold", **more: Any) -> Plan:
    """A section of rows, each given as its names and its seats."""
    blocks = [{"rows": names, "seats": seats, "category": category} for names, seats in rows]
    return {"id": section_id, "rows": blocks, **more}


def hall(*rows: tuple[str, str], **more: Any) -> Layout:
    """A hall with one section."""
    return read_plan({"sections": [section("S", *rows, **more)]})


BIG_PLAN: Plan = {
    "sections": [
        section(f"S{number}", ("A-Y", "1-20 _ 21-40"), category="gold" if number < 5 else "silver")
        for number in range(20)
    ]
}
"""20,000 seats in 20 sections."""
