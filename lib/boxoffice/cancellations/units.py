"""The units of cancelled tickets, and the uses of a promo code, are free for anybody again."""

import asyncio
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.records import Cancellation, Sold
from boxoffice.domain.pools import Unit
from boxoffice.domain.promos import normalised, pools_of
from boxoffice.ports import MOST_VALUES, Row
from boxoffice.schema import Table

_LIMIT = 5_000


async def return_units(desk: Desk, cancellation: Cancellation) -> None:
    """Free what the cancelled tickets hold."""
    numbers = set(cancellation.numbers)
    claims = await _claims(desk, cancellation.booking_id)
    await _release(desk, cancellation.booking_id, [row for row in claims if row["ticket"] in numbers])


async def return_uses(desk: Desk, sold: Sold) -> None:
    """Free the uses of the booking's promo code, when the code says that cancelling gives them back."""
    if sold.promo_code is None:
        return
    codes = await desk.rows.find(
        Table.PROMO_CODES,
        {"code": normalised(sold.promo_code)},
        columns=["returnedOnCancellation"],
        limit=1,
    )
    if not codes or not codes[0]["returnedOnCancellation"]:
        return
    pools = pools_of(codes[0]["$id"], sold.user_id)
    claims = await _claims(desk, sold.id)
    await _release(desk, sold.id, [row for row in claims if row["poolId"] in pools])


async def _claims(desk: Desk, booking_id: str) -> Sequence[Row]:
    return await desk.rows.find(
        Table.CLAIMS, {"bookingId": booking_id}, columns=["poolId", "unit", "ticket"], limit=_LIMIT
    )


async def _release(desk: Desk, booking_id: str, claims: Sequence[Row]) -> None:
    """By the booking's id too: the unit may be somebody else's by now."""
    claim_ids = [row["$id"] for row in claims]
    parts = [claim_ids[at : at + MOST_VALUES] for at in range(0, len(claim_ids), MOST_VALUES)]
    await asyncio.gather(
        *(desk.rows.delete_where(Table.CLAIMS, {"bookingId": booking_id, "$id": part}) for part in parts)
    )
    desk.inventory.freed(Unit(row["poolId"], row["unit"]) for row in claims)
