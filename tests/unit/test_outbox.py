"""What people are told: written down once, sent once, and given up when nobody can be reached."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from boxoffice.domain.notices import MOST_TRIES, NoticeKind, pause_after, text_of
from boxoffice.outbox.delivery import send_due
from boxoffice.outbox.notify import notify
from boxoffice.schema import Table

from tests.unit.shop import Shop, broken
from tests.unit.world import Killed, lost_answer

BODY = {"reference": "7K3MPQ2X", "eventName": "Concert", "confirmBy": "2030-01-01T12:05:00.000+00:00"}


def tell(
    shop: Shop, user: str = "ann", subject: str = "", kind: NoticeKind = NoticeKind.HOLD_DISPLACED
) -> None:
    asyncio.run(notify(shop.desk(), user, kind, "bk-1", BODY, subject))


def send(shop: Shop) -> int:
    # The database has answered before: the server's clock is known.
    return asyncio.run(send_due(shop.desk()))


def notices(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows.all(Table.OUTBOX)


def test_the_same_is_told_once() -> None:
    shop = Shop()
    tell(shop)
    tell(shop)
    tell(shop, kind=NoticeKind.HOLD_TO_CONFIRM)
    tell(shop, subject="another time")
    assert len(notices(shop)) == 3
    assert send(shop) == 3
    assert send(shop) == 0
    assert len(shop.messages.sent) == 3
    assert {(one["state"], one["checkAfter"]) for one in notices(shop)} == {("sent", None)}


def test_people_get_words_and_apps_get_data() -> None:
    shop = Shop()
    tell(shop, kind=NoticeKind.HOLD_TO_CONFIRM)
    send(shop)
    (message,) = shop.messages.sent.values()
    assert message.user_id == "ann"
    assert "7K3MPQ2X" in message.text
    assert "Confirm before: 2030" in message.text
    assert message.data == {"kind": "hold.to_confirm", "bookingId": "bk-1", **BODY}


@pytest.mark.parametrize("kind", [*NoticeKind, "a.kind.of.later"])
def test_every_kind_has_its_words(kind: str) -> None:
    assert text_of(kind, {}).title
    assert text_of(kind, {}).sentence.endswith(".")


def test_a_lost_answer_sends_nothing_twice() -> None:
    shop = Shop()
    tell(shop)
    shop.world.fail("send message", lost_answer, after_effect=True)
    assert send(shop) == 0
    assert notices(shop)[0]["state"] == "waiting"
    shop.sweep(61)
    assert notices(shop)[0]["state"] == "sent"
    assert len(shop.messages.sent) == 1


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("call", [0, 1, 2])
def test_a_sender_that_dies_leaves_it_to_the_next(call: int, after_effect: bool) -> None:
    shop = Shop()
    tell(shop)
    shop.world.kill(call, after_effect=after_effect)
    with pytest.raises(Killed):
        send(shop)
    shop.world.revive()
    shop.sweep()
    assert notices(shop)[0]["state"] == "sent"
    assert len(shop.messages.sent) == 1


def test_whoever_cannot_be_reached_is_given_up_at_once() -> None:
    shop = Shop()
    shop.messages.unreachable.add("ann")
    tell(shop)
    tell(shop, "bob", "another")
    assert send(shop) == 1
    assert sorted(one["state"] for one in notices(shop)) == ["failed", "sent"]


def test_what_fails_is_tried_less_and_less_often_and_given_up() -> None:
    shop = Shop()
    tell(shop)
    shop.world.fail_always("send message", broken)
    for tries in range(1, MOST_TRIES):
        assert send(shop) == 0
        assert (notices(shop)[0]["state"], notices(shop)[0]["tries"]) == ("waiting", tries)
        assert send(shop) == 0
        assert notices(shop)[0]["tries"] == tries
        pause = pause_after(tries)
        assert pause is not None
        shop.now += pause
    send(shop)
    assert (notices(shop)[0]["state"], notices(shop)[0]["checkAfter"]) == ("failed", None)


def test_one_that_cannot_be_read_stops_no_other() -> None:
    shop = Shop()
    tell(shop)
    notices(shop)[0]["body"] = "{"
    tell(shop, "bob", "another")
    assert send(shop) == 1
    assert json.loads(notices(shop)[1]["body"]) == BODY


def test_without_the_state_in_the_condition_what_was_sent_is_tried_again() -> None:
    """The negative control: two senders, of which the slower one fails after the faster one has sent."""
    shop = Shop()
    tell(shop)
    update_where = shop.rows.update_where

    async def by_id_alone(table: Table, where: Any, data: Any) -> None:
        await update_where(table, {"$id": where["$id"]}, data)

    shop.rows.update_where = by_id_alone  # type: ignore[method-assign]
    assert not _is_done_with(shop)


def test_what_somebody_has_sent_stays_sent() -> None:
    shop = Shop()
    tell(shop)
    assert _is_done_with(shop)


def _is_done_with(shop: Shop) -> bool:
    """Whether nobody looks at the notice again, after a sender has failed while another one has sent it."""
    send_message = shop.messages.send

    async def fails_late(message: Any) -> None:
        shop.messages.send = send_message  # type: ignore[method-assign]
        await send_due(shop.desk())
        raise broken()

    shop.messages.send = fails_late  # type: ignore[method-assign]
    send(shop)
    return notices(shop)[0]["checkAfter"] is None
