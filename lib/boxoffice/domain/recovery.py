"""What becomes of a booking that nobody is at work on any more.

Decided from what is written down, never from what was probably meant: from the same facts everybody decides
the same, and the write-once outcome decides between those who saw different facts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.status import STANDING, BookingStatus, Outcome, PaymentStatus

# The furthest that two machines' clocks may be apart.
CLOCK_SKEW = timedelta(seconds=30)

# An execution that was thought dead may have had a write on its way. This long after its lease a rolled-back
# booking is looked at again; what comes later still is found by the audit.
_LOOKS = (CLOCK_SKEW, timedelta(minutes=10), timedelta(hours=1))

_UNDO_ATTEMPTS = 8
_FIRST_PAUSE = timedelta(minutes=1)
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


class Verdict(StrEnum):
    """What to do about a booking."""

    WAIT = "wait"
    FINISH = "finish"
    UNDO = "undo"
    PROJECT = "project"
    VOID = "void"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a booking. It holds `held` units of `wanted`; `papers`: something else of it is there.

    `payment` is what the gateway said; `None` when it said that there is no such payment. `is_owners` says
    whether the payment is proven to be the booking's user's own. What is free needs none.
    """

    status: BookingStatus
    payment_status: PaymentStatus
    lease_over: bool
    outcome: Outcome | None
    held: int
    wanted: int
    papers: bool
    payment: Payment | None
    is_owners: bool
    is_free: bool = False


def decide(case: Case) -> Verdict:
    """What is right for `case`.

    Units are only claimed for a proven payment, so a booking that holds some needs no other proof. One that
    has nothing and whose payment is not its user's is as if it had never been tried, so that it is not in its
    owner's way. Its execution cannot come back and go on: it would be refused for the same reason. Any other
    one may, so its end has to be written down.
    """
    if case.outcome is Outcome.CONFIRMED:
        return Verdict.PROJECT
    if case.status in STANDING:
        return Verdict.ESCALATE
    captured = case.payment is not None and case.payment.is_captured
    if case.outcome is not None or case.status is not BookingStatus.PENDING:
        came_back = captured and case.payment_status is PaymentStatus.REFUNDED
        return Verdict.ESCALATE if came_back else Verdict.UNDO
    if not case.lease_over:
        return Verdict.WAIT
    is_paid = case.is_free or (captured and case.payment is not None and not case.payment.refunded)
    if is_paid and case.held == case.wanted:
        return Verdict.FINISH
    return Verdict.UNDO if case.held or case.papers or case.is_owners else Verdict.VOID


def payment_status(payment: Payment | None) -> PaymentStatus:
    """Where the money is, in the booking's words."""
    if payment is None:
        return PaymentStatus.NONE
    match payment.state:
        case PaymentState.CREATED:
            return PaymentStatus.NONE
        case PaymentState.AUTHORISED:
            return PaymentStatus.AUTHORISED
        case PaymentState.CAPTURED:
            return PaymentStatus.PARTIALLY_REFUNDED if payment.refunded else PaymentStatus.CAPTURED
        case PaymentState.REFUNDED:
            return PaymentStatus.REFUNDED
        case PaymentState.FAILED:
            return PaymentStatus.FAILED


def is_lease_over(lease_until: datetime, now: datetime) -> bool:
    """Whether nobody is at work any more, however wrong the clock was that the lease was written by."""
    return lease_until + CLOCK_SKEW <= now


def next_look(lease_until: datetime, now: datetime) -> datetime | None:
    """When to look again at a booking that has been rolled back; `None` when that is enough."""
    return next((lease_until + after for after in _LOOKS if lease_until + after > now), None)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again to undo what could not be undone so many times; `None` when a person has to look."""
    return None if attempts >= _UNDO_ATTEMPTS else now + _FIRST_PAUSE * 2 ** (attempts - 1)


def next_question(lease_until: datetime, now: datetime) -> datetime:
    """When to ask again somebody who did not answer: the longer it takes, the more seldom."""
    return now + min(max((now - lease_until) / 2, _SHORTEST_WAIT), _LONGEST_WAIT)
