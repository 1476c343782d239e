"""The data of the answer of `sweep`."""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.recovery.results import Swept


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class SweepResult(_Model):
    """What one run has done, in bookings unless another thing is named."""

    examined: int = Field(description="Looked at.")
    expired: int = Field(description="Holds that nobody has paid for in time.")
    finished: int = Field(description="Completed, because they were paid and held their units.")
    undone: int = Field(description="Rolled back, with the money returned.")
    projected: int = Field(description="Shown to be confirmed.")
    voided: int = Field(description="Removed, because nothing had come of them.")
    retried: int = Field(description="Of which something could still not be undone.")
    escalated: int = Field(description="That a person has to look at from now on.")
    postponed: int = Field(description="Not decided, because somebody did not answer.")
    claims_released: int = Field(description="Gone, but still holding units until now.")
    events_refreshed: int = Field(description="Events whose ticketsLeft was corrected.")
    files_removed: int = Field(description="Images of tickets that do not exist.")
    limits_removed: int = Field(description="Counters of requests whose window is over; stops at 5000.")
    conflicts_removed: int = Field(description="Counts of conflicts, after 400 days; stops at 5000.")
    reports_restored: int = Field(description="Rollback reports brought back from the archive.")
    notices_sent: int = Field(description="Notices to users that Appwrite has taken over.")
    closed: int = Field(description="Whose event is over, shown to be completed or a no-show.")
    cancellations_finished: int = Field(description="Cancellations of tickets brought to their end.")
    called_off: int = Field(description="Cancelled because the organiser has cancelled their event.")
    changes_finished: int = Field(description="Changes of units by administrators brought to their end.")
    payments_found: int = Field(description="Payments of which the gateway had not told.")
    webhooks_finished: int = Field(description="What the gateway had told, brought to its end.")
    remaining: int = Field(
        description="Bookings, cancellations, webhooks and changes of units still to be looked at; "
        "of each, counting stops at 5000."
    )
    waiting: int = Field(description="Those of the remaining whose time has not come.")


class SweepSuccess(_Model):
    """The sweep has run."""

    success: Literal[True] = True
    data: SweepResult


def success(swept: Swept) -> dict[str, Any]:
    """The answer to a run."""
    return SweepSuccess(data=SweepResult(**asdict(swept))).model_dump(by_alias=True, mode="json")
