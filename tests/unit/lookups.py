"""Asking about bookings: what is shown, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from boxoffice.contract import status_answers as answers
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import Rejected
from boxoffice.lookup import look
from boxoffice.lookup.look import Filter, Wanted

from tests.unit.counter import BOOKING
from tests.unit.fakes import FakeUsers
from tests.unit.shop import ANN, PRICE, Shop

BY_ID = Wanted(BOOKING, None)


def sold(quantity: int = 1) -> Shop:
    shop = Shop()
    shop.users = FakeUsers(admins=["ada"])
    shop.gateway.pay("pay_1", PRICE * quantity)
    shop.booked("pay_1", quantity)
    shop.world.calls.clear()
    return shop


def got(shop: Shop, asker: Caller = ANN, wanted: Wanted = BY_ID) -> dict[str, Any]:
    data: dict[str, Any] = answers.details(asyncio.run(look.get_booking(shop.desk(), asker, wanted)))["data"]
    return data


def money(shop: Shop, asker: Caller = ANN) -> dict[str, Any]:
    data: dict[str, Any] = answers.money(asyncio.run(look.get_booking(shop.desk(), asker, BY_ID)))["data"]
    return data


def listed(
    shop: Shop, asker: Caller = ANN, cursor: str = "", limit: int = 25, **wanted: Any
) -> dict[str, Any]:
    found = asyncio.run(look.list_bookings(shop.desk(), asker, Filter(**wanted), cursor, limit))
    data: dict[str, Any] = answers.page(found)["data"]
    return data


def told(shop: Shop, asker: Caller = ANN) -> list[dict[str, Any]]:
    found = asyncio.run(look.tell_history(shop.desk(), asker, BY_ID))
    entries: list[dict[str, Any]] = answers.history(found)["data"]["entries"]
    return entries


def refused(ask: Any) -> Rejected:
    with pytest.raises(Rejected) as error:
        ask()
    return error.value
