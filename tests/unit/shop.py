"""A small box office over the fakes: one event, one ticket type, and the function's own entry."""

from __future__ import annotations

import asyncio
import copy
import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from boxoffice.audit.run import Sources, audit
from boxoffice.audit.violations import Violation
from boxoffice.availability.look import Availability, Views
from boxoffice.bookings.book import Wish, book
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.caching import Cache, Remembered
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.conflicts.tally import Conflicts, Tally
from boxoffice.contract import answers
from boxoffice.domain import ids
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Fatal, Retryable
from boxoffice.domain.promos import PromoCode
from boxoffice.domain.selection import SomeTickets
from boxoffice.domain.tickets import SigningKeys
from boxoffice.inventory.claims import Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.logs import Log
from boxoffice.ports import Archive
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.promo_codes import PromoCodes
from boxoffice.recovery.results import Swept
from boxoffice.recovery.sweep import sweep
from boxoffice.saga.timing import TimeBudget
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.fake_gateway import FakeGateway
from tests.unit.fake_rows import FakeRows
from tests.unit.fake_time import FakeTime
from tests.unit.fakes import FakeAccounts, FakeArchive, FakeFiles, FakeImages, FakeMessages, FakeUsers
from tests.unit.world import World

ANN = Caller("ann", Account("ann", "ann@example.com", ""))
BOB = Caller("bob", Account("bob", "bob@example.com", ""))
PRICE = 50_000
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
POOL = ids.pool_id("standing")


