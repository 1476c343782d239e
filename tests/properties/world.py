"""A box office in this process, over a real local Appwrite: each of its executions is an actor."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from boxoffice.adapters.appwrite.accounts import AppwriteAccounts, ProvenTokens
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.messages import AppwriteMessages
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.appwrite.users import AppwriteUsers
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.adapters.threads import Threads
from boxoffice.availability.look import Availability, Views
from boxoffice.bookings.book import Wish, book
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.caching import Cache, Remembered
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.conflicts.tally import Conflicts, Tally
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.selection import SomeTickets
from boxoffice.domain.tickets import SigningKeys
from boxoffice.inventory.claims import Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.logs import Log
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.promo_codes import PromoCodes
from boxoffice.recovery.results import Swept
from boxoffice.recovery.sweep import sweep
from boxoffice.saga.timing import TimeBudget, Timing

from scripts.project.shop import Customer, Event
from tests.properties.actors import Actor, Gate, GatedAdapter
from tests.support.arena import MOST_SWEEPS, PATIENCE_SECONDS, Arena, is_idle
from tests.support.books import Books

PRICE = 50_000
KIND = "Standing"

# As far as two machines' clocks may differ, less a second for the texts that times are written in.
SKEW_SECONDS = 29.0


class NoImages:
    """Drawing takes longer than everything else, and nothing here looks at it."""

    async def png(self, code: str) -> bytes:
        """Any image."""
        return b"\x89PNG " + code.encode()


@dataclass(slots=True)
class Process:
    """What the executions of one warm function share."""

    memory: PoolMemory
    listings: Cache[str, Listing]


@dataclass(slots=True)
class Purchase:
    """A payment that somebody has shown, and everything that was answered to it."""

    customer: Customer
    payment_id: str
    quantity: int
    answers: list[Booked | Failed] = field(default_factory=list)


class World:
    """One event, a few users, and time that passes when it is told to."""

    def __init__(self, arena: Arena, customers: int = 3) -> None:
        self.arena = arena
        self.customers = [arena.shop.create_customer() for _ in range(customers)]
        self.event: Event
        self.purchases: list[Purchase] = []
        self._story: list[str] = []
        self._offset = 0.0
        self._process: Process

    def begin(self, capacity: int) -> None:
        """An empty database but for one event with so many tickets."""
        self.arena.clear()
        self._move_clock(0)
        self._restart()
        self._tokens, self._actors = itertools.count(1), itertools.count(1)
        self._random = random.Random(1)
        self.purchases, self._story = [], []
        self.event = self.arena.shop.create_event({KIND: (PRICE, capacity)})

    def pay(self, customer: int, quantity: int, status: str) -> Purchase:
        """Somebody pays for so many tickets."""
        who = self.customers[customer]
        payment = self.arena.shop.pay(who, PRICE * quantity, status=status)
        purchase = Purchase(who, payment, quantity)
        self.purchases.append(purchase)
        return purchase

    def bank_says_yes(self, purchase: Purchase, captures: bool) -> None:
        """A payment that was not finished is authorised after all, and captured when the gateway does so."""
        self._story.append(f"the payment is authorised{' and captured' if captures else ''}")
        for status in ("authorized", "captured") if captures else ("authorized",):
            self.arena.local.patch(f"/payments/{purchase.payment_id}", {"status": status})

    def book(self, purchase: Purchase, skew: float = 0.0) -> Actor[Booked | Failed]:
        """The function books for a payment. skew: how wrong its machine's clock is, in seconds."""
        customer = purchase.customer
        caller = Caller(customer.user_id, Account(customer.user_id, customer.email, ""))
        claim = PaymentClaim(purchase.payment_id, None, None)
        wanted = SomeTickets(self.event.id, self.event.kinds[KIND].id, None, purchase.quantity)
        wish = Wish((wanted,), claim)

        async def work(desk: Desk) -> Booked | Failed:
            try:
                result = await book(desk, caller, wish)
            except BoxofficeError as error:
                result = Failed(error)
            purchase.answers.append(result)
            return result

        return self._act("booking", work, skew)

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
        self._move_clock(self._offset + seconds)

    def books(self) -> Books:
        """Everything that is written."""
        return self.arena.books()

    def story(self) -> str:
        """Every call that was made, by whom, and what became of it; and every leap of time."""
        return "\n".join(self._story)

    def note_death(self) -> None:
        """The next execution begins in a process that remembers nothing."""
        self._restart()

    def _act(self, name: str, work: Callable[[Desk], Awaitable[Any]], skew: float) -> Actor[Any]:
        async def run(gate: Gate) -> Any:
            threads = Threads(1)
            return await work(self._desk(gate, threads, skew))

        return Actor(f"{name} {next(self._actors)}", run, self._story.append)

    def _desk(self, gate: Gate, threads: Threads, skew: float) -> Desk:
        """What `bootstrap.open_desk` makes, with a gate before the network and with this world's time."""
        ready, waited = self.arena.server.ready, [0.0]

        async def sleep(seconds: float) -> None:
            waited[0] += seconds

        timing = Timing(lambda: waited[0], sleep, lambda: 0.5)
        budget = TimeBudget(timing.clock, total=25.0, reserve=10.0)
        session = pooled_session(1)
        session.mount("http://", GatedAdapter(gate))

        def client(credential: str, value: str) -> PooledClient:
            return PooledClient(session, ready.endpoint, ready.project_id, {credential: value}, budget)

        server = client("x-appwrite-key", ready.api_key)
        rows = AppwriteRows(server, threads, timing, budget)
        process, token = self._process, next(self._tokens)
        log = Log(lambda line: None, lambda line: None, f"execution-{token}")
        gateway = ready.razorpay

        def now() -> datetime:
            return datetime.now(UTC) + timedelta(seconds=self._offset + skew)

        catalogue = Catalogue(rows, process.listings, timing)
        programme = Programme(rows, KnownProgramme.empty(1, lambda: 0.0))
        conflicts = Conflicts(Tally(timing.clock), rows, lambda: f"attempt-{token}", log)
        return Desk(
            accounts=AppwriteAccounts(
                lambda jwt: client("x-appwrite-jwt", jwt),
                ProvenTokens(1, lambda: 0.0),
                threads,
                timing,
                budget,
            ),
            users=AppwriteUsers(server, threads, timing, budget),
            messages=AppwriteMessages(server, threads, timing, budget),
            rows=rows,
            files=AppwriteFiles(server, threads, timing, budget),
            payments=RazorpayPayments(
                session, (gateway["keyId"], gateway["keySecret"]), gateway["url"], threads, timing, budget
            ),
            images=NoImages(),
            catalogue=catalogue,
            programme=programme,
            promo_codes=PromoCodes(rows, Remembered(1, 0.0, lambda: 0.0)),
            inventory=Inventory(rows, process.memory, self._random.randrange, now, conflicts),
            availability=Availability(
                rows, catalogue, programme, Views(1, 0.0, lambda: 0.0), process.memory, timing, now
            ),
            conflicts=conflicts,
            signing_keys=SigningKeys("k1", {"k1": b"sixteen byte key"}),
            log=log,
            timing=timing,
            budget=budget,
            now=now,
            new_token=lambda: f"attempt-{token}",
            execution_id=f"execution-{token}",
        )

    def _restart(self) -> None:
        self._process = Process(PoolMemory(lambda: self._offset), Cache(10, lambda: 0.0))

    def _move_clock(self, offset: float) -> None:
        self._offset = offset
        self.arena.set_clock(offset)
