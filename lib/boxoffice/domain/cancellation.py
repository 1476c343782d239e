"""Giving tickets back: who still may, and how much money goes with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.lines import Quote
from boxoffice.domain.pricing.rounding import WHOLE
from boxoffice.domain.pricing.shares import Share, Sum, shares

_STEP = re.compile(r"([0-9]{1,5}):([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class RefundStep:
    """Who cancels at least `before` the start gets back `basis_points` of the price."""

    before: timedelta
    basis_points: int


@dataclass(frozen=True, slots=True)
class CancellationPolicy:
    """An event's rules for owners who cancel.

    `steps` are listed longest before the start first; after the last one, cancelling is allowed and nothing
    is refunded. Less than `cut_off` before the start nobody cancels any more, and nobody does once it has
    begun. The fees, with their tax, are refunded like the tickets or, unless `fees_refundable`, not at all.

    Raises `ValueError` when a later step is not later, or gives back more.
    """

    steps: tuple[RefundStep, ...]
    cut_off: timedelta
    fees_refundable: bool

    def __post_init__(self) -> None:
        if any(not 0 <= step.basis_points <= WHOLE for step in self.steps):
            raise ValueError(f"a refund is 0 to {WHOLE} basis points")
        if any(
            later.before >= step.before or later.basis_points > step.basis_points
            for step, later in pairwise(self.steps)
        ):
            raise ValueError("each step of a refund is later than the one before, and gives back no more")
        if any(time < timedelta() for time in (self.cut_off, *(step.before for step in self.steps))):
            raise ValueError("times before the start are not negative")

    def basis_points(self, time_left: timedelta) -> int:
        """How much of the price is refunded with `time_left` until the start."""
        return next((step.basis_points for step in self.steps if step.before <= time_left), 0)


class TicketState(StrEnum):
    """Where a ticket of a confirmed booking stands."""

    VALID = "valid"
    CANCELLED = "cancelled"
    CHECKED_IN = "checked_in"


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """The ticket `number` of a booking, counted from 1."""

    number: int
    state: TicketState


@dataclass(frozen=True, slots=True)
class TicketRefund:
    """What ticket `number` has cost with its share of the fees, and how much of that goes back."""

    number: int
    paid: Money
    refund: Sum


@dataclass(frozen=True, slots=True)
class Refund:
    """What cancelling some tickets gives back, ticket by ticket. `basis_points` is the rate that applied.

    `total` may be nothing: then there is nothing to ask of the gateway.
    """

    basis_points: int
    tickets: tuple[TicketRefund, ...]
    total: Sum


def read_steps(text: str) -> tuple[RefundStep, ...]:
    """Refund steps as they are stored: hours before the start and per cent, such as `168:100 24:50`.

    Raises `ValueError` for anything else. An empty text has no steps: nothing is refunded.
    """
    found = [_STEP.fullmatch(part) for part in text.split()]
    if None in found:
        raise ValueError("refund steps are hours and per cent, such as 168:100 24:50")
    return tuple(
        RefundStep(timedelta(hours=int(step[1])), int(step[2]) * 100) for step in found if step is not None
    )


def refund_due(
    policy: CancellationPolicy | None,
    paid: Quote,
    tickets: Sequence[IssuedTicket],
    now: datetime,
    starts_at: datetime,
) -> Refund:
    """What the owner gets back for `tickets`, at least one, of a booking that cost `paid`.

    `paid` is read from the lines stored with the order. Without a policy owners cannot cancel. Raises
    `Rejected` with `NOT_CANCELLABLE`, and with `VALIDATION_ERROR` for tickets that the booking does not have.
    """
    if policy is None:
        raise _not_cancellable("Tickets for this event cannot be cancelled.")
    time_left = starts_at - now
    if time_left <= timedelta() or time_left < policy.cut_off:
        until = starts_at - policy.cut_off
        raise _not_cancellable("It is too late to cancel.", cancellableUntil=until.isoformat())
    rate = policy.basis_points(time_left)
    return _refund(_chosen(paid, tickets), rate, rate if policy.fees_refundable else 0, paid.currency)


def refund_in_full(paid: Quote, tickets: Sequence[IssuedTicket]) -> Refund:
    """What goes back when the organiser cancels: everything that `tickets`, at least one, have cost.

    Raises `Rejected` like `refund_due`: a ticket that has been used is not given back by anybody.
    """
    return _refund(_chosen(paid, tickets), WHOLE, WHOLE, paid.currency)


def _refund(chosen: Sequence[Share], of_ticket: int, of_fees: int, currency: str) -> Refund:
    tickets = tuple(
        TicketRefund(
            share.number, share.total.amount, share.ticket.part(of_ticket) + share.fees.part(of_fees)
        )
        for share in chosen
    )
    nothing = Money(0, currency)
    total = sum((ticket.refund for ticket in tickets), start=Sum(nothing, nothing))
    return Refund(of_ticket, tickets, total)


def _chosen(paid: Quote, tickets: Sequence[IssuedTicket]) -> list[Share]:
    """The shares of `tickets`, once it is clear that all of them can be given back."""
    numbers = [ticket.number for ticket in tickets]
    if (
        not numbers
        or len(set(numbers)) < len(numbers)
        or not set(numbers) <= set(range(1, paid.quantity + 1))
    ):
        raise Rejected(
            Code.VALIDATION_ERROR,
            "tickets must be different tickets of the booking.",
            {"field": "tickets", "allowed": f"numbers from 1 to {paid.quantity}"},
        )
    for state, sentence in (
        (TicketState.CHECKED_IN, "A ticket that has been used cannot be cancelled."),
        (TicketState.CANCELLED, "A ticket has been cancelled already."),
    ):
        if refused := sorted(ticket.number for ticket in tickets if ticket.state is state):
            raise _not_cancellable(sentence, tickets=refused)
    return [share for share in shares(paid) if share.number in set(numbers)]


def _not_cancellable(sentence: str, **details: Any) -> Rejected:
    return Rejected(Code.NOT_CANCELLABLE, sentence, details)
