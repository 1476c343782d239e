"""Services that are booked by the time: a studio, a hairdresser, a room."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from boxoffice.domain.definitions import invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
MAX_CAPACITY = 1_000

_PERIOD = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """From `opens` to `closes`, in minutes after 0:00 on the local clock.

    A period may last until the next day: `closes` is then more than 1,440.
    """

    opens: int
    closes: int

    @classmethod
    def read(cls, text: str) -> "Period":
        """`09:00-17:30`, the whole day `00:00-24:00`, or `22:00-02:00` until the next day.

        Raises `Rejected` with `VALIDATION_ERROR`.
        """
        match = _PERIOD.fullmatch(text.strip())
        if not match:
            raise invalid("hours", "must be periods such as 09:00-17:30")
        opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if opens >= DAY or closes > DAY or int(match[2]) > 59 or int(match[4]) > 59:
            raise invalid("hours", "must be times of a day")
        return cls(opens, closes if closes > opens else closes + DAY)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a service is open.

    `week` has the periods of each weekday, 0 being Monday; `exceptions` those of single days, instead: none
    when the service is closed. A period belongs to the day on which it begins.
    """

    week: Mapping[int, tuple[Period, ...]]
    exceptions: Mapping[date, tuple[Period, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, value: Any) -> "OpeningHours":
        """`{"mon": ["09:00-12:00", "13:00-17:30"], "exceptions": {"2030-12-25": []}}`, decoded.

        Days that are not named are closed. Raises `Rejected` with `VALIDATION_ERROR`.
        """
        if not isinstance(value, Mapping) or not value.keys() <= {*WEEKDAYS, "exceptions"}:
            raise invalid("hours", f"must have lists of periods for {', '.join(WEEKDAYS)}, and exceptions")
        exceptions = value.get("exceptions", {})
        if not isinstance(exceptions, Mapping):
            raise invalid("hours.exceptions", "must have lists of periods by day")
        return cls(
            {day: _periods(value.get(name, []), name) for day, name in enumerate(WEEKDAYS)},
            {_day(day): _periods(periods, "exceptions") for day, periods in exceptions.items()},
        )

    def on(self, day: date) -> tuple[Period, ...]:
        """The periods that begin on the local `day`."""
        regular = self.week.get(day.weekday(), ())
        return self.exceptions.get(day, regular)


@dataclass(frozen=True, slots=True)
class Service:
    """What can be booked, when, for how long, and by how many at once. Every length is in minutes.

    `granularity` is the length of a quantum, the unit of time that is claimed: 1, 3, 5 or 15, because the
    offset of every time zone is a multiple of 15. It must not change while there are claims, whose names it
    gives. A slot may begin every `step` after opening, takes one of `durations`, and is followed and preceded
    by its buffers, which are claimed too and may lie outside the opening hours. `capacity` bookings may share
    the same time.

    Raises `Rejected` with `VALIDATION_ERROR`, naming the field, when these do not fit together.
    """

    id: str
    zone: tzinfo
    hours: OpeningHours
    durations: tuple[int, ...]
    step: int
    granularity: int = 15
    capacity: int = 1
    buffer_before: int = 0
    buffer_after: int = 0

    def __post_init__(self) -> None:
        if self.granularity not in (1, 3, 5, 15):
            raise invalid("granularity", "must be 1, 3, 5 or 15 minutes")
        if not 1 <= self.capacity <= MAX_CAPACITY:
            raise invalid("capacity", f"must be a number from 1 to {MAX_CAPACITY}")
        if not self.durations:
            raise invalid("durations", "must have at least one entry")
        self._check_lengths("step", (self.step,), at_least=1)
        self._check_lengths("durations", self.durations, at_least=1)
        self._check_lengths("bufferBefore", (self.buffer_before,), at_least=0)
        self._check_lengths("bufferAfter", (self.buffer_after,), at_least=0)
        days = (*self.hours.week.values(), *self.hours.exceptions.values())
        self._check_lengths("hours", tuple(period.opens for day in days for period in day), at_least=0)

    def _check_lengths(self, name: str, lengths: tuple[int, ...], at_least: int) -> None:
        if any(length < at_least or length % self.granularity for length in lengths):
            raise invalid(name, f"must be multiples of the granularity of {self.granularity} minutes")


def _periods(value: Any, name: str) -> tuple[Period, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise invalid(f"hours.{name}", "must be a list of periods such as 09:00-17:30")
    return tuple(Period.read(text) for text in value)


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise invalid("hours.exceptions", "must name days such as 2030-12-25") from None
