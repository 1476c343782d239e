"""What a booking's owner gets, and what the accounts need: tickets, the order, the transaction."""

from collections.abc import Sequence

from boxoffice.bookings.records import Booking, stored_lines
from boxoffice.domain import ids
from boxoffice.domain.items import ItemKind, by_ticket
from boxoffice.domain.tickets import SigningKeys, sign
from boxoffice.inventory.wants import Place
from boxoffice.ports import NewRow
from boxoffice.times import optional_text, to_text


def ticket_code(booking: Booking, number: int, keys: SigningKeys) -> str:
    """The signed code of the booking's ticket `number`."""
    return sign(keys, booking.event_id, ids.ticket_id(booking.id, number))


def ticket_rows(booking: Booking, places: Sequence[Place], keys: SigningKeys) -> list[NewRow]:
    """One row for each admitted person, each with a place of its own."""
    return [
        NewRow(
            ids.ticket_id(booking.id, number),
            {
                "bookingId": booking.id,
                "userId": booking.user_id,
                "eventId": booking.event_id,
                "ticketTypeId": item.id,
                "ticketTypeName": item.name,
                "reference": booking.reference,
                "number": number,
                "unit": place.units[0].name,
                "seat": place.label if item.kind is ItemKind.SEATS else None,
                "startsAt": to_text(item.starts_at),
                "endsAt": optional_text(item.ends_at),
                "code": ticket_code(booking, number, keys),
                "qrFileId": ids.qr_file_id(booking.id, number),
                "status": "valid",
            },
            reader=booking.user_id,
        )
        for number, item, place in zip(booking.numbers, by_ticket(booking.items), places, strict=True)
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


def order_row(booking: Booking) -> NewRow:
    """What was bought, and how its price came about. The names are those of the day of the sale."""
    return NewRow(
        booking.order_id,
        {
            "bookingId": booking.id,
            "userId": booking.user_id,
            "eventId": booking.event_id,
            "eventName": booking.event_name,
            "ticketTypeId": booking.ticket_type_id,
            "ticketTypeName": booking.items[0].name,
            "quantity": booking.quantity,
            "total": booking.total.amount,
            "currency": booking.total.currency,
            "lines": stored_lines(booking.price),
            "transactionId": booking.transaction_id,
            "status": "placed",
            "refunded": 0,
        },
        reader=booking.user_id,
    )
