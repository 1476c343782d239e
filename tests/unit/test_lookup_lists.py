"""Lists of bookings over the fakes: whose, in which order, and in how many calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.status import BookingStatus
from boxoffice.schema import Table

from tests.unit.counter import ADA, BOOKING, SERVER
from tests.unit.fakes import FakeUsers
from tests.unit.lookups import listed, refused
from tests.unit.shop import BOB, PRICE, Shop


class TestLists:
    def shop(self) -> Shop:
        """Ann has five bookings, Bob has one."""
        shop = Shop(capacity=20)
        shop.users = FakeUsers(admins=["ada"])
        for number in range(1, 6):
            shop.gateway.pay(f"pay_{number}", PRICE)
            shop.booked(f"pay_{number}")
            shop.now += timedelta(seconds=1)
        shop.gateway.pay("pay_bob", PRICE, email="bob@example.com")
        shop.booked("pay_bob", caller=BOB)
        return shop

    def ids_of(self, data: dict[str, Any]) -> list[str]:
        return [booking["bookingId"] for booking in data["bookings"]]

    def test_ones_own_the_newest_first_a_page_at_a_time(self) -> None:
        shop = self.shop()
        expected = [ids.booking_id(f"pay_{number}") for number in (5, 4, 3, 2, 1)]
        first = listed(shop, limit=2)
        second = listed(shop, cursor=first["cursor"], limit=2)
        third = listed(shop, cursor=second["cursor"], limit=2)
        assert [*self.ids_of(first), *self.ids_of(second), *self.ids_of(third)] == expected
        assert third["cursor"] is None

    def test_an_administrator_names_a_user_or_an_event(self) -> None:
        shop = self.shop()
        assert len(listed(shop, ADA, user_id="bob")["bookings"]) == 1
        assert len(listed(shop, ADA, event_id="concert")["bookings"]) == 6
        assert listed(shop, ADA)["bookings"] == []
        assert len(listed(shop, SERVER, user_id="ann", event_id="concert")["bookings"]) == 5

    def test_a_user_names_nobody_else(self) -> None:
        shop = self.shop()
        for wanted in ({"user_id": "ann"}, {"event_id": "concert"}, {"user_id": "ann", "event_id": "x"}):
            error = refused(lambda wanted=wanted: listed(shop, BOB, **wanted))
            assert error.code is Code.PERMISSION_ERROR
        assert len(listed(shop, BOB, user_id="bob", event_id="concert")["bookings"]) == 1

    def test_a_server_says_whose(self) -> None:
        assert refused(lambda: listed(self.shop(), SERVER)).details == {"field": "userId"}

    def test_a_cursor_that_is_not_ones_own_is_refused_like_one_that_does_not_exist(self) -> None:
        shop = self.shop()
        theirs = refused(lambda: listed(shop, cursor=ids.booking_id("pay_bob")))
        none = refused(lambda: listed(shop, cursor="bk-none"))
        assert (theirs.code, theirs.message) == (none.code, none.message)
        assert theirs.code is Code.VALIDATION_ERROR

    def test_a_status_is_the_decided_one(self) -> None:
        shop = self.shop()
        behind, open_one = ids.booking_id("pay_2"), ids.booking_id("pay_3")
        shop.rows.tables[Table.BOOKINGS][behind]["status"] = "pending"
        shop.rows.tables[Table.BOOKINGS][open_one]["status"] = "pending"
        del shop.rows.tables[Table.OUTCOMES][open_one]
        confirmed = listed(shop, status=BookingStatus.CONFIRMED)
        assert behind in self.ids_of(confirmed)
        assert open_one not in self.ids_of(confirmed)
        assert self.ids_of(listed(shop, status=BookingStatus.PENDING)) == [open_one]
        assert listed(shop, status=BookingStatus.NO_SHOW)["bookings"] == []

    def test_it_takes_one_call_and_a_second_one_when_something_is_undecided(self) -> None:
        shop = self.shop()
        shop.world.calls.clear()
        listed(shop)
        assert shop.world.calls == ["find bookings"]
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "pending"
        listed(shop)
        assert shop.world.calls == ["find bookings", "find bookings", "find outcomes"]
