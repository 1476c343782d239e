"""How far the cancelling of an event has come: a request of `rollback_reports`, and its answer."""

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.cancellations.progress import Progress
from boxoffice.contract.fields import Id


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class FollowCallingOff(_Model):
    """How far the cancelling of an event's bookings has come."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["calledOff"]
    event_id: Id


class CallingOff(_Model):
    """Bookings of an event, and cancellations by what has become of their money; counting stops at 5000."""

    event_id: str
    is_cancelled: bool = Field(description="Whether the organiser has cancelled the event.")
    left: int = Field(description="Bookings that are undecided, or with tickets that are valid or were used.")
    cancelled: int = Field(description="Bookings of which no ticket is left.")
    refunds_done: int = Field(description="Cancellations whose money has gone back.")
    refunds_open: int = Field(description="Cancellations whose money is on its way.")
    needs_operator: int = Field(description="Cancellations whose money a person has to return.")


def calling_off(progress: Progress) -> CallingOff:
    """The answer's data."""
    return CallingOff(**asdict(progress))
