"""Which deliveries of the gateway are taken, and that each is worked on once and in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.webhooks import take as taking

from tests.unit.gateway_post import Post, booking_row, signed
from tests.unit.holding import held, pay
from tests.unit.shop import Shop


class TestTheDoor:
    def test_what_is_not_signed_is_refused_and_nothing_is_written(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        genuine = post.delivery("payment.captured")
        before = shop.snapshot()
        for forged in (
            replace(genuine, signature=""),
            replace(genuine, signature="signed 1"),
            replace(genuine, body=genuine.body + b" "),
            replace(genuine, body=genuine.body.replace(b"captured", b"refunded")),
        ):
            with pytest.raises(Rejected) as refused:
                post.hand_over(forged)
            assert refused.value.code is Code.WEBHOOK_NOT_GENUINE
        assert shop.snapshot() == before

    def test_what_is_too_long_is_not_even_read(self, shop: Shop, post: Post) -> None:
        with pytest.raises(Rejected) as refused:
            post.hand_over(signed(b" " * 300_000))
        assert refused.value.code is Code.WEBHOOK_NOT_GENUINE

    def test_an_event_without_an_id_is_refused(self, shop: Shop, post: Post) -> None:
        pay(shop, held(shop))
        with pytest.raises(Rejected) as refused:
            post.hand_over(replace(post.delivery("payment.captured"), event_id=""))
        assert refused.value.code is Code.VALIDATION_ERROR
        assert post.events() == []

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"event": "payment.captured"}'])
    def test_what_the_gateway_signs_and_nobody_understands_is_taken(self, post: Post, body: bytes) -> None:
        taken = post.hand_over(signed(body))
        assert (taken.state, taken.result) == ("done", "unreadable")
        assert any("webhook.unreadable" in line for line in post.shop.lines)

    def test_an_unknown_event_is_taken_and_logged(self, post: Post) -> None:
        body = b'{"event": "payment.dispute.created", "payload": {}, "created_at": 1}'
        assert post.hand_over(signed(body)).result == "ignored"
        assert post.events() == [("done", "ignored")]
        assert any("payment.dispute.created" in line for line in post.shop.lines)

    def test_a_replay_does_nothing_again(self, shop: Shop, post: Post) -> None:
        pay(shop, held(shop))
        first = post.send("payment.captured", event_id="evt_same")
        shop.world.calls.clear()
        again = post.send("payment.captured", event_id="evt_same")
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.state, again.result) == ("done", "booked")
        assert shop.world.calls == ["put webhook_events"]

    def test_ids_that_differ_by_case_are_two_events(self, shop: Shop, post: Post) -> None:
        pay(shop, held(shop))
        post.send("payment.captured", event_id="evt_a")
        assert not post.send("payment.captured", event_id="evt_A").replayed

    def test_the_gateway_does_not_wait_for_what_takes_longer(
        self, shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(taking, "_ANSWER_SECONDS", 0.05)
        kept = held(shop)
        pay(shop, kept)
        answers: list[Any] = []

        async def slow() -> None:
            answer, fetch = asyncio.Event(), shop.gateway.fetch

            async def wait(payment_id: str) -> Any:
                await answer.wait()
                return await fetch(payment_id)

            monkeypatch.setattr(shop.gateway, "fetch", wait)
            answers.append(await taking.take(shop.desk(), post.delivery("payment.captured")))
            assert booking_row(shop, kept.booking.id)["status"] == "held"
            answer.set()
            await asyncio.gather(*taking._under_way)

        asyncio.run(slow())
        assert (answers[0].state, answers[0].result) == ("received", None)
        assert booking_row(shop, kept.booking.id)["status"] == "confirmed"
        assert post.events() == [("done", "booked")]

    def test_a_row_that_is_not_written_in_time_is_sent_again(
        self, shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(taking, "_ANSWER_SECONDS", 0.01)
        pay(shop, held(shop))
        delivery = post.delivery("payment.captured")

        async def never(*args: object) -> Any:
            await asyncio.Event().wait()

        with monkeypatch.context() as patch:
            patch.setattr(shop.rows, "put_once", never)
            with pytest.raises(Exception, match="SERVICE_UNAVAILABLE"):
                post.hand_over(delivery)
        monkeypatch.undo()
        assert post.hand_over(delivery).result == "booked"
