"""The door to a booking: the booking is begun and the payment is proven, at the same time.

Nothing here touches stock or money. A payment that is not proven to be the caller's gives no right to
anything, and the row that was begun for it is taken back, so that nobody can block somebody else's payment by
naming it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed, payment_sentence
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Fatal, Rejected, typed
from boxoffice.domain.items import ItemKind
from boxoffice.domain.payments import Payment
from boxoffice.domain.status import STANDING, BookingStatus, Outcome, PaymentStatus
from boxoffice.inventory.reading import PLACE_COLUMNS, places_of
from boxoffice.inventory.wants import Place
from boxoffice.ports import UniqueClash
from boxoffice.schema import Table

Proof = Callable[[], Awaitable[Payment]]

_REFERENCE_COLLISIONS = 5
_UNDECIDED = frozenset({BookingStatus.HELD, BookingStatus.PENDING})


@dataclass(frozen=True, slots=True)
class Admitted:
    """The booking has been begun by this execution, and the payment is proven."""

    booking: Booking
    payment: Payment


class Admission:
    """Begins bookings, for one execution and one caller. `proof` gives the payment, when it is proven."""

    def __init__(self, desk: Desk, caller: Caller, proof: Proof) -> None:
        self._desk = desk
        self._caller = caller
        self._prove = proof

    async def begin(self, draft: Booking) -> Admitted | Booked | Failed:
        """Begin the booking while the payment is being proven.

        Returns the earlier answer when the payment has made its booking before. Raises as `earlier` and
        the proof do.
        """
        begun, proven = await asyncio.gather(
            write_booking(self._desk, draft), self._prove(), return_exceptions=True
        )
        if isinstance(begun, BaseException):
            if typed(begun).kind is not ErrorKind.REJECTED:
                await self.void(draft)
            raise begun
        if begun.attempt != draft.attempt:
            return await self.earlier(begun, draft.fingerprint)
        if isinstance(proven, BaseException):
            await self.void(begun)
            raise proven
        return Admitted(begun, proven)

    async def begin_refused(self, draft: Booking, shortage: Rejected) -> Admitted | Booked | Failed:
        """Begin a booking that cannot succeed, because there are fewer units than it asks for.

        Writes as little as possible: nothing while no money has been taken. Captured money has to be
        returned, and a row that says so comes first, for whoever may have to finish it. Raises `shortage`,
        or as `begin` does.
        """
        try:
            payment = await self._prove()
        except BoxofficeError as error:
            return await self.refuse(draft, error)
        if not payment.is_captured:
            return await self.refuse(draft, shortage)
        begun = await write_booking(
            self._desk,
            replace(
                draft.paid_with(payment),
                status=BookingStatus.ROLLED_BACK,
                payment_status=PaymentStatus.CAPTURED,
                failure_code=shortage.code,
            ),
        )
        if begun.attempt != draft.attempt:
            return await self.earlier(begun, draft.fingerprint)
        return Admitted(begun, payment)

    async def refuse(self, draft: Booking, refusal: BoxofficeError) -> Booked | Failed:
        """The earlier answer, when the payment has made its booking before; otherwise raises `refusal`.

        A client whose answer was lost has to learn that it has its tickets, even when the sale is over now.
        """
        # The payment may have paid for a hold, whose booking has another id.
        where = {"paymentId": draft.payment_id} if draft.payment_id else {"$id": draft.id}
        found = await self._desk.rows.find(Table.BOOKINGS, where, limit=1)
        if not found:
            raise refusal
        return await self.earlier(Booking.from_row(found[0]), draft.fingerprint)

    async def earlier(self, stored: Booking, fingerprint: str) -> Booked | Failed:
        """The answer that the payment's earlier booking gives to the same or another request.

        Raises `Rejected` with `BOOKING_IN_PROGRESS` while it is undecided, and with `DUPLICATE_PAYMENT` when
        the request is not a repetition by the booking's own user.
        """
        status = stored.status
        if status in _UNDECIDED:
            if not await self._is_confirmed(stored):
                raise Rejected(Code.BOOKING_IN_PROGRESS)
            status = BookingStatus.CONFIRMED
        own = stored.user_id == self._caller.user_id
        if own and status is BookingStatus.ROLLED_BACK:
            return Failed(stored_failure(stored), replayed=True)
        if own and status in STANDING and stored.fingerprint == fingerprint:
            return Booked(replace(stored, status=status), await self._places(stored), replayed=True)
        details = {"existingTicketId": stored.ticket_ids[0]} if own else {}
        raise Rejected(Code.DUPLICATE_PAYMENT, details=details)

    async def void(self, booking: Booking) -> None:
        """Take the row back, if it is still this execution's and nobody has given it an end meanwhile.

        Failing is harmless: its lease runs out.
        """
        where = {"$id": booking.id, "attempt": booking.attempt, "status": BookingStatus.PENDING}
        try:
            await self._desk.rows.delete_where(Table.BOOKINGS, where)
        except BoxofficeError as error:
            self._desk.log.error("booking.void_failed", error, bookingId=booking.id)

    async def _places(self, booking: Booking) -> Sequence[Place]:
        """The places of the tickets, as far as they have names."""
        if all(item.kind is not ItemKind.SEATS for item in booking.items):
            return ()
        where = {"bookingId": booking.id}
        return places_of(await self._desk.rows.find(Table.CLAIMS, where, columns=PLACE_COLUMNS))

    async def _is_confirmed(self, booking: Booking) -> bool:
        outcomes = await self._desk.rows.find(Table.OUTCOMES, {"$id": booking.id}, limit=1)
        return bool(outcomes) and outcomes[0]["outcome"] == Outcome.CONFIRMED


async def write_booking(desk: Desk, draft: Booking) -> Booking:
    """The row that has the id of `draft`, or its payment, now: `draft` with a reference, or an earlier one.

    Raises `Fatal` when no reference is free.
    """
    for collision in range(_REFERENCE_COLLISIONS):
        reference = ids.reference(draft.payment_id or draft.attempt, collision)
        row = replace(draft, reference=reference).to_row()
        try:
            return Booking.from_row(await desk.rows.put_once(Table.BOOKINGS, row))
        except UniqueClash:
            # Either somebody has the same reference, or the payment has paid for a hold.
            if draft.payment_id is None:
                continue
            found = await desk.rows.find(Table.BOOKINGS, {"paymentId": draft.payment_id}, limit=1)
            if found:
                return Booking.from_row(found[0])
    raise Fatal(Code.BOOKING_ERROR)


def stored_failure(booking: Booking) -> Rejected:
    """Why a booking failed that was rolled back."""
    code = Code(booking.failure_code) if booking.failure_code else Code.BOOKING_ERROR
    return Rejected(
        code,
        f"This booking failed before. {payment_sentence(booking.payment_status)} "
        "Start a new booking with a new payment.",
        {"payment": booking.payment_status.value},
    )
