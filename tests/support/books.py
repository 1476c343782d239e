"""The books: what must be true of bookings, units, papers and money when nobody is at work any more.

A second opinion on purpose. It reads rows over HTTP and the ledger of the payment stand-in, and shares no
code, no id and no rule with the library that it checks.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.project.shop import DATABASE
from tests.support.given_back import GivenBack
from tests.support.local_server import Http, ok

Row = Mapping[str, Any]

_PAGE = 5000
_VALUES_OF_A_QUERY = 100  # a query has at most 4096 characters
_BUCKET = "tickets"
_STANDING = frozenset({"confirmed", "completed", "no_show"})
_GONE = frozenset({"rolled_back", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Money:
    """The movements of one payment, in minor units. keys: the idempotency keys of its refunds."""

    captured: int = 0
    captures: int = 0
    refunded: int = 0
    refunds: int = 0
    keys: frozenset[str | None] = frozenset()

    @property
    def kept(self) -> int:
        """What the merchant has of it."""
        return self.captured - self.refunded


@dataclass(slots=True)
class Books:
    """Everything that was written for some events, or for all, and every movement of money by payment."""

    ticket_types: list[Row]
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
        self._check_pools()
        by_booking = {name: _by(rows, "bookingId") for name, rows in self._papers()}
        outcomes = {row["$id"]: row for row in self.outcomes}
        for booking in self.bookings:
            self._check_booking(booking, {n: by_booking[n][booking["$id"]] for n in by_booking}, outcomes)
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

    def _check_pools(self) -> None:
        types = {row["$id"]: row for row in self.ticket_types}
        bookings = {row["$id"]: row for row in self.bookings}
        type_of_pool: dict[str, str] = {}
        for (pool, unit), times in Counter((c["poolId"], c["unit"]) for c in self.claims).items():
            if times > 1:
                self._say(f"unit {unit} of pool {pool} is claimed {times} times")
        for claim in self.claims:
            booking = bookings.get(claim["bookingId"])
            if booking is None:
                continue
            sold_as = type_of_pool.setdefault(claim["poolId"], booking["ticketTypeId"])
            if sold_as != booking["ticketTypeId"]:
                self._say(f"pool {claim['poolId']} sells {sold_as} and {booking['ticketTypeId']}")
            capacity = types[sold_as]["capacity"] if sold_as in types else 0
            if not (claim["unit"].isdecimal() and 1 <= int(claim["unit"]) <= capacity):
                self._say(f"claim {claim['$id']}: there is no unit {claim['unit']} of {capacity}")
        for pool, kind in type_of_pool.items():
            claimed = sum(claim["poolId"] == pool for claim in self.claims)
            if kind in types and claimed > types[kind]["capacity"]:
                self._say(f"{kind}: {claimed} units claimed of {types[kind]['capacity']}")

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
        if stands and outcome != "CONFIRMED":
            self._say(f"{name} is {status}, and its outcome {outcome}")
        if not stands and outcome == "CONFIRMED":
            self._say(f"{name} is {status}, and its outcome {outcome}")
        wanted = booking["quantity"] if stands else 0
        one = int(stands)
        counts = {
            "claims": wanted - len(given.tickets),
            "tickets": wanted,
            "transactions": one + len(given.refunds),
            "orders": one,
        }
        for paper, count in counts.items():
            if len(papers[paper]) != count:
                self._say(f"{name} is {status} with {len(papers[paper])} {paper} instead of {count}")
        if stands:
            self._check_sale(name, booking, papers)
            self._found += given.problems(booking, papers)
        self._check_payment_of(name, booking, stands, sum(given.refunds))

    def _check_sale(self, name: str, booking: Row, papers: Mapping[str, list[Row]]) -> None:
        claimed = sorted(claim["unit"] for claim in papers["claims"])
        printed = sorted(ticket["unit"] for ticket in papers["tickets"] if ticket["status"] == "valid")
        if claimed != printed:
            self._say(f"{name}: units {claimed} are claimed, and {printed} are on its tickets")
        if {ticket["userId"] for ticket in papers["tickets"]} - {booking["userId"]}:
            self._say(f"{name} has tickets of somebody else")
        if sorted(ticket["number"] for ticket in papers["tickets"]) != [*range(1, booking["quantity"] + 1)]:
            self._say(f"{name}: its tickets are not numbered from 1 to {booking['quantity']}")
        price = next((t["price"] for t in self.ticket_types if t["$id"] == booking["ticketTypeId"]), None)
        if price is not None and booking["total"] != price * booking["quantity"]:
            self._say(f"{name} costs {booking['total']} instead of {booking['quantity']} × {price}")
        for paper, column in (("transactions", "amount"), ("orders", "total")):
            sold = [row for row in papers[paper] if row.get("kind") != "refund"]
            if any(row[column] != booking["total"] for row in sold):
                self._say(f"{name}: its {paper} do not say {booking['total']}")

    def _check_payment_of(self, name: str, booking: Row, stands: bool, refunded: int) -> None:
        money = self.money.get(booking["paymentId"], Money())
        if stands:
            due = booking["total"] - refunded
            if money.kept != due and not self._is_open_case(booking["paymentId"]):
                self._say(f"{name} stands, and {money.kept} of {due} are kept")
            part = "captured" if not refunded else "partially_refunded" if due else "refunded"
            if booking["paymentStatus"] != part:
                self._say(f"{name} stands, its payment is {part}, and shown as {booking['paymentStatus']}")
        elif booking["status"] in _GONE and money.kept and not self._is_open_case(booking["paymentId"]):
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
        booked = {row["paymentId"] for row in self.bookings}
        for payment, times in Counter(row["paymentId"] for row in self.bookings).items():
            if times > 1:
                self._say(f"payment {payment} paid for {times} bookings")
        for payment, money in self.money.items():
            if payment not in booked and payment not in presented:
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

    Outcomes, transactions and files do not name their event: of one event, those of its bookings are read,
    so that what belongs to no booking at all is only found among all.
    """
    of_event = {"eventId": [event_id]} if event_id else {}
    bookings = read_rows(http, "bookings", of_event)
    of_booking = {"bookingId": [row["$id"] for row in bookings]}
    by_id = {"$id": of_booking["bookingId"]}
    references = [
        f"ticket-{row['reference']}-{n}.png" for row in bookings for n in range(1, row["quantity"] + 1)
    ]
    some = bool(event_id)
    return Books(
        ticket_types=read_rows(http, "ticket_types", of_event),
        bookings=bookings,
        claims=read_rows(http, "claims", of_event),
        outcomes=read_rows(http, "outcomes", by_id if some else {}),
        tickets=read_rows(http, "tickets", of_event),
        transactions=read_rows(http, "transactions", of_booking if some else {}),
        orders=read_rows(http, "orders", of_event),
        reports=read_rows(http, "rollback_reports", of_event),
        changes=read_rows(http, "unit_changes", of_event),
        files=_list(http, f"/storage/buckets/{_BUCKET}/files", "files", {"name": references} if some else {}),
        log=read_rows(http, "audit_log", of_booking if some else {}),
        cancellations=read_rows(http, "cancellations", of_event),
        fates=read_rows(http, "checkins", of_booking if some else {}),
        money=read_money(ledger),
    )


