"""The request of `book_ticket_atomic`, and the data of its answer.

One model reads both forms of the request: the present one, and that of the existing Android client, which
sends every value as text and adds what it has computed itself (price, tax, ids). Fields that are not listed
here are accepted and dropped, so nothing that a client computed is ever believed or stored.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from boxoffice.bookings.book import Wish
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.contract.fields import (
    GatewayId,
    OptionalId,
    PromoText,
    RequestId,
    Signature,
    blank_is_absent,
    invalid,
)
from boxoffice.contract.selecting import WAYS_TO_ASK, Things


class BookTicketRequest(Things):
    """What to book and the payment for it, or the `bookingId` of a hold and the payment for that.

    Further fields are accepted and ignored.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        json_schema_extra={
            "anyOf": [*WAYS_TO_ASK, {"required": ["bookingId"]}],
            "dependentRequired": {"orderId": ["signature"], "signature": ["orderId"]},
        },
    )

    booking_id: OptionalId = Field(None, description="The hold to complete, instead of things to book.")
    payment_id: Annotated[GatewayId | None, BeforeValidator(blank_is_absent)] = Field(
        None, description="The payment; needed unless it costs nothing."
    )
    order_id: Annotated[GatewayId | None, BeforeValidator(blank_is_absent)] = None
    signature: Annotated[Signature | None, BeforeValidator(blank_is_absent)] = None
    promo_code: Annotated[PromoText | None, BeforeValidator(blank_is_absent)] = None
    request_id: Annotated[RequestId | None, BeforeValidator(blank_is_absent)] = Field(
        None, description="Tells apart bookings of the same things that cost nothing."
    )
    user_id: OptionalId = Field(
        None, description="The caller's own id, or the user that a trusted server books for."
    )

    @classmethod
    def read(cls, value: dict[str, Any]) -> "BookTicketRequest":
        """Validate a decoded body.

        Raises `Rejected` with `INVALID_QUANTITY` or `VALIDATION_ERROR`, naming the first wrong field and what
        is allowed in it, and never repeating what was sent.
        """
        try:
            request = cls.model_validate(value)
        except ValidationError as error:
            raise invalid(named_field(error)) from None
        if request.booking_id is None:
            request.selections()
        if (request.order_id is None) != (request.signature is None):
            raise invalid("orderId" if request.order_id is None else "signature")
        if (request.order_id or request.signature) and request.payment_id is None:
            raise invalid("paymentId")
        return request

    def claim(self) -> PaymentClaim | None:
        """The payment that the request names."""
        return PaymentClaim(self.payment_id, self.order_id, self.signature) if self.payment_id else None

    def wish(self) -> Wish:
        """What the use case is asked for."""
        return Wish(
            self.selections(), self.claim(), self.promo_code, self.request_id, self.availability_version
        )


def named_field(error: ValidationError) -> str:
    """The field that the first of the errors is about; inside a list of things, the thing's own field."""
    names = [part for part in error.errors(include_input=False)[0]["loc"] if isinstance(part, str)]
    nested = [name for name in names[1:] if name != "seats"] if names and names[0] == "items" else []
    return (nested or names or ["items"])[0]


class BookedTicket(BaseModel):
    """One ticket, and what it is for. `seat` is its seat's label, if it has one; `startsAt` is in UTC."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    ticket_id: str
    number: int
    ticket_type_id: str
    ticket_type_name: str
    seat: str | None
    starts_at: str
    qr_code_file_id: str


class BookedTickets(BaseModel):
    """A booking that stands. Amounts are in minor units. The QR images are files in the bucket `tickets`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    booking_id: str
    reference: str
    ticket_id: str = Field(description="The first of ticketIds, for clients that know only one.")
    ticket_ids: tuple[str, ...]
    transaction_id: str
    order_id: str
    event_id: str
    ticket_type_id: str
    quantity: int
    total_amount: int
    currency: str
    status: str
    qr_code_included: bool
    qr_code_file_id: str
    qr_code_file_ids: tuple[str, ...]
    tickets: tuple[BookedTicket, ...]
    message: str
