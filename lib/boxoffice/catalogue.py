"""Events and ticket types, as the database has them, remembered for a few seconds by a warm function."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from boxoffice.caching import Cache
from boxoffice.domain.cancellation import CancellationPolicy, read_steps
from boxoffice.domain.catalogue import Event, TicketType
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import FIRST_COME, ConflictPolicy, ConflictRules
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.holds import USUAL_HOLDS, HoldPolicy
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import Charges, Fee, FeePer, Tax
from boxoffice.ports import Row, Rows
from boxoffice.saga.timing import Timing
from boxoffice.schema import Table
from boxoffice.times import from_text

# How long an organiser's change may take to reach a warm function.
_KEEP_SECONDS = 10.0

_MAX_TICKET_TYPES = 100

Listing = tuple[Event, Sequence[TicketType]]


class Catalogue:
    """What is for sale, for one execution. `known` is shared by all of them."""

    def __init__(self, rows: Rows, known: Cache[str, Listing], timing: Timing) -> None:
        self._rows = rows
        self._known = known
        self._timing = timing

    async def ticket_type(
        self, event_id: str, ticket_type_id: str | None, ticket_type_name: str | None
    ) -> tuple[Event, TicketType]:
        """The event, and its ticket type with that id or, when there is no id, with that name.

        Raises `Rejected` with `NOT_FOUND_ERROR`, naming the field.
        """
        event, ticket_types = await self.listing(event_id)
        for ticket_type in ticket_types:
            if ticket_type_id == ticket_type.id or (
                ticket_type_id is None and _same_name(ticket_type_name, ticket_type.name)
            ):
                return event, ticket_type
        field = "ticketTypeName" if ticket_type_id is None else "ticketTypeId"
        raise Rejected(
            Code.NOT_FOUND_ERROR, f"The event has no ticket type with this {field}.", {"field": field}
        )

    async def event(self, event_id: str) -> Event:
        """The event. Raises `Rejected` with `NOT_FOUND_ERROR`."""
        return (await self.listing(event_id))[0]

    async def listing(self, event_id: str) -> Listing:
        """The event and its ticket types. Raises `Rejected` with `NOT_FOUND_ERROR`."""
        listing = self._known.get(event_id)
        if listing is None:
            listing = await self._read(event_id)
            self._known.put(event_id, listing, self._timing.clock() + _KEEP_SECONDS)
        return listing

    async def _read(self, event_id: str) -> Listing:
        events, ticket_types = await asyncio.gather(
            self._rows.find(Table.EVENTS, {"$id": event_id}, limit=1),
            self._rows.find(Table.TICKET_TYPES, {"eventId": event_id}, limit=_MAX_TICKET_TYPES),
        )
        if not events:
            raise Rejected(Code.NOT_FOUND_ERROR, "There is no event with this eventId.", {"field": "eventId"})
        try:
            return _event(events[0]), [_ticket_type(row) for row in ticket_types]
        except (KeyError, ValueError, TypeError) as error:
            raise Fatal(Code.SERVICE_UNAVAILABLE) from error


def _event(row: Row) -> Event:
    return Event(
        id=row["$id"],
        name=row["name"],
        published=row["status"] == "published",
        starts_at=from_text(row["startsAt"]),
        ends_at=_optional_time(row["endsAt"]),
        charges=_charges(row),
        cancellation=_cancellation(row),
        holds=_holds(row),
        conflicts=_conflicts(row),
        takes_substitutes=bool(row.get("substituteUnits")),
    )


def _holds(row: Row) -> HoldPolicy:
    usual = USUAL_HOLDS
    seconds = row.get("holdSeconds")
    return HoldPolicy(
        duration=usual.duration if seconds is None else timedelta(seconds=seconds),
        per_user=row.get("holdsPerUser") or usual.per_user,
        per_event=row.get("holdsPerEvent"),
    )


def _conflicts(row: Row) -> ConflictRules:
    usual = FIRST_COME
    seconds = row.get("displaceAfterSeconds")
    return ConflictRules(
        policy=ConflictPolicy(row.get("conflictPolicy") or usual.policy),
        grace=usual.grace if seconds is None else timedelta(seconds=seconds),
    )


def _charges(row: Row) -> Charges:
    """What the organiser has set; nothing is charged, and prices include their tax, unless it is said."""
    return Charges(
        fee=Fee(
            basis_points=row.get("feeBasisPoints") or 0,
            fixed=row.get("feeFixed") or 0,
            per=FeePer(row.get("feePer") or FeePer.ORDER),
        ),
        ticket_tax=Tax(row.get("ticketTaxBasisPoints") or 0, row.get("ticketTaxIncluded") is not False),
        fee_tax=Tax(row.get("feeTaxBasisPoints") or 0, row.get("feeTaxIncluded") is not False),
    )


def _cancellation(row: Row) -> CancellationPolicy | None:
    """No policy at all unless there are refund steps."""
    steps = row.get("refundSteps")
    if steps is None:
        return None
    return CancellationPolicy(
        steps=read_steps(steps),
        cut_off=timedelta(minutes=row.get("cancellationCutOffMinutes") or 0),
        fees_refundable=bool(row.get("refundFees")),
    )


def _ticket_type(row: Row) -> TicketType:
    return TicketType(
        id=row["$id"],
        event_id=row["eventId"],
        name=row["name"],
        price=Money(row["price"], row["currency"]),
        capacity=row["capacity"],
        on_sale=row["onSale"],
        sales_start=_optional_time(row["salesStart"]),
        sales_end=_optional_time(row["salesEnd"]),
        showtime_id=row.get("showtimeId") or None,
    )


def _optional_time(value: Any) -> Any:
    return None if value is None else from_text(value)


def _same_name(asked: str | None, name: str) -> bool:
    return asked is not None and asked.strip().casefold() == name.strip().casefold()
