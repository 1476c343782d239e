"""A box office in this process, over a real local Appwrite: each of its executions is an actor."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from boxoffice.audit.run import Sources, audit
from boxoffice.bookings.book import Wish, book
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed
from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.cancellations.results import Cancelled
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.gateway_events import SIGNATURE_HEADER
from boxoffice.domain.selection import Selection, SomeTickets
from boxoffice.recovery.results import Swept
from boxoffice.recovery.sweep import sweep
from boxoffice.webhooks.take import Delivery, Taken, take

from scripts.appwrite_http import RefusedError
from scripts.project.shop import Customer, Event
from tests.properties.actors import Actor, Gate
from tests.properties.desks import Desks
from tests.support.arena import MOST_SWEEPS, PATIENCE_SECONDS, Arena, is_idle
from tests.support.books import Books
from tests.support.payments import events
from tests.support.webhooks import body_of, signed_headers

T = TypeVar("T")

PRICE = 50_000
KIND = "Standing"

# As far as two machines' clocks may differ, less a second for the texts that times are written in.
SKEW_SECONDS = 29.0


@dataclass(slots=True)
class Keeping:
    """What somebody wants to have kept, and everything that was answered to it. name: of the request."""

    customer: Customer
    name: str
    wanted: Selection
    answers: list[Held | Failed] = field(default_factory=list)

    @property
    def booking(self) -> Booking | None:
        """The hold, as far as its customer knows."""
        held = [answer.booking for answer in self.answers if isinstance(answer, Held)]
        return next((booking for booking in held if booking.gateway_order_id), None)


@dataclass(slots=True)
class Purchase:
    """A payment that somebody has shown, and everything that was answered to it.

    keeping: the hold that it is for, if any. is_given_back: whether its booking may have been cancelled.
    """

    customer: Customer
    payment_id: str
    wanted: Selection
    keeping: Keeping | None = None
    is_given_back: bool = False
    answers: list[Booked | Failed] = field(default_factory=list)

    @property
    def booking(self) -> Booking | None:
        """The booking that was made of it, as far as its customer knows."""
        return next((answer.booking for answer in self.answers if isinstance(answer, Booked)), None)


class World:
    """One event, a few users, and time that passes when it is told to.

    labels: what the project's owner has put on the accounts of users, by their ids.
    """

    def __init__(self, arena: Arena, customers: int = 3) -> None:
        self.arena = arena
        self.customers = [arena.shop.create_customer() for _ in range(customers)]
        self.event: Event
        self.purchases: list[Purchase] = []
        self.keepings: list[Keeping] = []
        self.labels: dict[str, tuple[str, ...]] = {}
        self._story: list[str] = []
        self._desks = Desks(arena)
        self._names = itertools.count(1)

    def begin(self, capacity: int, **columns: Any) -> None:
        """An empty database but for one event with so many tickets; `columns` are further ones of its row."""
        self.arena.clear()
        self._desks.begin()
        self._move_clock(0)
        self._actors = itertools.count(1)
        self.purchases, self.keepings, self._story = [], [], []
        self.event = self.arena.shop.create_event({KIND: (PRICE, capacity)}, refundSteps="24:50", **columns)

    def tickets(self, quantity: int) -> SomeTickets:
        """So many tickets of the event."""
        return SomeTickets(self.event.id, self.event.kinds[KIND].id, None, quantity)

    def pay(self, customer: int, quantity: int, status: str) -> Purchase:
        """Somebody pays for so many tickets."""
        return self.pay_price(customer, self.tickets(quantity), PRICE * quantity, status)

    def pay_price(self, customer: int, wanted: Selection, price: int, status: str) -> Purchase:
        """Somebody pays what something costs, in minor units."""
        who = self.customers[customer]
        purchase = Purchase(who, self.arena.shop.pay(who, price, status=status), wanted)
        self.purchases.append(purchase)
        return purchase

    def bank_says_yes(self, purchase: Purchase, captures: bool) -> None:
        """A payment that was not finished is authorised after all, and captured when the gateway does so."""
        self._story.append(f"the payment is authorised{' and captured' if captures else ''}")
        for status in ("authorized", "captured") if captures else ("authorized",):
            # The gateway refuses what cannot be.
            self.arena.local.patch(f"/payments/{purchase.payment_id}", {"status": status})

    def keep(self, customer: int, quantity: int) -> Keeping:
        """Somebody wants so many tickets to be kept."""
        return self.keep_things(customer, self.tickets(quantity))

    def keep_things(self, customer: int, wanted: Selection) -> Keeping:
        """Somebody wants something to be kept."""
        # The gateway remembers every booking that ever was, so no two are called the same.
        keeping = Keeping(self.customers[customer], f"request-{next(self._names)}", wanted)
        self.keepings.append(keeping)
        return keeping

    def pay_for(self, keeping: Keeping, status: str) -> Purchase | None:
        """Somebody pays for what is kept; `None` when they know of no hold, or it has been paid."""
        booking = keeping.booking
        if booking is None:
            return None
        order, price = booking.gateway_order_id, booking.total.amount
        try:
            payment = self.arena.shop.pay(keeping.customer, price, orderId=order, status=status)
        except RefusedError:
            return None
        purchase = Purchase(keeping.customer, payment, keeping.wanted, keeping)
        self.purchases.append(purchase)
        return purchase

    def hold(self, keeping: Keeping, skew: float = 0.0) -> Actor[Held | Failed]:
        """The function keeps what is wanted, or finds that it does."""
        wish = HoldWish((keeping.wanted,), None, keeping.name)

        async def work(desk: Desk) -> Held | Failed:
            return await told(hold(desk, self._caller(keeping.customer), wish), keeping.answers)

        return self._act("hold", work, skew)

    def extend(self, keeping: Keeping, skew: float = 0.0) -> Actor[Held | Failed | None]:
        """The function keeps it longer."""

        async def work(desk: Desk) -> Held | Failed | None:
            if keeping.booking is None:
                return None
            return await told(extend_hold(desk, keeping.customer.user_id, keeping.booking.id), [])

        return self._act("extension", work, skew)

    def release(self, keeping: Keeping, skew: float = 0.0) -> Actor[Booking | Failed | None]:
        """The function gives it back."""

        async def work(desk: Desk) -> Booking | Failed | None:
            if keeping.booking is None:
                return None
            return await told(release_hold(desk, keeping.customer.user_id, keeping.booking.id), [])

        return self._act("release", work, skew)

    def cancel(self, purchase: Purchase, skew: float = 0.0) -> Actor[Cancelled | Failed | None]:
        """The function cancels what was booked."""
        booking = purchase.booking
        purchase.is_given_back = booking is not None

        async def work(desk: Desk) -> Cancelled | Failed | None:
            if booking is None:
                return None
            return await told(cancel(desk, self._caller(purchase.customer), Request({"$id": booking.id})), [])

        return self._act("cancellation", work, skew)

    def book(self, purchase: Purchase, skew: float = 0.0) -> Actor[Booked | Failed]:
        """The function books for a payment. skew: how wrong its machine's clock is, in seconds."""
        claim = PaymentClaim(purchase.payment_id, None, None)
        wish, caller = Wish((purchase.wanted,), claim), self._caller(purchase.customer)
        kept = purchase.keeping.booking if purchase.keeping else None

        async def work(desk: Desk) -> Booked | Failed:
            booking = convert(desk, caller, kept.id, claim) if kept else book(desk, caller, wish)
            return await told(booking, purchase.answers)

        return self._act("booking", work, skew)

    def tell(self, purchase: Purchase, number: int, skew: float = 0.0) -> Actor[Taken | Failed | None]:
        """The gateway tells of a payment, one of the events that there have been, once more or at last."""
        found = events(self.arena.local, purchase.payment_id)
        event = found[number % len(found)] if found else None

        async def work(desk: Desk) -> Taken | Failed | None:
            if event is None:
                return None
            body = body_of(event)
            headers = signed_headers(self.arena.server.ready, event["id"], body)
            delivery = Delivery(body, event["id"], headers[SIGNATURE_HEADER])
            return await told(take(desk, delivery), [])

        return self._act(f"webhook {event['event'] if event else ''}", work, skew)

    def audit(self) -> list[str]:
        """The library's own opinion on the books."""
        desk = self._desks.open(None)
        found = asyncio.run(audit(Sources(desk.rows, desk.files, desk.payments)))
        return [violation.sentence for violation in found.violations]

    def sweep(self, skew: float = 0.0) -> Actor[Swept | None]:
        """A run of the sweep; `None` when it had to give up. skew: how wrong its machine's clock is."""

        async def work(desk: Desk) -> Swept | None:
            try:
                return await sweep(desk)
            except BoxofficeError:
                return None

        return self._act("sweep", work, skew)

    def settle(self) -> None:
        """Time passes, and the sweep runs until it changes nothing any more."""
        for seconds in PATIENCE_SECONDS:
            self.pass_time(seconds)
            for _ in range(MOST_SWEEPS):
                run = self.sweep()
                run.finish()
                assert run.result is not None
                if is_idle(asdict(run.result)):
                    break
            else:
                raise AssertionError(f"the sweep never comes to rest: {run.result}")
            if not run.result.remaining:
                return

    def pass_time(self, seconds: float) -> None:
        """Every clock goes on."""
        self._story.append(f"{seconds:.0f} seconds pass")
        self._move_clock(self._desks.offset + seconds)

    def books(self) -> Books:
        """Everything that is written."""
        return self.arena.books()

    def story(self) -> str:
        """Every call that was made, by whom, and what became of it; and every leap of time."""
        return "\n".join(self._story)

    def note_death(self) -> None:
        """The next execution begins in a process that remembers nothing."""
        self._desks.restart()

    def _caller(self, customer: Customer) -> Caller:
        user_id = customer.user_id
        return Caller(user_id, Account(user_id, customer.email, "", self.labels.get(user_id, ())))

    def _act(self, name: str, work: Callable[[Desk], Awaitable[Any]], skew: float) -> Actor[Any]:
        async def run(gate: Gate) -> Any:
            return await work(self._desks.open(gate, skew))

        return Actor(f"{name} {next(self._actors)}", run, self._story.append)

    def _move_clock(self, offset: float) -> None:
        self._desks.offset = offset
        self.arena.set_clock(offset)


async def told(work: Awaitable[T], answers: list[T | Failed]) -> T | Failed:
    """What the client hears, added to what it has heard."""
    try:
        answer: T | Failed = await work
    except BoxofficeError as error:
        answer = Failed(error)
    answers.append(answer)
    return answer
