"""What an execution of the library has at hand here: real adapters, a gate, and time that stands still."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
from boxoffice.bookings.desk import Desk
from boxoffice.caching import Cache, Remembered
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.conflicts.tally import Conflicts, Tally
from boxoffice.domain.tickets import SigningKeys
from boxoffice.inventory.claims import Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.logs import Log
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.promo_codes import PromoCodes
from boxoffice.saga.timing import TimeBudget, Timing

from tests.properties.actors import Gate, GatedAdapter
from tests.support.arena import Arena


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


class Desks:
    """Opens desks of one warm process after the other. offset: how far time has gone on, in seconds."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.begin()

    def begin(self) -> None:
        """At the beginning of time, with the same chance as ever."""
        self.offset = 0.0
        self._tokens = itertools.count(1)
        self._random = random.Random(1)
        self.restart()

    def restart(self) -> None:
        """The process is a new one, which remembers nothing."""
        self._process = Process(PoolMemory(lambda: self.offset), Cache(10, lambda: 0.0))

    def open(self, gate: Gate | None, skew: float = 0.0) -> Desk:
        """What `bootstrap.open_desk` makes, with a gate before the network, if any, and with this time.

        skew: how wrong the machine's clock is, in seconds.
        """
        ready, waited, threads = self._arena.server.ready, [0.0], Threads(1)

        async def sleep(seconds: float) -> None:
            waited[0] += seconds

        timing = Timing(lambda: waited[0], sleep, lambda: 0.5)
        budget = TimeBudget(timing.clock, total=25.0, reserve=10.0)
        session = pooled_session(1)
        if gate is not None:
            session.mount("http://", GatedAdapter(gate))

        def client(credential: str, value: str) -> PooledClient:
            return PooledClient(session, ready.endpoint, ready.project_id, {credential: value}, budget)

        server = client("x-appwrite-key", ready.api_key)
        rows = AppwriteRows(server, threads, timing, budget)
        process, token = self._process, next(self._tokens)
        log = Log(lambda line: None, lambda line: None, f"execution-{token}")
        gateway = ready.razorpay

        def now() -> datetime:
            return datetime.now(UTC) + timedelta(seconds=self.offset + skew)

        catalogue = Catalogue(rows, process.listings, timing)
        programme = Programme(rows, KnownProgramme.empty(1, lambda: 0.0), log)
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
                session,
                (gateway["keyId"], gateway["keySecret"]),
                gateway["url"],
                threads,
                timing,
                budget,
                (gateway["webhookSecret"],),
            ),
            images=NoImages(),
            catalogue=catalogue,
            programme=programme,
            promo_codes=PromoCodes(rows, Remembered(1, 0.0, lambda: 0.0)),
            inventory=Inventory(rows, process.memory, self._random.randrange, now, conflicts),
            availability=lambda: Availability(
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
