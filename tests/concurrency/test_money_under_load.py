"""Many clients who hold, pay, book, cancel and go away, while webhooks are lost, doubled and mixed up.

When all has come to rest the gateway's ledger and our rows say the same.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.appwrite_http import RefusedError
from scripts.project.shop import BOOK, HOLD, Answer, Customer, Event, execute
from tests.conftest import arena_serving
from tests.support.arena import PATIENCE_SECONDS, Arena
from tests.support.audit import audit
from tests.support.books import Books
from tests.support.crowd import all_at_once
from tests.support.local_server import ok, wait_until
from tests.support.webhooks import connected

pytestmark = pytest.mark.local_only

CLIENTS, SECONDS, LAST_TRIES = 64, 5.0, 3
# Every hold is over then, whether it has been paid or not.
LATER = 1_000.0
LEAST_OF_EACH = 10
STANDING, SEAT, HOUR = 50_000, 80_000, 100_000
CANCEL, CODE = "cancel_booking", "LOAD"
HALL = {"sections": [{"id": "S", "rows": [{"rows": "A-C", "seats": "1-20", "category": "gold"}]}]}
BAD_DAY = {"lossRate": 0.2, "duplicateRate": 0.3, "jitterSeconds": 3, "retrySeconds": 0.5, "seed": 7}
PAID, FREE = "captured", 0
# What the bank never says yes to stays so.
NEVER_PAID = "PAYMENT_PENDING"

Wanted = Mapping[str, Any]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server of its own, whose webhooks have a bad day."""
    yield from arena_serving(tmp_path_factory.mktemp("load") / "data")


@dataclass(frozen=True, slots=True)
class Market:
    """What there is: standing places, some of them free, seats, and hours at a service."""

    event: Event
    showtime: str
    service: str

    def something(self, chance: random.Random) -> Wanted:
        """What somebody wants."""
        event, two = self.event.id, chance.randint(1, 2)
        seat = f"{chance.choice('ABC')}{chance.randint(1, 19)}"
        hour = (datetime.now(UTC) + timedelta(days=2)).replace(
            hour=chance.randint(9, 10), minute=chance.choice((0, 30)), second=0, microsecond=0
        )
        standing = {"eventId": event, "ticketTypeName": "Standing", "quantity": two}
        return chance.choice(
            (
                standing,
                {**standing, "promoCode": CODE},
                {"showtimeId": self.showtime, "seats": [seat]},
                {"showtimeId": self.showtime, "quantity": two, "category": "gold"},
                {"serviceId": self.service, "startsAt": hour.isoformat(), "duration": 60},
                {
                    "eventId": event,
                    "items": [
                        {"showtimeId": self.showtime, "quantity": 1},
                        {"ticketTypeName": "Standing", "quantity": 1},
                    ],
                },
                {"eventId": event, "ticketTypeName": "Free", "quantity": 1},
            )
        )


@dataclass(slots=True)
class Client:
    """Somebody in a hurry.

    presented: payments that were named in a request. asked: what is asked again until the answer is final, by
    the payment or the hold. told: the answers of these. forgotten: holds that are left alone for a while.
    unsettled: payments that the bank has not said yes to. seen: the codes of all answers.
    """

    arena: Arena
    market: Market
    customer: Customer
    chance: random.Random
    presented: list[str] = field(default_factory=list)
    asked: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    told: dict[str, list[Answer]] = field(default_factory=dict)
    forgotten: list[Answer] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def hurry(self, until: float) -> None:
        """One thing after the other."""
        while time.monotonic() < until:
            self.chance.choice(
                (
                    self.holds,
                    self.holds,
                    self.books,
                    self.misspells,
                    self.cancels,
                    self.remembers,
                    self.is_paid_late,
                )
            )()

    def books(self) -> None:
        """Pays, and books directly: without a hold."""
        quantity = self.chance.randint(1, 2)
        status = self.chance.choice((PAID, "authorized"))
        payment = self.arena.shop.pay(self.customer, STANDING * quantity, status=status)
        wanted = {"eventId": self.market.event.id, "ticketTypeName": "Standing", "quantity": quantity}
        body = {**wanted, "paymentId": payment}
        self.presented.append(payment)
        self._asks(payment, lambda: execute(self.customer.http, BOOK, body))

    def misspells(self) -> None:
        """Pays, is refused before anything began, and gives up: nobody knows of the money but the gateway."""
        shop, notes = self.arena.shop, {"userId": self.customer.user_id}
        payment = shop.pay(self.customer, STANDING, status=PAID, notes=notes)
        wanted = {"eventId": self.market.event.id, "ticketTypeName": "Standing", "quantity": 1}
        body = {**wanted, "paymentId": payment, "promoCode": "MISSPELT"}
        self.presented.append(payment)
        self._hears(execute(self.customer.http, BOOK, body))

    def holds(self) -> None:
        """Holds, and mostly pays."""
        held = self._hears(self.arena.shop.hold(self.customer, self.market.something(self.chance)))
        if not held.body.get("success"):
            return
        what = self.chance.random()
        if what < 0.1:
            self._hears(self._with_hold("release", held))
        elif what < 0.3:
            self.forgotten.append(held)
        else:
            if what < 0.4:
                self._hears(self._with_hold("extend", held))
            self._pays(held)

    def remembers(self) -> None:
        """Pays for what was held some time ago."""
        if self.forgotten:
            self._pays(self.forgotten.pop(0))

    def is_paid_late(self) -> None:
        """The bank says yes after all."""
        if self.unsettled:
            status = self.chance.choice(("authorized", "captured"))
            self.arena.local.patch(f"/payments/{self.unsettled.pop(0)}", {"status": status})

    def _pays(self, held: Answer) -> None:
        """Pays for a hold; then says so, or is never seen again."""
        shop, chance = self.arena.shop, self.chance
        if held.data["totalAmount"] == FREE:
            self._asks(held.data["bookingId"], lambda: shop.book_hold(self.customer, held, None))
            return
        status = chance.choice((PAID, PAID, "authorized", "created", "failed"))
        try:
            payment = shop.pay_for(self.customer, held, status=status)
        except RefusedError:
            return
        if status in ("created", "failed"):
            self.unsettled.append(payment)
        if chance.random() < 0.7:
            self.presented.append(payment)
            self._asks(payment, lambda: shop.book_hold(self.customer, held, payment))

    def cancels(self) -> None:
        """Gives back one ticket, or all of them."""
        booked = [answers[-1].data for answers in self.told.values() if answers[-1].body.get("success")]
        if booked:
            booking = self.chance.choice(booked)
            body: dict[str, Any] = {"bookingId": booking["bookingId"]}
            if self.chance.random() < 0.5:
                body["tickets"] = [1]
            self._hears(execute(self.customer.http, CANCEL, body))

    def asks_again(self) -> bool:
        """Asks whatever was not answered for good; whether there was anything."""
        open_ones = [name for name, answers in self.told.items() if answers[-1].body.get("retryable")]
        for name in open_ones:
            self.told[name].append(self._hears(self.asked[name]()))
        return bool(open_ones)

    def broken_promises(self, tickets: set[str]) -> Iterator[str]:
        """What the client was told that is not so."""
        for name, answers in self.told.items():
            booked = [answer.data for answer in answers if answer.body.get("success")]
            if answers[-1].body.get("retryable") and answers[-1].code != NEVER_PAID:
                yield f"{name}: never a final answer, but {answers[-1].code}"
            if any(not set(data["ticketIds"]) <= tickets for data in booked):
                yield f"{name}: told of tickets that are not there"

    def _with_hold(self, action: str, held: Answer) -> Answer:
        body = {"action": action, "bookingId": held.data["bookingId"]}
        return execute(self.customer.http, HOLD, body)

    def _asks(self, name: str, ask: Callable[[], Answer]) -> None:
        self.asked[name] = ask
        self.told[name] = [self._hears(ask())]

    def _hears(self, answer: Answer) -> Answer:
        self.seen[answer.code or str(answer.status)] += 1
        return answer


