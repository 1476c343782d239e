"""The sale: the steps of a booking whose payment is proven, and how each is undone.

The steps' names are part of the answers that clients get.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from boxoffice.bookings.admission import Admitted
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.papers import order_row, ticket_code, ticket_rows, transaction_row
from boxoffice.bookings.records import outcome_row
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Rejected
from boxoffice.domain.payments import PaymentState, check_amount
from boxoffice.domain.recovery import payment_status
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus, move
from boxoffice.inventory.wants import Place
from boxoffice.ports import Row, RowsTaken
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.runner import Saga
from boxoffice.saga.step import Action, Step, Wave
from boxoffice.schema import Table

PAYMENT, CLAIMS, TICKET, TRANSACTION, ORDER = "payment", "claims", "ticket", "transaction", "order"
BEGIN, CAPTURE, OUTCOME = "begin", "capture", "outcome"


def qr_step_name(number: int) -> str:
    """The step that stores the code of the ticket `number`."""
    return f"qr-{number}"


# Where there is nothing to give back: nothing was taken, or it has gone back already.
_NO_MONEY = frozenset(
    {PaymentStatus.NONE, PaymentStatus.AUTHORISED, PaymentStatus.FAILED, PaymentStatus.REFUNDED}
)

_HERE = frozenset({PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED})

# Nothing was taken, and nothing can come any more without anybody asking for it.
_VOIDABLE = frozenset({PaymentStatus.NONE, PaymentStatus.AUTHORISED})

_CAPTURE_POLICY = RetryPolicy(attempts=2, base=0.2, cap=0.2)
_UNDO_POLICY = RetryPolicy(attempts=4, base=0.1, cap=1.5)


ClaimUnits = Callable[[], Awaitable[Sequence[Place]]]
"""Gets the places of a booking's tickets, in the order of their numbers. Raises `Rejected` without them."""


