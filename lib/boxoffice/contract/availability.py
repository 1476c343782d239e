"""The answer of `availability`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.availability.views import DayLeft, EventLeft, Picture, SeatsLeft, ShowtimeLeft, TypeLeft
from boxoffice.domain.availability import Counts
from boxoffice.domain.money import Money
from boxoffice.domain.seating import Layout, SeatKind


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class UnitCounts(_Model):
    """How many units there are in all, and how many of them are what."""

    total: int
    free: int = Field(description="That can be booked now.")
    held: int = Field(description="That somebody is about to pay for.")
    sold: int
    blocked: int = Field(description="That the organiser keeps back.")


class TicketTypeAvailability(UnitCounts):
    """What is left of a ticket type. Prices are in minor units."""

    ticket_type_id: str
    name: str
    showtime_id: str | None
    pool_id: str = Field(description="What the claims of this ticket type carry as their poolId.")
    price: int
    currency: str
    on_sale: bool = Field(description="Whether it is sold at this moment.")


class CategoryAvailability(UnitCounts):
    """What is left of a category of seats. One without a price is not for sale."""

    category: str
    price: int | None
    currency: str | None


class SeatsAvailability(UnitCounts):
    """What is left of the seats of a showtime."""

    showtime_id: str
    starts_at: datetime
    on_sale: bool = Field(description="Whether the showtime is still sold at this moment.")
    pool_id: str = Field(description="What the claims of these seats carry as their poolId.")
    categories: Sequence[CategoryAvailability]


class SeatRow(_Model):
    """A row of a hall, the best first.

    `states` has one letter for every seat: f free, h held, s sold, b blocked, x not for sale.
    """

    section: str
    row: str
    states: str


class SeatNames(_Model):
    """The seats of the row at the same place of the map, one entry for each letter."""

    seats: Sequence[str]
    columns: Sequence[int] = Field(description="Places from the left, gaps included: neighbours differ by 1.")
    categories: Sequence[str]
    wheelchair: Sequence[str] = Field(description="Those of the seats that are for wheelchairs.")


class OpenSlotTime(_Model):
    """A time that can be booked, in UTC."""

    starts_at: datetime
    ends_at: datetime
    places: int


class _Availability(_Model):
    version: str = Field(
        description="The same in every answer about the same state, and in no other: all that is shown."
    )
    as_of: datetime = Field(description="When this was the case.")
    age_ms: int = Field(description="How long ago that is, in milliseconds.")


class EventAvailability(_Availability):
    """What is left of an event."""

    kind: Literal["event"] = "event"
    event_id: str
    free: int
    ticket_types: Sequence[TicketTypeAvailability]
    showtimes: Sequence[SeatsAvailability] = Field(description="The showtimes that have seats.")


class ShowtimeAvailability(_Availability):
    """What is left of a showtime. Without a hall, `seats` is `null` and `map` is empty.

    `layout` is `null` unless the request asked for it.
    """

    kind: Literal["showtime"] = "showtime"
    event_id: str
    showtime_id: str
    free: int
    ticket_types: Sequence[TicketTypeAvailability]
    seats: SeatsAvailability | None
    map: Sequence[SeatRow]
    layout: Sequence[SeatNames] | None


class ServiceAvailability(_Availability):
    """The open slots of a service's day. The price is that of one place, in minor units."""

    kind: Literal["service"] = "service"
    service_id: str
    name: str
    zone: str
    day: date
    duration: int
    price: int | None
    currency: str | None
    pool_ids: Sequence[str] = Field(description="What the claims of this day carry as their poolId.")
    slots: Sequence[OpenSlotTime]


PoolAvailability = Annotated[
    EventAvailability | ShowtimeAvailability | ServiceAvailability, Field(discriminator="kind")
]


class AvailabilityData(_Model):
    """What is left of each thing that was asked about, in the order of the request."""

    pools: Sequence[PoolAvailability]


