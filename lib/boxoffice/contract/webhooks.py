"""The answer to the gateway."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.webhooks.records import EventState, Result
from boxoffice.webhooks.take import Taken


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class TakenEvent(_Model):
    """What has become of an event so far. The gateway only reads the status of the answer."""

    event: str = Field(description="What the gateway calls it; empty when nobody understands it.")
    state: EventState = Field(description="`done`, or what is still done about it without the gateway.")
    result: Result | None = Field(description="What has become of the payment; `null` when it goes on.")


class PaymentWebhookSuccess(_Model):
    """The event is written down and will be worked on, whatever happens."""

    success: Literal[True] = True
    data: TakenEvent
    replayed: bool = Field(description="Whether the event had arrived before.")


def success(taken: Taken) -> dict[str, Any]:
    """The answer to what was taken."""
    data = TakenEvent(event=taken.name, state=taken.state, result=taken.result)
    return PaymentWebhookSuccess(data=data, replayed=taken.replayed).model_dump(by_alias=True, mode="json")
