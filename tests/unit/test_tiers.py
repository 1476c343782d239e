"""Who comes first: said by labels that only the project's owner can put on an account."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.domain.callers import Account, Caller, tier_of
from boxoffice.domain.selection import SomeTickets

from tests.unit.shop import Shop


@pytest.mark.parametrize(
    ("labels", "tier"),
    [
        ((), 0),
        (("tier2",), 2),
        (("vip", "tier1", "tier12"), 12),
        (("tier0", "tier", "tier100", "Tier3", "tier-3", "xtier3"), 0),
    ],
)
def test_the_highest_label_counts(labels: tuple[str, ...], tier: int) -> None:
    assert tier_of(labels) == tier


def test_a_hold_remembers_its_users_tier() -> None:
    wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
    gold = Caller("gold", Account("gold", "", "", ("tier2",)))
    assert asyncio.run(hold(Shop().desk(), gold, wish)).booking.tier == 2


def test_a_server_does_not_make_its_users_important() -> None:
    wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
    assert asyncio.run(hold(Shop().desk(), Caller("gold", None), wish)).booking.tier == 0
