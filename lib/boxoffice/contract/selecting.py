"""What is to be booked, as requests say it: one thing at the top level, or several in `items`.

Which fields are there says what kind of thing it is: a `showtimeId` seats, a `serviceId` a time, and
otherwise tickets of a type.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.contract.fields import (
    Minutes,
    Moment,
    OptionalId,
    OptionalName,
    Quantity,
    SeatLabels,
    Version,
    blank_is_absent,
    invalid,
)
from boxoffice.domain.items import MOST_TICKETS
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime


def _all_of(*names: str) -> dict[str, Any]:
    """The schema of an object that has all of these, none of them `null`."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


WAYS_TO_ASK = (
    _all_of("eventId", "quantity", "ticketTypeId"),
    _all_of("eventId", "quantity", "ticketTypeName"),
    _all_of("showtimeId", "seats"),
    _all_of("showtimeId", "quantity"),
    _all_of("serviceId", "startsAt", "duration"),
    _all_of("items"),
)
"""The schemas of what is enough to say what to book."""


class Thing(BaseModel):
    """One thing to book: tickets of a type, seats by label, the best seats, or a time."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)

    event_id: OptionalId = None
    ticket_type_id: OptionalId = None
    ticket_type_name: OptionalName = None
    quantity: Annotated[Quantity | None, BeforeValidator(blank_is_absent)] = None
    showtime_id: OptionalId = Field(None, description="The showtime whose seats are wanted.")
    seats: Annotated[SeatLabels | None, BeforeValidator(blank_is_absent)] = Field(
        None, description="Labels of seats; without them, the best `quantity` seats of `category`."
    )
    category: OptionalName = None
    service_id: OptionalId = Field(None, description="The service of which a time is wanted.")
    starts_at: Annotated[Moment | None, BeforeValidator(blank_is_absent)] = None
    duration: Annotated[Minutes | None, BeforeValidator(blank_is_absent)] = None

    def selection(self, event_id: str | None = None) -> Selection:
        """What this asks for; `event_id` is the one that was named for all things together.

        Raises `Rejected` with `INVALID_QUANTITY` or `VALIDATION_ERROR`, naming the field that is missing or
        does not go together with the others.
        """
        self._check_one_thing()
        of_event = self.event_id or event_id
        if self.service_id:
            if self.starts_at is None or self.duration is None:
                raise invalid("startsAt" if self.starts_at is None else "duration")
            return SomeTime(self.service_id, self.starts_at, self.duration, self.quantity or 1, of_event)
        if self.showtime_id and self.seats:
            if self.quantity not in (None, len(self.seats)):
                raise invalid("quantity", "must be the number of seats, or left out")
            return NamedSeats(self.showtime_id, tuple(self.seats), of_event)
        if self.quantity is None and (self.showtime_id or of_event):
            raise invalid("quantity")
        if self.showtime_id:
            return BestSeats(self.showtime_id, self.quantity or 1, self.category, of_event)
        if of_event is None:
            raise invalid("eventId")
        if self.ticket_type_id is None and self.ticket_type_name is None:
            raise invalid("ticketTypeId")
        return SomeTickets(of_event, self.ticket_type_id, self.ticket_type_name, self.quantity or 1)

    def _check_one_thing(self) -> None:
        """Return when this does not ask for two things at once.

        The existing Android client always says a `ticketTypeName` and a `category`: they ask for nothing
        where something else does.
        """
        if self.showtime_id and self.service_id:
            raise invalid("serviceId", "must not come together with showtimeId")
        if self.ticket_type_id and (self.showtime_id or self.service_id):
            raise invalid("ticketTypeId", "must not come together with showtimeId or serviceId")
        if self.seats and not self.showtime_id:
            raise invalid("showtimeId", "must come together with seats")


class Things(Thing):
    """One thing to book, or several of one event."""

    items: Annotated[list[Thing], Field(min_length=1, max_length=MOST_TICKETS)] | None = None
    availability_version: Annotated[Version | None, BeforeValidator(blank_is_absent)] = Field(
        None, description="The version of the availability from which was chosen, so that a refusal tells."
    )

    def selections(self) -> tuple[Selection, ...]:
        """Everything that is asked for. Raises as `Thing.selection` does."""
        if self.items is None:
            return (self.selection(),)
        if self.showtime_id or self.service_id or self.ticket_type_id or self.seats:
            raise invalid("items", "must have everything that is wanted, and nothing but eventId beside them")
        return tuple(item.selection(self.event_id) for item in self.items)
