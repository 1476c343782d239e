"""Appwrite function: what is left, for anybody who asks. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.availability.look import look_at_all, warm
from boxoffice.availability.opening import open_availability, window
from boxoffice.entry import Context, Execution, respond


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Parse, look."""
    # The models' library doubles the load of a cold function, so the first request loads it.
    from boxoffice.contract.availability import show, success
    from boxoffice.contract.availability_request import AvailabilityRequest
    from boxoffice.contract.body import read_object

    availability = open_availability(execution)
    if execution.headers.get("x-appwrite-trigger") == "schedule":
        await warm(availability, window().settings.warm_events, execution.log)
        return success([])
    queries = AvailabilityRequest.read(read_object(execution.body)).queries()
    pictures = await look_at_all(availability, [wanted for _, wanted in queries])
    return success(
        [
            show(picture, availability.age(picture.view), query.layout)
            for (query, _), picture in zip(queries, pictures, strict=True)
        ]
    )
