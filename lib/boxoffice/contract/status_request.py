"""The requests of `booking_status`, one model for each action."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

from boxoffice.contract.actions import read_action
from boxoffice.contract.fields import Id
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.references import read_reference
from boxoffice.domain.status import BookingStatus
from boxoffice.lookup.look import Filter, Wanted

Typed = Annotated[str, Field(min_length=1, max_length=64)]

_RULES = {
    "reference": "must be the reference of a booking: 1 to 64 characters",
    "status": f"must be one of {', '.join(BookingStatus)}",
    "cursor": "must be the cursor of the page before",
    "limit": "must be a whole number from 1 to 100",
}


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class _OfBooking(_Request):
    """One of the two names the booking."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["bookingId"]}, {"required": ["reference"]}]}
    )

    booking_id: Id | None = None
    reference: Typed | None = Field(
        None, description="As people type it: capitals, spaces and hyphens do not matter."
    )

    def wanted(self) -> Wanted:
        """The booking that is asked about. Raises `Rejected` with `VALIDATION_ERROR`."""
        if (self.booking_id is None) == (self.reference is None):
            raise Rejected(
                Code.VALIDATION_ERROR, "Either bookingId or reference must be given.", {"field": "bookingId"}
            )
        return Wanted(self.booking_id, None if self.reference is None else read_reference(self.reference))


class GetBooking(_OfBooking):
    """One booking with its tickets, its price, its money and what was given back."""

    action: Literal["get"]


class GetHistory(_OfBooking):
    """What has happened to a booking, the oldest first."""

    action: Literal["history"]


class GetTransactions(_OfBooking):
    """The money of a booking, the oldest first."""

    action: Literal["transactions"]


class ListBookings(_Request):
    """The newest bookings that match: the caller's own or, for administrators, of a user or an event."""

    action: Literal["list"]
    user_id: Id | None = None
    event_id: Id | None = None
    status: BookingStatus | None = None
    cursor: Id | None = Field(None, description="What the page before said.")
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def filter(self) -> Filter:
        """Which bookings are wanted."""
        return Filter(self.user_id, self.event_id, self.status)


Action = GetBooking | ListBookings | GetHistory | GetTransactions


class BookingStatusRequest(RootModel[Annotated[Action, Field(discriminator="action")]]):
    """What is asked about bookings."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Action:
        """See `read_action`."""
        return read_action(cls, value, _RULES)
