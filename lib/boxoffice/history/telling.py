"""From what is written about a booking to what happened to it: pure, so that everybody tells the same."""

from collections.abc import Iterator
from dataclasses import dataclass

from boxoffice.domain import ids
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus
from boxoffice.history.entries import Action, Entry
from boxoffice.history.facts import Facts
from boxoffice.identity import API_KEY, GATEWAY, ORGANISER, SWEEP
from boxoffice.ports import Row

CALLED_OFF = "The event was cancelled by its organiser."
"""Why what was booked of an event was cancelled with it."""

_TAKEN = frozenset({PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})
_ENDS = {
    Outcome.CONFIRMED: (Action.CONFIRMED, BookingStatus.PENDING, BookingStatus.CONFIRMED),
    Outcome.ROLLED_BACK: (Action.ROLLED_BACK, BookingStatus.PENDING, BookingStatus.ROLLED_BACK),
    Outcome.EXPIRED: (Action.EXPIRED, BookingStatus.HELD, BookingStatus.EXPIRED),
}
# By the status of the booking: given back by its owner, or ended just when it was being paid.
_ENDS_OF_HOLDS = {
    BookingStatus.CANCELLED: (Action.CANCELLED, BookingStatus.HELD, BookingStatus.CANCELLED),
    BookingStatus.ROLLED_BACK: (Action.ROLLED_BACK, BookingStatus.PENDING, BookingStatus.ROLLED_BACK),
}
_CLOSED = {BookingStatus.COMPLETED: Action.COMPLETED, BookingStatus.NO_SHOW: Action.NO_SHOW}


@dataclass(frozen=True, slots=True)
class Noticed:
    """When, and in which execution, the facts were read: for a change of which no row says when it was made.

    Such are a status that the sweep has set and a refund after a rollback. The first to write the entry says
    when; the change is at most a minute older.
    """

    at: str
    execution_id: str


def entries_of(facts: Facts, noticed: Noticed) -> list[Entry]:
    """Everything that has happened to a booking, in the order in which it did."""
    told = [
        *_beginning(facts),
        *_money_in(facts),
        *_end(facts),
        *_tickets(facts),
        *_money_back(facts, noticed),
        *_closing(facts, noticed),
    ]
    return sorted(told, key=lambda entry: entry.at)


def _beginning(facts: Facts) -> Iterator[Entry]:
    booking = facts.booking
    owner, began, execution_id = _owner(booking), booking["$createdAt"], booking["executionId"]
    if booking["heldUntil"] is not None:
        yield _change(facts, Action.HELD, booking["userId"], began, None, BookingStatus.HELD, execution_id)
        for lease in facts.leases[:1]:
            when, where = lease["$createdAt"], lease["executionId"]
            ended_too = facts.outcome is not None and facts.outcome["executionId"] == where
            actor = _ender(facts) if ended_too else owner
            yield _change(facts, Action.BEGUN, actor, when, BookingStatus.HELD, BookingStatus.PENDING, where)
    elif _is_refusal(facts):
        why, after = booking["failureCode"], BookingStatus.ROLLED_BACK
        yield _change(facts, Action.REFUSED, owner, began, None, after, execution_id, reason=why)
    else:
        yield _change(facts, Action.BEGUN, owner, began, None, BookingStatus.PENDING, execution_id)


def _end(facts: Facts) -> Iterator[Entry]:
    booking, outcome = facts.booking, facts.outcome
    if outcome is None:
        return
    action, before, after = _ENDS[Outcome(outcome["outcome"])]
    if booking["status"] == BookingStatus.EXPIRED:
        # It was still a hold for everybody when it was rolled back: its payment had not been written down.
        action, before, after = _ENDS[Outcome.EXPIRED]
    if action is Action.EXPIRED:
        action, before, after = _ENDS_OF_HOLDS.get(BookingStatus(booking["status"]), (action, before, after))
    why = None if action is Action.CONFIRMED else booking["failureCode"]
    if outcome["by"] == ORGANISER:
        why = CALLED_OFF
    at, execution_id = outcome["$createdAt"], outcome["executionId"]
    yield _change(facts, action, _ender(facts), at, before, after, execution_id, reason=why)


def _money_in(facts: Facts) -> Iterator[Entry]:
    booking, end = facts.booking, facts.outcome or facts.booking
    sales = [row for row in facts.transactions if row["kind"] == "sale"]
    if facts.outcome is not None and facts.outcome["outcome"] == Outcome.CONFIRMED and sales:
        amount, at = sales[0]["amount"], sales[0]["$createdAt"]
    elif booking["status"] == BookingStatus.ROLLED_BACK and booking["paymentStatus"] in _TAKEN:
        # Its transaction was undone with it.
        amount, at = _paid(booking)[0], end["$createdAt"]
    else:
        return
    if amount:
        yield _change(
            facts, Action.CAPTURED, _ender(facts), at, PaymentStatus.NONE, PaymentStatus.CAPTURED,
            end["executionId"], subject=ids.transaction_id(booking["$id"]), amount=amount,
        )  # fmt: skip


