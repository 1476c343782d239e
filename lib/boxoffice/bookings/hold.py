"""Hold: keep units for a while, and open the order that they can be paid by.

The row of the hold and the gateway's order are made at the same time; the claims follow, and beside them the
order's id is written down. So a hold costs two rounds of calls, and one that dies in between keeps nothing
longer than it would have lasted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from boxoffice.bookings.admission import write_booking
from boxoffice.bookings.basket import Basket, fill
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import draft, fingerprint
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import HOLD_LABEL, StoredHold, read_hold, why_over
from boxoffice.conflicts import contest
from boxoffice.conflicts.refusals import count_refusal
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import Right
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.holds import held_until, open_hold_pools, too_many
from boxoffice.domain.payments import too_little
from boxoffice.domain.selection import Selection
from boxoffice.domain.status import BookingStatus
from boxoffice.inventory.claims import Claimant
from boxoffice.inventory.wants import AnyOf, Place, Want
from boxoffice.saga.retry import RetryPolicy
from boxoffice.saga.runner import Ending, Saga
from boxoffice.saga.step import Step
from boxoffice.schema import Table

_UNDO_POLICY = RetryPolicy(attempts=4, base=0.1, cap=1.5)


@dataclass(frozen=True, slots=True)
class HoldWish:
    """What a client wants to have kept. The same `request_id` of the same user is the same hold.

    `availability_version` is that of the picture from which the client has chosen.
    """

    selections: tuple[Selection, ...]
    promo_code: str | None = None
    request_id: str | None = None
    availability_version: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A hold: its booking, and the places that are kept for it."""

    booking: Booking
    places: tuple[Place, ...]
    replayed: bool = False


async def hold(desk: Desk, caller: Caller, wish: HoldWish, right: Right | None = None) -> Held:
    """Hold what `wish` says for `caller`, at the catalogue's price.

    `right` is that to what others hold, by the event's rules when it is left out. Raises `Rejected` when it
    cannot be had, or when there are too many open holds: then nothing is kept.
    """
    try:
        return await _hold(desk, caller, wish, right)
    except Rejected as refusal:
        explained: BoxofficeError = refusal
        if wish.availability_version is not None:
            # Loaded by the first request that needs it.
            from boxoffice.bookings.as_of import as_of

            explained = await as_of(desk, refusal, wish.availability_version, wish.selections)
        await count_refusal(desk, explained, wish.selections)
        raise explained from refusal.__cause__


async def _hold(desk: Desk, caller: Caller, wish: HoldWish, right: Right | None) -> Held:
    basket = await fill(desk, caller.user_id, wish.selections, wish.promo_code)
    booking_id = ids.hold_id(caller.user_id, wish.request_id or desk.new_token())
    total = basket.price.total
    cause = "promoCode" if basket.promo_code else "quantity"
    refusal = basket.refusal or too_little(total, desk.payments.least(total.currency), cause)
    basket = replace(basket, refusal=refusal)
    if basket.refusal is None:
        right = right or Right(basket.event.conflicts, caller.tier)
        shortage = await contest.known_shortage(desk, right, (*basket.wants, *basket.extras))
        if shortage is None:
            return await _Holding(desk, basket, _draft(desk, caller, basket, booking_id), right).run()
        basket = replace(basket, refusal=shortage)
    if wish.request_id and (stored := await read_hold(desk.rows, booking_id)):
        return earlier(stored, fingerprint(caller.user_id, basket), desk.rows.server_time())
    raise basket.refusal or Rejected(Code.CONFLICT_ERROR)


def earlier(stored: StoredHold, wanted: str, now: datetime) -> Held:
    """The hold that the same request has made before; `wanted` is the fingerprint of what it asks for now.

    Raises `Rejected`: with `VALIDATION_ERROR` when it was another request, with `BOOKING_IN_PROGRESS` while
    it is being made, with `INVALID_STATUS_TRANSITION` when it is being paid or has been, and as `why_over`
    says when it is over.
    """
    booking = stored.booking
    if booking.fingerprint != wanted:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "requestId was used for another request.",
            {"field": "requestId", "allowed": "one of its own for each request, or none"},
        )
    # Whoever makes it may be just about to write its order down: nobody else must open another one.
    has_order = booking.is_free or booking.gateway_order_id is not None
    is_whole = stored.is_open and (has_order or booking.lease_until <= now)
    if is_whole and booking.held_until and now < booking.held_until:
        return Held(booking, stored.places, replayed=True)
    if stored.is_being_made(now):
        raise Rejected(Code.BOOKING_IN_PROGRESS)
    if booking.status in (BookingStatus.HELD, BookingStatus.EXPIRED, BookingStatus.CANCELLED):
        raise why_over(booking)
    raise Rejected(
        Code.INVALID_STATUS_TRANSITION,
        "This hold has been paid, or is just being paid.",
        {"bookingId": booking.id},
    )


