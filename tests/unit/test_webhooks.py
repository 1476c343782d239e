"""What the gateway tells, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.reports import console
from boxoffice.schema import Table
from boxoffice.webhooks import take as taking
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.counter import Counter
from tests.unit.gateway_post import Post, held, pay, signed
from tests.unit.shop import ANN, BOB, PRICE, Shop, busy

AFTER_GRACE = GRACE.total_seconds() + 1
PAID = ["payment.authorized", "payment.captured", "order.paid"]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def post(shop: Shop) -> Post:
    return Post(shop)


def state(shop: Shop, payment_id: str = "pay_1") -> PaymentState:
    return shop.gateway.payments[payment_id].state


def row(shop: Shop, booking_id: str) -> dict[str, Any]:
    return shop.rows.tables[Table.BOOKINGS][booking_id]


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
            assert row(shop, kept.booking.id)["status"] == "held"
            answer.set()
            await asyncio.gather(*taking._under_way)

        asyncio.run(slow())
        assert (answers[0].state, answers[0].result) == ("received", None)
        assert row(shop, kept.booking.id)["status"] == "confirmed"
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


class TestPaid:
    @pytest.mark.parametrize("name", PAID)
    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_a_hold_whose_client_has_gone_is_completed(
        self, shop: Shop, post: Post, name: str, now: PaymentState
    ) -> None:
        kept = held(shop, 2)
        pay(shop, kept, state=now)
        assert post.send(name).result == "booked"
        assert row(shop, kept.booking.id)["status"] == "confirmed"
        assert state(shop) is PaymentState.CAPTURED
        shop.settle()
        assert shop.audit() == []
        told = {(entry["action"], entry["actor"]) for entry in shop.rows.all(Table.AUDIT_LOG)}
        assert ("booking.confirmed", "gateway") in told

    def test_its_client_learns_it(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        post.send("order.paid")
        again = asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        assert isinstance(again, Booked)
        assert again.replayed

    def test_the_clients_own_booking_stays_as_it_is(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        before = shop.snapshot()
        shop.world.calls.clear()
        assert post.send("payment.captured").result == "booked"
        assert shop.world.calls == ["put webhook_events", "find bookings", "update webhook_events"]
        del shop.rows.tables[Table.WEBHOOK_EVENTS]
        shop.rows.tables[Table.WEBHOOK_EVENTS] = {}
        assert shop.snapshot() == before

    def test_an_event_of_long_ago_counts_for_nothing(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        late = post.delivery("payment.authorized")
        shop.gateway.payments["pay_1"] = replace(shop.gateway.payments["pay_1"], state=PaymentState.FAILED)
        assert post.hand_over(late).result == "ignored"
        assert row(shop, kept.booking.id)["status"] == "held"

    def test_captured_after_expiry_gets_the_same_again(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.sweep(901)
        pay(shop, kept)
        assert post.send("payment.captured").result == "booked"
        assert shop.outcome() == "CONFIRMED"
        shop.settle()
        assert shop.audit() == []

    def test_captured_after_expiry_goes_back_when_it_is_gone(self, post: Post) -> None:
        post.shop = shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        held(shop, caller=BOB)
        pay(shop, kept)
        assert post.send("payment.captured").result == "refunded"
        assert state(shop) is PaymentState.REFUNDED
        shop.settle()
        assert shop.audit() == []

    def test_authorised_after_expiry_lapses_when_it_is_gone(self, post: Post) -> None:
        post.shop = shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        held(shop, caller=BOB)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        assert post.send("payment.authorized").result == "lapses"
        assert state(shop) is PaymentState.AUTHORISED

    @pytest.mark.parametrize(("more", "currency"), [(1, "INR"), (-1, "INR"), (0, "USD")])
    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_one_paisa_off_or_another_currency_is_not_kept(
        self, shop: Shop, post: Post, more: int, currency: str, now: PaymentState
    ) -> None:
        kept = held(shop)
        shop.gateway.pay("pay_1", PRICE + more, currency, state=now, order_id=kept.booking.gateway_order_id)
        post.send("payment.captured")
        assert state(shop) in (PaymentState.REFUNDED, PaymentState.AUTHORISED)
        assert shop.outcome(kept.booking.id) is None
        shop.settle()
        assert shop.count(Table.TICKETS) == [0]
        assert shop.audit() == []

    @pytest.mark.parametrize("second", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_a_second_payment_for_the_same_order_goes_back(
        self, shop: Shop, post: Post, second: PaymentState
    ) -> None:
        kept = held(shop)
        pay(shop, kept)
        post.send("payment.captured")
        pay(shop, kept, "pay_2", state=second)
        result = post.send("payment.captured", "pay_2").result
        if second is PaymentState.CAPTURED:
            assert (result, state(shop, "pay_2")) == ("refunded", PaymentState.REFUNDED)
            assert list(shop.gateway.refunds) == [f"refund-{ids.booking_id('pay_2')}"]
        else:
            assert (result, state(shop, "pay_2")) == ("lapses", PaymentState.AUTHORISED)
        assert state(shop) is PaymentState.CAPTURED
        shop.settle()
        assert shop.audit() == []

    def test_a_hold_that_is_being_paid_is_left_to_whoever_does_it(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        shop.rows.seed(
            Table.LEASES,
            ids.lease_id(kept.booking.id, "ann"),
            bookingId=kept.booking.id,
            attempt="of the client",
            paymentId="pay_1",
            leaseUntil=(shop.now + timedelta(seconds=90)).isoformat(timespec="milliseconds"),
        )
        assert (post.send("payment.captured").state, post.events()[0][1]) == ("waiting", "in_progress")
        shop.settle()
        assert post.events() == [("done", "booked")]
        assert shop.audit() == []

    def test_a_direct_booking_is_left_to_its_execution(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE)
        shop.world.kill(2, after_effect=True)
        with pytest.raises(BaseException):  # noqa: B017 - the process is gone
            shop.book()
        shop.world.revive()
        assert post.send("payment.captured").result == "in_progress"
        shop.settle()
        assert [one[0] for one in post.events()] == ["done"]
        assert shop.audit() == []

    def test_money_that_comes_after_a_rollback_is_returned(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        result = asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        assert isinstance(result, Failed)
        shop.world.faults.clear()
        shop.settle()
        pay(shop, kept)
        assert post.send("payment.captured").result == "returning"
        shop.settle()
        assert state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []

    def test_a_booking_that_cannot_be_read_stops_nothing_else(self, shop: Shop, post: Post) -> None:
        broken, kept = held(shop), held(shop)
        pay(shop, broken)
        pay(shop, kept, "pay_2")
        row(shop, broken.booking.id)["lines"] = "{"
        assert (post.send("payment.captured").state, post.events()[0][1]) == ("waiting", "unanswered")
        assert post.send("payment.captured", "pay_2").result == "booked"
        assert shop.sweep(150).waiting


class TestUnclaimed:
    def test_the_client_has_half_an_hour_to_book_with_it(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert post.send("payment.captured").result == "unclaimed"
        shop.sweep(AFTER_GRACE - 60)
        assert state(shop) is PaymentState.CAPTURED
        assert shop.audit() == []
        shop.booked()
        shop.settle()
        assert post.events() == [("done", "booked")]

    @pytest.mark.parametrize(
        "notes",
        [
            {"noted_user_id": "ann"},
            {"noted_event_id": "concert"},
            {"noted_booking_id": ids.booking_id("pay_of_somebody")},
        ],
    )
    def test_then_it_goes_back_when_it_names_something_of_ours(
        self, shop: Shop, post: Post, notes: dict[str, str]
    ) -> None:
        shop.gateway.pay("pay_1", PRICE, **notes)
        for name in PAID:
            post.send(name)
        shop.sweep(AFTER_GRACE)
        assert set(post.events()) <= {("done", "refunded"), ("waiting", "in_progress")}
        shop.settle()
        assert shop.gateway.refunds == {f"refund-{ids.booking_id('pay_1')}": ("pay_1", Money(PRICE, "INR"))}
        assert {one for one, _ in post.events()} == {"done"}
        logged = [entry for entry in shop.rows.all(Table.AUDIT_LOG) if entry["action"] == "payment.refunded"]
        assert [(entry["actor"], entry["amount"]) for entry in logged] == [("gateway", PRICE)]
        assert shop.failed().error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.audit() == []

    def test_also_by_its_order(self, shop: Shop, post: Post) -> None:
        receipt = ids.hold_id("ann", "forgotten")
        order = asyncio.run(shop.gateway.open_order(receipt, Money(PRICE, "INR"), {}))
        shop.gateway.pay("pay_1", PRICE, order_id=order.id)
        post.send("order.paid")
        shop.sweep(AFTER_GRACE)
        assert state(shop) is PaymentState.REFUNDED

    @pytest.mark.parametrize("written", ["../teams", "a" * 5_000, "é", " ", "ann\n"])
    def test_what_anybody_wrote_on_a_payment_is_no_address(
        self, shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        async def nobody_asks(user_id: str) -> None:
            raise AssertionError(user_id)

        monkeypatch.setattr(shop.users, "account", nobody_asks)
        notes = {"noted_user_id": written, "noted_event_id": written, "noted_booking_id": written}
        shop.gateway.pay("pay_1", PRICE, **notes)
        post.send("payment.captured")
        shop.settle()
        [case] = shop.reports()
        assert (case["userId"], case["eventId"]) == ("", "")

    @pytest.mark.parametrize(
        "other", [{}, {"noted_user_id": "nobody"}, {"noted_event_id": "nothing"}, {"order_id": "order_9"}]
    )
    def test_otherwise_a_person_has_to_look(self, shop: Shop, post: Post, other: dict[str, str]) -> None:
        shop.gateway.pay("pay_1", PRICE, **other)
        post.send("payment.captured")
        post.send("order.paid")
        shop.settle()
        assert post.events() == [("needs_operator", "unclaimed")] * 2
        [case] = shop.reports()
        assert (case["state"], case["moneyAtRisk"], case["paymentId"]) == ("needs_operator", PRICE, "pay_1")
        assert state(shop) is PaymentState.CAPTURED
        assert shop.audit() == []

    def test_a_case_can_be_tried_again_and_settled(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="late")
        post.send("payment.captured")
        shop.settle()
        [case] = shop.reports()
        asyncio.run(console.retry(shop.desk(), "ada", case["$id"]))
        shop.settle()
        assert shop.reports()[0]["state"] == "needs_operator"
        asyncio.run(console.settle(shop.desk(), "ada", case["$id"], "Was for another shop."))
        assert post.events() == [("done", "settled")]
        shop.settle()
        assert shop.reports()[0]["state"] == "settled"
        assert shop.audit() == []

    def test_a_refund_that_is_refused_ends_with_a_person(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        shop.world.fail_always("refund payment", lambda: Rejected(Code.PAYMENT_NOT_VERIFIED))
        post.send("payment.captured")
        for _ in range(12):
            shop.sweep(6_000)
        assert post.events() == [("needs_operator", "unclaimed")]
        [case] = shop.reports()
        shop.world.faults.clear()
        asyncio.run(console.retry(shop.desk(), "ada", case["$id"]))
        shop.sweep(1)
        assert state(shop) is PaymentState.REFUNDED
        assert shop.reports()[0]["state"] == "complete"

    def test_an_authorised_one_lapses(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED, noted_user_id="ann")
        assert post.send("payment.authorized").result == "lapses"
        shop.settle()
        assert state(shop) is PaymentState.AUTHORISED

    def test_somebody_elses_payment_completes_nobodys_hold(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.gateway.pay(
            "pay_1", PRICE, noted_user_id="bob", noted_booking_id=kept.booking.id, email="bob@example.com"
        )
        assert post.send("payment.captured").result == "unclaimed"
        shop.settle()
        assert row(shop, kept.booking.id)["status"] == "expired"
        assert state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []

    def test_ones_own_payment_completes_the_hold_that_it_names(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann", noted_booking_id=kept.booking.id)
        assert post.send("payment.captured").result == "booked"

    def test_money_that_was_refused_before_a_booking_began_goes_back(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        post.send("payment.captured")
        shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
        assert shop.failed().error.code is Code.EVENT_NOT_PUBLISHED
        shop.settle()
        assert state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []


class TestFailed:
    def test_the_hold_ends_soon(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        assert post.send("payment.failed").result == "hold_ends"
        shop.sweep(299)
        assert row(shop, kept.booking.id)["status"] == "held"
        shop.sweep(2)
        assert row(shop, kept.booking.id)["status"] == "expired"
        assert shop.rows.all(Table.CLAIMS) == []
        shop.settle()
        assert shop.audit() == []

    def test_never_later_than_it_would_have(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        shop.now += timedelta(minutes=12)
        assert post.send("payment.failed").result == "ignored"
        assert row(shop, kept.booking.id)["heldUntil"] == "2030-01-01T12:15:00.000+00:00"

    @pytest.mark.parametrize("now", [PaymentState.CREATED, PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_not_while_it_is_paid_in_another_way(self, shop: Shop, post: Post, now: PaymentState) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        pay(shop, kept, "pay_2", state=now)
        assert post.send("payment.failed").result == "ignored"

    @pytest.mark.parametrize("late", [60, 400])
    def test_a_bank_that_says_yes_after_all(self, shop: Shop, post: Post, late: float) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        post.send("payment.failed")
        shop.sweep(late)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        assert post.send("payment.authorized").result == "booked"
        shop.settle()
        assert shop.audit() == []


class TestRefunds:
    def rolled_back(self, shop: Shop) -> str:
        """A booking whose money went back."""
        kept = held(shop)
        pay(shop, kept)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        shop.world.faults.clear()
        assert state(shop) is PaymentState.REFUNDED
        return kept.booking.id

    @pytest.mark.parametrize("settled", [False, True])
    def test_a_failed_refund_is_for_a_person(self, shop: Shop, post: Post, settled: bool) -> None:
        booking_id = self.rolled_back(shop)
        if settled:
            shop.settle()
        shop.gateway.bounce(f"refund-{booking_id}")
        assert post.send("refund.failed").result == ("refund_failed" if settled else "in_progress")
        shop.settle()
        assert row(shop, booking_id)["paymentStatus"] == "captured"
        [report] = shop.reports()
        assert (report["state"], report["moneyAtRisk"]) == ("needs_operator", PRICE)
        assert shop.audit() == []
        asyncio.run(console.retry(shop.desk(), "ada", report["$id"]))
        for _ in range(12):
            shop.sweep(6_000)
        assert shop.reports()[0]["state"] == "needs_operator", "the same refund is not made again"
        assert row(shop, booking_id)["paymentStatus"] == "captured"

    @pytest.mark.parametrize("numbers", [(), (2,)])
    def test_a_failed_refund_of_a_cancellation_is_for_a_person(self, numbers: tuple[int, ...]) -> None:
        shop = Counter()
        shop.cancel(*numbers)
        shop.settle()
        [key] = shop.gateway.refunds
        shop.gateway.bounce(key)
        assert Post(shop).send("refund.failed").result == "refund_failed"
        booking = shop.booking()
        assert booking is not None
        assert booking["paymentStatus"] == "captured"
        assert booking["status"] == ("confirmed" if numbers else "cancelled")
        assert shop.states() == ["needs_operator"]
        assert [one["refunded"] for one in shop.rows.all(Table.ORDERS)] == [0]
        assert [one["kind"] for one in shop.rows.all(Table.TRANSACTIONS)] == ["sale"]
        [report] = shop.reports()
        assert (report["state"], report["failedStep"]) == ("needs_operator", "refund")
        [entry] = [one for one in shop.rows.all(Table.AUDIT_LOG) if one["action"] == "refund.failed"]
        assert (entry["actor"], entry["bookingId"]) == ("gateway", booking["$id"])
        assert Post(shop).send("refund.failed", event_id="evt_again").result == "agrees"
        shop.settle()
        assert shop.audit() == []
        asyncio.run(console.settle(shop.desk(), "ada", report["$id"], "Paid in cash."))
        shop.settle()
        assert shop.states() == ["needs_operator"]
        assert shop.audit() == []

    @pytest.mark.parametrize("name", ["refund.created", "refund.processed"])
    def test_a_refund_that_is_known_changes_nothing(self, shop: Shop, post: Post, name: str) -> None:
        booking_id = self.rolled_back(shop)
        before = dict(row(shop, booking_id))
        assert post.send(name).result == "agrees"
        assert row(shop, booking_id) == before

    def test_a_refund_whose_answer_was_lost_is_shown(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        shop.world.fail("refund payment", busy, last=10**9, after_effect=True)
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        shop.world.faults.clear()
        post.send("refund.processed")
        shop.sweep(2)
        assert row(shop, kept.booking.id)["paymentStatus"] == "refunded"

    def test_money_moved_by_hand_under_a_booking_that_stands_is_for_a_person(
        self, shop: Shop, post: Post
    ) -> None:
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        asyncio.run(shop.gateway.refund("pay_1", Money(100, "INR"), "by-hand-0001"))
        post.send("refund.processed")
        shop.settle()
        assert [report["state"] for report in shop.reports()] == ["needs_operator"]
        assert shop.audit() == []

    def test_a_refund_of_nobodys_money_is_ignored(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.REFUNDED)
        assert post.send("refund.processed").result == "ignored"

    def test_unclaimed_money_whose_refund_fails_is_for_a_person(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        post.send("payment.captured")
        shop.sweep(AFTER_GRACE)
        shop.gateway.bounce(f"refund-{ids.booking_id('pay_1')}")
        post.send("refund.failed")
        shop.settle()
        assert [report["state"] for report in shop.reports()] == ["needs_operator"]
        assert shop.audit() == []


class TestLostWebhooks:
    """Nobody tells anything, and the client never comes back: the sweep asks the gateway itself."""

    def confirmed(self, shop: Shop) -> list[str]:
        return [one["$id"] for one in shop.rows.all(Table.BOOKINGS) if one["status"] == "confirmed"]

    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_being_converted_when_the_process_died(self, now: PaymentState) -> None:
        for call in range(12):
            for after in (False, True):
                shop = Shop()
                kept = held(shop)
                pay(shop, kept, state=now)
                shop.world.kill(call, after_effect=after)
                with pytest.raises(BaseException):  # noqa: B017 - the process is gone
                    asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
                shop.world.revive()
                shop.settle()
                kept_money = state(shop) is PaymentState.CAPTURED
                assert kept_money == bool(self.confirmed(shop)), (call, after)
                assert shop.audit() == []

    def test_expired(self, shop: Shop) -> None:
        kept = held(shop)
        shop.sweep(901)
        pay(shop, kept)
        shop.settle()
        assert self.confirmed(shop) == [ids.booking_id("pay_1")]
        assert shop.audit() == []

    def test_released(self, shop: Shop) -> None:
        kept = held(shop)
        asyncio.run(release_hold(shop.desk(), "ann", kept.booking.id))
        pay(shop, kept)
        shop.settle()
        assert state(shop) is PaymentState.CAPTURED
        assert self.confirmed(shop) == [ids.booking_id("pay_1")]
        assert shop.audit() == []
