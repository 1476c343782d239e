"""The slots of a service: what can be booked on a local day, and what each slot claims.

Time is divided into quanta, and each quantum has as many lanes as the service has capacity. A quantum and a
lane are a unit, such as `0915-2` of a day in UTC. Bookings that overlap, however long each is, want units of
the same quanta, so there can never be more of them than lanes.

Which lane a booking has means nothing to anybody. It keeps the same one when it can, and otherwise changes
lanes, so that a slot can be booked exactly when every one of its quanta has a free lane.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from boxoffice.domain.codes import Code
from boxoffice.domain.definitions import invalid
from boxoffice.domain.errors import Rejected
from boxoffice.domain.local_time import clock, moment, moments
from boxoffice.domain.pools import Unit, slot_pool
from boxoffice.domain.services import Service
from boxoffice.domain.units import MOST_UNITS, Choose

_ALTERNATIVES = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked, in UTC. `quanta` are the beginnings of what it claims, buffers included."""

    starts_at: datetime
    ends_at: datetime
    quanta: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot, and how many bookings it still has room for."""

    slot: Slot
    places: int


def slots_of_day(service: Service, day: date, duration: int) -> tuple[Slot, ...]:
    """The slots of `duration` minutes that belong to the local `day`, in order, whether taken or not.

    They begin when the local clock shows a multiple of the step after opening, and last `duration` minutes
    whatever the clock does: a time that does not exist has no slot, one that happens twice has two. Raises
    `Rejected` with `VALIDATION_ERROR` when the service does not offer the duration.
    """
    if duration not in service.durations:
        offered = ", ".join(map(str, sorted(service.durations)))
        raise invalid("duration", f"must be one of {offered} minutes")
    length = timedelta(minutes=duration)
    starts = set()
    for period in service.hours.on(day):
        opens = moment(clock(day, period.opens), service.zone)
        closes = moment(clock(day, period.closes), service.zone)
        for minute in range(period.opens, period.closes, service.step):
            for start in moments(clock(day, minute), service.zone):
                if opens <= start and start + length <= closes:
                    starts.add(start)
    return tuple(Slot(start, start + length, _quanta(service, start, length)) for start in sorted(starts))


def slot_at(service: Service, starts_at: datetime, duration: int) -> Slot:
    """The slot that begins at `starts_at`, which must know its time zone.

    Raises `Rejected` with `SLOT_UNAVAILABLE` when the service has none, or as `slots_of_day` does.
    """
    return day_and_slot_at(service, starts_at, duration)[1]


def day_and_slot_at(service: Service, starts_at: datetime, duration: int) -> tuple[date, Slot]:
    """The slot that `slot_at` finds, and the local day that it belongs to. Raises as `slot_at` does."""
    local_day = starts_at.astimezone(service.zone).date()
    # After midnight it may still be the evening before, for a service that is open late.
    for day in (local_day, local_day - timedelta(days=1)):
        for slot in slots_of_day(service, day, duration):
            if slot.starts_at == starts_at:
                return day, slot
    raise Rejected(Code.SLOT_UNAVAILABLE, "There is no slot at this time.", {"available": 0})


def pools_of(service: Service, slots: Iterable[Slot]) -> tuple[str, ...]:
    """The pools that have the units of `slots`: usually one or two days in UTC."""
    days = {quantum.date() for slot in slots for quantum in slot.quanta}
    return tuple(slot_pool(service.id, day) for day in sorted(days))


def open_slots(
    service: Service, slots: Sequence[Slot], taken: Iterable[Unit], now: datetime
) -> tuple[OpenSlot, ...]:
    """Those of `slots` that have not begun and still have room, when the units `taken` are not free.

    One that is longer than any booking can be has no room for anybody.
    """
    lanes = _taken_lanes(taken)
    sold = (slot for slot in slots if slot.starts_at > now and len(slot.quanta) <= MOST_UNITS)
    rooms = ((slot, _room(service, slot, lanes)) for slot in sold)
    return tuple(OpenSlot(slot, places) for slot, places in rooms if places)


def nearest_open(slots: Iterable[OpenSlot], starts_at: datetime, places: int) -> tuple[OpenSlot, ...]:
    """Up to three slots with room for `places` that begin nearest to `starts_at`: what to offer instead."""
    fitting = [slot for slot in slots if slot.places >= places]
    fitting.sort(key=lambda slot: (abs(slot.slot.starts_at - starts_at), slot.slot.starts_at))
    return tuple(fitting[:_ALTERNATIVES])


def slot_units(
    service: Service, slot: Slot, places: int, taken: Iterable[Unit], choose: Choose
) -> tuple[Unit, ...]:
    """The units that a booking of `places` places in `slot` claims, none of them in `taken`.

    `choose` decides between lanes that are equally good, so that buyers who arrive together seldom want the
    same. Raises `Rejected` with `SLOT_UNAVAILABLE`.
    """
    gone = _taken_lanes(taken)
    available = _room(service, slot, gone)
    if available < places:
        details = {"available": available, "requested": places}
        raise Rejected(Code.SLOT_UNAVAILABLE, _shortage(service, available, places), details)
    every = range(1, service.capacity + 1)
    lanes = {quantum: {*every} - gone[_place(service, quantum)] for quantum in slot.quanta}
    through = sorted(set.intersection(*lanes.values()))
    claimed: list[Unit] = []
    for _ in range(places):
        one = through.pop(choose(len(through))) if through else None
        for quantum, free in lanes.items():
            lane = one or sorted(free)[choose(len(free))]
            free.remove(lane)
            claimed.append(_unit(service, quantum, lane))
    return tuple(claimed)


def check_fits(slot: Slot, places: int) -> None:
    """Return when one booking can have so many places in `slot`. Raises `Rejected`: `INVALID_QUANTITY`."""
    at_most = MOST_UNITS // len(slot.quanta)
    if not at_most:
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"This time is too long for one booking: {len(slot.quanta)} parts of the timetable, "
            f"and {MOST_UNITS} at most.",
            {"field": "duration", "allowed": f"at most {MOST_UNITS} parts of the timetable"},
        )
    if places > at_most:
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"One booking can have at most {at_most} of these slots.",
            {"field": "quantity", "allowed": f"1 to {at_most}"},
        )


def units_between(
    service: Service, starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[datetime, Unit]]:
    """Every unit of a service from one moment up to another, each with its quantum's beginning, in order.

    Whether the service is open then does not matter. Raises `Rejected` with `VALIDATION_ERROR` when the two
    moments are not multiples of the granularity.
    """
    grid = timedelta(minutes=service.granularity)
    for name, limit in (("from", starts_at), ("to", ends_at)):
        if (limit - _EPOCH) % grid:
            raise invalid(name, f"must be a multiple of {service.granularity} minutes")
    quantum = starts_at.astimezone(UTC)
    while quantum < ends_at:
        for lane in range(1, service.capacity + 1):
            yield quantum, _unit(service, quantum, lane)
        quantum += grid


def _shortage(service: Service, available: int, places: int) -> str:
    """What to say when so many are available; nothing when the code says it all."""
    if places > service.capacity:
        number = "is only 1 place" if service.capacity == 1 else f"are only {service.capacity} places"
        return f"There {number} at any time."
    if available:
        number = "1 place is" if available == 1 else f"{available} places are"
        return f"Only {number} left at this time."
    return ""


def _quanta(service: Service, start: datetime, length: timedelta) -> tuple[datetime, ...]:
    quantum = start - timedelta(minutes=service.buffer_before)
    end = start + length + timedelta(minutes=service.buffer_after)
    # All bookings share one grid, so a slot that lies across it takes every quantum that it touches.
    quantum = quantum.replace(minute=quantum.minute - quantum.minute % service.granularity, second=0)
    found = []
    while quantum < end:
        found.append(quantum)
        quantum += timedelta(minutes=service.granularity)
    return tuple(found)


def _place(service: Service, quantum: datetime) -> tuple[str, str]:
    """Where a quantum is: its pool, and what the names of its units begin with."""
    return slot_pool(service.id, quantum.date()), f"{quantum.hour:02}{quantum.minute:02}"


def _unit(service: Service, quantum: datetime, lane: int) -> Unit:
    pool, time = _place(service, quantum)
    return Unit(pool, f"{time}-{lane}")


def _taken_lanes(taken: Iterable[Unit]) -> defaultdict[tuple[str, str], set[int]]:
    """The lanes that are not free, of each place."""
    lanes: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for pool, name in taken:
        time, _, lane = name.partition("-")
        lanes[pool, time].add(int(lane))
    return lanes


def _room(service: Service, slot: Slot, gone: defaultdict[tuple[str, str], set[int]]) -> int:
    # Lanes beyond the capacity count too: a service that has become smaller is full sooner, never later.
    busiest = max(len(gone[_place(service, quantum)]) for quantum in slot.quanta)
    return max(0, service.capacity - busiest)
