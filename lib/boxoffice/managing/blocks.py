"""Blocking: units that nobody can have, until they are unblocked. What is paid is never touched."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import ClaimState, Unit
from boxoffice.domain.status import Outcome
from boxoffice.history.record import note
from boxoffice.managing import changes
from boxoffice.managing.changes import LIFTED, Change, ChangeKind, ChangeState
from boxoffice.managing.taking import gap, take
from boxoffice.managing.targets import Named, Plan, Target, plan_of
from boxoffice.ports import MOST_VALUES
from boxoffice.schema import Table

BLOCKED, UNBLOCKED = "units.blocked", "units.unblocked"
"""In the log of who did what, with the block as the subject."""

_MOST_CLAIMS = 5_000


@dataclass(frozen=True, slots=True)
class Block:
    """A block, and what it has of its `wanted` units now: `labels` are those that have names."""

    change: Change
    wanted: int
    units: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unblocked:
    """What was put on the market again, and which of the names that were asked for were not blocked."""

    units: int
    block_ids: tuple[str, ...]
    not_blocked: tuple[str, ...] = ()


async def block(desk: Desk, actor: str, target: Target, reason: str, request_id: str | None) -> Block:
    """Take all of `target` off the market, or nothing.

    The same `request_id` is the same block: when it was interrupted, it is completed. Raises `Rejected` as
    `plan_of` and `gap` do; with `VALIDATION_ERROR` when the id was another request's; with `CONFLICT_ERROR`
    while the first request is at work; and with `INVALID_STATUS_TRANSITION` when its block was refused or
    lifted meanwhile.
    """
    plan = await plan_of(desk, target)
    draft = changes.Draft(
        id=ids.block_id(request_id or desk.new_token()),
        kind=ChangeKind.BLOCK,
        event_id=plan.event_id,
        target=json.dumps(target.told(), ensure_ascii=False, sort_keys=True),
        plan=plan.to_text(),
        actor=actor,
        reason=reason,
    )
    known = await changes.find_changes(desk, [draft.id]) if request_id else []
    if known:
        return await _again(desk, known[0], draft)
    # Before anything is written: most of what is refused is refused here.
    await gap(desk, draft.id, plan)
    change, is_new = await changes.begin(desk, draft)
    if not is_new:
        return await _again(desk, change, draft)
    return await describe(desk, await _complete(desk, change))


async def unblock(desk: Desk, actor: str, target: str | Named, reason: str) -> Unblocked:
    """Put everything of a block on the market again, or the blocked ones of some units, whosever they are.

    A block is given by its id. What is named and not blocked is left alone and told. Raises `Rejected` with
    `NOT_FOUND_ERROR`, or as `plan_of` does.
    """
    if isinstance(target, str):
        return await _unblock_all(desk, actor, target, reason)
    return await _unblock_units(desk, actor, target, reason)


async def list_blocks(desk: Desk, event_id: str | None, cursor: str, limit: int) -> Sequence[Block]:
    """The newest blocks that are not lifted, beginning after the one with the id `cursor`.

    Raises `Rejected` with `VALIDATION_ERROR` when there is no such block.
    """
    if cursor and not await changes.find_changes(desk, [cursor]):
        raise Rejected(Code.VALIDATION_ERROR, "cursor must be the id of a block.", {"field": "cursor"})
    rows = await desk.rows.find(
        Table.UNIT_CHANGES,
        {
            "kind": ChangeKind.BLOCK,
            "state": [state for state in ChangeState if state not in LIFTED],
            **({"eventId": event_id} if event_id else {}),
        },
        order="$createdAt",
        descending=True,
        after=cursor,
        limit=limit,
    )
    return await asyncio.gather(*(describe(desk, Change.from_row(row)) for row in rows))


async def describe(desk: Desk, change: Change) -> Block:
    """A block with what it has now."""
    claims = await desk.rows.find(
        Table.CLAIMS, {"bookingId": change.id}, columns=["label"], limit=_MOST_CLAIMS
    )
    labels = dict.fromkeys(claim["label"] for claim in claims if claim["label"])
    wanted = Plan.from_text(change.plan, change.event_id).wanted
    return Block(change, wanted, len(claims), tuple(labels))


async def resume(desk: Desk, change: Change) -> Change:
    """Bring a block to the end that it has come nearest to, whoever finds it. Every step can be repeated.

    Raises `Rejected` when it cannot be had as a whole: then nothing of it is left.
    """
    match change.state:
        case ChangeState.BEGUN:
            match await changes.outcome_of(desk, change):
                case Outcome.CONFIRMED:
                    # Its units are not claimed again: some may have been unblocked since.
                    return await changes.finish(desk, change, BLOCKED)
                case None:
                    return await _complete(desk, change)
                case _:
                    return await _abandon(desk, change)
        case ChangeState.REFUSED:
            return await _abandon(desk, change)
        case ChangeState.REMOVING | ChangeState.REMOVED:
            return await _lift(desk, change)
        case ChangeState.DONE:
            return change


async def _unblock_all(desk: Desk, actor: str, block_id: str, reason: str) -> Unblocked:
    found = await changes.find_changes(desk, [block_id])
    if not found or found[0].kind is not ChangeKind.BLOCK:
        raise Rejected(Code.NOT_FOUND_ERROR, "There is no block with this blockId.", {"field": "blockId"})
    change = found[0]
    if change.state in LIFTED:
        return Unblocked(0, ())
    await note(desk, actor, UNBLOCKED, block_id, reason=reason)
    # Whoever is still at work on it has to stop.
    await changes.decide(desk, change, Outcome.ROLLED_BACK)
    where = {"bookingId": block_id}
    claims = await desk.rows.find(Table.CLAIMS, where, columns=["bookingId"], limit=_MOST_CLAIMS)
    await _lift(desk, await changes.begin_removal(desk, change))
    desk.inventory.freed(Unit.of_claim(claim["$id"]) for claim in claims)
    desk.log.info("units.unblocked", blockId=block_id, units=len(claims), by=actor)
    return Unblocked(len(claims), (block_id,))


async def _unblock_units(desk: Desk, actor: str, target: Named, reason: str) -> Unblocked:
    plan = await plan_of(desk, target)
    label_of = {place.unit.claim_id: place.label for place in plan.places}
    blocked = await _blocked(desk, list(label_of))
    for block_id in sorted(set(blocked.values())):
        of_block = [claim_id for claim_id, owner in blocked.items() if owner == block_id]
        await note(desk, actor, UNBLOCKED, block_id, after=f"{len(of_block)} of its units", reason=reason)
    claim_ids = list(blocked)
    for at in range(0, len(claim_ids), MOST_VALUES):
        # By the state too: never what was sold after it had been unblocked by somebody else.
        some = claim_ids[at : at + MOST_VALUES]
        await desk.rows.delete_where(Table.CLAIMS, {"$id": some, "state": ClaimState.BLOCKED})
    not_blocked = dict.fromkeys(label for claim_id, label in label_of.items() if claim_id not in blocked)
    desk.inventory.freed(map(Unit.of_claim, claim_ids))
    desk.log.info("units.unblocked", units=len(blocked), by=actor)
    return Unblocked(len(blocked), tuple(sorted(set(blocked.values()))), tuple(not_blocked))


async def _complete(desk: Desk, change: Change) -> Change:
    plan = Plan.from_text(change.plan, change.event_id)
    try:
        await take(desk, change.id, plan)
    except Rejected:
        if await changes.decide(desk, change, Outcome.ROLLED_BACK) is not Outcome.CONFIRMED:
            await _abandon(desk, change)
            raise
    if await changes.decide(desk, change, Outcome.CONFIRMED) is not Outcome.CONFIRMED:
        await _abandon(desk, change)
        raise Rejected(Code.INVALID_STATUS_TRANSITION, "The block was lifted while it was being made.")
    desk.log.info("units.blocked", blockId=change.id, units=plan.wanted, by=change.actor)
    return await changes.finish(desk, change, BLOCKED)


async def _abandon(desk: Desk, change: Change) -> Change:
    """Free what a refused block may have claimed. Only after its outcome says so."""
    await desk.rows.delete_where(Table.CLAIMS, {"bookingId": change.id})
    return await changes.refuse(desk, change, changes.look_again_at(desk, change))


async def _lift(desk: Desk, change: Change) -> Change:
    """Free what a block has that is being removed."""
    await desk.rows.delete_where(Table.CLAIMS, {"bookingId": change.id})
    return await changes.end_removal(desk, change)


async def _again(desk: Desk, change: Change, draft: changes.Draft) -> Block:
    """What the same request is answered that has been made before."""
    if change.fingerprint != draft.fingerprint:
        raise Rejected(
            Code.VALIDATION_ERROR, "requestId was used for another request.", {"field": "requestId"}
        )
    if change.is_at_work(desk.rows.server_time()):
        raise Rejected(Code.CONFLICT_ERROR, "The same request is still at work.")
    if change.state is ChangeState.BEGUN:
        change = await resume(desk, change)
    if change.state is not ChangeState.DONE:
        raise Rejected(
            Code.INVALID_STATUS_TRANSITION,
            "This request was refused, or its block was lifted. Ask with another requestId to block again.",
            {"state": change.state.value},
        )
    return await describe(desk, change)


async def _blocked(desk: Desk, claim_ids: Sequence[str]) -> Mapping[str, str]:
    """Those of the units that are blocked, and by which block."""
    parts = [claim_ids[at : at + MOST_VALUES] for at in range(0, len(claim_ids), MOST_VALUES)]
    found = await asyncio.gather(
        *(
            desk.rows.find(Table.CLAIMS, {"$id": part, "state": ClaimState.BLOCKED}, columns=["bookingId"])
            for part in parts
        )
    )
    return {row["$id"]: row["bookingId"] for part in found for row in part}
