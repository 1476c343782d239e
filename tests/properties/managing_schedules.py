"""Sequences with blocks, moves and holds that give way in which timing matters, each with every call in turn.

Each is one sequence with somebody who stands still before their nth call while something else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from boxoffice.bookings.hold import Held
from boxoffice.bookings.results import Booked

from tests.properties.ending import conclusion
from tests.properties.hold_schedules import HOLD_IS_OVER, LEASE_IS_OVER, pay, stops
from tests.properties.house import STRONG, House
from tests.properties.schedules import problems_at_each_call
from tests.properties.world import Keeping, Purchase

ManagingSchedule = Callable[[House, int], list[str]]

_MOVE = {1: "A3", 2: "A4"}


def it_is_cancelled_while_it_is_moved(house: House, nth: int) -> list[str]:
    """A booking is moved; in the middle of that it is cancelled, and others want both."""
    purchase = bought(house)
    mover = stops(house.move(purchase, _MOVE), nth)
    house.cancel(purchase).finish()
    mover.finish()
    house.book(house.pay_thing(1, "A1 and A2", "captured")).finish()
    return conclusion(house)


def a_mover_wakes(house: House, nth: int) -> list[str]:
    """A move stands still; the sweep finishes it, the booking is cancelled, and its old seats are sold."""
    purchase = bought(house)
    mover = stops(house.move(purchase, _MOVE), nth)
    house.pass_time(LEASE_IS_OVER)
    house.sweep().finish()
    house.cancel(purchase).finish()
    house.book(house.pay_thing(1, "A1 and A2", "captured")).finish()
    mover.finish()
    return conclusion(house)


def it_is_paid_while_it_is_moved(house: House, nth: int) -> list[str]:
    """A hold is moved; in the middle of that it is paid for."""
    purchase = pay(house, kept(house), "captured")
    assert purchase.keeping is not None
    mover = stops(house.move(purchase.keeping, _MOVE), nth)
    house.book(purchase).finish()
    mover.finish()
    return conclusion(house)


def it_is_moved_while_it_is_paid(house: House, nth: int) -> list[str]:
    """A hold is paid for; in the middle of that it is moved."""
    purchase = pay(house, kept(house), "authorized")
    assert purchase.keeping is not None
    payer = stops(house.book(purchase), nth)
    house.move(purchase.keeping, _MOVE).finish()
    payer.finish()
    return conclusion(house)


def a_blocker_wakes(house: House, nth: int) -> list[str]:
    """A block stands still; it is lifted and its seats are sold before it goes on."""
    blocking = house.want_blocked("A2 and A3")
    blocker = stops(house.block(blocking), nth)
    house.pass_time(LEASE_IS_OVER)
    house.unblock(blocking, is_by_name=False).finish()
    house.book(house.pay_thing(1, "A1 and A2", "captured")).finish()
    blocker.finish()
    return conclusion(house)


def it_is_paid_while_it_gives_way(house: House, nth: int) -> list[str]:
    """A hold has to give way; in the middle of that it is paid for."""
    purchase = pay(house, kept(house), "captured")
    stronger = stops(house.hold(house.keep_thing(STRONG, "A1 and A2")), nth)
    house.book(purchase).finish()
    stronger.finish()
    return conclusion(house)


def it_gives_way_while_it_is_begun_to_be_paid(house: House, nth: int) -> list[str]:
    """Somebody begins to pay for a hold, which has to give way in the middle of that."""
    purchase = pay(house, kept(house), "created")
    payer = stops(house.book(purchase), nth)
    house.hold(house.keep_thing(STRONG, "A1 and A2")).finish()
    house.bank_says_yes(purchase, captures=True)
    payer.finish()
    return conclusion(house)


def a_granter_dies(house: House, nth: int) -> list[str]:
    """Whoever grants a case dies; the other hold is paid for, and the case is granted again."""
    house.open_house(1, "admin_decides")
    keeping = kept(house)
    house.hold(house.keep_thing(1, "A2")).finish()
    (case_id,) = house.cases
    stops(house.decide(case_id, is_granted=True), nth).die()
    house.note_death()
    purchase = house.pay_for(keeping, "captured")
    if purchase is not None:
        house.book(purchase).finish()
    house.decide(case_id, is_granted=True).finish()
    return conclusion(house)


def it_is_over_while_it_is_confirmed(house: House, nth: int) -> list[str]:
    """Somebody was asked and says yes; in the middle of that the hold is over, and sold."""
    keeping = kept(house)
    house.ask(keeping).finish()
    owner = stops(house.confirm(keeping), nth)
    house.pass_time(HOLD_IS_OVER)
    house.book(house.pay_thing(1, "A1 and A2", "captured")).finish()
    owner.finish()
    return conclusion(house)


MANAGING_SCHEDULES: dict[str, ManagingSchedule] = {
    "cancelled while it is moved": it_is_cancelled_while_it_is_moved,
    "a mover wakes": a_mover_wakes,
    "paid while it is moved": it_is_paid_while_it_is_moved,
    "moved while it is paid": it_is_moved_while_it_is_paid,
    "a blocker wakes": a_blocker_wakes,
    "paid while it gives way": it_is_paid_while_it_gives_way,
    "gives way while it is paid": it_gives_way_while_it_is_begun_to_be_paid,
    "a granter dies": a_granter_dies,
    "over while it is confirmed": it_is_over_while_it_is_confirmed,
}


def managing_problems(house: House, schedule: ManagingSchedule) -> Iterator[list[str]]:
    """What a schedule came to, for each call in turn."""

    def attempt(nth: int) -> list[str]:
        house.open_house(1, "priority")
        return schedule(house, nth)

    return problems_at_each_call(attempt)


def kept(house: House) -> Keeping:
    """Two seats, kept for somebody without a label."""
    keeping = house.keep_thing(0, "A1 and A2")
    holder = house.hold(keeping)
    holder.finish()
    assert isinstance(holder.result, Held)
    return keeping


def bought(house: House) -> Purchase:
    """Two seats that are paid for."""
    purchase = house.pay_thing(0, "A1 and A2", "captured")
    buyer = house.book(purchase)
    buyer.finish()
    assert isinstance(buyer.result, Booked)
    return purchase
