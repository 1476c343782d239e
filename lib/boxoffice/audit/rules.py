"""What must be true of a booking and of everything that names it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from boxoffice.audit.books import Papers
from boxoffice.audit.given_back import GivenBack, check_given_back, payment_status
from boxoffice.audit.log_rules import check_end_is_logged, check_money_is_logged
from boxoffice.audit.violations import Violation
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import HOLD_LABEL
from boxoffice.domain import ids, recovery
from boxoffice.domain.items import BookedItem, ItemKind, by_ticket
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.pools import seat_pool, slot_pool
from boxoffice.domain.status import STANDING, BookingStatus, Outcome, PaymentStatus
from boxoffice.managing.changes import LIFTED, Change, ChangeState
from boxoffice.ports import Row
from boxoffice.reports.records import ReportState

# A hold that was given back is cancelled like a booking; whether it was one says its outcome.
GONE = frozenset({BookingStatus.ROLLED_BACK, BookingStatus.EXPIRED, BookingStatus.CANCELLED})
_ENDED = STANDING | GONE

NOT_COMPLETE = [state for state in ReportState if state is not ReportState.COMPLETE]
"""Of reports about which somebody is doing something, or has."""

# Time for the sweep to come round after a lease has run out.
_OVERDUE = timedelta(minutes=5)

_BLOCKED = "BLOCKED"
_VALID = "valid"


def is_at_work(booking: Booking, now: datetime) -> bool:
    """Whether the booking is undecided and may still be: nothing has to be true of it yet."""
    until = max(booking.lease_until, booking.held_until or booking.lease_until)
    return booking.status not in _ENDED and now < until + _OVERDUE


def is_sold(booking: Booking, papers: Papers) -> bool:
    """Whether the booking was made, however much of it was given back."""
    was_made = booking.status is BookingStatus.CANCELLED and papers.outcome == Outcome.CONFIRMED
    return booking.status in STANDING or was_made


def is_open_case(papers: Papers) -> bool:
    """Whether somebody is taking care of what is left of the booking, or has."""
    return any(report["state"] in NOT_COMPLETE for report in papers.reports)


def check_booking(
    booking: Booking, papers: Papers, capacities: Mapping[str, int], now: datetime
) -> Iterator[Violation]:
    """What is wrong with a booking's rows. `capacities` are those of the ticket types, by id."""
    if is_at_work(booking, now):
        return
    if is_sold(booking, papers):
        due = GivenBack.of(papers).due
        if due is None:
            yield from _check_standing(booking, papers, capacities)
            yield from check_given_back(booking, papers)
        elif due + _OVERDUE <= now:
            yield _violation("final", booking, "is being cancelled, and nobody is at work on it")
    elif booking.status in GONE:
        yield from _check_gone(booking, papers)
    else:
        yield _violation("final", booking, f"is {booking.status}, and nobody is at work on it")
    yield from check_end_is_logged(booking, papers)
    yield from check_money_is_logged(booking, papers)


def check_orphans(booking_id: str, papers: Papers) -> Iterator[Violation]:
    """What names a booking that does not exist."""
    rows = [
        row
        for of_table in (papers.claims, papers.tickets, papers.transactions, papers.orders)
        for row in of_table
        if row.get("state") != _BLOCKED
    ]
    if rows:
        named = tuple(row["$id"] for row in rows)
        yield Violation("orphan", named, f"There is no booking {booking_id}, and rows that name it.")
    if papers.outcome == Outcome.CONFIRMED:
        yield Violation("orphan", (booking_id,), f"Booking {booking_id} is confirmed and does not exist.")


def check_change(change: Change, papers: Papers) -> Iterator[Violation]:
    """What is wrong with a change of units and what names it as its booking."""
    if change.state is ChangeState.DONE and papers.outcome != Outcome.CONFIRMED:
        sentence = f"Change {change.id} is done, and its outcome is {papers.outcome}."
        yield Violation("outcome", (change.id,), sentence)
    if change.state in LIFTED and papers.claims:
        named = (change.id, *(claim["$id"] for claim in papers.claims))
        yield Violation("leftovers", named, f"Change {change.id} is {change.state}, and holds units.")


def check_money(booking: Booking, papers: Papers, payment: Payment | None) -> Iterator[Violation]:
    """What is wrong with a booking's payment, which is `None` when the gateway knows of none."""
    if booking.is_free:
        return
    if is_sold(booking, papers):
        given = GivenBack.of(papers)
        is_right = (
            payment is not None
            and payment.amount == booking.total
            and payment.refunded == given.refunded
            and recovery.payment_status(payment) is payment_status(given.returns(booking))
        )
        if not is_right and given.due is None:
            yield _violation("money", booking, "was made, and what moved of its money is not what it says")
    elif booking.status in GONE:
        if payment is not None and payment.is_captured and not is_open_case(papers):
            yield _violation("money", booking, f"is {booking.status}, and its payment was not returned")
        elif booking.payment_status is PaymentStatus.REFUNDED and (
            payment is None or payment.state is not PaymentState.REFUNDED
        ):
            yield _violation("money", booking, "says that its payment was returned, and it was not")