class AvailabilitySuccess(_Model):
    """What is left."""

    success: Literal[True] = True
    data: AvailabilityData


def success(shown: Sequence[PoolAvailability]) -> dict[str, Any]:
    """The answer with what is left of everything that was asked about."""
    return AvailabilitySuccess(data=AvailabilityData(pools=shown)).model_dump(by_alias=True, mode="json")


def show(picture: Picture, age: float, with_layout: bool) -> PoolAvailability:
    """What is left, as answers show it. `age` is in seconds."""
    common: dict[str, Any] = {
        "version": picture.version,
        "as_of": picture.view.as_of,
        "age_ms": max(0, round(age * 1000)),
    }
    match picture.left:
        case EventLeft() as left:
            return EventAvailability(
                event_id=left.event.id,
                free=_free(left.ticket_types, left.seats),
                ticket_types=[_ticket_type(one) for one in left.ticket_types],
                showtimes=[_seats(one) for one in left.seats],
                **common,
            )
        case ShowtimeLeft() as left:
            return ShowtimeAvailability(
                event_id=left.showtime.event_id,
                showtime_id=left.showtime.id,
                free=_free(left.ticket_types, [left.seats] if left.seats else []),
                ticket_types=[_ticket_type(one) for one in left.ticket_types],
                seats=_seats(left.seats) if left.seats else None,
                map=[SeatRow(section=row.section, row=row.row, states=row.states) for row in left.map],
                layout=_names(left.showtime.layout) if with_layout and left.showtime.layout else None,
                **common,
            )
        case DayLeft() as left:
            return _day(left, picture.view.pools, common)


def _day(left: DayLeft, pools: Sequence[str], common: Mapping[str, Any]) -> ServiceAvailability:
    service = left.offer.service
    return ServiceAvailability(
        service_id=service.id,
        name=left.offer.name,
        zone=str(service.zone),
        day=left.day,
        duration=left.duration,
        pool_ids=pools,
        slots=[
            OpenSlotTime(starts_at=one.slot.starts_at, ends_at=one.slot.ends_at, places=one.places)
            for one in left.slots
        ],
        **_price(left.offer.prices.get(left.duration)),
        **common,
    )


def _ticket_type(left: TypeLeft) -> TicketTypeAvailability:
    ticket_type = left.ticket_type
    return TicketTypeAvailability(
        ticket_type_id=ticket_type.id,
        name=ticket_type.name,
        showtime_id=ticket_type.showtime_id,
        pool_id=left.pool,
        price=ticket_type.price.amount,
        currency=ticket_type.price.currency,
        on_sale=left.on_sale,
        **_counts(left.counts),
    )


def _seats(left: SeatsLeft) -> SeatsAvailability:
    showtime = left.showtime
    return SeatsAvailability(
        showtime_id=showtime.id,
        starts_at=showtime.starts_at,
        on_sale=left.on_sale,
        pool_id=left.pool,
        categories=[
            CategoryAvailability(
                category=category, **_price(showtime.prices.get(category)), **_counts(counts)
            )
            for category, counts in left.categories.items()
        ],
        **_counts(left.counts),
    )


def _names(layout: Layout) -> list[SeatNames]:
    return [
        SeatNames(
            seats=[seat.label for seat in row.seats],
            columns=[seat.column for seat in row.seats],
            categories=[seat.category for seat in row.seats],
            wheelchair=[seat.label for seat in row.seats if seat.kind is SeatKind.WHEELCHAIR],
        )
        for row in layout.rows
    ]


def _free(ticket_types: Sequence[TypeLeft], seats: Sequence[SeatsLeft]) -> int:
    return sum(one.counts.free for one in ticket_types) + sum(one.counts.free for one in seats)


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "total": counts.total,
        "free": counts.free,
        "held": counts.held,
        "sold": counts.sold,
        "blocked": counts.blocked,
    }


def _price(price: Money | None) -> dict[str, Any]:
    return {"price": price.amount if price else None, "currency": price.currency if price else None}
