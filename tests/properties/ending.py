"""How a sequence ended: what must be true when all has come to rest and every client has asked again."""

from __future__ import annotations

from boxoffice.bookings.results import Booked, Failed

from tests.properties.world import Purchase, World

LAST_TRIES = 3


def conclusion(world: World) -> list[str]:
    """What is wrong when everything has come to rest and every client has asked again."""
    world.settle()
    for purchase in world.purchases:
        ask_until_final(world, purchase)
    presented = [purchase.payment_id for purchase in world.purchases if purchase.answers]
    books = world.books()
    problems = books.violations(presented=presented) + world.audit()
    there = {ticket["$id"] for ticket in books.tickets}
    for purchase in world.purchases:
        problems += broken_promises(purchase, there)
    return problems


def ask_until_final(world: World, purchase: Purchase) -> None:
    """Whoever has not heard how it ended asks again, as the answers say; each time it comes to rest."""
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
