"""A cancellation and the rows that are written for it, and what it needs to know of a booking."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.cancellation import TicketRefund
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.lines import Quote, from_stored
from boxoffice.domain.pricing.shares import Sum
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import NewRow, Row
from boxoffice.times import from_text, to_text


class CancellationState(StrEnum):
    """Where a cancellation stands. `DONE` is the money's too; `REFUSED` never took effect and never will."""

    REGISTERED = "registered"
    DONE = "done"
    REFUSED = "refused"
    NEEDS_OPERATOR = "needs_operator"


@dataclass(frozen=True, slots=True)
class Sold:
    """What a cancellation needs to know of a booking. `price` is what was paid, line by line.

    `starts_at` is when the first of what was booked begins, as it was sold.
    """

    id: str
    reference: str
    user_id: str
    event_id: str
    status: BookingStatus
    price: Quote
    payment_id: str | None
    starts_at: datetime
    promo_code: str | None

    @classmethod
    def from_row(cls, row: Row) -> "Sold":
        """Read the stored row of a booking."""
        return cls(
            id=row["$id"],
            reference=row["reference"],
            user_id=row["userId"],
            event_id=row["eventId"],
            status=BookingStatus(row["status"]),
            price=from_stored(json.loads(row["lines"]), row["currency"]),
            payment_id=row["paymentId"],
            starts_at=from_text(row["startsAt"]),
            promo_code=row["promoCode"],
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its tickets, counted from 1."""
        return tuple(range(1, self.price.quantity + 1))


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The row of a cancellation: the journal from which anybody can finish it.

    It is written before anything else and says what goes back for which ticket; none of that is worked out
    again. `actor` is the user who asked, or what `identity` has for nobody's. At `check_after` the sweep
    looks at it, `None` when there is nothing left to do about it. It has tried to return the money `tries`
    times.

    `refund` goes back for all of `tickets`: less than for each of them when less was left of the payment,
    because somebody had returned some of it by hand.
    """

    id: str
    booking_id: str
    user_id: str
    event_id: str
    tickets: tuple[TicketRefund, ...]
    refund: Money
    actor: str
    reason: str | None
    by_organiser: bool
    state: CancellationState
    attempt: str
    lease_until: datetime
    check_after: datetime | None
    execution_id: str
    tries: int = 0

    @classmethod
    def from_row(cls, row: Row) -> "Cancellation":
        """Read a stored row."""
        return cls(
            id=row["$id"],
            booking_id=row["bookingId"],
            user_id=row["userId"],
            event_id=row["eventId"],
            tickets=tuple(_ticket(line, row["currency"]) for line in json.loads(row["refundLines"])),
            refund=Money(row["refund"], row["currency"]),
            actor=row["actor"],
            reason=row["reason"],
            by_organiser=bool(row["byOrganiser"]),
            state=CancellationState(row["state"]),
            attempt=row["attempt"],
            lease_until=from_text(row["leaseUntil"]),
            check_after=from_text(row["checkAfter"]) if row["checkAfter"] else None,
            execution_id=row["executionId"] or "",
            tries=row["tries"] or 0,
        )

    def to_row(self) -> NewRow:
        """The row to store. Functions show it to the booking's owner, without saying which person did it."""
        data: dict[str, Any] = {
            "bookingId": self.booking_id,
            "userId": self.user_id,
            "eventId": self.event_id,
            "tickets": json.dumps(self.numbers, separators=(",", ":")),
            "actor": self.actor,
            "reason": self.reason,
            "byOrganiser": self.by_organiser,
            "refund": self.refund.amount,
            "currency": self.refund.currency,
            "refundLines": json.dumps([_stored(ticket) for ticket in self.tickets], separators=(",", ":")),
            "state": self.state,
            "attempt": self.attempt,
            "leaseUntil": to_text(self.lease_until),
            "tries": self.tries,
            "checkAfter": to_text(self.check_after) if self.check_after else None,
            "executionId": self.execution_id,
        }
        return NewRow(self.id, data)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The tickets that are given back, counted from 1."""
        return tuple(ticket.number for ticket in self.tickets)

    @property
    def ticket_ids(self) -> tuple[str, ...]:
        """In the order of `numbers`."""
        return tuple(ids.ticket_id(self.booking_id, number) for number in self.numbers)

    @property
    def is_lowered(self) -> bool:
        """Whether less goes back than its tickets have earned."""
        return self.refund.amount < sum(ticket.refund.amount.amount for ticket in self.tickets)

    @property
    def refund_key(self) -> str:
        """What makes it the same refund at the gateway, however often and by whomever it is asked for.

        Another amount is another refund: the gateway takes a key for one amount only.
        """
        return f"refund-{self.id}-{self.refund.amount}" if self.is_lowered else f"refund-{self.id}"


def refund_row(cancellation: Cancellation, payment_id: str, refund_id: str) -> NewRow:
    """The money that went back, by the gateway's id of the refund."""
    return NewRow(
        ids.refund_transaction_id(refund_id),
        {
            "bookingId": cancellation.booking_id,
            "userId": cancellation.user_id,
            "orderId": ids.order_id(cancellation.booking_id),
            "kind": "refund",
            "amount": cancellation.refund.amount,
            "currency": cancellation.refund.currency,
            "paymentId": payment_id,
            "cancellationId": cancellation.id,
            "refundId": refund_id,
        },
        reader=cancellation.user_id,
    )


def _stored(ticket: TicketRefund) -> Mapping[str, int]:
    return {
        "number": ticket.number,
        "paid": ticket.paid.amount,
        "refund": ticket.refund.amount.amount,
        "tax": ticket.refund.tax.amount,
    }


def _ticket(stored: Mapping[str, int], currency: str) -> TicketRefund:
    refund = Sum(Money(stored["refund"], currency), Money(stored["tax"], currency))
    return TicketRefund(stored["number"], Money(stored["paid"], currency), refund)
