"""The request of `cancel_booking`, and its answer."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from boxoffice.cancellations.cancel import Request
from boxoffice.cancellations.results import Cancelled, RefundStatus
from boxoffice.contract.fields import Id
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.references import read_reference
from boxoffice.domain.status import BookingStatus

_MOST_TICKETS = 100

Number = Annotated[int, Field(strict=True, ge=1, le=_MOST_TICKETS)]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Typed = Annotated[str, Field(min_length=1, max_length=64)]

_RULES = {
    "bookingId": "must be the id of the booking, and come without reference",
    "reference": "must be the booking's reference, and come without bookingId",
    "tickets": f"must be a list of 1 to {_MOST_TICKETS} different numbers of tickets, counted from 1",
    "ticketIds": f"must be a list of 1 to {_MOST_TICKETS} different ids of tickets, and come without tickets",
    "reason": "must be a text of 1 to 500 characters",
    "dryRun": "must be true or false",
    "userId": "must be the id of the booking's user",
}


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class CancelBookingRequest(_Model):
    """Tickets of one booking to give back; without `tickets` and `ticketIds` all that are left.

    Further fields are refused: a misspelt one would cancel more than was meant.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [{"required": ["bookingId"]}, {"required": ["reference"]}]},
    )

    booking_id: Id | None = None
    reference: Typed | None = Field(
        None, description="As people type it: capitals, spaces and hyphens do not matter."
    )
    tickets: Annotated[list[Number], Field(min_length=1, max_length=_MOST_TICKETS)] | None = Field(
        None, description="The numbers of the tickets in the booking."
    )
    ticket_ids: Annotated[list[Id], Field(min_length=1, max_length=_MOST_TICKETS)] | None = None
    reason: Reason | None = None
    dry_run: Annotated[bool, Field(strict=True)] = Field(False, description="Only tell what would happen.")
    user_id: Id | None = Field(
        None,
        description="The booking's user, for whom an administrator cancels by the event's rules; without it "
        "an administrator cancels for the organiser, and everything goes back.",
    )

    @classmethod
    def read(cls, value: dict[str, Any]) -> "CancelBookingRequest":
        """Validate a decoded body. Raises `Rejected` with `VALIDATION_ERROR`, naming the wrong field."""
        try:
            request = cls.model_validate(value)
        except ValidationError as error:
            raise _invalid(str(error.errors(include_input=False)[0]["loc"][0])) from None
        if (request.booking_id is None) == (request.reference is None):
            raise _invalid("bookingId")
        if request.tickets is not None and request.ticket_ids is not None:
            raise _invalid("ticketIds")
        for field, listed in (("tickets", request.tickets), ("ticketIds", request.ticket_ids)):
            if listed is not None and len(set(listed)) < len(listed):
                raise _invalid(field)
        return request

    def request(self) -> Request:
        """What the use case is asked for. Raises `Rejected` for a mistyped reference."""
        by_reference = {} if self.reference is None else {"reference": read_reference(self.reference)}
        return Request(
            booking=by_reference if self.booking_id is None else {"$id": self.booking_id},
            owner_id=self.user_id,
            numbers=tuple(self.tickets or ()),
            ticket_ids=tuple(self.ticket_ids or ()),
            reason=self.reason,
            dry_run=self.dry_run,
        )


class CancelledTicket(_Model):
    """A ticket that is given back: what it cost with its share of the fees, and what goes back of that."""

    number: int
    ticket_id: str
    paid: int
    refund: int
    refund_tax: int = Field(description="How much of the refund is tax.")


class CancelledTickets(_Model):
    """Tickets that are cancelled or, with `dryRun`, would be. Amounts are in minor units."""

    cancellation_id: str
    booking_id: str
    reference: str
    tickets: Sequence[CancelledTicket]
    refund_total: int
    currency: str
    refund_status: RefundStatus = Field(
        description="none: nothing goes back. pending: it will, without anybody asking again. "
        "needs_operator: it could not be returned, and a person looks after it."
    )
    status: BookingStatus = Field(description="Of the booking; cancelled when no ticket of it is left.")
    by_organiser: bool = Field(description="Whether everything goes back, whatever the rules for owners.")
    dry_run: bool
    message: str


class CancelBookingSuccess(_Model):
    """The tickets are cancelled, or would be."""

    success: Literal[True] = True
    data: CancelledTickets
    replayed: bool = Field(description="Whether these tickets had been cancelled by the same request before.")


def success(cancelled: Cancelled) -> dict[str, Any]:
    """The answer to a cancellation."""
    cancellation, booking_id = cancelled.cancellation, cancelled.sold.id
    tickets = [
        CancelledTicket(
            number=ticket.number,
            ticket_id=ids.ticket_id(booking_id, ticket.number),
            paid=ticket.paid.amount,
            refund=ticket.refund.amount.amount,
            refund_tax=ticket.refund.tax.amount,
        )
        for ticket in cancellation.tickets
    ]
    answer = CancelBookingSuccess(
        data=CancelledTickets(
            cancellation_id=cancellation.id,
            booking_id=booking_id,
            reference=cancelled.sold.reference,
            tickets=tickets,
            refund_total=cancellation.refund.amount,
            currency=cancellation.refund.currency,
            refund_status=cancelled.refund_status,
            status=cancelled.booking_status,
            by_organiser=cancellation.by_organiser,
            dry_run=cancelled.dry_run,
            message=_message(cancelled),
        ),
        replayed=cancelled.replayed,
    )
    return answer.model_dump(by_alias=True, mode="json")


def _message(cancelled: Cancelled) -> str:
    count, refund = len(cancelled.cancellation.tickets), cancelled.cancellation.refund
    tickets = "1 ticket" if count == 1 else f"{count} tickets"
    if cancelled.dry_run and not cancelled.replayed:
        return f"This would cancel {tickets} and give back {refund}."
    match cancelled.refund_status:
        case RefundStatus.NONE if cancelled.cancellation.is_lowered:
            return f"Cancelled {tickets}. Nothing is refunded: all of the money has gone back before."
        case RefundStatus.NONE:
            return f"Cancelled {tickets}. Nothing is refunded."
        case RefundStatus.PENDING:
            return f"Cancelled {tickets}. {refund} will be refunded."
        case RefundStatus.REFUNDED:
            return f"Cancelled {tickets}. {refund} was refunded."
        case RefundStatus.NEEDS_OPERATOR:
            return (
                f"Cancelled {tickets}. {refund} could not be refunded so far: the organiser looks after it."
            )


def _invalid(field: str) -> Rejected:
    rule = _RULES.get(field, "is not a field of this request")
    return Rejected(Code.VALIDATION_ERROR, f"{field} {rule}.", {"field": field, "allowed": rule})
