"""Appwrite function: takes what the payment gateway tells. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bootstrap import open_desk
from boxoffice.domain.gateway_events import EVENT_ID_HEADER, SIGNATURE_HEADER
from boxoffice.entry import Context, Execution, respond
from boxoffice.webhooks.take import Delivery, take


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Take the very bytes: the signature over them is the only proof."""
    from boxoffice.contract.webhooks import success

    headers = execution.headers
    delivery = Delivery(execution.body, headers.get(EVENT_ID_HEADER, ""), headers.get(SIGNATURE_HEADER, ""))
    return success(await take(open_desk(execution), delivery))
