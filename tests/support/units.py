"""What must be true of units: each is sold once, for what is on its ticket, and no more than there are."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.support.rows import Row, by

Sold = tuple[str, str]
"""The kind of thing that a ticket is for, and its id."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is for sale, by id: ticket types, showtimes, services; and promo codes by how they are written."""

    ticket_types: Mapping[str, Row]
    showtimes: Mapping[str, Row]
    services: Mapping[str, Row]
    promo_codes: Mapping[str, Row]

    def price(self, item: Mapping[str, Any]) -> int | None:
        """What one of it costs now; `None` when it is not for sale any more."""
        match item["kind"]:
            case "tickets":
                row = self.ticket_types.get(item["id"])
                return row["price"] if row else None
            case "seats":
                row = self.showtimes.get(item["id"])
                return json.loads(row["prices"]).get(item["name"]) if row else None
            case _:
                row = self.services.get(item["id"])
                minutes = _length(item) // timedelta(minutes=1)
                return json.loads(row["prices"]).get(str(minutes)) if row else None

    def units_of_ticket(self, item: Mapping[str, Any]) -> int:
        """How many units one ticket for it takes: of a time, every part of it and of the pauses around it."""
        if item["kind"] != "time" or item["id"] not in self.services:
            return 1
        service = self.services[item["id"]]
        part: int = service["granularity"] * 60
        first, last = _occupied(item, service)
        return math.ceil(last.timestamp() / part) - math.floor(first.timestamp() / part)

    def limits(self, code: str | None) -> list[int]:
        """How often a promo code may be used: altogether, and by one user, where that is limited."""
        row = self.promo_codes.get((code or "").casefold())
        return [row[name] for name in ("uses", "usesPerUser") if row[name] is not None] if row else []


def things(booking: Row) -> list[dict[str, Any]]:
    """What each ticket of a booking is for, in their order."""
    items: list[dict[str, Any]] = json.loads(booking["items"])
    return [item for item in items for _ in range(item["quantity"])]


def pool_problems(offer: Offer, bookings: Sequence[Row], claims: Sequence[Row]) -> Iterator[str]:
    """A sentence for every unit that is claimed twice, does not exist, or is of two things at once."""
    for (pool, unit), times in Counter((c["poolId"], c["unit"]) for c in claims).items():
        if times > 1:
            yield f"unit {unit} of pool {pool} is claimed {times} times"
    sold_as: dict[str, Sold] = {}
    by_id = {row["$id"]: row for row in bookings}
    for claim in claims:
        booking, number = by_id.get(claim["bookingId"]), claim["ticket"] or 0
        if booking is None or not number:
            continue
        if number > booking["quantity"]:
            yield f"claim {claim['$id']}: booking {booking['$id']} has no ticket {number}"
            continue
        item = things(booking)[number - 1]
        sold = sold_as.setdefault(claim["poolId"], (item["kind"], item["id"]))
        if sold != (item["kind"], item["id"]):
            yield f"pool {claim['poolId']} sells {sold} and {item['id']}"
        if item["kind"] == "tickets" and item["id"] in offer.ticket_types:
            capacity = offer.ticket_types[item["id"]]["capacity"]
            if not (claim["unit"].isdecimal() and 1 <= int(claim["unit"]) <= capacity):
                yield f"claim {claim['$id']}: there is no unit {claim['unit']} of {capacity}"
    for pool, of_pool in by(claims, "poolId").items():
        if sold_as.get(pool, ("",))[0] == "seats":
            yield from _seat_problems(pool, of_pool)


def _seat_problems(pool: str, claims: Sequence[Row]) -> Iterator[str]:
    """A seat is called the same by everybody."""
    labels = Counter(claim["label"] for claim in claims if claim["state"] != "BLOCKED")
    for label, times in labels.items():
        if not label or times > 1:
            yield f"pool {pool} has {times} seats that are called {label}"


def time_problems(offer: Offer, standing: Sequence[tuple[Row, set[int]]]) -> Iterator[str]:
    """A sentence for every moment at which a service has more guests than places.

    standing: bookings that were made, each with the numbers of its tickets that are valid.
    """
    guests: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for booking, numbers in standing:
        for number, item in enumerate(things(booking), start=1):
            if item["kind"] == "time" and number in numbers and item["id"] in offer.services:
                guests[item["id"]].append(_occupied(item, offer.services[item["id"]]))
    for service, times in guests.items():
        places = offer.services[service]["capacity"]
        for begins, _ in times:
            there = sum(first <= begins < last for first, last in times)
            if there > places:
                yield f"service {service}: {there} guests for {places} places at {begins.isoformat()}"


