"""The demo's stories about seats: held, paid for by somebody who never comes back, and given back in part."""

from __future__ import annotations

import time
from typing import Any

from rich.text import Text

from scripts.project.shop import AVAILABILITY, Answer, Customer, Event, Shop, execute
from scripts.terminal import Stage

CANCEL, STATUS = "cancel_booking", "booking_status"
SEATS_IN_A_ROW, PRICE = 10, 75_000
PLAN = {
    "sections": [
        {
            "id": "S",
            "name": "Stalls",
            "rows": [{"rows": "A-C", "seats": f"1-{SEATS_IN_A_ROW}", "category": "gold"}],
        }
    ]
}
COLOURS = {"f": "green", "h": "yellow", "s": "red", "b": "magenta", "x": "dim"}
PATIENCE_SECONDS = 10.0


class SeatStories:
    """One hall of thirty seats, and a visitor who pays and closes the app."""

    def __init__(self, stage: Stage, shop: Shop) -> None:
        self.stage = stage
        self.shop = shop

    def run(self, event: Event, customer: Customer) -> None:
        """Both stories; `stage.failures` has what did not happen."""
        showtime = self.shop.create_showtime(event.id, PLAN, {"gold": PRICE})
        held = self.hold_and_vanish(showtime, customer)
        self.give_one_back(showtime, customer, held)

    def hold_and_vanish(self, showtime: str, customer: Customer) -> Answer:
        """The three best seats, held, and paid by the gateway's order; the gateway tells the rest."""
        stage = self.stage
        stage.title(
            "6  Three seats together, held and paid, by somebody whose app is closed before it can ask"
        )
        held = self.shop.hold(customer, {"showtimeId": showtime, "quantity": 3, "category": "gold"})
        stage.expect(held.status == 200, f"held: {', '.join(_seats(held))}")
        self.draw(showtime)
        stage.expect(self.count(showtime, "h") == 3, "everybody sees that three seats are held")
        self.shop.pay_for(customer, held)
        stage.tell("paid; nothing else is asked of the function: its webhook hears of it")
        stage.expect(self.becomes_confirmed(customer, held), "the webhook has made it a booking")
        return held

    def give_one_back(self, showtime: str, customer: Customer, held: Answer) -> None:
        """One of the three seats; what would happen is asked first."""
        stage, seat = self.stage, _seats(held)[1]
        stage.title(f"7  {seat} is given back")
        request = {"bookingId": held.data["bookingId"], "tickets": [2]}
        asked = execute(customer.http, CANCEL, {**request, "dryRun": True})
        would = asked.body.get("data", {}).get("refundTotal")
        stage.tell(f"asked what would happen: {would} of {PRICE} would go back")
        answer = execute(customer.http, CANCEL, request)
        stage.expect(answer.status == 200 and answer.data["refundTotal"] == would, "and so it did")
        other = self.shop.create_customer("Ravi")
        bought = self.shop.book_things(other, {"showtimeId": showtime, "seats": [seat]}, PRICE)
        stage.expect(bought.status == 200, "somebody else has bought it at once")

    def becomes_confirmed(self, customer: Customer, held: Answer) -> bool:
        """Whether the hold has become a booking after a short while."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            request = {"action": "get", "bookingId": held.data["bookingId"]}
            answer = execute(customer.http, STATUS, request)
            if answer.body.get("data", {}).get("status") == "confirmed":
                return True
            time.sleep(0.1)
        return False

    def map(self, showtime: str) -> list[dict[str, Any]]:
        """The rows of the hall as guests see them."""
        body = {"pools": [{"showtimeId": showtime}]}
        rows: list[dict[str, Any]] = execute(self.shop.http, AVAILABILITY, body).data["pools"][0]["map"]
        return rows

    def count(self, showtime: str, state: str) -> int:
        """How many seats are in a state, by its letter."""
        return sum(row["states"].count(state) for row in self.map(showtime))

    def draw(self, showtime: str) -> None:
        """The hall: a letter for every seat."""
        for row in self.map(showtime):
            line = Text(f"    {row['row']}  ", style="dim")
            for letter in row["states"]:
                line.append("■ " if self.stage.console.is_terminal else letter, style=COLOURS[letter])
            self.stage.console.print(line)
        self.stage.tell("f is free, h held, s sold; on a terminal in green, yellow and red")


def _seats(held: Answer) -> list[str]:
    return [seat for item in held.body.get("data", {}).get("items", []) for seat in item["seats"]]
