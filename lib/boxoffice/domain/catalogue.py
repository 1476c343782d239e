"""What is for sale, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from boxoffice.domain.cancellation import CancellationPolicy
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import FIRST_COME, ConflictRules
from boxoffice.domain.errors import Rejected
from boxoffice.domain.holds import USUAL_HOLDS, HoldPolicy
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import NO_CHARGES, Charges


@dataclass(frozen=True, slots=True)
class Event:
    """An event. Times are in UTC; `None` for the end means that the event is over once it has begun.

    Without a cancellation policy only the organiser cancels. `takes_substitutes` says whether somebody whose
    units are gone when the money arrives gets others of the same kind and price instead of the money back.
    """

    id: str
    name: str
    published: bool
    starts_at: datetime
    ends_at: datetime | None
    charges: Charges = NO_CHARGES
    cancellation: CancellationPolicy | None = None
    holds: HoldPolicy = USUAL_HOLDS
    conflicts: ConflictRules = FIRST_COME
    takes_substitutes: bool = False


@dataclass(frozen=True, slots=True)
class TicketType:
    """A kind of ticket for an event, with its price and how many there are in all.

    The sale is open from `sales_start` up to, and not including, `sales_end`; `None` leaves that side open.
    Without a `showtime_id` it is for the whole event.
    """

    id: str
    event_id: str
    name: str
    price: Money
    capacity: int
    on_sale: bool
    sales_start: datetime | None
    sales_end: datetime | None
    showtime_id: str | None = None


def check_event(event: Event, now: datetime) -> None:
    """Return when something of `event` may be sold at `now`.

    Raises `Rejected` with `EVENT_NOT_PUBLISHED` or `EVENT_PAST`.
    """
    if not event.published:
        raise Rejected(Code.EVENT_NOT_PUBLISHED)
    if (event.ends_at or event.starts_at) <= now:
        raise Rejected(Code.EVENT_PAST)


def is_selling(event: Event, now: datetime) -> bool:
    """Whether something of `event` may be sold at `now`."""
    return _passes(lambda: check_event(event, now))


def is_on_sale(event: Event, ticket_type: TicketType, now: datetime) -> bool:
    """Whether `ticket_type` can be bought at `now`. `event` is as it takes place for these tickets."""
    return is_selling(event, now) and _passes(lambda: check_ticket_type(ticket_type, now))


def check_ticket_type(ticket_type: TicketType, now: datetime) -> None:
    """Return when `ticket_type` is on sale at `now`.

    Raises `Rejected` with `TICKET_TYPE_UNAVAILABLE` or `SALES_CLOSED`.
    """
    if not ticket_type.on_sale:
        raise Rejected(Code.TICKET_TYPE_UNAVAILABLE)
    if ticket_type.sales_start is not None and now < ticket_type.sales_start:
        raise Rejected(
            Code.SALES_CLOSED,
            "The sale of these tickets has not begun.",
            {"salesStart": ticket_type.sales_start.isoformat()},
        )
    if ticket_type.sales_end is not None and ticket_type.sales_end <= now:
        raise Rejected(
            Code.SALES_CLOSED,
            "The sale of these tickets has ended.",
            {"salesEnd": ticket_type.sales_end.isoformat()},
        )


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Rejected:
        return False
    return True