def promo_problems(offer: Offer, standing: Sequence[Row]) -> Iterator[str]:
    """A sentence for every promo code that was used more often than allowed."""
    users = Counter((row["promoCode"], row["userId"]) for row in standing if row["promoCode"])
    for code, times in Counter(row["promoCode"] for row in standing if row["promoCode"]).items():
        row = offer.promo_codes.get(code.casefold())
        if row is None:
            yield f"there is no promo code {code}, and it was used {times} times"
            continue
        if row["uses"] is not None and times > row["uses"]:
            yield f"promo code {code} was used {times} times of {row['uses']}"
        most = max(of_user for (name, _), of_user in users.items() if name == code)
        if row["usesPerUser"] is not None and most > row["usesPerUser"]:
            yield f"promo code {code} was used {most} times by one user"


def claim_problems(
    offer: Offer, booking: Row, claims: Sequence[Row], tickets: Sequence[Row], uses: int
) -> Iterator[str]:
    """A sentence for everything that is wrong with the units of a booking that was made.

    tickets: those that are valid. uses: how many uses of a promo code it has.
    """
    name, items = f"booking {booking['$id']}", things(booking)
    of_ticket: dict[int, list[Row]] = defaultdict(list)
    for claim in claims:
        of_ticket[claim["ticket"] or 0].append(claim)
    extras = of_ticket.pop(0, [])
    printed = {ticket["number"]: ticket for ticket in tickets}
    if sorted(of_ticket) != sorted(printed):
        yield f"{name}: units are claimed for tickets {sorted(of_ticket)}, and {sorted(printed)} are valid"
    for number in of_ticket.keys() & printed.keys():
        ticket, item = printed[number], items[number - 1]
        units = [claim["unit"] for claim in of_ticket[number]]
        if len(units) != offer.units_of_ticket(item):
            yield f"{name}: ticket {number} has {len(units)} units, not {offer.units_of_ticket(item)}"
        if ticket["unit"] not in units:
            yield f"{name}: ticket {number} is for unit {ticket['unit']}, and {units} are claimed"
        if ticket["ticketTypeId"] != item["id"]:
            yield f"{name}: ticket {number} is for {ticket['ticketTypeId']}, not {item['id']}"
        seats = {claim["label"] for claim in of_ticket[number]}
        if item["kind"] == "seats" and seats != {ticket["seat"]}:
            yield f"{name}: ticket {number} says seat {ticket['seat']}, and {seats} are claimed"
    is_done = booking["checkAfter"] is None
    places = [claim for claim in extras if claim["label"] == "hold"]
    if places and is_done:
        yield f"{name} is paid, and still counts as an open hold"
    if len(extras) - len(places) != uses:
        yield f"{name} claims {len(extras) - len(places)} uses of a promo code instead of {uses}"
    if is_done and any(claim["state"] != "SOLD" or claim["reservedUntil"] for claim in claims):
        yield f"{name} is done with, and its units are not shown as sold"


def price_problems(offer: Offer, booking: Row) -> Iterator[str]:
    """A sentence for everything that is wrong with what a booking costs."""
    name, lines = f"booking {booking['$id']}", json.loads(booking["lines"])
    if booking["total"] != sum(line["amount"] for line in lines):
        yield f"{name} costs {booking['total']}, and its lines add up to something else"
    if booking["quantity"] != len(things(booking)):
        yield f"{name} has {booking['quantity']} tickets for {len(things(booking))} things"
    items = json.loads(booking["items"])
    sold = [line for line in lines if line["kind"] == "tickets"]
    if [line["quantity"] for line in sold] != [item["quantity"] for item in items]:
        yield f"{name}: its lines are not for its things"
        return
    for line, item in zip(sold, items, strict=True):
        price = offer.price(item)
        if price is not None and (line["unitPrice"], line["amount"]) != (price, price * item["quantity"]):
            yield f"{name}: {item['quantity']} of {item['id']} cost {line['amount']}, each {price}"
    discounted = any(line["kind"] == "discount" for line in lines)
    if discounted != bool(booking["promoCode"]):
        yield f"{name}: its discount does not go with its promo code {booking['promoCode']}"


def _occupied(item: Mapping[str, Any], service: Row) -> tuple[datetime, datetime]:
    """From when until when a time keeps a place busy, pauses included."""
    before = timedelta(minutes=service["bufferBefore"] or 0)
    after = timedelta(minutes=service["bufferAfter"] or 0)
    starts = datetime.fromisoformat(item["startsAt"])
    return starts - before, starts + _length(item) + after


def _length(item: Mapping[str, Any]) -> timedelta:
    return datetime.fromisoformat(item["endsAt"]) - datetime.fromisoformat(item["startsAt"])
