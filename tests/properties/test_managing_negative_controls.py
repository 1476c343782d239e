"""Guards of moves and of holds that give way switched off: a sequence fails then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.conflicts import settling
from boxoffice.conflicts.displacement import finish_displacing
from boxoffice.managing import moving

from tests.properties.house import House
from tests.properties.managing_schedules import MANAGING_SCHEDULES, managing_problems

pytestmark = pytest.mark.local_only

Patch = pytest.MonkeyPatch


def fails(house: House, schedule: str) -> bool:
    """Whether a sequence finds something wrong; it is over with the first."""
    return any(managing_problems(house, MANAGING_SCHEDULES[schedule]))


def test_without_an_outcome_a_hold_gives_way_that_is_being_paid(house: House, monkeypatch: Patch) -> None:
    async def displace(desk: Desk, holds: Sequence[Booking], wanted_by: str) -> bool:
        await finish_displacing(desk, holds)
        return True

    monkeypatch.setattr(settling, "displace", displace)
    assert fails(house, "gives way while it is paid")


def test_without_following_the_booking_a_move_keeps_seats_of_nobody(house: House, monkeypatch: Patch) -> None:
    async def follow(*what: Any) -> None:
        pass

    monkeypatch.setattr(moving, "_follow", follow)
    assert fails(house, "cancelled while it is moved")