class _Holding:
    """One hold in the making."""

    def __init__(self, desk: Desk, basket: Basket, booking: Booking, right: Right) -> None:
        self._desk = desk
        self._basket = basket
        self._booking = booking
        self._right = right
        self._places: Sequence[Place] = ()
        self._is_mine = True

    async def run(self) -> Held:
        """Make it, or find it. Raises as `hold` does."""
        begin = Step("begin", self._begin, self._take_back)
        order = Step("gateway-order", self._open_order)
        known = Step("prepare", self._prepare)
        claims = Step("claims", self._claim, self._release)
        link = Step("link", self._link)
        priced = [] if self._booking.is_free else [order]
        saga = Saga(
            [[begin, known, *priced], [claims, *([link] if priced else [])]],
            may_undo=self._may_undo,
            undo_policy=_UNDO_POLICY,
            timing=self._desk.timing,
            budget=self._desk.budget,
        )
        report = await saga.run()
        if report.ending is Ending.COMMITTED and report.error is None:
            self._desk.log.info("hold.made", bookingId=self._booking.id, quantity=self._booking.quantity)
            return Held(self._booking, tuple(self._places))
        if not self._is_mine:
            stored = await read_hold(self._desk.rows, self._booking.id)
            if stored is not None:
                return await self._with_order(self._earlier(stored))
        raise report.error or Rejected(Code.CONFLICT_ERROR)

    def _earlier(self, stored: StoredHold) -> Held:
        return earlier(stored, self._booking.fingerprint, self._desk.rows.server_time())

    async def _with_order(self, held: Held) -> Held:
        """The hold with its order: whoever made it may have died before the order was written down."""
        if held.booking.gateway_order_id is not None or self._booking.gateway_order_id is None:
            return held
        self._booking = replace(held.booking, gateway_order_id=self._booking.gateway_order_id)
        await self._link()
        return replace(held, booking=self._booking)

    async def _may_undo(self) -> bool:
        return self._is_mine

    async def _begin(self) -> None:
        stored = await write_booking(self._desk, self._booking)
        if stored.attempt != self._booking.attempt:
            self._is_mine = False
            raise Rejected(Code.CONFLICT_ERROR)
        self._booking = replace(stored, gateway_order_id=self._booking.gateway_order_id)

    async def _take_back(self) -> None:
        booking = self._booking
        where = {"$id": booking.id, "attempt": booking.attempt, "status": BookingStatus.HELD}
        await self._desk.rows.delete_where(Table.BOOKINGS, where)

    async def _open_order(self) -> None:
        booking = self._booking
        order = await self._desk.payments.open_order(
            booking.id, booking.total, {"bookingId": booking.id, "userId": booking.user_id}
        )
        self._booking = replace(self._booking, gateway_order_id=order.id)

    async def _prepare(self) -> None:
        await self._desk.inventory.prepare(self._basket.wants)

    async def _claim(self) -> None:
        booking = self._booking
        until = booking.held_until or booking.lease_until
        claimant = Claimant(booking.event_id, booking.id, until)
        limits = _places_for_holds(self._basket, booking.user_id)
        # Holds are paid for and given back in other functions too: they may be fewer than is remembered.
        self._desk.inventory.doubt(limits)
        extras = (*self._basket.extras, *limits)
        self._places = await contest.claim(
            self._desk, self._right, booking, self._basket.wants, extras, claimant
        )

    async def _release(self) -> None:
        await self._desk.inventory.release(self._booking.id, self._places)

    async def _link(self) -> None:
        await self._desk.rows.update(
            Table.BOOKINGS, self._booking.id, {"gatewayOrderId": self._booking.gateway_order_id}
        )


def _places_for_holds(basket: Basket, user_id: str) -> list[Want]:
    """What a hold claims so that nobody has more of them than are allowed."""
    event = basket.event
    return [
        AnyOf(pool, allowed, 1, partial(_no_more, scope, allowed), label=HOLD_LABEL)
        for pool, allowed, scope in open_hold_pools(event.holds, event.id, user_id)
    ]


def _no_more(scope: str, allowed: int, _available: int, _requested: int) -> Rejected:
    return too_many(scope, allowed)


def _draft(desk: Desk, caller: Caller, basket: Basket, booking_id: str) -> Booking:
    until = held_until(basket.event.holds, desk.now())
    return replace(
        draft(desk, caller, basket, booking_id, None),
        status=BookingStatus.HELD,
        held_until=until,
        check_after=until,
    )
