"""The forms of the answers of `booking_status`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.domain.status import BookingStatus

Fate = Literal["valid", "admitted", "cancelled"]
By = Literal["customer", "organiser", "payment", "system"]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class BookingSummary(_Model):
    """A booking. Amounts are in minor units. `heldUntil` is only there while it is a hold."""

    booking_id: str
    reference: str
    status: BookingStatus
    payment_status: str
    user_id: str
    event_id: str
    event_name: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    quantity: int
    total: int
    currency: str
    held_until: datetime | None
    created_at: datetime


class IssuedTicket(_Model):
    """A ticket. `code` is what its QR code says; the image is a file in the bucket `tickets`."""

    ticket_id: str
    number: int
    ticket_type_name: str | None
    seat: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    status: Fate
    code: str | None = Field(description="Nothing for a ticket that was cancelled.")
    qr_code_file_id: str | None


class PriceLine(_Model):
    """One line of the price; what is taken off is negative. `item` is the ticket line that it belongs to."""

    kind: str
    label: str
    quantity: int
    unit_price: int
    amount: int
    tax: int = 0
    item: int = 1


class OrderSummary(_Model):
    """The order, once there is one."""

    order_id: str
    status: str
    refunded: int


class MoneyMovement(_Model):
    """Money that was taken (`sale`) or given back (`refund`)."""

    transaction_id: str
    kind: Literal["sale", "refund"]
    amount: int
    currency: str
    payment_id: str
    cancellation_id: str | None
    at: datetime


class CancellationSummary(_Model):
    """Tickets, by number, that were given back, and whether the refund has been made."""

    cancellation_id: str
    tickets: Sequence[int]
    refund: int
    currency: str
    state: Literal["in_progress", "done"]
    reason: str | None
    by_organiser: bool
    at: datetime


class BookingDetails(BookingSummary):
    """A booking in full. What may still be undone is not shown."""

    failure_code: str | None
    tickets: Sequence[IssuedTicket]
    lines: Sequence[PriceLine]
    order: OrderSummary | None
    transactions: Sequence[MoneyMovement]
    cancellations: Sequence[CancellationSummary]


class BookingPage(_Model):
    """Bookings, the newest first. With a `cursor` there may be more."""

    bookings: Sequence[BookingSummary]
    cursor: str | None


class HistoryEntry(_Model):
    """One change. `actor` and `executionId` are only told to administrators."""

    action: str
    at: datetime
    by: By
    subject: str
    before: str | None
    after: str | None
    reason: str | None
    amount: int | None
    currency: str | None
    actor: str | None
    execution_id: str | None


class BookingHistory(_Model):
    """What has happened to a booking, the oldest first."""

    booking_id: str
    reference: str
    entries: Sequence[HistoryEntry]


class BookingMoney(_Model):
    """The money of a booking. Amounts are in minor units."""

    booking_id: str
    reference: str
    payment_status: str
    total: int
    refunded: int
    currency: str
    transactions: Sequence[MoneyMovement]


class BookingStatusSuccess(_Model):
    """The answer to any action."""

    success: Literal[True] = True
    data: BookingDetails | BookingPage | BookingHistory | BookingMoney
