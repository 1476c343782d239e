"""Pay for a hold: the booking that began with it is completed, and its units never change hands.

The right to pay is a write-once row, the lease: it says which payment the hold is being paid with, so that
two payments at the same time cannot both complete it. Against the end of the hold there is no lock: whoever
writes the booking's outcome first has decided. Somebody who comes too late gets the same units again when
they are still free, as a booking of its own, and the money back otherwise.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from boxoffice.bookings.admission import Admitted, stored_failure
from boxoffice.bookings.aftermath import explain, record_failure
from boxoffice.bookings.book import confirmed
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import LEASE, renewed
from boxoffice.bookings.late import get_again
from boxoffice.bookings.proof import PaymentClaim, check_pays_for, fetch
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.sale import Sale
from boxoffice.bookings.stored_hold import (
    HOLD_LABEL,
    Lease,
    StoredHold,
    begun_columns,
    lease_row,
    read_hold,
    show_begun,
)
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.payments import Payment, nothing_to_pay
from boxoffice.domain.recovery import is_lease_over
from boxoffice.domain.status import STANDING, BookingStatus, Outcome
from boxoffice.inventory.wants import Place
from boxoffice.ports import UniqueClash
from boxoffice.saga.runner import Ending
from boxoffice.schema import Table


async def convert(desk: Desk, caller: Caller, booking_id: str, claim: PaymentClaim | None) -> Booked | Failed:
    """Complete the hold with that id, with the payment that `claim` names; without one when it costs nothing.

    Returns `Failed` when something had to be undone, and raises when nothing had been done.
    """
    return await _Conversion(desk, caller, booking_id, claim).run()


class _Conversion:
    """One execution's attempt to complete a hold."""

    def __init__(self, desk: Desk, caller: Caller, booking_id: str, claim: PaymentClaim | None) -> None:
        self._desk = desk
        self._caller = caller
        self._id = booking_id
        self._claim = claim
        payment_id = claim.payment_id if claim else None
        self._lease = Lease(desk.new_token(), payment_id, desk.now() + LEASE)

    async def run(self) -> Booked | Failed:
        """See `convert`."""
        row = lease_row(self._id, self._caller.user_id, self._lease, self._desk.execution_id)
        # Every one is waited for: what is still being written could not be taken back.
        hold, payment, leased = await asyncio.gather(
            read_hold(self._desk.rows, self._id),
            self._payment(),
            self._desk.rows.put_once(Table.LEASES, row),
            return_exceptions=True,
        )
        try:
            if isinstance(hold, BaseException):
                raise hold
            if isinstance(leased, BaseException):
                raise leased
            return await self._decide(hold, payment, Lease.from_row(leased))
        except BoxofficeError:
            await self._release_lease()
            raise

    async def _payment(self) -> Payment | None:
        return await fetch(self._desk, self._claim) if self._claim else None

    async def _decide(
        self, hold: StoredHold | None, payment: Payment | BaseException | None, lease: Lease
    ) -> Booked | Failed:
        if hold is None or hold.booking.user_id != self._caller.user_id:
            raise Rejected(
                Code.NOT_FOUND_ERROR, "You have no booking with this bookingId.", {"field": "bookingId"}
            )
        if hold.is_being_undone:
            if is_lease_over(lease.lease_until, self._desk.rows.server_time()):
                await show_begun(self._desk, hold.booking, lease)
            raise Rejected(Code.BOOKING_IN_PROGRESS)
        earlier = self._earlier(hold)
        if earlier is not None:
            await self._release_lease()
            return earlier
        if lease.attempt != self._lease.attempt:
            if await self._drop_stale(lease):
                return await self.run()
            raise Rejected(Code.BOOKING_IN_PROGRESS)
        if hold.booking.status is BookingStatus.PENDING:
            raise Rejected(Code.BOOKING_IN_PROGRESS)
        if hold.is_open:
            return await self._complete(hold, self._proven(hold.booking, payment))
        if hold.is_being_made(self._desk.rows.server_time()):
            raise Rejected(Code.BOOKING_IN_PROGRESS)
        try:
            return await self._too_late(hold, payment)
        finally:
            await self._release_lease()

    async def _too_late(self, ended: StoredHold, payment: Payment | BaseException | None) -> Booked | Failed:
        async def proof() -> Payment:
            return self._proven(ended.booking, payment)

        payment_id = None if ended.booking.is_free else self._lease.payment_id
        return await get_again(self._desk, self._caller, ended, payment_id, proof)

    def _earlier(self, hold: StoredHold) -> Booked | Failed | None:
        """The answer of a booking that has been completed, or was rolled back, with the same payment."""
        booking = hold.booking
        is_same = booking.payment_id == self._lease.payment_id
        if hold.outcome is Outcome.CONFIRMED and booking.status is BookingStatus.CANCELLED:
            raise Rejected(Code.INVALID_STATUS_TRANSITION, "This booking has been cancelled.")
        if hold.outcome is Outcome.CONFIRMED or booking.status in STANDING:
            if booking.status is BookingStatus.HELD:
                # The row was read before it was paid, so it does not say by which payment.
                raise Rejected(Code.BOOKING_IN_PROGRESS)
            if not is_same:
                raise Rejected(
                    Code.INVALID_STATUS_TRANSITION,
                    "This booking has been paid with another payment.",
                    {"existingTicketId": booking.ticket_ids[0]},
                )
            shown = booking.status if booking.status in STANDING else BookingStatus.CONFIRMED
            return Booked(replace(booking, status=shown), hold.places, replayed=True)
        if booking.status is BookingStatus.ROLLED_BACK and is_same:
            return Failed(stored_failure(booking), replayed=True)
        return None

    def _proven(self, booking: Booking, payment: Payment | BaseException | None) -> Payment:
        if booking.is_free:
            return nothing_to_pay(booking.total)
        if isinstance(payment, BaseException):
            raise payment
        if payment is None:
            raise Rejected(
                Code.VALIDATION_ERROR,
                "paymentId must be the id of the payment for this hold.",
                {"field": "paymentId"},
            )
        check_pays_for(payment, booking.gateway_order_id, self._caller)
        return payment

    async def _complete(self, hold: StoredHold, payment: Payment) -> Booked | Failed:
        booking = replace(
            renewed(self._desk, self._caller, hold.booking, payment.id or None),
            attempt=self._lease.attempt,
            lease_until=self._lease.lease_until,
        )

        async def claimed() -> Sequence[Place]:
            return hold.places

        async def begin() -> None:
            try:
                await self._desk.rows.update(Table.BOOKINGS, booking.id, begun_columns(booking))
            except UniqueClash:
                sale.disown_payment()
                raise Rejected(Code.DUPLICATE_PAYMENT) from None
            await self._check_not_returned(payment)

        sale = Sale(self._desk, Admitted(booking, payment), claimed, begin)
        report = await sale.saga.run()
        if report.ending is Ending.COMMITTED:
            booked, _ = await asyncio.gather(confirmed(self._desk, sale), self._free_place_for_holds())
            return booked
        failed = explain(self._desk, sale, report)
        if sale.is_void:
            await self._release_lease()
        else:
            await record_failure(self._desk, sale, report)
        return failed

    async def _check_not_returned(self, payment: Payment) -> None:
        """Raise when money that nobody claimed is being given back.

        The row says by now that this booking claims it: whoever gives it back writes an outcome first, and
        looks for that row only then, so one of the two sees the other. What was paid for a hold's own order
        is never given back like that.
        """
        if not payment.id or payment.order_id:
            return
        where = {"$id": ids.booking_id(payment.id), "outcome": Outcome.ROLLED_BACK}
        if await self._desk.rows.find(Table.OUTCOMES, where, limit=1):
            raise Rejected(Code.PAYMENT_NOT_VERIFIED, "This payment has been refunded.")

    async def _free_place_for_holds(self) -> None:
        """The hold is not an open one any more. Failing is harmless: the sweep does it again."""
        where = {"bookingId": self._id, "label": HOLD_LABEL}
        try:
            await self._desk.rows.delete_where(Table.CLAIMS, where)
        except BoxofficeError as error:
            self._desk.log.error("hold.place_not_freed", error, bookingId=self._id)

    async def _drop_stale(self, lease: Lease) -> bool:
        """Whether the payment may be tried again, the execution having died that was asked before."""
        if lease.payment_id != self._lease.payment_id or not is_lease_over(
            lease.lease_until, self._desk.rows.server_time()
        ):
            return False
        where = {"$id": ids.lease_id(self._id, self._caller.user_id), "attempt": lease.attempt}
        await self._desk.rows.delete_where(Table.LEASES, where)
        return True

    async def _release_lease(self) -> None:
        """Let others pay for the hold, if the lease is this execution's. Failing is harmless: it runs out."""
        where = {
            "$id": ids.lease_id(self._id, self._caller.user_id),
            "attempt": self._lease.attempt,
        }
        try:
            await self._desk.rows.delete_where(Table.LEASES, where)
        except BoxofficeError as error:
            self._desk.log.error("lease.not_released", error, bookingId=self._id)