@pytest.fixture(scope="module")
def market(arena: Arena) -> Market:
    """Enough of everything that some is left, and little enough that some is gone."""
    shop = arena.shop
    event = shop.create_event({"Standing": (STANDING, 80), "Free": (FREE, 20)}, refundSteps="24:50")
    code = {"code": CODE, "active": True, "basisPoints": 1_000, "uses": 12, "usesPerUser": 1}
    shop.create_row("promo_codes", "pc-load", {**code, "returnedOnCancellation": True})
    service = shop.create_service(capacity=3, step=30, bufferAfter=15, prices=f'{{"60": {HOUR}}}')
    return Market(event, shop.create_showtime(event.id, HALL, {"gold": SEAT}), service)


def test_the_ledger_and_the_rows_agree_after_a_bad_day(arena: Arena, market: Market) -> None:
    clients = [Client(arena, market, arena.shop.create_customer(), random.Random(n)) for n in range(CLIENTS)]
    with connected(arena):
        ok(arena.local.patch("/payments/settings", BAD_DAY))
        for clock in (0.0, LATER):
            with arena.clock(clock):
                rush(clients)
                wait_for_webhooks(arena)
        arena.settle()
        for _ in range(LAST_TRIES):
            if not sum(client.asks_again() for client in clients):
                break
            arena.settle()
        # What was told while time was passing is on its way at that time.
        with arena.clock(PATIENCE_SECONDS[-1] + LATER):
            wait_for_webhooks(arena)
        arena.settle()
    books = arena.books()
    presented = [payment for client in clients for payment in client.presented]
    assert books.violations(presented=presented) == []
    there = {ticket["$id"] for ticket in books.tickets}
    assert [promise for client in clients for promise in client.broken_promises(there)] == []
    audited = audit(arena)
    assert audited.returncode == 0, audited.stdout
    assert kept(books) == due(books)
    seen = sum((client.seen for client in clients), Counter[str]())
    assert not seen.keys() & {"ROLLBACK_FAILED", "BOOKING_ERROR"}, seen
    ends = Counter(row["status"] for row in books.bookings)
    assert min(ends["confirmed"], ends["cancelled"], ends["expired"]) >= LEAST_OF_EACH, ends


def rush(clients: Sequence[Client]) -> None:
    """All of them are in a hurry at once."""
    until = time.monotonic() + SECONDS
    all_at_once(len(clients), lambda number: clients[number].hurry(until))


def wait_for_webhooks(arena: Arena) -> None:
    """Nothing is on its way any more."""

    def is_quiet() -> bool:
        events = ok(arena.local.get("/payments/events"))["events"]
        return all(event["state"] != "waiting" for event in events)

    wait_until(is_quiet, seconds=30)


def kept(books: Books) -> int:
    """All the money that we have for what was booked, by the gateway's ledger."""
    booked = {row["paymentId"] for row in books.bookings}
    return sum(money.kept for payment, money in books.money.items() if payment in booked)


def due(books: Books) -> int:
    """All the money that we should have, by our rows."""
    made = {row["$id"] for row in books.outcomes if row["outcome"] == "CONFIRMED"}
    sold = sum(int(row["total"]) for row in books.bookings if row["$id"] in made)
    return sold - sum(int(row["refund"]) for row in books.cancellations if row["state"] == "done")
