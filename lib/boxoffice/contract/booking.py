"""The request of `book_ticket_atomic`, and the data of its answer.

One model reads both forms of the request: the present one, and that of the existing Android client, which
sends every value as text and adds what it has computed itself (price, tax, ids). Fields that are not listed
here are accepted and dropped, so nothing that a client computed is ever believed or stored.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from boxoffice.bookings.admission import PaymentClaim
from boxoffice.bookings.book import Wish
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

MAX_QUANTITY = 10


def _blank_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _whole_number(value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 4:
        return int(value)
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


Id = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}$")]
GatewayId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{4,64}$")]
Signature = Annotated[str, Field(pattern=r"^[a-zA-Z0-9]{1,128}$")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
Quantity = Annotated[
    int,
    BeforeValidator(_whole_number),
    Field(ge=1, le=MAX_QUANTITY),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MAX_QUANTITY},
                {"type": "string", "enum": [str(number) for number in range(1, MAX_QUANTITY + 1)]},
            ]
        }
    ),
]

_ID_RULE = "must be an id: 1 to 36 characters, letters, digits, dots, hyphens and underscores"
_RULES = {
    "eventId": _ID_RULE,
    "ticketTypeId": _ID_RULE,
    "ticketTypeName": "must be the name of a ticket type: 1 to 128 characters",
    "quantity": f"must be a whole number from 1 to {MAX_QUANTITY}",
    "paymentId": "must be the id of the payment: 4 to 64 letters, digits, hyphens and underscores",
    "orderId": "must be the id of the gateway's order, and come together with signature",
    "signature": "must be the gateway's signature, and come together with orderId",
    "userId": _ID_RULE,
}


class BookTicketRequest(BaseModel):
    """Tickets of one type of one event, for one payment. Further fields are accepted and ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        json_schema_extra={
            "anyOf": [{"required": ["ticketTypeId"]}, {"required": ["ticketTypeName"]}],
            "dependentRequired": {"orderId": ["signature"], "signature": ["orderId"]},
        },
    )

    event_id: Id
    ticket_type_id: Annotated[Id | None, BeforeValidator(_blank_is_absent)] = None
    ticket_type_name: Annotated[Name | None, BeforeValidator(_blank_is_absent)] = None
    quantity: Quantity
    payment_id: GatewayId
    order_id: Annotated[GatewayId | None, BeforeValidator(_blank_is_absent)] = None
    signature: Annotated[Signature | None, BeforeValidator(_blank_is_absent)] = None
    user_id: Annotated[Id | None, BeforeValidator(_blank_is_absent)] = Field(
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
            raise _invalid(str(error.errors(include_input=False)[0]["loc"][0])) from None
        if request.ticket_type_id is None and request.ticket_type_name is None:
            raise _invalid("ticketTypeId")
        if (request.order_id is None) != (request.signature is None):
            raise _invalid("orderId" if request.order_id is None else "signature")
        return request

    def wish(self) -> Wish:
        """What the use case is asked for."""
        return Wish(
            self.event_id,
            self.ticket_type_id,
            self.ticket_type_name,
            self.quantity,
            PaymentClaim(self.payment_id, self.order_id, self.signature),
        )


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
    message: str


def _invalid(field: str) -> Rejected:
    code = Code.INVALID_QUANTITY if field == "quantity" else Code.VALIDATION_ERROR
    return Rejected(code, f"{field} {_RULES[field]}.", {"field": field, "allowed": _RULES[field]})
