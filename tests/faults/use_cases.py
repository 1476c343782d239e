"""The use cases that the matrix tries: one entry each."""

from __future__ import annotations

from tests.faults.harness import CANCELLED, CHANGED, HELD, RETURNED, SWEPT, TOLD, UseCase
from tests.faults.preparing import (
    HOLD_IS_HALF_OVER,
    booking,
    booking_of,
    cancelling,
    changing_hold,
    confirming,
    discounted,
    displacing,
    holding,
    paying_for_hold,
    seats,
    several,
    sweeping,
    swept,
    swept_and_sold,
    taking_over,
    tickets,
    time,
    told_of,
)
from tests.faults.preparing_changes import (
    asking_to_confirm,
    blocking,
    deciding,
    hall,
    moving_booking,
    moving_hold,
    parking,
    places,
    some_seats,
    times,
    unblocking,
)

# A refusal that no repetition helps against: everything was written, and all of it has to be undone.
COMMIT_FAILS = {
    "kind": "refuse",
    "status": 400,
    "method": "POST",
    "path": "/v1/tablesdb/boxoffice/tables/outcomes/rows",
    "nth": 1,
}
CAPTURE_FAILS = {"kind": "refuse", "status": 400, "path": "/razorpay/v1/payments/{payment}/capture"}
LINK_FAILS = {
    "kind": "refuse",
    "status": 400,
    "method": "PATCH",
    "path": "/v1/tablesdb/boxoffice/tables/bookings/rows/*",
    "nth": 1,
}

_HELD = frozenset({HELD, RETURNED})
_RETURNED = frozenset({RETURNED})
_SWEPT = frozenset({SWEPT})
_TOLD = frozenset({TOLD})
_CHANGED = frozenset({CHANGED})
# Who may pay, who has what, and how it ends: the papers of all bookings are written alike.
_OF_HOLDS = ("* leases*", "* outcomes*", "* claims*", "* bookings*", "*payment*", "open order")
_OF_WEBHOOKS = (*_OF_HOLDS, "* webhook_events*")
_OF_DISPLACING = ("read bookings*", "* leases*", "* outcomes*", "* claims*", "create outbox*", "update *s")
_OF_MOVING_HOLDS = ("create *s", "update *s", "delete claims*")
_OF_GRANTING = ("* cases*", "* claims*", "create outcomes*", "create outbox*", "* bookings")
# A sweep counts claims for everybody.
_OF_SWEEPS = ("* leases*", "* outcomes*", "delete claims*", "create claims*", "* bookings*", "*payment*")

USE_CASES = (
    UseCase("book", booking(), bears_hiccups=True),
    UseCase("book, then undo", booking(), (COMMIT_FAILS,), after="create outcomes 2"),
    UseCase("capture and book", booking("authorized"), after="capture payment", bears_hiccups=True),
    UseCase("refund when sold out", booking(sold_out=True), endings=_RETURNED),
)
"""Every call of these fails in every way."""

