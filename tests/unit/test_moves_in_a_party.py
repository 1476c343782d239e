"""Tickets of a party that get each other's seats, and what is told and bought of what was moved."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, list_holds, release_hold
from boxoffice.bookings.results import Booked
from boxoffice.contract import holding
from boxoffice.domain.codes import Code
from boxoffice.domain.selection import BestSeats, NamedSeats
from boxoffice.schema import Table

from tests.unit.opera import Opera
from tests.unit.seat_moves import booked, refused, settle
from tests.unit.shop import ANN, BOB


class TestShifting:
    """Tickets of a party get seats that others of it leave."""

    def test_by_one_seat(self) -> None:
        opera, booking_id = booked()
        moved = opera.move(booking_id, {1: "S-A2", 2: "S-A3"})
        assert [(step.old_label, step.new_label) for step in moved.steps] == [
            ("S-A1", "S-A2"),
            ("S-A2", "S-A3"),
        ]
        assert opera.seats_of(booking_id) == {1: ["S-A2"], 2: ["S-A3"]}
        assert opera.printed(booking_id) == {1: ("s.a2", "S-A2"), 2: ("s.a3", "S-A3")}
        assert opera.hold("S-A1", caller=BOB).places
        settle(opera)
        assert opera.audit() == []

    def test_in_the_other_direction_and_with_one_who_goes_elsewhere(self) -> None:
        opera, booking_id = booked("S-A2", "S-A3", "S-A4", "S-A5")
        opera.move(booking_id, {4: "S-C1", 3: "S-A5", 1: "S-A1", 2: "S-A2"})
        assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-A2"], 3: ["S-A5"], 4: ["S-C1"]}
        assert opera.hold("S-A3", "S-A4", caller=BOB).places

    def test_a_hold_that_is_paid_afterwards(self) -> None:
        opera = Opera()
        held = opera.hold("S-A1", "S-A2", "S-A3")
        opera.move(held.booking.id, {1: "S-A2", 2: "S-A3", 3: "S-A4"})
        assert isinstance(asyncio.run(opera.pay_async(held)), Booked)
        assert opera.printed(held.booking.id) == {
            1: ("s.a2", "S-A2"), 2: ("s.a3", "S-A3"), 3: ("s.a4", "S-A4"),
        }  # fmt: skip
        settle(opera)
        assert opera.audit() == []

    def test_the_same_wish_again_finds_nothing_to_do(self) -> None:
        opera, booking_id = booked()
        opera.move(booking_id, {1: "S-A2", 2: "S-A3"})
        assert opera.move(booking_id, {1: "S-A2", 2: "S-A3"}).steps == ()

    @pytest.mark.parametrize(
        "wanted",
        [{1: "S-A2", 2: "S-A1"}, {1: "S-A2", 2: "S-A3", 3: "S-A1"}, {1: "S-A2", 2: "S-A1", 3: "S-B1"}],
    )
    def test_changing_places_is_refused_and_says_what_to_do(self, wanted: dict[int, str]) -> None:
        opera, booking_id = booked("S-A1", "S-A2", "S-A3")
        before = opera.snapshot()
        error = refused(lambda: opera.move(booking_id, wanted))
        assert (error.code, error.details["field"]) == (Code.SEAT_UNAVAILABLE, "tickets")
        assert "change places" in error.message
        assert opera.snapshot() == before

    def test_the_seat_at_the_end_may_be_somebody_elses(self) -> None:
        opera, booking_id = booked()
        opera.hold("S-A3", caller=BOB)
        error = refused(lambda: opera.move(booking_id, {1: "S-A2", 2: "S-A3"}))
        assert (error.code, error.details["seats"]) == (Code.SEAT_UNAVAILABLE, ["S-A3"])
        assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-A2"]}


class TestWhatIsToldOfIt:
    """A hold that was moved is what it is now, for whoever looks at it and whoever buys it again."""

    def named(self, opera: Opera, booking_id: str) -> list[str]:
        (row,) = [row for row in opera.rows.all(Table.BOOKINGS) if row["$id"] == booking_id]
        return [label for item in json.loads(row["items"]) for label in item["seats"]]

    def test_listing_and_giving_back(self) -> None:
        opera = Opera()
        held = opera.hold("S-A1", "T-A1", "S-A2")
        opera.move(held.booking.id, {2: "S-B2", 3: "T-A5"})
        (listed,) = asyncio.run(list_holds(opera.desk(), "ann"))
        shown = [item["seats"] for item in holding.listed([listed])["data"]["holds"][0]["items"]]
        assert shown == [["S-A1", "S-B2"], ["T-A5"]]
        extended = holding.success(asyncio.run(extend_hold(opera.desk(), "ann", held.booking.id)))
        assert [item["seats"] for item in extended["data"]["items"]] == shown
        released = asyncio.run(release_hold(opera.desk(), "ann", held.booking.id))
        assert [label for item in released.items for label in item.seats] == ["S-A1", "S-B2", "T-A5"]

    @pytest.mark.parametrize("is_given_back", [True, False])
    def test_whoever_pays_late_gets_the_new_seats(self, is_given_back: bool) -> None:
        opera = Opera()
        held = opera.hold("S-A1", "S-A2")
        opera.move(held.booking.id, {1: "S-A2", 2: "S-A3"})
        if is_given_back:
            asyncio.run(release_hold(opera.desk(), "ann", held.booking.id))
        opera.now += timedelta(minutes=20)
        opera.time.seconds += 1_200
        result = asyncio.run(opera.pay_async(held))
        assert isinstance(result, Booked)
        assert opera.seats_of(result.booking.id) == {1: ["S-A2"], 2: ["S-A3"]}

    def test_a_repetition_of_its_request_still_finds_it(self) -> None:
        opera = Opera()
        wish = HoldWish((NamedSeats("friday", ("S-A1",)),), None, "cart-17")
        held = asyncio.run(hold(opera.desk(), ANN, wish))
        opera.move(held.booking.id, {1: "S-A5"})
        again = asyncio.run(hold(opera.desk(), ANN, wish))
        assert (again.replayed, [place.label for place in again.places]) == (True, ["S-A5"])

    def test_where_any_seats_would_do_any_still_do(self) -> None:
        opera = Opera()
        held = asyncio.run(hold(opera.desk(), ANN, HoldWish((BestSeats("friday", 2, "gold"),))))
        opera.move(held.booking.id, {1: "S-C9"})
        assert self.named(opera, held.booking.id) == []
