"""Cancel tickets of a booking: they are void, their money goes back, and their units are free."""

from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.fates import Fates, read_fates
from boxoffice.cancellations.finish import finish, win
from boxoffice.cancellations.reading import Known, check_stands, find_sold, look_up
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.cancellations.register import Cause, draft, register
from boxoffice.cancellations.results import Cancelled, RefundStatus
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.cancellation import Refund, TicketState, refund_due, refund_in_full
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.status import BookingStatus
from boxoffice.identity import is_admin
from boxoffice.ports import Where


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be cancelled: tickets of one booking, by number or by id; without any, all that are left.

    `booking` finds it by its id or by its reference. `owner_id` names the owner for whom an administrator
    cancels, by the rules that hold for owners; without it an administrator cancels for the organiser.
    """

    booking: Where
    owner_id: str | None = None
    numbers: tuple[int, ...] = ()
    ticket_ids: tuple[str, ...] = ()
    reason: str | None = None
    dry_run: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything that is left is to be cancelled."""
        return not self.numbers and not self.ticket_ids


async def cancel(desk: Desk, asker: Caller, request: Request) -> Cancelled:
    """Cancel what `request` says, for the booking's owner or an administrator.

    Owners get back what the event's rules say. For the organiser everything goes back, as it does for
    everybody once the event itself is cancelled. The same tickets again are the same cancellation, and get
    its answer. A dry run goes the same way up to the first write.

    Raises `Rejected` with `NOT_FOUND_ERROR`, also for somebody else's booking, `NOT_CANCELLABLE`,
    `VALIDATION_ERROR`, `BOOKING_IN_PROGRESS`, or with `CONFLICT_ERROR` when what was left of the booking has
    changed at the same time.
    """
    sold = await _find(desk, asker, request)
    known = await look_up(desk, sold)
    numbers = _wanted(known, request)
    earlier = _earlier(known, numbers)
    if earlier is None:
        await check_stands(desk, sold)
        for_owner = sold.user_id in (asker.user_id, request.owner_id) and not known.is_called_off
        cause = Cause(asker.user_id, request.reason, by_organiser=not for_owner)
        drafted = draft(desk, sold, await _refund(desk, known, numbers, cause), cause)
        if request.dry_run:
            return _planned(known, drafted, dry_run=True, replayed=False)
        cancellation = await register(desk, drafted)
        replayed = cancellation.attempt != drafted.attempt
    else:
        cancellation, replayed = earlier, True
        if request.dry_run or earlier.check_after is None:
            return _planned(known, earlier, dry_run=request.dry_run, replayed=True)
    if not await win(desk, cancellation):
        raise await _lost(desk, sold, numbers, request)
    return await _finish(desk, known, cancellation, replayed)


async def _find(desk: Desk, asker: Caller, request: Request) -> Sold:
    sold = await find_sold(desk, request.booking)
    if (
        sold is None
        or request.owner_id not in (None, sold.user_id)
        or (asker.user_id != sold.user_id and not await is_admin(asker, desk.users))
    ):
        raise Rejected(Code.NOT_FOUND_ERROR, "You have no booking with this id or reference.")
    return sold


def _wanted(known: Known, request: Request) -> tuple[int, ...]:
    """The numbers of the tickets that are meant. When all are cancelled, those that were cancelled last.

    Raises `Rejected` with `VALIDATION_ERROR` for ids of tickets that the booking does not have.
    """
    sold = known.sold
    if request.is_whole:
        return known.left or known.in_effect[-1].numbers
    if request.numbers:
        return tuple(sorted(request.numbers))
    number_of = {ids.ticket_id(sold.id, number): number for number in sold.numbers}
    if not number_of.keys() >= set(request.ticket_ids):
        rule = "must be ids of tickets of the booking"
        raise Rejected(Code.VALIDATION_ERROR, f"ticketIds {rule}.", {"field": "ticketIds", "allowed": rule})
    return tuple(sorted(number_of[ticket_id] for ticket_id in request.ticket_ids))


def _earlier(known: Known, numbers: Sequence[int]) -> Cancellation | None:
    """The cancellation that has taken effect for exactly these tickets."""
    same = (each for each in known.in_effect if each.numbers == tuple(numbers))
    return next(same, None)


async def _refund(desk: Desk, known: Known, numbers: Sequence[int], cause: Cause) -> Refund:
    sold = known.sold
    tickets = [known.fates.issued(sold.id, number) for number in numbers]
    if cause.by_organiser:
        return refund_in_full(sold.price, tickets)
    policy = (await desk.catalogue.event(sold.event_id)).cancellation if known.event_status else None
    return refund_due(policy, sold.price, tickets, desk.rows.server_time(), sold.starts_at)


async def _finish(desk: Desk, known: Known, cancellation: Cancellation, replayed: bool) -> Cancelled:
    """From here on the tickets are cancelled, whatever fails; the sweep does what is left."""
    try:
        progress = await finish(desk, known.sold, cancellation)
    except BoxofficeError as error:
        desk.log.error("cancellation.unfinished", error, cancellationId=cancellation.id)
        return _planned(known, cancellation, dry_run=False, replayed=replayed)
    return Cancelled(
        known.sold,
        progress.cancellation,
        progress.booking_status,
        _refund_status(progress.cancellation, is_owed=progress.owed is not None),
        dry_run=False,
        replayed=replayed,
    )


def _planned(known: Known, cancellation: Cancellation, *, dry_run: bool, replayed: bool) -> Cancelled:
    """What the cancellation comes to, as far as that is known without asking again."""
    is_all = set(known.left) <= set(cancellation.numbers)
    return Cancelled(
        known.sold,
        cancellation,
        BookingStatus.CANCELLED if is_all else BookingStatus.CONFIRMED,
        _refund_status(cancellation, is_owed=cancellation.state is not CancellationState.DONE),
        dry_run=dry_run,
        replayed=replayed,
    )


def _refund_status(cancellation: Cancellation, *, is_owed: bool) -> RefundStatus:
    if not cancellation.refund.amount:
        return RefundStatus.NONE
    if cancellation.state is CancellationState.NEEDS_OPERATOR:
        return RefundStatus.NEEDS_OPERATOR
    return RefundStatus.PENDING if is_owed else RefundStatus.REFUNDED


async def _lost(desk: Desk, sold: Sold, numbers: Sequence[int], request: Request) -> Rejected:
    """Why the tickets are not to be had any more, or not all of them."""
    fates: Fates = await read_fates(desk.rows, sold.id)
    tickets = [fates.issued(sold.id, number) for number in numbers]
    if request.is_whole:
        # What was cancelled meanwhile is no obstacle, it only is not left any more; what was used is one.
        tickets = [ticket for ticket in tickets if ticket.state is TicketState.CHECKED_IN]
    if not tickets:
        return Rejected(Code.CONFLICT_ERROR)
    try:
        refund_in_full(sold.price, tickets)
    except Rejected as refusal:
        return refusal
    return Rejected(Code.CONFLICT_ERROR)
