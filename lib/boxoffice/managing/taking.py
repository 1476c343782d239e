"""Taking units off the market: all of a block's, in as many calls as that takes, whoever begins again."""

from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain.blocks import Place, all_taken, highest_free
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import explained, in_the_way
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.domain.pools import Claim, ClaimState, Unit, standing_while_there
from boxoffice.inventory.expiry import end_lapsed_holds
from boxoffice.inventory.reading import as_decided, read_claims
from boxoffice.managing.targets import Plan
from boxoffice.ports import MOST_VALUES, NewRow, RowsTaken
from boxoffice.schema import Table

# Every lost race means that somebody else has got a place. This only stops a loop that cannot end.
_MAX_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Gap:
    """What a block still has to claim, and what it has too much, after two have been at work on it."""

    missing: tuple[Place, ...] = ()
    surplus: tuple[Unit, ...] = ()


async def take(desk: Desk, block_id: str, plan: Plan) -> None:
    """Claim everything that the block is to have and does not have yet.

    Raises `Rejected` as `gap` does; some units may have been claimed by then.
    """
    for _ in range(_MAX_ROUNDS):
        left = await gap(desk, block_id, plan)
        if left == Gap():
            return
        await _free(desk, block_id, left.surplus)
        try:
            await _claim(desk, block_id, plan.event_id, left.missing)
        except RowsTaken:
            continue
    raise Retryable(Code.CONFLICT_ERROR)


async def gap(desk: Desk, block_id: str, plan: Plan) -> Gap:
    """What is between the block's claims and its plan. A hold that has ended is in nobody's way: it is freed.

    Raises `Rejected` with the plan's code, listing what somebody else has, or how much is free, and with the
    conflict that it is.
    """
    claims = await read_claims(desk.rows, plan.pools)
    ended = await end_lapsed_holds(desk.rows, claims, desk.execution_id)
    own, others = set[Unit](), dict[Unit, Claim]()
    for claim in claims:
        if claim.booking_id == block_id:
            own.add(claim.unit)
        elif claim.booking_id not in ended:
            others[claim.unit] = claim
    if plan.places:
        return await _gap_of_places(desk, plan, own, others)
    return await _gap_of_crowd(desk, plan, own, others)


async def _gap_of_places(desk: Desk, plan: Plan, own: set[Unit], others: dict[Unit, Claim]) -> Gap:
    taken = [place for place in plan.places if place.unit in others]
    if taken:
        claims = await as_decided(desk.rows, [others[place.unit] for place in taken])
        gone = [
            (place.label, standing_while_there(claim)) for place, claim in zip(taken, claims, strict=True)
        ]
        raise explained(all_taken(gone, plan.taken_code), claims, desk.rows.server_time())
    return Gap(missing=tuple(place for place in plan.places if place.unit not in own))


async def _gap_of_crowd(desk: Desk, plan: Plan, own: set[Unit], others: dict[Unit, Claim]) -> Gap:
    if len(own) >= plan.quantity:
        # In an order that is the same for everybody, so that two who tidy up leave the same ones.
        return Gap(surplus=tuple(sorted(own))[plan.quantity :])
    taken = {int(unit.name) for unit in (*own, *others)}
    numbers = highest_free(plan.capacity, taken, plan.quantity - len(own))
    if numbers is None:
        claims = await as_decided(desk.rows, others.values())
        refusal = _too_few(plan, len(own), plan.capacity - len(taken))
        is_possible = plan.quantity <= plan.capacity
        blamed = in_the_way(claims, plan.capacity - len(own), plan.quantity - len(own))
        raise explained(refusal, blamed if is_possible else (), desk.rows.server_time())
    return Gap(missing=tuple(Place(Unit(plan.pool, str(number)), "") for number in numbers))


async def _claim(desk: Desk, block_id: str, event_id: str, places: Sequence[Place]) -> None:
    for at in range(0, len(places), MOST_VALUES):
        rows = [
            NewRow(
                unit.claim_id,
                {
                    "poolId": unit.pool,
                    "unit": unit.name,
                    "eventId": event_id,
                    "bookingId": block_id,
                    "state": ClaimState.BLOCKED,
                    "reservedUntil": None,
                    "ticket": 0,
                    "label": label or None,
                },
                public=True,
            )
            for unit, label in places[at : at + MOST_VALUES]
        ]
        await desk.rows.create_all(Table.CLAIMS, rows, owner="bookingId")


async def _free(desk: Desk, block_id: str, surplus: Sequence[Unit]) -> None:
    for at in range(0, len(surplus), MOST_VALUES):
        claim_ids = [unit.claim_id for unit in surplus[at : at + MOST_VALUES]]
        await desk.rows.delete_where(Table.CLAIMS, {"$id": claim_ids, "bookingId": block_id})


def _too_few(plan: Plan, own: int, free: int) -> Rejected:
    available = max(0, free) + own
    return Rejected(
        plan.taken_code,
        f"Nothing was changed, because only {available} of these tickets are left.",
        {"available": available, "requested": plan.quantity},
    )