COVERED_USE_CASES = (
    UseCase("cancel", cancelling(1), endings=frozenset({CANCELLED}), bears_hiccups=True),
    UseCase("hold", holding(tickets()), endings=_HELD, bears_hiccups=True),
    UseCase("hold, then undo", holding(tickets()), (LINK_FAILS,), after="delete claims", endings=_HELD),
    UseCase("hold seats", holding(seats), endings=_HELD, bears_hiccups=True, calls=("* claims*",)),
    UseCase("hold with a code", holding(discounted), endings=_HELD, calls=("* claims*",)),
    UseCase("extend a hold", changing_hold("extend", HOLD_IS_HALF_OVER), endings=_HELD, bears_hiccups=True),
    UseCase("release a hold", changing_hold("release"), endings=_HELD, bears_hiccups=True),
    UseCase("pay for a hold", paying_for_hold(tickets()), bears_hiccups=True),
    UseCase(
        "pay for a hold, then undo",
        paying_for_hold(tickets()),
        (COMMIT_FAILS,),
        after="create outcomes 2",
    ),
    UseCase(
        "capture and pay for a hold",
        paying_for_hold(tickets(), "authorized"),
        after="capture payment",
        bears_hiccups=True,
    ),
    UseCase("pay for a free hold", paying_for_hold(tickets(price=0)), calls=("* leases*", "* outcomes*")),
    UseCase("pay too late, still free", paying_for_hold(tickets(), before=swept), calls=_OF_HOLDS),
    UseCase(
        "pay too late, gone",
        paying_for_hold(tickets(), before=swept_and_sold),
        endings=_RETURNED,
        calls=_OF_HOLDS,
    ),
    UseCase("take over an expired hold", taking_over, calls=_OF_HOLDS),
    UseCase("confirm a hold", confirming, endings=_HELD, bears_hiccups=True),
    UseCase("displace a hold", displacing, endings=_HELD, calls=_OF_DISPLACING),
    UseCase("expire a hold", sweeping(), endings=_SWEPT, calls=_OF_SWEEPS),
    UseCase("expire a paid hold", sweeping("captured"), endings=_SWEPT, calls=_OF_SWEEPS),
    UseCase("book seats", booking_of(seats), calls=("* claims*", "* tickets*")),
    UseCase("book a time", booking_of(time), calls=("* claims*", "* tickets*")),
    UseCase("book several things", booking_of(several), calls=("* claims*",)),
    UseCase("book with a code", booking_of(discounted), calls=("* claims*", "* outcomes*")),
    UseCase("book what is free", booking_of(tickets(price=0)), bears_hiccups=True, calls=("create *s",)),
    UseCase("told of a paid hold", told_of("authorized"), endings=_TOLD, calls=_OF_WEBHOOKS),
    UseCase(
        "told too late, gone",
        told_of("captured", before=swept_and_sold),
        endings=_TOLD,
        calls=("* webhook_events*", "* bookings*", "*payment*"),
    ),
    UseCase(
        "told of a second payment",
        told_of("captured", is_second=True),
        endings=_TOLD,
        calls=("* webhook_events*", "* bookings*", "*payment*"),
    ),
    UseCase(
        "told of a failed payment",
        told_of("failed"),
        endings=_TOLD,
        calls=("* webhook_events*", "update claims*", "update bookings*"),
    ),
)
"""Every call of these fails in some ways: the others are the same as with those above."""

MANAGING_USE_CASES = (
    UseCase("block a hall", blocking(hall), endings=_CHANGED),
    UseCase("block standing places", blocking(places), endings=_CHANGED, calls=("* claims*",)),
    UseCase("block times", blocking(times), endings=_CHANGED, calls=("create claims*",)),
    UseCase("lift a block", unblocking(some_seats), endings=_CHANGED),
    UseCase("unblock seats", unblocking(some_seats, by_name=True), endings=_CHANGED),
    UseCase("move a booking", moving_booking, endings=_CHANGED),
    UseCase("move a hold", moving_hold, endings=_CHANGED, calls=_OF_MOVING_HOLDS),
    UseCase("park a request", parking, endings=_RETURNED, calls=("* cases*", "* claims*")),
    UseCase("refuse a case", deciding("refuse", ("refused", "holder")), endings=_CHANGED),
    UseCase(
        "grant a case", deciding("grant", ("granted", "requester")), endings=_CHANGED, calls=_OF_GRANTING
    ),
    UseCase("ask to confirm", asking_to_confirm, endings=_CHANGED),
)
"""What administrators do, and what waits for them: tried like those before."""

MORE_USE_CASES = (
    UseCase("unblock times", unblocking(times, by_name=True), endings=_CHANGED),
    UseCase("lift a block of standing places", unblocking(places), endings=_CHANGED),
    UseCase("book three", booking(quantity=3)),
    UseCase("capture and book three", booking("authorized", quantity=3)),
    UseCase("capture and book, then undo", booking("authorized"), (COMMIT_FAILS,), after="create outcomes 2"),
    UseCase("capture refused, then undo", booking("authorized"), (CAPTURE_FAILS,), after="read payment 2"),
    UseCase("refund of a wrong amount", booking(overpaid=1), endings=_RETURNED),
    UseCase("sold out", booking("authorized", sold_out=True), endings=_RETURNED),
    UseCase("cancel one of three", cancelling(3, 2), endings=frozenset({CANCELLED}), bears_hiccups=True),
    UseCase(
        "capture and pay for a hold, then undo",
        paying_for_hold(tickets(), "authorized"),
        (COMMIT_FAILS,),
        after="create outcomes 2",
    ),
    UseCase("pay for held seats", paying_for_hold(seats)),
    UseCase("pay for a held time", paying_for_hold(time)),
    UseCase("expire an authorised hold", sweeping("authorized"), endings=_SWEPT, calls=_OF_SWEEPS),
)
"""Left to `scripts/faults --full`, like the rest of the faults."""