def _money_back(facts: Facts, noticed: Noticed) -> Iterator[Entry]:
    booking = facts.booking
    causes = {row["$id"]: row for row in facts.cancellations}
    returned, before = 0, PaymentStatus.CAPTURED
    for row in facts.transactions:
        if row["kind"] != "refund":
            continue
        returned += row["amount"]
        whole = returned >= booking["total"]
        after = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
        cause = causes.get(row["cancellationId"] or "")
        actor, where, why = (
            (cause["actor"], cause["executionId"], cause["reason"]) if cause else (GATEWAY, None, None)
        )
        yield _change(
            facts, Action.REFUNDED, actor, row["$createdAt"], before, after, where,
            subject=row["$id"], reason=why, amount=row["amount"],
        )  # fmt: skip
        before = after
    if booking["status"] == BookingStatus.ROLLED_BACK and booking["paymentStatus"] == PaymentStatus.REFUNDED:
        end = facts.outcome or booking
        actor, at, where = _ender(facts), end["$createdAt"], end["executionId"]
        if any(report["attempts"] != 1 for report in facts.reports):
            actor, at, where = SWEEP, noticed.at, noticed.execution_id
        yield _change(
            facts, Action.REFUNDED, actor, at, before, PaymentStatus.REFUNDED, where,
            subject=ids.transaction_id(booking["$id"]), reason=booking["failureCode"],
            amount=_paid(booking)[0],
        )  # fmt: skip


def _tickets(facts: Facts) -> Iterator[Entry]:
    causes = {row["$id"]: row for row in facts.cancellations}
    for row in facts.checkins:
        admitted = row["kind"] == "admitted"
        action = Action.TICKET_ADMITTED if admitted else Action.TICKET_CANCELLED
        cause = causes.get(row["by"])
        actor, where, why = (
            (cause["actor"], cause["executionId"], cause["reason"]) if cause else (row["by"], None, None)
        )
        yield _change(
            facts, action, actor, row["$createdAt"], "valid", row["kind"], where,
            subject=row["$id"], reason=why,
        )  # fmt: skip


def _closing(facts: Facts, noticed: Noticed) -> Iterator[Entry]:
    status, before = BookingStatus(facts.booking["status"]), BookingStatus.CONFIRMED
    if status in _CLOSED:
        yield _change(facts, _CLOSED[status], SWEEP, noticed.at, before, status, noticed.execution_id)
    elif status is BookingStatus.CANCELLED and facts.cancellations:
        last = facts.cancellations[-1]
        at = max((row["$createdAt"] for row in facts.checkins), default=last["$createdAt"])
        where, why = last["executionId"], last["reason"]
        yield _change(facts, Action.CANCELLED, last["actor"], at, before, status, where, reason=why)


def _change(
    facts: Facts,
    action: Action,
    actor: str,
    at: str,
    before: str | None,
    after: str,
    execution_id: str | None,
    *,
    subject: str = "",
    reason: str | None = None,
    amount: int | None = None,
) -> Entry:
    """A change of the booking itself, unless there is another `subject`."""
    booking_id = facts.booking["$id"]
    currency = None if amount is None else _paid(facts.booking)[1]
    return Entry(
        action, actor, subject or booking_id, booking_id, at, before, after, reason, execution_id,
        amount, currency,
    )  # fmt: skip


def _paid(booking: Row) -> tuple[int, str]:
    """What was paid, which is not the price when that is why the booking failed."""
    if booking["paidAmount"] is None:
        return booking["total"], booking["currency"]
    return booking["paidAmount"], booking["paidCurrency"]


def _is_refusal(facts: Facts) -> bool:
    """Whether it was known to be sold out when it was begun, and only written down to return its money."""
    return facts.booking["status"] == BookingStatus.ROLLED_BACK and facts.outcome is None


def _owner(booking: Row) -> str:
    return API_KEY if booking["vouched"] else str(booking["userId"])


def _ender(facts: Facts) -> str:
    """Who has ended the booking: whom its outcome names, or else whoever had asked for it.

    A hold that nobody has given back was ended by the time, whoever found it first.
    """
    outcome = facts.outcome
    if outcome is not None and outcome["by"]:
        return str(outcome["by"])
    if outcome is not None and outcome["outcome"] == Outcome.EXPIRED:
        return SWEEP
    return _owner(facts.booking)
