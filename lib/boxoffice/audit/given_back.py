"""What must be true of tickets that were given back, and of their money."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from boxoffice.audit.books import Papers
from boxoffice.audit.violations import Violation
from boxoffice.bookings.records import Booking
from boxoffice.cancellations.fates import Fate
from boxoffice.cancellations.records import CancellationState
from boxoffice.domain import ids
from boxoffice.domain.returns import Returns
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.ports import Row
from boxoffice.times import from_text


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Of one booking: the ids of its cancelled tickets, the money that went back, and what is left to do.

    `due` is the earliest moment at which the sweep looks at a cancellation; `None` when nothing is left.
    """

    tickets: frozenset[str]
    refunded: int
    due: datetime | None

    @classmethod
    def of(cls, papers: Papers) -> "GivenBack":
        """What the papers say."""
        due = [from_text(row["checkAfter"]) for row in papers.cancellations if row["checkAfter"]]
        return cls(
            frozenset(row["$id"] for row in papers.checkins if row["kind"] == Fate.CANCELLED),
            sum(row["amount"] for row in papers.transactions if row["kind"] == "refund"),
            min(due) if due else None,
        )

    def returns(self, booking: Booking) -> Returns:
        """In two sums."""
        return Returns(booking.quantity, len(self.tickets), booking.total.amount, self.refunded)


def payment_status(returns: Returns) -> PaymentStatus:
    """How the payment of a booking that stands, or stood, has to be shown."""
    return returns.payment_status(PaymentStatus.CAPTURED)


def check_given_back(booking: Booking, papers: Papers) -> Iterator[Violation]:
    """What is wrong with the cancellations of a booking that nobody is at work on."""
    given, returns = GivenBack.of(papers), GivenBack.of(papers).returns(booking)
    is_shown = booking.status is BookingStatus.CANCELLED
    if returns.booking_status(booking.status) is not booking.status or (is_shown and not returns.is_whole):
        yield _violation(
            booking, f"is {booking.status}, and {len(given.tickets)} of its tickets are cancelled"
        )
    shown = {row["$id"] for row in papers.tickets if row["status"] == "cancelled"}
    if shown != given.tickets:
        yield _violation(booking, "has tickets that are shown as they are not")
    decided = {
        row["$id"]: {ids.ticket_id(booking.id, number) for number in json.loads(row["tickets"])}
        for row in papers.cancellations
        if row["state"] in (CancellationState.DONE, CancellationState.NEEDS_OPERATOR)
    }
    for by, tickets in decided.items():
        if {row["$id"] for row in papers.checkins if row["by"] == by} != tickets:
            yield _violation(booking, f"has a cancellation {by} that did not decide on its tickets")
    if sum(map(len, decided.values())) != len(given.tickets):
        yield _violation(booking, "has tickets that are cancelled by nothing")
    refunds = sorted(row["amount"] for row in papers.transactions if row["cancellationId"])
    if refunds != sorted(row["refund"] for row in _done(papers) if row["refund"]):
        yield _violation(booking, f"has refunds of {refunds}, and its cancellations say otherwise")
    for order in papers.orders:
        told = (order["status"] or "placed", order["refunded"] or 0)
        if told != (returns.order_status, returns.refunded):
            yield _violation(booking, f"has an order that says {told}")


def _done(papers: Papers) -> list[Row]:
    return [row for row in papers.cancellations if row["state"] == CancellationState.DONE]


def _violation(booking: Booking, what: str) -> Violation:
    return Violation("cancellations", (booking.id,), f"Booking {booking.id} {what}.")
