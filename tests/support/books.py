"""The books: what must be true of bookings, units, papers and money when nobody is at work any more.

A second opinion on purpose. It reads rows over HTTP and the ledger of the payment stand-in, and shares no
code, no id and no rule with the library that it checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.given_back import GivenBack
from tests.support.ledger import Money, read_money
from tests.support.local_server import Http
from tests.support.rows import Row, by, read_files, read_rows
from tests.support.units import (
    Offer,
    claim_problems,
    pool_problems,
    price_problems,
    promo_problems,
    time_problems,
)

_STANDING = frozenset({"confirmed", "completed", "no_show"})
_GONE = frozenset({"rolled_back", "expired", "cancelled"})


@dataclass(slots=True)
class Books:
    """Everything that was written for some events, or for all, and every movement of money by payment."""

    offer: Offer
    bookings: list[Row]
    claims: list[Row]
    outcomes: list[Row]
    tickets: list[Row]
    transactions: list[Row]
    orders: list[Row]
    reports: list[Row]
    changes: list[Row]
    files: list[Row]
    log: list[Row]
    cancellations: list[Row]
    fates: list[Row]
    money: dict[str, Money]
    _found: list[str] = field(default_factory=list)

    def violations(self, presented: Sequence[str] = ()) -> list[str]:
        """A sentence for everything that is not as it must be, naming the rows; empty when the books balance.

        presented: payments that somebody tried to book with until the answer was final. Of other payments
        without a booking nothing is known: they are still their owners' to use.
        """
        self._found = []
        by_booking = {name: by(rows, "bookingId") for name, rows in self._papers()}
        outcomes = {row["$id"]: row for row in self.outcomes}
        for booking in self.bookings:
            self._check_booking(booking, {n: by_booking[n][booking["$id"]] for n in by_booking}, outcomes)
        self._check_units()
        self._check_orphans()
        self._check_files()
        self._check_log()
        self._check_money(presented)
        return self._found

    def _papers(self) -> Iterator[tuple[str, list[Row]]]:
        yield "claims", self.claims
        yield "tickets", self.tickets
        yield "transactions", self.transactions
        yield "orders", self.orders

    def _given_back(self, booking: Row) -> GivenBack:
        own = booking["$id"]
        return GivenBack(
            [row for row in self.cancellations if row["bookingId"] == own],
            [row for row in self.fates if row["bookingId"] == own],
        )

    def _say(self, sentence: str) -> None:
        self._found.append(sentence)

    def _check_units(self) -> None:
        self._found += pool_problems(self.offer, self.bookings, self.claims)
        standing = [row for row in self.bookings if row["status"] in _STANDING]
        valid = by([row for row in self.tickets if row["status"] == "valid"], "bookingId")
        numbers = [(row, {ticket["number"] for ticket in valid[row["$id"]]}) for row in standing]
        self._found += time_problems(self.offer, numbers)
        self._found += promo_problems(self.offer, standing)

    def _check_booking(
        self, booking: Row, papers: Mapping[str, list[Row]], outcomes: Mapping[str, Row]
    ) -> None:
        name, status = f"booking {booking['$id']}", booking["status"]
        outcome = outcomes[booking["$id"]]["outcome"] if booking["$id"] in outcomes else None
        given = self._given_back(booking)
        stands = status in _STANDING or (status == "cancelled" and outcome == "CONFIRMED")
        if not stands and status not in _GONE:
            self._say(f"{name} is {status}: neither final nor anybody's work")
            stands = outcome == "CONFIRMED"
        if stands != (outcome == "CONFIRMED"):
            self._say(f"{name} is {status}, and its outcome {outcome}")
        # A hold ends as what its outcome says, and nothing that was never held ends like one.
        if status in ("expired", "cancelled") and not stands and outcome != "EXPIRED":
            self._say(f"{name} is {status}, and its outcome {outcome}")
        if (status == "expired" or outcome == "EXPIRED") and not booking["heldUntil"]:
            self._say(f"{name} is {status}, and was never a hold")
        one = int(stands)
        counts = {
            "tickets": booking["quantity"] if stands else 0,
            "transactions": one + len(given.refunds),
            "orders": one,
        }
        for paper, count in counts.items():
            if len(papers[paper]) != count:
                self._say(f"{name} is {status} with {len(papers[paper])} {paper} instead of {count}")
        if stands:
            self._check_sale(name, booking, papers)
            self._found += given.problems(booking, papers)
        elif papers["claims"]:
            self._say(f"{name} is {status}, and claims {[claim['$id'] for claim in papers['claims']]}")
        self._check_payment_of(name, booking, stands, sum(given.refunds))

    def _check_sale(self, name: str, booking: Row, papers: Mapping[str, list[Row]]) -> None:
        valid = [ticket for ticket in papers["tickets"] if ticket["status"] == "valid"]
        uses = self._uses_of(booking)
        self._found += claim_problems(self.offer, booking, papers["claims"], valid, uses)
        self._found += price_problems(self.offer, booking)
        if {ticket["userId"] for ticket in papers["tickets"]} - {booking["userId"]}:
            self._say(f"{name} has tickets of somebody else")
        if sorted(ticket["number"] for ticket in papers["tickets"]) != [*range(1, booking["quantity"] + 1)]:
            self._say(f"{name}: its tickets are not numbered from 1 to {booking['quantity']}")
        for paper, column in (("transactions", "amount"), ("orders", "total")):
            sold = [row for row in papers[paper] if row.get("kind") != "refund"]
            if any(row[column] != booking["total"] for row in sold):
                self._say(f"{name}: its {paper} do not say {booking['total']}")
        if any(row["lines"] != booking["lines"] for row in papers["orders"]):
            self._say(f"{name}: its order has other lines")
        order = self.money.get(booking["paymentId"], Money()).order
        sales = [row for row in papers["transactions"] if row["kind"] == "sale" and row["paymentId"]]
        if any((row["gatewayOrderId"] or "") != order for row in sales):
            self._say(f"{name}: its payment was made for order {order}, and its transaction says otherwise")

    def _uses_of(self, booking: Row) -> int:
        """How many uses of its promo code a booking that was made claims."""
        code = self.offer.promo_codes.get((booking["promoCode"] or "").casefold())
        if booking["status"] == "cancelled" and code and code["returnedOnCancellation"]:
            return 0
        return len(self.offer.limits(booking["promoCode"]))

    def _check_payment_of(self, name: str, booking: Row, stands: bool, refunded: int) -> None:
        payment = booking["paymentId"]
        money = self.money.get(payment, Money())
        if payment and booking["gatewayOrderId"] and money.order not in ("", booking["gatewayOrderId"]):
            self._say(f"{name} was paid with a payment for the order {money.order}")
        if stands and not booking["total"]:
            if (payment, booking["paymentStatus"]) != (None, "none"):
                self._say(f"{name} is free, and its payment {payment} is {booking['paymentStatus']}")
        elif stands:
            due = booking["total"] - refunded
            if money.kept != due and not self._is_open_case(payment):
                self._say(f"{name} stands, and {money.kept} of {due} are kept")
            part = "captured" if not refunded else "partially_refunded" if due else "refunded"
            if booking["paymentStatus"] != part:
                self._say(f"{name} stands, its payment is {part}, and shown as {booking['paymentStatus']}")
        elif booking["status"] in _GONE and money.kept and not self._is_open_case(payment):
            self._say(f"{name} is {booking['status']}, and {money.kept} of its payment were not returned")
        elif booking["paymentStatus"] == "captured" and not money.kept:
            self._say(f"{name} says that its payment is captured, and it is not")

    def _check_orphans(self) -> None:
        blocks = {row["$id"]: row for row in self.changes if row["kind"] == "block"}
        known = {row["$id"] for row in self.bookings} | {row["$id"] for row in self.changes}
        for row in self.claims:
            if (row["state"] == "BLOCKED") != (row["bookingId"] in blocks):
                self._say(f"claim {row['$id']} is {row['state']} for {row['bookingId']}")
            elif row["bookingId"] in blocks and blocks[row["bookingId"]]["state"] != "done":
                self._say(f"claim {row['$id']} is of a block that is {blocks[row['bookingId']]['state']}")
        for paper, rows in self._papers():
            for row in rows:
                if row["bookingId"] not in known:
                    self._say(f"{paper} {row['$id']}: there is no booking {row['bookingId']}")
        for row in self.outcomes:
            if row["$id"] not in known and row["outcome"] == "CONFIRMED":
                self._say(f"outcome {row['$id']} is {row['outcome']} for no booking")

    def _check_files(self) -> None:
        there, wanted = {row["$id"] for row in self.files}, {row["qrFileId"] for row in self.tickets}
        for missing in sorted(wanted - there):
            self._say(f"a ticket's file {missing} is missing")
        for left in sorted(there - wanted):
            self._say(f"file {left} belongs to no ticket")

    def _check_log(self) -> None:
        told = {(row["bookingId"], row["action"]) for row in self.log}
        for booking in self.bookings:
            status = booking["status"]
            # One that began as a refusal is told of as one.
            if booking["checkAfter"] is None and not told & {
                (booking["$id"], f"booking.{status}"),
                (booking["$id"], "booking.refused"),
            }:
                self._say(f"booking {booking['$id']} is {status}, and the log does not say how")
        for entry in self.log:
            missing = [name for name in ("actor", "subject", "at") if not entry[name]]
            if missing:
                self._say(f"entry {entry['$id']} of the log does not say {missing}")

    def _check_money(self, presented: Sequence[str]) -> None:
        booked = Counter(row["paymentId"] for row in self.bookings if row["paymentId"])
        orders = {row["gatewayOrderId"] for row in self.bookings if row["gatewayOrderId"]}
        for payment, times in booked.items():
            if times > 1:
                self._say(f"payment {payment} paid for {times} bookings")
        for payment, money in self.money.items():
            # Whoever pays one of our orders has shown us the payment.
            if payment not in booked and payment not in presented and money.order not in orders:
                continue
            if money.captures > 1:
                self._say(f"payment {payment} was captured {money.captures} times")
            if money.refunded > money.captured:
                self._say(f"payment {payment}: {money.refunded} returned of {money.captured}")
            if max(money.refunds, len(money.keys)) > max(1, self._refunds_of(payment)):
                keys = sorted(map(str, money.keys))
                self._say(f"payment {payment} was refunded {money.refunds} times, by keys {keys}")
            if payment not in booked and money.kept and not self._is_open_case(payment):
                self._say(f"payment {payment}: {money.kept} kept for no booking")

    def _refunds_of(self, payment: str) -> int:
        """How often money of a payment may have been returned: once for each cancellation."""
        paid = [row for row in self.bookings if row["paymentId"] == payment]
        return sum(len(self._given_back(booking).refunds) for booking in paid)

    def _is_open_case(self, payment: str) -> bool:
        return any(row["paymentId"] == payment and row["state"] == "needs_operator" for row in self.reports)


def read_books(http: Http, ledger: Sequence[Mapping[str, Any]], event_id: str = "") -> Books:
    """The books of one event, or all of them. ledger: the stand-in's movements.

    A service that belongs to no event counts as one. Outcomes, transactions and files do not name their
    event: of one event, those of its bookings are read, so that what belongs to no booking at all is only
    found among all.
    """
    of_event = {"eventId": [event_id]} if event_id else {}
    bookings = read_rows(http, "bookings", of_event)
    of_booking = {"bookingId": [row["$id"] for row in bookings]} if event_id else {}
    references = [
        f"ticket-{row['reference']}-{n}.png" for row in bookings for n in range(1, row["quantity"] + 1)
    ]
    return Books(
        offer=_read_offer(http, of_event),
        bookings=bookings,
        claims=read_rows(http, "claims", of_event),
        outcomes=read_rows(http, "outcomes", {"$id": of_booking["bookingId"]} if event_id else {}),
        tickets=read_rows(http, "tickets", of_event),
        transactions=read_rows(http, "transactions", of_booking),
        orders=read_rows(http, "orders", of_event),
        reports=read_rows(http, "rollback_reports", of_event),
        changes=read_rows(http, "unit_changes", of_event),
        files=read_files(http, references if event_id else None),
        log=read_rows(http, "audit_log", of_booking),
        cancellations=read_rows(http, "cancellations", of_event),
        fates=read_rows(http, "checkins", of_booking),
        money=read_money(ledger),
    )


def _read_offer(http: Http, of_event: Mapping[str, list[str]]) -> Offer:
    services = read_rows(http, "services", of_event)
    if of_event:
        services += read_rows(http, "services", {"$id": of_event["eventId"]})
    return Offer(
        ticket_types={row["$id"]: row for row in read_rows(http, "ticket_types", of_event)},
        showtimes={row["$id"]: row for row in read_rows(http, "showtimes", of_event)},
        services={row["$id"]: row for row in services},
        promo_codes={row["code"].casefold(): row for row in read_rows(http, "promo_codes")},
    )
