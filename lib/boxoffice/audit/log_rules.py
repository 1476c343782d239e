"""What the log must say of a booking that nobody will look at again."""

from collections.abc import Iterator

from boxoffice.audit.books import Papers
from boxoffice.audit.violations import Violation
from boxoffice.bookings.records import Booking
from boxoffice.domain.status import Outcome, PaymentStatus
from boxoffice.history.entries import END_OF, Action


def check_end_is_logged(booking: Booking, papers: Papers) -> Iterator[Violation]:
    """Whoever is done with a booking has written down how it ended."""
    ends = END_OF.get(booking.status)
    if booking.check_after is None and ends and not ends & {entry["action"] for entry in papers.log}:
        yield _violation(booking, f"is {booking.status}, and the log does not say how")


def check_money_is_logged(booking: Booking, papers: Papers) -> Iterator[Violation]:
    """Whoever is done with a booking has written down every movement of its money."""
    if booking.check_after is not None or booking.status not in END_OF:
        return
    told = {action: _logged(papers, action) for action in (Action.CAPTURED, Action.REFUNDED)}
    # What has failed to go back is here again.
    told[Action.REFUNDED] -= _logged(papers, Action.REFUND_FAILED)
    for action, amount in _money_moved(booking, papers).items():
        if told[action] != amount:
            yield _violation(booking, f"has {action} of {amount}, and the log says {told[action]}")
    if any(entry["currency"] not in (None, booking.paid.currency) for entry in papers.log):
        yield _violation(booking, f"was paid in {booking.paid.currency}, and the log says otherwise")


def _logged(papers: Papers, action: Action) -> int:
    return sum(entry["amount"] for entry in papers.log if entry["action"] == action)


def _money_moved(booking: Booking, papers: Papers) -> dict[Action, int]:
    """What was taken and what was returned, in minor units, as everything but the log says."""
    if papers.outcome == Outcome.CONFIRMED:
        by_kind = {"sale": 0, "refund": 0}
        for row in papers.transactions:
            by_kind[row["kind"]] += row["amount"]
        return {Action.CAPTURED: by_kind["sale"], Action.REFUNDED: by_kind["refund"]}
    paid = booking.paid.amount
    match booking.payment_status:
        case PaymentStatus.REFUNDED:
            return {Action.CAPTURED: paid, Action.REFUNDED: paid}
        case PaymentStatus.CAPTURED:
            return {Action.CAPTURED: paid, Action.REFUNDED: 0}
        case PaymentStatus.PARTIALLY_REFUNDED:
            # How much is known to the gateway only, and a person looks after the rest.
            return {Action.CAPTURED: paid}
        case _:
            return {Action.CAPTURED: 0, Action.REFUNDED: 0}


def _violation(booking: Booking, what: str) -> Violation:
    return Violation("log", (booking.id,), f"Booking {booking.id} {what}.")
