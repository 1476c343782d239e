"""A booking, and the rows that are written for it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.catalogue import Offer
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.lines import Quote, from_stored, to_stored
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus
from boxoffice.domain.tickets import SigningKeys, sign
from boxoffice.ports import NewRow, Row
from boxoffice.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class Booking:
    """The row of a booking: the journal from which anybody can finish it or undo it.

    It is written before anything else, and names everything that may exist: all other ids derive from `id`.
    Until `lease_until` the execution that wrote it, known by its `attempt`, is at work on it; clocks may
    differ by 30 seconds, so nobody else touches it before that much later. Claims are only written once the
    payment is proven to be the user's: a booking without claims gives nobody a right to a refund.

    `price` is the catalogue's of the moment when the booking was begun: it is not asked for again.
    `vouched` says that a trusted server asked, which vouches for whose payment it is. At `check_after` the
    sweep looks at the booking, `None` when there is nothing left to do about it.
    """

    id: str
    reference: str
    user_id: str
    event_id: str
    ticket_type_id: str
    quantity: int
    price: Quote
    payment_id: str
    payment_status: PaymentStatus
    status: BookingStatus
    fingerprint: str
    attempt: str
    lease_until: datetime
    vouched: bool
    check_after: datetime | None
    failure_code: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> "Booking":
        """Read a stored row."""
        return cls(
            id=row["$id"],
            reference=row["reference"],
            user_id=row["userId"],
            event_id=row["eventId"],
            ticket_type_id=row["ticketTypeId"],
            quantity=row["quantity"],
            price=from_stored(json.loads(row["lines"]), row["currency"]),
            payment_id=row["paymentId"],
            payment_status=PaymentStatus(row["paymentStatus"]),
            status=BookingStatus(row["status"]),
            fingerprint=row["fingerprint"],
            attempt=row["attempt"],
            lease_until=from_text(row["leaseUntil"]),
            vouched=bool(row["vouched"]),
            check_after=from_text(row["checkAfter"]) if row["checkAfter"] else None,
            failure_code=row["failureCode"],
        )

    def to_row(self) -> NewRow:
        """The row to store, readable by the booking's owner."""
        data: dict[str, Any] = {
            "reference": self.reference,
            "userId": self.user_id,
            "eventId": self.event_id,
            "ticketTypeId": self.ticket_type_id,
            "quantity": self.quantity,
            "unitPrice": self.unit_price.amount,
            "total": self.total.amount,
            "lines": stored_lines(self.price),
            "currency": self.total.currency,
            "paymentId": self.payment_id,
            "paymentStatus": self.payment_status,
            "status": self.status,
            "fingerprint": self.fingerprint,
            "attempt": self.attempt,
            "leaseUntil": to_text(self.lease_until),
            "vouched": self.vouched,
            "checkAfter": to_text(self.check_after) if self.check_after else None,
            "failureCode": self.failure_code,
        }
        return NewRow(self.id, data, reader=self.user_id)

    @property
    def unit_price(self) -> Money:
        """What one ticket costs, without what is added or taken off."""
        return self.price.ticket_lines[0].unit_price

    @property
    def total(self) -> Money:
        """What has to be paid."""
        return self.price.total

    @property
    def pool(self) -> str:
        """The pool that the units are claimed from."""
        return ids.pool_id(self.ticket_type_id)

    @property
    def ticket_ids(self) -> tuple[str, ...]:
        """One for each admitted person."""
        return tuple(ids.ticket_id(self.id, number) for number in self.numbers)

    @property
    def qr_file_ids(self) -> tuple[str, ...]:
        """In the order of the tickets."""
        return tuple(ids.qr_file_id(self.id, number) for number in self.numbers)

    @property
    def transaction_id(self) -> str:
        """The payment's transaction."""
        return ids.transaction_id(self.id)

    @property
    def order_id(self) -> str:
        """The order."""
        return ids.order_id(self.id)

    @property
    def numbers(self) -> range:
        """The tickets, counted from 1."""
        return range(1, self.quantity + 1)


def ticket_code(booking: Booking, number: int, keys: SigningKeys) -> str:
    """The signed code of the booking's ticket `number`."""
    return sign(keys, booking.event_id, ids.ticket_id(booking.id, number))


def ticket_rows(booking: Booking, units: Sequence[int], keys: SigningKeys) -> list[NewRow]:
    """One row for each admitted person, each with a unit of its own."""
    return [
        NewRow(
            ids.ticket_id(booking.id, number),
            {
                "bookingId": booking.id,
                "userId": booking.user_id,
                "eventId": booking.event_id,
                "ticketTypeId": booking.ticket_type_id,
                "reference": booking.reference,
                "number": number,
                "unit": str(unit),
                "code": ticket_code(booking, number, keys),
                "qrFileId": ids.qr_file_id(booking.id, number),
                "status": "valid",
            },
            reader=booking.user_id,
        )
        for number, unit in zip(booking.numbers, units, strict=True)
    ]


def transaction_row(booking: Booking, gateway_order_id: str) -> NewRow:
    """The money that came in."""
    return NewRow(
        booking.transaction_id,
        {
            "bookingId": booking.id,
            "userId": booking.user_id,
            "orderId": booking.order_id,
            "kind": "sale",
            "amount": booking.total.amount,
            "currency": booking.total.currency,
            "paymentId": booking.payment_id,
            "gatewayOrderId": gateway_order_id or None,
        },
        reader=booking.user_id,
    )


def stored_lines(price: Quote) -> str:
    """The lines of a price as a column holds them."""
    return json.dumps(to_stored(price), ensure_ascii=False, separators=(",", ":"))


def order_row(booking: Booking, offer: Offer) -> NewRow:
    """What was bought, and how its price came about. The names are those of the day of the sale."""
    return NewRow(
        booking.order_id,
        {
            "bookingId": booking.id,
            "userId": booking.user_id,
            "eventId": booking.event_id,
            "eventName": offer.event.name,
            "ticketTypeId": booking.ticket_type_id,
            "ticketTypeName": offer.ticket_type.name,
            "quantity": booking.quantity,
            "total": booking.total.amount,
            "currency": booking.total.currency,
            "lines": stored_lines(booking.price),
            "transactionId": booking.transaction_id,
        },
        reader=booking.user_id,
    )


def outcome_row(booking: Booking, outcome: Outcome) -> NewRow:
    """The one row that decides how the booking ends."""
    return NewRow(booking.id, {"outcome": outcome, "attempt": booking.attempt})