class Shop:
    """One event, and everything that a use case needs; each `book` is an execution of its own.

    The executions of one shop share what those of a warm function share.
    """

    def __init__(self, capacity: int = 10, seed: int = 1) -> None:
        self.world = World()
        self.time = FakeTime()
        self.now = NOW
        self.rows = FakeRows(self.world, lambda: self.now)
        self.files = FakeFiles(self.world, lambda: self.now)
        self.users = FakeUsers(*(caller.account for caller in (ANN, BOB) if caller.account))
        self.messages = FakeMessages(self.world)
        self.kept = FakeArchive(self.world)
        self.archive: Archive = self.kept
        self.gateway = FakeGateway(self.world, lambda: self.now)
        self.lines: list[str] = []
        self.memory = PoolMemory(lambda: self.time.seconds)
        self.views = Views(1, 0.0, lambda: self.time.seconds)
        self.tally = Tally(lambda: self.time.seconds)
        self.listings: Cache[str, Listing] = Cache(10, lambda: self.time.seconds)
        self.known_programme = KnownProgramme.empty(10, lambda: self.time.seconds)
        self.known_promo_codes: Remembered[str, PromoCode] = Remembered(10, 10.0, lambda: self.time.seconds)
        self._random = random.Random(seed)
        self._tokens = (f"token-{number}" for number in itertools.count())
        self.rows.seed(
            Table.EVENTS,
            "concert",
            name="Concert",
            status="published",
            startsAt=to_text(NOW + timedelta(days=30)),
        )
        self.rows.seed(
            Table.TICKET_TYPES,
            "standing",
            eventId="concert",
            name="Standing",
            price=PRICE,
            currency="INR",
            capacity=capacity,
            onSale=True,
        )

    def desk(self) -> Desk:
        timing = self.time.timing
        catalogue = Catalogue(self.rows, self.listings, timing)
        programme = Programme(self.rows, self.known_programme, self.log())
        conflicts = Conflicts(self.tally, self.rows, lambda: next(self._tokens), self.log())
        return Desk(
            accounts=FakeAccounts(),
            users=self.users,
            messages=self.messages,
            rows=self.rows,
            files=self.files,
            payments=self.gateway,
            images=FakeImages(),
            catalogue=catalogue,
            programme=programme,
            promo_codes=PromoCodes(self.rows, self.known_promo_codes),
            inventory=Inventory(
                self.rows,
                self.memory,
                self._random.randrange,
                lambda: self.now,
                conflicts,
                "execution",
            ),
            availability=lambda: Availability(
                self.rows, catalogue, programme, self.views, self.memory, timing, lambda: self.now
            ),
            conflicts=conflicts,
            signing_keys=SigningKeys("k1", {"k1": b"sixteen byte key"}),
            log=self.log(),
            timing=timing,
            budget=TimeBudget(timing.clock, total=25.0, reserve=10.0),
            now=lambda: self.now,
            new_token=lambda: next(self._tokens),
            execution_id="execution",
            archive=self.archive,
        )

    def log(self) -> Log:
        return Log(self.lines.append, self.lines.append, "execution")

    def wish(self, payment_id: str, quantity: int = 1, **other: Any) -> Wish:
        fields: dict[str, Any] = {
            "event_id": "concert",
            "ticket_type_id": "standing",
            "ticket_type_name": None,
            "quantity": quantity,
        }
        wanted = {name: other.pop(name, value) for name, value in fields.items()}
        claim = other.pop("payment", PaymentClaim(payment_id))
        return Wish(other.pop("selections", (SomeTickets(**wanted),)), claim, **other)

    async def book_async(
        self, payment_id: str = "pay_1", quantity: int = 1, caller: Caller = ANN, **other: Any
    ) -> Booked | Failed:
        try:
            return await book(self.desk(), caller, self.wish(payment_id, quantity, **other))
        except BoxofficeError as error:
            return Failed(error)

    def book(
        self, payment_id: str = "pay_1", quantity: int = 1, caller: Caller = ANN, **other: Any
    ) -> Booked | Failed:
        return asyncio.run(self.book_async(payment_id, quantity, caller, **other))

    def booked(self, payment_id: str = "pay_1", quantity: int = 1, **other: Any) -> Booked:
        result = self.book(payment_id, quantity, **other)
        assert isinstance(result, Booked), result
        return result

    def failed(self, payment_id: str = "pay_1", quantity: int = 1, **other: Any) -> Failed:
        result = self.book(payment_id, quantity, **other)
        assert isinstance(result, Failed), result
        return result

    def warm(self) -> None:
        """Book once, so that the catalogue is known, and forget the calls."""
        self.gateway.pay("pay_warm", PRICE)
        self.booked("pay_warm")
        self.world.calls.clear()

    def sell(self, count: int) -> None:
        for number in range(count):
            self.gateway.pay(f"pay_sold_{number}", PRICE)
            self.booked(f"pay_sold_{number}")
        self.world.calls.clear()

    def sweep(self, later: float = 0.0) -> Swept:
        """One run of the sweep, so many seconds later."""
        self.now += timedelta(seconds=later)
        return asyncio.run(sweep(self.desk()))

    def settle(self) -> None:
        """Time passes, until the sweep has nothing to do any more."""
        for seconds in (150, 600, 3_600, 20_000, 40_000):
            if not self.sweep(seconds).remaining:
                return
        raise AssertionError("the sweep never ends")

    def audit(self) -> list[Violation]:
        """What is wrong with the books, the gateway's included."""
        sources = Sources(self.rows, self.files, self.gateway, self.gateway.payments)
        return asyncio.run(audit(sources)).violations

    def snapshot(self) -> object:
        """Everything that is written, besides how far the gateway's list has been read."""
        tables = {table: rows for table, rows in self.rows.tables.items() if table is not Table.CURSORS}
        return copy.deepcopy((tables, self.files.files, self.gateway.payments))

    def count(self, *tables: Table) -> list[int]:
        return [len(self.rows.all(table)) for table in tables]

    def leftovers(self) -> dict[str, int]:
        """What a booking writes besides its journal."""
        tables = (Table.CLAIMS, Table.TICKETS, Table.TRANSACTIONS, Table.ORDERS)
        counts = {table.value: len(self.rows.all(table)) for table in tables}
        return {**counts, "files": len(self.files.files)}

    def booking(self, payment_id: str = "pay_1") -> dict[str, Any] | None:
        return self.rows.tables[Table.BOOKINGS].get(ids.booking_id(payment_id))

    def outcome(self, payment_id: str = "pay_1") -> str | None:
        row = self.rows.tables[Table.OUTCOMES].get(ids.booking_id(payment_id))
        return row["outcome"] if row else None

    def reports(self) -> list[dict[str, Any]]:
        return self.rows.all(Table.ROLLBACK_REPORTS)

    def appwrite_calls(self) -> list[str]:
        return [call for call in self.world.calls if not call.endswith("payment")]


NOTHING = {"claims": 0, "tickets": 0, "transactions": 0, "orders": 0, "files": 0}


def broken() -> Exception:
    return Fatal(Code.SERVICE_UNAVAILABLE)


def busy() -> Exception:
    return Retryable(Code.SERVICE_UNAVAILABLE)


def answer_of(failed: Failed) -> dict[str, Any]:
    return answers.failure(failed, "execution")


Make = Callable[[], Exception]
