"""The shop's counter: a booking of three tickets, and people who give some of them back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.cancellations.results import Cancelled
from boxoffice.domain import ids
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.identity import API_KEY
from boxoffice.ports import NewRow
from boxoffice.schema import Table

from tests.unit.shop import ANN, PRICE, Shop

ADA = Caller("ada", Account("ada", "ada@example.com", ""))
SERVER = Caller(API_KEY, None)
BOOKING = ids.booking_id("pay_1")


class Counter(Shop):
    """A shop whose event gives back everything, and in which ann has booked `quantity` tickets."""

    def __init__(self, quantity: int = 3, capacity: int = 10, **columns: Any) -> None:
        super().__init__(capacity)
        self.users.admins = {"ada"}
        self.rows.tables[Table.EVENTS]["concert"].update({"refundSteps": "168:100 24:50", **columns})
        self.quantity = quantity
        self.gateway.pay("pay_1", PRICE * quantity)
        self.booked("pay_1", quantity)
        self.sweep()
        self.world.calls.clear()

    async def cancel_async(
        self, *numbers: int, asker: Caller = ANN, booking_id: str = BOOKING, **other: Any
    ) -> Cancelled | BoxofficeError:
        request = Request({"$id": booking_id}, numbers=numbers, **other)
        try:
            return await cancel(self.desk(), asker, request)
        except BoxofficeError as error:
            return error

    def cancel(self, *numbers: int, **other: Any) -> Cancelled | BoxofficeError:
        return asyncio.run(self.cancel_async(*numbers, **other))

    def cancelled(self, *numbers: int, **other: Any) -> Cancelled:
        result = self.cancel(*numbers, **other)
        assert isinstance(result, Cancelled), result
        return result

    def refused(self, *numbers: int, **other: Any) -> BoxofficeError:
        result = self.cancel(*numbers, **other)
        assert isinstance(result, BoxofficeError), result
        return result

    async def admit_async(self, number: int) -> None:
        """What the gate does. Raises `RowsTaken` when the ticket is not valid any more."""
        columns = {"bookingId": BOOKING, "kind": "admitted", "by": "gate"}
        row = NewRow(ids.ticket_id(BOOKING, number), columns)
        await self.rows.create_all(Table.CHECKINS, [row], owner="by")

    def admit(self, number: int) -> None:
        asyncio.run(self.admit_async(number))

    @property
    def income(self) -> int:
        """What the shop has of the payment."""
        payment = self.gateway.payments["pay_1"]
        return payment.amount.amount - payment.refunded

    def fates(self) -> dict[int, str]:
        """What became of the tickets, by number."""
        found = {row["$id"]: row["kind"] for row in self.rows.all(Table.CHECKINS)}
        numbers = range(1, self.quantity + 1)
        return {
            number: found[ids.ticket_id(BOOKING, number)]
            for number in numbers
            if ids.ticket_id(BOOKING, number) in found
        }

    def states(self) -> list[str]:
        """The states of all cancellations."""
        return sorted(row["state"] for row in self.rows.all(Table.CANCELLATIONS))

    def check(self) -> None:
        """Every ticket has one fate, and units, papers, money and what is shown follow from it."""
        cancelled = {number for number, kind in self.fates().items() if kind == "cancelled"}
        tickets = [row for row in self.rows.all(Table.TICKETS) if row["bookingId"] == BOOKING]
        assert {t["number"] for t in tickets if t["status"] == "cancelled"} == cancelled
        left = {number for number in range(1, self.quantity + 1) if number not in cancelled}
        assert {c["ticket"] for c in self.rows.all(Table.CLAIMS) if c["bookingId"] == BOOKING} == left
        cancellations = [row for row in self.rows.all(Table.CANCELLATIONS) if row["bookingId"] == BOOKING]
        done = [row for row in cancellations if row["state"] == "done"]
        numbers = [number for row in done for number in json.loads(row["tickets"])]
        assert sorted(numbers) == sorted(cancelled)
        refunded = sum(row["refund"] for row in done)
        booking, order = self.booking(), self.rows.tables[Table.ORDERS][ids.order_id(BOOKING)]
        assert booking is not None
        assert self.gateway.payments["pay_1"].refunded == refunded
        transactions = [row for row in self.rows.all(Table.TRANSACTIONS) if row["bookingId"] == BOOKING]
        assert sum(row["amount"] for row in transactions if row["kind"] == "refund") == refunded
        assert (order["refunded"] or 0) == refunded
        expected = "captured" if not refunded else "refunded" if not self.income else "partially_refunded"
        assert booking["paymentStatus"] == expected
        assert booking["status"] == ("confirmed" if left else "cancelled")
        shown = "placed" if not cancelled else "partially_cancelled" if left else "cancelled"
        assert (order["status"] or "placed") == shown
        assert {row["checkAfter"] for row in cancellations} <= {None}
        assert self.audit() == []
