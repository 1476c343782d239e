"""What is shown of a booking: its row, and the rows that name it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.fates import Fate
from boxoffice.domain.returns import Returns
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus, decided_status
from boxoffice.ports import Row
from boxoffice.schema import Table

_ISSUED = frozenset(
    {BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW, BookingStatus.CANCELLED}
)
_BEFORE_CAPTURE = frozenset({PaymentStatus.NONE, PaymentStatus.AUTHORISED})
_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A booking's row, and what counts also when the row does not say so yet: its outcome.

    `returns` are those of a booking with tickets, where its papers were read: a ticket is cancelled and money
    has gone back a moment before the row follows.
    """

    row: Row
    outcome: str | None
    returns: Returns | None = None

    @property
    def status(self) -> BookingStatus:
        """Where the booking stands."""
        decided = decided_status(BookingStatus(self.row["status"]), self.outcome)
        return decided if self.returns is None else self.returns.booking_status(decided)

    @property
    def payment_status(self) -> PaymentStatus:
        """Where the money is."""
        stored = PaymentStatus(self.row["paymentStatus"])
        if self.returns is not None:
            return self.returns.payment_status(stored)
        is_behind = self.status is BookingStatus.CONFIRMED and stored in _BEFORE_CAPTURE
        return PaymentStatus.CAPTURED if is_behind and self.row["total"] else stored

    @property
    def is_issued(self) -> bool:
        """Whether there are, or were, tickets. Before, what is written may still be undone."""
        return self.outcome == Outcome.CONFIRMED and self.status in _ISSUED


@dataclass(frozen=True, slots=True)
class Papers:
    """What was written for a booking. `fates` says of a ticket, by its id, `admitted` or `cancelled`."""

    outcome: str | None
    tickets: Sequence[Row]
    fates: Mapping[str, str]
    orders: Sequence[Row]
    transactions: Sequence[Row]
    cancellations: Sequence[Row]


async def read_papers(desk: Desk, booking_id: str) -> Papers:
    """The papers of a booking, in one wave; of one that does not exist there are none."""
    of_booking = {"bookingId": booking_id}
    outcomes, tickets, checkins, orders, transactions, cancellations = await asyncio.gather(
        desk.rows.find(Table.OUTCOMES, {"$id": booking_id}, limit=1),
        *(
            desk.rows.find(table, of_booking, limit=_LIMIT)
            for table in (
                Table.TICKETS,
                Table.CHECKINS,
                Table.ORDERS,
                Table.TRANSACTIONS,
                Table.CANCELLATIONS,
            )
        ),
    )
    return Papers(
        outcome=outcomes[0]["outcome"] if outcomes else None,
        tickets=sorted(tickets, key=lambda row: int(row["number"])),
        fates={row["$id"]: row["kind"] for row in checkins},
        orders=orders,
        transactions=sorted(transactions, key=lambda row: str(row["$createdAt"])),
        cancellations=sorted(cancellations, key=lambda row: str(row["$createdAt"])),
    )


def standing_of(booking: Row, papers: Papers) -> Standing:
    """How a booking with these papers stands."""
    standing = Standing(booking, papers.outcome)
    if not standing.is_issued:
        return standing
    returns = Returns(
        quantity=booking["quantity"],
        cancelled=sum(fate == Fate.CANCELLED for fate in papers.fates.values()),
        paid=booking["total"],
        refunded=sum(row["amount"] for row in papers.transactions if row["kind"] == "refund"),
    )
    return replace(standing, returns=returns)
