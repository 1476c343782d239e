"""How a sequence ended: what must be true when all has come to rest and every client has asked again."""

from __future__ import annotations

from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.codes import Code

from tests.properties.world import Purchase, World

LAST_TRIES = 3
# As many as one payment has, and some of them twice.
MOST_EVENTS = 4


def conclusion(world: World) -> list[str]:
    """What is wrong when everything has come to rest and every client has asked again."""
    world.settle()
    for purchase in world.purchases:
        ask_until_final(world, purchase)
        if any(is_denied(one) for one in (purchase, *rivals(world, purchase))):
            tell_all(world, purchase)
    world.settle()
    presented = [purchase.payment_id for purchase in world.purchases if purchase.answers]
    books = world.books()
    problems = books.violations(presented=presented) + world.audit()
    there = {ticket["$id"] for ticket in books.tickets}
    for purchase in world.purchases:
        problems += broken_promises(purchase, there)
    return problems


def is_denied(purchase: Purchase) -> bool:
    """Whether the gateway itself has denied the payment when the client showed it."""
    last = purchase.answers[-1] if purchase.answers else None
    return isinstance(last, Failed) and last.error.code is Code.PAYMENT_NOT_VERIFIED


def rivals(world: World, purchase: Purchase) -> list[Purchase]:
    """Other payments for the same hold: when one is denied, the hold is over for all of them."""
    keeping = purchase.keeping
    return [one for one in world.purchases if keeping and one.keeping is keeping and one is not purchase]


def tell_all(world: World, purchase: Purchase) -> None:
    """Of a payment that the gateway has denied, only its webhooks can tell more: none is lost for ever."""
    for number in range(MOST_EVENTS):
        world.tell(purchase, number).finish()


def ask_until_final(world: World, purchase: Purchase) -> None:
    """Whoever has not heard how it ended asks again, as the answers say."""
    for _ in range(LAST_TRIES):
        if not purchase.answers or not may_be_repeated(purchase.answers[-1]):
            return
        world.book(purchase).finish()
        world.settle()


def may_be_repeated(answer: Booked | Failed) -> bool:
    """Whether the client was told to ask again."""
    return isinstance(answer, Failed) and answer.error.rule.retryable


def broken_promises(purchase: Purchase, tickets: set[str]) -> list[str]:
    """What a client was told that is not so."""
    told = [answer for answer in purchase.answers if isinstance(answer, Booked)]
    last = purchase.answers[-1] if purchase.answers else None
    problems = []
    if any(not set(answer.booking.ticket_ids) <= tickets for answer in told):
        problems.append(f"{purchase.payment_id}: the client was told of tickets that are not there")
    if isinstance(last, Failed) and told and not purchase.is_given_back:
        problems.append(f"{purchase.payment_id}: told of a success first, and later {last.error.code}")
    return problems
