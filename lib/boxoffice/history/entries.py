"""An entry of the log, and its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain import ids
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import NewRow, Row


class Action(StrEnum):
    """What happened to a booking, a ticket or money. What administrators do is named where they do it."""

    HELD = "booking.held"
    BEGUN = "booking.begun"
    REFUSED = "booking.refused"
    CONFIRMED = "booking.confirmed"
    ROLLED_BACK = "booking.rolled_back"
    EXPIRED = "booking.expired"
    CANCELLED = "booking.cancelled"
    COMPLETED = "booking.completed"
    NO_SHOW = "booking.no_show"
    TICKET_CANCELLED = "ticket.cancelled"
    TICKET_ADMITTED = "ticket.admitted"
    CAPTURED = "payment.captured"
    REFUNDED = "payment.refunded"
    REFUND_FAILED = "refund.failed"


_ONCE: frozenset[str] = frozenset(Action)

END_OF: Mapping[BookingStatus, frozenset[Action]] = {
    BookingStatus.CONFIRMED: frozenset({Action.CONFIRMED}),
    BookingStatus.COMPLETED: frozenset({Action.COMPLETED}),
    BookingStatus.NO_SHOW: frozenset({Action.NO_SHOW}),
    BookingStatus.CANCELLED: frozenset({Action.CANCELLED}),
    BookingStatus.EXPIRED: frozenset({Action.EXPIRED}),
    BookingStatus.ROLLED_BACK: frozenset({Action.ROLLED_BACK, Action.REFUSED}),
}
"""By the status of a booking that is done with, the actions of which one has led there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: who did it, to what, when, from what, to what, why, and in which execution.

    `actor` is a user's id or one of the names in `identity`. `at` is a time as columns hold it. `amount` is
    in minor units, for money only. `execution_id` is `None` where nobody has noted it.
    """

    action: str
    actor: str
    subject: str
    booking_id: str | None
    at: str
    before: str | None = None
    after: str | None = None
    reason: str | None = None
    execution_id: str | None = None
    amount: int | None = None
    currency: str | None = None

    @property
    def id(self) -> str:
        """The same for the same change, whoever writes it down and however often.

        What is read from facts happens to its subject once. What administrators do, once in an execution.
        """
        once = "" if self.action in _ONCE else self.execution_id or ""
        return ids.audit_entry_id(self.subject, self.action, once)

    @classmethod
    def from_row(cls, row: Row) -> "Entry":
        """Read a stored row."""
        return cls(
            action=row["action"],
            actor=row["actor"],
            subject=row["subject"],
            booking_id=row["bookingId"],
            at=row["at"],
            before=row["before"],
            after=row["after"],
            reason=row["reason"],
            execution_id=row["executionId"],
            amount=row["amount"],
            currency=row["currency"],
        )

    def to_row(self, logged_by: str) -> NewRow:
        """The row to store. `logged_by` is the execution that writes it down."""
        return NewRow(
            self.id,
            {
                "action": self.action,
                "actor": self.actor,
                "subject": self.subject,
                "bookingId": self.booking_id,
                "at": self.at,
                "before": self.before,
                "after": self.after,
                "reason": self.reason,
                "executionId": self.execution_id,
                "amount": self.amount,
                "currency": self.currency,
                "loggedBy": logged_by,
            },
        )
