"""The requests of `hold_tickets`, and the data of its answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationError
from pydantic.alias_generators import to_camel

from boxoffice.bookings.hold import Held, HoldWish
from boxoffice.bookings.records import Booking
from boxoffice.contract.booking import named_field
from boxoffice.contract.fields import Id, OptionalId, PromoText, RequestId, blank_is_absent, invalid
from boxoffice.contract.selecting import WAYS_TO_ASK, Things
from boxoffice.domain.items import BookedItem
from boxoffice.domain.pricing.lines import to_stored
from boxoffice.times import to_text

_CONFIG = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)
_USER = Field(None, description="The caller's own id, or the user that a trusted server holds for.")


class HoldTickets(Things):
    """Keep things for a while. The same `requestId` again answers with the same hold."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        json_schema_extra={"anyOf": [*WAYS_TO_ASK]},
    )

    action: Literal["hold"] = "hold"
    promo_code: Annotated[PromoText | None, BeforeValidator(blank_is_absent)] = None
    request_id: Annotated[RequestId | None, BeforeValidator(blank_is_absent)] = None
    user_id: OptionalId = _USER

    def wish(self) -> HoldWish:
        """What the use case is asked for. Raises `Rejected` when something is missing."""
        return HoldWish(self.selections(), self.promo_code, self.request_id, self.availability_version)


class ListHolds(BaseModel):
    """The caller's open holds."""

    model_config = _CONFIG

    action: Literal["list"]
    user_id: OptionalId = _USER


class ExtendHold(BaseModel):
    """Keep a hold's units for another while, at most 30 minutes in all."""

    model_config = _CONFIG

    action: Literal["extend"]
    booking_id: Id
    user_id: OptionalId = _USER


class ReleaseHold(BaseModel):
    """Give a hold's units back."""

    model_config = _CONFIG

    action: Literal["release"]
    booking_id: Id
    user_id: OptionalId = _USER


class ConfirmHold(BaseModel):
    """Keep a hold about which the organiser has asked whether it is still wanted."""

    model_config = _CONFIG

    action: Literal["confirm"]
    booking_id: Id
    user_id: OptionalId = _USER


Action = HoldTickets | ListHolds | ExtendHold | ReleaseHold | ConfirmHold

_ACTIONS = "must be hold, list, extend, release or confirm"
_BY_ACTION: dict[str, type[Action]] = {
    "hold": HoldTickets,
    "list": ListHolds,
    "extend": ExtendHold,
    "release": ReleaseHold,
    "confirm": ConfirmHold,
}


class HoldRequest(RootModel[Action]):
    """What is asked about holds; without an `action`, for one."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Action:
        """Validate a decoded body.

        Raises `Rejected` with `INVALID_QUANTITY` or `VALIDATION_ERROR`, naming the first wrong field.
        """
        action = value.get("action", "hold")
        if not isinstance(action, str) or action not in _BY_ACTION:
            raise invalid("action", _ACTIONS)
        try:
            request = _BY_ACTION[action].model_validate(value)
        except ValidationError as error:
            raise invalid(named_field(error)) from None
        if isinstance(request, HoldTickets):
            request.selections()
        return request


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class HeldItem(_Answer):
    """Tickets of one kind and price. `seats` are their labels, when they have seats."""

    kind: str
    id: str
    name: str
    quantity: int
    starts_at: str
    seats: tuple[str, ...]


class HoldData(_Answer):
    """A hold: pay `totalAmount` by the order `gatewayOrderId`, and book with `bookingId` and the payment.

    Amounts are in minor units. There is no order when nothing has to be paid.
    """

    booking_id: str
    reference: str
    event_id: str
    status: str
    held_until: str
    items: tuple[HeldItem, ...]
    lines: Sequence[dict[str, Any]]
    total_amount: int
    currency: str
    gateway_order_id: str | None


class HoldSuccess(_Answer):
    """The things are kept."""

    success: Literal[True] = True
    data: HoldData
    replayed: bool


class HoldListData(_Answer):
    """The open holds, the first to end first."""

    holds: Sequence[HoldData]


class HoldListSuccess(_Answer):
    """What is kept for the caller."""

    success: Literal[True] = True
    data: HoldListData


class HoldTicketsSuccess(RootModel[HoldSuccess | HoldListSuccess]):
    """One hold, or all that are open."""


def success(held: Held) -> dict[str, Any]:
    """The answer about one hold."""
    labels = [place.label for place in held.places]
    return HoldSuccess(data=_data(held.booking, labels), replayed=held.replayed).model_dump(
        by_alias=True, mode="json"
    )


def listed(bookings: Sequence[Booking]) -> dict[str, Any]:
    """The answer about all of a user's holds."""
    data = HoldListData(holds=[_data(booking, ()) for booking in bookings])
    return HoldListSuccess(data=data).model_dump(by_alias=True, mode="json")


def _data(booking: Booking, labels: Sequence[str]) -> HoldData:
    first, items = 0, []
    for item in booking.items:
        items.append(_item(item, labels[first : first + item.quantity]))
        first += item.quantity
    return HoldData(
        booking_id=booking.id,
        reference=booking.reference,
        event_id=booking.event_id,
        status=booking.status,
        held_until=to_text(booking.held_until or booking.lease_until),
        items=tuple(items),
        lines=to_stored(booking.price),
        total_amount=booking.total.amount,
        currency=booking.total.currency,
        gateway_order_id=booking.gateway_order_id,
    )


def _item(item: BookedItem, labels: Sequence[str]) -> HeldItem:
    return HeldItem(
        kind=item.kind,
        id=item.id,
        name=item.name,
        quantity=item.quantity,
        starts_at=to_text(item.starts_at),
        seats=tuple(label for label in labels if label) or item.seats,
    )
