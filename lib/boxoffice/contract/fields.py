"""The fields that requests share, and what is allowed in them.

Every value may come as text: the existing Android client sends nothing else.
"""

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import MOST_TICKETS

_LONGEST = 1_500

# Far from the ends of what a computer takes for a time: time zones and days after it can be counted from it.
_TIME_FORM = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt ]"


def blank_is_absent(value: Any) -> Any:
    """Nothing, for a text of nothing but spaces."""
    return None if isinstance(value, str) and not value.strip() else value


def whole_number(value: Any) -> Any:
    """The number that a short text of digits says. Raises `ValueError` for what is not a whole number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 4:
        return int(value)
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


def _labels(value: Any) -> Any:
    """`A5, A6` as two labels."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _time(value: Any) -> Any:
    # The library would also take numbers for times.
    if not isinstance(value, str) or not re.match(_TIME_FORM, value):
        raise ValueError("not a time")
    return value


Id = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}$")]
GatewayId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{4,64}$")]
Signature = Annotated[str, Field(pattern=r"^[a-zA-Z0-9]{1,128}$")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
RequestId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,64}$")]
PromoText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Quantity = Annotated[
    int,
    BeforeValidator(whole_number),
    Field(ge=1, le=MOST_TICKETS),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_TICKETS},
                {"type": "string", "enum": [str(number) for number in range(1, MOST_TICKETS + 1)]},
            ]
        }
    ),
]
Minutes = Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=_LONGEST)]
SeatLabels = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=16)]],
    BeforeValidator(_labels),
    Field(min_length=1, max_length=MOST_TICKETS),
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _TIME_FORM}),
]
Version = Annotated[str, Field(pattern=r"^[a-z2-7]{16}$")]

OptionalId = Annotated[Id | None, BeforeValidator(blank_is_absent)]
OptionalName = Annotated[Name | None, BeforeValidator(blank_is_absent)]

MOMENT_RULE = "must be a time from 2000 to 2099 with its time zone, such as 2030-01-31T18:00:00Z"
_ID_RULE = "must be an id: 1 to 36 characters, letters, digits, dots, hyphens and underscores"
RULES = {
    "eventId": _ID_RULE,
    "ticketTypeId": _ID_RULE,
    "ticketTypeName": "must be the name of a ticket type: 1 to 128 characters",
    "quantity": f"must be a whole number from 1 to {MOST_TICKETS}",
    "showtimeId": _ID_RULE,
    "seats": f"must be 1 to {MOST_TICKETS} labels of seats",
    "category": "must be the name of a category of seats",
    "serviceId": _ID_RULE,
    "startsAt": MOMENT_RULE,
    "duration": f"must be a number of minutes from 1 to {_LONGEST}",
    "availabilityVersion": "must be the version of an answer of availability",
    "items": f"must be a list of 1 to {MOST_TICKETS} things to book",
    "bookingId": _ID_RULE,
    "promoCode": "must be a promo code: 1 to 64 characters",
    "requestId": "must be 1 to 64 letters, digits, dots, hyphens and underscores",
    "paymentId": "must be the id of the payment: 4 to 64 letters, digits, hyphens and underscores",
    "orderId": "must be the id of the gateway's order, and come together with signature",
    "signature": "must be the gateway's signature, and come together with orderId",
    "userId": _ID_RULE,
}


def invalid(field: str, rule: str = "") -> Rejected:
    """The refusal of what was sent in `field`: what is allowed, and never what was sent."""
    code = Code.INVALID_QUANTITY if field == "quantity" else Code.VALIDATION_ERROR
    rule = rule or RULES.get(field, "is not valid")
    return Rejected(code, f"{field} {rule}.", {"field": field, "allowed": rule})
