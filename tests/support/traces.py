"""Everything that attempts at a booking could leave behind, to compare before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from boxoffice.domain import ids

from scripts.project.shop import DATABASE, Shop
from tests.support.local_server import ok

Traces = dict[str, list[Any]]

# Tables by the column that says whose their rows are.
_BY_EVENT = ("bookings", "claims", "tickets", "orders", "rollback_reports")
_BY_USER = ("bookings", "tickets", "transactions", "orders")
_BY_PAYMENT = ("bookings", "transactions")


@dataclass(slots=True)
class Watch:
    """Whose traces are looked for: those of some events, users and payments."""

    shop: Shop
    events: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)

    def traces(self) -> Traces:
        """Rows with the time of their last change, files of QR codes, movements of money, and payments."""
        found = {f"{table} {column}": self._rows(table, column, of) for table, column, of in self._where()}
        booked = [ids.booking_id(payment) for payment in self.payments]
        found["outcomes"] = self._rows("outcomes", "$id", booked)
        files = [ids.qr_file_id(booking, number) for booking in booked for number in range(1, 11)]
        found["files"] = self._list("/storage/buckets/tickets/files", "files", "$id", files)
        ledger = ok(self.shop.payments.get("/ledger"))["movements"]
        found["money"] = [entry for entry in ledger if entry["paymentId"] in self.payments]
        return found

    def _where(self) -> Iterator[tuple[str, str, list[str]]]:
        yield from ((table, "eventId", self.events) for table in _BY_EVENT)
        yield from ((table, "userId", self.users) for table in _BY_USER)
        yield from ((table, "paymentId", self.payments) for table in _BY_PAYMENT)

    def _rows(self, table: str, column: str, values: Sequence[str]) -> list[Any]:
        return self._list(f"/tablesdb/{DATABASE}/tables/{table}/rows", "rows", column, values)

    def _list(self, path: str, key: str, column: str, values: Sequence[str]) -> list[Any]:
        if not values:
            return []
        queries = [
            {"method": "equal", "attribute": column, "values": list(values)},
            {"method": "limit", "values": [5000]},
        ]
        params = {f"queries[{at}]": json.dumps(query) for at, query in enumerate(queries)}
        found = ok(self.shop.http.get(path, params=params))[key]
        return sorted((each["$id"], each["$updatedAt"]) for each in found)
