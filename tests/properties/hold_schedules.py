"""Sequences about holds in which timing matters, each tried with every call in turn.

Each is one sequence with somebody who stands still before their nth call while something else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from boxoffice.bookings.hold import Held
from boxoffice.bookings.results import Booked

from tests.properties.actors import Actor
from tests.properties.ending import conclusion
from tests.properties.schedules import NoSuchCallError, problems_at_each_call
from tests.properties.world import Keeping, Purchase, World

HOLD_IS_OVER = 1_000.0
ALMOST = 880.0
LEASE_IS_OVER = 200.0

HoldSchedule = Callable[[World, int], list[str]]


def a_payer_wakes(world: World, nth: int) -> list[str]:
    """Whoever pays stands still until the hold is over and everybody has given the payment up."""
    payer = stops(world.book(paid(world)), nth)
    world.pass_time(HOLD_IS_OVER)
    world.sweep().finish()
    world.sweep().finish()
    payer.finish()
    return conclusion(world)


def a_payer_dies(world: World, nth: int) -> list[str]:
    """Whoever pays dies, and nobody asks again before the hold is over."""
    payer = stops(world.book(paid(world, "authorized")), nth)
    payer.die()
    world.note_death()
    world.pass_time(LEASE_IS_OVER)
    world.sweep().finish()
    return conclusion(world)


def two_payments_meet(world: World, nth: int) -> list[str]:
    """Two payments for one hold: the second comes when the first has made some of its calls."""
    keeping = held(world)
    first, second = pay(world, keeping, "authorized"), pay(world, keeping, "authorized")
    payer = stops(world.book(first), nth)
    world.book(second).finish()
    payer.finish()
    return conclusion(world)


def it_is_sold_in_the_last_moment(world: World, nth: int) -> list[str]:
    """The hold is over while somebody pays for it, and somebody else wants what it has."""
    payer = stops(world.book(paid(world)), nth)
    world.pass_time(HOLD_IS_OVER)
    buys(world).finish()
    payer.finish()
    return conclusion(world)


def it_is_paid_in_the_last_moment(world: World, nth: int) -> list[str]:
    """Somebody takes what a hold has that is over; in the middle of that it is paid for."""
    purchase = paid(world)
    world.pass_time(HOLD_IS_OVER)
    buyer = stops(buys(world), nth)
    world.book(purchase).finish()
    buyer.finish()
    return conclusion(world)


def the_sweep_meets_a_payer(world: World, nth: int) -> list[str]:
    """The sweep ends a hold; in the middle of that it is paid for, and sold."""
    purchase = paid(world)
    world.pass_time(HOLD_IS_OVER)
    sweep = stops(world.sweep(), nth)
    payer = world.book(purchase)
    payer.move()
    buyer = buys(world)
    while not (payer.ended and buyer.ended and sweep.ended):
        for actor in (payer, sweep, buyer):
            actor.move()
    return conclusion(world)


def it_is_released_while_it_is_paid(world: World, nth: int) -> list[str]:
    """Its owner gives a hold back; in the middle of that they pay for it."""
    purchase = paid(world)
    assert purchase.keeping is not None
    release = stops(world.release(purchase.keeping), nth)
    world.book(purchase).finish()
    release.finish()
    return conclusion(world)


def it_is_extended_too_late(world: World, nth: int) -> list[str]:
    """Somebody extends a hold; in the middle of that it is over, and sold to somebody else."""
    keeping = held(world)
    world.pass_time(ALMOST)
    extension = stops(world.extend(keeping), nth)
    world.pass_time(HOLD_IS_OVER - ALMOST)
    buys(world).finish()
    extension.finish()
    return conclusion(world)


def a_holder_wakes(world: World, nth: int) -> list[str]:
    """A hold stands still while it is being made, until the sweep has ended it and its tickets are sold."""
    keeping = world.keep(0, 2)
    holder = stops(world.hold(keeping), nth)
    world.pass_time(HOLD_IS_OVER)
    world.sweep().finish()
    buys(world).finish()
    holder.finish()
    return conclusion(world)


def a_holder_dies(world: World, nth: int) -> list[str]:
    """A hold dies while it is being made. Its client asks again, and pays."""
    keeping = world.keep(0, 2)
    stops(world.hold(keeping), nth).die()
    world.note_death()
    world.hold(keeping).finish()
    world.pass_time(LEASE_IS_OVER)
    world.hold(keeping).finish()
    purchase = world.pay_for(keeping, "authorized")
    if purchase is not None:
        world.book(purchase).finish()
    return conclusion(world)


def a_recovery_dies(world: World, nth: int) -> list[str]:
    """A hold was paid for and its client is gone; the sweep that finds that out dies too."""
    paid(world)
    world.pass_time(HOLD_IS_OVER)
    world.sweep().finish()
    world.pass_time(LEASE_IS_OVER)
    sweep = stops(world.sweep(), nth)
    sweep.die()
    world.note_death()
    return conclusion(world)


def it_is_cancelled_while_it_is_paid(world: World, nth: int) -> list[str]:
    """Somebody pays for a hold, is told so, and cancels; the answer of another try is still on its way."""
    purchase = paid(world)
    again = stops(world.book(purchase), nth)
    world.book(purchase).finish()
    if any(isinstance(answer, Booked) for answer in purchase.answers):
        world.cancel(purchase).finish()
    again.finish()
    return conclusion(world)


def the_gateway_tells_while_it_is_paid(world: World, nth: int) -> list[str]:
    """The gateway tells of a payment; in the middle of that the client says so too."""
    purchase = paid(world, "authorized")
    told = stops(world.tell(purchase, 0), nth)
    world.book(purchase).finish()
    told.finish()
    return conclusion(world)


def the_gateway_tells_a_payer(world: World, nth: int) -> list[str]:
    """A client says that it has paid; in the middle of that the gateway tells too."""
    purchase = paid(world)
    payer = stops(world.book(purchase), nth)
    world.tell(purchase, 0).finish()
    world.tell(purchase, 1).finish()
    payer.finish()
    return conclusion(world)


def only_the_gateway_tells(world: World, nth: int) -> list[str]:
    """The client is gone; the gateway tells when the hold is over, and the process dies of it."""
    purchase = paid(world)
    world.pass_time(HOLD_IS_OVER)
    stops(world.tell(purchase, 1), nth).die()
    world.note_death()
    world.tell(purchase, 0).finish()
    return conclusion(world)


HOLD_SCHEDULES: dict[str, HoldSchedule] = {
    "a payer wakes": a_payer_wakes,
    "a payer dies": a_payer_dies,
    "two payments meet": two_payments_meet,
    "sold in the last moment": it_is_sold_in_the_last_moment,
    "paid in the last moment": it_is_paid_in_the_last_moment,
    "the sweep meets a payer": the_sweep_meets_a_payer,
    "released while it is paid": it_is_released_while_it_is_paid,
    "extended too late": it_is_extended_too_late,
    "a holder wakes": a_holder_wakes,
    "a holder dies": a_holder_dies,
    "a recovery dies": a_recovery_dies,
    "cancelled while it is paid": it_is_cancelled_while_it_is_paid,
    "the gateway tells while it is paid": the_gateway_tells_while_it_is_paid,
    "the gateway tells a payer": the_gateway_tells_a_payer,
    "only the gateway tells": only_the_gateway_tells,
}


def hold_problems(world: World, schedule: HoldSchedule) -> Iterator[list[str]]:
    """What a schedule came to, for each call in turn."""

    def attempt(nth: int) -> list[str]:
        world.begin(capacity=2)
        return schedule(world, nth)

    return problems_at_each_call(attempt)


def held(world: World) -> Keeping:
    """Everything there is, kept for somebody."""
    keeping = world.keep(0, 2)
    holder = world.hold(keeping)
    holder.finish()
    assert isinstance(holder.result, Held)
    return keeping


def paid(world: World, status: str = "captured") -> Purchase:
    """A payment for everything there is, kept for somebody who has not said so yet."""
    return pay(world, held(world), status)


def pay(world: World, keeping: Keeping, status: str) -> Purchase:
    """A payment for a hold."""
    purchase = world.pay_for(keeping, status)
    assert purchase is not None
    return purchase


def buys(world: World) -> Actor[Any]:
    """Somebody else wants everything there is."""
    return world.book(world.pay(1, 2, "captured"))


def stops(actor: Actor[Any], nth: int) -> Actor[Any]:
    """An execution that has come to its nth call."""
    for _ in range(nth - 1):
        actor.move()
    if actor.ended:
        raise NoSuchCallError
    return actor