def _check_standing(booking: Booking, papers: Papers, capacities: Mapping[str, int]) -> Iterator[Violation]:
    if papers.outcome != Outcome.CONFIRMED:
        yield _violation("outcome", booking, f"is {booking.status}, and its outcome is {papers.outcome}")
    if not booking.is_free and booking.payment_status is not payment_status(
        GivenBack.of(papers).returns(booking)
    ):
        yield _violation("money", booking, f"was made, and its payment is {booking.payment_status}")
    yield from _check_units(booking, papers, capacities)
    numbers = sorted(ticket["number"] for ticket in papers.tickets)
    if numbers != [*booking.numbers]:
        yield _violation("tickets", booking, f"has {booking.quantity} tickets, and there are {numbers}")
    if any(ticket["userId"] != booking.user_id for ticket in papers.tickets):
        yield _violation("tickets", booking, "has tickets of somebody else")
    for what, found, column in (
        ("transaction", [row for row in papers.transactions if row["kind"] == "sale"], "amount"),
        ("order", papers.orders, "total"),
    ):
        told = [(row[column], row["currency"]) for row in found]
        if told != [(booking.total.amount, booking.total.currency)]:
            yield _violation("papers", booking, f"costs {booking.total.amount}; its {what} says {told}")


def _check_units(booking: Booking, papers: Papers, capacities: Mapping[str, int]) -> Iterator[Violation]:
    valid = {ticket["number"]: ticket["unit"] for ticket in papers.tickets if ticket["status"] == _VALID}
    items = dict(zip(booking.numbers, by_ticket(booking.items), strict=True))
    claimed: dict[int, list[str]] = {}
    for claim in papers.claims:
        number, unit = claim["ticket"] or 0, claim["unit"]
        if claim["label"] == HOLD_LABEL and not number and booking.check_after is None:
            yield Violation("leftovers", (booking.id, claim["$id"]), _still_a_hold(booking))
        # The id is the unit, so that no unit can be claimed twice.
        if claim["$id"] != ids.claim_id(claim["poolId"], unit):
            yield _violation("units", booking, f"holds {claim['$id']}, which is not its unit")
        if number:
            claimed.setdefault(number, []).append(unit)
            yield from _check_unit(booking, items.get(number), claim, capacities)
    if sorted(claimed) != sorted(valid):
        yield _violation("units", booking, f"has tickets {sorted(valid)}, and units for {sorted(claimed)}")
    elif any(unit not in claimed[number] for number, unit in valid.items()):
        yield _violation("units", booking, f"claims {claimed}, and its tickets are for others")


def _still_a_hold(booking: Booking) -> str:
    return f"Booking {booking.id} is {booking.status}, and still counts as an open hold."


def _check_unit(
    booking: Booking, item: BookedItem | None, claim: Row, capacities: Mapping[str, int]
) -> Iterator[Violation]:
    if item is None or claim["poolId"] not in pools_of(item):
        yield _violation("units", booking, f"holds {claim['$id']}, which is not a unit of its pool")
        return
    capacity, unit = capacities.get(item.id), claim["unit"]
    if capacity is not None and unit.isdecimal() and not 1 <= int(unit) <= capacity:
        yield _violation("units", booking, f"holds unit {unit} of {capacity}")


def pools_of(item: BookedItem) -> frozenset[str]:
    """The pools that the units of an item are in."""
    match item.kind:
        case ItemKind.TICKETS:
            return frozenset({ids.pool_id(item.id)})
        case ItemKind.SEATS:
            return frozenset({seat_pool(item.id)})
        case ItemKind.TIME:
            # Buffers may lie on the day before or after.
            first = item.starts_at.date() - timedelta(days=1)
            return frozenset(slot_pool(item.id, first + timedelta(days=day)) for day in range(4))


def _check_gone(booking: Booking, papers: Papers) -> Iterator[Violation]:
    if papers.outcome == Outcome.CONFIRMED:
        yield _violation("outcome", booking, f"is {booking.status}, and its outcome is {papers.outcome}")
    if is_open_case(papers):
        return
    left = (*papers.claims, *papers.tickets, *papers.transactions, *papers.orders)
    if left:
        rows: tuple[Row, ...] = tuple(left)
        named = (booking.id, *(row["$id"] for row in rows))
        sentence = f"Booking {booking.id} is {booking.status}, and something of it is left."
        yield Violation("leftovers", named, sentence)


def _violation(rule: str, booking: Booking, what: str) -> Violation:
    return Violation(rule, (booking.id,), f"Booking {booking.id} {what}.")