class Sale:
    """One booking's steps: all of them forward, or the undoing of those that may have been begun.

    `begin` is what else has to be written for a booking that was only held until now.
    """

    def __init__(
        self, desk: Desk, admitted: Admitted, claim: ClaimUnits, begin: Action | None = None
    ) -> None:
        self._desk = desk
        self._payment = admitted.payment
        self._claim = claim
        self._begin = begin
        self.places: Sequence[Place] = ()
        self.booking = admitted.booking.paid_with(admitted.payment)
        # Set when the sale fails so early that its booking can be forgotten: no money taken, nothing written.
        self.is_void = False
        # Whether a capture may still take effect although the gateway says that nothing is captured.
        self.capture_is_unknown = False
        self.payment_status = payment_status(admitted.payment)
        self.saga = Saga(
            self._waves(),
            may_undo=self._may_undo,
            undo_policy=_UNDO_POLICY,
            timing=desk.timing,
            budget=desk.budget,
        )

    def _waves(self) -> list[Wave]:
        qr_steps = [self._qr_step(number) for number in self.booking.numbers]
        is_paid = self._payment.is_captured or self.booking.is_free
        capture = [] if is_paid else [[Step(CAPTURE, self._capture)]]
        begin = [Step(BEGIN, self._begin)] if self._begin else []
        return [
            # The money is older than this saga, and has to go back even when its amount is refused.
            [Step(PAYMENT, self._check_amount, self._return_money, undo_when_refused=True)],
            [Step(CLAIMS, self._claim_units, self._release_units)],
            [
                *begin,
                Step(TICKET, self._create_tickets, self._delete(Table.TICKETS)),
                Step(TRANSACTION, self._create_transaction, self._delete(Table.TRANSACTIONS)),
                Step(ORDER, self._create_order, self._delete(Table.ORDERS)),
                *qr_steps,
            ],
            # From here on the money is taken. What was captured is undone by the first step's undo.
            *capture,
            [Step(OUTCOME, self._confirm)],
        ]

    @property
    def owed(self) -> int:
        """How much of the payment is here and would have to be given back, in minor units."""
        is_here = self.payment_status in _HERE or self.capture_is_unknown
        return self._payment.amount.amount - self._payment.refunded if is_here else 0

    def disown_payment(self) -> None:
        """The payment has turned out to be another booking's: nothing of it is to be given back here."""
        self.booking = replace(self.booking, payment_id=None, mismatch=None)
        self.payment_status = PaymentStatus.NONE

    async def _may_undo(self) -> bool:
        """Secure the right to undo, against whoever might complete this booking at the same time."""
        if self.booking.status is BookingStatus.ROLLED_BACK:
            return True
        owing = {record.name for record in self.saga.journal.owing()}
        if owing <= {PAYMENT} and self.payment_status in _VOIDABLE:
            self.is_void = True
            return True
        stored = await self._decide(Outcome.ROLLED_BACK)
        return bool(stored["outcome"] != Outcome.CONFIRMED)

    async def _check_amount(self) -> None:
        check_amount(self._payment, self.booking.total)

    async def _return_money(self) -> None:
        """Refund what was captured. An authorisation goes back by itself."""
        if self.payment_status in _NO_MONEY and not self.capture_is_unknown:
            return
        payments = self._desk.payments
        payment = await payments.fetch(self._payment.id)
        if payment.is_captured:
            self._money_is(PaymentStatus.CAPTURED)
            try:
                # The key makes this the same refund, however often and by whomever it is asked for.
                await payments.refund(payment.id, payment.amount, key=f"refund-{self.booking.id}")
            except Rejected:
                payment = await payments.fetch(self._payment.id)
                if payment.state is not PaymentState.REFUNDED:
                    raise
            self._money_is(PaymentStatus.REFUNDED)
            self.capture_is_unknown = False
        elif payment.state is PaymentState.REFUNDED:
            self._money_is(PaymentStatus.CAPTURED)
            self._money_is(PaymentStatus.REFUNDED)

    async def _claim_units(self) -> None:
        self.places = await self._claim()

    async def _release_units(self) -> None:
        await self._desk.inventory.release(self.booking.id, self.places)

    async def _create_tickets(self) -> None:
        rows = ticket_rows(self.booking, self.places, self._desk.signing_keys)
        try:
            await self._desk.rows.create_all(Table.TICKETS, rows, owner="bookingId")
        except RowsTaken:
            # The ids are this booking's own: whoever has written them was completing the same booking.
            return

    async def _create_transaction(self) -> None:
        row = transaction_row(self.booking, self._payment.order_id)
        await self._desk.rows.put_once(Table.TRANSACTIONS, row)

    async def _create_order(self) -> None:
        await self._desk.rows.put_once(Table.ORDERS, order_row(self.booking))

    def _delete(self, table: Table) -> Action:
        async def delete() -> None:
            await self._desk.rows.delete_where(table, {"bookingId": self.booking.id})

        return delete

    def _qr_step(self, number: int) -> Step:
        file_id = ids.qr_file_id(self.booking.id, number)

        async def store() -> None:
            code = ticket_code(self.booking, number, self._desk.signing_keys)
            image = await self._desk.images.png(code)
            name = f"ticket-{self.booking.reference}-{number}.png"
            await self._desk.files.store(file_id, name, image, reader=self.booking.user_id)

        async def delete() -> None:
            await self._desk.files.delete(file_id)

        return Step(qr_step_name(number), store, delete)

    async def _capture(self) -> None:
        """Take the money. The gateway takes it once, so this may be repeated."""
        payments, unanswered = self._desk.payments, False

        async def attempt() -> None:
            nonlocal unanswered
            self.capture_is_unknown = True
            try:
                await payments.capture(self._payment.id, self.booking.total)
            except BoxofficeError as error:
                # Refused, because it was captured already, or no answer: only the gateway knows.
                unanswered = unanswered or error.kind in (ErrorKind.AMBIGUOUS, ErrorKind.FATAL)
                payment = await payments.fetch(self._payment.id)
                if not payment.is_captured:
                    self.capture_is_unknown = unanswered
                    raise

        await retrying(
            attempt,
            policy=_CAPTURE_POLICY,
            kinds={ErrorKind.AMBIGUOUS},
            timing=self._desk.timing,
            budget=self._desk.budget,
        )
        self.capture_is_unknown = False
        self._money_is(PaymentStatus.CAPTURED)

    async def _confirm(self) -> None:
        """The commit: from here on the booking stands."""
        stored = await self._decide(Outcome.CONFIRMED)
        if stored["outcome"] == Outcome.EXPIRED:
            raise Rejected(Code.HOLD_EXPIRED)
        if stored["outcome"] != Outcome.CONFIRMED:
            raise Rejected(Code.BOOKING_ERROR)

    async def _decide(self, outcome: Outcome) -> Row:
        """The outcome that the booking has now: this one, or an earlier one."""
        desk = self._desk
        row = outcome_row(self.booking, outcome, desk.actor, desk.execution_id)
        return await desk.rows.put_once(Table.OUTCOMES, row)

    def _money_is(self, status: PaymentStatus) -> None:
        self.payment_status = move(self.payment_status, status)
