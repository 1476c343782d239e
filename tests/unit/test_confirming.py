"""Holders of what others want say whether they still want it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import extend_hold, own_open_hold
from boxoffice.bookings.results import Booked
from boxoffice.conflicts import confirming
from boxoffice.conflicts.confirming import Asked, ask_to_confirm, confirm_hold
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.inventory.expiry import expired_row
from boxoffice.schema import Table
from boxoffice.times import from_text
from pytest import MonkeyPatch as Patch

from tests.unit.holding import converted, pay
from tests.unit.interruptions import deaths
from tests.unit.rivals import held, holders, later, outcome, row
from tests.unit.shop import ANN, BOB, Shop
from tests.unit.world import Killed

GRACE = timedelta(minutes=5)
REASON = "Others are waiting."


def ask(shop: Shop, *kept: Held, grace: timedelta = GRACE) -> Asked:
    ids: Sequence[str] = [one.booking.id for one in kept]
    asked: Asked = asyncio.run(ask_to_confirm(shop.desk(), "ada", ids, grace, REASON))
    return asked


def confirm(shop: Shop, kept: Held, user: str = "ann") -> Held:
    confirmed: Held = asyncio.run(confirm_hold(shop.desk(), user, kept.booking.id))
    return confirmed


def ends(shop: Shop, kept: Held) -> set[Any]:
    """When the hold ends, as its row and its claims say."""
    claims = [one for one in shop.rows.all(Table.CLAIMS) if one["bookingId"] == kept.booking.id]
    return {from_text(one["reservedUntil"]) for one in claims} | {from_text(row(shop, kept)["heldUntil"])}


def test_without_an_answer_it_ends_sooner() -> None:
    shop = Shop(capacity=1)
    kept = held(shop)
    asked = ask(shop, kept)
    assert (asked.booking_ids, asked.others) == ((kept.booking.id,), ())
    assert ends(shop, kept) == {shop.now + GRACE}
    later(shop, 300)
    assert held(shop, caller=BOB).places
    assert (outcome(shop, kept), holders(shop)) == ("EXPIRED", {"bob"})
    with pytest.raises(Rejected) as late:
        confirm(shop, kept)
    assert late.value.code is Code.HOLD_EXPIRED
    shop.settle()
    assert shop.audit() == []


def test_whoever_answers_keeps_it_until_its_old_end() -> None:
    shop = Shop()
    kept = held(shop)
    old_end = kept.booking.held_until
    later(shop, 10)
    ask(shop, kept)
    later(shop, 100)
    assert confirm(shop, kept).booking.held_until == old_end
    assert ends(shop, kept) == {old_end}
    assert confirm(shop, kept).booking.held_until == old_end


def test_everybody_asked_is_told_by_when_and_why() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    (notice,) = shop.rows.all(Table.OUTBOX)
    assert (notice["userId"], notice["kind"]) == ("ann", "hold.to_confirm")
    assert REASON in notice["body"] and "confirmBy" in notice["body"]
    (entry,) = shop.rows.all(Table.AUDIT_LOG)
    assert (entry["action"], entry["actor"], entry["reason"]) == ("hold.to_confirm", "ada", REASON)


def test_asking_again_changes_nothing_until_they_have_answered() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    later(shop, 10)
    assert ask(shop, kept).others == (kept.booking.id,)
    assert len(shop.rows.all(Table.OUTBOX)) == 1
    confirm(shop, kept)
    assert ask(shop, kept).booking_ids == (kept.booking.id,)
    assert len(shop.rows.all(Table.OUTBOX)) == 2


def test_a_shorter_time_to_answer_does_not_lose_the_old_end() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    ask(shop, kept, grace=timedelta(minutes=1))
    assert confirm(shop, kept).booking.held_until == kept.booking.held_until


def test_extending_is_an_answer_too() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    later(shop, 100)
    longer = asyncio.run(extend_hold(shop.desk(), "ann", kept.booking.id)).booking.held_until
    assert confirm(shop, kept).booking.held_until == longer
    assert ends(shop, kept) == {longer}


def test_nobody_is_asked_who_has_paid_or_is_paying() -> None:
    shop = Shop()
    paid, paying, quiet = (held(shop, caller=caller) for caller in (ANN, BOB, ANN))
    assert isinstance(converted(shop, paid, pay(shop, paid)), Booked)
    shop.world.fail("create tickets", Killed)
    with pytest.raises(Killed):
        converted(shop, paying, pay(shop, paying, "pay_2", email="bob@example.com"), BOB)
    pay(shop, quiet, "pay_3")
    assert ask(shop, paid, paying, quiet).booking_ids == ()
    assert shop.rows.all(Table.OUTBOX) == []


def test_somebody_elses_hold_is_not_theirs_to_confirm() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    with pytest.raises(Rejected) as stranger:
        confirm(shop, kept, "bob")
    assert stranger.value.code is Code.NOT_FOUND_ERROR


def test_whoever_is_asked_can_still_pay() -> None:
    shop = Shop()
    kept = held(shop)
    ask(shop, kept)
    assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
    shop.settle()
    assert shop.audit() == []


@pytest.mark.parametrize("after_effect", [False, True])
def test_whoever_dies_over_asking_has_told_everybody_who_may_lose_something(after_effect: bool) -> None:
    def holding() -> tuple[Shop, Held]:
        shop = Shop()
        return shop, held(shop)

    for shop, kept in deaths(holding, ask, after_effect=after_effect, least_calls=6):
        if ends(shop, kept) != {kept.booking.held_until}:
            assert len(shop.rows.all(Table.OUTBOX)) == 1
        confirm(shop, kept)
        assert ends(shop, kept) == {kept.booking.held_until}
        shop.settle()
        assert shop.audit() == []


@pytest.mark.parametrize("after_effect", [False, True])
def test_whoever_dies_over_answering_can_answer_again(after_effect: bool) -> None:
    def asked() -> tuple[Shop, Held]:
        shop = Shop()
        kept = held(shop)
        ask(shop, kept)
        return shop, kept

    def answer(shop: Shop, kept: Held) -> None:
        confirm(shop, kept)

    for shop, kept in deaths(asked, answer, after_effect=after_effect, least_calls=4):
        confirm(shop, kept)
        assert ends(shop, kept) == {kept.booking.held_until}


def test_an_answer_in_the_last_moment_is_told_when_it_was_too_late(monkeypatch: Patch) -> None:
    shop = Shop(capacity=1)
    kept = held(shop)
    ask(shop, kept)
    later(shop, 299)

    async def just_in_time(*args: Any) -> Any:
        stored = await own_open_hold(*args)
        # Somebody who wants the units has found the hold over.
        await shop.rows.put_once(Table.OUTCOMES, expired_row(kept.booking.id, "execution"))
        return stored

    monkeypatch.setattr(confirming, "own_open_hold", just_in_time)
    with pytest.raises(Rejected) as late:
        confirm(shop, kept)
    assert late.value.code is Code.HOLD_EXPIRED