def read_money(ledger: Sequence[Mapping[str, Any]]) -> dict[str, Money]:
    """The movements by payment. A refund that failed is as if it had not been."""
    found: dict[str, Money] = defaultdict(Money)
    for entry in ledger:
        money, amount = found[entry["paymentId"]], entry["amount"]
        if entry["movement"] == "captured":
            money = Money(
                money.captured + amount, money.captures + 1, money.refunded, money.refunds, money.keys
            )
        elif entry["movement"] == "refunded":
            keys = money.keys | {entry["idempotencyKey"]}
            money = Money(money.captured, money.captures, money.refunded + amount, money.refunds + 1, keys)
        elif entry["movement"] == "refund_reversed":
            money = Money(
                money.captured, money.captures, money.refunded - amount, money.refunds - 1, money.keys
            )
        found[entry["paymentId"]] = money
    return dict(found)


def read_rows(http: Http, table: str, equal: Mapping[str, list[str]] | None = None) -> list[Row]:
    """The rows of a table whose column has one of the values, or all of them."""
    return _list(http, f"/tablesdb/{DATABASE}/tables/{table}/rows", "rows", equal or {})


def _list(http: Http, path: str, key: str, equal: Mapping[str, list[str]]) -> list[Row]:
    """Every entry, or those whose column has one of the values: one column at most."""
    found: list[Row] = []
    for column, values in equal.items():
        for at in range(0, len(values), _VALUES_OF_A_QUERY):
            some = {"method": "equal", "attribute": column, "values": values[at : at + _VALUES_OF_A_QUERY]}
            found += _pages(http, path, key, [some])
    return found if equal else _pages(http, path, key, [])


def _pages(http: Http, path: str, key: str, where: list[dict[str, Any]]) -> list[Row]:
    found: list[Row] = []
    while True:
        queries = [*where, {"method": "orderAsc", "attribute": "$id"}, {"method": "limit", "values": [_PAGE]}]
        if found:
            queries.append({"method": "greaterThan", "attribute": "$id", "values": [found[-1]["$id"]]})
        params = {f"queries[{at}]": json.dumps(query) for at, query in enumerate(queries)}
        page: list[Row] = ok(http.get(path, params={**params, "total": "false"}))[key]
        found += page
        if len(page) < _PAGE:
            return found


def _by(rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found
