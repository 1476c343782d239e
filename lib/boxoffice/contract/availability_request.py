"""The request of `availability`."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from boxoffice.availability.views import OfDay, OfEvent, OfShowtime, Subject, Wanted
from boxoffice.contract.fields import Id, Version
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

MOST_SUBJECTS = 20


_DAY_FORM = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"


def _day(value: Any) -> Any:
    # The library would also take numbers, and a day at the end of time has no day after it.
    if not isinstance(value, str) or not re.match(_DAY_FORM, value):
        raise ValueError("not a day")
    return value


def _minutes(value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 4:
        return int(value)
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY_FORM}),
]
Minutes = Annotated[int, BeforeValidator(_minutes), Field(ge=1, le=1_500)]

_ID_RULE = "must be an id: 1 to 36 characters, letters, digits, dots, hyphens and underscores"
_ONE_OF = "must be given, or showtimeId, or serviceId with day and duration, and only one of them"
_RULES = {
    "eventId": _ID_RULE,
    "showtimeId": _ID_RULE,
    "serviceId": _ID_RULE,
    "day": "must be a day such as 2030-12-25, and comes with a serviceId",
    "duration": "must be a number of minutes that the service offers, and comes with a serviceId",
    "version": "must be the version of an earlier answer",
    "layout": "must be true or false",
    "pools": f"must be a list of 1 to {MOST_SUBJECTS} objects, and come alone",
}
_BELONGS_IN_POOLS = "belongs in the object of pools that it is about"
_TWICE = "must be about something else than the ones before it"


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class PoolQuery(_Model):
    """One thing to look at: an event, a showtime, or a day of a service."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "oneOf": [
                {"required": ["eventId"]},
                {"required": ["showtimeId"]},
                {"required": ["serviceId", "day", "duration"]},
            ],
        },
    )

    event_id: Id | None = None
    showtime_id: Id | None = None
    service_id: Id | None = None
    day: Day | None = Field(None, description="A local day of the service.")
    duration: Minutes | None = Field(None, description="In minutes.")
    version: Version | None = Field(
        None, description="Refuse with CONFLICT_ERROR when it is not the current version any more."
    )
    layout: bool = Field(False, description="Whether to name the seats of a showtime's map.")

    def wanted(self, prefix: str = "") -> Wanted:
        """What is asked about. Raises `Rejected` with `VALIDATION_ERROR`, naming a field after `prefix`."""
        return Wanted(self._subject(prefix), self.version, f"{prefix}version")

    def _subject(self, prefix: str) -> Subject:
        named = [self.event_id, self.showtime_id, self.service_id]
        if len(named) - named.count(None) != 1:
            raise _invalid("eventId", prefix, _ONE_OF)
        if self.event_id is not None:
            return OfEvent(self.event_id)
        if self.showtime_id is not None:
            return OfShowtime(self.showtime_id)
        if self.service_id is None or self.day is None or self.duration is None:
            raise _invalid("day" if self.day is None else "duration", prefix)
        return OfDay(self.service_id, self.day, self.duration)


class AvailabilityRequest(PoolQuery):
    """One thing to look at, or several in `pools`."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "oneOf": [
                {"required": ["eventId"]},
                {"required": ["showtimeId"]},
                {"required": ["serviceId", "day", "duration"]},
                {"required": ["pools"]},
            ],
        },
    )

    pools: Annotated[Sequence[PoolQuery], Field(min_length=1, max_length=MOST_SUBJECTS)] | None = None

    @classmethod
    def read(cls, value: dict[str, Any]) -> "AvailabilityRequest":
        """Validate a decoded body.

        Raises `Rejected` with `VALIDATION_ERROR`, naming the first wrong field and what is allowed in it.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first, *inner = error.errors(include_input=False)[0]["loc"]
            if len(inner) < 2:
                raise _invalid(str(first)) from None
            raise _invalid(str(inner[1]), f"{first}.{inner[0]}.") from None

    def queries(self) -> list[tuple[PoolQuery, Wanted]]:
        """Each query with what it asks about, in order. Raises as `wanted` does."""
        if self.pools is None:
            return [(self, self.wanted())]
        if any(value is not None for value in (self.event_id, self.showtime_id, self.service_id)):
            raise _invalid("pools")
        for field in ("version", "day", "duration", "layout"):
            if getattr(self, field):
                raise _invalid(field, rule=_BELONGS_IN_POOLS)
        queries = [(query, query.wanted(f"pools.{at}.")) for at, query in enumerate(self.pools)]
        subjects = [wanted.subject for _, wanted in queries]
        for at, subject in enumerate(subjects):
            if subject in subjects[:at]:
                raise _invalid(str(at), "pools.", _TWICE)
        return queries


def _invalid(field: str, prefix: str = "", rule: str = "") -> Rejected:
    rule = rule or _RULES[field]
    return Rejected(
        Code.VALIDATION_ERROR, f"{prefix}{field} {rule}.", {"field": prefix + field, "allowed": rule}
    )
