"""A booking, as its row says it, and the outcome that decides about it."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from boxoffice.domain import ids, items
from boxoffice.domain.attendance import over_at
from boxoffice.domain.items import BookedItem
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment
from boxoffice.domain.pricing.lines import Quote, from_stored, to_stored
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus
from boxoffice.ports import NewRow, Row
from boxoffice.times import from_text, optional_text, optional_time, to_text


@dataclass(frozen=True, slots=True)
class Booking:
    """The row of a booking: the journal from which anybody can finish it or undo it.

    It is written before anything else, and names everything that may exist: all other ids derive from `id`.
    Until `lease_until` the execution that wrote it, known by its `attempt`, is at work on it; clocks may
    differ by 30 seconds, so nobody else touches it before that much later. Without a hold, claims are only
    written once the payment is proven to be the user's: a booking without claims gives nobody a right to a
    refund.

    `price` is the catalogue's of the moment when the booking was begun: it is not asked for again.
    `vouched` says that a trusted server asked, which vouches for whose payment it is. At `check_after` the
    sweep looks at the booking, `None` when there is nothing left to do about it.

    A hold has no payment yet; its units are kept for it until `held_until`, and `gateway_order_id` is the
    order that it can be paid by. Whose owner was asked whether to keep it ends sooner, and is kept until
    `kept_until` when the answer is yes. `tier` decides who gives way to whom where an event has priorities.

    `mismatch` is what was paid of a booking that failed, where that is not its price.
    """

    id: str
    reference: str
    user_id: str
    event_id: str
    event_name: str
    starts_at: datetime
    ends_at: datetime | None
    items: tuple[BookedItem, ...]
    price: Quote
    payment_id: str | None
    payment_status: PaymentStatus
    status: BookingStatus
    fingerprint: str
    attempt: str
    lease_until: datetime
    vouched: bool
    check_after: datetime | None
    execution_id: str
    failure_code: str | None = None
    held_until: datetime | None = None
    gateway_order_id: str | None = None
    promo_code: str | None = None
    tier: int = 0
    kept_until: datetime | None = None
    created_at: datetime | None = None
    mismatch: Money | None = None

    @classmethod
    def from_row(cls, row: Row) -> "Booking":
        """Read a stored row."""
        return cls(
            id=row["$id"],
            reference=row["reference"],
            user_id=row["userId"],
            event_id=row["eventId"],
            event_name=row["eventName"],
            starts_at=from_text(row["startsAt"]),
            ends_at=optional_time(row["endsAt"]),
            items=items.from_stored(json.loads(row["items"])),
            price=from_stored(json.loads(row["lines"]), row["currency"]),
            payment_id=row["paymentId"],
            payment_status=PaymentStatus(row["paymentStatus"]),
            status=BookingStatus(row["status"]),
            fingerprint=row["fingerprint"],
            attempt=row["attempt"],
            lease_until=from_text(row["leaseUntil"]),
            vouched=bool(row["vouched"]),
            check_after=optional_time(row["checkAfter"]),
            execution_id=row["executionId"] or "",
            failure_code=row["failureCode"],
            held_until=optional_time(row["heldUntil"]),
            gateway_order_id=row["gatewayOrderId"],
            promo_code=row["promoCode"],
            tier=row["tier"] or 0,
            kept_until=optional_time(row["keptUntil"]),
            created_at=optional_time(row.get("$createdAt")),
            mismatch=None if row["paidAmount"] is None else Money(row["paidAmount"], row["paidCurrency"]),
        )

    def to_row(self) -> NewRow:
        """The row to store, readable by the booking's owner."""
        data: dict[str, Any] = {
            "reference": self.reference,
            "userId": self.user_id,
            "eventId": self.event_id,
            "eventName": self.event_name,
            "startsAt": to_text(self.starts_at),
            "endsAt": optional_text(self.ends_at),
            "overAt": to_text(over_at(self.starts_at, self.ends_at)),
            "ticketTypeId": self.ticket_type_id,
            "items": _compact(items.to_stored(self.items)),
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
            "checkAfter": optional_text(self.check_after),
            "executionId": self.execution_id or None,
            "failureCode": self.failure_code,
            "heldUntil": optional_text(self.held_until),
            "gatewayOrderId": self.gateway_order_id,
            "promoCode": self.promo_code,
            "tier": self.tier,
            "keptUntil": optional_text(self.kept_until),
            **paid_columns(self),
        }
        return NewRow(self.id, data, reader=self.user_id)

    @property
    def ticket_type_id(self) -> str:
        """What the first ticket is for: a ticket type, a showtime or a service."""
        return self.items[0].id

    @property
    def quantity(self) -> int:
        """The number of tickets."""
        return sum(item.quantity for item in self.items)

    @property
    def unit_price(self) -> Money:
        """What the first ticket costs, without what is added or taken off."""
        return self.price.ticket_lines[0].unit_price

    @property
    def total(self) -> Money:
        """What has to be paid."""
        return self.price.total

    @property
    def paid(self) -> Money:
        """What has been paid, when something has."""
        return self.mismatch or self.total

    def paid_with(self, payment: Payment) -> "Booking":
        """The booking with what `payment` really was."""
        return replace(self, mismatch=None if payment.amount == self.total else payment.amount)

    @property
    def is_free(self) -> bool:
        """Whether nothing has to be paid."""
        return not self.total.amount

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


def paid_columns(booking: Booking) -> dict[str, Any]:
    """The columns that say what was paid, where that is not the price."""
    mismatch = booking.mismatch
    return {
        "paidAmount": mismatch.amount if mismatch else None,
        "paidCurrency": mismatch.currency if mismatch else None,
    }


def stored_lines(price: Quote) -> str:
    """The lines of a price as a column holds them."""
    return _compact(to_stored(price))


def outcome_row(booking: Booking, outcome: Outcome, actor: str | None, execution_id: str) -> NewRow:
    """The one row that decides how the booking ends.

    `actor` is who ends it when it is not whoever asked for the booking, as the log will tell.
    """
    return NewRow(
        booking.id,
        {
            "outcome": outcome,
            "attempt": booking.attempt,
            "by": actor,
            "executionId": execution_id or None,
        },
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
