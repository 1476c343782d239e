"""A world with seats and times besides, with an administrator, and with rules about who gives way to whom."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import Held
from boxoffice.bookings.results import Failed
from boxoffice.conflicts import deciding
from boxoffice.conflicts.cases import Case
from boxoffice.conflicts.confirming import Asked, ask_to_confirm, confirm_hold
from boxoffice.domain import ids
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTime
from boxoffice.managing import blocks
from boxoffice.managing.blocks import Block, Unblocked
from boxoffice.managing.moves import Moved, Wish, move
from boxoffice.managing.targets import Crowd, Seats, Target, Times

from tests.properties.actors import Actor
from tests.properties.world import KIND, PRICE, Keeping, Purchase, World, told
from tests.support.arena import Arena

HALL = {"sections": [{"id": "S", "rows": [{"rows": "A", "seats": "1-4", "category": "gold"}]}]}
SEATS = ("A1", "A2", "A3", "A4")
HOUR_PRICE = 100_000
GRACE = timedelta(seconds=300)

# Who comes first where there are priorities; the others have no label.
STRONG = 2

_ADMIN, _REASON = "ada", "Technical reasons."


@dataclass(slots=True)
class Blocking:
    """What an administrator wants to have blocked. name: of the request."""

    target: Target
    name: str


class House(World):
    """An event with a crowd, four seats, and a service for one guest whose hours overlap.

    things: what can be held and booked, with its price in minor units; targets: what can be blocked; both by
    what they are called. cases: the ids of the requests that an administrator decides about, and whose.
    """

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.labels = {self.customers[STRONG].user_id: ("tier1",)}
        self.things: Mapping[str, tuple[Selection, int]] = {}
        self.targets: Mapping[str, Target] = {}
        self.blockings: list[Blocking] = []
        self._requests = itertools.count(1)

    @property
    def cases(self) -> dict[str, Keeping]:
        """The cases that requests have become, as far as those know who asked."""
        refused = [(keeping, one) for keeping in self.keepings for one in keeping.answers]
        return {
            one.error.details["caseId"]: keeping
            for keeping, one in refused
            if isinstance(one, Failed) and one.error.details.get("caseId")
        }

    def open_house(self, capacity: int, policy: str) -> None:
        """Begin with so many places in the crowd, and with a rule about holds that are in the way."""
        self.begin(capacity, conflictPolicy=policy, displaceAfterSeconds=0)
        shop, event = self.arena.shop, self.event
        showtime = shop.create_showtime(event.id, HALL, {"gold": PRICE})
        service = shop.create_service(eventId=event.id, step=30)
        nine = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
        half_past = nine + timedelta(minutes=30)
        self.things = {
            "a place": (self.tickets(1), PRICE),
            "two places": (self.tickets(2), 2 * PRICE),
            "A1 and A2": (NamedSeats(showtime, ("A1", "A2")), 2 * PRICE),
            "A2": (NamedSeats(showtime, ("A2",)), PRICE),
            "the best seat": (BestSeats(showtime, 1, None), PRICE),
            "an hour from nine": (SomeTime(service, nine, 60, 1), HOUR_PRICE),
            "an hour from half past": (SomeTime(service, half_past, 60, 1), HOUR_PRICE),
        }
        self.targets = {
            "a place": Crowd(event.kinds[KIND].id, 1),
            "A2 and A3": Seats(showtime, ("A2", "A3")),
            "nine to ten": Times(service, nine, nine + timedelta(hours=1)),
        }
        self.blockings = []

    def keep_thing(self, customer: int, thing: str) -> Keeping:
        """Somebody wants to have something kept."""
        return self.keep_things(customer, self.things[thing][0])

    def pay_thing(self, customer: int, thing: str, status: str) -> Purchase:
        """Somebody pays for something."""
        return self.pay_price(customer, *self.things[thing], status)

    def want_blocked(self, target: str) -> Blocking:
        """The administrator wants something to be blocked."""
        blocking = Blocking(self.targets[target], f"request-{next(self._requests)}")
        self.blockings.append(blocking)
        return blocking

    def block(self, blocking: Blocking, skew: float = 0.0) -> Actor[Block | Failed]:
        """The function blocks it, or finds that it has."""

        async def work(desk: Desk) -> Block | Failed:
            return await told(blocks.block(desk, _ADMIN, blocking.target, _REASON, blocking.name), [])

        return self._act("block", work, skew)

    def unblock(self, blocking: Blocking, is_by_name: bool, skew: float = 0.0) -> Actor[Unblocked | Failed]:
        """The function lifts a block, or unblocks the same units whosever they are."""
        target = blocking.target
        named = target if is_by_name and not isinstance(target, Crowd) else ids.block_id(blocking.name)

        async def work(desk: Desk) -> Unblocked | Failed:
            return await told(blocks.unblock(desk, _ADMIN, named, _REASON), [])

        return self._act("unblock", work, skew)

    def move(
        self, what: Keeping | Purchase, seats: Mapping[int, str], skew: float = 0.0
    ) -> Actor[Moved | Failed | None]:
        """The function gives tickets of a hold or a booking other seats, by their numbers."""
        booking = what.booking

        async def work(desk: Desk) -> Moved | Failed | None:
            if booking is None:
                return None
            return await told(move(desk, _ADMIN, Wish(booking.id, seats, any_category=True), _REASON), [])

        return self._act("move", work, skew)

    def decide(self, case_id: str, is_granted: bool, skew: float = 0.0) -> Actor[Case | Failed]:
        """The function does what the administrator has decided about a case."""
        decide = deciding.grant if is_granted else deciding.refuse

        async def work(desk: Desk) -> Case | Failed:
            return await told(decide(desk, _ADMIN, case_id, _REASON), [])

        return self._act("grant" if is_granted else "refusal", work, skew)

    def keep_granted(self, case_id: str) -> Keeping:
        """Whoever was granted something asks for the hold that was made for it."""
        asked = self.cases[case_id]
        keeping = Keeping(asked.customer, case_id, asked.wanted)
        self.keepings.append(keeping)
        return keeping

    def ask(self, keeping: Keeping, skew: float = 0.0) -> Actor[Asked | Failed | None]:
        """The function asks the owner of a hold whether they still want it."""
        booking = keeping.booking

        async def work(desk: Desk) -> Asked | Failed | None:
            if booking is None:
                return None
            return await told(ask_to_confirm(desk, _ADMIN, [booking.id], GRACE, _REASON), [])

        return self._act("question", work, skew)

    def confirm(self, keeping: Keeping, skew: float = 0.0) -> Actor[Held | Failed | None]:
        """The owner of a hold says that they still want it."""
        booking, user_id = keeping.booking, keeping.customer.user_id

        async def work(desk: Desk) -> Held | Failed | None:
            if booking is None:
                return None
            return await told(confirm_hold(desk, user_id, booking.id), [])

        return self._act("confirmation", work, skew)
