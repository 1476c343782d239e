"""The answers of `manage_events`."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.conflicts.cases import Case, CaseState
from boxoffice.conflicts.confirming import Asked
from boxoffice.managing.blocks import Block, Unblocked
from boxoffice.managing.changes import ChangeState
from boxoffice.managing.moves import Moved


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class BlockOfUnits(_Model):
    """A block, and what it has now."""

    block_id: str
    event_id: str = Field(description="The event, or the service that belongs to none.")
    target: Mapping[str, Any] = Field(description="What was asked for.")
    reason: str
    blocked_by: str
    blocked_at: datetime
    state: ChangeState
    wanted: int
    units: int = Field(description="Fewer than wanted while it is being made, or after some were unblocked.")
    labels: Sequence[str] = Field(description="The seats and times; places in a crowd have none.")


class BlockPage(_Model):
    """Blocks, the newest first. `cursor` leads to the next page; without one there is none."""

    blocks: Sequence[BlockOfUnits]
    cursor: str | None


class UnblockedUnits(_Model):
    """What is on the market again."""

    units: int
    block_ids: Sequence[str] = Field(description="The blocks that they were of.")
    not_blocked: Sequence[str] = Field(description="What was named and is not blocked: it was left alone.")


class MovedTicket(_Model):
    """A ticket that has changed its seat."""

    number: int
    old_seat: str
    new_seat: str


class MovedBooking(_Model):
    """The tickets that have changed their seats; none when all had them already."""

    booking_id: str
    move_id: str | None
    tickets: Sequence[MovedTicket]


class WantedThing(_Model):
    """One of the things that a request is for."""

    kind: str
    id: str = Field(description="The ticket type, the showtime or the service.")
    name: str
    quantity: int
    seats: Sequence[str]


class DecidedCase(_Model):
    """A request for what others hold, and what was decided."""

    case_id: str
    event_id: str
    user_id: str
    items: Sequence[WantedThing]
    in_the_way: Sequence[str] = Field(description="The holds that were in its way when it was made.")
    asked_at: datetime
    state: CaseState
    booking_id: str | None = Field(description="The hold that was made for it, once it was granted.")
    decided_by: str | None
    reason: str | None


class CasePage(_Model):
    """Cases, the newest first. `cursor` leads to the next page; without one there is none."""

    cases: Sequence[DecidedCase]
    cursor: str | None


class AskedHolds(_Model):
    """Whose owners were asked, and until when they can answer."""

    confirm_by: datetime
    asked: Sequence[str]
    not_asked: Sequence[str] = Field(
        description="Paid, being paid, over, over before anyway, or the payment gateway could not say."
    )


Data = BlockOfUnits | BlockPage | UnblockedUnits | MovedBooking | DecidedCase | CasePage | AskedHolds


class ManageSuccess(_Model):
    """The answer to any action."""

    success: Literal[True] = True
    data: Data


def blocked(block: Block) -> dict[str, Any]:
    """The answer to `blockUnits`."""
    return _success(_block(block))


def unblocked(found: Unblocked) -> dict[str, Any]:
    """The answer to `unblockUnits`."""
    return _success(
        UnblockedUnits(units=found.units, block_ids=found.block_ids, not_blocked=found.not_blocked)
    )


def page(blocks: Sequence[Block], limit: int) -> dict[str, Any]:
    """The answer to `listBlocks`."""
    cursor = blocks[-1].change.id if len(blocks) == limit else None
    return _success(BlockPage(blocks=[_block(block) for block in blocks], cursor=cursor))


def moved(found: Moved) -> dict[str, Any]:
    """The answer to `moveBooking`."""
    tickets = [
        MovedTicket(number=step.number, old_seat=step.old_label, new_seat=step.new_label)
        for step in found.steps
    ]
    return _success(MovedBooking(booking_id=found.booking_id, move_id=found.move_id, tickets=tickets))


def decided(case: Case) -> dict[str, Any]:
    """The answer to `decideCase`."""
    return _success(_case(case))


def cases(found: Sequence[Case], limit: int) -> dict[str, Any]:
    """The answer to `listCases`."""
    cursor = found[-1].id if len(found) == limit else None
    return _success(CasePage(cases=[_case(case) for case in found], cursor=cursor))


def asked(found: Asked) -> dict[str, Any]:
    """The answer to `askToConfirm`."""
    return _success(AskedHolds(confirm_by=found.until, asked=found.booking_ids, not_asked=found.others))


def _case(case: Case) -> DecidedCase:
    return DecidedCase(
        case_id=case.id,
        event_id=case.event_id,
        user_id=case.user_id,
        items=[
            WantedThing(kind=item.kind, id=item.id, name=item.name, quantity=item.quantity, seats=item.seats)
            for item in case.items
        ],
        in_the_way=case.in_the_way,
        asked_at=case.created_at,
        state=case.state,
        booking_id=case.booking_id,
        decided_by=case.decided_by,
        reason=case.reason,
    )


def _block(block: Block) -> BlockOfUnits:
    change = block.change
    return BlockOfUnits(
        block_id=change.id,
        event_id=change.event_id,
        target=json.loads(change.target),
        reason=change.reason,
        blocked_by=change.actor,
        blocked_at=change.created_at,
        state=change.state,
        wanted=block.wanted,
        units=block.units,
        labels=block.labels,
    )


def _success(data: Data) -> dict[str, Any]:
    return ManageSuccess(data=data).model_dump(by_alias=True, mode="json")
